"""Counts, specialisation, concentration and completeness, in the words of the chain chiefs' rules."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from lianpu.analysis.coverage import (
    Reference,
    chance_of_so_few,
    completeness,
    concentration,
    coverage,
    hhi,
    krugman,
    location_quotient,
    quotient_interval,
    similarity,
)

FIRM_SCHEMA = {
    "firm": pl.String,
    "place": pl.String,
    "segment": pl.String,
    "role": pl.String,
    "confidence": pl.Float64,
    "scale": pl.Float64,
    "above_scale": pl.Boolean,
}


def firms(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {"place": "兰州", "role": "makes", "confidence": 0.9, "scale": None, "above_scale": None}
    return pl.DataFrame([usual | row for row in rows], schema=FIRM_SCHEMA)


def segments(*codes: str, **filled_by: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "code": list(codes),
            "chain": ["JC"] * len(codes),
            "filled_by": [filled_by.get(code, "makes") for code in codes],
            "importance": [1.0] * len(codes),
        }
    )


def reference(total: int, **counts: int) -> Reference:
    return Reference(pl.DataFrame({"segment": list(counts), "count": list(counts.values())}), total)


def row(frame: pl.DataFrame, segment: str) -> dict[str, Any]:
    return frame.row(by_predicate=pl.col("segment") == segment, named=True)


# --- measures ---------------------------------------------------------------------------------------------------


def test_the_location_quotient_is_the_local_share_over_the_reference_share() -> None:
    assert location_quotient(200, 1000, 5000, 100_000) == pytest.approx(4)
    assert np.isnan(location_quotient([1, 1], [10, 0], [0, 5], 100)).all()


def test_hhi_and_crn_of_three_firms() -> None:
    assert hhi([0.5, 0.3, 0.2]) == pytest.approx(0.38)
    assert concentration([0.2, 0.5, 0.3], 1) == pytest.approx(0.5)
    assert concentration([0.2, 0.5, 0.3], 2) == pytest.approx(0.8)
    assert concentration([0.5, 0.5], 9) == pytest.approx(1)


@pytest.mark.parametrize("shares", [[50, 30, 20], [0.5, 0.6, -0.1], [], [0.5, math.nan]])
def test_shares_that_are_no_fractions_of_a_whole_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="shares must be"):
        hhi(shares)


@settings(deadline=None)
@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=30))
def test_hhi_lies_between_equal_shares_and_monopoly(sizes: list[float]) -> None:
    shares = np.array(sizes) / sum(sizes)
    assert 1 / len(sizes) - 1e-12 <= hhi(shares) <= 1 + 1e-12
    assert hhi(np.repeat(1 / len(sizes), len(sizes))) == pytest.approx(1 / len(sizes))


def test_the_interval_becomes_the_exact_poisson_interval_when_the_reference_is_large() -> None:
    for n in (0, 1, 3, 12):
        low, high = quotient_interval(n, 1000, 5_000_000, 1_000_000_000, 0.9)
        expected = 1000 * 5_000_000 / 1_000_000_000
        assert low == pytest.approx(chi2.ppf(0.05, 2 * n) / 2 / expected if n else 0, rel=1e-3)
        assert high == pytest.approx(chi2.ppf(0.95, 2 * n + 2) / 2 / expected, rel=1e-3)


def test_a_reference_without_the_segment_bounds_the_quotient_only_from_below() -> None:
    low, high = quotient_interval(3, 100, 0, 1000)
    assert low > 0
    assert math.isinf(high)


def test_the_interval_holds_the_true_quotient_at_least_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    for quotient in (0.5, 1.0, 3.0):
        n, m = rng.poisson(2.0 * quotient, 4000), rng.poisson(20.0, 4000)  # expected here 2, in the reference 20
        low, high = quotient_interval(n, 100, m, 1000, 0.9)
        assert np.mean((low <= quotient) & (quotient <= high)) >= 0.9


def test_chance_of_so_few_is_the_binomial_tail_and_near_poisson_for_none() -> None:
    assert chance_of_so_few(2, 100, 10, 1000) == pytest.approx(binom.cdf(2, 12, 100 / 1100))
    assert chance_of_so_few(0, 1000, 4000, 1_000_000) == pytest.approx(math.exp(-4), rel=0.01)
    assert chance_of_so_few(0, 1000, 0, 1_000_000) == 1


# --- comparing places -------------------------------------------------------------------------------------------


def mix(**places: Mapping[str, float]) -> pl.DataFrame:
    rows = [(place, segment, float(value)) for place, row in places.items() for segment, value in row.items()]
    return pl.DataFrame(rows, schema=("place", "segment", "value"), orient="row")


def test_two_zones_that_share_nothing_are_fully_staggered_and_equal_ones_overlap() -> None:
    cells = mix(新区={"铜箔": 3, "炭素": 1}, 高新区={"疫苗": 5}, 经开区={"铜箔": 6, "炭素": 2})
    pairs = {frozenset(pair): rest for *pair, _, rest, _ in similarity(cells).iter_rows()}
    assert pairs[frozenset(("新区", "高新区"))] == pytest.approx(0)
    assert pairs[frozenset(("新区", "经开区"))] == pytest.approx(1)
    assert similarity(cells).row(0, named=True)["segments"] == 2
    index = dict(krugman(cells).select("place", "krugman").iter_rows())
    assert index["高新区"] == pytest.approx(2)
    # 新区 (3/4, 1/4) against the others' 6 + 2 + 5: |3/4 − 6/13| + |1/4 − 2/13| + 5/13
    assert index["新区"] == pytest.approx(abs(3 / 4 - 6 / 13) + abs(1 / 4 - 2 / 13) + 5 / 13)


def test_a_place_without_firms_has_no_mix() -> None:
    cells = mix(新区={"铜箔": 3}, 皋兰={"铜箔": 0})
    assert krugman(cells).filter(place="皋兰")["krugman"].to_list() == [None]
    assert similarity(cells).is_empty()


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=2, max_size=5))
def test_similarity_is_an_overlap_in_0_to_1(values: list[list[int]]) -> None:
    cells = mix(**{f"p{i}": {f"s{j}": v for j, v in enumerate(line)} for i, line in enumerate(values)})
    for place, other, distance, overlap, _ in similarity(cells).iter_rows():
        a, b = (np.array(values[int(p[1:])], float) for p in (place, other))
        assert overlap == pytest.approx(np.minimum(a / a.sum(), b / b.sum()).sum())
        assert distance == pytest.approx(2 * (1 - overlap))


def test_a_value_nobody_knows_is_refused() -> None:
    cells = pl.DataFrame({"place": ["a"], "segment": ["s"], "value": [None]}, schema_overrides={"value": pl.Float64})
    with pytest.raises(ValueError, match="value must be a number"):
        krugman(cells)


# --- counting ---------------------------------------------------------------------------------------------------


def test_a_seller_does_not_fill_a_making_segment_but_a_trading_one() -> None:
    held = firms(
        {"firm": "水泥厂", "segment": "cement"},
        {"firm": "建材商行", "segment": "cement", "role": "trades"},
        {"firm": "建材商行", "segment": "dealing", "role": "trades"},
    )
    cells = coverage(held, segments("cement", "dealing", dealing="trades"), reference(100, cement=10, dealing=10))
    assert (row(cells, "cement")["n"], row(cells, "cement")["n_other"]) == (1, 1)
    assert row(cells, "dealing")["n"] == 1
    assert row(cells, "cement")["top_firm"] == "水泥厂"


def test_a_firm_that_makes_and_sells_counts_once_and_not_among_the_sellers() -> None:
    held = firms({"firm": "a", "segment": "s"}, {"firm": "a", "segment": "s", "role": "trades"})
    cell = row(coverage(held, segments("s"), reference(10, s=1)), "s")
    assert (cell["n"], cell["n_other"]) == (1, 0)


def test_an_unsure_placement_is_told_but_not_counted() -> None:
    held = firms({"firm": "a", "segment": "s", "confidence": 0.4}, {"firm": "b", "segment": "s"})
    cell = row(coverage(held, segments("s"), reference(10, s=1)), "s")
    assert (cell["n"], cell["n_unsure"]) == (1, 1)
    cell = row(coverage(held, segments("s"), reference(10, s=1), min_confidence=0.3), "s")
    assert (cell["n"], cell["n_unsure"]) == (2, 0)


def test_a_doubtful_seller_is_not_told_as_one() -> None:
    held = firms({"firm": "a", "segment": "s", "role": "trades", "confidence": 0.3})
    cell = row(coverage(held, segments("s"), reference(10, s=1)), "s")
    assert (cell["n"], cell["n_other"], cell["n_unsure"]) == (0, 0, 0)


def test_the_base_is_firms_that_fill_a_segment_so_that_shops_do_not_dilute_the_quotient() -> None:
    industry = [{"firm": f"f{i}", "segment": "a" if i < 2 else "b"} for i in range(4)]
    shops = [{"firm": f"shop{i}", "segment": "a", "role": "trades"} for i in range(96)]
    cell = row(coverage(firms(*industry, *shops), segments("a", "b"), reference(1000, a=250, b=750)), "a")
    assert (cell["base"], cell["n"], cell["expected"]) == (4, 2, 1)
    assert cell["lq"] == pytest.approx(2)
    assert cell["share"] == pytest.approx(0.5)


def test_above_scale_is_unknown_unless_a_firm_is_known_to_be_or_all_are_known_not_to_be() -> None:
    held = firms(
        {"firm": "a", "segment": "all_unknown"},
        {"firm": "b", "segment": "part_unknown"},
        {"firm": "c", "segment": "part_unknown", "above_scale": False},
        {"firm": "d", "segment": "one_is"},
        {"firm": "e", "segment": "one_is", "above_scale": True},
        {"firm": "f", "segment": "none_is", "above_scale": False},
    )
    cells = coverage(
        held, segments("all_unknown", "part_unknown", "one_is", "none_is", "empty"), reference(9, one_is=1)
    )
    known = dict(cells.select("segment", "n_above_scale").iter_rows())
    assert known == {"all_unknown": None, "part_unknown": None, "one_is": 1, "none_is": 0, "empty": 0}


def test_concentration_is_by_scale_where_at_least_half_is_known_else_by_number() -> None:
    held = firms(
        *({"firm": f"a{i}", "segment": "known", "scale": s} for i, s in enumerate((50.0, 30.0, 20.0))),
        *({"firm": f"b{i}", "segment": "half", "scale": s} for i, s in enumerate((10.0, None))),
        *({"firm": f"c{i}", "segment": "unknown", "scale": s} for i, s in enumerate((10.0, None, None, None))),
    )
    cells = coverage(held, segments("known", "half", "unknown"), reference(90, known=1))
    assert row(cells, "known")["hhi"] == pytest.approx(0.38)
    assert row(cells, "known")["cr1"] == pytest.approx(0.5)
    assert row(cells, "half")["hhi"] == pytest.approx(0.5)  # the unknown one counts as the mean of the known
    assert row(cells, "unknown")["hhi"] == pytest.approx(0.25)
    assert cells["by_scale"].to_list() == [True, True, False]
    assert row(cells, "unknown")["scale"] == 10


def test_the_top_firm_is_the_largest_then_the_surest_then_by_name() -> None:
    held = firms(
        {"firm": "small", "segment": "s", "scale": 1.0},
        {"firm": "large", "segment": "s", "scale": 9.0, "confidence": 0.6},
        {"firm": "b", "segment": "t", "confidence": 0.8},
        {"firm": "a", "segment": "t", "confidence": 0.8},
        {"firm": "0", "segment": "t", "confidence": 0.7},
    )
    cells = coverage(held, segments("s", "t"), reference(10, s=1))
    assert cells["top_firm"].to_list() == ["large", "a"]


def test_segments_without_any_firm_and_places_without_any_placement_have_their_rows() -> None:
    held = firms({"firm": "a", "segment": "s"})
    cells = coverage(held, segments("s", "t"), reference(10, s=1, t=5), places=["兰州", "皋兰"])
    assert cells.select("place", "segment", "n").rows() == [
        ("兰州", "s", 1),
        ("兰州", "t", 0),
        ("皋兰", "s", 0),
        ("皋兰", "t", 0),
    ]
    nowhere = cells.filter(place="皋兰")
    assert nowhere["lq"].null_count() == nowhere["share"].null_count() == 2
    assert nowhere["chance"].to_list() == [1, 1]


def test_few_firms_leave_the_quotient_open_many_do_not() -> None:
    held = firms(
        *({"firm": f"f{i}", "segment": "rare"} for i in range(1)),
        *({"firm": f"g{i}", "segment": "common"} for i in range(99)),
    )
    cells = coverage(held, segments("rare", "common"), reference(10_000, rare=100, common=4_950))
    rare, common = row(cells, "rare"), row(cells, "common")
    assert rare["lq"] == pytest.approx(1)
    assert rare["lq_low"] < 0.2
    assert rare["lq_high"] > 4
    assert common["lq_low"] > 1.5


def test_the_reference_is_counted_by_the_same_rule() -> None:
    nation = firms(
        {"firm": "a", "segment": "s"},
        {"firm": "a", "segment": "t"},
        {"firm": "b", "segment": "s", "role": "trades"},
        {"firm": "c", "segment": "s", "confidence": 0.2},
    ).drop("place", "scale", "above_scale")
    counted = Reference.of(nation, segments("s", "t"))
    assert counted.total == 1
    assert counted.counts.rows() == [("s", 1), ("t", 1)]


@settings(deadline=None, max_examples=40)
@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_order_of_rows_does_not_matter(rng: Any, n: int) -> None:
    rows = [
        {
            "firm": f"f{rng.randrange(12)}",
            "segment": rng.choice("abc"),
            "role": rng.choice(["makes", "trades"]),
            "confidence": rng.choice([0.3, 0.7, 0.9]),
            "scale": rng.choice([None, 1.0, 5.0]),
        }
        for _ in range(n)
    ]
    shuffled = rows[:]
    rng.shuffle(shuffled)
    args = segments("a", "b", "c"), reference(100, a=10, b=20, c=30)
    there, back = coverage(firms(*rows), *args), coverage(firms(*shuffled), *args)
    assert there.equals(back)
    assert there["n"].sum() >= there["base"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.col("segment").replace("s", "gone"), "another version of the chain maps"),
        (pl.lit("buys").alias("role"), "a role must be one of"),
        (pl.lit(87.0).alias("confidence"), "confidence must lie in 0..1"),
        (pl.lit(-1.0).alias("scale"), "scale must be ≥ 0"),
    ],
)
def test_faulty_facts_are_refused_with_the_reason(change: pl.Expr, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        coverage(firms({"firm": "a", "segment": "s"}).with_columns(change), segments("s"), reference(1, s=1))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match=r"firms lack column\(s\) scale"):
        coverage(firms({"firm": "a", "segment": "s"}).drop("scale"), segments("s"), reference(1, s=1))


def test_a_reference_larger_than_its_total_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and the total"):
        reference(5, s=6)


# --- completeness -----------------------------------------------------------------------------------------------


def line(*filled: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """A straight chain a → b → …, with so many firms in each segment."""
    codes = [chr(ord("a") + i) for i in range(len(filled))]
    cells = pl.DataFrame(
        {
            "place": ["兰州"] * len(codes),
            "segment": codes,
            "n": list(filled),
            "n_above_scale": [0] * len(codes),
            "lq": [float(n) for n in filled],
        }
    )
    flows = pl.DataFrame({"source": codes[:-1], "target": codes[1:]}, schema={"source": pl.String, "target": pl.String})
    return cells, segments(*codes), flows


def test_completeness_gives_every_rate_with_numerator_and_denominator() -> None:
    cells, known, flows = line(2, 0, 0, 1)
    known = known.with_columns(importance=pl.Series([1.0, 2.0, 3.0, 4.0]))
    cells = cells.with_columns(lq=pl.Series([0.5, 0.0, 0.0, 1.0]))
    got = completeness(cells, known, flows).row(0, named=True)
    assert (got["filled"], got["segments"], got["node_rate"]) == (2, 4, 0.5)
    assert (got["weight_filled"], got["weight"], got["weighted_rate"]) == (5, 10, 0.5)
    assert (got["strong_or_large"], got["strength_rate"]) == (1, 0.25)


def test_an_above_scale_firm_makes_a_segment_able_even_at_a_low_quotient() -> None:
    cells, known, flows = line(1, 1)
    cells = cells.with_columns(lq=pl.Series([0.3, 0.3]), n_above_scale=pl.Series([1, None]))
    assert completeness(cells, known, flows)["strong_or_large"].item() == 1


@pytest.mark.parametrize(
    ("filled", "breaks", "runs", "broken"),
    [
        ((1, 0, 0, 1), 1, 1, 2),
        ((1, 0, 1, 0, 1), 2, 2, 2),
        ((0, 0, 1, 1), 0, 1, 0),
        ((1, 1, 0), 0, 1, 0),
        ((0, 1, 0, 1, 0), 1, 3, 1),
        ((1, 1, 1), 0, 0, 0),
        ((0, 0, 0), 0, 1, 0),
    ],
)
def test_breaks_are_runs_of_empty_segments_between_filled_ones(
    filled: tuple[int, ...], breaks: int, runs: int, broken: int
) -> None:
    got = completeness(*line(*filled)).row(0, named=True)
    assert (got["breaks"], got["empty_runs"], got["broken_segments"]) == (breaks, runs, broken)


def test_a_cycle_of_material_does_not_trap_the_search_for_breaks() -> None:
    cells, known, flows = line(1, 0, 0, 1)
    back = pl.DataFrame({"source": ["c"], "target": ["b"]})
    assert completeness(cells, known, pl.concat([flows, back]))["breaks"].item() == 1


def test_completeness_asks_for_every_segment_in_every_place() -> None:
    cells, known, flows = line(1, 0)
    with pytest.raises(ValueError, match="one row for every segment"):
        completeness(cells.head(1), known, flows)
