"""The main job from a terminal: file → register → placement → reference → diagnosis → findings, with exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import polars as pl
import pytest
from click.testing import CliRunner, Result
from django.db import transaction
from django.test import override_settings

from lianpu.cli.main import main
from lianpu.enterprises.identity import make_uscc
from lianpu.register.models import Change
from lianpu.register.reading import read
from support import ROOT, lianpu_data

FIRMS = [
    ("示例甲石化有限公司", 801, "甘肃省兰州市西固区玉门街1号", "原油加工、聚丙烯、聚乙烯的生产、销售"),
    ("示例乙风电有限公司", 802, "甘肃省兰州市兰州新区中川镇", "风力发电机组及零部件的制造"),
    ("示例丙水泥有限公司", 803, "甘肃省兰州市永登县中堡镇", "水泥、水泥熟料的生产"),
    ("示例丁商贸有限公司", 804, "甘肃省兰州市城关区东岗东路2号", "水泥、建筑材料的销售"),
    ("示例戊生物有限公司", 805, "甘肃省兰州市城关区盐场路3号", "疫苗、血液制品的生产"),
]


def lianpu(*arguments: object) -> Result:
    """Run a command; what it writes to standard output and standard error is told apart."""
    return CliRunner().invoke(main, [str(one) for one in arguments], catch_exceptions=False)


def answer(*arguments: object) -> Any:
    """The JSON that a command that ends well writes to standard output, and nothing else stands there."""
    done = lianpu(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def house(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Any]]:
    """A home with places and chain maps, as the first command makes it; all is taken back at the end."""

    @contextmanager
    def taken_back() -> Iterator[None]:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    home = tmp_path_factory.mktemp("home")
    with django_db_blocker.unblock(), override_settings(LIANPU_HOME=home), taken_back():
        assert answer("place") == {"firms": 0, "placed": 0, "created": 0, "changed": 0, "gone": 0, "seconds": ANY}
        yield taken_back


def write(path: Path, rows: list[tuple[object, ...]], heads: list[str]) -> Path:
    pl.DataFrame([tuple(map(str, row)) for row in rows], schema=heads, orient="row").write_csv(path)
    return path


class TestOnASmallFile:
    @pytest.fixture(scope="class")
    @classmethod
    def job(cls, house: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
        """The whole job once; the tests look at what each command answered."""
        folder = tmp_path_factory.mktemp("job")
        heads = ["企业名称", "统一社会信用代码", "注册地址", "经营范围"]
        rows = [(name, make_uscc("620102", serial), address, scope) for name, serial, address, scope in FIRMS]
        wrong = [("坏码公司", "123", "兰州", "水泥的生产"), ("", make_uscc("620102", 899), "", "")]
        file = write(folder / "企业.csv", [*rows, *wrong], heads)
        others = [(f"外地{n}", "", "", scope) for n in range(3) for *_, scope in FIRMS]
        with house():
            yield {
                "file": file,
                "preview": answer("import", "enterprises", file, "--preview"),
                "first": answer("import", "enterprises", file, "--reason", "年报"),
                "second": answer("import", "enterprises", file),
                "placed": answer("place"),
                "again": answer("place", "--place", "620100"),
                "reference": answer("reference", "load", write(folder / "对照.csv", others, heads), "--name", "对照"),
                "diagnosed": answer("diagnose", "--place", "620100"),
                "findings": answer("findings", "建材", "--place", "620100"),
                "folder": folder,
            }

    def test_import_counts_and_faults(self, job: dict[str, Any], db: None) -> None:
        first = job["first"]
        assert {word: first[word] for word in ("read", "created", "changed", "same", "faulty")} == {
            "read": 7,
            "created": 5,
            "changed": 0,
            "same": 0,
            "faulty": 2,
        }
        assert first["seconds"] >= 0
        assert [(fault["line"], fault["column"], fault["value"]) for fault in first["faults"]] == [
            (7, "统一社会信用代码", "123"),
            (8, "企业名称", ""),
        ]
        assert all(fault["reason"] and fault["remedy"] for fault in first["faults"])

    def test_preview_writes_nothing(self, job: dict[str, Any], db: None) -> None:
        assert (job["preview"]["created"], job["first"]["created"]) == (5, 5)
        assert "result_file" not in job["preview"]

    def test_the_second_time_nothing_changes(self, job: dict[str, Any], db: None) -> None:
        second = job["second"]
        assert (second["created"], second["changed"], second["same"], second["faulty"]) == (0, 0, 5, 2)

    def test_changes_are_recorded_with_their_import_and_reason(self, job: dict[str, Any], db: None) -> None:
        made = Change.objects.filter(run=job["first"]["import_number"])
        assert set(made.values_list("user", "reason", "source")) == {("命令行", "年报", "import")}
        assert made.count() == 5

    def test_the_result_file_carries_every_line(self, job: dict[str, Any], db: None) -> None:
        sheet = read(Path(job["first"]["result_file"]), frozenset(["企业名称"]))
        assert sheet.heads[-2:] == ["结果", "原因"]
        assert [row[-2] for row in sheet.rows] == ["新增"] * 5 + ["有误"] * 2

    def test_firms_come_onto_the_chains(self, job: dict[str, Any], db: None) -> None:
        assert (job["placed"]["firms"], job["placed"]["placed"]) == (5, 5)
        again = job["again"]
        assert (again["firms"], again["created"], again["changed"], again["gone"]) == (5, 0, 0, 0)
        assert (job["reference"]["rows"], job["reference"]["placed"]) == (15, 15)

    def test_twelve_chains_are_diagnosed_against_the_reference(self, job: dict[str, Any], db: None) -> None:
        diagnosed = job["diagnosed"]
        assert diagnosed["reference"] == "对照"
        assert len(diagnosed["chains"]) == 12
        for chain in diagnosed["chains"]:
            states = [chain[state] for state in ("missing", "weak", "balanced", "strong")]
            assert sum(states) == chain["segments"] >= 25
        assert sum(chain["firms"] for chain in diagnosed["chains"]) >= 4

    def test_findings_say_what_to_do_and_why(self, job: dict[str, Any], db: None) -> None:
        found = job["findings"]
        assert (found["chain"], found["place"]) == ("建材", "620100")
        ranks = [one["rank"] for one in found["findings"]]
        assert ranks == list(range(1, len(ranks) + 1))
        scores = [one["score"] for one in found["findings"]]
        assert scores == sorted(scores, reverse=True)
        assert all(one["explanation"] and one["parts"] for one in found["findings"])

    def test_words_go_to_people_and_json_to_programs(self, job: dict[str, Any], db: None) -> None:
        spoken = lianpu("findings", "建材")
        assert "诊断第" in spoken.stdout
        silent = lianpu("findings", "建材", "--json")
        json.loads(silent.stdout)
        assert "诊断第" in silent.stderr

    def test_what_leaves_comes_back_unchanged(self, job: dict[str, Any], db: None) -> None:
        for form in ("xlsx", "csv", "parquet"):
            out = job["folder"] / f"导出.{form}"
            assert answer("export", "enterprises", "-o", out)["rows"] == 5
            back = answer("import", "enterprises", out, "--preview")
            assert (back["created"], back["changed"], back["same"], back["faulty"]) == (0, 0, 5, 0)

    def test_all_or_nothing_refuses_with_one(self, job: dict[str, Any], db: None) -> None:
        done = lianpu("import", "enterprises", job["file"], "--all-or-nothing")
        assert done.exit_code == 1
        assert "2行有误" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (["import", "enterprises", "no-such-file.csv"], 1, "找不到文件"),
            (["import", "no-such-register", "x.csv"], 2, "没有可导入的登记簿"),
            (["import", "placements", "x.csv"], 2, "没有可导入的登记簿"),
            (["export", "enterprises", "-o", "x.doc"], 2, "用法"),
            (["place", "--place", "999999"], 1, "找不到"),
            (["diagnose"], 2, "--place"),
            (["diagnose", "--place", "620100", "--reference", "无此对照库"], 1, "找不到"),
            (["findings", "并无此链"], 1, "找不到"),
            (["findings", "建材", "--place", "110000"], 1, "还没有诊断"),
            (["reference", "load", "no-such-file.csv"], 1, "找不到文件"),
            (["no-such-command"], 2, "no-such-command"),
        ],
    )
    def test_refusals_have_words_and_codes(
        self, job: dict[str, Any], db: None, arguments: list[str], code: int, said: str
    ) -> None:
        done = lianpu(*arguments)
        assert (done.exit_code, said in done.stderr) == (code, True), done.stderr


def test_a_database_that_cannot_be_reached_is_told_with_three(tmp_path: Path) -> None:
    home = {"LIANPU_HOME": str(tmp_path), "LIANPU_DATABASE": f"sqlite:///{tmp_path}/no-such-folder/x.sqlite3"}
    done = subprocess.run(
        [sys.executable, "-m", "lianpu.cli.main", "place"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **home, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 3, done.stderr
    assert "数据库不可用" in done.stderr


@pytest.mark.realdata
class TestOnTheRealRegistry:
    @pytest.fixture(scope="class")
    @classmethod
    def job(cls, house: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
        """Gansu's registry, brought in twice and as parquet, against a slice of the nation."""
        registry = lianpu_data() / "registry"
        folder = tmp_path_factory.mktemp("real")
        slice_of = pl.scan_parquet(registry / "national-sample.parquet").gather_every(20).collect()
        slice_of.write_parquet(folder / "全国.parquet")
        with house():
            yield {
                "first": answer("import", "enterprises", registry / "gansu.csv"),
                "second": answer("import", "enterprises", registry / "gansu.csv"),
                "parquet": answer("import", "enterprises", registry / "gansu.parquet", "--preview"),
                "placed": answer("place", "--place", "620100"),
                "reference": answer("reference", "load", folder / "全国.parquet"),
                "diagnosed": answer("diagnose", "--place", "620100"),
                "findings": answer("findings", "石油化工", "--place", "620100", "--top", "3"),
                "slice": slice_of.height,
            }

    def test_every_line_enters_or_is_listed(self, job: dict[str, Any], db: None) -> None:
        first = job["first"]
        assert (first["read"], first["created"], first["faulty"]) == (13_969, 13_910, 59)
        assert len({fault["line"] for fault in first["faults"]}) == 59
        assert all(fault["reason"] and fault["remedy"] for fault in first["faults"])
        result = read(Path(first["result_file"]), frozenset(["企业名称"]))
        assert len(result.rows) == 13_969

    def test_the_second_time_nothing_changes(self, job: dict[str, Any], db: None) -> None:
        second = job["second"]
        assert (second["created"], second["changed"], second["same"], second["faulty"]) == (0, 0, 13_910, 59)

    def test_the_same_firms_come_from_parquet(self, job: dict[str, Any], db: None) -> None:
        parquet = job["parquet"]
        assert (parquet["read"], parquet["same"], parquet["faulty"]) == (13_910, 13_910, 0)

    def test_the_citys_chains_are_diagnosed(self, job: dict[str, Any], db: None) -> None:
        assert job["placed"]["firms"] > job["placed"]["placed"] > 0
        assert job["reference"]["rows"] == job["slice"]
        assert len(job["diagnosed"]["chains"]) == 12
        assert [one["rank"] for one in job["findings"]["findings"]] == [1, 2, 3]
