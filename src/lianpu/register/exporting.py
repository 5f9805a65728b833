"""Tables out: exactly the rows, columns and order on the screen, as xlsx, csv or parquet."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import IO, Any

from django.db import models

from lianpu.register.declare import BoundColumn, Register
from lianpu.register.kinds import Date, Integer, Moment, Number, Real, Reference
from lianpu.register.reading import RUNS

FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


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


def write_csv(
    out: IO[bytes], heads: Sequence[object], rows: Iterable[Sequence[object]], encoding: str = "utf-8-sig"
) -> None:
    """CSV, by default with a byte-order mark, as Chinese Excel expects it."""
    text = io.TextIOWrapper(out, encoding=encoding, errors="replace", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([shield(cell) for cell in heads])
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
                write_cell(sheet, last, at, value, moment if isinstance(value, dt.datetime) else day)
        sheet.autofilter(0, 0, last, max(len(columns) - 1, 0))


def write_cell(sheet: Any, row: int, at: int, value: object, day: Any) -> None:
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


def exportable(columns: Sequence[BoundColumn]) -> list[BoundColumn]:
    """Columns that make sense in a file (references appear by the path that shows them)."""
    return [c for c in columns if not c.column.source_only and (not isinstance(c.kind, Reference) or c.column.value)]
