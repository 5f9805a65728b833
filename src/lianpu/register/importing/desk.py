"""The import desk: what becomes of a file between its upload and its undoing.

A run goes uploaded → previewed → committed → undone; it is refused where its file cannot be read, discarded where its
sender thinks better of it, and not completed (failed) where its job ended without an answer. Files lie under
``LIANPU_HOME/imports/<number>/``: the one sent, the fate of its lines, and what goes back to the sender.
"""

import datetime as dt
import hashlib
import logging
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from lianpu.register import jobs, matching, rights
from lianpu.register.declare import Register, registry
from lianpu.register.importing import store
from lianpu.register.importing.committing import OvertakenError, commit, note
from lianpu.register.importing.mapping import Instructions, MissingColumnsError, remembered
from lianpu.register.importing.planning import (
    Plan,
    Progress,
    RefusedError,
    compare_again,
    make_plan,
    silent,
)
from lianpu.register.importing.result import FAULTY_ROWS, WHOLE, forget, write_faulty, write_result, written
from lianpu.register.models import Change, ImportFolder, ImportRun, Job, SenderMap
from lianpu.register.reading import Sheet, UnreadableError
from lianpu.register.undo import revert

logger = logging.getLogger(__name__)
State = ImportRun.State
OPEN_DAYS = 7  # an upload that nobody writes is discarded
KEPT_DAYS = 400  # so that a yearly return can be compared with the last one
SAMPLES = 3
KEPT_LISTED = 1000


def home() -> Path:
    """Where the files of all imports lie."""
    return Path(settings.LIANPU_HOME) / "imports"


def register_of(run: ImportRun) -> Register:
    return registry[run.register]


def visible_runs(register: Register, user: Any) -> "QuerySet[ImportRun]":
    """Imports that a person may look into: their own, for faults and result files quote the sender's rows."""
    runs = ImportRun.objects.filter(register=register.slug)
    return runs if user.is_superuser else runs.filter(by=user.get_username())


# -- upload ------------------------------------------------------------------------------------------
def receive(
    *,
    register: Register,
    user: Any,
    name: str,
    content: Iterable[bytes],
    sender: str = "",
    source: ImportFolder | None = None,
) -> ImportRun:
    """Keep a file that was sent, with its hash, as a new run. Raises ``RefusedError`` without the right."""
    if not rights.may(user, register, rights.IMPORT):
        raise RefusedError(f"您没有向“{register.title}”导入的权限。")
    sweep()
    name = Path(name.replace("\\", "/")).name or "upload"
    with transaction.atomic():
        run = ImportRun(register=register.slug, file_name=name, sender=sender.strip(), source=source)
        run.by = user.get_username()
        run.save()
        run.folder = str(Path("imports") / str(run.pk))
        shutil.rmtree(run.home, ignore_errors=True)  # left by a number whose transaction was broken off
        run.file.parent.mkdir(parents=True)
        digest = hashlib.sha256()
        with run.file.open("wb") as out:
            for block in content:
                digest.update(block)
                out.write(block)
        run.file_hash = digest.hexdigest()
        run.save()
    return run


def file_blocks(path: Path) -> Iterable[bytes]:
    """The content of a file, a block at a time."""
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            yield block


def earlier_like(run: ImportRun) -> tuple[str, ImportRun | None]:
    """``("file", run)`` where the same file was sent before, ``("name", run)`` where only its name was, else nothing."""
    before = ImportRun.objects.filter(register=run.register, pk__lt=run.pk).exclude(state=State.DISCARDED)
    if (same := before.filter(file_hash=run.file_hash).first()) is not None:
        return "file", same
    same = before.filter(file_name=run.file_name, by=run.by).first()
    return ("name", same) if same is not None else ("", None)


# -- preview -----------------------------------------------------------------------------------------
def plan_of(run: ImportRun, user: Any, progress: Progress = silent) -> Plan:
    """The plan of the run's file as its sender has explained it."""
    told = Instructions(
        sheet=run.sheet or None,
        mapping=run.mapping,
        hidden=run.hidden,
        rejected=frozenset(run.rejected),
        sender=run.sender or run.by,
    )
    return make_plan(register_of(run), run.file, user, progress, told)


def preview(*, run: ImportRun, user: Any, progress: Progress = silent) -> ImportRun:
    """Say what writing the run's file would do, line by line; a file that cannot be read is refused in words."""
    _demand_open(run)
    try:
        plan = plan_of(run, user, progress)
    except MissingColumnsError as missing:
        run.state, run.message = State.UPLOADED, str(missing)
        sheet = missing.opened.sheet
        summary = store.summary_of_sheet(missing.opened, missing.columns)
        run.sheet = missing.opened.named_sheet
        run.summary = store.summary_again(run.summary, summary) | {"samples": samples(sheet)}
    except (UnreadableError, RefusedError) as refused:
        run.state, run.message = State.REFUSED, str(refused)
    else:
        _show(run, plan, "")
        return run
    run.save()
    return run


