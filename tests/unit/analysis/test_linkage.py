"""Input–output analysis: textbook numbers, one solve after the other, and the accounts that must add up."""

import importlib.util
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianpu.analysis.linkage import (
    Table,
    accounts,
    aggregate,
    china_table,
    compare,
    concordance,
    decompose,
    demand_shock,
    extraction_loss,
    extraction_profile,
    ghosh,
    leontief,
    linkages,
    supply_shock,
    to_common,
    value_added_shock,
)
from lianpu.analysis.linkage.china import COMMON, CONCORDANCE
from lianpu.analysis.linkage.inverse import diagonal_and_sums, inverse
from support import lianpu_data

Floats = npt.NDArray[np.float64]

# Miller and Blair, Input–Output Analysis (2nd ed. 2009), section 2.3: two sectors.
FLOWS = [[150, 500], [200, 100]]
OUTPUT = [1000, 2000]


def economy(n: int, seed: int, *, silent: int = 0, density: float = 0.6) -> tuple[Floats, Floats]:
    """An invented table: value added > 0, final demand ≥ 0; the last ``silent`` sectors have no output and no flows."""
    rng = np.random.default_rng(seed)
    a = rng.random((n, n)) * (rng.random((n, n)) < density)
    a *= rng.uniform(0.2, 0.9, n) / np.maximum(a.sum(0), 1e-9)
    f = rng.lognormal(3, 1.5, n)
    if silent:
        f[-silent:] = 0
        a[-silent:] = a[:, -silent:] = 0
    x = np.linalg.solve(np.eye(n) - a, f)
    return a * x, x


def solved(Z: Floats, x: Floats, gone: list[int], kind: str = "whole") -> float:  # noqa: N803
    """Output lost, by taking the sectors out of A and f and solving again."""
    a = np.divide(Z, x, out=np.zeros_like(Z), where=x > 0)
    f = x - a @ x
    if kind in ("whole", "buying"):
        a[:, gone] = 0
    if kind in ("whole", "selling"):
        a[gone, :] = 0
    if kind == "whole":
        f[gone] = 0
    return float(x.sum() - np.linalg.solve(np.eye(len(x)) - a, f).sum())


# --- textbook ---------------------------------------------------------------------------------------------------


def test_two_sectors_of_the_textbook() -> None:
    table = Table.of(FLOWS, OUTPUT)
    assert table.coefficients == pytest.approx(np.array([[0.15, 0.25], [0.20, 0.05]]))
    assert table.leontief == pytest.approx(np.array([[1.2541, 0.3300], [0.2640, 1.1221]]), abs=1e-4)
    assert table.demand == pytest.approx([350, 1700])
    assert leontief(FLOWS, OUTPUT, [600, 1500]) == pytest.approx([1247.5, 1841.6], abs=0.05)
    assert leontief(FLOWS, OUTPUT, np.array([[350, 600], [1700, 1500]]))[:, 0] == pytest.approx(OUTPUT)
    assert ghosh(FLOWS, OUTPUT, [650, 1400]) == pytest.approx(OUTPUT)


def test_linkages_of_the_chain_chiefs_example() -> None:
    x = np.array([100.0, 200.0])
    found = linkages(np.array([[0.2, 0.3], [0.1, 0.4]]) * x, x)
    assert found["multiplier"].to_numpy() == pytest.approx([1.5556, 2.4444], abs=1e-4)
    assert found["backward"].to_numpy() == pytest.approx([0.7778, 1.2222], abs=1e-4)
    assert found["forward"].to_numpy() == pytest.approx([1, 1])
    assert found["key"].to_list() == [False, False]
    # Ghosh by hand: H = [[.2, .6], [.05, .4]], (I - H)^-1 = [[1.3333, 1.3333], [.1111, 1.7778]]
    assert found["ghosh_forward"].to_numpy() == pytest.approx(np.array([2.6667, 1.8889]) / 2.2778, abs=1e-4)


