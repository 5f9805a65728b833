"""What of the chains is where: counts, specialisation, concentration and completeness of places over segments.

Frames in, frames out. Definitions, sources and limits are in ``docs/methods/coverage.md``.

A firm is counted in a segment when it does what the segment asks for (``filled_by``: makes, serves, researches or
trades) with at least the required confidence; a seller of cement is not counted in cement making. Counts are whole
firms, never sums of confidences: each number must open to its rows, and the intervals below need counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

ROLES = ("makes", "serves", "researches", "trades")

FIRM_COLUMNS = ("firm", "place", "segment", "role", "confidence", "scale", "above_scale")
SEGMENT_COLUMNS = ("code", "filled_by")

Floats = npt.NDArray[np.float64]


def check_columns(frame: pl.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise ``ValueError`` naming the columns that ``frame`` lacks."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"{what} lack column(s) {', '.join(missing)}; they have {', '.join(frame.columns) or 'none'}")


def check_known(codes: pl.Series, known: pl.Series, what: str) -> None:
    """Raise ``ValueError`` when ``codes`` hold a null or a segment code that is not in ``known``."""
    if codes.null_count():
        raise ValueError(f"{what}: {codes.null_count()} row(s) without a segment; drop them first")
    held = codes.unique().sort()
    strange = held.filter(~held.is_in(known.implode()))
    if len(strange):
        shown = ", ".join(map(str, strange.head(5)))
        raise ValueError(
            f"{what} name {len(strange)} segment(s) that the segments frame does not have ({shown}); "
            "was it made with another version of the chain maps?"
        )


# --- measures ---------------------------------------------------------------------------------------------------


def location_quotient(
    local: npt.ArrayLike, local_total: npt.ArrayLike, reference: npt.ArrayLike, reference_total: npt.ArrayLike
) -> Floats:
    """Local share over reference share, (local / local_total) / (reference / reference_total); > 1 is specialised.

    All four broadcast; any additive measure (firms, jobs, output), the same in all four. NaN where it is not defined,
    that is where the reference has none of it or a total is zero.
    """
    n, base, m, total = (np.asarray(value, float) for value in (local, local_total, reference, reference_total))
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = (n * total) / (base * m)
    return np.asarray(np.where((base > 0) & (m > 0), quotient, np.nan), float)


def quotient_interval(
    local: npt.ArrayLike,
    local_total: npt.ArrayLike,
    reference: npt.ArrayLike,
    reference_total: npt.ArrayLike,
    level: float = 0.9,
) -> tuple[Floats, Floats]:
    """Exact two-sided interval of the location quotient of *counts*, for few as for many: ``(low, high)``.

    Both counts are taken as Poisson. Given their sum n + m, the local one is binomial with odds LQ × N / M, so the
    Clopper–Pearson interval of that share, turned into odds, is an interval of the quotient that holds at least
    ``level`` whatever the counts (Przyborowski & Wilenski 1940). Chance in the reference is thereby in it.
    ``high`` is inf where the reference has none; both are NaN where a total is zero.
    """
    from scipy.special import betaincinv

    n, base, m, total = np.broadcast_arrays(
        *(np.asarray(value, float) for value in (local, local_total, reference, reference_total))
    )
    tail = (1 - level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(n > 0, betaincinv(np.maximum(n, 1), m + 1, tail), 0.0)
        high = np.where(m > 0, betaincinv(n + 1, np.maximum(m, 1), 1 - tail), 1.0)
        odds = total / base
        low, high = low / (1 - low) * odds, np.where(high < 1, high / (1 - high) * odds, np.inf)
    defined = (base > 0) & (total > 0)
    return np.where(defined, low, np.nan), np.where(defined, high, np.nan)


def chance_of_so_few(
    local: npt.ArrayLike, local_total: npt.ArrayLike, reference: npt.ArrayLike, reference_total: npt.ArrayLike
) -> Floats:
    """Probability of at most ``local`` firms if the place had the reference's share (true quotient 1), in 0..1.

    The one-sided exact test that belongs to :func:`quotient_interval`. With none here and m in the reference it is
    (M / (M + N))^m, near exp(−expected). 1 where nothing can be said.
    """
    from scipy.special import betainc

    n, base, m, total = np.broadcast_arrays(
        *(np.asarray(value, float) for value in (local, local_total, reference, reference_total))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = betainc(np.maximum(m, 1), n + 1, total / (base + total))
    return np.asarray(np.where((m > 0) & (base > 0), chance, 1.0), float)


def hhi(shares: npt.ArrayLike) -> float:
    """Herfindahl–Hirschman index: the sum of squared shares, 1/n .. 1. Shares are fractions that sum to 1."""
    return float(np.square(_shares(shares)).sum())


def concentration(shares: npt.ArrayLike, n: int) -> float:
    """CRn: the sum of the ``n`` largest shares, in (0, 1]. Shares are fractions that sum to 1."""
    if n < 1:
        raise ValueError(f"CRn asks for at least one firm, not {n}")
    return float(np.sort(_shares(shares))[::-1][:n].sum())


def _shares(shares: npt.ArrayLike) -> Floats:
    values = np.asarray(shares, float)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or (values < 0).any():
        raise ValueError("shares must be a non-empty row of numbers ≥ 0")
    if abs(values.sum() - 1) > 1e-6:
        raise ValueError(
            f"shares must be fractions that sum to 1, these sum to {values.sum():.6g}; divide by the total"
        )
    return values


# --- comparing places (错位发展) ----------------------------------------------------------------------------------


def krugman(cells: pl.DataFrame) -> pl.DataFrame:
    """How far each place's mix of segments is from that of all other places together.

    ``cells``: (place, segment, value), value ≥ 0, absent pairs are 0. Returns (place, total, krugman), by place:
    K = Σ_s |share here − share elsewhere|, 0 (same mix) .. 2 (nothing in common); null for a place without any value
    or with nothing elsewhere to compare to (Krugman 1991).
    """
    places, values = _mix(cells)
    here = values.sum(axis=1, keepdims=True)
    rest = values.sum(axis=0, keepdims=True) - values
    elsewhere = rest.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.abs(values / here - rest / elsewhere).sum(axis=1)
    index = pl.Series("krugman", distance).fill_nan(None)
    return pl.DataFrame({"place": places, "total": here[:, 0], "krugman": index})


def similarity(cells: pl.DataFrame) -> pl.DataFrame:
    """How alike the mixes of two places are, for every unordered pair: do districts and zones build the same things?

    ``cells`` as in :func:`krugman`. Returns (place, other, krugman, similarity, segments): the distance Σ|a − b| of
    the two mixes, their overlap Σ min(a, b) = 1 − krugman / 2 in 0..1 (Finger & Kreinin 1979), and the number of
    segments that both have. Places without any value are left out. Most alike first.
    """
    places, values = _mix(cells)
    held = values.sum(axis=1) > 0
    places, values = places.filter(pl.Series(held)), values[held]
    mix = values / values.sum(axis=1, keepdims=True)
    first, second = np.triu_indices(len(places), 1)
    distance = np.empty(len(first))
    common = np.empty(len(first), np.int64)
    start = 0
    for i in range(len(places) - 1):
        stop = start + len(places) - 1 - i
        distance[start:stop] = np.abs(mix[i + 1 :] - mix[i]).sum(axis=1)
        common[start:stop] = ((mix[i + 1 :] > 0) & (mix[i] > 0)).sum(axis=1)
        start = stop
    return pl.DataFrame(
        {
            "place": places.gather(first),
            "other": places.gather(second),
            "krugman": distance,
            "similarity": 1 - distance / 2,
            "segments": common,
        }
    ).sort("similarity", "place", "other", descending=[True, False, False])


def _mix(cells: pl.DataFrame) -> tuple[pl.Series, Floats]:
    """Places in order and the matrix place × segment of summed values."""
    check_columns(cells, ("place", "segment", "value"), "cells")
    value = cells["value"].cast(pl.Float64)
    if value.null_count() or not value.is_finite().all() or (value < 0).any():
        raise ValueError("cells: value must be a number ≥ 0 in every row; fill what is unknown or leave the row out")
    places, segments = cells["place"].unique().sort(), cells["segment"].unique().sort()
    matrix = np.zeros((len(places), len(segments)))
    rows = places.search_sorted(cells["place"]).to_numpy()
    columns = segments.search_sorted(cells["segment"]).to_numpy()
    np.add.at(matrix, (rows, columns), value.to_numpy())
    return places, matrix


# --- place × segment --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """What a place is compared to: the nation, a sample of it, or a peer city.

    ``counts``: (segment, count), firms that fill each segment; ``total``: firms that fill at least one. Both must have
    been counted by the same rule as the place's own: :meth:`of` does.
    """

    counts: pl.DataFrame
    total: int

    def __post_init__(self) -> None:
        check_columns(self.counts, ("segment", "count"), "reference counts")
        if self.counts["segment"].is_duplicated().any():
            raise ValueError("reference counts: a segment stands twice; sum its rows first")
        if self.counts["count"].null_count() or not self.counts["count"].is_between(0, self.total).all():
            raise ValueError(f"reference counts must lie between 0 and the total of placed firms ({self.total})")

    @classmethod
    def of(cls, firms: pl.DataFrame, segments: pl.DataFrame, *, min_confidence: float = 0.5) -> "Reference":
        """Count a reference from its firms: (firm, segment, role, confidence); other columns are not looked at."""
        check_columns(firms, ("firm", "segment", "role", "confidence"), "reference firms")
        filling = _with_rule(firms, segments, min_confidence, "reference firms").filter("fills")
        counts = filling.group_by("segment").agg(pl.col("firm").n_unique().alias("count")).sort("segment")
        return cls(counts, filling["firm"].n_unique())


def coverage(
    firms: pl.DataFrame,
    segments: pl.DataFrame,
    reference: Reference,
    *,
    places: Sequence[object] | None = None,
    min_confidence: float = 0.5,
    level: float = 0.9,
) -> pl.DataFrame:
    """One row per (place, segment), segments without any firm included, ordered by place and segment.

    ``firms``: (firm, place, segment, role, confidence 0..1, scale, above_scale), a row per placement; ``place`` is of
    the level to be compared (one city a firm); ``scale`` is any additive size ≥ 0 (revenue, output, capital) or null,
    ``above_scale`` true, false or null where nobody knows. ``segments``: (code, filled_by). ``places``: those to
    report (default: all that occur). Columns returned:

    =================  ===========================================================================================
    base               firms of the place that fill at least one segment: the denominator of ``share`` and ``lq``
    n                  firms that fill the segment
    n_above_scale      of these above-scale; null when unknown (none known to be, and not all known not to be)
    scale              sum of the known scale; null when none is known
    share              n / base
    expected           base × the segment's share in the reference
    lq, lq_low/high    location quotient n / expected with its exact interval (:func:`quotient_interval`); null where
                       undefined, ``lq_high`` also where it has no bound
    chance             probability of so few firms at the reference's share (:func:`chance_of_so_few`)
    hhi, cr1           of the firms' scale when it is known for at least half of them (the others then count as the
                       mean of the known), else of equal shares: then 1/n, the least they can be
    by_scale           which of the two; null when n = 0
    top_firm           the largest by scale, then by confidence, then by name
    n_other            firms placed here that do something else than fill it (sellers, on a making segment)
    n_unsure           firms that would fill it if their placement were confirmed: confidence too low
    =================  ===========================================================================================
    """
    return cells_of(
        firms_on_segments(firms, segments, min_confidence=min_confidence),
        segments,
        reference,
        places=places,
        level=level,
    )


def firms_on_segments(firms: pl.DataFrame, segments: pl.DataFrame, *, min_confidence: float = 0.5) -> pl.DataFrame:
    """One row per (place, segment, firm), frames as in :func:`coverage`: fills, does, other, confidence, scale,
    above_scale; the largest first: by scale (unknown last), then confidence, then firm. A firm placed twice on a segment
    (makes and sells) counts once; ``does`` without ``fills`` is a placement of too little confidence, ``other`` one
    that does something else there.
    """
    check_columns(firms, FIRM_COLUMNS, "firms")
    if (firms["scale"] < 0).any():
        raise ValueError("firms: scale must be ≥ 0 or null")
    return (
        _with_rule(firms, segments, min_confidence, "firms")
        .group_by("place", "segment", "firm")
        .agg(
            pl.col("fills").any(),
            pl.col("does").any(),
            other=(pl.col("sure") & ~pl.col("does")).any(),
            confidence=pl.col("confidence").max(),
            scale=pl.col("scale").max().cast(pl.Float64),
            above_scale=pl.col("above_scale").cast(pl.Boolean).max(),
        )
        .sort("scale", "confidence", "firm", descending=[True, True, False], nulls_last=True)
    )


def cells_of(
    per_firm: pl.DataFrame,
    segments: pl.DataFrame,
    reference: Reference,
    *,
    places: Sequence[object] | None = None,
    level: float = 0.9,
) -> pl.DataFrame:
    """:func:`coverage` from the rows of :func:`firms_on_segments`, for those who need both."""
    check_known(reference.counts["segment"], segments["code"], "reference counts")
    held = per_firm["place"]
    here = pl.Series("place", held.unique().sort() if places is None else places, dtype=held.dtype)
    if places is not None:
        per_firm = per_firm.filter(pl.col("place").is_in(here.implode()))
    base = per_firm.filter("fills").group_by("place").agg(pl.col("firm").n_unique().alias("base"))
    grid = here.to_frame().join(segments.select(segment="code").sort("segment"), how="cross")
    cells = (
        grid.join(_per_segment(per_firm), on=["place", "segment"], how="left", maintain_order="left")
        .join(base, on="place", how="left", maintain_order="left")
        .join(reference.counts.select("segment", "count"), on="segment", how="left", maintain_order="left")
        .with_columns(
            pl.col("base", "n", "n_other", "n_unsure", "count").fill_null(0).cast(pl.Int64),
            n_above_scale=pl.when(pl.col("n").is_null() | (pl.col("n") == 0))
            .then(0)
            .otherwise("n_above_scale")
            .cast(pl.Int64),
        )
    )
    return _with_quotients(cells, reference.total, level)


def _with_rule(firms: pl.DataFrame, segments: pl.DataFrame, min_confidence: float, what: str) -> pl.DataFrame:
    """``firms`` with the booleans ``does`` (what the segment asks for) and ``fills`` (does, and surely enough)."""
    check_columns(segments, SEGMENT_COLUMNS, "segments")
    if segments["code"].is_duplicated().any():
        raise ValueError("segments: a code stands twice")
    strange = {*segments["filled_by"].unique(), *firms["role"].unique()} - set(ROLES)
    if strange:
        raise ValueError(f"a role must be one of {', '.join(ROLES)}; found {', '.join(map(str, strange))}")
    check_known(firms["segment"], segments["code"], what)
    confidence = firms["confidence"]
    if confidence.null_count() or not confidence.is_between(0, 1).all():
        raise ValueError(f"{what}: confidence must lie in 0..1 in every row; a confirmed placement has 1")
    asked = segments["filled_by"].gather(segments["code"].arg_sort())
    row = segments["code"].sort().search_sorted(firms["segment"])
    return firms.with_columns(does=firms["role"] == asked.gather(row)).with_columns(
        fills=pl.col("does") & (pl.col("confidence") >= min_confidence),
        sure=pl.col("confidence") >= min_confidence,
    )


def _per_segment(per_firm: pl.DataFrame) -> pl.DataFrame:
    touched = per_firm.group_by("place", "segment").agg(
        n_other=(pl.col("other") & ~pl.col("fills")).sum(),
        n_unsure=(pl.col("does") & ~pl.col("fills")).sum(),
    )
    scale, above = pl.col("scale"), pl.col("above_scale")
    filled = (
        per_firm.filter("fills")
        .group_by("place", "segment", maintain_order=True)
        .agg(
            n=pl.len(),
            n_above_scale=pl.when(above.any() | above.null_count().eq(0)).then(above.sum()),
            known=scale.count(),
            scale=scale.sum(),
            squares=scale.pow(2).sum(),
            largest=scale.max(),
            top_firm=pl.col("firm").first(),
        )
        .with_columns(
            by_scale=(pl.col("known") * 2 >= pl.col("n")) & (pl.col("scale") > 0),
            mean=pl.col("scale") / pl.col("known"),
            unknown=pl.col("n") - pl.col("known"),
        )
        .with_columns(
            hhi=pl.when("by_scale")
            .then(
                (pl.col("squares") + pl.col("unknown") * pl.col("mean").pow(2)) / (pl.col("mean") * pl.col("n")).pow(2)
            )
            .otherwise(1 / pl.col("n")),
            cr1=pl.when("by_scale").then(pl.col("largest") / (pl.col("mean") * pl.col("n"))).otherwise(1 / pl.col("n")),
            scale=pl.when(pl.col("known") > 0).then("scale"),
        )
    )
    return touched.join(
        filled.drop("known", "squares", "largest", "mean", "unknown"), on=["place", "segment"], how="left"
    )


def _with_quotients(cells: pl.DataFrame, total: int, level: float) -> pl.DataFrame:
    n, base, count = (cells[column].to_numpy() for column in ("n", "base", "count"))
    low, high = quotient_interval(n, base, count, total, level)
    # numpy, not polars: the latter divides a column of equal values in another way, to other last bits
    quotients = pl.DataFrame(
        {
            "share": np.divide(n, base, out=np.full(len(n), np.nan), where=base > 0),
            "expected": base * count / max(total, 1),
            "lq": location_quotient(n, base, count, total),
            "lq_low": low,
            "lq_high": np.where(np.isinf(high), np.nan, high),
            "chance": chance_of_so_few(n, base, count, total),
        }
    ).fill_nan(None)
    return cells.with_columns(quotients.get_columns()).select(
        *("place", "segment", "base", "n", "n_above_scale", "scale", "share", "expected", "lq", "lq_low", "lq_high"),
        *("chance", "hhi", "cr1", "by_scale", "top_firm", "n_other", "n_unsure"),
    )


# --- completeness -----------------------------------------------------------------------------------------------


def completeness(cells: pl.DataFrame, segments: pl.DataFrame, flows: pl.DataFrame) -> pl.DataFrame:
    """How complete each chain is in each place; every figure with its numerator and denominator.

    ``cells``: (place, segment, n, n_above_scale, lq), as :func:`coverage` gives them, every segment in every place;
    ``segments``: (code, chain, importance > 0); ``flows``: (source, target). One row per (place, chain):

    * node_rate = filled / segments (filled: n > 0)
    * weighted_rate = weight_filled / weight (sums of importance)
    * strength_rate = strong_or_large / segments (LQ ≥ 1 or an above-scale firm)
    * breaks of empty_runs: an empty run is a maximal connected group of empty segments; it is a break when the flow
      from one filled segment to another runs through it. ``broken_segments`` lie on such a way.
    """
    check_columns(cells, ("place", "segment", "n", "n_above_scale", "lq"), "cells")
    check_columns(segments, ("code", "chain", "importance"), "segments")
    check_columns(flows, ("source", "target"), "flows")
    importance = segments["importance"].cast(pl.Float64)
    if importance.null_count() or (importance <= 0).any():
        raise ValueError("segments: importance must be > 0 in every row; use 1 where all count alike")
    for end in ("source", "target"):
        check_known(flows[end], segments["code"], f"flows ({end})")
    owned = segments.select(segment="code", chain="chain", importance=importance)
    rows = cells.join(owned, on="segment", how="inner").sort("place", "segment")
    places = rows["place"].unique(maintain_order=True)
    if rows.height != len(places) * segments.height:
        raise ValueError("cells: every place needs one row for every segment; use coverage() to make them")
    gaps = _gaps(rows, segments, flows, len(places))
    filled = pl.col("n") > 0
    able = filled & ((pl.col("lq") >= 1).fill_null(False) | (pl.col("n_above_scale") > 0).fill_null(False))
    return (
        rows.with_columns(gaps.get_columns())
        .group_by("place", "chain", maintain_order=True)
        .agg(
            segments=pl.len().cast(pl.Int64),
            filled=filled.sum().cast(pl.Int64),
            weight=pl.col("importance").sum(),
            weight_filled=pl.col("importance").filter(filled).sum(),
            strong_or_large=able.sum().cast(pl.Int64),
            empty_runs=pl.col("run").n_unique() - pl.col("run").has_nulls().cast(pl.Int64),
            breaks=pl.col("break").n_unique() - pl.col("break").has_nulls().cast(pl.Int64),
            broken_segments=pl.col("break").count().cast(pl.Int64),
        )
        .with_columns(
            node_rate=pl.col("filled") / pl.col("segments"),
            weighted_rate=pl.col("weight_filled") / pl.col("weight"),
            strength_rate=pl.col("strong_or_large") / pl.col("segments"),
        )
        .sort("place", "chain")
    )


def _gaps(rows: pl.DataFrame, segments: pl.DataFrame, flows: pl.DataFrame, n_places: int) -> pl.DataFrame:
    """Label of the empty run and of the break that each row lies in, null where it lies in none."""
    owned = segments.select("code", "chain").sort("code")
    ends = {side: owned["code"].search_sorted(flows[side]).cast(pl.Int64).to_numpy() for side in ("source", "target")}
    chain = owned["chain"].to_numpy()
    inside = chain[ends["source"]] == chain[ends["target"]]
    source, target = ends["source"][inside], ends["target"][inside]
    filled = rows["n"].to_numpy().reshape(n_places, -1) > 0
    after = _reached(filled, source, target)
    before = _reached(filled, target, source)
    empty = ~filled
    broken = empty & after & before
    return pl.DataFrame({"run": _runs(empty, source, target), "break": _runs(broken, source, target)})


def _reached(
    filled: npt.NDArray[np.bool_], source: npt.NDArray[np.int64], target: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Empty segments to which a way leads from a filled one through empty ones only, per place."""
    reached = np.zeros_like(filled)
    active = filled.copy()
    while True:
        step = np.zeros_like(filled)
        np.logical_or.at(step.T, target, active.T[source])
        step &= ~filled & ~reached
        if not step.any():
            return reached
        reached |= step
        active = step


def _runs(members: npt.NDArray[np.bool_], source: npt.NDArray[np.int64], target: npt.NDArray[np.int64]) -> pl.Series:
    """Connected groups of the member segments per place as labels over (place, segment), null for non-members."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_segments = members.shape[1]
    place, flow = np.nonzero(members[:, source] & members[:, target])
    rows, columns = place * n_segments + source[flow], place * n_segments + target[flow]
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(members.size, members.size))
    labels = connected_components(graph, directed=False)[1]
    return pl.select(pl.when(pl.Series(members.ravel())).then(pl.Series(labels.astype(np.int64)))).to_series()
