"""Desk pages: the cockpit, a chain's desk, a segment, the chain's book."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from lianpu.chains.queries import chains_in_order, diagnosed_places, leaf_of
from lianpu.desk import queries
from lianpu.register import rights
from lianpu.register.declare import registry


@require_GET
def cockpit(request: HttpRequest) -> HttpResponse:
    place = queries.place_for(request.user, request.GET.get("place", ""))
    run = queries.run_for(place)
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
    }
    return render(request, "desk/cockpit.html", context)


def _chain(request: HttpRequest, code: str) -> Any:
    register = registry["chains"]
    rights.demand(request.user, register, rights.VIEW)
    return get_object_or_404(rights.restrict(register.base(), register, request.user), code=code)


@require_GET
def chain_desk(request: HttpRequest, code: str) -> HttpResponse:
    chain = _chain(request, code)
    place = queries.place_for(request.user, request.GET.get("place", ""))
    run = queries.run_for(place)
    board = queries.board(request.user, chain, run)
    asked = request.GET.get("segment", "")
    opened = leaf_of(chain, asked)
    context = {
        "chain": chain,
        "chains": chains_in_order(),
        "place": place,
        "places": diagnosed_places(),
        "run": run,
        "board": board,
        "flows": board.flows,
        "sheet": queries.segment_sheet(request.user, opened, run, place) if opened else None,
        "figures": run.figures.get(chain.code, {}) if run else {},
    }
    return render(request, "desk/chain.html", context)


@require_GET
def segment_sheet(request: HttpRequest, code: str, segment: str) -> HttpResponse:
    """The sheet of one segment, for the side of the chain desk."""
    chain = _chain(request, code)
    found = leaf_of(chain, segment)
    if found is None:
        raise Http404(f"{chain}产业链上没有环节“{segment}”")
    place = queries.place_for(request.user, request.GET.get("place", ""))
    run = queries.run_for(place)
    context = {
        "sheet": queries.segment_sheet(request.user, found, run, place),
        "place": place,
        "run": run,
        "chain": chain,
    }
    return render(request, "desk/segment_sheet.html", context)


@require_GET
def dossier(request: HttpRequest, code: str, form: str) -> HttpResponse:
    from lianpu.desk.dossier import FORMS, write_dossier

    chain = _chain(request, code)
    place = queries.place_for(request.user, request.GET.get("place", ""))
    if place is None or form not in FORMS:
        raise Http404("还没有诊断，不能生成档案。请先运行诊断。")
    try:
        body = write_dossier(user=request.user, chain=chain, place=place, form=form)
    except ValidationError as refused:
        raise Http404("；".join(refused.messages)) from refused
    name = content_disposition_header(as_attachment=True, filename=f"{place.name}{chain.name}产业链档案.{form}") or ""
    return HttpResponse(body, content_type=FORMS[form], headers={"Content-Disposition": name})
