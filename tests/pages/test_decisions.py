"""The enterprise page shows why a firm stands where it does; a person decides, and the diagnosis follows."""

import re

import pytest

SEGMENT = {"desktop": "SH-2101", "phone": "SH-1201"}


@pytest.fixture
def counted(admin):
    """Count of a segment on the chain desk, and the page of the surest firm that it counts."""
    code = SEGMENT[admin.size]
    admin.open(f"/desk/SH/?segment={code}")
    firms = int(admin.text("#counted"))
    admin.follow("#counted")
    assert admin.rows() == firms >= 1
    placement = admin.page.locator("tbody td a").first.evaluate("a => a.href")
    admin.open(placement)
    admin.follow("dl dd a")
    return code, firms, admin.page.url


def count_on_the_desk(reader, code):
    reader.open("/desk/SH/")
    return int(re.match(r"\d+", reader.text(f"#{code} .n"))[0])


def decide(reader, firm, code, word, reason=""):
    reader.open(firm)
    item = reader.page.locator(f"#placements li:has(a[href*='{code}'])")
    item.locator("[name=reason]").fill(reason)
    item.locator(f"button:has-text('{word}')").click()
    item.locator("[role=status]").wait_for()
    return item


def test_the_evidence_is_marked_in_the_scope(counted, admin):
    code, _, firm = counted
    admin.open(firm)
    scope = admin.text("#scope-text")
    assert scope == admin.text("dl dt:text('经营范围') + dd"), "the whole scope, word for word"
    marked = admin.texts("#scope-text mark.evidence")
    assert marked
    quoted = admin.text(f"#placements li:has(a[href*='{code}']) .small")
    assert any(f"“{word}”" in quoted for word in marked)
    kinds = set(admin.page.locator("#scope-text mark").evaluate_all("ms => ms.map(m => m.dataset.activity)"))
    assert all(kinds), "each mark says for which activity it counts"
    item = admin.text(f"#placements li:has(a[href*='{code}'])")
    assert re.search(r"(生产|销售|服务|研发)\s+[01]\.\d\d", item), "role and confidence"


def test_a_rejected_placement_no_longer_counts_and_undo_brings_it_back(counted, admin):
    code, before, firm = counted
    item = decide(admin, firm, code, "否定", "现场核实：该企业只销售")
    assert "已否定" in item.inner_text()
    assert "诊断已随之更新" in item.inner_text()
    assert count_on_the_desk(admin, code) == before - 1
    admin.open(f"/desk/SH/?segment={code}")
    assert int(admin.text("#counted")) == before - 1
    if before > 1:
        admin.follow("#counted")
    assert admin.rows() == before - 1 if before > 1 else True

    item = decide(admin, firm, code, "撤回", "核实有误")
    assert "待核" in item.inner_text()
    assert count_on_the_desk(admin, code) == before


def test_a_confirmed_placement_stays_counted(counted, admin):
    code, before, firm = counted
    item = decide(admin, firm, code, "确认")
    assert "已确认" in item.inner_text()
    assert "admin" in item.inner_text(), "by whom"
    assert count_on_the_desk(admin, code) == before
    decide(admin, firm, code, "撤回")


def test_the_change_log_tells_who_decided_and_why(counted, admin):
    code, _, firm = counted
    reason = f"企业来函说明（{admin.size}）"
    decide(admin, firm, code, "否定", reason)
    decide(admin, firm, code, "撤回", "复核")
    admin.follow(f"#placements li:has(a[href*='{code}']) >> text=记录")
    log = admin.texts(".card:has(h2:text('变更记录')) li")
    assert "admin" in log[0]
    assert "复核" in log[0]
    told = next(entry for entry in log if reason in entry)
    assert "admin" in told
    assert "核定" in told, "the field that changed, before and after"
    admin.open("/")
    recent = admin.texts("#recent li")
    assert any(reason in entry and "挂链" in entry for entry in recent)
