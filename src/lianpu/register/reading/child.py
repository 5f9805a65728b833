"""The limited process of :mod:`limited`: sends the sheets of one file, is told one's name, sends that sheet's rows."""

import contextlib
import gc
import json
import marshal
import sys
from pathlib import Path
from typing import Any

from lianpu.register.reading.limited import LENGTH
from lianpu.register.reading.limits import MAX_CPU_SECONDS, MAX_MEMORY, UnreadableError
from lianpu.register.reading.opening import open_file, pack


def main() -> None:
    gc.disable()  # it lives for one file, and makes no cycles
    _limit()
    path, form, only = json.loads(sys.stdin.buffer.readline())
    try:
        book = open_file(Path(path), form, only, lambda name: _send("opening", name))
        _send("sheets", [(sheet.plain, pack(sheet.top)) for sheet in book.sheets])
        if asked := sys.stdin.buffer.readline():
            for chunk in book.rows(json.loads(asked)):
                _send("rows", pack(chunk))
            _send("rows", None)
    except UnreadableError as error:
        _send("refused", str(error))


def _limit() -> None:
    try:
        import resource
    except ImportError:
        return
    for what, bound in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # where a stricter bound is set already
            resource.setrlimit(what, (bound, bound))


def _send(kind: str, content: Any) -> None:
    data = marshal.dumps((kind, content), 2)  # version 2 looks for no repetitions: twice as fast
    sys.stdout.buffer.write(LENGTH.pack(len(data)))
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
