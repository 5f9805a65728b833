"""What falls if this segment or this firm falls: a cascade through the dependence between segments, in rounds.

A segment has a capacity in 0..1. It *falls* (capacity 0) when all inputs that it cannot do without and takes from
within are gone, or when the lost share of its input weight reaches ``Substitution.share``; below that it is *weakened*
and goes on, buying elsewhere. What comes from outside (inputs that the place does not make, ``outside``) never falls
and so cushions. Capacity only ever shrinks: more removed, more falls. ``docs/methods/network.md``.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from lianpu.analysis.coverage import check_columns
from lianpu.analysis.network.structure import Graph, betweenness, dominators

Floats = npt.NDArray[np.float64]
ROUNDING = 1e-9
HALF = 3.0  # so many segments make half of the part of a criticality
BATCH = 2_000_000  # capacities held at once


@dataclass(frozen=True)
class Substitution:
    """How far other inputs can stand in: ``share``, the lost share of input weight in (0, 1] at which a segment falls;
    ``outside``, the weight of a source outside the maps, beside edge weights in (0, 1].
    """

    share: float = 0.5
    outside: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.share <= 1 and self.outside >= 0):
            raise ValueError("share must lie in (0, 1] and outside must be ≥ 0")


@dataclass(frozen=True)
class Supply:
    """The dependence within one place, ready for cascades; :meth:`of` makes it."""

    names: pl.Series
    weight: sparse.csr_matrix  # [i, j]: what i feeds j, within the place
    essential: sparse.csr_matrix  # the same, ones where j cannot do without i
    total: Floats  # all input weight of each segment, from outside too
    rules: Substitution

    @classmethod
    def of(
        cls,
        edges: pl.DataFrame,
        *,
        present: Iterable[str] | None = None,
        outside: Collection[str] = (),
        rules: Substitution = Substitution(),
    ) -> "Supply":
        """``edges``: (source, target, weight, essential) as :func:`~lianpu.analysis.network.dependence` gives them.

        ``present``: segments that the place has (default: all); inputs from others are bought outside. ``outside``:
        segments whose main input comes from outside the maps.
        """
        check_columns(edges, ("source", "target", "weight", "essential"), "edges")
        every = pl.concat([edges["source"], edges["target"]]).unique()
        names = (every if present is None else pl.Series(list(present), dtype=pl.String)).unique().sort()
        held = names.implode()
        into = edges.filter(pl.col("target").is_in(held) & (pl.col("source") != pl.col("target")))
        total = np.zeros(len(names))
        np.add.at(total, names.search_sorted(into["target"]).to_numpy(), into["weight"].to_numpy())
        total += rules.outside * names.is_in(pl.Series(list(outside), dtype=pl.String).implode()).to_numpy()
        inner = into.filter(pl.col("source").is_in(held))
        at = (names.search_sorted(inner["source"]).to_numpy(), names.search_sorted(inner["target"]).to_numpy())
        shape = (len(names), len(names))
        return cls(
            names,
            sparse.csr_matrix((inner["weight"].to_numpy(), at), shape=shape),
            sparse.csr_matrix((inner["essential"].cast(pl.Float64).to_numpy(), at), shape=shape),
            total,
            rules,
        )

    def spread(self, start: Floats) -> tuple[Floats, npt.NDArray[np.int64], Floats, npt.NDArray[np.bool_]]:
        """Cascades from rows of starting capacities (R × n): capacity, round of being touched (−1: never), lost share of
        input weight, and whether the essential inputs were what failed; each R × n.
        """
        capacity = np.array(start, float)
        round_of = np.where(capacity < 1, 0, -1)
        vital = np.asarray(self.essential.sum(axis=0)).ravel()
        by_vital = np.zeros(capacity.shape, bool)
        lost, number = np.zeros_like(capacity), 0
        total = np.where(self.total > 0, self.total, 1.0)
        while True:
            number += 1
            lost = np.asarray((1 - capacity) @ self.weight) / total
            gone = np.asarray((capacity <= 0).astype(float) @ self.essential)
            without = (vital > 0) & (gone >= vital)
            round_of[(round_of < 0) & (lost > ROUNDING)] = number
            falls = (capacity > 0) & (without | (lost >= self.rules.share - ROUNDING))
            if not falls.any():
                return capacity, round_of, lost, by_vital
            by_vital |= falls & without
            round_of[falls] = number
            capacity[falls] = 0.0


def shares(firms: pl.DataFrame) -> pl.DataFrame:
    """Share of each firm in its segment: (firm, segment, share). ``firms``: (firm, segment, scale or null).

    By scale where it is known for at least half of the segment's firms (the others then count as the mean of the
    known), else equal: as :func:`lianpu.analysis.coverage.coverage` weighs them.
    """
    check_columns(firms, ("firm", "segment", "scale"), "firms")
    one = firms.group_by("firm", "segment").agg(pl.col("scale").max().cast(pl.Float64))
    scale, here = pl.col("scale"), "segment"
    usable = (scale.is_not_null().sum().over(here) * 2 >= pl.len().over(here)) & (scale.sum().over(here) > 0)
    size = pl.when(usable).then(scale.fill_null(scale.mean().over(here))).otherwise(1.0)
    return (
        one.with_columns(size=size)
        .select("firm", "segment", share=pl.col("size") / pl.col("size").sum().over(here))
        .sort("segment", "firm")
    )


def cascade(
    supply: Supply, *, segments: Iterable[str] = (), firms: Iterable[object] = (), held: pl.DataFrame | None = None
) -> pl.DataFrame:
    """What falls when ``segments`` and ``firms`` are removed: a row per segment touched, by round and name.

    ``held``: (firm, segment, share), as :func:`shares` gives it, asked for with ``firms``. Columns: round (0: hit
    itself), segment, state (removed, reduced, falls, weakened), reason (essential: all inputs it cannot do without are
    gone; share: too much of its input weight is; null for what was hit itself), lost (share of its input weight that is
    gone at the end), capacity left, missing (inputs gone or reduced, the weightiest first).
    """
    start = np.ones(len(supply.names))
    start[_at(supply, segments)] = 0.0
    chosen = list(firms)
    if chosen:
        if held is None:
            raise ValueError("held: to remove firms, say which share of which segment each holds")
        gone = held.filter(pl.col("firm").is_in(pl.Series(chosen, dtype=held["firm"].dtype).implode()))
        gone = gone.filter(pl.col("segment").is_in(supply.names.implode()))
        np.subtract.at(start, supply.names.search_sorted(gone["segment"]).to_numpy(), gone["share"].to_numpy())
        start[start < ROUNDING] = 0.0
    capacity, round_of, lost, by_vital = (part[0] for part in supply.spread(start[None, :]))
    touched = np.flatnonzero(round_of >= 0)
    feeds = supply.weight.tocsc()
    rows = []
    for j in touched.tolist():
        inputs = feeds.indices[feeds.indptr[j] : feeds.indptr[j + 1]]
        weights = feeds.data[feeds.indptr[j] : feeds.indptr[j + 1]]
        short = sorted((-weights[k], supply.names[int(i)]) for k, i in enumerate(inputs) if capacity[i] < 1)
        hit = start[j] < 1 and not (capacity[j] <= 0 < start[j])
        if hit:
            state, reason = ("removed" if start[j] <= 0 else "reduced"), None
        elif capacity[j] <= 0:
            state, reason = "falls", ("essential" if by_vital[j] else "share")
        else:
            state, reason = "weakened", None
        rows.append(
            (
                int(round_of[j]),
                supply.names[j],
                state,
                reason,
                float(lost[j]),
                float(capacity[j]),
                [n for _, n in short],
            )
        )
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "round": pl.Int64,
        "segment": pl.String,
        "state": pl.String,
        "reason": pl.String,
        "lost": pl.Float64,
        "capacity": pl.Float64,
        "missing": pl.List(pl.String),
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort("round", "segment")


def fall_of_each(supply: Supply) -> pl.DataFrame:
    """For every segment of the place, removed alone: (segment, falls, weakened, rounds), the segment itself not counted."""
    n = len(supply.names)
    return _counted(supply, 1.0 - np.eye(n)).insert_column(0, supply.names.alias("segment"))


def single_points(supply: Supply, held: pl.DataFrame) -> pl.DataFrame:
    """Firms whose end would close segments, the worst first: (firm, sole, falls, weakened, rounds).

    ``held``: (firm, segment, share). ``sole``: segments that only this firm holds; ``falls``: further segments that
    fall with it. Firms that close nothing are left out.
    """
    check_columns(held, ("firm", "segment", "share"), "held")
    held = held.filter(pl.col("segment").is_in(supply.names.implode())).sort("firm", "segment")
    firms = held["firm"].unique().sort()
    sole = held.filter(pl.col("share") >= 1 - ROUNDING).group_by("firm").agg(sole=pl.col("segment").sort())
    parts = []
    size = max(1, BATCH // max(1, len(supply.names)))
    for first in range(0, max(1, len(firms)), size):
        some = firms.slice(first, size)
        here = held.filter(pl.col("firm").is_in(some.implode()))
        start = np.ones((len(some), len(supply.names)))
        at = (some.search_sorted(here["firm"]).to_numpy(), supply.names.search_sorted(here["segment"]).to_numpy())
        np.subtract.at(start, at, here["share"].to_numpy())
        start[start < ROUNDING] = 0.0
        parts.append(_counted(supply, start).insert_column(0, some.alias("firm")))
    return (
        pl.concat(parts)
        .join(sole, on="firm", how="left")
        .with_columns(pl.col("sole").fill_null([]))
        .filter((pl.col("falls") > 0) | (pl.col("sole").list.len() > 0))
        .select("firm", "sole", *COUNTS)
        .sort(
            pl.col("falls"), pl.col("sole").list.len(), pl.col("weakened"), "firm", descending=[True, True, True, False]
        )
    )


def criticality(edges: pl.DataFrame, supply: Supply, sources: Iterable[str]) -> pl.DataFrame:
    """How much hangs on each segment, by three named parts, the most critical first.

    Returns (segment, criticality, through, gate, fall, betweenness, dominated, falls, weakened): ``through`` is its
    betweenness over the greatest of the graph; ``gate`` and ``fall`` are n / (n + 3), of the segments that no source
    reaches but through it and of those that fall with it. Criticality is the mean of the three.
    """
    inner = edges.filter(
        pl.col("source").is_in(supply.names.implode()) & pl.col("target").is_in(supply.names.implode())
    )
    starts = [name for name in sources if name in set(supply.names)]
    graph = Graph.of(inner, starts)
    passed = betweenness(graph).rename({"name": "segment"})
    gates = dominators(graph, starts).select("dominated", segment="name")
    frame = (
        fall_of_each(supply)
        .join(passed, on="segment", how="left")
        .join(gates, on="segment", how="left")
        .with_columns(pl.col("betweenness").fill_null(0.0), pl.col("dominated").fill_null(0))
    )
    many = pl.max_horizontal(pl.col("betweenness").max(), 1e-300)
    parts = {
        "through": pl.col("betweenness") / many,
        "gate": pl.col("dominated") / (pl.col("dominated") + HALF),
        "fall": pl.col("falls") / (pl.col("falls") + HALF),
    }
    frame = frame.with_columns(**parts).with_columns(criticality=pl.mean_horizontal(*parts))
    columns = ("segment", "criticality", *parts, "betweenness", "dominated", "falls", "weakened")
    return frame.select(columns).sort("criticality", "segment", descending=[True, False])


COUNTS: dict[str, type[pl.DataType]] = {"falls": pl.Int64, "weakened": pl.Int64, "rounds": pl.Int64}


def _counted(supply: Supply, start: Floats) -> pl.DataFrame:
    capacity, round_of, lost, _ = supply.spread(start)
    fallen = (capacity <= 0) & (start > 0)
    weak = (capacity > 0) & (lost > ROUNDING) & (start >= 1)
    rounds = np.where(fallen, round_of, 0).max(axis=1, initial=0)
    return pl.DataFrame({"falls": fallen.sum(axis=1), "weakened": weak.sum(axis=1), "rounds": rounds}, schema=COUNTS)


def _at(supply: Supply, segments: Iterable[str]) -> list[int]:
    index = {name: i for i, name in enumerate(supply.names)}
    chosen = list(segments)
    if strange := [name for name in chosen if name not in index]:
        raise ValueError(f"not among the segments of the place: {', '.join(map(str, strange[:5]))}")
    return [index[name] for name in chosen]
