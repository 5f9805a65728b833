"""``lianpu admin``: from no account at all to several, and back in when nobody can sign in."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth import get_user_model
from django.test import Client

from lianpu.cli.main import main
from lianpu.register.models import AccountEvent, Grant

pytestmark = pytest.mark.django_db


def run(*words: str, typed: str = "") -> Any:
    return CliRunner().invoke(main, ["admin", *words], input=typed, catch_exceptions=False)


def sign_in(username: str, password: str) -> str:
    return Client().post("/sign-in/", {"username": username, "password": password}).headers.get("Location", "")


def test_from_nothing_to_separated_duties() -> None:
    assert not get_user_model().objects.exists(), "no account that nobody made"
    made = json.loads(run("create", "chief", "--name", "张三", "--json").stdout)
    assert get_user_model().objects.get(username="chief").is_superuser
    assert sign_in("chief", made["password"]) == "/"

    assert run("create", "wang", "--role", "security-admin").exit_code == 0
    wang = get_user_model().objects.get(username="wang")
    assert not wang.is_superuser
    assert run("create", "Wang").exit_code == 1, "taken"
    assert run("create", "li", "--role", "no-such-role").exit_code == 1

    run("create", "li", "--role", "reader")
    assert run("grant", "li", "district-office", "--place", "西固区").exit_code == 0
    assert Grant.objects.get(user__username="li", role__code="district-office").place_path.endswith("/620104/")
    assert run("grant", "li", "district-office", "--place", "无此地").exit_code == 1
    assert run("grant", "li", "reader", "--revoke").exit_code == 0
    refused = run("grant", "wang", "security-admin", "--revoke")
    assert refused.exit_code == 1
    assert "安全管理员" in refused.stderr

    listed = {one["username"]: one for one in json.loads(run("list", "--json").stdout)}
    assert listed["li"]["roles"] == ["district-office 甘肃省兰州市西固区"]
    assert (listed["chief"]["superuser"], listed["wang"]["roles"]) == (True, ["security-admin"])


def test_the_way_back_in() -> None:
    first = json.loads(run("create", "chief", "--json").stdout)["password"]
    for _ in range(5):
        sign_in("chief", "wrong")
    assert sign_in("chief", first) == ""
    assert run("unlock", "chief", "--second-step").exit_code == 0
    assert sign_in("chief", first) == "/"
    second = json.loads(run("reset-password", "chief", "--json").stdout)["password"]
    assert (sign_in("chief", first), sign_in("chief", second)) == ("", "/")
    assert run("disable", "chief").exit_code == 0
    assert sign_in("chief", second) == "/sign-in/inactive/"
    assert run("disable", "chief", "--enable").exit_code == 0
    assert sign_in("chief", second) == "/"
    assert run("unlock", "nobody").exit_code == 1
    events = set(AccountEvent.objects.filter(by="命令行").values_list("what", flat=True))
    assert events >= {"created", "unlocked", "password-reset", "disabled", "enabled"}


def test_a_typed_password_keeps_the_rules_and_need_not_be_changed() -> None:
    assert run("create", "chief", "--ask", typed="short\nshort\n").exit_code == 1
    assert run("create", "chief", "--ask", typed="Lan-Zhou 2021\nLan-Zhou 2021\n").exit_code == 0
    browser = Client()
    browser.post("/sign-in/", {"username": "chief", "password": "Lan-Zhou 2021"})
    assert browser.get("/dictionary/").status_code == 200
