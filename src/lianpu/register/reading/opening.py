"""Opening a workbook or parquet file: its sheets, then the cells of one. Runs in the limited process.

What passes between the processes is plain (lists, tuples, texts, numbers), so that ``marshal`` can carry it,
which is three times as fast as pickle here and builds nothing but such values.
"""

import datetime as dt
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from lianpu.register.reading.limits import MAX_CELLS, MAX_SHEETS, UnreadableError, check_size, too_large
from lianpu.register.reading.markup import BadPartsError, Markup, check_parts, survey_parts
from lianpu.register.reading.sniffing import SAVE_AS, locked

TOP_LINES = 30  # lines among which a head is looked for
CHUNK_CELLS = 40_000
Merge = tuple[int, int, int, int]  # first row, first column, last row, last column; counted from 0, both ends inside
Opening = Callable[[str], None]  # told the name of each sheet before it is opened


@dataclass
class RawSheet:
    """A sheet as it lies in the file; rows and columns counted from 0."""

    name: str
    rows: int = 0
    columns: int = 0
    hidden: bool = False
    merges: list[Merge] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    uncomputed: list[tuple[int, int]] = field(default_factory=list)
    top: list[Sequence[object]] = field(default_factory=list)  # its first TOP_LINES lines

    @property
    def plain(self) -> tuple[object, ...]:
        """All but the cells, for the way between the processes."""
        return tuple(getattr(self, item.name) for item in fields(self)[:-1])


def open_file(path: Path, form: str, only: str | None, opening: Opening) -> "Workbook | Parquet":
    """The file as sheets; ``only`` names the one sheet that is wanted, if one is."""
    return Parquet(path) if form == "parquet" else Workbook(path, form, only, opening)


