"""What an import would do: read → map → coerce → derive → match → plan, all set-wise.

A plan says for every line what would happen and why. A blank cell leaves what is stored: a sheet that
lacks a value does not erase it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from django.db.models import Max

from lianpu.register import custom, matching, rights
from lianpu.register.declare import BoundColumn, Register
from lianpu.register.faults import BadValueError, Fault
from lianpu.register.importing.mapping import (
    NOTHING_SAID,
    RESULT_HEADS,
    Instructions,
    Opened,
    fingerprint,
    known_heads,
    map_heads,
    open_sheet,
)
from lianpu.register.kinds import Reference
from lianpu.register.models import Change
from lianpu.register.reading import Sheet, check_width

NEW, CHANGED, SAME, DUPLICATE, FAULTY = "new", "changed", "same", "duplicate", "faulty"
OUTCOME_WORDS = {NEW: "新增", CHANGED: "变更", SAME: "无变化", DUPLICATE: "重复", FAULTY: "有误"}
BATCH = 2000

Progress = Callable[[int, int, str], None]
Values = Mapping[str, tuple[Any, Any]]
T = TypeVar("T")

_NO_CHANGES: Values = MappingProxyType({})


def silent(_done: int, _total: int, _words: str) -> None:
    """No progress shown."""


class RefusedError(Exception):
    """The import was not carried out; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A value given in a way that shows what was meant: ``new`` is used unless the sender rejects its ``kind``."""

    line: int
    column: str  # the column's name
    old: str
    new: str
    why: str

    @property
    def kind(self) -> str:
        return f"{self.column}|{self.why}"


@dataclass(slots=True)
class PlannedRow:
    """One line of the file and what is to become of it."""

    line: int
    cells: Sequence[object]
    values: dict[str, Any] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    outcome: str = ""
    note: str = ""
    pk: int | None = None
    changes: Values = field(default_factory=lambda: _NO_CHANGES)
    corrections: Sequence[Correction] = ()
    rejected: frozenset[str] = frozenset()  # kinds of correction that the sender does not want

    def fault(self, column: str, value: object, reason: str, remedy: str, proposal: str = "") -> None:
        said = Fault(self.line, column, "" if value is None else str(value), reason, remedy, proposal)
        self.faults = (*self.faults, said)

    def add_note(self, note: str) -> None:
        self.note = f"{self.note}；{note}" if self.note else note

    def correct(self, column: str, old: object, new: object, why: str) -> bool:
        """Propose ``new`` for ``old`` in the column named ``column``; True where it is to be used.

        The sender sees every correction, and may reject all of one kind (same column, same ``why``).
        """
        said = Correction(self.line, column, str(old), str(new), why)
        self.corrections = (*self.corrections, said)
        if said.kind in self.rejected:
            return False
        self.add_note(f"“{old}”按“{new}”读入（{why}）")
        return True


@dataclass(frozen=True)
class Reading:
    """How cells of a column were taken that say less than their values, or say it otherwise; the first of them as sample."""

    column: str  # the column's name
    how: str
    count: int
    line: int
    value: str


@dataclass
class Plan:
    """What an import would do; ``columns[i]`` is the register's column of the file's column i, or None."""

    register: Register
    opened: Opened
    columns: list[BoundColumn | None]
    rows: list[PlannedRow]
    good: list[PlannedRow]  # lines without fault of their own, each once: those compared with the register
    as_of: int | None = None  # the last change record at that comparison
    questions: list[matching.Question] = field(default_factory=list)  # texts that a person must decide on
    readings: list[Reading] = field(default_factory=list)

    @property
    def sheet(self) -> Sheet:
        return self.opened.sheet

    @property
    def counts(self) -> Counter[str]:
        return Counter(row.outcome for row in self.rows)

    @property
    def faults(self) -> list[Fault]:
        return [fault for row in self.rows for fault in row.faults]

    @property
    def corrections(self) -> list[Correction]:
        return [one for row in self.rows for one in row.corrections]

    @property
    def ignored_heads(self) -> list[str]:
        heads = zip(self.sheet.heads, self.columns, strict=True)
        return [h for h, column in heads if column is None and h and h not in RESULT_HEADS]

    @property
    def fingerprint(self) -> str:
        """Equal for two plans of one file that would do the same."""
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update(f"{row.line}{row.outcome}{row.pk}{dict(row.changes) if row.changes else ''}".encode())
        return digest.hexdigest()


def make_plan(
    register: Register,
    path: Path,
    user: Any,
    progress: Progress = silent,
    told: Instructions = NOTHING_SAID,
) -> Plan:
    """Read ``path`` and say what importing it would do. Raises ``UnreadableError`` where nothing can be read,
    ``MissingColumnsError`` where the register's columns are not found, ``RefusedError`` without the right."""
    if not rights.may(user, register, rights.IMPORT):
        raise RefusedError(f"您没有向“{register.title}”导入的权限。")
    known = known_heads(rights.visible(user, register.bound))
    return _plan(register, open_sheet(register, path, known, told), known, user, told.rejected, progress)


