"""Import: read → map → coerce → derive → match → plan → commit, all set-wise, nothing half-written.

A plan says for every line what would happen and why; :func:`commit` writes it in one transaction and
returns the numbered run. A blank cell leaves what is stored: a sheet that lacks a value does not erase it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from django.db import transaction

from lianpu.register import bulk, rights
from lianpu.register.declare import BoundColumn, Register
from lianpu.register.faults import BadValueError, Fault
from lianpu.register.history import acting
from lianpu.register.kinds import NOTHING, UNIT_IN_YUAN, Number, Reference
from lianpu.register.models import ImportRun
from lianpu.register.reading import Sheet, UnreadableError, check_width, clean_head, read

NEW, CHANGED, SAME, FAULTY = "new", "changed", "same", "faulty"
OUTCOME_WORDS = {NEW: "新增", CHANGED: "变更", SAME: "无变化", FAULTY: "有误"}
GOOD_ROWS, ALL_OR_NOTHING = "good_rows", "all_or_nothing"
BATCH = 2000

Progress = Callable[[int, int, str], None]
T = TypeVar("T")


def silent(_done: int, _total: int, _words: str) -> None:
    """No progress shown."""


@dataclass(slots=True)
class PlannedRow:
    """One line of the file and what is to become of it."""

    line: int
    cells: Sequence[object]
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    outcome: str = ""
    note: str = ""
    pk: int | None = None
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def fault(self, column: str, value: object, reason: str, remedy: str) -> None:
        self.faults.append(Fault(self.line, column, "" if value is None else str(value), reason, remedy))


@dataclass
class Plan:
    """What an import would do; ``columns[i]`` is the register's column of the file's column i, or None."""

    register: Register
    sheet: Sheet
    columns: list[BoundColumn | None]
    rows: list[PlannedRow]

    @property
    def counts(self) -> Counter[str]:
        return Counter(row.outcome for row in self.rows)

    @property
    def faults(self) -> list[Fault]:
        return [fault for row in self.rows for fault in row.faults]

    @property
    def ignored_heads(self) -> list[str]:
        return [h for h, column in zip(self.sheet.heads, self.columns, strict=True) if column is None and h]


class RefusedError(Exception):
    """The import was not carried out; the message says why and what to do."""


def words_of(column: BoundColumn) -> list[str]:
    """What a head may say to mean the column, the surest first."""
    return [column.label, column.name, *column.column.aliases]


def known_heads(columns: Iterable[BoundColumn]) -> dict[str, BoundColumn]:
    """Cleaned head → column, over labels, names and aliases; a label or name goes before another column's alias."""
    editable = [column for column in columns if column.column.editable]
    found: dict[str, BoundColumn] = {}
    for part in (slice(2), slice(2, None)):
        for column in editable:
            for word in words_of(column)[part]:
                found.setdefault(clean_head(word)[0], column)
    return found


def make_plan(register: Register, path: Path, user: Any, progress: Progress = silent) -> Plan:
    """Read ``path`` and say what importing it would do. Raises ``UnreadableError`` where nothing can be read."""
    if not rights.may(user, register, rights.IMPORT):
        raise RefusedError(f"您没有向“{register.title}”导入的权限。")
    heads = known_heads(rights.visible(user, register.bound))
    sheet = read(path, frozenset(heads))
    columns = _map(register, sheet, heads)
    rows = list(_coerce(sheet, columns, progress))
    _resolve(columns, rows)
    progress(0, 0, "推算归属")
    register.derive([row for row in rows if not row.faults])
    _duplicates(register, rows)
    _match(register, rows, user, progress)
    _unique(register, rows)
    for row in rows:
        if row.faults:
            row.outcome = FAULTY
        elif not row.outcome:
            row.outcome = NEW if row.pk is None else CHANGED if row.changes else SAME
    return Plan(register, sheet, columns, rows)


def _map(register: Register, sheet: Sheet, heads: Mapping[str, BoundColumn]) -> list[BoundColumn | None]:
    """The column each head names. Where two heads name one column, label goes before name before the first alias …"""
    chosen: dict[str, int] = {}
    for at, head in enumerate(sheet.heads):
        if column := heads.get(head):
            words = [clean_head(word)[0] for word in words_of(column)]
            rival = chosen.get(column.name)
            if rival is None or words.index(head) < words.index(sheet.heads[rival]):
                chosen[column.name] = at
    columns = [c if (c := heads.get(head)) and chosen[c.name] == at else None for at, head in enumerate(sheet.heads)]
    missing = [c.label for c in register.bound if c.column.required and c.name not in chosen]
    if missing:
        raise UnreadableError(f"{sheet.path.name} 缺少必需的列：{'、'.join(missing)}。请补上后再报送。")
    return columns


