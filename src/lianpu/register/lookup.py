"""Suggestions while typing: the rows that a reference may mean, found by the referenced register's own search."""

from typing import Any

from lianpu.register import rights
from lianpu.register.declare import BoundColumn, Register
from lianpu.register.listing import Listing, target_of

SUGGESTED = 20


def suggestions(
    register: Register, column: BoundColumn, user: Any, words: str, *, written: bool = False
) -> list[tuple[str, str]]:
    """(what to type, what it means) of the rows that ``user`` may see and that hold every word, at most ``SUGGESTED``.

    What to type is what the column's filter understands; ``written``: what a form or a file takes.
    """
    target = target_of(register, column)
    if target is None or not words.strip() or not rights.may(user, target, rights.VIEW):
        return []
    found = Listing(target, user, {"q": words, "size": str(SUGGESTED)})
    by_key = written or column.column.filter_with is not None
    made = []
    for row in found.page_rows:
        shown = _shown(column, row)
        text = _key(target, row) if by_key else shown
        made.append((text, shown if shown != text else target.describe(row)))
    return made


def _key(target: Register, row: Any) -> str:
    return str(getattr(row, target.key[0]))


def _shown(column: BoundColumn, row: Any) -> str:
    """The text at the end of the column's path."""
    return str(getattr(row, column.path.rpartition("__")[2], row))
