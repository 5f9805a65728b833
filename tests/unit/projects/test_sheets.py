"""A county's monthly sheets as they come: titles, group rows, units in heads, serials as dates, new columns, new names."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from lianpu.projects import services
from lianpu.projects.models import DispatchRound, MonthlyReport, Project, ProjectYear
from lianpu.register.declare import registry
from lianpu.register.importing import NEW, SAME, Instructions, Plan, commit, make_plan
from lianpu.register.matching import decide
from lianpu.register.rights import SYSTEM

pytestmark = pytest.mark.django_db
OWNER = "示例铜箔有限公司"
NATIONAL = "2023-620102-32-03-004455"
HEADS = [
    "序号", "项目名称", "项目代码", "投资商\n名称", "所在县区", "总投资\n（亿元）", "建设年限", "列入类别", "年度计划投资\n（万元）",
    "截至上年底累计完成投资（万元）", "开工时间", "本月完成投资\n（万元）", "本年累计完成投资\n（万元）", "形象进度",
]  # fmt: skip
# name, code, owner, district, total (亿元), years, class, plan, before, started
PROJECTS = [
    ("示例年产2万吨铜箔一期项目", NATIONAL, OWNER, "城关区", 6.5, "2023-2025", "续建", 20000, 15000, 45009),
    ("示例年产2万吨铜箔二期项目", "", OWNER, "城关区", 5, "2024-2026", "新开工", 8000, "", "2024年3月"),
    ("示例中药饮片加工基地", "", "示例中药有限公司", "城关区", "1.2亿元", "2024", "新开工", 6000, "", "2024.3"),
    ("示例数据中心改造", "", "示例数据有限公司", "城关区", 0.8, "2023-2024", "续建", 3000, 5000, dt.date(2023, 5, 1)),
    ("示例绿色建材产业园", "", "示例建材有限公司", "城关区", 3, "2024-2026", "预备", "", "", ""),
]


@pytest.fixture
def county(gazetteer: Mapping[str, Any], two_chains: Mapping[str, Any]) -> None:
    """Districts and chains."""


def sheet(
    path: Path,
    month: str,
    rows: Sequence[Sequence[object]],
    heads: Sequence[str] = HEADS,
    *,
    hidden: Sequence[int] = (),
) -> Path:
    """A workbook in the shape that counties send: annex line, title, merged groups between the rows, notes below."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["附件2："])
    page.append([f"城关区{month}重点项目进展情况表"])
    page.merge_cells(start_row=2, start_column=1, end_row=2, end_column=len(heads))
    page.append(list(heads))
    groups = {0: "一、产业类", 3: "二、基础设施类"}
    for number, row in enumerate(rows):
        if number in groups:
            page.append([groups[number]])
            at = page.max_row
            page.merge_cells(start_row=at, start_column=1, end_row=at, end_column=len(heads))
        page.append([number + 1 + (number > 2), *row])  # running numbers with a gap
    page.append(["注：数据由各责任单位提供。"])
    for column in hidden:
        page.column_dimensions[chr(64 + column)].hidden = True
    book.save(path)
    return path


@pytest.fixture
def send(county: None, tmp_path: Path) -> Callable[..., dict[str, Plan]]:
    """Import one workbook into the ledger, the year's list and the month, as a county's office does."""

    def one(path: Path) -> dict[str, Plan]:
        plans = {}
        for slug in ("projects", "project-years", "monthly-reports"):
            plan = make_plan(registry[slug], path, SYSTEM, told=Instructions(sender="城关区"))
            commit(plan, user=SYSTEM, result_folder=tmp_path / slug)
            plans[slug] = plan
        return plans

    return one


def opened(month: str) -> None:
    """The round of a month, opened for a list that may still be empty."""
    DispatchRound.objects.update(is_closed=True)
    DispatchRound.objects.create(month=month, due=dt.date(2024, int(month[5:]) + 1, 5))


