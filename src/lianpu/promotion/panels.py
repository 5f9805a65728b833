"""Parts that promotion adds to pages: a lead's way and what may be done, the leads of a finding and of a project; filters."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Case, CharField, Q, Value, When
from django.http import HttpRequest

from lianpu.projects.queries import is_answered
from lianpu.promotion.deriving import DATES
from lianpu.promotion.models import COUNTED, Lead, Origin, Stage
from lianpu.promotion.queries import (
    BLANK,
    MONTH,
    NAMED,
    WAYS,
    is_pursued,
    leads_answering,
    months_within,
    overdue,
    performed,
    reached,
    recorded_until,
    seen,
    seen_funds,
    settled,
    stale,
    within,
)
from lianpu.register import rights
from lianpu.register.declare import Column, Lens, Panel, Told, registry
from lianpu.register.faults import BadValueError
from lianpu.register.kinds import Choice, Flag
from lianpu.register.language import declared


def way_of(request: HttpRequest, lead: Lead) -> Mapping[str, Any]:
    """The stages with their days, money and talks, and what may be done now."""
    user = request.user
    may = rights.may(user, registry["leads"], rights.CHANGE, lead)
    open_ = lead.withdrawn_on is None
    funds = list(seen_funds(user).filter(lead=lead).order_by("month", "origin"))
    steps = [{"stage": stage, "on": getattr(lead, DATES[stage])} for stage in Stage]
    last = max(number for number, step in enumerate(steps) if step["on"] or not number)
    order = list(Stage)
    return {
        "lead": lead,
        "steps": steps,
        "origins": Origin.choices,
        "next": [stage for stage in order[last + 1 :] if not getattr(lead, DATES[stage])],
        "funds": funds,
        "counted": sum((one.amount_10k_cny for one in funds if one.origin in COUNTED), start=0),
        "talks": list(lead.talks.all()[:20]) if rights.may(user, registry["lead-talks"], rights.VIEW) else [],
        "may_advance": may and open_,
        "may_withdraw": may and open_,
        "may_resume": may and not open_,
        "may_pay": open_ and lead.signed_on and rights.may(user, registry["funds-arrivals"], rights.ADD),
        "may_become": may
        and open_
        and lead.signed_on
        and lead.project_id is None
        and rights.may(user, registry["projects"], rights.ADD),
        "may_talk": rights.may(user, registry["lead-talks"], rights.ADD),
    }


def leads_on(request: HttpRequest, finding: Any) -> Mapping[str, Any]:
    """Leads that answer a finding, and whether the person may make one."""
    leads = list(leads_answering(request.user, finding)[:50])
    may = rights.may(request.user, registry["leads"], rights.ADD)
    return {"finding": finding, "leads": leads, "may_add": may and not any(one.withdrawn_on is None for one in leads)}


def origin_of(request: HttpRequest, project: Any) -> Mapping[str, Any]:
    """The leads that a project was."""
    leads = list(seen(request.user).filter(project=project.pk).order_by("signed_on"))
    return {
        "leads": [
            {"lead": one, "steps": [(stage, day) for stage in Stage if (day := getattr(one, DATES[stage]))]}
            for one in leads
        ]
    }


# -- filters -----------------------------------------------------------------------------------
def _period(text: str) -> str:
    if not MONTH.fullmatch(text):
        raise BadValueError("不是年度或月份", "请按 2021 或 2021-08（1至8月）填写")
    return text


ANSWERS = {"project": "有项目", "lead": "有招商线索", "none": "尚无行动"}


def answered_by() -> Case:
    """What answers a finding: a project before a lead that nobody has given up."""
    return Case(
        When(is_answered(), then=Value("project")),
        When(is_pursued(), then=Value("lead")),
        default=Value("none"),
        output_field=CharField(),
    )


def _flagged(text: str, held: Q) -> Q:
    return held if Flag().parse(text) else ~held


def reached_as(text: str) -> Q:
    """Leads that reached a stage, by its word or name; 履约 and 落地 as the rates define them."""
    words = {declared(stage.label): stage.value for stage in Stage} | {stage.value: stage.value for stage in Stage}
    if text in ("履约", "performed"):
        return reached(Stage.SIGNED) & performed()
    if text in ("落地", "settled"):
        return reached(Stage.SIGNED) & settled()
    if text not in words:
        raise BadValueError("没有这一阶段", "请填 线索、洽谈、意向、签约、注册、开工、到位、投产、达效、履约或落地")
    return reached(words[text])


def of_line(text: str) -> Q:
    """Arrivals of the leads of one line of the funnel: ``unit:西固区招商局``, ``place:12`` (an id), ``place:-`` for none."""
    way, _, key = text.partition(":")
    if way not in WAYS or (way in NAMED and not (key == BLANK or (key.isascii() and key.isdecimal()))):
        raise BadValueError("没有这样的分组", "请从漏斗页进入")
    none = None if way in NAMED else ""
    return Q(**{f"lead__{way}": none if key == BLANK else key})


registry.panel("leads", Panel("promotion/lead_panel.html", way_of, order=10))
registry.panel("findings", Panel("promotion/finding_panel.html", leads_on, order=70))
registry.panel("projects", Panel("promotion/project_panel.html", origin_of, order=40))
registry.lens("leads", Lens("found", "线索年度", lambda text: within("found_on", _period(text))))
registry.lens("leads", Lens("signed", "签约年度", lambda text: within("signed_on", _period(text))))
registry.lens("leads", Lens("reached", "曾到阶段", reached_as))
registry.lens("leads", Lens("stale", "久未推进", lambda text: _flagged(text, stale(recorded_until()))))
registry.lens("leads", Lens("overdue", "签约未开工", lambda text: _flagged(text, overdue(recorded_until()))))
_answer = Column("answer", label="回应", kind=Choice(labels=ANSWERS), value="answer", editable=False)
registry.tell("findings", Told(_answer, answered_by, before="explanation"))
registry.lens("findings", Lens("pursued", "有招商项目回应", lambda text: _flagged(text, Q(is_pursued()))))
registry.lens("funds-arrivals", Lens("of", "分组", of_line))
registry.lens("funds-arrivals", Lens("year", "到位年度", lambda text: months_within("month", _period(text))))
registry.lens("funds-arrivals", Lens("counted", "计入到位资金", lambda text: _flagged(text, Q(origin__in=COUNTED))))
registry.lens("funds-arrivals", Lens("lead_found", "线索年度", lambda text: within("lead__found_on", _period(text))))
registry.lens("funds-arrivals", Lens("lead_signed", "签约年度", lambda text: within("lead__signed_on", _period(text))))
