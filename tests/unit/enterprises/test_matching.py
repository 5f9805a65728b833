"""Names written otherwise than registered: what is taken, what is asked, what is left alone."""

import sys
from collections.abc import Mapping
from importlib import util
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianpu.enterprises.candidates import Names
from lianpu.enterprises.identity import make_uscc, name_key
from lianpu.enterprises.matching import ASKED, AUTOMATIC, propose_enterprises, rank
from lianpu.enterprises.models import Enterprise, EnterpriseName
from lianpu.enterprises.similarity import Gazetteer, compare, fold, parse
from support import ROOT, lianpu_data

PLACES = Gazetteer(
    {
        "甘肃省": ["/62/"],
        "甘肃": ["/62/"],
        "兰州市": ["/62/6201/"],
        "兰州": ["/62/6201/"],
        "城关区": ["/62/6201/620102/"],
        "白银市": ["/62/6204/"],
        "白银": ["/62/6204/"],
    }
)
FIRM = "兰州宝方炭材料科技有限公司"


def score(text: str, firm: str = FIRM) -> float:
    one, other = (parse(fold(name), PLACES) for name in (text, firm))
    return compare(one, other, PLACES).score


@pytest.mark.parametrize(
    "text",
    [
        "兰州宝方炭材料科技有限责任公司",
        "兰州市宝方炭材料科技有限公司",
        "宝方炭材料科技（兰州）有限公司",
        "蘭州寶方炭材料科技有限公司",
        "甘肃省兰州市宝方炭材料科技有限公司",
        "兰州宝方炭材料科技公司",
        " 兰州 宝方炭材料·科技有限公司",
    ],
)
def test_what_says_the_same_is_taken(text: str) -> None:
    assert score(text) >= AUTOMATIC


@pytest.mark.parametrize(
    "text",
    [
        "宝方炭材料科技有限公司",  # may be the mother of a daughter in 兰州
        "兰州宝芳炭材料科技有限公司",
        "兰州方宝炭材料科技有限公司",
        "兰州宝方炭素材料科技有限公司",
        "兰州宝方炭材科技有限公司",
        "兰州宝方炭材料科技股份有限公司",
        "兰州宝方炭材料科技集团有限公司",
        "兰州宝方炭材料",
    ],
)
def test_what_may_be_another_firm_is_asked(text: str) -> None:
    assert ASKED <= score(text) < AUTOMATIC


@pytest.mark.parametrize(
    ("text", "firm"),
    [
        ("白银宝方炭材料科技有限公司", FIRM),
        ("兰州宝方炭材料科技有限公司城关分公司", FIRM),
        (FIRM, "兰州宝方炭材料科技有限公司城关分公司"),
        ("甲银行股份有限公司兰州一支行", "甲银行股份有限公司兰州二支行"),
        ("兰州第一建筑公司", "兰州第二建筑公司"),
        ("兰州东方商贸有限公司", "兰州南方商贸有限公司"),
        ("兰州某某餐饮有限公司", FIRM),
    ],
)
def test_what_is_another_firm_is_not_even_asked(text: str, firm: str) -> None:
    assert score(text, firm) < ASKED


names = st.text("兰州甘肃宝方炭材料科技有限责任公司股份集团()（）0A一分厂市", min_size=1, max_size=20)


@given(names, names)
def test_a_name_is_like_itself_and_no_score_leaves_its_bounds(one: str, other: str) -> None:
    assert 0 <= score(one, other) <= 1
    assert score(one, one) == 1


@given(st.lists(names, min_size=1, max_size=30), st.data())
def test_a_name_is_always_a_candidate_for_itself(many: list[str], data: st.DataObject) -> None:
    keys = [key for key in dict.fromkeys(name_key(name) for name in many) if len(key) > 1]
    if keys:
        wanted = data.draw(st.sampled_from(keys))
        register = Names([keys[:3], keys[3:]])
        assert wanted in [register[at] for at in register.near([wanted])[0]]


def test_a_core_that_every_town_has_does_not_tell_firms_apart() -> None:
    towns = ["静宁县", "古浪县", "民乐县", "山丹县", "临泽县", "高台县", "永昌县", "景泰县"]
    paths = {town: [f"/62/{at}/"] for at, town in enumerate(towns)}
    keys = [f"{town}热力有限公司" for town in towns] + [f"静宁县宝方{word}有限公司" for word in ("炭素", "矿业")]
    ranked = rank(["热力有限公司", "宝方矿业有限公司"], Names([keys]), range(len(keys)), Gazetteer(paths))
    common, rare = ranked["热力有限公司"], ranked["宝方矿业有限公司"]
    assert keys[rare[0][0]] == "静宁县宝方矿业有限公司"
    assert all(like.score < rare[0][1].score for _, like in common)


# -- in the register ------------------------------------------------------------------------------
def test_proposals_come_best_first_with_code_and_difference(firms: Mapping[str, Enterprise]) -> None:
    found = propose_enterprises(["示例甲铝业公司", "示例甲铝業有限公司", "毫无关系的名字", "示例甲铝业股份有限公司"])
    assert set(found) == {"示例甲铝业公司", "示例甲铝業有限公司", "示例甲铝业股份有限公司"}
    for text, proposals in found.items():
        assert proposals[0].id == firms["甲"].pk, text
        assert firms["甲"].uscc in proposals[0].label
        assert [one.score for one in proposals] == sorted((one.score for one in proposals), reverse=True)
    assert found["示例甲铝业公司"][0].score >= AUTOMATIC
    assert "股份有限公司" in found["示例甲铝业股份有限公司"][0].why
    assert found["示例甲铝业股份有限公司"][0].score < AUTOMATIC


def test_a_code_among_other_words_finds_its_firm(firms: Mapping[str, Enterprise]) -> None:
    firm = firms["甲"]
    text = f"某某公司（{firm.uscc.lower()}）联系人张某"
    other = f"联系电话 {make_uscc('620102', 999)}"
    assert propose_enterprises([text, other])[text][0].id == firm.pk
    assert other not in propose_enterprises([text, other])


def test_former_names_are_compared_too(firms: Mapping[str, Enterprise]) -> None:
    name = "陇原有色金属冶炼厂"
    EnterpriseName.objects.create(enterprise=firms["甲"], name=name, name_key=name_key(name), kind="former")
    (proposal, *_) = propose_enterprises(["陇原有色金属冶练厂"])["陇原有色金属冶练厂"]
    assert proposal.id == firms["甲"].pk


@pytest.mark.realdata
def test_on_the_real_registry_what_is_taken_without_asking_is_right() -> None:
    bench = benchmark()
    names = bench.names_in(lianpu_data() / "registry" / "gansu.parquet")
    found = bench.quality(names, bench.gazetteer_of_places(), 1_500)
    assert found.precision >= 0.99
    assert found.recall >= 0.25
    asked = found.outcomes["registered", "asked"]
    assert found.offered >= 0.98 * asked, "who is asked must find the right firm among those offered"
    absent = {outcome: n for (kind, outcome), n in found.outcomes.items() if kind == "not registered"}
    assert absent["unknown"] >= 0.9 * sum(absent.values()), "firms that are not registered are hardly ever asked about"


def benchmark() -> ModuleType:
    """The benchmark's own evaluation, so that the figures of the method page and this test are of one kind."""
    spec = util.spec_from_file_location("matching_benchmark", ROOT / "benchmarks" / "matching.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
