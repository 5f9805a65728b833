"""From lexical strength to confidence: how often a careful reader agrees with a pair of firm and segment.

A logistic function of a few facts about the pair, fitted to firms marked by hand (``docs/methods/placement.md``). It only
speaks where no labels have taught a text model.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from lianpu.analysis.placement import names
from lianpu.analysis.placement.lexicon import MAKES, RESEARCHES, SERVES, TRADES
from lianpu.analysis.placement.matching import NAME, Evidence

#: Facts about a pair with their weights, fitted to the 287 firms of the development marks (ridge 2, log odds).
FACTS: dict[str, float] = {
    "always": 0.25,
    "log odds of the lexical strength": 0.31,
    "the same below -1": 0.47,
    "makes": -0.29,
    "serves": -0.59,
    "researches": -0.51,
    "the role that fills the segment": 1.85,
    "log of the segments told of the firm": -0.50,
    "log of the place among them by first mention": -0.59,
    "segments × makes": 0.53,
    "place × makes": -0.30,
    "in the name": 0.13,
    "nowhere stated": -0.12,
    "log of mentions": 0.44,
    "length of the longest term": -0.04,
    "a name outside the chains, trading": -0.51,
    "a name outside the chains, doing otherwise": -0.22,
    "every term also speaks for another segment": -0.04,
}

_MOST_OVER_STRENGTH = 1.6


def facts(found: Evidence, fills: np.ndarray, firm_names: pl.Series) -> np.ndarray:
    """(pairs, facts) in the order of :data:`FACTS`."""
    pairs = len(found.pair_row)
    if not pairs:
        return np.zeros((0, len(FACTS)))
    chance = np.clip(found.score, 1e-3, 0.999)
    odds = np.log(chance / (1 - chance))
    serious = np.bincount(found.pair_row, found.score > 0.3)[found.pair_row]
    opens = np.flatnonzero(np.append(True, np.diff(found.group) > 0))
    place = np.minimum.reduceat(np.where(found.source == NAME, 1 << 20, found.start), opens).astype(np.float64)
    # 0 for the segment whose evidence stands first in the scope, 1 for the next …
    order = np.lexsort((place, found.pair_row))
    number = np.empty(pairs, dtype=np.int64)
    number[order] = np.arange(pairs)
    firsts = np.flatnonzero(np.append(True, np.diff(found.pair_row) > 0))
    before = number - np.repeat(firsts, np.diff(np.append(firsts, pairs)))
    length = np.maximum.reduceat(found.end - found.start, opens)
    mentions = np.bincount(found.group, minlength=pairs)
    named = np.bitwise_or.reduceat((found.source == NAME).astype(np.uint8), opens)
    unstated = ~np.logical_or.reduceat(found.stated & (found.roles > 0), opens)
    outside = names.outside(firm_names.gather(found.pair_row).fill_null(""))
    span = (found.row << 33) | (found.start << 21) | (found.end << 1) | (found.source == NAME)
    _, same, rivals = np.unique(span, return_inverse=True, return_counts=True)
    rivalled = np.minimum.reduceat(rivals[same], opens) > 1
    makes, trades = found.role == MAKES, found.role == TRADES
    spread, late = np.log(np.maximum(serious, 1)), np.log1p(before)
    return np.column_stack(
        [
            np.ones(pairs),
            odds,
            np.minimum(odds + 1.0, 0.0),
            makes,
            found.role == SERVES,
            found.role == RESEARCHES,
            found.role == fills[found.pair_code],
            spread,
            late,
            spread * makes,
            late * makes,
            named,
            unstated,
            np.log(mentions),
            np.minimum(length, 8),
            outside & trades,
            outside & ~trades,
            rivalled,
        ]
    ).astype(np.float64)


def confidence(found: Evidence, fills: np.ndarray, firm_names: pl.Series) -> np.ndarray:
    """Chance that each pair, in the role found, is one that a careful reader would name (0 where nothing speaks)."""
    # summed row by row: a firm gets the same bits alone and in company
    level = (facts(found, fills, firm_names) * np.array(list(FACTS.values()))).sum(axis=1)
    # few of the marked firms rest on weak evidence alone, so what the grammar thinks little of stays below this
    return np.asarray(np.minimum(1 / (1 + np.exp(-level)), _MOST_OVER_STRENGTH * found.score))
