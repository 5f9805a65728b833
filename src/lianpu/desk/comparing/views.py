"""Pages that compare: a place with cities of the reference and with itself at an earlier date; health on a chain's desk."""

import datetime as dt
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_GET

from lianpu.chains.queries import chains_in_order, diagnosed_places
from lianpu.desk import comparing, queries
from lianpu.register import exporting, rights
from lianpu.register.declare import registry
from lianpu.register.views.common import download

FORMS = ("xlsx", "csv")
YEARS = (1, 3, 5)
TITLES = {"figures": "产业链健康度对比", "segments": "环节状态对比"}


def _asked(request: HttpRequest) -> tuple[Any, Any, list[Any], dict[str, Any], list[str]]:
    """Diagnosis, chain, chains to choose from, what is to be compared, and what could not be read."""
    user, sent, problems = request.user, request.GET, []
    rights.demand(user, registry["placements"], rights.VIEW)
    run = queries.run_for(user, queries.place_for(user, sent.get("place", "")))
    segments = registry["segments"]
    seen = rights.restrict(segments.model._default_manager.filter(is_leaf=True), segments, user).order_by()
    chains = list(rights.restrict(chains_in_order().filter(pk__in=seen.values("chain")), registry["chains"], user))
    chain = next((one for one in chains if one.code == sent.get("chain")), None)
    if chain is None and len(chains) == 1:
        chain = chains[0]
    peers = [*sent.getlist("peer"), *([sent["add"]] if sent.get("add", "").strip() else [])]
    before = None
    if text := sent.get("before", "").strip():
        try:
            before = dt.date.fromisoformat(text)
        except ValueError:
            problems.append(_("“%(text)s”不是日期，请按 2026-11-01 填写。") % {"text": text})
    asked = peers if "peer" in sent or peers else None
    return run, chain, chains, {"chain": chain, "asked": asked, "before": before}, problems


@require_GET
def compare_page(request: HttpRequest) -> HttpResponse:
    """Choose a place, a chain, cities and an earlier date; see the figures of health and the states side by side."""
    run, chain, chains, asked, problems = _asked(request)
    place = run.place if run else queries.place_for(request.user, request.GET.get("place", ""))
    context: dict[str, Any] = {
        "place": place,
        "places": diagnosed_places(),
        "run": run,
        "chains": chains,
        "chain": chain,
        "problems": problems,
        "forms": FORMS,
    }
    if run is not None:
        found = comparing.compare(request.user, run, **asked)
        held = [side.key for side in found.peers]
        problems += found.problems
        context |= {
            "found": found,
            "chips": [(side, _query(found, [key for key in held if key != side.key] or [""])) for side in found.peers],
            "offers": [
                (city, cosine, _query(found, [*held, city.key]))
                for city, cosine in found.suggested
                if city.key not in held
            ],
            "alike": _query(found, None),
            "query": _query(found, held or [""]),
            "each": [(one, _query(found, held or [""], chain=one.code)) for one in chains],
            "years": [(years, _query(found, held or [""], before=day)) for years, day in _years_back(found.anchor)],
            "now": _query(found, held or [""], before=None),
        }
    return render(request, "desk/compare.html", context)


_SAME: Any = object()


def _query(found: comparing.Comparison, peers: list[str] | None, *, chain: str = "", before: Any = _SAME) -> str:
    """The page's address with other cities, another chain or another day; without cities named, those most alike."""
    day = found.before if before is _SAME else before
    code = chain or (found.chain.code if found.chain else "")
    said = [("place", found.run.place.code), *([("chain", code)] if code else [])]
    said += [("before", day.isoformat())] if day else []
    return urlencode([*said, *(("peer", key) for key in peers or [])])


def _years_back(anchor: dt.date | None) -> list[tuple[int, dt.date]]:
    """Days some years before today, or before the last founding on record where the data end earlier."""
    today = timezone.localdate()
    last = min(anchor, today) if anchor else today
    if today - last < dt.timedelta(days=366):
        last = today
    return [(years, last.replace(year=last.year - years, day=min(last.day, 28))) for years in YEARS]


@require_GET
def compare_file(request: HttpRequest, table: str, form: str) -> HttpResponse:
    """The figures or the segments of a comparison as a table, just as the page shows them."""
    rights.demand(request.user, registry["placements"], rights.EXPORT)
    with override(None):  # files keep the declared words
        run, chain, _chains, asked, _problems = _asked(request)
        if run is None or form not in FORMS or table not in TITLES or (table == "segments" and chain is None):
            raise Http404("没有这张表，或还没有诊断，不能导出。")
        found = comparing.compare(request.user, run, **asked)
        heads, rows = (comparing.figure_table if table == "figures" else comparing.segment_table)(found)
    out = BytesIO()
    exporting.write_table(out, TITLES[table], heads, rows, form)
    name = f"{run.place.name}{chain.name if chain else ''}{TITLES[table]}.{form}"
    return download(out.getvalue(), name, exporting.FORMS[form])


@require_GET
def health_panel(request: HttpRequest, code: str) -> HttpResponse:
    """The five figures of a chain beside the median of the cities most alike, for its desk: asked for after the map is
    there, because it is computed."""
    user, register = request.user, registry["chains"]
    rights.demand(user, register, rights.VIEW)
    chain = get_object_or_404(rights.restrict(register.base(), register, user), code=code)
    run = queries.run_for(user, queries.place_for(user, request.GET.get("place", "")))
    seen = run is not None and rights.may(user, registry["placements"], rights.VIEW)
    found = comparing.compare(user, run, chain=chain) if run is not None and seen else None
    context = {"found": found, "query": _query(found, None) if found else ""}
    return render(request, "desk/health.html", context)
