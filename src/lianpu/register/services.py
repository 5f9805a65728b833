"""Writing one row by hand: permission → validation → write, in one transaction with its change record."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from lianpu.register import rights
from lianpu.register.declare import Register
from lianpu.register.faults import BadValueError
from lianpu.register.history import acting
from lianpu.register.importing import PlannedRow
from lianpu.register.kinds import Reference


def save_row(
    *,
    register: Register,
    user: Any,
    values: Mapping[str, object],
    row: models.Model | None = None,
    reason: str = "",
    source: str = "screen",
) -> models.Model:
    """Create (``row`` None) or change one row from cells as a person types them.

    Raises ``PermissionDenied``, or ``ValidationError`` with one list of messages a column.
    """
    if not register.imports:
        raise ValidationError(f"“{register.title}”由系统计算，不能手工填写。")
    rights.demand(user, register, rights.CHANGE if row is not None else rights.ADD, row)
    if register.reason_required and not reason.strip():
        raise ValidationError({"reason": ["请说明变更原因"]})
    planned = _read(register, user, values)
    instance = row if row is not None else register.model()
    by_name = {f.name: f for f in register.model._meta.concrete_fields}
    for name, value in planned.values.items():
        if name in by_name:
            setattr(instance, by_name[name].attname, value)
    try:
        instance.full_clean()
    except ValidationError as error:
        raise error
    with acting(user, reason=reason, source=source):
        instance.save()
        rights.demand(user, register, rights.CHANGE if row is not None else rights.ADD, instance)
    return instance


def _read(register: Register, user: Any, values: Mapping[str, object]) -> PlannedRow:
    """The same steps a line of a file goes through: coerce, resolve references, derive."""
    planned = PlannedRow(0, [])
    faults: dict[str, list[str]] = {}
    for column in rights.visible(user, register.bound):
        if column.name not in values or not column.column.editable:
            continue
        cell = values[column.name]
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if column.column.required:
                faults[column.name] = [f"请填写{column.label}"]
            elif column.field is not None:
                planned.values[column.name] = None if column.field.null else column.field.get_default()
            continue
        try:
            value = column.kind.parse(cell)
            if isinstance(column.kind, Reference) and column.column.match is not None:
                found = column.column.match({value})
                if value not in found:
                    raise BadValueError(f"找不到这个{column.label}", "请填写其代码或全称")
                value = found[value]
            planned.values[column.name] = value
        except BadValueError as bad:
            faults[column.name] = [f"{bad.reason}；{bad.remedy}"]
    if not faults:
        register.derive([planned])
        by_label = {c.label: c.name for c in register.bound}
        for fault in planned.faults:
            faults.setdefault(by_label.get(fault.column, fault.column), []).append(f"{fault.reason}；{fault.remedy}")
    if faults:
        raise ValidationError(faults)
    return planned
