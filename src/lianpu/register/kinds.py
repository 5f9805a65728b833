"""Kinds of value: how a cell is understood, shown and written.

A kind turns whatever stands in a cell (text, number, date, blank) into a Python value or raises
:class:`BadValueError` with a reason and a remedy. Blank cells become ``None`` before a kind sees them.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone

from lianpu.register.faults import BadValueError

# Cells that say "nothing" in words.
NOTHING = frozenset(
    {"", "N/A", "n/a", "NA", "null", "NULL", "None", "nan", "NaN", "-", "--", "—", "——", "/", "无", "暂无"}
)
_DIGITS = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$|^[+-]?\d*\.?\d+([eE][+-]?\d{1,3})?$|^[+-]?\d+\.$")
_AMOUNT = re.compile(
    r"^约?([+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+))([千百]?万|亿|千|百)?(元|人民币|元人民币)?$"
)
_SCALE = {
    word: Decimal(10) ** power
    for word, power in zip(("", "百", "千", "万", "百万", "千万", "亿"), (0, 2, 3, 4, 6, 7, 8), strict=True)
}
UNIT_IN_YUAN = {"元": Decimal(1), "万元": Decimal(10_000), "亿元": Decimal(100_000_000)}
_DATES = (
    re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$"),
    re.compile(r"^(\d{4})(\d{2})(\d{2})$"),
    re.compile(r"^(\d{4})[-/.年](\d{1,2})月?$"),
    re.compile(r"^(\d{4})(\d{2})$"),
    re.compile(r"^(\d{4})年?$"),
)
_TIME = re.compile(r"[T\s]+\d{1,2}:\d{2}.*$", re.DOTALL)
_EXCEL_DAY_ZERO = dt.date(1899, 12, 30)
_EXCEL_DAYS = range(20_000, 80_001)  # 1954–2119: other numbers of five digits are no dates in our files
# Characters that no keyboard types; PostgreSQL refuses NUL, and workbooks cannot hold the others.
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def plain(value: object) -> str:
    """The text of a cell: full-width forms folded, outer blanks gone, ``12.0`` read as ``12``."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFKC", str(value)).strip()


@dataclass(frozen=True)
class Kind:
    """Base of all kinds; ``name`` is what the data dictionary and the API call it."""

    name: str = "text"

    def parse(self, cell: object) -> Any:
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """Text for people."""
        return "" if value is None else str(value)

    def write(self, value: Any) -> Any:
        """Value for a spreadsheet cell, such that ``parse(write(v)) == v``."""
        return value


@dataclass(frozen=True)
class Text(Kind):
    """Text as it stands, for names and scopes are quoted from papers: only outer blanks and control characters go."""

    name: str = "text"
    max_length: int | None = None

    def parse(self, cell: object) -> str:
        text = cell if isinstance(cell, str) else plain(cell)
        text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
        if "�" in text:
            raise BadValueError("文字已损坏（含替换字符�）", "请用正确的编码重新导出该行")
        if self.max_length and len(text) > self.max_length:
            raise BadValueError(f"文字过长（{len(text)}字，上限{self.max_length}字）", "请删减后重新报送")
        return text


@dataclass(frozen=True)
class Number(Kind):
    """Exact number; ``unit`` 元/万元/亿元 makes it an amount whose cells may carry their own unit.

    ``places`` are the decimals kept, ``low`` and ``high`` the bounds of what can be stored.
    """

    name: str = "number"
    unit: str = ""
    places: int | None = None
    low: Decimal | None = None
    high: Decimal | None = None

    def parse(self, cell: object) -> Any:
        return self.fit(self.read(cell))

    def read(self, cell: object) -> Decimal:
        """The number in ``unit`` as the cell gives it, before rounding and bounds."""
        try:
            if isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
                value = Decimal(repr(cell) if isinstance(cell, float) else cell)
                if value.is_finite():
                    return value
            elif isinstance(cell, str):
                text = plain(cell).replace(" ", "")
                if _DIGITS.match(text):
                    return Decimal(text.replace(",", ""))
                amount = _AMOUNT.match(text)
                if amount and self.unit in UNIT_IN_YUAN:
                    yuan = Decimal(amount[1].replace(",", "")) * _SCALE[amount[2] or ""]
                    return yuan / UNIT_IN_YUAN[self.unit] if amount[2] or amount[3] else yuan
                if amount and not amount[3] and not self.unit:
                    return Decimal(amount[1].replace(",", "")) * _SCALE[amount[2] or ""]
                if text.endswith("%"):
                    return Decimal(text[:-1])
        except InvalidOperation:
            pass
        raise BadValueError("不是数字", f"请填写数字{f'，单位{self.unit}' if self.unit else ''}")

    def fit(self, value: Decimal) -> Any:
        """``value`` rounded to ``places``; outside the bounds it is a fault."""
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            bounds = "至".join(f"{bound:,f}" if bound is not None else "" for bound in (self.low, self.high))
            raise BadValueError(
                "数值超出范围", f"请核对数值与单位{f'（单位{self.unit}）' if self.unit else ''}，应在{bounds}之间"
            )
        return value if self.places is None else value.quantize(Decimal(1).scaleb(-self.places))

    def show(self, value: Any) -> str:
        if value is None:
            return ""
        number = Decimal(repr(value) if isinstance(value, float) else value)
        text = f"{number if self.places is None else round(number, self.places):,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Real(Number):
    """Measured number, kept in binary: coordinates, scores."""

    name: str = "real"

    def fit(self, value: Decimal) -> float:
        return float(super().fit(value))


