"""The ledger's pages are sound at both sizes, and a unit fills in its month with the keyboard."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from pages.test_every_page import FAULTS


@pytest.fixture(scope="module")
def ledger(site: str, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """Three projects of 西固区 on the list of 2024, with January reported and February being asked for."""
    from lianpu.enterprises.models import Enterprise
    from lianpu.projects import services
    from lianpu.projects.identity import project_key
    from lianpu.projects.models import DispatchRound, Project, Submission
    from lianpu.register.rights import SYSTEM

    with django_db_blocker.unblock():
        firms = Enterprise.objects.filter(place__code="620104").select_related("place")[:3]
        for number, firm in enumerate(firms):
            name = f"示例页面项目{number}"
            project = Project.objects.create(
                code=f"YM-{number}", name=name, name_key=project_key(name), owner=firm, owner_name=firm.name,
                place=firm.place, total_10k_cny=50_000, leader="王某", stage="building", is_sample=True,
                plan_start=dt.date(2024, 1, 1), actual_start=dt.date(2024, 1, 5),
            )  # fmt: skip
            project.years.create(year=2024, list_class="new_start", plan_10k_cny=12_000)
            project.reports.create(month="2024-01", done_month_10k_cny=500, done_ytd_10k_cny=500)
            project.problems.create(title="用地指标未落实", raised_on=dt.date(2024, 1, 9))
            project.milestones.create(name="主体封顶", planned=dt.date(2024, 6, 1))
        services.open_round(user=SYSTEM, month="2024-02", due=dt.date(2024, 3, 5))
        services.refresh()
        part = Submission.objects.get(round__month="2024-02")
        made = {"part": part.pk, "project": Project.objects.get(code="YM-0").pk}
    yield made
    with django_db_blocker.unblock():
        DispatchRound.objects.filter(month="2024-02").delete()
        Project.objects.filter(code__startswith="YM-").delete()


def test_the_ledgers_pages_are_sound(admin: Any, ledger: dict[str, Any]) -> None:
    for path in (
        "/projects/", f"/projects/{ledger['project']}/", "/dispatch/?month=2024-02", "/dispatch/?month=2031-01",
        "/dispatch/rows/?month=2024-02&figure=red", "/dispatch/rounds/2024-02/", f"/dispatch/sheets/{ledger['part']}/",
        "/dispatch/gantt/?month=2024-02", "/dispatch/map/?month=2024-02", "/dispatch/mine/", "/problems/",
    ):  # fmt: skip
        assert admin.open(path) == 200, path
        assert admin.page.evaluate(FAULTS) == [], path
    admin.open("/problems/")
    admin.follow("tbody a")
    assert admin.page.evaluate(FAULTS) == []


def test_a_unit_fills_in_its_month_and_hands_it_in(visit: Any, ledger: dict[str, Any], django_db_blocker: Any) -> None:
    from lianpu.projects.models import MonthlyReport, Submission

    with django_db_blocker.unblock():
        MonthlyReport.objects.filter(month="2024-02").delete()
        Submission.objects.update(state="draft", explained="")
    clerk = visit("xigu")
    clerk.open("/dispatch/mine/")  # the only part of this office: its sheet opens
    rows = clerk.page.locator("#sheet-grid tbody tr")
    assert rows.count() == 3
    for at in range(3):
        cell = rows.nth(at).locator("[name=done_month_10k_cny]")
        cell.fill("100000" if at == 0 else "600")
        cell.press("Tab")
        rows.nth(at).locator("text=已保存" if at else "text=超过总投资").wait_for()
    first = rows.nth(0).locator("[name=done_ytd_10k_cny]")
    first.fill("5500")
    first.press("Tab")
    rows.nth(0).locator("text=前1个月平均500万元").wait_for()
    assert rows.nth(0).locator("[name=done_month_10k_cny]").input_value() == "5000"
    with clerk.page.expect_navigation():
        clerk.page.click("#submit")
    assert "数值异常" in clerk.text(".alert-danger")
    clerk.page.fill("[name=explained]", "设备到货付款")
    with clerk.page.expect_navigation():
        clerk.page.click("#submit")
    assert "已报送" in clerk.text("main")
    with django_db_blocker.unblock():
        done = {one.project.code: one.done_ytd_10k_cny for one in MonthlyReport.objects.filter(month="2024-02")}
    assert done == {"YM-0": Decimal(5500), "YM-1": Decimal(1100), "YM-2": Decimal(1100)}
