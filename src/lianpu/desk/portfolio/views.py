"""The portfolio page: rules in, the chosen set with its reasons out; nothing is written."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lianpu.chains.queries import chains_in_order, diagnosed_places
from lianpu.desk import queries
from lianpu.desk.portfolio.choosing import (
    FACTORS,
    VALUES,
    Asked,
    AskedError,
    asked_of,
    field_of,
    instead_of,
    solve,
    suggested,
)
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.language import spoken

AT_ONCE = 300  # candidates solved within the page; of more, the page comes first and the choice follows


@require_GET
def portfolio_page(request: HttpRequest) -> HttpResponse:
    """The choice by the rules of the address; without any, by budgets of half of what is asked for."""
    user, texts = request.user, request.GET
    rights.demand(user, registry["scenarios"], rights.VIEW)
    rights.demand(user, registry["factor-needs"], rights.VIEW)
    place = queries.place_for(user, texts.get("place", ""))
    run = queries.run_for(user, place)
    context: dict[str, Any] = {
        "place": place,
        "places": diagnosed_places(),
        "run": run,
        "chains": chains_in_order(),
        "values": VALUES.items(),
        "given": texts,
        "value": texts.get("value") or "output",
        "unit": VALUES.get(texts.get("value", ""), VALUES["output"]),
        "chain": texts.get("chain", ""),
    }
    if run is not None:
        context |= _chosen(request, run)
    part = "_result" if request.headers.get("HX-Request") else ""
    return render(request, f"desk/portfolio{part}.html", context)


def _chosen(request: HttpRequest, run: Any) -> dict[str, Any]:
    texts = request.GET
    asked, held = Asked(), None
    first = "value" not in texts
    made: dict[str, Any] = {"first": first}
    try:
        asked = asked_of(texts.dict())
        held = field_of(request.user, run, asked)
        if first:
            asked = replace(asked, budgets=suggested(held))
        again = texts.copy()
        for kind, amount in asked.budgets.items():
            again.setdefault(f"b.{kind}", f"{amount:.0f}")
        again["value"] = asked.value
        again.pop("why", None)
        if len(held.candidates) > AT_ONCE and not request.headers.get("HX-Request"):
            made |= {"waits": True, "asked": texts.urlencode()}
        else:
            told = solve(held, asked)
            made |= {"told": told, "query": again.urlencode(), "instead": instead_of(told, texts.get("why", ""))}
    except AskedError as error:
        made["fault"] = str(error)
    made["field"] = held
    made["factors"] = [
        (
            kind,
            spoken(label),
            f"{asked.budgets[kind]:.0f}" if first and kind in asked.budgets else texts.get(f"b.{kind}", ""),
            held.total(kind) if held is not None else 0,
        )
        for kind, label in FACTORS.items()
    ]
    return made
