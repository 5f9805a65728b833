"""Many new rows at once: one prepared statement on SQLite, COPY on PostgreSQL; triggers see both.

``bulk_create`` spends more time on building SQL (999 parameters a statement on SQLite) than the
database on storing; ``benchmarks/importing.py`` measures the difference.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models

_AS_IS = (
    models.CharField,
    models.TextField,
    models.BooleanField,
    models.IntegerField,
    models.ForeignKey,
    models.FloatField,
)


def insert(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows given as attname → value; what is left out takes the field's default."""
    if not rows:
        return
    fields = [f for f in model._meta.concrete_fields if not f.primary_key]
    table, names = (
        connection.ops.quote_name(model._meta.db_table),
        [connection.ops.quote_name(str(f.column)) for f in fields],
    )
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(_values(fields, rows)))
        else:
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in _values(fields, rows):
                    copy.write_row(row)


def _values(fields: Sequence["models.Field[Any, Any]"], rows: Iterable[Mapping[str, Any]]) -> Iterable[list[Any]]:
    preparers = [(f.attname, f.get_default(), _preparer(f)) for f in fields]
    for row in rows:
        yield [prepare(row.get(name, default)) for name, default, prepare in preparers]


def _preparer(field: "models.Field[Any, Any]") -> Callable[[Any], Any]:
    if isinstance(field, _AS_IS):
        return lambda value: value
    return lambda value: None if value is None else field.get_db_prep_save(value, connection)
