"""The site and its worker are one thing to whoever starts them: they come and go together, and work outlives both."""

import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from jobs_app.house import House, answers, house, serve, until
from lianpu.register import jobs
from lianpu.register.models import Job, Role
from lianpu.register.rights import SYSTEM


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which the first command has already made what it makes once."""
    with django_db_blocker.unblock(), house(tmp_path_factory.mktemp("house")) as made:
        assert made.lianpu("up", "--empty", "--no-serve").wait(120) == 0, made.said()
        yield made


@pytest.fixture
def at_work(built: House, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock():
        yield built
        built.end()
        (built.home / "go").unlink(missing_ok=True)


def processes(leader: "subprocess.Popen[bytes]") -> list[str]:
    """Command lines of the living processes that ``leader`` and its like have started."""
    asked = ["ps", "-o", "stat=,args=", "-g", str(leader.pid)]
    listed = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return [line for line in listed.splitlines() if not line.startswith("Z")]


def start_writing() -> Job:
    """A job whose transaction is open."""
    job = jobs.start("write-again", user=SYSTEM, code="x")

    def moving() -> bool:
        job.refresh_from_db()
        return jobs.look(job).done > 1

    until(moving, "the job is under way")
    return job


def test_ctrl_c_ends_both(at_work: House) -> None:
    server, url = serve(at_work)
    until(jobs.workers, "a worker lives beside the site")
    os.killpg(server.pid, signal.SIGINT)  # as a terminal does: every process of the foreground job
    assert server.wait(60) == 0, at_work.said()
    assert processes(server) == []
    assert jobs.workers() == []
    assert not answers(f"{url}/sign-in/")


def test_a_worker_that_dies_is_started_again_and_ends_with_the_site(at_work: House) -> None:
    server, _ = serve(at_work)
    (first,) = until(jobs.workers, "a worker lives")
    os.kill(int(first.rpartition("-")[2]), signal.SIGKILL)
    until(lambda: jobs.workers() not in ([], [first]), "another worker lives")
    server.terminate()  # as a service manager does: the first process alone
    assert server.wait(60) == 0, at_work.said()
    assert processes(server) == []
    assert jobs.workers() == []


def test_without_a_worker_of_its_own(at_work: House) -> None:
    serve(at_work, "--no-worker")
    job = jobs.start("count", user=SYSTEM, number=1)
    assert jobs.workers() == []
    assert jobs.wait(job, seconds=1).state == "waiting"
    at_work.lianpu("worker")
    assert until(lambda: jobs.wait(job).over, "the separate worker does it")


def test_a_killed_site_leaves_nothing_behind_and_goes_on_where_it_was(at_work: House) -> None:
    server, url = serve(at_work)
    job = start_writing()
    server.kill()
    server.wait()
    until(lambda: processes(server) == [], "nothing of the killed site is left")
    assert not answers(f"{url}/sign-in/")
    assert not Role.objects.filter(code="x").exists()
    (at_work.home / "go").touch()
    serve(at_work)
    until(lambda: jobs.wait(job).over, "the job is done by the next worker")
    assert (job.state, Role.objects.filter(code="x").count()) == ("done", 1)
