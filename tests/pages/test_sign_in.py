"""Whoever is not signed in is asked to; a wrong password is said; signing out closes the door behind one.

One's own page leads to a new password, to the second step, and to the places where one is signed in.
"""

import pytest

GOOD = "Lan-Zhou 2021"


@pytest.fixture
def newcomer(site, size):
    """An account of this test alone, with a password that he chose himself."""
    from django.contrib.auth import get_user_model

    from lianpu.register.rights import SYSTEM
    from lianpu.site.accounts.services import create_account

    person, _ = create_account(user=SYSTEM, username=f"newcomer-{size}", name="新来", password=GOOD)
    yield person
    get_user_model().objects.filter(pk=person.pk).delete()


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
    reader.sign_in("firm", "not the password")
    assert "用户名或密码不对" in reader.text("[role=alert]")
    assert reader.page.input_value("#id_username") == "firm", "what was typed stays"
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


def test_who_fails_too_often_is_told_to_wait(visit, size):
    stranger = visit()
    for _ in range(5):
        stranger.sign_in(f"nobody-{size}", "guess")
    assert stranger.text("h1") == "账号已锁定"
    assert "15 分钟" in stranger.text("main")
    stranger.follow("text=回到登录页")
    assert stranger.text("h1") == "登录链谱"


def code_now(secret):
    """What an authenticator application shows at this moment."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_the_second_step_is_set_up_and_asked_for(visit, newcomer):
    reader = visit()
    reader.sign_in(newcomer.username, GOOD)
    reader.open("/account/")
    assert "未开启" in reader.text("main")
    reader.follow("main a:has-text('开启')")
    assert reader.text("h1") == "请再确认是您本人"
    reader.page.fill("#id_password", GOOD)
    reader.follow("main button")
    assert reader.page.locator("img[alt*=二维码]").evaluate("image => image.naturalWidth") > 0
    reader.page.click("summary")
    secret = reader.text("details code")
    reader.page.fill("#id_code", code_now(secret))
    reader.follow("main button:has-text('开启')")
    assert reader.text("h1") == "备用恢复码"
    codes = reader.text("pre").split()
    assert len(codes) == 10
    reader.follow("text=完成")
    assert "已开启" in reader.text("main")

    for code in (None, codes[0]):  # what the application shows when it is asked for, then a recovery code
        again = visit()
        again.sign_in(newcomer.username, GOOD)
        assert again.text("h1") == "两步验证"
        again.page.fill("#id_code", "123")
        again.follow("main button:has-text('登录')")
        assert "验证码不对" in again.text("main")
        again.page.fill("#id_code", code or code_now(secret))
        again.follow("main button:has-text('登录')")
        assert "/sign-in/" not in again.page.url


def test_a_given_password_is_changed_before_anything_else(visit, newcomer):
    from lianpu.register.rights import SYSTEM
    from lianpu.site.accounts.services import reset_password

    given = reset_password(user=SYSTEM, person=newcomer)
    reader = visit()
    reader.sign_in(newcomer.username, given)
    assert reader.text("h1") == "修改密码"
    reader.open("/enterprises/")
    assert reader.text("h1") == "修改密码"
    for new, said in (("short", "10"), ("Neu-Anfang 77", "")):
        reader.page.fill("#id_oldpassword", given)
        reader.page.fill("#id_password1", new)
        reader.page.fill("#id_password2", new)
        reader.follow("main button:has-text('保存')")
        if said:
            assert said in " ".join(reader.texts(".invalid-feedback"))
    assert reader.text("h1") == "我的账号"


def test_one_signs_himself_out_elsewhere(visit, newcomer):
    here, there = visit(), visit()
    for reader in (there, here):
        reader.sign_in(newcomer.username, GOOD)
    here.open("/account/")
    here.follow("text=退出其他各处")
    there.open("/account/")
    assert there.text("h1") == "登录链谱"
    here.open("/account/")
    assert here.text("h1") == "我的账号"
