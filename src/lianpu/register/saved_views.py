"""Saved views: a list's address under a name, one's own or shared.

A view is only an address: opening one asks for its rows with the rights of whoever opens it.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.utils.translation import gettext

from lianpu.register import rights
from lianpu.register.declare import Register
from lianpu.register.history import acting
from lianpu.register.models import OpeningView, Role, SavedView

NOT_KEPT = frozenset({"page", "view"})  # where one is just now, not how one likes to see it
EVERYONE = "*"


def views_of(register: Register, user: Any) -> list[SavedView]:
    """The views of a register that ``user`` may open: own ones first, then those shared with the person."""
    roles = {grant.role_id for grant in rights.grants_of(user)}
    shared = Q(shared=True) & (Q(role=None) | Q(role__in=roles))
    found = SavedView.objects.filter(Q(owner=user) | shared, register=register.slug).select_related("owner", "role")
    return sorted(found, key=lambda view: view.owner_id != user.pk)


def opening_of(register: Register, user: Any) -> int | None:
    """Id of the view with which the person's list opens."""
    return OpeningView.objects.filter(user=user, register=register.slug).values_list("view", flat=True).first()


def params_in(view: SavedView) -> dict[str, str]:
    """The parameters that a view stands for."""
    return {**dict(parse_qsl(view.query)), "view": str(view.pk)}


def query_of(params: Mapping[str, str]) -> str:
    """The query string under which parameters are kept."""
    return urlencode({name: text for name, text in params.items() if text and name not in NOT_KEPT})


def save_view(
    *,
    register: Register,
    user: Any,
    name: str,
    params: Mapping[str, str],
    share: str = "",
    view: SavedView | None = None,
) -> SavedView:
    """Make a view (``view`` None) or give one a new name, new parameters and new readers.

    ``share``: "" for oneself, ``*`` for everyone who may see the register, else a role's code. Raises
    ``PermissionDenied`` for another's view, ``ValidationError`` where name or role will not do.
    """
    rights.demand(user, register, rights.VIEW)
    kept = view or SavedView(register=register.slug, owner=user)
    if view is not None:
        _demand_own(view, user)
    name = name.strip()
    if not 0 < len(name) <= 40:
        raise ValidationError({"name": [gettext("请给视图一个名称，不超过40字")]})
    named = SavedView.objects.filter(register=register.slug, owner=kept.owner, name=name)
    if named.exclude(pk=kept.pk).exists():
        raise ValidationError({"name": [gettext("您已有同名的视图，请换一个名称")]})
    role = Role.objects.filter(code=share).first() if share not in ("", EVERYONE) else None
    if role is None and share not in ("", EVERYONE):
        raise ValidationError({"share": [gettext("没有这个角色")]})
    kept.name, kept.query, kept.shared, kept.role = name, query_of(params), bool(share), role
    with acting(user, reason="保存视图"):
        kept.save()
    return kept


def delete_view(*, view: SavedView, user: Any) -> None:
    """Do away with a view, for those too with whom it was shared. Raises ``PermissionDenied`` for another's view."""
    _demand_own(view, user)
    with acting(user, reason="删除视图"):
        view.delete()


def open_with(*, register: Register, user: Any, view: SavedView | None) -> None:
    """Let the person's list open with ``view``; None: as the register opens by itself."""
    rights.demand(user, register, rights.VIEW)
    with acting(user, reason="默认视图"):
        if view is None:
            OpeningView.objects.filter(user=user, register=register.slug).delete()
        else:
            OpeningView.objects.update_or_create(user=user, register=register.slug, defaults={"view": view})


def _demand_own(view: SavedView, user: Any) -> None:
    if view.owner_id != user.pk and not user.is_superuser:
        raise PermissionDenied(gettext("这是别人的视图，您可以另存一份。"))
