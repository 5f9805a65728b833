"""Parts of the pages of an account and of a role: who holds what, and the verbs of those who administer accounts."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.models import Account, Grant, Role
from lianpu.site.accounts import queries


def account_panel(request: HttpRequest, account: Account) -> Mapping[str, Any]:
    """Roles and state of the account; with verbs, where the reader may use them on it."""
    user = request.user
    person = queries.in_full([account])[0]
    mine = account.user_id == user.pk
    above = account.user.is_superuser and not user.is_superuser
    sees_log = rights.may(user, registry[queries.LOG], rights.VIEW)
    return {
        "person": person,
        "may": queries.may_administer(user) and not mine and not above,
        "mine": mine,
        "roles": Role.objects.order_by("pk"),
        "events": queries.last_events(account.user.username) if sees_log else [],
        "sees_log": sees_log,
    }


def role_panel(request: HttpRequest, role: Role) -> Mapping[str, Any]:
    """What the role may do, register by register, and who holds it."""
    user = request.user
    holders = Grant.objects.filter(role=role).select_related("user", "user__account").order_by("user__username")
    return {
        "role": role,
        "lines": queries.role_lines(role),
        "holders": holders if rights.may(user, registry[queries.GRANTS], rights.VIEW) else [],
        "may": queries.may_administer(user) and not any(one.user_id == user.pk for one in holders),
    }
