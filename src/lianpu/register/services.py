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
    """Create (``row`` None) or change one row from cells as a person types them; what stays the same is not written.

    Raises ``PermissionDenied``, or ``ValidationError`` with one list of messages a column.
    """
    if not register.imports:
        raise ValidationError(f"“{register.title}”由系统计算，不能手工填写。")
    action = rights.ADD if row is None else rights.CHANGE
    rights.demand(user, register, action, row)
    if register.reason_required and not reason.strip():
        raise ValidationError({"reason": ["请说明变更原因"]})
    planned = _read(register, user, values)
    instance = row if row is not None else register.model()
    attnames = {f.name: f.attname for f in register.model._meta.concrete_fields}
    changed = []
    for name, value in planned.values.items():
        if name in attnames and getattr(instance, attnames[name]) != value:
            setattr(instance, attnames[name], value)
            changed.append(name)
    if row is not None and not changed:
        return instance
    instance.full_clean()
    with acting(user, reason=reason, source=source):
        instance.save(update_fields=changed if row is not None else None)
        rights.demand(user, register, action, instance)
    return instance


def _read(register: Register, user: Any, values: Mapping[str, object]) -> PlannedRow:
    """The same steps a line of a file goes through: coerce, resolve references, derive."""
    planned = PlannedRow(0, [])
    columns = [c for c in rights.visible(user, register.bound) if c.column.editable]
    faults = {name: ["没有这一列，或您无权填写"] for name in values.keys() - {c.name for c in columns}}
    for column in columns:
        if column.name not in values:
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
