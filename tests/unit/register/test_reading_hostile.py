"""What is too large, broken, locked, made to harm or no table at all is refused with a remedy; nothing else comes out."""

import io
import os
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianpu.register.reading import UnreadableError, limited, read
from lianpu.register.reading.layout import arrange
from lianpu.register.reading.limits import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, MAX_UNPACKED_BYTES, MAX_WORKBOOK_BYTES
from lianpu.register.reading.opening import RawSheet

KNOWN = frozenset(["企业名称", "注册资本", "备注"])
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture(scope="module")
def workbook() -> bytes:
    """A small sound workbook."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["企业名称", "注册资本"])
    for number in range(20):
        page.append([f"示例{number}公司", number])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_sheet(workbook: bytes, xml: str) -> bytes:
    """The workbook with another sheet1.xml."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, xml.encode() if part.filename == SHEET else old.read(part))
    return out.getvalue()


def worksheet(rows: str) -> str:
    return (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEAD = f'<row r="1">{text_cell("A1", "企业名称")}{text_cell("B1", "注册资本")}</row>'


def declared(workbook: bytes, size: int) -> bytes:
    """The workbook whose list of parts says that its sheet unpacks to ``size`` bytes."""
    data = bytearray(workbook)
    entry = data.rindex(SHEET.encode()) - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    struct.pack_into("<L", data, entry + 24, size)
    return bytes(data)


def refused(folder: Path, data: bytes, name: str = "报送.xlsx") -> str:
    (folder / name).write_bytes(data)
    with pytest.raises(UnreadableError) as told:
        read(folder / name, KNOWN)
    assert name in str(told.value)
    assert "请" in str(told.value)
    return str(told.value)


# -- too large ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("head", "size"), [(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 200 << 20), (b"a,b\n", MAX_BYTES + 1)]
)
def test_files_beyond_the_bound_are_refused_unread(tmp_path: Path, head: bytes, size: int) -> None:
    file = tmp_path / "大.xls"
    with file.open("wb") as stream:
        stream.write(head + "Workbook".encode("utf-16-le"))
        stream.truncate(size)
    with pytest.raises(UnreadableError, match=f"{MAX_WORKBOOK_BYTES >> 20}MB|{MAX_BYTES >> 20}MB"):
        read(file, KNOWN)


def test_a_bomb_by_its_own_word(workbook: bytes, tmp_path: Path) -> None:
    assert f"{MAX_UNPACKED_BYTES >> 20:,}MB" in refused(tmp_path, declared(workbook, MAX_UNPACKED_BYTES + 1))


def test_a_bomb_that_hides_its_size(workbook: bytes, tmp_path: Path) -> None:
    assert "声明的大小不符" in refused(tmp_path, declared(workbook, 100))


