"""What leaves as a file is what the screen shows, and the empty workbook refuses what the register would refuse."""

import datetime as dt
import io
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise
from lianpu.register import exporting, form_workbook
from lianpu.register.declare import registry
from lianpu.register.kinds import Choice
from lianpu.register.models import Job
from lianpu.register.testing import grant, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def firms(gazetteer: Mapping[str, Any]) -> None:
    Enterprise.objects.bulk_create(
        Enterprise(name=f"示例{at}", name_key=f"示例{at}", uscc=make_uscc("620102", 900 + at), capital_10k_cny=at)
        for at in range(25)
    )


def workbook(data: bytes, folder: Path) -> openpyxl.Workbook:
    (folder / "模板.xlsx").write_bytes(data)
    return openpyxl.load_workbook(folder / "模板.xlsx")


def rules(page: Any) -> dict[str, Any]:
    """Head → the rule that Excel checks below it."""
    by_letter = {str(rule.sqref)[0]: rule for rule in page.data_validations.dataValidation}
    return {str(cell.value): by_letter.get(cell.column_letter) for cell in page[1]}


def test_the_empty_workbook_refuses_wrong_choices_numbers_and_long_texts(tmp_path: Path) -> None:
    register = registry["enterprises"]
    book = workbook(form_workbook.form_workbook(register, register.bound), tmp_path)
    page = book.worksheets[0]
    found = rules(page)
    assert found["企业名称*"].type == "textLength"
    status = next(c for c in register.bound if isinstance(c.kind, Choice))
    rule = found[status.head]
    assert rule.type == "list"
    assert rule.formula1.strip('"').split(",") == list(status.kind.labels.values())
    assert rule.showErrorMessage
    assert rule.errorStyle in (None, "stop")
    capital = found["注册资本（万元）"]
    assert (capital.type, capital.operator or "between") == ("decimal", "between")
    assert float(capital.formula1) < 0 < float(capital.formula2)
    assert found["注册日期"].type == "date"
    assert found["注册日期"].errorStyle == "warning", "the import reads 2021年3月 too"
    assert page.freeze_panes == "A2"
    notes = book[form_workbook.NOTES]
    assert [cell.value for cell in notes[2][:2]] == ["企业名称", "必填"]


def test_long_lists_of_choices_stand_on_a_hidden_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_workbook, "INLINE", 5)
    register = registry["enterprises"]
    book = workbook(form_workbook.form_workbook(register, register.bound), tmp_path)
    hidden = book[form_workbook.CHOICES]
    assert hidden.sheet_state == "hidden"
    status = next(c for c in register.bound if isinstance(c.kind, Choice))
    rule = rules(book.worksheets[0])[status.head]
    named = rule.formula1.partition("!")[2].replace("$", "")
    assert [cell.value for (cell,) in hidden[named]] == list(status.kind.labels.values())


def test_a_large_export_is_a_job_with_a_file(
    firms: None, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exporting, "JOB_ROWS", 10)
    client = signed_in(grant("clerk", {"enterprises": ["*"]}))
    answer = client.get("/enterprises/export.csv", {"sort": "-capital_10k_cny", "cols": "name"}, follow=True)
    assert answer.status_code == 200
    text = b"".join(answer).decode("utf-8-sig")  # type: ignore[arg-type]
    assert text.splitlines()[:3] == ["企业名称", "示例24", "示例23"]
    job = Job.objects.get()
    assert (job.state, job.total) == (Job.State.DONE, 25)
    small = client.get("/enterprises/export.csv", {"q": "示例24"})
    assert small.content.decode("utf-8-sig").count("示例") == 1


def test_rows_beyond_a_sheet_go_on_in_the_next(firms: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "SHEET_ROWS", 11)
    register = registry["enterprises"]
    columns = [register.by_name["name"]]
    book = workbook(exporting.export(register, Enterprise.objects.order_by("pk"), columns, "xlsx"), tmp_path)
    assert book.sheetnames == ["企业", "企业（2）", "企业（3）"]
    assert [[row[0].value for row in page.iter_rows(min_row=2)] for page in book] == [
        [f"示例{at}" for at in range(start, min(start + 10, 25))] for start in (0, 10, 20)
    ]


def test_a_list_in_a_workbook_keeps_its_head_filters_and_shows_what_it_holds(tmp_path: Path) -> None:
    out = io.BytesIO()
    day, moment = dt.date(2021, 3, 1), dt.datetime(2021, 3, 1, 8, 30, tzinfo=dt.UTC)
    row = ["=1+1", "http://甲", day, moment, Decimal("1.5"), 12345678901234567890, None]
    exporting.write_table(out, "甲/乙", list("一二三四五六七"), [row], "xlsx")
    page = workbook(out.getvalue(), tmp_path)["甲乙"]
    assert (page.freeze_panes, page.auto_filter.ref) == ("A2", "A1:G2")
    told = [cell.value for cell in page[2]]
    assert told == [
        "=1+1",
        "http://甲",
        dt.datetime.combine(day, dt.time()),
        moment.replace(tzinfo=None),
        1.5,
        "12345678901234567890",
        None,
    ]
    assert (page["A2"].data_type, page["B2"].hyperlink) == ("s", None)
    assert page.column_dimensions["C"].width > len("2021-03-01"), "a date is not shown as ####"
    assert page.column_dimensions["D"].width > len("2021-03-01 08:30:00")


@pytest.mark.parametrize("rows", [0, 25])
def test_parquet_keeps_types_whatever_the_number_of_batches(
    firms: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 1)
    register = registry["enterprises"]
    chosen = Enterprise.objects.order_by("pk")[:rows]
    columns = [register.by_name[name] for name in ("name", "capital_10k_cny", "founded")]
    path = tmp_path / "x.parquet"
    path.write_bytes(exporting.export(register, chosen, columns, "parquet"))
    frame = pl.read_parquet(path)
    assert frame.height == rows
    assert frame.schema == {"企业名称": pl.String, "注册资本（万元）": pl.Decimal(38, 4), "注册日期": pl.Date}
