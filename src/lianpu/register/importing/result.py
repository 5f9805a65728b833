"""What goes back to the sender: their own sheet with the fate of every row, and the faulty rows alone, to mend.

Both keep the sender's layout — titles, heads, widths, formats — so that what is mended is sent again as it is: the
added columns are known and left alone. Sheets of more than ``LAYOUT_CELLS`` cells keep titles and heads only.
"""

import datetime as dt
import shutil
import warnings
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from lianpu.register.exporting import write_csv
from lianpu.register.importing import store
from lianpu.register.importing.mapping import RESULT_HEADS
from lianpu.register.importing.planning import FAULTY, OUTCOME_WORDS
from lianpu.register.importing.store import KeptLine
from lianpu.register.models import ImportRun
from lianpu.register.reading import Sheet, read
from lianpu.register.sheets import Book

LAYOUT_BYTES, LAYOUT_CELLS = 20 << 20, 300_000
BAD = "F9D6D5"
RESULT, REASON, REMEDY = RESULT_HEADS
WHOLE, FAULTY_ROWS = "结果", "错行"


def write_result(run: ImportRun, sheet: Sheet | None = None) -> Path:
    """The sender's sheet with result and reason beside each row; ``sheet`` saves reading it again."""
    return _write(run, sheet, WHOLE, (RESULT, REASON), only_faulty=False)


def write_faulty(run: ImportRun, sheet: Sheet | None = None) -> Path:
    """The faulty rows alone under the sender's heads, bad cells marked, with reason and remedy beside them."""
    return _write(run, sheet, FAULTY_ROWS, (REASON, REMEDY), only_faulty=True)


def written(run: ImportRun, word: str) -> Path | None:
    """The file that has been written for the sender already, if it has."""
    return next(run.answers.glob(f"*-{word}.*"), None)


def forget(run: ImportRun) -> None:
    """Take away what was written for the sender: it no longer holds."""
    shutil.rmtree(run.answers, ignore_errors=True)


def _write(run: ImportRun, sheet: Sheet | None, word: str, heads: Sequence[str], *, only_faulty: bool) -> Path:
    sheet = sheet or _read_again(run)
    rows = _rows(run, sheet, only_faulty=only_faulty)
    suffix = "csv" if sheet.form in {"csv", "parquet"} else "xlsx"
    run.answers.mkdir(exist_ok=True)
    place = run.answers / f"导入{run.pk}-{Path(run.file_name).stem[:60]}-{word}.{suffix}"
    draft = place.with_name(f"{place.name}.new")
    if suffix == "csv":
        _csv(draft, sheet, heads, rows)
    elif sheet.form == "xlsx" and _keeps_layout(sheet):
        (_extract if only_faulty else _annotate)(draft, run, sheet, heads, rows)
    else:
        _plain(draft, run, sheet, heads, rows)
    return draft.replace(place)


def _read_again(run: ImportRun) -> Sheet:
    heads = frozenset(head for head in run.summary["heads"] if head)
    return read(run.file, heads, sheet=run.sheet or None, with_hidden=run.summary["with_hidden"])


Row = tuple[KeptLine, Sequence[object], list[str]]
"""A kept line, its cells as they were sent, and what stands in the added columns."""


def _rows(run: ImportRun, sheet: Sheet, *, only_faulty: bool) -> Iterator[Row]:
    for kept, cells in zip(store.lines(run.home), sheet.rows, strict=True):
        if only_faulty and kept.outcome == FAULTY:
            yield kept, cells, [_reasons(kept), _remedies(kept)]
        elif not only_faulty:
            yield kept, cells, [OUTCOME_WORDS[kept.outcome], "；".join(_full(kept)) or kept.note]


def _reasons(kept: KeptLine) -> str:
    return "；".join(f"{column}：{reason}" if column else reason for column, _, reason, _ in kept.faults)


def _remedies(kept: KeptLine) -> str:
    return "；".join(dict.fromkeys(remedy for *_, remedy in kept.faults))


def _full(kept: KeptLine) -> list[str]:
    return [
        (f"「{column}」" if column else "") + (f"值“{value[:40]}”：" if value else "") + f"{reason}；{remedy}"
        for column, value, reason, remedy in kept.faults
    ]


def _bad_places(run: ImportRun, kept: KeptLine) -> dict[int, str]:
    """Columns of the file (from 0) with a bad cell → why."""
    places = dict(zip(run.summary["columns"], run.summary["places"], strict=True))
    found: dict[int, str] = {}
    for column, _, reason, remedy in kept.faults:
        if column in places:
            at = places[column]
            found[at] = f"{found[at]}；{reason}" if at in found else f"{reason}。{remedy}"
    return found


def _padded(cells: Sequence[object], width: int) -> list[object]:
    return [*cells, *[None] * (width - len(cells))]


# -- the sender's csv --------------------------------------------------------------------------------
def _csv(place: Path, sheet: Sheet, added: Sequence[str], rows: Iterable[Row]) -> None:
    *titles, heads = sheet.above or [sheet.heads]
    width = len(heads)
    with place.open("wb") as out:
        # Short lines are padded, so that what is added stands under its own heads.
        body = ([*_padded(cells, width), *said] for _, cells, said in rows)
        lines = [*titles, [*heads, *added]]
        write_csv(out, lines[0], (line for part in (lines[1:], body) for line in part), _encoding(sheet))


def _encoding(sheet: Sheet) -> str:
    """The sender's encoding; plain UTF-8 gets the mark that Chinese Excel wants."""
    return {"": "utf-8-sig", "utf-8": "utf-8-sig"}.get(sheet.encoding, sheet.encoding)


