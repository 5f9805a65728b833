"""The page 指标对照: what was published beside what the registers compute."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from lianpu.monitoring.queries import compare, years
from lianpu.register import rights
from lianpu.register.declare import registry


@require_GET
def figures_page(request: HttpRequest) -> HttpResponse:
    """Published and computed figures of a year, their difference, and the way to their rows."""
    rights.demand(request.user, registry["published-figures"], rights.VIEW)
    known = years(request.user)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and len(asked) == 4 else (known or [timezone.localdate().year])[0]
    rows = compare(request.user, year)
    context = {
        "year": year,
        "years": sorted({*known, year}, reverse=True),
        "computed": [one for one in rows if one.computed is not None],
        "absent": [one for one in rows if one.computed is None],
        "equal": sum(one.difference == 0 for one in rows),
    }
    return render(request, "monitoring/figures.html", context)