def plan_sheet(register: Register, sheet: Sheet, user: Any) -> Plan:
    """As :func:`make_plan`, for a sheet made in memory whose heads are the names of columns."""
    if not rights.may(user, register, rights.IMPORT):
        raise RefusedError(f"您没有向“{register.title}”导入的权限。")
    known = {column.name: column for column in rights.visible(user, register.bound) if column.column.editable}
    if unknown := [head for head in sheet.heads if head not in known]:
        raise RefusedError(f"没有这些列，或您无权填写：{'、'.join(unknown)}")
    opened = Opened(sheet, fingerprint(sheet.heads), {head: head for head in sheet.heads})
    return _plan(register, opened, known, user, frozenset(), silent)


def _plan(
    register: Register,
    opened: Opened,
    known: Mapping[str, BoundColumn],
    user: Any,
    rejected: frozenset[str],
    progress: Progress,
) -> Plan:
    sheet, columns = opened.sheet, map_heads(register, opened, known)
    readings: dict[tuple[str, str], Reading] = {}
    rows = list(_coerce(sheet, columns, rejected, readings, progress))
    questions = _resolve(register, columns, rows, user)
    progress(0, 0, "推算归属")
    register.derive([row for row in rows if not row.faults])
    _repeated(register, rows)
    good = [row for row in rows if not row.faults and not row.outcome]
    plan = Plan(register, opened, columns, rows, good, questions=questions, readings=list(readings.values()))
    compare(plan, user, progress)
    matching.flag_look_alikes(register, [row for row in good if row.outcome == NEW], user)
    return plan


def _coerce(
    sheet: Sheet,
    columns: Sequence[BoundColumn | None],
    rejected: frozenset[str],
    readings: dict[tuple[str, str], Reading],
    progress: Progress,
) -> Iterator[PlannedRow]:
    """The rows with their cells read; how loosely written ones were taken is counted in ``readings``."""
    total = len(sheet.rows)
    wanted = [(at, c, c.kind.under(sheet.units[at])) for at, c in enumerate(columns) if c is not None]
    for done, (line, cells) in enumerate(zip(sheet.lines, sheet.rows, strict=True)):
        if done % BATCH == 0:
            progress(done, total, "读取")
        row = PlannedRow(line, cells, rejected=rejected)
        if sheet.form == "csv":
            try:
                check_width(cells, sheet.heads)
            except BadValueError as bad:
                row.fault("", "", bad.reason, bad.remedy)
                yield row
                continue
        for at, column, kind in wanted:
            cell = cells[at]
            if kind.blank(cell):
                if column.column.required:
                    row.fault(column.label, "", "缺少必填内容", f"请填写{column.label}")
                continue
            try:
                row.values[column.name] = kind.parse(cell)
                if kind.reads_loosely and (how := kind.reading(cell)):
                    _count_reading(readings, column, how, line, cell)
            except BadValueError as bad:
                row.fault(column.label, cell, bad.reason, bad.remedy, bad.proposal)
        yield row


def _count_reading(
    readings: dict[tuple[str, str], Reading], column: BoundColumn, how: str, line: int, cell: object
) -> None:
    before = readings.get((column.name, how))
    readings[column.name, how] = (
        Reading(column.name, how, 1, line, str(cell)) if before is None else replace(before, count=before.count + 1)
    )


def _resolve(
    register: Register, columns: Sequence[BoundColumn | None], rows: Sequence[PlannedRow], user: Any
) -> list[matching.Question]:
    """Turn texts of reference columns into ids, set-wise; returns what a person must decide."""
    for column in columns:
        if column is not None and isinstance(column.kind, Reference) and column.column.match is None:
            raise RefusedError(f"列“{column.label}”不能从文件导入，请删去此列。")
    return matching.resolve(register, columns, rows, user)


