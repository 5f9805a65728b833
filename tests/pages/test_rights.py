"""Everybody sees his own rows and is told, in words, where his reach ends."""


def test_a_district_officer_sees_only_firms_of_the_district(visit, admin):
    officer = visit("xigu")
    whole = admin.rows("/enterprises/")
    # Firms of a zone that lies elsewhere are not the district's.
    assert 0 < officer.rows("/enterprises/?size=200") < whole
    assert all("西固区" in text for text in officer.texts("tbody td[data-label=所在地]"))
    assert officer.rows("/enterprises/?f.place=620105") == 0
    assert officer.rows("/placements/") == admin.rows("/placements/?f.place=620104")


def test_the_page_of_a_firm_elsewhere_is_not_found_and_says_so(visit, admin):
    admin.open("/enterprises/?f.place=620105")
    elsewhere = admin.page.locator("tbody a").first.evaluate("a => a.pathname")
    officer = visit("xigu")
    assert officer.open(elsewhere) == 404
    assert officer.text("h1") == "找不到"
    assert "不在您的范围内" in officer.text("main")
    officer.follow("text=回到总览")
    assert "总览" in officer.text("h1")


def test_what_a_role_may_not_do_is_neither_offered_nor_done(visit):
    reader = visit("reader")
    reader.open("/enterprises/")
    for word in ("新增", "导入"):
        assert not reader.page.locator(f"main a:has-text('{word}')").count()
    for path in ("/enterprises/new/", "/enterprises/import/", "/chains/new/"):
        assert reader.open(path) == 403
        assert reader.text("h1") == "没有权限"
        assert "权限" in reader.text("main p")


def test_only_those_who_may_decide_are_asked_to(visit, admin):
    admin.open("/placements/?f.chain=SH&f.place=620104")
    admin.follow("tbody a")
    admin.follow("dl dd a")
    firm = admin.page.evaluate("location.pathname")
    buttons = "#placements button:has-text('否定')"
    for username, may in (("xigu", True), ("reader", False)):
        person = visit(username)
        person.open(firm)
        assert bool(person.page.locator(buttons).count()) is may, username


def test_a_page_that_is_not_there_says_what_to_do(admin):
    for path in ("/nothing/", "/enterprises/99999999/", "/desk/ZZ/", "/desk/SH/SH-9999/"):
        assert admin.open(path) == 404
        assert admin.text("h1") == "找不到"
        assert len(admin.text("main p")) > 8


def test_an_enterprise_sees_itself_alone(visit):
    firm = visit("firm")
    assert firm.rows("/enterprises/") == 1
    firm.follow("tbody a")
    assert firm.page.locator("#placements").count() == 1


def test_the_security_administrator_makes_an_account_and_gives_it_a_role(visit, size):
    guard = visit("security")
    guard.open("/")
    assert guard.page.locator("main").count(), "a page of words, where there is no business to see"
    guard.open("/admin/accounts/")
    assert {"admin", "xigu", "firm"} <= {text.split()[0] for text in guard.texts("tbody td[data-label=用户名]")}
    guard.follow("text=新建账号")
    guard.page.fill("#id_username", f"li-{size}")
    guard.page.fill("#id_name", "李四")
    guard.follow("main form button:has-text('新建')")
    secret = guard.text("#secret")
    guard.follow("text=去授权")
    guard.page.select_option("#role", "district-office")
    guard.page.fill("#place", "不存在的县")
    guard.follow("main button:has-text('授权')")
    assert "不存在的县" in guard.text("[role=alert]")
    guard.page.select_option("#role", "district-office")
    guard.page.fill("#place", "西固区")
    guard.follow("main button:has-text('授权')")
    assert "县区经办 限 甘肃省兰州市西固区" in " ".join(guard.text("main").split())

    newcomer = visit()
    newcomer.sign_in(f"li-{size}", secret)
    assert newcomer.text("h1") == "修改密码"
    guard.follow("text=停用账号")
    newcomer.open("/account/")
    assert newcomer.text("h1") == "登录链谱"


def test_nobody_is_offered_to_raise_himself(visit):
    guard = visit("security")
    guard.open("/admin/accounts/?q=security")
    guard.follow("tbody a")
    assert "这是您自己的账号" in guard.text("main")
    assert not guard.page.locator("main button:has-text('授权')").count()


def test_the_auditor_reads_the_account_log_and_is_offered_nothing_to_change(visit):
    auditor = visit("auditor")
    assert auditor.rows("/account-log/") > 0
    auditor.open("/admin/accounts/")
    assert not auditor.page.locator("text=新建账号").count()
    auditor.follow("tbody a")
    assert not auditor.page.locator("main form button").count()
