"""Pages of investment promotion: the funnel, the ranking, stale leads; the verbs on leads."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from lianpu.promotion import services
from lianpu.promotion.models import Lead, Origin, Stage
from lianpu.promotion.queries import (
    BLANK,
    CNY,
    MONTH,
    WAYS,
    Funnel,
    Group,
    Rate,
    Standing,
    funds_url,
    leads_url,
    ranking,
    recorded_until,
    stale_leads,
)
from lianpu.promotion.rules import scoring, stale_days
from lianpu.register import kinds, rights
from lianpu.register.declare import registry
from lianpu.register.faults import BadValueError
from lianpu.register.language import declared

SHOWN = 200
MAIN = (Stage.LEAD, Stage.SIGNED, Stage.STARTED)  # what a phone shows of a line


def way_words() -> dict[str, str]:
    """What the funnel can be read by, in the reader's language."""
    return {
        "place": gettext("县区"),
        "zone": gettext("功能区"),
        "chain": gettext("产业链"),
        "unit": gettext("责任单位"),
        "field": gettext("领域"),
        "origin": gettext("资金来源地"),
    }


def _period(request: HttpRequest, otherwise: str) -> str:
    asked = request.GET.get("period", "")
    return asked if MONTH.fullmatch(asked) else otherwise


def _word(stage: Stage) -> str:
    """What the lens of stages takes; "" for the first, which every lead has reached."""
    return "" if stage == Stage.LEAD else declared(stage.label)


def _money(cny: int) -> Decimal:
    """Yuan in 万元."""
    return Decimal(cny) / CNY


def _asked(way: str, key: str) -> dict[str, str]:
    """The filter of the list of leads that keeps one line of the funnel."""
    return {f"at_{way}": key} if way else {}


def _of_funds(way: str, key: str) -> dict[str, str]:
    """The filter of the list of arrivals for one line of the funnel."""
    return {"of": f"{way}:{key}"} if way else {}


def _cells(rate: Rate, found: str, way: str = "", key: str = "") -> dict[str, Any]:
    """A rate with the lists of its numerator and denominator."""
    words = {"started": "开工", "producing": "投产", "performed": "履约", "settled": "落地"}
    asked = {"found": found, **_asked(way, key)}
    if rate.is_money:
        above = funds_url(lead_found=found, **_of_funds(way, key))
        below = leads_url(reached="签约", **asked)
        figures = (_money(rate.numerator), _money(rate.denominator))
    else:
        above = leads_url(reached=words[rate.rule.numerator], **asked)
        below = leads_url(reached="签约", **asked)
        figures = (Decimal(rate.numerator), Decimal(rate.denominator))
    return {"rate": rate, "above": above, "below": below, "numerator": figures[0], "denominator": figures[1]}


def _line(group: Group, way: str, found: str) -> dict[str, Any]:
    asked = {"found": found, **_asked(way, group.key)}
    return {
        "name": group.name,
        "steps": [
            {"count": group.steps[stage], "main": stage in MAIN, "url": leads_url(reached=_word(stage), **asked)}
            for stage in Stage
        ],
        "signed": _money(group.figures["signed_cny"]),
        "signed_url": leads_url(reached="签约", **asked),
        "arrived": _money(group.figures["arrived_cny"]),
        "arrived_url": funds_url(lead_found=found, **_of_funds(way, group.key)),
        "rates": [_cells(rate, found, way, group.key) for rate in group.rates[:3]],
    }


@require_GET
def funnel_page(request: HttpRequest) -> HttpResponse:
    """How far the leads have come, in numbers and money, and by district, chain, unit …"""
    rights.demand(request.user, registry["leads"], rights.VIEW)
    period = _period(request, "")
    way = request.GET.get("by", "")
    way = way if way in WAYS else "unit"
    funnel = Funnel(request.user, period)
    most = max((step.reached for step in funnel.steps), default=0) or 1
    context = {
        "steps": [
            {
                "step": step,
                "amount": _money(step.amount_cny),
                "share": round(step.reached / most * 100),
                "url": leads_url(found=period, reached=_word(step.stage)),
                "standing_url": leads_url(found=period, stage=step.stage.value, withdrawn_on=BLANK),
            }
            for step in funnel.steps
        ],
        "rates": [_cells(rate, period) for rate in funnel.rates],
        "withdrawn": funnel.withdrawn,
        "stages": list(Stage),
        "lines": [_line(group, way, period) for group in funnel.groups(way)],
        "count": funnel.steps[0].reached,
        "period": period,
        "way": way,
        "ways": way_words(),
    }
    return render(request, "promotion/funnel.html", context)


def _standing(one: Standing, period: str) -> dict[str, Any]:
    asked = {"at_unit": one.unit or BLANK, "signed": period}
    return {
        "one": one,
        "signed_amount": _money(one.figures["signed_cny"]),
        "arrived": _money(one.figures["arrived_cny"]),
        "target": None if one.target_cny is None else _money(one.target_cny),
        "signed_url": leads_url(**asked),
        "arrived_url": funds_url(year=period, of=f"unit:{one.unit or BLANK}"),
        "overdue_url": leads_url(overdue="是", at_unit=one.unit or BLANK),
        "start_rate": one.rates[1],
        "started_url": leads_url(reached="开工", **asked),
        "arrival_rate": one.rates[0],
        "own_url": funds_url(year=period, lead_signed=period, of=f"unit:{one.unit or BLANK}"),
    }