def key_of(register: Register, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a row is recognised by."""
    return tuple(values.get(name) for name in register.key)


def _repeated(register: Register, rows: Sequence[PlannedRow]) -> None:
    """Lines that say what an earlier line of the file said, or something else under the same key."""
    first: dict[tuple[Any, ...], PlannedRow] = {}
    for row in rows:
        if row.faults:
            continue
        key = key_of(register, row.values)
        earlier = first.setdefault(key, row)
        if earlier is row:
            continue
        if earlier.values == row.values:
            row.outcome = DUPLICATE
            row.add_note(f"与第{earlier.line}行完全相同")
        else:
            head = register.by_name[register.key[0]].label
            row.fault(head, key[0], f"与第{earlier.line}行重复而内容不同", "请核对两行，只保留正确的一行")
    for row in rows:
        if row.faults:
            row.outcome = FAULTY


def compare(plan: Plan, user: Any, progress: Progress = silent) -> None:
    """Say for every good row what would become of it in the register as it is now."""
    plan.as_of = latest_change()
    _match(plan.register, plan.good, user, progress)
    _unique(plan.register, plan.good)
    for row in plan.good:
        row.outcome = FAULTY if row.faults else NEW if row.pk is None else CHANGED if row.changes else SAME


def compare_again(plan: Plan, user: Any) -> None:
    """As :func:`compare`, for a plan whose register may have changed since; costs nothing where it has not."""
    if plan.register.history and plan.as_of == latest_change():
        return
    for row in plan.good:
        row.pk, row.faults, row.changes = None, (), _NO_CHANGES
    compare(plan, user)


def latest_change() -> int | None:
    """Number of the last change record: while it stands, no register has changed."""
    last: int | None = Change.objects.aggregate(last=Max("pk"))["last"]
    return last


def _match(register: Register, rows: Sequence[PlannedRow], user: Any, progress: Progress) -> None:
    """Find stored rows by key and say what would change; rows out of the user's scope are faults."""
    model = register.model
    attname = {f.name: f.attname for f in model._meta.concrete_fields}
    by_key = {key_of(register, row.values): row for row in rows}
    lead = register.key[0]
    names = sorted({name for row in rows for name in row.values if name in attname})
    wanted = ["pk", *dict.fromkeys([*(attname[k] for k in register.key), *(attname[n] for n in names)])]
    added = {c.name for c in register.bound if c.is_custom}
    if added:
        wanted.append("extra")
    may_change = rights.reach_of(user, register, rights.CHANGE)
    seen = 0
    for batch in batches([key[0] for key in by_key], BATCH):
        seen += len(batch)
        progress(seen, len(by_key), "比对")
        stored = model._default_manager.filter(**{f"{lead}__in": batch})
        reachable = (
            None
            if may_change is not None and not may_change
            else set(stored.filter(may_change).values_list("pk", flat=True) if may_change is not None else [])
        )
        for old in stored.values(*wanted):
            row = by_key.get(tuple(old[attname[k]] for k in register.key))
            if row is None:
                continue
            row.pk = old["pk"]
            changes = {
                name: (old[attname[name]], new)
                for name, new in row.values.items()
                if name in attname and old[attname[name]] != new
            }
            if added:
                held = old["extra"]
                changes |= {
                    name: (held.get(name), text)
                    for name in added & row.values.keys()
                    if (text := custom.canonical(row.values[name])) != held.get(name)
                }
            if changes:
                row.changes = changes
            if changes and reachable is not None and row.pk not in reachable:
                row.fault("", "", "该行不在您的管辖范围内", "请由所属地区或上级部门修改")


def _unique(register: Register, rows: Sequence[PlannedRow]) -> None:
    """A value that only one row may bear (beside the key) must be free, in the file and in the register."""
    for column in register.bound:
        if column.field is None or not column.field.unique or register.key == (column.name,):
            continue
        remedy = f"请核对两行的{column.label}"
        bearers: dict[Any, PlannedRow] = {}
        for row in rows:
            value = row.values.get(column.name)
            if row.faults or value is None:
                continue
            earlier = bearers.setdefault(value, row)
            if earlier is not row:
                row.fault(column.label, value, f"与第{earlier.line}行重复", remedy)
        for batch in batches(list(bearers), BATCH):
            stored = register.model._default_manager.filter(**{f"{column.name}__in": batch})
            for pk, value in stored.values_list("pk", column.name):
                if bearers[value].pk != pk:
                    bearers[value].fault(column.label, value, "已为登记簿中另一行所用", remedy)


def batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """``items`` in lists of at most ``size``."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch
