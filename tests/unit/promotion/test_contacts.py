"""Cells in which sheets glue office, person and telephone."""

import pytest

from lianpu.promotion.contacts import contact_of


@pytest.mark.parametrize(
    ("cell", "office", "person", "phone"),
    [
        ("示例甲投资集团有限公司 张三 13900000001", "示例甲投资集团有限公司", "张三", "13900000001"),
        ("示例甲投资有限公司张三13900000001", "示例甲投资有限公司", "张三", "13900000001"),
        ("红古区工信局：李四（0931-6200000）", "红古区工信局", "李四", "0931-6200000"),
        ("新区商务局\n王五　１３９００００００02", "新区商务局", "王五", "13900000002"),
        ("赵六 13900000001、13900000002", "", "赵六", "13900000001 13900000002"),
        ("示例乙有限公司", "示例乙有限公司", "", ""),
        ("", "", "", ""),
    ],
)
def test_a_glued_cell_comes_apart(cell: str, office: str, person: str, phone: str) -> None:
    assert contact_of(cell) == (office, person, phone)