def _show(run: ImportRun, plan: Plan, message: str) -> None:
    store.keep(plan, run.home)
    note(run, plan)
    run.summary["samples"] = samples(plan.sheet)
    run.state, run.message = State.PREVIEWED, message
    forget(run)
    run.save()


def samples(sheet: Sheet) -> dict[str, list[str]]:
    """The first values under every head, for the page where heads are explained."""
    found: dict[str, list[str]] = {}
    for at, head in enumerate(sheet.heads):
        cells = (row[at] for row in sheet.rows[:200] if at < len(row))
        filled = (store.text_of(cell) for cell in cells if cell not in (None, ""))
        found[head] = [text for _, text in zip(range(SAMPLES), dict.fromkeys(filled), strict=False)]
    return found


def explain(
    *,
    run: ImportRun,
    user: Any,
    told: Mapping[str, str],
    sheet: str = "",
    hidden: bool | None = None,
    remember: bool = True,
) -> ImportRun:
    """Note what the heads mean (head → column's name, "" to leave it out), which sheet and what hidden parts to take.

    Remembered for the sender, and applied when the same heads come again. Raises ``RefusedError`` on two heads for
    one column.
    """
    _demand_own(run, user)
    _demand_open(run)
    names = [name for name in told.values() if name]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        label = register_of(run).by_name[twice[0]].label
        heads = "、".join(f"“{head}”" for head, name in told.items() if name == twice[0])
        raise RefusedError(f"{heads}都对应了“{label}”，请只留一列。")
    with transaction.atomic():
        run.mapping, run.sheet, run.hidden = dict(told), sheet or run.sheet, hidden
        run.save(update_fields=["mapping", "sheet", "hidden"])
        if remember:
            remember_heads(run=run, user=user, told=told, hidden=hidden)
    return run


def remember_heads(*, run: ImportRun, user: Any, told: Mapping[str, str], hidden: bool | None = None) -> None:
    """Keep what the heads of the run's sheet mean, for the next sheet of this sender with the same heads."""
    SenderMap.objects.update_or_create(
        register=run.register,
        sender=run.sender or run.by,
        heads=run.summary["heads_key"],
        defaults={"mapping": {**run.summary["mapping"], **told}, "hidden": hidden, "by": user.get_username()},
    )


def remembered_for(run: ImportRun) -> SenderMap | None:
    """What the run's sender said of these heads before."""
    return remembered(register_of(run), run.sender or run.by, run.summary.get("heads_key", ""))


def reject(*, run: ImportRun, user: Any, kinds: Iterable[str]) -> ImportRun:
    """Have the run use the values as sent for these kinds of correction."""
    _demand_own(run, user)
    _demand_open(run)
    run.rejected = sorted(set(kinds))
    run.save(update_fields=["rejected"])
    return run


def answer(*, run: ImportRun, user: Any, answers: Iterable[tuple[str, str, int | None]]) -> None:
    """Remember what texts mean: (column's name, text, id of the row or None for no row at all)."""
    _demand_own(run, user)
    _demand_open(run)
    register = register_of(run)
    with transaction.atomic():
        for column, text, target in answers:
            matching.decide(
                user=user, register=register, column=column, text=text, target=target, reason=f"{run}：{run.file_name}"
            )


# -- commit ------------------------------------------------------------------------------------------
def write(*, run: ImportRun, user: Any, mode: str, reason: str, progress: Progress = silent) -> ImportRun:
    """Write a previewed run and the workbooks that go back to its sender.

    Where nothing could be written ``run.message`` says why; where the register changed meanwhile there is a new preview.
    """
    if run.state == State.COMMITTED:
        return run  # by the worker that died before it could say so
    if run.state != State.PREVIEWED:
        raise RefusedError(f"{run}现为“{run.get_state_display()}”，请先预览。")
    try:
        plan = plan_of(run, user, progress)
        commit(plan, user=user, mode=mode, reason=reason, result_folder=home(), progress=progress, run=run)
    except OvertakenError as overtaken:
        compare_again(plan, user)
        run.refresh_from_db()
        _show(run, plan, str(overtaken))
        return run
    except (RefusedError, UnreadableError) as refused:
        run.refresh_from_db()
        if run.open:
            run.message = str(refused)
            run.save(update_fields=["message"])
        return run
    try:
        hand_back(run, plan.sheet)
    except Exception:
        # The rows are written; what goes back to the sender is written when it is asked for.
        logger.exception("The result of import %s could not be written", run.pk)
    return run


