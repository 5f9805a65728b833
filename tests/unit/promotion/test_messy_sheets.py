"""Sheets of promotion offices in the shapes they have: titles, group rows, amounts in 亿元, glued cells, dates of four kinds."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from lianpu.promotion.models import FundsArrival, Lead
from lianpu.promotion.queries import Funnel
from lianpu.register import importing
from lianpu.register.declare import registry
from lianpu.register.rights import SYSTEM

pytestmark = pytest.mark.django_db
HEADS = [
    "序号", "项目名称", "投资商\n名称", "投资方所在地", "签约金额\n（亿元）", "责任单位及联系人电话", "进展阶段", "进展时间", "签约\n时间",
    "县（区）", "备注",
]  # fmt: skip


@pytest.fixture
def book(tmp_path: Path) -> Any:
    """Write a workbook: an 附件 line, a title over all columns, the head, the rows (one cell: a group row), a note below."""

    def write(name: str, title: str, heads: Sequence[str], rows: Sequence[Sequence[object]], note: str = "") -> Path:
        path = tmp_path / name
        workbook = xlsxwriter.Workbook(path)
        sheet = workbook.add_worksheet("汇总")
        sheet.write(0, 0, "附件2：")
        sheet.merge_range(1, 0, 1, len(heads) - 1, title)
        sheet.write_row(2, 0, heads)
        for line, row in enumerate(rows, start=3):
            if len(row) == 1:
                sheet.merge_range(line, 0, line, len(heads) - 1, row[0])
            else:
                sheet.write_row(line, 0, row)
        if note:
            sheet.merge_range(len(rows) + 4, 0, len(rows) + 4, len(heads) - 1, note)
        workbook.close()
        return path

    return write


def take(slug: str, path: Path, tmp_path: Path) -> importing.Plan:
    plan = importing.make_plan(registry[slug], path, SYSTEM)
    assert not plan.faults, [str(fault) for fault in plan.faults]
    importing.commit(plan, user=SYSTEM, result_folder=tmp_path)
    return plan


@pytest.fixture
def january(book: Any, gazetteer: Mapping[str, Any], tmp_path: Path) -> importing.Plan:
    rows = [
        ["一、已签约项目（2个）"],
        [1, "示例铜箔二期", "示例甲集团有限公司", "浙江省", "12.5", "红古区招商局 张三13900000001", "签约", 45809, "2025年3月", "红古区", ""],
        [3, "示例橡胶助剂", "示例乙有限公司", "德国", "8,600万元", "西固区招商局：李四（0931-6200000）", "开工", "2025.9", "2025-05-06", "西固区", ""],
        ["二、在谈项目"],
        [5, "示例储氢瓶", "", "境外", "", "高新区招商局王五", "洽谈", "2025年7月", "", "城关区", "待定"],
    ]  # fmt: skip
    return take(
        "leads", book("一月.xlsx", "2025年招商引资项目进展情况表", HEADS, rows, "注：金额以协议为准。"), tmp_path
    )


def test_a_countys_sheet_becomes_leads(january: importing.Plan) -> None:
    assert january.counts == {importing.NEW: 3}
    foil, rubber, bottle = Lead.objects.order_by("pk")
    assert (foil.signed_10k_cny, foil.origin, foil.place.name) == (125_000, "provinces", "红古区")
    assert (foil.unit, foil.person, foil.phone) == ("红古区招商局", "张三", "13900000001")
    assert (foil.signed_on, foil.stage) == (dt.date(2025, 3, 1), "signed"), "its own column is surer than 进展时间"
    assert (rubber.signed_10k_cny, rubber.started_on, rubber.stage) == (8600, dt.date(2025, 9, 1), "started")
    assert (rubber.unit, rubber.person, rubber.phone) == ("西固区招商局", "李四", "0931-6200000")
    assert (bottle.stage, bottle.talked_on, bottle.origin) == ("talk", dt.date(2025, 7, 1), "abroad")
    assert (bottle.unit, bottle.person) == ("高新区招商局", "王五")


def test_the_next_sheet_moves_what_is_known_and_doubles_nothing(
    january: importing.Plan, book: Any, tmp_path: Path
) -> None:
    heads = ["项目", "投资方", "注册时间", "签约资金（万元）", "新增一列"]
    rows = [["示例 铜箔（二期）", "示例甲集团有限公司", "2025-08-15", 125000, "甲"], ["示例储氢瓶", "", "", "", "乙"]]
    plan = take("leads", book("二月.xlsx", "2025年招商引资项目进展情况表", heads, rows), tmp_path)
    assert Lead.objects.count() == 3
    assert plan.counts == {importing.CHANGED: 1, importing.SAME: 1}
    assert Lead.objects.get(name="示例铜箔二期").stage == "registered"


def test_money_by_month_in_two_units_adds_up(january: importing.Plan, book: Any, tmp_path: Path) -> None:
    Lead.objects.filter(name="示例橡胶助剂").update(origin="abroad")
    heads = ["序号", "项目名称", "月份", "当月到位资金\n（亿元）", "资金来源"]
    rows = [
        [1, "示例铜箔二期", "2025年8月", 1.25, ""],
        [2, "示例铜箔二期", "2025.9", "0.35", "省内"],
        [4, "示例橡胶助剂", 45931, "600万", ""],
    ]
    take("funds-arrivals", book("资金.xlsx", "到位资金月报表", heads, rows), tmp_path)
    told = {(one.lead.name, one.month, one.origin): one.amount_10k_cny for one in FundsArrival.objects.all()}
    assert told == {
        ("示例铜箔二期", "2025-08", "provinces"): 12_500,
        ("示例铜箔二期", "2025-09", "local"): 3_500,
        ("示例橡胶助剂", "2025-10", "abroad"): 600,
    }
    assert Funnel(SYSTEM).figures["arrived_cny"] == 131_000_000, "the province's own money does not count"
    again = importing.make_plan(
        registry["funds-arrivals"],
        book(
            "再报.xlsx",
            "到位资金月报表",
            ["项目名称", "月份", "到位资金（万元）"],
            [["示例铜箔二期", "2025年8月", 12500]],
        ),
        SYSTEM,
    )
    assert again.counts == {importing.SAME: 1}


def test_what_cannot_be_is_refused_with_a_remedy(book: Any, gazetteer: Mapping[str, Any]) -> None:
    rows = [
        [1, "示例甲项目", "", "", "5", "", "洽谈", "2025年7月", "", "红古区", ""],
        [2, "示例乙项目", "", "", "", "", "签约", "", "", "红古区", ""],
        [3, "示例丙项目", "", "", "", "", "开工", "2025-01-01", "2025-03-01", "红古区", ""],
    ]
    plan = importing.make_plan(registry["leads"], book("错.xlsx", "情况表", HEADS, rows), SYSTEM)
    assert {fault.reason for fault in plan.faults} == {
        "填了签约额而没有签约时间", "没有写明签约时间", "早于签约时间（2025-03-01）",
    }  # fmt: skip
    assert all(fault.remedy for fault in plan.faults)
