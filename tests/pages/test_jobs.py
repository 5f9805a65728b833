"""Jobs before a reader's eyes, with the whole site running: granian, its worker, a database of their own."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import override_settings

from jobs_app.house import House, house, serve, until
from lianpu.register import jobs
from lianpu.register.models import Job, Role

from .conftest import SIZES, Reader

PASSWORD = "gao-lan-shan-1910"


@pytest.fixture(scope="module")
def running(
    chromium: Any, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, str]]:
    """A house with a site that runs in it, and the site's address; after Chromium, whose loop keeps connections apart."""
    with django_db_blocker.unblock(), house(tmp_path_factory.mktemp("house")) as made:
        _, url = serve(made)
        with override_settings(
            PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
        ):  # as that site has
            get_user_model().objects.create_superuser("wang", password=PASSWORD)
        yield made, url


@pytest.fixture
def at_work(running: tuple[House, str], django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock():
        yield running[0]
        (running[0].home / "go").touch()
        until(lambda: not Job.objects.filter(state__in=("waiting", "running")).exists(), "all jobs are over")
        (running[0].home / "go").unlink()
        Job.objects.all().delete()
        Role.objects.all().delete()


@pytest.fixture
def wang(running: tuple[House, str], chromium: Any, size: str) -> Iterator[Reader]:
    context = chromium.new_context(viewport=SIZES[size], locale="zh-CN", reduced_motion="reduce")
    context.set_default_timeout(30_000)
    reader = Reader(context.new_page(), running[1], size)
    reader.sign_in("wang", PASSWORD)
    yield reader
    context.close()
    assert reader.faults == []


def start() -> Job:
    """A job of the reader's that goes on until the test lets it end."""
    return jobs.start("write-again", user=get_user_model().objects.get(username="wang"), title="写入一行", code="x")


def done_so_far(reader: Reader) -> int:
    return int(reader.page.locator("[role=progressbar]").get_attribute("aria-valuenow") or 0)


def sound(reader: Reader) -> None:
    over = reader.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0, "wider than the window"


def test_a_job_moves_and_ends_before_the_readers_eyes(wang: Reader, at_work: House) -> None:
    job = start()
    wang.open("/jobs/")
    sound(wang)
    wang.page.wait_for_selector("#jobs >> text=进行中")
    wang.follow("#jobs >> text=写入一行")
    wang.page.wait_for_selector("[role=progressbar]")
    first = done_so_far(wang)
    until(lambda: done_so_far(wang) > first, "the bar moves by itself")
    assert "行已写下" in wang.text("#log")
    sound(wang)
    assert wang.text("#bell .small").startswith("1")
    (at_work.home / "go").touch()
    wang.page.wait_for_selector("#outcome >> text=已写入")
    wang.page.wait_for_selector("#bell .badge", state="detached")
    assert "every" not in wang.page.inner_html("main"), "a job that is over is asked about no more"
    wang.follow("#result")
    assert wang.page.url.endswith("/places/")
    job.refresh_from_db()
    assert job.seen


def test_called_off_and_tried_again(wang: Reader, at_work: House) -> None:
    job = start()
    wang.open(f"/jobs/{job.pk}/")
    wang.page.wait_for_selector("[role=progressbar]")
    wang.follow("text=取消")
    wang.page.wait_for_selector("text=任务已取消，未写入任何改动")
    assert not Role.objects.exists()
    wang.follow("main >> text=重试")
    wang.page.wait_for_selector("[role=progressbar]")
    (at_work.home / "go").touch()
    wang.page.wait_for_selector("#outcome >> text=已写入")
    assert Role.objects.count() == 1


def test_the_browser_may_be_closed(wang: Reader, at_work: House) -> None:
    job = start()
    wang.open(f"/jobs/{job.pk}/?follow=1")
    wang.page.wait_for_selector("[role=progressbar]")
    wang.page.goto("about:blank")
    (at_work.home / "go").touch()
    until(lambda: jobs.wait(job).over, "the job ends without anybody looking")
    wang.open("/places/")
    assert wang.page.locator("#bell .badge").inner_text().strip().startswith("1"), "one has ended unseen"
    wang.follow("#bell")
    wang.page.wait_for_selector("#jobs >> text=完成")
    wang.follow("text=通知全部已阅")
    assert not wang.page.locator("#bell .badge").count()


def test_who_waits_is_led_to_the_result(wang: Reader, at_work: House) -> None:
    job = start()
    wang.open(f"/jobs/{job.pk}/?follow=1")
    (at_work.home / "go").touch()
    wang.page.wait_for_url("**/places/")
    assert not wang.page.locator("#bell .badge").count()
