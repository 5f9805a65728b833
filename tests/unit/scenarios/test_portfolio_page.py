"""Which candidates first, within what there is: who can be compared, what is chosen, what stands in the way."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from lianpu.chains.models import DiagnosisRun
from lianpu.chains.services import diagnose_place, place_enterprises
from lianpu.desk.portfolio import views
from lianpu.desk.portfolio.choosing import AskedError, Told, asked_of, choose_for, instead_of
from lianpu.projects.identity import project_key
from lianpu.projects.models import Capacity, FactorNeed, Project
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant

# code, district, land (None: no factor on record), yearly output (None: not stated)
CANDIDATES = [
    ("P1", "620102", 60, 900),
    ("P2", "620102", 50, 800),
    ("P3", "620111", 50, 500),
    ("P4", "620111", None, 400),
    ("P5", "620111", 10, None),
]


@pytest.fixture
def city(
    firms: Mapping[str, Any], two_chains: Mapping[str, Any], gazetteer: Mapping[str, Any], home: Path
) -> DiagnosisRun:
    place_enterprises(user=SYSTEM)
    for code, place, land, output in CANDIDATES:
        made = Project.objects.create(
            code=code,
            name=f"示例项目{code}",
            name_key=project_key(f"示例项目{code}"),
            owner_name=f"示例投资方{code}",
            place=gazetteer[place],
            chain=two_chains["QC-3101"].chain,
            segment=two_chains["QC-3101"],
            stage="reserve",
            is_sample=True,
        )
        if land is not None:
            FactorNeed.objects.create(project=made, kind="land_mu", needed=land)
        if output is not None:
            Capacity.objects.create(project=made, product="整车", quantity=1, unit="辆", output_10k_cny=Decimal(output))
    return diagnose_place(user=SYSTEM, place=gazetteer["620100"])


def told(run: DiagnosisRun, user: Any = SYSTEM, **texts: str) -> Told:
    return choose_for(user, run, asked_of({"b.land_mu": texts.pop("land", "100"), **texts}))


def codes(found: Told) -> list[str]:
    return [one.candidate.project.code for one in found.chosen]


def test_the_greatest_output_that_the_land_holds(city: DiagnosisRun) -> None:
    found = told(city)
    assert (found.choice.status, codes(found), found.choice.value) == ("optimal", ["P2", "P3"], 1300)
    assert [(one.used, one.left) for one in found.budgets] == [(100, 0)]
    assert [one.reason for one in found.out] == ["用地（亩）不足（需 60，余 0）"]
    assert [one.code for one in found.field.without_needs] == ["P4"]
    assert [one.code for one in found.field.without_value] == ["P5"]


def test_having_a_project_in_after_all_costs_what_must_leave(city: DiagnosisRun) -> None:
    found = instead_of(told(city), "P1")
    assert found is not None
    assert (found.found.possible, found.found.loss) == (True, pytest.approx(400))
    assert [one.code for one in found.leaves] == ["P2", "P3"]


def test_each_district_gets_one_or_the_clash_is_named(city: DiagnosisRun) -> None:
    assert codes(told(city, land="60")) == ["P1"]
    clash = told(city, land="60", least="1")
    assert not clash.feasible
    assert [(rule, gives) for rule, _, gives in clash.clash] == [
        ("用地（亩） 不超过 60", pytest.approx(40)),
        ("城关区 至少 1 个", pytest.approx(1)),
        ("红古区 至少 1 个", pytest.approx(1)),
    ]


def test_rules_by_number_are_kept_and_strangers_refused(city: DiagnosisRun) -> None:
    assert codes(told(city, required="P1")) == ["P1"]
    assert codes(told(city, land="200", groups="P1、P2", precedence="P3 P2")) == ["P2", "P3"]
    with pytest.raises(AskedError, match="P4"):
        told(city, required="P4")
    for wrong in ({"land": "很多"}, {"precedence": "P1"}, {"share": "140"}, {"value": "感觉"}):
        with pytest.raises(AskedError):
            told(city, **wrong)


def test_a_district_clerk_chooses_among_the_projects_of_the_district(
    city: DiagnosisRun, gazetteer: Mapping[str, Any]
) -> None:
    clerk = grant("clerk", {"*": ["view"]}, place_path=gazetteer["620102"].path)
    assert {one.candidate.project.code for one in told(city, clerk).verdicts} == {"P1", "P2"}


def test_the_page_shows_the_choice_and_sends_it_to_the_scenario(city: DiagnosisRun, admin_client: Client) -> None:
    page = admin_client.get("/portfolio/?value=output&b.land_mu=100").content.decode()
    assert "用地（亩）不足（需 60，余 0）" in page
    sent = admin_client.post(
        "/scenario/", {"place": "620100", "p": ["P2", "P3"], "origin": "portfolio", "why": told(city).why}
    ).content.decode()
    assert "示例项目P3" in sent
    assert "项目组合（达产年产值（万元）最大）：用地（亩）100" in sent
    assert "很多" in admin_client.get("/portfolio/?value=output&b.land_mu=很多").content.decode()


def test_among_many_candidates_the_page_comes_first_and_the_choice_follows(
    city: DiagnosisRun, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "AT_ONCE", 1)
    asked = "/portfolio/?value=output&b.land_mu=100"
    page = admin_client.get(asked).content.decode()
    assert "示例项目P3" not in page
    assert 'hx-get="?value=output&amp;b.land_mu=100"' in page
    answer = admin_client.get(asked, headers={"HX-Request": "true"}).content.decode()
    assert "示例项目P3" in answer
    assert "<html" not in answer


def test_a_portfolio_of_thousands_reaches_the_scenario(city: DiagnosisRun, admin_client: Client) -> None:
    many = ["P2", "P3", *(f"X{n}" for n in range(2000))]
    sent = admin_client.post("/scenario/", {"place": "620100", "p": many, "origin": "portfolio"})
    assert sent.status_code == 200
    assert "示例项目P3" in sent.content.decode()
