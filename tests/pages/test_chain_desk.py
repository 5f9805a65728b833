"""The chain desk: the map by stage and state, a sheet for every segment, and rows behind every number."""

import re

import pytest

DESK = "/desk/SH/"
WORDS = {"missing": "缺失", "weak": "薄弱", "balanced": "均衡", "strong": "优势"}
SHAPES = {"missing": "○", "weak": "◔", "balanced": "◑", "strong": "●"}
# A map colours its tiles so that a state is seen; here a state is what colour, shape and word say together.
TILES = """() => [...document.querySelectorAll('#board .tile')].map(tile => ({
  code: tile.dataset.code, state: Object.keys(WORDS).find(s => tile.classList.contains(s)) ?? '',
  colour: getComputedStyle(tile).borderInlineStartColor, border: getComputedStyle(tile).borderTopStyle,
  shape: tile.querySelector('.shape').textContent, word: tile.textContent, firms: parseInt(tile.querySelector('.n')?.textContent),
  stage: tile.closest('section').getAttribute('aria-label') }))""".replace("WORDS", str(WORDS))


def tiles(reader):
    return reader.page.evaluate(TILES)


def pick(reader, wanted):
    """Code of the first tile for which ``wanted`` holds."""
    return next(tile["code"] for tile in tiles(reader) if wanted(tile))


def open_segment(reader, code):
    reader.page.click(f"#{code}")
    reader.page.wait_for_selector(f"#sheet :text('{code}')")


def test_the_map_shows_every_segment_by_stage(admin):
    admin.open(DESK)
    assert admin.texts(".stage-name") == ["上游", "中游", "下游", "支撑"]
    drawn = tiles(admin)
    assert {tile["stage"] for tile in drawn} == {"上游", "中游", "下游", "支撑"}
    assert int(admin.page.get_attribute("body", "data-map-drawn")) == len(drawn)
    assert len(drawn) == admin.rows_behind(f"{admin.site}/segments/?f.chain=SH&f.is_leaf=是")


def test_states_differ_in_colour_shape_and_word(admin):
    admin.open(DESK)
    drawn = tiles(admin)
    assert {tile["state"] for tile in drawn} == set(WORDS), "the sample city shows all four states"
    for tile in drawn:
        assert tile["shape"] == SHAPES[tile["state"]]
        assert WORDS[tile["state"]] in tile["word"], "a screen reader hears the state"
    colours = {state: {tile["colour"] for tile in drawn if tile["state"] == state} for state in WORDS}
    assert all(len(found) == 1 for found in colours.values())
    assert len(set.union(*colours.values())) == 4
    assert {tile["border"] for tile in drawn if tile["state"] == "missing"} == {"dashed"}


def test_the_count_of_a_state_opens_to_its_segments(admin):
    admin.open(DESK)
    drawn = [tile["state"] for tile in tiles(admin)]
    told = {state: admin.page.locator(f".legend .{state}").evaluate("a => [a.innerText, a.href]") for state in WORDS}
    for state, (words, url) in told.items():
        assert words == f"{SHAPES[state]} {WORDS[state]} {drawn.count(state)}"
        assert admin.rows_behind(url) == drawn.count(state)


def test_completeness_opens_to_the_segments_that_make_it(admin):
    admin.open(DESK)
    links = admin.page.locator("#completeness a")
    told = [(int(link.inner_text()), link.evaluate("a => a.href")) for link in links.all()]
    assert len(told) == 2
    for number, url in told:
        assert admin.rows_behind(url) == number


def test_a_click_opens_the_sheet_and_its_count_opens_to_the_firms(admin):
    admin.open(DESK)
    code = pick(admin, lambda tile: tile["firms"] > 2)
    on_the_tile = int(re.match(r"\d+", admin.text(f"#{code} .n"))[0])
    open_segment(admin, code)
    assert f"segment={code}" in admin.page.url, "the address can be passed on"
    assert int(admin.text("#counted")) == on_the_tile
    assert len(admin.texts("#sheet .firms li")) >= min(on_the_tile, 12)
    assert admin.page.locator("#sheet").evaluate(
        "s => { const r = s.getBoundingClientRect(); return r.top < innerHeight && r.bottom > 0 }"
    )
    admin.follow("#counted")
    assert admin.rows() == on_the_tile


def test_a_district_officer_reads_the_firms_within_reach_on_tile_sheet_and_list(visit, admin):
    admin.open(DESK)
    whole = {tile["code"]: tile for tile in tiles(admin)}
    officer = visit("xigu")
    officer.open(DESK)
    assert "您范围内" in officer.text("#reach")
    own = {tile["code"]: tile for tile in tiles(officer)}
    assert {code: tile["state"] for code, tile in own.items()} == {code: tile["state"] for code, tile in whole.items()}
    code = next(code for code, tile in own.items() if 0 < tile["firms"] < whole[code]["firms"])
    open_segment(officer, code)
    assert int(officer.text("#counted")) == own[code]["firms"]
    officer.follow("#counted")
    assert officer.rows() == own[code]["firms"]


