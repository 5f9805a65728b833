"""Carrying a plan out: one transaction, nothing half-written, a numbered run that lists what it touched."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from lianpu.register import bulk, custom, rights
from lianpu.register.declare import Register
from lianpu.register.history import acting
from lianpu.register.importing import store
from lianpu.register.importing.planning import (
    BATCH,
    CHANGED,
    FAULTY,
    NEW,
    Plan,
    PlannedRow,
    Progress,
    RefusedError,
    batches,
    compare_again,
    key_of,
    silent,
)
from lianpu.register.models import ImportRun

GOOD_ROWS, ALL_OR_NOTHING = "good_rows", "all_or_nothing"
LISTED_FAULTS = 1000  # in the run's own row; the folder holds all
WAIT_MS = 600_000  # for another writer, on SQLite: an import rather waits than fails


class OvertakenError(RefusedError):
    """The register changed after the preview, so that writing would do something else than was shown."""


def commit(
    plan: Plan,
    *,
    user: Any,
    mode: str = GOOD_ROWS,
    reason: str = "",
    result_folder: Path,
    progress: Progress = silent,
    run: ImportRun | None = None,
    sender: str = "",
) -> ImportRun:
    """Write the plan in one transaction; returns the numbered run with its counts.

    ``run`` is the run as previewed: then the plan must still do what the preview showed, else ``OvertakenError``.
    The files of a new run go into ``result_folder``. Raises ``RefusedError`` where nothing was written, and why.
    """
    register = plan.register
    if register.reason_required and not reason.strip():
        raise RefusedError(f"“{register.title}”的变更必须说明原因。")
    shown = run.fingerprint if run is not None else ""
    try:
        with _alone(register):
            compare_again(plan, user)
            if run is not None and not _still_open(run):
                raise RefusedError(f"{run}已由他人处理，未再写入。")
            if shown and plan.fingerprint != shown:
                raise OvertakenError("预览之后登记簿有了变动，结果与您看到的不同，未写入任何一行。请核对新的预览。")
            if mode == ALL_OR_NOTHING and (faulty := plan.counts[FAULTY]):
                raise RefusedError(f"有{faulty}行有误，按“全部或全不”未导入任何一行。请改正后重新报送。")
            run = run or _numbered(plan, user, sender, result_folder)
            _committed(run, plan, mode, reason)
            with acting(user, reason=reason or f"导入 {run.file_name}", source="import", run=run.pk):
                _write(plan, user, progress)
            # Inside the transaction: an import whose result cannot be told has not taken place.
            store.keep(plan, run.home)
    except IntegrityError as clash:
        raise OvertakenError(
            "写入时与他人刚写入的内容冲突（同一行已被新增，或所引用的行已被删除），未写入任何一行。请重新预览。"
        ) from clash
    return run


def _still_open(run: ImportRun) -> bool:
    """Whether nobody has written or discarded the run meanwhile; nobody can until the transaction ends."""
    rows = ImportRun.objects.select_for_update().filter(pk=run.pk)
    return list(rows.values_list("state", flat=True)) == [ImportRun.State.PREVIEWED]


@contextmanager
def _alone(register: Register) -> Iterator[None]:
    """A transaction in which no other import writes the register: a second one waits, then sees what the first did."""
    if connection.vendor == "sqlite":
        waits = not connection.in_atomic_block
        with connection.cursor() as cursor:
            if waits:
                cursor.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
            try:
                with transaction.atomic():
                    yield
            finally:
                if waits:
                    cursor.execute(f"PRAGMA busy_timeout = {settings.DATABASES['default']['OPTIONS']['timeout']}000")
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"import {register.label}"])
        yield


def _numbered(plan: Plan, user: Any, sender: str, root: Path) -> ImportRun:
    """A new run with its folder; visible to others only once the rows are."""
    sheet = plan.sheet
    run = ImportRun(register=plan.register.slug, file_name=sheet.path.name, file_hash=sheet.file_hash, sender=sender)
    run.by = user.get_username()
    run.save()
    settle_folder(run, sheet.path, root)
    return run


def _committed(run: ImportRun, plan: Plan, mode: str, reason: str) -> None:
    note(run, plan)
    run.mode, run.reason, run.message = mode, reason, ""
    run.state, run.committed_at = ImportRun.State.COMMITTED, timezone.now()
    run.save()


def settle_folder(run: ImportRun, sent: Path, root: Path) -> None:
    """Give a new run its folder under ``root`` with the file as it was sent."""
    folder = root / str(run.pk)
    # The folder of a number whose transaction was broken off: nothing refers to it.
    shutil.rmtree(folder, ignore_errors=True)
    home = Path(settings.LIANPU_HOME)
    run.folder = str(folder.relative_to(home) if folder.is_relative_to(home) else folder.absolute())
    run.file.parent.mkdir(parents=True)
    shutil.copyfile(sent, run.file)


def note(run: ImportRun, plan: Plan) -> None:
    """Put on the run what the plan says; not saved."""
    for name, count in store.outcome_counts(plan).items():
        setattr(run, name, count)
    run.faults = [fault.as_dict() for fault in plan.faults[:LISTED_FAULTS]]
    run.sheet = plan.opened.named_sheet
    run.summary = store.summary_again(run.summary, store.summary_of(plan))
    run.fingerprint = plan.fingerprint


def _write(plan: Plan, user: Any, progress: Progress) -> None:
    register, model = plan.register, plan.register.model
    fields = {f.name: f.attname for f in model._meta.concrete_fields}
    added = register.added
    new = [row for row in plan.rows if row.outcome == NEW]
    changed = [row for row in plan.rows if row.outcome == CHANGED]
    done, total = 0, len(new) + len(changed)
    for batch in batches(new, BATCH):
        rows = [{fields[n]: v for n, v in row.values.items() if n in fields} for row in batch]
        if added:
            rows = [held | {"extra": custom.fold(added, row.values, {})} for held, row in zip(rows, batch, strict=True)]
        bulk.insert(model, rows)
        done += len(batch)
        progress(done, total, "写入")
    attnames = [f.attname for f in model._meta.concrete_fields]
    for batch in batches(changed, BATCH):
        # Locked, so that what others change in these rows meanwhile is neither lost nor unseen.
        locked = model._default_manager.select_for_update().filter(pk__in=[r.pk for r in batch]).order_by("pk")
        stored = {old["pk"]: old for old in locked.values("pk", *attnames)}
        touched = sorted({name if name in fields else "extra" for row in batch for name in row.changes})
        merged = []
        for row in batch:
            old = stored.get(row.pk)
            if old is None or any(_held(old, fields, name) != before for name, (before, _) in row.changes.items()):
                raise OvertakenError(f"第{row.line}行所指的登记内容刚被他人改动，未写入任何一行。请重新预览。")
            old.pop("pk")
            now = {fields[n]: value for n, (_, value) in row.changes.items() if n in fields}
            if added:
                now["extra"] = custom.fold(
                    added, {name: value for name, (_, value) in row.changes.items()}, old["extra"]
                )
            merged.append(model(**old | now))
        model._default_manager.bulk_create(merged, update_conflicts=True, unique_fields=["id"], update_fields=touched)
        done += len(batch)
        progress(done, total, "写入")
    _check_reach(register, user, new, rights.ADD)
    _check_reach(register, user, changed, rights.CHANGE)


def _held(old: Mapping[str, Any], fields: Mapping[str, str], name: str) -> Any:
    """What a stored row holds of a field, or of a custom one."""
    return old[fields[name]] if name in fields else old["extra"].get(name)


def _check_reach(register: Register, user: Any, written: Sequence[PlannedRow], action: str) -> None:
    """What was written must lie where the user may write; else the whole transaction is undone."""
    reach = rights.reach_of(user, register, action)
    if not written or (reach is not None and not reach):
        return
    lead = register.key[0]
    wanted = {key_of(register, row.values) for row in written}
    names = [register.model._meta.get_field(name).attname for name in register.key]  # type: ignore[union-attr]
    inside: set[tuple[Any, ...]] = set()
    if reach is not None:
        for batch in batches([key[0] for key in wanted], BATCH):
            rows = register.model._default_manager.filter(reach, **{f"{lead}__in": batch})
            inside.update(rows.values_list(*names))
    if outside := len(wanted - inside):
        raise RefusedError(f"有{outside}行不在您的管辖范围内，未导入任何一行。请删去这些行后重新报送。")
