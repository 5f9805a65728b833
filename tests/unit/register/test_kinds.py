"""What people write in cells is read as meant, or refused with a remedy; what is written out reads back the same."""

import datetime as dt
import string
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lianpu.register.exporting import shield
from lianpu.register.faults import BadValueError
from lianpu.register.kinds import Choice, Date, Flag, Integer, Kind, Month, Number, Period, Real, Text, Words, plain
from lianpu.register.kinds.numerals import chinese_number
from lianpu.register.reading import unshield

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40).map(str.strip)
AMOUNT = Number(unit="万元", places=4, low=Decimal(-(10**14)), high=Decimal(10**14))
LABELS = {"makes": "生产", "trades": "销售（批发）", "2": "二"}


def refusal(kind: Kind, cell: object) -> BadValueError:
    with pytest.raises(BadValueError) as refused:
        kind.parse(cell)
    assert refused.value.reason
    assert refused.value.remedy
    return refused.value


class TestWhatIsWrittenReadsBack:
    @given(TEXTS)
    def test_text(self, text: str) -> None:
        assume("�" not in text)
        assert Text().parse(Text().write(text)) == text

    @given(st.decimals(-(10**13), 10**13, places=4))
    def test_number_also_as_shown_to_people(self, value: Decimal) -> None:
        assert AMOUNT.parse(AMOUNT.write(value)) == value
        assert AMOUNT.parse(str(value)) == value
        assert AMOUNT.parse(AMOUNT.show(value)) == value

    @given(st.decimals(-(10**9), 10**9, places=4))
    def test_number_through_a_spreadsheets_float(self, value: Decimal) -> None:
        assert AMOUNT.parse(float(value)) == value

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_real(self, value: float) -> None:
        assert Real().parse(Real().write(value)) == value
        assert Real().parse(str(value)) == value

    @given(st.integers(-(2**63), 2**63 - 1))
    def test_integer(self, value: int) -> None:
        assert Integer().parse(Integer().write(value)) == value
        assert Integer().parse(Integer().show(value)) == value

    @given(st.dates())
    def test_date(self, day: dt.date) -> None:
        assert Date().parse(Date().write(day)) == day
        assert Date().parse(Date().show(day)) == day

    @given(st.integers(1, 9999), st.sampled_from(["", "-H1", "-H2", *(f"-Q{n}" for n in range(1, 5))]))
    def test_period(self, year: int, part: str) -> None:
        value = f"{year:04}{part}"
        assert Period().parse(Period().write(value)) == value

    @given(st.integers(1, 9999), st.integers(1, 12))
    def test_month(self, year: int, month: int) -> None:
        value = f"{year:04}-{month:02}"
        for kind in (Month(), Period()):
            assert kind.parse(kind.write(value)) == value
            assert kind.parse(dt.date(year, month, 1)) == value, "a spreadsheet makes a date of it"

    @given(st.booleans())
    def test_flag(self, value: bool) -> None:
        assert Flag().parse(Flag().write(value)) is value

    @pytest.mark.parametrize(("labels", "whole"), [(LABELS, False), ({"1": "有益", "3": "不可缺"}, True)])
    def test_choice(self, labels: dict[str, str], whole: bool) -> None:
        kind = Choice(labels=labels, whole=whole)
        for value in [int(v) if whole else v for v in labels]:
            assert kind.parse(kind.write(value)) == value
            assert kind.parse(value) == value
            assert kind.show(value) == labels[str(value)]

    @given(st.lists(TEXTS.filter(lambda t: t and not set(t) & set("；;|\n")), max_size=5))
    def test_words(self, words: list[str]) -> None:
        assert Words().parse(Words().write(words)) == words

    @given(st.text(st.sampled_from("'=+-@甲a"), max_size=6))
    def test_shielding_from_formulas(self, text: str) -> None:
        assert unshield(shield(text)) == text
        assert not str(shield(text)).startswith(("=", "+", "-", "@"))


WIDE = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
DRESSED: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: f" {text}\u3000",
    lambda text: text.translate(WIDE),
    lambda text: f"约{text}",
    lambda text: f"{text}左右",
    lambda text: f"≥{text}",
    lambda text: f"{text}以上",
    lambda text: f"人民币{text}",
    lambda text: f"￥{text}",
]


