"""Desk pages: the cockpit, a chain's desk, a segment, pairing, the chain's book."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, override
from django.views.decorators.http import require_GET, require_POST

from lianpu.chains.queries import chains_in_order, diagnosed_places, firms_told, leaf_of, placement_lists
from lianpu.desk import pairing, queries
from lianpu.projects.queries import answered_findings
from lianpu.promotion import services
from lianpu.promotion.queries import pursued_findings
from lianpu.register import exporting, jobs, rights
from lianpu.register.declare import registry
from lianpu.register.views.common import download

LISTED = 15  # findings under the map


@require_GET
def cockpit(request: HttpRequest) -> HttpResponse:
    """The city's chains at a glance; for whoever sees no diagnoses, the way to what he does see."""
    if not rights.may(request.user, registry["diagnosis-runs"], rights.VIEW):
        return render(request, "desk/welcome.html")
    place = queries.place_for(request.user, request.GET.get("place", ""))
    run = queries.run_for(request.user, place)
    firms, by_chain = firms_told(request.user, run) if run else (0, {})
    cards = queries.chain_cards(request.user, run, by_chain) if run else []
    context = {
        "place": place,
        "run": run,
        "places": diagnosed_places(),
        "cards": cards,
        "firms": firms,
        "whole": rights.sees_all(request.user, registry["enterprises"]),
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
        "whole": rights.sees_all(request.user, registry["enterprises"]),
        "flows": board.flows,
        "answered": answered_findings(board.findings[:LISTED]) | pursued_findings(board.findings[:LISTED]),
        "may_promote": rights.may(request.user, registry["leads"], rights.ADD),
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
        "whole": rights.sees_all(request.user, registry["enterprises"]),
        "may_promote": rights.may(request.user, registry["leads"], rights.ADD),
        "place": place,
        "run": run,
        "chain": chain,
    }
    return render(request, "desk/segment_sheet.html", context)


@require_GET
def falls_panel(request: HttpRequest, code: str, segment: str) -> HttpResponse:
    """What falls with a segment, for its sheet: asked for after the sheet is there, because it is computed."""
    found = _leaf(request, _chain(request, code), segment)
    place = queries.place_for(request.user, request.GET.get("place", ""))
    context = {"falls": _falls(request, found, queries.run_for(request.user, place)), "place": place, "short": True}
    return render(request, "desk/falls.html", context)


def _falls(request: HttpRequest, segment: Any, run: Any) -> pairing.Falls | None:
    return pairing.falls_of(request.user, segment, run) if segment is not None and run is not None else None


@require_GET
def pairing_page(request: HttpRequest) -> HttpResponse:
    """Local pairs, targets elsewhere and what falls, of one segment; without one, the segments of a chain to choose from."""
    user = request.user
    rights.demand(user, registry["placements"], rights.VIEW)
    place = queries.place_for(user, request.GET.get("place", ""))
    run = queries.run_for(user, place)
    segment = pairing.segment_for(user, request.GET.get("segment", ""))
    chains = list(rights.restrict(chains_in_order(), registry["chains"], user))
    asked = request.GET.get("chain", "")
    chain = next((one for one in chains if one.code == asked), segment.chain if segment else None)
    if segment is not None and segment.chain != chain:  # another chain was chosen on the page
        segment = None
    chain = chain or (chains[0] if chains else None)
    context: dict[str, Any] = {
        "place": place,
        "places": diagnosed_places(),
        "run": run,
        "chains": chains,
        "chain": chain,
        "segments": pairing.segments_for(user, chain) if chain else [],
        "segment": segment,
        "states": queries.states_of(user, run, chain) if run and chain else {},
        "marks": queries.MARKS,
        "whole": rights.sees_all(user, registry["enterprises"]),
    }
    if run is not None and place is not None:
        context["lists"] = {one.pk: placement_lists(one, place, run)[0] for one in context["segments"]}
    if segment is not None and run is not None and place is not None:
        samples = bool(run.versions.get("sample"))
        context |= {
            "state": context["states"].get(segment.pk),
            "pairs": pairing.pairs_of(user, segment, place, samples=samples, top=SHOWN),
            "targets": pairing.targets_of(user, [segment.code], run).get(segment.code, []),
            "falls": _falls(request, segment, run),
            "forms": TABLE_FORMS,
            "may_promote": rights.may(user, registry["leads"], rights.ADD),
        }
    return render(request, "desk/pairing.html", context)


SHOWN = 50
TABLE_FORMS = ("xlsx", "csv")


@require_GET
def pairs_file(request: HttpRequest, segment: str, form: str) -> HttpResponse:
    """The local pairs of a segment as a table, more of them than the page shows."""

    def made(found: Any, run: Any) -> tuple[list[str], list[list[object]]]:
        samples = bool(run.versions.get("sample"))
        rows = pairing.pairs_of(request.user, found, run.place, samples=samples, top=1000)
        return pairing.pair_table(rows)

    return _table_file(request, segment, form, "本地供需配对", made)


@require_GET
def targets_file(request: HttpRequest, segment: str, form: str) -> HttpResponse:
    """The promotion targets of a segment as a table, more of them than the page shows."""

    def made(found: Any, run: Any) -> tuple[list[str], list[list[object]]]:
        rows = pairing.targets_of(request.user, [found.code], run, top=100, a_province=20)
        return pairing.target_table(rows.get(found.code, []))

    return _table_file(request, segment, form, "招商目标", made)


def _table_file(
    request: HttpRequest,
    code: str,
    form: str,
    title: str,
    made: Callable[[Any, Any], tuple[Sequence[str], Sequence[Sequence[object]]]],
) -> HttpResponse:
    rights.demand(request.user, registry["placements"], rights.EXPORT)
    segment = pairing.segment_for(request.user, code)
    place = queries.place_for(request.user, request.GET.get("place", ""))
    run = queries.run_for(request.user, place)
    if segment is None or run is None or place is None or form not in TABLE_FORMS:
        raise Http404("没有这个环节，或还没有诊断，不能导出。")
    with override(None):  # files keep the declared words
        heads, rows = made(segment, run)
    out = BytesIO()
    exporting.write_table(out, title, heads, rows, form)
    return download(out.getvalue(), f"{place.name}{segment.name}{title}.{form}", exporting.FORMS[form])


@require_POST
def lead_from_target(request: HttpRequest, segment: str) -> HttpResponse:
    """Make a promotion target that the page lists a lead, and go to it."""
    user = request.user
    rights.demand(user, registry["placements"], rights.VIEW)
    found = pairing.segment_for(user, segment)
    run = queries.run_for(user, queries.place_for(user, request.POST.get("place", "")))
    if found is None or run is None:
        raise Http404("没有这个环节，或还没有诊断。")
    with override(None):  # rows keep the declared words
        listed = pairing.targets_of(user, [found.code], run).get(found.code, [])
        target = next((one for one in listed if one.name == request.POST.get("name")), None)
        if target is None:
            raise Http404("名单里已没有这家企业，请重新打开招商目标。")
        words = f"诊断第{run.pk}号招商目标第{target.rank}位：{target.why}"
    lead, new = services.lead_from_target(
        user=user,
        segment=found,
        place=run.place,
        counterpart=target.name,
        counterpart_uscc=target.uscc,
        province=target.province,
        finding=queries.finding_of(user, run, found),
        content=words,
        is_sample=run.reference is not None and run.reference.is_sample,
    )
    messages.success(request, gettext("已列为招商线索。") if new else gettext("这家企业已有招商线索。"))
    return redirect(registry["leads"].url("detail", lead.pk))


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
