"""Chinese numerals: 三千五百万 → 35000000, 壹佰贰拾 → 120, 二〇二一 → 2021."""

import re
from decimal import Decimal

_DIGITS = {
    c: i
    for i, row in enumerate(("零〇○", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for c in row
}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = {"亿": 10**8, "万": 10**4}
NUMERAL = "[" + "".join([*_DIGITS, *_TENS, *_MYRIADS]) + "]"
_RUN = re.compile(f"{NUMERAL}+")


def chinese_number(text: str) -> Decimal | None:
    """The number that a run of Chinese numerals means, also digit by digit (二〇二一); None where it means none."""
    if not _RUN.fullmatch(text):
        return None
    if all(c in _DIGITS for c in text):
        return Decimal("".join(str(_DIGITS[c]) for c in text))
    total = part = digit = 0
    before = ""  # the numeral before this one
    for at, c in enumerate(text, start=1):
        if c in _DIGITS:
            if before in _DIGITS and digit:
                return None  # 三五百
            digit = _DIGITS[c]
        elif c in _TENS:
            part, digit = part + (digit or 1) * _TENS[c], 0
        else:
            section = (total if c == "亿" else 0) + part + digit
            if not section:
                return None  # 万元: a unit, not a number
            total, part, digit = section * _MYRIADS[c] + (0 if c == "亿" else total), 0, 0
        if digit and at == len(text) and before and before not in "十拾零〇○":
            return None  # 三千五 means 3500 to some and 3005 to others
        before = c
    return Decimal(total + part + digit)


def with_digits(text: str) -> str:
    """``text`` with every run of Chinese numerals written in digits: 二〇二一年十二月 → 2021年12月."""
    return _RUN.sub(lambda run: run[0] if (number := chinese_number(run[0])) is None else f"{number:f}", text)
