"""The page of a trained model: from the button on the review desk to its figures, what it was taught, and back again."""

import re
from collections.abc import Iterator

import pytest
from django.utils import timezone

from lianpu.chains.models import Placement, PlacementModel
from lianpu.chains.services.training import LEAST_FIRMS, use
from lianpu.register.rights import SYSTEM

from .conftest import SIZES

CONFIRMED = 2 * LEAST_FIRMS


@pytest.fixture
def decided(site: str, size: str) -> Iterator[int]:
    """So many firms with a confirmed segment, each of one chain; afterwards as undecided and untrained as before."""
    if size == "phone":
        pytest.skip("a model is trained once, and its page looked at in both widths")
    sure = Placement.objects.filter(state="suggested", segment__chain__code="SH").order_by("-confidence", "pk")
    chosen = list(dict(sure.values_list("enterprise", "pk")[: 3 * CONFIRMED]).values())[:CONFIRMED]
    Placement.objects.filter(pk__in=chosen).update(state="confirmed", decided_by="核定员", decided_at=timezone.now())
    yield len(chosen)
    use(user=SYSTEM, model=None)
    PlacementModel.objects.all().delete()
    Placement.objects.filter(pk__in=chosen).update(state="suggested", decided_by="", decided_at=None)


def test_a_model_is_trained_looked_into_and_left_again(admin, decided):
    admin.page.set_default_timeout(180_000)
    admin.open("/review/?chain=SH")
    admin.follow("form[action='/review/train/'] button")
    assert re.search(r"/placement-models/\d+/$", admin.page.url)
    said = admin.text("#model")
    assert "与核定一致" in said
    assert "校准误差" in said
    taught = admin.page.locator("#model a[href*='f.taught']").first
    labels = int(re.search(r"已确认挂链 (\d+) 条", taught.inner_text())[1])
    assert admin.rows_behind(taught.evaluate("link => link.href")) == labels >= decided
    admin.page.set_viewport_size(SIZES["phone"])
    assert admin.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
        "nothing stands out at a phone's width"
    )
    if "启用时的变化" in admin.text("main"):
        admin.follow("form[action='/review/model/'] button")
        assert "改用此模型" in admin.text("#model")
    else:
        assert "未启用" in said
