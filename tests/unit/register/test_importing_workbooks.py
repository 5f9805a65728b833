"""What goes back to the sender: their own sheet, marked, ready to be mended and sent again."""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise
from lianpu.register import importing
from lianpu.register.declare import registry
from lianpu.register.importing import desk, result
from lianpu.register.models import ImportRun
from lianpu.register.reading import read
from lianpu.register.rights import SYSTEM

CODES = [make_uscc("620102", serial) for serial in range(801, 807)]
State = ImportRun.State


@pytest.fixture
def send(gazetteer: Mapping[str, Any], home: Path) -> Callable[..., ImportRun]:
    def preview(path: Path, sender: str = "城关区工信局", told: dict[str, str] | None = None) -> ImportRun:
        register = registry["enterprises"]
        content = desk.file_blocks(path)
        run = desk.receive(register=register, user=SYSTEM, name=path.name, content=content, sender=sender)
        run = desk.preview(run=run, user=SYSTEM)
        if told:
            desk.explain(run=run, user=SYSTEM, told={**run.summary["mapping"], **told})
            run = desk.preview(run=run, user=SYSTEM)
        return run

    return preview


def write(run: ImportRun) -> ImportRun:
    return desk.write(run=run, user=SYSTEM, mode=importing.GOOD_ROWS, reason="")


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A sheet as an office makes it: title, a head of two rows with merged cells, widths, formats, drop-downs, formulas."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "企业登记"
    page.append(["城关区企业登记表（2021年度）"])
    page.append(["序号", "企业名称", "统一社会信用代码", "登记情况", "", "单位内码"])
    page.append(["", "", "", "成立日期", "注册资本（亿元）", ""])
    for cells in ("A1:F1", "A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:F3"):
        page.merge_cells(cells)
    for at, code in enumerate(CODES, start=1):
        page.append([at, f"示例{at}号公司", code, dt.date(2020, 3, at), at / 10, "=A4*2"])
    page["C5"], page["D7"] = "9162010X", "去年"
    page["B8"] = "=示例五号公司"
    page["B8"].data_type = "s"
    page["A1"].font = Font(size=18, bold=True)
    for cell in page[3]:
        cell.fill = PatternFill("solid", start_color="DDEEFF")
    for row in page.iter_rows(min_row=4, min_col=4, max_col=4):
        row[0].number_format = "yyyy年m月d日"
    page.column_dimensions["B"].width = 41.5
    page.row_dimensions[1].height = 33
    page.freeze_panes = "C4"
    choices = book.create_sheet("选项")
    choices.append(["甲", "乙"])
    choices.sheet_state = "hidden"
    rule = DataValidation(type="list", formula1="选项!$A$1:$B$1")
    page.add_data_validation(rule)
    rule.add("F4:F100")
    book.create_sheet("说明").append(["填表说明"])
    path = tmp_path / "城关区.xlsx"
    book.save(path)
    return path


def test_faulty_rows_come_back_in_the_senders_layout(send: Any, sheet: Path) -> None:
    run = write(send(sheet))
    assert (run.created, run.faulty) == (4, 2)
    book = openpyxl.load_workbook(desk.faulty_file(run))
    page = book["企业登记"]
    assert book.sheetnames == ["企业登记", "选项"], "what drop-down lists need stays, other sheets go"
    assert page["A1"].value == "城关区企业登记表（2021年度）"
    assert page["A1"].font.size == 18
    assert page["D3"].fill.start_color.rgb.endswith("DDEEFF")
    assert {str(spot) for spot in page.merged_cells.ranges} == {"A1:F1", "A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:F3"}
    assert page.column_dimensions["B"].width == 41.5
    assert page.row_dimensions[1].height == 33
    assert page.freeze_panes == "C4"
    assert page.data_validations.dataValidation[0].formula1 == "选项!$A$1:$B$1"
    assert [page.cell(3, at).value for at in (7, 8)] == ["原因", "改正办法"]
    assert [row[1].value for row in page.iter_rows(min_row=4)] == ["示例2号公司", "示例4号公司"]
    assert page["D4"].number_format == "yyyy年m月d日"
    assert page["C4"].fill.start_color.rgb.endswith(result.BAD)
    assert page["C4"].comment is not None
    assert not page["D4"].comment
    assert page["D5"].fill.start_color.rgb.endswith(result.BAD)
    assert "不是日期" in str(page["G5"].value)
    assert "2021" in str(page["H5"].value)


def test_what_is_mended_is_sent_again_as_it_is(send: Any, sheet: Path, tmp_path: Path) -> None:
    write(send(sheet, told={"单位内码": ""}))
    before = Enterprise.objects.count()
    place = desk.faulty_file(ImportRun.objects.latest("pk"))
    book = openpyxl.load_workbook(place)
    page = book["企业登记"]
    page["C4"], page["D5"] = CODES[1], dt.date(2020, 3, 4)
    mended = tmp_path / "改正.xlsx"
    book.save(mended)
    run = write(send(mended))
    assert (run.state, run.created, run.faulty) == (State.COMMITTED, 2, 0)
    assert Enterprise.objects.count() == before + 2
    stored = Enterprise.objects.get(uscc=CODES[3])
    assert (str(stored.founded), stored.capital_10k_cny) == ("2020-03-04", 4000), "the unit of the head came along"
    assert run.summary["ignored"] == ["序号", "单位内码"], "the added columns are nobody's concern"