class Workbook:
    """xlsx, xlsb, xls or ods by calamine."""

    def __init__(self, path: Path, form: str, only: str | None, opening: Opening) -> None:
        from python_calamine import CalamineError, PasswordError

        self.path = path
        self.sheets: list[RawSheet] = []
        self._open: dict[str, Any] = {}
        try:
            survey = _Survey(path) if form != "xls" else None
            try:
                self._read(only, opening)
            finally:  # what the survey finds amiss, it says better than calamine
                if survey is not None:
                    self._mark(survey.result())
        except PasswordError as error:
            raise locked(path.name) from error
        except BadPartsError as error:
            raise UnreadableError(f"{path.name} {error}") from error
        except (CalamineError, zipfile.BadZipFile, ValueError) as error:
            raise UnreadableError(f"{path.name} 不是可读的工作簿，或已损坏。{SAVE_AS}。") from error

    def _read(self, only: str | None, opening: Opening) -> None:
        from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

        # By content, not by the name's ending, which lies.
        with self.path.open("rb") as stream:
            self._book = CalamineWorkbook.from_filelike(stream)
        listed = [sheet for sheet in self._book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        if len(listed) > MAX_SHEETS:
            raise too_large(self.path.name, f"有{len(listed)}张工作表，超过{MAX_SHEETS}张的上限")
        if only is not None:
            listed = [sheet for sheet in listed if sheet.name == only]
            if not listed:
                names = "、".join(self._book.sheet_names[:MAX_SHEETS])
                raise UnreadableError(f"{self.path.name} 没有名为“{only}”的工作表，请从其中选择：{names}。")
        for sheet in listed:
            opening(sheet.name)
            cells = self._book.get_sheet_by_name(sheet.name)
            rows, columns = (cells.end[0] + 1, cells.end[1] + 1) if cells.end else (0, 0)
            self.sheets.append(
                RawSheet(
                    sheet.name,
                    rows,
                    columns,
                    sheet.visible != SheetVisibleEnum.Visible,
                    [(*start, *end) for start, end in cells.merged_cell_ranges or ()],
                    top=[*cells.to_python(skip_empty_area=False, nrows=min(TOP_LINES, rows))] if rows else [],
                )
            )
            if sum(kept.rows * kept.columns for kept in self.sheets) <= MAX_CELLS:
                self._open[sheet.name] = cells

    def _mark(self, found: dict[str, Markup]) -> None:
        for sheet in self.sheets:
            if markup := found.get(sheet.name):
                sheet.hidden_rows, sheet.hidden_columns = markup.hidden_rows, markup.hidden_columns
                sheet.uncomputed = markup.uncomputed

    def rows(self, name: str) -> Iterator[list[Sequence[object]]]:
        """The cells of a sheet from its first row on, many rows at a time."""
        sheet = next(sheet for sheet in self.sheets if sheet.name == name)
        check_size(f"{self.path.name} 的工作表“{name}”", sheet.rows, sheet.columns)
        cells = self._open.get(name) or self._book.get_sheet_by_name(name)
        chunk: list[Sequence[object]] = []
        size = max(1, CHUNK_CELLS // max(sheet.columns, 1))
        left = [""] * (cells.start[1] if cells.start else 0)  # calamine leaves blank columns at the left out
        for row in cells.iter_rows() if sheet.rows else ():
            chunk.append([*left, *row] if left else row)
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


class _Survey(threading.Thread):
    """The search through a workbook's XML, beside calamine's work on the same file."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.package = zipfile.ZipFile(path)
        check_parts(self.package)
        self.found: dict[str, Markup] = {}
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.found = survey_parts(self.package)
        except Exception as error:  # raised again in result()
            self.error = error

    def result(self) -> dict[str, Markup]:
        self.join()
        self.package.close()
        if self.error is not None:
            raise self.error
        return self.found


class Parquet:
    """A parquet file as one sheet whose first row is its columns' names."""

    def __init__(self, path: Path) -> None:
        import polars as pl

        try:
            columns = pl.read_parquet_schema(path)
            rows = pl.scan_parquet(path).select(pl.len()).collect().item()
            check_size(path.name, rows, len(columns))
            self._frame = pl.read_parquet(path)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
            raise UnreadableError(f"{path.name} 不是可读的 parquet 文件，请重新导出后再报送。") from error
        self.sheets = [RawSheet(path.stem, self._frame.height, self._frame.width, top=[self._frame.columns])]

    def rows(self, _name: str) -> Iterator[list[Sequence[object]]]:
        size = max(1, CHUNK_CELLS // max(self._frame.width, 1))
        for start in range(0, self._frame.height if self._frame.width else 0, size):
            yield list(self._frame.slice(start, size).iter_rows())


# -- values for marshal ------------------------------------------------------------------------
PLAIN = {str, float, int, bool, type(None)}
Packed = tuple[list[tuple[object, ...]], list[int]]


def pack(rows: list[Sequence[object]]) -> Packed:
    """Rows as columns of plain values, and which columns hold values that stand for others (as pairs)."""
    columns, odd = list(zip(*rows, strict=True)), []
    for at, column in enumerate(columns):
        if not PLAIN.issuperset(map(type, column)):
            columns[at] = tuple(value if type(value) in PLAIN else _plain(value) for value in column)
            odd.append(at)
    return columns, odd


def unpack(packed: Packed) -> list[Sequence[object]]:
    columns, odd = packed
    for at in odd:
        columns[at] = tuple(_value(*value) if type(value) is tuple else value for value in columns[at])
    return list(zip(*columns, strict=True))


def _plain(value: object) -> object:
    if type(value) is dt.date:
        return ("d", value.toordinal())
    if isinstance(value, (dt.datetime, dt.time)):
        return ("t" if isinstance(value, dt.time) else "m", value.isoformat())
    if isinstance(value, dt.timedelta):
        return ("s", (value.days, value.seconds, value.microseconds))
    return ("n", str(value)) if isinstance(value, Decimal) else str(value)


def _value(form: str, value: Any) -> object:
    if form == "d":
        return dt.date.fromordinal(value)
    if form == "m":
        return dt.datetime.fromisoformat(value)
    if form == "t":
        return dt.time.fromisoformat(value)
    return Decimal(value) if form == "n" else dt.timedelta(*value)
