"""What of a register's rows is looked through, and under which tokens a row is found."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import models

from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.search import texts


def own_columns(register: Register) -> list[BoundColumn]:
    """Searched columns whose text lies in the row itself; what a reference shows is found where it lies."""
    return [
        one
        for one in register.declared
        if one.column.search and one.stored and not isinstance(one.field, models.ForeignKey)
    ]


@cache
def searched_registers() -> tuple[Register, ...]:
    return tuple(register for register in registry.all() if own_columns(register))


@cache
def shape_of(register: Register) -> str:
    """Fingerprint of what is indexed and how."""
    columns = [(one.name, one.column.search) for one in own_columns(register)]
    return hashlib.sha256(json.dumps([texts.VERSION, columns]).encode()).hexdigest()


def read(columns: Sequence[BoundColumn], rows: "models.QuerySet[Any]") -> dict[int, list[str]]:
    """Row → texts of ``columns``."""
    found = {}
    for pk, *values in rows.values_list("pk", *(one.name for one in columns)):
        found[pk] = [
            value if isinstance(value, str) else one.kind.show(value)
            for one, value in zip(columns, values, strict=True)
        ]
    return found


def title_at(columns: Sequence[BoundColumn], row: Sequence[str]) -> int:
    """Which of a row's texts is its name: the first of weight A that is no code."""
    first = [at for at, one in enumerate(columns) if one.column.search == "A"] or [0]
    return next((at for at in first if row[at] and not texts.is_code(texts.letters_of(texts.fold(row[at])))), first[0])


def entries(register: Register, rows: "models.QuerySet[Any]") -> dict[int, list[str]]:
    """Row → tokens."""
    columns = own_columns(register)
    return {pk: _tokens(columns, row) for pk, row in read(columns, rows).items()}


def _tokens(columns: Sequence[BoundColumn], row: Sequence[str]) -> list[str]:
    found = [texts.length_token(row[title_at(columns, row)])]
    for one, text in zip(columns, row, strict=True):
        found += texts.long_tokens(text) if one.column.search == "C" else texts.name_tokens(text)
    return list(dict.fromkeys(found))
