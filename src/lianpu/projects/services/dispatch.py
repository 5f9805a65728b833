"""The month's round: opened, filled in, submitted, returned or accepted, reminded, closed."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone

from lianpu.projects.dispatching import sheet_of
from lianpu.projects.models import (
    DispatchRound,
    DueReport,
    ListClass,
    MonthlyReport,
    Project,
    ReportsBy,
    Stage,
    Submission,
    Tier,
)
from lianpu.projects.services.standing import refresh
from lianpu.register import jobs, rights
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.kinds import Month
from lianpu.register.language import declared
from lianpu.register.models import Grant
from lianpu.register.rights import SYSTEM
from lianpu.register.services import save_row

ASLEEP = (Stage.SUSPENDED, Stage.CANCELLED)
UNPLACED = "未明确属地"
REMIND_BEFORE = dt.timedelta(days=2)
Unit = tuple[int | None, int | None]  # place, enterprise


def open_round(
    *,
    user: Any,
    month: str,
    due: dt.date,
    scope_tiers: Iterable[str] = (),
    scope_classes: Iterable[str] = (),
    request: str = "",
) -> DispatchRound:
    """Ask for a month: make the round, a part for each unit, and what is due of each. Scopes are words or codes of tiers
    and list classes, empty for all. Raises ``ValidationError`` where the month is asked for already or nothing is due."""
    rights.demand(user, registry["dispatch-rounds"], rights.ADD)
    month = Month().parse(month)
    if DispatchRound.objects.filter(month=month).exists():
        raise ValidationError(f"{month} 已经发起过调度。")
    with acting(user, reason=f"发起{month}调度"):
        asked = DispatchRound.objects.create(
            month=month,
            due=due,
            opened_on=timezone.localdate(),
            scope_tiers=_words(scope_tiers, Tier),
            scope_classes=_words(scope_classes, ListClass),
            request=request,
        )
        if not call_up(user=user, asked=asked):
            raise ValidationError(f"{month[:4]}年的列表中没有范围内的项目，请先导入年度列表。")
    return asked


def _words(said: Iterable[str], choices: Any) -> list[str]:
    """Declared words of choices given by word or code; what is neither is refused."""
    known = {str(value): declared(label) for value, label in choices.choices}
    words = [known.get(one, one) for one in said]
    if odd := [one for one in words if one not in known.values()]:
        raise ValidationError(f"没有这样的范围：{'、'.join(odd)}")
    return words


def _asked_for(asked: DispatchRound) -> "QuerySet[Project]":
    year = Q(years__year=int(asked.month[:4]))
    if asked.scope_classes:
        codes = [value for value, label in ListClass.choices if declared(label) in asked.scope_classes]
        year &= Q(years__list_class__in=codes)
    rows = Project.objects.filter(year).exclude(stage__in=ASLEEP)
    if asked.scope_tiers:
        rows = rows.filter(tier__in=[value for value, label in Tier.choices if declared(label) in asked.scope_tiers])
    return rows


def call_up(*, user: Any, asked: DispatchRound) -> int:
    """Put every project that the round asks for, and that is not due yet, into its unit's part; returns how many.

    Parts that are submitted or accepted take no new project: those wait in the unit's part until it is returned.
    """
    rights.demand(user, registry["dispatch-rounds"], rights.CHANGE, asked)
    fresh = _asked_for(asked).exclude(dues__round=asked).select_related("place", "zone", "owner__place")
    by_unit: dict[Unit, list[Project]] = defaultdict(list)
    names: dict[Unit, str] = {}
    for project in fresh.order_by("pk"):
        unit, name = _unit_of(project)
        by_unit[unit].append(project)
        names[unit] = name
    with acting(user, reason=f"{asked.month}调度应报项目"):
        parts: dict[Unit, Submission] = {(one.place_id, one.enterprise_id): one for one in asked.submissions.all()}
        for unit, name in names.items():
            if unit not in parts:
                parts[unit] = Submission.objects.create(round=asked, place_id=unit[0], enterprise_id=unit[1], unit=name)
        dues = [
            DueReport(round=asked, submission=parts[unit], project=project)
            for unit, projects in by_unit.items()
            for project in projects
        ]
        DueReport.objects.bulk_create(dues, batch_size=500)
    return len(dues)


def _unit_of(project: Project) -> tuple[Unit, str]:
    """Who answers for a project's month, with the unit's name; a firm's part lies where the firm does."""
    owner = project.owner
    if project.reports_by == ReportsBy.FIRM and owner is not None:
        return (owner.place_id or project.place_id, owner.pk), owner.name
    if project.reports_by == ReportsBy.ZONE and project.zone is not None:
        return (project.zone_id, None), project.zone.name
    if project.place is not None:
        return (project.place_id, None), project.place.name
    return (None, None), UNPLACED


