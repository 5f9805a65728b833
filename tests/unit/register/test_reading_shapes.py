"""A spreadsheet goes in as it is: titles, heads of several rows, groups, totals, notes, hidden parts, merged cells."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from lianpu.register.reading import Sheet, clean_head, read, sheets
from lianpu.register.reading.heads import find_head

KNOWN = frozenset(["序号", "项目名称", "投资商名称", "总投资", "中央", "开工时间", "备注", "企业名称", "注册资本"])


@pytest.fixture
def page() -> Worksheet:
    page = openpyxl.Workbook().active
    assert isinstance(page, Worksheet)
    return page


def send(page: Worksheet, folder: Path, name: str = "报送.xlsx", **how: Any) -> Sheet:
    assert page.parent is not None
    page.parent.save(folder / name)
    return read(folder / name, KNOWN, **how)


def send_csv(folder: Path, text: str) -> Sheet:
    (folder / "报送.csv").write_text(text)
    return read(folder / "报送.csv", KNOWN)


def told(sheet: Sheet, kind: str) -> list[tuple[int, str]]:
    return [(one.line, one.text) for one in sheet.skipped if one.kind == kind]


def column(sheet: Sheet, head: str) -> list[object]:
    at = sheet.heads.index(head)
    return [row[at] for row in sheet.rows]


def test_a_city_ledger_with_everything(page: Worksheet, tmp_path: Path) -> None:
    """Attachment line, title, unit line, heads with line breaks and units, group rows, totals, notes."""
    page.append(["附件2："])
    page.append(["2025年重点项目调度表"])
    page.merge_cells("A2:F2")
    page.append(["填报单位：某区发改局", None, None, None, None, "单位：万元"])
    page.append(["序号", "项目名称", "投资商\n名称", "总投资\n（亿元）", "已完成投资", "开工时间"])
    page.append(["产业类"])
    page.merge_cells("A5:F5")
    page.append([1, "示例一期", "示例甲公司", 1.5, 200, 45809])
    page.append([3, "示例二期", "示例乙公司", 2, None, "2025年7月"])
    page.append([None, "小 计", None, 3.5, 200])
    page.append(["基础设施类"])
    page.merge_cells("A9:F9")
    page.append(
        [7, "示例道路", None, None, "中央预算内资金2400万元（已上报待审批）+国投自筹1.37亿元", dt.date(2025, 3, 1)]
    )
    page.append(["不予调度"])
    page.merge_cells("A11:F11")
    page.append([8, "示例桥", "示例丙公司 张三 13900000000", 4, None, None])
    page.append(["合计（4个）", None, None, 7.5, 200])
    page.append([None])
    page.append(["注：1.总投资为计划数。"])
    page.append(["2.不含征地费用。"])
    page.append(["填表人：张三", None, "联系电话：0931-0000000"])
    sheet = send(page, tmp_path)
    assert sheet.heads == ["序号", "项目名称", "投资商名称", "总投资", "已完成投资", "开工时间"]
    assert sheet.units == ["", "", "", "亿元", "万元", "万元"]  # a kind that is no amount does not look at its unit
    assert column(sheet, "序号") == [1, 3, 7, 8]
    assert sheet.lines == [6, 7, 10, 12]
    assert sheet.groups == ["产业类", "产业类", "基础设施类", "不予调度"]
    assert column(sheet, "开工时间") == [45809, "2025年7月", dt.date(2025, 3, 1), ""]
    assert [line for line, _ in told(sheet, "title")] == [1, 2, 3]
    assert told(sheet, "group") == [(5, "产业类"), (9, "基础设施类"), (11, "不予调度")]
    assert told(sheet, "total") == [(8, "小 计 3.5 200"), (13, "合计（4个） 7.5 200")]
    assert [line for line, _ in told(sheet, "note")] == [15, 16, 17]
    assert all(str(one).startswith(f"第{one.line}行（") for one in sheet.skipped)


def test_a_head_of_two_rows_with_merged_cells(page: Worksheet, tmp_path: Path) -> None:
    page.append(["项目表"])
    page.merge_cells("A1:F1")
    page.append(["序号", "项目名称", "总投资（万元）", None, None, "备注"])
    page.append([None, None, "合计", "其中:中央", "其中:省级", None])
    for spot in ("A2:A3", "B2:B3", "C2:E2", "F2:F3"):
        page.merge_cells(spot)
    page.append([1, "示例一期", 100, 60, 40, "x"])
    sheet = send(page, tmp_path)
    # A lower word that is known goes before the whole; 合计 is that of the upper word.
    assert sheet.heads == ["序号", "项目名称", "总投资", "中央", "总投资/其中:省级", "备注"]
    assert sheet.units == ["", "", "万元", "万元", "万元", ""]
    assert [list(row) for row in sheet.rows] == [[1, "示例一期", 100, 60, 40, "x"]]
    assert len(sheet.above) == 3


def test_a_head_of_two_rows_without_merged_cells(tmp_path: Path) -> None:
    sheet = send_csv(
        tmp_path, "项目表,,,,\n项目名称,总投资,,备注,企业名称\n,总投资,其中：中央,,\n甲,3,2,x,示例\n乙,4,1,,\n"
    )
    assert sheet.heads == ["项目名称", "总投资", "中央", "备注", "企业名称"]
    assert sheet.rows == [["甲", "3", "2", "x", "示例"], ["乙", "4", "1", "", ""]]


def test_the_same_lower_word_under_two_upper_ones_names_neither(page: Worksheet, tmp_path: Path) -> None:
    page.append(["项目名称", "总投资", None, "到位资金", None])
    page.append([None, "中央", "省级", "中央", "省级"])
    for spot in ("A1:A2", "B1:C1", "D1:E1"):
        page.merge_cells(spot)
    page.append(["甲", 1, 2, 3, 4])
    assert send(page, tmp_path).heads == ["项目名称", "总投资/中央", "总投资/省级", "到位资金/中央", "到位资金/省级"]


def test_a_first_row_is_no_second_head(tmp_path: Path) -> None:
    sheet = send_csv(tmp_path, "项目名称,总投资,备注\n甲,总投资待定,\n,,后补\n")
    assert sheet.heads == ["项目名称", "总投资", "备注"]
    assert len(sheet.rows) == 2


def test_a_title_over_two_rows_is_no_head(page: Worksheet, tmp_path: Path) -> None:
    page.append(["项目名称汇总"])
    page.append([""])
    page.merge_cells("A1:C2")
    page.append(["项目名称", "总投资", "备注"])
    page.append(["甲", 1, "x"])
    sheet = send(page, tmp_path)
    assert sheet.heads == ["项目名称", "总投资", "备注"]
    assert [list(row) for row in sheet.rows] == [["甲", 1, "x"]]


@pytest.mark.parametrize("unit_line", ["单位：万元", "（金额单位: 万元）", "计量单位：万元、人", "单位：人民币万元"])
def test_a_unit_above_the_head_is_that_of_the_numbers(tmp_path: Path, unit_line: str) -> None:
    sheet = send_csv(tmp_path, f"{unit_line},,\n项目名称,总投资,备注\n甲,1200,x\n")
    assert sheet.units == ["", "万元", ""]


def test_thousands_and_millions_above_the_head_are_units_too(tmp_path: Path) -> None:
    for unit in ("千元", "百万元", "亿元"):
        assert send_csv(tmp_path, f"单位：{unit},,\n项目名称,总投资,备注\n甲,1200,x\n").units == ["", unit, ""]


def test_the_sender_s_name_is_no_unit(tmp_path: Path) -> None:
    assert send_csv(tmp_path, "填报单位：元通公司,\n项目名称,总投资\n甲,1\n").units == ["", ""]


def test_group_rows_of_several_levels(page: Worksheet, tmp_path: Path) -> None:
    page.append(["序号", "项目名称", "总投资"])
    for name in ("一、产业类", "（一）新材料", 1, "（二）医药", 2, "二、基础设施类", 3, "三、其他"):
        if isinstance(name, int):
            page.append([name, f"项目{name}", 5])
        else:
            page.append([name])
            page.merge_cells(start_row=page.max_row, end_row=page.max_row, start_column=1, end_column=3)
    sheet = send(page, tmp_path)
    assert sheet.groups == ["一、产业类 / （一）新材料", "一、产业类 / （二）医药", "二、基础设施类"]
    assert told(sheet, "note") == [(9, "三、其他")]  # nothing stands under it


def test_groups_numbered_in_chinese_among_rows_numbered_in_figures(tmp_path: Path) -> None:
    sheet = send_csv(
        tmp_path, "序号,项目名称,总投资,备注\n一,产业类,300,\n1,甲,100,x\n2,乙,200,\n（二）,民生类,,\n3,丙,1,\n"
    )
    assert column(sheet, "项目名称") == ["甲", "乙", "丙"]
    assert sheet.groups == ["一、产业类", "一、产业类", "一、产业类 / （二）民生类"]


def test_rows_numbered_in_chinese_are_rows(tmp_path: Path) -> None:
    sheet = send_csv(tmp_path, "序号,项目名称,总投资,备注\n一,甲,300,\n二,乙,,\n")
    assert column(sheet, "项目名称") == ["甲", "乙"]


def test_a_row_with_a_name_alone_is_a_row(page: Worksheet, tmp_path: Path) -> None:
    page.append(["项目名称", "总投资", "备注"])
    page.append(["示例一期"])
    page.append(["示例二期"])
    sheet = send(page, tmp_path)
    assert column(sheet, "项目名称") == ["示例一期", "示例二期"]
    assert sheet.skipped == []


def test_names_that_merely_contain_such_words_are_rows(tmp_path: Path) -> None:
    names = ["合计科技有限公司", "总计划办公室", "示例会计师事务所", "注册管理公司", "备注文化公司", "小计算机店"]
    sheet = send_csv(tmp_path, "企业名称,注册资本,备注\n" + "".join(f"{name},,\n" for name in names))
    assert column(sheet, "企业名称") == names
    assert sheet.skipped == []


def test_repeated_heads_and_a_line_of_ordinals(tmp_path: Path) -> None:
    sheet = send_csv(
        tmp_path,
        "序号,项目名称,总投资（亿元）\n甲,乙,1\n1,示例一期,3\n序 号,项目名称,总投资\n（亿元）\n".replace(
            "总投资\n", "总投资"
        )
        + "1,示例二期,4\n",
    )
    assert column(sheet, "项目名称") == ["示例一期", "示例二期"]
    assert [line for line, _ in told(sheet, "repeated_head")] == [2, 4]


def test_numbers_of_columns_under_the_head(page: Worksheet, tmp_path: Path) -> None:
    page.append(["序号", "项目名称", "总投资", "备注"])
    page.append([1, 2, 3, 4])
    page.append([1, "示例", 3, 4])
    assert column(send(page, tmp_path), "项目名称") == ["示例"]


def test_a_table_of_other_heads_below_is_not_read_into_this_one(tmp_path: Path) -> None:
    sheet = send_csv(tmp_path, "项目名称,总投资,备注\n甲,1,x\n\n企业名称,注册资本,项目名称\n示例公司,9,甲\n")
    assert column(sheet, "项目名称") == ["甲"]
    assert "从第4行起" in told(sheet, "other_table")[0][1]


def test_two_tables_side_by_side(page: Worksheet, tmp_path: Path) -> None:
    page.append(["项目名称", "总投资", None, "类别", "个数"])
    page.append(["甲", 1, None, "产业", 3])
    page.append([None, None, None, "民生", 2])
    page.append(["乙", 2])
    sheet = send(page, tmp_path)
    assert sheet.heads == ["项目名称", "总投资", "", "", ""]  # columns keep their places
    assert sheet.lines == [2, 4]
    assert told(sheet, "other_table") == [(1, "D列至E列（类别、个数），未读取")]


def test_a_blank_column_within_a_table_does_not_end_it(page: Worksheet, tmp_path: Path) -> None:
    page.append(["项目名称", None, "总投资"])
    page.append(["甲", None, 1])
    sheet = send(page, tmp_path)
    assert (sheet.heads, sheet.skipped) == (["项目名称", "", "总投资"], [])


def test_a_table_that_starts_in_the_third_column(page: Worksheet, tmp_path: Path) -> None:
    page["C3"], page["D3"] = "项目名称", "总投资"
    page["C4"], page["D4"] = "甲", 1
    sheet = send(page, tmp_path)
    assert sheet.heads == ["", "", "项目名称", "总投资"]
    assert (column(sheet, "项目名称"), sheet.lines) == (["甲"], [4])


def test_blank_columns_at_the_end_are_no_columns(tmp_path: Path) -> None:
    sheet = send_csv(tmp_path, "项目名称,总投资,,,\n甲,1,,,\n乙,2\n丙,3,,,,误\n丁\n")
    assert sheet.heads == ["项目名称", "总投资"]
    assert [len(row) for row in sheet.rows] == [2, 2, 6, 1]  # slipped lines stay to be seen


def test_cells_merged_downwards_are_filled_only_where_they_are_merged(page: Worksheet, tmp_path: Path) -> None:
    page.append(["投资商名称", "项目名称", "总投资"])
    for row in (
        ["示例甲", "一期", 1],
        [None, "二期", 2],
        [None, None, None],
        [None, "三期", 3],
        ["示例乙", "四期", None],
    ):
        page.append(row)
    page.append([None, "五期", 5])
    page.merge_cells("A2:A4")
    page.merge_cells("C6:C7")
    sheet = send(page, tmp_path)
    assert column(sheet, "项目名称") == ["一期", "二期", "三期", "四期", "五期"]
    assert column(sheet, "投资商名称") == ["示例甲", "示例甲", "", "示例乙", ""]
    assert column(sheet, "总投资") == [1, 2, 3, "", ""]  # openpyxl empties what it merges over


@pytest.mark.parametrize("with_hidden", [True, False])
def test_hidden_rows_and_columns_are_told(page: Worksheet, tmp_path: Path, with_hidden: bool) -> None:
    page.append(["项目名称", "总投资", "中央", "备注"])
    for number in range(1, 6):
        page.append([f"项目{number}", number, number, "x"])
    page.row_dimensions[3].hidden = True
    page.row_dimensions[5].hidden = True
    page.column_dimensions["C"].hidden = True
    sheet = send(page, tmp_path, with_hidden=with_hidden)
    assert sheet.hidden_columns == [2]
    assert sheet.heads == ["项目名称", "总投资", "中央" if with_hidden else "", "备注"]
    assert sheet.lines == ([2, 3, 4, 5, 6] if with_hidden else [2, 4, 6])
    assert sheet.hidden_lines == ([3, 5] if with_hidden else [])
    assert [one.line for one in sheet.skipped if one.kind == "hidden"] == ([] if with_hidden else [3, 5])
    assert told(sheet, "hidden_column") == ([] if with_hidden else [(1, "C列 中央")])


def test_a_hidden_row_still_begins_the_cells_merged_from_it(page: Worksheet, tmp_path: Path) -> None:
    page.append(["投资商名称", "项目名称"])
    page.append(["示例甲", "一期"])
    page.append([None, "二期"])
    page.merge_cells("A2:A3")
    page.row_dimensions[2].hidden = True
    assert column(send(page, tmp_path, with_hidden=False), "投资商名称") == ["示例甲"]


def test_formulas_give_their_values_and_uncomputed_ones_are_told(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "公式.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["项目名称", "总投资", "备注"])
        page.write_row(1, 0, ["甲", 1])
        page.write_formula(1, 2, '=IF(B2>3,"大","小")', None, "小")
        page.write_string(2, 0, "乙")
        page.write_formula(2, 1, "=B2*2", None, 2)
    sheet = read(tmp_path / "公式.xlsx", KNOWN)
    assert (column(sheet, "总投资"), column(sheet, "备注"), sheet.skipped) == ([1, 2], ["小", ""], [])
    book = openpyxl.load_workbook(tmp_path / "公式.xlsx")  # openpyxl writes no values with formulas
    book.save(tmp_path / "未算.xlsx")
    sheet = read(tmp_path / "未算.xlsx", KNOWN)
    assert column(sheet, "总投资") == [1, ""]
    assert told(sheet, "formula") == [(2, "备注"), (3, "总投资")]


def test_the_sheet_with_most_known_heads_is_read(page: Worksheet, tmp_path: Path) -> None:
    book = page.parent
    assert isinstance(book, openpyxl.Workbook)
    page.title = "填报说明"
    page.append(["项目名称", "填全称"])
    for name, heads, state in (
        ("甲表", ["项目名称", "总投资"], "visible"),
        ("乙表", ["项目名称", "总投资", "备注"], "visible"),
        ("底稿", ["项目名称", "总投资", "备注"], "hidden"),
    ):
        other = book.create_sheet(name)
        other.append(["题名"])
        other.append(heads)
        other.append([name, 1])
        other.sheet_state = state
    book.create_sheet("空表")
    sheet = send(page, tmp_path)
    assert (sheet.sheet_name, column(sheet, "项目名称")) == ("乙表", ["乙表"])
    assert column(read(tmp_path / "报送.xlsx", KNOWN, sheet="底稿"), "项目名称") == ["底稿"]
    offered = sheets(tmp_path / "报送.xlsx", KNOWN)
    assert [(one.name, one.rows, one.score, one.hidden) for one in offered] == [
        ("填报说明", 0, 1, False),
        ("甲表", 1, 2, False),
        ("乙表", 1, 3, False),
        ("底稿", 1, 3, True),
        ("空表", 0, 0, False),
    ]
    assert offered[2].heads == ["项目名称", "总投资", "备注"]


def test_a_csv_is_one_sheet(tmp_path: Path) -> None:
    (tmp_path / "名单.csv").write_text("名单\n项目名称,总投资\n甲,1\n乙,2\n")
    assert [(one.name, one.rows, one.score) for one in sheets(tmp_path / "名单.csv", KNOWN)] == [("名单", 2, 2)]


def test_a_quote_without_its_pair_spoils_its_own_line_only(tmp_path: Path) -> None:
    good = "".join(f'项目{number},{number},"第一行\n第二行"\n' for number in range(20))
    sheet = send_csv(tmp_path, f'项目名称,总投资,备注\n甲,"三期,x\n{good}乙,4,"收尾\n丙,5,z\n')
    names = column(sheet, "项目名称")
    assert names == ["甲", *(f"项目{number}" for number in range(20)), "乙", "丙"]
    assert sheet.lines == [2, *range(3, 43, 2), 43, 44]
    assert sheet.rows[0] == ["甲", '"三期', "x"]
    assert sheet.rows[1] == ["项目0", "0", "第一行\n第二行"]


def test_a_sheet_can_be_made_from_memory() -> None:
    sheet = Sheet(Path("接口"), "api", ["项目名称"], [""], [["甲"]], [1])
    other = Sheet(Path("接口"), "api", ["项目名称"], [""], [["乙"]], [1])
    assert sheet.groups == [""]
    assert len(sheet.file_hash) == 64
    assert sheet.file_hash != other.file_hash


WORDS = st.sampled_from(["", "项目名称", "总投资", "备注", "甲", "合计", "注：x", "一", "1", "3.5", " ", "序号"])


@given(st.lists(st.lists(WORDS, min_size=1, max_size=6), max_size=12))
def test_no_line_is_lost_without_a_word(tmp_path_factory: pytest.TempPathFactory, grid: list[list[str]]) -> None:
    """Every line that holds something is a row, a head, or listed as skipped; except beside or below another table."""
    head = find_head(grid, [], KNOWN)
    if head is None:
        return
    file = tmp_path_factory.mktemp("grid") / "表.csv"
    file.write_text("\n".join(",".join(row) for row in grid) + "\n")
    sheet = read(file, KNOWN)
    if any(one.kind == "other_table" for one in sheet.skipped):
        return
    said = {one.line for one in sheet.skipped}
    heads = range(head.first + 1, head.last + 2)
    assert not said & set(sheet.lines)
    for line, row in enumerate(grid, start=1):
        if any(cell.strip() for cell in row) and line not in heads:
            assert (line in said) + (line in sheet.lines) == 1, (line, row)


def cells_of(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [list(row) for row in rows]


CELLS = st.one_of(
    st.none(),
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="�\ufffe\uffff"), max_size=12
    ),
    st.floats(-1e9, 1e9).map(lambda number: round(number, 6)),
    st.integers(-(10**9), 10**9),
    st.booleans(),
    st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)),
)


@settings(max_examples=25)  # each opens a process
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_cells_of_a_workbook_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, grid: list[tuple[object, object]]
) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.append(["序号", "项目名称", "总投资"])
    for number, row in enumerate(grid, start=1):
        for at, cell in enumerate((number, *row), start=1):
            made = page.cell(number + 1, at, cell)
            if isinstance(cell, str):
                made.data_type = "s"
    file = tmp_path_factory.mktemp("round") / "表.xlsx"
    book.save(file)
    sheet = read(file, KNOWN)
    rows = dict(zip(sheet.lines, cells_of(sheet.rows), strict=True))
    for number, row in enumerate(grid, start=1):
        if number + 1 in rows:
            assert rows[number + 1] == [number, *("" if cell is None else cell for cell in row)]
        else:
            assert any(one.line == number + 1 for one in sheet.skipped)


def test_heads_are_cleaned_the_same_way_everywhere() -> None:
    assert clean_head(" 投资商 \n 名称＊") == ("投资商名称", "")
