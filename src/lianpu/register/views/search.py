"""The search page, and the list under the search box of every page."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lianpu.register.declare import registry
from lianpu.register.search import search

GLANCE, SOME, MANY = 4, 10, 200  # hits of each register: under the box, on the page, on the page of one register
TYPED_LIMIT = 200
PARTS = {"found": "register/search_found.html", "results": "register/search_results.html"}


@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    asked, part = request.GET.get("in", ""), request.headers.get("HX-Target", "")
    only = registry.by_slug.get(asked)
    if asked and only is None:
        raise Http404(f"没有名为“{asked}”的登记簿")
    limit = GLANCE if part == "found" else MANY if only else SOME
    found = search(
        request.user,
        request.GET.get("q", "")[:TYPED_LIMIT],
        registers=None if only is None else [only],
        limit=limit,
    )
    return render(request, PARTS.get(part, "register/search.html"), {"found": found, "only": only, "limit": limit})
