"""A worker: takes one job after another, sees to those of dead workers, and does the periodic duties."""

import logging
import os
import socket
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext, override

from lianpu.register.jobs import live
from lianpu.register.jobs.declare import Duty, duties, every
from lianpu.register.jobs.running import release, run
from lianpu.register.models import Job, Tick

logger = logging.getLogger(__name__)
LOOK = 0.2
"""Seconds between two looks into an empty queue."""
CARE = 2.0
"""Seconds between two looks for jobs of dead workers and for duties that are due."""


def default_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


class Worker:
    """``stopping`` is asked between jobs and at every sign of progress within one."""

    def __init__(self, name: str, stopping: Callable[[], bool]) -> None:
        self.name = name
        self.stopping = stopping

    def run(self) -> None:
        """Work until asked to stop. Raises ``FileExistsError`` where a worker of this name lives already."""
        with live.alive(self.name):
            care = 0.0
            while not self.stopping():
                try:
                    close_old_connections()
                    if time.monotonic() >= care:
                        reap(self.name)
                        perform_duties(self.name)
                        care = time.monotonic() + CARE
                    job = claim(self.name)
                    if job is None:
                        time.sleep(LOOK)
                    else:
                        run(job, self.stopping)
                except (OperationalError, InterfaceError):
                    # What was begun is let go of by reap(), once the database answers again.
                    logger.exception("The database does not answer; trying again")
                    connection.close()
                    time.sleep(1)
        connection.close()


def claim(worker: str) -> Job | None:
    """Take the oldest waiting job, which nobody else can then take."""
    waiting = Job.objects.filter(state=Job.State.WAITING).order_by("pk")
    # SQLite locks whoever opens a transaction, so an empty queue is only looked at.
    if not waiting.exists():
        return None
    with transaction.atomic():  # BEGIN IMMEDIATE on SQLite, which knows no row locks; see settings
        job = waiting.select_for_update(skip_locked=True).first()
        if job is not None:
            job.state, job.worker, job.attempts = Job.State.RUNNING, worker, job.attempts + 1
            job.started_at = timezone.now()
            job.save(update_fields=["state", "worker", "attempts", "started_at"])
    return job


def reap(worker: str) -> None:
    """Let go of jobs whose worker has died, and of those that ``worker`` itself, having none now, lost with the database."""
    for job in Job.objects.filter(state=Job.State.RUNNING):
        if job.worker == worker or not live.is_alive(job.worker):
            with override(job.language):
                words = gettext("运行此任务的进程意外结束，未完成的改动已撤回。请重试；若再次发生，请告诉管理员。")
            logger.warning("Job %s (%s) was lost by %s", job.pk, job.name, job.worker)
            release(job, live.Live.read(job.pk) or live.Live(), words)


def perform_duties(worker: str) -> None:
    """Do the duties that are due and that no living worker is doing."""
    held = {tick.name: tick for tick in Tick.objects.filter(name__in=duties)}
    for duty in duties.values():
        tick = held.get(duty.name)
        if (tick is None or _due(duty, tick, worker)) and _take(duty, worker):
            error = ""
            try:
                duty.run()
            except Exception as failed:
                logger.exception("Duty %s failed", duty.name)
                error = f"{type(failed).__name__}: {failed}"
            Tick.objects.filter(name=duty.name, worker=worker).update(worker="", error=error)


def _due(duty: Duty, tick: Tick, worker: str) -> bool:
    if tick.worker not in ("", worker) and live.is_alive(tick.worker):
        return False
    return tick.begun_at is None or tick.begun_at + timedelta(seconds=duty.seconds) <= timezone.now()


def _take(duty: Duty, worker: str) -> bool:
    """Take the lease; False where another worker was quicker."""
    Tick.objects.get_or_create(name=duty.name)
    with transaction.atomic():
        tick = Tick.objects.select_for_update().get(name=duty.name)
        if not _due(duty, tick, worker):
            return False
        tick.worker, tick.begun_at = worker, timezone.now()
        tick.save(update_fields=["worker", "begun_at"])
    return True


@every(3600, "jobs-clean")
def clean() -> None:
    """Take away the files of jobs that ended ``LIANPU_JOBS_KEEP_DAYS`` ago, and of those that never came to be.

    What people asked for stays on their lists; what the system asked for goes altogether.
    """
    limit = timezone.now() - timedelta(days=settings.LIANPU_JOBS_KEEP_DAYS)
    Job.objects.filter(user=None, ended_at__lt=limit).delete()
    if not live.home().is_dir():
        return
    kept = set(Job.objects.exclude(ended_at__lt=limit).values_list("pk", flat=True))
    for folder in live.home().iterdir():
        if folder.name.isdigit() and int(folder.name) not in kept:
            live.drop_folder(int(folder.name))
