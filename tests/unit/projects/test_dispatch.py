"""A month's dispatch: what is due of whom, filled in within the identities, handed in, returned, accepted."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from lianpu.projects import services
from lianpu.projects.dispatching import parts_of, progress_of, sheet_of
from lianpu.projects.models import DispatchRound, DueReport, MonthlyReport, Project, Submission
from lianpu.register.declare import registry
from lianpu.register.models import Job
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant

pytestmark = pytest.mark.django_db
DUE = dt.date(2024, 4, 5)
KEEPING = {
    "projects": ["view"], "project-years": ["view"], "monthly-reports": ["view", "add", "change", "import"],
    "submissions": ["view", "change"], "dispatch-rounds": ["view"], "due-reports": ["view"],
}  # fmt: skip


@pytest.fixture
def asked(projects: Mapping[str, Project], in_year: Callable[..., Any]) -> DispatchRound:
    """March 2024, asked of three districts: P1 in 金川, P2 in 红古, P3 in 城关."""
    for code in projects:
        in_year(code)
    return services.open_round(user=SYSTEM, month="2024年3月", due=DUE)


def part(asked: DispatchRound, unit: str) -> Submission:
    return Submission.objects.select_related("round").get(round=asked, unit=unit)


def fill(user: Any, submission: Submission, code: str, **cells: str) -> MonthlyReport:
    project = Project.objects.get(code=code)
    return services.save_month(
        user=user,
        submission=submission,
        project=project,
        values={"done_month_10k_cny": "100"} | cells,
    )


def test_a_round_asks_each_unit_for_its_projects(asked: DispatchRound) -> None:
    assert asked.month == "2024-03"
    said = {one.submission.unit: one.due for one in parts_of(SYSTEM, asked)}
    assert said == {"金川区": 1, "红古区": 1, "城关区": 1}
    assert DueReport.objects.filter(round=asked).count() == 3


def test_firms_and_zones_report_for_themselves(projects: Mapping[str, Project], in_year: Callable[..., Any]) -> None:
    Project.objects.filter(code="P2").update(reports_by="firm")
    Project.objects.filter(code="P3").update(reports_by="zone", zone=projects["P3"].owner.zone)
    Project.objects.filter(code="P1").update(place=None)
    for code in projects:
        in_year(code)
    asked = services.open_round(user=SYSTEM, month="2024-03", due=DUE)
    units = {one.unit: (one.enterprise is not None) for one in Submission.objects.filter(round=asked)}
    zone = projects["P3"].owner.zone
    assert zone is not None
    assert units == {"示例甲铝业有限公司": True, zone.name: False, "未明确属地": False}


def test_a_round_takes_only_what_its_scope_names(projects: Mapping[str, Project], in_year: Callable[..., Any]) -> None:
    Project.objects.filter(code="P1").update(tier="province")
    Project.objects.filter(code="P2").update(stage="suspended")
    in_year("P1")
    in_year("P2")
    in_year("P3", list_class="reserve")
    asked = services.open_round(
        user=SYSTEM, month="2024-03", due=DUE, scope_tiers=["省列", "city"], scope_classes=["续建"]
    )
    assert list(asked.dues.values_list("project__code", flat=True)) == ["P1"]
    assert asked.scope_tiers == ["省列", "市列"]


def test_a_month_is_asked_for_once_and_for_something(asked: DispatchRound) -> None:
    with pytest.raises(ValidationError, match="已经发起过"):
        services.open_round(user=SYSTEM, month="2024-03", due=DUE)
    with pytest.raises(ValidationError, match="没有范围内的项目"):
        services.open_round(user=SYSTEM, month="2023-03", due=DUE)
    assert DispatchRound.objects.count() == 1, "what was refused left nothing"
    with pytest.raises(ValidationError, match="没有这样的范围"):
        services.open_round(user=SYSTEM, month="2024-04", due=DUE, scope_tiers=["乡列"])


def test_projects_listed_later_are_called_up(asked: DispatchRound, projects: Any, in_year: Any) -> None:
    late = Project.objects.create(code="P9", name="补列项目", name_key="补列项目", place=projects["P2"].place)
    late.years.create(year=2024, list_class="new_start")
    assert services.call_up(user=SYSTEM, asked=asked) == 1
    assert services.call_up(user=SYSTEM, asked=asked) == 0
    assert part(asked, "红古区").dues.count() == 2


def test_the_sum_follows_from_the_month_and_the_month_from_the_sum(asked: DispatchRound, reported: Any) -> None:
    reported("P2", "2024-02", 40, 70)
    unit = part(asked, "红古区")
    assert fill(SYSTEM, unit, "P2", done_month_10k_cny="30").done_ytd_10k_cny == Decimal(100)
    assert fill(SYSTEM, unit, "P2", done_month_10k_cny="", done_ytd_10k_cny="0.012亿").done_month_10k_cny == Decimal(50)
    row = sheet_of(unit)[0]
    assert (row.last_ytd, row.report and row.report.done_ytd_10k_cny) == (Decimal(70), Decimal(120))


@pytest.mark.parametrize(
    ("cells", "refusal"),
    [
        ({"done_month_10k_cny": "30", "done_ytd_10k_cny": "90"}, "累计比应有的少"),
        ({"done_month_10k_cny": "30", "done_ytd_10k_cny": "500"}, "应为100万元"),
        ({"done_month_10k_cny": "", "done_ytd_10k_cny": "60"}, "累计比应有的少"),
        ({"done_month_10k_cny": "", "done_ytd_10k_cny": ""}, "都没有填"),
        ({"done_month_10k_cny": "200000"}, "超过总投资"),
        ({"done_month_10k_cny": "很多"}, "不是数字"),
    ],
)
def test_figures_that_cannot_be_are_refused(asked: Any, reported: Any, cells: dict[str, str], refusal: str) -> None:
    reported("P2", "2024-02", 40, 70)
    with pytest.raises(ValidationError, match=refusal):
        fill(SYSTEM, part(asked, "红古区"), "P2", **cells)
    assert not MonthlyReport.objects.filter(month="2024-03").exists()


def test_what_earlier_months_had_wrong_is_told_apart(asked: DispatchRound, reported: Any) -> None:
    reported("P2", "2024-02", 40, 70)
    unit = part(asked, "红古区")
    made = fill(SYSTEM, unit, "P2", done_month_10k_cny="10", adjustment_10k_cny="-20")
    assert made.done_ytd_10k_cny == Decimal(60)
    assert {one.kind for one in sheet_of(unit)[0].odd} == {"falling", "adjusted"}


def test_an_earlier_month_is_not_changed_under_a_later_one(asked: DispatchRound, reported: Any) -> None:
    from lianpu.register.services import save_row

    january = reported("P2", "2024-01", 30, 30)
    reported("P2", "2024-02", 40, 70)
    with pytest.raises(ValidationError, match="已按原累计填报"):
        save_row(register=registry["monthly-reports"], user=SYSTEM, values={"done_month_10k_cny": "35"}, row=january)


def test_a_year_that_begins_with_the_system_in_use_takes_its_sum_as_told(asked: DispatchRound) -> None:
    made = fill(SYSTEM, part(asked, "红古区"), "P2", done_month_10k_cny="30", done_ytd_10k_cny="90")
    assert (made.done_month_10k_cny, made.done_ytd_10k_cny) == (Decimal(30), Decimal(90))


def test_odd_values_are_shown_and_must_be_explained(asked: DispatchRound, reported: Any) -> None:
    reported("P2", "2024-01", 100, 100)
    reported("P2", "2024-02", 100, 200)
    unit = part(asked, "红古区")
    fill(SYSTEM, unit, "P2", done_month_10k_cny="9000")
    assert [one.kind for one in sheet_of(unit)[0].odd] == ["jump"]
    with pytest.raises(ValidationError, match="数值异常"):
        services.submit(user=SYSTEM, submission=unit)
    assert services.submit(user=SYSTEM, submission=unit, explained="设备到货付款").explained == "设备到货付款"


def test_a_part_is_handed_in_whole(asked: DispatchRound) -> None:
    with pytest.raises(ValidationError, match="还有1个项目没有填报"):
        services.submit(user=SYSTEM, submission=part(asked, "红古区"))


def test_a_part_goes_from_draft_to_accepted_by_way_of_a_return(asked: DispatchRound) -> None:
    clerk = grant("hg", KEEPING, place_path=Submission.objects.get(unit="红古区").place.path)
    unit = part(asked, "红古区")
    fill(clerk, unit, "P2")
    unit = services.submit(user=clerk, submission=unit, today=DUE)
    assert (unit.state, unit.submitted_by, unit.is_late) == ("submitted", "hg", False)
    with pytest.raises(ValidationError, match="不能再改"):
        fill(clerk, unit, "P2", done_month_10k_cny="101")
    with pytest.raises(ValidationError, match="退回原因"):
        services.send_back(user=SYSTEM, submission=unit, why=" ")
    unit = services.send_back(user=SYSTEM, submission=unit, why="形象进度没有写")
    fill(clerk, unit, "P2", physical_progress="主体封顶")
    unit = services.submit(user=clerk, submission=unit, today=DUE + dt.timedelta(days=1))
    assert unit.is_late, "handed in again after the due date"
    unit = services.accept(user=SYSTEM, submission=unit)
    assert unit.state == "accepted"
    with pytest.raises(ValidationError, match="不能审定"):
        services.accept(user=SYSTEM, submission=unit)


def test_a_closed_month_is_closed_to_files_and_forms_too(asked: DispatchRound) -> None:
    from lianpu.register.services import save_row

    unit = part(asked, "红古区")
    report = fill(SYSTEM, unit, "P2")
    services.submit(user=SYSTEM, submission=unit)
    with pytest.raises(ValidationError, match="已报送或已审定"):
        save_row(register=registry["monthly-reports"], user=SYSTEM, values={"done_month_10k_cny": "5"}, row=report)
    save_row(register=registry["monthly-reports"], user=SYSTEM, values={"done_month_10k_cny": "100"}, row=report)


def test_a_county_neither_decides_nor_sees_others(asked: DispatchRound) -> None:
    clerk = grant("hg", KEEPING | {"dispatch-rounds": ["*"]}, place_path=part(asked, "红古区").place.path)
    own, other = part(asked, "红古区"), part(asked, "城关区")
    fill(clerk, own, "P2")
    services.submit(user=clerk, submission=own)
    for verb in (
        lambda: services.accept(user=clerk, submission=own),
        lambda: services.submit(user=clerk, submission=other),
        lambda: services.remind(user=clerk, asked=asked),
        lambda: fill(clerk, other, "P3"),
    ):
        with pytest.raises(PermissionDenied):
            verb()
    assert [one.submission.unit for one in parts_of(clerk, asked)] == ["红古区"]


def test_who_has_not_reported_is_one_question_and_one_reminder(asked: DispatchRound) -> None:
    grant("hg", KEEPING, place_path=part(asked, "红古区").place.path)
    grant("jc", KEEPING, place_path=part(asked, "金川区").place.path)
    done = part(asked, "金川区")
    fill(SYSTEM, done, "P1")
    services.submit(user=SYSTEM, submission=done)
    assert {one.submission.unit for one in parts_of(SYSTEM, asked, late=True)} == {"红古区", "城关区"}
    assert services.remind(user=SYSTEM, asked=asked) == (1, ["城关区"])
    notice = Job.objects.get(name="dispatch-reminder")
    assert (notice.user and notice.user.get_username(), notice.state) == ("hg", "done")
    assert progress_of(parts_of(SYSTEM, asked))["submitted"] == 1


def test_reminders_go_out_once_a_day_from_two_days_before(asked: DispatchRound) -> None:
    grant("hg", KEEPING, place_path=part(asked, "红古区").place.path)
    day = dt.timedelta(days=1)
    sent = [services.remind_when_due(DUE + n * day) for n in (-3, -2, -2, 1)]
    assert sent == [0, 1, 0, 1]
    services.close_round(user=SYSTEM, asked=asked)
    assert services.remind_when_due(DUE + 2 * day) == 0


def test_the_grid_saves_a_row_at_a_time_and_flags_it(asked: DispatchRound, admin_client: Client, reported: Any) -> None:
    reported("P2", "2024-02", 40, 70)
    unit = part(asked, "红古区")
    page = admin_client.get(f"/dispatch/sheets/{unit.pk}/").content.decode()
    assert "示例铝锭扩建项目" in page
    url = f"/dispatch/sheets/{unit.pk}/rows/{Project.objects.get(code='P2').pk}/"
    cells = {"done_month_10k_cny": "30", "done_ytd_10k_cny": "70", "physical_progress": "封顶"}
    answer = admin_client.post(url, cells, headers={"HX-Trigger-Name": "done_month_10k_cny"}).content.decode()
    assert 'value="100"' in answer
    assert "已保存" in answer
    answer = admin_client.post(url, cells | {"done_ytd_10k_cny": "60"}, headers={"HX-Trigger-Name": "done_ytd_10k_cny"})
    assert "累计比应有的少" in answer.content.decode()
    assert MonthlyReport.objects.get(month="2024-03").done_ytd_10k_cny == Decimal(100)


def test_the_round_is_led_from_its_page(asked: DispatchRound, admin_client: Client) -> None:
    unit = part(asked, "红古区")
    fill(SYSTEM, unit, "P2")
    late = admin_client.get("/dispatch/rounds/2024-03/", {"late": "1"})
    assert [one.submission.unit for one in late.context["parts"]] == ["城关区", "红古区", "金川区"]
    for verb, data, state in [
        ("submit", {}, "submitted"), ("return", {"why": "再核"}, "returned"), ("submit", {}, "submitted"),
        ("accept", {}, "accepted"),
    ]:  # fmt: skip
        assert admin_client.post(f"/dispatch/sheets/{unit.pk}/{verb}/", data).status_code == 302
        unit.refresh_from_db()
        assert unit.state == state
    for verb in ("remind", "call-up", "close"):
        assert admin_client.post(f"/dispatch/rounds/2024-03/{verb}/").status_code == 302
    asked.refresh_from_db()
    assert asked.is_closed
    assert admin_client.get("/dispatch/rounds/2024-03/").status_code == 200
    assert admin_client.get("/dispatch/mine/").status_code == 200
