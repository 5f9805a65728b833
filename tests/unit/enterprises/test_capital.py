"""Registered capital in every notation of the registry."""

import csv
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianpu.enterprises.capital import parse_capital


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("36700万人民币", "36700"),
        ("43(万元人民币)", "43"),
        ("1,250(万元人民币)", "1250"),
        ("1,234,567.8900(万元人民币)", "1234567.89"),
        ("50（万元）", "50"),
        ("100(万元(人民币))", "100"),
        ("100万人民币元", "100"),
        ("500(万)", "500"),
        ("５００万元", "500"),
        ("3000000人民币元", "300"),
        ("3000000元", "300"),
        ("1.2亿元", "12000"),
        ("2亿", "20000"),
        ("5千万元", "5000"),
        ("人民币 800 万元", "800"),
        ("RMB500万", "500"),
    ],
)
def test_yuan_in_every_notation_becomes_ten_thousands_without_doubt(written, amount):
    capital = parse_capital(written)
    assert capital.cny_10k == Decimal(amount)
    assert capital.currency == "CNY"
    assert capital.doubt == ""


@pytest.mark.parametrize(
    ("written", "currency", "amount"),
    [
        ("310(万美元)", "USD", "310"),
        ("50(万美元 )", "USD", "50"),
        ("12(万元美元)", "USD", "12"),
        ("100(万元(港币))", "HKD", "100"),
        ("1,000(万香港元)", "HKD", "1000"),
        ("12,345.6000(万日元)", "JPY", "12345.6"),
        ("66(万欧元)", "EUR", "66"),
        ("3(万德国马克)", "DEM", "3"),
        ("USD 20万", "USD", "20"),
        ("200000美元", "USD", "20"),
    ],
)
def test_foreign_money_keeps_its_currency_and_is_never_turned_into_yuan(written, currency, amount):
    capital = parse_capital(written)
    assert (capital.currency, capital.amount_10k) == (currency, Decimal(amount))
    assert capital.cny_10k is None


@pytest.mark.parametrize("written", [None, "", "  ", "N/A", "n/a", "无", "-", "（）"])
def test_nothing_stated_is_no_amount_and_no_doubt(written):
    capital = parse_capital(written)
    assert (capital.amount_10k, capital.currency, capital.doubt) == (None, None, "")


@pytest.mark.parametrize(
    ("written", "amount", "doubt"),
    [
        ("30()", "30", "没有写单位"),
        ("5", "5", "没有写单位"),
        ("10,1520000(万元人民币)", "10152", "疑漏小数点"),
        ("2,0000000(万)", "2000", "疑漏小数点"),
        ("0(万元人民币)", "0", "金额为 0"),
        ("60人民币元", "0.006", "单位可能写错"),
        ("1E-06万人民币", "0.000001", "单位可能写错"),
        ("99999999999万人民币", "99999999999", "单位可能写错"),
        ("-5万元", "-5", "金额为负"),
    ],
)
def test_an_odd_amount_is_read_and_doubted(written, amount, doubt):
    capital = parse_capital(written)
    assert capital.cny_10k == Decimal(amount)
    assert doubt in capital.doubt


@pytest.mark.parametrize(
    "written", ["万人民币", "2002-07-18", "1,23万元", "1,2345万元", "壹佰万元", "人民币100万美元", "...", "12.3.4万"]
)
def test_what_is_not_understood_gives_no_amount_and_says_so(written):
    capital = parse_capital(written)
    assert capital.amount_10k is None
    assert written in capital.doubt
    assert "请" in capital.doubt


@given(st.integers(1, 10**7), st.integers(0, 9999))
def test_commas_never_change_an_amount(whole, fraction):
    plain, grouped = f"{whole}.{fraction:04d}万元", f"{whole:,}.{fraction:04d}(万元)"
    assert parse_capital(plain) == parse_capital(grouped)
    assert parse_capital(plain).amount_10k == Decimal(f"{whole}.{fraction:04d}")


@given(st.integers(1, 10**7))
def test_a_lost_decimal_point_is_put_back_where_four_decimals_stand(thousands):
    whole = thousands * 1000
    lost = f"{whole:,}0000(万元人民币)"
    assert parse_capital(lost).amount_10k == whole
    assert parse_capital(lost).doubt


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text):
    capital = parse_capital(text)
    assert (capital.amount_10k is None) == (capital.currency is None)


@pytest.mark.realdata
def test_every_real_capital_is_understood_but_for_rows_shifted_by_a_broken_source():
    import polars as pl

    from support import lianpu_data

    registry = lianpu_data() / "registry"
    with (registry / "gansu.csv").open(encoding="utf-8", newline="") as file:
        gansu = [row["注册资金"] for row in csv.DictReader(file)]
    nation = pl.read_parquet(registry / "national-sample.parquet")["capital_raw"].to_list()
    stated = [t for t in (*gansu, *nation) if t is not None and t != "N/A"]
    lost = [t for t in stated if parse_capital(t).amount_10k is None]
    shifted = [t for t in lost if re.fullmatch(r"\d{4}-\d\d-\d\d", t)]
    assert len(stated) > 160_000
    assert len(shifted) == 59  # the unreadable rows: a date stands in the column
    assert set(lost) - set(shifted) == {"万人民币"}