def january() -> list[list[object]]:
    done = [(1200, "设备安装"), (300, "基础施工"), (0, "围挡"), (250.5, "机房改造"), ("", "")]
    return [[*one, month, month, words] for one, (month, words) in zip(PROJECTS, done, strict=True)]


def ledger() -> dict[str, tuple[str, Decimal | None]]:
    return {one.code: (one.name, one.total_10k_cny) for one in Project.objects.all()}


def done(month: str) -> dict[str, tuple[Decimal, Decimal]]:
    rows = MonthlyReport.objects.filter(month=month).select_related("project")
    return {one.project.name: (one.done_month_10k_cny, one.done_ytd_10k_cny) for one in rows}


def test_three_months_of_a_county_lose_and_double_nothing(send: Any, tmp_path: Path) -> None:
    opened("2024-01")
    plans = send(sheet(tmp_path / "1月.xlsx", "2024年1月", january(), hidden=[3]))
    assert [str(fault) for fault in plans["projects"].faults] == []
    assert plans["projects"].counts == {NEW: 5}
    assert {one.total_10k_cny for one in Project.objects.all()} == {65000, 50000, 12000, 8000, 30000}
    first = Project.objects.get(national_code=NATIONAL.replace("-", ""))
    assert (first.actual_start, first.start_year, first.end_year) == (dt.date(2023, 3, 24), 2023, 2025)
    assert first.place is not None
    assert first.place.name == "城关区"
    assert ProjectYear.objects.filter(year=2024).count() == 5
    # The reserve project has no figures yet: its line is told as faulty, the others are in.
    assert [fault.reason for fault in plans["monthly-reports"].faults] == ["本月完成与本年累计都没有填"]
    assert set(done("2024-01").values()) == {(1200, 1200), (300, 300), (0, 0), (Decimal("250.5"), Decimal("250.5"))}

    # Untouched, the same file does nothing.
    again = send(tmp_path / "1月.xlsx")
    assert again["projects"].counts == again["project-years"].counts == {SAME: 5}
    assert again["monthly-reports"].counts[SAME] == 4
    known = ledger()

    # February: two columns more, another order, months beside sums.
    opened("2024-02")
    heads = [*HEADS[:5], "责任人", *HEADS[5:], "存在问题"]
    figures = [(800, 2000), (500, 800), (100, 100), (0, 250.5), (0, 0)]
    rows = [
        [*one[:4], "张某", *one[4:], month, ytd, "推进中", "无"]
        for one, (month, ytd) in zip(PROJECTS, figures, strict=True)
    ]
    plans = send(sheet(tmp_path / "2月.xlsx", "2024年2月", rows, heads))
    assert not plans["monthly-reports"].faults
    assert ledger() == known
    assert set(Project.objects.values_list("duty_person", flat=True)) == {"张某"}
    assert done("2024-02")["示例年产2万吨铜箔一期项目"] == (800, 2000)

    # March: amounts in 亿元, three projects renamed (one of them with its national code), one new.
    opened("2024-03")
    heads = [*HEADS[:11], "本月完成投资\n（亿元）", "本年累计完成投资\n（亿元）", HEADS[13]]
    names = {
        0: "示例2万吨/年高档电解铜箔项目（一期）",
        2: "示例中药饮片精深加工基地项目",
        3: "示例算力数据中心改造项目",
    }
    figures = [(0.1, 0.3), (0.05, 0.13), (0.02, 0.03), (0.0249, 0.04995), (0, 0)]
    rows = [
        [names.get(number, one[0]), *one[1:], month, ytd, "推进中"]
        for number, (one, (month, ytd)) in enumerate(zip(PROJECTS, figures, strict=True))
    ]
    rows.append(
        [
            "示例氢能装备制造项目",
            "",
            "示例氢能有限公司",
            "城关区",
            2,
            "2024-2025",
            "新开工",
            5000,
            "",
            "",
            0.01,
            0.01,
            "开工",
        ]
    )
    plans = send(sheet(tmp_path / "3月.xlsx", "2024年3月", rows, heads))
    assert plans["projects"].counts[NEW] == 1
    assert [one.new for one in plans["projects"].corrections] == [names[2], names[3]]
    assert not plans["monthly-reports"].faults, [str(fault) for fault in plans["monthly-reports"].faults]
    assert Project.objects.count() == 6
    assert {code for code in ledger() if code in known} == set(known)
    renamed = {one.name: one.former_names for one in Project.objects.exclude(former_names=[])}
    assert renamed == {new: [PROJECTS[number][0]] for number, new in names.items()}
    assert done("2024-03")[names[0]] == (1000, 3000)
    assert done("2024-03")[names[3]] == (249, Decimal("499.5"))
    total = MonthlyReport.objects.filter(project__name=names[0]).order_by("month")
    assert [one.done_month_10k_cny for one in total] == [1200, 800, 1000], "three months of one project, not of two"


