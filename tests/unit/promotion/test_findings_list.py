"""The list of findings tells who answers each, filters by it in one click, and opens a row to what it rests on."""

from collections.abc import Mapping
from typing import Any

import pytest

from lianpu.chains.models import DiagnosisRun, Finding
from lianpu.projects.models import Project
from lianpu.projects.services import answer
from lianpu.promotion import services
from lianpu.register import exporting
from lianpu.register.declare import registry
from lianpu.register.listing import Listing
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def findings(gazetteer: Mapping[str, Any], two_chains: Mapping[str, Any]) -> dict[str, Finding]:
    """Two gaps of the city, of two chains."""
    run = DiagnosisRun.objects.create(place=gazetteer["620100"], by="某")
    return {
        code: Finding.objects.create(
            run=run, chain=two_chains[code].chain, segment=two_chains[code], place=run.place, kind="fill",
            state="missing", rank=1, score=0.3, robustness="robust", best_rank=1, worst_rank=1,
            parts=[{"name": "need", "value": 0.6, "weight": 0.5}], explanation=f"补链：缺{code}。", evidence={},
            steadiness="稳健：任一权重增减20%，位次不变（第1位）。",
        )
        for code in ("LV-1101", "QC-3101")
    }  # fmt: skip


def told(**params: str) -> dict[str, str]:
    """Segment → what answers it, of the list asked for."""
    listing = Listing(registry["findings"], SYSTEM, params)
    assert list(listing.rows) is not None
    assert not listing.errors
    return {row.segment.code: row.answer for row in listing.rows}


def test_what_answers_is_a_lead_then_a_project_and_nothing_once_it_is_given_up(findings: dict[str, Finding]) -> None:
    one = findings["LV-1101"]
    assert told() == {"LV-1101": "none", "QC-3101": "none"}
    lead, _ = services.lead_from_finding(user=SYSTEM, finding=one)
    assert told() == {"LV-1101": "lead", "QC-3101": "none"}
    assert told(**{"f.answer": "none"}) == {"QC-3101": "none"}
    services.withdraw(user=SYSTEM, lead=lead, why="不再推进")
    assert told(**{"f.answer": "尚无行动"}) == {"LV-1101": "none", "QC-3101": "none"}
    project = Project.objects.create(code="P1", name="氧化铝项目", place=one.place)
    answer(user=SYSTEM, project=project, segment=one.segment_id, place=one.place_id, kind=one.kind)
    assert told(**{"f.answer.not": "none"}) == {"LV-1101": "project"}


def test_the_file_says_who_answers_and_how_steady_it_is(findings: dict[str, Finding]) -> None:
    listing = Listing(registry["findings"], SYSTEM, {"sort": "answer"})
    body = exporting.export(registry["findings"], listing.rows, exporting.exportable(listing.columns), "csv")
    assert body.decode("utf-8-sig").count("尚无行动") == 2
    assert body.decode("utf-8-sig").count("稳健：任一权重增减20%") == 2


def test_a_click_filters_and_a_second_click_takes_it_away(findings: dict[str, Finding]) -> None:
    client = signed_in(grant("office", {"findings": ["view"]}))
    page = client.get("/findings/?f.chain=铝").content.decode()
    assert "f.answer=none" in page
    assert "f.robustness=fragile" in page
    again = client.get("/findings/?f.answer=none")
    picks = {pick.words: pick for one in again.context["quick"] for pick in one.picks}
    assert picks["尚无行动"].active
    assert "f.answer" not in picks["尚无行动"].url
    assert {"LV-1101", "QC-3101"} == {row.segment.code for row, _, _ in again.context["rows"]}


def test_a_row_opens_to_its_parts_for_whoever_may_see_it(findings: dict[str, Finding]) -> None:
    one, other = findings["LV-1101"], findings["QC-3101"]
    mine = signed_in(grant("lv", {"findings": ["view"]}, chain_code="LV"))
    opened = mine.get(f"/findings/{one.pk}/unfolded/").content.decode()
    assert "稳健：任一权重增减20%" in opened
    assert "0.3000" in opened, "value × weight, and their sum"
    assert mine.get(f"/findings/{other.pk}/unfolded/").status_code == 404
    assert mine.get(f"/chains/{one.chain_id}/unfolded/").status_code in (403, 404), "other lists do not open in place"
