"""The verbs of jobs: start, wait, cancel, retry, see; and what a person may see of them."""

import json
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext

from lianpu.register import rights
from lianpu.register.jobs import live
from lianpu.register.jobs.declare import declared_jobs
from lianpu.register.models import Job


def start(name: str, /, *, user: Any, title: str = "", **arguments: Any) -> Job:
    """Put the job ``name`` into the queue; it exists once the open transaction is committed.

    ``arguments`` must be JSON. With ``LIANPU_JOBS = "inline"`` it runs at once, before this returns.
    """
    declared = declared_jobs[name]
    job = Job(
        name=name,
        title=(title or str(declared.title))[:200],
        user=user if user.pk else None,
        by=user.get_username(),
        language=get_language() or settings.LANGUAGE_CODE,
        arguments=json.loads(json.dumps(arguments)),
    )
    job.save(force_insert=True)
    if settings.LIANPU_JOBS == "inline":
        from lianpu.register.jobs.running import run_inline

        run_inline(job)
    return job


def wait(job: Job, seconds: float = 1.5) -> Job:
    """The job as it stands when it is over, or after ``seconds``; not waited for inside an open transaction."""
    until = time.monotonic() + seconds
    while True:
        job.refresh_from_db()
        if job.over or time.monotonic() >= until or connection.in_atomic_block:
            return job
        time.sleep(0.03)


def after(job: Job) -> str:
    """Where to send the person: to the result of a job that is done, and needs no notice then; else to the job's page."""
    if job.state == Job.State.DONE and (job.result.get("url") or job.result.get("file")):
        Job.objects.filter(pk=job.pk).update(seen=True)
        return str(job.result["url"]) or reverse("register:job-file", args=[job.pk])
    return reverse("register:job", args=[job.pk]) + "?follow=1"


def oversees(user: Any) -> bool:
    """Whether a person looks after everybody's jobs: administrators, and roles that may do everything everywhere."""
    if user.is_superuser:
        return True
    return any(
        grant.role.allows("*", "*") and not (grant.place_path or grant.chain_code or grant.enterprise_uscc)
        for grant in rights.grants_of(user)
    )


def visible_to(user: Any) -> "QuerySet[Job]":
    """One's own jobs; all of them for those who look after them."""
    return Job.objects.all() if oversees(user) else Job.objects.filter(user_id=user.pk, user__isnull=False)


def look(job: Job) -> Job:
    """``job`` with the counters and log of this moment, and ``job.stopping`` where its end has been asked for."""
    job.stopping = not job.over and live.asked_to_stop(job.pk)
    if job.state == Job.State.RUNNING and (told := live.Live.read(job.pk)) is not None:
        job.done, job.total, job.words, job.log = told.done, told.total, told.words, "\n".join(told.log)
    return job


def ahead_of(job: Job) -> int:
    """How many jobs are done before one that waits."""
    return Job.objects.filter(pk__lt=job.pk, state__in=(Job.State.WAITING, Job.State.RUNNING)).count()


def notices(user: Any) -> dict[str, int]:
    """How many jobs of a person have ended unseen, and how many are under way."""
    states = list(Job.objects.filter(user_id=user.pk, seen=False).values_list("state", flat=True)[:100])
    ended = sum(state in Job.OVER for state in states)
    return {"ended": ended, "active": len(states) - ended}


def _own(user: Any, job: Job) -> None:
    if not visible_to(user).filter(pk=job.pk).exists():
        raise PermissionDenied(gettext("这不是您的任务。"))


def cancel(*, user: Any, job: Job) -> None:
    """Call a job off: at once while it waits, at its next sign of progress while it runs."""
    _own(user, job)
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.WAITING)
    # Looked at before written: while a job runs on SQLite, a write would wait for its transaction.
    if waiting.exists() and waiting.update(state=Job.State.CANCELLED, ended_at=timezone.now(), seen=True):
        return
    if Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).exists():
        live.ask_to_stop(job.pk)


def retry(*, user: Any, job: Job) -> None:
    """Put a job that failed or was cancelled back into the queue; it runs as the one who first asked for it."""
    _own(user, job)
    ended = Job.objects.filter(pk=job.pk, state__in=(Job.State.FAILED, Job.State.CANCELLED))
    live.forget(job.pk)
    fresh: dict[str, Any] = {"done": 0, "total": 0, "words": "", "log": "", "error": "", "result": {}}
    if not ended.update(
        state=Job.State.WAITING, attempts=0, worker="", seen=False, started_at=None, ended_at=None, **fresh
    ):
        raise ValidationError(gettext("只有失败或已取消的任务可以重试。"))
    if settings.LIANPU_JOBS == "inline":
        from lianpu.register.jobs.running import run_inline

        run_inline(Job.objects.get(pk=job.pk))


def see(*, user: Any, job: Job | None = None) -> None:
    """Take the notice of a job, or of all that have ended, as read."""
    own = Job.objects.filter(user_id=user.pk, seen=False, state__in=Job.OVER)
    (own if job is None else own.filter(pk=job.pk)).update(seen=True)


def result_file(job: Job) -> Path | None:
    """The file that a job has left for taking away, as long as it is kept."""
    name = Path(str(job.result.get("file") or "")).name
    place = live.folder_of(job.pk) / name
    return place if name and place.is_file() else None
