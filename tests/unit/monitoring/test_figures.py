"""Published figures: their register, and how they are held against what is computed."""

from decimal import Decimal

import pytest
from django.test import Client

from lianpu.monitoring.models import PublishedFigure
from lianpu.monitoring.queries import compare
from lianpu.register.figures import FIGURES, figure
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import RegisterSuite


class TestPublishedFigures(RegisterSuite):
    slug = "published-figures"
    rows = [
        {
            "name": "招商签约项目",
            "figure": "promotion_signed",
            "year": 2024,
            "value": "35",
            "unit": "个",
            "source": "公报",
        },
        {"name": "5G基站", "figure": "base_stations_5g", "year": 2024, "value": "5682", "unit": "座", "period": "累计"},
        {"name": "研发强度", "figure": "rd", "year": 2023, "value": "2.25", "unit": "%", "is_sample": "是"},
    ]
    bad_cells = {"value": "很多", "year": "去年", "name": "长" * 200}
    change = ("source", "年报")


def test_a_figure_is_declared_once() -> None:
    with pytest.raises(ValueError, match="两处"):
        figure(next(iter(FIGURES)), "再来", "个")(lambda asked: None)  # type: ignore[arg-type,return-value]


@pytest.mark.django_db
def test_what_nobody_computes_is_not_made_up(admin_client: Client) -> None:
    PublishedFigure.objects.create(figure="base_stations_5g", year=2024, name="5G基站", value=5682, unit="座")
    PublishedFigure.objects.create(figure="promotion_signed", year=2024, name="签约", value=3, unit="个")
    found = {one.id: one for one in compare(SYSTEM, 2024)}
    assert found["base_stations_5g"].computed is None
    assert found["base_stations_5g"].difference is None
    assert found["promotion_signed"].difference == Decimal(-3)
    assert found["promotion_drawn_up"].published is None
    assert set(found) == {*FIGURES, "base_stations_5g"}
    page = admin_client.get("/figures/?year=2024").content.decode()
    assert "公布过、系统还没有数据可算的" in page
    assert found["promotion_signed"].computed is not None
    assert found["promotion_signed"].computed.url.split("?")[0] in page
