"""What the interface answers and takes, from the declarations; and rows as it answers them.

Exact numbers and dates travel as text. What an office adds to a register by itself stands under ``extra``, so that
the published description is the same everywhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from django.db import models
from ninja import Schema
from pydantic import ConfigDict, Field, create_model

from lianpu.register import custom, kinds
from lianpu.register.declare import BoundColumn, Register

TYPES: dict[type[kinds.Kind], Any] = {kinds.Integer: int, kinds.Flag: bool, kinds.Words: list[str], kinds.Json: Any}
STREAMED = 2000
BULK_LIMIT = 10_000


class Problem(Schema):
    """Why a request was refused, with messages by column."""

    detail: str
    faults: dict[str, list[str]] = {}


class Conflict(Problem):
    """The row has changed since it was read: its version now, and what became of it."""

    version: int
    changes: list[dict[str, Any]]


class Taken(Schema):
    """What is sent to be written: fields that a register does not have are refused."""

    model_config = ConfigDict(extra="forbid")


class FieldChanged(Schema):
    """One column of one change."""

    label: str
    before: str
    after: str


class Changed(Schema):
    """One change of a row; ``id`` of the latest is the row's version."""

    id: int
    at: str
    action: str
    user: str
    reason: str
    source: str
    import_number: int | None = None
    fields: list[FieldChanged]


class Deleted(Schema):
    """The act by which a row was deleted: the number under which the change record can undo it."""

    act: int


class BulkRow(Schema):
    """What became, or would become, of one row that was sent; ``line`` counts from 1."""

    line: int
    outcome: str = Field(description="new、changed、same、duplicate、faulty")
    id: int | None = None
    changes: dict[str, list[Any]] = Field({}, description="列 → [改前, 改后]")
    faults: list[dict[str, Any]] = []
    note: str = ""


class BulkAnswer(Schema):
    """What became of all; ``import_number`` lists and undoes them, None for a trial run."""

    import_number: int | None = None
    counts: dict[str, int]
    rows: list[BulkRow]


def type_of(column: BoundColumn) -> Any:
    """The JSON type of a column's values."""
    return next((made for kind, made in TYPES.items() if isinstance(column.kind, kind)), str)


def told(column: BoundColumn) -> str:
    """What the description says of a column."""
    parts = [column.head, column.column.help]
    if labels := getattr(column.kind, "labels", None):
        parts.append(f"选项：{'、'.join(labels.values())}")
    return "；".join(part for part in parts if part)


def schemas_of(register: Register) -> tuple[Any, Any, Any]:
    """What the API answers for a row and for a list, and what it takes."""
    name = "".join(part.title() for part in register.slug.split("-"))
    shown = {
        c.name: (type_of(c) | None, Field(None, description=told(c)))
        for c in register.declared
        if not c.column.source_only
    }
    # What a cell of a file may hold, a value may be: the column's kind says what it cannot read.
    cell = str | int | float | bool | list[str] | None
    taken = {c.name: (cell, Field(None, description=told(c))) for c in register.declared if c.column.editable}
    extra: dict[str, Any] = {}
    if register.extensible:
        extra["extra"] = (dict[str, Any], Field({}, description="自定义列：字段 → 值"))
    row: Any = create_model(f"{name}Row", __base__=Schema, id=(int, ...), **shown, **extra)  # type: ignore[call-overload]
    rows: Any = create_model(
        f"{name}List",
        __base__=Schema,
        count=(int, Field(description="符合条件的行数；超过 100,000 时为 100,001")),
        next=(int | None, Field(None, description="续读：下一次请求的 after")),
        rows=(list[row], ...),
    )
    given: Any = create_model(  # type: ignore[call-overload]
        f"{name}Input",
        __base__=Taken,
        reason=(str, Field("", description="变更原因")),
        version=(int | None, Field(None, description="读出时的版本号；此后有人改过则拒绝（409）")),
        **taken,
        **extra,
    )
    return row, rows, given


def parameters_of(register: Register) -> dict[str, Any]:
    """What a list may be asked for: the parameters of the page."""
    filters = [c for c in register.declared if not c.column.source_only and not isinstance(c.kind, kinds.Json)]
    told = {
        "q": "搜索的词，以空格分开",
        "sort": "按哪一列排序；前加 - 为倒序",
        "cols": "要哪些列，以逗号分开",
        "page": "第几页",
        "size": "每页几行（上限 200）",
        "after": "按编号续读：从 0 开始，此后用上一次答复的 next",
        **{f"f.{c.name}": f"{c.label}：等于（文字为含有）；- 为空，!- 不为空；另有 .not .from .to" for c in filters},
    }
    if register.history:
        told["since"] = "此日（含）以后有变更的行，如 2021-06-30"
        told["asof"] = "回看：此日终了时的行与内容，如 2021-06-30；此后的变更（改动、新增、删除）都不算"
    schema = {"type": "string"}
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "description": words, "schema": schema}
            for name, words in told.items()
        ]
    }


def sending_of(register: Register, given: Any) -> Any:
    """What is sent to the bulk end: rows as ``given`` describes them, and how to take them."""
    mode: Any = Literal["good_rows", "all_or_nothing"]
    return create_model(
        f"{given.__name__}s",
        __base__=Taken,
        rows=(list[given], Field(min_length=1, max_length=BULK_LIMIT)),
        mode=(mode, Field("good_rows", description="只写正确的行，或全部正确才写")),
        dry_run=(bool, Field(False, description="只说会怎样，不写入")),
        reason=(str, Field("", description=f"变更原因{'（必填）' if register.reason_required else ''}")),
    )


def values_in(given: Any) -> dict[str, Any]:
    """Columns → cells of what was sent, the custom ones among them."""
    values: dict[str, Any] = given.dict(exclude_unset=True)
    values.pop("reason", None)
    values.pop("version", None)
    added = values.pop("extra", None) or {}
    return values | added


def as_json(column: BoundColumn, value: Any) -> Any:
    """One value as the API answers it."""
    if value is None or type_of(column) is not str:
        return value
    if isinstance(column.kind, kinds.Number):
        return custom.canonical(value) if column.is_custom else str(value)
    return column.kind.show(value)


def rows_as_json(
    rows: "models.QuerySet[Any]", register: Register, columns: Sequence[BoundColumn], keys: Iterable[int] | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of a queryset as the API answers them; ``keys`` gives their order, else the queryset does."""
    paths = [column.path for column in columns]
    if keys is None:
        found: Iterable[tuple[Any, ...]] = rows.values_list("pk", *paths).iterator(STREAMED)
    else:
        asked = list(keys)
        by_key = {row[0]: row for row in rows.filter(pk__in=asked).order_by().values_list("pk", *paths)}
        found = [by_key[key] for key in asked if key in by_key]
    for pk, *values in found:
        answer: dict[str, Any] = {"id": pk}
        extra: dict[str, Any] = {}
        for column, value in zip(columns, values, strict=True):
            (extra if column.is_custom else answer)[column.name] = as_json(column, value)
        if register.extensible:
            answer["extra"] = extra
        yield answer


def plain(value: Any) -> Any:
    """A stored value as JSON: numbers that are exact as text."""
    return value if value is None or isinstance(value, (bool, int, str, list)) else custom.canonical(value)