def test_a_rename_that_the_sender_rejects_is_a_new_project(send: Any, tmp_path: Path) -> None:
    opened("2024-01")
    send(sheet(tmp_path / "1月.xlsx", "2024年1月", january()))
    rows = [["示例中药饮片精深加工基地项目", *PROJECTS[2][1:], 0, 0, ""]]
    path = sheet(tmp_path / "改.xlsx", "2024年1月", rows)
    said = make_plan(registry["projects"], path, SYSTEM)
    assert [row.outcome for row in said.rows] == ["changed"]
    rejected = frozenset(one.kind for one in said.corrections)
    assert [
        row.outcome for row in make_plan(registry["projects"], path, SYSTEM, told=Instructions(rejected=rejected)).rows
    ] == ["new"]


def test_phases_of_one_project_are_not_taken_for_one_another(send: Any, tmp_path: Path) -> None:
    opened("2024-01")
    send(sheet(tmp_path / "1月.xlsx", "2024年1月", january()))
    third = ["示例年产2万吨铜箔三期项目", "", OWNER, "城关区", 4, "2025-2027", "预备", "", "", "", "", "", ""]
    plan = make_plan(registry["projects"], sheet(tmp_path / "三期.xlsx", "2024年1月", [third]), SYSTEM)
    assert plan.counts == {NEW: 1}


def test_a_month_that_names_a_project_otherwise_asks_once(send: Any, tmp_path: Path) -> None:
    """Sent for the month alone, without the ledger's step: a likeness is a question, and the answer holds."""
    opened("2024-01")
    send(sheet(tmp_path / "1月.xlsx", "2024年1月", january()))
    opened("2024-02")
    path = sheet(tmp_path / "2月.xlsx", "2024年2月", [["示例中药饮片基地", *PROJECTS[2][1:], 5, 5, ""]])
    plan = make_plan(registry["monthly-reports"], path, SYSTEM)
    question = plan.questions[0]
    assert question.proposals[0].label.startswith("示例中药饮片加工基地")
    decide(user=SYSTEM, register=registry["monthly-reports"], column="project", text=question.text,
           target=question.proposals[0].id)  # fmt: skip
    again = make_plan(registry["monthly-reports"], path, SYSTEM)
    assert not again.questions
    assert [row.outcome for row in again.rows] == ["new"]


def test_one_project_in_two_files_with_different_amounts_is_told(send: Any, tmp_path: Path) -> None:
    opened("2024-01")
    send(sheet(tmp_path / "1月.xlsx", "2024年1月", january()))
    other = [*PROJECTS[2][:4], 1.5, *PROJECTS[2][5:], 0, 0, ""]
    plan = make_plan(registry["projects"], sheet(tmp_path / "另一份.xlsx", "2024年1月", [other]), SYSTEM)
    assert "台账总投资为12000万元" in plan.faults[0].reason
    project = Project.objects.get(name="示例中药饮片加工基地")
    services.revise_total(user=SYSTEM, project=project, total_10k_cny=Decimal(15000), why="扩大规模")
    plan = make_plan(registry["projects"], tmp_path / "另一份.xlsx", SYSTEM)
    assert not plan.faults
