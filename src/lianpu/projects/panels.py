"""Parts that the ledger adds to pages: a project's progress and what hangs on it, a finding's actions; filters of lists."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from lianpu.projects.lights import rules_in_force
from lianpu.projects.models import UPGRADES, Problem, Project
from lianpu.projects.queries import UPGRADE, completed_in, in_year, is_answered, projects_answering
from lianpu.register import rights
from lianpu.register.declare import Lens, Panel, registry
from lianpu.register.faults import BadValueError
from lianpu.register.kinds import Flag

MONTHS = 36


def progress_of(request: HttpRequest, project: Project) -> Mapping[str, Any]:
    """Light with its grounds, the months of the latest years beside their plan, revisions, and what may be done."""
    may = rights.may(request.user, registry["projects"], rights.CHANGE, project)
    years = {one.year: one for one in project.years.order_by("-year")}
    reports = list(project.reports.order_by("-month")[:MONTHS])
    months = []
    rules = rules_in_force().rules
    for report in reversed(reports):
        listed = years.get(int(report.month[:4]))
        plan = listed.plan_10k_cny if listed else None
        due = None if plan is None else plan * rules.share(int(report.month[5:]))
        before = listed.invested_before_10k_cny if listed else Decimal(0)
        months.append({"report": report, "due": due, "plan": plan, "total": before + report.done_ytd_10k_cny})
    standing = getattr(project, "standing", None)
    return {
        "project": project,
        "standing": standing,
        "years": list(years.values()),
        "months": months,
        "curve": [
            {
                "month": one["report"].month,
                "done": float(one["report"].done_ytd_10k_cny),
                "due": None if one["due"] is None else round(float(one["due"]), 4),
            }
            for one in months
        ],
        "revisions": list(project.revisions.all()),
        "may_change": may,
        "may_produce": may and project.stage not in ("in_production", "design_output", "cancelled"),
        "upgrades": [word for flag, word in UPGRADES.items() if getattr(project, flag)],
    }


def parts_of(request: HttpRequest, project: Project) -> Mapping[str, Any]:
    """Milestones, permits, funding, factors, capacity, problems, task force, findings that it answers."""
    user = request.user

    def seen(slug: str, rows: Any) -> list[Any]:
        return (
            list(rights.restrict(rows, registry[slug], user)) if rights.may(user, registry[slug], rights.VIEW) else []
        )

    return {
        "project": project,
        "milestones": seen("milestones", project.milestones.order_by("planned", "pk")),
        "permits": seen("permits", project.permits.all()),
        "fundings": seen("fundings", project.fundings.all()),
        "needs": seen("factor-needs", project.factor_needs.all()),
        "capacities": seen("capacities", project.capacities.all()),
        "problems": seen("problems", project.problems.order_by("state", "due")),
        "answers": seen("project-answers", project.answers.select_related("segment__chain", "place")),
        "segments": seen("project-segments", project.segments.select_related("segment__chain")),
        "may_add": {
            slug: rights.may(user, registry[slug], rights.ADD)
            for slug in ("milestones", "permits", "fundings", "problems")
        },
    }


def steps_of(request: HttpRequest, problem: Problem) -> Mapping[str, Any]:
    """What may be done about a problem now."""
    may = rights.may(request.user, registry["problems"], rights.CHANGE, problem)
    leads = rights.may(request.user, registry["dispatch-rounds"], rights.CHANGE)
    return {
        "problem": problem,
        "may": may and problem.state != Problem.State.CLOSED,
        "may_close": may and problem.state != Problem.State.CLOSED and (leads or problem.level == Problem.Level.COUNTY),
        "may_reopen": may and problem.state == Problem.State.CLOSED,
        "is_highest": problem.level == Problem.Level.PROVINCE,
    }


def actions_on(request: HttpRequest, finding: Any) -> Mapping[str, Any]:
    """Projects that answer a finding."""
    may = rights.may(request.user, registry["project-answers"], rights.ADD)
    return {"finding": finding, "projects": list(projects_answering(request.user, finding)[:50]), "may_answer": may}


# -- filters -----------------------------------------------------------------------------------
def _flagged(text: str, held: Any) -> Q:
    return Q(held) if Flag().parse(text) else ~Q(held)


def answered(text: str) -> Q:
    """Findings that a project answers (是), or none does (否)."""
    return _flagged(text, is_answered())


def _year(text: str) -> int:
    if not (text.isdecimal() and len(text) == 4):
        raise BadValueError("不是年度", "请按 2024 填写")
    return int(text)


def upgrade(text: str) -> Q:
    """Projects of one upgrade kind, or of any (*)."""
    if text == "*":
        return UPGRADE
    flags = {word: flag for flag, word in UPGRADES.items()} | {flag: flag for flag in UPGRADES}
    wanted = [flags[word] for word in text.split(",") if word in flags]
    if not wanted:
        raise BadValueError("没有这种改造", "请填高端化、智能化、绿色化或 *")
    found = Q()
    for flag in wanted:
        found |= Q(**{flag: True})
    return found


def with_problems(text: str) -> Q:
    """Projects with problems that are not closed out: any (是, 否), or of a level (county, city, province)."""
    open_ones = Problem.objects.exclude(state=Problem.State.CLOSED)
    if text in Problem.Level.values:
        return Q(pk__in=open_ones.filter(level=text).values("project"))
    return _flagged(text, Q(pk__in=open_ones.values("project")))


registry.panel("projects", Panel("projects/progress_panel.html", progress_of, order=10))
registry.panel("projects", Panel("projects/parts_panel.html", parts_of, order=20))
registry.panel("problems", Panel("projects/problem_panel.html", steps_of, order=10))
registry.panel("findings", Panel("projects/finding_panel.html", actions_on, order=60))
registry.lens("findings", Lens("answered", "有项目回应", answered))
registry.lens("projects", Lens("listed", "列入年度", lambda text: in_year(_year(text))))
registry.lens("projects", Lens("finished", "建成年度", lambda text: completed_in(_year(text))))
registry.lens("projects", Lens("upgrade", "三化改造", upgrade))
registry.lens("projects", Lens("problems", "有未销号问题", with_problems))
