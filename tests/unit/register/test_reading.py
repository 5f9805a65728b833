"""Files as offices send them are read alike, whatever program wrote them; what cannot be read is said with a remedy."""

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from lianpu.register.faults import BadValueError
from lianpu.register.reading import Sheet, UnreadableError, check_width, clean_head, decode, read

HEADS = ["企业名称", "注册资本（万元）", "备注"]
KNOWN = frozenset(["企业名称", "注册资本", "备注"])
ROWS = [
    ["示例甲有限公司", "1,200", "含“引号”、逗号,"],
    ["示例乙有限公司", "3", "第一行\n第二行"],
    ["示例丙有限公司", "", ""],
]
RARE = "㛃𫟹䶮𠮷"  # beyond GBK; in people's names


def as_csv(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def read_bytes(folder: Path, data: bytes, name: str = "报送.csv") -> Sheet:
    (folder / name).write_bytes(data)
    return read(folder / name, KNOWN)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_every_encoding_gives_the_same_rows(tmp_path: Path, encoding: str) -> None:
    sheet = read_bytes(tmp_path, as_csv([HEADS, *ROWS]).encode(encoding))
    assert sheet.heads == ["企业名称", "注册资本", "备注"]
    assert sheet.units == ["", "万元", ""]
    assert sheet.rows == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_rare_characters_survive(tmp_path: Path, encoding: str) -> None:
    sheet = read_bytes(tmp_path, as_csv([HEADS, [RARE, "1", RARE]]).encode(encoding))
    assert sheet.rows == [[RARE, "1", RARE]]


@given(st.text(st.sampled_from("甲乙丙兰州有限公司（）abc,，\n\"' 㛃𠮷"), min_size=1, max_size=30))
def test_decoding_finds_the_text_again(text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        # Two or three GB18030 bytes may happen to be UTF-8 as well; a whole head never is.
        assert decode(("企业名称,注册资本\n" + text).encode(encoding))[0] == "企业名称,注册资本\n" + text


def test_a_broken_byte_spoils_its_own_line_only(tmp_path: Path) -> None:
    data = as_csv([HEADS, *ROWS]).encode("gb18030").replace("示例乙".encode("gb18030"), b"\xff\xff")
    sheet = read_bytes(tmp_path, data)
    assert sheet.rows[0] == ROWS[0]
    assert "�" in str(sheet.rows[1][0])
    assert sheet.rows[2] == ROWS[2]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("title", [[], [["兰州市企业登记表"], ["填报单位：", "某局"], []]])
def test_head_is_found_under_title_lines(tmp_path: Path, delimiter: str, title: list[list[str]]) -> None:
    sheet = read_bytes(tmp_path, as_csv([*title, HEADS, *ROWS], delimiter).encode())
    assert sheet.heads == ["企业名称", "注册资本", "备注"]
    assert sheet.rows == ROWS
    assert sheet.above == [*title, HEADS]


def test_line_numbers_are_those_of_an_editor(tmp_path: Path) -> None:
    sheet = read_bytes(tmp_path, '企业名称,备注\n甲,"一\n二\n三"\n\n乙,x\n丙,y\n'.encode())
    assert [row[0] for row in sheet.rows] == ["甲", "乙", "丙"]
    assert sheet.lines == [2, 6, 7]


def cells_of(sheet: Sheet) -> list[list[Any]]:
    return [list(row) for row in sheet.rows]


def test_workbooks_of_two_writers(tmp_path: Path) -> None:
    day = dt.date(2021, 3, 15)
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["企业登记表"])
    page.merge_cells("A1:C1")
    page.append(["企业\n名称*", "注册资本\n(单位：亿元)", "备注"])
    page.append(["示例甲有限公司", 1.5, day])
    page.append([None, None, None])
    page.append(["示例乙有限公司", "约2", "第一行\n第二行"])
    book.save(tmp_path / "甲.xlsx")
    with xlsxwriter.Workbook(tmp_path / "乙.xlsx") as other:
        other.add_worksheet("空表")
        sheet = other.add_worksheet("数据")
        sheet.merge_range("A1:C1", "企业登记表")
        for at, head in enumerate(["企业 名称", "注册资本[亿元]", "备注"]):
            sheet.write_string(1, at, head)
        sheet.write_row(2, 0, ["示例甲有限公司", 1.5])
        sheet.write_datetime(2, 2, dt.datetime(2021, 3, 15), other.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
        sheet.write_row(4, 0, ["示例乙有限公司", "约2", "第一行\n第二行"])
    for name in ("甲.xlsx", "乙.xlsx"):
        found = read(tmp_path / name, KNOWN)
        assert found.heads == ["企业名称", "注册资本", "备注"]
        assert found.units == ["", "亿元", ""]
        assert found.lines == [3, 5]
        assert cells_of(found) == [["示例甲有限公司", 1.5, day], ["示例乙有限公司", "约2", "第一行\n第二行"]]


def test_parquet(tmp_path: Path) -> None:
    frame = pl.DataFrame({"企业名称": ["甲", None], "注册资本（万元）": [1.5, None], "备注": ["x", "y"]})
    frame.write_parquet(tmp_path / "甲.parquet")
    sheet = read(tmp_path / "甲.parquet", KNOWN)
    assert cells_of(sheet) == [["甲", 1.5, "x"], [None, None, "y"]]
    assert sheet.units == ["", "万元", ""]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("甲.csv", b"", "空文件"),
        ("甲.docx", b"PK", "docx"),
        ("甲.csv", "姓名,年龄\n张三,3\n".encode(), "找不到表头"),
        ("甲.xlsx", b"this is no workbook", "xlsx"),
        ("甲.xls", b"this is no workbook", "xls"),
        ("甲.parquet", b"PAR1 this is no parquet", "parquet"),
        ("甲.csv", ('企业名称,备注\n甲,"' + "字" * 140_000).encode(), "第2行"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(UnreadableError, match=said) as refused:
        read_bytes(tmp_path, data, name)
    assert "请" in str(refused.value)


def test_an_empty_workbook_and_a_missing_file_are_said(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "空.xlsx")
    with pytest.raises(UnreadableError, match="空的"):
        read(tmp_path / "空.xlsx", KNOWN)
    with pytest.raises(UnreadableError, match="找不到文件"):
        read(tmp_path / "无.xlsx", KNOWN)


def test_heads_and_units() -> None:
    assert clean_head("总投资\n（ 亿元 ）") == ("总投资", "亿元")
    assert clean_head("从业人员(人)*") == ("从业人员", "人")
    assert clean_head("注册资本【单位：万元】") == ("注册资本", "万元")
    assert clean_head("名称（全称）") == ("名称（全称）", "")
    assert clean_head(None) == ("", "")


def test_slipped_columns_are_refused() -> None:
    check_width(["a", "b"], ["x", "y"])
    with pytest.raises(BadValueError, match="3个字段"):
        check_width(["a", "b", "c"], ["x", "y"])
