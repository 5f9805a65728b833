"""The cockpit: twelve chains as cards, the map and the table that equals it."""

import re


def test_every_chain_has_a_card_whose_numbers_open_to_their_rows(admin):
    admin.open("/")
    cards = admin.page.locator(".chain-card")
    assert cards.count() == 12 == admin.page.locator(".chain-card h2 a").count()
    card = cards.nth(4)
    links = card.locator(".states-bar a, b a, .card-footer a").all()
    told = [(int(re.search(r"\d+", link.inner_text())[0]), link.evaluate("a => a.href")) for link in links]
    segments = max(number for number, url in told if "f.state" not in url and "segment-states" in url)
    assert sum(number for number, url in told if "f.state=" in url and "," not in url) == segments
    assert len(told) >= 6
    for number, url in told:
        assert admin.rows_behind(url) == number, url


def test_the_strongest_findings_lead_to_their_segment(admin):
    admin.open("/")
    link = admin.page.locator(".chain-card li a").first
    name = link.inner_text()
    with admin.page.expect_navigation():
        link.click()
    assert admin.text("#sheet h2").startswith(name)


def test_the_map_is_drawn_and_its_table_says_the_same(admin):
    admin.open("/")
    admin.page.wait_for_selector("body[data-place-drawn]")
    assert admin.page.locator("#map svg path").count() >= 8
    told = {row[0]: row[1] for row in (text.split("\t") for text in admin.texts("#by-district tbody tr"))}
    drawn = admin.page.evaluate(
        """() => { const chart = echarts.getInstanceByDom(document.getElementById('map')).getOption().series;
        const names = Object.fromEntries(JSON.parse(document.getElementById('district-data').textContent).map(d => [d.code, d.name]));
        return [...chart[0].data.map(d => [names[d.name], d.value]), ...chart[2].data.map(d => [d.name, d.value[2]])] }"""
    )
    assert {name: str(firms) for name, firms in drawn} == {
        name.removeprefix("◆").strip(): firms for name, firms in told.items()
    }
    assert {"城关区", "西固区", "兰州新区"} <= {name for name, _ in drawn}


def test_a_district_of_the_table_opens_to_its_firms(admin):
    admin.open("/")
    link = admin.page.locator("#by-district tr:has-text('安宁区') a").first
    told = int(link.inner_text())
    with admin.page.expect_navigation():
        link.click()
    assert admin.rows() == told
    assert all("安宁区" in text for text in admin.texts("tbody td[data-label=所在地]"))


def test_the_placed_firms_open_to_just_those_firms(admin):
    admin.open("/")
    for link in [
        admin.page.locator("#placed-firms"),
        admin.page.locator("#by-district tr:has-text('西固区') a").nth(1),
    ]:
        assert admin.rows_behind(link.evaluate("a => a.href")) == int(link.inner_text())


def test_recent_changes_are_those_of_people(admin):
    admin.open("/")
    assert "命令行" not in admin.texts("#recent li b")


def test_a_district_officer_is_not_told_that_other_districts_have_no_firms(visit):
    officer = visit("xigu")
    officer.open("/")
    rows = {text.split("\t")[0].strip(): text.split("\t")[1:] for text in officer.texts("#by-district tbody tr")}
    assert int(rows["西固区"][0]) > 0
    assert rows["城关区"] == ["—", "—"]


def test_every_number_of_firms_counts_within_the_reach_of_a_district_officer_and_opens_to_its_rows(visit, admin):
    officer = visit("xigu")
    officer.open("/")
    assert "您范围内" in officer.text("#reach")
    links = officer.page.locator(
        "#placed-firms, #placed-firms + a, .chain-card .counted, .chain-card .counted + a"
    ).all()
    told = [(int(re.search(r"\d+", link.inner_text())[0]), link.evaluate("a => a.href")) for link in links]
    assert len(told) == 2 + 2 * 12
    for number, url in told:
        assert officer.rows_behind(url) == number, url
    admin.open("/")
    assert 0 < told[0][0] < int(admin.text("#placed-firms"))
    assert not admin.page.locator("#reach").count()
