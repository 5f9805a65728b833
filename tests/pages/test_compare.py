"""A city beside others: what is chosen, by keyboard too, and that numbers open to their rows."""

from urllib.parse import quote

FIGURE = "#figures tbody tr >> nth=0 >> td >> nth={} >> a >> nth=0"


def number(reader, side):
    """The numerator of completeness of one side, as a whole number."""
    return int(reader.text(FIGURE.format(side)))


def test_cities_are_suggested_and_another_is_added_by_keyboard_and_taken_away(admin):
    admin.open("/compare/?chain=SH")
    assert admin.page.locator("#peers .bg-blue-lt").count() == 5
    admin.page.focus("[name=add]")
    admin.page.keyboard.type("温州")
    with admin.page.expect_navigation():
        admin.page.keyboard.press("Enter")
    assert "浙江温州" in admin.text("#peers")
    assert admin.page.locator("#peers .bg-blue-lt").count() == 6
    admin.follow("#peers .bg-blue-lt:has-text('浙江温州')")
    assert admin.page.locator("#peers .bg-blue-lt").count() == 5
    assert "浙江温州" not in admin.text("#figures")


def test_figures_of_the_place_and_of_a_city_open_to_segments_and_these_to_firms(admin):
    address = f"/compare/?chain=SH&peer={quote('浙江温州')}&peer={quote('山东淄博')}"
    admin.open(address)
    for side in (0, 1):
        filled, link = number(admin, side), admin.page.get_attribute(FIGURE.format(side), "href")
        assert admin.rows(f"{admin.site}{link}") == filled
        admin.open(address)
    cells = admin.page.locator("#segments tbody tr td:nth-child(3) a")
    firms, link = int(cells.first.inner_text()), cells.first.get_attribute("href")
    assert admin.rows(f"{admin.site}{link}") == firms
    assert "示例对照企业" in admin.text("tbody")


def test_states_are_told_by_shape_and_word_and_the_chart_has_its_table(admin):
    admin.open("/compare/?chain=SH")
    words = set(admin.texts("#segments tbody .state"))
    assert words <= {"○ 缺失", "◔ 薄弱", "◑ 均衡", "● 优势"}
    assert len(words) > 2
    for row in admin.page.locator("#figures tbody tr").all():
        assert row.locator(".bar").count() <= row.locator("td").count()
        assert "%" in row.inner_text()


def test_the_desk_of_a_chain_shows_its_health_and_leads_to_the_comparison(admin):
    admin.open("/desk/SH/")
    admin.page.wait_for_selector("#health .health li")
    assert admin.texts("#health .head") == ["完整度", "韧性", "引领", "创新", "本地配套"]
    filled = admin.text("#health li >> nth=0 >> a >> nth=0")
    assert filled == admin.text("#completeness a >> nth=0"), "the panel counts what the map counts"
    admin.follow("#health a:has-text('与其他城市对比')")
    assert admin.text("h1").startswith("城市对比 · 兰州市 · 石油化工")
