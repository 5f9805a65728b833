"""Sets of rows by id, past managers and rights: their images, who points at them, and taking them away.

Every function is one statement, however many the rows.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models

from lianpu.register.triggers import Image, Model, image


def among(column: str, ids: Iterable[int]) -> tuple[str, list[Any]]:
    """SQL and its one parameter for "``column`` is among ``ids``", however many they are."""
    if connection.vendor == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(%s))", [json.dumps(list(ids))]
    return f"{column} = ANY(%s)", [list(ids)]


def read_image(text: str | None) -> Image:
    """An image as Python sees it, empty where there is none; decimals stay as written, so that equal texts are equal."""
    return {} if text is None else json.loads(text, parse_float=str)


def present_images(model: Model, ids: Iterable[int], *, locked: bool = False) -> dict[int, Image]:
    """Images of the rows as they are now, by id. ``locked`` keeps others from changing them until the transaction ends
    (SQLite has one writer anyway)."""
    table = connection.ops.quote_name(model._meta.db_table)
    within, params = among("t.id", ids)
    made = image(model, "t").replace("%", "%%") if connection.vendor == "sqlite" else "to_jsonb(t)::text"
    lock = " FOR UPDATE" if locked and connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t.id, {made} FROM {table} t WHERE {within}{lock}", params)
        return {pk: read_image(text) for pk, text in cursor.fetchall()}


def images_of(changes: Iterable[int]) -> dict[int, tuple[str, Image, Image]]:
    """Action and images, before and after, of change records by id."""
    within, params = among("id", changes)
    text = "" if connection.vendor == "sqlite" else "::text"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, action, before{text}, after{text} FROM register_change WHERE {within}", params)
        return {pk: (action, read_image(old), read_image(new)) for pk, action, old, new in cursor.fetchall()}


def select(model: Model, columns: Sequence[str], by: str, ids: Iterable[int]) -> list[tuple[Any, ...]]:
    """``columns`` of the rows whose ``by`` is among ``ids``: all rows, whoever asks."""
    within, params = among(f'"{by}"', ids)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT {names} FROM "{model._meta.db_table}" WHERE {within}', params)
        return list(cursor.fetchall())


def pointing_at(model: Model) -> "list[models.ForeignKey[Any, Any]]":
    """Foreign keys of whatever model that refer to rows of ``model``."""
    fields = model._meta.get_fields(include_hidden=True)
    keys = [getattr(one, "field", None) for one in fields if one.auto_created and not one.concrete]
    return [key for key in keys if isinstance(key, models.ForeignKey)]


def remove(model: Model, ids: Iterable[int]) -> None:
    """Delete rows by id; what points at them is the caller's to see to, and the database's to check at the end."""
    within, params = among("id", ids)
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE {within}', params)


# -- rows out of images ------------------------------------------------------------------------
def records(model: Model) -> str:
    """Change records as ``c``; on PostgreSQL their images as rows of the table, ``p``, so that values keep their type."""
    if connection.vendor == "sqlite":
        return "register_change c"
    return f'register_change c, jsonb_populate_record(NULL::"{model._meta.db_table}", c.before) p'


def held_before(one: "models.Field[Any, Any]") -> str:
    """SQL for what the image before the change ``c`` holds of a column."""
    if connection.vendor != "sqlite":
        return f'p."{one.column}"'
    if isinstance(one, models.JSONField):
        return f"nullif(c.before -> '$.{one.column}', 'null')"
    return f"json_extract(c.before, '$.{one.column}')"


def rows_before(model: Model) -> tuple[str, list[Any]]:
    """SQL, to be followed by WHERE, and parameters for the rows that the records ``c`` hold as they were before;
    columns that are newer than a record take their default."""
    held, defaults = [], []
    for one in model._meta.concrete_fields:
        value, default = held_before(one), one.get_default()
        if default is not None:
            if connection.vendor == "sqlite":
                missing = f"json_type(c.before, '$.{one.column}') IS NULL"
            else:
                missing = f"NOT jsonb_exists(c.before, '{one.column}')"
            value = f"CASE WHEN {missing} THEN %s ELSE {value} END"
            defaults.append(one.get_db_prep_save(default, connection))
        held.append(value)
    return f"SELECT {', '.join(held)} FROM {records(model)}", defaults
