"""If projects succeeded: a hand-made chain before and after, and what their output draws from a two-sector economy."""

from typing import Any

import polars as pl
import pytest

from lianpu.analysis.coverage import Reference
from lianpu.analysis.linkage import Table
from lianpu.analysis.scenario import Supposed, draws, suppose

SEGMENTS = pl.DataFrame(
    [
        {"code": code, "name": name, "chain": "SH", "parent": "SH-1", "stage": "midstream", "key": code == "styrene"}
        | {"filled_by": "makes", "importance": 1.0}
        for code, name in {"ethylene": "乙烯", "styrene": "苯乙烯", "abs": "ABS树脂"}.items()
    ]
)
FLOWS = pl.DataFrame(
    [("ethylene", "styrene", "乙烯", 3.0), ("styrene", "abs", "苯乙烯", 3.0)],
    schema=["source", "target", "via", "weight"],
    orient="row",
)
ARRIVING = {
    "project": pl.String,
    "firm": pl.String,
    "segment": pl.String,
    "scale": pl.Float64,
    "above_scale": pl.Boolean,
}


def firms(**counts: int) -> pl.DataFrame:
    rows = [
        (f"{segment}{i}", "兰州", segment, "makes", 0.9, 5000.0, True)
        for segment, n in counts.items()
        for i in range(n)
    ]
    columns = ["firm", "place", "segment", "role", "confidence", "scale", "above_scale"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def supposed(held: pl.DataFrame, *arriving: tuple[str, str, str, float | None, bool | None]) -> Supposed:
    """兰州 with these rows of arrivals, beside a nation of which each segment has a third."""
    third = pl.DataFrame({"segment": SEGMENTS["code"], "count": [100_000] * 3})
    come = pl.DataFrame(list(arriving), schema=ARRIVING, orient="row")
    return suppose(SEGMENTS, FLOWS, held, come, Reference(third, 300_000), "兰州")


def segment(result: Supposed, code: str) -> dict[str, Any]:
    return result.segments.row(by_predicate=pl.col("segment") == code, named=True)


def test_a_plant_between_two_present_segments_answers_the_gap() -> None:
    result = supposed(firms(ethylene=10, abs=10), ("P1", "新厂", "styrene", 90_000.0, True))
    styrene = segment(result, "styrene")
    assert (styrene["state_before"], styrene["state_after"], styrene["step"]) == ("missing", "weak", 1)
    assert styrene["projects"] == ["P1"]
    changes = {(row["segment"], row["kind"]): row["change"] for row in result.findings.iter_rows(named=True)}
    assert changes["styrene", "fill"] == "answered"
    assert changes["styrene", "strengthen"] == "new", "one plant alone still hangs by itself"
    complete = result.health.row(by_predicate=pl.col("measure") == "completeness", named=True)
    assert (complete["numerator_there"], complete["numerator_here"], complete["denominator_here"]) == (2, 3, 3)
    assert complete["gained"] == ["styrene"]


def test_nothing_arrives_and_nothing_changes() -> None:
    result = supposed(firms(ethylene=4, abs=2))
    assert result.segments["step"].to_list() == [0, 0, 0]
    assert set(result.findings["change"]) == {"same"}
    assert result.health["difference"].drop_nulls().abs().sum() == 0
    assert result.before.states.equals(result.after.states)


def test_a_firm_that_stands_there_already_is_not_counted_twice() -> None:
    result = supposed(firms(ethylene=4, abs=2), ("扩建", "abs0", "abs", None, False))
    assert segment(result, "abs")["n_after"] == 2
    assert result.before.states["n_above_scale"].to_list() == result.after.states["n_above_scale"].to_list(), (
        "what is known of the firm stays"
    )


def test_a_newcomer_of_unknown_size_makes_no_strong_segment() -> None:
    held = firms(ethylene=1)
    unknown = supposed(held, ("P", "新厂", "abs", None, False), ("Q", "又一厂", "abs", None, False))
    known = supposed(held, ("P", "新厂", "abs", 30_000.0, True), ("Q", "又一厂", "abs", None, False))
    assert [segment(one, "abs")["state_after"] for one in (unknown, known)] == ["weak", "strong"]


def test_an_unknown_segment_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="XX-1"):
        supposed(firms(abs=1), ("P", "新厂", "XX-1", None, False))


def test_output_draws_its_inputs_and_theirs() -> None:
    table = Table.of([[20, 30], [10, 40]], [100, 100], ["化学", "电力"])  # A = [[0.2, 0.3], [0.1, 0.4]]
    drawn = draws(table, {"化学": 10.0})
    assert drawn.sectors["direct"].to_list() == pytest.approx([2.0, 1.0])
    # L = [[0.6, 0.3], [0.1, 0.8]] / 0.45; ten more of chemistry: 13.33 and 2.22 in all
    assert drawn.sectors["total"].to_list() == pytest.approx([10 * 0.6 / 0.45 - 10, 10 * 0.1 / 0.45])
    assert drawn.multiplier == pytest.approx(0.7 / 0.45)
    assert drawn.imbalance < 1e-12
    assert drawn.sectors["of_output"].to_list() == pytest.approx([0.0333333, 0.0222222], rel=1e-5)


def test_a_sector_without_output_cannot_tell_what_it_buys() -> None:
    with pytest.raises(ValueError, match="氢能"):
        draws(Table.of([[1, 0], [0, 0]], [5, 0], ["电力", "氢能"]), {"氢能": 1.0})
