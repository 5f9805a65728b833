"""The list of enterprises: what is asked for is what is shown, and what is shown is what is taken away."""

import csv
import io

import pytest
from openpyxl import load_workbook

SEND = "main form.asked button.btn-primary:has-text('查询')"
XIGU = "/enterprises/?f.place=620104&f.capital_10k_cny.from=5000&sort=-capital_10k_cny"


def column(reader, label):
    return reader.texts(f"tbody td[data-label={label}]")


def amounts(reader):
    return [float(text.replace(",", "")) for text in column(reader, "注册资本")]


def test_a_filter_keeps_just_its_rows_and_can_be_taken_away(admin):
    everything = admin.rows("/enterprises/")
    admin.page.click("[aria-controls=filters]")
    admin.page.fill("#f-place", "620104")
    admin.page.fill("#f-capital_10k_cny", "5000")
    admin.follow(SEND)
    assert 0 < admin.rows() < everything
    assert all("西固区" in text for text in column(admin, "所在地"))
    assert min(amounts(admin)) >= 5000
    kept = admin.rows()
    admin.follow(".badge:has-text('注册资本')")
    assert kept < admin.rows() < everything


def test_a_filter_in_force_is_seen_in_its_field_and_can_be_changed(admin):
    admin.open(XIGU)
    admin.page.click("[aria-controls=filters]")
    assert admin.page.input_value("#f-place") == "620104"
    admin.page.fill("#f-place", "620105")
    admin.follow(SEND)
    assert all("安宁区" in text for text in column(admin, "所在地"))
    assert min(amounts(admin)) >= 5000, "the other filter stays"
    assert amounts(admin) == sorted(amounts(admin), reverse=True), "the order stays"


def test_a_choice_is_filtered_by_its_words(admin):
    admin.open("/placements/?f.chain=SH")
    admin.page.click("[aria-controls=filters]")
    admin.page.check("#f-role >> text=销售")
    admin.follow(SEND)
    assert set(column(admin, "角色")) == {"销售"}
    first = admin.rows()
    admin.page.click("[aria-controls=filters]")
    assert admin.page.is_checked("#f-role >> text=销售")
    admin.page.check("#f-role >> text=生产")
    admin.follow(SEND)
    assert set(column(admin, "角色")) <= {"销售", "生产"}
    assert admin.rows() > first


def test_a_head_sorts_up_and_down(admin):
    admin.open("/enterprises/?f.place=620104")
    if admin.size == "phone":
        pytest.skip("a phone shows rows as cards, without heads")
    admin.follow("th a:has-text('注册资本')")
    assert amounts(admin) == sorted(amounts(admin))
    admin.follow("th a:has-text('注册资本')")
    assert amounts(admin) == sorted(amounts(admin), reverse=True)
    assert admin.page.get_attribute("th:has-text('注册资本')", "aria-sort") == "descending"


def test_every_word_of_a_search_is_found_in_every_row(admin):
    admin.open("/enterprises/")
    admin.page.fill("main input[type=search]", "兰州 化工")
    with admin.page.expect_navigation():
        admin.page.press("main input[type=search]", "Enter")
    assert admin.page.input_value("main input[type=search]") == "兰州 化工"
    assert 0 < admin.rows() < 5000
    admin.follow("tbody a")
    told = admin.text("main")
    assert "兰州" in told
    assert "化工" in told


def test_pages_follow_each_other_without_gap_or_repetition(admin):
    total = admin.rows("/enterprises/?f.place=620111&size=100")
    seen = []
    while True:
        seen += column(admin, "统一社会信用代码")
        if not admin.page.locator("[rel=next]").count():
            break
        admin.follow("[rel=next]")
    assert len(seen) == len(set(seen)) == total > 100


def test_an_empty_result_says_so_and_leads_back(admin):
    assert admin.rows("/enterprises/?q=没有这样的企业") == 0
    admin.follow("text=清除全部条件")
    assert admin.rows() >= 5000


def test_an_unreadable_filter_is_said(admin):
    admin.open("/enterprises/?f.founded.from=昨天")
    assert "昨天" in admin.text(".alert")


