"""Chinese first, English by switch: the whole frame of the page follows, and stays as chosen."""

import pytest


def switch(reader, to):
    """Press the switch, which names the other language in that language's own words."""
    assert reader.text("#language") == to
    reader.follow("#language")


@pytest.fixture
def reader(visit):
    """Somebody new to the site, so that the choice does not follow the other tests about."""
    someone = visit()
    someone.sign_in("admin")
    return someone


def menu(reader):
    """Words of the main menu, those folded away on a phone too."""
    return [" ".join(text.split()) for text in reader.page.locator("#menu .navbar-nav > li > a").all_text_contents()]


def test_the_switch_turns_pages_to_english_and_back(reader):
    reader.open("/enterprises/")
    assert reader.page.evaluate("document.documentElement.lang") == "zh-CN"
    chinese = reader.text("tbody tr:first-child td:first-child a")

    switch(reader, "English")
    assert reader.page.url.endswith("/enterprises/"), "the reader stays where they were"
    assert reader.page.evaluate("document.documentElement.lang") == "en"
    assert {"Overview", "Registers", "Chain maps", "More"} <= set(menu(reader))
    assert reader.text("h1") == "Firms"
    heads = reader.page.locator("thead th").all_text_contents()
    assert {"Firm name", "Unified social credit code", "Registered capital (10,000 yuan)"} <= set(heads)
    assert reader.text("tbody tr:first-child td:first-child a") == chinese, "names of firms are not translated"

    reader.open("/desk/SH/")
    assert [text.split()[1] for text in reader.texts(".legend a")] == ["Missing", "Weak", "Balanced", "Strong"]
    assert "Petrochemical" in reader.text("h1")
    assert reader.page.locator(".stage-name").first.inner_text() == "Upstream"

    switch(reader, "中文")
    assert [text.split()[1] for text in reader.texts(".legend a")] == ["缺失", "薄弱", "均衡", "优势"]
    reader.open("/enterprises/")
    assert reader.text("h1") == "企业"
    assert {"总览", "家底", "图谱", "更多"} <= set(menu(reader))


def test_the_sign_in_page_can_be_read_in_english_and_the_choice_stays(visit):
    stranger = visit()
    stranger.open("/sign-in/")
    switch(stranger, "English")
    assert stranger.text("h1") == "Sign in to Lianpu"
    stranger.sign_in("admin")
    assert "Overview" in menu(stranger)


def test_filters_in_english_find_the_same_rows(reader):
    url = "/placements/?f.role=makes&f.is_sample=是"
    rows = reader.rows(url)
    switch(reader, "English")
    assert reader.text("#count").startswith(f"{rows} rows")
    assert [text.replace("✕", "").strip() for text in reader.texts("#rows .badge")] == ["Role: Makes", "Sample: Yes"]
    assert reader.page.input_value("#f-is_sample") == "是"


def test_a_file_taken_in_english_keeps_the_heads_an_import_knows(reader):
    reader.open("/enterprises/")
    switch(reader, "English")
    answer = reader.page.request.get(f"{reader.site}/enterprises/export.csv?f.place=620104")
    assert answer.ok
    assert answer.text().lstrip("\ufeff").startswith("企业名称,统一社会信用代码")


@pytest.mark.parametrize("path", ["/", "/desk/SH/", "/enterprises/", "/findings/", "/nothing/"])
def test_english_pages_hold_their_words(reader, path):
    """Nothing runs over, and the frame of the page (menus, heads, labels, buttons) has no Chinese left."""
    reader.open("/chains/")
    switch(reader, "English")
    reader.open(path)
    over = reader.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0, f"wider than the window by {over}"
    frame = reader.page.locator("#menu .nav-item, button:not(#language), th, label, legend").all_text_contents()
    assert not [words for words in frame if any("一" <= letter <= "鿿" for letter in words)]
