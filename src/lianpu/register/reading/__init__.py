"""Files as offices send them → one sheet of cells with a head and line numbers.

A spreadsheet goes in as it is: xlsx, xls, et, ods, csv in any encoding of this country, parquet; told apart by
content, whatever they are called. Of several sheets the one with most known heads is read, unless one is asked for.
What can harm is refused with the remedy (:mod:`limits`), and native code opens files only in a process with bounds
(:mod:`limited`).

:mod:`sniffing` says what a file is → :mod:`texts` (csv) or :mod:`opening` (workbooks, within :mod:`child`) gives lines
→ :mod:`heads` finds the head → :mod:`layout` sorts the lines into rows, groups and what is skipped.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, count, islice
from pathlib import Path

from lianpu.register.faults import BadValueError
from lianpu.register.reading.heads import clean_head, find_head
from lianpu.register.reading.layout import arrange, no_head
from lianpu.register.reading.limited import opened
from lianpu.register.reading.limits import MAX_COLUMNS, UnreadableError, too_large
from lianpu.register.reading.opening import TOP_LINES, RawSheet
from lianpu.register.reading.sheet import SKIPPED_WORDS, Sheet, SheetInfo, Skipped
from lianpu.register.reading.sniffing import FORMS, form_of
from lianpu.register.reading.texts import RUNS, csv_rows, decode, encoding_of, unshield

__all__ = [
    "FORMS",
    "RUNS",
    "SKIPPED_WORDS",
    "Sheet",
    "SheetInfo",
    "Skipped",
    "UnreadableError",
    "check_width",
    "clean_head",
    "decode",
    "read",
    "sheets",
    "tops",
    "unshield",
]


def read(path: Path, known_heads: frozenset[str], *, sheet: str | None = None, with_hidden: bool = True) -> Sheet:
    """The table in a file; ``known_heads`` (cleaned) are the words by which its head is recognised.

    ``sheet`` names the sheet to read; otherwise the one with most known heads, hidden ones last. Hidden rows and
    columns are read and flagged, or skipped and listed where ``with_hidden`` is false. Raises UnreadableError.
    """
    form = form_of(path)
    if form == "csv":
        encoding = encoding_of(path)
        lines = csv_rows(path, encoding)
        return arrange(path, form, RawSheet(path.stem), lines, known_heads, encoding=encoding)
    with opened(path, form, sheet if form != "parquet" else None) as file:
        if form == "parquet":
            return _parquet(path, file.sheets[0], file.rows(file.sheets[0].name))
        raw = _choose(path, file.sheets, known_heads)
        numbered = zip(count(1), chain.from_iterable(file.rows(raw.name)))
        table = arrange(path, form, raw, numbered, known_heads, with_hidden=with_hidden)
        table.choices = [_info(one, known_heads) for one in file.sheets]
        return table


def sheets(path: Path, known_heads: frozenset[str]) -> list[SheetInfo]:
    """The sheets of a file in its order; a csv or parquet file is one sheet of its own name. Raises UnreadableError."""
    form = form_of(path)
    if form == "csv":
        lines = csv_rows(path, encoding_of(path))
        top: list[Sequence[object]] = [row for _, row in islice(lines, TOP_LINES)]
        rows = len(top) + sum(1 for _ in lines)
        return [_info(RawSheet(path.stem, rows, max(map(len, top), default=0), top=top), known_heads)]
    with opened(path, form) as file:
        if form == "parquet":
            raw = file.sheets[0]
            heads = [clean_head(name)[0] for name in raw.top[0]]
            score = len(known_heads.intersection(heads))
            return [SheetInfo(path.stem, raw.rows, raw.columns, heads, False, score)]
        return [_info(raw, known_heads) for raw in file.sheets]


def tops(path: Path, sheet: str | None = None) -> list[list[Sequence[object]]]:
    """The first lines of every sheet (or of the one named), for guessing at heads that nobody knows. Raises UnreadableError."""
    form = form_of(path)
    if form == "csv":
        return [[row for _, row in islice(csv_rows(path, encoding_of(path)), TOP_LINES)]]
    with opened(path, form, sheet if form != "parquet" else None) as file:
        return [list(raw.top) for raw in file.sheets]


def _info(raw: RawSheet, known: frozenset[str]) -> SheetInfo:
    head = find_head(raw.top, raw.merges, known)
    if head is None:
        return SheetInfo(raw.name, raw.rows, raw.columns, [], raw.hidden, 0)
    heads = [name for name in head.heads if name]
    return SheetInfo(raw.name, raw.rows - head.last - 1, raw.columns, heads, raw.hidden, head.score)


def _choose(path: Path, raws: Sequence[RawSheet], known: frozenset[str]) -> RawSheet:
    """The sheet with most known heads; of equals a shown one, one with rows, the first."""
    scored = [(info.score, not raw.hidden, info.rows > 0, raw) for raw in raws for info in [_info(raw, known)]]
    if not any(raw.rows for raw in raws):
        raise UnreadableError(f"{path.name} 的各张表都是空的，请检查是否报送了正确的文件。")
    best = max(scored, key=lambda one: one[:3])
    if best[0] == 0:
        raise no_head(path, known, f"各张表（{'、'.join(raw.name for raw in raws[:8])}）" if len(raws) > 1 else "")
    return best[3]


def _parquet(path: Path, raw: RawSheet, chunks: Iterator[list[Sequence[object]]]) -> Sheet:
    if raw.columns > MAX_COLUMNS:
        raise too_large(path.name, f"有{raw.columns:,}列，超过{MAX_COLUMNS:,}列的上限")
    heads = [clean_head(name) for name in raw.top[0]]
    rows = list(chain.from_iterable(chunks))
    return Sheet(
        path,
        "parquet",
        [head for head, _ in heads],
        [unit for _, unit in heads],
        rows,
        list(range(1, len(rows) + 1)),
        sheet_name=raw.name,
    )


def check_width(row: Sequence[object], heads: Sequence[str]) -> None:
    """A csv line with more or fewer fields than the head has slipped columns: nothing of it can be trusted."""
    if len(row) != len(heads):
        raise BadValueError(
            f"该行有{len(row)}个字段，表头有{len(heads)}个，列已错位", "请检查多余或缺少的逗号、引号后重新报送"
        )
