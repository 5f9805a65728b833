"""Bulk edit: choose columns and values, look at what would change, write."""

from urllib.parse import parse_qsl

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from lianpu.register import rights
from lianpu.register.bulk_edit import LIMIT, EditPlan, edit_rows, editable_columns, plan_edit
from lianpu.register.declare import Register
from lianpu.register.listing import Listing
from lianpu.register.models import Change
from lianpu.register.undo import revert
from lianpu.register.views.common import find_register, widget_of

SHOWN = 100  # rows of a preview
SALT = "bulk-edit"


@require_POST
def bulk_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The form for the rows chosen in the list; with ``preview`` what it would do."""
    register = find_register(slug, request.user, rights.CHANGE)
    rows = _chosen(request, register)
    if not rows:
        messages.error(request, gettext("请先在列表中勾选要修改的行。"))
        return redirect(f"{register.url()}?{request.POST.get('query', '').removeprefix('?') or 'view=0'}")
    cells = {name: request.POST.get(f"to.{name}", "") for name in request.POST.getlist("column")}
    errors: dict[str, list[str]] = {}
    if "preview" in request.POST:
        try:
            plan = plan_edit(register=register, user=request.user, rows=rows, cells=cells)
            return _preview(request, register, plan, cells)
        except ValidationError as error:
            errors = _by_column(error)
    return _form(request, register, rows, cells, errors)


def _chosen(request: HttpRequest, register: Register) -> list[int]:
    """Ids of the ticked rows, or of all that the list's address asks for, one more than may be edited at most."""
    if request.POST.get("all"):
        listing = Listing(register, request.user, dict(parse_qsl(request.POST.get("query", "").removeprefix("?"))))
        found = listing.rows.values_list("pk", flat=True)[: LIMIT + 1]
        return [] if listing.errors else list(found)
    return [int(pk) for pk in request.POST.getlist("row") if pk.isascii() and pk.isdecimal()]


def _form(
    request: HttpRequest, register: Register, rows: list[int], cells: dict[str, str], errors: dict[str, list[str]]
) -> HttpResponse:
    fields = [
        (column, widget_of(column), column.name in cells, cells.get(column.name, ""), errors.get(column.name, []))
        for column in editable_columns(register, request.user)
    ]
    context = {
        "register": register,
        "rows": [] if request.POST.get("all") else rows,
        "all": request.POST.get("all", ""),
        "query": request.POST.get("query", ""),
        "count": len(rows),
        "too_many": len(rows) > LIMIT,
        "limit": LIMIT,
        "fields": fields,
        "errors": errors.get("", []),
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "register/bulk_edit.html", context, status=422 if errors else 200)


def _preview(request: HttpRequest, register: Register, plan: EditPlan, cells: dict[str, str]) -> HttpResponse:
    token = signing.dumps({"slug": register.slug, "rows": plan.versions, "cells": cells}, salt=SALT, compress=True)
    return render(
        request,
        "register/bulk_preview.html",
        {
            "register": register,
            "plan": plan,
            "edits": plan.told(rights.visible(request.user, register.bound), SHOWN),
            "shown": SHOWN,
            "token": token,
            "query": request.POST.get("query", ""),
            "reason": request.POST.get("reason", ""),
        },
    )


@require_POST
def bulk_commit(request: HttpRequest, slug: str) -> HttpResponse:
    register = find_register(slug, request.user, rights.CHANGE)
    try:
        said = signing.loads(request.POST.get("token", ""), salt=SALT)
    except signing.BadSignature as forged:
        raise Http404("没有这份预览") from forged
    if said["slug"] != register.slug:
        raise Http404("没有这份预览")
    versions = {int(pk): version for pk, version in said["rows"].items()}
    reason, query = request.POST.get("reason", ""), request.POST.get("query", "")
    try:
        plan = edit_rows(register=register, user=request.user, versions=versions, cells=said["cells"], reason=reason)
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
        try:
            plan = plan_edit(register=register, user=request.user, rows=versions, cells=said["cells"])
        except ValidationError:  # not even to be looked at any more
            return redirect(f"{register.url()}?{query.removeprefix('?') or 'view=0'}")
        return _preview(request, register, plan, said["cells"])
    return render(request, "register/bulk_done.html", {"register": register, "plan": plan, "query": query})


@require_POST
def bulk_undo(request: HttpRequest, slug: str) -> HttpResponse:
    """Take one's own bulk edit back as a whole."""
    register = find_register(slug, request.user, rights.CHANGE)
    act = request.POST.get("act", "")
    changes = Change.objects.filter(
        act=int(act) if act.isdecimal() else 0, source="bulk", model=register.label, user=request.user.get_username()
    )
    if not changes.exists():
        raise Http404("没有这次批量修改")
    undone = revert(changes, user=request.user, reason=gettext("撤销批量修改"))
    messages.success(request, gettext("已撤销 %(n)s 行的修改。") % {"n": undone.done})
    for one in undone.kept[:20]:
        messages.error(request, gettext("第%(row)s号未撤销：%(why)s") % {"row": one.change.row, "why": one.why})
    return redirect(f"{register.url()}?{request.POST.get('query', '').removeprefix('?') or 'view=0'}")


def _by_column(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
