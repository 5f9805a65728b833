"""What workers and pages tell each other while a job runs: small files under ``LIANPU_HOME/jobs``.

Not the database, for SQLite admits one writer: while a job's own transaction is open, nobody could write how far it
is, nor that it shall stop. Files serve both databases alike; workers on several machines share LIANPU_HOME anyway,
for uploads and results lie there.

Whether a worker lives is asked of the kernel: each holds a lock on a file of its name as long as it lives, however it
ends. So a killed worker shows at once, a slow one is never taken for dead, and no clock is compared.
"""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.conf import settings


def home() -> Path:
    return Path(settings.LIANPU_HOME) / "jobs"


def folder_of(job: int) -> Path:
    """Where the files of one job lie."""
    return home() / str(job)


@dataclass
class Live:
    """How far a job is: rows, phase in words, lines of the log."""

    done: int = 0
    total: int = 0
    words: str = ""
    log: list[str] = field(default_factory=list)

    def write(self, job: int) -> None:
        place = folder_of(job) / "live.json"
        fresh = place.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), ensure_ascii=False))
        fresh.replace(place)

    @classmethod
    def read(cls, job: int) -> "Live | None":
        """None where the job tells nothing (any more)."""
        try:
            return cls(**json.loads((folder_of(job) / "live.json").read_text()))
        except FileNotFoundError:
            return None


def ask_to_stop(job: int) -> None:
    folder_of(job).mkdir(parents=True, exist_ok=True)
    (folder_of(job) / "cancel").touch()


def asked_to_stop(job: int) -> bool:
    return (folder_of(job) / "cancel").exists()


def forget(job: int) -> None:
    """Take away what is only of use while a job runs; results stay."""
    for name in ("live.json", "cancel"):
        (folder_of(job) / name).unlink(missing_ok=True)


def drop_folder(job: int) -> None:
    shutil.rmtree(folder_of(job), ignore_errors=True)


def _lock(worker: str) -> Path:
    return home() / "workers" / worker


@contextmanager
def alive(worker: str) -> Iterator[None]:
    """Be known as living under this name, until the end of the block or of the process.

    Raises ``FileExistsError`` where another worker has that name.
    """
    import fcntl

    place = _lock(worker)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a") as held:
        for _ in range(20):  # somebody who asks whether the worker lives holds the lock for a moment too
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.05)
        else:
            raise FileExistsError(worker)
        yield
        place.unlink(missing_ok=True)


def workers() -> list[str]:
    """Names of the workers that live."""
    folder = home() / "workers"
    return [one.name for one in sorted(folder.glob("*")) if is_alive(one.name)]


def is_alive(worker: str) -> bool:
    import fcntl

    try:
        held = _lock(worker).open()
    except FileNotFoundError:
        return False
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
