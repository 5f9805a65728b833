"""If these projects succeeded: what the page shows, to whom, and what of it is kept."""

import datetime as dt
import io
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from docx import Document
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from lianpu.chains.models import DiagnosisRun, Placement, SegmentState
from lianpu.chains.services import diagnose_place, place_enterprises
from lianpu.desk.dossier import write_dossier
from lianpu.desk.scenario.outcome import Outcome, outcome_of
from lianpu.projects.identity import project_key
from lianpu.projects.models import Capacity, FactorNeed, Project
from lianpu.promotion.models import Lead
from lianpu.register.reading import UnreadableError
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import ComputedSuite, RegisterSuite, grant, signed_in
from lianpu.scenarios.models import IoTable, Scenario
from lianpu.scenarios.queries import io_table_in_use, kept_scenarios, picked, read_io_table
from lianpu.scenarios.services import load_io_table


class TestScenarioRegister(RegisterSuite):
    slug = "scenarios"
    rows = [
        {"name": "金昌情景", "place": "620300", "chain": "汽车", "projects": "P9", "why": "外市项目"},
        {"name": "两个项目投产", "place": "620111", "chain": "LV", "projects": "P2；P3", "why": "专题会"},
        {"name": "整车落地", "place": "红古区", "chain": "LV", "leads": "L3", "why": "招商例会"},
    ]
    bad_cells = {"place": "无此地", "chain": "无此链"}
    change = ("why", "专题会二次研究")

    @pytest.fixture
    def surroundings(self, gazetteer: Mapping[str, Any], two_chains: Mapping[str, Any]) -> None:
        """Places and chains."""


class TestIoTables(ComputedSuite):
    slug = "io-tables"

    @pytest.fixture
    def surroundings(self, db: None) -> None:
        for name, sectors in [("全国2020", 42), ("全国2017", 42), ("示例投入产出表", 7)]:
            IoTable.objects.create(name=name, file=f"{name}.parquet", sectors=sectors, matched=5, source_hash="0" * 64)


def project(code: str, place: Any, segment: Any, owner: Any = None, **facts: Any) -> Project:
    name = f"示例项目{code}"
    return Project.objects.create(
        code=code,
        name=name,
        name_key=project_key(name),
        owner=owner,
        owner_name=owner.name if owner else f"示例投资方{code}",
        place=place,
        chain=segment.chain,
        segment=segment,
        total_10k_cny=Decimal(50_000),
        stage="building",
        is_sample=True,
        **facts,
    )


@pytest.fixture
def city(
    firms: Mapping[str, Any], two_chains: Mapping[str, Any], gazetteer: Mapping[str, Any], home: Path
) -> DiagnosisRun:
    """兰州 diagnosed: it has castings for wheels and no car works; three projects and a signed lead are to come."""
    place_enterprises(user=SYSTEM)
    cars = project("P1", gazetteer["620102"], two_chains["QC-3101"])
    Capacity.objects.create(project=cars, product="整车", quantity=1, unit="万辆", output_10k_cny=Decimal(80_000))
    project("P2", gazetteer["620111"], two_chains["LV-2101"], owner=firms["甲"])
    project("P3", gazetteer["620302"], two_chains["LV-1101"], owner=firms["己"])
    for kind, needed, secured in [("land_mu", 120, 20), ("jobs", 300, 300)]:
        FactorNeed.objects.create(project=cars, kind=kind, needed=needed, secured=secured)
    Lead.objects.create(
        code="L1",
        name="示例氧化铝基地",
        name_key="示例氧化铝基地",
        counterpart="示例招商方",
        place=gazetteer["620111"],
        chain=two_chains["LV-1101"].chain,
        segment=two_chains["LV-1101"],
        found_on=dt.date(2024, 1, 1),
        signed_on=dt.date(2024, 2, 1),
        signed_10k_cny=Decimal(30_000),
        stage="signed",
        is_sample=True,
    )
    return diagnose_place(user=SYSTEM, place=gazetteer["620100"])


