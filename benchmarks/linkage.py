"""Extraction of every sector of the world table beside one solve a sector, and linkages beside pymrio; checked equal.

Claim: ``extraction_loss`` of all 1,435 sectors ≥ 1,000 × faster than taking each sector out and solving again, equal to
1e-9; coefficients, Leontief and Ghosh inverse equal to pymrio's.

Run: ``python benchmarks/linkage.py DATA [--year 2009] [--sample 40]``; DATA holds io/. One by one takes minutes, so
``--sample`` sectors are solved (the mean times 1,435 is said to be an estimate; ``--sample 1435`` does them all), each
compared with the closed form. pymrio brings 450 MiB and is not among the development packages; without it that part is
left out, saying so. To have it: ``pip install --target build/peers pymrio==0.7.0``, then run with
``PYTHONPATH=build/peers``.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lianpu.analysis.linkage import Table, extraction_loss, linkages


def timed(work: Callable[[], Any], runs: int) -> tuple[float, float, Any]:
    """Median seconds by the clock, median seconds of the process's own time, and the last answer."""
    walls, owns, answer = [], [], None
    for _ in range(runs):
        wall, own = time.perf_counter(), time.process_time()
        answer = work()
        walls.append(time.perf_counter() - wall)
        owns.append(time.process_time() - own)
    return statistics.median(walls), statistics.median(owns), answer


def extraction(flows: np.ndarray, output: np.ndarray, sample: int) -> bool:
    n = len(output)
    a = np.divide(flows, output, out=np.zeros_like(flows), where=output > 0)
    f = output - a @ output

    def without(sector: int) -> float:
        cut, asked = a.copy(), f.copy()
        cut[sector] = cut[:, sector] = asked[sector] = 0
        return float(output.sum() - np.linalg.solve(np.eye(n) - cut, asked).sum())

    extraction_loss(flows, output)
    without(0)
    wall, own, loss = timed(lambda: extraction_loss(flows, output), 9)
    chosen = np.sort(np.random.default_rng(3).choice(n, min(sample, n), replace=False))
    walls, owns, worst = [], [], 0.0
    for sector in chosen:
        one_wall, one_own, lost = timed(lambda: without(sector), 1)  # noqa: B023
        walls.append(one_wall)
        owns.append(one_own)
        worst = max(worst, abs(lost - loss[sector]) / max(abs(lost), 1.0))
    every, every_own = statistics.median(walls) * n, statistics.median(owns) * n
    word = "measured" if len(chosen) == n else f"estimated from {len(chosen)}"
    print(f"extraction of {n} sectors, {int((output == 0).sum())} of them without output")
    print(f"  closed form  {wall:9.3f} s by the clock, {own:9.3f} s of processor")
    print(f"  one by one   {every:9.1f} s by the clock, {every_own:9.1f} s of processor ({word})")
    print(f"  {every / wall:.0f} × by the clock, {every_own / own:.0f} × of processor (budget 1,000 ×)")
    print(f"  largest relative difference on {len(chosen)} sectors: {worst:.1e} (budget 1e-9)")
    return every / wall >= 1000 and worst <= 1e-9


def beside_pymrio(flows: np.ndarray, output: np.ndarray) -> bool:
    try:
        import pandas as pd
        import pymrio
    except ImportError:
        print("pymrio: absent, left out (see the top of this file)")
        return True
    frame = pd.DataFrame(flows)

    def peer() -> tuple[Any, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            total = pymrio.calc_L(pymrio.calc_A(frame, output))
            return total, pymrio.calc_G(pymrio.calc_B(frame, output), total, output)

    wall, own, found = timed(lambda: linkages(flows, output), 5)
    peer_wall, peer_own, (total, pushed) = timed(peer, 5)
    live = output > 0
    gap = np.abs(Table.of(flows, output).leontief - total.to_numpy()).max()
    multipliers = np.abs(found["multiplier"].to_numpy() / total.to_numpy().sum(0) - 1).max()
    theirs = np.where(live, pushed.to_numpy().sum(1), 1.0)
    forward = np.abs(found["ghosh_forward"].to_numpy() / (theirs / theirs.mean()) - 1).max()
    print("linkages, all columns, beside pymrio's A, L, B and G")
    print(f"  lianpu  {wall:7.3f} s by the clock, {own:7.3f} s of processor")
    print(f"  pymrio  {peer_wall:7.3f} s by the clock, {peer_own:7.3f} s of processor")
    print(f"  {peer_wall / wall:.1f} × by the clock, {peer_own / own:.1f} × of processor")
    print(
        f"  largest difference: L {gap:.1e}, multipliers {multipliers:.1e}, Ghosh forward {forward:.1e} (budget 1e-9)"
    )
    return max(gap, multipliers, forward) <= 1e-9


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("data", type=Path)
    options.add_argument("--year", type=int, default=2009)
    options.add_argument("--sample", type=int, default=40)
    given = options.parse_args()
    held = np.load(given.data / "io" / f"wiod2013_{given.year}.npz")
    flows, output = held["Z"].astype(np.float64), held["X"].astype(np.float64)
    print(f"World Input-Output Database 2013, {given.year}; numpy {np.__version__}")
    fine = extraction(flows, output, given.sample)
    return 0 if beside_pymrio(flows, output) and fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
