"""Placement of a whole registry from file to file: in this process, in several, or on an Apache Spark cluster.

Source and result are Parquet. The result is a folder of parts, in the order of the source (a cluster's in its own), written
whole or not at all; no more than one part a process is in memory. All engines run the same function
(:func:`lianpu.analysis.placement.batches.place_batches`) and give the same rows. This module knows no Django, so that
processes start quickly.
"""

import functools
import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zipfile import ZipFile

if TYPE_CHECKING:
    from lianpu.analysis.placement import Placer

PART = 50_000  # rows of a part
ENGINES = ("inprocess", "processes", "spark")

_WORKER_SETTINGS = {
    "POLARS_MAX_THREADS": "1",  # threads would only stand in each other's way
    # keep the memory of large arrays for the next ones; else a tenth of the time goes into asking the system again
    "MALLOC_MMAP_THRESHOLD_": str(1 << 28),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 29),
}
_SPARK_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
    "spark.sql.files.maxPartitionBytes": "16m",
}

Progress = Callable[[int, int, str], None]


class NoSparkError(Exception):
    """Spark is asked for and not installed."""

    def __init__(self) -> None:
        super().__init__("没有安装 Spark：请先 pip install 'lianpu[spark]'，并装 Java 17。 / Spark is not installed.")


def place_file(
    placer: "Placer",
    source: str,
    target: Path,
    *,
    progress: Progress,
    engine: str = "processes",
    processes: int = 0,
    master: str = "local[*]",
    key: str = "uscc",
    top_k: int = 3,
    part: int = PART,
) -> int:
    """Place the firms of ``source`` into the folder ``target``; returns the number of rows written.

    ``source`` is a Parquet file or a pattern of several (``part-*.parquet``), with columns name, scope and ``key``.
    ``processes`` 0 means one for each core, ``part`` is how many rows a process reads at a time. Raises ``FileExistsError``
    where the target exists, ``ValueError`` where a column is missing.
    """
    import polars as pl

    if target.exists():
        raise FileExistsError(f"{target} 已存在：请另指一处，或先移走它。")
    known = pl.scan_parquet(source).collect_schema().names()
    if missing := [column for column in (key, "name", "scope") if column not in known]:
        raise ValueError(f"{source} 缺列 {'、'.join(missing)}：现有列为 {'、'.join(known)}")
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if engine == "spark":
            _by_spark(placer, source, fresh, master=master, key=key, top_k=top_k)
        else:
            fresh.mkdir(parents=True)
            many = 1 if engine == "inprocess" else processes or os.cpu_count() or 1
            _by_processes(placer, source, fresh, many, progress, key=key, top_k=top_k, part=part)
        fresh.replace(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return int(pl.scan_parquet(target / "*.parquet").select(pl.len()).collect().item())


# -- processes -----------------------------------------------------------------------------------------------------


def _by_processes(
    placer: "Placer",
    source: str,
    target: Path,
    processes: int,
    progress: Progress,
    *,
    key: str,
    top_k: int,
    part: int,
) -> None:
    import polars as pl

    rows = int(pl.scan_parquet(source).select(pl.len()).collect().item())
    work = functools.partial(_place_part, source=source, target=target, key=key, top_k=top_k, part=part)
    starts = range(0, max(rows, 1), part)
    progress(0, rows, "挂链")
    for number, _ in enumerate(_each(placer, work, starts, processes), start=1):
        progress(min(number * part, rows), rows, "挂链")


def _each(placer: "Placer", work: Callable[[int], None], starts: range, processes: int) -> Iterator[None]:
    if processes == 1:
        _WORKER[:] = [placer]
        yield from map(work, starts)
        return
    store = BytesIO()
    placer.save(store)
    before = {name: os.environ.get(name) for name in _WORKER_SETTINGS}
    os.environ.update(_WORKER_SETTINGS)  # read by a process as it starts
    try:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(processes, len(starts)), context, _start, (store.getvalue(),)) as pool:
            yield from pool.map(work, starts)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


_WORKER: list["Placer"] = []


def _start(saved: bytes) -> None:
    from lianpu.analysis.placement import Placer

    _WORKER[:] = [Placer.load(BytesIO(saved))]


def _place_part(start: int, *, source: str, target: Path, key: str, top_k: int, part: int) -> None:
    import polars as pl

    from lianpu.analysis.placement.batches import place_batches

    firms = pl.scan_parquet(source).select(key, "name", "scope").slice(start, part).collect()
    placed = pl.concat(place_batches(_WORKER[0], [firms], key=key, top_k=top_k))
    placed.write_parquet(target / f"part-{start // part:05}.parquet")


# -- Spark ---------------------------------------------------------------------------------------------------------


def _by_spark(placer: "Placer", source: str, target: Path, *, master: str, key: str, top_k: int) -> None:
    from lianpu.analysis.placement.batches import SPARK_SCHEMA, place_arrow

    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise NoSparkError from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else workers take whatever python3 comes first
    builder = SparkSession.builder.master(master).appName("lianpu place")
    for name, value in _SPARK_SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        with TemporaryDirectory() as folder:
            session.sparkContext.addPyFile(str(_ourselves(Path(folder, "lianpu.zip"))))
            store = BytesIO()
            placer.save(store)
            saved = session.sparkContext.broadcast(store.getvalue())
            firms = session.read.parquet(source).select(key, "name", "scope")
            work = functools.partial(place_arrow, saved=saved, key=key, top_k=top_k)
            firms.mapInArrow(work, SPARK_SCHEMA.format(key=key)).write.parquet(str(target))
    finally:
        session.stop()


def _ourselves(path: Path) -> Path:
    """What the workers need of us, as a file that they can import from: they run the driver's own version."""
    import lianpu.analysis

    root = Path(lianpu.__file__).parent
    with ZipFile(path, "w") as archive:
        for file in [root / "__init__.py", *sorted((root / "analysis").rglob("*.py"))]:
            archive.write(file, Path("lianpu") / file.relative_to(root))
    return path
