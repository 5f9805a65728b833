"""Who a firm is: code, name, branch."""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lianpu.enterprises.identity import (
    ALPHABET,
    branch_parent,
    check_uscc,
    is_branch,
    is_sample_uscc,
    make_uscc,
    name_key,
    normalise_uscc,
    propose,
)

RIGHT = "91110000600037341L"  # the example in python-stdnum's documentation
regions = st.integers(110_000, 829_999).map(str)
codes = st.builds(make_uscc, regions, st.integers(0, 99_999))


# ── the code ──


@pytest.mark.parametrize(
    "written",
    [
        "91110000600037341l",
        " 9111 0000 6000 3734 1L ",
        "９１１１００００６０００３７３４１Ｌ",
        "911100-006000-37341L",
        "\ufeff91110000600037341L\x00",
    ],
)
def test_a_code_is_recognised_however_it_was_typed(written):
    assert check_uscc(written).code == RIGHT
    assert check_uscc(written).ok


@pytest.mark.parametrize(
    ("written", "reason", "word"),
    [
        (None, "empty", "没有统一社会信用代码"),
        ("  ", "empty", "没有统一社会信用代码"),
        ("320105000012345", "old_number", "15 位的工商注册号"),
        ("3203212112345", "length_13", "13 位的旧注册号"),
        ("9111000060003734", "length", "现为 16 位"),
        ("企外某某字第0001", "length", "应为 18 位"),
        ("9111OOOO600037341L", "character", "“O”"),
        ("A1110000600037341L", "head", "A1110000"),
        ("911100006000373412", "check_digit", "校验码不符"),
    ],
)
def test_a_wrong_code_says_why_and_what_to_do(written, reason, word):
    checked = check_uscc(written)
    assert checked.reason == reason
    assert word in checked.message
    assert "请" in checked.message
    assert checked.region == ""


def test_a_right_code_names_the_place_of_its_registration_authority():
    assert check_uscc(RIGHT).region == "110000"
    assert check_uscc(RIGHT).message == ""


@given(codes, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_any_change_of_one_character_is_caught(code, position, other):
    assume(code[position] != other)
    assert not check_uscc(code[:position] + other + code[position + 1 :]).ok


@given(codes, st.integers(0, 16))
def test_two_neighbours_exchanged_are_caught(code, i):
    assume(code[i] != code[i + 1])
    assert not check_uscc(code[:i] + code[i + 1] + code[i] + code[i + 2 :]).ok


@given(st.text(max_size=40))
def test_normalising_twice_is_normalising_once(text):
    assert normalise_uscc(normalise_uscc(text)) == normalise_uscc(text)


# ── proposals ──


@given(codes, st.data())
def test_letters_that_no_code_has_are_led_back_to_the_digit(code, data):
    confused = {"0": "O", "1": "I", "2": "Z", "5": "S"}
    places = [i for i, c in enumerate(code) if c in confused]
    picked = data.draw(st.sets(st.sampled_from(places), min_size=1, max_size=2))
    written = "".join(confused[c] if i in picked else c for i, c in enumerate(code))
    assert code in propose(written)
    assert code in check_uscc(written).message


@given(codes, st.data())
def test_an_eight_taken_for_a_b_is_led_back(code, data):
    places = [i for i, c in enumerate(code) if c == "8"]
    assume(places)
    i = data.draw(st.sampled_from(places))
    assert code in propose(code[:i] + "B" + code[i + 1 :])


@given(st.text(alphabet=string.ascii_uppercase + string.digits, min_size=18, max_size=18))
def test_every_proposal_is_a_right_code_near_the_written_one(written):
    for proposal in propose(written):
        assert check_uscc(proposal).ok
        assert sum(a != b for a, b in zip(written, proposal, strict=True)) <= 5


def test_a_right_code_and_an_old_number_propose_nothing():
    assert propose(RIGHT) == []
    assert propose("320105000012345") == []


# ── codes of the sample city ──


@given(regions, st.integers(0, 99_999))
def test_a_sample_code_is_right_names_its_region_and_is_known_as_sample(region, serial):
    code = make_uscc(region, serial)
    assert check_uscc(code).ok
    assert check_uscc(code).region == region
    assert is_sample_uscc(code)


@given(st.tuples(regions, st.integers(0, 99_999)), st.tuples(regions, st.integers(0, 99_999)))
def test_sample_codes_differ_when_region_or_serial_differ(one, other):
    assert (make_uscc(*one) == make_uscc(*other)) == (one == other)


def test_a_real_code_is_no_sample_code():
    assert not is_sample_uscc(RIGHT)


@pytest.mark.parametrize(("region", "serial"), [("62010", 1), ("62010A", 1), ("620102", -1), ("620102", 100_000)])
def test_a_sample_code_outside_its_series_is_refused(region, serial):
    with pytest.raises(ValueError, match="six digits"):
        make_uscc(region, serial)


@pytest.mark.realdata
def test_on_the_real_registry_codes_are_judged_as_published_and_none_is_a_sample():
    import polars as pl

    from support import lianpu_data

    registry = lianpu_data() / "registry"
    gansu, nation = (pl.read_parquet(registry / f"{f}.parquet") for f in ("gansu", "national-sample"))
    frame = pl.concat(
        [t.select("uscc", "uscc_valid") for t in (gansu, nation.filter(~pl.col("uscc_valid")), nation[:20_000])]
    )
    for code, valid in frame.iter_rows():
        assert check_uscc(code).ok == valid
        assert not is_sample_uscc(code)


# ── names ──


@pytest.mark.parametrize(
    "written",
    [
        "兰州宝方（甲）炭材科技有限公司",
        "兰州宝方(甲)炭材科技有限公司",
        " 兰州 宝方〔甲〕炭材科技有限责任公司\x00",
        "兰州宝方【甲】炭材科技有限公司。",
        "兰州·宝方（甲）炭材科技有限公司",
    ],
)
def test_writings_of_one_name_give_one_key(written):
    assert name_key(written) == "兰州宝方(甲)炭材科技有限公司"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("兰州某某有限公司", "兰州某某股份有限公司"),
        ("兰州某某有限公司", "兰州某某有限公司城关分公司"),
        ("兰州某某一店", "兰州某某二店"),
    ],
)
def test_names_of_different_firms_keep_different_keys(one, other):
    assert name_key(one) != name_key(other)


