"""The lock files are whole, agree with what the project asks for, and name no address."""

import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support import ROOT

LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-boot.lock", "requirements-node.lock"]
PINNED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?P<rest>[^\n]*(?:\n +--hash[^\n]*)*)", re.MULTILINE)


def pins(lock: str) -> dict[str, set[str]]:
    """Package → versions (more than one where Python versions differ)."""
    found: dict[str, set[str]] = {}
    for match in PINNED.finditer((ROOT / lock).read_text()):
        found.setdefault(canonicalize_name(match["name"]), set()).add(match["version"])
    return found


def project() -> dict[str, list[str]]:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = declared["dependency-groups"]
    return {
        "requirements.lock": declared["project"]["dependencies"],
        "requirements-dev.lock": declared["project"]["dependencies"] + groups["dev"],
        "requirements-boot.lock": declared["build-system"]["requires"],
        "requirements-node.lock": groups["node"],
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pinned_package_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not PINNED.sub("", text).strip()
    assert all("--hash=sha256:" in match["rest"] for match in PINNED.finditer(text))
    assert "://" not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_gives_what_the_project_asks_for(lock: str) -> None:
    locked = pins(lock)
    unmet = [
        asked
        for asked in project()[lock]
        for wanted in [Requirement(asked)]
        if not any(wanted.specifier.contains(version) for version in locked.get(canonicalize_name(wanted.name), ()))
    ]
    assert not unmet, "run: make lock"


def test_developers_test_what_users_run() -> None:
    product, tools = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: tools.get(name) for name in product} == product, "run: make lock"


def test_front_end_is_locked_by_content_and_not_by_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert lock.pop("")["dependencies"] == wanted, "run: make lock"
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all(entry["integrity"].startswith("sha512-") and "resolved" not in entry for entry in lock.values())