@pytest.mark.parametrize("kind", ["other_firms", "unsure_firms"])
def test_firms_of_other_business_and_doubtful_ones_open_to_their_rows(admin, kind):
    admin.open(f"/segment-states/?f.{kind}.from=1&cols=chain,segment")
    chain, segment = admin.page.locator("tbody tr").first.locator("td").all_inner_texts()[-2:]
    admin.open("/chains/?cols=name,code")
    code = admin.page.locator(f"tbody tr:has-text('{chain.strip()}') td").last.inner_text().strip()
    admin.open(f"/desk/{code}/")
    admin.page.click(f"#board .tile:has-text('{segment.strip()}')")
    words = admin.page.locator("#sheet p:has-text('另有')")
    words.wait_for()
    told = [(int(link.inner_text()), link.evaluate("a => a.href")) for link in words.locator("a").all()]
    assert told
    for number, url in told:
        assert admin.rows_behind(url) == number


def test_the_keyboard_walks_the_map_and_opens_a_segment(admin):
    admin.open(DESK)
    first = tiles(admin)[0]["code"]
    admin.page.focus(f"#{first}")
    visited = [first]
    for key in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft"):
        admin.page.keyboard.press(key)
        visited.append(admin.page.evaluate("document.activeElement.dataset.code"))
    assert all(visited), "the focus stays on the map"
    assert len(set(visited)) >= 3
    here = visited[-1]
    outline = admin.page.locator(f"#{here}").evaluate("t => getComputedStyle(t).outlineStyle")
    assert outline == "solid", "the focus is seen"
    admin.page.keyboard.press("Enter")
    admin.page.wait_for_selector(f"#sheet :text('{here}')")
    assert admin.page.get_attribute(f"#{here}", "aria-current") is not None


def test_flows_are_drawn_between_segments(admin):
    admin.open(f"{DESK}?segment=SH-2101")
    near = admin.page.locator("#board .tile.near").count()
    assert near >= 2
    assert admin.page.locator("#board .flows path").count() >= 2
    few = admin.page.locator("#board .flows path").count()
    admin.page.check("#all-flows")
    assert admin.page.locator("#board .flows path").count() > few
    neighbour = admin.page.locator("#sheet h3:has-text('来自') + ul a").first
    name = neighbour.inner_text()
    with admin.page.expect_navigation():
        neighbour.click()
    assert admin.text("#sheet h2").startswith(name)


def test_findings_open_to_parts_flows_and_firms(admin):
    admin.open(DESK)
    told = int(re.search(r"\d+", admin.text("#all-findings"))[0])
    all_of_them = admin.page.locator("#all-findings").evaluate("link => link.href")
    assert told >= len(admin.texts("#findings tbody tr")) > 0
    first = admin.page.locator("#findings tbody tr").first
    shown = first.locator("td.num a").inner_text()
    with admin.page.expect_navigation():
        first.locator("td.num a").click()
    points = [float(text) for text in admin.texts("main .card:has(h2:text('得分构成')) tbody td:last-child")]
    assert len(points) >= 3
    assert sum(points) == pytest.approx(float(shown), abs=0.006)
    assert admin.page.locator(".card:has(h2:text('所依据的流向')) tbody a").count() >= 2
    firm = admin.page.locator(".card:has(h2:text('所依据的企业')) a").first
    name = firm.inner_text()
    with admin.page.expect_navigation():
        firm.click()
    assert admin.text("h1") in name
    assert admin.rows_behind(all_of_them) == told


def test_a_finding_in_the_sheet_leads_to_its_grounds(admin):
    admin.open(DESK)
    admin.follow("#findings tbody tr >> nth=0 >> a >> nth=0")
    assert admin.page.locator("#sheet .finding .parts li").count() >= 3
    admin.follow("#sheet .finding >> text=依据")
    assert "得分构成" in admin.texts("h2")


def test_another_chain_is_one_choice_away(admin):
    admin.open(DESK)
    admin.page.click("text=换一条链")
    admin.follow(".dropdown-menu.show >> text=有色冶金")
    assert "有色冶金产业链" in admin.text("h1")


@pytest.mark.parametrize(("words", "suffix", "head"), [("Word 档案", "docx", b"PK"), ("Excel 清单", "xlsx", b"PK")])
def test_the_chains_book_can_be_taken_away(admin, words, suffix, head):
    admin.open(DESK)
    admin.page.click("main button:has-text('档案')")
    with admin.page.expect_download() as waiting:
        admin.page.click(f".dropdown-menu.show >> text={words}")
    name = waiting.value.suggested_filename
    assert name.endswith(f".{suffix}")
    assert "石油化工" in name
    assert waiting.value.path().read_bytes().startswith(head)


def test_a_finding_without_action_says_so_on_one_line(admin):
    admin.open(DESK)
    badge = admin.page.locator("#findings td a:text-is('尚无行动')").first.bounding_box()
    assert badge["width"] > 2 * badge["height"], "not squeezed beside the sentence"
