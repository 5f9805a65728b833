"""Real ledgers as offices sent them become sheets, each with the count that its origin states."""

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest

from lianpu.register.reading import Sheet, read, sheets
from support import lianpu_data

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def ledgers() -> Path:
    return lianpu_data() / "ledgers"


def cells(sheet: Sheet, head: str) -> list[object]:
    at = sheet.heads.index(head)
    return [row[at] for row in sheet.rows]


def skipped(sheet: Sheet) -> dict[str, int]:
    return dict(Counter(one.kind for one in sheet.skipped))


@pytest.mark.parametrize(
    ("name", "head", "rows"),
    [
        ("绿色工厂名单", "工厂名称", 2783),
        ("绿色工业园区名单", "园区", 224),
        ("绿色供应链管理示范企业名单", "企业名称", 296),
        ("绿色设计产品名单", "产品名称", 3163),
    ],
)
def test_lists_of_the_ministry(ledgers: Path, name: str, head: str, rows: int) -> None:
    sheet = read(ledgers / "miit-green-manufacturing" / f"{name}.csv", frozenset([head]))
    assert len(sheet.rows) == rows
    assert not sheet.skipped
    assert {len(row) for row in sheet.rows} == {len(sheet.heads)}


def test_a_table_lifted_from_paper_with_its_head_on_every_group(ledgers: Path) -> None:
    file = ledgers / "miit-green-manufacturing" / "data01.xlsx"
    sheet = read(file, frozenset(["企业名称", "产品名称", "产品型号"]))
    assert sheet.sheet_name == "绿色产品名单"
    assert sheet.heads == ["序号", "企业名称", "产品名称", "产品型号", "推荐单位"]
    # 125 groups, each with a title, a standard, highlights and its head; the first of them stands above the table.
    assert skipped(sheet) == {"title": 3, "group": 124, "note": 248, "repeated_head": 124}
    assert len(sheet.rows) + sum(skipped(sheet).values()) + 1 == 1489
    assert all(isinstance(number, float) for number in cells(sheet, "序号"))
    assert sheet.groups[-1] == "125.再生烧结钕铁硼永磁材料（1种）"
    # A group says how many products it has: numbering restarts, nothing is lost.
    assert Counter(sheet.groups)["31.印制电路板（122种）"] == 122


def test_every_sheet_of_a_workbook_is_offered(ledgers: Path) -> None:
    file = ledgers / "miit-green-manufacturing" / "data01.xlsx"
    known = frozenset(["企业名称", "工厂名称", "地区", "园区名称"])
    offered = {one.name: (one.rows, one.score) for one in sheets(file, known)}
    assert offered == {
        "绿色工厂名单": (662, 2),
        "绿色产业指导目录": (212, 0),
        "绿色园区名单": (52, 2),
        "绿色供应链管理企业名单": (107, 2),
        "绿色产品名单": (1485, 1),
    }
    for name in ("绿色工厂名单", "绿色园区名单", "绿色供应链管理企业名单"):
        assert len(read(file, known, sheet=name).rows) == offered[name][0]


def test_a_list_under_an_empty_row_beside_empty_sheets(ledgers: Path) -> None:
    sheet = read(ledgers / "central-soe" / "企业列表.xlsx", frozenset(["企业（集团）名称", "规范简称"]))
    assert (len(sheet.rows), sheet.lines[0], sheet.lines[-1]) == (105, 3, 107)
    assert cells(sheet, "序号") == [float(number) for number in range(1, 106)]
    assert cells(sheet, "规范简称")[-3:] == [
        "突破",
        "创新",
        "领先",
    ]  # keywords; whether they are firms, the register says


LEDGER = frozenset(["分项工程", "分项工程名称", "里程位置", "施工开始时间", "长度"])


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("路基时间台账", 757),
        ("浆砌排水沟浆砌试验台账", 281),
        ("混凝土盖板边沟", 61),
        ("浆砌片石护坡", 22),
        ("喷播植草护坡", 59),
        ("挂三维网植草护坡", 55),
        ("挂CF网植草护坡", 42),
        ("挂铁丝网", 3),
    ],
)
def test_every_sheet_of_a_construction_ledger(ledgers: Path, name: str, rows: int) -> None:
    file = ledgers / "highway-section" / "台账.xlsx"
    assert name in [one.name for one in sheets(file, LEDGER)]
    sheet = read(file, LEDGER, sheet=name)
    assert len(sheet.rows) == rows
    assert LEDGER & set(sheet.heads)
    assert {len(row) for row in sheet.rows} == {len(sheet.heads)}


def test_cells_merged_downwards_speak_for_all_their_rows(ledgers: Path) -> None:
    sheet = read(ledgers / "highway-section" / "台账.xlsx", LEDGER, sheet="路基时间台账")
    assert sheet.heads[:6] == ["序号", "单位工程", "", "分部工程", "", "分项工程"]
    by_line = dict(zip(sheet.lines, sheet.rows, strict=True))
    assert by_line[193][0] == by_line[6][0] == 1.0  # merged A6:A193
    assert by_line[12][3] == by_line[6][3]  # merged D6:E12
    assert by_line[766][0] == ""  # not merged
    assert dt.date(2018, 1, 28) in by_line[3]
    assert [one.kind for one in sheet.skipped] == ["title"]


def test_of_two_tables_side_by_side_the_known_one_is_read(ledgers: Path) -> None:
    sheet = read(ledgers / "highway-section" / "台账.xlsx", LEDGER, sheet="喷播植草护坡")
    assert [head for head in sheet.heads if head] == ["分项工程名称", "里程位置", "长度", "工程量", "施工时间"]
    assert set(skipped(sheet)) == {"other_table"}
    assert "里程位置" in sheet.skipped[0].text


@pytest.mark.parametrize(
    ("name", "sheet_name", "rows", "unit", "codes"),
    [
        ("1997年40部门投入产出表", None, 47, "万元", 2),
        ("2002年42部门投入产出表", None, 49, "万元", 1),
        ("2005年42部门投入产出流量表", "42部门(万元）", 49, "万元", 2),
        ("2005年42部门投入产出流量表", "42部门（亿元）", 59, "亿元", 2),
    ],
)
def test_tables_of_the_statistics_bureau_with_heads_of_several_rows(
    ledgers: Path, name: str, sheet_name: str | None, rows: int, unit: str, codes: int
) -> None:
    known = frozenset(["代码", "产品部门", "农业", "工业", "煤炭采选业", "煤炭开采和洗选业", "总产出"])
    sheet = read(ledgers / "nbs-io-xls" / f"{name}.xls", known, sheet=sheet_name)
    assert (sheet.form, len(sheet.rows), len(sheet.above)) == ("xls", rows, 6)
    assert sheet.units[sheet.heads.index("农业")] == unit
    assert "repeated_head" in skipped(sheet)  # the line of codes under the head
    assert sheet.rows[-1][codes] == "TI"
