"""Standings, the board and its rows, the papers: one set of figures, told the same everywhere."""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from lianpu.projects import services
from lianpu.projects.board import Board
from lianpu.projects.lights import BadRulesError, rule_sets, rules_in_force
from lianpu.projects.models import (
    DispatchRound,
    Funding,
    InvestmentGrowth,
    MonthlyReport,
    Project,
    ProjectStanding,
    ProjectYear,
)
from lianpu.projects.papers.facts import Bulletin
from lianpu.register.declare import registry
from lianpu.register.listing import Listing
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def june(projects: Mapping[str, Project], in_year: Callable[..., Any], reported: Callable[..., Any]) -> None:
    """Half a year of three projects: P1 15 % and red, P2 60 % and green, P3 nothing reported since March, 45 %."""
    for code in projects:
        in_year(code, plan=10_000, before=500, list_class="new_start" if code == "P3" else "continuing")
    for number in range(1, 7):
        reported("P1", f"2024-{number:02}", 250, 250 * number)
        reported("P2", f"2024-{number:02}", 1000, 1000 * number)
    for number in range(1, 4):
        reported("P3", f"2024-{number:02}", 1500, 1500 * number)
    Project.objects.filter(code="P3").update(leader="李某", plan_start=dt.date(2024, 1, 1), actual_start="2024-02-10",
                                             in_stat_lib=True)  # fmt: skip
    Project.objects.filter(code__in=["P1", "P2"]).update(in_stat_lib=True)


def standing(code: str) -> ProjectStanding:
    return ProjectStanding.objects.get(project__code=code)


def test_a_standing_says_light_since_and_why(june: None) -> None:
    assert services.refresh() == 3
    red, green = standing("P1"), standing("P2")
    assert (red.light, red.month, red.since) == ("red", "2024-06", "2024-06")
    assert (red.completion_pct, red.lead_points) == (Decimal("15.0"), Decimal("-35.0"))
    assert red.why == "完成年度计划15.0%，序时50.0%，落后35.0个百分点"
    assert (red.done_ytd_10k_cny, red.done_total_10k_cny) == (Decimal(1500), Decimal(2000))
    assert (green.light, green.since, green.why) == ("green", "2024-01", "")


def test_what_was_not_reported_is_carried_on_and_said(june: None) -> None:
    services.refresh()
    held = standing("P3")
    assert (held.reported_month, held.done_ytd_10k_cny, held.done_month_10k_cny) == ("2024-03", Decimal(4500), None)
    assert (held.light, held.list_class) == ("green", "new_start"), "5 points behind, started, in statistics"


def test_standings_follow_forms_and_files_by_their_records(june: None) -> None:
    from lianpu.register.history import acting

    services.refresh()
    assert services.keep_up() == 0
    with acting("某", reason="更正"):
        MonthlyReport.objects.filter(project__code="P1", month="2024-06").update(
            done_month_10k_cny=4250, done_ytd_10k_cny=5500
        )
    assert services.keep_up() == 1
    assert standing("P1").light == "green"
    assert services.keep_up() == 0
    ProjectYear.objects.filter(project__code="P1").delete()
    assert services.keep_up() == 1
    assert not ProjectStanding.objects.filter(project__code="P1").exists()


def test_a_month_counts_once_its_round_is_over(june: None) -> None:
    asked = DispatchRound.objects.create(month="2024-05", due=dt.date(2024, 6, 5))
    DispatchRound.objects.create(month="2024-06", due=dt.date(2024, 7, 5))
    assert services.current_month(dt.date(2024, 6, 5)) == ""
    assert services.current_month(dt.date(2024, 6, 6)) == "2024-05"
    assert services.current_month(dt.date(2024, 7, 6)) == "2024-06"
    DispatchRound.objects.filter(pk=asked.pk).update(is_closed=True)
    assert services.current_month(dt.date(2024, 6, 5)) == "2024-05"


def test_public_funds_and_excuses_are_read_where_rules_ask(june: None, home: Path) -> None:
    (home / "lights.yaml").write_text(
        "- {key: own, name: 本市, progress: {family: ratio, yellow: 0.8, red: 0.6}, funds: {least: 1}}\n"
        "- {key: late, name: 开工, start: {}}\n",
        encoding="utf-8",
    )
    assert [one.key for one in rule_sets()] == ["own", "late", "default", "ratio", "season"]
    Funding.objects.create(
        project=Project.objects.get(code="P2"), source="budget", planned_10k_cny=100, paid_10k_cny=49
    )
    services.refresh()
    assert standing("P2").light == "red"
    assert standing("P2").why == "计划100万元，已支付49万元"
    assert Board(SYSTEM, "2024-06", rules_in_force("late")).total.lights == {"red": 0, "yellow": 0, "green": 1}