def hand_back(run: ImportRun, sheet: Sheet | None = None) -> Path:
    """The result workbook of a run, written where it is not there yet, and with it that of its faulty rows.

    Raises ``UnreadableError`` where the file that was sent is gone.
    """
    if not run.folder and run.result_file:  # of an import before files were kept by number
        return Path(settings.LIANPU_HOME) / run.result_file
    if run.faulty:
        faulty_file(run, sheet)
    return written(run, WHOLE) or write_result(run, sheet)


def faulty_file(run: ImportRun, sheet: Sheet | None = None) -> Path:
    """The workbook of the faulty rows, written where it is not there yet. Raises as :func:`hand_back`."""
    return written(run, FAULTY_ROWS) or write_faulty(run, sheet)


# -- the end of a run --------------------------------------------------------------------------------
def undo(*, run: ImportRun, user: Any, reason: str) -> ImportRun:
    """Put back what the run altered; rows changed since, or on which others depend, are kept and listed.

    It is its sender's own mistake: the rows it added go with the right to import them, without that to delete.

    Raises ``RefusedError`` where there is nothing to undo, ``PermissionDenied``, ``ValidationError`` without a reason
    where the register asks for one.
    """
    _demand_own(run, user)
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run.pk)
        if run.state != State.COMMITTED:
            raise RefusedError(f"{run}现为“{run.get_state_display()}”，只有已写入的导入可以撤销。")
        made = Change.objects.filter(run=run.pk)
        if not made.exists():
            raise RefusedError(f"{run}没有改动任何行，无须撤销。")
        back = revert(made, user=user, reason=reason or f"撤销{run}", removes_with=rights.IMPORT)
        if not back.done:
            raise RefusedError(f"{run}改动的行此后都已改过或为他行所依赖，一行也不能撤销。")
        run.state, run.undone_by, run.undone_at = State.UNDONE, user.get_username(), timezone.now()
        run.undo_reason, run.undone = reason, back.done
        run.kept = [
            {"row": one.change.row, "model": one.change.model, "action": one.change.action, "why": one.why}
            for one in back.kept[:KEPT_LISTED]
        ]
        run.unreverted = len(back.kept)
        run.message = ""
        run.save()
    return run


def discard(*, run: ImportRun, user: Any) -> ImportRun:
    """Let go of a run that is not written; its files go at once."""
    _demand_own(run, user)
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run.pk)
        _demand_open(run)
        run.state = State.DISCARDED
        run.save(update_fields=["state"])
    _clear(run)
    return run


def look(run: ImportRun) -> ImportRun:
    """The run as it stands; one whose job ended without an answer is not completed, and its register as it was."""
    if run.open and run.job is not None and run.state != State.FAILED:
        job = Job.objects.filter(pk=run.job).first()
        if job is not None and job.state in (Job.State.FAILED, Job.State.CANCELLED):
            why = job.error or "任务已取消。"
            run.state, run.message, run.job = State.FAILED, f"未完成，登记簿没有任何改动：{why}", None
            run.save(update_fields=["state", "message", "job"])
    return run


def sweep() -> None:
    """Let no file linger: uploads not written within a week are discarded, other files go after 400 days."""
    now = timezone.now()
    week, year = now - dt.timedelta(days=OPEN_DAYS), now - dt.timedelta(days=KEPT_DAYS)
    written_off = (State.UPLOADED, State.PREVIEWED, State.FAILED, State.REFUSED)
    gone = Q(state=State.DISCARDED) | Q(state__in=written_off, at__lt=week) | Q(at__lt=year)
    for run in ImportRun.objects.filter(gone).exclude(folder=""):
        _clear(run)
        if run.open:
            run.state, run.message = State.DISCARDED, f"{OPEN_DAYS}天内没有写入，已自动放弃。"
        run.folder = ""
        run.save(update_fields=["state", "message", "folder"])


def _clear(run: ImportRun) -> None:
    if run.folder:
        shutil.rmtree(run.home, ignore_errors=True)


def _demand_own(run: ImportRun, user: Any) -> None:
    if not user.is_superuser and run.by != user.get_username():
        raise PermissionDenied("只有报送人可以处理这次导入。")


def _demand_open(run: ImportRun) -> None:
    if not run.open:
        raise RefusedError(f"{run}现为“{run.get_state_display()}”，不能再改。")


# -- as jobs -----------------------------------------------------------------------------------------
def start(name: str, *, run: ImportRun, user: Any, title: str, **arguments: Any) -> Job:
    """Start one of the jobs of :mod:`.work` for a run, and note on the run that it is under way."""
    with transaction.atomic():
        job = jobs.start(name, user=user, title=title, run=run.pk, **arguments)
        ImportRun.objects.filter(pk=run.pk).update(job=job.pk)
    run.refresh_from_db()
    return job
