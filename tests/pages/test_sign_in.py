"""Whoever is not signed in is asked to; a wrong password is said; signing out closes the door behind one."""


def test_a_stranger_is_asked_to_sign_in_first(visit):
    stranger = visit()
    for path in ("/", "/desk/SH/", "/enterprises/", "/enterprises/import/", "/dictionary/", "/nothing/"):
        stranger.open(path)
        assert stranger.text("h1") == "登录链谱", path
        assert not stranger.page.locator("nav[aria-label=主菜单]").count()


def test_signing_in_leads_to_the_page_that_was_asked_for(visit):
    reader = visit()
    reader.open("/desk/SH/?segment=SH-2101")
    reader.sign_in("reader")
    assert reader.page.url.endswith("/desk/SH/?segment=SH-2101")
    assert "石油化工产业链" in reader.text("h1")


def test_a_wrong_password_is_said_and_lets_nobody_in(visit):
    reader = visit()
    reader.sign_in("admin", "not the password")
    assert "用户名或密码不对" in reader.text("[role=alert]")
    assert reader.page.input_value("#id_username") == "admin", "what was typed stays"
    reader.open("/enterprises/")
    assert reader.text("h1") == "登录链谱"


def test_signing_out_closes_the_session(visit):
    reader = visit()
    reader.sign_in("reader")
    assert "产业链总览" in reader.text("h1")
    if reader.size == "phone":
        reader.page.click("button[aria-label=菜单]")
    reader.follow("text=退出")
    assert reader.text("h1") == "登录链谱"
    reader.open("/")
    assert reader.text("h1") == "登录链谱"