# -- filling in --------------------------------------------------------------------------------
def save_month(*, user: Any, submission: Submission, project: Project, values: Mapping[str, str]) -> MonthlyReport:
    """Write one project's month in a unit's part, from cells as typed. Raises ``ValidationError`` with messages a column."""
    _demand_open(submission)
    if not submission.dues.filter(project=project).exists():
        raise ValidationError("本次调度没有要这个项目的进度，或不归该单位填报。")
    month = submission.round.month
    row = MonthlyReport.objects.filter(project=project, month=month).first()
    cells: dict[str, object] = {**values, "project": project.code, "month": month}
    saved = save_row(register=registry["monthly-reports"], user=user, values=cells, row=row, reason=f"{month}调度填报")
    assert isinstance(saved, MonthlyReport)
    return saved


def _demand_open(submission: Submission) -> None:
    if submission.round.is_closed:
        raise ValidationError("本次调度已经结束。")
    if submission.state in (Submission.State.SUBMITTED, Submission.State.ACCEPTED):
        raise ValidationError(
            f"“{submission.unit}”{submission.get_state_display()}，不能再改；需要更正的，请调度部门退回。"
        )


def submit(*, user: Any, submission: Submission, explained: str = "", today: dt.date | None = None) -> Submission:
    """Hand a unit's part in. Every due project must have its month, and odd values their explanation."""
    rights.demand(user, registry["submissions"], rights.CHANGE, submission)
    with acting(user, reason=f"报送{submission.round.month}调度"):
        held = _held(submission)
        _demand_open(held)
        rows = sheet_of(held)
        missing = [row.project.name for row in rows if row.report is None]
        if missing:
            listed = "、".join(missing[:5]) + ("等" if len(missing) > 5 else "")
            raise ValidationError(f"还有{len(missing)}个项目没有填报：{listed}。没有投资的填 0。")
        odd = [row.project.name for row in rows if row.odd]
        if odd and not explained.strip():
            raise ValidationError(
                f"{len(odd)}个项目的数值异常（{'、'.join(odd[:5])}），请核对，确实无误的请填写异常说明。"
            )
        held.state, held.explained, held.returned_why = Submission.State.SUBMITTED, explained.strip(), ""
        held.submitted_at, held.submitted_by = timezone.now(), user.get_username()
        held.is_late = (today or timezone.localdate()) > held.round.due
        held.save()
    refresh([row.project.pk for row in rows], today=today)
    return held


def send_back(*, user: Any, submission: Submission, why: str) -> Submission:
    """Return a part that was submitted or accepted, with reasons; the unit corrects and hands it in again."""
    if not why.strip():
        raise ValidationError("请写明退回原因。")
    return _decide(user, submission, Submission.State.RETURNED, why.strip()[:300], "退回")


def accept(*, user: Any, submission: Submission) -> Submission:
    """Accept a submitted part: its months are closed to changes."""
    return _decide(user, submission, Submission.State.ACCEPTED, "", "审定")


