"""The Gantt chart and the map of the ledger."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lianpu.projects.queries import bars_of, places_with_projects
from lianpu.projects.views.board import way_words
from lianpu.projects.views.common import board_of
from lianpu.register import rights
from lianpu.register.declare import registry

PAGE = 60


@require_GET
def gantt_page(request: HttpRequest) -> HttpResponse:
    """Planned and real times of the projects of the year's list, month by month."""
    board = board_of(request)
    number = max(int(text), 1) if (text := request.GET.get("page", "")).isdecimal() and len(text) < 6 else 1
    ids = board.frame.sort("project")["project"].to_list()
    pages = max(-(-len(ids) // PAGE), 1)
    number = min(number, pages)
    first, last, bars = bars_of(ids[(number - 1) * PAGE : number * PAGE], int(board.month[:4]))
    years = [dt.date(year, 1, 1) for year in range(first.year, last.year + 1)]
    context: dict[str, Any] = {
        "board": board,
        "bars": bars,
        "years": years,
        "count": len(ids),
        "page": number,
        "pages": pages,
        "query": "&" + urlencode({k: v for k, v in request.GET.items() if k != "page"}),
    }
    return render(request, "projects/gantt.html", context)


@require_GET
def map_page(request: HttpRequest) -> HttpResponse:
    """Projects by district on the map, with the list of the districts beside it."""
    board = board_of(request)
    city, districts, zones = places_with_projects(board)
    context = {
        "board": board,
        "city": city,
        "districts": districts,
        "zones": zones,
        "way_words": way_words(),
        "may_list": rights.may(request.user, registry["projects"], rights.VIEW),
    }
    return render(request, "projects/map.html", context)
