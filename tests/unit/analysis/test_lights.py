"""Lights of projects, with the values that cities published (project-ledger, sections 3, 4 and 7)."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianpu.analysis.lights import (
    EVEN,
    FACTS,
    ORDER,
    Funds,
    Progress,
    Registration,
    Rules,
    Start,
    completion,
    evaluate,
    rounded,
    rules_of,
    since,
)

YINCHUAN = Rules(progress=Progress())
WUHAN = Rules(progress=Progress("ratio", Decimal("0.8"), Decimal("0.6")))
SCHEMA = {
    "project": pl.Int64,
    "plan": pl.Float64,
    "done_ytd": pl.Float64,
    "is_new_start": pl.Boolean,
    "months_since_planned_start": pl.Int64,
    "months_since_start": pl.Int64,
    "is_in_statistics": pl.Boolean,
    "total": pl.Float64,
    "is_excused": pl.Boolean,
    "funds_planned": pl.Float64,
    "funds_paid": pl.Float64,
}
PLAIN = {
    "project": 1,
    "plan": 100_000.0,
    "done_ytd": 0.0,
    "is_new_start": False,
    "is_in_statistics": True,
    "total": 100_000.0,
    "is_excused": False,
    "funds_planned": 0.0,
    "funds_paid": 0.0,
}


def facts(*said: dict[str, Any]) -> pl.DataFrame:
    rows = [PLAIN | {"project": number} | one for number, one in enumerate(said)]
    return pl.DataFrame([{name: row.get(name) for name in SCHEMA} for row in rows], schema=SCHEMA)


def lights(rules: Rules, month: int, *said: dict[str, Any], rule: str = "light") -> list[str]:
    return evaluate(facts(*said), rules, month)[rule].to_list()


def test_the_facts_are_those_that_the_rules_read() -> None:
    assert tuple(SCHEMA) == FACTS


def test_the_two_families_differ_on_the_same_figures() -> None:
    """m = 8, 55 000 of 100 000: 11.7 points below, 0.825 of the schedule."""
    found = evaluate(facts({"done_ytd": 55_000.0}), YINCHUAN, 8).row(0, named=True)
    assert rounded(found["completion"] * 100) == Decimal("55.0")
    assert rounded(found["schedule"] * 100) == Decimal("66.7")
    assert rounded(found["lead"]) == Decimal("-11.7")
    assert found["light"] == "yellow"
    assert lights(WUHAN, 8, {"done_ytd": 55_000.0}) == ["green"]


def test_both_families_see_red_at_a_third_of_the_schedule() -> None:
    """m = 6, 15 000 of 100 000: 35 points below, ratio 0.30."""
    assert lights(YINCHUAN, 6, {"done_ytd": 15_000.0}) == lights(WUHAN, 6, {"done_ytd": 15_000.0}) == ["red"]


@pytest.mark.parametrize(
    ("month", "done", "light"),
    [
        (6, 50_000, "green"),
        (6, 40_001, "green"),  # between 0 and 10 points below the published rule is silent: green
        (6, 40_000, "yellow"),  # both ends of 10 to 30 belong to yellow
        (6, 20_000, "yellow"),
        (6, 19_999, "red"),
        (1, 0, "green"),  # a year that has only begun cannot be 10 points behind
        (12, 70_000, "yellow"),
        (12, 69_999.99, "red"),
    ],
)
def test_points_below_schedule_turn_at_ten_and_thirty(month: int, done: float, light: str) -> None:
    assert lights(YINCHUAN, month, {"done_ytd": float(done)}) == [light]


@pytest.mark.parametrize(
    ("done", "light"), [(40_000, "green"), (39_999, "yellow"), (30_000, "yellow"), (29_999, "red")]
)
def test_ratio_to_schedule_turns_below_eighty_and_sixty_percent(done: float, light: str) -> None:
    assert lights(WUHAN, 6, {"done_ytd": float(done)}) == [light]


@pytest.mark.parametrize(
    ("done", "plan", "month", "percent", "lead"),
    [
        ("629.0", "647.4", 10, "97.2", "13.8"),  # Jiangmen's own table
        ("7400", "10000", 8, "74.0", "7.3"),
        ("206", "255", 12, "80.8", None),
        ("425", "418", 12, "101.7", None),
        ("4766.22", "7000", 8, "68.1", "1.4"),
    ],
)
def test_published_completions_are_met(done: str, plan: str, month: int, percent: str, lead: str | None) -> None:
    share = completion(Decimal(done), Decimal(plan))
    assert share is not None
    assert rounded(share * 100) == Decimal(percent)
    if lead is not None:
        assert rounded((share - YINCHUAN.share(month)) * 100) == Decimal(lead)


def test_rounding_is_half_up_from_the_unrounded_value() -> None:
    assert [rounded(Decimal(text)) for text in ("0.05", "-0.05", "2.25", "2.35")] == [
        Decimal("0.1"), Decimal("-0.1"), Decimal("2.3"), Decimal("2.4")
    ]  # fmt: skip
    assert rounded(Decimal("74") - Decimal(200) / 3, 2) == Decimal("7.33")
    assert rounded(None) is None
    assert completion(Decimal(5), None) is None
    assert completion(Decimal(5), Decimal(0)) is None


def test_a_project_without_a_plan_has_no_light_of_progress() -> None:
    assert lights(YINCHUAN, 6, {"plan": None, "done_ytd": 10.0}, {"plan": 0.0}) == ["none", "none"]


def test_nothing_reported_is_nothing_done() -> None:
    assert lights(YINCHUAN, 6, {"done_ytd": None}) == ["red"]


@pytest.mark.parametrize(
    ("late", "started", "excused", "light"),
    [
        (-1, None, False, "none"),  # not yet planned to start
        (0, None, False, "yellow"),
        (0, None, True, "green"),
        (1, None, False, "yellow"),
        (2, None, True, "red"),  # the third month running
        (5, 0, False, "green"),
    ],
)
def test_a_start_that_does_not_come(late: int, started: int | None, excused: bool, light: str) -> None:
    rules = Rules(progress=None, start=Start())
    said = {
        "is_new_start": True,
        "months_since_planned_start": late,
        "months_since_start": started,
        "is_excused": excused,
    }
    assert lights(rules, 6, said) == [light]
    assert lights(rules, 6, said | {"is_new_start": False}) == ["none"]


@pytest.mark.parametrize(("since_start", "light"), [(0, "green"), (1, "yellow"), (2, "yellow"), (3, "red")])
def test_entry_into_statistics_is_due_after_the_start(since_start: int, light: str) -> None:
    rules = Rules(progress=None, registration=Registration())
    said = {"months_since_start": since_start, "is_in_statistics": False, "total": 500.0}
    assert lights(rules, 6, said) == [light]
    assert lights(rules, 6, said | {"is_in_statistics": True}) == ["green"]
    assert lights(rules, 6, said | {"total": 490.0}) == ["none"], "4.9 million: in the ledger, not in statistics"


def test_public_funds_are_paid_as_the_schedule_asks() -> None:
    rules = Rules(progress=None, funds=Funds())
    half, short, none = {"funds_planned": 100.0, "funds_paid": 50.0}, {"funds_planned": 100.0, "funds_paid": 49.0}, {}
    assert lights(rules, 6, half, short, none) == ["green", "red", "none"]


def test_the_worst_rule_gives_the_light() -> None:
    rules = Rules(registration=Registration(), start=Start())
    said = {"done_ytd": 50_000.0, "months_since_start": 5, "is_in_statistics": False}
    found = evaluate(facts(said), rules, 6).row(0, named=True)
    assert (found["progress"], found["registration"], found["start"]) == ("green", "red", "none")
    assert found["light"] == "red"


def test_a_city_sets_its_own_curve() -> None:
    """A winter city that plans 2 % until January end is not behind where m/12 says so."""
    curve = [2, 4, 9, 17, 27, 39, 51, 64, 77, 88, 95, 100]
    own = rules_of({"name": "施工季", "schedule": curve, "progress": {"family": "points", "yellow": 10, "red": 30}})
    assert lights(own, 3, {"done_ytd": 9_000.0}) == ["green"]
    assert lights(YINCHUAN, 3, {"done_ytd": 9_000.0}) == ["yellow"]


@pytest.mark.parametrize(
    "said",
    [
        {"schedule": [1, 2, 3]},
        {"schedule": [*range(5, 60, 5), 99]},
        {"schedule": [10, 5, *range(20, 120, 10)]},
        {"schedule": [-1, *range(10, 120, 10)]},
        {"progress": {"family": "days"}},
        {"progress": {"family": "points", "yellow": 40, "red": 30}},
        {"progress": {"family": "ratio", "yellow": "0.5", "red": "0.6"}},
        {"progress": {"amber": 5}},
        {"colour": "blue"},
    ],
)
def test_rules_that_make_no_sense_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        rules_of(said)


def test_a_light_is_dated_from_the_month_it_has_shone_without_a_break() -> None:
    months = ["2024-01", "2024-02", "2024-03", "2024-04"]
    history = pl.DataFrame(
        [(1, m, c) for m, c in zip(months, ["red", "green", "red", "red"], strict=True)]
        + [(2, m, "green") for m in months]
        + [(3, "2024-04", "yellow")],
        schema={"project": pl.Int64, "month": pl.String, "light": pl.String},
        orient="row",
    )
    assert dict(since(history.sample(fraction=1, shuffle=True, seed=3)).iter_rows()) == {
        1: "2024-03", 2: "2024-01", 3: "2024-04"
    }  # fmt: skip


@given(
    st.lists(st.floats(0, 200_000), min_size=1, max_size=20),
    st.integers(1, 12),
    st.sampled_from([YINCHUAN, WUHAN]),
)
def test_more_done_is_never_a_worse_light(done: list[float], month: int, rules: Rules) -> None:
    found = lights(rules, month, *({"done_ytd": one} for one in sorted(done)))
    ranks = [ORDER.index(one) for one in found]
    assert ranks == sorted(ranks, reverse=True)


def test_the_even_schedule_is_twelfths() -> None:
    assert Rules(schedule=EVEN).share(12) == 1
    assert rounded(YINCHUAN.share(10) * 100) == Decimal("83.3")