def test_the_result_is_the_same_sheet_with_the_fate_of_every_row(send: Any, sheet: Path) -> None:
    run = write(send(sheet))
    book = openpyxl.load_workbook(desk.hand_back(run))
    page = book["企业登记"]
    assert book.sheetnames == ["企业登记", "选项", "说明"]
    assert [page.cell(3, at).value for at in (7, 8)] == ["结果", "原因"]
    assert [page.cell(line, 7).value for line in range(4, 10)] == ["新增", "有误", "新增", "有误", "新增", "新增"]
    assert page["F4"].value == "=A4*2", "formulas of the sender stay"
    assert page["B8"].data_type == "s", "and a text stays a text"
    again = desk.preview(run=_copy(run, desk.hand_back(run)), user=SYSTEM)
    assert (again.same, again.faulty) == (4, 2)


def _copy(run: ImportRun, path: Path) -> ImportRun:
    content = desk.file_blocks(path)
    return desk.receive(register=registry["enterprises"], user=SYSTEM, name=path.name, content=content)


def test_texts_like_formulas_stay_texts_in_the_extract(send: Any, sheet: Path) -> None:
    book = openpyxl.load_workbook(sheet)
    page = book["企业登记"]
    page["B5"] = "=HYPERLINK(1)"
    page["B5"].data_type = "s"
    book.save(sheet)
    run = write(send(sheet))
    cell = openpyxl.load_workbook(desk.faulty_file(run))["企业登记"]["B4"]
    assert (cell.value, cell.data_type) == ("=HYPERLINK(1)", "s")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_csv_comes_back_as_csv_in_the_senders_encoding(send: Any, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "报送.csv"
    lines = [
        "城关区企业登记表",
        "企业名称,统一社会信用代码,注册资本（亿元）",
        f"甲,{CODES[0]},1",
        f"乙,{CODES[1]},很多",
    ]
    path.write_text("\r\n".join(lines), encoding)
    run = write(send(path))
    place = desk.faulty_file(run)
    text = place.read_text(encoding)
    assert text.splitlines()[0] == "城关区企业登记表"
    assert text.splitlines()[1] == "企业名称,统一社会信用代码,注册资本（亿元）,原因,改正办法"
    assert len(text.splitlines()) == 3
    place.write_text(text.replace("很多", "2"), encoding)
    again = write(send(place))
    assert (again.created, again.faulty) == (1, 0)
    assert Enterprise.objects.get(uscc=CODES[1]).capital_10k_cny == 20_000


def test_large_sheets_and_other_forms_keep_titles_and_heads(
    send: Any, sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result, "LAYOUT_CELLS", 10)
    run = write(send(sheet))
    page = openpyxl.load_workbook(desk.faulty_file(run)).worksheets[0]
    assert page["A1"].value == "城关区企业登记表（2021年度）"
    assert [row[1].value for row in page.iter_rows(min_row=4)] == ["示例2号公司", "示例4号公司"]
    assert page["D5"].fill.start_color.rgb.endswith(result.BAD)
    again = send(desk.faulty_file(run))
    assert again.faulty == 2, "and can be read again"

    frame = pl.DataFrame({"企业名称": ["甲", "乙"], "统一社会信用代码": [CODES[0], "坏"]})
    frame.write_parquet(tmp_path / "报送.parquet")
    run = write(send(tmp_path / "报送.parquet"))
    assert desk.faulty_file(run).suffix == ".csv"
    assert len(read(desk.faulty_file(run), frozenset(["企业名称"])).rows) == 1


def test_a_sheet_chosen_among_several_is_the_one_that_comes_back(send: Any, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "汇总"
    for page, code in ((first, CODES[0]), (book.create_sheet("明细"), "坏码")):
        page.append(["企业名称", "统一社会信用代码"])
        page.append([page.title, code])
    book.save(tmp_path / "两张表.xlsx")
    run = send(tmp_path / "两张表.xlsx")
    assert run.sheet == "汇总"
    assert [name for name, _, _ in run.summary["sheets"]] == ["汇总", "明细"]
    desk.explain(run=run, user=SYSTEM, told=run.summary["mapping"], sheet="明细")
    run = write(desk.preview(run=run, user=SYSTEM))
    assert (run.sheet, run.faulty) == ("明细", 1)
    assert len(run.summary["sheets"]) == 2
    assert openpyxl.load_workbook(desk.faulty_file(run)).sheetnames == ["明细"]


def test_hidden_rows_and_columns_may_be_left_out_and_that_is_remembered(send: Any, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["企业名称", "统一社会信用代码", "注册资本（万元）"])
    for at in range(3):
        page.append([f"甲{at}", CODES[at], "很多"])
    page.column_dimensions["C"].hidden = True
    page.row_dimensions[3].hidden = True
    path = tmp_path / "隐藏.xlsx"
    book.save(path)
    run = send(path)
    assert (run.read, run.faulty) == (3, 3)
    assert (run.summary["hidden_columns"], run.summary["hidden_lines"]) == (["注册资本"], 1)
    desk.explain(run=run, user=SYSTEM, told={}, hidden=False)
    run = desk.preview(run=run, user=SYSTEM)
    assert (run.read, run.created, run.faulty) == (2, 2, 0)
    assert (run.summary["hidden_columns"], run.summary["hidden_lines"]) == (["注册资本"], 1), "still told"
    assert send(path).created == 2, "as said before"
    assert send(path, sender="七里河区").faulty == 3
