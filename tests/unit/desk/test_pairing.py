"""Who here could supply whom, whom to invite for a gap, what falls with a segment: within what the reader may see."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from lianpu.chains.models import DiagnosisRun, Finding, Segment
from lianpu.chains.services import diagnose_place, place_enterprises
from lianpu.chains.services.references import keep_reference, reference_firms, reference_frame
from lianpu.desk.pairing import critical_of, falls_of, pairs_of, targets_of
from lianpu.enterprises.models import Enterprise
from lianpu.places.models import Place
from lianpu.promotion.models import Lead
from lianpu.promotion.queries import pursued_findings
from lianpu.promotion.services import withdraw
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant

ELSEWHERE = [
    ("东海汽车股份有限公司", "东海", "滨海", "QC-3101"),
    ("东海汽车股份有限公司甘肃分公司", "甘肃", "兰州", None),
    ("岭南整车有限公司", "岭南", "羊城", "QC-3101"),
    ("岭南整车有限公司东海分公司", "东海", "滨海", None),
    ("独行整车有限公司", "岭南", "羊城", "QC-3101"),
    ("独行整车经营部", "岭南", "羊城", "QC-3101"),
]


@pytest.fixture
def city(
    firms: Mapping[str, Enterprise], two_chains: Mapping[str, Segment], gazetteer: Mapping[str, Place], home: Path
) -> DiagnosisRun:
    """兰州 with its firms placed and diagnosed against six firms elsewhere, of which four stand on a segment."""
    place_enterprises(user=SYSTEM)
    frame = pl.DataFrame(ELSEWHERE, schema=["name", "province", "city", "segment"], orient="row").with_row_index("firm")
    frame = frame.with_columns(pl.col("firm").cast(pl.Int64), uscc=pl.lit(""))
    placed = frame.drop_nulls("segment").select("firm", "segment", role=pl.lit("makes"), confidence=pl.lit(0.9))
    keep_reference(
        user=SYSTEM,
        name="对照",
        firms=frame.drop("segment"),
        placements=placed,
        source_hash="abc",
        model_version="m1",
        is_sample=False,
    )
    return diagnose_place(user=SYSTEM, place=gazetteer["620100"])


def pair_names(user: Any, segment: Segment, run: DiagnosisRun) -> list[tuple[str, str]]:
    return [(one.supplier.name[2], one.buyer.name[2]) for one in pairs_of(user, segment, run.place, samples=True)]


def test_aluminium_goes_to_the_profile_works_and_the_wheel_works(
    city: DiagnosisRun, two_chains: Mapping[str, Segment]
) -> None:
    assert pair_names(SYSTEM, two_chains["LV-2101"], city) == [("甲", "丙"), ("甲", "庚")]
    first = pairs_of(SYSTEM, two_chains["LV-2101"], city.place, samples=True)[0]
    assert first.score == pytest.approx(sum(line.points for line in first.lines))
    assert [line.words for line in first.lines][:2] == ["铝型材需要电解铝", "同一城市"]
    assert pair_names(SYSTEM, two_chains["LV-3101"], city) == []


def test_a_clerk_of_one_district_is_told_of_no_firm_outside_it(
    city: DiagnosisRun, two_chains: Mapping[str, Segment], gazetteer: Mapping[str, Place]
) -> None:
    clerk = grant("clerk", {"*": ["view", "export"]}, place_path=gazetteer["620111"].path)
    assert pair_names(clerk, two_chains["LV-2101"], city) == []
    assert pair_names(clerk, two_chains["LV-2102"], city) == [("乙", "甲")]


def test_targets_are_ranked_by_reach_and_ties_and_told_why(
    city: DiagnosisRun, two_chains: Mapping[str, Segment]
) -> None:
    found = targets_of(SYSTEM, ["QC-3101"], city)["QC-3101"]
    assert [one.name for one in found] == ["东海汽车股份有限公司", "岭南整车有限公司", "独行整车有限公司"]
    group, reach = (next(line for line in found[0].lines if line.part == part) for part in ("group", "reach"))
    assert group.words == "本地已有其分支：东海汽车股份有限公司甘肃分公司"
    assert reach.words == "在2个省份有分支或总部；股份制或集团企业"
    assert all(one.score == pytest.approx(sum(line.points for line in one.lines)) for one in found)


def test_firms_on_no_segment_are_kept_for_reach_and_counted_nowhere(city: DiagnosisRun) -> None:
    assert city.reference is not None
    assert reference_frame(city.reference).height == 4
    assert reference_firms(city.reference)["firm"].n_unique() == len(ELSEWHERE)


def test_no_electrolysis_no_profiles_and_no_wheels(city: DiagnosisRun, two_chains: Mapping[str, Segment]) -> None:
    falls = falls_of(SYSTEM, two_chains["LV-2101"], city)
    assert falls is not None
    assert falls.firms == 1
    assert [(one.segment.code, one.state) for one in falls.rows] == [("LV-3101", "falls"), ("QC-1101", "falls")]
    assert falls.rows[0].words == "本地不可缺的投入全部中断：电解铝"
    assert falls_of(SYSTEM, two_chains["QC-3101"], city) is None
    assert critical_of(SYSTEM, city, 2)[0]["segment"] in {"LV-2101", "LV-2102"}


def test_whoever_sees_one_chain_is_told_of_falls_on_that_chain_alone(
    city: DiagnosisRun, two_chains: Mapping[str, Segment]
) -> None:
    officer = grant("officer", {"*": ["view"]}, chain_code="LV")
    falls = falls_of(officer, two_chains["LV-2101"], city)
    assert falls is not None
    assert {one.segment.code for one in falls.rows} == {"LV-3101"}


def test_the_page_lists_pairs_targets_and_falls_and_its_tables_can_be_taken_away(
    city: DiagnosisRun, admin_client: Client
) -> None:
    page = admin_client.get("/pairing/?segment=LV-2101").content.decode()
    assert "示例甲铝业有限公司" in page
    assert "随之停产" in page
    assert "东海汽车股份有限公司" in admin_client.get("/pairing/?segment=QC-3101").content.decode()
    assert "第1轮停产" in admin_client.get("/desk/LV/LV-2101/falls/").content.decode()
    assert "/desk/LV/LV-2101/falls/" in admin_client.get("/desk/LV/LV-2101/").content.decode()
    assert "电解铝" in admin_client.get("/pairing/?chain=LV").content.decode()
    sheet = admin_client.get("/pairing/QC-3101/targets.csv").content
    rows = pl.read_csv(io.BytesIO(sheet)).rows(named=True)
    assert rows[0]["企业"] == "东海汽车股份有限公司"
    assert rows[0]["同系企业的依据"].startswith("本地已有其分支")
    book = admin_client.get("/pairing/LV-2101/pairs.xlsx").content
    heads, *lines = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert [line[heads.index("需方环节")] for line in lines] == ["铝型材", "汽车铝铸件"]
    assert admin_client.get("/pairing/XX-0000/pairs.xlsx").status_code == 404


def test_files_ask_for_the_right_to_export(city: DiagnosisRun, client: Client) -> None:
    reader = grant("reader", {"*": ["view"]})
    client.force_login(reader)
    assert client.get("/pairing/?segment=LV-2101").status_code == 200
    assert client.get("/pairing/LV-2101/pairs.csv").status_code == 403


def test_a_target_becomes_a_lead_once_and_answers_the_finding(
    city: DiagnosisRun, two_chains: Mapping[str, Segment], admin_client: Client
) -> None:
    segment = two_chains["QC-3101"]
    gap = Finding.objects.create(
        run=city, chain=segment.chain, segment=segment, place=city.place, kind="fill", state="missing", rank=9,
        score=0.1, explanation="补链：无企业生产整车。", evidence={},
    )  # fmt: skip
    page = admin_client.get("/pairing/?segment=QC-3101").content.decode()
    assert page.count("/pairing/QC-3101/lead/") == 3
    sent = {"place": "620100", "name": "岭南整车有限公司"}
    answer = admin_client.post("/pairing/QC-3101/lead/", sent)
    lead = Lead.objects.get()
    assert answer.headers["Location"] == f"/leads/{lead.pk}/"
    assert (lead.name, lead.counterpart) == ("岭南整车有限公司：整车（兰州市）", "岭南整车有限公司")
    assert (lead.segment, lead.place, lead.origin_place) == (segment, city.place, "岭南")
    assert lead.content.startswith(f"诊断第{city.pk}号招商目标第2位：挂链可信度 0.90")
    assert pursued_findings([gap]) == {gap.pk}
    assert admin_client.post("/pairing/QC-3101/lead/", sent).headers["Location"] == f"/leads/{lead.pk}/"
    withdraw(user=SYSTEM, lead=lead, why="改投他处")
    admin_client.post("/pairing/QC-3101/lead/", sent)
    assert Lead.objects.latest("pk").name == "岭南整车有限公司：整车（兰州市）第2次"
    assert admin_client.post("/pairing/QC-3101/lead/", sent | {"name": "未列出的公司"}).status_code == 404


def test_only_whoever_may_add_leads_makes_a_target_one(city: DiagnosisRun, client: Client) -> None:
    client.force_login(grant("reader", {"*": ["view"]}))
    assert "/pairing/QC-3101/lead/" not in client.get("/pairing/?segment=QC-3101").content.decode()
    refused = client.post("/pairing/QC-3101/lead/", {"place": "620100", "name": "岭南整车有限公司"})
    assert (refused.status_code, Lead.objects.count()) == (403, 0)
