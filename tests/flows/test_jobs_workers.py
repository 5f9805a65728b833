"""Real workers on a real database: each job once, and nothing half done when one is killed."""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

import jobs_app.jobs
from jobs_app.house import House, house, until
from lianpu.register import jobs
from lianpu.register.models import Job, Role
from lianpu.register.rights import SYSTEM


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with django_db_blocker.unblock(), house(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def at_work(built: House, django_db_blocker: Any) -> Iterator[House]:
    """The house with an empty queue and no worker."""
    with django_db_blocker.unblock():
        yield built
        built.end()
        built.processes.clear()
        Job.objects.all().delete()
        Role.objects.all().delete()
        get_user_model().objects.all().delete()
        for name in ("go", "ran.txt", "duties.txt", "duty"):
            (built.home / name).unlink(missing_ok=True)


def start_worker(at: House, name: str) -> "subprocess.Popen[bytes]":
    process = at.lianpu("worker", "--name", name)
    until(lambda: name in jobs.workers() or process.poll() is not None, "a worker lives")
    assert process.poll() is None, at.said()
    return process


def ended(job: Job) -> Job:
    def over() -> bool:
        job.refresh_from_db()
        return job.over

    until(over, f"{job.name} ends")
    return job


def runs_of(at: House) -> "Counter[str]":
    file = at.home / "ran.txt"
    return Counter(file.read_text().split() if file.exists() else [])


def under_way(job: Job) -> Job:
    """The job once its transaction is open and its counters are seen from outside."""

    def moving() -> bool:
        job.refresh_from_db()
        return jobs.look(job).done > 1

    until(moving, f"{job.name} is under way")
    return job


def start_writing(name: str, code: str) -> Job:
    return under_way(jobs.start(name, user=SYSTEM, code=code))


def test_two_workers_do_each_of_200_jobs_once(at_work: House) -> None:
    for name in ("甲", "乙"):
        start_worker(at_work, name)
    for number in range(200):
        jobs.start("count", user=SYSTEM, number=number)
    counting = Job.objects.filter(name="count")  # duties may start jobs of their own
    until(lambda: not counting.exclude(state="done").exists(), "all jobs are done")
    assert runs_of(at_work) == {str(number): 1 for number in range(200)}
    assert {job.result["message"] for job in counting} == {str(number) for number in range(200)}
    assert counting.filter(attempts=1).count() == 200
    duties = (at_work.home / "duties.txt").read_text().split()
    assert set(duties) == {"once"}, "a periodic duty is nobody's twice at once"


def test_counters_and_log_are_seen_while_the_jobs_transaction_is_open(at_work: House) -> None:
    start_worker(at_work, "甲")
    job = start_writing("write-again", "x")
    assert (job.total, job.words) == (jobs_app.jobs.TOTAL, "写入")
    assert "行已写下" in job.log
    assert not Role.objects.exists(), "still the job's own"
    (at_work.home / "go").touch()
    assert ended(job).state == "done"
    assert (job.log.count("行已写下"), Role.objects.count()) == (1, 1)


def test_people_go_on_reading_while_a_job_writes(at_work: House) -> None:
    reader = Client()
    reader.force_login(get_user_model().objects.create_superuser("reader"))
    session = reader.session
    session["seen"] = int(time.time()) - 300  # so that the next page would note that the session is in use
    session.save()
    start_worker(at_work, "甲")
    start_writing("write-again", "x")
    for page in ("/places/", "/jobs/", "/jobs/bell/"):
        assert reader.get(page).status_code == 200
    assert "进行中" in reader.get("/jobs/").content.decode()


def test_a_killed_workers_job_is_taken_back_and_done_again(at_work: House) -> None:
    first = start_worker(at_work, "甲")
    job = start_writing("write-again", "x")
    first.kill()
    first.wait()
    assert not Role.objects.exists()
    (at_work.home / "go").touch()
    start_worker(at_work, "乙")
    assert (ended(job).state, job.attempts, job.worker) == ("done", 2, "乙")
    assert (Role.objects.count(), runs_of(at_work)["x"]) == (1, 2)


def test_a_job_that_must_not_be_repeated_fails_in_words(at_work: House) -> None:
    first = start_worker(at_work, "甲")
    job = start_writing("write-once", "x")
    first.kill()
    first.wait()
    start_worker(at_work, "乙")
    assert (ended(job).state, job.attempts) == ("failed", 1)
    assert "意外结束" in job.error
    assert not Role.objects.exists()
    (at_work.home / "go").touch()
    jobs.retry(user=get_user_model()(is_superuser=True), job=job)
    assert ended(job).state == "done"
    assert Role.objects.count() == 1


def test_killed_after_its_end_was_written_it_is_not_done_again(at_work: House) -> None:
    first = start_worker(at_work, "甲")
    job = jobs.start("finish-and-hang", user=SYSTEM, code="x")
    until(lambda: runs_of(at_work)["x"], "the job has written")
    first.kill()
    first.wait()
    start_worker(at_work, "乙")
    assert ended(jobs.start("count", user=SYSTEM, number=1)).state == "done", "the next worker is past it"
    job.refresh_from_db()
    assert (job.state, job.result["message"], runs_of(at_work)["x"], Role.objects.count()) == ("done", "已写入", 1, 1)


def test_called_off_while_it_writes(at_work: House) -> None:
    start_worker(at_work, "甲")
    job = start_writing("write-again", "x")
    jobs.cancel(user=get_user_model()(is_superuser=True), job=job)
    assert ended(job).state == "cancelled"
    assert not Role.objects.exists()
    assert ended(jobs.start("count", user=SYSTEM, number=1)).worker == "甲", "the worker goes on"


@pytest.mark.parametrize(("name", "state"), [("write-again", "waiting"), ("write-once", "failed")])
def test_a_worker_that_is_asked_to_stop_lets_go_of_its_job(at_work: House, name: str, state: str) -> None:
    first = start_worker(at_work, "甲")
    job = start_writing(name, "x")
    os.killpg(first.pid, signal.SIGINT)
    assert first.wait(30) == 0
    job.refresh_from_db()
    assert (job.state, Role.objects.count()) == (state, 0)
    assert job.attempts == (0 if state == "waiting" else 1), "to be stopped is not the job's fault"
    assert jobs.workers() == []


def test_a_second_worker_of_the_same_name_is_refused(at_work: House) -> None:
    start_worker(at_work, "甲")
    assert at_work.lianpu("worker", "--name", "甲").wait(60) == 3
    assert "已在运行" in at_work.said()
