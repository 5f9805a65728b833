"""Files as offices send them → one sheet of cells with a head and line numbers.

xlsx/xls by calamine; csv as BOM → strict UTF-8 → GB18030 (that order: GB18030 accepts nearly any bytes,
so it must come last); parquet by polars. The head is looked for under title lines.
"""

import csv
import hashlib
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lianpu.register.faults import BadValueError

HEAD_SEARCH_LINES = 15
# A spreadsheet runs a text cell that begins so; our csv files shield such texts with an apostrophe.
RUNS = ("=", "+", "-", "@", "\t", "\r")
_UNIT = re.compile(r"[（(\[【]\s*(?:单位[：:])?\s*(亿元|万元|元|亩|吨|万吨|人|家|个|%|吨标煤)\s*[）)\]】]")


class UnreadableError(Exception):
    """The file cannot be read at all; the message says what to do."""


@dataclass
class Sheet:
    """Cells under one head. ``lines[i]`` is the file's line number of ``rows[i]``."""

    path: Path
    form: str  # xlsx | xls | csv | parquet
    heads: list[str]
    units: list[str]
    rows: list[Sequence[object]]
    lines: list[int]
    above: list[Sequence[object]] = field(default_factory=list)  # title lines, kept for the result file
    encoding: str = ""

    @property
    def file_hash(self) -> str:
        digest = hashlib.sha256()
        with self.path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()


def clean_head(cell: object) -> tuple[str, str]:
    """Head text without line breaks, blanks and unit; and the unit, if it names one."""
    text = re.sub(r"[\s*＊]+", "", "" if cell is None else str(cell))
    unit = _UNIT.search(text)
    return (_UNIT.sub("", text), unit[1]) if unit else (text, "")


def read(path: Path, known_heads: frozenset[str]) -> Sheet:
    """Read a file; ``known_heads`` (cleaned) are the words by which the head line is recognised."""
    if not path.is_file():
        raise UnreadableError(f"找不到文件 {path}，请检查路径。")
    if path.stat().st_size == 0:
        raise UnreadableError(f"{path.name} 是空文件，请重新导出后再报送。")
    form = path.suffix.lower().lstrip(".")
    if form == "parquet":
        return _parquet(path)
    if form in {"xlsx", "xls", "xlsm", "ods", "et"}:
        return _under_head(path, form, _workbook(path), known_heads)
    if form in {"csv", "txt", "tsv"}:
        text, encoding = decode(path.read_bytes())
        return _under_head(path, "csv", _csv(text), known_heads, encoding)
    raise UnreadableError(f"不认识的文件类型“.{form}”，请另存为 xlsx 或 csv 后再报送。")


def decode(data: bytes) -> tuple[str, str]:
    """Text and encoding of a csv file's bytes."""
    if data.startswith(b"\xef\xbb\xbf"):
        return data.decode("utf-8-sig", errors="replace"), "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), "utf-16"
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    # A few broken bytes must not hide the good lines: those lines are reported as faulty.
    best = (
        "utf-8"
        if data.decode("utf-8", "replace").count("�") <= data.decode("gb18030", "replace").count("�")
        else "gb18030"
    )
    return data.decode(best, errors="replace"), best


def _csv(text: str) -> Iterator[tuple[int, list[object]]]:
    top = "".join(text.splitlines(keepends=True)[:HEAD_SEARCH_LINES])
    delimiter = max((",", "\t", ";"), key=top.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = 1
    try:
        for row in reader:
            yield start, [unshield(cell) for cell in row]
            start = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(f"从第{start}行起无法读取（{error}）：多半是引号没有成对，请改正后重新报送。") from error


def unshield(cell: object) -> object:
    """A csv cell without the apostrophe by which ``exporting.shield`` made it harmless."""
    if isinstance(cell, str) and cell.startswith("'") and cell.lstrip("'").startswith(RUNS):
        return cell[1:]
    return cell


def _workbook(path: Path) -> Iterator[tuple[int, list[object]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
    except CalamineError as error:
        raise UnreadableError(f"{path.name} 不是可读的工作簿（{error}），请另存为 xlsx 后再报送。") from error
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        if any(cell not in ("", None) for row in rows for cell in row):
            return ((number, list(row)) for number, row in enumerate(rows, start=1))
    raise UnreadableError(f"{path.name} 的各张表都是空的。")


def _parquet(path: Path) -> Sheet:
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise UnreadableError(f"{path.name} 不是可读的 parquet 文件，请重新导出后再报送。") from error
    heads = [clean_head(name) for name in frame.columns]
    lines = list(range(1, frame.height + 1))
    return Sheet(path, "parquet", [h for h, _ in heads], [u for _, u in heads], list(frame.iter_rows()), lines)


def _under_head(
    path: Path, form: str, numbered: Iterator[tuple[int, list[object]]], known: frozenset[str], encoding: str = ""
) -> Sheet:
    """Find the head among the first lines: the one with most known words; rows below it are data."""
    top = list(itertools.islice(numbered, HEAD_SEARCH_LINES))
    scores = [sum(clean_head(cell)[0] in known for cell in row) for _, row in top]
    if not scores or max(scores) == 0:
        raise UnreadableError(
            f"{path.name} 的前{HEAD_SEARCH_LINES}行里找不到表头，请保留列名一行（例如“{'、'.join(sorted(known)[:3])}”）。"
        )
    at = scores.index(max(scores))
    heads = [clean_head(cell) for cell in top[at][1]]
    below = [
        (line, row) for line, row in itertools.chain(top[at + 1 :], numbered) if any(c not in ("", None) for c in row)
    ]
    return Sheet(
        path,
        form,
        [head for head, _ in heads],
        [unit for _, unit in heads],
        [row for _, row in below],
        [line for line, _ in below],
        [row for _, row in top[: at + 1]],
        encoding,
    )


def check_width(row: Sequence[object], heads: Sequence[str]) -> None:
    """A csv line with more or fewer fields than the head has slipped columns: nothing of it can be trusted."""
    if len(row) != len(heads):
        raise BadValueError(
            f"该行有{len(row)}个字段，表头有{len(heads)}个，列已错位", "请检查多余或缺少的逗号、引号后重新报送"
        )