def test_extraction_by_hand() -> None:
    assert extraction_loss(FLOWS, OUTPUT) == pytest.approx([3000 - 1700 / 0.95, 3000 - 350 / 0.85])
    assert extraction_loss(FLOWS, OUTPUT, kind="buying")[0] == pytest.approx(
        3000 - np.linalg.solve([[1, -0.25], [0, 0.95]], [350, 1700]).sum()
    )
    assert extraction_loss(FLOWS, OUTPUT, groups=[[0, 1]]) == pytest.approx([3000])


def test_a_table_without_flows_has_no_linkages_and_each_sector_only_loses_itself() -> None:
    found = linkages(np.zeros((3, 3)), [1, 2, 3])
    for column in ("backward", "forward", "ghosh_forward"):
        assert found[column].to_list() == [1, 1, 1]
    assert extraction_loss(np.zeros((3, 3)), [1, 2, 3]).tolist() == [1, 2, 3]


def test_weights_make_a_sector_count_by_what_is_asked_of_it() -> None:
    Z, x = economy(6, 3)  # noqa: N806
    table = Table.of(Z, x)
    plain, equal = linkages(Z, x), linkages(Z, x, weights=np.full(6, 7.0))
    for column in ("backward", "forward"):
        assert plain[column].to_numpy() == pytest.approx(equal[column].to_numpy())
    by_demand = linkages(Z, x, weights=table.demand)
    assert by_demand["backward"].mean() == pytest.approx(1)
    assert by_demand["forward"].to_numpy() == pytest.approx(x / x.mean())  # since x = L f


# --- against one solve after the other --------------------------------------------------------------------------

sizes = st.tuples(st.integers(1, 9), st.integers(0, 10_000), st.integers(0, 2))


@settings(deadline=None, max_examples=60)
@given(sizes, st.sampled_from(["whole", "buying", "selling"]))
def test_extraction_is_what_removing_and_solving_again_gives(shape: tuple[int, int, int], kind: Any) -> None:
    n, seed, silent = shape
    Z, x = economy(n, seed, silent=min(silent, n - 1))  # noqa: N806
    loss = extraction_loss(Z, x, kind=kind)
    assert loss == pytest.approx([solved(Z, x, [j], kind) for j in range(n)], rel=1e-9, abs=1e-9 * x.sum())
    pair = [0, n - 1] if n > 1 else [0]
    assert extraction_loss(Z, x, groups=[pair], kind=kind)[0] == pytest.approx(
        solved(Z, x, pair, kind), rel=1e-9, abs=1e-9 * x.sum()
    )


@settings(deadline=None, max_examples=30)
@given(sizes)
def test_losses_by_sector_add_up_and_hold_the_sectors_own_output(shape: tuple[int, int, int]) -> None:
    n, seed, silent = shape
    Z, x = economy(n, seed, silent=min(silent, n - 1))  # noqa: N806
    profile = extraction_profile(Z, x)
    assert profile.sum(0) == pytest.approx(extraction_loss(Z, x))
    assert profile.diagonal() == pytest.approx(x)
    assert (profile >= -1e-9).all()


@pytest.mark.parametrize("n", [1, 63, 64, 65, 150, 301])
def test_inverse_by_blocks_is_the_inverse(n: int) -> None:
    Z, x = economy(n, n)  # noqa: N806
    matrix = np.eye(n) - Z / x
    expected = np.linalg.inv(matrix)
    assert np.abs(inverse(matrix.copy()) - expected).max() < 1e-12 * expected.max()
    diagonal, sums = diagonal_and_sums(matrix.copy())
    assert diagonal == pytest.approx(expected.diagonal(), rel=1e-12)
    assert sums == pytest.approx(expected.sum(0), rel=1e-12)


def test_a_sector_whose_inputs_exceed_its_output_is_computed_as_long_as_the_economy_works() -> None:
    Z, x = economy(100, 8)  # noqa: N806
    Z[:, 0] *= 1.05 / (Z[:, 0].sum() / x[0])  # value added below zero
    loss = extraction_loss(Z, x)
    assert loss[[0, 50]] == pytest.approx([solved(Z, x, [0]), solved(Z, x, [50])], rel=1e-9)
    assert np.isfinite(linkages(Z, x)["backward"].to_numpy()).all()


