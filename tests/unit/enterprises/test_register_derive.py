"""What follows from a line about a firm, and how other files name the firm."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from lianpu.enterprises.identity import check_uscc, make_uscc
from lianpu.enterprises.models import Enterprise, EnterpriseFigure, EnterpriseName
from lianpu.enterprises.queries import match_enterprises, with_revenue
from lianpu.register.declare import registry
from lianpu.register.exporting import write_csv
from lianpu.register.importing import Plan, commit, make_plan
from lianpu.register.rights import SYSTEM
from lianpu.register.services import save_row
from lianpu.register.testing import grant

A, B = make_uscc("620102", 301), make_uscc("620103", 302)


@pytest.fixture
def bring(tmp_path: Path, gazetteer: Mapping[str, Any]) -> Any:
    """Import one firm given by its cells under Chinese heads; the rest of the line is filled in."""

    def one(**cells: object) -> Plan:
        row = {"企业名称": "示例甲有限公司", "统一社会信用代码": A} | cells
        path = tmp_path / "报送.csv"
        with path.open("wb") as out:
            write_csv(out, list(row), [list(row.values())])
        plan = make_plan(registry["enterprises"], path, SYSTEM)
        commit(plan, user=SYSTEM, result_folder=tmp_path)
        return plan

    return one


def stands() -> tuple[str, str]:
    """Codes of the only firm's place and zone."""
    firm = Enterprise.objects.select_related("place", "zone").get()
    return firm.place.code if firm.place else "", firm.zone.code if firm.zone else ""


@pytest.mark.parametrize(
    ("cells", "place", "zone"),
    [
        ({"注册地址": "甘肃省兰州市西固区玉门街1号"}, "620104", ""),
        ({"注册地址": "西固区玉门街1号", "所在省份": "甘肃", "地区": "兰州"}, "620104", ""),
        ({"注册地址": "甘肃省兰州市兰州新区中川镇纬一路", "地区": "兰州"}, "620121", "620171"),
        ({"所在省份": "甘肃", "地区": "兰州"}, "620102", ""),  # the code names its registration authority
        ({"所属县区": "皋兰县", "注册地址": "甘肃省兰州市西固区玉门街1号"}, "620122", ""),
        ({}, "", ""),
    ],
)
def test_an_address_gives_place_and_zone(bring: Any, cells: dict[str, str], place: str, zone: str) -> None:
    bring(**cells)
    found = stands()
    assert found[1] == zone
    assert found[0] == place or (zone and found[0].startswith("6201"))


def test_a_form_without_a_place_takes_it_from_the_address(gazetteer: Mapping[str, Any]) -> None:
    cells = {"name": "示例甲有限公司", "uscc": A, "place": "", "address": "甘肃省兰州市安宁区北滨河路1号"}
    save_row(register=registry["enterprises"], user=SYSTEM, values=cells)
    assert stands()[0] == "620105"


def test_a_capital_text_gives_the_amount_and_a_doubtful_one_erases_nothing(bring: Any) -> None:
    bring(注册资金="36700万人民币")
    assert Enterprise.objects.get().capital_10k_cny == 36700
    plan = bring(注册资金="见章程")
    assert set(plan.rows[0].changes) == {"capital_text"}
    assert Enterprise.objects.get().capital_10k_cny == 36700
    bring(**{"注册资金": "36700万人民币", "注册资本（万元）": "5"})
    assert Enterprise.objects.get().capital_10k_cny == Decimal(5)


def test_a_code_is_recognised_however_it_is_written(bring: Any) -> None:
    bring()
    plan = bring(统一社会信用代码=f" {A[:6].lower()}-{A[6:12]} {A[12:]}")
    assert plan.rows[0].outcome == "same"


def test_impossible_letters_are_led_back_and_the_sender_sees_it(bring: Any) -> None:
    wrong = A.replace("0", "O", 1)
    plan = bring(统一社会信用代码=wrong)
    assert plan.rows[0].outcome == "new"
    assert [(c.column, c.old, c.new) for c in plan.corrections] == [("uscc", wrong, A)]
    assert A in plan.rows[0].note
    assert Enterprise.objects.get().uscc == A


def test_a_code_that_may_be_several_is_a_fault_that_lists_them(bring: Any) -> None:
    wrong = next(code for code in mistyped(A) if len(check_uscc(code).proposals) > 1)
    plan = bring(统一社会信用代码=wrong)
    assert plan.rows[0].outcome == "faulty"
    assert not plan.corrections
    assert all(code in plan.faults[0].remedy for code in check_uscc(wrong).proposals)


def test_a_wrong_check_character_is_led_back_only_to_a_firm_of_the_same_name(bring: Any) -> None:
    """Chance alone makes some look-alike right, so a code by itself proves nothing."""
    wrong = next(code for code in mistyped(A) if A in check_uscc(code).proposals)
    assert not check_uscc(wrong).sure
    assert bring(统一社会信用代码=wrong).rows[0].outcome == "faulty"
    bring()
    plan = bring(统一社会信用代码=wrong, 注册地址="甘肃省兰州市安宁区北滨河路1号")
    assert plan.rows[0].outcome == "changed"
    assert [c.new for c in plan.corrections] == [A]
    assert bring(统一社会信用代码=wrong, 企业名称="示例乙有限公司").rows[0].outcome == "faulty"
    assert Enterprise.objects.count() == 1


