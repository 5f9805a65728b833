"""One row: its page and its form."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template import TemplateDoesNotExist
from django.template.loader import select_template
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from lianpu.register import rights
from lianpu.register.declare import Register, registry
from lianpu.register.history import changes_of
from lianpu.register.kinds import Json, Reference
from lianpu.register.listing import cells, target_of
from lianpu.register.services import ConflictError, save_row, told_of_likes, version_of
from lianpu.register.views.common import find_register, find_row, readable, widget_of
from lianpu.register.views.notes import pinned_to


@require_GET
def detail_page(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    register = find_register(slug, request.user)
    try:
        row = find_row(register, request.user, pk)
    except Http404:
        if (now := register.moved_to(pk)) is None:
            raise
        moved = redirect(register.url("detail", now), permanent=True)
        moved.headers["Cache-Control"] = "no-store"  # it may come back
        return moved
    related = []
    pointing = registry.related(register)
    several = Counter(other.slug for other, _ in pointing)
    for other, column in pointing:
        if rights.may(request.user, other, rights.VIEW):
            count = rights.restrict(other.base().filter(**{column: pk}), other, request.user).count()
            label = (
                next(one.shown_label for one in other.bound if one.name == column) if several[other.slug] > 1 else ""
            )
            related.append((other, column, label, count))
    context = {
        "register": register,
        "row": row,
        "title": register.describe(row),
        "badge": register.badge(row),
        "cells": cells(readable(rights.visible(request.user, register.bound)), row),
        "related": related,
        "changes": changes_of(register, pk, rights.visible(request.user, register.bound)) if register.history else [],
        "pinned": pinned_to(request.user, register, row),
        "panels": [(panel.template, panel.context(request, row)) for panel in register.panels],
        "may_change": register.imports and rights.may(request.user, register, rights.CHANGE, row),
        "may_delete": register.imports and rights.may(request.user, register, rights.DELETE, row),
    }
    return HttpResponse(_own_template(register, "detail").render(context, request))


@require_GET
def unfolded(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The panels of a row as a row below it, for a list that opens in place."""
    register = find_register(slug, request.user)
    if not register.unfolds:
        raise Http404("此列表的行不能就地展开，请打开该行的页面。")
    row = find_row(register, request.user, pk)
    panels = [(panel.template, panel.context(request, row)) for panel in register.panels]
    context = {"register": register, "row": row, "title": register.describe(row), "panels": panels}
    return render(request, "register/unfolded.html", context)


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
    register = find_register(slug, request.user, action)
    row = find_row(register, request.user, pk) if pk is not None else None
    rights.demand(request.user, register, action, row)
    columns = [
        c for c in rights.visible(request.user, register.bound) if c.column.editable and not isinstance(c.kind, Json)
    ]
    errors: dict[str, list[str]] = {}
    typed: dict[str, str] = {}
    conflict: ConflictError | None = None
    version = version_of(register, pk) if pk is not None else 0
    if request.method == "POST":
        typed = {c.name: request.POST.get(c.name, "") for c in columns}
        seen = request.POST.get("version", "")
        try:
            likes = told_of_likes(register=register, user=request.user, values=typed) if pk is None else ""
            saved = save_row(
                register=register,
                user=request.user,
                values=typed,
                row=row,
                reason=request.POST.get("reason", ""),
                expected_version=int(seen) if seen.isdecimal() else None,
            )
        except ConflictError as error:
            conflict, version = error, error.version
        except ValidationError as error:
            errors = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        else:
            messages.success(request, gettext("已保存：%(row)s") % {"row": register.describe(saved)})
            if likes:
                messages.warning(request, likes)
            return redirect(register.url("detail", saved.pk))
    fields = []
    now = (
        {cell.column.name: cell.text for cell in cells([c for c in columns if not c.column.source_only], row)}
        if row is not None
        else {}
    )
    for column in columns:
        text = typed.get(column.name, now.get(column.name, ""))
        widget = "lookup" if isinstance(column.kind, Reference) and target_of(register, column) else widget_of(column)
        fields.append((column, widget, text, errors.get(column.name, [])))
    context = {
        "register": register,
        "row": row,
        "fields": fields,
        "errors": errors,
        "conflict": conflict,
        "version": version,
        "reason": request.POST.get("reason", ""),
    }
    status = 409 if conflict else 422 if errors else 200
    return render(request, "register/form.html", context, status=status)
