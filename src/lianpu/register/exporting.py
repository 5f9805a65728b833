"""Tables out: exactly the rows, columns and order on the screen, as xlsx, csv or parquet."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.db import models

from lianpu.register.declare import BoundColumn, Register
from lianpu.register.importing import FAULTY, OUTCOME_WORDS, Plan
from lianpu.register.kinds import Date, Integer, Moment, Number, Real, Reference
from lianpu.register.reading import RUNS

FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
RESULT_HEADS = ("结果", "原因")


def export(register: Register, rows: "models.QuerySet[Any]", columns: Sequence[BoundColumn], form: str) -> bytes:
    """The queryset as a file of ``form`` (xlsx, csv or parquet)."""
    paths = [column.path for column in columns]
    table = (
        [c.kind.write(v) for c, v in zip(columns, row, strict=True)] for row in rows.values_list(*paths).iterator(5000)
    )
    out = io.BytesIO()
    if form == "xlsx":
        _xlsx(out, register, columns, table)
    elif form == "csv":
        write_csv(out, [column.head for column in columns], table)
    elif form == "parquet":
        _parquet(out, columns, table)
    else:
        raise ValueError(f"unknown form {form!r}: choose one of {', '.join(FORMS)}")
    return out.getvalue()


def shield(value: object) -> object:
    """Text that a spreadsheet would run as a formula, made harmless (undone by ``reading.unshield`` in the import)."""
    return f"'{value}" if isinstance(value, str) and value.lstrip("'").startswith(RUNS) else value


def write_csv(out: IO[bytes], heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """CSV with a byte-order mark, as Chinese Excel expects it."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(heads)
    writer.writerows([shield(cell) for cell in row] for row in rows)
    text.flush()
    text.detach()


def _xlsx(out: IO[bytes], register: Register, columns: Sequence[BoundColumn], rows: Iterable[Sequence[object]]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(
        out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet(register.title[:31])
        head = book.add_format(
            {"bold": True, "bg_color": "#E8EEF5", "border": 1, "text_wrap": True, "valign": "vcenter"}
        )
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        number, whole = book.add_format({"num_format": "#,##0.00##"}), book.add_format({"num_format": "#,##0"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.freeze_panes(1, 1)
        for at, column in enumerate(columns):
            dated = moment if isinstance(column.kind, Moment) else day if isinstance(column.kind, Date) else None
            form = (whole if isinstance(column.kind, Integer) else number) if column.numeric else dated
            sheet.set_column(at, at, 14 if column.numeric else 22, form)
            sheet.write_string(0, at, column.head, head)
        last = 0
        for last, row in enumerate(rows, start=1):
            for at, value in enumerate(row):
                _cell(sheet, last, at, value, moment if isinstance(value, dt.datetime) else day)
        sheet.autofilter(0, 0, last, max(len(columns) - 1, 0))


def _cell(sheet: Any, row: int, at: int, value: object, day: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, (Decimal, int, float)) and not isinstance(value, bool):
        # Beyond 15 digits a spreadsheet loses digits: such numbers travel as text.
        if len(str(value).lstrip("-").replace(".", "")) > 15:
            sheet.write_string(row, at, str(value))
        else:
            sheet.write_number(row, at, value)
    elif isinstance(value, (dt.date, dt.datetime)):
        sheet.write_datetime(row, at, value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value, day)
    else:
        sheet.write_string(row, at, str(value))


def _parquet(out: IO[bytes], columns: Sequence[BoundColumn], rows: Iterable[Sequence[object]]) -> None:
    import polars as pl

    def dtype(column: BoundColumn) -> Any:
        kind = column.kind
        if isinstance(kind, Integer):
            return pl.Int64
        if isinstance(kind, Number):
            floating = isinstance(kind, Real) or isinstance(column.field, models.FloatField)
            return pl.Float64 if floating else pl.Decimal(38, 6 if kind.places is None else kind.places)
        return pl.Datetime if isinstance(kind, Moment) else pl.Date if isinstance(kind, Date) else pl.String

    schema = {column.head: dtype(column) for column in columns}
    data = [
        [
            cell if cell is None or schema[c.head] != pl.String else str(cell)
            for c, cell in zip(columns, row, strict=True)
        ]
        for row in rows
    ]
    pl.DataFrame(data, schema=schema, orient="row").write_parquet(out)


def template(register: Register, columns: Iterable[BoundColumn]) -> bytes:
    """An empty workbook with the heads of those ``columns`` that a file may bring, choices as drop-downs, and remarks."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet(register.title[:31])
        head = book.add_format({"bold": True, "bg_color": "#E8EEF5", "border": 1})
        sheet.freeze_panes(1, 0)
        for at, column in enumerate(c for c in columns if c.column.editable):
            sheet.write_string(0, at, column.head + ("*" if column.column.required else ""), head)
            sheet.set_column(at, at, 20)
            if column.column.help:
                sheet.write_comment(0, at, column.column.help)
            labels = list(getattr(column.kind, "labels", {}).values())
            if labels:
                sheet.data_validation(1, at, 5000, at, {"validate": "list", "source": labels})
    return out.getvalue()


def write_result(plan: Plan, folder: Path, number: int) -> Path:
    """The sender's own rows with result and reason beside each: csv for csv and parquet, xlsx for workbooks."""
    folder.mkdir(parents=True, exist_ok=True)
    workbook = plan.sheet.form not in {"csv", "parquet"}
    place = folder / f"导入{number}-{plan.sheet.path.stem[:60]}-结果.{'xlsx' if workbook else 'csv'}"
    reasons = (
        (row, [OUTCOME_WORDS[row.outcome], "；".join(str(f) for f in row.faults) or row.note]) for row in plan.rows
    )
    if not workbook:
        heads = plan.sheet.heads
        with place.open("wb") as out:
            # Short lines are padded, so that result and reason stand under their own heads.
            write_csv(out, [*heads, *RESULT_HEADS], ([*_padded(row.cells, len(heads)), *said] for row, said in reasons))
        return place
    import xlsxwriter

    with xlsxwriter.Workbook(
        place, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet("结果")
        day, bad = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"bg_color": "#F9D6D5"})
        width, at = len(plan.sheet.heads), 0
        for title in plan.sheet.above:
            for column, value in enumerate(title):
                _cell(sheet, at, column, value, day)
            at += 1
        for column, word in enumerate(RESULT_HEADS):
            sheet.write_string(max(at - 1, 0), width + column, word)
        for row, said in reasons:
            faulty = {fault.column for fault in row.faults}
            for column, value in enumerate(_padded(row.cells, width)):
                bound = plan.columns[column] if column < width else None
                if row.outcome == FAULTY and bound and bound.label in faulty:
                    sheet.write_string(at, column, "" if value is None else str(value), bad)
                else:
                    _cell(sheet, at, column, value, day)
            for column, word in enumerate(said):
                sheet.write_string(at, width + column, word)
            at += 1
    return place


def _padded(cells: Sequence[object], width: int) -> list[object]:
    return [*cells, *[None] * (width - len(cells))]


def exportable(columns: Sequence[BoundColumn]) -> list[BoundColumn]:
    """Columns that make sense in a file (references appear by the path that shows them)."""
    return [c for c in columns if not c.column.source_only and (not isinstance(c.kind, Reference) or c.column.value)]
