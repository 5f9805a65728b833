"""Registered capital as the registry writes it → an amount, its currency and what is doubtful about it.

Notations met: 36700万人民币 · 43(万元人民币) · 1,000.5000(万元) · 50(万美元) · 100(万元(港币)) · 30() · 5 · 3000000人民币元 · N/A.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

# words for currencies, longest first where one holds another; ISO 4217
CURRENCIES = {
    "人民币": "CNY",
    "RMB": "CNY",
    "CNY": "CNY",
    "美元": "USD",
    "美金": "USD",
    "USD": "USD",
    "港币": "HKD",
    "港元": "HKD",
    "香港元": "HKD",
    "HKD": "HKD",
    "日元": "JPY",
    "日币": "JPY",
    "欧元": "EUR",
    "英镑": "GBP",
    "澳大利亚元": "AUD",
    "澳元": "AUD",
    "加拿大元": "CAD",
    "加元": "CAD",
    "新加坡元": "SGD",
    "新西兰元": "NZD",
    "瑞士法郎": "CHF",
    "韩元": "KRW",
    "韩国元": "KRW",
    "新台币": "TWD",
    "台币": "TWD",
    "澳门元": "MOP",
    "卢布": "RUB",
    "泰铢": "THB",
    "马来西亚林吉特": "MYR",
    "丹麦克郎": "DKK",
    "丹麦克朗": "DKK",
    "瑞典克朗": "SEK",
    "德国马克": "DEM",
    "法国法郎": "FRF",
}
SCALES = {"亿": Decimal(10_000), "千万": Decimal(1_000), "百万": Decimal(100), "万": Decimal(1), "千": Decimal("0.1")}
ABSENT = frozenset({"", "N/A", "NA", "NULL", "NONE", "NAN", "无", "-", "--", "—", "/", "未填", "暂无", "不详"})

_WORD = "|".join(sorted(CURRENCIES, key=len, reverse=True))
_NOTATION = re.compile(
    rf"(?P<before>{_WORD})?(?P<number>[+-]?[\d,]*\.?\d+(?:E[+-]?\d+)?|[\d,]+\.)(?P<scale>亿|千万|百万|万|千)?元?(?P<after>{_WORD})?元?"
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_LOST_POINT = re.compile(r"(\d{1,3}(?:,\d{3})*,\d{3})(\d{4})")

SMALLEST_10K = Decimal("0.1")
LARGEST_10K = Decimal(50_000_000)  # 5,000亿元: above every registered capital in China but two


@dataclass(frozen=True, slots=True)
class Capital:
    """``amount_10k``: the amount in ten thousands of ``currency`` (ISO 4217); both None when nothing is stated or the text
    is not understood. ``doubt``: why a person should look, in Chinese, "" when nothing is odd."""

    amount_10k: Decimal | None
    currency: str | None
    doubt: str = ""

    @property
    def cny_10k(self) -> Decimal | None:
        """The amount in 万元 when it is in yuan; other currencies are not converted, for the date of payment is unknown."""
        return self.amount_10k if self.currency == "CNY" else None


NOTHING = Capital(None, None)


def parse_capital(text: str | None) -> Capital:
    """Read one registered capital. No currency named means yuan, as the registry means it; no unit means 万元, in doubt."""
    plain = re.sub(r"[\s()\[\]【】]", "", unicodedata.normalize("NFKC", text or "")).upper()
    if plain in ABSENT:
        return NOTHING
    match = _NOTATION.fullmatch(plain)
    if match is None:
        return Capital(None, None, f"看不懂注册资金“{text}”：请写成数字加单位，如 500万元人民币")
    number, misplaced = _number(match["number"])
    if number is None:
        return Capital(None, None, f"注册资金“{text}”的逗号位置不对，无法判断数值：请改正")
    words = {CURRENCIES[w] for w in (match["before"], match["after"]) if w}
    if len(words) > 1:
        return Capital(None, None, f"注册资金“{text}”写了两种货币：请只留一种")
    currency = words.pop() if words else "CNY"
    doubts = []
    if misplaced:
        doubts.append(f"“{match['number']}”疑漏小数点，按 {number} 计")
    if match["scale"]:
        amount = number * SCALES[match["scale"]]
    elif plain.endswith("元") or match["after"] or match["before"]:
        amount = number / 10_000
    else:
        amount = number
        doubts.append("没有写单位，按万元计")
    doubts += _unlikely(amount, currency)
    return Capital(amount, currency, "；".join(doubts))


def _number(text: str) -> tuple[Decimal | None, bool]:
    """The number, and whether it took a guess: 10,1520000 has lost the point of 10,152.0000. None where commas are wild."""
    if "," not in text:
        return Decimal(text), False
    if _GROUPED.fullmatch(text):
        return Decimal(text.replace(",", "")), False
    lost = _LOST_POINT.fullmatch(text)
    if lost:
        return Decimal(f"{lost[1].replace(',', '')}.{lost[2]}"), True
    return None, False


def _unlikely(amount_10k: Decimal, currency: str) -> list[str]:
    if amount_10k < 0:
        return ["金额为负"]
    if amount_10k == 0:
        return ["金额为 0"]
    if amount_10k < SMALLEST_10K:
        return ["金额不足一千，单位可能写错"]
    if amount_10k > LARGEST_10K and currency == "CNY":
        return ["金额超过 5000 亿元，单位可能写错"]
    return []
