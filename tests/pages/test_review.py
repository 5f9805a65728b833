"""The review desk by key, by mouse and on a phone: one firm after another, remembered, and taken back."""

import re

import pytest

DESK = {"desktop": "/review/?chain=SH", "phone": "/review/?chain=ZB"}


@pytest.fixture
def desk(admin):
    """A queue of its own for each size, with the next firm in waiting."""
    open_desk(admin)
    yield admin
    admin.page.wait_for_load_state("networkidle")  # the next firm is still being fetched


def open_desk(reader, path=""):
    reader.open(path or DESK[reader.size])
    reader.page.locator("#ahead > *").first.wait_for(state="attached")


def firm(reader):
    return reader.page.locator("#now [data-firm]").get_attribute("data-firm")


def state_of(reader, placement):
    reader_page = reader.page.request.get(f"{reader.site}/placements/{placement}/")
    return re.search(r"待核|已确认|已否定", reader_page.text().split("核定", 1)[1])[0]


def decide(reader, how):
    """Do something that brings an answer, and wait for it."""
    with reader.page.expect_response(re.compile(r"/review/(decide|choose|outside|undo)/")) as answer:
        how()
    answer.value.finished()
    reader.page.wait_for_function("document.querySelector('#said').innerText.trim() !== ''")
    return reader.text("#said")


def by_key(reader, key):
    return decide(reader, lambda: reader.page.keyboard.press(key))


def test_a_key_decides_the_next_firm_is_there_and_another_key_takes_it_back(desk):
    before, placement = firm(desk), desk.page.locator("#now .candidate.at").get_attribute("data-placement")
    asked = desk.page.locator("#now [data-open]").count()
    ahead = desk.page.locator("#ahead [data-firm]").get_attribute("data-firm")
    address = desk.page.url
    assert "已确认" in by_key(desk, "y")
    assert firm(desk) == (ahead if asked == 1 else before)
    assert state_of(desk, placement) == "已确认"
    assert "已撤回" in by_key(desk, "u")
    desk.page.locator(f"#now [data-firm='{before}']").wait_for()
    assert state_of(desk, placement) == "待核"
    assert desk.page.url == address, "no page was loaded"


def test_rejecting_by_mouse_or_finger_leaves_the_queue_for_good(desk):
    placement = desk.page.locator("#now .candidate.at").get_attribute("data-placement")
    button = desk.page.locator(f"[data-placement='{placement}'] button[value=rejected]")
    assert "已否定" in decide(desk, button.click)
    open_desk(desk)
    assert not desk.page.locator(f"#now [data-placement='{placement}'][data-open]").count()
    assert state_of(desk, placement) == "已否定"


def test_another_segment_is_found_by_pinyin_and_replaces_the_candidate(desk):
    before, placement = firm(desk), desk.page.locator("#now .candidate.at").get_attribute("data-placement")
    desk.page.keyboard.press("/")
    desk.page.locator("#choose input[type=search]").press_sequentially("snsl")
    desk.page.locator("#offers [role=option]").first.wait_for()
    chosen = desk.page.locator("#offers .active").get_attribute("value")
    assert "改挂到" in decide(desk, lambda: desk.page.keyboard.press("Enter"))
    assert state_of(desk, placement) == "已否定"
    desk.open(f"/enterprises/{before}/")
    assert "已确认" in desk.text(f"#placements li:has(a[href*='{chosen}'])")


def test_none_of_ours_is_remembered_and_shown_on_the_firm(desk):
    before = firm(desk)
    assert "链外企业" in by_key(desk, "0")
    assert firm(desk) != before
    desk.open("/outside-firms/")
    assert desk.rows() >= 1
    open_desk(desk)
    assert firm(desk) != before
    assert not desk.page.locator(f"[data-firm='{before}']").count()


def test_skipping_asks_nothing_of_the_server_and_help_tells_the_keys(desk):
    before = firm(desk)
    desk.page.keyboard.press("s")
    desk.page.locator("#now [data-firm]").wait_for()
    assert firm(desk) != before
    desk.page.keyboard.press("?")
    assert desk.page.locator("#help").is_visible()
    desk.page.keyboard.press("Escape")
    assert not desk.page.locator("#help").is_visible()
    desk.page.keyboard.press("r")
    role = desk.page.locator("#now .candidate.at select")
    assert role.input_value() != desk.page.locator("#now .candidate.at").get_attribute("data-role")


def test_the_queue_ends_with_words(admin):
    admin.open("/review/?chain=JC&band=5")
    for _ in range(60):
        admin.page.locator("#now > *").first.wait_for()
        if admin.page.locator("#now .review-done").count():
            break
        admin.page.keyboard.press("s")
    assert "都核定完了" in admin.text("#now")
    admin.page.wait_for_load_state("networkidle")


def test_a_chain_office_reviews_its_own_chain_alone(visit):
    office = visit("sh-office")
    open_desk(office, "/review/")
    assert not office.page.locator("#now [data-whole]").count(), "of other chains it cannot say none of ours"
    chains = office.texts("#now .candidate:has(form) strong")
    assert chains
    assert all(one.startswith("石油化工") for one in chains)
    assert office.page.locator("nav a[href='/review/']").count()


def test_a_reader_finds_no_desk(visit):
    reader = visit("reader")
    assert reader.open("/review/") == 403
    assert not reader.page.locator("a[href='/review/']").count()
