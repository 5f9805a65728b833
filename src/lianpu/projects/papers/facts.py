"""What a bulletin says: the month's board beside the month before and the year before, and growth as published."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils import timezone

from lianpu.analysis.lights import rounded
from lianpu.places.queries import lineage_of, most_common_city
from lianpu.projects.board import Board, Line, project_names
from lianpu.projects.frames import CNY
from lianpu.projects.models import InvestmentGrowth, Problem, ProjectStanding
from lianpu.register import rights
from lianpu.register.declare import registry

Branch = InvestmentGrowth.Branch
BRANCHES = (Branch.MANUFACTURING, Branch.MINING, Branch.UTILITIES, Branch.RENEWAL)


@dataclass(frozen=True)
class Change:
    """A line of the board with its completion at the month before, and the change in points (None: nothing to compare)."""

    line: Line
    before_pct: Decimal | None

    @property
    def points(self) -> Decimal | None:
        if self.line.completion_pct is None or self.before_pct is None:
            return None
        return self.line.completion_pct - self.before_pct


@dataclass(frozen=True)
class Growth:
    """Published growth of one place: now, a year before, at the month before (percent); None where it is not on record."""

    place: str
    now: Decimal | None
    year_before: Decimal | None = None
    month_before: Decimal | None = None
    rank: int | None = None


@dataclass
class Bulletin:
    """The facts of one month's bulletin on behalf of ``user``."""

    board: Board

    @property
    def month(self) -> str:
        return self.board.month

    @cached_property
    def before(self) -> Board | None:
        """The month before, in the same year."""
        number = int(self.month[5:])
        return self._board(f"{self.month[:5]}{number - 1:02}") if number > 1 else None

    @cached_property
    def year_before(self) -> Board:
        """The same month of the year before."""
        return self._board(f"{int(self.month[:4]) - 1}{self.month[4:]}")

    def _board(self, month: str) -> Board:
        return Board(self.board.user, month, self.board.rule_set, self.board.only)

    @cached_property
    def city(self) -> Any:
        """The city in which most of the projects lie; None where none has a place."""
        return most_common_city(self.board.frame["place"].drop_nulls().to_list())

    @property
    def title(self) -> str:
        return f"{self.city.name if self.city else ''}重点项目投资月报"

    @property
    def period(self) -> str:
        """1—6月, as people say it."""
        number = int(self.month[5:])
        return f"{self.month[:4]}年1月" if number == 1 else f"{self.month[:4]}年1—{number}月"

    @property
    def date(self) -> str:
        today = timezone.localdate()
        return f"{today.year}年{today.month}月{today.day}日"

    @cached_property
    def has_sample(self) -> bool:
        return any(sample for _, _, sample in self.names.values())

    @cached_property
    def names(self) -> Any:
        """Ledger number, name and whether a sample, by project."""
        return project_names(self.board.frame["project"].to_list())

    # -- completion ----------------------------------------------------------------------------
    def changes(self, way: str) -> list[Change]:
        """Lines of the board with the month before beside them."""
        before = {one.key: one.completion_pct for one in self.before.lines(way)} if self.before else {}
        return [Change(one, before.get(one.key)) for one in self.board.lines(way)]

    def three_groups(self, way: str) -> tuple[list[Line], list[Line], list[Line]]:
        """Lines above the city's completion; at or above the schedule but not above the city; behind the schedule."""
        mean = self.board.total.completion_pct
        lines = [one for one in self.board.lines(way) if one.completion_pct is not None and one.lead_points is not None]
        above = [one for one in lines if mean is not None and (one.completion_pct or 0) > mean]
        rest = [one for one in lines if one not in above]
        return (
            above,
            [one for one in rest if (one.lead_points or 0) >= 0],
            [one for one in rest if (one.lead_points or 0) < 0],
        )

    # -- growth, as published ------------------------------------------------------------------
    def growth(self, place: Any, branch: str = Branch.ALL) -> Growth:
        """Published growth of a place (or of none) beside its own earlier figures."""
        months = {"now": self.month, "year_before": self.year_before.month}
        if self.before is not None:
            months["month_before"] = self.before.month
        rows = InvestmentGrowth.objects.filter(place=place, branch=branch, month__in=months.values())
        held = {one.month: one for one in rows}
        said = {word: held[month].growth_pct for word, month in months.items() if month in held}
        now = held.get(self.month)
        return Growth(place.name if place else "", said.get("now"), said.get("year_before"), said.get("month_before"),
                      now.rank if now else None)  # fmt: skip

    @cached_property
    def above_the_city(self) -> Sequence[Any]:
        """Province and nation, nearest first."""
        return lineage_of(self.city)[1:] if self.city else []

    @cached_property
    def districts(self) -> list[Growth]:
        """Published growth of the city's districts and zones, the highest first."""
        if self.city is None:
            return []
        found = [self.growth(place) for place in self.city.children.order_by("code")]
        known = [one for one in found if one.now is not None]
        return sorted(known, key=lambda one: -(one.now or Decimal(0)))

    # -- lights and problems -------------------------------------------------------------------
    @cached_property
    def reds(self) -> list[ProjectStanding]:
        """Standings of the projects that show red on this board, by leader."""
        ids = self.board.rows_behind("", "", "red")["project"].to_list()
        found: list[ProjectStanding] = []
        for start in range(0, len(ids), 500):
            rows = ProjectStanding.objects.filter(project__in=ids[start : start + 500])
            found += rows.select_related("project__place")
        return sorted(found, key=lambda one: (one.project.leader, one.project.code))

    @cached_property
    def problems(self) -> list[Problem]:
        """Problems that are not closed out, those of the highest level and the earliest due date first."""
        rows = rights.restrict(Problem.objects.all(), registry["problems"], self.board.user)
        order = {Problem.Level.PROVINCE: 0, Problem.Level.CITY: 1, Problem.Level.COUNTY: 2}
        found = rows.exclude(state=Problem.State.CLOSED).select_related("project__place")[:5000]
        return sorted(found, key=lambda one: (order[Problem.Level(one.level)], str(one.due or "9"), one.pk))


def yi(amount_10k_cny: Decimal) -> str:
    """万元 as 亿元 with two decimals, half up."""
    return f"{rounded(amount_10k_cny / CNY, 2)}亿元"


def change_words(points: Decimal | None, up: str = "提高", down: str = "回落") -> str:
    """A change in points in words; "" where there is nothing to compare."""
    if points is None:
        return ""
    return "持平" if points == 0 else f"{up if points > 0 else down}{abs(points)}个百分点"


def lead_words(points: Decimal | None) -> str:
    """A lead over the schedule in words."""
    if points is None:
        return "无年度计划"
    return "与序时进度持平" if points == 0 else f"{'超' if points > 0 else '落后'}序时进度{abs(points)}个百分点"