def _coerce(sheet: Sheet, columns: Sequence[BoundColumn | None], progress: Progress) -> Iterator[PlannedRow]:
    total = len(sheet.rows)
    wanted = [(at, c, _parser(c, sheet.units[at])) for at, c in enumerate(columns) if c is not None]
    for done, (line, cells) in enumerate(zip(sheet.lines, sheet.rows, strict=True)):
        if done % BATCH == 0:
            progress(done, total, "读取")
        row = PlannedRow(line, cells)
        if sheet.form == "csv":
            try:
                check_width(cells, sheet.heads)
            except BadValueError as bad:
                row.fault("", "", bad.reason, bad.remedy)
                yield row
                continue
        for at, column, parse in wanted:
            cell = cells[at]
            if cell is None or (isinstance(cell, str) and cell.strip() in NOTHING):
                if column.column.required:
                    row.fault(column.label, "", "缺少必填内容", f"请填写{column.label}")
                continue
            try:
                row.values[column.name] = parse(cell)
            except BadValueError as bad:
                row.fault(column.label, cell, bad.reason, bad.remedy)
        yield row


def _parser(column: BoundColumn, unit: str) -> Callable[[object], Any]:
    """How the cells of a column are read where the file's head names the money unit ``unit``."""
    kind = column.kind
    if not isinstance(kind, Number) or unit == kind.unit or not {unit, kind.unit} <= UNIT_IN_YUAN.keys():
        return kind.parse
    theirs, factor = replace(kind, unit=unit), UNIT_IN_YUAN[unit] / UNIT_IN_YUAN[kind.unit]
    return lambda cell: kind.fit(theirs.read(cell) * factor)


def _resolve(columns: Sequence[BoundColumn | None], rows: Sequence[PlannedRow]) -> None:
    """Turn texts of reference columns into ids, set-wise."""
    for column in columns:
        if column is None or not isinstance(column.kind, Reference):
            continue
        if column.column.match is None:
            raise RefusedError(f"列“{column.label}”不能从文件导入，请删去此列。")
        texts = {row.values[column.name] for row in rows if column.name in row.values}
        found: dict[str, Any] = {}
        for batch in batches(sorted(texts), BATCH):
            found.update(column.column.match(batch))
        for row in rows:
            text = row.values.get(column.name)
            if text is None:
                continue
            if text in found:
                row.values[column.name] = found[text]
            else:
                row.fault(column.label, text, f"找不到这个{column.label}", "请填写其代码或全称；若确为新增，请先登记")


