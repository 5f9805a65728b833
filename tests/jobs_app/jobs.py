"""What the tests' jobs do. Every run leaves a line in ``ran.txt`` of the home: nothing of it is taken back."""

import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from lianpu.register.jobs import Outcome, Progress, every, job
from lianpu.register.models import Role

TOTAL = 100_000


def home() -> Path:
    return Path(settings.LIANPU_HOME)


def note(file: str, line: object) -> None:
    """One line, whole, also where several processes write."""
    held = os.open(home() / file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(held, f"{line}\n".encode())
    os.close(held)


@job("count", title="数数")
def count(progress: Progress, *, user: Any, number: int) -> Outcome:
    note("ran.txt", number)
    return Outcome(str(number))


def _write(progress: Progress, code: str) -> Outcome:
    """Write a row and hold its transaction open until the file ``go`` is there."""
    note("ran.txt", code)
    with transaction.atomic():
        Role.objects.create(code=code, name=code)
        progress.log("行已写下")
        done = 0
        while not (home() / "go").exists():
            done += 1
            progress(done, TOTAL, "写入")
            time.sleep(0.02)
        return progress.finish(Outcome("已写入", url="/places/"))


@job("write-again", title="可重来的写入", restartable=True)
def write_again(progress: Progress, *, user: Any, code: str) -> Outcome:
    return _write(progress, code)


@job("write-once", title="不可重来的写入")
def write_once(progress: Progress, *, user: Any, code: str) -> Outcome:
    return _write(progress, code)


@job("finish-and-hang", title="写完不走", restartable=True)
def finish_and_hang(progress: Progress, *, user: Any, code: str) -> Outcome:
    with transaction.atomic():
        Role.objects.create(code=code, name=code)
        outcome = progress.finish(Outcome("已写入"))
    note("ran.txt", code)
    time.sleep(60)
    return outcome


@job("leave-a-file", title="写文件")
def leave_a_file(progress: Progress, *, user: Any, name: str) -> Outcome:
    (progress.folder / name).write_text(f"{user.get_username()} 的结果")
    return Outcome("写好了", file=name)


@job("refuse", title="被拒绝")
def refuse(progress: Progress, *, user: Any, words: str) -> Outcome:
    Role.objects.create(code="half", name="写了一半")
    progress(1, 2, "读取")
    raise ValidationError(words)


@job("break", title="出错")
def break_down(progress: Progress, *, user: Any) -> Outcome:
    raise ZeroDivisionError


@every(0.1, "tests-duty")
def duty() -> None:
    """Tells where it is done twice at once: then its mark stands already."""
    mark = home() / "duty"
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        note("duties.txt", "twice")
        return
    time.sleep(0.3)
    mark.unlink()
    note("duties.txt", "once")