def _decide(user: Any, submission: Submission, state: str, why: str, word: str) -> Submission:
    rights.demand(user, registry["dispatch-rounds"], rights.CHANGE, submission.round)
    with acting(user, reason=why or f"{word}{submission.round.month}调度"):
        held = _held(submission)
        wanted = {Submission.State.SUBMITTED}
        if state == Submission.State.RETURNED:
            wanted.add(Submission.State.ACCEPTED)
        if held.state not in wanted:
            raise ValidationError(f"“{held.unit}”{held.get_state_display()}，不能{word}。")
        held.state, held.returned_why = Submission.State(state), why
        held.decided_at, held.decided_by = timezone.now(), user.get_username()
        held.save()
    return held


def _held(submission: Submission) -> Submission:
    """The part as it stands, held until the transaction ends."""
    return Submission.objects.select_for_update(of=("self",)).select_related("round").get(pk=submission.pk)


def close_round(*, user: Any, asked: DispatchRound) -> DispatchRound:
    """End a round; parts that were not accepted stay as they are, and say so."""
    rights.demand(user, registry["dispatch-rounds"], rights.CHANGE, asked)
    with acting(user, reason=f"结束{asked.month}调度"):
        DispatchRound.objects.filter(pk=asked.pk).update(is_closed=True)
    asked.refresh_from_db()
    refresh()
    return asked


# -- reminders ---------------------------------------------------------------------------------
def late_parts(asked: DispatchRound) -> "QuerySet[Submission]":
    """Parts that have not come in: drafts and returned ones."""
    waiting = (Submission.State.DRAFT, Submission.State.RETURNED)
    return asked.submissions.filter(state__in=waiting).select_related("place", "enterprise", "round")


def people_of(submission: Submission) -> list[Any]:
    """Active people who may hand this part in by a grant limited to it: the unit's own, not the whole city's."""
    limited = Grant.objects.exclude(place_path="", enterprise_uscc="").select_related("user")
    ids = set()
    for grant in limited:
        here = submission.place is not None and submission.place.path.startswith(grant.place_path)
        own = submission.enterprise is not None and submission.enterprise.uscc == grant.enterprise_uscc
        if own or (here and grant.place_path and not grant.enterprise_uscc and submission.enterprise is None):
            ids.add(grant.user_id)
    register = registry["submissions"]
    found = get_user_model().objects.filter(pk__in=ids, is_active=True).order_by("pk")
    return [one for one in found if rights.may(one, register, rights.CHANGE, submission)]


def remind(*, user: Any, asked: DispatchRound, today: dt.date | None = None) -> tuple[int, list[str]]:
    """Put a notice into the bell of the people of every unit that has not reported; returns how many notices, and the
    units that nobody can be reminded of."""
    rights.demand(user, registry["dispatch-rounds"], rights.CHANGE, asked)
    sent, nobody = 0, []
    with acting(user, reason=f"催报{asked.month}调度"):
        for part in late_parts(asked):
            people = people_of(part)
            if not people:
                nobody.append(part.unit)
            for one in people:
                title = f"请报送{asked.month}项目进度（{part.unit}，{asked.due:%m月%d日}截止）"
                jobs.start("dispatch-reminder", user=one, title=title, submission=part.pk)
                sent += 1
        DispatchRound.objects.filter(pk=asked.pk).update(reminded_on=today or timezone.localdate())
    return sent, nobody


def remind_when_due(today: dt.date | None = None) -> int:
    """Once a day, from two days before the due date on, remind the units of open rounds; returns how many notices."""
    day = today or timezone.localdate()
    waiting = DispatchRound.objects.filter(is_closed=False, due__lte=day + REMIND_BEFORE)
    waiting = waiting.filter(Q(reminded_on=None) | Q(reminded_on__lt=day))
    return sum(remind(user=SYSTEM, asked=asked, today=day)[0] for asked in waiting)
