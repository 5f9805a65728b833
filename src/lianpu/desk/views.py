"""Desk pages: the cockpit, a chain's desk, a segment, the chain's book."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from lianpu.chains.queries import chains_in_order, diagnosed_places, leaf_of
from lianpu.desk import queries
from lianpu.projects.queries import answered_findings
from lianpu.register import jobs, rights
from lianpu.register.declare import registry

LISTED = 15  # findings under the map


@require_GET
def cockpit(request: HttpRequest) -> HttpResponse:
    """The city's chains at a glance; for whoever sees no diagnoses, the way to what he does see."""
    if not rights.may(request.user, registry["diagnosis-runs"], rights.VIEW):
        return render(request, "desk/welcome.html")
    place = queries.place_for(request.user, request.GET.get("place", ""))
    run = queries.run_for(request.user, place)
    cards = queries.chain_cards(request.user, run) if run else []
    context = {
        "place": place,
        "run": run,
        "places": diagnosed_places(),
        "cards": cards,
        "placements": sum(card.placements for card in cards),
        "districts": queries.firms_by_district(request.user, place) if place else [],
        "zones": queries.zones_of(request.user, place) if place else [],
        "changes": queries.recent_changes(request.user),
        "may_diagnose": rights.may(request.user, registry["diagnosis-runs"], rights.ADD),
    }
    return render(request, "desk/cockpit.html", context)


def _chain(request: HttpRequest, code: str) -> Any:
    register = registry["chains"]
    rights.demand(request.user, register, rights.VIEW)
    return get_object_or_404(rights.restrict(register.base(), register, request.user), code=code)


def _leaf(request: HttpRequest, chain: Any, code: str) -> Any:
    """The leaf segment with this code, where the reader may see it."""
    found = leaf_of(chain, code)
    return found if found is not None and rights.may(request.user, registry["segments"], rights.VIEW, found) else None


@require_GET
def chain_desk(request: HttpRequest, code: str) -> HttpResponse:
    chain = _chain(request, code)
    place = queries.place_for(request.user, request.GET.get("place", ""))
    run = queries.run_for(request.user, place)
    board = queries.board(request.user, chain, run)
    asked = request.GET.get("segment", "")
    opened = _leaf(request, chain, asked)
    context = {
        "chain": chain,
        "chains": chains_in_order(),
        "place": place,
        "places": diagnosed_places(),
        "run": run,
        "board": board,
        "flows": board.flows,
        "answered": answered_findings(board.findings[:LISTED]),
        "sheet": queries.segment_sheet(request.user, opened, run, place) if opened else None,
        "figures": run.figures.get(chain.code, {}) if run and board.told else {},
    }
    return render(request, "desk/chain.html", context)


@require_GET
def segment_sheet(request: HttpRequest, code: str, segment: str) -> HttpResponse:
    """The sheet of one segment, for the side of the chain desk."""
    chain = _chain(request, code)
    found = _leaf(request, chain, segment)
    if found is None:
        raise Http404(f"{chain}产业链上没有环节“{segment}”")
    place = queries.place_for(request.user, request.GET.get("place", ""))
    run = queries.run_for(request.user, place)
    context = {
        "sheet": queries.segment_sheet(request.user, found, run, place),
        "place": place,
        "run": run,
        "chain": chain,
    }
    return render(request, "desk/segment_sheet.html", context)


@require_POST
def dossier(request: HttpRequest, code: str, form: str) -> HttpResponse:
    """Have the chain's book written; it comes at once where it is done at once."""
    from lianpu.desk.dossier import FORMS

    chain = _chain(request, code)
    place = queries.place_for(request.user, request.POST.get("place", ""))
    if place is None or form not in FORMS:
        raise Http404("还没有诊断，不能生成档案。请先运行诊断。")
    title = gettext("%(place)s%(chain)s产业链档案（%(form)s）") % {
        "place": place.name,
        "chain": chain.name,
        "form": form,
    }
    started = jobs.start("dossier", user=request.user, title=title, chain=chain.code, place=place.code, form=form)
    return redirect(jobs.after(jobs.wait(started, seconds=5)))
