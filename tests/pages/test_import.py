"""A file is previewed before anything is written; faults are told in words; the result can be taken away."""

import re

import pytest

from lianpu.enterprises.identity import make_uscc

# What the tests report is marked as sample too: one real firm would make the city a real one.
HEADS = "企业名称,统一社会信用代码,所属县区,成立日期,注册资本（万元）,经营范围,示例"
SERIAL = {"desktop": 90_000, "phone": 91_000}


def lines(size, start, count):
    codes = [make_uscc("620104", SERIAL[size] + start + i) for i in range(count)]
    return [
        f"示例报送{code[-6:]}有限公司,{code},西固区,2020-03-05,{100 + i},聚丙烯的生产,是"
        for i, code in enumerate(codes)
    ]


def upload(reader, name, text, encoding="utf-8"):
    reader.open("/enterprises/import/")
    reader.page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": text.encode(encoding)})
    with reader.page.expect_navigation():
        reader.page.click("main form button.btn-primary")


def outcome(reader):
    return {word: int(reader.text(f"[data-outcome={word}]")) for word in ("new", "changed", "same", "faulty")}


def test_a_preview_writes_nothing_and_a_commit_writes_all(admin):
    before = admin.rows("/enterprises/")
    file = "\n".join(["兰州市企业报送表", HEADS, *lines(admin.size, 0, 3)])
    upload(admin, "报送.csv", file, "gb18030")
    assert outcome(admin) == {"new": 3, "changed": 0, "same": 0, "faulty": 0}
    assert "尚未写入" in admin.text("main")
    preview = admin.page
    other = admin.page.context.new_page()
    other.goto(f"{admin.site}/enterprises/")
    assert f"共 {before} 条" in other.inner_text("#count"), "a preview writes nothing"
    other.close()

    preview.fill("[name=reason]", "年度报送")
    admin.follow("text=导入正确的行")
    assert "新增3" in admin.text("main .alert")
    assert len(admin.texts("#touched .list-group-item")) == 3
    admin.follow("#touched .list-group-item >> nth=0")
    assert "年度报送" in admin.text(".card:has(h2:text('变更记录'))")
    assert admin.rows("/enterprises/") == before + 3

    upload(admin, "报送.csv", file, "gb18030")
    assert outcome(admin) == {"new": 0, "changed": 0, "same": 3, "faulty": 0}, "the second time nothing is new"


def test_changes_are_shown_field_by_field(admin):
    rows = lines(admin.size, 10, 2)
    upload(admin, "首报.csv", "\n".join([HEADS, *rows]))
    admin.follow("text=导入正确的行")
    upload(admin, "更正.csv", "\n".join([HEADS, rows[0].replace(",100,", ",260,"), rows[1]]))
    assert outcome(admin) == {"new": 0, "changed": 1, "same": 1, "faulty": 0}
    told = admin.text("#lines tbody tr:has-text('变更')")
    assert "注册资本" in told
    assert "100" in told
    assert "260" in told


def test_every_fault_is_told_with_line_column_reason_and_remedy(admin):
    good = lines(admin.size, 20, 1)
    bad_code = f"示例错码有限公司,{make_uscc('620104', 95_000)[:-1]}?,西固区,2020-03-05,1,无,是"
    bad_cells = f"示例错格有限公司,{make_uscc('620104', 95_001)},西固区,去年,很多,无,是"
    upload(admin, "有误.csv", "\n".join([HEADS, *good, bad_code, bad_cells]))
    assert outcome(admin)["faulty"] == 2
    assert outcome(admin)["new"] == 1
    admin.follow("a:has([data-outcome=faulty])")
    told = admin.texts("#lines tbody tr")
    assert "统一社会信用代码" in told[0]
    assert "注册日期" in told[1]
    assert "注册资本" in told[1], "all faults of a line, not the first alone"
    assert "请" in told[1]
    assert {re.search(r"\d+", row)[0] for row in told} == {"3", "4"}, "lines as they stand in the file"
    admin.follow("text=导入正确的行")
    for what in ("错行文件", "结果文件", "原文件"):
        with admin.page.expect_download() as waiting:
            admin.page.click(f"text={what}")
        assert waiting.value.path().stat().st_size > 0


def test_all_or_nothing_refuses_a_file_with_a_fault(admin):
    before = admin.rows("/enterprises/")
    bad = f"示例错格有限公司,{make_uscc('620104', 95_002)},西固区,去年,1,无,是"
    upload(admin, "半对.csv", "\n".join([HEADS, *lines(admin.size, 30, 1), bad]))
    admin.follow("text=全部正确才导入")
    assert "有误" in admin.text("main .alert")
    assert admin.rows("/enterprises/") == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("照片.png", "PNG", "找不到表头"), ("空.csv", "", ""), ("不相干.csv", "甲\n1\n", "")],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(admin, name, text, said):
    upload(admin, name, text)
    alert = admin.text("main [role=alert]")
    assert len(alert) > 8
    assert said in alert
    assert admin.text("h1") == "导入企业", "the form is there to try again"


