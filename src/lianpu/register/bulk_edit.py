"""The same new values for many rows at once: looked at first, then written in one transaction as one act.

The steps are those of :func:`lianpu.register.services.save_row` (coerce, resolve, derive, check, write, record), taken for
all rows together, so that ten thousand rows ask as many statements as ten.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models

from lianpu.register import custom, rights
from lianpu.register.declare import BoundColumn, Register
from lianpu.register.history import FieldChange, acting
from lianpu.register.importing import PlannedRow
from lianpu.register.kinds import Json
from lianpu.register.listing import cells
from lianpu.register.services import read_cells, versions_of

LIMIT = 10_000


@dataclass(frozen=True)
class Edit:
    """What becomes of one row: its new values by field, and what they were."""

    row: Any
    values: dict[str, Any]
    before: dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """A row that is left as it is, and why."""

    row: Any
    why: str


@dataclass
class EditPlan:
    """What a bulk edit would do; ``versions`` says on which state of each row it rests."""

    register: Register
    edits: list[Edit] = field(default_factory=list)
    same: int = 0
    kept: list[Kept] = field(default_factory=list)
    versions: dict[int, int] = field(default_factory=dict)
    gone: int = 0  # rows that are no longer there, or no longer in the person's sight
    act: int = 0  # of the change records, once it is carried out

    def told(self, columns: Sequence[BoundColumn], limit: int) -> list[tuple[Any, list[FieldChange]]]:
        """The first rows that change, each with what changes in those of ``columns`` (what the person may see)."""
        edits = self.edits[:limit]
        names = {c.name: _names(c, edits) for c in columns if isinstance(c.field, models.ForeignKey)}
        return [(edit.row, list(_differences(columns, edit, names))) for edit in edits]


def editable_columns(register: Register, user: Any) -> list[BoundColumn]:
    """Columns that many rows may share a value of: not those by which a row is recognised."""
    alone = {name for unique in register.model._meta.total_unique_constraints for name in unique.fields}
    alone |= {name for names in register.model._meta.unique_together for name in names} | set(register.key)
    return [
        c
        for c in rights.visible(user, register.bound)
        if c.column.editable
        and not c.column.source_only
        and not isinstance(c.kind, Json)
        and c.name not in alone
        and (c.is_custom or (c.field is not None and not c.field.unique))
    ]


def plan_edit(*, register: Register, user: Any, rows: Iterable[int], cells: Mapping[str, object]) -> EditPlan:
    """What writing ``cells`` (column → cell as typed) into the rows with these ids would do; nothing is written.

    Raises ``PermissionDenied``, or ``ValidationError`` with one list of messages a column.
    """
    pks = list(dict.fromkeys(rows))
    return _plan(register, user, pks, _readable(register, user, pks, cells), lock=False)


def edit_rows(
    *, register: Register, user: Any, versions: Mapping[int, int], cells: Mapping[str, object], reason: str = ""
) -> EditPlan:
    """Write ``cells`` into the rows of a plan (its ``versions``) in one transaction; ``act`` of the answer is its number.

    Rows changed since the plan was made are left as they are and listed. Raises as :func:`plan_edit`.
    """
    if register.reason_required and not reason.strip():
        raise ValidationError({"reason": ["请说明变更原因"]})
    pks = list(versions)
    values = _readable(register, user, pks, cells)
    with acting(user, reason=reason or "批量修改", source="bulk") as act:
        plan = _plan(register, user, pks, values, lock=True)
        moved = {pk for pk, version in plan.versions.items() if version != versions[pk]}
        plan.kept += [Kept(edit.row, "预览之后已被修改") for edit in plan.edits if edit.row.pk in moved]
        plan.edits = [edit for edit in plan.edits if edit.row.pk not in moved]
        plan.act = act
        _write(register, plan.edits)
        _demand_reach(register, user, [edit.row.pk for edit in plan.edits])
    return plan


def _readable(register: Register, user: Any, pks: Sequence[int], cells: Mapping[str, object]) -> dict[str, Any]:
    """The values that the cells stand for."""
    rights.demand(user, register, rights.CHANGE)
    if not register.imports:
        raise ValidationError(f"“{register.title}”由系统计算，不能手工修改。")
    if len(pks) > LIMIT:
        raise ValidationError(f"一次最多修改 {LIMIT:,} 行，现有 {len(pks):,} 行；请先筛选。")
    if not cells:
        raise ValidationError("请选择要修改的列。")
    may = {c.name for c in editable_columns(register, user)}
    if barred := cells.keys() - may:
        raise ValidationError({name: ["此列不能批量修改，或您无权填写"] for name in barred})
    return read_cells(register=register, user=user, values=cells).values


def _plan(register: Register, user: Any, pks: Sequence[int], values: Mapping[str, Any], *, lock: bool) -> EditPlan:
    rows = rights.restrict(register.base(), register, user).filter(pk__in=pks)
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = {row.pk: row for row in rows}
    reach = rights.restrict(register.model._default_manager.filter(pk__in=pks), register, user, rights.CHANGE)
    may = set(reach.values_list("pk", flat=True))
    plan = EditPlan(register, versions=versions_of(register, list(found)), gone=len(pks) - len(found))
    planned = {pk: PlannedRow(0, [], values=dict(values), pk=pk) for pk in pks if pk in may}
    register.derive(list(planned.values()))
    for pk, row in found.items():
        if pk not in may:
            plan.kept.append(Kept(row, "不在您可以修改的范围内"))
        elif planned[pk].faults:
            plan.kept.append(Kept(row, "；".join(str(fault) for fault in planned[pk].faults)))
        elif edit := _edit(register, row, planned[pk].values):
            if why := _unfit(row, edit):
                plan.kept.append(Kept(row, why))
            else:
                plan.edits.append(edit)
        else:
            plan.same += 1
    return plan


def _edit(register: Register, row: Any, values: Mapping[str, Any]) -> Edit | None:
    """What changes in one row; None where it is so already."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name in (f.name for f in register.model._meta.concrete_fields if f.name in values):
        attname = register.model._meta.get_field(name).attname  # type: ignore[union-attr]
        if getattr(row, attname) != values[name]:
            before[name], after[name] = getattr(row, attname), values[name]
    if added := register.added:
        extra = custom.fold(added, values, row.extra)
        if extra != row.extra:
            before["extra"], after["extra"] = row.extra, extra
    return Edit(row, after, before) if after else None


