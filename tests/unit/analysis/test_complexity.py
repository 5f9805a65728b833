"""Complexity: equal to the formulas as they are written, whatever way is taken to compute them."""

import importlib.util
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianpu.analysis import complexity as module
from lianpu.analysis.complexity import complexity, proximity
from support import lianpu_data

Floats = npt.NDArray[np.float64]


def cells(value: npt.ArrayLike, *, zeros: bool = False) -> pl.DataFrame:
    """A matrix places × activities as rows; absent pairs left out unless ``zeros``."""
    matrix = np.asarray(value, float)
    place, activity = np.indices(matrix.shape)
    frame = pl.DataFrame(
        {
            "place": [f"p{i:03d}" for i in place.ravel()],
            "activity": [f"a{i:03d}" for i in activity.ravel()],
            "value": matrix.ravel(),
        }
    )
    return frame if zeros else frame.filter(pl.col("value") > 0)


def matrix_of(frame: pl.DataFrame, column: str) -> Floats:
    n_places = frame["place"].n_unique()
    return np.asarray(frame[column].cast(pl.Float64).to_numpy()).reshape(n_places, -1)


def nested(places: int, activities: int, seed: int = 5) -> Floats:
    """Invented exports in which able places do rare and common things, as in real trade."""
    rng = np.random.default_rng(seed)
    able, hard = rng.beta(2, 4, places), rng.beta(2, 3, activities)
    there = rng.random((places, activities)) < 1 / (1 + np.exp(-9 * (able[:, None] - hard[None, :])))
    value = rng.lognormal(0, 1, (places, activities)) * there
    value[rng.integers(0, places, activities), np.arange(activities)] += 0.5
    value[np.arange(places), rng.integers(0, activities, places)] += 0.5
    return value


def as_written(made: Floats) -> dict[str, Floats]:
    """The formulas as the Growth Lab's package states them, one by one, by the plain unsymmetric eigenproblem."""
    d, u = made.sum(1), made.sum(0)
    values, vectors = np.linalg.eig((made / u).T @ (made / d[:, None]))
    pci = np.real(vectors[:, np.argsort(values.real)[-2]])
    eci = made @ pci / d
    sign = np.sign(np.corrcoef(d, eci)[0, 1])
    eci, pci = sign * eci, sign * pci
    phi = np.minimum(made.T @ made / u[None, :], made.T @ made / u[:, None])
    density = made @ phi / phi.sum(0)
    coi = (density * (1 - made) * pci).sum(1)
    cog = (1 - made) * ((1 - made) @ (phi * (pci / phi.sum(1))[:, None]))
    return {
        "eci": (eci - eci.mean()) / eci.std(),
        "pci": (pci - eci.mean()) / eci.std(),
        "coi": (coi - coi.mean()) / coi.std(),
        "cog": cog / eci.std(),
        "density": density,
        "proximity": phi,
    }


# --- closed cases -----------------------------------------------------------------------------------------------


def test_rca_is_the_share_in_the_place_over_the_share_in_the_whole() -> None:
    result = complexity(cells([[200, 800], [4800, 94_200]]))
    first = result.cells.row(0, named=True)
    assert first["rca"] == pytest.approx(200 / 1000 / (5000 / 100_000))
    assert first["mcp"] == 1


def test_a_ladder_of_places_is_ranked_by_what_only_the_able_can_make() -> None:
    ladder = np.tril(np.ones((6, 6)))  # place i makes activities 0..i
    result = complexity(cells(ladder, zeros=True), presence="given")
    assert result.places["eci"].is_sorted()
    assert result.activities["pci"].is_sorted()
    assert result.places["diversity"].to_list() == [1, 2, 3, 4, 5, 6]
    assert result.activities["ubiquity"].to_list() == [6, 5, 4, 3, 2, 1]
    assert result.notes == ()


def test_proximity_is_the_smaller_chance_of_making_one_given_the_other() -> None:
    made = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]], float)
    assert proximity(made) == pytest.approx(np.array([[1, 2 / 3, 0], [2 / 3, 1, 0], [0, 0, 0]]))


def test_density_is_the_share_of_the_proximities_that_the_place_has() -> None:
    made = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 0, 0]], float)
    result = complexity(cells(made, zeros=True), presence="given")
    phi = proximity(made)
    by_hand = (phi[2, 0] + phi[2, 1]) / phi[2].sum()  # place 0 lacks activity 2
    assert matrix_of(result.cells, "density")[0, 2] == pytest.approx(by_hand)
    without = complexity(cells(made, zeros=True), presence="given", own_proximity=False)
    assert matrix_of(without.cells, "density")[0, 2] == pytest.approx(1)


