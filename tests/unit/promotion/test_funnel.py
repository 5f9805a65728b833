"""Funnel, rates, ranking and stale leads: each figure is that of its rows."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from lianpu.promotion.models import Lead, PromotionTarget, Stage
from lianpu.promotion.queries import Funnel, ranking, reached, recorded_until, stale_leads
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def year(lead: Any, came: Any) -> Mapping[str, Lead]:
    """Ten leads of 2024: six signed for 600 in all, of these four registered, three begun, one producing, one given up."""
    made = {
        "A": lead("A", unit="甲区", field="新材料", talk="2024-02-01", intended_10k_cny=Decimal(70)),
        "B": lead("B", unit="甲区", intent="2024-03-01"),
        "C": lead("C", unit="乙区", withdrawn_on=dt.date(2024, 4, 1), withdrawn_why="改投他处"),
        "D": lead("D", unit="乙区"),
        "E": lead("E", unit="甲区", signed="2024-03-05", amount=100),
        "F": lead(
            "F", unit="甲区", signed="2024-03-06", amount=100, registered="2024-05-01", land_on=dt.date(2024, 6, 1)
        ),
        "G": lead("G", unit="甲区", signed="2024-03-07", amount=100, started="2024-06-01"),
        "H": lead("H", unit="乙区", signed="2024-05-08", amount=100, started="2024-06-01", land_on=dt.date(2024, 5, 9)),
        "I": lead("I", unit="乙区", signed="2024-05-09", amount=100, producing="2024-09-01"),
        "J": lead("J", unit="乙区", signed="2024-11-10", amount="100.0001"),
    }
    came(made["G"], "2024-06", 30)
    came(made["G"], "2024-07", "0.0001", "abroad")
    came(made["H"], "2024-10", 60)
    came(made["I"], "2024-06", 500, "local")
    return made


def test_the_funnel_counts_who_came_so_far(year: Mapping[str, Lead]) -> None:
    steps = {step.stage: step for step in Funnel(SYSTEM, "2024").steps}
    assert {stage: step.reached for stage, step in steps.items()} == {
        "lead": 10, "talk": 8, "intent": 7, "signed": 6, "registered": 4, "started": 3, "arrived": 2, "producing": 1,
        "full_output": 0,
    }  # fmt: skip
    assert sum(step.standing for step in steps.values()) == 9, "who is withdrawn stands nowhere"
    assert steps[Stage.SIGNED].amount_cny == 6_000_001
    assert steps[Stage.LEAD].amount_cny == 6_700_001, "what is not signed speaks of what is intended"
    assert steps[Stage.SIGNED].conversion_pct == Decimal("85.7")
    assert steps[Stage.ARRIVED].conversion_pct == Decimal("33.3"), "money is held against the signing, not the works"


def test_rates_are_of_the_signed_and_count_only_money_from_outside(year: Mapping[str, Lead]) -> None:
    rates = {rate.rule.id: (rate.numerator, rate.denominator, rate.percent) for rate in Funnel(SYSTEM, "2024").rates}
    assert rates == {
        "funds_arrival": (900_001, 6_000_001, Decimal("15.00")),
        "start": (3, 6, Decimal("50.00")),
        "completion": (1, 6, Decimal("16.67")),
        "performance": (4, 6, Decimal("66.67")),
        "settlement": (2, 6, Decimal("33.33")),
    }


def test_groups_add_up_to_the_whole(year: Mapping[str, Lead]) -> None:
    funnel = Funnel(SYSTEM, "2024")
    for way in ("unit", "field", "place", "origin"):
        groups = funnel.groups(way)
        assert {n: sum(g.figures[n] for g in groups) for n in funnel.figures} == funnel.figures, way
        for group in groups:
            alone = Funnel(SYSTEM, "2024", {way: group.key})
            assert alone.figures == group.figures, (way, group.key)
            assert {step.stage: step.reached for step in alone.steps} == group.steps
    assert [group.key for group in funnel.groups("field")] == ["-", "新材料"]


def test_a_funnel_is_of_whom_one_may_see(leads: Mapping[str, Lead]) -> None:
    city = grant("city", {"*": ["view"]}, place_path=leads["L2"].place.parent.path)
    assert Funnel(city).steps[0].reached == 2
    assert not Funnel(grant("nobody", {"projects": ["view"]})).figures["signed"]


def test_works_of_the_project_count_for_the_lead(year: Mapping[str, Lead]) -> None:
    from lianpu.projects.models import Project

    project = Project.objects.create(code="P", name="示例", name_key="示例", actual_start=dt.date(2024, 8, 1))
    Lead.objects.filter(pk=year["E"].pk).update(project=project)
    assert year["E"] in Lead.objects.filter(reached(Stage.STARTED))
    assert year["E"] not in Lead.objects.filter(reached(Stage.PRODUCING))
    assert Funnel(SYSTEM).figures["started"] == 4


def test_units_are_ranked_by_their_score(year: Mapping[str, Lead]) -> None:
    aim = {"year": 2024, "arrived_10k_cny": 100, "signed_count": 4}
    PromotionTarget.objects.create(unit="甲区", **aim)
    PromotionTarget.objects.create(unit="丙区", **aim)
    first, second, third = ranking(SYSTEM, "2024")
    # 30.0001 of 100 at 40, 3 of 4 at 25; two signed in March and never begun by the end of the year
    assert (first.unit, first.rank, first.overdue, first.score) == ("甲区", 1, 2, Decimal("28.75"))
    assert (first.of_target_pct, first.lead_points) == (Decimal("30.00"), Decimal("-70.0"))
    assert (second.unit, second.rank, second.score) == ("丙区", 2, Decimal("0.00"))
    assert (third.unit, third.rank, third.score) == ("乙区", None, None), "without a target there is nothing to score"
    assert third.figures["arrived_cny"] == 600_000


def test_a_ranking_up_to_a_month_knows_nothing_later(year: Mapping[str, Lead]) -> None:
    june = {one.unit: one for one in ranking(SYSTEM, "2024-06")}
    assert june["甲区"].figures["arrived_cny"] == 300_000
    assert (june["乙区"].figures["signed"], june["乙区"].figures["arrived_cny"]) == (2, 0)


def test_what_does_not_move_is_stale(year: Mapping[str, Lead]) -> None:
    assert recorded_until() == dt.date(2024, 11, 10)
    found = {one.lead.code: one for one in stale_leads(SYSTEM, dt.date(2024, 11, 10))[1]}
    # C is withdrawn, I and J produce or are fresh, H had money in October
    assert set(found) == {"A", "B", "D", "E", "F"}
    assert (found["A"].moved, found["A"].allowed) == (dt.date(2024, 2, 1), 30)
    assert next(iter(found)) == "D", "the longest unmoved comes first"
    year["D"].talks.create(on=dt.date(2024, 11, 1), subject="回访")
    assert "D" not in {one.lead.code for one in stale_leads(SYSTEM, dt.date(2024, 11, 10))[1]}
