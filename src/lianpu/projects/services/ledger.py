"""Verbs on projects themselves: revising a total, answering a finding."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from lianpu.projects.models import Project, ProjectAnswer, TotalRevision
from lianpu.projects.services.standing import refresh
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting


def revise_total(
    *, user: Any, project: Project, total_10k_cny: Decimal, why: str, document: str = "", on: dt.date | None = None
) -> TotalRevision:
    """Change a project's total investment, keeping what it was and why. A total below what is done is refused."""
    rights.demand(user, registry["projects"], rights.CHANGE, project)
    if not why.strip():
        raise ValidationError("请说明调整原因。")
    if total_10k_cny < 0:
        raise ValidationError("总投资不能为负。")
    done = _done_total(project)
    if total_10k_cny < done:
        raise ValidationError(f"自开工已完成{done.normalize():f}万元，总投资不能低于此数。")
    with acting(user, reason=why):
        held = Project.objects.select_for_update().get(pk=project.pk)
        made = TotalRevision.objects.create(
            project=held,
            on=on or timezone.localdate(),
            before_10k_cny=held.total_10k_cny,
            after_10k_cny=total_10k_cny,
            why=why.strip()[:300],
            document=document,
            by=user.get_username(),
        )
        held.total_10k_cny = total_10k_cny
        held.save(update_fields=["total_10k_cny"])
    project.total_10k_cny = total_10k_cny
    refresh([project.pk])
    return made


def _done_total(project: Project) -> Decimal:
    """Invested since the start, by the latest year that says so."""
    latest = project.reports.order_by("-month").first()
    year = (
        project.years.filter(year=int(latest.month[:4])).first() if latest else project.years.order_by("-year").first()
    )
    before = year.invested_before_10k_cny if year else Decimal(0)
    return before + (latest.done_ytd_10k_cny if latest else Decimal(0))


def answer(
    *, user: Any, project: Project, segment: int, place: int, kind: str, note: str = "", reason: str = ""
) -> ProjectAnswer:
    """Say that a project answers the finding of this kind on this segment of this place; saying it twice changes nothing."""
    rights.demand(user, registry["project-answers"], rights.ADD)
    rights.demand(user, registry["projects"], rights.CHANGE, project)
    with acting(user, reason=reason or "项目回应诊断结论"):
        made, _ = ProjectAnswer.objects.get_or_create(
            project=project, segment_id=segment, place_id=place, kind=ProjectAnswer.Kind(kind), defaults={"note": note}
        )
    return made


def withdraw_answer(*, user: Any, answer: ProjectAnswer, reason: str = "") -> None:
    """Take back that a project answers a finding."""
    rights.demand(user, registry["project-answers"], rights.DELETE, answer)
    with acting(user, reason=reason or "不再回应该结论"):
        answer.delete()
