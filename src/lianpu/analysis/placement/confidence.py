"""From lexical strength to confidence: how often a careful reader agrees with a pair of firm and segment.

A logistic function of a few facts about the pair, and of what the readers' marks say of the segment itself in that role
(:mod:`learned`, fitted by ``benchmarks/placement_confidence.py``; ``docs/methods/placement.md``). It only speaks where no
labels have taught a text model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from lianpu.analysis.placement import names
from lianpu.analysis.placement.learned import LEANINGS, WEIGHTS
from lianpu.analysis.placement.lexicon import MAKES, RESEARCHES, ROLES, SERVES, TRADES
from lianpu.analysis.placement.matching import NAME, Evidence, Matcher

#: Facts about a pair, in the order of :func:`facts`.
FACTS = (
    "always",
    "log odds of the lexical strength",
    "the same below -1",
    "makes",
    "serves",
    "researches",
    "the role that fills the segment",
    "trade in what a maker's segment makes",
    "log of the segments told of the firm",
    "log of the place among them by first mention",
    "segments × makes",
    "place × makes",
    "in the name alone",
    "in name and scope",
    "nowhere stated",
    "a name outside the chains, trading",
    "a name outside the chains, serving",
    "every term also speaks for another segment",
    "the same, making",
    "making that no word states, under a name that is no works'",
    "making whose word stands far off",
    "trade in goods of one kind only, by the words before",
    "no term longer than two characters",
    "log odds of the lexical strength × serves",
    "trade of what is serviced or studied too",
    "log of the segments of the same group",
)

MOST_OVER_STRENGTH = 2.5


def leanings(codes: Sequence[str]) -> np.ndarray:
    """(codes, roles) log odds that readers add for a segment in a role; 0 for codes they have not met."""
    table = np.zeros((len(codes), len(ROLES)))
    number = {code: place for place, code in enumerate(codes)}
    for place, role in enumerate(ROLES):
        for entry in LEANINGS[role].split():
            code, _, value = entry.partition(":")
            if code in number:
                table[number[code], place] = float(value)
    return table


def facts(found: Evidence, matcher: Matcher, firm_names: pl.Series) -> np.ndarray:
    """(pairs, facts) in the order of :data:`FACTS`."""
    pairs = len(found.pair_row)
    if not pairs:
        return np.zeros((0, len(FACTS)))
    fills = matcher.fills[found.pair_code]
    chance = np.clip(found.score, 1e-3, 0.999)
    odds = np.log(chance / (1 - chance))
    serious = np.bincount(found.pair_row, found.score > 0.3)[found.pair_row]
    opens = np.flatnonzero(np.append(True, np.diff(found.group) > 0))
    by_name = found.source == NAME
    place = np.minimum.reduceat(np.where(by_name, 1 << 20, found.start), opens).astype(np.float64)
    # 0 for the segment whose evidence stands first in the scope, 1 for the next …
    order = np.lexsort((place, found.pair_row))
    number = np.empty(pairs, dtype=np.int64)
    number[order] = np.arange(pairs)
    firsts = np.flatnonzero(np.append(True, np.diff(found.pair_row) > 0))
    before = number - np.repeat(firsts, np.diff(np.append(firsts, pairs)))
    length = np.maximum.reduceat(found.end - found.start, opens)
    named, written = np.logical_or.reduceat(by_name, opens), np.logical_or.reduceat(~by_name, opens)
    # 0 up to ten words and marks from the nearest activity, 1 from 27 on
    reach = np.minimum.reduceat(np.where(by_name, 1 << 10, found.reach), opens)
    far = written * np.clip(np.log(np.maximum(reach, 1) / 10), 0.0, 1.0)
    modified = np.logical_and.reduceat(by_name | found.modified, opens) & written
    unstated = ~np.logical_or.reduceat(found.stated & (found.roles > 0), opens)
    called = firm_names.gather(found.pair_row).fill_null("")
    outside, works = names.outside(called), names.works(called)
    span = (found.row << 33) | (found.start << 21) | (found.end << 1) | by_name
    _, same, rivals = np.unique(span, return_inverse=True, return_counts=True)
    rivalled = np.minimum.reduceat(rivals[same], opens) > 1
    makes, trades = found.role == MAKES, found.role == TRADES
    serviced = np.logical_or.reduceat(found.stated & (found.roles & (SERVES | RESEARCHES) > 0), opens)
    _, group, many = np.unique(
        found.pair_row * len(matcher.group) + matcher.group[found.pair_code], return_inverse=True, return_counts=True
    )
    spread, late = np.log(np.maximum(serious, 1)), np.log1p(before)
    return np.column_stack(
        [
            np.ones(pairs),
            odds,
            np.minimum(odds + 1.0, 0.0),
            makes,
            found.role == SERVES,
            found.role == RESEARCHES,
            found.role == fills,
            trades & (fills == MAKES),
            spread,
            late,
            spread * makes,
            late * makes,
            named & ~written,
            named & written,
            unstated,
            outside & trades,
            outside & (found.role == SERVES),
            rivalled,
            rivalled & makes,
            unstated & makes & ~works,
            far * makes,
            modified & trades,
            length == 2,
            odds * (found.role == SERVES),
            serviced & trades,
            np.log(many[group]),
        ]
    ).astype(np.float64)


def confidence(found: Evidence, matcher: Matcher, firm_names: pl.Series) -> np.ndarray:
    """Chance that each pair, in the role found, is one that a careful reader would name (0 where nothing speaks)."""
    # summed row by row: a firm gets the same bits alone and in company
    level = (facts(found, matcher, firm_names) * np.array([WEIGHTS[fact] for fact in FACTS])).sum(axis=1)
    level += matcher.leaning[found.pair_code, np.log2(np.maximum(found.role, 1)).astype(np.int64)]
    # few of the marked firms rest on weak evidence alone, so what the grammar thinks little of stays below this
    return np.asarray(np.minimum(1 / (1 + np.exp(-level)), MOST_OVER_STRENGTH * found.score))