# -- a workbook of our own ---------------------------------------------------------------------------
def _plain(place: Path, run: ImportRun, sheet: Sheet, added: Sequence[str], rows: Iterable[Row]) -> None:
    with Book(place, streamed=True) as book:
        page, bad = book.sheet(run.sheet or "结果"), book.form({"bg_color": f"#{BAD}"})
        above, width = sheet.above or [sheet.heads], len(sheet.heads)
        for at, line in enumerate(above):
            for column, value in enumerate(line):
                _plain_cell(book, page, at, column, value)
            if at == len(above) - 1:
                for column, head in enumerate(added):
                    page.write_string(at, width + column, head)
        for at, (kept, cells, said) in enumerate(rows, start=len(above)):
            wrong = _bad_places(run, kept)
            for column, value in enumerate(_padded(cells, width)):
                if column in wrong:
                    page.write_string(at, column, "" if value is None else str(value), bad)
                else:
                    _plain_cell(book, page, at, column, value)
            for column, word in enumerate(said):
                page.write_string(at, width + column, word)


def _plain_cell(book: Book, page: Any, row: int, at: int, value: object) -> None:
    """Moments of a sheet are its dates."""
    book.cell(page, row, at, value, book.day if isinstance(value, dt.date) else None)


# -- the sender's workbook ---------------------------------------------------------------------------
def _keeps_layout(sheet: Sheet) -> bool:
    small = sheet.path.stat().st_size <= LAYOUT_BYTES
    return small and (len(sheet.rows) + len(sheet.above)) * len(sheet.heads) <= LAYOUT_CELLS


def _open(run: ImportRun, sheet: Sheet, *, values: bool) -> tuple[Any, Any]:
    """The workbook and its sheet; ``values`` in place of formulas."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what openpyxl does not know, such as charts, is no matter here
        book = openpyxl.load_workbook(sheet.path, data_only=values)
    return book, book[run.sheet] if run.sheet in book.sheetnames else book.worksheets[0]


def _annotate(place: Path, run: ImportRun, sheet: Sheet, added: Sequence[str], rows: Iterable[Row]) -> None:
    """Result and reason in two more columns of the sheet as it was sent."""
    book, page = _open(run, sheet, values=False)
    head_line, width = len(sheet.above), len(sheet.heads)
    _add_heads(page, head_line, width, added)
    for kept, _, said in rows:
        _add_words(page, kept.line, width, said)
        for at, why in _bad_places(run, kept).items():
            _mark(page.cell(kept.line, at + 1), why)
    book.save(place)


def _extract(place: Path, run: ImportRun, sheet: Sheet, added: Sequence[str], rows: Iterable[Row]) -> None:
    """A sheet with the titles and heads as sent and only the rows given, formats and widths kept."""
    book, page = _open(run, sheet, values=True)
    title, at = page.title, book.index(page)
    page.title = "原表"
    fresh = book.create_sheet(title, at)
    head_line, width = len(sheet.above), len(sheet.heads)
    for line in range(1, head_line + 1):
        _copy_row(page, line, fresh, line)
    for spot in page.merged_cells.ranges:
        if spot.max_row <= head_line:
            fresh.merge_cells(spot.coord)
    for letter, dimension in page.column_dimensions.items():
        fresh.column_dimensions[letter] = copy(dimension)
        fresh.column_dimensions[letter].worksheet = fresh
    fresh.freeze_panes = page.freeze_panes
    _add_heads(fresh, head_line, width, added)
    for line, (kept, _, said) in enumerate(rows, start=head_line + 1):
        _copy_row(page, kept.line, fresh, line)
        _add_words(fresh, line, width, said)
        for place_at, why in _bad_places(run, kept).items():
            _mark(fresh.cell(line, place_at + 1), why)
    # Other visible sheets are not part of what is to be mended; hidden ones may hold the choices of drop-down lists.
    for other in list(book.worksheets):
        if other is page or (other is not fresh and other.sheet_state == "visible"):
            book.remove(other)
    fresh.data_validations = page.data_validations
    book.active = book.index(fresh)
    book.save(place)


def _copy_row(page: Any, line: int, fresh: Any, to: int) -> None:
    for cell in page[line]:
        made = fresh.cell(to, cell.column)
        _put(made, cell.value, text=cell.data_type in ("s", "str", "inlineStr"))
        if cell.has_style:
            made._style = copy(cell._style)
    if (height := page.row_dimensions[line].height) is not None:
        fresh.row_dimensions[to].height = height


def _put(cell: Any, value: object, *, text: bool) -> None:
    cell.value = value
    if text and cell.data_type == "f":
        cell.data_type = "s"  # a text that looks like a formula stays a text


def _add_heads(page: Any, head_line: int, width: int, added: Sequence[str]) -> None:
    from openpyxl.utils import get_column_letter

    model = page.cell(head_line, width)
    for at, head in enumerate(added, start=width + 1):
        cell = page.cell(head_line, at, head)
        if model.has_style:
            cell._style = copy(model._style)
        page.column_dimensions[get_column_letter(at)].width = 12 if head == RESULT else 48


def _add_words(page: Any, line: int, width: int, said: Sequence[str]) -> None:
    from openpyxl.styles import Alignment

    for at, word in enumerate(said, start=width + 1):
        cell = page.cell(line, at)
        _put(cell, word, text=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _mark(cell: Any, why: str) -> None:
    from openpyxl.cell.cell import MergedCell
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    if isinstance(cell, MergedCell):
        return
    cell.fill = PatternFill("solid", start_color=BAD, end_color=BAD)
    cell.comment = Comment(why, "链谱", height=90, width=260)