def _unfit(row: Any, edit: Edit) -> str:
    """Why the model would not take the new values; "" where it would. References were looked up already."""
    fields = {f.name: f for f in row._meta.concrete_fields}
    changed = {name for name in edit.values if not isinstance(fields[name], models.ForeignKey)}
    for name in changed:
        setattr(row, name, edit.values[name])
    try:
        row.clean_fields(exclude=fields.keys() - changed)
        row.clean()
    except ValidationError as error:
        return "；".join(error.messages)
    finally:
        for name in changed:
            setattr(row, name, edit.before[name])
    return ""


def _names(column: BoundColumn, edits: Sequence[Edit]) -> dict[int, str]:
    """The words for the rows that a reference is to point at, by id."""
    model: Any = column.field.related_model  # type: ignore[union-attr]
    ids = {edit.values[column.name] for edit in edits if edit.values.get(column.name) is not None}
    path = column.path.partition("__")[2] or "pk"
    return {pk: str(word) for pk, word in model._default_manager.filter(pk__in=ids).values_list("pk", path)}


def _differences(
    columns: Iterable[BoundColumn], edit: Edit, names: Mapping[str, Mapping[int, str]]
) -> Iterator[FieldChange]:
    for column in columns:
        if column.is_custom and "extra" in edit.values:
            old, new = (values["extra"].get(column.name) for values in (edit.before, edit.values))
            shown = ["" if text is None else column.kind.show(column.kind.parse(text)) for text in (old, new)]
        elif column.field is not None and column.name in edit.values:
            old, new = edit.before[column.name], edit.values[column.name]
            words = names.get(column.name)
            after = column.kind.show(new) if words is None else words.get(new, "")
            shown = [cells([column], edit.row)[0].text, after]
        else:
            continue
        if old != new:
            yield FieldChange(column.shown_label, column.shown(shown[0]), column.shown(shown[1]))


def _write(register: Register, edits: Sequence[Edit]) -> None:
    """One statement for all rows that get the same values, which as a rule is all of them."""
    alike: list[tuple[dict[str, Any], list[int]]] = []
    known: dict[str, int] = {}
    for edit in edits:
        at = known.setdefault(repr(sorted(edit.values.items())), len(alike))
        if at == len(alike):
            alike.append((edit.values, []))
        alike[at][1].append(edit.row.pk)
    names = {f.name: f.attname for f in register.model._meta.concrete_fields}
    for values, pks in alike:
        register.model._default_manager.filter(pk__in=pks).update(**{names[n]: v for n, v in values.items()})


def _demand_reach(register: Register, user: Any, pks: Sequence[int]) -> None:
    """What was written must still lie where the person may write; else the whole transaction is undone."""
    written = rights.restrict(register.model._default_manager.filter(pk__in=pks), register, user, rights.CHANGE)
    if pks and written.count() < len(pks):
        raise PermissionDenied("修改后有的行会落在您的管辖范围之外，未修改任何一行。")
