"""The scenario page: choose projects, see what would change, keep it, compare, take it away."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, override
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lianpu.chains.queries import chains_in_order, diagnosed_places
from lianpu.desk import queries
from lianpu.desk.scenario.book import workbook
from lianpu.desk.scenario.outcome import Outcome, compared, outcome_of
from lianpu.places.queries import own_place
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.exporting import FORMS
from lianpu.register.views.common import download
from lianpu.scenarios.models import Scenario
from lianpu.scenarios.queries import candidate_leads, candidate_projects, codes_of, kept_scenarios, picked
from lianpu.scenarios.services import keep_scenario

LISTED = 200  # candidates on the page; more are found by chain and words
COMPARED = 4


def _reading(request: HttpRequest) -> None:
    rights.demand(request.user, registry["scenarios"], rights.VIEW)
    rights.demand(request.user, registry["segment-states"], rights.VIEW)


@require_http_methods(["GET", "POST"])
def scenario_page(request: HttpRequest) -> HttpResponse:
    """What would change if the chosen projects succeeded. Nothing is written; POST is for choices too long for an address."""
    _reading(request)
    user = request.user
    asked = request.POST if request.method == "POST" else request.GET
    kept = _kept(request, asked.get("saved", ""))
    place = queries.place_for(user, asked.get("place", ""))
    run = queries.run_for(user, place)
    chosen = None
    if run is not None:
        # Rows picked on the ledger's list come by their ids.
        rows = [int(text) for text in asked.getlist("row") if text.isascii() and text.isdecimal()]
        listed = codes_of(user, rows) if rows else []
        projects, leads = (kept.projects, kept.leads) if kept else (asked.getlist("p") + listed, asked.getlist("l"))
        chosen = picked(user, run.place, projects, leads)
    context: dict[str, Any] = {
        "place": place,
        "places": diagnosed_places(),
        "run": run,
        "chosen": chosen,
        "kept": kept,
        "saved": list(kept_scenarios(user)[:20]),
        "may_keep": rights.may(user, registry["scenarios"], rights.ADD),
        **_candidates(request, asked, run),
    }
    if run is not None and chosen is not None and len(chosen):
        context |= {"outcome": outcome_of(user, run, chosen), "query": _query(run, chosen)}
    context |= {"why": asked.get("why", ""), "origin": asked.get("origin", "")}
    return render(request, "desk/scenario.html", context)


def _candidates(request: HttpRequest, asked: QueryDict, run: Any) -> dict[str, Any]:
    """Projects and leads to choose from, by chain and words."""
    if run is None:
        return {}
    projects, leads = candidate_projects(request.user, run.place), candidate_leads(request.user, run.place)
    chain, words = asked.get("chain", ""), asked.get("q", "").strip()
    if chain:
        projects, leads = projects.filter(chain__code=chain), leads.filter(chain__code=chain)
    if words:
        projects, leads = projects.filter(name__icontains=words), leads.filter(name__icontains=words)
    able = projects.count()
    return {
        "projects": list(projects[:LISTED]),
        "able": able,
        "more": max(able - LISTED, 0),
        "leads": list(leads[:LISTED]),
        "chains": chains_in_order(),
        "chain": chain,
        "words": words,
    }


def _kept(request: HttpRequest, text: str) -> Scenario | None:
    if not text:
        return None
    found = kept_scenarios(request.user).filter(pk=text).first() if text.isdecimal() else None
    if found is None:
        raise Http404("没有这个情景，或它不在您的范围内。")
    return found


def _query(run: Any, chosen: Any) -> str:
    return urlencode(
        {"place": run.place.code, "p": [one.code for one in chosen.projects], "l": [one.code for one in chosen.leads]},
        doseq=True,
    )


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the choice under a name, with why."""
    _reading(request)
    user, asked = request.user, request.POST
    run = queries.run_for(user, queries.place_for(user, asked.get("place", "")))
    if run is None:
        raise Http404("还没有诊断，不能推演。")
    chosen = picked(user, run.place, asked.getlist("p"), asked.getlist("l"))
    back = f"{reverse('desk:scenario')}?{_query(run, chosen)}"
    try:
        if not len(chosen):
            raise ValidationError("请先选定项目，再保存情景。")
        row = keep_scenario(
            user=user,
            name=asked.get("name", ""),
            place=own_place(user) or run.place,  # whose the scenario is
            projects=chosen.projects,
            leads=chosen.leads,
            why=asked.get("why", ""),
            origin=asked["origin"] if asked.get("origin") in Scenario.Origin.values else Scenario.Origin.PICKED,
            shown=outcome_of(user, run, chosen).summary,
        )
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
        return redirect(back)
    messages.success(request, gettext("情景已保存。"))
    return redirect(f"{reverse('desk:scenario')}?saved={row.pk}")


@require_GET
def scenario_file(request: HttpRequest) -> HttpResponse:
    """The scenario as a workbook."""
    _reading(request)
    user = request.user
    rights.demand(user, registry["projects"], rights.EXPORT)
    run = queries.run_for(user, queries.place_for(user, request.GET.get("place", "")))
    kept = _kept(request, request.GET.get("saved", ""))
    if run is None:
        raise Http404("还没有诊断，不能推演。")
    projects, leads = (kept.projects, kept.leads) if kept else (request.GET.getlist("p"), request.GET.getlist("l"))
    chosen = picked(user, run.place, projects, leads)
    if chosen.leads:
        rights.demand(user, registry["leads"], rights.EXPORT)
    with override(None):  # files keep the declared words
        outcome = outcome_of(user, run, chosen)
        body = workbook(outcome, kept.name if kept else "", kept.why if kept else "")
    return download(body, f"{run.place.name}情景推演{kept.name if kept else ''}.xlsx", FORMS["xlsx"])


@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Some kept scenarios beside each other, each by the diagnosis in force."""
    _reading(request)
    user = request.user
    asked = [text for text in request.GET.getlist("s") if text.isdecimal()][:COMPARED]
    held = {one.pk: one for one in kept_scenarios(user).filter(pk__in=asked)}
    kept = [held[pk] for pk in map(int, asked) if pk in held]
    place = queries.place_for(user, request.GET.get("place", ""))
    run = queries.run_for(user, place)
    outcomes: list[Outcome] = []
    if run is not None:
        outcomes = [outcome_of(user, run, picked(user, run.place, one.projects, one.leads)) for one in kept]
    where = {"place": place.code} if place else {}
    pages = [f"{reverse('desk:scenario')}?{urlencode({'saved': str(one.pk)} | where)}" for one in kept]
    lines = compared(outcomes) if outcomes else []
    context = {
        "kept": list(zip(kept, pages, strict=True)),
        "run": run,
        "place": place,
        "outcomes": outcomes,
        "lines": [(line, list(zip(line.values, pages, strict=True))) for line in lines],
    }
    return render(request, "desk/scenario_compare.html", context)
