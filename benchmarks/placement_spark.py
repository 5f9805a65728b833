"""Placement on an Apache Spark standalone cluster on this machine: rows a second and core, memory a core.

    PYTHONPATH=$PWD/.venv-spark/lib/python3.11/site-packages python benchmarks/placement_spark.py DATA [--rows 1100000] [--workers 2]

``scripts/test`` makes .venv-spark where there is Java. Spark takes its time to begin, the first time most of all, so after a
first small one two sizes are placed and the rate is that of the rows between them. Memory is the most that any Python worker, and any executor's JVM, has held.
"""

import argparse
import re
import tempfile
import threading
import time
from pathlib import Path

import polars as pl
from placement import chain_maps

from lianpu.analysis.placement import Placer
from lianpu.chains.scale import PART, place_file

#: What tells the processes of a cluster in /proc.
KINDS = {"Python worker": "pyspark.daemon", "executor's JVM": "CoarseGrainedExecutorBackend"}


def held(kind: str) -> int:
    """MiB that the largest process of a kind has ever held."""
    most = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if kind in (process / "cmdline").read_text():
                peak = re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())
                most = max(most, int(peak[1]) // 1024 if peak else 0)
        except (OSError, UnicodeDecodeError):
            continue  # it has just ended
    return most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=1_100_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    sample = pl.read_parquet(options.data / "registry" / "national-sample.parquet", columns=["name", "scope"])
    placer = Placer.fit(*chain_maps())
    peaks, done = dict.fromkeys(KINDS, 0), threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            for kind, words in KINDS.items():
                peaks[kind] = max(peaks[kind], held(words))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    seconds = []
    sizes = (10_000, options.rows // 5, options.rows)
    for size in sizes:
        firms = pl.concat([sample] * (size // sample.height + 1))[:size].with_row_index("uscc")
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "firms.parquet")
            firms.write_parquet(source, row_group_size=PART)
            start = time.perf_counter()
            cluster = f"local-cluster[{options.workers},1,1024]"
            written = place_file(
                placer, str(source), Path(folder, "placed"), engine="spark", master=cluster, progress=lambda *_: None
            )
            seconds.append(time.perf_counter() - start)
            print(f"{size:,} rows, {options.workers} workers: {seconds[-1]:.1f} s, {written:,} placements", flush=True)
    done.set()
    watcher.join()
    rate = (sizes[2] - sizes[1]) / (seconds[2] - seconds[1])
    print(
        f"{rate:,.0f} rows/s, {rate / options.workers:,.0f} a core; to begin and end {seconds[1] - sizes[1] / rate:.0f} s"
    )
    print("; ".join(f"largest {kind} {peak:,} MiB" for kind, peak in peaks.items()))


if __name__ == "__main__":
    main()
