"""How commands talk: words and bars on standard error, one JSON document on standard output when asked."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

# Exit codes, documented in docs/reference/cli.md.
DONE, REFUSED, USAGE, BROKEN = 0, 1, 2, 3


class Console:
    """What a command says. ``as_json`` keeps standard output for the one document."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._words = ""
        self._bar: Any = None
        self._seen = 0

    def say(self, words: str = "") -> None:
        click.echo(words, err=self.as_json)

    def answer(self, document: Any) -> None:
        """The machine-readable summary; nothing unless ``--json`` was given."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))

    def progress(self, done: int, total: int, words: str) -> None:
        """Feed for services: a bar a phase on a terminal, nothing elsewhere."""
        if not sys.stderr.isatty():
            return
        if words != self._words:
            self.close_bar()
            self._words, self._seen = words, 0
            if total:
                self._bar = click.progressbar(length=total, label=f"{words:　<6}", file=sys.stderr, show_pos=True)
                self._bar.__enter__()
        if self._bar is not None and done > self._seen:
            self._bar.update(done - self._seen)
            self._seen = done

    def close_bar(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
        self._words = ""


def refuse(words: str, code: int = REFUSED) -> NoReturn:
    """End the command with words on standard error."""
    click.echo(words, err=True)
    sys.exit(code)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn the refusals that a user can mend into words and exit code 1; anything else is our fault and shows."""
    from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
    from django.db import OperationalError

    from lianpu.register.importing import RefusedError
    from lianpu.register.reading import UnreadableError

    try:
        yield
    except (UnreadableError, RefusedError, PermissionDenied) as error:
        refuse(str(error))
    except ValidationError as error:
        refuse("\n".join(error.messages))
    except ObjectDoesNotExist as error:
        refuse(f"找不到所指的记录（{error}），请核对名称或代码。")
    except OSError as error:
        if error.errno == 28:
            refuse("磁盘已满，未写入任何内容。请腾出空间后重试。 / Disk full: nothing was written.", BROKEN)
        raise
    except OperationalError as error:
        refuse(f"数据库不可用：{error}。请检查 LIANPU_HOME 或 LIANPU_DATABASE，以及磁盘空间。", BROKEN)
