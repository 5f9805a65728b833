"""Change records: who, when, why, from where, before and after.

They are written by database triggers generated from the model, so bulk writes, commands and raw SQL
leave them too, at ×1.03–1.15 of a bare bulk insert. Code says who is writing by wrapping its writes::

    with acting(user, reason="核实", source="screen"):
        ...

which opens one transaction and tells the triggers; within it another ``acting`` speaks for a while.
SQLite admits one writer at a time, so one row of a table serves as the session's memory there;
PostgreSQL has transaction-local settings.
"""

import datetime as dt
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection, models, transaction
from django.utils.translation import gettext

from lianpu.register.audit import seal_soon
from lianpu.register.declare import BoundColumn, Register
from lianpu.register.kinds import Choice, Flag, Moment
from lianpu.register.models import Change
from lianpu.register.triggers import Image, Model, install_triggers

__all__ = [
    "FieldChange",
    "acting",
    "changed_since",
    "changes_of",
    "differences",
    "first_and_last",
    "first_since",
    "install_triggers",
    "references_in",
    "told",
    "value_in",
    "word_for",
]


class Said(NamedTuple):
    """Who writes, why, from where, in which import, and in which act."""

    user: str = ""
    reason: str = ""
    source: str = ""
    run: int | None = None
    act: int | None = None


NOBODY = Said()
_speaking: ContextVar[Said] = ContextVar("speaking", default=NOBODY)
_ACTS_BEGIN = 1_577_836_800_000  # 2020-01-01 in milliseconds


def new_act() -> int:
    """A number for what is done together: milliseconds since 2020, then 22 random bits, so that later acts are higher."""
    return (time.time_ns() // 1_000_000 - _ACTS_BEGIN) << 22 | secrets.randbits(22)


@contextmanager
def acting(user: object, *, reason: str = "", source: str = "screen", run: int | None = None) -> Iterator[int]:
    """One transaction whose changes are recorded as made by ``user`` for ``reason``; gives the number of the act.

    What is done within another ``acting`` belongs to the outer one's act: a merge with all it moves is one.
    """
    before = _speaking.get()
    name = getattr(user, "username", None) or str(user or "")
    said = Said(name, reason, source, run, before.act or new_act())
    token = _speaking.set(said)
    try:
        with transaction.atomic():
            _say(said)
            yield said.act or 0
            if before == NOBODY:
                transaction.on_commit(seal_soon)
            if not transaction.get_rollback():  # else the database itself goes back to what was said before
                _say(before)
    finally:
        _speaking.reset(token)


def _say(said: Said) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "INSERT INTO register_actor (id, user, reason, source, run, act) VALUES (1, %s, %s, %s, %s, %s) "
                "ON CONFLICT (id) DO UPDATE SET user=excluded.user, reason=excluded.reason, "
                "source=excluded.source, run=excluded.run, act=excluded.act",
                said,
            )
        else:
            cursor.execute(
                "SELECT set_config('lianpu.actor', %s, true)", [json.dumps(said._asdict(), ensure_ascii=False)]
            )


Names = Mapping[str, Mapping[int, str]]


@dataclass(frozen=True)
class FieldChange:
    """One field of one change, in words."""

    label: str
    before: str
    after: str


def first_since(moment: dt.datetime) -> int:
    """Id of the first record made at or after ``moment``; past the last where there is none.

    Ids rise with time, so halving them finds it without an index, which every import would pay for.
    """
    ends = Change.objects.aggregate(low=models.Min("pk"), high=models.Max("pk"))
    low, high = ends["low"] or 0, (ends["high"] or 0) + 1
    while low < high:
        middle = (low + high) // 2
        found = Change.objects.filter(pk__gte=middle).order_by("pk").values_list("pk", "at").first()
        if found and found[1] < moment:
            low = found[0] + 1
        else:
            high = middle
    return low


def changed_since(register: Register, when: dt.datetime) -> "models.QuerySet[Change, int]":
    """Ids of the register's rows that were made, changed or deleted at or after ``when``; fit for ``pk__in``."""
    since = Change.objects.filter(model=register.label, pk__gte=first_since(when))
    return since.order_by().values_list("row", flat=True)