TABLE = """代码,名称,13,14,总产出
13,非金属,10,20,100
14,金属,30,40,200
TII,中间投入,40,60,
"""


@pytest.fixture
def table(city: DiagnosisRun, tmp_path: Path) -> IoTable:
    file = tmp_path / "表.csv"
    file.write_text(TABLE)
    return load_io_table(user=SYSTEM, path=file, name="两部门表", unit="亿元")


def supposed(user: Any, run: DiagnosisRun, *codes: str, leads: tuple[str, ...] = ()) -> Outcome:
    return outcome_of(user, run, picked(user, run.place, codes, leads))


def test_a_car_works_fills_its_segment_and_nothing_is_written(city: DiagnosisRun) -> None:
    before = Placement.objects.count(), SegmentState.objects.count(), DiagnosisRun.objects.count()
    outcome = supposed(SYSTEM, city, "P1")
    assert [(one.segment.code, one.before, one.firms_after) for one in outcome.up] == [("QC-3101", "missing", 1)]
    assert [one.item.code for one in outcome.up[0].arrivals] == ["P1"]
    assert [(one.segment.code, one.kind) for one in outcome.fresh] == [("QC-3101", "strengthen")], "it stands alone"
    assert outcome.filled == (5, 6, 7)
    assert [(one.kind, one.needed, one.lacking) for one in outcome.factors] == [("land_mu", 120, 100), ("jobs", 300, 0)]
    assert (Placement.objects.count(), SegmentState.objects.count(), DiagnosisRun.objects.count()) == before


def test_a_project_in_the_gap_between_feeders_and_users_answers_its_finding(
    city: DiagnosisRun, firms: Mapping[str, Any], gazetteer: Mapping[str, Any]
) -> None:
    Placement.objects.filter(enterprise=firms["甲"]).delete()
    run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
    outcome = supposed(SYSTEM, run, "P2")
    assert [(one.segment.code, one.kind, one.rank_before) for one in outcome.answered] == [("LV-2101", "fill", 1)]
    assert outcome.answered[0].stored is not None
    assert [one.segment.code for one in outcome.up] == ["LV-2101"]


def test_an_owner_who_stands_there_already_is_no_further_firm(city: DiagnosisRun) -> None:
    outcome = supposed(SYSTEM, city, "P2")
    assert outcome.segments == []
    assert outcome.filled == (5, 5, 7)


def test_what_people_rejected_a_scenario_does_not_bring_back(city: DiagnosisRun, firms: Mapping[str, Any]) -> None:
    Placement.objects.filter(enterprise=firms["甲"]).update(state=Placement.Decision.REJECTED)
    outcome = supposed(SYSTEM, city, "P2")
    assert [one.item.code for one in outcome.without_segment] == ["P2"]
    assert outcome.up == []


def test_a_signed_lead_counts_like_a_project_and_a_project_of_another_city_does_not(city: DiagnosisRun) -> None:
    outcome = supposed(SYSTEM, city, "P3", "P9", leads=("L1",))
    assert [one.segment.code for one in outcome.up] == ["LV-1101"]
    assert outcome.chosen.unknown == ["P3", "P9"]
    assert outcome.investment == 30_000


def test_stated_output_draws_on_the_sectors_of_the_table(city: DiagnosisRun, table: IoTable) -> None:
    outcome = supposed(SYSTEM, city, "P1", "P2")
    drawn = outcome.drawn.draws
    assert drawn is not None
    assert (drawn.added, drawn.imbalance < 1e-9) == (80_000, True)
    rows = {one.sector: one for one in outcome.draws}
    assert rows["14"].direct == pytest.approx(80_000 * 40 / 200)
    assert rows["13"].direct == pytest.approx(80_000 * 20 / 200)
    # (I − A)⁻¹ of A = [[0.1, 0.1], [0.3, 0.2]] has 0.9/0.69 and 0.1/0.69 in the second column
    assert rows["14"].total == pytest.approx(80_000 * (0.9 / 0.69 - 1))
    assert rows["13"].total == pytest.approx(80_000 * 0.1 / 0.69)
    assert [one.item.code for one in outcome.drawn.unstated] == ["P2"]
    assert {one.code for one in rows["14"].absent} == {"LV-1101"}


