"""A place beside another one, or beside itself at an earlier date: what differs, and is it more than chance?

Frames in, frames out: ``states`` are those of :class:`lianpu.analysis.diagnosis.Diagnosis`, ``health`` those of
:func:`lianpu.analysis.health.health`. Method and limits: ``docs/methods/health.md``.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from lianpu.analysis.coverage import check_columns, location_quotient, quotient_interval, similarity
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
    cells = states.join(kept.select("place"), on="place", how="semi").select("place", "segment", value="n")
    # pair by pair: similarity() of all places at once would compare every two of them
    pairs = [
        similarity(cells.filter(pl.col("place").is_in([place, other])))
        for other in kept["place"].sort()
        if other != place
    ]
    cells = cells.with_columns(pl.col("value").cast(pl.Float64))
    own_mix = cells.filter(pl.col("place") == place).select("segment", mine="value")
    value, mine = pl.col("value"), pl.col("mine")
    cosine = (
        cells.join(own_mix, on="segment")
        .group_by(other="place")
        .agg(cosine=(value * mine).sum() / (value.pow(2).sum() * mine.pow(2).sum()).sqrt())
    )
    size = pl.max_horizontal("base_here", "base_there") / pl.min_horizontal("base_here", "base_there")
    found = [
        pair.select(
            place=pl.lit(place, dtype=states.schema["place"]),
            other=pl.when(pl.col("place") == place).then("other").otherwise("place"),
            overlap="similarity",
            krugman="krugman",
            common="segments",
        )
        for pair in pairs
    ]
    if not found:
        raise ValueError(f"no other place has {least} mapped firms; lower least or give more places")
    return (
        pl.concat(found)
        .join(cosine, on="other", how="left")
        .join(kept.rename({"place": "other", "base": "base_there"}), on="other", how="left")
        .with_columns(base_here=pl.lit(own[0], dtype=pl.Int64))
        .with_columns(size_ratio=size)
        .with_columns(size_rank=pl.col("size_ratio").rank("ordinal").cast(pl.Int64))
        .select(
            *("place", "other", "base_here", "base_there", "cosine", "overlap", "krugman", "common"),
            *("size_ratio", "size_rank"),
        )
        .sort("cosine", "other", descending=[True, False])
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
