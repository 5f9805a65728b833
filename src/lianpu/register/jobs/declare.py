"""What jobs and periodic duties there are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class Outcome:
    """How a job ended well: words for the person, where the result is, or a file in ``progress.folder`` to take away."""

    message: str
    url: str = ""
    file: str = ""


class Cancelled(BaseException):
    """The person called the job off. Not an ``Exception``: a job that catches those must not swallow it."""


class Interrupted(BaseException):
    """The job is no longer this worker's to do: the worker is asked to stop, or another has taken the job over."""


class JobFunction(Protocol):
    """``(progress, *, user, **arguments) -> Outcome``."""

    def __call__(self, progress: Any, *, user: Any, **arguments: Any) -> Outcome: ...


@dataclass(frozen=True)
class DeclaredJob:
    """A function that workers can be asked to run, by name."""

    name: str
    title: Any
    run: Callable[..., Outcome]
    restartable: bool


@dataclass(frozen=True)
class Duty:
    """A function without arguments that workers call every so many seconds."""

    name: str
    seconds: float
    run: Callable[[], None]


declared_jobs: dict[str, DeclaredJob] = {}
duties: dict[str, Duty] = {}


def job(
    name: str, *, title: Any, restartable: bool = False
) -> Callable[[Callable[..., Outcome]], Callable[..., Outcome]]:
    """Declare a function as the job ``name``; ``title`` is what the list shows where :func:`start` gives no other.

    ``restartable`` says that running it again after a dead worker does no harm, because it only reads and writes its
    own folder, finds what is done already, or ends with ``progress.finish`` in its transaction. Other jobs then fail.
    """

    def declare(run: Callable[..., Outcome]) -> Callable[..., Outcome]:
        known = declared_jobs.get(name)
        if known is not None and known.run.__module__ != run.__module__:
            raise ImproperlyConfigured(f"两个任务同名：{name}")
        declared_jobs[name] = DeclaredJob(name, title, run, restartable)
        return run

    return declare


def every(seconds: float, name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Have workers call the function every ``seconds``, never twice at once. It should be quick, or start a job."""

    def declare(run: Callable[[], None]) -> Callable[[], None]:
        duties[name] = Duty(name, seconds, run)
        return run

    return declare
