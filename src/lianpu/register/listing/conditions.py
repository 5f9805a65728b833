"""One filter of a list: the name and text of a parameter → a condition on the rows.

``f.<column>=<text>`` asks as a person types it, ``at.<column>=<value>`` for exactly one value, as the groups of a list
and the links of other pages do: the id of a reference, a stored choice, a whole text, a year or a month of a date.
"""

import calendar
import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.db.models import Q
from django.utils import timezone

from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.faults import BadValueError
from lianpu.register.kinds import Choice, Date, Flag, Integer, Json, Moment, Number, Reference, Text

BLANK, FILLED = "-", "!-"
BOUNDS = ("", "not", "from", "to")
_QUOTED = re.compile(r"'*-")
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


def stored_in(register: Register, column: BoundColumn) -> "models.Field[Any, Any] | None":
    """The model field in which the shown value of a column stands, at the end of its path; None for what is computed."""
    model: Any = register.model
    found: Any = None
    for part in column.path.split("__"):
        if model is None:
            return found if isinstance(found, models.JSONField) else None  # a key inside of it
        if part not in {"pk", *(one.name for one in model._meta.get_fields())}:
            return None
        found = model._meta.pk if part == "pk" else model._meta.get_field(part)
        model = getattr(found, "related_model", None)
    return found  # type: ignore[no-any-return]


def target_of(register: Register, column: BoundColumn) -> Register | None:
    """The register in whose rows a column's values stand: that of its reference, or of the model on its path."""
    if column.is_custom:
        return None
    model: Any = register.model
    ways = [column.name] if isinstance(column.field, models.ForeignKey) else column.path.split("__")[:-1]
    for way in ways:
        model = model._meta.get_field(way).related_model
    return registry.by_model.get(model._meta.label_lower) if ways and model is not None else None


def worded(register: Register, column: BoundColumn) -> bool:
    """Whether a blank of the column may be an empty text as well as none."""
    held = column.field if column.field is not None else stored_in(register, column)
    return isinstance(held, (models.CharField, models.TextField))


def blank(register: Register, column: BoundColumn) -> Q:
    """Rows whose column holds nothing."""
    path = column.name if column.field is not None else column.path
    none = Q(**{f"{path}__isnull": True})
    return none | Q(**{path: ""}) if worded(register, column) else none


def asked(register: Register, column: BoundColumn, bound: str, text: str) -> Q:
    """The condition of ``f.<column>[.<bound>]=<text>``. Raises ``BadValueError`` for what cannot be read."""
    if bound == "not":
        return ~asked(register, column, "", text)
    if text == BLANK:
        return blank(register, column)
    if text == FILLED:
        return ~blank(register, column)
    path, kind = column.name if column.field is not None else column.path, column.kind
    if column.column.filter_with is not None:
        return column.column.filter_with(text)
    if isinstance(kind, (Choice, Flag)):
        return Q(**{f"{path}__in": [kind.parse(one) for one in text.split(",")]})
    if isinstance(kind, Number) and not isinstance(kind, Integer):
        return _number(path, kind, kind.read(text), bound)
    if isinstance(kind, (Integer, Date)):
        day = "__date" if isinstance(kind, Moment) else ""
        return Q(**{path + day + {"": "", "from": "__gte", "to": "__lte"}[bound]: kind.parse(text)})
    if bound:
        raise BadValueError("此列没有先后大小", "请按内容筛选")
    if isinstance(kind, Reference):
        return Q(**{f"{column.column.value or path + '__pk'}": text})
    if isinstance(kind, Json):
        raise BadValueError("此列不能筛选", "请改用其他列")
    if isinstance(column.field, models.JSONField) and connection.vendor == "sqlite":
        text = json.dumps(text)[1:-1]  # SQLite keeps the JSON text as Django wrote it, in ASCII
    return Q(**{f"{column.path}__icontains": text})


def _number(path: str, kind: Number, value: Decimal, bound: str) -> Q:
    """Rows whose number is ``value``, to the decimals that the column shows, or lies on the asked side of it."""
    if bound:
        return Q(**{f"{path}__gte" if bound == "from" else f"{path}__lte": value})
    half = Decimal(0) if kind.places is None else Decimal(1).scaleb(-kind.places) / 2
    return Q(**{f"{path}__range": (value - half, value + half)})


def exactly(register: Register, column: BoundColumn, text: str) -> Q:
    """The condition of ``at.<column>=<text>``, as :func:`key` writes it. Raises ``BadValueError`` as :func:`asked`."""
    kind, path = column.kind, column.path
    if text == BLANK:
        return blank(register, column)
    if isinstance(column.field, models.ForeignKey):
        if not (text.isascii() and text.isdecimal()):
            raise BadValueError("没有这样的关联", "请从相关记录进入")
        return Q(**{column.field.attname: int(text)})
    if isinstance(kind, Date):
        return _within(path, kind, text)
    if isinstance(kind, Choice):
        return Q(**{path: int(text) if kind.whole else text})
    if isinstance(kind, (Flag, Integer)):
        return Q(**{path: kind.parse(text)})
    if not isinstance(kind, Text) or isinstance(column.field, models.JSONField):
        raise BadValueError("此列不能按单个值筛选", "请改用其他列")
    return Q(**{path: text[1:] if _QUOTED.fullmatch(text) else text})


def key(column: BoundColumn, value: Any) -> str:
    """The text after ``at.<column>=`` that keeps the rows with this stored value (id, text, number, day; None: blank)."""
    if value is None:
        return BLANK
    if isinstance(column.kind, Flag):
        return column.kind.show(value)
    text = str(value)
    return f"'{text}" if _QUOTED.fullmatch(text) else text


def _within(path: str, kind: Date, text: str) -> Q:
    """Rows dated in a year (2021), a month (2021-03) or on a day."""
    found = _PERIOD.fullmatch(text)
    try:
        year, month, day = (int(part) if part else None for part in found.groups()) if found else (None,) * 3
        first = dt.date(year or 0, month or 1, day or 1)
        last = first if day else dt.date(first.year, month or 12, calendar.monthrange(first.year, month or 12)[1])
        if isinstance(kind, Moment):
            return Q(**{f"{path}__gte": midnight(first), f"{path}__lt": midnight(last + dt.timedelta(days=1))})
    except (ValueError, OverflowError) as bad:
        raise BadValueError("不是年份、月份或日期", "请按 2021、2021-03 或 2021-03-15 填写") from bad
    return Q(**{f"{path}__range": (first, last)})


def day_of(text: str) -> dt.date:
    """The day that a text names. Raises ``BadValueError``."""
    day = Date().parse(text)
    if day is None:
        raise BadValueError("不是日期", "请按 2021-03-15 填写")
    return day


def midnight(day: dt.date) -> dt.datetime:
    """When a day begins here."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def splittable(register: Register, column: BoundColumn) -> bool:
    """Whether rows can be told apart by the values of a column: few words, references and dates, not measures or prose."""
    if column.field is not None and (column.field.unique or column.field.primary_key):
        return False
    if isinstance(column.field, models.ForeignKey) or isinstance(column.kind, (Choice, Flag, Date, Integer)):
        return True
    if not isinstance(column.kind, Text):
        return False
    held = stored_in(register, column)
    return column.is_custom or (isinstance(held, models.CharField) and not held.unique)
