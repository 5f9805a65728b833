"""Jobs: they run as the one who asked, say how far they are, end in words, and are shown to whom they concern."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

import jobs_app.jobs
from lianpu.register import jobs
from lianpu.register.jobs import live, worker
from lianpu.register.jobs.declare import Interrupted, declared_jobs, duties
from lianpu.register.jobs.progress import Progress
from lianpu.register.jobs.running import ATTEMPTS, run
from lianpu.register.models import Job, Role, Tick
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """Files of jobs in a home of the test's own."""


@pytest.fixture
def queued(settings: Any) -> None:
    """Jobs wait for a worker, as on a site; the test does what the worker does."""
    settings.LIANPU_JOBS = "worker"


def person(name: str = "wang", **values: Any) -> Any:
    return get_user_model().objects.create_user(name, **values)


def claimed(by: str = "甲") -> Job:
    job = worker.claim(by)
    assert job is not None
    return job


def work() -> Job:
    """What a worker does next."""
    job = claimed()
    run(job)
    job.refresh_from_db()
    return job


class TestRunning:
    def test_a_job_says_how_it_ended(self) -> None:
        job = jobs.start("leave-a-file", user=person(), name="清单.txt")
        assert (job.state, job.by, job.title, job.result["message"]) == ("done", "wang", "写文件", "写好了")
        assert job.ended_at is not None
        file = jobs.result_file(job)
        assert file is not None
        assert file.read_text() == "wang 的结果"

    def test_what_the_system_asks_for_runs_as_the_system(self) -> None:
        job = jobs.start("leave-a-file", user=SYSTEM, name="清单.txt")
        assert (job.user, job.by) == (None, SYSTEM.username)
        file = jobs.result_file(job)
        assert file is not None
        assert file.read_text() == f"{SYSTEM.username} 的结果"

    def test_a_refusal_keeps_its_words_and_writes_nothing(self) -> None:
        job = jobs.start("refuse", user=SYSTEM, words="第3行「名称」为空")
        assert (job.state, job.error, job.done, job.total) == ("failed", "第3行「名称」为空", 1, 2)
        assert not Role.objects.filter(code="half").exists()

    def test_a_fault_of_ours_is_told_without_its_inside(self, caplog: pytest.LogCaptureFixture) -> None:
        job = jobs.start("break", user=SYSTEM)
        assert job.state == "failed"
        assert "内部差错（ZeroDivisionError）" in job.error
        assert "Traceback" in caplog.text

    def test_a_job_of_another_version_fails_in_words(self, monkeypatch: pytest.MonkeyPatch, queued: None) -> None:
        jobs.start("count", user=SYSTEM, number=1)
        monkeypatch.delitem(declared_jobs, "count")
        assert "没有名为“count”的任务" in work().error

    def test_who_may_no_more_gets_nothing_done(self, queued: None) -> None:
        user = person()
        jobs.start("leave-a-file", user=user, name="清单.txt")
        get_user_model().objects.update(is_active=False)
        job = work()
        assert (job.state, job.error) == ("failed", "账号“wang”已停用，任务未执行。")

    def test_a_job_speaks_the_language_of_who_started_it(self, queued: None) -> None:
        with override("en"):
            job = jobs.start("count", user=SYSTEM, number=1)
        assert (job.language, claimed().language) == ("en", "en")

    def test_arguments_must_be_json(self) -> None:
        with pytest.raises(TypeError):
            jobs.start("count", user=SYSTEM, number=object())

    def test_a_job_is_there_only_if_the_transaction_is(self, queued: None) -> None:
        with transaction.atomic():
            jobs.start("count", user=SYSTEM, number=1)
            transaction.set_rollback(True)
        assert not Job.objects.exists()

    def test_the_oldest_comes_first(self, queued: None) -> None:
        made = [jobs.start("count", user=SYSTEM, number=n).pk for n in range(3)]
        assert [work().pk for _ in made] == made
        assert worker.claim("甲") is None


