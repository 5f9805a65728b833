"""The change log, undoing, deleting and bringing back."""

import io
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lianpu.register import deleting, jobs, rights, undo
from lianpu.register.changelog import EXPORTED, HEADS, SOURCES, ChangeLog, Entry, describe
from lianpu.register.declare import Register
from lianpu.register.exporting import FORMS, write_table
from lianpu.register.models import Change
from lianpu.register.views.common import download, find_register, find_row

DELETED_PAGE = 50


@require_GET
def changes_page(request: HttpRequest) -> HttpResponse:
    """Who changed what, when and why, over all registers that the reader may see."""
    log = ChangeLog(request.user, {name: text for name, text in request.GET.dict().items() if text})
    entries = [(entry, _may_undo(request.user, log, entry)) for entry in log.entries]
    context = {
        "log": log,
        "entries": entries,
        "sources": SOURCES,
        "exported": EXPORTED,
        "act": log.params.get("act", ""),
        "older_url": log.url(before=log.older) if log.older else "",
        "newest_url": log.url(before="") if log.params.get("before") else "",
    }
    return render(request, "register/changes.html", context)


def _may_undo(user: Any, log: ChangeLog, entry: Entry) -> bool:
    """Whether undoing is worth offering; whether it is possible shows when it is done."""
    register = next((one for one in log.registers if one.label == entry.change.model), None)
    action = {"insert": rights.DELETE, "update": rights.CHANGE, "delete": rights.ADD}[entry.change.action]
    return register is not None and rights.may(user, register, action)


@require_GET
def changes_file(request: HttpRequest, form: str) -> HttpResponse:
    """The log as asked for, a line a changed column, at most ``EXPORTED`` changes."""
    log = ChangeLog(request.user, {name: text for name, text in request.GET.dict().items() if text}, size=1000)
    entries, out = list(log.all_entries()), io.BytesIO()
    if log.errors:
        return HttpResponseBadRequest("；".join(log.errors), content_type="text/plain; charset=utf-8")
    if form not in ("csv", "xlsx"):
        raise Http404(f"不支持导出为“{form}”")
    lines = (line for entry in entries for line in entry.lines())
    write_table(out, gettext("变更记录"), [gettext(head) for head in HEADS], lines, form)
    return download(out.getvalue(), f"{gettext('变更记录')}.{form}", FORMS[form])


@require_http_methods(["GET", "POST"])
def change_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo one change, asked once more with what it was."""
    change = get_object_or_404(Change, pk=pk)
    entry = _readable(request.user, change)
    if request.method == "POST":
        try:
            undone = undo.revert(Change.objects.filter(pk=pk), user=request.user, reason=request.POST.get("reason", ""))
        except ValidationError as error:
            messages.error(request, "；".join(error.messages))
        else:
            tell = messages.error if undone.kept else messages.success
            tell(request, undo.told(undone))
            return redirect(f"{reverse('register:changes')}?act={undone.act if undone.done else change.act or ''}")
    return render(request, "register/undo.html", {"entries": [entry], "count": 1})


@require_http_methods(["GET", "POST"])
def act_undo(request: HttpRequest, act: int) -> HttpResponse:
    """Undo all that was done together: as a job, for it may be a whole import."""
    log = ChangeLog(request.user, {"act": str(act)})
    if not log.entries:
        raise Http404("没有这一事项，或您无权查看")
    if request.method == "POST":
        started = jobs.start("undo-act", user=request.user, act=act, reason=request.POST.get("reason", ""))
        jobs.wait(started)
        return redirect(jobs.after(started))
    count = Change.objects.filter(act=act).count()
    return render(request, "register/undo.html", {"entries": log.entries, "count": count})


def _readable(user: Any, change: Change) -> Entry:
    """The change in words, if the person may read it."""
    if not ChangeLog(user, {}).reads(change):
        raise Http404("没有这条变更记录，或您无权查看")
    return describe([change], user)[0]


@require_GET
def deleted_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Rows of a register that were deleted, with who, when and why, to be brought back."""
    register = find_register(slug, request.user)
    if not register.history:
        raise Http404("此登记簿不留变更记录")
    words = request.GET.get("q", "").split()
    found = deleting.deleted_rows(register, request.user)
    for word in words:
        found = found.filter(_named(register, request.user, word))
    page = Paginator(found, DELETED_PAGE).get_page(request.GET.get("page"))
    context = {
        "register": register,
        "page": page,
        "entries": describe(list(page), request.user),
        "q": " ".join(words),
        "may_restore": register.imports and rights.may(request.user, register, rights.ADD),
    }
    return render(request, "register/deleted.html", context)


def _named(register: Register, user: Any, word: str) -> Q:
    """Deletions whose row held the word in a column that is searched, or whose reason does."""
    found = Q(reason__icontains=word)
    for one in rights.visible(user, register.bound):
        if one.field is not None and not one.field.is_relation and (one.column.search or one.name in register.key):
            found |= Q(**{f"before__{one.field.column}__icontains": word})
    return found


@require_POST
def restore(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    register = find_register(slug, request.user, rights.ADD)
    deletion = get_object_or_404(deleting.deleted_rows(register, request.user), pk=pk)
    back = reverse("register:deleted", args=[slug])
    try:
        undone = deleting.restore_row(user=request.user, deletion=deletion, reason=request.POST.get("reason", ""))
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
        return redirect(back)
    if undone.kept:
        messages.error(request, undo.told(undone))
        return redirect(back)
    messages.success(request, gettext("已恢复。"))
    return redirect(register.url("detail", deletion.row))


@require_http_methods(["GET", "POST"])
def delete_page(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What deleting a row would mean, and the deletion."""
    register = find_register(slug, request.user, rights.DELETE)
    row = find_row(register, request.user, pk)
    if not register.imports:
        raise PermissionDenied(gettext("“%s”由系统计算，不能手工删除。") % register.shown_title)
    rights.demand(request.user, register, rights.DELETE, row)
    errors: list[str] = []
    if request.method == "POST":
        title = register.describe(row)
        try:
            deleting.delete_row(
                register=register,
                user=request.user,
                row=row,
                reason=request.POST.get("reason", ""),
                with_dependants=bool(request.POST.get("with_dependants")),
            )
        except ValidationError as error:
            errors = error.messages
        else:
            messages.success(request, gettext("已删除：%s。可在“已删除”页恢复。") % title)
            return redirect(register.url())
    context = {
        "register": register,
        "row": row,
        "deletion": deleting.examine(register, request.user, row),
        "errors": errors,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "register/delete.html", context, status=422 if errors else 200)
