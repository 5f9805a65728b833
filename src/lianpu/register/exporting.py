"""Tables out: exactly the rows, columns and order on the screen, as xlsx, csv or parquet."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, islice
from typing import IO, Any

from django.db import models

from lianpu.register.declare import BoundColumn, Register
from lianpu.register.kinds import Choice, Date, Integer, Moment, Number, Real, Reference
from lianpu.register.reading import RUNS
from lianpu.register.sheets import DAY, MOMENT, Book, Head

FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


BATCH = 5000
JOB_ROWS = 20_000
"""Beyond this an export is a job with a file to take away."""
SHEET_ROWS = 1_048_576  # of an Excel sheet, its head among them
Progress = Callable[[int, int, str], None]


def export(register: Register, rows: "models.QuerySet[Any]", columns: Sequence[BoundColumn], form: str) -> bytes:
    """The queryset as a file of ``form`` (xlsx, csv or parquet)."""
    out = io.BytesIO()
    export_to(out, register, rows, columns, form)
    return out.getvalue()


def export_to(
    out: IO[bytes],
    register: Register,
    rows: "models.QuerySet[Any]",
    columns: Sequence[BoundColumn],
    form: str,
    progress: Progress | None = None,
) -> None:
    """Write the queryset as a file of ``form``; rows pass through a batch at a time, whatever their number."""
    writers = {"xlsx": _xlsx, "csv": _csv, "parquet": _parquet}
    if form not in writers:
        raise ValueError(f"unknown form {form!r}: choose one of {', '.join(FORMS)}")
    writers[form](out, register, columns, _table(rows, columns, progress))


def _table(
    rows: "models.QuerySet[Any]", columns: Sequence[BoundColumn], progress: Progress | None
) -> Iterator[list[Any]]:
    total = rows.order_by().count() if progress is not None else 0
    writing = [column.kind.write for column in columns]
    for at, row in enumerate(rows.values_list(*(column.path for column in columns)).iterator(BATCH)):
        if progress is not None and at % BATCH == 0:
            progress(at, total, "导出")
        yield [write(value) for write, value in zip(writing, row, strict=True)]


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


def _csv(out: IO[bytes], _: Register, columns: Sequence[BoundColumn], rows: Iterable[Sequence[object]]) -> None:
    write_csv(out, [column.head for column in columns], rows)


def write_table(out: IO[bytes], title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], form: str) -> None:
    """A table that is no register as xlsx or csv; texts that a spreadsheet would run as formulas are harmless in both."""
    if form == "csv":
        write_csv(out, heads, rows)
        return
    write_book(out, [(title, heads, rows)])


def write_book(out: IO[bytes], sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[object]]]]) -> None:
    """Several such tables as the sheets of one workbook: title, heads, rows."""
    with Book(out) as book:
        for title, heads, rows in sheets:
            book.add_list(book.sheet(title), [Head(head) for head in heads], rows)


def _xlsx(out: IO[bytes], register: Register, columns: Sequence[BoundColumn], rows: Iterable[Sequence[object]]) -> None:
    stream = iter(rows)
    heads = [Head(column.head, width_of(column), look_of(column)) for column in columns]
    with Book(out, streamed=True) as book:
        for number in count(1):
            body = islice(stream, SHEET_ROWS - 1)
            if book.add_list(book.sheet(register.title, number), heads, body, frozen=1) < SHEET_ROWS - 1:
                break


def look_of(column: BoundColumn) -> dict[str, str]:
    """How the cells of a column look in a sheet."""
    pattern = format_of(column)
    return {"num_format": pattern} if pattern else {}


NUMBER, WHOLE = "#,##0.00##", "#,##0"


def format_of(column: BoundColumn) -> str:
    """How a spreadsheet shows the numbers and dates of a column; empty for texts."""
    kind = column.kind
    if isinstance(kind, Date):
        return MOMENT if isinstance(kind, Moment) else DAY
    return (WHOLE if isinstance(kind, Integer) else NUMBER) if column.numeric else ""


def width_of(column: BoundColumn) -> int:
    """Width of a column of a sheet, in characters of Latin script."""
    kind, field = column.kind, column.field
    if column.numeric or isinstance(kind, Date):
        wanted = 14
    elif isinstance(kind, Choice):
        wanted = 2 * max(map(len, kind.labels.values()), default=5) + 4
    elif isinstance(field, models.TextField):
        wanted = 48
    else:
        wanted = min((getattr(field, "max_length", None) or 22) + 2, 30)
    return min(max(wanted, 2 * len(column.head) + 2, 8), 60)


def _parquet(out: IO[bytes], _: Register, columns: Sequence[BoundColumn], rows: Iterable[Sequence[object]]) -> None:
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
    texts = [schema[column.head] == pl.String for column in columns]
    stream, frames = iter(rows), [pl.DataFrame(schema=schema)]
    while batch := list(islice(stream, 10 * BATCH)):
        data = [
            [str(cell) if text and cell is not None else cell for cell, text in zip(row, texts, strict=True)]
            for row in batch
        ]
        frames.append(pl.DataFrame(data, schema=schema, orient="row"))
    pl.concat(frames).write_parquet(out)


def exportable(columns: Sequence[BoundColumn]) -> list[BoundColumn]:
    """Columns that make sense in a file (references appear by the path that shows them)."""
    return [c for c in columns if not c.column.source_only and (not isinstance(c.kind, Reference) or c.column.value)]