class TestOneAmountInManyWritings:
    @given(st.decimals(Decimal("0.01"), 10**8, places=2), st.sampled_from(DRESSED))
    def test_with_and_without_unit(self, value: Decimal, dress: Callable[[str], str]) -> None:
        yuan = value * 10_000
        for text in (f"{value}万元", f"{value:,}万", f"{yuan:.0f}元", f"{yuan:,.0f}元", f"{value / 10_000:f}亿元"):
            assert AMOUNT.parse(dress(text)) == value, dress(text)

    @given(st.decimals(-(10**8), 10**8, places=4))
    def test_the_unit_of_the_head(self, value: Decimal) -> None:
        for unit, factor in {"元": 10_000, "千元": 10, "百万元": Decimal("0.01"), "亿元": Decimal("0.0001")}.items():
            kind = AMOUNT.under(unit)
            assert kind.parse(str(value * factor)) == value
            assert kind.parse(f"{value}万元") == value, "a cell's own unit goes before the head's"

    @given(st.decimals(Decimal("0.01"), 10**8, places=2))
    def test_negative_in_every_writing(self, value: Decimal) -> None:
        for text in (f"-{value}", f"({value:,})", f"（{value}）", f"△{value}", f"−{value}", f"－{value}"):
            assert AMOUNT.parse(text) == -value, text

    @given(st.decimals(1, 10**6, places=2), st.decimals(1, 10**6, places=2), st.sampled_from("-~～—–至到"))
    def test_a_range_names_both_ends_unless_the_column_says_which_counts(
        self, one: Decimal, other: Decimal, between: str
    ) -> None:
        low, high = sorted((one, other))
        assume(low < high)
        text = f"{low}{between}{high}万元"
        reason = refusal(AMOUNT, text).reason
        assert f"{low.normalize():,f}" in reason
        assert f"{high.normalize():,f}" in reason
        for which, value in {"low": low, "high": high, "mid": (low + high) / 2}.items():
            kind = Number(unit="万元", ranges=which)
            assert kind.parse(text) == value
            assert "区间" in kind.reading(text)

    @given(st.integers(1, 99_999_999))
    def test_in_chinese_numerals(self, value: int) -> None:
        for digits, tens in (("零一二三四五六七八九", "十百千"), ("零壹贰叁肆伍陆柒捌玖", "拾佰仟")):
            assert chinese_number(in_chinese(value, digits, tens)) == value


def in_chinese(value: int, digits: str, tens: str) -> str:
    """A number below a hundred million as a cheque has it."""
    if value >= 10_000:
        rest = in_chinese(value % 10_000, digits, tens) if value % 10_000 else ""
        return (
            in_chinese(value // 10_000, digits, tens)
            + "万"
            + (digits[0] if rest and value % 10_000 < 1000 else "")
            + rest
        )
    text, gap = "", False
    for power in (3, 2, 1, 0):
        digit = value // 10**power % 10
        if digit:
            text += (digits[0] if gap and text else "") + digits[digit] + (tens[power - 1] if power else "")
        gap = not digit
    return text


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1200", "1200"),
        ("1,200", "1200"),
        ("１，２００．５", "1200.5"),
        ("1.2亿", "12000"),
        ("1.2 亿元", "12000"),
        ("约3000万", "3000"),
        ("近3000万元", "3000"),
        ("超1亿", "10000"),
        ("3000多万元", "3000"),
        ("50余万元", "50"),
        ("3000万元人民币", "3000"),
        ("300万元（人民币）", "300"),
        ("50000元", "5"),
        ("5百万", "500"),
        ("2千万元", "2000"),
        ("1亿2000万", "12000"),
        ("1万5千元", "1.5"),
        ("三千万元", "3000"),
        ("壹佰万元整", "100"),
        ("8.8E+03", "8800"),
        (12, "12"),
        (12.345678, "12.3457"),
        ("-3.5", "-3.5"),
        ("＋3", "3"),
    ],
)
def test_amounts_in_ten_thousand_yuan(cell: object, value: str) -> None:
    assert AMOUNT.parse(cell) == Decimal(value)


@pytest.mark.parametrize(
    "cell",
    ["很多", "1,20", "1..2", "12万吨", "", "%", "1,2345万元", "12.5%", "三千五", float("nan"), float("inf"), True, [1]],
)
def test_what_is_no_amount_is_refused_with_the_unit(cell: object) -> None:
    assert "万元" in refusal(AMOUNT, cell).remedy


@pytest.mark.parametrize("cell", ["120万美元", "US$120万", "HKD 300万", "100欧元"])
def test_another_currency_is_refused_for_the_rate_is_not_ours_to_choose(cell: str) -> None:
    refused = refusal(AMOUNT, cell)
    assert "万元" in refused.reason
    assert "折算" in refused.remedy
    assert not refused.proposal


def test_a_column_of_another_currency_takes_it_and_refuses_yuan() -> None:
    dollars = Number(unit="万美元", places=4)
    for cell in ("120", "120万", "120万美元", "US$1,200,000", "1200000美元"):
        assert dollars.parse(cell) == 120
    assert "两种" in refusal(dollars, "人民币100万美元").reason
    assert "以元计" in refusal(dollars, "120万元").reason
    assert "表头" in refusal(AMOUNT.under("万美元"), "120").reason


@pytest.mark.parametrize(
    ("cell", "proposal", "named"),
    [
        ("中央预算内资金2400万元（已上报待审批）+国投自筹1.37亿元", "16100", ["2400万元", "1.37亿元"]),
        ("2400万元（已上报待审批）", "2400", ["2400万元"]),
        ("总投资5亿元，其中固定资产3亿元", "50000", ["5亿元"]),
    ],
)
def test_amounts_inside_text_are_put_forward_not_taken(cell: str, proposal: str, named: list[str]) -> None:
    refused = refusal(AMOUNT, cell)
    assert refused.proposal == proposal
    assert AMOUNT.parse(refused.proposal) == Decimal(proposal)
    assert all(one in refused.reason + refused.remedy for one in named)


@pytest.mark.parametrize("cell", ["5000万以下", "不超过1亿元", "≤300"])
def test_an_upper_bound_alone_is_no_amount(cell: str) -> None:
    assert "上限" in refusal(AMOUNT, cell).reason


def test_a_scale_without_unit_is_refused_where_it_may_mean_two() -> None:
    assert "单位" in refusal(AMOUNT, "5百").reason
    assert Number(unit="元").parse("5百") == 500


@pytest.mark.parametrize("cell", ["100000000000001", "1E+300", -(10**15), "99999999999亿"])
def test_numbers_that_cannot_be_stored_are_refused(cell: object) -> None:
    with pytest.raises(BadValueError, match="超出范围"):
        AMOUNT.parse(cell)


@pytest.mark.parametrize("cell", ["1.5", "一万五", "2 3 x", "300-500"])
def test_what_is_no_whole_number_is_refused(cell: str) -> None:
    refusal(Integer(), cell)


@pytest.mark.parametrize(
    ("unit", "cell", "value"),
    [
        ("人", "约300名", 300),
        ("人", "1.2万人", 12000),
        ("人", "300余人", 300),
        ("亩", "120亩", 120),
        ("万吨", "12万吨", 12),
        ("万吨", "5000吨", Decimal("0.5")),
        ("千瓦", "3万千瓦", 30000),
        ("千瓦", "3000瓦", 3),
        ("", "3万", 30000),
    ],
)
def test_other_units_than_money(unit: str, cell: str, value: Decimal) -> None:
    assert Number(unit=unit).parse(cell) == value


@pytest.mark.parametrize(("unit", "cell"), [("亩", "120公顷"), ("人", "20亩"), ("万吨", "12吨标煤"), ("", "3万元")])
def test_another_unit_is_refused(unit: str, cell: str) -> None:
    refusal(Number(unit=unit), cell)


@pytest.mark.parametrize(
    ("cell", "points"),
    [
        ("12.5%", "12.5"),
        ("12.5", "12.5"),
        ("百分之十二", "12"),
        ("百分之12.5", "12.5"),
        ("5‰", "0.5"),
        ("3个百分点", "3"),
        ("-3%", "-3"),
        ("(3.2%)", "-3.2"),
        ("△3.2", "-3.2"),
        ("约12％", "12"),
        (12.5, "12.5"),
    ],
)
def test_percentages(cell: object, points: str) -> None:
    percent, ratio = Number(unit="%"), Number()
    assert percent.parse(cell) == Decimal(points)
    if isinstance(cell, str) and ("%" in plain(cell) or "百分" in cell or "‰" in cell):
        assert ratio.parse(cell) == Decimal(points) / 100
    assert ratio.under("%").parse(cell) == Decimal(points) / 100


def test_the_money_unit_above_a_table_is_not_that_of_heads_and_acres() -> None:
    for unit in ("人", "亩", "%", ""):
        assert Number(unit=unit).under("万元").parse("12") == 12
    assert "吨" in refusal(AMOUNT.under("吨"), "12").reason


def test_a_percentage_below_one_says_how_it_was_read() -> None:
    percent = Number(unit="%")
    assert percent.parse("0.125") == percent.parse(0.125) == Decimal("0.125")
    assert "0.125%" in percent.reading("0.125")
    assert "0.125%" in percent.reading(0.125)
    assert percent.reading("0.125%") == percent.reading("12.5") == ""


@pytest.mark.parametrize(
    ("kind", "cell", "word"),
    [
        (AMOUNT, "约3000", "约数"),
        (AMOUNT, "3000以上", "下限"),
        (AMOUNT, "(1,200)", "负数"),
        (AMOUNT, "5000元", "换算"),
        (AMOUNT, "三千万", "中文"),
        (Date(), "2021年3月", "第一日"),
        (Date(), "2021", "第一日"),
        (Date(), 2021, "第一日"),
        (Date(), "2026年12月底", "最后一日"),
        (Date(), "21.3.15", "两位"),
        (Date(), 44270, "Excel"),
    ],
)
def test_what_is_read_otherwise_than_written_is_said(kind: Kind, cell: object, word: str) -> None:
    kind.parse(cell)
    assert word in kind.reading(cell)


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (AMOUNT, "3,000.5"),
        (AMOUNT, 3000),
        (AMOUNT, "3000万元"),
        (Date(), "2021-03-15"),
        (Date(), dt.date(2021, 3, 15)),
        (Date(), "2021年3月15日"),
        (Text(), "甲"),
        (Flag(), "√"),
        (Period(), "2021"),
    ],
)
def test_what_is_plain_is_not_commented(kind: Kind, cell: object) -> None:
    kind.parse(cell)
    assert kind.reading(cell) == ""


class TestDates:
    @given(st.dates(dt.date(1954, 10, 4), dt.date(2119, 1, 9)))
    def test_a_day_in_every_notation(self, day: dt.date) -> None:
        serial = (day - dt.date(1899, 12, 30)).days
        y, m, d = day.year, day.month, day.day
        plainly = [f"{y}-{m:02}-{d:02}", f"{y}/{m}/{d}", f"{y}.{m}.{d}", f"{y}年{m}月{d}日", f"{y}{m:02}{d:02}"]
        worded = [f"{y}年{m}月{d}号", f"{y} 年 {m} 月 {d} 日", f"{y}－{m:02}－{d:02}"]
        worded.append(f"{''.join('〇一二三四五六七八九'[int(c)] for c in str(y))}年{tens(m)}月{tens(d)}日")
        timed = [f"{y}-{m:02}-{d:02}T08:30:00", f"{y}/{m}/{d} 0:00:00", dt.datetime(y, m, d, 23, 59, tzinfo=dt.UTC)]
        for cell in [*plainly, *worded, *timed, serial, float(serial), serial + 0.75, str(serial), f"{serial}.0"]:
            assert Date().parse(cell) == day, cell

    @given(st.integers(1950, 2049), st.integers(1, 12))
    def test_a_month_in_every_notation(self, y: int, m: int) -> None:
        texts = [
            f"{y}.{m}",
            f"{y}年{m}月",
            f"{y}年{m}月份",
            f"{y}-{m:02}",
            f"{y}/{m}",
            f"{y}{m:02}",
            f"{y}年{tens(m)}月",
        ]
        for cell in [*texts, f"{y % 100:02}年{m}月"]:
            assert Date().parse(cell) == dt.date(y, m, 1), cell
            assert Period().parse(cell) == Month().parse(cell) == f"{y}-{m:02}", cell

    @given(st.integers(1950, 2049), st.integers(1, 4))
    def test_a_quarter_or_half_is_a_period_and_no_day(self, y: int, q: int) -> None:
        quarter = [f"{y}年{q}季度", f"{y}年第{tens(q)}季度", f"{y}-Q{q}", f"{y}Q{q}", f"{y}年{tens(q)}季度"]
        for cell in quarter:
            assert Period().parse(cell) == f"{y}-Q{q}", cell
            assert "季度" in refusal(Date(), cell).reason
            assert "季度" in refusal(Month(), cell).reason
        half = 1 if q < 3 else 2
        for cell in (f"{y}年{'上下'[half - 1]}半年", f"{y}-H{half}"):
            assert Period().parse(cell) == f"{y}-H{half}", cell
            refusal(Date(), cell)

    @pytest.mark.parametrize(
        ("cell", "period"),
        [
            ("2021年1-6月", "2021-H1"),
            ("2021年1-12月累计", "2021"),
            ("2021年1—3月", "2021-Q1"),
            ("2021年度", "2021"),
            (2021, "2021"),
            (44348, "2021-06"),
        ],
    )
    def test_periods_as_monthly_sheets_have_them(self, cell: object, period: str) -> None:
        assert Period().parse(cell) == period

    @pytest.mark.parametrize("cell", ["2021年1-5月", "2021-06-15", "2026年初", "六月", "长期", "去年"])
    def test_what_is_no_period_is_refused(self, cell: str) -> None:
        assert "2021" in refusal(Period(), cell).remedy or "留空" in refusal(Period(), cell).remedy

    @pytest.mark.parametrize(
        ("cell", "day"),
        [
            ("2021年", "2021-01-01"),
            (2021, "2021-01-01"),
            (2021.3, "2021-03-01"),
            ("2026年12月底", "2026-12-31"),
            ("2024年2月末", "2024-02-29"),
            ("2026年底前", "2026-12-31"),
            ("2026年初", "2026-01-01"),
            ("2021年3月中旬", "2021-03-11"),
            ("21.3.15", "2021-03-15"),
            ("98年3月15日", "1998-03-15"),
            (44270.0, "2021-03-15"),
        ],
    )
    def test_what_is_less_than_a_day(self, cell: object, day: str) -> None:
        assert Date().parse(cell) == dt.date.fromisoformat(day)

    @pytest.mark.parametrize(
        "cell",
        ["去年", "2021-13-01", "2021-02-30", "15/03/2021", "03/04/21", "123", "99999", "2021-3-15日晚", True, ""],
    )
    def test_what_is_no_date_is_refused(self, cell: object) -> None:
        assert "不是日期" in refusal(Date(), cell).reason

    @pytest.mark.parametrize("cell", ["2021-2023", "2021年3月-2023年5月", "2021.3~2023.5", "2021.3.1至2023.5.1"])
    def test_two_dates_in_one_cell_are_named(self, cell: str) -> None:
        assert "2023" in refusal(Date(), cell).reason

    def test_a_number_that_may_be_january_or_october_is_refused(self) -> None:
        assert "10月" in refusal(Date(), 2021.1).reason
        assert Date().parse("2021.10") == Date().parse("2021-10") == dt.date(2021, 10, 1)

    @pytest.mark.parametrize("cell", ["长期", "至今", "永久"])
    def test_an_end_that_never_comes(self, cell: str) -> None:
        assert "留空" in refusal(Date(), cell).remedy


def tens(value: int) -> str:
    """A number below 100 in words."""
    digits = "〇一二三四五六七八九"
    return (("" if value < 20 else digits[value // 10]) + "十" if value > 9 else "") + (
        digits[value % 10] if value % 10 else ""
    )


@pytest.mark.parametrize("cell", ["√", "是", "Ｙ", 1.0, "有", "☑", "✔", "已", "T", "对"])
def test_yes(cell: object) -> None:
    assert Flag().parse(cell) is True


@pytest.mark.parametrize("cell", ["×", "否", "无", "n", 0, "☐", "□", "未", "尚未", "没有", "✗"])
def test_no(cell: object) -> None:
    assert Flag().parse(cell) is False
    assert not Flag().blank(cell)


@pytest.mark.parametrize("cell", ["已开工", "也许", "X", "2"])
def test_what_is_neither_yes_nor_no_is_refused(cell: str) -> None:
    refusal(Flag(), cell)


@pytest.mark.parametrize("cell", [None, "", "  ", "-", "／", "N/A", "暂无"])
def test_nothing_in_words_is_blank(cell: object) -> None:
    assert Flag().blank(cell)
    assert AMOUNT.blank(cell)
    assert Text().blank("无")


def test_text_loses_what_cannot_be_seen_and_nothing_else() -> None:
    assert Text().parse("\u3000甲\x00公司（兰州）\r\n第二行 ") == "甲公司（兰州）\n第二行"
    assert Text().parse(620100.0) == "620100"
    with pytest.raises(BadValueError, match="已损坏"):
        Text().parse("甲�")
    with pytest.raises(BadValueError, match="过长"):
        Text(max_length=3).parse("四个字的")


@given(st.text(string.digits + "，．％（）ＡＢ甲 ", max_size=12))
def test_plain_is_settled_after_one_pass(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(
    st.sampled_from([AMOUNT, Number(unit="%"), Number(), Integer(), Real(), Date(), Period(), Flag()]),
    st.one_of(
        st.text(max_size=30),
        st.text("0123456789.,-~()%元万亿千百十约以上下年月日季度至美半一二三", max_size=14),
        st.floats(),
        st.integers(),
        st.booleans(),
    ),
)
def test_no_cell_breaks_a_kind(kind: Kind, cell: Any) -> None:
    try:
        value = kind.parse(cell)
    except BadValueError:
        refusal(kind, cell)
    else:
        assert kind.parse(kind.write(value)) == value
        assert isinstance(kind.reading(cell), str)
