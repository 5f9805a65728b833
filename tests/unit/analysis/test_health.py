"""Health of a chain on a chain of four segments, each figure by hand."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianpu.analysis.coverage import Reference
from lianpu.analysis.health import MEASURES, REASONS, health

SEGMENTS = pl.DataFrame(
    [
        (code, "SH", code, "SH-1", "midstream", False, "makes", 1.0)
        for code in ("abs", "ethylene", "plastic", "styrene")
    ],
    schema=("code", "chain", "name", "parent", "stage", "key", "filled_by", "importance"),
    orient="row",
)
FLOWS = pl.DataFrame(
    [("ethylene", "styrene", "乙烯", 3.0), ("styrene", "abs", "苯乙烯", 3.0), ("abs", "plastic", "ABS树脂", 2.0)],
    schema=("source", "target", "via", "weight"),
    orient="row",
)
SCHEMA = {
    "firm": pl.String,
    "place": pl.String,
    "segment": pl.String,
    "role": pl.String,
    "confidence": pl.Float64,
    "scale": pl.Float64,
    "above_scale": pl.Boolean,
}
REFERENCE = Reference(pl.DataFrame({"segment": SEGMENTS["code"], "count": [200_000] * 4}), 1_000_000)


def firm(name: str, segment: str, role: str = "makes", confidence: float = 0.9, **more: Any) -> dict[str, Any]:
    usual = {"place": "兰州", "scale": None, "above_scale": None}
    return {"firm": name, "segment": segment, "role": role, "confidence": confidence} | usual | more


def of(*rows: dict[str, Any], **more: Any) -> dict[str, dict[str, Any]]:
    """Measure → its row, of 兰州's only chain."""
    frame = health(SEGMENTS, FLOWS, pl.DataFrame(rows, schema=SCHEMA), REFERENCE, places=["兰州"], **more)
    assert frame["measure"].to_list() == list(MEASURES)
    return {row["measure"]: row for row in frame.iter_rows(named=True)}


def ratio(row: dict[str, Any]) -> tuple[float, float]:
    return row["numerator"], row["denominator"]


TWO_STEPS = (firm("a", "ethylene"), firm("b", "ethylene"), firm("c", "styrene"), firm("d", "plastic"))


def test_completeness_counts_filled_segments_and_names_both_kinds() -> None:
    row = of(*TWO_STEPS)["completeness"]
    assert ratio(row) == (3, 4)
    assert (row["segments"], row["lacking"]) == (["ethylene", "plastic", "styrene"], ["abs"])
    assert row["firms"] == ["a", "b", "c", "d"]


def test_a_segment_of_one_firm_or_of_one_giant_is_held_by_one_firm() -> None:
    row = of(*TWO_STEPS)["resilience_firms"]
    assert (ratio(row), row["segments"]) == ((1, 3), ["ethylene"])
    giant = of(firm("a", "ethylene", scale=99.0), firm("b", "ethylene", scale=1.0))["resilience_firms"]
    assert ratio(giant) == (0, 1)


def test_critical_inputs_need_two_suppliers_and_helpful_ones_are_not_critical() -> None:
    row = of(*TWO_STEPS, firm("e", "abs"))["resilience_inputs"]
    assert ratio(row) == (1, 2)
    assert (row["segments"], row["lacking"]) == (["ethylene"], ["styrene"])
    assert [flow["weight"] for flow in row["flows"]] == [3.0, 3.0]


def test_local_sourcing_weighs_the_flows_into_filled_segments() -> None:
    row = of(*TWO_STEPS)["local_sourcing"]
    assert ratio(row) == (3, 5)  # ethylene → styrene at hand; ABS → plastic not
    assert row["lacking"] == ["abs"]


def test_an_above_scale_firm_leads_surely_and_a_quotient_only_outside_chance() -> None:
    rows = of(firm("a", "ethylene"), firm("b", "styrene", above_scale=True), firm("b", "plastic", above_scale=True))
    assert ratio(rows["leadership"]) == (3, 3)
    assert rows["leadership_sure"]["segments"] == ["plastic", "styrene"]


def test_research_and_titles_are_shares_of_the_firms_of_the_chain() -> None:
    titles = pl.DataFrame({"firm": ["a", "elsewhere"], "title": ["专精特新", "专精特新"]})
    rows = of(*TWO_STEPS, firm("r", "abs", "researches"), firm("s", "abs", "researches", 0.1), titles=titles)
    assert (ratio(rows["innovation_research"]), rows["innovation_research"]["firms"]) == ((1, 5), ["r"])
    assert (ratio(rows["innovation_titles"]), rows["innovation_titles"]["firms"]) == ((1, 5), ["a"])


def test_spend_is_over_the_revenue_of_those_who_tell_both() -> None:
    figures = pl.DataFrame({"firm": ["a", "b"], "revenue_10k_cny": [200, 500], "rd_10k_cny": [10, None]})
    row = of(*TWO_STEPS, figures=figures)["innovation_spend"]
    assert (ratio(row), row["unknown"]) == ((10, 200), 3)


def test_what_the_data_do_not_say_is_null_with_its_reason() -> None:
    rows = of(firm("s", "ethylene", "trades"))
    assert ratio(rows["completeness"]) == (0, 4)
    reasons = {name: row["reason"] for name, row in rows.items() if row["rate"] is None}
    assert reasons == {
        "resilience_firms": "none_filled",
        "resilience_inputs": "none_filled",
        "leadership": "none_filled",
        "leadership_sure": "none_filled",
        "innovation_research": "no_firms",
        "innovation_titles": "no_titles",
        "innovation_spend": "no_firms",
        "local_sourcing": "none_filled",
    }
    assert of(firm("a", "ethylene"))["local_sourcing"]["reason"] == "no_inputs"


def test_a_firm_of_two_years_is_refused() -> None:
    figures = pl.DataFrame({"firm": ["a", "a"], "revenue_10k_cny": [1, 2], "rd_10k_cny": [1, 1]})
    with pytest.raises(ValueError, match="one year"):
        of(*TWO_STEPS, figures=figures)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(SEGMENTS["code"].to_list())), max_size=8))
@settings(max_examples=25, deadline=None)
def test_every_rate_is_its_numerator_over_its_denominator_or_has_a_reason(held: list[tuple[str, str]]) -> None:
    rows = of(*(firm(name, segment) for name, segment in held))
    assert of(*(firm(name, segment) for name, segment in reversed(held))) == rows
    for row in rows.values():
        if row["rate"] is None:
            assert row["reason"] in REASONS
        else:
            assert 0 <= row["rate"] == row["numerator"] / row["denominator"] <= 1
            assert row["reason"] is None
