"""Which findings keep their place at the top of their chain whatever the exact weights."""

import numpy as np
import numpy.typing as npt
import polars as pl

from lianpu.analysis.coverage import check_columns
from lianpu.analysis.diagnosis.rules import INFORMED, KINDS, PARTS

TOP, CHANGE = 3, 0.2
TURN = pl.Struct({"kind": pl.String, "part": pl.String, "change": pl.Float64, "rank": pl.Int64})
_AXES = [(kind, part) for kind in KINDS for part in dict.fromkeys((*PARTS[kind], *INFORMED.get(kind, ())))]


def sensitivity(findings: pl.DataFrame, *, top: int = TOP, change: float = CHANGE) -> pl.DataFrame:
    """Does a finding leave or enter the first ``top`` of its chain when one weight moves by ±``change``?

    ``findings`` of a :class:`Diagnosis`. Every weight of every kind is raised and lowered by the share ``change``, one
    at a time, the others of its kind rescaled so that they sum to 1 again. As the score is linear in the weights, the
    new one is (score ± change × weight × part) / (1 ± change × weight): no need to diagnose anew.

    Returns, in the same order, (place, chain, segment, kind, rank, best, worst, in_top, flips, turns): the range of
    the rank over all these changes, whether membership of the first ``top`` changes, and the changes that do it, each
    as (kind, part, change, rank): whose weight, by which share (−0.2 or 0.2), and the rank that the finding then has.
    """
    check_columns(findings, ("place", "chain", "segment", "kind", "rank", "score", "parts"), "findings")
    if top < 1 or not 0 <= change < 1:
        raise ValueError(f"top must be ≥ 1 and change lie in 0..1 (1 excluded), not {top}, {change}")
    scores = _scores_under_changes(findings, change)
    rank = findings["rank"].to_numpy()
    ranks = np.empty(scores.shape, np.int64)
    sizes = findings.group_by("place", "chain", maintain_order=True).len()["len"].to_list()
    start = 0
    for size in sizes:
        rows = slice(start, start + size)
        # rows stand in order of rank, so a stable sort keeps ties (to the 12th digit, as in ranking) as they are
        order = np.argsort(-scores[rows].round(12), axis=0, kind="stable")
        np.put_along_axis(ranks[rows], order, np.arange(1, size + 1)[:, None], axis=0)
        start += size
    crossing = (ranks <= top) != (rank <= top)[:, None]
    return findings.select("place", "chain", "segment", "kind", "rank").with_columns(
        best=pl.Series(np.minimum(ranks.min(axis=1), rank)),
        worst=pl.Series(np.maximum(ranks.max(axis=1), rank)),
        in_top=pl.col("rank") <= top,
        flips=pl.Series(crossing.any(axis=1)),
        turns=_turns(crossing, ranks, change),
    )


def _turns(crossing: npt.NDArray[np.bool_], ranks: npt.NDArray[np.int64], change: float) -> pl.Series:
    """Finding → the changes under which it crosses the line; the columns of both are (axis, down/up)."""
    listed: list[list[dict[str, object]]] = [[] for _ in range(len(crossing))]
    for row, column in zip(*(found.tolist() for found in np.nonzero(crossing)), strict=True):
        kind, part = _AXES[column // 2]
        moved = change if column % 2 else -change
        listed[row].append({"kind": kind, "part": part, "change": moved, "rank": int(ranks[row, column])})
    return pl.Series("turns", listed, dtype=pl.List(TURN))


def _scores_under_changes(findings: pl.DataFrame, change: float) -> npt.NDArray[np.float64]:
    """Finding × (axis, down/up): the score when that weight moves and its kind's weights are scaled back to sum 1."""
    axis = {pair: i for i, pair in enumerate(_AXES)}
    weight = np.zeros((findings.height, len(_AXES)))
    share = np.zeros_like(weight)
    for row, (kind, parts) in enumerate(findings.select("kind", "parts").iter_rows()):
        for part in parts:
            weight[row, axis[kind, part["name"]]] = part["weight"]
            share[row, axis[kind, part["name"]]] = part["value"] * part["weight"]
    step = np.array([-change, change])
    moved = findings["score"].to_numpy()[:, None, None] + share[:, :, None] * step
    return np.asarray((moved / (1 + weight[:, :, None] * step)).reshape(findings.height, 2 * len(_AXES)), float)
