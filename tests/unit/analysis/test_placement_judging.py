"""Placers are judged by what people decided, never on a firm that they were taught."""

import polars as pl
import pytest

from lianpu.analysis.placement.judging import FOLDS, Decisions, differences, fold_of, judge, out_of_fold

TAXONOMY = pl.DataFrame(
    {"code": ["A", "B"], "name": ["水泥", "铝材"], "parent": [None, None]}, schema_overrides={"parent": pl.String}
)
PRODUCTS = pl.DataFrame({"product": ["水泥", "铝型材"], "code": ["A", "B"], "weight": [1.0, 1.0]})


def decided(pairs: list[tuple[str, str, bool]], outside: list[str]) -> Decisions:
    firms = sorted({firm for firm, *_ in pairs} | set(outside))
    frame = pl.DataFrame({"firm": firms, "name": firms, "scope": [""] * len(firms)})
    table = pl.DataFrame(pairs, schema={"firm": pl.String, "code": pl.String, "right": pl.Boolean}, orient="row")
    return Decisions(frame, table, pl.DataFrame({"firm": outside}, schema={"firm": pl.String}))


def answers(rows: list[tuple[str, int, str, float]]) -> pl.DataFrame:
    schema = {"firm": pl.String, "rank": pl.UInt32, "code": pl.String, "score": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_each_figure_says_what_it_says() -> None:
    said = decided(
        [("甲", "A", True), ("甲", "B", False), ("乙", "B", True), ("丙", "A", True)],
        ["丁", "戊"],
    )
    placed = answers(
        [("甲", 1, "A", 0.9), ("甲", 2, "B", 0.6), ("乙", 1, "A", 0.7), ("乙", 2, "B", 0.4), ("丁", 1, "A", 0.8)]
    )
    found = judge(placed, said)
    assert found.decisions == 6
    assert found.accuracy == pytest.approx(2 / 6), "甲 A is met, and 戊 is left alone; 甲 B, 乙 B, 丙 A and 丁 are not"
    assert found.first == pytest.approx(1 / 3)
    assert found.none == 0.5
    assert found.brier == pytest.approx((0.1**2 + 0.6**2 + 0.6**2) / 3)
    assert [(band.low, band.count, band.right) for band in found.bands] == [(0.4, 1, 1.0), (0.6, 1, 0.0), (0.9, 1, 1.0)]
    assert found.ece == pytest.approx((0.6 + 0.6 + 0.1) / 3)


def test_where_nothing_was_decided_there_are_no_figures() -> None:
    found = judge(answers([]), decided([], ["丁"]))
    assert (found.accuracy, found.none, found.first, found.brier, found.bands) == (1.0, 1.0, None, None, ())


def test_no_firm_is_judged_by_a_placer_that_was_taught_it() -> None:
    """Every firm has a word of its own that only its own label could explain."""
    words = [f"{a}{b}" for a in "甲乙丙丁戊" for b in "子丑寅卯辰"]
    firms = pl.DataFrame({"firm": words, "name": words, "scope": [f"{word}的生产" for word in words]})
    labelled = firms.with_columns(code=pl.lit("B"))
    taught_all = out_of_fold(TAXONOMY, PRODUCTS, labelled, firms, 2)
    for fold in range(FOLDS):
        held = [word for word in words if fold_of(word) == fold]
        other = labelled.with_columns(code=pl.when(pl.col("firm").is_in(held)).then(pl.lit("A")).otherwise("code"))
        again = out_of_fold(TAXONOMY, PRODUCTS, other, firms, 2)
        of_fold = pl.col("firm").is_in(held)
        assert again.filter(of_fold).equals(taught_all.filter(of_fold))


def test_without_labels_the_maps_alone_decide() -> None:
    firms = pl.DataFrame({"firm": ["甲", "乙"], "name": ["甲厂", "乙厂"], "scope": ["水泥的生产", "餐饮"]})
    none = firms.clear().with_columns(code=pl.lit(None, pl.String))
    placed = out_of_fold(TAXONOMY, PRODUCTS, none, firms, 2)
    assert placed.select("firm", "code").rows() == [("甲", "A")]


def test_what_appeared_vanished_and_moved() -> None:
    schema = {"firm": pl.Int64, "segment": pl.Int64, "role": pl.String, "confidence": pl.Float64}
    before = pl.DataFrame([(1, 1, "makes", 0.5), (1, 2, "makes", 0.5), (2, 1, "makes", 0.5)], schema, orient="row")
    after = pl.DataFrame([(1, 1, "trades", 0.55), (1, 2, "trades", 0.9), (3, 1, "makes", 0.7)], schema, orient="row")
    assert differences(before, after, 0.1).rows() == [
        (3, 1, "makes", None, 0.7, "appeared"),
        (1, 2, "trades", 0.5, 0.9, "changed"),
        (2, 1, "makes", 0.5, None, "vanished"),
    ]