def test_eci_is_the_mean_pci_of_what_the_place_makes() -> None:
    result = complexity(cells(nested(20, 50)))
    made = matrix_of(result.cells, "mcp")
    mean = made @ result.activities["pci"].to_numpy() / made.sum(1)
    assert mean == pytest.approx(result.places["eci"].to_numpy())


def test_the_atlas_convention_follows_its_printed_formulas() -> None:
    result = complexity(cells(nested(15, 30)), convention="atlas")
    made, density = matrix_of(result.cells, "mcp"), matrix_of(result.cells, "density")
    pci, phi = result.activities["pci"].to_numpy(), result.proximity
    assert pci.mean() == pytest.approx(0)
    assert pci.std() == pytest.approx(1)
    assert result.places["coi"].to_numpy() == pytest.approx((density * (1 - made) * pci).sum(1))
    gain = (1 - made) * ((1 - made) * pci / phi.sum(0) @ phi - density * pci)
    assert matrix_of(result.cells, "cog") == pytest.approx(gain)


def test_every_pair_is_a_cell_whether_its_row_was_there_or_not() -> None:
    value = nested(12, 40)
    sparse, dense = complexity(cells(value)), complexity(cells(value, zeros=True))
    assert sparse.cells.height == 12 * 40
    assert sparse.cells.equals(dense.cells)


# --- equal to the formulas, by either way -----------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(30, 12), (12, 30), (10, 300)])
def test_equal_to_the_formulas_as_written(shape: tuple[int, int]) -> None:
    result = complexity(cells(nested(*shape)))
    expected = as_written(matrix_of(result.cells, "mcp"))
    assert result.places["eci"].to_numpy() == pytest.approx(expected["eci"], abs=1e-9)
    assert result.activities["pci"].to_numpy() == pytest.approx(expected["pci"], abs=1e-9)
    assert result.places["coi"].to_numpy() == pytest.approx(expected["coi"], abs=1e-9)
    assert matrix_of(result.cells, "density") == pytest.approx(expected["density"], abs=1e-12)
    assert matrix_of(result.cells, "cog") == pytest.approx(expected["cog"], abs=1e-9)
    assert result.proximity == pytest.approx(expected["proximity"], abs=1e-12)


def test_the_iterative_eigenvector_is_that_of_the_full_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = cells(nested(60, 90))
    full = complexity(frame)
    monkeypatch.setattr(module, "DENSE_EIGEN", 10)
    again = complexity(frame)
    assert again.places["eci"].to_numpy() == pytest.approx(full.places["eci"].to_numpy(), abs=1e-10)
    assert again.activities["pci"].to_numpy() == pytest.approx(full.activities["pci"].to_numpy(), abs=1e-10)


matrices = st.tuples(st.integers(2, 5), st.integers(2, 25), st.integers(0, 10_000))


@settings(deadline=None, max_examples=60)
@given(matrices, st.booleans())
def test_products_with_proximity_are_the_same_formed_or_carried(shape: tuple[int, int, int], own: bool) -> None:
    places, activities, seed = shape
    rng = np.random.default_rng(seed)
    made = (rng.random((places, activities)) < 0.4).astype(float)
    left = rng.normal(size=made.shape)
    formed = module._Proximities(made, made.sum(0), own)
    formed.formed = proximity(made)
    carried = module._Proximities(made, made.sum(0), own)
    carried.formed, carried.BLOCK = None, 4
    assert carried.sums() == pytest.approx(formed.sums(), abs=1e-12)
    for one, other in zip(carried.weigh(left, made), formed.weigh(left, made), strict=True):
        assert one == pytest.approx(other, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.01, 1000))
def test_neither_the_unit_nor_the_order_of_rows_matters(seed: int, unit: float) -> None:
    frame = cells(nested(8, 15, seed))
    scaled = frame.with_columns(pl.col("value") * 2.0 ** round(np.log2(unit))).sample(
        fraction=1, shuffle=True, seed=seed
    )
    one, other = complexity(frame), complexity(scaled)
    assert one.places.drop("value").equals(other.places.drop("value"))
    assert one.cells.drop("value").equals(other.cells.drop("value"))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_nothing_is_ever_nan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    value = rng.integers(0, 3, (rng.integers(1, 6), rng.integers(1, 6))).astype(float)
    value[0, 0] = 1
    for convention in ("ecomplexity", "atlas"):
        result = complexity(cells(value, zeros=True), convention=convention, threshold=float(rng.choice([1.0, 1.5])))
        for frame in (result.cells, result.places, result.activities):
            assert not frame.select(pl.any_horizontal(pl.selectors.float().is_nan().any())).item()


# --- what the data does not decide ------------------------------------------------------------------------------