def test_capitals_and_full_width_letters_are_one():
    assert name_key("ＴＣＬ集团") == name_key("tcl集团")


@given(st.text(max_size=40))
def test_the_key_of_a_key_is_itself(name):
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.realdata
def test_hardly_any_two_real_firms_share_a_key():
    import polars as pl

    from support import lianpu_data

    frame = pl.read_parquet(lianpu_data() / "registry" / "national-sample.parquet").unique("uscc")
    keys = {name_key(name) for name in frame["name"]}
    assert frame["name"].n_unique() - len(keys) <= 2


# ── branches ──


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("甲石油股份有限公司甘肃兰州销售分公司", "甲石油股份有限公司"),
        ("甲石油股份有限公司甘肃销售分公司雁滩加油站", "甲石油股份有限公司甘肃销售分公司"),
        ("甲商贸有限责任公司七里河门市部", "甲商贸有限责任公司"),
        ("甲药房连锁有限公司西固店", "甲药房连锁有限公司"),
        ("甲银行股份有限公司兰州城关支行", "甲银行股份有限公司"),
        ("永昌县某某供销社日杂门市部", "永昌县某某供销社"),
        ("甲（中国）有限公司（兰州）分公司", "甲(中国)有限公司(兰州)"),
    ],
)
def test_a_branch_names_its_company(name, parent):
    assert branch_parent(name) == parent
    assert is_branch(name)


@pytest.mark.parametrize("name", ["日本某某株式会社兰州代表处", "某某厂驻兰办事处"])
def test_an_office_that_only_another_body_can_open_is_a_branch_without_parent(name):
    assert branch_parent(name) is None
    assert is_branch(name)


@pytest.mark.parametrize(
    "name",
    [
        "兰州兰石集团有限公司",
        "甘肃某某门窗有限公司",
        "城关区某某五金门市部",
        "某某加油站",
        "某某石油有限公司(原某某加油站)",
        "甘肃银行股份有限公司",
        "甲(集团)有限责任公司(兰州)",
        "",
        None,
    ],
)
def test_a_firm_of_its_own_is_no_branch(name):
    assert branch_parent(name) is None
    assert not is_branch(name)
