"""Workbooks: every one that leaves the house is made here, so that no text in it runs as a formula or becomes a link, and
its lists look alike: a shaded head that stays in sight, columns wide enough, every column to be filtered."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Self

DAY, MOMENT, SECOND = "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "yyyy-mm-dd hh:mm:ss"
SHADE = "#E8EEF5"
HEAD = {"bold": True, "bg_color": SHADE, "border": 1, "text_wrap": True, "valign": "vcenter"}
WIDEST = 60  # of a column as wide as its texts, in characters of Latin script


@dataclass(frozen=True)
class Head:
    """A column of a list: its head, its width in characters of Latin script (0: as wide as its texts) and the look of its
    cells as xlsxwriter takes it."""

    words: str
    width: float = 0
    look: Mapping[str, Any] = field(default_factory=dict)


class Book:
    """A workbook while it is written; ``file`` is xlsxwriter's own. ``streamed``: rows come in order and are let go."""

    def __init__(self, out: IO[bytes] | Path, *, streamed: bool = False) -> None:
        import xlsxwriter

        options = {"constant_memory": streamed, "in_memory": not streamed}
        self.file: Any = xlsxwriter.Workbook(out, {**options, "strings_to_formulas": False, "strings_to_urls": False})
        self.head, self.day, self.second = (
            self.form(HEAD),
            self.form({"num_format": DAY}),
            self.form({"num_format": SECOND}),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def form(self, look: Mapping[str, Any]) -> Any:
        """The format of a look."""
        return self.file.add_format(dict(look))

    def sheet(self, title: str, number: int = 1) -> Any:
        """A new sheet; ``number`` tells those of one title apart."""
        plain = re.sub(r"[\\[\]:*?/]", "", title)
        return self.file.add_worksheet(plain[:31] if number == 1 else f"{plain[:26]}（{number}）")

    def add_list(self, sheet: Any, heads: Sequence[Head], rows: Iterable[Sequence[object]], *, frozen: int = 0) -> int:
        """Write a list from the top of the sheet, the first ``frozen`` columns in sight; the number of its rows."""
        forms = [self.form(head.look) if head.look else None for head in heads]
        widths = [head.width or 2 * len(head.words) + 2 for head in heads]
        for at, head in enumerate(heads):
            sheet.set_column(at, at, widths[at], forms[at])
            sheet.write_string(0, at, head.words, self.head)
        sheet.freeze_panes(1, frozen)
        fitted = [at for at, head in enumerate(heads) if not head.width]
        last = 0
        for last, row in enumerate(rows, start=1):
            for at, value in enumerate(row):
                self.cell(sheet, last, at, value, forms[at])
            for at in fitted:
                widths[at] = max(widths[at], _width_of(row[at]))
        for at in fitted:
            sheet.set_column(at, at, widths[at], forms[at])
        sheet.autofilter(0, 0, max(last, 1), max(len(heads) - 1, 0))
        return last

    def cell(self, sheet: Any, row: int, at: int, value: object, form: Any = None) -> None:
        """Write a value as what it is; nothing where there is none."""
        if value is None or value == "":
            return
        if isinstance(value, (Decimal, int, float)) and not isinstance(value, bool):
            # Beyond 15 digits a spreadsheet loses digits: such numbers travel as text.
            if len(str(value).lstrip("-").replace(".", "")) > 15:
                sheet.write_string(row, at, str(value), form)
            else:
                sheet.write_number(row, at, value, form)
        elif isinstance(value, dt.datetime):
            sheet.write_datetime(row, at, value.replace(tzinfo=None), form or self.second)
        elif isinstance(value, dt.date):
            sheet.write_datetime(row, at, value, form or self.day)
        else:
            sheet.write_string(row, at, str(value), form)


def _width_of(value: object) -> int:
    if isinstance(value, str):
        return min(2 * len(value) + 2, WIDEST)
    return 20 if isinstance(value, dt.datetime) else 12 if isinstance(value, dt.date) else 0
