"""Writing one row by hand: permission → validation → write, in one transaction with its change record."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from lianpu.register import custom, matching, rights
from lianpu.register.declare import BoundColumn, Register
from lianpu.register.faults import BadValueError
from lianpu.register.history import FieldChange, acting, changes_of
from lianpu.register.importing import PlannedRow
from lianpu.register.kinds import Reference
from lianpu.register.models import Change


def save_row(
    *,
    register: Register,
    user: Any,
    values: Mapping[str, object],
    row: models.Model | None = None,
    reason: str = "",
    source: str = "screen",
    expected_version: int | None = None,
) -> models.Model:
    """Create (``row`` None) or change one row from cells as a person types them; what stays the same is not written.

    ``expected_version`` is the row's :func:`version_of` when its values were read: where it has changed since, nothing is
    written. Raises ``PermissionDenied``, ``ConflictError``, or ``ValidationError`` with one list of messages a column.
    """
    if not register.imports:
        raise ValidationError(f"“{register.title}”由系统计算，不能手工填写。")
    action = rights.ADD if row is None else rights.CHANGE
    rights.demand(user, register, action, row)
    if register.reason_required and not reason.strip():
        raise ValidationError({"reason": ["请说明变更原因"]})
    planned = read_cells(register=register, user=user, values=values, pk=row.pk if row is not None else None)
    instance = row if row is not None else register.model()
    attnames = {f.name: f.attname for f in register.model._meta.concrete_fields}
    changed = []
    for name, value in planned.values.items():
        if name in attnames and getattr(instance, attnames[name]) != value:
            setattr(instance, attnames[name], value)
            changed.append(name)
    if added := register.added:
        extra = custom.fold(added, planned.values, instance.extra)  # type: ignore[attr-defined]
        if extra != instance.extra:  # type: ignore[attr-defined]
            instance.extra = extra  # type: ignore[attr-defined]
            changed.append("extra")
    if row is not None and not changed:
        return instance
    instance.full_clean()
    with acting(user, reason=reason, source=source):
        if row is not None and expected_version is not None:
            # Held until the transaction ends, so that no other change comes between the look and the write.
            register.model._default_manager.select_for_update().get(pk=row.pk)
            _demand_version(register, user, row.pk, expected_version)
        instance.save(update_fields=changed if row is not None else None)
        rights.demand(user, register, action, instance)
    return instance


def told_of_likes(*, register: Register, user: Any, values: Mapping[str, object]) -> str:
    """Which stored row a new one may be once more, in words, as an import says it of a line; nothing where there is none.
    To be asked before it is saved. Raises ``ValidationError`` as :func:`save_row`."""
    if not matching.is_looked_through(register):
        return ""
    planned = read_cells(register=register, user=user, values=values)
    matching.flag_look_alikes(register, [planned], user)
    return planned.note


class ConflictError(Exception):
    """Somebody else has changed the row since it was read: ``version`` is its latest, ``changes`` is what became of it,
    in the columns that the person may see."""

    def __init__(self, version: int, changes: list[tuple[Change, list[FieldChange]]]) -> None:
        super().__init__("这一行在您打开之后已被修改，没有保存。请核对两边的值后再保存。")
        self.version = version
        self.changes = changes


def version_of(register: Register, pk: int) -> int:
    """The number of a row's latest change record; 0 for a row without one."""
    return versions_of(register, [pk])[pk]


def versions_of(register: Register, pks: Sequence[int]) -> dict[int, int]:
    """:func:`version_of` of many rows in one query."""
    changes = Change.objects.filter(model=register.label, row__in=pks).order_by()
    return dict.fromkeys(pks, 0) | dict(changes.values_list("row").annotate(models.Max("pk")))


def _demand_version(register: Register, user: Any, pk: int, expected: int) -> None:
    now = version_of(register, pk)
    if now != expected:
        columns = rights.visible(user, register.bound)
        since = [one for one in changes_of(register, pk, columns) if one[0].pk > expected]
        raise ConflictError(now, since)


def _value(register: Register, column: BoundColumn, cell: object, user: Any) -> Any:
    """What a cell says; for a reference the id of the row that it means."""
    value = column.kind.parse(cell)
    if not isinstance(column.kind, Reference) or column.column.match is None:
        return value
    return matching.find_one(register, column, value, user)


def read_cells(*, register: Register, user: Any, values: Mapping[str, object], pk: int | None = None) -> PlannedRow:
    """The same steps a line of a file goes through: coerce, resolve references, derive; ``pk`` is the row that the cells
    change, so that ``derive`` may look at what they leave as it is.

    Raises ``ValidationError`` with one list of messages a column.
    """
    planned = PlannedRow(0, [], pk=pk)
    columns = [c for c in rights.visible(user, register.bound) if c.column.editable]
    faults = {name: ["没有这一列，或您无权填写"] for name in values.keys() - {c.name for c in columns}}
    for column in columns:
        if column.name not in values:
            continue
        cell = values[column.name]
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if column.column.required:
                faults[column.name] = [f"请填写{column.label}"]
            elif column.is_custom:
                planned.values[column.name] = None
            elif column.field is not None:
                planned.values[column.name] = None if column.field.null else column.field.get_default()
            continue
        try:
            planned.values[column.name] = _value(register, column, cell, user)
        except BadValueError as bad:
            faults[column.name] = [f"{bad.reason}；{bad.remedy}"]
    if not faults:
        register.derive([planned])
        by_label = {c.label: c.name for c in register.bound}
        for fault in planned.faults:
            faults.setdefault(by_label.get(fault.column, fault.column), []).append(f"{fault.reason}；{fault.remedy}")
        for (
            one
        ) in planned.corrections:  # in a file the sender looks at a list of them; here the person is asked at once
            faults.setdefault(one.column, []).append(f"“{one.old}”疑应为“{one.new}”（{one.why}）；请改正或核对后再保存")
    if faults:
        raise ValidationError(faults)
    return planned
