"""The rules of signing in are one table: in the environment, in the settings, on the page and in the guide."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lianpu.demo.roles import ROLES
from lianpu.site import rules
from lianpu.site.rules import RULES
from support import ROOT

GUIDE = (ROOT / "docs/guides/accounts.md").read_text()
RIGHTS = (ROOT / "docs/reference/rights.md").read_text()


def settings_under(home: Path, **environment: str) -> dict[str, Any]:
    """The settings of a process that starts in this environment."""
    names = [rule.name for rule in RULES] + [
        "SESSION_COOKIE_AGE", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY",
        "SESSION_COOKIE_SAMESITE", "SECURE_HSTS_SECONDS", "AXES_FAILURE_LIMIT", "AUTH_PASSWORD_VALIDATORS",
        "SOCIALACCOUNT_PROVIDERS",
    ]  # fmt: skip
    code = (
        "import json; from django.conf import settings; "
        f"print(json.dumps({{name: getattr(settings, name, None) for name in {names}}}))"
    )
    clean = {name: text for name, text in os.environ.items() if not name.startswith("LIANPU_")}
    told = clean | environment | {"LIANPU_HOME": str(home), "DJANGO_SETTINGS_MODULE": "lianpu.site.settings"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=told, check=True)
    return dict(json.loads(done.stdout))


def test_every_rule_is_a_setting_and_stands_in_the_guide(tmp_path: Path) -> None:
    held = settings_under(tmp_path)
    assert {rule.name: held[rule.name] for rule in RULES} == {rule.name: rule.usual for rule in RULES}
    for rule in RULES:
        level3 = str(rule.level3).replace(",", ", ")
        assert f"| `{rule.name}` | {rule.words} | {'（无）' if rule.usual == '' else rule.usual} | {level3} |" in GUIDE


def test_one_word_takes_the_stricter_column(tmp_path: Path) -> None:
    held = settings_under(tmp_path, LIANPU_SECURITY="level3", LIANPU_IDLE_MINUTES="10")
    assert {rule.name: held[rule.name] for rule in RULES if rule.name != "LIANPU_IDLE_MINUTES"} == {
        rule.name: rule.level3 for rule in RULES if rule.name != "LIANPU_IDLE_MINUTES"
    }
    assert held["LIANPU_IDLE_MINUTES"] == 10, "one rule may be set alone"
    assert held["SESSION_COOKIE_SECURE"] is held["CSRF_COOKIE_SECURE"] is held["SESSION_COOKIE_HTTPONLY"] is True
    assert held["SECURE_HSTS_SECONDS"] > 0
    assert held["SESSION_COOKIE_AGE"] == 8 * 3600
    assert {"min_length": 12} in [one.get("OPTIONS") for one in held["AUTH_PASSWORD_VALIDATORS"]]


def test_the_stricter_column_is_nowhere_laxer() -> None:
    """A shorter time, a longer password, more of everything else; 0 stands for "not limited" where it is a time."""
    lower = {"LIANPU_IDLE_MINUTES", "LIANPU_SESSION_HOURS", "LIANPU_LOCK_AFTER"}
    for rule in RULES:
        if isinstance(rule.usual, int) and isinstance(rule.level3, int):
            assert (rule.level3 <= rule.usual) if rule.name in lower else (rule.level3 >= rule.usual), rule.name


def test_over_plain_http_the_cookie_still_travels(tmp_path: Path) -> None:
    assert not settings_under(tmp_path)["SESSION_COOKIE_SECURE"], "one machine, offline, by default"


def test_a_value_that_is_no_number_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANPU_LOCK_AFTER", "five")
    with pytest.raises(ValueError, match="LIANPU_LOCK_AFTER"):
        rules.number("LIANPU_LOCK_AFTER")


def test_the_provider_is_set_by_the_environment_alone(tmp_path: Path) -> None:
    assert settings_under(tmp_path)["SOCIALACCOUNT_PROVIDERS"] is None
    held = settings_under(
        tmp_path,
        LIANPU_OIDC_ISSUER="https://id.city.example",
        LIANPU_OIDC_CLIENT_ID="lianpu",
        LIANPU_OIDC_CLIENT_SECRET="s",
        LIANPU_OIDC_NAME="市统一认证",
    )
    (app,) = held["SOCIALACCOUNT_PROVIDERS"]["openid_connect"]["APPS"]
    assert (app["client_id"], app["secret"], app["name"]) == ("lianpu", "s", "市统一认证")
    assert app["settings"]["server_url"] == "https://id.city.example"


def test_the_table_of_roles_is_the_one_that_is_installed() -> None:
    lines = [line for line in RIGHTS.splitlines() if line.startswith("| `") and line.count("|") == 5]
    assert lines == [role_line(role) for role in ROLES]


def role_line(role: Any) -> str:
    may = "; ".join(f"{slug}: {' '.join(actions)}" for slug, actions in role.actions.items())
    return f"| `{role.code}` | {role.name} | {may} | {'yes' if role.clears else ''} |"


def test_passwords_are_hashed_slowly() -> None:
    """On an installation: the tests' own quick way is no setting of ours, and Django's first choice is a slow one."""
    from django.conf import global_settings

    from lianpu.site import settings as ours

    assert not hasattr(ours, "PASSWORD_HASHERS")
    assert "PBKDF2" in global_settings.PASSWORD_HASHERS[0]
