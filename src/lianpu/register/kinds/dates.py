"""Kinds of time: a day, a month, a period (year, half, quarter or month), a moment.

One reader knows the notations; it gives the first day and how precise the cell was. A kind takes the precision it
stands for and refuses the others with words, but :class:`Date` reads months and years as their first day, and says so.
"""

import calendar
import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils import timezone

from lianpu.register.faults import BadValueError
from lianpu.register.kinds.base import Kind, plain
from lianpu.register.kinds.numerals import with_digits

DAY, MONTH, QUARTER, HALF, YEAR = "day", "month", "quarter", "half", "year"
WORDS = {DAY: "日", MONTH: "月", QUARTER: "季度", HALF: "半年", YEAR: "年"}
FIRST_DAY = {MONTH: "只写到月，按该月第一日读入", YEAR: "只写到年，按该年第一日读入"}
LAST_DAY, START, THIRD = "“底”“末”按最后一日读入", "“初”按第一日读入", "旬按其第一日读入"
TWO_DIGITS, SERIAL = "年份只写两位，50以下按20××年读入", "Excel 日期序号已读作日期"
ENDLESS = frozenset({"长期", "长期有效", "永久", "永续", "无固定期限", "无期限", "至今", "今"})

_NOTATIONS = (
    (DAY, re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?")),
    (DAY, re.compile(r"(\d{4})(\d{2})(\d{2})")),
    (DAY, re.compile(r"'?(\d{2})[-.年](\d{1,2})[-.月](\d{1,2})[日号]?")),
    (MONTH, re.compile(r"(\d{4})[-/.年](\d{1,2})(?:月份?)?")),
    (MONTH, re.compile(r"(\d{4})(\d{2})")),
    (MONTH, re.compile(r"(\d{2})年(\d{1,2})月份?")),
    (QUARTER, re.compile(r"(\d{4})年?-?(?:第?([1-4])季度?|[Qq]([1-4]))")),
    (HALF, re.compile(r"(\d{4})年?-?(?:([上下])半年|[Hh]([12]))")),
    (YEAR, re.compile(r"(\d{4})(?:年度?)?")),
)
_TO_DATE = re.compile(r"(\d{4})年?0?1[-~—–至到](\d{1,2})月(?:份|累计)?")
_TO_DATE_MEANS = {3: (QUARTER, 1), 6: (HALF, 1), 12: (YEAR, 1)}
_END = re.compile(r"(?P<start>.+?)(?P<end>[底末初]|[上中下]旬)?(?:之?前|以前)?")
_TIME = re.compile(r"[T\s]+\d{1,2}:\d{2}.*$", re.DOTALL)
_PLAIN_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SERIAL_TEXT = re.compile(r"\d{5}(?:\.0*)?")
_TWO_ENDS = re.compile(r"(.+?)(?:[~—–至到]+|-+)(.+)")
_EXCEL_DAY_ZERO = dt.date(1899, 12, 30)
_EXCEL_DAYS = range(20_000, 80_001)  # 1954–2119: other numbers of five digits are no dates in our files


@dataclass(frozen=True, slots=True)
class When:
    """A time as a cell gives it: its first day, how precise it is, and how it was taken where that is not plain."""

    first: dt.date
    precision: str
    said: str = ""


def when(cell: object) -> When | None:
    """The time that a cell means, None where it means none. ``BadValueError`` where it may mean two."""
    if isinstance(cell, dt.datetime):
        return When(cell.date(), DAY)
    if isinstance(cell, dt.date):
        return When(cell, DAY)
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and int(cell) in _EXCEL_DAYS:
        return When(_EXCEL_DAY_ZERO + dt.timedelta(days=int(cell)), DAY, SERIAL)  # a fraction is the time of day
    if isinstance(cell, float) and round(cell % 1, 6) == 0.1:
        raise BadValueError(
            "写成了小数，分不清是1月还是10月", f"请把单元格改为文本，写成 {int(cell)}-01 或 {int(cell)}-10"
        )
    text = _TIME.sub("", plain(cell)).replace(" ", "")
    if _SERIAL_TEXT.fullmatch(text) and int(text[:5]) in _EXCEL_DAYS:
        return When(_EXCEL_DAY_ZERO + dt.timedelta(days=int(text[:5])), DAY, SERIAL)
    text = with_digits(text)
    if end := _END.fullmatch(text):
        return _ended(end["start"], end["end"] or "")
    return None


def _ended(text: str, end: str) -> When | None:
    """A month or year with what is said of its part: 2026年12月底, 2026年初, 2021年3月上旬."""
    found = _notation(text)
    if found is None or not end:
        return found
    first = found.first
    if end in "底末" and found.precision in (MONTH, YEAR):
        month = 12 if found.precision == YEAR else first.month
        return When(dt.date(first.year, month, calendar.monthrange(first.year, month)[1]), DAY, LAST_DAY)
    if end == "初" and found.precision in (MONTH, YEAR):
        return When(first, DAY, START)
    if end.endswith("旬") and found.precision == MONTH:
        return When(first.replace(day=1 + 10 * "上中下".index(end[0])), DAY, THIRD)
    return None


def _notation(text: str) -> When | None:
    if (to_date := _TO_DATE.fullmatch(text)) and int(to_date[2]) in _TO_DATE_MEANS:
        precision, _ = _TO_DATE_MEANS[int(to_date[2])]
        return When(dt.date(int(to_date[1]), 1, 1), precision)
    for precision, pattern in _NOTATIONS:
        if not (found := pattern.fullmatch(text)):
            continue
        year, *rest = (part for part in found.groups() if part)
        said = "" if len(year) == 4 else TWO_DIGITS
        whole = int(year) + (0 if not said else 2000 if int(year) < 50 else 1900)
        try:
            return When(_first_day(whole, precision, rest), precision, said)
        except ValueError:
            return None
    return None


def _first_day(year: int, precision: str, rest: list[str]) -> dt.date:
    if precision == QUARTER:
        return dt.date(year, 3 * int(rest[0]) - 2, 1)
    if precision == HALF:
        return dt.date(year, 7 if rest[0] in "下2" else 1, 1)
    month, day = [*(int(part) for part in rest), 1, 1][:2]
    return dt.date(year, month, day)


def _no_time(cell: object, wanted: str, remedy: str) -> BadValueError:
    """Why a cell that means no single time is refused."""
    text = plain(cell)
    if text in ENDLESS:
        return BadValueError(f"“{text}”不是日期", "没有期限请留空，在备注中说明")
    ends = _TWO_ENDS.fullmatch(with_digits(text))
    if ends and all(_ended(end, "") for end in ends.groups()):
        return BadValueError(f"不是日期：写了起止两个时间（{ends[1]}与{ends[2]}）", f"此列只收一个{wanted}，请分列填写")
    return BadValueError(f"不是{wanted}", remedy)


@dataclass(frozen=True)
class Date(Kind):
    """A day. Months and years are read as their first day, 月底 as the last; Excel serials (20000–80000) as days."""

    reads_loosely: ClassVar[bool] = True
    name: str = "date"

    def parse(self, cell: object) -> dt.date:
        return self._when(cell).first

    def reading(self, cell: object) -> str:
        if isinstance(cell, dt.date) or (isinstance(cell, str) and _PLAIN_DAY.match(cell)):
            return ""
        found = self._when(cell)
        return "；".join(said for said in (found.said, FIRST_DAY.get(found.precision, "")) if said)

    def _when(self, cell: object) -> When:
        found = when(cell)
        remedy = "请按 2021-03-15、2021.3 或 2021年3月 填写"
        if found is None:
            raise _no_time(cell, "日期", remedy)
        if found.precision in (QUARTER, HALF):
            raise BadValueError(f"只写到{WORDS[found.precision]}，不是日期", remedy)
        return found


@dataclass(frozen=True)
class Moment(Date):
    """When the system noted something: shown and written in local time, filtered by day, never typed."""

    name: str = "moment"

    def show(self, value: Any) -> str:
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}" if value else ""

    def write(self, value: Any) -> Any:
        return timezone.localtime(value).replace(tzinfo=None) if value else None