class TestProgress:
    def test_counters_are_seen_while_a_job_runs(self, queued: None) -> None:
        jobs.start("count", user=SYSTEM, number=1)
        progress = Progress(claimed())
        progress(3, 10, "校验")
        progress.log("第3行有误")
        job = jobs.look(Job.objects.get())
        assert (job.done, job.total, job.words) == (3, 10, "校验")
        assert job.log.endswith("第3行有误")
        assert Job.objects.get().total == 0, "the row is not written to while the job's transaction may be open"

    def test_often_told_seldom_written(self, queued: None, monkeypatch: pytest.MonkeyPatch) -> None:
        jobs.start("count", user=SYSTEM, number=1)
        progress = Progress(claimed())
        written: list[int] = []
        monkeypatch.setattr(live.Live, "write", lambda self, job: written.append(self.done))
        now = 100.0
        monkeypatch.setattr("lianpu.register.jobs.progress.time.monotonic", lambda: now)
        for done in range(1000):
            now += 0.01
            progress(done, 1000, "写入")
        assert 15 < len(written) <= 21, "ten seconds, twice a second"

    def test_called_off_while_running(self, queued: None) -> None:
        job = jobs.start("count", user=SYSTEM, number=1)
        progress = Progress(claimed())
        jobs.cancel(user=person(is_superuser=True), job=job)
        assert jobs.look(Job.objects.get()).stopping
        with pytest.raises(jobs.Cancelled):
            progress(1, 2, "写入")
        with pytest.raises(jobs.Cancelled):
            progress.finish(jobs.Outcome("好"))

    def test_what_another_has_taken_over_cannot_be_finished_here(self, queued: None) -> None:
        jobs.start("count", user=SYSTEM, number=1)
        progress = Progress(claimed())
        Job.objects.update(worker="乙")
        with pytest.raises(Interrupted):
            progress.finish(jobs.Outcome("好"))
        assert Job.objects.get().state == "running"


class TestVerbs:
    def test_called_off_while_waiting(self, queued: None) -> None:
        user = person()
        job = jobs.start("count", user=user, number=1)
        jobs.cancel(user=user, job=job)
        job.refresh_from_db()
        assert job.state == "cancelled"
        assert worker.claim("甲") is None

    def test_tried_again(self, queued: None) -> None:
        job = jobs.start("refuse", user=SYSTEM, words="不行")
        assert work().state == "failed"
        admin = person(is_superuser=True)
        jobs.retry(user=admin, job=job)
        job.refresh_from_db()
        assert (job.state, job.error, job.done, job.ended_at) == ("waiting", "", 0, None)
        with pytest.raises(ValidationError):
            jobs.retry(user=admin, job=job)

    def test_ones_own_and_nobody_elses(self) -> None:
        mine, others = person("mine"), person("others")
        job = jobs.start("count", user=mine, number=1)
        jobs.start("count", user=SYSTEM, number=2)
        office = grant("office", {"*": ["*"]}, place_path="/620100/")
        bureau = grant("bureau", {"*": ["*"]})
        assert [len(jobs.visible_to(one)) for one in (mine, others, office, bureau)] == [1, 0, 0, 2]
        for verb in (jobs.cancel, jobs.retry):
            with pytest.raises(PermissionDenied):
                verb(user=others, job=job)

    def test_where_to_go_after(self, queued: None) -> None:
        user = person()
        job = jobs.start("leave-a-file", user=user, name="清单.txt")
        assert jobs.after(job) == f"/jobs/{job.pk}/?follow=1"
        assert jobs.notices(user) == {"ended": 0, "active": 1}
        job = work()
        assert jobs.notices(user) == {"ended": 1, "active": 0}
        assert jobs.after(jobs.wait(job)) == f"/jobs/{job.pk}/file/"
        assert jobs.notices(user) == {"ended": 0, "active": 0}, "who is led to the result needs no notice"

    def test_notices_are_taken_as_read(self) -> None:
        user, other = person(), person("other")
        for number in range(3):
            jobs.start("count", user=user, number=number)
        jobs.see(user=other)
        assert jobs.notices(user)["ended"] == 3
        jobs.see(user=user, job=Job.objects.first())
        assert jobs.notices(user)["ended"] == 2
        jobs.see(user=user)
        assert jobs.notices(user)["ended"] == 0