def test_a_form_with_faults_names_each_field(admin):
    admin.open("/enterprises/new/")
    admin.page.fill("#id-name", "示例手填有限公司")
    admin.page.fill("#id-uscc", make_uscc("620104", SERIAL[admin.size] + 40))
    admin.page.fill("#id-founded", "去年")
    admin.page.fill("#id-capital_10k_cny", "很多")
    admin.follow("main form button.btn-primary")
    assert admin.page.input_value("#id-name") == "示例手填有限公司", "what was typed stays"
    told = admin.text("main .alert")
    assert "注册日期" in told
    assert "注册资本" in told
    assert admin.page.get_attribute("#id-founded", "aria-invalid") == "true"
    admin.page.fill("#id-founded", "2020年3月5日")
    admin.page.fill("#id-capital_10k_cny", "1.2亿")
    admin.page.fill("#id-place", "西固区")
    admin.page.select_option("#id-is_sample", label="是")
    admin.page.fill("#id-reason", "补录")
    admin.follow("main form button.btn-primary")
    assert "已保存" in admin.text("main .alert")
    assert "12,000" in admin.text("dl")
    assert "补录" in admin.text(".card:has(h2:text('变更记录'))")


def test_strange_heads_are_explained_once(admin):
    codes = lines(admin.size, 50, 2)
    rows = [",".join(row.split(",")[:3]) for row in codes]
    sender = f"西固区统计局{admin.size}"

    def send(name):
        admin.open("/enterprises/import/")
        text = "\n".join(["甲栏,乙栏,丙栏", *rows])
        admin.page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": text.encode()})
        admin.page.fill("#sender", sender)
        with admin.page.expect_navigation():
            admin.page.click("main form button.btn-primary")

    send("怪表.csv")
    assert "缺少必需的列" in admin.text("main [role=alert]")
    assert admin.text(".step-item.active") == "对应列"
    assert "示例报送" in admin.text("table.mapping tbody tr >> nth=0"), "sample values beside the head"
    admin.page.select_option("#head-0", label="企业名称 *")
    admin.page.select_option("#head-1", label="统一社会信用代码 *")
    admin.page.select_option("#head-2", label="所在地")
    admin.follow("text=按此预览")
    assert outcome(admin)["new"] == 2
    assert admin.text(".step-item.active") == "预览"
    admin.follow("text=放弃 >> nth=-1")
    assert "已放弃" in admin.text("main .alert")
    send("怪表.csv")
    assert outcome(admin)["new"] == 2, "the second time nothing is asked"


def test_an_import_is_undone_with_a_reason(admin):
    before = admin.rows("/enterprises/")
    upload(admin, "要撤销.csv", "\n".join([HEADS, *lines(admin.size, 60, 2)]))
    admin.follow("text=导入正确的行")
    admin.page.click("#undo summary")
    admin.page.fill("#undo [name=reason]", "报送有误")
    admin.follow("#undo button")
    assert "撤销" in admin.text("main .alert")
    assert "报送有误" in admin.text("main .alert")
    assert not admin.page.locator("#undo").count(), "it cannot be undone twice"
    assert admin.rows("/enterprises/") == before


def test_a_question_takes_one_key(admin):
    size = {"desktop": "嘉", "phone": "瑞"}[admin.size]
    codes = [line.split(",")[1] for line in lines(admin.size, 70, 2)]
    names = (f"兰州{size}示铝业有限公司", f"兰州{size}示铝业股份有限公司")
    upload(
        admin,
        "两家.csv",
        "\n".join([HEADS, *(f"{n},{c},西固区,2020-03-05,1,无,是" for n, c in zip(names, codes, strict=True))]),
    )
    admin.follow("text=导入正确的行")
    admin.open("/enterprise-figures/import/")
    text = f"企业名称,指标,期间,数值\n兰州{size}示铝业,税收（万元）,2021,3\n"
    admin.page.set_input_files("#file", {"name": "数.csv", "mimeType": "text/csv", "buffer": text.encode()})
    with admin.page.expect_navigation():
        admin.page.click("main form button.btn-primary")
    assert "待确认：1" in admin.text("#questions h2")
    admin.page.keyboard.press("1")
    assert admin.page.is_checked("[data-question] [data-key='1']")
    with admin.page.expect_navigation():
        admin.page.keyboard.press("Enter")
    assert outcome(admin)["new"] == 1
