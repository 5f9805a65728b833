"""Deleting, bringing back, undoing, merging and splitting, as a person does it; each leaves the city as it was."""


def firm(reader, number):
    """Address of a firm's page."""
    reader.open("/enterprises/?view=0&sort=-founded")
    return reader.page.locator("tr[data-href]").nth(number).get_attribute("data-href")


def press(reader, words):
    reader.follow(f"main button:has-text('{words}')")


def test_a_firm_is_deleted_with_what_hangs_on_it_and_brought_back(admin):
    page = firm(admin, 3)
    admin.open(page)
    name, related = admin.text("h1"), admin.texts(".list-group-item-action .num")
    admin.follow("a:has-text('删除') >> nth=0")
    admin.page.fill("#reason", "重复登记")
    if admin.page.locator("[name=with_dependants]").count():
        admin.page.check("[name=with_dependants]")
    press(admin, "删除")
    assert admin.open(page) == 404
    admin.open("/enterprises/deleted/")
    assert "重复登记" in admin.text(f"tr:has-text('{name}')")
    admin.page.locator(f"tr:has-text('{name}') [name=reason]").fill("还在经营")
    admin.follow(f"tr:has-text('{name}') button")
    assert admin.text("h1") == name
    assert admin.texts(".list-group-item-action .num") == related


def test_a_change_is_found_in_the_log_and_undone(admin):
    page = firm(admin, 4)
    admin.open(f"{page}edit/")
    before = admin.page.input_value("#id-address")
    admin.page.fill("#id-address", "西固区玉门街 999 号")
    admin.page.fill("main [name=reason]", "来函更正地址")
    press(admin, "保存")
    admin.open("/changes/")
    admin.page.fill("#log-q", "来函更正")
    press(admin, "查询")
    assert "西固区玉门街 999 号" in admin.text("#log tbody tr >> nth=0")
    admin.follow("#log tbody tr >> nth=0 >> a[href$='/undo/']")
    press(admin, "撤销")
    assert "已撤销1项变更" in admin.text(".alert-success")
    admin.open(f"{page}edit/")
    assert admin.page.input_value("#id-address") == before


def test_two_firms_become_one_and_two_again(admin):
    keep, other = firm(admin, 5), firm(admin, 6)
    names = []
    for page in (keep, other):
        admin.open(page)
        names.append(admin.text("h1"))
    admin.open(f"/enterprises/merge/?row={keep.split('/')[2]}&row={other.split('/')[2]}")
    assert all(name in admin.text("#side") for name in names) or admin.size == "phone"
    admin.page.fill("#reason", "同一家")
    press(admin, "并入")
    assert admin.text("h1") == names[0]
    assert names[1] in admin.text("#identity")
    admin.open(other)
    assert admin.page.url.endswith(keep), "the old address leads to the kept one"
    admin.follow("#identity a:has-text('拆分')")
    press(admin, "拆分")
    assert admin.page.url.endswith(other)
    assert admin.text("h1") == names[1]
    admin.open(keep)
    assert "没有别的企业并入" in admin.text("#identity")


def test_firms_are_picked_in_the_list_for_merging(admin):
    admin.open("/enterprises/?view=0")
    for number in (0, 1):
        admin.page.locator("tbody input.pick").nth(number).check()
    admin.follow("#picked button:has-text('合并')")
    assert admin.page.locator("#side").count() == 1
