"""Reads of projects, for other contexts and for pages."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from lianpu.chains.queries import findings_at
from lianpu.places.queries import most_common_city
from lianpu.projects.identity import match_projects
from lianpu.projects.models import Project, ProjectAnswer, Stage, TaskForce
from lianpu.register import rights
from lianpu.register.declare import registry

if TYPE_CHECKING:
    from lianpu.projects.board import Board

__all__ = ["match_projects", "match_task_forces"]
DONE = (Stage.COMPLETED, Stage.IN_PRODUCTION, Stage.DESIGN_OUTPUT)
FIELDS = ("工业", "信息化")


def match_task_forces(texts: Iterable[str]) -> Mapping[str, int]:
    """Task forces by name."""
    return dict(TaskForce.objects.filter(name__in=set(texts)).values_list("name", "pk"))


# -- findings ----------------------------------------------------------------------------------
def is_answered() -> Exists:
    """Whether a project answers the finding of the outer query: by segment, place and kind."""
    same = {name: OuterRef(name) for name in ("segment", "place", "kind")}
    return Exists(ProjectAnswer.objects.filter(**same))


def projects_answering(user: Any, finding: Any) -> "QuerySet[Project]":
    """Projects within the person's reach that answer a finding."""
    rows = Project.objects.filter(
        answers__segment=finding.segment_id, answers__place=finding.place_id, answers__kind=finding.kind
    )
    return rights.restrict(rows, registry["projects"], user).select_related("standing").distinct().order_by("code")


def answered_findings(findings: Iterable[Any]) -> set[int]:
    """Which of the findings (with their segment, place and kind) some project answers, by id."""
    held = list(findings)
    said = set(
        ProjectAnswer.objects.filter(segment__in={one.segment_id for one in held}).values_list(
            "segment", "place", "kind"
        )
    )
    return {one.pk for one in held if (one.segment_id, one.place_id, one.kind) in said}


def finding_at(user: Any, pk: int) -> Any:
    """A finding within the person's reach; None where there is none."""
    return rights.restrict(findings_at(pk), registry["findings"], user).first()


def on_segment(segment: int) -> "QuerySet[Project]":
    """Projects that stand on a segment, by their main segment or a further one."""
    return Project.objects.filter(Q(segment=segment) | Q(segments__segment=segment)).distinct()


# -- Gantt and map -----------------------------------------------------------------------------
@dataclass(frozen=True)
class Bar:
    """A project on the Gantt chart: percent of the shown span from the left, and wide; None where a time is missing."""

    project: Project
    plan: tuple[float, float] | None
    real: tuple[float, float] | None
    marks: Sequence[tuple[float, str, bool]]  # where, what, whether done


def bars_of(pks: Sequence[int], year: int) -> tuple[dt.date, dt.date, list[Bar]]:
    """First and last day shown (whole years), and the bars of the projects in the order of ``pks``."""
    found = Project.objects.filter(pk__in=pks).select_related("standing").prefetch_related("milestones").in_bulk()
    rows = [found[pk] for pk in pks if pk in found]
    days = [
        day
        for one in rows
        for day in (one.plan_start, one.plan_finish, one.actual_start, one.actual_finish)
        if day is not None
    ]
    first = dt.date(max(min([day.year for day in days] + [year]), year - 5), 1, 1)
    last = dt.date(min(max([day.year for day in days] + [year]), year + 5), 12, 31)
    span = (last - first).days + 1

    def at(day: dt.date) -> float:
        return min(max((day - first).days / span * 100, 0.0), 100.0)

    def between(start: dt.date | None, end: dt.date | None) -> tuple[float, float] | None:
        if start is None:
            return None
        until = at(end) if end else min(at(start) + 1.0, 100.0)
        return round(at(start), 2), round(max(until - at(start), 0.4), 2)

    today = dt.date(year, 12, 31)
    bars = []
    for one in rows:
        going = one.actual_finish or (min(today, timezone.localdate()) if one.actual_start else None)
        marks = [
            (round(at(day), 2), f"{step.name} {day}", step.actual is not None)
            for step in one.milestones.all()
            if (day := step.actual or step.planned) is not None and first <= day <= last
        ]
        bars.append(Bar(one, between(one.plan_start, one.plan_finish), between(one.actual_start, going), marks))
    return first, last, bars


def places_with_projects(board: "Board") -> tuple[Any, list[dict[str, Any]], list[dict[str, Any]]]:
    """The city of the board's projects, its districts and its zones, each with its projects and their list."""
    city = most_common_city(board.frame["place"].drop_nulls().to_list())
    if city is None:
        return None, [], []
    lines = {way: {one.key: one for one in board.lines(way)} for way in ("place", "zone")}
    found: dict[str, list[dict[str, Any]]] = {"place": [], "zone": []}
    for child in city.children.order_by("code"):
        way = "zone" if child.kind == child.Kind.ZONE else "place"
        line = lines[way].get(str(child.pk))
        asked = urlencode({"month": board.month, "by": way, "key": str(child.pk), "figure": "projects"})
        found[way].append(
            {
                "code": child.code,
                "name": child.name,
                "label": child.name if len(child.name) <= 4 else child.short_name or child.name,
                "at": [child.longitude, child.latitude],
                "firms": line.projects if line else 0,
                "red": line.red if line else 0,
                "completion": line.completion_pct if line else None,
                "note": child.note,
                "url": f"{reverse('projects:rows')}?{asked}",
            }
        )
    return city, found["place"], found["zone"]


# -- conditions that figures and lists share ------------------------------------------------------
def in_year(year: int) -> Q:
    """On the list of the year."""
    return Q(pk__in=Project.objects.filter(years__year=year).values("pk"))


def completed_in(year: int) -> Q:
    """Completed in the year: works finished and the stage says so."""
    return Q(stage__in=DONE, actual_finish__year=year)


UPGRADE = Q(high_end=True) | Q(smart=True) | Q(green=True)


def projects_by_chain(user: Any) -> Mapping[str, int]:
    """Number of projects within the person's reach, by the code of their chain."""
    rows = rights.restrict(Project.objects.all(), registry["projects"], user).order_by()
    return dict(rows.exclude(chain=None).values_list("chain__code").annotate(n=Count("pk")))
