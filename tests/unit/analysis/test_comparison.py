"""Two cities beside each other, one city beside its past, and who is like whom."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest
from tests.unit.analysis.test_health import FLOWS, REFERENCE, SCHEMA, SEGMENTS, firm

from lianpu.analysis.comparison import at_size, compare_health, compare_segments, lacking, peers, standing
from lianpu.analysis.diagnosis import diagnose_many
from lianpu.analysis.health import health


def city(place: str, **counts: int) -> list[dict[str, object]]:
    return [firm(f"{place}{code}{i}", code, place=place) for code, n in counts.items() for i in range(n)]


ROWS = [
    *city("兰州", ethylene=30, styrene=10),
    *city("大庆", ethylene=60, styrene=20),
    *city("温州", plastic=50, ethylene=1),
]
FIRMS = pl.DataFrame(ROWS, schema=SCHEMA)
STATES = diagnose_many(SEGMENTS, FLOWS, FIRMS, REFERENCE).states


def side(place: str) -> pl.DataFrame:
    return STATES.filter(pl.col("place") == place)


def by_segment(frame: pl.DataFrame) -> Mapping[str, dict[str, Any]]:
    return {row["segment"]: row for row in frame.iter_rows(named=True)}


def test_two_cities_of_the_same_mix_differ_in_nothing() -> None:
    rows = by_segment(compare_segments(side("兰州"), side("大庆")))
    assert rows["ethylene"]["ratio"] == pytest.approx(1)
    assert not rows["ethylene"]["sure"]
    assert (rows["ethylene"]["n_here"], rows["ethylene"]["base_there"]) == (30, 80)
    assert rows["abs"]["ratio"] is None
    assert rows["abs"]["step"] == 0


def test_what_differs_by_more_than_chance_is_sure_and_turns_round_with_the_sides() -> None:
    ours, theirs = (by_segment(compare_segments(side(a), side(b))) for a, b in (("兰州", "温州"), ("温州", "兰州")))
    assert ours["ethylene"]["sure"]
    assert theirs["ethylene"]["sure"]
    assert ours["ethylene"]["ratio"] == pytest.approx((30 / 40) / (1 / 51))
    assert ours["plastic"]["state_here"] == "missing"
    assert ours["plastic"]["step"] == -theirs["plastic"]["step"]


def test_a_city_beside_its_past_tells_gained_and_lost_segments() -> None:
    before = pl.DataFrame(city("兰州", ethylene=30, abs=2), schema=SCHEMA)
    now, then = (health(SEGMENTS, FLOWS, frame, REFERENCE, places=["兰州"]) for frame in (FIRMS, before))
    row = compare_health(now, then).row(by_predicate=pl.col("measure") == "completeness", named=True)
    assert (row["gained"], row["lost"], row["difference"]) == (["styrene"], ["abs"], 0)
    titles = compare_health(now, then).row(by_predicate=pl.col("measure") == "innovation_titles", named=True)
    assert (titles["difference"], titles["reason_here"]) == (None, "no_titles")


def test_peers_are_those_of_like_mix_whatever_their_size() -> None:
    found = peers(STATES, "兰州")
    assert found["other"].to_list() == ["大庆", "温州"]
    first = found.row(0, named=True)
    assert first["cosine"] == pytest.approx(1)
    assert first["krugman"] == pytest.approx(0)
    assert (first["common"], first["size_ratio"], first["size_rank"]) == (2, 2, 2)
    assert found.row(1, named=True)["cosine"] == pytest.approx(30 / ((30**2 + 10**2) * (50**2 + 1)) ** 0.5)


def test_places_of_few_firms_are_nobodys_peers() -> None:
    assert peers(STATES, "兰州", least=60)["other"].to_list() == ["大庆"]
    with pytest.raises(ValueError, match="lower least"):
        peers(STATES, "兰州", least=1000)


def test_what_peers_have_and_we_lack_names_who_has_it() -> None:
    row = lacking(STATES, "兰州", ["大庆", "温州"]).row(0, named=True)
    assert (row["segment"], row["have"], row["asked"], row["who"], row["firms"]) == ("plastic", 1, 2, ["温州"], 50)
    with pytest.raises(ValueError, match="武汉"):
        lacking(STATES, "兰州", ["武汉"])


def test_states_of_two_places_are_not_one_side() -> None:
    with pytest.raises(ValueError, match="one place, not of 3"):
        compare_segments(STATES, side("兰州"))


def test_a_place_stands_among_the_others_by_its_rate_and_equal_ones_share_the_better_rank() -> None:
    figures = health(SEGMENTS, FLOWS, FIRMS, REFERENCE)
    rows = {row["measure"]: row for row in standing(figures, "温州").iter_rows(named=True)}
    rates = dict(figures.filter(pl.col("measure") == "completeness").select("place", "rate").iter_rows())
    assert rates["兰州"] == rates["大庆"] == rates["温州"]
    assert (rows["completeness"]["rank"], rows["completeness"]["of"], rows["completeness"]["difference"]) == (1, 3, 0)
    assert (rows["innovation_titles"]["rank"], rows["innovation_titles"]["of"]) == (None, 0)


def test_at_the_size_of_the_smaller_the_larger_place_fills_what_a_random_part_of_it_would() -> None:
    cells = pl.DataFrame(
        {
            "place": ["大", "大", "小", "小"],
            "chain": ["c"] * 4,
            "segment": ["a", "b"] * 2,
            "n": [1, 3, 2, 0],
            "base": [4, 4, 2, 2],
        }
    )
    found = {row["place"]: row["filled"] for row in at_size(cells, 2).iter_rows(named=True)}
    # of 4 firms 2 are drawn: the one maker of a is among them in 3 of 6 draws, one of the three of b always
    assert found == pytest.approx({"大": 0.5 + 1, "小": 1})
    assert at_size(cells, 3)["filled"].to_list() == [pytest.approx(0.75 + 1), None]
    with pytest.raises(ValueError, match="at least one firm"):
        at_size(cells, 0)
