"""Files opened by native code are opened in a process of their own, bounded in memory and time.

A workbook made to harm (or merely broken) then costs one refused upload, not the server. The process is a fresh
interpreter (about 60 ms, so every file goes this way), not a fork: web and job workers have threads. It gets none
of the server's environment, so no secret either. Where there are no resource limits (Windows), it runs without them.
"""

import contextlib
import json
import logging
import marshal
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from lianpu.register.reading.limits import MAX_SECONDS, UnreadableError
from lianpu.register.reading.opening import RawSheet, unpack

logger = logging.getLogger(__name__)
_PROGRAM = "lianpu.register.reading.child"
LENGTH = struct.Struct("<Q")
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP")
# Threads beyond one bring nothing here, and each takes address space.
_OURS = {"PYTHONIOENCODING": "utf-8", "POLARS_MAX_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


class OpenFile:
    """An opened workbook or parquet file: its sheets, then the rows of one of them."""

    def __init__(self, path: Path, form: str, only: str | None, process: "subprocess.Popen[bytes]") -> None:
        self.path, self.process = path, process
        self.opening = ""
        self._ask([str(path.absolute()), form, only])
        self.sheets = []
        for fields, top in self._next("sheets"):
            sheet = RawSheet(*fields)
            sheet.top = unpack(top)
            self.sheets.append(sheet)

    def rows(self, name: str) -> Iterator[list[Sequence[object]]]:
        """The rows of sheet ``name``, from its first on, many at a time; once only."""
        self._ask(name)
        while packed := self._next("rows"):
            yield unpack(packed)

    def _ask(self, content: object) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # why it is gone, _next() tells
            self.process.stdin.write(json.dumps(content).encode() + b"\n")
            self.process.stdin.flush()

    def _next(self, wanted: str) -> Any:
        """The next message of kind ``wanted``; raises what the process refuses, or why it died."""
        assert self.process.stdout is not None
        while message := _receive(self.process.stdout):
            kind, content = message
            if kind == wanted:
                return content
            if kind == "refused":
                raise UnreadableError(content)
            self.opening = content
        _, told = self.process.communicate()
        logger.warning("%s could not be opened (exit %s): %s", self.path.name, self.process.returncode, told[-2000:])
        where = f"的工作表“{self.opening}”" if self.opening else ""
        spent = self.process.returncode in {-signal.SIGXCPU, -signal.SIGKILL} if os.name == "posix" else False
        raise UnreadableError(
            f"{self.path.name} {where}{'读取时间过长' if spent else '过大或已损坏，无法打开'}。"
            "请只保留需要的工作表，删去表格下方和右方多余的行列（选中整行、整列后删除），另存为新的 xlsx 再报送。"
        )


@contextlib.contextmanager
def opened(path: Path, form: str, only: str | None = None) -> Iterator[OpenFile]:
    """Open ``path`` in the limited process, which ends with the block."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={
            **{key: os.environ[key] for key in _KEPT if key in os.environ},
            **_OURS,
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        },
    )
    clock = threading.Timer(MAX_SECONDS, process.kill)
    clock.daemon = True
    clock.start()
    try:
        yield OpenFile(path, form, only, process)
    finally:
        clock.cancel()
        process.kill()
        with contextlib.suppress(ValueError):  # already talked out
            process.communicate()


def _receive(stream: IO[bytes]) -> tuple[str, Any] | None:
    """One message, or None where the process is gone."""
    length = stream.read(LENGTH.size)
    if len(length) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(length)
    data = stream.read(size)
    return marshal.loads(data) if len(data) == size else None  # noqa: S302 - from our own process
