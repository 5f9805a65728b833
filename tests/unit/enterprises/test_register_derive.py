"""What follows from a line about a firm, and how other files name the firm."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise, EnterpriseFigure, EnterpriseName
from lianpu.enterprises.queries import match_enterprises, with_revenue
from lianpu.register.declare import registry
from lianpu.register.exporting import write_csv
from lianpu.register.importing import Plan, commit, make_plan
from lianpu.register.rights import SYSTEM
from lianpu.register.services import save_row

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


def test_a_wrong_code_comes_with_the_right_one_proposed(bring: Any) -> None:
    plan = bring(统一社会信用代码=A.replace("0", "O", 1))
    assert plan.rows[0].outcome == "faulty"
    assert A in plan.faults[0].remedy
    assert not Enterprise.objects.exists()


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
