"""The import desk: upload → preview → commit → what it did."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lianpu.register import exporting, importing, rights
from lianpu.register.declare import Register
from lianpu.register.models import Change, ImportRun
from lianpu.register.reading import UnreadableError
from lianpu.register.views.common import download, find_register

UPLOAD_LIMIT = 64 * 1024 * 1024
PREVIEW_ROWS = 200


@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload → preview. The file waits under ``LIANPU_HOME`` until it is committed."""
    register = find_register(slug, request.user, rights.IMPORT)
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
    register = find_register(slug, request.user, rights.IMPORT)
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
    register = find_register(slug, request.user, rights.IMPORT)
    run = get_object_or_404(_runs(register, request.user), pk=pk)
    reachable = rights.restrict(register.base(), register, request.user)
    touched = Change.objects.filter(run=run.pk, model=register.label).order_by("pk")[:PREVIEW_ROWS]
    rows = reachable.in_bulk([change.row for change in touched])
    listed = [(change, rows[change.row]) for change in touched if change.row in rows]
    return render(request, "register/run.html", {"register": register, "run": run, "listed": listed})


@require_GET
def run_result(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    register = find_register(slug, request.user, rights.IMPORT)
    run = get_object_or_404(_runs(register, request.user), pk=pk)
    path = Path(run.result_file)
    if not path.is_file():
        raise Http404("结果文件已不在，请重新导入")
    return download(path.read_bytes(), path.name, exporting.FORMS.get(path.suffix[1:], "application/octet-stream"))
