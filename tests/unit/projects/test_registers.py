"""The registers of the ledger pass the suite that the kit gives."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from lianpu.projects.models import DispatchRound, DueReport, ProjectStanding, Submission, TotalRevision
from lianpu.register.testing import ComputedSuite, RegisterSuite

LONG = "长" * 400


class OfProjects:
    """Rows hang on three projects."""

    @pytest.fixture
    def surroundings(self, projects: Mapping[str, Any]) -> None:
        """Projects."""


class TestTaskForces(RegisterSuite):
    slug = "task-forces"
    rows = [
        {"name": "示例铝业专班", "leader": "王某", "lead_unit": "市工信局", "members": "发改委、自然资源局"},
        {"name": "示例汽车专班", "leader": "李某", "duties": "=1+1"},
        {"name": "示例医药专班", "is_sample": "是"},
    ]
    bad_cells = {"leader": LONG, "is_sample": "也许"}
    change = ("leader", "赵某")


class TestProjects(RegisterSuite):
    slug = "projects"
    rows = [
        {
            "name": "示例金川炉料项目",
            "code": "T1",
            "owner_name": "示例己铝业有限公司",
            "place": "620302",
            "chain": "铝业",
            "segment": "LV-1101",
            "stage": "在建",
            "total_10k_cny": "1.2亿",
            "plan_start": "2024年3月",
            "high_end": "是",
            "former_names": "炉料一期",
            "reports_by": "企业",
        },
        {
            "name": "示例铝锭扩建项目",
            "code": "T2",
            "owner_name": "示例甲铝业有限公司",
            "place": "620111",
            "chain": "LV",
        },
        {
            "name": "示例轮毂智能工厂",
            "code": "T3",
            "owner_name": "示例庚轮毂有限公司",
            "place": "620102",
            "chain": "汽车",
            "tier": "市列",
            "in_stat_lib": "√",
            "leader": "王某",
        },
    ]
    bad_cells = {
        "place": "并无此地",
        "chain": "并无此链",
        "stage": "河边",
        "total_10k_cny": "很多",
        "plan_start": "去年",
        "tier": "乡列",
        "owner_uscc": "91620102000000000X",
        "task_force": "并无此专班",
    }
    change = ("leader", "李某")

    @pytest.fixture
    def surroundings(self, firms: Mapping[str, Any], two_chains: Mapping[str, Any]) -> None:
        """Firms and chains."""


class TestProjectSegments(OfProjects, RegisterSuite):
    slug = "project-segments"
    rows = [
        {"project": "P1", "segment": "LV-2101", "note": "供料"},
        {"project": "P2", "segment": "LV-3101"},
        {"project": "示例轮毂智能工厂", "segment": "QC-3101"},
    ]
    bad_cells = {"project": "并无此项目", "segment": "XX-0000", "note": LONG}
    change = ("note", "延伸")


class TestProjectAnswers(OfProjects, RegisterSuite):
    slug = "project-answers"
    rows = [
        {"project": "P1", "segment": "LV-1101", "place": "620100", "kind": "补链"},
        {"project": "P2", "segment": "LV-3101", "place": "兰州市", "kind": "延链", "note": "已对接"},
        {"project": "P3", "segment": "QC-3101", "place": "620100", "kind": "强链"},
    ]
    bad_cells = {"project": "并无此项目", "segment": "XX-0000", "place": "并无此地", "kind": "断链"}
    change = ("note", "核实")


class TestMilestones(OfProjects, RegisterSuite):
    slug = "milestones"
    rows = [
        {"project": "P1", "name": "主体封顶", "planned": "2024-06", "actual": "2024-07-15"},
        {"project": "P2", "name": "设备安装", "planned": "45809"},
        {"project": "P3", "name": "试生产", "note": "视设备而定"},
    ]
    bad_cells = {"project": "并无此项目", "planned": "去年", "name": LONG}
    change = ("note", "顺延")


class TestPermits(OfProjects, RegisterSuite):
    slug = "permits"
    rows = [
        {"project": "P1", "kind": "环评", "state": "已办结", "number": "兰环审〔2024〕1号", "done_on": "2024-03-01"},
        {"project": "P2", "kind": "能评", "state": "在办"},
        {"project": "P3", "kind": "用地", "state": "未办", "due": "2024-09"},
    ]
    bad_cells = {"project": "并无此项目", "kind": "听证", "state": "也许", "due": "去年"}
    change = ("state", "无需办理")


class TestFundings(OfProjects, RegisterSuite):
    slug = "fundings"
    rows = [
        {"project": "P1", "source": "自筹", "planned_10k_cny": "1.2亿", "arrived_10k_cny": "300", "paid_10k_cny": "0"},
        {"project": "P2", "source": "银行贷款", "planned_10k_cny": "2000.5"},
        {"project": "P3", "source": "专项债", "planned_10k_cny": "0.0001"},
    ]
    bad_cells = {"project": "并无此项目", "source": "彩票", "planned_10k_cny": "很多"}
    change = ("paid_10k_cny", "120")


class TestFactorNeeds(OfProjects, RegisterSuite):
    slug = "factor-needs"
    rows = [
        {"project": "P1", "kind": "用地（亩）", "needed": "120", "secured": "80.5"},
        {"project": "P2", "kind": "用能（吨标准煤）", "needed": "5,000"},
        {"project": "P3", "kind": "用工（人）", "needed": "300", "note": "技工"},
    ]
    bad_cells = {"project": "并无此项目", "kind": "阳光", "needed": "很多"}
    change = ("secured", "100")


class TestCapacities(OfProjects, RegisterSuite):
    slug = "capacities"
    rows = [
        {"project": "P1", "product": "氧化铝", "quantity": "30", "unit": "万吨/年", "output_10k_cny": "90000"},
        {"project": "P2", "product": "铝锭", "quantity": "20.5", "unit": "万吨/年"},
        {"project": "P3", "product": "轮毂", "quantity": "200", "unit": "万只/年"},
    ]
    bad_cells = {"project": "并无此项目", "quantity": "很多", "unit": LONG}
    change = ("quantity", "35")


class TestProjectYears(OfProjects, RegisterSuite):
    slug = "project-years"
    rows = [
        {
            "project": "P1",
            "year": "2024",
            "list_class": "续建",
            "plan_10k_cny": "3亿",
            "invested_before_10k_cny": "500",
        },
        {"project": "P2", "year": "2024", "list_class": "新开工", "plan_10k_cny": "1000"},
        {"project": "P3", "year": "2023", "list_class": "预备", "goal": "完成前期"},
    ]
    bad_cells = {"project": "并无此项目", "year": "1024", "list_class": "完工", "plan_10k_cny": "很多"}
    change = ("goal", "主体封顶")


class TestMonthlyReports(OfProjects, RegisterSuite):
    slug = "monthly-reports"
    rows = [
        {"project": "P1", "month": "2024-01", "done_month_10k_cny": "100", "done_ytd_10k_cny": "100"},
        {"project": "P2", "month": "2024年1月", "done_month_10k_cny": "30.5", "physical_progress": "基础施工"},
        {"project": "P3", "month": "2024-02", "done_ytd_10k_cny": "0.1亿", "lag_reason": "雨季"},
    ]
    bad_cells = {"project": "并无此项目", "month": "去年", "done_month_10k_cny": "很多", "done_ytd_10k_cny": "2000000"}
    change = ("physical_progress", "主体封顶")


class TestProblems(OfProjects, RegisterSuite):
    slug = "problems"
    rows = [
        {
            "title": "用地指标未落实",
            "project": "P1",
            "kind": "用地问题",
            "owner": "自然资源局",
            "raised_on": "2024-03-01",
        },
        {"title": "贷款未放款", "project": "P2", "kind": "资金问题", "raised_on": "2024-03-02", "due": "2024-04"},
        {"title": "供电容量不足", "project": "P3", "request": "增容", "raised_on": "2024-03-05"},
    ]
    bad_cells = {"project": "并无此项目", "kind": "天气", "raised_on": "去年", "title": LONG}
    change = ("owner", "区政府")


class TestDispatchRounds(RegisterSuite):
    slug = "dispatch-rounds"
    rows = [
        {"month": "2024-01", "due": "2024-02-05", "scope_tiers": "省列、市列", "request": "按时报送"},
        {"month": "2024年2月", "due": "2024-03-05"},
        {"month": "2024-03", "due": "2024-04-05", "is_closed": "是"},
    ]
    bad_cells = {"month": "去年", "due": "月底前"}
    change = ("request", "加快进度")


class TestInvestmentGrowth(RegisterSuite):
    slug = "investment-growth"
    rows = [
        {"place": "620000", "month": "2024-03", "branch": "工业", "growth_pct": "9.5", "rank": "3", "source": "统计局"},
        {"place": "620100", "month": "2024年3月", "branch": "工业", "growth_pct": "-1.2%"},
        {"place": "兰州市", "month": "2024-03", "branch": "制造业", "growth_pct": "14.86"},
    ]
    bad_cells = {"place": "并无此地", "month": "去年", "branch": "农业", "growth_pct": "很快"}
    change = ("source", "统计月报")

    @pytest.fixture
    def surroundings(self, gazetteer: Mapping[str, Any]) -> None:
        """Places."""


class TestTotalRevisions(ComputedSuite):
    slug = "total-revisions"

    @pytest.fixture
    def surroundings(self, projects: Mapping[str, Any]) -> None:
        for day, (code, after, why) in enumerate(
            [("P1", 120_000, "增加生产线"), ("P2", 90_000, ""), ("P3", 1, "缩减")]
        ):
            TotalRevision.objects.create(
                project=projects[code],
                on=dt.date(2024, 3, day + 1),
                before_10k_cny=100_000,
                after_10k_cny=after,
                why=why,
                by="boss",
            )


class TestProjectStandings(ComputedSuite):
    slug = "project-standings"

    @pytest.fixture
    def surroundings(self, projects: Mapping[str, Any]) -> None:
        for code, light, completion in [("P1", "red", "12.5"), ("P2", "green", "70"), ("P3", "none", None)]:
            ProjectStanding.objects.create(
                project=projects[code],
                month="2024-06",
                light=light,
                completion_pct=completion,
                done_ytd_10k_cny=100,
                list_class="continuing",
                since="2024-03",
                why="落后" if light == "red" else "",
            )


@pytest.fixture
def parts(projects: Mapping[str, Any]) -> None:
    """One round with three units and their projects."""
    asked = DispatchRound.objects.create(month="2024-03", due=dt.date(2024, 4, 5))
    for code, state in [("P1", "draft"), ("P2", "returned"), ("P3", "accepted")]:
        place = projects[code].place
        part = Submission.objects.create(
            round=asked,
            place=place,
            enterprise=projects[code].owner,
            unit=place.full_name,
            state=state,
            returned_why="缺项" if state == "returned" else "",
            is_late=code == "P3",
        )
        DueReport.objects.create(round=asked, submission=part, project=projects[code])


class TestSubmissions(ComputedSuite):
    slug = "submissions"

    @pytest.fixture
    def surroundings(self, parts: None) -> None:
        """A round."""


class TestDueReports(ComputedSuite):
    slug = "due-reports"

    @pytest.fixture
    def surroundings(self, parts: None) -> None:
        """A round."""
