"""Signing in: the lock, the second step, the rules of passwords and of sessions, and what is written down of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from axes.models import AccessAttempt
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import F
from django.test import Client
from django.utils import timezone

from lianpu.register.models import Account, AccountEvent, PastPassword
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant
from lianpu.site.accounts import passwords, services

GOOD = "Lan-Zhou 2021"
pytestmark = pytest.mark.django_db


@pytest.fixture
def zhang() -> Any:
    person, _ = services.create_account(user=SYSTEM, username="zhang", name="张三", password=GOOD)
    return person


def sign_in(client: Client, password: str = GOOD, username: str = "zhang", **more: Any) -> Any:
    return client.post("/sign-in/", {"username": username, "password": password}, **more)


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def logged(*what: str) -> list[tuple[str, str, str]]:
    found = AccountEvent.objects.filter(what__in=what) if what else AccountEvent.objects.all()
    return list(found.order_by("pk").values_list("what", "username", "address"))


def code_of(person: Any) -> str:
    """What the authenticator application shows at this moment."""
    held = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP)
    from allauth.mfa.utils import decrypt

    return totp(decrypt(held.data["secret"]))


def totp(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


# -- signing in and the account log --------------------------------------------------------------
def test_a_sign_in_leads_on_and_is_written_down(zhang: Any, client: Client) -> None:
    answer = client.post("/sign-in/", {"username": "zhang", "password": GOOD, "next": "/dictionary/"})
    assert (answer.status_code, answer["Location"]) == (302, "/dictionary/")
    client.post("/sign-out/")
    assert not is_in(client)
    assert logged("signed-in", "signed-out") == [
        ("signed-in", "zhang", "127.0.0.1"), ("signed-out", "zhang", "127.0.0.1")
    ]  # fmt: skip


def test_the_way_on_leads_to_no_other_house(zhang: Any, client: Client) -> None:
    answer = client.post("/sign-in/", {"username": "zhang", "password": GOOD, "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"


def test_a_failure_is_written_down_without_what_was_typed(zhang: Any, client: Client) -> None:
    answer = sign_in(client, "a secret slip")
    assert answer.status_code == 200
    assert "用户名或密码不对" in answer.content.decode()
    assert logged("failed") == [("failed", "zhang", "127.0.0.1")]
    kept = [str(vars(row)) for table in (AccountEvent, AccessAttempt) for row in table.objects.all()]
    assert not any("slip" in row for row in kept)


def test_a_name_that_nobody_bears_is_answered_like_a_wrong_password(zhang: Any, client: Client) -> None:
    unknown, wrong = sign_in(client, username="nobody"), sign_in(Client(), "wrong")
    assert unknown.context["form"].non_field_errors() == wrong.context["form"].non_field_errors()


def test_nobody_registers_or_asks_for_a_mail(client: Client) -> None:
    for path in ("signup", "password/reset", "email"):
        assert client.get(f"/account/{path}/").status_code in (302, 404)
    assert not get_user_model().objects.exists()


# -- the lock ------------------------------------------------------------------------------------
def locked_out(client: Client, username: str = "zhang") -> Any:
    for _ in range(5):
        answer = sign_in(client, "wrong", username)
    return answer


def test_five_failures_lock_the_account_for_the_address_and_say_how_long(zhang: Any, client: Client) -> None:
    answer = locked_out(client)
    assert answer.status_code == 429
    assert "15 分钟" in answer.content.decode()
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert sign_in(client).status_code == 429, "the right password does not open it either"
    assert sign_in(client, username="ZHANG").status_code == 429, "nor another way of writing the name"
    assert not is_in(client)
    assert sign_in(Client(REMOTE_ADDR="10.0.0.9")).status_code == 302, "elsewhere the owner comes in"
    assert [what for what, *_ in logged("locked")] == ["locked"]


def test_writing_the_name_otherwise_each_time_does_not_evade_the_lock(zhang: Any, client: Client) -> None:
    answers = [sign_in(client, "wrong", name).status_code for name in ("zhang", "Zhang", "ZHANG", " zhang", "zHang")]
    assert answers == [200, 200, 200, 200, 429]


def test_another_browser_at_the_same_address_is_the_same_attacker(zhang: Any) -> None:
    answers = [sign_in(Client(HTTP_USER_AGENT=f"browser {n}"), "wrong").status_code for n in range(5)]
    assert answers[-1] == 429


def test_the_lock_opens_by_itself_in_time(zhang: Any, client: Client) -> None:
    locked_out(client)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=14))
    answer = sign_in(client)
    assert answer.status_code == 429
    assert "1 分钟" in answer.content.decode()
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=2))
    assert sign_in(client).status_code == 302


def test_trying_on_does_not_lengthen_the_lock(zhang: Any, client: Client) -> None:
    locked_out(client)
    last = AccessAttempt.objects.get().attempt_time
    for _ in range(3):
        sign_in(client, "wrong")
    assert AccessAttempt.objects.get().attempt_time == last


def test_a_security_administrator_unlocks(zhang: Any, client: Client) -> None:
    locked_out(client)
    guard = grant("guard", {"accounts": ["view", "administer"]})
    services.unlock(user=guard, person=zhang)
    assert sign_in(client).status_code == 302
    assert AccountEvent.objects.filter(what="unlocked", username="zhang", by="guard").exists()


def test_success_forgets_earlier_failures(zhang: Any, client: Client) -> None:
    for _ in range(2):
        for _ in range(4):
            sign_in(client, "wrong")
        assert sign_in(client).status_code == 302
        client.logout()


def test_behind_a_proxy_the_address_is_the_one_it_saw(zhang: Any, settings: Any) -> None:
    settings.LIANPU_PROXIES = 1
    behind = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 192.0.2.7")
    sign_in(behind, "wrong")
    settings.LIANPU_PROXIES = 0
    sign_in(behind, "wrong")
    assert [address for *_, address in logged("failed")] == ["192.0.2.7", "10.0.0.1"]


# -- the second step -----------------------------------------------------------------------------
@pytest.fixture
def protected(zhang: Any, django_capture_on_commit_callbacks: Any) -> Any:
    """张三 has set up the second step on the pages."""
    browser = Client()
    sign_in(browser)
    with django_capture_on_commit_callbacks(execute=True):
        assert set_up_second_step(browser)["Location"] == "/account/recovery-codes/"
    return zhang


def set_up_second_step(browser: Client) -> Any:
    """What touches the account's safety asks for the password once more; then scan, and type the code."""
    way = browser.get("/account/second-step/activate/")
    assert way["Location"].startswith("/account/again/")
    assert "密码不对" in browser.post(way["Location"], {"password": "wrong"}).content.decode()
    page = browser.post(way["Location"], {"password": GOOD}, follow=True)
    return browser.post("/account/second-step/activate/", {"code": totp(page.context["form"].secret)})


