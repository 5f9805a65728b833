"""Pairing: from the segments of a chain, each with its state and firms, to pairs and targets."""


def test_segments_to_choose_from_tell_their_state_by_shape_and_open_to_their_firms(admin):
    admin.open("/pairing/?chain=SH")
    row = admin.page.locator("tbody tr", has_text="乙烯裂解与烯烃")
    assert row.locator(".state").inner_text() == "● 优势"
    firms = row.locator("td.num a")
    counted = int(firms.inner_text())
    assert counted == admin.rows_behind(firms.evaluate("a => a.href")) > 0
    row.locator("td a").first.click()
    admin.page.wait_for_selector("#pairs")
    assert f"本地{counted}家" in admin.text("main")


def test_the_page_of_a_segment_leads_to_the_map_and_tells_inflows_from_outflows(admin):
    admin.open("/segments/?f.segment=SH-2101&q=乙烯裂解与烯烃")
    admin.follow("#rows tbody td a >> nth=0")
    told = [text.split() for text in admin.texts(".list-group a") if "环节流向" in text]
    assert len(told) == 2
    assert told[0] != told[1]
    assert len({tuple(words[:2]) for words in told}) == 2
    admin.follow("main a:text-is('在图谱上看')")
    admin.page.wait_for_selector("#sheet h2")
    assert "乙烯裂解与烯烃" in admin.text("#sheet h2")
