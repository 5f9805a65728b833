"""The feed of a running job: how far it is, what it logs, whether it shall go on, and its end."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.utils import timezone

from lianpu.register.jobs import live
from lianpu.register.jobs.declare import Cancelled, Interrupted, Outcome
from lianpu.register.models import Job

PAUSE = 0.5
"""Seconds between two writes of the same phase, and between two looks for a cancellation."""
LOG_LINES = 500


class Progress:
    """Called ``(done, total, words)`` as often as one likes; raises :class:`Cancelled` where the person called it off."""

    def __init__(self, job: Job, stopping: Callable[[], bool] = lambda: False) -> None:
        self.job = job
        self.live = live.Live()
        self.finished = False
        self._stopping = stopping
        self._next = 0.0

    @property
    def folder(self) -> Path:
        """Where the job may leave files; an ``Outcome`` names one of them for taking away."""
        place = live.folder_of(self.job.pk)
        place.mkdir(parents=True, exist_ok=True)
        return place

    def __call__(self, done: int, total: int, words: str = "") -> None:
        words = str(words)
        now = time.monotonic()
        news = words != self.live.words
        self.live.done, self.live.total, self.live.words = done, total, words
        if news or now >= self._next:
            self._next = now + PAUSE
            self.check()
            self.tell()

    def log(self, line: str) -> None:
        """Add a line to the job's log, with the time of day."""
        self.live.log.append(f"{timezone.localtime():%H:%M:%S} {line}")
        del self.live.log[:-LOG_LINES]
        self.tell()

    def check(self) -> None:
        """Go on only while somebody wants the job done here."""
        if self.finished:
            return
        if live.asked_to_stop(self.job.pk):
            raise Cancelled
        if self._stopping():
            raise Interrupted

    def tell(self) -> None:
        self.folder  # noqa: B018 — made where it is not there yet
        self.live.write(self.job.pk)

    def finish(self, outcome: Outcome) -> Outcome:
        """Say in the job's own transaction that it is done, so that its effects and its end are one.

        Raises :class:`Cancelled` or :class:`Interrupted`, and the transaction goes back, where the job was called off
        or has been taken over by another worker: the last moment at which it can be.
        """
        self.check()
        if not close(self.job, self.live, Job.State.DONE, result=vars(outcome) | {"message": str(outcome.message)}):
            raise Interrupted
        self.finished = True
        return outcome


def close(job: Job, told: live.Live, state: str, **values: Any) -> bool:
    """Write the end of a claimed job, with its counters and log; False where it is no longer this worker's."""
    held = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, worker=job.worker, attempts=job.attempts)
    values |= {"done": told.done, "total": told.total, "words": told.words[:200], "log": "\n".join(told.log)}
    return bool(held.update(state=state, ended_at=timezone.now(), **values))
