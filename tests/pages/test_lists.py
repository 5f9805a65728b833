"""The list of enterprises: what is asked for is what is shown, and what is shown is what is taken away."""

import csv
import io

import pytest
from openpyxl import load_workbook

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
    admin.follow("main form button.btn-primary")
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
    admin.follow("main form button.btn-primary")
    assert all("安宁区" in text for text in column(admin, "所在地"))
    assert min(amounts(admin)) >= 5000, "the other filter stays"
    assert amounts(admin) == sorted(amounts(admin), reverse=True), "the order stays"


def test_a_choice_is_filtered_by_its_words(admin):
    admin.open("/placements/?f.chain=SH")
    admin.page.click("[aria-controls=filters]")
    admin.page.select_option("#f-role", label="销售")
    admin.follow("main form button.btn-primary")
    assert set(column(admin, "角色")) == {"销售"}
    assert admin.page.locator("#f-role").evaluate("s => s.selectedOptions[0].label") == "销售"


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
    if admin.size == "phone":
        admin.page.click("button[aria-label=菜单]")
    admin.page.fill("header input[type=search]", "兰州 化工")
    with admin.page.expect_navigation():
        admin.page.press("header input[type=search]", "Enter")
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
    admin.page.click("[aria-controls=filters]")
    admin.page.check("[data-columns] input[value=industry_code]")
    admin.page.uncheck("[data-columns] input[value=founded]")
    admin.page.fill("main input[type=search]", "化工")
    admin.follow("main form button.btn-primary")
    assert column(admin, "行业代码")
    assert not column(admin, "注册日期")


def test_a_row_opens_by_a_click_anywhere(admin):
    admin.open(XIGU)
    name = admin.text("tbody tr >> nth=0 >> a >> nth=0")
    with admin.page.expect_navigation():
        admin.page.locator("tbody tr").first.locator("td").nth(1).click()
    assert admin.text("h1") == name
