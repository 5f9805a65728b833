"""Problems of projects, pushed level by level (分级推进) until they are closed out (销号)."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from lianpu.projects.models import Problem
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.rights import SYSTEM

NEXT = {Problem.Level.COUNTY: Problem.Level.CITY, Problem.Level.CITY: Problem.Level.PROVINCE}
# Days that a level has for a problem that came up to it.
DAYS = {Problem.Level.CITY: 30, Problem.Level.PROVINCE: 60}


def handle(*, user: Any, problem: Problem, owner: str = "", due: dt.date | None = None, reason: str = "") -> Problem:
    """Take a problem in hand, with who answers for it and until when."""
    changes = {"state": Problem.State.HANDLING} | ({"owner": owner} if owner else {}) | ({"due": due} if due else {})
    return _write(user, problem, changes, reason or "开始办理")


def escalate(
    *, user: Any, problem: Problem, reason: str, due: dt.date | None = None, today: dt.date | None = None
) -> Problem:
    """Bring a problem up to the next level: county, city, province. Raises ``ValidationError`` at the last."""
    level = NEXT.get(Problem.Level(problem.level))
    if level is None:
        raise ValidationError("已由省级协调，没有更高的层级。")
    if not reason.strip():
        raise ValidationError("请说明为何上提。")
    day = today or timezone.localdate()
    changes = {"level": level, "escalated_on": day, "due": due or day + dt.timedelta(days=DAYS[level])}
    return _write(user, problem, changes, reason)


def close(*, user: Any, problem: Problem, resolution: str, today: dt.date | None = None) -> Problem:
    """Close a problem out, saying how it was solved. What the city or the province coordinates, a county cannot close."""
    if not resolution.strip():
        raise ValidationError("请写明办理结果，方可销号。")
    if problem.level != Problem.Level.COUNTY:
        rights.demand(user, registry["dispatch-rounds"], rights.CHANGE)
    changes = {
        "state": Problem.State.CLOSED,
        "resolution": resolution.strip(),
        "closed_on": today or timezone.localdate(),
        "closed_by": user.get_username(),
    }
    return _write(user, problem, changes, "销号")


def reopen(*, user: Any, problem: Problem, reason: str) -> Problem:
    """Open a problem again that was closed out too early."""
    if problem.state != Problem.State.CLOSED:
        raise ValidationError("该问题没有销号。")
    if not reason.strip():
        raise ValidationError("请说明为何重新打开。")
    return _write(
        user, problem, {"state": Problem.State.HANDLING, "closed_on": None, "closed_by": ""}, reason, closed=True
    )


def _write(user: Any, problem: Problem, changes: dict[str, Any], reason: str, *, closed: bool = False) -> Problem:
    rights.demand(user, registry["problems"], rights.CHANGE, problem)
    with acting(user, reason=reason):
        held = Problem.objects.select_for_update().get(pk=problem.pk)
        if held.state == Problem.State.CLOSED and not closed:
            raise ValidationError("该问题已经销号。")
        for name, value in changes.items():
            setattr(held, name, value)
        held.save(update_fields=list(changes))
    return held


def escalate_overdue(today: dt.date | None = None) -> int:
    """Bring up every problem that its level has let pass its due date; returns how many."""
    day = today or timezone.localdate()
    late = Problem.objects.filter(due__lt=day, level__in=NEXT).exclude(state=Problem.State.CLOSED)
    found = list(late)
    for problem in found:
        escalate(user=SYSTEM, problem=problem, reason=f"{problem.due} 到期未办结，自动上提", today=day)
    return len(found)