def test_rules_that_make_no_sense_are_told_with_their_place(home: Path) -> None:
    for text in ("- {progress: {family: days}}", "- [1]", "{: :", "- {schedule: [1]}"):
        (home / "lights.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(BadRulesError, match=r"lights\.yaml"):
            rule_sets()
        (home / "lights.yaml").unlink()


def test_the_board_ranks_and_its_figures_are_those_of_their_rows(june: None) -> None:
    board = Board(SYSTEM, "2024-06")
    total = board.total
    assert (total.projects, total.plan_10k_cny, total.done_ytd_10k_cny) == (3, Decimal(30_000), Decimal(12_000))
    assert (total.completion_pct, total.lead_points, total.start_rate_pct) == (
        Decimal("40.0"), Decimal("-10.0"), Decimal("100.0")
    )  # fmt: skip
    lines = board.lines("place")
    assert [(one.name, one.rank) for one in lines] == [("红古区", 1), ("城关区", 2), ("金川区", 3)]
    for way in ("leader", "place", "zone", "chain", "tier", "list_class"):
        lines = board.lines(way)
        assert sum(one.projects for one in lines) == total.projects
        assert sum(one.done_ytd_10k_cny for one in lines) == total.done_ytd_10k_cny
        for one in [*lines, total]:
            asked = (way, one.key) if one is not total else ("", "")
            assert board.rows_behind(*asked, "projects").height == one.projects
            assert board.rows_behind(*asked, "projects")["done_ytd_cny"].sum() == one.done_ytd_10k_cny * 10_000
            for figure in ("red", "yellow", "green", "unreported", "started", "new_starts"):
                assert board.rows_behind(*asked, figure).height == getattr(one, figure), (way, figure)
    assert Board(SYSTEM, "2024-06", only={"leader": "李某"}).total.projects == 1


def test_the_same_month_under_two_families_of_rules(june: None) -> None:
    lights = {key: Board(SYSTEM, "2024-06", rules_in_force(key)).total.lights for key in ("default", "ratio")}
    assert lights["default"] == {"red": 1, "yellow": 0, "green": 2}
    assert lights["ratio"] == {"red": 1, "yellow": 0, "green": 2}


def test_an_empty_year_has_an_empty_board(projects: Any) -> None:
    board = Board(SYSTEM, "2031-06")
    assert (board.total.projects, board.total.completion_pct, board.lines("place")) == (0, None, [])


def test_people_see_the_board_of_their_reach(june: None) -> None:
    place = Project.objects.get(code="P2").place
    assert place is not None
    clerk = grant("hg", {"*": ["view"]}, place_path=place.path)
    assert Board(clerk, "2024-06").total.projects == 1


def test_lists_filter_by_light_year_and_upgrade(june: None) -> None:
    services.refresh()
    Project.objects.filter(code="P2").update(smart=True, stage="completed", actual_finish="2024-05-01")

    def found(**params: str) -> list[str]:
        listing = Listing(
            registry["projects"], SYSTEM, {name.replace("__", "."): text for name, text in params.items()}
        )
        codes = [row.code for row in listing.rows]
        assert not listing.errors, listing.errors
        return codes

    assert found(f__light="红灯") == ["P1"]
    assert found(f__listed="2024", f__upgrade="*") == ["P2"]
    assert found(f__upgrade="绿色化") == []
    assert found(f__finished="2024") == ["P2"]
    assert found(f__problems="是") == []
    assert found(sort="-completion") == ["P2", "P3", "P1"]


def text_of(word: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(word)) as parts:
        return re.sub(r"<[^>]+>", "", parts.read("word/document.xml").decode())


@pytest.fixture
def growth(gazetteer: Mapping[str, Any]) -> None:
    for code, month, pct, branch in [
        ("620100", "2024-06", "8.2", "all"), ("620100", "2024-05", "7.0", "all"), ("620100", "2023-06", "9.1", "all"),
        ("620000", "2024-06", "6.5", "all"), ("100000", "2024-06", "9.0", "all"), ("620111", "2024-06", "12.0", "all"),
        ("620102", "2024-06", "-3.1", "all"), ("620104", "2024-06", "2.0", "all"), ("620111", "2024-05", "10.5", "all"),
        ("620100", "2024-06", "14.86", "manufacturing"),
    ]:  # fmt: skip
        InvestmentGrowth.objects.create(place=gazetteer[code], month=month, growth_pct=Decimal(pct), branch=branch)


def test_the_bulletin_says_what_the_board_says(june: None, growth: None) -> None:
    from lianpu.projects.papers.bulletin import document

    services.refresh()
    facts = Bulletin(Board(SYSTEM, "2024-06"))
    said = text_of(document(facts))
    assert facts.city.name == "兰州市"
    for words in (
        "2024年1—6月，兰州市列入年度列表的重点项目3个，总投资30.00亿元，年度计划投资3.00亿元",
        "累计完成投资1.20亿元",
        "完成年度计划的40.0%，落后序时进度10.0个百分点（序时50.0%）",
        "较上月累计提高4.2个百分点",
        "开工率100.0%",
        "有1个项目本月未报",
        "兰州市工业投资增长8.20%，高于甘肃省1.70个百分点，低于中国0.80个百分点",
        "较上年同期回落0.90个百分点",
        "制造业增长14.86%",
        "高于全市平均的有1个：红古区（12.00%）",
        "下降的有1个：城关区（-3.10%）",
        "红灯1个",
        "示例金川炉料项目",
        "没有未销号的问题",
        "【示例】",
    ):
        assert words in said, words


def test_growth_is_told_as_published_never_as_a_quotient(june: None) -> None:
    """Without a published figure there is no growth in the bulletin, however many levels are on record."""
    from lianpu.projects.papers.bulletin import document

    assert "增长" not in text_of(document(Bulletin(Board(SYSTEM, "2024-06"))))


def test_the_workbook_holds_every_project_and_the_same_sums(june: None, tmp_path: Path) -> None:
    from python_calamine import CalamineWorkbook

    from lianpu.projects.papers.workbook import workbook

    path = tmp_path / "月报.xlsx"
    path.write_bytes(workbook(Bulletin(Board(SYSTEM, "2024-06"))))
    book = CalamineWorkbook.from_path(str(path))
    heads, *rows = book.get_sheet_by_name("分县区").to_python()[2:]
    assert rows[-1][heads.index("累计完成（万元）")] == 12_000
    heads, *rows = book.get_sheet_by_name("项目明细").to_python()[2:]
    assert {row[0] for row in rows} == {"P1", "P2", "P3"}
    assert sum(row[heads.index("累计完成（万元）")] for row in rows) == 12_000


def test_a_red_project_gets_its_letter_and_no_other_does(june: None, admin_client: Client) -> None:
    services.refresh()
    red, green = (Project.objects.get(code=code) for code in ("P1", "P2"))
    red.problems.create(title="用地指标未落实", raised_on="2024-05-01", level="city")
    answer = admin_client.post(f"/dispatch/letters/{red.pk}/")
    said = text_of(answer.content)
    for words in (
        "项 目 督 办 函",
        "示例金川炉料项目",
        "自2024-06起亮红灯",
        "落后35.0个百分点",
        "用地指标未落实",
        "市级",
    ):
        assert words in said, words
    assert admin_client.post(f"/dispatch/letters/{green.pk}/").status_code == 302


@pytest.mark.parametrize(
    "page",
    ["", "?by=leader&month=2024-06&rules=ratio", "rows/?month=2024-06&by=place&key=-&figure=projects",
     "rows/?month=2024-06&figure=red", "gantt/?month=2024-06", "map/?month=2024-06", "?chain=LV&month=2024-06",
     "?month=2031-01"],
)  # fmt: skip
def test_pages_open(june: None, admin_client: Client, page: str) -> None:
    services.refresh()
    assert admin_client.get(f"/dispatch/{page}").status_code == 200


def test_pages_refuse_what_is_not_there(june: None, admin_client: Client, client: Client) -> None:
    assert admin_client.get("/dispatch/?chain=XX").status_code == 404
    assert admin_client.get("/dispatch/rows/?figure=profit").status_code == 404
    client.force_login(grant("nobody", {"places": ["view"]}))
    assert client.get("/dispatch/").status_code == 403


def test_the_bulletin_comes_from_the_page(june: None, admin_client: Client) -> None:
    for form in ("docx", "xlsx"):
        answer = admin_client.post(f"/dispatch/bulletin/{form}/", {"month": "2024-06"}, follow=True)
        assert answer.status_code == 200
        assert f"重点项目投资月报2024-06.{form}".encode() in str(answer.headers).encode() or answer.streaming
    assert admin_client.post("/dispatch/bulletin/pdf/").status_code == 404


def test_the_projects_page_shows_its_progress(june: None, admin_client: Client) -> None:
    services.refresh()
    project = Project.objects.get(code="P1")
    page = admin_client.get(registry["projects"].url("detail", project.pk)).content.decode()
    for words in ("落后35.0个百分点", "督办函", 'id="curve-data"', "记为投产"):
        assert words in page, words