def test_an_economy_that_eats_more_than_it_makes_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"霍金斯—西蒙.*甲"):
        linkages([[90, 30], [30, 90]], [100, 100], ["甲", "乙"])
    with pytest.raises(ValueError, match="不可行"):
        extraction_loss([[50, 50], [50, 50]], [100, 100])


# --- sectors without output -------------------------------------------------------------------------------------


def test_sectors_without_output_deal_with_nobody_lose_nothing_and_are_named() -> None:
    Z, x = economy(6, 2, silent=2)  # noqa: N806
    found = linkages(Z, x)
    assert found["silent"].to_list() == [False] * 4 + [True] * 2
    assert found["multiplier"][4:].to_list() == [1, 1]
    assert not found["key"][4:].any()
    for column in ("backward", "forward", "ghosh_forward"):
        assert np.isfinite(found[column].to_numpy()).all()
        assert found[column].mean() == pytest.approx(1)
    assert extraction_loss(Z, x)[4:].tolist() == [0, 0]
    assert extraction_loss(Z, x, groups=[[4, 5], []]).tolist() == [0, 0]


def test_what_is_sold_to_a_sector_without_output_counts_as_final_demand() -> None:
    Z, x = np.array([[10.0, 5.0], [0.0, 0.0]]), np.array([100.0, 0.0])  # noqa: N806
    assert Table.of(Z, x).demand.tolist() == [90, 0]
    assert accounts(Z, x).imbalance() == 0
    assert extraction_loss(Z, x) == pytest.approx([100, 0])


# --- properties -------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(sizes, st.floats(0.001, 1000))
def test_neither_the_unit_nor_the_order_of_sectors_matters(shape: tuple[int, int, int], unit: float) -> None:
    n, seed, silent = shape
    Z, x = economy(n, seed, silent=min(silent, n - 1))  # noqa: N806
    order = np.random.default_rng(seed).permutation(n)
    one, other = linkages(Z, x), linkages(Z[np.ix_(order, order)] * unit, x[order] * unit)
    for column in ("multiplier", "backward", "forward", "ghosh_forward", "backward_spread"):
        assert other[column].to_numpy() == pytest.approx(one[column].to_numpy()[order], rel=1e-9, abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(sizes, st.lists(st.floats(-0.2, 2), min_size=9, max_size=9))
def test_after_any_shock_rows_and_columns_add_up_to_output(shape: tuple[int, int, int], change: list[float]) -> None:
    n, seed, silent = shape
    Z, x = economy(n, seed, silent=min(silent, n - 1))  # noqa: N806
    base = accounts(Z, x)
    assert base.imbalance() < 1e-12
    more = np.abs(np.array(change[:n])) * x
    after = demand_shock(Z, x, more)
    assert after.imbalance() < 1e-9
    assert after.demand == pytest.approx(base.demand + more, rel=1e-9, abs=1e-9 * x.sum())
    assert demand_shock(Z, x, np.zeros(n)).x == pytest.approx(x, rel=1e-9, abs=1e-9)
    pushed = value_added_shock(Z, x, more * (x > 0))
    assert pushed.imbalance() < 1e-9
    assert pushed.value_added == pytest.approx(base.value_added + more * (x > 0), rel=1e-9, abs=1e-9 * x.sum())


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 9), st.integers(0, 10_000), st.floats(0.8, 2))
def test_a_set_output_is_kept_and_the_demand_of_the_others_too(n: int, seed: int, factor: float) -> None:
    Z, x = economy(n, seed, density=1)  # noqa: N806
    base, after = accounts(Z, x), supply_shock(Z, x, {0: factor * x[0]})
    assert after.imbalance() < 1e-9
    assert after.x[0] == pytest.approx(factor * x[0])
    assert after.demand[1:] == pytest.approx(base.demand[1:], abs=1e-9 * x.sum())
    # the same state is reached by asking for the final demand that was left over
    asked = demand_shock(Z, x, {"0": after.demand[0] - base.demand[0]})
    assert asked.x == pytest.approx(after.x, rel=1e-9)