def test_the_second_step_is_asked_for_and_its_secret_is_not_kept_in_the_open(protected: Any, client: Client) -> None:
    answer = sign_in(client)
    assert answer["Location"] == "/sign-in/second-step/"
    assert not is_in(client), "a password alone is half a sign-in"
    assert "验证码不对" in client.post("/sign-in/second-step/", {"code": "000000"}).content.decode()
    assert client.post("/sign-in/second-step/", {"code": code_of(protected)}).status_code == 302
    assert is_in(client)
    held = Authenticator.objects.get(user=protected, type=Authenticator.Type.TOTP).data["secret"]
    assert len(held) > 60, "encrypted"
    assert [what for what, *_ in logged("second-step-on", "failed")] == [
        "failed", "second-step-on", "failed"
    ]  # fmt: skip


def test_guessing_codes_locks_like_guessing_passwords(protected: Any, client: Client) -> None:
    sign_in(client)
    answers = [client.post("/sign-in/second-step/", {"code": "000000"}).status_code for _ in range(5)]
    assert answers[-1] == 429
    assert client.post("/sign-in/second-step/", {"code": code_of(protected)}).status_code == 429
    assert not is_in(client)
    assert sign_in(Client()).status_code == 429


def test_a_recovery_code_opens_once(protected: Any) -> None:
    codes = Authenticator.objects.get(user=protected, type=Authenticator.Type.RECOVERY_CODES).wrap()
    code = codes.get_unused_codes()[0]
    for opens in (True, False):
        browser = Client()
        sign_in(browser)
        browser.post("/sign-in/second-step/", {"code": code})
        assert is_in(browser) is opens


