"""The import desk: upload → what the columns mean → preview → writing → what it did, and undoing it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lianpu.register import importing, jobs, rights
from lianpu.register.declare import Register
from lianpu.register.importing import desk, store, work
from lianpu.register.models import Change, ImportRun
from lianpu.register.reading import UnreadableError
from lianpu.register.views.common import find_register

UPLOAD_LIMIT = 64 * 1024 * 1024
TOUCHED, LEAD = 20, 4
STEPS = (
    ("upload", _("上传")),
    ("columns", _("对应列")),
    ("preview", _("预览")),
    ("write", _("写入")),
    ("result", _("结果")),
)
LOOKS = {
    importing.NEW: ("plus", "green"),
    importing.CHANGED: ("pencil", "blue"),
    importing.SAME: ("equal", "secondary"),
    importing.DUPLICATE: ("copy", "secondary"),
    importing.FAULTY: ("alert-triangle", "red"),
}


@dataclass(frozen=True)
class Tile:
    """A count that opens its lines."""

    outcome: str
    word: str
    count: int
    url: str
    icon: str
    colour: str
    chosen: bool


def _register(request: HttpRequest, slug: str) -> Register:
    register = find_register(slug, request.user, rights.IMPORT)
    if not register.imports:
        raise Http404("此登记簿由系统计算，不接受导入")
    return register


def _run(request: HttpRequest, slug: str, pk: int) -> tuple[Register, ImportRun]:
    register = _register(request, slug)
    return register, desk.look(get_object_or_404(desk.visible_runs(register, request.user), pk=pk))


# -- upload ------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Choose a file; the imports of before."""
    register = _register(request, slug)
    upload = request.FILES.get("file")
    if request.method == "GET":
        return _desk(request, register)
    if upload is None:
        return _desk(request, register, gettext("请选择一个文件。"))
    if (upload.size or 0) > UPLOAD_LIMIT:
        words = gettext("文件过大（上限%(limit)s MB），请用命令 lianpu import %(slug)s 文件 导入。")
        return _desk(request, register, words % {"limit": UPLOAD_LIMIT >> 20, "slug": slug})
    run = desk.receive(
        register=register,
        user=request.user,
        name=upload.name or "",
        content=upload.chunks(),
        sender=request.POST.get("sender", "")[:100],
    )
    return _preview(request, run)


def _desk(request: HttpRequest, register: Register, error: str = "", sender: str = "") -> HttpResponse:
    runs = desk.visible_runs(register, request.user)
    context = {
        "register": register,
        "runs": runs.exclude(state=ImportRun.State.DISCARDED)[:20],
        "senders": _senders(register, runs),
        "sender": sender or request.POST.get("sender", ""),
        "error": error,
        "steps": _steps("upload", set()),
    }
    return render(request, "register/import.html", context, status=422 if error else 200)


def _senders(register: Register, runs: "QuerySet[ImportRun]") -> list[str]:
    """Reporting units named before, for choosing."""
    named = runs.exclude(sender="").values_list("sender", flat=True).order_by("sender").distinct()
    return list(named[:200])


def _steps(now: str, reached: set[str], urls: dict[str, str] | None = None) -> list[dict[str, Any]]:
    return [
        {"name": name, "word": word, "active": name == now, "done": name in reached, "url": (urls or {}).get(name, "")}
        for name, word in STEPS
    ]


def _after(request: HttpRequest, name: str, run: ImportRun, title: str, **arguments: Any) -> HttpResponseBase:
    """Start a job for the run; short work shows its result at once."""
    job = desk.start(name, run=run, user=request.user, title=title, **arguments)
    return redirect(jobs.after(jobs.wait(job)))


