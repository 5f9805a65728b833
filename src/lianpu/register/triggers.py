"""The triggers that write change records, and the images of rows they write.

An image is a row as JSON, column → value, made by the database itself; the same expression applied to the present
rows gives images that compare equal to those in the records, which undoing, the audit and the view of a past day
stand on.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connection, models

from lianpu.register.declare import registry
from lianpu.register.models import Attachment, Change, Grant, MatchDecision, Note, OpeningView, Role, SavedView

Model = type[models.Model]
Image = dict[str, Any]

# Tables of the kit itself whose changes are recorded like those of a register.
KIT: tuple[Model, ...] = (Note, Attachment, Role, Grant, SavedView, OpeningView, MatchDecision)
_EVENTS = (("insert", "", "new"), ("update", "old", "new"), ("delete", "old", ""))


def recorded() -> dict[str, Model]:
    """Every model whose changes are recorded, by the label that ``Change.model`` holds."""
    found = {register.label: register.model for register in registry.all() if register.history}
    return found | {model._meta.label_lower: model for model in KIT}


def install_triggers(**_: object) -> None:
    """(Re)make the triggers of everything recorded; run after each migration. Rows that a table held before it had any
    are recorded as they are found."""
    present = set(connection.introspection.table_names())
    if Change._meta.db_table not in present:
        return
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'" if sqlite else "SELECT tgname FROM pg_trigger"
        )
        known = {name for (name,) in cursor.fetchall()}
        for label, model in recorded().items():
            table = model._meta.db_table
            if table in present:
                if f"{table}_insert" not in known:
                    cursor.execute(_as_found(label, model))
                for statement in (_sqlite if sqlite else _postgresql)(label, model):
                    cursor.execute(statement)


def _as_found(label: str, model: Model) -> str:
    now = "strftime('%Y-%m-%d %H:%M:%f', 'now')" if connection.vendor == "sqlite" else "clock_timestamp()"
    return (
        f'INSERT INTO register_change (at, model, row, action, after, "user", reason, source) '
        f"SELECT {now}, '{label}', t.id, 'insert', {image(model, 't')}, '', '开始记录', 'migration' "
        f'FROM "{model._meta.db_table}" t '
        f"WHERE NOT EXISTS (SELECT 1 FROM register_change c WHERE c.model = '{label}' AND c.row = t.id)"
    )


def image(model: Model, row: str) -> str:
    """SQL for the image of the row that the alias ``row`` stands for."""
    if connection.vendor != "sqlite":
        return f"to_jsonb({row})"
    parts = []
    for field in model._meta.concrete_fields:
        held = f'{row}."{field.column}"'
        if isinstance(field, models.JSONField):
            held = f"json({held})"
        elif isinstance(field, models.FloatField):
            # SQLite would write 15 digits, which is not every number.
            held = f"CASE typeof({held}) WHEN 'real' THEN json(printf('%!.17g', {held})) ELSE {held} END"
        parts.append(f"'{field.column}', {held}")
    return f"json_object({', '.join(parts)})"


def _sqlite(label: str, model: Model) -> Iterator[str]:
    table = model._meta.db_table
    for event, before, after in _EVENTS:
        yield f'DROP TRIGGER IF EXISTS "{table}_{event}"'
        yield (
            f'CREATE TRIGGER "{table}_{event}" AFTER {event.upper()} ON "{table}" BEGIN '
            f"INSERT INTO register_change (at, model, row, action, before, after, user, reason, source, run, act) "
            f"SELECT strftime('%Y-%m-%d %H:%M:%f', 'now'), '{label}', {after or before}.id, '{event}', "
            f"{image(model, before) if before else 'NULL'}, {image(model, after) if after else 'NULL'}, "
            f"coalesce(a.user, ''), coalesce(a.reason, ''), coalesce(nullif(a.source, ''), 'sql'), a.run, a.act "
            f"FROM (SELECT 1) LEFT JOIN register_actor a ON a.id = 1; END"
        )


def _postgresql(label: str, model: Model) -> Iterator[str]:
    table = model._meta.db_table
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
              INSERT INTO register_change (at, model, row, action, before, after, "user", reason, source, run, act)
              SELECT clock_timestamp(), '{label}', r.id, '{event}', r.b, r.a,
                coalesce(said->>'user', ''), coalesce(said->>'reason', ''),
                coalesce(nullif(said->>'source', ''), 'sql'), (said->>'run')::bigint, (said->>'act')::bigint
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
