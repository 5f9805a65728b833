"""Projects recognised again, totals revised, problems pushed level by level, findings answered."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from lianpu.chains.models import DiagnosisRun, Finding, Placement
from lianpu.projects import services
from lianpu.projects.identity import fresh_code, match_projects, national_key, project_key, propose_projects
from lianpu.projects.models import Problem, Project, ProjectAnswer
from lianpu.projects.queries import answered_findings
from lianpu.register.declare import registry
from lianpu.register.figures import FIGURES, Asked
from lianpu.register.importing import PlannedRow
from lianpu.register.listing import Listing
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM
from lianpu.register.services import save_row
from lianpu.register.testing import grant

pytestmark = pytest.mark.django_db
NATIONAL = "2020-620111-32-03-012345"


def new(**cells: object) -> Project:
    made = save_row(register=registry["projects"], user=SYSTEM, values={"name": "示例新项目", **cells})
    assert isinstance(made, Project)
    return made


# -- identity ----------------------------------------------------------------------------------
@given(st.text(), st.text())
def test_a_number_of_ours_depends_on_name_and_owner_alone(name: str, owner: str) -> None:
    assert fresh_code(name, owner) == fresh_code(f" {name} ", owner)
    assert len(fresh_code(name, owner)) == 13


@pytest.mark.parametrize(
    ("one", "other"),
    [("年产10万吨 铝锭（一期）项目", "年产10万吨铝锭(一期)项目"), ("ＡＢ项目", "ab项目"), ("甲—乙项目", "甲-乙项目")],
)
def test_names_are_the_same_however_they_are_typed(one: str, other: str) -> None:
    assert project_key(one) == project_key(other)


def test_a_national_code_is_digits_however_it_is_parted() -> None:
    assert (
        national_key(NATIONAL) == national_key(NATIONAL.replace("-", " ")) == "202062011132030 12345".replace(" ", "")
    )
    assert national_key("序号12") == ""


def test_projects_are_found_by_number_code_name_and_former_name(projects: Mapping[str, Project]) -> None:
    Project.objects.filter(code="P2").update(
        national_code=national_key(NATIONAL), former_names=["示例铝锭一期"], name="示例铝锭扩建项目"
    )
    for text in ("P2", NATIONAL, "示例 铝锭扩建项目", "示例铝锭一期"):
        assert match_projects([text]) == {text: projects["P2"].pk}, text
    assert match_projects(["并无此项目"]) == {}
    assert propose_projects(["示例铝锭扩建工程项目"])["示例铝锭扩建工程项目"][0].id == projects["P2"].pk


def derived(**values: Any) -> PlannedRow:
    row = PlannedRow(1, [], values=values)
    registry["projects"].derive([row])
    return row


def test_a_row_is_a_known_project_by_name_and_owner(projects: Mapping[str, Project]) -> None:
    name, owner = projects["P2"].name, projects["P2"].owner_name
    assert derived(name=f"{name} ", owner_name=owner).values["code"] == "P2"
    assert derived(name=name).values["code"] == "P2", "no owner said, and nobody else bears the name"
    assert derived(name=name, owner_name="示例别的有限公司").values["code"] != "P2"
    assert derived(name=name, owner_uscc=projects["P2"].owner_uscc).values["code"] == "P2"


def test_a_project_may_have_an_owner_who_is_not_on_the_register(projects: Any, firms: Mapping[str, Any]) -> None:
    known = new(owner_name=firms["乙"].name)
    assert (known.owner, known.place) == (firms["乙"], firms["乙"].place), (
        "its place is the owner's, where none is told"
    )
    unknown = new(name="示例外来项目", owner_name="示例外地投资有限公司", address="甘肃省兰州市西固区玉门街1号")
    assert (unknown.owner, unknown.owner_name) == (None, "示例外地投资有限公司")
    assert unknown.place is not None
    assert unknown.place.code == "620104"


def test_a_renamed_project_stays_one_and_keeps_its_former_name(projects: Mapping[str, Project]) -> None:
    Project.objects.filter(code="P2").update(national_code=national_key(NATIONAL))
    row = derived(name="示例高纯铝锭项目", national_code=NATIONAL)
    assert (row.values["code"], row.values["former_names"]) == ("P2", [projects["P2"].name])
    save_row(register=registry["projects"], user=SYSTEM, values={"name": "示例高纯铝锭项目"}, row=projects["P2"])
    held = Project.objects.get(code="P2")
    assert (held.name, held.former_names) == ("示例高纯铝锭项目", ["示例铝锭扩建项目"])
    back = derived(name="示例铝锭扩建项目", owner_name=held.owner_name)
    assert back.values["code"] == "P2"
    assert "name" not in back.values, "an old sheet does not bring the old name back"


def test_one_national_code_belongs_to_one_project(projects: Mapping[str, Project]) -> None:
    Project.objects.filter(code="P2").update(national_code=national_key(NATIONAL))
    row = derived(name=projects["P3"].name, code="P3", national_code=NATIONAL)
    assert "所用" in row.faults[0].reason


@pytest.mark.parametrize(
    ("years", "span"), [("2024-2026", (2024, 2026)), ("2024年至2025年", (2024, 2025)), ("2024", (2024, 2024))]
)
def test_construction_years_are_read_as_written(projects: Any, years: str, span: tuple[int, int]) -> None:
    made = new(years=years)
    assert (made.start_year, made.end_year) == span


def test_words_of_upgrades_become_flags(projects: Any) -> None:
    made = new(upgrades="高端化、智能化改造")
    assert (made.high_end, made.smart, made.green) == (True, True, False)


@pytest.mark.parametrize(
    ("cells", "refusal"),
    [
        ({"years": "三年"}, "建设年限"),
        ({"plan_start": "2024-05", "plan_finish": "2024-03"}, "早于开始"),
        ({"chain": "汽车", "segment": "LV-1101"}, "环节不属于"),
        ({"total_10k_cny": "-5"}, "不能为负"),
    ],
)
def test_rows_that_contradict_themselves_are_refused(projects: Any, cells: dict[str, str], refusal: str) -> None:
    with pytest.raises(ValidationError, match=refusal):
        new(**cells)


# -- totals ------------------------------------------------------------------------------------
def test_a_total_is_revised_with_a_reason_and_never_in_silence(projects: Mapping[str, Project], reported: Any) -> None:
    project = projects["P2"]
    with pytest.raises(ValidationError, match="请在项目页登记总投资调整"):
        save_row(register=registry["projects"], user=SYSTEM, values={"total_10k_cny": "120000"}, row=project)
    with pytest.raises(ValidationError, match="调整原因"):
        services.revise_total(user=SYSTEM, project=project, total_10k_cny=Decimal(120_000), why="")
    made = services.revise_total(user=SYSTEM, project=project, total_10k_cny=Decimal(120_000), why="增加生产线")
    assert (made.before_10k_cny, made.after_10k_cny) == (Decimal(100_000), Decimal(120_000))
    project.years.create(year=2024, list_class="continuing", invested_before_10k_cny=50_000)
    reported("P2", "2024-01", 20_000, 20_000)
    with pytest.raises(ValidationError, match="已完成70000万元"):
        services.revise_total(user=SYSTEM, project=project, total_10k_cny=Decimal(60_000), why="缩减")


def test_a_revision_made_on_the_page_is_on_record(projects: Mapping[str, Project], admin_client: Client) -> None:
    pk = projects["P2"].pk
    for data in ({"total": "很多", "why": "x"}, {"total": "1.5亿", "why": ""}):
        admin_client.post(f"/dispatch/projects/{pk}/total/", data)
        assert Project.objects.get(pk=pk).total_10k_cny == 100_000
    admin_client.post(
        f"/dispatch/projects/{pk}/total/", {"total": "1.5亿", "why": "增加生产线", "document": "兰发改1号"}
    )
    assert Project.objects.get(pk=pk).total_10k_cny == 15_000
    assert "增加生产线" in admin_client.get(registry["projects"].url("detail", pk)).content.decode()


# -- problems ----------------------------------------------------------------------------------
@pytest.fixture
def problem(projects: Mapping[str, Project]) -> Problem:
    return Problem.objects.create(
        project=projects["P2"], title="用地指标未落实", raised_on=dt.date(2024, 3, 1), due=dt.date(2024, 4, 1)
    )


def test_a_problem_goes_from_county_to_province_until_it_is_closed_out(problem: Problem) -> None:
    problem = services.handle(user=SYSTEM, problem=problem, owner="自然资源局")
    assert (problem.state, problem.owner) == ("handling", "自然资源局")
    day = dt.date(2024, 4, 2)
    problem = services.escalate(user=SYSTEM, problem=problem, reason="区里无指标", today=day)
    assert (problem.level, problem.escalated_on, problem.due) == ("city", day, day + dt.timedelta(days=30))
    problem = services.escalate(user=SYSTEM, problem=problem, reason="市里无指标", today=day)
    assert problem.level == "province"
    with pytest.raises(ValidationError, match="没有更高"):
        services.escalate(user=SYSTEM, problem=problem, reason="再上提")
    with pytest.raises(ValidationError, match="办理结果"):
        services.close(user=SYSTEM, problem=problem, resolution="")
    problem = services.close(user=SYSTEM, problem=problem, resolution="已调剂指标120亩", today=day)
    assert (problem.state, problem.closed_on) == ("closed", day)
    with pytest.raises(ValidationError, match="已经销号"):
        services.handle(user=SYSTEM, problem=problem)
    assert services.reopen(user=SYSTEM, problem=problem, reason="指标未到位").state == "handling"
    told = (
        Change.objects.filter(model="projects.problem", row=problem.pk).order_by("pk").values_list("reason", flat=True)
    )
    assert list(told)[1:] == ["开始办理", "区里无指标", "市里无指标", "销号", "指标未到位"]


def test_what_the_city_coordinates_a_county_cannot_close(problem: Problem) -> None:
    place = problem.project.place
    assert place is not None
    clerk = grant("hg", {"*": ["*"]}, place_path=place.path)
    services.escalate(user=clerk, problem=problem, reason="区里无指标")
    problem.refresh_from_db()
    with pytest.raises(PermissionDenied):
        services.close(user=clerk, problem=problem, resolution="办了")


def test_overdue_problems_come_up_by_themselves(problem: Problem) -> None:
    assert services.escalate_overdue(dt.date(2024, 4, 1)) == 0
    assert services.escalate_overdue(dt.date(2024, 4, 2)) == 1
    assert services.escalate_overdue(dt.date(2024, 4, 2)) == 0, "the next level has its own time"
    problem.refresh_from_db()
    assert problem.level == "city"


def test_problems_are_pushed_from_their_page(problem: Problem, admin_client: Client) -> None:
    page = admin_client.get(registry["problems"].url("detail", problem.pk)).content.decode()
    assert 'id="escalate"' in page
    for verb, words, state, level in [
        ("handle", "区政府", "handling", "county"), ("escalate", "", "handling", "county"),
        ("escalate", "无指标", "handling", "city"), ("close", "已落实", "closed", "city"),
        ("reopen", "反复", "handling", "city"),
    ]:  # fmt: skip
        admin_client.post(f"/dispatch/problems/{problem.pk}/{verb}/", {"words": words})
        problem.refresh_from_db()
        assert (problem.state, problem.level) == (state, level)
    assert admin_client.post(f"/dispatch/problems/{problem.pk}/forget/").status_code == 404


# -- findings ----------------------------------------------------------------------------------
@pytest.fixture
def finding(projects: Any, gazetteer: Mapping[str, Any], two_chains: Mapping[str, Any]) -> Any:
    """Makes the same finding in a new run each time it is called."""

    def make() -> Finding:
        DiagnosisRun.objects.update(is_latest=False)
        run = DiagnosisRun.objects.create(place=gazetteer["620100"], rules={"min_confidence": 0.5})
        segment = two_chains["QC-3101"]
        return Finding.objects.create(
            run=run, chain=segment.chain, segment=segment, place=run.place, kind="fill", state="missing", rank=1,
            score=0.5, explanation="须补", evidence={},
        )  # fmt: skip

    return make


def answered(text: str) -> list[int]:
    return [row.pk for row in Listing(registry["findings"], SYSTEM, {"f.answered": text}).rows]


def test_an_answer_survives_new_diagnoses(finding: Any, projects: Mapping[str, Project], admin_client: Client) -> None:
    first = finding()
    url = registry["findings"].url("detail", first.pk)
    assert "尚无行动" in admin_client.get(url).content.decode()
    assert (answered("是"), answered("否")) == ([], [first.pk])
    admin_client.post(f"/dispatch/findings/{first.pk}/answer/", {"project": "没有的项目"})
    assert not ProjectAnswer.objects.exists()
    for _ in range(2):
        admin_client.post(f"/dispatch/findings/{first.pk}/answer/", {"project": "P3"})
    assert ProjectAnswer.objects.count() == 1
    assert "尚无行动" not in admin_client.get(url).content.decode()
    later = finding()
    assert set(answered("是")) == {first.pk, later.pk}
    assert answered_findings([first, later]) == {first.pk, later.pk}
    services.withdraw_answer(user=SYSTEM, answer=ProjectAnswer.objects.get())
    assert answered("是") == []


def test_production_places_the_owner_and_the_next_diagnosis_shows_it(
    projects: Mapping[str, Project], gazetteer: Mapping[str, Any], two_chains: Mapping[str, Any]
) -> None:
    from lianpu.chains.services import diagnose_place

    project = projects["P3"]
    project.segments.create(segment=two_chains["QC-3101"])
    before = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
    assert before.states.get(segment__code="QC-3101").firms == 0
    services.enter_production(user=SYSTEM, project=project, on=dt.date(2024, 5, 1))
    assert (project.stage, project.production_on) == ("in_production", dt.date(2024, 5, 1))
    placed = Placement.objects.filter(enterprise=project.owner, state="confirmed")
    assert set(placed.values_list("segment__code", flat=True)) == {"QC-1101", "QC-3101"}
    now = DiagnosisRun.objects.get(place=gazetteer["620100"], is_latest=True)
    assert now.states.get(segment__code="QC-3101").firms == 1
    assert services.settle_production() == 0
    Placement.objects.filter(segment__code="QC-3101").update(state="rejected")
    assert services.settle_production() == 0, "what a person rejected stays rejected"


def test_a_project_without_an_owner_on_the_register_places_nobody(projects: Mapping[str, Project]) -> None:
    Project.objects.filter(code="P3").update(owner=None)
    project = Project.objects.get(code="P3")
    services.enter_production(user=SYSTEM, project=project)
    assert not Placement.objects.exists()
    project.actual_start = dt.date(2024, 5, 1)
    with pytest.raises(ValidationError, match="早于实际开工"):
        services.enter_production(user=SYSTEM, project=project, on=dt.date(2024, 4, 1))


# -- published figures -------------------------------------------------------------------------
def test_published_figures_open_to_their_rows(projects: Mapping[str, Project], in_year: Any) -> None:
    for code in projects:
        in_year(code, year=2021)
    Project.objects.update(field="工业")
    Project.objects.filter(code="P1").update(stage="completed", actual_finish="2021-10-01", smart=True, green=True)
    Project.objects.filter(code="P2").update(high_end=True)
    Project.objects.filter(code="P3").update(field="交通")
    asked = Asked(SYSTEM, 2021)
    found = {
        one.id: one.compute(asked) for one in FIGURES.values() if one.compute.__module__.startswith("lianpu.projects")
    }
    assert {name: one.value for name, one in found.items()} == {
        "projects_followed_up": 2, "projects_carried_out": 2, "key_projects_completed": 1, "upgrade_firms": 2,
        "upgrade_projects": 2, "upgrade_projects_completed": 1,
    }  # fmt: skip
    for name, one in found.items():
        listing = Listing(registry["projects"], SYSTEM, dict(parse_qsl(one.url.partition("?")[2])))
        assert (listing.count, listing.errors) == (one.rows, []), name
