"""The registers of investment promotion pass the suite that the kit gives."""

from collections.abc import Mapping
from typing import Any

import pytest

from lianpu.register.testing import RegisterSuite

LONG = "长" * 400


class TestLeads(RegisterSuite):
    slug = "leads"
    rows = [
        {
            "name": "示例炉料基地",
            "code": "T1",
            "counterpart": "示例甲投资有限公司",
            "place": "620302",
            "chain": "铝业",
            "segment": "LV-1101",
            "gap_place": "620100",
            "gap_kind": "补链",
            "origin": "境外",
            "origin_place": "德国",
            "signed_10k_cny": "1.2亿",
            "found_on": "2023-11-02",
            "talked_on": "2024年1月",
            "signed_on": "2024-03-05",
            "unit": "金川区",
        },
        {"name": "示例铝锭深加工", "code": "T2", "place": "620111", "chain": "LV", "found_on": "2024-01-08"},
        {
            "name": "示例轮毂工厂",
            "code": "T3",
            "place": "620102",
            "chain": "汽车",
            "found_on": "2024-02-01",
            "withdrawn_on": "2024-05-01",
            "withdrawn_why": "对方改投他处",
            "is_sample": "是",
        },
    ]
    bad_cells = {
        "place": "并无此地",
        "chain": "并无此链",
        "segment": "XX-0000",
        "gap_kind": "断链",
        "origin": "月球",
        "intended_10k_cny": "很多",
        "signed_10k_cny": "500",
        "counterpart_uscc": "91620102000000000X",
        "talked_on": "2023-12-31",
        "started_on": "2999-01-01",
        "project": "并无此项目",
    }
    change = ("person", "赵某")

    @pytest.fixture
    def surroundings(self, gazetteer: Mapping[str, Any], two_chains: Mapping[str, Any]) -> None:
        """Places and chains."""


class OfLeads:
    """Rows hang on three leads."""

    @pytest.fixture
    def surroundings(self, leads: Mapping[str, Any]) -> None:
        """Leads."""


class TestLeadTalks(OfLeads, RegisterSuite):
    slug = "lead-talks"
    rows = [
        {"lead": "L1", "on": "2024-02-01", "subject": "赴企业考察", "outcome": "约定回访", "by": "赵某"},
        {"lead": "L2", "on": "2024年3月5日", "subject": "来兰洽谈"},
        {"lead": "示例招商L3", "on": "45809", "subject": "电话"},
    ]
    bad_cells = {"lead": "并无此项目", "on": "去年", "subject": LONG}
    change = ("outcome", "对方补充材料")


class TestFundsArrivals(OfLeads, RegisterSuite):
    slug = "funds-arrivals"
    rows = [
        {"lead": "L1", "month": "2024-03", "origin": "省外", "amount_10k_cny": "1.2亿"},
        {"lead": "L2", "month": "2024年4月", "origin": "境外", "amount_10k_cny": "300", "note": "首笔"},
        {"lead": "L3", "month": "2024.5", "origin": "省内", "amount_10k_cny": "0.0001"},
    ]
    bad_cells = {"lead": "并无此项目", "month": "去年", "origin": "月球", "amount_10k_cny": "-5"}
    change = ("note", "以回单为准")


class TestPromotionTargets(RegisterSuite):
    slug = "promotion-targets"
    rows = [
        {"year": 2024, "unit": "示例甲区", "arrived_10k_cny": "7000", "signed_count": 12, "signed_10k_cny": "1亿"},
        {"year": 2024, "unit": "示例乙区", "abroad_10k_cny": "100"},
        {"year": 2025, "unit": "示例甲区", "is_sample": "是"},
    ]
    bad_cells = {"year": "明年", "arrived_10k_cny": "很多", "signed_count": "十二点五", "unit": LONG}
    change = ("signed_count", "15")
