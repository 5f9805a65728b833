"""The findings: in rank order, each open to its parts and rows, told robust or fragile, and whether anybody acts."""

import csv
import io
import re

import pytest

SH = "/findings/?f.latest=是&f.chain=石油化工"


def column(reader, label):
    return reader.texts(f"#rows tbody > tr:not(.unfolded) > td[data-label={label}]")


def quick(reader, label, words):
    reader.follow(f".quick [aria-label={label}] a:text-is('{words}')")


def unfold(reader, nth=0):
    reader.page.click(f"button.unfold >> nth={nth}")
    reader.page.wait_for_selector(".unfolded")


def test_a_chain_is_listed_by_rank_and_one_click_changes_chain_and_kind(admin):
    admin.open(SH)
    ranks = [int(text) for text in column(admin, "链内位次")]
    assert ranks == sorted(ranks)
    everything = admin.rows()
    quick(admin, "类别", "补链")
    assert set(column(admin, "类别")) == {"补链"}
    assert 0 < admin.rows() < everything
    quick(admin, "类别", "补链")
    assert admin.rows() == everything, "the second click takes it away"
    admin.page.click(".quick [aria-label=产业链] button")
    admin.follow(".quick [aria-label=产业链] .dropdown-menu a:text-is('建材')")
    assert set(column(admin, "产业链")) == {"建材"}


def test_a_row_opens_in_place_to_parts_that_sum_to_its_score(admin):
    admin.open(SH)
    score = float(column(admin, "得分")[1])
    unfold(admin, 1)
    points = admin.page.eval_on_selector_all(
        ".unfolded table:has(meter) tbody tr", "rows => rows.map(r => parseFloat(r.cells[4].innerText))"
    )
    assert sum(points) == pytest.approx(score, abs=0.002)
    bars = admin.page.eval_on_selector_all(".unfolded meter", "all => all.map(m => m.value)")
    assert bars == pytest.approx(points, abs=0.0001)
    admin.page.click("button.unfold >> nth=1")
    assert admin.page.locator(".unfolded").count() == 0
    assert admin.page.locator("button.unfold >> nth=1").get_attribute("aria-expanded") == "false"


def test_every_figure_of_an_opened_row_leads_to_its_rows(admin):
    admin.open("/findings/?f.latest=是&f.kind=strengthen")
    unfold(admin)
    counted = admin.page.locator(".unfolded a", has_text=re.compile(r"^\d+ 家$")).first
    firms = int(re.match(r"\d+", counted.inner_text())[0])
    assert admin.rows_behind(counted.evaluate("a => a.href")) == firms > 0
    flow = admin.page.locator(".unfolded a[href*=segment-flows]").first
    assert admin.rows_behind(flow.evaluate("a => a.href")) >= 1


def test_a_gap_names_its_probability_and_the_model_it_comes_from(admin):
    admin.open("/findings/?f.latest=是&f.kind=extend")
    unfold(admin)
    told = admin.text(".unfolded")
    assert re.search(r"进入可能 \d+%，缺失环节平均 \d+%；进入概率模型 [0-9a-f]{12}", told)
    assert "进入可能" in admin.text(".unfolded table:has(meter)")
    admin.follow(".unfolded a:text-is('所据对照库')")
    assert "示例对照" in admin.text("main")


def test_a_fragile_finding_says_which_weight_moves_it_from_where_to_where(admin):
    admin.open("/findings/?f.latest=是")
    quick(admin, "稳健性", "易变")
    assert set(column(admin, "稳健性")) == {"易变"}
    rank = column(admin, "链内位次")[0]
    words = re.compile(rf"“.+”权重[增减]20%，由第{rank}位变为第\d+位")
    assert words.search(column(admin, "位次稳健性")[0])
    segment, chain = column(admin, "环节")[0].split()[0], column(admin, "产业链")[0]
    unfold(admin)
    assert words.search(admin.text(".unfolded .steady"))
    admin.follow(".unfolded a:text-is('在图谱上看')")
    assert chain in admin.text("h1")
    assert words.search(admin.text("#sheet .finding")), segment


def test_no_action_is_seen_and_ended_in_one_step(admin):
    admin.open("/findings/?f.latest=是&f.chain=氢能")
    quick(admin, "回应", "尚无行动")
    assert set(column(admin, "回应")) == {"尚无行动"}
    before = admin.rows()
    unfold(admin)
    admin.follow(".unfolded button:text-is('列为招商线索')")
    lead = admin.page.url
    try:
        assert "/leads/" in lead
        assert admin.rows("/findings/?f.latest=是&f.chain=氢能&f.answer=none") == before - 1
    finally:
        from lianpu.promotion.models import Lead

        Lead.objects.get(pk=int(lead.rstrip("/").rsplit("/", 1)[1])).delete()


def test_what_is_shown_is_what_is_taken_away(admin):
    admin.open(SH + "&f.robustness=robust&f.answer=none&sort=-score")
    shown = column(admin, "环节")
    admin.page.click("button:has-text('导出')")
    with admin.page.expect_download() as download:
        admin.page.click("a.dropdown-item:text-is('csv')")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_bytes().decode("utf-8-sig"))))
    assert [row["环节"] for row in rows] == [name.split()[0] for name in shown]
    assert {row["回应"] for row in rows} == {"尚无行动"}
    assert all(row["位次稳健性"].startswith("稳健：") for row in rows)


def test_nothing_found_says_what_to_do(admin):
    admin.open("/findings/?f.latest=是&f.segment=无此环节")
    assert "没有符合条件的诊断结论" in admin.text("#rows")
    assert "清除全部条件" in admin.text("#rows")


def test_the_cockpit_and_the_chain_desk_lead_here(admin):
    admin.open("/")
    admin.follow("#all-findings")
    assert "诊断结论" in admin.text("h1")
    assert admin.rows() > 100
    admin.open("/desk/SH/")
    admin.follow("#all-findings")
    assert set(column(admin, "产业链")) == {"石油化工"}


def test_it_fits_the_width_and_prints_what_is_opened(admin):
    admin.open(SH)
    unfold(admin)
    if admin.size == "phone":
        assert admin.page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    admin.page.emulate_media(media="print")
    assert admin.page.locator(".unfolded .steady").first.is_visible()
    assert not admin.page.locator(".quick").is_visible()
    assert not admin.page.locator("button.unfold").first.is_visible()
