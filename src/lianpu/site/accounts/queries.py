"""Reads of accounts: who there is, with which roles and where, and what somebody owes before he may go on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.models import Account, AccountEvent, Grant, Role
from lianpu.site.accounts.passwords import password_is_due

ACCOUNTS, GRANTS, ROLES, LOG = "accounts", "grants", "roles", "account-log"


def may_administer(user: Any) -> bool:
    """Whether ``user`` makes and closes accounts, and gives and takes roles."""
    return rights.may(user, registry[ACCOUNTS], rights.ADMINISTER)


def must_have_second_step(user: Any) -> bool:
    """Whether one of the user's roles asks for the second step; who comes from an identity provider has it there."""
    asked = {word.strip() for word in settings.LIANPU_MFA_ROLES.split(",") if word.strip()}
    if not asked or not user.has_usable_password():
        return False
    return (user.is_superuser and "superuser" in asked) or any(
        grant.role.code in asked for grant in rights.grants_of(user)
    )


def owed_page(request: Any) -> str:
    """Where ``request.user`` must go before anything else, or "" where he owes nothing."""
    if password_is_due(request.user):
        return reverse("account_change_password")
    if must_have_second_step(request.user) and not is_mfa_enabled(request.user, [Authenticator.Type.TOTP]):
        return reverse("mfa_activate_totp")
    return ""


@dataclass(frozen=True)
class Held:
    """A grant in words: the role, and where it holds."""

    grant: Grant
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def role(self) -> Role:
        return self.grant.role

    @property
    def where(self) -> str:
        """The limits in words; "" where there is none."""
        one = self.grant
        place = self.places.get(one.place_path, one.place_path)
        return " · ".join(word for word in (place, one.chain_code, one.enterprise_uscc) if word)


def held_by(users: Sequence[Any]) -> dict[int, list[Held]]:
    """Grants by user id, with the names of the places; two queries."""
    grants = list(Grant.objects.filter(user__in=users).select_related("role").order_by("pk"))
    place = registry["places"].model._default_manager
    paths = {grant.place_path for grant in grants if grant.place_path}
    names = dict(place.filter(path__in=paths).values_list("path", "full_name")) if paths else {}
    found: dict[int, list[Held]] = defaultdict(list)
    for grant in grants:
        found[grant.user_id].append(Held(grant, names))
    return found


def locked_usernames() -> set[str]:
    """Accounts (in small letters) that are locked for some address at this moment."""
    since = timezone.now() - timedelta(minutes=settings.LIANPU_LOCK_MINUTES)
    tried = AccessAttempt.objects.filter(attempt_time__gte=since).values("username", "ip_address")
    over = tried.annotate(times=Sum("failures_since_start")).filter(times__gte=settings.LIANPU_LOCK_AFTER)
    return {one["username"] or "" for one in over}


@dataclass(frozen=True)
class Person:
    """One line of the page of accounts."""

    account: Account
    held: list[Held]
    locked: bool
    second_step: bool

    @property
    def user(self) -> Any:
        return self.account.user


def people(words: str = "") -> "QuerySet[Account]":
    """Accounts whose user name, name, unit or role holds ``words``, by user name."""
    found = Account.objects.select_related("user").order_by("user__username")
    if words:
        found = found.filter(
            Q(user__username__icontains=words)
            | Q(user__first_name__icontains=words)
            | Q(organisation__icontains=words)
            | Q(user__grants__role__name__icontains=words)
        ).distinct()
    return found


def in_full(accounts: Sequence[Account]) -> list[Person]:
    """The accounts of a page with their roles and state, in a constant number of queries."""
    users = [account.user for account in accounts]
    held, locked = held_by(users), locked_usernames()
    protected = set(
        Authenticator.objects.filter(user__in=users, type=Authenticator.Type.TOTP).values_list("user_id", flat=True)
    )
    return [
        Person(one, held.get(one.user_id, []), one.user.username.lower() in locked, one.user_id in protected)
        for one in accounts
    ]


def without_account() -> "QuerySet[Any]":
    """Users that nothing is kept of yet, because they were made past the services."""
    return get_user_model()._default_manager.filter(account__isnull=True)


def last_events(username: str, limit: int = 20) -> "QuerySet[AccountEvent]":
    return AccountEvent.objects.filter(username__iexact=username)[:limit]


def guardians() -> "QuerySet[Any]":
    """Active accounts that may give roles by a role of theirs, everywhere."""
    named = [role.pk for role in Role.objects.all() if role.allows(ACCOUNTS, rights.ADMINISTER, by_name=True)]
    whole = Grant.objects.filter(role__in=named, place_path="", chain_code="", enterprise_uscc="")
    return get_user_model()._default_manager.filter(is_active=True, grants__in=whole).distinct()


ACTIONS = (rights.VIEW, rights.ADD, rights.CHANGE, rights.DELETE, rights.IMPORT, rights.EXPORT, rights.ADMINISTER)


@dataclass(frozen=True)
class RoleLine:
    """One register (or ``*``, all that are not guarded) and which actions a role names for it."""

    slug: str
    title: str
    held: list[tuple[str, str, bool]]  # action, word, whether the role names it

    @property
    def named(self) -> str:
        """The actions that the role names, in words."""
        return "、".join(word for _action, word, held in self.held if held)


def role_lines(role: Role) -> list[RoleLine]:
    """What a role may do as a table: one line for all registers, then one for each."""
    titles = [("*", gettext("（全部业务登记簿）")), *((one.slug, one.shown_title) for one in registry.all())]
    lines = []
    for slug, title in titles:
        named = role.actions.get(slug, [])
        offered = [one for one in ACTIONS if one != rights.ADMINISTER or slug == ACCOUNTS]
        lines.append(
            RoleLine(slug, title, [(one, str(rights.WORDS[one]), one in named or "*" in named) for one in offered])
        )
    return lines


def sensitive_words() -> list[str]:
    """The sensitivity words that columns of any register ask a role to clear."""
    return sorted({c.column.sensitivity for register in registry.all() for c in register.bound if c.column.sensitivity})