def test_under_another_key_no_code_fits_and_the_administrator_helps(protected: Any, settings: Any) -> None:
    now = code_of(protected)
    settings.SECRET_KEY = "of another installation"
    browser = Client()
    sign_in(browser)
    assert "验证码不对" in browser.post("/sign-in/second-step/", {"code": now}).content.decode()
    services.reset_second_step(user=SYSTEM, person=protected)
    assert sign_in(Client())["Location"] == "/"


def test_roles_can_make_the_second_step_compulsory(zhang: Any, client: Client, settings: Any) -> None:
    held = grant("zhang", {"*": ["view"]}).grants.get()
    settings.LIANPU_MFA_ROLES = f"other,{held.role.code}"
    sign_in(client)
    assert client.get("/")["Location"] == "/account/second-step/activate/?due=1"
    assert client.get("/api/chains/").status_code == 403
    set_up_second_step(client)
    assert client.get("/").status_code == 200
    client.post("/account/second-step/deactivate/", {})
    assert Authenticator.objects.filter(user=zhang, type=Authenticator.Type.TOTP).exists(), "not to be turned off"


def test_a_lost_device_is_helped_by_the_administrator(protected: Any, client: Client) -> None:
    services.reset_second_step(user=grant("guard", {"accounts": ["administer"]}), person=protected)
    assert sign_in(client)["Location"] == "/"
    assert is_in(client)
    assert ("second-step-off", "zhang", "") in logged()


# -- passwords -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("password", "word"),
    [("Short1!", "10"), ("onlylowercase", "至少3类"), ("Zhangsanfeng.1", "用户名"), ("password1234", "至少3类")],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, word: str) -> None:
    with pytest.raises(ValidationError) as refused:
        services.create_account(user=SYSTEM, username="zhangsanfeng", password=password)
    assert word in "".join(refused.value.messages)
    assert not get_user_model().objects.exists()


def test_a_given_password_must_be_changed_first_and_not_into_itself(zhang: Any, client: Client) -> None:
    given = services.reset_password(user=SYSTEM, person=zhang)
    assert sign_in(client).status_code == 200, "the old one is gone"
    sign_in(client, given)
    assert client.get("/")["Location"] == "/account/password/?due=1"
    assert client.get("/enterprises/")["Location"] == "/account/password/?due=1"
    assert client.get("/api/chains/").status_code == 403

    def change(new: str) -> Any:
        return client.post("/account/password/", {"oldpassword": given, "password1": new, "password2": new})

    assert "不能与最近" in change(given).content.decode()
    assert change("Brand-new 77").status_code == 302
    assert client.get("/account/").status_code == 200
    assert client.get("/dictionary/").status_code == 200, "signed in still, and free to go"
    assert [what for what, *_ in logged("password-reset", "password-changed")] == ["password-reset", "password-changed"]


def test_a_reset_ends_the_tokens_too(zhang: Any) -> None:
    from lianpu.register import tokens

    grant("zhang", {"*": ["view"]})
    _, secret = tokens.make(user=zhang, name="月报")
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    assert program.get("/api/chains/").status_code == 200
    services.reset_password(user=SYSTEM, person=zhang)
    assert program.get("/api/chains/").status_code == 401


def test_none_of_the_last_passwords_comes_again(zhang: Any, settings: Any) -> None:
    settings.LIANPU_PASSWORD_HISTORY = 2
    for number, password in enumerate(["Anders-1 x", "Anders-2 x", "Anders-3 x"]):
        passwords.ReuseValidator().validate(password, zhang)
        zhang.set_password(password)
        zhang.save()
        assert PastPassword.objects.filter(user=zhang).count() == min(number + 2, 2)
    for password, free in (("Anders-3 x", False), ("Anders-2 x", False), ("Anders-1 x", True), (GOOD, True)):
        if free:
            passwords.ReuseValidator().validate(password, zhang)
        else:
            with pytest.raises(ValidationError):
                passwords.ReuseValidator().validate(password, zhang)