def test_a_zip_of_very_many_parts(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for number in range(10_050):
            package.writestr(f"xl/{number}", b"")
    assert "部件" in refused(tmp_path, out.getvalue())


def test_sixteen_thousand_columns(workbook: bytes, tmp_path: Path) -> None:
    from openpyxl.utils import get_column_letter

    row = "".join(
        text_cell(f"{get_column_letter(at)}1", "企业名称" if at == 1 else f"列{at}") for at in range(1, 16_385)
    )
    assert f"{MAX_COLUMNS:,}列" in refused(tmp_path, with_sheet(workbook, worksheet(f'<row r="1">{row}</row>')))


def test_one_cell_at_the_far_corner(workbook: bytes, tmp_path: Path) -> None:
    far = f'<row r="1048576">{text_cell("XFD1048576", "x")}</row>'
    assert "另存为新的" in refused(tmp_path, with_sheet(workbook, worksheet(HEAD + far)))


def test_many_more_rows_than_there_are_is_no_harm(workbook: bytes, tmp_path: Path) -> None:
    far = f'<row r="2">{text_cell("A2", "示例公司")}</row><row r="1048576">{text_cell("B1048576", "x")}</row>'
    (tmp_path / "长.xlsx").write_bytes(with_sheet(workbook, worksheet(HEAD + far)))
    assert read(tmp_path / "长.xlsx", KNOWN).lines == [2, 1_048_576]


def test_a_csv_of_too_many_lines(tmp_path: Path) -> None:
    assert f"{MAX_ROWS:,}行" in refused(tmp_path, "企业名称,备注\n".encode() + b"a,b\n" * 5_000_000, "大.csv")


def test_a_csv_of_one_line_with_very_many_fields(tmp_path: Path) -> None:
    assert f"{MAX_COLUMNS:,}列" in refused(tmp_path, "企业名称,备注".encode() + b",x" * 200_000, "宽.csv")


def test_a_csv_full_of_quotes_without_pair_ends(tmp_path: Path) -> None:
    assert "引号" in refused(tmp_path, "企业名称,备注\n".encode() + b'a,"b\nc,d\n' * 5_000, "引号.csv")


# -- no table ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("甲.xls", b"<html><body><table><tr><td>x</td></tr></table></body></html>", "网页"),
        ("甲.xls", b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "XML"),
        ("甲.xlsx", b"%PDF-1.7 ...", "PDF"),
        ("甲.csv", b"\x89PNG\r\n\x1a\n...", "图片"),
        ("甲.xlsx", b"Rar!\x1a\x07\x00", "压缩包"),
        ("甲.xls", b"{\\rtf1 x}", "RTF"),
        ("甲.et", b"\x00\x01\x02\x03" * 40, "不认识"),
        ("甲.xlsx", b"PK\x03\x04" + b"\x00" * 60, "损坏"),
        ("甲.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "不是可读的工作簿"),
        ("甲.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "Word"),
        ("甲.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "不是可读的工作簿"),
        ("甲.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "取消密码"),
        ("甲.xlsx", b"\n", "找不到表头"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    assert said in refused(tmp_path, data, name)


@pytest.mark.parametrize(
    ("part", "said"), [("word/document.xml", "Word"), ("照片/一.jpg", "先解压"), ("xl/readme.txt", "工作簿")]
)
def test_zips_of_other_things(tmp_path: Path, part: str, said: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr(part, "x")
    assert said in refused(tmp_path, out.getvalue())


def test_a_locked_zip(workbook: bytes, tmp_path: Path) -> None:
    data = bytearray(workbook)
    entry = data.rindex(SHEET.encode()) - 46
    data[entry + 8] |= 1
    assert "取消密码" in refused(tmp_path, bytes(data))


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.99])
def test_a_file_that_did_not_arrive_whole(workbook: bytes, tmp_path: Path, kept: float) -> None:
    refused(tmp_path, workbook[: int(len(workbook) * kept)])


def test_a_part_that_does_not_unpack(workbook: bytes, tmp_path: Path) -> None:
    data = bytearray(workbook)
    start = data.index(SHEET.encode()) + len(SHEET)
    data[start + 20 : start + 60] = b"\xff" * 40
    assert "已损坏" in refused(tmp_path, bytes(data))


def test_what_the_ending_says_does_not_matter(workbook: bytes, tmp_path: Path) -> None:
    for name, data, form in (
        ("甲.csv", workbook, "xlsx"),
        ("甲.xls", workbook, "xlsx"),
        ("甲.无", workbook, "xlsx"),
        ("甲.xlsx", "企业名称,备注\n甲,x\n".encode("gbk"), "csv"),
        ("甲", "企业名称\t备注\n甲\tx\n".encode("utf-16"), "csv"),
    ):
        (tmp_path / name).write_bytes(data)
        sheet = read(tmp_path / name, KNOWN)
        assert sheet.form == form
        assert sheet.rows


def test_a_sheet_that_is_not_there(workbook: bytes, tmp_path: Path) -> None:
    (tmp_path / "甲.xlsx").write_bytes(workbook)
    with pytest.raises(UnreadableError, match="请从其中选择：Sheet"):
        read(tmp_path / "甲.xlsx", KNOWN, sheet="台账")


# -- the limited process -----------------------------------------------------------------------------
def test_what_takes_too_long_is_stopped(workbook: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "MAX_SECONDS", 0)
    assert "时间过长" in refused(tmp_path, workbook)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_the_limited_process_has_bounds_and_no_secrets(
    workbook: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIANPU_SECRET_KEY", "not-to-be-told")
    (tmp_path / "甲.xlsx").write_bytes(workbook)
    with limited.opened(tmp_path / "甲.xlsx", "xlsx") as file:
        place = Path("/proc") / str(file.process.pid)
        assert b"not-to-be-told" not in (place / "environ").read_bytes()
        bounds = dict(line.rsplit(maxsplit=3)[:2] for line in (place / "limits").read_text().splitlines()[1:])
        assert bounds["Max address space"].isdecimal()
        assert bounds["Max cpu time"].isdecimal()
        assert bounds["Max file size"] == "0"
    assert not place.exists()


def test_many_at_once_from_threads(workbook: bytes, tmp_path: Path) -> None:
    (tmp_path / "甲.xlsx").write_bytes(workbook)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: len(read(tmp_path / "甲.xlsx", KNOWN).rows), range(8)))
    assert found == [20] * 8


def test_no_process_stays_behind_when_the_head_is_not_found(workbook: bytes, tmp_path: Path) -> None:
    program = (
        "import sys, subprocess; from pathlib import Path\n"
        "from lianpu.register.reading import read, UnreadableError\n"
        "try: read(Path(sys.argv[1]), frozenset(['无此列']))\n"
        "except UnreadableError: pass\n"
        "print(len(subprocess._active))\n"
    )
    (tmp_path / "甲.xlsx").write_bytes(workbook)
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "甲.xlsx")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")


# -- anything at all ---------------------------------------------------------------------------------
ENDINGS = ["xlsx", "xls", "et", "ods", "csv", "txt", "parquet", "docx", ""]
MAGICS = [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1", b"\xff\xfe", b"\xef\xbb\xbf", b"\x09\x08"]
FUZZ = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def try_it(file: Path) -> None:
    """Read it, or be told why not, in words."""
    told = "请"
    try:
        read(file, KNOWN)
    except UnreadableError as error:
        told = str(error)
    assert "请" in told


LINES = st.lists(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["", None, "企业名称", "注册资本", "合计", "注：甲", "一", "（一）乙", "序号", 1.0, 2, "2", " "]
            ),
            st.text(max_size=4),
            st.dates(),
        ),
        max_size=5,
    ),
    max_size=10,
)
PLACES = st.integers(0, 12)


@given(LINES, st.lists(st.tuples(PLACES, PLACES, PLACES, PLACES)), st.lists(PLACES), st.lists(PLACES), st.booleans())
def test_random_lines_however_merged_and_hidden(
    lines: list[list[object]],
    merges: list[tuple[int, int, int, int]],
    hidden_rows: list[int],
    hidden_columns: list[int],
    with_hidden: bool,
) -> None:
    sound = RawSheet("表", 10, 5, False, merges, hidden_rows, hidden_columns, [(row, 0) for row in hidden_rows])
    even = [[*row, *[""] * (5 - len(row))] for row in lines]
    for form, raw, cells in (("csv", RawSheet("表"), lines), ("xlsx", sound, even)):
        try:
            sheet = arrange(Path("表"), form, raw, iter(enumerate(cells, start=1)), KNOWN, with_hidden=with_hidden)
        except UnreadableError:
            continue
        assert len(sheet.heads) == len(sheet.units)
        assert len(sheet.rows) == len(sheet.lines) == len(sheet.groups)
        assert form == "csv" or {len(row) for row in sheet.rows} <= {len(sheet.heads)}
        assert sheet.lines == sorted(set(sheet.lines))


@FUZZ
@given(st.sampled_from(MAGICS), st.binary(max_size=400), st.sampled_from(ENDINGS))
def test_random_bytes(tmp_path: Path, magic: bytes, data: bytes, ending: str) -> None:
    (tmp_path / f"乱.{ending}").write_bytes(magic + data)
    try_it(tmp_path / f"乱.{ending}")


@FUZZ
@given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-16", "gb18030"]))
def test_random_text_under_a_head(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "乱.csv").write_bytes(("企业名称,注册资本,备注\n" + text).encode(encoding, "replace"))
    try_it(tmp_path / "乱.csv")


def mutated(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(changed))
        match chance.randrange(3):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 64)]
            case _:
                changed[at:at] = chance.randbytes(chance.randint(1, 16))
    return bytes(changed)


