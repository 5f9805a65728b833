"""Rights: roles give actions, scopes give rows, sensitivity gives columns.

The rule of a register (its ``scope`` line) is applied as one query filter, so a page cannot forget
it; :func:`may` answers yes or no for one row by the same filter.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from lianpu.register.declare import BoundColumn, Register
from lianpu.register.language import declared
from lianpu.register.models import Grant

VIEW, ADD, CHANGE, DELETE, IMPORT, EXPORT = "view", "add", "change", "delete", "import", "export"
CONFIGURE = "configure"  # add columns to a register
# Of accounts alone: to make and close them, to give and take roles. No verb on rows asks for it.
ADMINISTER = "administer"
READING = frozenset({VIEW, EXPORT})
WORDS = {
    VIEW: gettext_lazy("查看"),
    ADD: gettext_lazy("新增"),
    CHANGE: gettext_lazy("修改"),
    DELETE: gettext_lazy("删除"),
    IMPORT: gettext_lazy("导入"),
    EXPORT: gettext_lazy("导出"),
    CONFIGURE: gettext_lazy("增列"),
    ADMINISTER: gettext_lazy("管理账号"),
}


class Person(Protocol):
    """What rights need to know of a user."""

    is_authenticated: Any
    is_superuser: Any
    is_active: Any


class System:
    """The acting user of commands and jobs: everything is allowed, and changes say where they come from."""

    username = "命令行"
    is_authenticated = is_superuser = is_active = True
    pk = None

    def get_username(self) -> str:
        return self.username


SYSTEM = System()


def grants_of(user: Any) -> list[Grant]:
    """The user's grants in the order in which they were given, read once a request."""
    held: list[Grant] | None = getattr(user, "_lianpu_grants", None)
    if held is None:
        held = list(Grant.objects.filter(user=user).select_related("role").order_by("pk"))
        user._lianpu_grants = held
    return held


def own_place(user: Any, places: "models.QuerySet[Any]") -> Any | None:
    """The one of ``places`` (rows with a ``path``) in which the person works: the first that a grant of theirs is limited
    to; None for those who work in none of them or are limited to no place."""
    paths = [] if user.is_superuser else [grant.place_path for grant in grants_of(user) if grant.place_path]
    held = {one.path: one for one in places.filter(path__in=paths)} if paths else {}
    return next((held[path] for path in paths if path in held), None)


def _inside(user: Any, register: Register, path: str, start: str) -> Q:
    """Rows whose place's ``path`` begins with ``start``, by the places' ids, which are read once a request: a join in
    the filter would make the database look through every row."""
    to, _, name = path.rpartition("__")
    if not to:
        return Q(**{f"{path}__startswith": start})
    model: Any = register.model
    for part in to.split("__"):
        model = model._meta.get_field(part).related_model
    known: dict[tuple[Any, str], list[Any]] = user.__dict__.setdefault("_lianpu_inside", {})
    if (model, start) not in known:
        places = model._default_manager.filter(**{f"{name}__startswith": start})
        known[model, start] = list(places.values_list("pk", flat=True))
    return Q(**{f"{to}__in": known[model, start]})


def _within(user: Any, register: Register, grant: Grant, action: str) -> Q | None:
    """Rows that one grant reaches, or None where it reaches none.

    A register without the limited dimension is common ground: a limited grant may read it, not write it.
    """
    reach, scope = Q(), register.scope
    reading = action in READING
    if grant.place_path:
        if scope.place:
            here = _inside(user, register, scope.place, grant.place_path)
            if scope.zone:
                here |= _inside(user, register, scope.zone, grant.place_path)
            reach &= here
        elif not reading:
            return None
    for limit, path in ((grant.chain_code, scope.chain), (grant.enterprise_uscc, scope.enterprise)):
        if limit:
            if path:
                reach &= Q(**{path: limit})
            elif not reading:
                return None
    return reach


def reach_of(user: Any, register: Register, action: str = VIEW) -> Q | None:
    """The filter for the rows of ``register`` on which ``user`` may do ``action``; None = no row at all."""
    if not (user.is_authenticated and user.is_active):
        return None
    if user.is_superuser:
        return Q()
    reach: Q | None = None
    for grant in grants_of(user):
        if not grant.role.allows(register.slug, action, by_name=register.guarded):
            continue
        part = _within(user, register, grant, action)
        if part is None:
            continue
        if not part:
            return Q()
        reach = part if reach is None else reach | part
    return reach


def restrict(rows: "models.QuerySet[Any]", register: Register, user: Any, action: str = VIEW) -> "models.QuerySet[Any]":
    """``rows`` reduced to those on which ``user`` may do ``action``."""
    reach = reach_of(user, register, action)
    return rows.none() if reach is None else rows.filter(reach) if reach else rows


def sees_all(user: Any, register: Register) -> bool:
    """Whether ``user`` sees every row of ``register``."""
    reach = reach_of(user, register)
    return reach is not None and not reach


def may(user: Any, register: Register, action: str, row: models.Model | None = None) -> bool:
    """Whether ``user`` may do ``action`` on ``row`` (or on any row at all)."""
    reach = reach_of(user, register, action)
    if reach is None or row is None:
        return reach is not None
    return not reach or register.model._default_manager.filter(reach, pk=row.pk).exists()


def demand(user: Any, register: Register, action: str, row: models.Model | None = None) -> None:
    """Raise ``PermissionDenied`` with words unless ``user`` may."""
    if not may(user, register, action, row):
        raise PermissionDenied(f"您没有“{register.title}”的{declared(WORDS[action])}权限，或该行不在您的范围内。")


def visible(user: Any, columns: Iterable[BoundColumn]) -> list[BoundColumn]:
    """Columns whose sensitivity the user's roles clear."""
    if user.is_superuser:
        return list(columns)
    cleared = {word for grant in grants_of(user) for word in grant.role.clears}
    return [one for one in columns if not one.column.sensitivity or one.column.sensitivity in cleared]
