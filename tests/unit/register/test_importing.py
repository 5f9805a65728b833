"""An import says what it will do, does all of it or nothing, and tells every line its fate."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise, EnterpriseFigure
from lianpu.register import importing
from lianpu.register.declare import registry
from lianpu.register.exporting import write_csv
from lianpu.register.importing import ALL_OR_NOTHING, Plan, RefusedError, commit, committing, make_plan, write_result
from lianpu.register.models import Change, ImportRun
from lianpu.register.reading import UnreadableError, read
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant

A, B, C, D = (make_uscc("620102", serial) for serial in range(601, 605))
HEADS = ["企业名称", "统一社会信用代码", "所属县区", "注册资本（万元）", "经营范围"]

Rows = Sequence[Sequence[object]]
Send = Callable[..., Plan]


@pytest.fixture
def send(tmp_path: Path, gazetteer: Mapping[str, Any]) -> Send:
    """Plan the import of rows under heads into the register of enterprises (or another)."""

    def plan(rows: Rows, heads: Sequence[str] = HEADS, slug: str = "enterprises", user: Any = SYSTEM) -> Plan:
        path = tmp_path / "报送.csv"
        with path.open("wb") as out:
            write_csv(out, heads, rows)
        return make_plan(registry[slug], path, user)

    return plan


@pytest.fixture
def bring(send: Send, tmp_path: Path) -> Callable[..., ImportRun]:
    """Plan and commit."""

    def run(rows: Rows, heads: Sequence[str] = HEADS, mode: str = importing.GOOD_ROWS, **more: Any) -> ImportRun:
        return commit(send(rows, heads, **more), user=SYSTEM, mode=mode, result_folder=tmp_path / "results")

    return run


GOOD = ["示例甲有限公司", A, "620102", "100", "铝锭的生产"]
WRONG = ["示例乙有限公司", B[:-1], "并无此地", "很多", ""]


def test_all_or_nothing_writes_nothing_while_a_line_is_wrong(bring: Any) -> None:
    with pytest.raises(RefusedError, match="1行有误"):
        bring([GOOD, WRONG], mode=ALL_OR_NOTHING)
    assert not Enterprise.objects.exists()
    assert not ImportRun.objects.exists()
    assert bring([GOOD], mode=ALL_OR_NOTHING).created == 1


def test_good_rows_enter_and_every_fault_of_a_wrong_one_is_listed(bring: Any) -> None:
    run = bring([GOOD, WRONG])
    assert (run.read, run.created, run.changed, run.same, run.faulty) == (2, 1, 0, 0, 1)
    assert Enterprise.objects.get().uscc == A
    assert [(fault["line"], fault["column"], fault["value"]) for fault in run.faults] == [
        (3, "注册资本", "很多"),
        (3, "所在地", "并无此地"),
    ]
    assert all(fault["reason"] and fault["remedy"] for fault in run.faults)


def test_the_same_file_again_changes_nothing(bring: Any) -> None:
    rows = [GOOD, ["示例乙有限公司", B, "620103", "1.2亿", "炭素"]]
    bring(rows)
    before = Change.objects.count()
    run = bring(rows)
    assert (run.created, run.changed, run.same, run.faulty) == (0, 0, 2, 0)
    assert Change.objects.count() == before


def test_a_blank_cell_leaves_what_is_stored(bring: Any) -> None:
    bring([GOOD])
    run = bring([["示例甲有限公司", A, "", "-", "无"]])
    assert (run.changed, run.same) == (0, 1)
    firm = Enterprise.objects.get()
    assert (firm.place.code if firm.place else "", firm.capital_10k_cny, firm.scope) == ("620102", 100, "铝锭的生产")


def test_what_changes_is_told_field_by_field(send: Any, bring: Any, tmp_path: Path) -> None:
    bring([GOOD, ["示例乙有限公司", B, "620103", "5", "炭素"]])
    plan = send(
        [["示例甲有限公司", A, "620102", "250", "铝锭的生产"], ["示例乙有限公司", B, "620103", "5", "炭素、石墨"]]
    )
    assert [row.changes for row in plan.rows] == [
        {"capital_10k_cny": (Decimal(100), Decimal(250))},
        {"scope": ("炭素", "炭素、石墨")},
    ]
    run = commit(plan, user=SYSTEM, result_folder=tmp_path)
    assert run.changed == 2
    changes = Change.objects.filter(run=run.pk).order_by("row")
    assert [{k for k in c.after if c.after[k] != c.before[k]} for c in changes if c.after and c.before] == [
        {"capital_10k_cny"},
        {"scope"},
    ]


def test_lines_that_repeat(send: Any) -> None:
    plan = send([GOOD, GOOD, ["另一名称", A, "620102", "100", ""]])
    assert [row.outcome for row in plan.rows] == ["new", "duplicate", "faulty"]
    assert "第2行" in plan.rows[1].note
    assert "第2行" in plan.faults[0].reason


def test_the_unit_of_the_head_and_of_the_cell(bring: Any) -> None:
    heads = ["企业名称", "统一社会信用代码", "注册资本（亿元）"]
    bring([["甲", A, "1.23456789"], ["乙", B, "5000万"], ["丙", C, "0.5"]], heads)
    bring([["丁", D, "12345.6"]], ["企业名称", "统一社会信用代码", "注册资本（元）"])
    stored = dict(Enterprise.objects.values_list("name", "capital_10k_cny"))
    assert stored == {"甲": Decimal("12345.6789"), "乙": 5000, "丙": 5000, "丁": Decimal("1.2346")}


@pytest.mark.parametrize(
    ("unit", "cell"),
    [
        ("千元", "123450"),
        ("百元", "1234500"),
        ("十万元", "1234.5"),
        ("百万元", "123.45"),
        ("千万元", "12.345"),
        ("百亿元", "0.012345"),
    ],
)
def test_every_scale_of_yuan_in_a_head_is_read(bring: Any, unit: str, cell: str) -> None:
    bring([["甲", A, cell]], ["企业名称", "统一社会信用代码", f"注册资本（{unit}）"])
    assert Enterprise.objects.get().capital_10k_cny == 12345


def test_heads_are_known_by_meaning_and_a_label_goes_before_an_alias(send: Any) -> None:
    plan = send([["丙", "甲", A, "x"]], ["企业", "企业名称", "USCC", "不相干"])
    assert [column.name if column else "" for column in plan.columns] == ["", "name", "uscc", ""]
    assert plan.ignored_heads == ["企业", "不相干"]
    assert plan.rows[0].values["name"] == "甲"


def test_a_missing_required_column_is_said(send: Any) -> None:
    with pytest.raises(UnreadableError, match="缺少必需的列：统一社会信用代码"):
        send([["甲"]], ["企业名称"])


def test_a_line_with_slipped_columns_is_one_fault(send: Any) -> None:
    plan = send([[*GOOD, "多出的"], GOOD])
    assert [row.outcome for row in plan.rows] == ["faulty", "new"]
    assert "6个字段" in plan.faults[0].reason


def test_two_firms_of_one_name_are_told_apart_by_code(bring: Any, send: Any, tmp_path: Path) -> None:
    bring([["同名公司", A, "620102", "", ""], ["同名公司", B, "620103", "", ""]])
    heads = ["企业名称", "指标", "期间", "数值"]
    plan = send([["同名公司", "税收（万元）", "2021", "3"]], heads, "enterprise-figures")
    assert "找不到" in plan.faults[0].reason
    bring(
        [["同名公司", B, "税收(万元)", "2021", "3"]],
        ["企业名称", "信用代码", "指标", "期间", "数值"],
        slug="enterprise-figures",
    )
    assert EnterpriseFigure.objects.get().enterprise.uscc == B


def test_formulas_are_neutralised_and_come_back_as_they_were(bring: Any, tmp_path: Path) -> None:
    run = bring([["=HYPERLINK(1)", A, "620102", "1", "@甲"], ["-丁", B, "并无此地", "1", "+乙"]])
    assert Enterprise.objects.get().name == "=HYPERLINK(1)"
    text = write_result(run).read_text("utf-8-sig")
    assert "\n'=HYPERLINK(1)," in text
    assert ",'@甲," in text
    assert not any(line.startswith(("=", "-", "+", "@")) for line in text.splitlines())


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_result_file_tells_every_line_its_fate(form: str, send: Any, bring: Any, tmp_path: Path) -> None:
    bring([["示例丙有限公司", C, "620104", "7", "旧"], ["示例丁有限公司", D, "620104", "8", "同"]])
    rows = [GOOD, WRONG, ["示例丙有限公司", C, "620104", "7", "新"], ["示例丁有限公司", D, "620104", "8", "同"], GOOD]
    path = tmp_path / f"报送.{form}"
    if form == "csv":
        with path.open("wb") as out:
            write_csv(out, HEADS, rows)
    else:
        book = openpyxl.Workbook()
        page = book.active
        assert page is not None
        for line in [["企业登记表"], HEADS, *rows]:
            page.append(line)
        book.save(path)
    plan = make_plan(registry["enterprises"], path, SYSTEM)
    run = commit(plan, user=SYSTEM, result_folder=tmp_path / "results")
    sheet = read(write_result(run), frozenset(["企业名称", "统一社会信用代码"]))
    assert sheet.heads[-2:] == ["结果", "原因"]
    assert [row[0] for row in sheet.rows] == [row[0] for row in rows]
    assert [row[-2] for row in sheet.rows] == ["新增", "有误", "变更", "无变化", "重复"]
    reasons = [str(row[-1] or "") for row in sheet.rows]
    assert all(word in reasons[1] for word in ("很多", "并无此地"))
    assert "完全相同" in reasons[4]


def test_a_crash_in_the_middle_leaves_nothing(send: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = send([GOOD, ["示例乙有限公司", B, "620103", "5", "炭素"]])
    monkeypatch.setattr(committing, "_check_reach", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        commit(plan, user=SYSTEM, result_folder=tmp_path)
    assert not Enterprise.objects.exists()
    assert not Change.objects.filter(model="enterprises.enterprise").exists()
    assert not ImportRun.objects.exists()


def test_a_result_that_cannot_be_written_undoes_the_import(send: Any, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="taken"):
        commit(send([GOOD]), user=SYSTEM, result_folder=tmp_path / "taken")
    assert not Enterprise.objects.exists()
    assert not ImportRun.objects.exists()


def test_who_may_not_import_is_refused_before_anything_is_read(send: Any) -> None:
    with pytest.raises(RefusedError, match="没有"):
        send([GOOD], user=grant("reader", {"*": ["view"]}))


def test_a_reason_may_be_compulsory(send: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry["enterprises"], "reason_required", True)
    with pytest.raises(RefusedError, match="原因"):
        commit(send([GOOD]), user=SYSTEM, result_folder=tmp_path)
    assert commit(send([GOOD]), user=SYSTEM, reason="年报", result_folder=tmp_path).created == 1


def test_a_value_that_only_one_row_may_bear_is_a_fault_not_a_crash(send: Any) -> None:
    heads = ["代码", "名称", "全称", "级别", "路径"]
    row = ["620199", "新区县", "甘肃省兰州市新区县", "县区级", "/100000/620000/620100/620199/"]
    taken = ["620198", "城关区", "甘肃省兰州市城关区", "县区级", "/100000/620000/620100/620198/"]
    twice = ["620197", "新区县", "甘肃省兰州市新区县", "县区级", "/100000/620000/620100/620197/"]
    plan = send([row, taken, twice], heads, "places")
    assert [row.outcome for row in plan.rows] == ["new", "faulty", "faulty"]
    assert [fault.column for fault in plan.faults] == ["全称", "全称"]
    assert "另一行" in plan.faults[0].reason
    assert "第2行" in plan.faults[1].reason
