"""The registers as they were: within :func:`as_of`, whatever reads through the ORM reads a past day.

Tables that were changed since are hidden, on this connection alone, by temporary views of the same names: the rows
nobody has touched since, and for the others the image before the first change since. So every filter, sort, scope and
join tells the past, nothing is written to a table, and nobody waits. The cost grows with what was changed since, so
beyond ``LIMIT`` rows it is refused. See docs/methods/as-of.md.

Rights, accounts and notes are those of now: a view of the past shows nobody what he may not see today.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from lianpu.register.declare import Register, registry
from lianpu.register.history import first_since
from lianpu.register.rowsets import rows_before
from lianpu.register.triggers import Model

LIMIT = 50_000


@contextmanager
def as_of(moment: dt.datetime | int) -> Iterator[None]:
    """Reads within see the registers as they were right before ``moment``, or before the change record of that id.

    Raises ``ValidationError`` where more than ``LIMIT`` rows were changed since. Writing within is an error.
    """
    first = moment if isinstance(moment, int) else first_since(moment)
    with _put_away():
        changed = {register: _touched(register, first) for register in _told()}
        if sum(changed.values()) > LIMIT:
            words = _("此后已有%(count)s行变更（上限%(limit)s行），请选近一些的日期。")
            raise ValidationError(words % {"count": f"{sum(changed.values()):,}", "limit": f"{LIMIT:,}"})
        for register, count in changed.items():
            if count:
                _remember(register.model)
        for register, count in changed.items():
            if count:
                _shadow(register.model)
        yield


def _told() -> list[Register]:
    return [register for register in registry.all() if register.history and not register.guarded]


@contextmanager
def _put_away() -> Iterator[None]:
    """A transaction that is always undone, and its temporary tables and views with it."""
    if connection.vendor != "sqlite":
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        return
    # By hand, for Django's own would take the lock of the one writer.
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT lianpu_as_of")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK TO lianpu_as_of")
            cursor.execute("RELEASE lianpu_as_of")


def _touched(register: Register, first: int) -> int:
    """Keep the ids of the rows changed since in a temporary table, each with its first record; how many they are."""
    table = register.model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'CREATE TEMPORARY TABLE "{table}_touched" AS SELECT "row" AS id, min(id) AS record '
            f"FROM register_change WHERE model = '{register.label}' AND id >= {first:d} GROUP BY \"row\""
        )
        cursor.execute(f'SELECT count(*) FROM "{table}_touched"')
        return int(cursor.fetchone()[0])


def _remember(model: Model) -> None:
    """Rows as they were before the first change since; rows made since were not there."""
    table, (before, defaults) = model._meta.db_table, rows_before(model)
    names = ", ".join(f'"{one.column}"' for one in model._meta.concrete_fields)
    with connection.cursor() as cursor:
        # An empty copy, so that columns compare and sort as in the table.
        cursor.execute(f'CREATE TEMPORARY TABLE "{table}_then" AS SELECT {names} FROM "{table}" WHERE 1 = 0')
        cursor.execute(
            f'INSERT INTO "{table}_then" ({names}) {before} '
            f"WHERE c.action <> 'insert' AND c.id IN (SELECT record FROM \"{table}_touched\")",
            defaults,
        )


def _shadow(model: Model) -> None:
    table = model._meta.db_table
    names = ", ".join(f'"{one.column}"' for one in model._meta.concrete_fields)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'main'" if connection.vendor == "sqlite" else "SELECT quote_ident(current_schema())")
        schema = cursor.fetchone()[0]
        cursor.execute(
            f'CREATE TEMPORARY VIEW "{table}" AS SELECT {names} FROM {schema}."{table}" '
            f'WHERE id NOT IN (SELECT id FROM "{table}_touched") UNION ALL SELECT {names} FROM "{table}_then"'
        )
