"""Suggestions while typing: the rows that a reference may mean, found by the referenced register's own search."""

from typing import Any

from django.db import models

from lianpu.register import rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.listing import Listing

SUGGESTED = 20


def target_of(register: Register, column: BoundColumn) -> Register | None:
    """The register in whose rows a column's values stand: that of its reference, or of the model on its path."""
    if column.is_custom:
        return None
    model: Any = register.model
    ways = [column.name] if isinstance(column.field, models.ForeignKey) else column.path.split("__")[:-1]
    for way in ways:
        model = model._meta.get_field(way).related_model
    return registry.by_model.get(model._meta.label_lower) if ways and model is not None else None


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
    texts = [_key(target, row) if by_key else _shown(column, row) for row in found.page_rows]
    return [(text, target.describe(row)) for text, row in zip(texts, found.page_rows, strict=True)]


def _key(target: Register, row: Any) -> str:
    return str(getattr(row, target.key[0]))


def _shown(column: BoundColumn, row: Any) -> str:
    """The text at the end of the column's path."""
    return str(getattr(row, column.path.rpartition("__")[2], row))