def shown(reader):
    return reader.page.evaluate(
        "() => [...document.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => (c.querySelector('a, span:not(.sample)') ?? c).textContent.trim()))"
    )


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_an_export_holds_the_rows_and_columns_on_the_screen(admin, form):
    admin.open(f"{XIGU}&cols=name,uscc,place,capital_10k_cny&size=200")
    on_screen, heads = shown(admin), admin.page.locator("thead th").all_text_contents()
    assert len(on_screen) == admin.rows() > 5
    admin.page.click("main button:has-text('导出')")
    with admin.page.expect_download() as waiting:
        admin.page.click(f".dropdown-menu.show >> text={form}")
    path = waiting.value.path()
    if form == "xlsx":
        sheet = load_workbook(io.BytesIO(path.read_bytes()), read_only=True).worksheets[0]
        table = [list(row) for row in sheet.iter_rows(values_only=True)]
    else:
        table = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
    found = [[*map(str, row[:3]), float(row[3])] for row in table[1:]]
    assert [str(head) for head in table[0]] == heads
    assert found == [[*row[:3], float(row[3].replace(",", ""))] for row in on_screen]


def test_chosen_columns_are_shown_and_stay_while_searching(admin):
    admin.open("/enterprises/?f.place=620104")
    admin.page.click("[aria-controls=columns]")
    admin.page.check("[data-columns] input[value=industry_code]")
    admin.page.uncheck("[data-columns] input[value=founded]")
    admin.page.fill("main input[type=search]", "化工")
    admin.follow(SEND)
    assert column(admin, "行业代码")
    assert not column(admin, "注册日期")


def heads(reader):
    return [text.strip() for text in reader.page.locator("thead th").all_text_contents()]


def test_columns_are_put_in_order_by_keys_and_by_buttons(admin):
    admin.open("/enterprises/")
    admin.page.click("[aria-controls=columns]")
    admin.page.focus("[data-columns] input[value=founded]")
    admin.page.keyboard.press("ArrowUp")
    admin.page.keyboard.press("ArrowUp")
    assert admin.page.evaluate("document.activeElement.value") == "founded", "the keyboard stays with the column"
    admin.page.click("[aria-label='统一社会信用代码：后移']")
    admin.follow("#columns button.btn-primary")
    assert heads(admin) == ["企业名称", "注册日期", "所在地", "统一社会信用代码", "注册资本（万元）"]


def test_a_filter_may_be_turned_round(admin):
    everything = admin.rows("/enterprises/")
    admin.page.click("[aria-controls=filters]")
    admin.page.fill("#f-place", "620104")
    admin.page.select_option("[data-filter='f.place'] select", label="不是")
    admin.follow(SEND)
    others = admin.rows()
    assert "不是" in admin.text(".badge")
    assert others + admin.rows("/enterprises/?f.place=620104") == everything
    admin.open("/enterprises/")
    admin.page.click("[aria-controls=filters]")
    admin.page.select_option("[data-filter='f.zone'] select", label="非空")
    admin.follow(SEND)
    assert 0 < admin.rows() < everything
    assert admin.page.url.endswith("f.zone=%21-")


def test_a_reference_is_suggested_while_typing(admin):
    admin.open("/enterprises/")
    admin.page.click("[aria-controls=filters]")
    admin.page.type("#f-place", "西固")
    option = admin.page.locator("#o-place option[value='620104']")
    option.wait_for(state="attached")
    assert "西固区" in option.text_content()


def test_a_group_opens_to_its_rows_and_its_bar_too(admin):
    admin.open("/enterprises/")
    admin.page.click("[aria-controls=grouping]")
    admin.page.select_option("#group-1", "place")
    admin.page.select_option("#chart-of", "count")
    admin.follow("#grouping button.btn-primary")
    admin.page.wait_for_selector("body[data-chart-drawn]")
    table = [
        (link.inner_text(), link.get_attribute("href"))
        for link in admin.page.locator("table.groups tbody td.num a").all()
    ]
    assert len(table) > 5
    assert sum(int(number) for number, _ in table) == int(admin.text("table.groups tfoot a"))
    for number, url in table[:3]:
        assert admin.rows_behind(f"{admin.site}/enterprises/{url}") == int(number)
    first = admin.text("table.groups tbody th >> nth=0")
    with admin.page.expect_navigation():
        admin.page.locator("#chart path[fill='#1f5f8b']").first.click()
    assert set(column(admin, "所在地")) == {first}


