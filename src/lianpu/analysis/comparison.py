"""A place beside another one, or beside itself at an earlier date: what differs, and is it more than chance?

Frames in, frames out: ``states`` are those of :class:`lianpu.analysis.diagnosis.Diagnosis`, ``health`` those of
:func:`lianpu.analysis.health.health`. Method and limits: ``docs/methods/health.md``.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from lianpu.analysis.coverage import check_columns, location_quotient, quotient_interval
from lianpu.analysis.diagnosis.rules import STATES

_SIDES = ("here", "there")


def compare_segments(here: pl.DataFrame, there: pl.DataFrame, *, level: float = 0.9) -> pl.DataFrame:
    """One row per segment, ordered by chain and segment: ``here`` beside ``there``.

    Both are states of one place on the same segments: two cities, or one city now (``here``) and before (``there``).
    Returns chain, segment, name and for either side ``state_``, ``n_`` (numerator), ``base_`` (denominator), ``lq_``;
    ``step``, states up (+) or down (−) from there to here; ``ratio``, share here over share there, with its exact
    interval ``ratio_low``, ``ratio_high`` (:func:`~lianpu.analysis.coverage.quotient_interval`; null where undefined
    or without bound), and ``sure``: the interval leaves out 1. Firms that both sides count (a city and itself a year
    ago) are not independent; the interval is then too wide.
    """
    columns = ("chain", "segment", "name", "state", "n", "base", "lq")
    for frame, side in zip((here, there), _SIDES, strict=True):
        _one_place(frame, ("place", *columns), side)
    both = here.select(columns).join(
        there.select("segment", "state", "n", "base", "lq"), on="segment", how="full", suffix="_there"
    )
    if both["segment"].null_count() or both["segment_there"].null_count():
        raise ValueError("here and there have different segments; make both with the same version of the chain maps")
    both = both.drop("segment_there").rename({name: f"{name}_here" for name in ("state", "n", "base", "lq")})
    n, base, m, total = (both[column].to_numpy() for column in ("n_here", "base_here", "n_there", "base_there"))
    low, high = quotient_interval(n, base, m, total, level)
    high = np.where(np.isinf(high), np.nan, high)
    rank = {state: i for i, state in enumerate(STATES)}
    places = [pl.col(f"state_{side}").replace_strict(rank, return_dtype=pl.Int64) for side in _SIDES]
    return (
        both.with_columns(
            step=places[0] - places[1],
            ratio=pl.Series(location_quotient(n, base, m, total)),
            ratio_low=pl.Series(low),
            ratio_high=pl.Series(high),
        )
        .with_columns(pl.col("ratio", "ratio_low", "ratio_high").fill_nan(None))
        .with_columns(
            sure=(pl.col("ratio_low") > 1).fill_null(False) | (pl.col("ratio_high") < 1).fill_null(False),
        )
        .select(
            *("chain", "segment", "name", "state_here", "state_there", "step", "n_here", "base_here", "n_there"),
            *("base_there", "lq_here", "lq_there", "ratio", "ratio_low", "ratio_high", "sure"),
        )
        .sort("chain", "segment")
    )


def compare_health(here: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """One row per (chain, measure) of two places' health, in the order of ``here``.

    Returns for either side ``numerator_``, ``denominator_``, ``rate_``, ``reason_``; ``difference`` of the rates (null
    if either is), ``gained`` and ``lost``: segments that count here and not there, and the other way round.
    """
    columns = ("numerator", "denominator", "rate", "reason", "segments")
    for frame, side in zip((here, there), _SIDES, strict=True):
        _one_place(frame, ("place", "chain", "measure", *columns), side)
    on = ["chain", "measure"]
    sides = [
        frame.select(*on, *(pl.col(c).alias(f"{c}_{side}") for c in columns))
        for frame, side in zip((here, there), _SIDES, strict=True)
    ]
    if sides[0].join(sides[1], on=on, how="anti").height or sides[1].join(sides[0], on=on, how="anti").height:
        raise ValueError("here and there have different chains or measures; make both with the same chain maps")
    ours, theirs = pl.col("segments_here"), pl.col("segments_there")
    return (
        sides[0]
        .join(sides[1], on=on, how="left", maintain_order="left")
        .with_columns(
            difference=pl.col("rate_here") - pl.col("rate_there"),
            gained=ours.list.set_difference(theirs).list.sort(),
            lost=theirs.list.set_difference(ours).list.sort(),
        )
        .drop("segments_here", "segments_there")
    )


def peers(states: pl.DataFrame, place: object, *, least: int = 30) -> pl.DataFrame:
    """All other places with at least ``least`` mapped firms, the most alike in mix first.

    ``states``: (place, segment, n, base) of many places, as :func:`~lianpu.analysis.coverage.coverage` or a diagnosis
    gives them. Returns (place, other, base_here, base_there, cosine, overlap, krugman, common, size_ratio, size_rank):
    ``cosine`` of the two rows of shares, 0..1; ``overlap`` and ``krugman`` as in
    :func:`~lianpu.analysis.coverage.similarity`; ``common``, segments that both fill; ``size_ratio``, the larger base
    over the smaller; ``size_rank``, 1 for the nearest in size. Equal cosines by name.
    """
    check_columns(states, ("place", "segment", "n", "base"), "states")
    bases = states.group_by("place").agg(pl.col("base").max())
    own = bases.filter(pl.col("place") == place)["base"].to_list()
    if not own or not own[0]:
        raise ValueError(f"{place}: no firm of it fills a segment, so nothing is like it")
    kept = bases.filter((pl.col("base") >= max(least, 1)) | (pl.col("place") == place))
    others = kept.filter((pl.col("place") != place) & (pl.col("base") > 0)).sort("place")["place"]
    if not len(others):
        raise ValueError(f"no other place has {least} mapped firms; lower least or give more places")
    # One place against all, as one matrix: similarity() would compare every two of them.
    segments = states["segment"].unique().sort()
    rows = pl.concat([pl.Series("place", [place], dtype=states.schema["place"]), others])
    at = pl.DataFrame({"place": rows, "row": range(len(rows))})
    cells = states.join(at, on="place")
    values = np.zeros((len(rows), len(segments)))
    np.add.at(
        values, (cells["row"].to_numpy(), segments.search_sorted(cells["segment"]).to_numpy()), cells["n"].to_numpy()
    )
    held = values.sum(axis=1) > 0
    if not held[0]:
        raise ValueError(f"{place}: no firm of it fills a segment, so nothing is like it")
    held[0] = False
    mine, theirs = values[0], values[held]
    distance = np.abs(theirs / theirs.sum(axis=1, keepdims=True) - mine / mine.sum()).sum(axis=1)
    cosine = theirs @ mine / np.sqrt(np.square(theirs).sum(axis=1) * np.square(mine).sum())
    size = pl.max_horizontal("base_here", "base_there") / pl.min_horizontal("base_here", "base_there")
    return (
        pl.DataFrame(
            {
                "other": rows.filter(pl.Series(held)),
                "cosine": cosine,
                "overlap": 1 - distance / 2,
                "krugman": distance,
                "common": ((theirs > 0) & (mine > 0)).sum(axis=1).astype(np.int64),
            }
        )
        .join(kept.rename({"place": "other", "base": "base_there"}), on="other", how="left")
        .with_columns(place=pl.lit(place, dtype=states.schema["place"]), base_here=pl.lit(own[0], dtype=pl.Int64))
        .with_columns(size_ratio=size)
        .with_columns(size_rank=pl.col("size_ratio").rank("ordinal").cast(pl.Int64))
        .select(
            *("place", "other", "base_here", "base_there", "cosine", "overlap", "krugman", "common"),
            *("size_ratio", "size_rank"),
        )
        .sort("cosine", "other", descending=[True, False])
    )


def standing(figures: pl.DataFrame, place: object) -> pl.DataFrame:
    """Where ``place`` stands among the other places of ``figures`` (of :func:`lianpu.analysis.health.health`).

    One row per (chain, measure), in the order of ``figures``: ``rank``, 1 for the highest rate, equal ones share the
    better rank; ``of``, places whose rate is known, itself included; ``median`` of the others' rates; ``difference``
    of the own rate to it. Null where the own rate, or every other one, is.
    """
    check_columns(figures, ("place", "chain", "measure", "rate"), "figures")
    on, mine = ["chain", "measure"], pl.col("place") == pl.lit(place)
    rate = pl.col("rate")
    # shares of equal worth may differ in their last bits
    higher = rate.round(12) > rate.filter(mine).first().round(12)
    return (
        figures.group_by(on, maintain_order=True)
        .agg(
            own=rate.filter(mine).first(),
            rank=(1 + higher.sum()).cast(pl.Int64),
            of=rate.count().cast(pl.Int64),
            median=rate.filter(~mine).median(),
        )
        .with_columns(
            rank=pl.when(pl.col("own").is_not_null()).then("rank"),
            difference=pl.col("own") - pl.col("median"),
        )
        .select(*on, "rank", "of", "median", "difference")
    )


def at_size(states: pl.DataFrame, size: int) -> pl.DataFrame:
    """How many segments of each chain a place would fill with only ``size`` of its firms, drawn at random.

    A place with more firms fills more segments by their number alone; at one size the mixes are left to compare.
    ``states``: (place, chain, segment, n, base). Returns (place, chain, filled, segments): ``filled`` is the expected
    number, Σ 1 − C(N − n, size) / C(N, size) (rarefaction, Hurlbert 1971), null where the place has fewer firms.
    """
    from scipy.special import gammaln

    check_columns(states, ("place", "chain", "segment", "n", "base"), "states")
    if size < 1:
        raise ValueError(f"size must be at least one firm, not {size}")
    n, base = (states[column].cast(pl.Float64).to_numpy() for column in ("n", "base"))
    left = base - n
    with np.errstate(invalid="ignore"):
        none = gammaln(left + 1) - gammaln(left - size + 1) - gammaln(base + 1) + gammaln(base - size + 1)
        chance = np.where(left >= size, -np.expm1(none), 1.0)
    return (
        states.select("place", "chain", few=pl.col("base") < size, chance=pl.Series(chance))
        .group_by("place", "chain", maintain_order=True)
        .agg(
            filled=pl.when(pl.col("few").any()).then(None).otherwise(pl.col("chance").sum()),
            segments=pl.len().cast(pl.Int64),
        )
    )


def lacking(states: pl.DataFrame, place: object, others: Sequence[object]) -> pl.DataFrame:
    """Segments that ``place`` lacks and at least one of the ``others`` fills; what most of them have first.

    ``states`` of a diagnosis of all of them. Returns chain, segment, name, key, sure (the absence is more than chance
    against the reference), expected, ``have`` of ``asked`` peers fill it, ``who`` they are, ``firms`` there.
    """
    check_columns(states, ("place", "chain", "segment", "name", "key", "sure", "expected", "n"), "states")
    dtype = states.schema["place"]
    wanted = pl.Series(others, dtype=dtype).unique()
    absent = [str(other) for other in wanted if other not in set(states["place"]) or other == place]
    if absent or not len(wanted):
        raise ValueError(
            f"others must be places of the states other than {place}; not so: {', '.join(absent) or 'none'}"
        )
    theirs = (
        states.filter(pl.col("place").is_in(wanted.implode()) & (pl.col("n") > 0))
        .sort("place")
        .group_by("segment")
        .agg(have=pl.len().cast(pl.Int64), who=pl.col("place"), firms=pl.col("n").sum())
    )
    return (
        states.filter((pl.col("place") == place) & (pl.col("n") == 0))
        .select("chain", "segment", "name", "key", "sure", "expected")
        .join(theirs, on="segment")
        .with_columns(asked=pl.lit(len(wanted), dtype=pl.Int64))
        .select("chain", "segment", "name", "key", "sure", "expected", "have", "asked", "who", "firms")
        .sort("have", "expected", "segment", descending=[True, True, False])
    )


def _one_place(frame: pl.DataFrame, columns: Sequence[str], side: str) -> None:
    check_columns(frame, columns, side)
    if frame["place"].n_unique() != 1:
        raise ValueError(f"{side} must be of one place, not of {frame['place'].n_unique()}")
