"""Which segments a place will enter: behaviour on made worlds, and the back-test on the registry."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianpu.analysis.entry import PARTS, EntryModel, held_back

PLACES, SEGMENTS = 60, 24


def world(seed: int, *, related: float = 2.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Places of two kinds; segments 0–11 belong to the first kind, 12–23 to the second, and come where they belong."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, PLACES)
    size = rng.normal(0, 0.5, PLACES)
    common = rng.normal(0, 0.5, SEGMENTS)
    belongs = (np.arange(SEGMENTS) >= SEGMENTS // 2) == kind[:, None]
    level = size[:, None] + common + related * (belongs - 0.5)
    before = rng.poisson(np.exp(level))
    after = rng.poisson(np.exp(level - 0.7))
    return frame(before), frame(after)


def frame(table: np.ndarray) -> pl.DataFrame:
    row, column = np.nonzero(table)
    return pl.DataFrame(
        {
            "place": [f"P{number:02}" for number in row],
            "segment": [f"S{number:02}" for number in column],
            "value": table[row, column].astype(float),
        }
    )


def kind_of(segment: str) -> bool:
    return int(segment[1:]) >= SEGMENTS // 2


def test_a_place_enters_what_goes_with_what_it_has() -> None:
    before, after = world(1)
    now = pl.DataFrame({"place": ["new"] * 4, "segment": ["S00", "S01", "S02", "S03"], "value": [3.0] * 4})
    scored = EntryModel.fit(before, after).score(now)
    first_kind = scored.filter(~pl.col("segment").map_elements(kind_of, return_dtype=pl.Boolean))
    other_kind = scored.filter(pl.col("segment").map_elements(kind_of, return_dtype=pl.Boolean))
    assert first_kind["probability"].mean() > 1.5 * other_kind["probability"].mean()


def test_only_absent_pairs_of_known_segments_are_scored_each_once() -> None:
    before, after = world(2)
    now = pl.DataFrame({"place": ["new", "new", "b"], "segment": ["S00", "unheard of", "S05"], "value": [1, 2, 3]})
    scored = EntryModel.fit(before, after).score(now)
    pairs = set(scored.select("place", "segment").iter_rows())
    assert len(pairs) == scored.height == 2 * (SEGMENTS - 1)
    assert ("new", "S00") not in pairs
    assert ("b", "S05") not in pairs
    assert scored["probability"].is_between(0, 1, closed="none").all()


def test_after_may_hold_what_came_or_all_that_stood() -> None:
    before, after = world(3)
    both = pl.concat([before, after]).group_by("place", "segment").agg(pl.col("value").sum())
    only_new = after.join(before, on=["place", "segment"], how="anti")
    pairs = [
        {(place, segment) for place, segment, _ in EntryModel.fit(before, what).score(before).iter_rows()}
        for what in (after, both, only_new)
    ]
    assert pairs[0] == pairs[1] == pairs[2]


def test_probabilities_are_right_on_average() -> None:
    before, after = world(4)
    scored = EntryModel.fit(before, after).score(before)
    came = after.select("place", "segment", came=pl.lit(True))
    told = scored.join(came, on=["place", "segment"], how="left").with_columns(pl.col("came").fill_null(False))
    assert told["probability"].mean() == pytest.approx(told["came"].mean(), abs=0.03)


def test_parts_and_base_add_up_to_the_logit() -> None:
    before, after = world(5)
    groups = pl.DataFrame({"segment": [f"S{n:02}" for n in range(SEGMENTS)], "group": ["a", "b"] * (SEGMENTS // 2)})
    flows = pl.DataFrame({"source": ["S00", "S01"], "target": ["S05", "S06"], "weight": [3.0, 1.0]})
    model = EntryModel.fit(before, after, segments=groups, flows=flows)
    told = model.explain(before)
    logit = (pl.col("probability") / (1 - pl.col("probability"))).log()
    gap = told.select((pl.sum_horizontal("base", *PARTS) - logit).abs().max()).item()
    assert gap < 1e-9
    assert told.select("place", "segment", "probability").equals(model.score(before))


@given(seed=st.integers(0, 50), order=st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_neither_the_order_of_rows_nor_split_rows_change_a_bit(seed: int, order: object) -> None:
    before, after = world(seed)
    places = list(range(before.height))
    order.shuffle(places)  # type: ignore[attr-defined]
    halves = before[places].with_columns(pl.col("value") / 2)
    one = EntryModel.fit(before, after).score(before)
    other = EntryModel.fit(pl.concat([halves, halves]), after).score(pl.concat([halves, halves]))
    assert one.equals(other)


def test_a_region_is_read_from_codes_and_names_and_may_be_given() -> None:
    before, after = world(6)
    rng = np.random.default_rng(0)
    province = {
        f"P{n:02}": str(rng.choice(["甘肃", "青海", "宁夏", "陕西", "四川", "重庆", "云南", "贵州", "西藏"]))
        for n in range(PLACES)
    }

    def named(table: pl.DataFrame) -> pl.DataFrame:
        return table.with_columns(pl.col("place").replace_strict(province) + pl.col("place"))

    told = EntryModel.fit(named(before), named(after)).score(named(before))
    side = pl.DataFrame({"place": list(province), "parent": list(province.values())})
    given_ = EntryModel.fit(before, after, places=side).score(before, places=side)
    merged = told.with_columns(pl.col("place").str.slice(2)).join(given_, on=["place", "segment"])
    assert merged.height == given_.height
    assert merged.select((pl.col("probability") - pl.col("probability_right")).abs().max()).item() < 0.05


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (world(0)[0].drop("value"), world(0)[1], "value"),
        (world(0)[0].filter(pl.col("place") < "P05"), world(0)[1], "at least 16"),
        (world(0)[0], world(0)[1].clear(), "no absent pair was entered"),
        (world(0)[0].with_columns(value=pl.lit(float("nan"))), world(0)[1], "not finite"),
    ],
)
def test_what_cannot_be_learned_from_is_said(before: pl.DataFrame, after: pl.DataFrame, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EntryModel.fit(before, after)


def test_numbers_as_names_come_back_as_numbers() -> None:
    before, after = world(7)
    numbered = [
        table.with_columns(pl.col("place").str.slice(1).cast(pl.Int64), pl.col("segment").str.slice(1).cast(pl.Int64))
        for table in (before, after)
    ]
    scored = EntryModel.fit(*numbered).score(numbered[0])
    assert scored.schema["place"] == scored.schema["segment"] == pl.Int64


def test_a_model_that_was_saved_says_the_same(tmp_path: Path) -> None:
    before, after = world(11)
    groups = pl.DataFrame({"segment": [f"S{n:02}" for n in range(SEGMENTS)], "group": ["a", "b"] * (SEGMENTS // 2)})
    flows = pl.DataFrame({"source": ["S00"], "target": ["S01"], "weight": [2.0]})
    for side in ({}, {"segments": groups, "flows": flows}):
        model = EntryModel.fit(before, after, **side)
        model.save(tmp_path / "model.entry")
        assert EntryModel.load(tmp_path / "model.entry").explain(before).equals(model.explain(before))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.entry"
    file.write_bytes(b"no model")
    with pytest.raises(ValueError, match="不是进入概率模型文件"):
        EntryModel.load(file)


def test_a_segment_that_no_place_had_is_told_as_a_rare_one() -> None:
    before, after = world(12)
    groups = pl.DataFrame({"segment": [*(f"S{n:02}" for n in range(SEGMENTS)), "hydrogen"], "group": ["a"] * 25})
    scored = EntryModel.fit(before, after, segments=groups).score(before)
    told = scored.filter(segment="hydrogen")["probability"]
    assert len(told) == before["place"].n_unique()
    assert 0 < told.max() < scored["probability"].mean()


def test_held_back_places_are_told_better_than_by_chance_and_right_on_average() -> None:
    before, after = world(13)
    checked = held_back(before, after)
    assert checked.auc > 0.6
    assert checked.told == pytest.approx(checked.entered, abs=0.05)
    strangers = after.with_columns(segment=pl.col("segment").shuffle(seed=1)).unique(["place", "segment"])
    assert held_back(before, strangers).auc < checked.auc