def test_a_shock_is_told_sector_by_sector() -> None:
    base = accounts(FLOWS, OUTPUT, ["农业", "工业"])
    after = demand_shock(FLOWS, OUTPUT, {"农业": 250, "工业": -200}, ["农业", "工业"])
    told = after.against(base)
    assert told["sector"].to_list() == ["农业", "工业"]
    assert told["output"].to_numpy() == pytest.approx([1247.5, 1841.6], abs=0.05)
    assert told["demand_change"].to_numpy() == pytest.approx([250, -200])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: linkages([[1, 2]], [1]), "方阵，现为 1×2"),
        (lambda: linkages([1, 2], [1, 2]), "方阵"),
        (lambda: linkages(np.zeros((0, 0)), []), "空的"),
        (lambda: linkages([[1, 2], [3]], [1, 2]), "各行等长"),
        (lambda: linkages([["甲"]], [1]), "应全是数字"),
        (lambda: linkages(FLOWS, [1000, 2000, 3000]), "3 个数，而 Z 有 2 个部门"),
        (lambda: linkages([[np.nan, 1], [1, 1]], [5, 5]), "1 处空值"),
        (lambda: linkages(FLOWS, [1000, -1]), "不能为负：第 1"),
        (lambda: linkages(FLOWS, OUTPUT, ["甲", "甲"]), "互不相同"),
        (lambda: linkages(FLOWS, OUTPUT, weights=[0, 0]), "weights"),
        (lambda: extraction_loss(FLOWS, OUTPUT, kind="all"), "kind"),  # type: ignore[arg-type]
        (lambda: extraction_loss(FLOWS, OUTPUT, groups=[[0, 2]]), "没有第 2 个部门"),
        (lambda: extraction_loss(FLOWS, OUTPUT, groups=[[0, 0]]), "重复"),
        (lambda: leontief(FLOWS, OUTPUT, [1, 2, 3]), "最终需求应为 2"),
        (lambda: demand_shock(FLOWS, OUTPUT, {"三产": 1}), "没有部门“三产”"),
        (lambda: demand_shock(FLOWS, OUTPUT, [-5000, 0]), "产出将为负"),
        (lambda: supply_shock(FLOWS, OUTPUT, {}), "至少给出一个"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_the_reason(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_whole_numbers_lists_and_columns_are_taken_as_they_come() -> None:
    expected = extraction_loss(np.array(FLOWS, float), np.array(OUTPUT, float))
    for Z, x in ((FLOWS, OUTPUT), (np.array(FLOWS, "int32"), np.array(OUTPUT, "f4")[:, None])):  # noqa: N806
        assert extraction_loss(Z, x) == pytest.approx(expected)
    assert extraction_loss(pl.DataFrame(FLOWS, orient="row"), pl.Series(OUTPUT)) == pytest.approx(expected)


# --- aggregation, comparison, concordance -----------------------------------------------------------------------


def test_aggregation_keeps_totals() -> None:
    Z, x = economy(5, 4)  # noqa: N806
    table = Table.of(Z, x, "abcde")
    small = aggregate(table, dict(zip("abcde", "XXYYY", strict=True)), ["Y", "X"])
    assert small.names == ("Y", "X")
    assert small.x == pytest.approx([x[2:].sum(), x[:2].sum()])
    assert small.demand.sum() == pytest.approx(table.demand.sum())
    with pytest.raises(ValueError, match="缺 2 个部门"):
        aggregate(table, {"a": "X", "b": "X", "c": "X"})


def test_growth_is_technology_and_demand_and_nothing_else() -> None:
    before, after = Table.of(*economy(7, 1)), Table.of(*economy(7, 2))
    parts = decompose(before, after)
    assert (parts["technology"] + parts["demand"]).to_numpy() == pytest.approx(parts["growth"].to_numpy())
    same_technology = Table.of(before.Z * 2, before.x * 2)
    assert decompose(before, same_technology)["technology"].to_numpy() == pytest.approx(np.zeros(7), abs=1e-9)


def test_comparison_needs_the_same_sectors() -> None:
    with pytest.raises(ValueError, match="aggregate"):
        compare({"2017": Table.of(FLOWS, OUTPUT), "2020": Table.of(FLOWS, OUTPUT, ["a", "b"])})


def test_concordance_tells_what_segments_cover_and_what_hangs_loose() -> None:
    segments = pl.DataFrame(
        {"segment": ["S1", "S2", "S3", "S4"], "io_sector": ["01", "01", "09", None], "group": ["甲", "乙", "乙", "乙"]}
    )
    report = concordance(segments, Table.of(FLOWS, OUTPUT, ["01", "02"]))
    assert report.sectors["segments"].to_list() == [2, 0]
    assert report.covered_output_share == pytest.approx(1 / 3)
    assert report.unplaced["segment"].to_list() == ["S3", "S4"]
    assert report.groups == {"甲": [0], "乙": [0]}


@pytest.mark.parametrize("which", CONCORDANCE)
def test_every_sector_of_every_national_table_has_one_common_sector(which: str) -> None:
    n = int(which[5:])
    width = 3 if n > 42 else 2
    names = [str(i).zfill(width) for i in range(1, n + 1)]
    common = to_common(Table.of(np.zeros((n, n)), np.ones(n), names), which)
    assert common.names == COMMON
    assert (common.x > 0).all()
    assert common.x.sum() == n


# --- real data --------------------------------------------------------------------------------------------------


def wiod(year: int) -> tuple[Floats, Floats]:
    held = np.load(lianpu_data() / "io" / f"wiod2013_{year}.npz")
    return held["Z"], held["X"]


def china(which: str) -> Table:
    return china_table(pl.read_parquet(lianpu_data() / "io" / f"china_{which}.parquet"))


@pytest.mark.realdata
def test_world_tables_equal_one_by_one_and_zero_output_sectors_are_reported() -> None:
    Z, x = wiod(2009)  # noqa: N806
    loss = extraction_loss(Z, x)
    flows, output = Z.astype(float), x.astype(float)
    silent = np.flatnonzero(x == 0)
    assert len(silent) == 22
    assert (loss[silent] == 0).all()
    for j in (7 * 35, 400, 1434, int(silent[0])):
        assert loss[j] == pytest.approx(solved(flows, output, [j]), rel=1e-9)
    china = list(range(7 * 35, 8 * 35))
    assert extraction_loss(Z, x, groups=[china])[0] == pytest.approx(solved(flows, output, china), rel=1e-9)
    found = linkages(Z, x)
    assert found["silent"].sum() == 22
    numbers = found.select(pl.selectors.float()).to_numpy()
    assert np.isfinite(numbers).all()


@pytest.mark.realdata
def test_national_tables_balance_and_stay_balanced() -> None:
    for which in CONCORDANCE:
        table = china(which)
        assert not table.silent.any()
        assert table.leontief @ table.demand == pytest.approx(table.x, rel=1e-9)
        after = demand_shock(table.Z, table.x, {table.names[5]: 1e6}, table.names)
        assert after.imbalance() < 1e-9


@pytest.mark.realdata
def test_the_long_and_the_short_table_of_2017_agree_in_the_common_sectors() -> None:
    long, short = to_common(china("2017_149"), "2017_149"), to_common(china("2017_42"), "2017_42")
    gap = np.abs(long.x - short.x) / long.x.sum()
    told = {COMMON[i] for i in np.flatnonzero(gap > 1e-4)}
    assert told <= {
        *("通用专用设备", "仪器仪表办公机械"),  # office machinery
        *("其他制造与废品", "造纸印刷文教"),  # craft products
        *("卫生社会保障", "公共管理"),  # social security
    }
    assert gap.max() < 0.003


@pytest.mark.realdata
@pytest.mark.skipif(
    importlib.util.find_spec("pymrio") is None, reason="pymrio absent: 450 MiB, see benchmarks/linkage.py"
)
def test_equal_to_pymrio_where_both_compute() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        import pymrio

        table = china("2020_153")
        flows = pd.DataFrame(table.Z)
        a = pymrio.calc_A(flows, table.x)
        assert table.coefficients == pytest.approx(a.to_numpy(), abs=1e-14)
        total = pymrio.calc_L(a)
        assert np.abs(table.leontief - total.to_numpy()).max() < 1e-12
        pushed = pymrio.calc_G(pymrio.calc_B(flows, table.x), total, table.x).to_numpy().sum(1)
        found = linkages(table.Z, table.x)["ghosh_forward"].to_numpy()
        assert found == pytest.approx(pushed / pushed.mean(), rel=1e-9)