def test_letters_led_back_to_the_code_of_another_firm_are_a_fault(bring: Any) -> None:
    bring()
    plan = bring(统一社会信用代码=A.replace("0", "O", 1), 企业名称="毫无关系有限公司")
    assert plan.rows[0].outcome == "faulty"
    assert Enterprise.objects.get().name == "示例甲有限公司"


def mistyped(code: str) -> list[str]:
    """The code with one letter taken for another that codes have too."""
    alike = {"8": "B", "B": "8", "0": "D", "D": "0", "1": "L", "7": "1", "6": "G", "5": "S", "2": "Z"}
    return [code[:at] + alike[c] + code[at + 1 :] for at, c in enumerate(code) if at > 7 and c in alike]


def test_a_form_is_asked_rather_than_corrected(gazetteer: Mapping[str, Any]) -> None:
    cells = {"name": "示例甲有限公司", "uscc": A.replace("0", "O", 1)}
    with pytest.raises(ValidationError) as refused:
        save_row(register=registry["enterprises"], user=SYSTEM, values=cells)
    assert A in str(refused.value.message_dict["uscc"])
    assert not Enterprise.objects.exists()


def test_a_place_that_a_person_set_right_survives_the_next_registry_file(
    bring: Any, gazetteer: Mapping[str, Any]
) -> None:
    address = "甘肃省兰州市西固区玉门街1号"
    bring(注册地址=address)
    assert stands()[0] == "620104"
    firm = Enterprise.objects.get()
    save_row(register=registry["enterprises"], user=SYSTEM, values={"place": "620122"}, row=firm, reason="实地核实")
    assert bring(注册地址=address).rows[0].outcome == "same"
    assert bring(注册地址=address, 经营范围="铝锭").rows[0].changes.keys() == {"scope"}
    assert bring(所在省份="甘肃", 地区="兰州").rows[0].outcome == "same"
    assert stands()[0] == "620122"
    bring(注册地址="甘肃省兰州市安宁区北滨河路1号")
    assert stands()[0] == "620105", "another address, another place"


def test_a_firm_without_place_takes_it_from_the_address_it_has(bring: Any) -> None:
    address = "甘肃省兰州市西固区玉门街1号"
    bring(注册地址=address)
    Enterprise.objects.update(place=None)
    assert set(bring(注册地址=address).rows[0].changes) == {"place"}


def test_the_same_firm_under_another_code_is_flagged_not_refused(bring: Any) -> None:
    bring()
    stored = Enterprise.objects.get()
    for name in ("示例甲有限责任公司", "示例甲公司"):
        plan = bring(企业名称=name, 统一社会信用代码=B)
        (row,) = plan.rows
        assert row.outcome == "new"
        assert "疑似重复" in row.note
        assert f"第{stored.pk}号" in row.note
        assert A in row.note
        Enterprise.objects.exclude(pk=stored.pk).delete()
    assert "疑似重复" not in bring(企业名称="示例乙有限公司", 统一社会信用代码=B).rows[0].note
    assert "疑似重复" not in bring().rows[0].note, "a row that is recognised is no duplicate"


def test_a_duplicate_outside_a_persons_scope_is_not_told(
    bring: Any, tmp_path: Path, firms: Mapping[str, Enterprise]
) -> None:
    inside = firms["甲"].place
    assert inside is not None
    person = grant("bureau", {"*": ["*"]}, place_path=inside.path)
    path = tmp_path / "另报.csv"
    with path.open("wb") as out:
        write_csv(out, ["企业名称", "统一社会信用代码", "所属县区"], [[firms["丙"].name, B, inside.code]])
    for user, told in ((SYSTEM, True), (person, False)):
        plan = make_plan(registry["enterprises"], path, user)
        assert (firms["丙"].uscc in plan.rows[0].note) is told


def test_firms_are_found_by_code_name_and_former_name(firms: Mapping[str, Enterprise]) -> None:
    firm = firms["甲"]
    EnterpriseName.objects.create(enterprise=firm, name="甲冶炼厂", name_key="甲冶炼厂", kind="former")
    texts = [
        firm.uscc,
        firm.uscc.lower(),
        firm.name,
        f" {firm.name} ",
        "示例甲铝业有限责任公司",
        "甲冶炼厂",
        "并无此企业",
    ]
    found = match_enterprises(texts)
    assert found == dict.fromkeys(texts[:-1], firm.pk)


def test_a_name_that_two_firms_bear_finds_neither(firms: Mapping[str, Enterprise]) -> None:
    EnterpriseName.objects.create(
        enterprise=firms["乙"], name=firms["甲"].name, name_key=firms["甲"].name_key, kind="alias"
    )
    assert match_enterprises([firms["甲"].name]) == {}


def test_the_latest_yearly_revenue_counts(firms: Mapping[str, Enterprise]) -> None:
    for period, value in [("2019", 1), ("2021", 3), ("2020", 2), ("2022-06", 9)]:
        EnterpriseFigure.objects.create(enterprise=firms["甲"], indicator="revenue_10k_cny", period=period, value=value)
    EnterpriseFigure.objects.create(enterprise=firms["甲"], indicator="staff", period="2023", value=7)
    found = dict(with_revenue(Enterprise.objects.all()).values_list("name", "revenue_10k_cny"))
    assert found.pop(firms["甲"].name) == 3
    assert set(found.values()) == {None}
