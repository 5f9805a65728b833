"""An import that is killed, or meets another, leaves the register as it was or as it was to be — by real processes."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs_app.house import House, house, until
from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise
from lianpu.register import jobs
from lianpu.register.declare import registry
from lianpu.register.exporting import write_csv
from lianpu.register.importing import GOOD_ROWS, desk, work
from lianpu.register.models import Change, ImportRun, Job
from lianpu.register.rights import SYSTEM

ROWS = 2000
HEADS = ["企业名称", "统一社会信用代码", "注册资本（万元）", "经营范围"]
State = ImportRun.State


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with django_db_blocker.unblock(), house(tmp_path_factory.mktemp("house")) as made:
        assert made.lianpu("up", "--empty", "--no-serve").wait(180) == 0, made.said()
        yield made


@pytest.fixture
def at(built: House, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock():
        yield built
        built.end()


def sheet(folder: Path, name: str, start: int, rows: int = ROWS, capital: int = 1) -> Path:
    """A file of firms with the serial numbers from ``start``."""
    path = folder / f"{name}.csv"
    lines = [
        [f"示例{n}", make_uscc("620102", n), capital + n % 7, "铝锭的生产" * 20] for n in range(start, start + rows)
    ]
    with path.open("wb") as out:
        write_csv(out, HEADS, lines)
    return path


def committed() -> list[ImportRun]:
    return list(ImportRun.objects.filter(state=State.COMMITTED))


def assert_whole() -> None:
    """Every run that says it is written has its rows and its records, and nothing else was written."""
    for run in committed():
        assert Change.objects.filter(run=run.pk).count() == run.created + run.changed
        assert (run.home / "lines").is_file()
        assert run.file.is_file()
    assert Change.objects.filter(run__isnull=False).exclude(run__in=[run.pk for run in committed()]).count() == 0
    assert Enterprise.objects.count() == sum(run.created for run in committed())


def test_an_import_killed_at_any_moment_is_done_or_not_done(at: House, tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    killed = 0
    for turn in range(5):
        file, before = sheet(tmp_path, f"第{turn}份", turn * ROWS), Enterprise.objects.count()
        folders = set(desk.home().glob("*"))
        process = at.lianpu("import", "enterprises", str(file))
        # The transaction has begun when the run's folder is there.
        until(lambda p=process, f=folders: p.poll() is not None or set(desk.home().glob("*")) - f, "it writes")
        time.sleep(moments.uniform(0, 0.5))
        process.kill()
        killed += process.wait() != 0
        # PostgreSQL notices that its client is gone when it next speaks to it.
        until(_nobody_writes, "the database lets go")
        assert Enterprise.objects.count() in (before, before + ROWS), f"seed {seed}"
        assert_whole()
    assert killed, "none was caught in the act"
    written = len(committed())
    process = at.lianpu("import", "enterprises", str(sheet(tmp_path, "其后", 10 * ROWS)))
    assert process.wait(120) == 0, at.said()
    assert len(committed()) == written + 1
    assert_whole()


def _nobody_writes() -> bool:
    from django.db import connection

    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND state <> 'idle'"
        )
        return bool(cursor.fetchone()[0] == 0)  # type: ignore[index]


def test_an_undo_killed_at_any_moment_is_done_or_not_done(at: House, tmp_path: Path) -> None:
    process = at.lianpu("import", "enterprises", str(sheet(tmp_path, "要撤销", 20 * ROWS)))
    assert process.wait(120) == 0, at.said()
    run = committed()[0]
    before = Enterprise.objects.count()
    moments = random.Random()
    for _ in range(3):
        process = at.lianpu("imports", "undo", str(run.pk), "--reason", "试撤")
        time.sleep(moments.uniform(0.8, 3.0))
        process.kill()
        process.wait()
        until(_nobody_writes, "the database lets go")
        run.refresh_from_db()
        left = Enterprise.objects.count()
        assert (run.state, left) in ((State.COMMITTED, before), (State.UNDONE, before - ROWS))
        if run.state == State.UNDONE:
            break
    if run.state == State.COMMITTED:
        assert at.lianpu("imports", "undo", str(run.pk), "--reason", "撤").wait(120) == 0, at.said()
    assert Enterprise.objects.count() == before - ROWS
    assert at.lianpu("imports", "undo", str(run.pk), "--reason", "再撤").wait(120) == 1
    assert "只有已写入的导入可以撤销" in at.said()


def test_a_worker_killed_while_it_writes_has_its_import_finished_by_the_next(at: House, tmp_path: Path) -> None:
    file = sheet(tmp_path, "网上报送", 30 * ROWS)
    before, register = Enterprise.objects.count(), registry["enterprises"]
    run = desk.receive(register=register, user=SYSTEM, name=file.name, content=desk.file_blocks(file))
    run = desk.preview(run=run, user=SYSTEM)
    job = desk.start(work.WRITE, run=run, user=SYSTEM, title="写入", mode=GOOD_ROWS, reason="年报")
    worker = at.lianpu("worker", "--name", "甲")

    def writing() -> bool:
        job.refresh_from_db()
        return job.over or jobs.look(job).words == "写入"

    until(writing, "the worker writes")
    worker.kill()
    worker.wait()
    until(_nobody_writes, "the database lets go")
    run.refresh_from_db()
    assert (run.state, Enterprise.objects.count() - before) in ((State.PREVIEWED, 0), (State.COMMITTED, ROWS))
    at.lianpu("worker", "--name", "乙")
    until(lambda: jobs.wait(job, seconds=0).over, "the next worker ends it")
    run.refresh_from_db()
    assert (job.state, run.state) == (Job.State.DONE, State.COMMITTED), at.said()
    assert Enterprise.objects.count() == before + ROWS


def test_two_imports_of_the_same_register_at_once_both_end_well(at: House, tmp_path: Path) -> None:
    before = Enterprise.objects.count()
    one = sheet(tmp_path, "甲局", 40 * ROWS)
    two = sheet(tmp_path, "乙局", 40 * ROWS + ROWS // 2, capital=5)  # half of them the same firms with another capital
    processes = [at.lianpu("import", "enterprises", str(file)) for file in (one, two)]
    assert [process.wait(180) for process in processes] == [0, 0], at.said()
    runs = ImportRun.objects.filter(file_name__in=["甲局.csv", "乙局.csv"])
    first, second = sorted(runs, key=lambda run: run.committed_at or run.at)
    assert (first.created, first.changed) == (ROWS, 0)
    assert (second.created, second.changed) == (ROWS // 2, ROWS // 2), "the second saw what the first had written"
    assert Enterprise.objects.count() == before + ROWS + ROWS // 2


def test_the_same_file_twice_at_once_is_written_once(at: House, tmp_path: Path) -> None:
    before = Enterprise.objects.count()
    file = sheet(tmp_path, "重复报送", 45 * ROWS)
    processes = [at.lianpu("import", "enterprises", str(file)) for _ in range(2)]
    assert [process.wait(180) for process in processes] == [0, 0], at.said()
    assert sorted(ImportRun.objects.filter(file_name=file.name).values_list("created", "same")) == [
        (0, ROWS),
        (ROWS, 0),
    ]
    assert Enterprise.objects.count() == before + ROWS
