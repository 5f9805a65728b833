"""The pages that follow from a declaration: list, detail, form, import, export, history."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet, TextField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template import TemplateDoesNotExist
from django.template.loader import select_template
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lianpu.register import exporting, importing, rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.history import changes_of
from lianpu.register.kinds import Choice, Date, Flag, Json, Number, Words
from lianpu.register.listing import Listing, cells
from lianpu.register.models import Change, ImportRun
from lianpu.register.reading import UnreadableError
from lianpu.register.services import save_row

UPLOAD_LIMIT = 64 * 1024 * 1024
PREVIEW_ROWS = 200


def _register(slug: str, user: Any, action: str = rights.VIEW) -> Register:
    register = registry.by_slug.get(slug)
    if register is None:
        raise Http404(f"没有名为“{slug}”的登记簿")
    rights.demand(user, register, action)
    return register


def _row(register: Register, user: Any, pk: int) -> Any:
    return get_object_or_404(rights.restrict(register.base(), register, user), pk=pk)


def _readable(columns: list[BoundColumn]) -> list[BoundColumn]:
    """Columns that a person can read; structured evidence has its own panels."""
    return [c for c in columns if not c.column.source_only and type(c.kind) is not Json]


def _widget(column: BoundColumn) -> str:
    if isinstance(column.kind, (Choice, Flag)):
        return "choice"
    if isinstance(column.kind, Number):
        return "number"
    if isinstance(column.kind, Date):
        return "date"
    return "long" if isinstance(column.field, TextField) or isinstance(column.kind, Words) else "text"


@require_GET
def list_page(request: HttpRequest, slug: str) -> HttpResponse:
    register = _register(slug, request.user)
    listing = Listing(register, request.user, request.GET.dict())
    rows = [(row, cells(listing.columns, row), register.badge(row)) for row in listing.page_rows]
    context = {
        "register": register,
        "listing": listing,
        "rows": rows,
        "previous_url": listing.url(page=str(listing.page - 1)),
        "next_url": listing.url(page=str(listing.page + 1)),
        "forms": list(exporting.FORMS),
        "filterable": [(c, _widget(c)) for c in listing.visible if not isinstance(c.kind, Json)],
        "may_add": register.imports and rights.may(request.user, register, rights.ADD),
        "may_import": register.imports and rights.may(request.user, register, rights.IMPORT),
    }
    partial = request.headers.get("HX-Target") == "rows"
    return render(request, "register/rows.html" if partial else "register/list.html", context)


@require_GET
def export_file(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    register = _register(slug, request.user, rights.EXPORT)
    if form not in exporting.FORMS:
        raise Http404(f"不支持导出为“{form}”")
    listing = Listing(register, request.user, request.GET.dict())
    rows, columns = rights.restrict(listing.rows, register, request.user, rights.EXPORT), listing.columns
    if listing.errors:
        return HttpResponseBadRequest("；".join(listing.errors), content_type="text/plain; charset=utf-8")
    body = exporting.export(register, rows, exporting.exportable(columns), form)
    return _download(body, f"{register.title}.{form}", exporting.FORMS[form])


def _download(body: bytes, name: str, kind: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return HttpResponse(body, content_type=kind, headers={"Content-Disposition": disposition})


@require_GET
def template_file(request: HttpRequest, slug: str) -> HttpResponse:
    register = _register(slug, request.user, rights.IMPORT)
    return _download(
        exporting.template(register, rights.visible(request.user, register.bound)),
        f"{register.title}模板.xlsx",
        exporting.FORMS["xlsx"],
    )


@require_GET
def detail_page(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    register = _register(slug, request.user)
    row = _row(register, request.user, pk)
    related = []
    for other, column in registry.related(register):
        if rights.may(request.user, other, rights.VIEW):
            count = rights.restrict(other.base().filter(**{column: pk}), other, request.user).count()
            related.append((other, column, count))
    context = {
        "register": register,
        "row": row,
        "title": register.describe(row),
        "badge": register.badge(row),
        "cells": cells(_readable(rights.visible(request.user, register.bound)), row),
        "related": related,
        "changes": changes_of(register, pk, rights.visible(request.user, register.bound)) if register.history else [],
        "panels": [(panel.template, panel.context(request, row)) for panel in register.panels],
        "may_change": register.imports and rights.may(request.user, register, rights.CHANGE, row),
    }
    return HttpResponse(_own_template(register, "detail").render(context, request))


def _own_template(register: Register, page: str) -> Any:
    """A context may refine a page under ``<app>/<slug>_<page>.html``; else the kit's own serves."""
    app = register.model._meta.app_label
    try:
        return select_template([f"{app}/{register.slug}_{page}.html", f"register/{page}.html"])
    except TemplateDoesNotExist as missing:
        raise Http404(str(missing)) from missing


