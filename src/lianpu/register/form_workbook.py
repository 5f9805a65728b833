"""The empty workbook of a register: heads to fill in, choices to pick from, and cells that refuse what cannot be."""

import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from lianpu.register.declare import BoundColumn, Register
from lianpu.register.exporting import format_of, width_of
from lianpu.register.kinds import Choice, Date, Flag, Integer, Number, Text
from lianpu.register.sheets import HEAD, Book

LINES = 20_000  # below the head that are checked
INLINE = 255  # characters that Excel takes for a list of choices; longer ones stand on a hidden sheet
CHOICES, NOTES = "选项", "填表说明"
MARK = "*"  # after the head of a column that must be filled in


def form_workbook(register: Register, columns: Iterable[BoundColumn]) -> bytes:
    """A workbook with the heads of those ``columns`` that a file may bring; choices, numbers and dates are checked in it."""
    out, taken = io.BytesIO(), [column for column in columns if column.column.editable]
    with Book(out) as book:
        sheet, notes = book.sheet(register.title), book.sheet(NOTES)
        lists, needed = _Choices(book), book.form(HEAD | {"bg_color": "#FDF0C2"})
        sheet.freeze_panes(1, 0)
        for at, column in enumerate(taken):
            required = column.column.required
            sheet.write_string(0, at, column.head + (MARK if required else ""), needed if required else book.head)
            sheet.set_column(at, at, width_of(column), book.form({"num_format": format_of(column) or "@"}))
            if column.column.help:
                sheet.write_comment(0, at, column.column.help)
            if rule := _rule(column, lists):
                sheet.data_validation(1, at, LINES, at, {**rule, "ignore_blank": not required} | _refusal(column))
        _explain(notes, book.head, taken)
    return out.getvalue()


class _Choices:
    """Lists of choices, short ones within the rule, long ones in columns of a hidden sheet."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.sheet: Any = None
        self.used = 0

    def source(self, words: Sequence[str]) -> Any:
        from xlsxwriter.utility import xl_col_to_name

        if len(",".join(words)) <= INLINE and not any("," in word for word in words):
            return list(words)
        if self.sheet is None:
            self.sheet = self.book.sheet(CHOICES)
            self.sheet.hide()
        self.sheet.write_column(0, self.used, words)
        letter = xl_col_to_name(self.used)
        self.used += 1
        return f"={CHOICES}!${letter}$1:${letter}${len(words)}"


def words_of(column: BoundColumn) -> list[str]:
    """The choices of a column; none where anything may be written."""
    if isinstance(column.kind, Flag):
        return ["是", "否"]
    return list(column.kind.labels.values()) if isinstance(column.kind, Choice) else []


def _rule(column: BoundColumn, lists: _Choices) -> Mapping[str, Any]:
    """What Excel checks when a cell of the column is filled in."""
    kind = column.kind
    if words := words_of(column):
        return {"validate": "list", "source": lists.source(words)}
    if isinstance(kind, Number):
        return {"validate": "integer" if isinstance(kind, Integer) else "decimal"} | _between(kind.low, kind.high)
    if isinstance(kind, Date):
        # A warning, no more: what Excel does not take for a date (2021年3月) the import reads all the same.
        return {"validate": "date", "criteria": ">=", "value": "=DATE(1900,1,1)", "error_type": "warning"}
    if isinstance(kind, Text) and kind.max_length:
        return {"validate": "length", "criteria": "<=", "value": kind.max_length}
    return {}


def _between(low: Decimal | None, high: Decimal | None) -> dict[str, Any]:
    edge = Decimal(10) ** 15
    low, high = (-edge if low is None else low), (edge if high is None else high)
    return {"criteria": "between", "minimum": float(low), "maximum": float(high)}


def _refusal(column: BoundColumn) -> dict[str, str]:
    kind = column.kind
    if words := words_of(column):
        said = f"请从列表中选择：{'、'.join(words)}"
    elif isinstance(kind, Number):
        said = f"请填写{'整数' if isinstance(kind, Integer) else '数字'}"
        said += f"，单位{column.column.unit}" if column.column.unit else ""
        said += f"，不小于{kind.low:,f}" if kind.low is not None and kind.low > -(10**6) else ""
    elif isinstance(kind, Date):
        said = "请按 2021-03-15 填写日期"
    else:
        said = f"最多{getattr(kind, 'max_length', '')}字"
    return {"error_title": column.label[:32], "error_message": said[:255]}


def _explain(notes: Any, head: Any, columns: Sequence[BoundColumn]) -> None:
    notes.set_column(0, 0, 24)
    notes.set_column(1, 2, 12)
    notes.set_column(3, 3, 80)
    for at, word in enumerate(("列名", "必填", "单位", "怎样填")):
        notes.write_string(0, at, word, head)
    for line, column in enumerate(columns, start=1):
        said = [column.column.help, "、".join(words_of(column)) and f"可选：{'、'.join(words_of(column))}"]
        for at, word in enumerate(
            (column.label, "必填" if column.column.required else "", column.column.unit, "；".join(filter(None, said)))
        ):
            notes.write_string(line, at, word)
