"""Amounts as people write them: 1,200 · 1.2亿 · 3000-5000万元 · (1,200) · 三千万元 · 12.5% · 约5百万.

A unit is a scale and a base: 万元 is ten thousand times 元, 万美元 of 美元, 万吨 of 吨. What a cell says of its own
unit goes before the unit of its column; another base (美元 under 万元) is refused, for the rate is not ours to choose.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from lianpu.register.faults import BadValueError
from lianpu.register.kinds.numerals import NUMERAL, chinese_number

_POWERS = {
    "百": 2,
    "千": 3,
    "万": 4,
    "十万": 5,
    "百万": 6,
    "千万": 7,
    "亿": 8,
    "十亿": 9,
    "百亿": 10,
    "千亿": 11,
    "万亿": 12,
}
SCALES = {word: Decimal(10) ** power for word, power in _POWERS.items()}
_SCALE = "|".join(sorted(SCALES, key=len, reverse=True))
YUAN = "元"
_CURRENCIES = {
    YUAN: "元整 元人民币 人民币元 人民币 RMB CNY ¥ 块 块钱",
    "美元": "美金 USD US$ $",
    "港元": "港币 HKD HK$",
    "欧元": "EUR €",
    "日元": "日圆 日币 JPY",
    "英镑": "GBP £",
    "澳元": "澳大利亚元 AUD",
    "加元": "加拿大元 CAD",
    "新加坡元": "SGD",
    "新台币": "台币 TWD",
    "韩元": "韩币 KRW",
    "澳门元": "澳门币 MOP",
    "瑞士法郎": "CHF",
    "卢布": "RUB",
}
CURRENCIES = {word: code for code, words in _CURRENCIES.items() for word in (code, *words.split())}
_MONEY = "|".join(re.escape(word) for word in sorted(CURRENCIES, key=len, reverse=True))
# Heads that count things say 个, 家, 户 … for one and the same.
_COUNTERS = frozenset("个家人名位户项台套件处座间次")

_FIGURE = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+"
_SIMPLE = re.compile(
    rf"(?P<sign>[+-]?)(?P<money>{_MONEY})?(?P<sign2>[+-]?)(?P<parts>(?:(?:{_FIGURE})(?:{_SCALE})?)+)(?P<base>[^\d.,()]*)"
)
_PART = re.compile(rf"({_FIGURE})({_SCALE})?")
_NUMERAL_AMOUNT = re.compile(rf"(?P<number>{NUMERAL}+)(?P<base>[^\d.,()至到~–—-]*)")
_PERCENT_WORDS = re.compile(rf"百分之(?P<number>{_FIGURE}|{NUMERAL}+)")
_PERCENT = re.compile(rf"(?P<number>[+-]?(?:{_FIGURE}))(?P<sign>%|‰|个?百分点)")
_RANGE = re.compile(
    r"(?P<low>.*?\d.*?|.*?[零〇一二两三四五六七八九十百千万亿].*?)(?:[-~–—]|至|到)(?P<high>\D*\d.*|[零〇一二两三四五六七八九十].*)"
)
_IN_BRACKETS = re.compile(r"\((?P<inner>[^()]+)\)(?P<base>[^()\d]*)")
_BRACKETS = re.compile(r"[(][^()]*[)]")
_INSIDE = re.compile(rf"(?<![\d,.])(?P<figure>{_FIGURE})(?P<scale>{_SCALE})?(?P<base>{_MONEY})?")

_ABOUT = re.compile(r"^(?:大约|大概|约|近|将近|接近|预计|总计|合计|共计|共)+|(?:左右|上下|多|余)+$")
_ABOUT_MIDDLE = re.compile(r"(?<=[\d万亿])[多余]")
_OWN_CURRENCY = re.compile(rf"[(]({_MONEY})[)]")
_AT_LEAST = re.compile(r"^(?:超过|超出|超|逾|不少于|不低于|不小于|至少|≥|>=|>)|(?:以上|及以上|起)$")
_AT_MOST = re.compile(r"^(?:不超过|不高于|不多于|至多|最多|低于|少于|不足|≤|<=|<)|(?:以下|以内|之内)$")

ABOUT = "约数按所写的数读入"
AT_LEAST = "只写了下限，按下限读入"
NEGATIVE = "括号或△按负数读入"
OWN_UNIT = "单元格自带单位，已换算为此列单位"
IN_WORDS = "中文数字已读作数值"
RANGES = {"low": "区间取下限", "mid": "区间取中值", "high": "区间取上限"}


@dataclass(frozen=True, slots=True)
class Unit:
    """``scale`` times ``base``: 万美元 is 10,000 times 美元."""

    scale: Decimal
    base: str
    word: str = field(compare=False)

    @property
    def is_money(self) -> bool:
        return self.base in _CURRENCIES


def unit_of(text: str) -> Unit:
    """The unit that a word names; an empty word is the plain number."""
    scale = re.match(rf"(?:{_SCALE})(?=.)", text)
    base = text[scale.end() :] if scale else text
    return Unit(SCALES[scale[0]] if scale else Decimal(1), _base(base), text)


def _base(word: str) -> str:
    return "个" if word and word in _COUNTERS else CURRENCIES.get(word, word)


def same_base(one: str, other: str) -> bool:
    """Whether amounts in the one unit can be told in the other."""
    return unit_of(one).base == unit_of(other).base


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in the unit asked for, and how the text was taken where it says it otherwise."""

    value: Decimal
    said: tuple[str, ...] = ()
    own_unit: bool = False  # the text names a scale or a base


