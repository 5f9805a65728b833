"""The merge desk: which enterprises are one, what becomes of them, and taking it back."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from lianpu.enterprises import merging
from lianpu.enterprises.matching import propose_enterprises
from lianpu.enterprises.models import Enterprise, EnterpriseMerge
from lianpu.enterprises.queries import same_names
from lianpu.register import rights
from lianpu.register.changelog import ChangeLog, describe
from lianpu.register.declare import registry
from lianpu.register.undo import told

GROUPS, SINCE = 30, 50


@require_http_methods(["GET", "POST"])
def merge_page(request: HttpRequest) -> HttpResponse:
    """Pick enterprises (``row=`` ids), choose which stays and whose values, see what moves, merge."""
    rights.demand(request.user, merging.register_of(), rights.CHANGE)
    if request.method == "POST" and "keep" not in request.POST:  # from a list, where rows were picked
        return redirect(f"{request.path}?{urlencode({'row': request.POST.getlist('row')}, doseq=True)}")
    given = request.POST if request.method == "POST" else request.GET
    ids = [int(one) for one in given.getlist("row") if one.isdecimal()][: merging.MOST]
    firms = merging.together(request.user, ids)
    asked = given.get("keep", "")
    keep = next((firm for firm in firms if str(firm.pk) == asked), firms[0] if firms else None)
    others = [firm for firm in firms if firm is not keep]
    context: dict[str, Any] = {"firms": firms, "keep": keep, "reason": given.get("reason", "")}
    errors: list[str] = []
    if keep and others:
        chosen = merging.proposed(request.user, keep, others)
        if request.method == "POST":
            typed = {name: request.POST.get(f"from.{name}", "") for name in chosen}
            chosen |= {name: int(text) for name, text in typed.items() if text.isdecimal()}
            try:
                merging.merge(user=request.user, keep=keep, others=others, reason=context["reason"], choose=chosen)
            except ValidationError as error:
                errors = error.messages
            else:
                messages.success(
                    request, gettext("已合并为“%s”。旧代码、旧名称与旧网址仍然有效，需要时可以拆分。") % keep
                )
                return redirect(merging.register_of().url("detail", keep.pk))
        try:
            context["merger"] = merging.examine(user=request.user, keep=keep, others=others)
        except ValidationError as error:
            errors = errors or error.messages
        context["lines"] = _side_by_side(request.user, [keep, *others], chosen)
    elif keep:
        context["alike"] = _alike(request.user, keep)
    context["errors"] = errors
    return render(request, "enterprises/merge.html", context, status=422 if errors else 200)


def _side_by_side(user: Any, firms: list[Enterprise], chosen: dict[str, int]) -> list[dict[str, Any]]:
    """A line a column in which the firms differ: each one's words, and whose is taken."""
    found = []
    for column in merging.choosable(user):
        texts = [_words(firm, column) for firm in firms]
        if len(set(texts)) > 1:
            cells = [(firm, text, chosen[column.name] == firm.pk) for firm, text in zip(firms, texts, strict=True)]
            found.append({"column": column, "cells": cells})
    return found


def _words(firm: Enterprise, column: Any) -> str:
    value: Any = firm
    for part in column.path.split("__"):
        value = getattr(value, part, None)
    return str(column.shown(column.kind.show(value)))


def _alike(user: Any, firm: Enterprise) -> list[tuple[Enterprise, str]]:
    """Firms that may be the same as ``firm``, with what differs; the likest first."""
    proposals = [one for one in propose_enterprises([firm.name]).get(firm.name, ()) if one.id != firm.pk]
    rows = rights.restrict(merging.register_of().base(), merging.register_of(), user)
    twins = rows.filter(name_key=firm.name_key).exclude(pk=firm.pk)
    found = {twin.pk: (twin, gettext("名称相同")) for twin in twins[:GROUPS]}
    near = rows.in_bulk([one.id for one in proposals])
    return list(
        (
            found | {one.id: (near[one.id], one.why) for one in proposals if one.id in near and one.id not in found}
        ).values()
    )


@require_GET
def look_alikes_page(request: HttpRequest) -> HttpResponse:
    """Enterprises that bear the same name under different codes, by name."""
    register = merging.register_of()
    rights.demand(request.user, register, rights.CHANGE)
    page = Paginator(same_names(request.user), GROUPS).get_page(request.GET.get("page"))
    rows = rights.restrict(register.base(), register, request.user).filter(name_key__in=list(page)).order_by("pk")
    groups: dict[str, list[Enterprise]] = {key: [] for key in page}
    for firm in rows:
        groups[firm.name_key].append(firm)
    context = {"page": page, "groups": [(key, firms[: merging.MOST]) for key, firms in groups.items()]}
    return render(request, "enterprises/look_alikes.html", context)


@require_http_methods(["GET", "POST"])
def split_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a merger back; what has been done since with what it touched stays, and is shown before."""
    register = registry.of(EnterpriseMerge)
    rights.demand(request.user, register, rights.VIEW)
    merger = get_object_or_404(rights.restrict(register.base(), register, request.user), pk=pk)
    rights.demand(request.user, merging.register_of(), rights.CHANGE, merger.into)
    errors: list[str] = []
    if request.method == "POST":
        try:
            undone = merging.split(user=request.user, merger=merger, reason=request.POST.get("reason", ""))
        except ValidationError as error:
            errors = error.messages
        else:
            tell = messages.error if undone.kept else messages.success
            tell(request, gettext("已拆分。%s") % told(undone))
            return redirect(merging.register_of().url("detail", merger.old_id))
    since, log = merging.changed_since(merger), ChangeLog(request.user, {})
    context = {
        "merger": merger,
        "together": EnterpriseMerge.objects.filter(act=merger.act).order_by("pk"),
        "since": describe([one for one in since[:SINCE] if log.reads(one)], request.user),
        "count": since.count(),
        "log_url": f"{reverse('register:changes')}?act={merger.act}",
        "errors": errors,
    }
    return render(request, "enterprises/split.html", context, status=422 if errors else 200)