@dataclass(frozen=True)
class Period(Kind):
    """A year, half, quarter or month, kept as 2021, 2021-H1, 2021-Q2, 2021-06; ``takes`` says which are welcome.

    1–3月, 1–6月 and 1–12月 are the first quarter, the first half and the year; other spans are refused.
    """

    name: str = "period"
    takes: tuple[str, ...] = (YEAR, HALF, QUARTER, MONTH)

    def parse(self, cell: object) -> str:
        found = when(cell)
        if found is None:
            raise _no_time(cell, self._wanted, self._remedy)
        precision = found.precision
        if precision == DAY and found.first.day == 1 and not found.said.startswith(("“", "旬")):
            precision = MONTH  # a spreadsheet turns 2021-06 into 2021-06-01 by itself
        if precision not in self.takes:
            raise BadValueError(f"写到了{WORDS[precision]}，不是{self._wanted}", self._remedy)
        year, month = f"{found.first.year:04}", found.first.month
        return {
            YEAR: year,
            HALF: f"{year}-H{1 + month // 7}",
            QUARTER: f"{year}-Q{(month + 2) // 3}",
            MONTH: f"{year}-{month:02}",
        }[precision]

    @property
    def _wanted(self) -> str:
        return "月份" if self.takes == (MONTH,) else "期间"

    @property
    def _remedy(self) -> str:
        samples = {YEAR: "2021", HALF: "2021年上半年", QUARTER: "2021年二季度", MONTH: "2021-06"}
        return f"请按 {'、'.join(samples[one] for one in self.takes)} 填写"


@dataclass(frozen=True)
class Month(Period):
    """A month, kept as 2021-06."""

    name: str = "month"
    takes: tuple[str, ...] = (MONTH,)
