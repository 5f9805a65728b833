"""A registry placed from file to file: one process, several, and a Spark cluster give the same rows."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

from lianpu.analysis.placement import Placer
from lianpu.chains.scale import place_file
from lianpu.cli.console import USAGE
from lianpu.cli.main import main
from support import ROOT

TAXONOMY = pl.DataFrame(
    [("J1", "水泥", None, "makes"), ("J2", "建材流通", None, "trades")],
    schema=["code", "name", "parent", "filled_by"],
    orient="row",
)
PRODUCTS = pl.DataFrame(
    [("水泥", "J1", 1.0), ("熟料", "J1", 1.0), ("钢材", "J2", 1.0)], schema=["product", "code", "weight"], orient="row"
)
SCOPES = ["水泥、熟料的生产、销售", "钢材批发；水泥零售", "餐饮服务", None, "水泥、熟料的生产、销售；普通货运"]
FIRMS = 700


@pytest.fixture(scope="module")
def registry_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invented firms in several row groups, so that a cluster has something to share out."""
    path = tmp_path_factory.mktemp("registry") / "firms.parquet"
    pl.DataFrame(
        {
            "uscc": [f"示例{number:05}" for number in range(FIRMS)],
            "name": [f"示例第{number}水泥厂" if number % 3 else None for number in range(FIRMS)],
            "scope": [SCOPES[number % len(SCOPES)] for number in range(FIRMS)],
        }
    ).write_parquet(path, row_group_size=100)
    return path


@pytest.fixture(scope="module")
def placer() -> Placer:
    return Placer.fit(TAXONOMY, PRODUCTS, None)


@pytest.fixture(scope="module")
def expected(placer: Placer, registry_file: Path) -> pl.DataFrame:
    """Key, rank, code, role, score and evidence, as the placer itself says."""
    firms = pl.read_parquet(registry_file)
    placed = placer.place(firms)
    return placed.select(firms["uscc"].gather(placed["row"]), "rank", "code", "role", "score", "evidence")


def test_file_to_file_is_what_the_placer_says(
    placer: Placer, registry_file: Path, expected: pl.DataFrame, tmp_path: Path
) -> None:
    for engine, processes in (("inprocess", 1), ("processes", 2)):
        target = tmp_path / engine
        rows = place_file(
            placer,
            str(registry_file),
            target,
            engine=engine,
            processes=processes,
            part=150,
            progress=lambda done, total, words: None,
        )
        assert rows == expected.height > 0
        assert len(list(target.iterdir())) == 5
        assert_frame_equal(pl.read_parquet(target / "*.parquet"), expected, check_exact=True, check_dtypes=False)


def test_what_is_there_is_not_overwritten_and_what_fails_leaves_nothing(
    placer: Placer, registry_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(FileExistsError):
        place_file(placer, str(registry_file), tmp_path, progress=lambda *_: None)
    with pytest.raises(ValueError, match="缺列 number"):
        place_file(placer, str(registry_file), tmp_path / "new", key="number", progress=lambda *_: None)
    assert list(tmp_path.iterdir()) == []


def test_the_command_takes_both_files_or_none(tmp_path: Path) -> None:
    for options in (["--input", "firms.parquet"], ["--output", "placed"], ["--changed", "--place", "620100"]):
        done = CliRunner().invoke(main, ["place", *options])
        assert done.exit_code == USAGE


class Cluster(NamedTuple):
    """A standalone master on this machine: its address, what a driver needs to see, where each worker works."""

    master: str
    environment: dict[str, str]
    folders: list[Path]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    if "postgres" in os.environ.get("LIANPU_DATABASE", ""):
        pytest.skip("Spark asks no database: tested once, beside SQLite")
    if shutil.which("java") is None:
        pytest.skip("no Java: Spark needs version 17")
    home = next((ROOT / ".venv-spark").glob("lib/python*/site-packages/pyspark"), None)
    if home is None:
        pytest.skip("no pyspark: scripts/test puts it into .venv-spark where there is Java")
    environment = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        # the interpreter of the tests, with pyspark beside its own packages
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{home.parent}",
        "PYTHONWARNINGS": "ignore",
    }
    started: list[subprocess.Popen[bytes]] = []

    def run(role: str, *arguments: str) -> Path:
        log = tmp_path / f"{role}-{len(started)}.log"
        command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{role.lower()}.{role}", *arguments]
        with log.open("wb") as out:
            started.append(subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT))
        return log

    log = run("Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    try:
        master = _told(log, r"Starting Spark master at (spark://\S+)", 1)[0]
        folders = [tmp_path / "worker1", tmp_path / "worker2"]
        for folder in folders:
            place = ("--host", "127.0.0.1", "--webui-port", "0", "--work-dir", str(folder))
            run("Worker", *place, "--cores", "1", "--memory", "1g", master)
        _told(log, r"Registering worker (\S+)", 2)
        yield Cluster(master, environment, folders)
    finally:
        for one in reversed(started):
            one.terminate()
            one.wait(60)


def _told(log: Path, pattern: str, times: int) -> list[str]:
    """What a log says, once it has said it often enough."""
    for _ in range(600):
        if len(found := re.findall(pattern, log.read_text())) >= times:
            return found
        time.sleep(0.2)
    raise AssertionError(log.read_text())


DRIVER = """
import sys
from pathlib import Path
from lianpu.analysis.placement import Placer
from lianpu.chains.scale import place_file
model, source, target, master = sys.argv[1:]
place_file(Placer.load(model), source, Path(target), engine="spark", master=master, progress=lambda *_: None)
"""


def test_a_cluster_of_two_workers_says_the_same(
    placer: Placer, registry_file: Path, expected: pl.DataFrame, tmp_path: Path, cluster: Cluster
) -> None:
    model, target = tmp_path / "placer.zip", tmp_path / "placed"
    placer.save(model)
    command = [sys.executable, "-c", DRIVER, model, registry_file, target, cluster.master]
    done = subprocess.run(command, env=cluster.environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    placed = pl.read_parquet(target / "*.parquet").sort("uscc", "rank")
    assert_frame_equal(placed, expected.sort("uscc", "rank"), check_exact=True, check_dtypes=False)
    assert all(list(folder.glob("app-*")) for folder in cluster.folders)
