"""The project's years and months, revisions of totals, problems, and where each project stands."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from lianpu.places.queries import inside, match_places
from lianpu.projects.deriving import derive_reports, derive_years
from lianpu.projects.models import InvestmentGrowth, MonthlyReport, Problem, ProjectStanding, ProjectYear, TotalRevision
from lianpu.projects.registers.common import AREA, SCOPE, project_columns
from lianpu.register import kinds
from lianpu.register.declare import Column, Register, registered
from lianpu.register.importing import PlannedRow


def in_months(path: str) -> Any:
    """Filter by months, as the index holds them: a part of a text would look through every row."""
    return lambda text: Q(**{f"{path}__in": [kinds.Month().parse(one) for one in text.split(",")]})


@registered
class ProjectYearRegister(Register):
    model = ProjectYear
    slug = "project-years"
    key = ("project", "year")
    scope = SCOPE
    ordering = ("-year", "project_id", "pk")
    area = AREA
    icon = "calendar-event"
    note = "每年的重点项目列表：新开工、续建还是预备，本年计划多少，此前完成多少。"
    columns = (
        *project_columns(),
        Column("year", filled=True, aliases=["列入年度", "年份"]),
        Column("list_class", required=True, aliases=["列入类型", "项目类别", "类别", "建设类别", "项目类型"]),
        Column(
            "plan_10k_cny",
            unit="万元",
            total=True,
            aliases=["年度计划投资", "年度计划", "当年计划投资", "本年度计划投资"],
        ),
        Column(
            "invested_before_10k_cny",
            unit="万元",
            total=True,
            aliases=["截至上年底完成投资", "上年底累计完成投资", "以前年度完成投资"],
        ),
        Column("goal", shown=False, aliases=["年度建设目标", "年度建设内容"]),
    )

    def derive(self, rows: Sequence[PlannedRow]) -> None:
        derive_years(rows)


@registered
class MonthlyReportRegister(Register):
    model = MonthlyReport
    slug = "monthly-reports"
    key = ("project", "month")
    scope = SCOPE
    ordering = ("-month", "-project_id", "-pk")  # as the index holds them: 720,000 rows are not sorted for a page
    area = AREA
    icon = "calendar-stats"
    note = "每个项目每月完成多少；本年累计 = 上月累计 + 本月 + 核减核增，与总投资不合的不收。"
    columns = (
        *project_columns(),
        Column(
            "month", kind=kinds.Month(), filled=True, aliases=["报送月份", "填报月份"], filter_with=in_months("month")
        ),
        Column(
            "done_month_10k_cny",
            unit="万元",
            total=True,
            filled=True,
            aliases=["本月完成", "当月完成投资", "当月完成", "本月投资"],
        ),
        Column(
            "done_ytd_10k_cny",
            unit="万元",
            filled=True,
            aliases=["本年累计完成", "年初至今完成投资", "累计完成投资", "当年累计完成投资", "本年完成投资"],
        ),
        Column("adjustment_10k_cny", unit="万元", shown=False, aliases=["调整数"]),
        Column("physical_progress", search="C", aliases=["工程形象进度", "进展情况", "项目进展"]),
        Column("lag_reason", shown=False, aliases=["原因"]),
    )

    def derive(self, rows: Sequence[PlannedRow]) -> None:
        derive_reports(rows)


@registered
class TotalRevisionRegister(Register):
    model = TotalRevision
    slug = "total-revisions"
    key = ("id",)
    scope = SCOPE
    ordering = ("-on", "-pk")
    area = AREA
    icon = "adjustments-dollar"
    imports = False
    note = "总投资的历次调整及其原因；在项目页上登记。"
    columns = (
        *project_columns(),
        Column("on"),
        Column("before_10k_cny", unit="万元"),
        Column("after_10k_cny", unit="万元"),
        Column("why", search="B"),
        Column("document"),
        Column("by"),
    )


@registered
class ProblemRegister(Register):
    model = Problem
    slug = "problems"
    key = ("project", "title")
    scope = SCOPE
    ordering = ("due", "pk")
    area = AREA
    icon = "alert-triangle"
    note = "项目遇到的问题：谁负责、何时办结、由哪一级协调，办结之后销号。"
    columns = (
        Column("title", required=True, search="A", aliases=["存在的问题", "问题"]),
        *project_columns(),
        Column("kind"),
        Column("request", shown=False, search="C", aliases=["需协调解决事项", "需要协调的事项"]),
        Column("level", editable=False),
        Column("state", editable=False),
        Column("owner", search="B"),
        Column("owner_person", shown=False),
        Column("raised_on", required=True),
        Column("due", aliases=["办结时限", "限期"]),
        Column("escalated_on", editable=False, shown=False),
        Column("resolution", editable=False, shown=False),
        Column("closed_on", editable=False, shown=False),
        Column("closed_by", editable=False, shown=False),
    )


@registered
class ProjectStandingRegister(Register):
    model = ProjectStanding
    slug = "project-standings"
    key = ("project",)
    scope = SCOPE
    ordering = ("project__code",)
    area = AREA
    icon = "traffic-lights"
    imports = False
    history = False
    note = "每个项目截至最近一月的进度与亮灯，由月度进度与亮灯规则算出。"
    columns = (
        *project_columns(),
        Column("month"),
        Column("reported_month", shown=False),
        Column("list_class"),
        Column("plan_10k_cny", unit="万元", total=True),
        Column("done_month_10k_cny", unit="万元", total=True),
        Column("done_ytd_10k_cny", unit="万元", total=True),
        Column("done_total_10k_cny", unit="万元", shown=False),
        Column("completion_pct", unit="%"),
        Column("lead_points", unit="百分点"),
        Column("light"),
        Column("since"),
        Column("why", search="B"),
        Column("grounds", shown=False),
    )


@registered
class InvestmentGrowthRegister(Register):
    model = InvestmentGrowth
    slug = "investment-growth"
    key = ("place", "month", "branch")
    ordering = ("-month", "place__code", "branch")
    area = "监测"
    icon = "trending-up"
    note = "统计部门公布的投资累计增速（可比口径）；照录，不由水平数推算。"
    columns = (
        Column("place", value="place__full_name", match=match_places, required=True, filter_with=inside("place", "")),
        Column("month", kind=kinds.Month(), required=True),
        Column("branch", required=True),
        Column("growth_pct", unit="%", required=True, aliases=["增速", "同比增长"]),
        Column("rank"),
        Column("source", search="B"),
    )