@pytest.fixture(scope="module")
def parquet() -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"企业名称": [f"示例{n}" for n in range(50)], "注册资本": list(range(50))}).write_parquet(out)
    return out.getvalue()


@FUZZ
@given(st.integers(0, 2**32))
def test_damaged_workbooks(workbook: bytes, tmp_path: Path, seed: int) -> None:
    (tmp_path / "坏.xlsx").write_bytes(mutated(workbook, seed))
    try_it(tmp_path / "坏.xlsx")


TAGS: list[Callable[[random.Random], str]] = [
    lambda c: f'<row r="{c.choice([0, 1, 2, 5, 1048576, 9999999])}">',
    lambda _: "</row>",
    lambda c: (
        f'<c r="{c.choice(["A1", "B2", "XFD9", "A0", "", "ZZZZ1"])}" t="{c.choice(["s", "n", "d", "str", "b"])}">'
    ),
    lambda c: f"<v>{c.choice(['1', '-5', 'NaN', '1e999', '99999999', ''])}</v>",
    lambda _: "</c>",
    lambda c: f'<mergeCells><mergeCell ref="{c.choice(["A1:XFD1048576", "B2:A1", "A1", "A1:B"])}"/></mergeCells>',
    lambda c: f'<cols><col min="{c.choice([0, 1, 99999])}" max="{c.choice([0, 3, 16384])}" hidden="1"/></cols>',
    lambda _: "<f>A1</f>",
    lambda _: "<sheetData>",
    lambda _: "</sheetData>",
]


@FUZZ
@given(st.integers(0, 2**32))
def test_malformed_sheets(workbook: bytes, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    tags = "".join(chance.choice(TAGS)(chance) for _ in range(chance.randint(1, 20)))
    (tmp_path / "坏.xlsx").write_bytes(with_sheet(workbook, worksheet(HEAD + tags)))
    try_it(tmp_path / "坏.xlsx")


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_damaged_parquet(parquet: bytes, tmp_path: Path, seed: int) -> None:
    (tmp_path / "坏.parquet").write_bytes(mutated(parquet, seed))
    try_it(tmp_path / "坏.parquet")
