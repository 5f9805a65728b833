"""If these projects succeed: chosen on the page, shown before and after, kept, opened again and compared."""


def test_projects_are_chosen_supposed_kept_and_compared(admin):
    admin.open("/scenario/?chain=QN")
    for box in admin.page.locator("#candidates input[type=checkbox]").all()[:3]:
        box.check()
    with admin.page.expect_navigation():
        admin.page.click("text=推演所选")
    assert admin.page.locator("#chosen tbody tr").count() == 3
    risen = admin.page.locator("#segments tbody tr").first
    assert risen.locator(".state").first.inner_text() == "○ 缺失"
    assert risen.locator("a").count() >= 2, "the segment and the project that fills it"
    assert admin.page.locator("#findings .badge >> text=不再成立").count() > 0
    assert admin.page.locator("#draws tbody tr").count() > 5
    needed = admin.page.locator("#factors tbody tr").first.locator("a").nth(1)
    assert admin.rows_behind(admin.site + needed.get_attribute("href")) == int(needed.inner_text())
    name = f"示例氢能情景 {admin.size}"
    admin.page.fill("#keep [name=name]", name)
    admin.page.fill("#keep [name=why]", "链长会研究")
    with admin.page.expect_navigation():
        admin.page.click("#keep button")
    assert admin.text("h1").startswith(name)
    assert "链长会研究" in admin.text("main")
    admin.page.locator("#saved tbody tr", has_text="补链招商项目投产").locator("input").check()
    with admin.page.expect_navigation():
        admin.page.click("text=比较所选情景")
    assert len(admin.texts("#compared thead th")) == 3


def test_a_portfolio_is_solved_and_goes_to_the_scenario_page_in_one_click(admin):
    admin.open("/portfolio/")
    admin.page.fill("#b-land_mu", "100")
    admin.page.fill("#least", "1")
    with admin.page.expect_navigation():
        admin.page.click("text=求解")
    assert "最优" in admin.text("#headline")
    chosen = int(admin.text("#headline a >> nth=0"))
    assert 0 < chosen == admin.page.locator("#chosen tbody tr").count()
    assert "不足" in admin.text("#out tbody")
    used = admin.page.locator("#budgets tbody tr").first.locator("a")
    assert admin.rows_behind(admin.site + used.get_attribute("href")) > 0
    admin.follow("#out a >> text=看影响 >> nth=0")
    assert "价值合计减少" in admin.text("#instead")
    with admin.page.expect_navigation():
        admin.page.click("#send")
    assert admin.page.locator("#chosen tbody tr").count() == chosen
    assert "项目组合" in admin.page.input_value("#keep [name=why]")


def test_figures_of_compared_scenarios_open_to_the_rows_of_the_scenario(admin):
    admin.open("/scenario/")
    admin.page.locator("#saved tbody tr", has_text="补链招商项目投产").locator("input").check()
    with admin.page.expect_navigation():
        admin.page.click("text=比较所选情景")
    risen = admin.page.locator("#compared tr", has_text="状态上升的环节").locator("a")
    told = risen.inner_text()
    risen.click()
    admin.page.wait_for_selector("#headline")
    assert admin.page.url.endswith("#segments")
    assert told == admin.page.locator("#headline div", has_text="状态上升的环节").locator("a").inner_text()


def test_what_cannot_be_kept_together_is_named_with_its_limit_in_either_language(admin):
    admin.open("/portfolio/?value=output&b.land_mu=10&least=2")
    assert admin.text("#clash tbody td").startswith("用地（亩） 不超过 10")
    admin.follow("#language")
    assert admin.text("#clash tbody td") == "Land (mu): at most 10"
    admin.follow("#language")


def test_a_limit_that_is_no_number_leaves_the_form_whole(admin):
    admin.open("/portfolio/?value=output&b.land_mu=abc")
    assert "abc" in admin.text("[role=alert]")
    assert admin.page.locator("#b-energy_tce").count() == 1
    assert "候选合计需" not in admin.text("#rules"), "nothing was counted"