class TestDeadWorkers:
    @pytest.fixture(autouse=True)
    def _queued(self, queued: None) -> None:
        pass

    def lose(self) -> Job:
        """A job whose worker is gone; what the next one makes of it."""
        progress = Progress(claimed("亡者"))
        progress(7, 10, "写入")
        worker.reap("甲")
        return Job.objects.get()

    def test_a_job_that_can_is_done_again(self) -> None:
        jobs.start("write-again", user=SYSTEM, code="x")
        assert self.lose().state == "waiting"
        assert claimed().attempts == 2

    def test_but_not_for_ever(self) -> None:
        jobs.start("write-again", user=SYSTEM, code="x")
        assert [self.lose().state for _ in range(ATTEMPTS)] == ["waiting"] * (ATTEMPTS - 1) + ["failed"]

    def test_another_fails_and_keeps_its_counters(self) -> None:
        jobs.start("write-once", user=SYSTEM, code="x")
        job = self.lose()
        assert (job.state, job.done, job.total, job.words) == ("failed", 7, 10, "写入")
        assert "意外结束" in job.error

    def test_one_that_was_called_off_is_cancelled(self) -> None:
        job = jobs.start("write-again", user=SYSTEM, code="x")
        claimed("亡者")
        jobs.cancel(user=person(is_superuser=True), job=job)
        worker.reap("甲")
        assert Job.objects.get().state == "cancelled"

    def test_a_living_workers_job_is_left_alone(self) -> None:
        jobs.start("write-again", user=SYSTEM, code="x")
        claimed("乙")
        with live.alive("乙"):
            assert jobs.workers() == ["乙"]
            worker.reap("甲")
            assert Job.objects.get().state == "running"
        assert jobs.workers() == []
        worker.reap("甲")
        assert Job.objects.get().state == "waiting"

    def test_two_of_one_name_cannot_be(self) -> None:
        with live.alive("乙"), pytest.raises(FileExistsError), live.alive("乙"):
            pass


class TestDuties:
    @pytest.fixture(autouse=True)
    def _only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in list(duties):
            if name != "tests-duty":
                monkeypatch.delitem(duties, name)
        monkeypatch.setattr("jobs_app.jobs.time.sleep", lambda seconds: None)

    def times(self) -> int:
        file = jobs_app.jobs.home() / "duties.txt"
        return file.read_text().count("once") if file.exists() else 0

    def test_done_when_due(self) -> None:
        worker.perform_duties("甲")
        worker.perform_duties("乙")
        assert self.times() == 1, "not due yet"
        Tick.objects.update(begun_at=timezone.now() - timedelta(seconds=1))
        worker.perform_duties("乙")
        assert self.times() == 2

    def test_not_while_another_does_it(self) -> None:
        Tick.objects.create(name="tests-duty", worker="乙", begun_at=timezone.now() - timedelta(days=1))
        with live.alive("乙"):
            worker.perform_duties("甲")
            assert self.times() == 0
        worker.perform_duties("甲")
        assert self.times() == 1, "the other died over it"

    def test_a_failure_is_kept_and_the_next_time_comes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        (jobs_app.jobs.home() / "duty").mkdir()
        monkeypatch.setattr("jobs_app.jobs.note", lambda *_: 1 / 0)
        worker.perform_duties("甲")
        tick = Tick.objects.get()
        assert (tick.worker, tick.error) == ("", "ZeroDivisionError: division by zero")

    def test_old_results_go(self) -> None:
        user = person()
        old, new, systems = (jobs.start("leave-a-file", user=who, name="清单.txt") for who in (user, user, SYSTEM))
        Job.objects.exclude(pk=new.pk).update(ended_at=timezone.now() - timedelta(days=31))
        worker.clean()
        assert (jobs.result_file(old), jobs.result_file(systems)) == (None, None)
        assert jobs.result_file(new) is not None
        assert set(jobs.visible_to(user)) == {old, new}
        assert not Job.objects.filter(pk=systems.pk).exists()


