"""The rates and scores, with the published figures that the domain page gives as test values."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianpu.analysis.promotion import Scored, lead_points, rate_pct, schedule_pct
from lianpu.promotion.models import PromotionTarget, Stage
from lianpu.promotion.queries import MEASURES
from lianpu.promotion.rules import rate_rules, scoring, stale_days


@pytest.mark.parametrize(
    ("numerator", "denominator", "percent"),
    [
        ("2794.49", "6129.09", "45.59"),  # funds arrived over signed, Gansu 2015
        ("907", "1093", "82.98"),  # started over signed
        ("401", "1093", "36.69"),  # finished over signed
        ("46", "56", "82.14"),  # Qingyang: in building and finished over signed
        ("23", "56", "41.07"),
        ("4766.22", "7000", "68.09"),  # arrived by August over the year's target
    ],
)
def test_published_rates_come_out(numerator: str, denominator: str, percent: str) -> None:
    assert rate_pct(Decimal(numerator), Decimal(denominator)) == Decimal(percent)


def test_a_rate_of_nothing_is_no_rate() -> None:
    assert rate_pct(0, 0) is None
    assert lead_points(5, 0, 8) is None


def test_the_lead_over_the_schedule_comes_from_unrounded_shares() -> None:
    assert lead_points(Decimal("4766.22"), 7000, 8) == Decimal("1.4")  # 68.089 - 66.667
    assert schedule_pct(12) == 100


@given(st.integers(0, 10**12), st.integers(1, 10**12), st.integers(1, 200))
def test_a_score_grows_with_the_deed_up_to_its_cap(actual: int, target: int, weight: int) -> None:
    one = Scored(actual, target, Decimal(weight), Decimal("1.2"))
    more = Scored(actual * 2, target, Decimal(weight), Decimal("1.2"))
    assert one.points is not None
    assert more.points is not None
    assert 0 <= one.points <= more.points <= Decimal("1.2") * weight
    assert (one.points == Decimal("1.2") * weight) is (5 * actual >= 6 * target)


def test_an_item_without_a_target_is_not_scored() -> None:
    assert Scored(5, None, Decimal(40), Decimal(1)).points is None


def test_shipped_rules_name_what_there_is() -> None:
    assert {name for rule in rate_rules() for name in (rule.numerator, rule.denominator)} <= set(MEASURES)
    assert {rule.id for rule in rate_rules() if not rule.certain} == {"performance", "settlement"}
    columns = {field.name for field in PromotionTarget._meta.get_fields()}
    assert {item.target for item in scoring().items} <= columns
    assert sum(item.weight for item in scoring().items) == 100
    assert set(stale_days()) <= set(Stage.values)