def amount_of(text: str, unit: str, ranges: str = "") -> Amount:
    """Read an amount (plain text without blanks) into ``unit``.

    A range is a fault that names both ends unless ``ranges`` says which one counts (low, mid, high). Amounts inside
    other text are a fault that proposes their sum.
    """
    into = unit_of(unit)
    text = _OWN_CURRENCY.sub(r"\1", text)
    if unit == "%" or "%" in text or "百分" in text or text.endswith("‰"):
        return _percent(text, unit)
    core, said = _hedges(text, unit)
    found = _signed(core, into)
    if found is None and (ends := _RANGE.fullmatch(core)):
        found = _ends(ends["low"], ends["high"], into, unit, ranges)
    if found is None:
        raise _refusal(text, into, unit)
    return Amount(found.value, (*said, *found.said), found.own_unit)


def _hedges(text: str, unit: str) -> tuple[str, list[str]]:
    """The text without words that make it about, at least; at most is refused, for any number would do."""
    said = []
    if (core := _ABOUT_MIDDLE.sub("", _ABOUT.sub("", text))) != text:
        said.append(ABOUT)
    if (plainer := _AT_LEAST.sub("", core)) != core:
        core, said = plainer, [*said, AT_LEAST]
    if _AT_MOST.search(core):
        raise BadValueError("只写了上限，不是具体数值", please(unit))
    return _ABOUT_MIDDLE.sub("", _ABOUT.sub("", core)), said


def _signed(text: str, into: Unit) -> Amount | None:
    """An amount that may be negative by sign, brackets or △."""
    inner, negative = _out_of_brackets(text)
    found = _simple(inner, into)
    if not negative or found is None:
        return found
    return Amount(-found.value, (NEGATIVE, *found.said), found.own_unit) if found.value > 0 else None


def _out_of_brackets(text: str) -> tuple[str, bool]:
    """The text without the brackets or the △ that make a number negative, and whether there were any."""
    if bracketed := _IN_BRACKETS.fullmatch(text):
        return bracketed["inner"] + bracketed["base"], True
    return (text[1:], True) if text.startswith("△") else (text, False)


def _simple(text: str, into: Unit) -> Amount | None:
    """One amount: figures with scales that fall (1亿2000万), then the base; or Chinese numerals."""
    match = _SIMPLE.fullmatch(text)
    if match is None:
        return _in_words(text, into)
    if match["sign"] and match["sign2"]:
        return None
    parts = [(_figure(part[1]), part[2] or "") for part in _PART.finditer(match["parts"])]
    factors = [SCALES.get(scale, Decimal(1)) for _, scale in parts]
    if factors != sorted(set(factors), reverse=True):
        return None
    number = sum((figure * factor for (figure, _), factor in zip(parts, factors, strict=True)), Decimal(0))
    value, own_unit = _in_unit(number, "".join(scale for _, scale in parts), [match["money"], match["base"]], into)
    said = () if len(parts) == 1 and value == parts[0][0] else (OWN_UNIT,)
    return Amount(-value if "-" in (match["sign"], match["sign2"]) else value, said, own_unit)


def _in_words(text: str, into: Unit) -> Amount | None:
    match = _NUMERAL_AMOUNT.fullmatch(text)
    number = chinese_number(match["number"]) if match else None
    if match is None or number is None:
        return None
    value, own_unit = _in_unit(number, "".join(c for c in match["number"] if c in SCALES), [match["base"]], into)
    return Amount(value, (IN_WORDS,), own_unit)


