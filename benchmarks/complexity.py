"""Complexity of places and activities beside the Growth Lab's ``ecomplexity``, in the same run, and checked equal.

Claim: everything (RCA, M, ECI, PCI, density, COI, COG of every cell; frame in, frame out) ≥ 50 × faster at world trade,
226 × 785, ≥ 100 × at 300 × 5,000 invented cells, equal to 1e-9; and 5,000 × 10,000 fits into memory.

Run: ``python benchmarks/complexity.py DATA [--peer-limit 300] [--large] [--cities]``; DATA holds trade/ and registry/. The peer takes about
80 s at 300 × 5,000 (it solves a dense 5,000 × 5,000 eigenproblem), so it is timed once there and three times at
226 × 785. ``--large`` adds 5,000 × 10,000, without the peer; ``--cities`` only ranks cities by the segments of our chain maps that
their firms in the registry fill, to be held against what is generally known of them. Both take their rows as their users would have them:
ours a polars, theirs a pandas frame, made before the clock starts; their printing and their check of
log-supermodularity are off.
"""

import argparse
import resource
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lianpu.analysis.complexity import complexity

MEASURES = ("rca", "mcp", "eci", "pci", "density", "coi", "cog")


def world(places: int, activities: int, seed: int = 11) -> pl.DataFrame:
    """Invented cells, nested like trade: able places make rare and common things. Every pair has its row."""
    rng = np.random.default_rng(seed)
    able, hard = rng.beta(2, 5, places), rng.beta(2, 3, activities)
    there = rng.random((places, activities)) < 1 / (1 + np.exp(-14 * (able[:, None] - hard[None, :] + 0.02)))
    value = np.exp(rng.normal(0, 1.2, (places, activities)) + rng.normal(0, 1, activities)[None, :]) * there
    value[rng.integers(0, places, activities), np.arange(activities)] += 0.5
    value[np.arange(places), rng.integers(0, activities, places)] += 0.5
    place = pl.Series([f"p{i:04d}" for i in range(places)])
    activity = pl.Series([f"a{i:05d}" for i in range(activities)])
    return pl.DataFrame(
        {
            "place": place.gather(np.repeat(np.arange(places), activities)),
            "activity": activity.gather(np.tile(np.arange(activities), places)),
            "value": value.ravel(),
        }
    )


def timed(work: Callable[[], Any], runs: int) -> tuple[float, float, Any]:
    """Median seconds by the clock, median seconds of the process's own time, and the last answer."""
    walls, owns, answer = [], [], None
    for _ in range(runs):
        wall, own = time.perf_counter(), time.process_time()
        answer = work()
        walls.append(time.perf_counter() - wall)
        owns.append(time.process_time() - own)
    return statistics.median(walls), statistics.median(owns), answer


def beside_peer(name: str, frame: pl.DataFrame, budget: float, runs: int, limit: float) -> bool:
    import pandas as pd
    from ecomplexity import ecomplexity

    table = pd.DataFrame({**frame.to_dict(as_series=False), "year": 2000})
    names = {"time": "year", "loc": "place", "prod": "activity", "val": "value"}

    def peer() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ecomplexity(table, names, verbose=False, check_logsupermodularity=False)

    complexity(frame)  # imports and the first touch of memory are not the method's cost
    ours, own, result = timed(lambda: complexity(frame), 7)
    before = time.perf_counter()
    theirs, peer_own, answer = timed(peer, 1)
    if runs > 1 and time.perf_counter() - before < limit / runs:
        theirs, peer_own, answer = timed(peer, runs)
    answer = answer.sort_values(["place", "activity"])
    worst = max(float(np.abs(answer[m].to_numpy() - result.cells[m].to_numpy()).max()) for m in MEASURES)
    print(f"{name}: {result.places.height} × {result.activities.height}, {frame.height:,} rows")
    print(f"  lianpu       {ours:8.3f} s by the clock, {own:8.3f} s of processor")
    print(f"  ecomplexity  {theirs:8.3f} s by the clock, {peer_own:8.3f} s of processor")
    print(f"  {theirs / ours:.0f} × by the clock, {peer_own / own:.0f} × of processor (budget {budget:.0f} ×)")
    print(f"  largest difference in {', '.join(MEASURES)}: {worst:.1e} (budget 1e-9)")
    return theirs / ours >= budget and worst <= 1e-9


def large() -> None:
    frame = world(5_000, 10_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, own, result = timed(lambda: complexity(frame), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"5,000 × 10,000: {result.cells.height:,} cells in {wall:.1f} s ({own:.0f} s of processor)")
    print(f"  peak memory {peak / 1024**2:.1f} GiB, of which the rows going in {before / 1024**2:.1f} GiB")


def cities(data: Path) -> None:
    """Cities with 100 firms or more on the chains × segments, by number of firms that fill the segment."""
    from pairing import chain_maps, real_firms

    segments, words, _ = chain_maps()
    firms, placed = real_firms(data, segments, words)
    filling = placed.filter(pl.col("confidence") >= 0.5).join(
        segments.select(segment="code", role="filled_by"), on=["segment", "role"]
    )
    held = filling.join(firms, on="firm").drop_nulls("city")
    counts = held.group_by(place="city", activity="segment").agg(value=pl.col("firm").n_unique())
    counts = counts.filter(pl.col("value").sum().over("place") >= 100)
    result = complexity(counts)
    ranked = result.places.sort("eci", descending=True)["place"].to_list()
    print(f"{result.places.height} cities × {result.activities.height} segments; notes: {result.notes or 'none'}")
    print(f"  most complex:  {'、'.join(ranked[:15])}")
    print(f"  least complex: {'、'.join(ranked[-10:])}")
    print(f"  兰州 is {ranked.index('兰州') + 1} of {len(ranked)}")


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("data", type=Path)
    options.add_argument("--peer-limit", type=float, default=300, help="seconds for repeats of the peer")
    options.add_argument("--large", action="store_true")
    options.add_argument("--cities", action="store_true")
    given = options.parse_args()
    if given.cities:
        cities(given.data)
        return 0
    trade = pl.read_parquet(given.data / "trade" / "world_trade_1998_2000.parquet")
    trade = trade.rename({"country": "place", "product": "activity"})
    fine = beside_peer("world trade", trade, 50, 3, given.peer_limit)
    fine &= beside_peer("invented", world(300, 5_000), 100, 1, given.peer_limit)
    if given.large:
        large()
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
