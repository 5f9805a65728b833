"""A month's round played by ten people at once, half in the browser's grid and half with sheets: every row accounted for."""

import datetime as dt
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.db.utils import load_backend
from django.test import Client

from jobs_app.house import house
from lianpu.enterprises.identity import make_uscc, name_key
from lianpu.projects import services
from lianpu.projects.dispatching import parts_of, progress_of
from lianpu.projects.identity import project_key
from lianpu.projects.models import DispatchRound, MonthlyReport, Project, Submission
from lianpu.register.declare import registry
from lianpu.register.exporting import write_csv
from lianpu.register.importing import commit, make_plan
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in

UNITS, EACH = 10, 6
KEEPING = {
    "projects": ["view"], "monthly-reports": ["view", "add", "change", "import"], "submissions": ["view", "change"],
    "dispatch-rounds": ["view"],
}  # fmt: skip


def _city() -> None:
    """Ten units with six projects each: eight districts, and two firms that report for themselves."""
    from lianpu.enterprises.models import Enterprise
    from lianpu.places.models import Place

    places = [
        Place.objects.create(
            code=f"62019{n}", name=f"示例{n}区", full_name=f"示例{n}区", kind="district", path=f"/100000/620000/620190/62019{n}/"
        )
        for n in range(UNITS - 2)
    ]  # fmt: skip
    firms = [
        Enterprise.objects.create(
            uscc=make_uscc("620102", 900 + n), name=f"示例填报{n}有限公司", name_key=name_key(f"示例填报{n}有限公司"),
            place=places[0], is_sample=True,
        )
        for n in range(2)
    ]  # fmt: skip
    for unit, owner in enumerate([*([None] * len(places)), *firms]):
        for number in range(EACH):
            name = f"示例项目{unit}-{number}"
            project = Project.objects.create(
                code=f"D{unit}-{number}", name=name, name_key=project_key(name), total_10k_cny=100_000, owner=owner,
                owner_name=owner.name if owner else "", place=owner.place if owner else places[unit],
                reports_by="firm" if owner else "place", stage="building", is_sample=True,
            )  # fmt: skip
            project.years.create(year=2024, list_class="continuing", plan_10k_cny=12_000)
            MonthlyReport.objects.create(
                project=project, month="2024-02", done_month_10k_cny=500, done_ytd_10k_cny=1000
            )


def _play(client: Client, user: Any, part: Submission, number: int, folder: Path, told: list[str]) -> None:
    """One unit's month: fill in or send, hand in, correct what comes back."""
    due = list(part.dues.select_related("project").order_by("project__code"))
    if number % 2:
        for at, one in enumerate(due):
            url = f"/dispatch/sheets/{part.pk}/rows/{one.project_id}/"
            cells = {"done_month_10k_cny": str(400 + at), "physical_progress": f"第{at}段"}
            answer = client.post(url, cells, headers={"HX-Trigger-Name": "done_month_10k_cny"})
            if "已保存" not in answer.content.decode():
                told.append(f"{part.unit} {one.project} {answer.content.decode()}")
    else:
        path = folder / f"{number}.csv"
        with path.open("wb") as out:
            write_csv(
                out,
                ["项目名称", "月份", "本月完成投资（万元）", "形象进度"],
                [[one.project.name, "2024年3月", 400 + at, f"第{at}段"] for at, one in enumerate(due)],
            )
        plan = make_plan(registry["monthly-reports"], path, user)
        told += [str(fault) for fault in plan.faults]
        commit(plan, user=user, result_folder=folder / f"run{number}")
    client.post(f"/dispatch/sheets/{part.pk}/submit/", {"explained": "核对无误"})


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[Path]:
    """A database that several threads reach at once, which the one in memory is not."""
    home = tmp_path / "home"
    home.mkdir()
    with django_db_blocker.unblock(), house(home):
        yield tmp_path


def test_ten_units_report_a_month_at_once(own_database: Path) -> None:
    _city()
    asked = services.open_round(user=SYSTEM, month="2024-03", due=dt.date(2024, 4, 5))
    parts = list(Submission.objects.filter(round=asked).select_related("place", "enterprise").order_by("pk"))
    assert len(parts) == UNITS
    people = []
    for number, part in enumerate(parts):
        scope = {"enterprise_uscc": part.enterprise.uscc} if part.enterprise else {"place_path": part.place.path}
        people.append(grant(f"clerk{number}", KEEPING, **scope))
    clients = [signed_in(user) for user in people]
    told: list[str] = []
    start = threading.Barrier(UNITS)
    database = connections["default"].settings_dict

    def run(number: int) -> None:
        own = load_backend(database["ENGINE"]).DatabaseWrapper(database, "default")
        connections["default"] = own
        try:
            start.wait()
            _play(clients[number], people[number], parts[number], number, own_database, told)
        except Exception as error:
            told.append(repr(error))
        finally:
            own.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(UNITS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == []
    boss = get_user_model().objects.create_superuser("boss")
    progress = progress_of(parts_of(boss, asked))
    assert (progress["submitted"], progress["due"], progress["filled"]) == (UNITS, UNITS * EACH, UNITS * EACH)

    # One is returned, corrected and handed in again; then all are accepted.
    lead = signed_in(boss)
    back = parts[1]
    lead.post(f"/dispatch/sheets/{back.pk}/return/", {"why": "第0段请核实"})
    first = back.dues.order_by("project__code").first()
    assert first is not None
    url = f"/dispatch/sheets/{back.pk}/rows/{first.project_id}/"
    clients[1].post(url, {"done_month_10k_cny": "410"}, headers={"HX-Trigger-Name": "done_month_10k_cny"})
    clients[1].post(f"/dispatch/sheets/{back.pk}/submit/", {"explained": "已更正"})
    for part in parts:
        lead.post(f"/dispatch/sheets/{part.pk}/accept/")
    assert set(Submission.objects.values_list("state", flat=True)) == {"accepted"}

    # Every row is there once, follows from the month before, and says who wrote it.
    rows = MonthlyReport.objects.filter(month="2024-03")
    assert rows.count() == UNITS * EACH == rows.values("project").distinct().count()
    expected = UNITS * sum(400 + at for at in range(EACH)) + 10
    assert sum(row.done_month_10k_cny for row in rows) == expected
    assert all(row.done_ytd_10k_cny == Decimal(1000) + row.done_month_10k_cny for row in rows)
    written = Change.objects.filter(model="projects.monthlyreport", row__in=rows.values("pk"), action="insert")
    assert sorted({one.user for one in written}) == sorted(user.username for user in people)
    assert written.count() == UNITS * EACH
    services.close_round(user=boss, asked=asked)
    assert DispatchRound.objects.get().is_closed
