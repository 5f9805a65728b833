"""Custom fields: columns that an office adds to a register, which then behave as declared ones do.

A row keeps their values in its ``extra`` column as canonical texts, so that change records, undo and restore have
them for nothing. A query sees each as an annotation under the field's own name and of its own type (:func:`annotated`),
so that filters, sorting, sums, files and pages take it for a column of the table.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from lianpu.register import kinds
from lianpu.register.faults import BadValueError
from lianpu.register.models import CustomField

if TYPE_CHECKING:
    from lianpu.register.declare import BoundColumn, Register

PREFIX = "x_"  # no declared column begins so, and no model field may
DIGITS, PLACES = 15, 4  # what both databases keep exactly
CHOICES_LIMIT, FIELDS_LIMIT = 100, 40
FRESH_SECONDS = 2.0  # how long a process may not know of a field that another has made

_LOW, _HIGH = -(Decimal(10) ** (DIGITS - PLACES)) + 1, Decimal(10) ** (DIGITS - PLACES) - 1
_OUTPUTS: "Mapping[str, models.Field[Any, Any]]" = {
    "number": models.DecimalField(max_digits=DIGITS, decimal_places=PLACES),
    "integer": models.BigIntegerField(),
    "date": models.DateField(),
    "flag": models.BooleanField(),
}
_held = threading.local()


def bind(field: CustomField) -> "BoundColumn":
    """The field as a column of its register."""
    from lianpu.register.declare import BoundColumn, Column

    column = Column(
        field.name,
        label=field.label,
        unit=field.unit,
        aliases=field.aliases,
        shown=False,
        sensitivity=field.sensitivity,
        total=field.kind in (CustomField.Kind.NUMBER, CustomField.Kind.INTEGER),
        help=field.help,
    )
    return BoundColumn(field.name, field.label, kind_of(field), field.name, None, column, is_custom=True)


def is_extensible(register: "Register") -> bool:
    """Whether rows of the register can carry custom fields."""
    return any(field.name == "extra" for field in register.model._meta.concrete_fields)


def active(slug: str) -> Sequence[CustomField]:
    """The register's custom fields in use; one query a request, for all registers."""
    if getattr(_held, "until", 0.0) < time.monotonic():
        found: dict[str, list[CustomField]] = {}
        for one in CustomField.objects.filter(is_retired=False):
            found.setdefault(one.register, []).append(one)
        _held.by_register, _held.until = found, time.monotonic() + FRESH_SECONDS
    return _held.by_register.get(slug, ())  # type: ignore[no-any-return]


def forget(**_: object) -> None:
    """Look again at the next question: at the start of a request, and after a change."""
    _held.until = 0.0


def kind_of(field: CustomField) -> kinds.Kind:
    """How the cells of a custom field are read and shown."""
    if field.kind == CustomField.Kind.NUMBER:
        return kinds.Number(unit=field.unit, places=PLACES, low=_LOW, high=_HIGH)
    if field.kind == CustomField.Kind.INTEGER:
        return kinds.Integer(unit=field.unit, low=_LOW, high=_HIGH)
    if field.kind == CustomField.Kind.CHOICE:
        return kinds.Choice(labels={word: word for word in field.choices})
    plain: Mapping[str, kinds.Kind] = {"date": kinds.Date(), "flag": kinds.Flag()}
    return plain.get(field.kind, kinds.Text(max_length=2000))


def annotated(rows: "models.QuerySet[Any]", fields: Iterable[CustomField]) -> "models.QuerySet[Any]":
    """``rows`` with the value of every field under its name, None where a row has none."""
    made: dict[str, Any] = {}
    for field in fields:
        text, output = KT(f"extra__{field.name}"), _OUTPUTS.get(field.kind)
        made[field.name] = text if output is None else Cast(text, output)
    return rows.annotate(**made) if made else rows


def canonical(value: Any) -> str | None:
    """The text under which a value is kept; None for nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def fold(added: Iterable[CustomField], values: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, str]:
    """``before`` (a row's ``extra``) with those of ``values`` that belong to ``added`` written over it."""
    merged: dict[str, str | None] = dict(before)
    merged |= {one.name: canonical(values[one.name]) for one in added if one.name in values}
    return {name: text for name, text in merged.items() if text is not None}


# -- verbs -------------------------------------------------------------------------------------------------------


def define(*, user: Any, register: "Register", field: CustomField, reason: str = "") -> CustomField:
    """Add a custom field or change one (``field`` unsaved or fetched, with its new content).

    Raises ``PermissionDenied``, or ``ValidationError`` by field. A kind or choices may change only where every stored
    value can still be read.
    """
    from lianpu.register.history import acting
    from lianpu.register.rights import CONFIGURE, may

    if not may(user, register, CONFIGURE):
        raise PermissionDenied(f"您没有为“{register.title}”增设列的权限。")
    field.register = register.slug
    field.label = field.label.strip()
    field.name = field.name or _name_for(field, register)
    _check(register, field)
    field.full_clean()
    with acting(user, reason=reason or f"自定义列：{field.label}"):
        field.save()
    forget()
    return field


def _name_for(field: CustomField, register: "Register") -> str:
    """A name out of the label's pinyin, free in the register."""
    from pypinyin import lazy_pinyin

    letters = "".join(c for c in "".join(lazy_pinyin(field.label)).lower() if c.isascii() and c.isalnum())
    plain = PREFIX + (letters[:30] or "field")
    taken = set(CustomField.objects.filter(register=register.slug).values_list("name", flat=True))
    return next(name for n in range(1000) if (name := plain + (str(n) if n else "")) not in taken)


def _check(register: "Register", field: CustomField) -> None:
    if not is_extensible(register):
        raise ValidationError(f"“{register.title}”不能增设列。")
    faults: dict[str, list[str]] = {}
    if not field.label:
        faults["label"] = ["请填写列名"]
    if field.label in {c.label for c in register.declared}:
        faults["label"] = [f"“{field.label}”已是此登记簿的列，请换一个列名"]
    if field.kind == CustomField.Kind.CHOICE:
        field.choices = list(dict.fromkeys(str(word).strip() for word in field.choices if str(word).strip()))
        if not 2 <= len(field.choices) <= CHOICES_LIMIT:
            faults["choices"] = [f"请给出2至{CHOICES_LIMIT}个不同的选项"]
    if field._state.adding and CustomField.objects.filter(register=register.slug).count() >= FIELDS_LIMIT:
        faults["label"] = [f"一个登记簿至多增设{FIELDS_LIMIT}列，请先停用并改用已有的列"]
    if faults:
        raise ValidationError(faults)
    if not field._state.adding and (unreadable := _unreadable(register, field)):
        some = "；".join(f"第{pk}号：{text}" for pk, text in unreadable[:5])
        raise ValidationError(
            {"kind": [f"已有{len(unreadable)}个值不能按新的类型或选项读出（{some}），请先改正这些值"]}
        )


def _unreadable(register: "Register", field: CustomField) -> list[tuple[int, str]]:
    """Rows whose stored text the field's kind cannot read."""
    kind = kind_of(field)
    stored = (
        register.model._default_manager.filter(extra__has_key=field.name)
        .annotate(text=KT(f"extra__{field.name}"))
        .values_list("pk", "text")
    )
    found = []
    for pk, text in stored.iterator():
        try:
            if canonical(kind.parse(text)) == text:
                continue
        except BadValueError:
            pass
        found.append((pk, str(text)))
    return found