def test_an_old_password_is_due(zhang: Any, client: Client, settings: Any) -> None:
    Account.objects.filter(user=zhang).update(password_at=timezone.now() - timedelta(days=91))
    sign_in(client)
    assert client.get("/dictionary/").status_code == 200
    settings.LIANPU_PASSWORD_DAYS = 90
    assert client.get("/dictionary/")["Location"] == "/account/password/?due=1"


def test_made_passwords_pass_the_rules() -> None:
    from django.contrib.auth.password_validation import validate_password

    made = {passwords.made_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        validate_password(password)


# -- sessions ------------------------------------------------------------------------------------
def rewind(client: Client, **seconds: int) -> None:
    session = client.session
    for clock, back in seconds.items():
        session[clock] -= back
    session.save()


def test_an_idle_session_ends_and_a_used_one_does_not(zhang: Any, client: Client) -> None:
    sign_in(client)
    for _ in range(3):
        rewind(client, seen=29 * 60)
        assert is_in(client), "used every 29 minutes"
    rewind(client, seen=31 * 60)
    assert not is_in(client)
    assert [what for what, *_ in logged("timed-out", "signed-out")] == ["timed-out"]


def test_no_session_lasts_for_ever(zhang: Any, client: Client) -> None:
    sign_in(client)
    rewind(client, since=12 * 3600 + 1)
    assert not is_in(client)


def test_one_session_an_account_where_the_rules_say_so(zhang: Any, settings: Any) -> None:
    first, second = Client(), Client()
    sign_in(first)
    sign_in(second)
    assert is_in(first)
    assert is_in(second)
    settings.LIANPU_ONE_SESSION = 1
    third = Client()
    sign_in(third)
    assert (is_in(first), is_in(second), is_in(third)) == (False, False, True)


def test_one_signs_himself_out_elsewhere(zhang: Any, client: Client) -> None:
    other = Client()
    sign_in(other)
    sign_in(client)
    client.post("/account/sessions/")
    assert (is_in(client), is_in(other)) == (True, False)


@pytest.mark.parametrize("verb", ["end_sessions", "reset_password", "disable"])
def test_an_administrator_signs_somebody_out(zhang: Any, client: Client, verb: str) -> None:
    guard = grant("guard", {"accounts": ["administer"]})
    sign_in(client)
    if verb == "disable":
        services.set_active(user=guard, person=zhang, active=False)
    else:
        getattr(services, verb)(user=guard, person=zhang)
    assert not is_in(client)


def test_a_closed_account_stays_out_and_says_why(zhang: Any, client: Client) -> None:
    grant("other", {"accounts": ["administer"]})
    services.set_active(user=SYSTEM, person=zhang, active=False)
    answer = client.post("/sign-in/", {"username": "zhang", "password": GOOD}, follow=True)
    assert "账号已停用" in answer.content.decode()
    assert not is_in(client)
    services.set_active(user=SYSTEM, person=zhang, active=True)
    assert sign_in(client).status_code == 302


def test_cookies_are_for_the_server_alone_and_end_with_the_browser(zhang: Any, client: Client) -> None:
    cookie = sign_in(client).cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["max-age"]


def test_signing_in_needs_a_form_of_ours(zhang: Any) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict).status_code == 403


# -- one's own page ------------------------------------------------------------------------------
def test_everybody_sees_who_he_is_here(zhang: Any, client: Client, gazetteer: Mapping[str, Any]) -> None:
    role = grant("somebody", {"*": ["view"]}).grants.get().role
    services.give_role(user=SYSTEM, person=zhang, role=role, place="西固区")
    sign_in(client, REMOTE_ADDR="192.0.2.5")
    page = client.get("/account/").content.decode()
    for word in ("zhang", "张三", role.name, "甘肃省兰州市西固区", "192.0.2.5", "修改密码", "两步验证"):
        assert word in page, word