@require_http_methods(["GET", "POST"])
def form_page(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    action = rights.CHANGE if pk is not None else rights.ADD
    register = _register(slug, request.user, action)
    row = _row(register, request.user, pk) if pk is not None else None
    rights.demand(request.user, register, action, row)
    columns = [
        c for c in rights.visible(request.user, register.bound) if c.column.editable and not isinstance(c.kind, Json)
    ]
    errors: dict[str, list[str]] = {}
    typed: dict[str, str] = {}
    if request.method == "POST":
        typed = {c.name: request.POST.get(c.name, "") for c in columns}
        try:
            saved = save_row(
                register=register, user=request.user, values=typed, row=row, reason=request.POST.get("reason", "")
            )
        except ValidationError as error:
            errors = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        else:
            messages.success(request, gettext("已保存：%(row)s") % {"row": register.describe(saved)})
            return redirect(register.url("detail", saved.pk))
    fields = []
    now = (
        {cell.column.name: cell.text for cell in cells([c for c in columns if not c.column.source_only], row)}
        if row is not None
        else {}
    )
    for column in columns:
        text = typed.get(column.name, now.get(column.name, ""))
        fields.append((column, _widget(column), text, errors.get(column.name, [])))
    context = {
        "register": register,
        "row": row,
        "fields": fields,
        "errors": errors,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "register/form.html", context, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload → preview. The file waits under ``LIANPU_HOME`` until it is committed."""
    register = _register(slug, request.user, rights.IMPORT)
    if not register.imports:
        raise Http404("此登记簿由系统计算，不接受导入")
    context: dict[str, Any] = {"register": register, "runs": _runs(register, request.user)[:10]}
    upload = request.FILES.get("file")
    if request.method == "POST" and upload is None:
        context["error"] = "请选择一个文件。"
    elif upload is not None and (upload.size or 0) > UPLOAD_LIMIT:
        context["error"] = f"文件过大（上限{UPLOAD_LIMIT >> 20} MB），请用命令 lianpu import {slug} 文件 导入。"
    elif upload is not None:
        folder = settings.LIANPU_HOME / "uploads" / str(request.user.pk)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / Path(upload.name or "upload").name
        with path.open("wb") as out:
            out.writelines(upload.chunks())
        try:
            plan = importing.make_plan(register, path, request.user)
        except (UnreadableError, importing.RefusedError) as refused:
            context["error"] = str(refused)
        else:
            context |= {
                "plan": plan,
                "token": Signer().sign(f"{plan.sheet.file_hash} {path.name}"),
                "shown": _most_telling(plan),
                "words": importing.OUTCOME_WORDS,
            }
    return render(request, "register/import.html", context, status=422 if "error" in context else 200)


def _most_telling(plan: importing.Plan) -> list[importing.PlannedRow]:
    """Rows worth looking at first: faulty, then changed, then new."""
    order = (importing.FAULTY, importing.CHANGED, importing.NEW, importing.SAME)
    return sorted(plan.rows, key=lambda row: order.index(row.outcome))[:PREVIEW_ROWS]


def _runs(register: Register, user: Any) -> "QuerySet[ImportRun]":
    """Imports that a person may look into: their own, for faults and result files quote the sender's rows."""
    runs = ImportRun.objects.filter(register=register.slug)
    return runs if user.is_superuser else runs.filter(by=user.get_username())


@require_POST
def import_commit(request: HttpRequest, slug: str) -> HttpResponseBase:
    register = _register(slug, request.user, rights.IMPORT)
    try:
        file_hash, _, name = Signer().unsign(request.POST.get("token", "")).partition(" ")
    except BadSignature as bad:
        raise Http404("预览已失效，请重新上传") from bad
    path = settings.LIANPU_HOME / "uploads" / str(request.user.pk) / name
    try:
        plan = importing.make_plan(register, path, request.user)
        if plan.sheet.file_hash != file_hash:
            raise importing.RefusedError("预览之后又上传了同名的另一个文件，未导入。请重新预览。")
        run = importing.commit(
            plan,
            user=request.user,
            mode=request.POST.get("mode", importing.GOOD_ROWS),
            reason=request.POST.get("reason", ""),
            result_folder=settings.LIANPU_HOME / "imports",
        )
    except (UnreadableError, importing.RefusedError) as refused:
        messages.error(request, str(refused))
        return redirect(register.url("import"))
    messages.success(
        request,
        gettext("%(run)s：新增%(created)s，变更%(changed)s，无变化%(same)s，有误%(faulty)s。")
        % {"run": run, "created": run.created, "changed": run.changed, "same": run.same, "faulty": run.faulty},
    )
    return redirect(register.url("run", run.pk))


@require_GET
def run_page(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What one import touched."""
    register = _register(slug, request.user, rights.IMPORT)
    run = get_object_or_404(_runs(register, request.user), pk=pk)
    reachable = rights.restrict(register.base(), register, request.user)
    touched = Change.objects.filter(run=run.pk, model=register.label).order_by("pk")[:PREVIEW_ROWS]
    rows = reachable.in_bulk([change.row for change in touched])
    listed = [(change, rows[change.row]) for change in touched if change.row in rows]
    return render(request, "register/run.html", {"register": register, "run": run, "listed": listed})


@require_GET
def run_result(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    register = _register(slug, request.user, rights.IMPORT)
    run = get_object_or_404(_runs(register, request.user), pk=pk)
    path = Path(run.result_file)
    if not path.is_file():
        raise Http404("结果文件已不在，请重新导入")
    return _download(path.read_bytes(), path.name, exporting.FORMS.get(path.suffix[1:], "application/octet-stream"))


@require_GET
def dictionary_page(request: HttpRequest) -> HttpResponse:
    """The data dictionary: every register and column the reader may see."""
    listed = [
        (r, rights.visible(request.user, r.bound)) for r in registry.all() if rights.may(request.user, r, rights.VIEW)
    ]
    return render(request, "register/dictionary.html", {"listed": listed})