def _key(register: Register, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(values.get(name) for name in register.key)


def _duplicates(register: Register, rows: Sequence[PlannedRow]) -> None:
    first: dict[tuple[Any, ...], PlannedRow] = {}
    for row in rows:
        if row.faults:
            continue
        key = _key(register, row.values)
        earlier = first.setdefault(key, row)
        if earlier is row:
            continue
        if earlier.values == row.values:
            row.outcome, row.note = SAME, f"与第{earlier.line}行完全相同"
        else:
            head = register.by_name[register.key[0]].label
            row.fault(head, key[0], f"与第{earlier.line}行重复而内容不同", "请核对两行，只保留正确的一行")


def _match(register: Register, rows: Sequence[PlannedRow], user: Any, progress: Progress) -> None:
    """Find stored rows by key and say what would change; rows out of the user's scope are faults."""
    model = register.model
    attname = {f.name: f.attname for f in model._meta.concrete_fields}
    todo = [row for row in rows if not row.faults and not row.outcome]
    by_key = {_key(register, row.values): row for row in todo}
    lead = register.key[0]
    names = sorted({name for row in todo for name in row.values if name in attname})
    wanted = ["pk", *dict.fromkeys([*(attname[k] for k in register.key), *(attname[n] for n in names)])]
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
            row.changes = {
                name: (old[attname[name]], new)
                for name, new in row.values.items()
                if name in attname and old[attname[name]] != new
            }
            if row.changes and reachable is not None and row.pk not in reachable:
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
            if row.faults or row.outcome or value is None:
                continue
            earlier = bearers.setdefault(value, row)
            if earlier is not row:
                row.fault(column.label, value, f"与第{earlier.line}行重复", remedy)
        for batch in batches(list(bearers), BATCH):
            stored = register.model._default_manager.filter(**{f"{column.name}__in": batch})
            for pk, value in stored.values_list("pk", column.name):
                if bearers[value].pk != pk:
                    bearers[value].fault(column.label, value, "已为登记簿中另一行所用", remedy)


def commit(
    plan: Plan, *, user: Any, mode: str = GOOD_ROWS, reason: str = "", result_folder: Path, progress: Progress = silent
) -> ImportRun:
    """Write the plan in one transaction; returns the numbered run with its counts and result file."""
    from lianpu.register.exporting import write_result

    register, counts = plan.register, plan.counts
    if mode == ALL_OR_NOTHING and counts[FAULTY]:
        raise RefusedError(f"有{counts[FAULTY]}行有误，按“全部或全不”未导入任何一行。请改正后重新报送。")
    if register.reason_required and not reason:
        raise RefusedError(f"“{register.title}”的变更必须说明原因。")
    with transaction.atomic():
        run = ImportRun.objects.create(
            register=register.slug,
            file_name=plan.sheet.path.name,
            file_hash=plan.sheet.file_hash,
            mode=mode,
            by=user.get_username(),
            read=len(plan.rows),
            created=counts[NEW],
            changed=counts[CHANGED],
            same=counts[SAME],
            faulty=counts[FAULTY],
            faults=[fault.as_dict() for fault in plan.faults],
        )
        with acting(user, reason=reason or f"导入 {run.file_name}", source="import", run=run.pk):
            _write(plan, user, progress)
        # Inside the transaction: an import whose result cannot be told has not taken place.
        run.result_file = str(write_result(plan, result_folder, run.pk))
        run.save(update_fields=["result_file"])
    return run


def _write(plan: Plan, user: Any, progress: Progress) -> None:
    register, model = plan.register, plan.register.model
    fields = {f.name: f.attname for f in model._meta.concrete_fields}
    new = [row for row in plan.rows if row.outcome == NEW]
    changed = [row for row in plan.rows if row.outcome == CHANGED]
    done, total = 0, len(new) + len(changed)
    for batch in batches(new, BATCH):
        bulk.insert(model, [{fields[n]: v for n, v in row.values.items() if n in fields} for row in batch])
        done += len(batch)
        progress(done, total, "写入")
    attnames = [f.attname for f in model._meta.concrete_fields]
    for batch in batches(changed, BATCH):
        stored = {
            old["pk"]: old
            for old in model._default_manager.filter(pk__in=[r.pk for r in batch]).values("pk", *attnames)
        }
        touched = sorted({name for row in batch for name in row.changes})
        merged = []
        for row in batch:
            old = stored[row.pk]
            old.pop("pk")
            merged.append(model(**old | {fields[n]: new_value for n, (_, new_value) in row.changes.items()}))
        model._default_manager.bulk_create(merged, update_conflicts=True, unique_fields=["id"], update_fields=touched)
        done += len(batch)
        progress(done, total, "写入")
    _check_reach(register, user, new, rights.ADD)
    _check_reach(register, user, changed, rights.CHANGE)


def _check_reach(register: Register, user: Any, written: Sequence[PlannedRow], action: str) -> None:
    """What was written must lie where the user may write; else the whole transaction is undone."""
    reach = rights.reach_of(user, register, action)
    if not written or (reach is not None and not reach):
        return
    lead = register.key[0]
    wanted = {_key(register, row.values) for row in written}
    names = [register.model._meta.get_field(name).attname for name in register.key]  # type: ignore[union-attr]
    inside: set[tuple[Any, ...]] = set()
    if reach is not None:
        for batch in batches([key[0] for key in wanted], BATCH):
            rows = register.model._default_manager.filter(reach, **{f"{lead}__in": batch})
            inside.update(rows.values_list(*names))
    if outside := len(wanted - inside):
        raise RefusedError(f"有{outside}行不在您的管辖范围内，未导入任何一行。请删去这些行后重新报送。")


def batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """``items`` in lists of at most ``size``."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch
