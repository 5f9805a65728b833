"""What people write in cells is read as meant, or refused with a remedy; what is written out reads back the same."""

import datetime as dt
import string
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lianpu.register.exporting import shield
from lianpu.register.faults import BadValueError
from lianpu.register.kinds import Choice, Date, Flag, Integer, Number, Real, Text, Words, plain
from lianpu.register.reading import unshield

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40).map(str.strip)
AMOUNT = Number(unit="万元", places=4, low=Decimal(-(10**14)), high=Decimal(10**14))
LABELS = {"makes": "生产", "trades": "销售（批发）", "2": "二"}


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

    @given(st.dates(dt.date(1954, 10, 4), dt.date(2119, 1, 9)))
    def test_date_in_every_notation(self, day: dt.date) -> None:
        serial = (day - dt.date(1899, 12, 30)).days
        y, m, d = day.year, day.month, day.day
        plainly = [f"{y}-{m:02}-{d:02}", f"{y}/{m}/{d}", f"{y}.{m}.{d}", f"{y}年{m}月{d}日", f"{y}{m:02}{d:02}"]
        timed = [f"{y}-{m:02}-{d:02}T08:30:00", f"{y}/{m}/{d} 0:00:00", dt.datetime(y, m, d, 23, 59, tzinfo=dt.UTC)]
        for cell in [*plainly, *timed, serial, float(serial), serial + 0.75, str(serial)]:
            assert Date().parse(cell) == day, cell

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


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1200", "1200"),
        ("1,200", "1200"),
        ("１，２００．５", "1200.5"),
        ("1.2亿", "12000"),
        ("1.2 亿元", "12000"),
        ("约3000万", "3000"),
        ("3000万元人民币", "3000"),
        ("50000元", "5"),
        ("5百万", "500"),
        ("2千万元", "2000"),
        ("8.8E+03", "8800"),
        (12, "12"),
        (12.345678, "12.3457"),
        ("-3.5", "-3.5"),
        ("＋3", "3"),
    ],
)
def test_amounts_in_ten_thousand_yuan(cell: object, value: str) -> None:
    assert AMOUNT.parse(cell) == Decimal(value)


@pytest.mark.parametrize("cell", ["很多", "1,20", "1..2", "12万吨", "", "%", float("nan"), float("inf"), True, [1]])
def test_what_is_no_amount_is_refused_with_the_unit(cell: object) -> None:
    with pytest.raises(BadValueError) as refused:
        AMOUNT.parse(cell)
    assert "万元" in refused.value.remedy


@pytest.mark.parametrize("cell", ["100000000000001", "1E+300", -(10**15), "99999999999亿"])
def test_numbers_that_cannot_be_stored_are_refused(cell: object) -> None:
    with pytest.raises(BadValueError, match="超出范围"):
        AMOUNT.parse(cell)


@pytest.mark.parametrize("cell", ["1.5", "一百", "2 3 x"])
def test_what_is_no_whole_number_is_refused(cell: str) -> None:
    with pytest.raises(BadValueError):
        Integer().parse(cell)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2021年3月", "2021-03-01"),
        ("2021.3", "2021-03-01"),
        ("202103", "2021-03-01"),
        ("２０２１－０３－１５", "2021-03-15"),
        ("2021年", "2021-01-01"),
        (2021, "2021-01-01"),
        (44270.0, "2021-03-15"),
    ],
)
def test_months_and_years_are_their_first_day(cell: object, day: str) -> None:
    assert Date().parse(cell) == dt.date.fromisoformat(day)


@pytest.mark.parametrize("cell", ["去年", "2021-13-01", "2021-02-30", "15/03/2021", "123", "99999", "2021-3-15日晚"])
def test_what_is_no_date_is_refused(cell: str) -> None:
    with pytest.raises(BadValueError, match="不是日期"):
        Date().parse(cell)


@pytest.mark.parametrize(
    ("cell", "yes"), [("√", True), ("是", True), ("Ｙ", True), (1.0, True), ("×", False), ("无", False)]
)
def test_flags(cell: object, yes: bool) -> None:
    assert Flag().parse(cell) is yes


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
