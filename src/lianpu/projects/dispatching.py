"""Reads of dispatch: a unit's sheet with last month beside this one, and how far a round has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q

from lianpu.projects.models import DispatchRound, MonthlyReport, Project, ProjectYear, Stage, Submission
from lianpu.projects.oddities import Odd, odd_values
from lianpu.register import rights
from lianpu.register.declare import registry

ZERO = Decimal(0)
BUILDING = (Stage.STARTED, Stage.BUILDING)


@dataclass(frozen=True)
class SheetRow:
    """One project in a unit's sheet: its year, its last month, this month as far as it is filled in, and what is odd."""

    project: Project
    listed: ProjectYear | None
    last: MonthlyReport | None
    report: MonthlyReport | None
    odd: Sequence[Odd]

    @property
    def last_ytd(self) -> Decimal:
        return self.last.done_ytd_10k_cny if self.last else ZERO


def sheet_of(submission: Submission, project: int | None = None) -> list[SheetRow]:
    """The projects that a unit has to report, in the order of the ledger, in a fixed number of queries."""
    month = submission.round.month
    dues = submission.dues.filter(project=project) if project else submission.dues.all()
    projects = [due.project for due in dues.select_related("project__chain").order_by("project__code")]
    ids = [one.pk for one in projects]
    listed = {one.project_id: one for one in ProjectYear.objects.filter(project__in=ids, year=int(month[:4]))}
    months: dict[int, list[MonthlyReport]] = {}
    reports = MonthlyReport.objects.filter(project__in=ids, month__gte=f"{month[:4]}-01", month__lte=month)
    for report in reports.order_by("month"):
        months.setdefault(report.project_id, []).append(report)
    return [_row(one, listed.get(one.pk), months.get(one.pk, []), month) for one in projects]


def _row(project: Project, listed: ProjectYear | None, reports: Sequence[MonthlyReport], month: str) -> SheetRow:
    earlier = [one for one in reports if one.month < month]
    report = next((one for one in reports if one.month == month), None)
    last = earlier[-1] if earlier else None
    odd: Sequence[Odd] = ()
    if report is not None:
        odd = odd_values(
            month=report.done_month_10k_cny,
            ytd=report.done_ytd_10k_cny,
            adjustment=report.adjustment_10k_cny,
            before=[one.done_month_10k_cny for one in earlier],
            plan=listed.plan_10k_cny if listed else None,
            last_ytd=last.done_ytd_10k_cny if last else ZERO,
            is_building=project.stage in BUILDING,
            physical_progress=report.physical_progress,
        )
    return SheetRow(project, listed, last, report, odd)


@dataclass(frozen=True)
class Part:
    """A unit's part of a round, as the board of the round shows it."""

    submission: Submission
    due: int
    filled: int

    @property
    def missing(self) -> int:
        return self.due - self.filled


def parts_of(user: Any, asked: DispatchRound, *, late: bool = False) -> list[Part]:
    """The parts of a round within the person's reach; ``late``: only those that have not come in."""
    rows = rights.restrict(asked.submissions.all(), registry["submissions"], user)
    if late:
        rows = rows.filter(state__in=(Submission.State.DRAFT, Submission.State.RETURNED))
    counted = rows.annotate(
        due=Count("dues", distinct=True),
        filled=Count("dues", filter=Q(dues__project__reports__month=asked.month), distinct=True),
    )
    found = counted.select_related("place", "enterprise", "round").order_by("unit", "pk")
    return [Part(one, one.due, one.filled) for one in found]


def progress_of(parts: Sequence[Part]) -> Mapping[str, int]:
    """Counts over parts: units, those in each state, projects due and filled in."""
    states = {state.value: sum(one.submission.state == state for one in parts) for state in Submission.State}
    late = sum(one.submission.is_late for one in parts)
    return {
        "units": len(parts), **states, "late": late, "due": sum(one.due for one in parts),
        "filled": sum(one.filled for one in parts),
    }  # fmt: skip


def open_rounds(user: Any) -> list[DispatchRound]:
    """Rounds that are not closed, the latest first."""
    rows = DispatchRound.objects.filter(is_closed=False)
    return list(rights.restrict(rows, registry["dispatch-rounds"], user).order_by("-month")[:12])