# -- one run -----------------------------------------------------------------------------------------
@require_GET
def run_page(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """A run as far as it has come: what is still open, the preview, or what it did."""
    register, run = _run(request, slug, pk)
    if run.state == ImportRun.State.REFUSED:
        return _desk(request, register, run.message, run.sender)
    if run.state == ImportRun.State.UPLOADED and run.summary:
        return redirect(register.url("import-columns", run.pk))
    outcome = request.GET.get("outcome", "")
    number = request.GET.get("page", "1")
    page = store.page(run.home, outcome, int(number) if number.isdecimal() else 1)
    written = run.state in (ImportRun.State.COMMITTED, ImportRun.State.UNDONE)
    kind, earlier = desk.earlier_like(run)
    context = {
        "register": register,
        "run": run,
        "steps": _steps_of(register, run),
        "written": written,
        "tiles": _tiles(run, outcome),
        "outcome": outcome,
        "page": page,
        "lead": _lead(register, run),
        "lines": _shown(register, run, page),
        "looks": LOOKS,
        "previous_url": _url(outcome, page.number - 1),
        "next_url": _url(outcome, page.number + 1),
        "good": run.created + run.changed,
        "earlier": earlier,
        "earlier_kind": kind,
        "kept_days": desk.KEPT_DAYS,
        "rejected": run.rejected,
        "other_sheets": [name for name, _, score in run.summary.get("sheets", []) if score > 1 and name != run.sheet],
        "touched": _touched(register, run, request.user) if written else [],
        "job": jobs.look(job) if (job := _job(request, run)) is not None else None,
    }
    return render(request, "register/run.html", context)


def _job(request: HttpRequest, run: ImportRun) -> Any:
    """The run's job where it is still under way."""
    job = jobs.visible_to(request.user).filter(pk=run.job).first() if run.job else None
    return job if job is not None and not job.over else None


def _steps_of(register: Register, run: ImportRun) -> list[dict[str, Any]]:
    states = ImportRun.State
    urls = {"upload": register.url("import"), "preview": register.url("run", run.pk)}
    if run.open and run.summary:
        urls["columns"] = register.url("import-columns", run.pk)
    if run.state in (states.COMMITTED, states.UNDONE):
        return _steps("result", {"upload", "columns", "preview", "write"})
    return _steps("preview", {"upload", "columns"} if run.state == states.PREVIEWED else {"upload"}, urls)


def _url(outcome: str, page: int) -> str:
    asked = {"outcome": outcome, "page": page if page > 1 else ""}
    return "?" + urlencode({name: value for name, value in asked.items() if value})


def _tiles(run: ImportRun, outcome: str) -> list[Tile]:
    counts = {
        importing.NEW: run.created,
        importing.CHANGED: run.changed,
        importing.SAME: run.same,
        importing.DUPLICATE: run.duplicate,
        importing.FAULTY: run.faulty,
    }
    tiles = [
        Tile(one, importing.OUTCOME_WORDS[one], count, _url(one, 1), *LOOKS[one], chosen=one == outcome)
        for one, count in counts.items()
    ]
    if corrected := sum(one["count"] for one in run.summary.get("corrections", [])):
        tiles.append(
            Tile(
                store.CORRECTED,
                gettext("更正"),
                corrected,
                _url(store.CORRECTED, 1),
                "wand",
                "orange",
                chosen=outcome == store.CORRECTED,
            )
        )
    return tiles


def _lead(register: Register, run: ImportRun) -> list[tuple[int, str]]:
    """The columns by which a reader recognises a line: those that are compulsory, then the first ones."""
    labels = run.summary.get("columns", [])
    needed = {c.label for c in register.bound if c.column.required}
    order = sorted(range(len(labels)), key=lambda at: (labels[at] not in needed, at))[:LEAD]
    return [(at, labels[at]) for at in sorted(order)]


def _shown(register: Register, run: ImportRun, page: store.Page) -> list[dict[str, Any]]:
    lead, names = _lead(register, run), register.by_name
    return [
        {
            "kept": kept,
            "word": importing.OUTCOME_WORDS[kept.outcome],
            "look": LOOKS[kept.outcome],
            "cells": [
                (label, kept.cells[at] if at < len(kept.cells) else "", any(f[0] == label for f in kept.faults))
                for at, label in lead
            ],
            "corrections": [
                (names[name].label if name in names else name, old, new, why)
                for name, old, new, why in kept.corrections
            ],
        }
        for kept in page.lines
    ]


def _touched(register: Register, run: ImportRun, user: Any) -> list[tuple[Change, Any]]:
    """The first rows that the run altered, as far as the person may see them."""
    reachable = rights.restrict(register.base(), register, user)
    made = Change.objects.filter(run=run.pk, model=register.label).order_by("pk")[:TOUCHED]
    rows = reachable.in_bulk([change.row for change in made])
    return [(change, rows[change.row]) for change in made if change.row in rows]


# -- what the sender says ----------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
def columns_page(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """What every head of the file means; as known, as remembered for the sender, or as chosen here."""
    register, run = _run(request, slug, pk)
    if not run.open or not run.summary:
        return redirect(register.url("run", run.pk))
    heads = [head for head in run.summary["heads"] if head and head not in importing.RESULT_HEADS]
    mapping, error = run.summary["mapping"], ""
    if request.method == "POST":
        sheet, hidden = request.POST.get("sheet", ""), {"in": True, "out": False}.get(request.POST.get("hidden", ""))
        mapping = {head: request.POST.get(f"head.{at}", "") for at, head in enumerate(heads)}
        # The heads below another sheet's name are not of that sheet.
        told = mapping if sheet in ("", run.sheet) else {}
        try:
            desk.explain(
                run=run,
                user=request.user,
                told=told,
                sheet=sheet,
                hidden=hidden,
                remember=bool(told) and "remember" in request.POST,
            )
        except importing.RefusedError as refused:
            error = str(refused)
        else:
            return _preview(request, run)
    columns = [c for c in rights.visible(request.user, register.bound) if c.column.editable]
    context = {
        "register": register,
        "run": run,
        "steps": _steps("columns", {"upload"}, {"upload": register.url("import")}),
        "sheets": run.summary["sheets"] if len(run.summary["sheets"]) > 1 else [],
        "heads": [
            (at, head, run.summary["samples"].get(head, []), mapping.get(head, "")) for at, head in enumerate(heads)
        ],
        "columns": columns,
        "missing": [c for c in columns if c.column.required and c.name not in mapping.values()],
        "remembered": desk.remembered_for(run),
        "error": error or run.message,
    }
    return render(request, "register/import_columns.html", context, status=422 if error else 200)


def _preview(request: HttpRequest, run: ImportRun) -> HttpResponseBase:
    return _after(request, work.PREVIEW, run, gettext("预览：%(file)s") % {"file": run.file_name})


@require_POST
def import_decide(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """Which corrections the sender does not want; a new preview follows."""
    _, run = _run(request, slug, pk)
    wanted = set(request.POST.getlist("kind"))
    kinds = {one["kind"] for one in run.summary.get("corrections", [])} - wanted
    desk.reject(run=run, user=request.user, kinds=kinds)
    return _preview(request, run)


@require_POST
def import_answer(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """What texts mean that were like several rows: remembered for every later file; a new preview follows."""
    register, run = _run(request, slug, pk)
    answers = []
    for at, question in enumerate(run.summary.get("questions", [])):
        said = request.POST.get(f"question.{at}", "")
        if said == "none" or said.isdecimal():
            answers.append((question["column"], question["text"], int(said) if said != "none" else None))
    try:
        desk.answer(run=run, user=request.user, answers=answers)
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
        return redirect(register.url("run", run.pk))
    return _preview(request, run)


@require_POST
def import_again(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """Preview once more."""
    _, run = _run(request, slug, pk)
    return _preview(request, run)


@require_POST
def import_commit(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    register, run = _run(request, slug, pk)
    reason = request.POST.get("reason", "").strip()
    mode = request.POST.get("mode", "")
    if mode not in (importing.GOOD_ROWS, importing.ALL_OR_NOTHING):
        raise Http404("没有这种导入方式")
    if register.reason_required and not reason:
        messages.error(request, gettext("此登记簿的变更必须说明原因。"))
        return redirect(register.url("run", run.pk))
    title = gettext("导入：%(file)s") % {"file": run.file_name}
    return _after(request, work.WRITE, run, title, mode=mode, reason=reason)


@require_POST
def import_discard(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    register, run = _run(request, slug, pk)
    try:
        desk.discard(run=run, user=request.user)
    except importing.RefusedError as refused:
        messages.error(request, str(refused))
        return redirect(register.url("run", run.pk))
    messages.success(request, gettext("已放弃%(run)s，文件已删除，登记簿没有改动。") % {"run": run})
    return redirect(register.url("import"))


@require_POST
def import_undo(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    register, run = _run(request, slug, pk)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, gettext("请说明撤销的原因。"))
        return redirect(register.url("run", run.pk))
    return _after(request, work.UNDO, run, gettext("撤销%(run)s") % {"run": run}, reason=reason)


# -- files -------------------------------------------------------------------------------------------
@require_GET
def import_file(request: HttpRequest, slug: str, pk: int, what: str) -> HttpResponseBase:
    """A file of the run: as sent, with the result of every row, or its faulty rows alone."""
    _, run = _run(request, slug, pk)
    try:
        place = {
            "sent": lambda: run.file,
            "result": lambda: desk.hand_back(run),
            "faulty": lambda: desk.faulty_file(run),
        }[what]()
    except (KeyError, UnreadableError) as absent:
        raise Http404("文件已按期清理，或此次导入没有这个文件") from absent
    if not place.is_file():
        raise Http404("文件已按期清理，请重新导入")
    return FileResponse(place.open("rb"), as_attachment=True, filename=Path(place).name)
