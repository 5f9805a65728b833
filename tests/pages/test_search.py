"""The search box of every page: type, look, choose."""

import pytest

from lianpu.register.search import keep_up

BOX = "header input[type=search]"


@pytest.fixture(autouse=True)
def _indexed(site):
    keep_up()


def desk(reader):
    if reader.size == "phone":
        pytest.skip("a phone has the search page instead of the box")
    return reader.page


def found(reader):
    reader.page.wait_for_selector("#found:not([hidden]) [role=option], #found:not([hidden]) .dropdown-header")
    return reader.texts("#found [role=option]")


def test_typing_lists_what_is_found_by_register(admin):
    page = desk(admin)
    admin.open("/")
    page.fill(BOX, "石油化工")
    options = found(admin)
    assert any("石油化工" in one for one in options)
    assert "产业链" in "".join(admin.texts("#found .dropdown-header"))
    assert admin.texts("#found mark.found")[0] == "石油化工"


def test_arrows_and_enter_open_a_hit_and_escape_closes_the_list(admin):
    page = desk(admin)
    admin.open("/")
    page.fill(BOX, "syhg")
    options = found(admin)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert admin.text("#found .active") == options[0]
    assert page.get_attribute(BOX, "aria-activedescendant") == page.get_attribute("#found .active", "id")
    page.keyboard.press("Escape")
    assert page.is_hidden("#found")
    page.fill(BOX, "石油化")
    found(admin)
    page.keyboard.press("ArrowDown")
    target = page.get_attribute("#found .active", "href")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith(target)


def test_enter_shows_all_results_and_more_of_one_register(admin):
    page = desk(admin)
    admin.open("/")
    page.fill(BOX, "有限公司")
    with page.expect_navigation():
        page.press(BOX, "Enter")
    assert "超过 10 条" in admin.text("[data-register=enterprises] .card-header")
    admin.follow("[data-register=enterprises] >> text=更多")
    assert "超过 200 条" in admin.text("[data-register=enterprises] .card-header")
    admin.follow("text=在列表中打开")
    assert admin.page.input_value("main input[type=search]") == "有限公司"


def test_the_slash_key_goes_to_the_box(admin):
    page = desk(admin)
    admin.open("/dictionary/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.matches('header input[type=search]')")
    admin.open("/enterprises/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.matches('main input[type=search]')"), "a list has its own"


def test_the_page_searches_while_one_types(admin):
    admin.open("/")
    if admin.size == "phone":
        admin.follow("header a[aria-label=搜索]")
    else:
        admin.open("/search/")
    assert "lzlh" in admin.text("#results"), "an empty page says how to search"
    admin.page.fill("main input[type=search]", "兰州 化工")
    admin.page.wait_for_selector("[data-register=enterprises] mark.found")
    first = admin.text("[data-register=enterprises] li >> nth=0")
    assert "兰州" in first
    assert "化工" in first
    admin.page.wait_for_url("**/search/?q=*")
    admin.follow("[data-register=enterprises] li a >> nth=0")
    assert "兰州" in admin.text("main")


def test_nothing_found_says_so_and_how_to_search(admin):
    admin.open("/search/?q=没有这样的企业")
    assert "没有找到" in admin.text("#results")
    assert "空格" in admin.text("#results")


def test_a_register_is_found_by_its_name(admin):
    admin.open("/search/?q=企业指标")
    admin.follow("#results a:has-text('企业指标')")
    assert admin.page.url.endswith("/enterprise-figures/")


def test_a_reader_finds_only_what_lies_within_the_scope(visit):
    reader = visit("xigu")
    reader.open("/search/?q=有限公司&in=enterprises")
    links = reader.page.locator("[data-register=enterprises] li a")
    assert links.count() > 5
    shown = reader.page.request.get(reader.site + links.first.get_attribute("href"))
    assert shown.ok
    reader.open("/search/?q=榆中县 有限&in=enterprises")
    assert not reader.page.locator("[data-register=enterprises]").count()


def test_words_are_shown_as_text_and_never_as_markup(admin):
    admin.open("/search/?q=" + "<b>兰州</b>")
    assert not admin.page.locator("#results b").count()
    assert "<b>兰州</b>" in admin.text("#results")