def test_without_a_table_the_page_says_how_to_get_one(city: DiagnosisRun, admin_client: Client) -> None:
    assert supposed(SYSTEM, city, "P1").draws == []
    assert "lianpu io load" in admin_client.get("/scenario/?p=P1").content.decode()


def test_a_real_table_goes_before_the_sample_and_what_is_no_table_is_refused(table: IoTable, tmp_path: Path) -> None:
    IoTable.objects.create(name="示例", file="x", sectors=42, matched=99, source_hash="0", is_sample=True)
    assert io_table_in_use() == table
    stored, labels = read_io_table(table)
    assert (stored.x.tolist(), labels) == ([1e6, 2e6], {"13": "非金属", "14": "金属"})
    wrong = tmp_path / "x.csv"
    wrong.write_text("名称,数\n甲,1\n")
    with pytest.raises(UnreadableError, match="Code"):
        load_io_table(user=SYSTEM, path=wrong)


def test_a_clerk_of_one_district_supposes_with_the_projects_of_the_district(
    city: DiagnosisRun, gazetteer: Mapping[str, Any]
) -> None:
    actions = {"*": ["view", "export"], "scenarios": ["view", "add", "change"]}
    clerk = grant("clerk", actions, place_path=gazetteer["620111"].path)
    assert supposed(clerk, city, "P1", "P2").chosen.unknown == ["P1"]
    browser = signed_in(clerk)
    kept = browser.post(
        "/scenario/keep/", {"place": "620100", "p": ["P2"], "l": ["L1"], "name": "红古情景", "why": "区长办公会"}
    )
    row = Scenario.objects.get()
    assert kept.headers["Location"] == f"/scenario/?saved={row.pk}"
    assert (row.place.code, row.projects, row.leads, row.by, row.chain.code) == (
        "620111",
        ["P2"],
        ["L1"],
        "clerk",
        "LV",
    )
    assert row.shown["filled"] == 6
    elsewhere = grant("other", actions, place_path=gazetteer["620102"].path)
    assert list(kept_scenarios(elsewhere)) == []
    assert signed_in(elsewhere).get(f"/scenario/?saved={row.pk}").status_code == 404
    assert list(kept_scenarios(SYSTEM, row.chain)) == [row]


def test_whoever_sees_one_chain_is_told_of_that_chain_alone(city: DiagnosisRun) -> None:
    officer = grant("officer", {"*": ["view"]}, chain_code="LV")
    outcome = supposed(officer, city, "P2", leads=("L1",))
    assert {one.segment.chain.code for one in [*outcome.segments, *outcome.findings]} == {"LV"}
    assert outcome.filled[2] == 5


def test_a_kept_scenario_opens_compares_and_can_be_taken_away(city: DiagnosisRun, admin_client: Client) -> None:
    for name, codes in [("甲案", ["P1"]), ("乙案", ["P1", "P2"])]:
        admin_client.post("/scenario/keep/", {"p": codes, "name": name, "why": "比选"})
    first, second = Scenario.objects.order_by("pk")
    assert "示例项目P1" in admin_client.get(f"/scenario/?saved={first.pk}").content.decode()
    page = admin_client.get(f"/scenario/compare/?s={first.pk}&s={second.pk}").content.decode()
    assert "甲案" in page
    assert "5 → 6 / 7" in page
    file = admin_client.get(f"/scenario/scenario.xlsx?saved={second.pk}").content
    book = CalamineWorkbook.from_filelike(io.BytesIO(file))
    changed = book.get_sheet_by_name("环节变化").to_python()
    assert changed[1][:5] == ["汽车", "QC-3101", "整车", "缺失", "均衡"]


