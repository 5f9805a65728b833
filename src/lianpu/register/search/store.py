"""Where the index lies: for each register a table of its own, of the form that the database finds tokens in quickest.

SQLite: an FTS5 table that keeps nothing but which row has which token. Its entries cannot be taken back without the old
text, so none ever is: a row that changes gets a further entry under a new number, and old ones find rows that are then
read and do not match. PostgreSQL: row, tokens as an array of numbers (their CRC-32), and a GIN index on it, which is
made when the first filling is over.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from lianpu.register.declare import Register
from lianpu.register.search.texts import SEPARATORS

_ROW_BITS = 40  # of an FTS5 entry's number; above them the number of the writing


@dataclass(frozen=True)
class All:
    """Rows that have every part."""

    parts: "tuple[Wanted, ...]"


@dataclass(frozen=True)
class Either:
    """Rows that have one of the parts or more."""

    parts: "tuple[Wanted, ...]"


Wanted = str | All | Either
"""What is asked of the index: a token, or parts joined by and/or."""


def table_of(register: Register) -> str:
    return "register_search_" + register.slug.replace("-", "_")


def make(register: Register) -> None:
    """An empty index, in place of the one that is there."""
    table = table_of(register)
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE IF EXISTS "{table}"')
        if connection.vendor == "sqlite":
            cursor.execute(
                f"CREATE VIRTUAL TABLE \"{table}\" USING fts5(tokens, content='', columnsize=0, detail=none, "
                f"tokenize=\"ascii tokenchars '{SEPARATORS}'\")"
            )
        else:
            cursor.execute(f'CREATE TABLE "{table}" (id bigint PRIMARY KEY, tokens int4[] NOT NULL)')


def finish(register: Register) -> None:
    """After the first filling. PostgreSQL makes the GIN index now, many times as fast as row by row."""
    if connection.vendor == "sqlite":
        return
    table = table_of(register)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        # New entries wait in a list that every search reads through: it is kept short.
        cursor.execute(
            f'CREATE INDEX IF NOT EXISTS "{table}_tokens" ON "{table}" USING gin (tokens) '
            "WITH (gin_pending_list_limit = 512)"
        )
        cursor.execute(f'ANALYZE "{table}"')


def put(register: Register, entries: Mapping[int, Iterable[str]], writing: int) -> None:
    """Enter rows with their tokens; ``writing`` is a number that no earlier call for the register had, 0 for the first
    filling."""
    table = table_of(register)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            above = writing << _ROW_BITS
            lines = [(above | row, " ".join(tokens)) for row, tokens in sorted(entries.items())]
            cursor.executemany(f'INSERT INTO "{table}" (rowid, tokens) VALUES (%s, %s)', lines)
            return
        drop(register, entries)
        with cursor.copy(f'COPY "{table}" (id, tokens) FROM STDIN') as copy:
            for row, tokens in entries.items():
                copy.write(f"{row}\t{{{','.join(map(str, map(_number, tokens)))}}}\n")


def forgets() -> bool:
    """Whether entries of rows that have changed or gone can be taken out."""
    return connection.vendor != "sqlite"


def drop(register: Register, rows: Iterable[int]) -> None:
    """Forget rows, where the database can."""
    if forgets():
        with connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{table_of(register)}" WHERE id = ANY(%s)', [list(rows)])


def find(register: Register, wanted: Wanted, limit: int) -> list[int]:
    """Ids of up to ``limit`` rows that have, or once had, what is wanted; in no useful order."""
    table = table_of(register)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # A row may have several entries: fewer than ``limit`` rows must mean that there are no more.
            row = f"rowid & {(1 << _ROW_BITS) - 1}"
            values: list[Any] = [_match(wanted)]
            statement = f'SELECT DISTINCT {row} FROM "{table}" WHERE "{table}" MATCH %s LIMIT %s'
        else:
            values = []
            statement = f'SELECT id FROM "{table}" WHERE {_condition(wanted, values)} LIMIT %s'
        cursor.execute(statement, [*values, limit])
        return [found for (found,) in cursor]


def is_common(register: Register, wanted: Wanted, limit: int) -> bool:
    """Whether many more than ``limit`` rows have what is wanted, where that is worth knowing beforehand: PostgreSQL
    collects all rows of the index before it gives the first, and its statistics tell how many they are."""
    if connection.vendor == "sqlite":
        return False
    values: list[Any] = []
    with connection.cursor() as cursor:
        condition = _condition(wanted, values)
        cursor.execute(f'EXPLAIN (FORMAT JSON) SELECT id FROM "{table_of(register)}" WHERE {condition}', values)
        (plan,) = cursor.fetchone()
    return bool((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"] > 4 * limit)


@contextmanager
def reading() -> Iterator[None]:
    """Around several calls of :func:`find`. PostgreSQL would take a common token for an invitation to read the table
    from its start, and rows that were imported together may all lie at its end."""
    if connection.vendor == "sqlite":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)")
        yield


def size(register: Register) -> int:
    """Bytes on disk."""
    table = table_of(register)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f'SELECT coalesce(sum(length(block)), 0) FROM "{table}_data"')
        else:
            cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [f'"{table}"'])
        return int(cursor.fetchone()[0])


def _number(token: str) -> int:
    return zlib.crc32(token.encode()) - 2**31


def _match(wanted: Wanted) -> str:
    if isinstance(wanted, str):
        return f'"{wanted}"'
    return f"({(' AND ' if isinstance(wanted, All) else ' OR ').join(map(_match, wanted.parts))})"


def _condition(wanted: Wanted, values: list[Any]) -> str:
    """SQL for what is wanted. The GIN index is quick where one array names all that a row must have: so what must be
    there beside alternatives is named again with each of them."""
    if isinstance(wanted, Either):
        if all(isinstance(part, str) for part in wanted.parts):
            values.append([_number(str(part)) for part in wanted.parts])
            return "tokens && %s::int4[]"
        return "(" + " OR ".join(_condition(part, values) for part in wanted.parts) + ")"
    parts = list(_flat(wanted))
    choice = next(
        (one for one in parts if isinstance(one, Either) and not all(isinstance(p, str) for p in one.parts)), None
    )
    if choice is not None:
        others = tuple(one for one in parts if one is not choice)
        return _condition(Either(tuple(All((one, *others)) for one in choice.parts)), values)
    values.append([_number(one) for one in parts if isinstance(one, str)])
    ways = [_condition(one, values) for one in parts if not isinstance(one, str)]
    return " AND ".join(["tokens @> %s::int4[]", *ways])


def _flat(wanted: Wanted) -> Iterator[str | Either]:
    if isinstance(wanted, All):
        for part in wanted.parts:
            yield from _flat(part)
    else:
        yield wanted
