"""The registers of accounts and rights pass the suite of every register; their rows are people and what they may do."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from lianpu.register import rights
from lianpu.register.listing import Listing
from lianpu.register.models import Account, AccountEvent, Grant, Role
from lianpu.register.testing import ComputedSuite, grant


class Guarded(ComputedSuite):
    """A role must name the register; the people whom the tests make are rows here too, so they are told apart."""

    @pytest.fixture(autouse=True)
    def unrecorded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Signing in for a test would add to the account log."""
        monkeypatch.setattr("lianpu.site.accounts.recording.record", lambda *_, **__: None)

    def test_a_reader_reads_everything_and_writes_nothing(self, stored: list[Any], tmp_path: Any) -> None:
        reader = grant("reader", {self.slug: ["view", "export"]})
        assert {row.pk for row in stored} <= self._listed(reader, tmp_path)
        assert set(self._answers(reader, stored[0]).values()) == {200}
        looker = grant("looker", {"*": ["*"]})
        assert not rights.may(looker, self.register, rights.VIEW), "no star reaches it"
        assert set(self._answers(looker, stored[0]).values()) <= {403, 404}

    def test_common_ground_is_read_but_not_written_by_limited_people(self, stored: list[Any]) -> None:
        user = grant("local", {self.slug: ["*"]}, place_path="/100000/")
        assert Listing(self.register, user, {}).count >= len(stored)
        assert not rights.may(user, self.register, rights.ADMINISTER)


def three_people() -> list[Any]:
    people = [get_user_model().objects.create(username=f"u{n}", first_name=f"某{n}") for n in range(3)]
    for person in people:
        Account.objects.create(user=person, organisation=f"单位{person.username}", note="说明")
    return people


class TestAccounts(Guarded, ComputedSuite):
    slug = "accounts"

    @pytest.fixture
    def surroundings(self, db: None) -> None:
        three_people()


class TestRoles(Guarded, ComputedSuite):
    slug = "roles"

    @pytest.fixture
    def surroundings(self, db: None) -> None:
        for code in "abc":
            Role.objects.create(code=code, name=f"角色{code}", actions={"*": ["view"]}, clears=["figures"])


class TestGrants(Guarded, ComputedSuite):
    slug = "grants"

    @pytest.fixture
    def surroundings(self, db: None) -> None:
        role = Role.objects.create(code="one", name="甲角色")
        for number, person in enumerate(three_people()):
            Grant.objects.create(user=person, role=role, chain_code=f"C{number}")


class TestAccountLog(Guarded, ComputedSuite):
    slug = "account-log"

    @pytest.fixture
    def surroundings(self, db: None) -> None:
        for number in range(3):
            AccountEvent.objects.create(username=f"u{number}", what="failed", address="192.0.2.1", by="guard")