def test_places_and_activities_without_value_are_kept_and_left_null() -> None:
    value = nested(10, 20)
    more = np.zeros((11, 21))
    more[:10, :20] = value
    inner, outer = complexity(cells(value)), complexity(cells(more, zeros=True))
    assert outer.places.row(10)[2:] == (None, None, None)
    assert outer.activities.row(20)[2:] == (None, None)
    common = (pl.col("place") != "p010") & (pl.col("activity") != "a020")
    assert outer.cells.filter(common).equals(inner.cells)
    assert outer.cells.filter(~common)["density"].null_count() == 11 + 20
    assert outer.proximity[20].sum() == 0


def test_parts_that_share_nothing_cannot_be_compared_and_it_is_said() -> None:
    made = np.zeros((7, 7))
    made[:6, :6] = np.tril(np.ones((6, 6)))
    made[6, 6] = 1
    result = complexity(cells(made, zeros=True), presence="given")
    assert result.places["eci"].is_null().to_list() == [False] * 6 + [True]
    assert result.activities["pci"].is_null().to_list() == [False] * 6 + [True]
    assert result.cells["density"].null_count() == 0
    assert "2 块" in result.notes[0]
    alone = complexity(cells(made[:6, :6], zeros=True), presence="given")
    assert result.places["eci"][:6].to_numpy() == pytest.approx(alone.places["eci"].to_numpy())


def test_identical_places_have_no_index_rather_than_noise() -> None:
    result = complexity(cells([[1, 2, 3], [2, 4, 6], [1, 2, 3]]))
    assert result.places["eci"].null_count() == 3
    assert result.places["diversity"].null_count() == 0
    assert result.notes


def test_missing_numbers_count_nothing_and_are_told() -> None:
    frame = cells(nested(8, 12))
    holed = pl.concat(
        [frame, pl.DataFrame({"place": ["p000"], "activity": ["zz"], "value": [None]}, schema=frame.schema)]
    )
    result = complexity(holed)
    assert "1 行没有数值" in result.notes[0]
    assert result.cells.filter(pl.col("activity") != "zz").equals(complexity(frame).cells)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop("value"), "缺少列 value"),
        (lambda f: f.with_columns(value=-pl.col("value")), "负数"),
        (lambda f: f.with_columns(value=pl.lit(float("inf"))), "无穷大"),
        (lambda f: f.with_columns(value=pl.lit(0)), "没有任何大于 0"),
        (lambda f: f.clear(), "没有任何大于 0"),
        (lambda f: pl.concat([f, f.head(1)]), "多行"),
        (lambda f: f.with_columns(value=pl.lit("1,200")), "应为数字"),
        (lambda f: f.with_columns(place=pl.lit(None, pl.String)), "为空"),
    ],
)
def test_a_frame_that_cannot_be_computed_is_refused_with_the_reason(change: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        complexity(change(cells(nested(5, 6))))


def test_wrong_options_are_refused() -> None:
    frame = cells(nested(5, 6))
    with pytest.raises(ValueError, match="只能是 0 或 1"):
        complexity(frame, presence="given")
    with pytest.raises(ValueError, match="convention"):
        complexity(frame, convention="hidalgo")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threshold"):
        complexity(frame, threshold=0)


# --- real data --------------------------------------------------------------------------------------------------


def trade() -> pl.DataFrame:
    frame = pl.read_parquet(lianpu_data() / "trade" / "world_trade_1998_2000.parquet")
    return frame.rename({"country": "place", "product": "activity"})


@pytest.mark.realdata
def test_world_trade_is_equal_to_the_formulas_as_written() -> None:
    result = complexity(trade())
    assert (result.places.height, result.activities.height, result.notes) == (226, 785, ())
    expected = as_written(matrix_of(result.cells, "mcp"))
    for name, frame in (("eci", result.places), ("pci", result.activities), ("coi", result.places)):
        assert np.abs(frame[name].to_numpy() - expected[name]).max() < 1e-9
    for name in ("density", "cog"):
        assert np.abs(matrix_of(result.cells, name) - expected[name]).max() < 1e-9


@pytest.mark.realdata
@pytest.mark.skipif(
    importlib.util.find_spec("ecomplexity") is None, reason="ecomplexity absent: scripts/bootstrap dev installs it"
)
def test_world_trade_is_equal_to_the_growth_labs_package() -> None:
    frame = trade()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from ecomplexity import ecomplexity

        table = pd.DataFrame({**frame.to_dict(as_series=False), "year": 2000})
        names = {"time": "year", "loc": "place", "prod": "activity", "val": "value"}
        peer = ecomplexity(table, names, verbose=False, check_logsupermodularity=False)
    columns = ["rca", "mcp", "eci", "pci", "density", "coi", "cog"]
    theirs = peer.sort_values(["place", "activity"])
    ours = complexity(frame).cells
    assert theirs["place"].tolist() == ours["place"].to_list()
    assert theirs["activity"].tolist() == ours["activity"].to_list()
    for column in columns:
        assert np.abs(theirs[column].to_numpy() - ours[column].to_numpy()).max() < 1e-9, column