def first_and_last(register: Register, rows: Iterable[int]) -> dict[int, tuple[Change, Change]]:
    """By row: its first and its latest record (without images), for who made it and who touched it last."""
    spans = (
        Change.objects.filter(model=register.label, row__in=list(rows))
        .order_by()
        .values_list("row")
        .annotate(models.Min("pk"), models.Max("pk"))
    )
    found = {row: (first, last) for row, first, last in spans}
    records = Change.objects.defer("before", "after").in_bulk({pk for span in found.values() for pk in span})
    return {row: (records[first], records[last]) for row, (first, last) in found.items()}


def changes_of(
    register: Register, row: int, columns: Iterable[BoundColumn], limit: int = 50
) -> list[tuple[Change, list[FieldChange]]]:
    """The latest changes of a row, newest first, each with those of ``columns`` (what the reader may see) that differ."""
    return told(list(Change.objects.filter(model=register.label, row=row)[:limit]), list(columns))


def told(changes: Sequence[Change], columns: Sequence[BoundColumn]) -> list[tuple[Change, list[FieldChange]]]:
    """Changes of one register in words, each with those of ``columns`` that differ, in one query a reference column."""
    names = references_in([(one.before, one.after) for one in changes if one.before and one.after], columns)
    return [(change, differences(columns, change.before, change.after, names)) for change in changes]


def references_in(pairs: Iterable[tuple[Image | None, Image | None]], columns: Iterable[BoundColumn]) -> Names:
    """What the rows are called that images, before and after, refer to differently; by column and id."""
    held, found = list(pairs), {}
    for one in columns:
        if isinstance(one.field, models.ForeignKey):
            target: Any = one.field.related_model
            name, way = str(one.field.column), one.path.partition("__")[2]
            both = [{(image or {}).get(name) for image in pair} for pair in held]
            ids: set[int] = {pk for values in both if len(values) > 1 for pk in values if pk is not None}
            if not ids:
                continue
            rows = target._default_manager.filter(pk__in=ids).order_by()
            if way:
                named = {pk: str(words) for pk, words in rows.values_list("pk", way)}
            else:
                named = {row.pk: str(row) for row in rows}
            found[one.name] = _names_of_gone(target, ids - named.keys(), way or "name") | named
    return found


def _names_of_gone(model: Model, ids: set[int], column: str) -> dict[int, str]:
    """What rows were called when they were deleted."""
    gone = Change.objects.filter(model=model._meta.label_lower, row__in=ids, action="delete") if ids else ()
    named = {one.row: str((one.before or {}).get(column) or "") for one in sorted(gone, key=lambda one: one.pk)}
    return {pk: name for pk, name in named.items() if name}


def differences(
    columns: Iterable[BoundColumn],
    before: Image | None,
    after: Image | None,
    names: Names | None = None,
) -> list[FieldChange]:
    """Columns that differ between two images of a row; for a new or deleted row none are listed."""
    if before is None or after is None:
        return []
    found = []
    for one in columns:
        old, new = value_in(before, one), value_in(after, one)
        if old != new:
            known = (names or {}).get(one.name, {})
            found.append(FieldChange(one.shown_label, word_for(one, old, known), word_for(one, new, known)))
    return found


def value_in(image: Image, column: BoundColumn) -> Any:
    """What an image holds of a column; None for what is not stored."""
    if column.is_custom:
        return (image.get("extra") or {}).get(column.name)
    return None if column.field is None else image.get(str(column.field.column))


def word_for(column: BoundColumn, value: Any, names: Mapping[int, str]) -> str:
    """A value of an image as a page shows it; a row that is referred to by its name, or its number where it is gone."""
    if isinstance(column.field, models.ForeignKey) and value is not None:
        return names.get(value) or gettext("第%(number)s号（已不在）") % {"number": value}
    return column.shown(_word(column, value))


def _word(column: BoundColumn, value: Any) -> str:
    """Images hold numbers and texts as they are; only choices, flags, moments and custom values need a word."""
    if column.is_custom:
        return column.kind.show(None if value is None else column.kind.parse(value))
    if isinstance(column.kind, Moment) and value:
        said = dt.datetime.fromisoformat(value)
        return column.kind.show(said if said.tzinfo else said.replace(tzinfo=dt.UTC))
    return column.kind.show(value) if isinstance(column.kind, (Choice, Flag)) else "" if value is None else str(value)