def _in_unit(number: Decimal, scales: str, bases: Sequence[str | None], into: Unit) -> tuple[Decimal, bool]:
    """``number`` (its ``scales`` multiplied out) in the unit ``into``, and whether it named a unit of its own."""
    named = {_base(word) for word in bases if word}
    if len(named) > 1:
        raise BadValueError("写了两种货币", "请只写一种货币的金额")
    base = next(iter(named), "")
    if base and base != into.base:
        scaled = unit_of(base)  # 千 belongs to 千瓦, though 瓦 is the base
        if scaled.base != into.base:
            raise _foreign(base, into)
        number *= scaled.scale
    if not base and not scales:
        return number, False
    if not base and into.scale != 1 and not {"万", "亿"} & set(scales):
        raise BadValueError(f"没有写明“{scales}”之后的单位", "请写全单位，如 5百万元")
    return number / into.scale, True


def _foreign(base: str, into: Unit) -> BadValueError:
    if base in _CURRENCIES and into.is_money:
        return BadValueError(f"金额以{base}计，此列以{into.word}计", f"请折算成{into.word}后填写，并在备注中写明汇率")
    if into.base:
        return BadValueError(f"单位“{base}”与此列单位不符", f"请折算后填写，单位{into.word}")
    return BadValueError("不是数字", "请只填写数字")


def _percent(text: str, unit: str) -> Amount:
    """12.5%, 百分之十二, 5‰, 3个百分点: in points where the column counts in %, else as a ratio."""
    if unit not in ("%", ""):
        raise BadValueError("写的是百分比", please(unit))
    core, said = _hedges(text, unit)
    core, negative = _out_of_brackets(core)
    said += [NEGATIVE] if negative else []
    number: Decimal | None = None
    if worded := _PERCENT_WORDS.fullmatch(core):
        number = _figure(worded["number"]) if worded["number"][0].isascii() else chinese_number(worded["number"])
        said.append(IN_WORDS)
    elif marked := _PERCENT.fullmatch(core):
        number = _figure(marked["number"]) / (10 if marked["sign"] == "‰" else 1)
    elif unit and (found := _simple(core, unit_of(""))):
        number, said = found.value, [*said, *found.said]
    if number is None:
        raise BadValueError("不是百分比", "请按 12.5 或 12.5% 填写")
    number = -number if negative else number
    return Amount(number if unit else number / 100, tuple(said), own_unit=True)


def _figure(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _ends(low: str, high: str, into: Unit, unit: str, ranges: str) -> Amount | None:
    """A range; an end without unit has the unit of the other (3000-5000万元)."""
    lower, upper = _simple(low, into), _simple(high, into)
    if lower is None or upper is None:
        return None
    if not lower.own_unit and upper.own_unit and (tail := re.search(rf"(?:{_SCALE})?(?:{_MONEY})?$", high)):
        lower = _simple(low + tail[0], into) or lower
    if lower.value >= upper.value:
        return None
    if not ranges:
        shown = "至".join(f"{end.value.normalize():,f}" for end in (lower, upper))
        raise BadValueError(
            f"写的是区间（{shown}{unit}），不是一个数", "请填写一个确定的数；确为区间的，请与数据使用方商定取值"
        )
    value = {"low": lower.value, "high": upper.value, "mid": (lower.value + upper.value) / 2}[ranges]
    return Amount(value, (RANGES[ranges],), lower.own_unit or upper.own_unit)


def amounts_inside(text: str, unit: str) -> Iterator[tuple[str, Decimal]]:
    """Amounts with a unit of their own inside a text, in ``unit``; what stands in brackets or after 其中 is part of another."""
    into = unit_of(unit)
    whole = re.split("其中|包括", _BRACKETS.sub("", text))[0]
    for match in _INSIDE.finditer(whole):
        if (match["base"] and CURRENCIES[match["base"]] == into.base) or match["scale"]:
            yield match[0], _figure(match["figure"]) * SCALES.get(match["scale"] or "", Decimal(1)) / into.scale


def _refusal(text: str, into: Unit, unit: str) -> BadValueError:
    """Why a text is no amount; amounts that stand inside it are put forward, never taken."""
    parts = list(amounts_inside(text, unit)) if into.is_money else []
    if not parts:
        return BadValueError("不是数字", please(unit))
    total = f"{sum((value for _, value in parts), Decimal(0)).normalize():f}"
    if len(parts) == 1:
        return BadValueError(
            f"金额“{parts[0][0]}”夹在文字中", f"核对无误请改填 {total}（{unit}），说明移到备注", proposal=total
        )
    said = " + ".join(part for part, _ in parts)
    return BadValueError(
        f"文字中有{len(parts)}笔金额", f"若应合计，请改填 {total}（{unit}）= {said}；说明移到备注", proposal=total
    )


def please(unit: str) -> str:
    """The remedy of a cell that is no number."""
    return f"请填写数字{f'，单位{unit}' if unit else ''}"