def test_a_line_over_years_and_the_grouped_file(admin):
    admin.open("/enterprises/?group=founded.year,status&chart=capital_10k_cny")
    admin.page.wait_for_selector("body[data-chart-drawn]")
    assert "万元" in admin.text("figcaption")
    words = admin.texts("table.groups tbody tr.outer th")
    assert words == sorted(words)
    admin.page.click("main button:has-text('导出')")
    with admin.page.expect_download() as waiting:
        admin.page.click(".dropdown-menu.show >> text=csv")
    table = list(csv.reader(io.StringIO(waiting.value.path().read_bytes().decode("utf-8-sig"))))
    assert table[0][:3] == ["注册日期（年）", "登记状态", "行数"]
    assert sum(int(line[2]) for line in table[1:]) == int(admin.text("table.groups tfoot a"))


def test_a_view_is_kept_shared_opened_by_default_and_deleted(visit):
    admin, reader = visit("admin"), visit("reader")
    name = f"西固大户（{admin.size}）"
    admin.open(XIGU)
    admin.page.click("#view-keep")
    admin.page.fill("details[open] input[name=name]", name)
    admin.page.select_option("details[open] select", "*")
    admin.follow("details[open] button.btn-primary")
    kept = admin.rows()
    assert name in admin.text(".views .active")
    reader.open("/enterprises/")
    reader.follow(f".views a:has-text('{name}')")
    assert reader.rows() == kept
    assert not reader.page.locator("#view-manage").count(), "another's view is not managed"
    reader.follow("#view-opening")
    assert reader.rows("/enterprises/") == kept
    reader.follow("#view-opening")
    assert reader.rows("/enterprises/") > kept
    admin.follow("th a:has-text('企业名称')" if admin.size == "desktop" else ".badge >> nth=0")
    admin.follow("#view-update")
    assert not admin.page.locator("#view-update").count()
    admin.page.click("#view-manage")
    admin.follow("text=删除此视图")
    assert name not in admin.text(".views")


def test_many_rows_are_changed_looked_at_and_put_back(admin):
    url = "/enterprises/?f.place=620123&f.status=active&sort=name"
    before = admin.rows(url)
    admin.page.check("tbody input[name=row] >> nth=0")
    admin.page.locator("tbody input[name=row]").nth(2).click(modifiers=["Shift"])
    assert admin.text("[data-picked]") == "3"
    admin.follow("[data-edit-picked]")
    admin.page.select_option("[name='to.status']", label="停业")
    assert admin.page.is_checked("[name=column][value=status]"), "what is filled in is to be changed"
    admin.page.fill("#id-reason", "走访核实")
    admin.follow("[name=preview]")
    assert "3 行将修改" in admin.text("#outcome")
    admin.follow("main form button.btn-primary")
    assert "已修改 3 行" in admin.text("#outcome")
    done = admin.page.url
    assert admin.page.request.get(f"{admin.site}{url}").text().count('name="row"') == min(before - 3, 50)
    assert admin.page.url == done
    admin.follow("text=撤销这次批量修改")
    assert admin.rows(url) == before


def test_the_latest_diagnosis_opens(admin):
    shown = admin.rows("/findings/")
    assert "最近一次诊断" in admin.text(".badge")
    admin.follow(".badge")
    assert admin.rows() >= shown > 0


def test_a_row_opens_by_a_click_anywhere(admin):
    admin.open(XIGU)
    name = admin.text("tbody tr >> nth=0 >> a >> nth=0")
    with admin.page.expect_navigation():
        admin.page.locator("tbody tr").first.locator("td").nth(1).click()
    assert admin.text("h1") == name