def test_leads_leave_in_a_workbook_only_for_those_who_may_export_them(city: DiagnosisRun) -> None:
    reader = signed_in(grant("reader", {"*": ["view"], "projects": ["export"]}))
    assert reader.get("/scenario/scenario.xlsx?p=P1").status_code == 200
    assert reader.get("/scenario/scenario.xlsx?p=P1&l=L1").status_code == 403


def test_an_address_written_by_hand_is_answered_in_words(city: DiagnosisRun, admin_client: Client) -> None:
    assert admin_client.get("/scenario/?saved=²").status_code == 404
    assert admin_client.get("/scenario/compare/?s=²").status_code == 200
    admin_client.post("/scenario/keep/", {"p": ["P1"], "name": "甲案", "why": "比选", "origin": "别处"})
    assert Scenario.objects.get().origin == Scenario.Origin.PICKED


def test_nothing_picked_or_no_reason_is_not_kept(city: DiagnosisRun, admin_client: Client) -> None:
    admin_client.post("/scenario/keep/", {"name": "空", "why": "试"})
    admin_client.post("/scenario/keep/", {"name": "无理由", "why": " ", "p": ["P1"]})
    assert not Scenario.objects.exists()


def test_projects_picked_on_the_ledgers_list_are_supposed(city: DiagnosisRun, admin_client: Client) -> None:
    rows = [str(one.pk) for one in Project.objects.filter(code__in=["P1", "P3"])]
    assert 'formaction="/scenario/"' in admin_client.get("/projects/").content.decode()
    page = admin_client.post("/scenario/", {"row": rows, "query": "/projects/"})
    assert [one.item.code for one in page.context["outcome"].arrivals] == ["P1"]
    assert page.context["chosen"].unknown == ["P3"], "of another city"


def test_every_sum_opens_to_its_rows(city: DiagnosisRun, admin_client: Client) -> None:
    outcome = supposed(SYSTEM, city, "P1")
    assert "示例项目P1" in admin_client.get(outcome.factors[0].url).content.decode()
    listed = admin_client.get(outcome.projects_url).content.decode()
    assert "示例项目P1" in listed
    assert "示例项目P2" not in listed
    assert (
        "8.00亿" in admin_client.get(outcome.outputs_url).content.decode()
        or "80,000" in admin_client.get(outcome.outputs_url).content.decode()
    )


def test_the_chains_book_tells_its_scenarios_and_the_linkages_of_its_sectors(
    city: DiagnosisRun, table: IoTable, two_chains: Mapping[str, Any], gazetteer: Mapping[str, Any]
) -> None:
    admin = grant("boss", {"*": ["*"]})
    for name, codes in [("整车案", ["P1"]), ("铝业案", ["P2"])]:
        body = {"place": "620100", "p": codes, "name": name, "why": "比选"}
        assert signed_in(admin).post("/scenario/keep/", body).status_code == 302
    chain = two_chains["QC-3101"].chain
    book = Document(io.BytesIO(write_dossier(user=admin, chain=chain, place=gazetteer["620100"], form="docx")))
    rows = [[cell.text for cell in row.cells] for one in book.tables for row in one.rows]
    assert [row[:4] for row in rows if "案（示例）" in row[0]] == [["整车案（示例）", "1", "整车缺失→均衡", "无"]]
    # L = [[0.8, 0.1], [0.3, 0.9]] / 0.69: column sums 1.1 and 1.0, row sums 0.9 and 1.2
    sector = next(row for row in rows if row[0] == "金属")
    assert sector == ["金属", "2", f"{1.0 / 1.05:.2f}", f"{1.2 / 1.05:.2f}", "74.1", ""]  # 1.0 × 200 / 0.9 of 300
    sheets = load_workbook(io.BytesIO(write_dossier(user=admin, chain=chain, place=gazetteer["620100"], form="xlsx")))
    assert {"情景推演", "所涉部门的投入产出关联"} <= set(sheets.sheetnames)
