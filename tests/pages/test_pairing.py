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