class TestPages:
    @pytest.fixture
    def browser(self) -> Client:
        return signed_in(person())

    def text(self, browser: Client, path: str, **headers: str) -> str:
        answer = browser.get(path, headers=headers)
        assert answer.status_code == 200
        return answer.content.decode()

    def user(self) -> Any:
        return get_user_model().objects.get(username="wang")

    def test_the_list_shows_ones_own_with_words_and_ways(self, browser: Client) -> None:
        assert "没有任务" in self.text(browser, "/jobs/")
        jobs.start("count", user=self.user(), title="数一数", number=7)
        failed = jobs.start("refuse", user=self.user(), words="第3行为空")
        jobs.start("count", user=SYSTEM, title="别人的", number=8)
        page = self.text(browser, "/jobs/")
        assert "数一数" in page
        assert "第3行为空" in page
        assert f"/jobs/{failed.pk}/retry/" in page
        assert "别人的" not in page
        assert "数一数" not in self.text(browser, "/jobs/?state=failed")

    def test_a_page_of_ones_own(self, browser: Client) -> None:
        job = jobs.start("leave-a-file", user=self.user(), name="清单.txt")
        assert f"/jobs/{job.pk}/file/" in self.text(browser, f"/jobs/{job.pk}/")
        answer = browser.get(f"/jobs/{job.pk}/file/")
        assert b"".join(answer).decode() == "wang 的结果"  # type: ignore[arg-type]
        assert answer["Content-Disposition"].startswith("attachment")

    @pytest.mark.parametrize("page", ["", "state/", "file/", "cancel/", "retry/"])
    def test_nobody_elses_job_is_there(self, browser: Client, page: str) -> None:
        job = jobs.start("leave-a-file", user=SYSTEM, name="清单.txt")
        path = f"/jobs/{job.pk}/{page}"
        asked = browser.post(path) if page in ("cancel/", "retry/") else browser.get(path)
        assert asked.status_code == 404

    def test_a_result_that_is_gone_is_told(self, browser: Client) -> None:
        job = jobs.start("leave-a-file", user=self.user(), name="清单.txt")
        live.drop_folder(job.pk)
        assert "已过保存期" in self.text(browser, f"/jobs/{job.pk}/")
        assert browser.get(f"/jobs/{job.pk}/file/").status_code == 404

    def test_a_waiting_job_says_where_it_stands(self, browser: Client, queued: None) -> None:
        first, second = (jobs.start("count", user=self.user(), number=n) for n in range(2))
        page = self.text(browser, f"/jobs/{second.pk}/")
        assert "前面还有1个任务" in page
        assert "没有运行器在运行" in page
        with live.alive("甲"):
            assert "没有运行器在运行" not in self.text(browser, f"/jobs/{first.pk}/")
        browser.post(f"/jobs/{second.pk}/cancel/")
        assert "任务已取消" in self.text(browser, f"/jobs/{second.pk}/")

    def test_the_page_moves_until_the_job_is_over(self, browser: Client, queued: None) -> None:
        job = jobs.start("write-again", user=self.user(), code="x")
        Progress(claimed())(30, 60, "写入")
        state = self.text(browser, f"/jobs/{job.pk}/state/?follow=1")
        assert 'aria-valuenow="30"' in state
        assert "width: 50%" in state
        assert "every 1s" in state
        Job.objects.update(state="done", result={"message": "好", "url": "/places/", "file": ""})
        assert "every 1s" not in self.text(browser, f"/jobs/{job.pk}/state/")
        assert browser.get(f"/jobs/{job.pk}/state/?follow=1")["HX-Redirect"] == "/places/"

    def test_the_bell_counts_what_has_ended_unseen(self, browser: Client) -> None:
        job = jobs.start("refuse", user=self.user(), words="不行")
        assert "badge-notification" in self.text(browser, "/jobs/")
        assert "badge-notification" in self.text(browser, "/jobs/bell/")
        answer = browser.post("/jobs/seen/", {"job": job.pk}, headers={"HX-Request": "true"})
        assert b"badge-notification" not in answer.content
        assert "badge-notification" not in self.text(browser, "/jobs/")
