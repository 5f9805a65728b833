"""Kinds of number: exact, measured, whole; with a unit, heads and cells may carry their own."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from lianpu.register.faults import BadValueError
from lianpu.register.kinds.amounts import Amount, amount_of, please, same_base, unit_of
from lianpu.register.kinds.base import Kind, plain

UNIT_IN_YUAN = {word: unit_of(word).scale for word in ("元", "千元", "万元", "百万元", "千万元", "亿元")}
SMALL_PERCENT = "百分数不足1，按百分点读入（0.125 即 0.125%）"
_DIGITS = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$|^[+-]?\d*\.?\d+([eE][+-]?\d{1,3})?$|^[+-]?\d+\.$")
_LARGEST = Decimal(10) ** 20  # with any decimals we keep, decimal's 28 digits hold it
_MINUS = str.maketrans("−﹣", "--")


@dataclass(frozen=True)
class Number(Kind):
    """Exact number. With a ``unit`` (万元, 万美元, 亩, 万吨, % …) heads and cells may carry a unit of the same base.

    ``places`` are the decimals kept, ``low`` and ``high`` the bounds of what can be stored. A range (3000-5000) is a
    fault unless ``ranges`` says which value counts: low, mid or high.
    """

    reads_loosely: ClassVar[bool] = True
    name: str = "number"
    unit: str = ""
    places: int | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    ranges: str = ""
    written_in: str = ""  # the unit that the head of the cells names, where it is not ``unit``

    def under(self, head_unit: str) -> "Number":
        ours, theirs = unit_of(self.unit), unit_of(head_unit)
        no_unit = not self.unit and head_unit != "%"
        # "单位：万元" above a table is meant for its amounts, not for its heads and acres.
        if no_unit or not head_unit or ours == theirs or (theirs.is_money and not ours.is_money):
            return self
        return replace(self, written_in=head_unit)

    def parse(self, cell: object) -> Any:
        return self.fit(self.read(cell))

    def read(self, cell: object) -> Decimal:
        """The number in ``unit`` as the cell gives it, before rounding and bounds."""
        return self._amount(cell).value

    def reading(self, cell: object) -> str:
        if self.unit != "%" and (not isinstance(cell, str) or _DIGITS.match(cell)):
            return ""
        amount = self._amount(cell)
        if self.unit == "%" and not amount.own_unit and 0 < abs(amount.value) < 1:
            return SMALL_PERCENT
        return "；".join(amount.said)

    def _amount(self, cell: object) -> Amount:
        if self.written_in == "%" and not self.unit:
            points = self._as_written(cell)
            return Amount(points.value / 100, points.said, own_unit=True)
        if self.written_in and not same_base(self.written_in, self.unit):
            raise BadValueError(
                f"表头写的单位是“{self.written_in}”，此列以{self.unit}计", "请折算后填写，并改正表头的单位"
            )
        amount = self._as_written(cell)
        if not self.written_in:
            return amount
        factor = unit_of(self.written_in).scale / unit_of(self.unit).scale
        return Amount(amount.value * factor, amount.said, amount.own_unit)

    def _as_written(self, cell: object) -> Amount:
        """The number in the unit of the head."""
        unit = self.written_in or self.unit
        try:
            if isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
                value = Decimal(repr(cell) if isinstance(cell, float) else cell)
                if value.is_finite():
                    return Amount(value)
            elif isinstance(cell, str):
                text = plain(cell).replace(" ", "")
                if _DIGITS.match(text):
                    return Amount(Decimal(text.replace(",", "")))
                return amount_of(text.translate(_MINUS), unit, self.ranges)
        except InvalidOperation:
            pass
        raise BadValueError("不是数字", please(unit))

    def fit(self, value: Decimal) -> Any:
        """``value`` rounded to ``places``; outside the bounds it is a fault."""
        low, high = self.low, self.high
        if self.places is not None and high is None:
            low, high = -_LARGEST if low is None else low, _LARGEST
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = "至".join(f"{bound:,f}" if bound is not None else "" for bound in (low, high))
            raise BadValueError(
                "数值超出范围", f"请核对数值与单位{f'（单位{self.unit}）' if self.unit else ''}，应在{bounds}之间"
            )
        return value if self.places is None else value.quantize(Decimal(1).scaleb(-self.places))

    def show(self, value: Any) -> str:
        if value is None:
            return ""
        number = Decimal(repr(value) if isinstance(value, float) else value)
        text = f"{number if self.places is None else round(number, self.places):,f}"
        if self.places is not None and isinstance(value, float):
            return text  # measured: as many decimals in every row, so that a column reads
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
