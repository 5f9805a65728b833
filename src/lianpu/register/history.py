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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction

from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.kinds import Choice, Flag, Moment
from lianpu.register.models import Change

Said = tuple[str, str, str, int | None]
NOBODY: Said = ("", "", "", None)
_speaking: ContextVar[Said] = ContextVar("speaking", default=NOBODY)


@contextmanager
def acting(user: object, *, reason: str = "", source: str = "screen", run: int | None = None) -> Iterator[None]:
    """One transaction whose changes are recorded as made by ``user`` for ``reason``."""
    before = _speaking.get()
    said: Said = (getattr(user, "username", None) or str(user or ""), reason, source, run)
    token = _speaking.set(said)
    try:
        with transaction.atomic():
            _say(said)
            yield
            if not transaction.get_rollback():  # else the database itself goes back to what was said before
                _say(before)
    finally:
        _speaking.reset(token)


def _say(said: Said) -> None:
    user, reason, source, run = said
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "INSERT INTO register_actor (id, user, reason, source, run) VALUES (1, %s, %s, %s, %s) "
                "ON CONFLICT (id) DO UPDATE SET user=excluded.user, reason=excluded.reason, "
                "source=excluded.source, run=excluded.run",
                [user, reason, source, run],
            )
        else:
            text = json.dumps({"user": user, "reason": reason, "source": source, "run": run}, ensure_ascii=False)
            cursor.execute("SELECT set_config('lianpu.actor', %s, true)", [text])


def install_triggers(**_: object) -> None:
    """(Re)make the triggers of every register with history; run after each migration."""
    present = set(connection.introspection.table_names())
    if Change._meta.db_table not in present:
        return
    with connection.cursor() as cursor:
        for register in registry.all():
            table = register.model._meta.db_table
            if register.history and table in present:
                for statement in _sqlite(register) if connection.vendor == "sqlite" else _postgresql(register):
                    cursor.execute(statement)


_EVENTS = (("insert", "", "new"), ("update", "old", "new"), ("delete", "old", ""))


def _sqlite(register: Register) -> Iterator[str]:
    table = register.model._meta.db_table

    def image(row: str) -> str:
        if not row:
            return "NULL"
        parts = []
        for one in register.model._meta.concrete_fields:
            held = f'{row}."{one.column}"'
            parts.append(f"'{one.column}', " + (f"json({held})" if isinstance(one, models.JSONField) else held))
        return f"json_object({', '.join(parts)})"

    for event, before, after in _EVENTS:
        yield f'DROP TRIGGER IF EXISTS "{table}_{event}"'
        yield (
            f'CREATE TRIGGER "{table}_{event}" AFTER {event.upper()} ON "{table}" BEGIN '
            f"INSERT INTO register_change (at, model, row, action, before, after, user, reason, source, run) "
            f"SELECT strftime('%Y-%m-%d %H:%M:%f', 'now'), '{register.label}', {after or before}.id, '{event}', "
            f"{image(before)}, {image(after)}, coalesce(a.user, ''), coalesce(a.reason, ''), "
            f"coalesce(nullif(a.source, ''), 'sql'), a.run "
            f"FROM (SELECT 1) LEFT JOIN register_actor a ON a.id = 1; END"
        )


def _postgresql(register: Register) -> Iterator[str]:
    table = register.model._meta.db_table
    source = {
        "insert": "SELECT NULL::jsonb AS b, to_jsonb(n) AS a, n.id FROM new_rows n",
        "update": "SELECT to_jsonb(o) AS b, to_jsonb(n) AS a, n.id FROM new_rows n JOIN old_rows o ON o.id = n.id",
        "delete": "SELECT to_jsonb(o) AS b, NULL::jsonb AS a, o.id FROM old_rows o",
    }
    for event, before, after in _EVENTS:
        yield f"""
            CREATE OR REPLACE FUNCTION "{table}_{event}"() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE said jsonb := coalesce(nullif(current_setting('lianpu.actor', true), ''), '{{}}')::jsonb;
            BEGIN
              INSERT INTO register_change (at, model, row, action, before, after, "user", reason, source, run)
              SELECT clock_timestamp(), '{register.label}', r.id, '{event}', r.b, r.a,
                coalesce(said->>'user', ''), coalesce(said->>'reason', ''),
                coalesce(nullif(said->>'source', ''), 'sql'), (said->>'run')::bigint
              FROM ({source[event]}) r;
              RETURN NULL;
            END $$"""
        yield f'DROP TRIGGER IF EXISTS "{table}_{event}" ON "{table}"'
        tables = " ".join(
            part for part in (before and "OLD TABLE AS old_rows", after and "NEW TABLE AS new_rows") if part
        )
        yield (
            f'CREATE TRIGGER "{table}_{event}" AFTER {event.upper()} ON "{table}" REFERENCING {tables} '
            f'FOR EACH STATEMENT EXECUTE FUNCTION "{table}_{event}"()'
        )


@dataclass(frozen=True)
class FieldChange:
    """One field of one change, in words."""

    label: str
    before: str
    after: str


def changes_of(
    register: Register, row: int, columns: Iterable[BoundColumn], limit: int = 50
) -> list[tuple[Change, list[FieldChange]]]:
    """The latest changes of a row, newest first, each with those of ``columns`` (what the reader may see) that differ."""
    shown = list(columns)
    found = Change.objects.filter(model=register.label, row=row)[:limit]
    return [(change, differences(shown, change.before, change.after)) for change in found]


def differences(
    columns: Iterable[BoundColumn], before: dict[str, Any] | None, after: dict[str, Any] | None
) -> list[FieldChange]:
    """Columns that differ between two images of a row; for a new or deleted row none are listed."""
    if before is None or after is None:
        return []
    found = []
    for one in columns:
        if one.field is None:
            continue
        old, new = before.get(str(one.field.column)), after.get(str(one.field.column))
        if old != new:
            found.append(FieldChange(one.shown_label, one.shown(_word(one, old)), one.shown(_word(one, new))))
    return found


def _word(column: BoundColumn, value: Any) -> str:
    """Images hold numbers and texts as they are; only choices, flags and moments need a word."""
    if isinstance(column.kind, Moment) and value:
        said = dt.datetime.fromisoformat(value)
        return column.kind.show(said if said.tzinfo else said.replace(tzinfo=dt.UTC))
    return column.kind.show(value) if isinstance(column.kind, (Choice, Flag)) else "" if value is None else str(value)