@dataclass(frozen=True)
class Integer(Number):
    """Whole number."""

    name: str = "integer"

    def fit(self, value: Decimal) -> int:
        if value != value.to_integral_value():
            raise BadValueError("不是整数", "请填写整数")
        return int(super().fit(value))


@dataclass(frozen=True)
class Date(Kind):
    """A day. Months and years are read as their first day; Excel serials (20000–80000) as days."""

    name: str = "date"

    def parse(self, cell: object) -> dt.date:
        if isinstance(cell, dt.datetime):
            return cell.date()
        if isinstance(cell, dt.date):
            return cell
        if isinstance(cell, float) and int(cell) in _EXCEL_DAYS:
            cell = int(cell)  # the fraction is the time of day
        text = _TIME.sub("", plain(cell)).replace(" ", "")
        if re.fullmatch(r"\d{5}", text) and int(text) in _EXCEL_DAYS:
            return _EXCEL_DAY_ZERO + dt.timedelta(days=int(text))
        for pattern in _DATES:
            if found := pattern.match(text):
                parts = [int(part) for part in found.groups()]
                try:
                    return dt.date(*[*parts, 1, 1][:3])
                except ValueError:
                    break
        raise BadValueError("不是日期", "请按 2021-03-15、2021.3 或 2021年3月 填写")


@dataclass(frozen=True)
class Moment(Date):
    """When the system noted something: shown and written in local time, filtered by day, never typed."""

    name: str = "moment"

    def show(self, value: Any) -> str:
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}" if value else ""

    def write(self, value: Any) -> Any:
        return timezone.localtime(value).replace(tzinfo=None) if value else None


_YES = frozenset({"是", "有", "√", "✓", "y", "yes", "true", "1", "对"})
_NO = frozenset({"否", "无", "×", "✗", "n", "no", "false", "0", "不是", "没有"})


@dataclass(frozen=True)
class Flag(Kind):
    """Yes or no."""

    name: str = "flag"

    def parse(self, cell: object) -> bool:
        if isinstance(cell, bool):
            return cell
        text = plain(cell).lower()
        if text in _YES:
            return True
        if text in _NO:
            return False
        raise BadValueError("不是“是/否”", "请填写“是”或“否”")

    def show(self, value: Any) -> str:
        return "" if value is None else "是" if value else "否"

    def write(self, value: Any) -> Any:
        return self.show(value)


@dataclass(frozen=True)
class Choice(Kind):
    """One of named values: ``labels`` maps the stored value (as text; ``whole``: stored as a number) to its word."""

    name: str = "choice"
    labels: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False

    def parse(self, cell: object) -> Any:
        text = plain(cell)
        for value, label in self.labels.items():
            if text in (value, plain(label)):
                return int(value) if self.whole else value
        raise BadValueError("不在选项之内", f"请填写：{'、'.join(self.labels.values())}")

    def show(self, value: Any) -> str:
        return "" if value is None else str(self.labels.get(str(value), value))

    def write(self, value: Any) -> Any:
        return self.show(value)


@dataclass(frozen=True)
class Reference(Kind):
    """Another row, named in cells by its code or name; the register's ``match`` finds it set-wise."""

    name: str = "reference"

    def parse(self, cell: object) -> str:
        return plain(cell)


@dataclass(frozen=True)
class Words(Kind):
    """A list of short texts in one cell, parted by ； ; | or line breaks, else by 、 (which then may not stand in a word)."""

    name: str = "words"

    def parse(self, cell: object) -> list[str]:
        if isinstance(cell, list):
            return [str(item) for item in cell]
        text = str(cell)
        parts = re.split(r"[；;|\n]" if re.search(r"[；;|\n]", text) else "、", text)
        return [part.strip() for part in parts if part.strip()]

    def show(self, value: Any) -> str:
        words = [str(item) for item in value or []]
        return "".join(f"{word}；" for word in words) if any("、" in word for word in words) else "、".join(words)

    def write(self, value: Any) -> Any:
        return self.show(value)


@dataclass(frozen=True)
class Json(Kind):
    """Structured evidence; shown on its own page, never typed by hand."""

    name: str = "json"

    def parse(self, cell: object) -> Any:  # noqa: ARG002
        raise BadValueError("此列由系统计算", "请删去此列")
