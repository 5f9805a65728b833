"""How many firms each segment has in the sample nation and in the sample city.

The nation's counts follow a rule from what the map says of a segment (role that fills it, IO sector, stage, key or not) and
a seeded scatter. The city's counts follow from them and from the level that ``data/profile.yaml`` gives the segment, so
that location quotients make sense.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lianpu.chains.maps import ChainMap, SegmentRow
from lianpu.demo.words import stream, table

CITY_FIRMS, NATION_FIRMS = 5_000, 60_000
ON_CHAINS = 0.65
"""Share of firms that stand on some segment; the others are builders, hotels, shops and so on."""

LEVELS = ("strong", "balanced", "weak", "single")
_ROLE = {"makes": 1.0, "serves": 1.7, "researches": 1.2, "trades": 4.5}
_STAGE = {"upstream": 0.8, "midstream": 1.0, "downstream": 1.15, "support": 0.9}
# Firms a segment are fewer where plants are large (refining, smelting, power) and more in food, clothing and building.
_SECTOR = {
    "01": 1.3,
    "02": 0.5,
    "03": 0.4,
    "04": 0.5,
    "05": 0.9,
    "06": 1.4,
    "08": 1.3,
    "10": 1.2,
    "11": 0.5,
    "14": 0.6,
    "18": 0.7,
}
_SECTOR |= {"24": 0.6, "25": 0.5, "26": 0.6, "27": 1.6, "31": 1.6, "30": 3.0}
_CHAIN = {"YC": 0.2, "QN": 0.25}
_FEW_LARGE = 0.3
# The target quotient of a level, drawn evenly between the two.
_QUOTIENT = {"strong": (1.8, 3.2), "balanced": (0.85, 1.1), "weak": (0.3, 0.7), "single": (0.0, 0.0)}
_ABOVE = {"strong": 0.4, "balanced": 0.3, "weak": 0.12, "single": 0.4}


@dataclass(frozen=True)
class SegmentPlan:
    """One segment that the city has: how many firms fill it, and how many of these are above-scale."""

    leaf: SegmentRow
    level: str
    firms: int
    above: int


def nation_counts(maps: Sequence[ChainMap]) -> dict[str, int]:
    """Firms of the sample nation that fill each segment."""
    weights, few = {}, set(_codes(table("profile")["few_large"]))
    for leaf in (leaf for one in maps for leaf in one.leaves):
        weight = (
            _ROLE[leaf.filled_by] * _STAGE[leaf.stage] * _SECTOR.get(leaf.io_sector, 1.0) * _CHAIN.get(leaf.chain, 1.0)
        )
        weight *= _FEW_LARGE if leaf.code in few else 1.0
        weights[leaf.code] = (
            weight * (1.15 if leaf.is_key else 1.0) * stream("nation", leaf.code).lognormvariate(0, 0.4)
        )
    scale = NATION_FIRMS * ON_CHAINS / sum(weights.values())
    return {code: max(2, round(weight * scale)) for code, weight in weights.items()}


def levels(maps: Sequence[ChainMap]) -> dict[str, str]:
    """Segment code → level; ``ValueError`` where the profile names a segment that the maps do not have, or one twice."""
    found: dict[str, str] = {}
    known = {leaf.code for one in maps for leaf in one.leaves}
    for level, lines in table("profile")["levels"].items():
        for code in _codes(lines):
            if code not in known or code in found:
                raise ValueError(f"profile.yaml: {level} {code} is no segment of the maps, or stands twice")
            found[code] = level
    return found


def _codes(lines: Mapping[str, object]) -> list[str]:
    """``{"SH": "1201 2101"}`` → ["SH-1201", "SH-2101"]."""
    return [f"{chain}-{number}" for chain, text in lines.items() for number in str(text).split()]


def city_plan(maps: Sequence[ChainMap], nation: Mapping[str, int]) -> list[SegmentPlan]:
    """The segments that the city has, in the order of the maps. Those not named in the profile have no firm."""
    level_of = levels(maps)
    ratio = CITY_FIRMS * ON_CHAINS / sum(nation.values())
    plans = []
    for leaf in (leaf for one in maps for leaf in one.leaves if leaf.code in level_of):
        level, chance, expected = level_of[leaf.code], stream("plan", leaf.code), nation[leaf.code] * ratio
        firms = max(1, round(expected * chance.uniform(*_QUOTIENT[level])))
        if level == "strong":
            firms = max(firms, 2)
        above = round(firms * _ABOVE[level] + chance.uniform(-0.3, 0.3))
        if level in ("strong", "balanced"):
            above = max(above, 1)
        plans.append(SegmentPlan(leaf, level, firms, min(above, firms)))
    return plans
