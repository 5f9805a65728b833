"""The navigation follows the city's loop: 家底 know · 图谱 diagnose · 行动 act · 监测 verify."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _

from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.site.accounts.queries import ACCOUNTS

# Pages that stand before the registers of an area: URL name, words, icon, and the register and action that they ask for.
PAGES = {
    "图谱": (
        ("review", _("核定台"), "checklist", "placements", rights.CHANGE),
        ("desk:pairing", _("供需配对与招商目标"), "arrows-exchange", "placements", rights.VIEW),
        ("desk:compare", _("城市对比"), "scale-outline", "placements", rights.VIEW),
    ),
    "行动": (
        ("projects:board", _("调度看板"), "dashboard", "project-years", rights.VIEW),
        ("projects:mine", _("填报进度"), "pencil", "submissions", rights.CHANGE),
        ("desk:portfolio", _("项目组合"), "adjustments", "scenarios", rights.VIEW),
        ("desk:scenario", _("情景推演"), "git-branch", "scenarios", rights.VIEW),
        ("promotion:funnel", _("招商漏斗"), "filter", "leads", rights.VIEW),
    ),
    "监测": (("monitoring:figures", _("指标对照"), "scale", "published-figures", rights.VIEW),),
}
AREAS = ("家底", "图谱", "行动", "监测", "平台")


def navigation(request: HttpRequest) -> Mapping[str, Any]:
    """Registers that the reader may see, by area; areas without any are left out."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"areas": []}
    seen = [register for register in registry.all() if rights.may(user, register, rights.VIEW)]
    areas = [
        (
            area,
            [page[:3] for page in PAGES.get(area, ()) if rights.may(user, registry[page[3]], page[4])],
            [register for register in seen if register.area == area],
        )
        for area in AREAS
    ]
    may_see_accounts = rights.may(user, registry[ACCOUNTS], rights.VIEW)
    return {
        "areas": [(area, pages, registers) for area, pages, registers in areas if registers],
        "may_see_accounts": may_see_accounts,
    }
