"""Lists to be printed: the workbook form of a paper, each sheet with title, notes, a ruled head and page numbers."""

from collections.abc import Iterable, Sequence
from typing import IO, Any

from lianpu.register.papers.styles import HEI, INK, SAMPLE_INK, SONG
from lianpu.register.sheets import HEAD, Book

Value = str | int | float | None
Column = tuple[str, float, str]
"""Head, width in characters of Latin script, one of :data:`FORMS`."""
FORMS: dict[str, dict[str, Any]] = {
    "": {"text_wrap": True},
    "mid": {"align": "center"},
    "0": {"num_format": "#,##0"},
    "0.0": {"num_format": "#,##0.0"},
    "0.00": {"num_format": "#,##0.00"},
    "0.000": {"num_format": "0.000"},
}
_A4 = 9


class PrintedBook(Book):
    """A workbook of such lists while it is written; formats are made once."""

    def __init__(self, out: IO[bytes], title: str, subject: str = "") -> None:
        super().__init__(out)
        self.name = title
        self.file.set_properties({"title": title, "author": "链谱", "subject": subject})
        base = {"font_name": SONG, "font_size": 10, "valign": "vcenter"}
        cell = base | {"border": 1, "border_color": "#D5DCE4"}
        self.title = self.form({"font_name": HEI, "font_size": 16, "font_color": f"#{INK}"})
        self.note = self.form(base | {"font_color": "#5B6B7B"})
        self.sample = self.form(base | {"bold": True, "font_color": f"#{SAMPLE_INK}"})
        self.head = self.form(HEAD | cell | {"align": "center"})
        self.forms = {name: self.form(cell | look) for name, look in FORMS.items()}

    def print_list(
        self,
        name: str,
        notes: Sequence[tuple[str, Any]],
        columns: Sequence[Column],
        rows: Iterable[Sequence[Value]],
        *,
        frozen: int = 0,
    ) -> tuple[Any, int]:
        """A sheet with a list below its title and ``notes`` (words, format); with ``frozen`` columns its head stays in
        sight and filters. Returns the sheet and its last row."""
        sheet = self.sheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&C— &P —")
        sheet.write_string(0, 0, f"{self.name}　{name}", self.title)
        sheet.set_row(0, 26)
        for at, (words, form) in enumerate(notes, start=1):
            sheet.write_string(at, 0, words, form)
        last = top = len(notes) + 1
        sheet.set_row(top, 30)
        for at, (head, width, _) in enumerate(columns):
            sheet.set_column(at, at, width)
            sheet.write_string(top, at, head, self.head)
        for last, row in enumerate(rows, start=top + 1):
            for at, ((_, _, form), value) in enumerate(zip(columns, row, strict=True)):
                self.ruled(sheet, last, at, value, form)
            lines = max(_lines(value, width) for (_, width, _), value in zip(columns, row, strict=True))
            sheet.set_row(last, 4 + 13.5 * lines)
        if frozen:
            sheet.freeze_panes(top + 1, frozen)
            sheet.autofilter(top, 0, max(last, top + 1), len(columns) - 1)
            sheet.repeat_rows(top)
        return sheet, last

    def ruled(self, sheet: Any, row: int, at: int, value: Value, form: str) -> None:
        """Write a cell of a ruled list, the empty ones too."""
        if value is None or value == "":
            sheet.write_blank(row, at, None, self.forms[form])
        else:
            self.cell(sheet, row, at, value, self.forms[form])


def _lines(value: Value, width: float) -> int:
    """Lines that a wrapped text takes in a column: a Chinese character is two wide."""
    if not isinstance(value, str):
        return 1
    wide = [sum(1 + (ord(character) > 0x2000) for character in line) for line in value.split("\n")]
    return sum(max(1, -(-w // int(width - 1))) for w in wide)
