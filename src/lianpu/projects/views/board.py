"""The dispatch board and the rows behind its figures."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from lianpu.chains.queries import chains_in_order
from lianpu.projects.board import FIGURES, WAYS, names_of, project_names
from lianpu.projects.dispatching import open_rounds
from lianpu.projects.frames import CNY
from lianpu.projects.lights import light_word, percent, points, rule_sets
from lianpu.projects.models import ListClass, Tier
from lianpu.projects.views.common import board_of, params_without
from lianpu.register import rights
from lianpu.register.declare import registry

SHOWN = 500


def way_words() -> dict[str, str]:
    """What the board can be read by, in the reader's language."""
    return {
        "leader": gettext("包抓领导"),
        "place": gettext("县区"),
        "zone": gettext("功能区"),
        "chain": gettext("产业链"),
        "tier": gettext("层级"),
        "list_class": gettext("列入类别"),
    }


@require_GET
def board_page(request: HttpRequest) -> HttpResponse:
    """The month's figures by leader, district, zone, chain, tier or class."""
    board = board_of(request)
    way = request.GET.get("by", "")
    way = way if way in WAYS else "place"
    context = {
        "board": board,
        "lines": board.lines(way),
        "way": way,
        "way_word": way_words()[way],
        "ways": way_words(),
        "query": params_without(request, "by"),
        "rule_sets": rule_sets(),
        "tiers": Tier.choices,
        "classes": ListClass.choices,
        "chains": chains_in_order(),
        "rounds": open_rounds(request.user),
        "may_open": rights.may(request.user, registry["dispatch-rounds"], rights.ADD)
        and not rights.reach_of(request.user, registry["projects"], rights.CHANGE),
    }
    return render(request, "projects/board.html", context)


@require_GET
def rows_page(request: HttpRequest) -> HttpResponse:
    """The projects that one figure of the board counts, with the same sums."""
    board = board_of(request)
    way, key, figure = (request.GET.get(name, "") for name in ("by", "key", "figure"))
    if (way and way not in WAYS) or figure not in FIGURES:
        raise Http404("看板上没有这个数")
    rows = board.rows_behind(way, key, figure)
    names = project_names(rows["project"].head(SHOWN).to_list())
    shown = [
        {
            "pk": row["project"],
            "code": names[row["project"]][0],
            "name": names[row["project"]][1],
            "is_sample": names[row["project"]][2],
            "plan": (row["plan_cny"] or 0) / CNY,
            "done": (row["done_ytd_cny"] or 0) / CNY,
            "reported": row["reported"] or "",
            "completion": None if row["completion"] is None else percent(row["completion"]),
            "lead": None if row["lead"] is None else points(row["lead"]),
            "light": row["light"],
            "word": light_word(row["light"]),
        }
        for row in rows.head(SHOWN).iter_rows(named=True)
        if row["project"] in names
    ]
    figure_words = {
        "projects": gettext("项目"),
        "new_starts": gettext("新开工项目"),
        "started": gettext("已开工的新开工项目"),
        "unreported": gettext("本月未报的项目"),
        **{light: light_word(light) for light in ("red", "yellow", "green")},
    }
    context = {
        "board": board,
        "rows": shown,
        "count": rows.height,
        "shown": SHOWN,
        "plan": (rows["plan_cny"].sum() or 0) / CNY,
        "done": (rows["done_ytd_cny"].sum() or 0) / CNY,
        "title": " · ".join(
            filter(None, [names_of(way, [key]).get(key, gettext("（未填）")) if way else "", figure_words[figure]])
        ),
        "back": params_without(request, "key", "figure"),
    }
    return render(request, "projects/rows.html", context)