@require_GET
def ranking_page(request: HttpRequest) -> HttpResponse:
    """Units by their score of the year, or of the year up to a month."""
    rights.demand(request.user, registry["leads"], rights.VIEW)
    period = _period(request, f"{recorded_until():%Y-%m}")
    lines = [_standing(one, period) for one in ranking(request.user, period)]
    month = int(period[5:]) if period[5:] else 12
    context = {
        "period": period,
        "lines": lines,
        "scoring": scoring(),
        "schedule": round(Decimal(month) / 12 * 100, 1),
        "targets_url": f"{registry['promotion-targets'].url()}?f.year={period[:4]}",
    }
    return render(request, "promotion/ranking.html", context)


@require_GET
def stale_page(request: HttpRequest) -> HttpResponse:
    """Leads that have not moved for longer than their stage bears."""
    rights.demand(request.user, registry["leads"], rights.VIEW)
    until = recorded_until()
    count, rows = stale_leads(request.user, until, SHOWN)
    words = dict(Stage.choices)
    context = {
        "until": until,
        "rows": rows,
        "count": count,
        "allowed": [(words[stage], days) for stage, days in stale_days().items()],
        "list_url": leads_url(stale="是"),
    }
    return render(request, "promotion/stale.html", context)


# -- verbs -------------------------------------------------------------------------------------
def _lead(request: HttpRequest, pk: int) -> Lead:
    register = registry["leads"]
    found: Lead = get_object_or_404(rights.restrict(register.base(), register, request.user), pk=pk)
    return found


def _told(request: HttpRequest, verb: Callable[[], str]) -> None:
    """Run a verb; what it refuses or did is told."""
    try:
        said = verb()
    except ValidationError as refused:
        for words in refused.messages:
            messages.error(request, words)
    except BadValueError as bad:
        messages.error(request, f"{bad.reason}；{bad.remedy}")
    else:
        messages.success(request, said)


def _cell(request: HttpRequest, name: str, what: str) -> str:
    """A filled cell of a form. Raises ``BadValueError`` for an empty one."""
    if text := request.POST.get(name, "").strip():
        return text
    raise BadValueError(f"没有填写{what}", "请填写后再登记")


def _amount(text: str) -> Decimal:
    return Decimal(kinds.Number(places=4, unit="万元").parse(text))


def _after(request: HttpRequest, lead: Lead, verb: Callable[[], str]) -> HttpResponse:
    _told(request, verb)
    return redirect(registry["leads"].url("detail", lead.pk))


@require_POST
def advance_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Date the next stage of a lead."""
    lead = _lead(request, pk)

    def verb() -> str:
        stage = request.POST.get("stage", "")
        if stage not in Stage.values:
            raise BadValueError("没有这一阶段", "请从列表中选择")
        amount = _amount(text) if (text := request.POST.get("amount", "").strip()) else None
        moved = services.advance(
            user=request.user,
            lead=lead,
            stage=stage,
            on=kinds.Date().parse(_cell(request, "on", "日期")),
            signed_10k_cny=amount,
        )
        return gettext("已登记：%s") % moved.get_stage_display()

    return _after(request, lead, verb)


@require_POST
def withdraw_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a lead up."""
    lead = _lead(request, pk)

    def verb() -> str:
        services.withdraw(user=request.user, lead=lead, why=request.POST.get("why", ""))
        return gettext("已撤回。需要时可以恢复。")

    return _after(request, lead, verb)


@require_POST
def resume_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a withdrawal back."""
    lead = _lead(request, pk)

    def verb() -> str:
        services.resume(user=request.user, lead=lead, reason=request.POST.get("why", ""))
        return gettext("已恢复。")

    return _after(request, lead, verb)


@require_POST
def funds_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Record money that came in a month."""
    lead = _lead(request, pk)

    def verb() -> str:
        origin = request.POST.get("origin", "")
        if origin not in Origin.values:
            raise BadValueError("没有这种来源", "请从列表中选择")
        services.record_funds(
            user=request.user,
            lead=lead,
            month=kinds.Month().parse(_cell(request, "month", "到位月份")),
            origin=origin,
            amount_10k_cny=_amount(_cell(request, "amount", "金额")),
        )
        return gettext("已记到位资金。")

    return _after(request, lead, verb)


@require_POST
def become_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a signed lead a project of the ledger."""
    lead = _lead(request, pk)

    def verb() -> str:
        project = services.become_project(user=request.user, lead=lead)
        return str(gettext("已转为台账项目%s。") % project.code)

    return _after(request, lead, verb)


def _findings(request: HttpRequest) -> Any:
    register = registry["findings"]
    return rights.restrict(register.base(), register, request.user)


@require_POST
def from_finding_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a finding's gap a lead, and go to it."""
    finding = get_object_or_404(_findings(request), pk=pk)
    lead, new = services.lead_from_finding(
        user=request.user, finding=finding, unit=request.POST.get("unit", "").strip()
    )
    messages.success(request, gettext("已列为招商线索。") if new else gettext("已有招商项目回应这条结论。"))
    return redirect(registry["leads"].url("detail", lead.pk))


@require_POST
def from_findings_view(request: HttpRequest) -> HttpResponse:
    """Make the gaps of the picked findings leads."""
    picked = [int(one) for one in request.POST.getlist("row") if one.isdecimal()]
    findings = list(_findings(request).filter(pk__in=picked))
    if not findings:
        messages.error(request, gettext("没有选中结论。"))
        return redirect(registry["findings"].url())
    unit = request.POST.get("unit", "").strip()
    leads, new = services.leads_from_findings(user=request.user, findings=findings, unit=unit)
    words = gettext("新列招商线索%(new)s条，原有%(old)s条。")
    messages.success(request, words % {"new": new, "old": len(leads) - new})
    return redirect(registry["leads"].url())
