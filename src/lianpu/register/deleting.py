"""Deleting a row, and bringing it back.

A deletion is a real one; what the row held stays in its change record, from which it comes back under its own id.
Nobody deletes what depends on rows that are hidden from them; what depends on the row and cannot be without it goes
with it, in the same act, if the person says so and may delete it too.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.utils.translation import gettext as _

from lianpu.register import rights
from lianpu.register.changelog import deletions
from lianpu.register.declare import Register, registry
from lianpu.register.history import acting
from lianpu.register.models import Change
from lianpu.register.rowsets import pointing_at, remove, select
from lianpu.register.triggers import Model
from lianpu.register.undo import Reverted, revert

SHOWN = 20  # dependants that a page names, a register


@dataclass
class Dependants:
    """Rows of one register that point at what is to be deleted; ``column`` is their reference."""

    model: Model
    title: str
    register: Register | None
    column: str
    ids: list[int]
    direct: bool  # they point at the row itself, not at another of its dependants
    goes_with: bool  # they cannot be without it
    hidden: int = 0  # how many of them the person may not see
    fixed: int = 0  # how many of them the person may not delete
    shown: list[tuple[str, str]] = field(default_factory=list)  # words and address of some

    @property
    def unshown(self) -> int:
        return len(self.ids) - self.hidden - len(self.shown)


@dataclass
class Deletion:
    """What deleting a row would mean."""

    register: Register
    row: models.Model
    dependants: list[Dependants]

    @property
    def hidden(self) -> int:
        return sum(one.hidden for one in self.dependants)

    @property
    def takes_along(self) -> list[Dependants]:
        return [one for one in self.dependants if one.goes_with]

    @property
    def obstacles(self) -> list[str]:
        """Why the row cannot be deleted, in words; empty where it can."""
        if self.hidden:
            return [_("有%(count)s条您无权查看的记录依赖于此行，不能删除。") % {"count": self.hidden}]
        held = [one for one in self.dependants if not one.goes_with]
        words = _("有%(count)s条“%(title)s”指向此行，请先改指别处或删除。")
        found = [words % {"count": len(one.ids), "title": one.title} for one in held]
        words = _("有%(count)s条“%(title)s”须随之删除，而您没有删除它们的权限。")
        return found + [words % {"count": one.fixed, "title": one.title} for one in self.takes_along if one.fixed]


def examine(register: Register, user: Any, row: models.Model) -> Deletion:
    """What depends on ``row``, directly and through what goes with it."""
    found, seen = [], {(register.model, row.pk)}
    level: dict[Model, set[int]] = {register.model: {row.pk}}
    direct = True
    while level:
        below: dict[Model, set[int]] = defaultdict(set)
        for model, ids in level.items():
            for key in pointing_at(model):
                pointing = {pk for (pk,) in select(key.model, ["id"], str(key.column), ids)}
                fresh = sorted(pk for pk in pointing if (key.model, pk) not in seen)
                if not fresh:
                    continue
                one = _dependants(key, fresh, user, direct)
                found.append(one)
                if one.goes_with:
                    below[key.model].update(fresh)
                    seen |= {(key.model, pk) for pk in fresh}
        level, direct = below, False
    return Deletion(register, row, found)


def _dependants(key: "models.ForeignKey[Any, Any]", ids: list[int], user: Any, direct: bool) -> Dependants:
    register = registry.by_model.get(key.model._meta.label_lower)
    goes_with = key.remote_field.on_delete is models.CASCADE
    made = Dependants(key.model, str(key.model._meta.verbose_name), register, key.name, ids, direct, goes_with)
    if register is None:
        made.hidden = 0 if user.is_superuser else len(ids)
        return made
    made.title = register.shown_title
    seen = _within(register, user, ids, rights.VIEW)
    made.hidden, made.fixed = len(ids) - len(seen), len(ids) - len(_within(register, user, ids, rights.DELETE))
    rows = register.base().in_bulk(sorted(seen)[:SHOWN])
    made.shown = [(register.describe(row), register.url("detail", pk)) for pk, row in rows.items()]
    return made


def _within(register: Register, user: Any, ids: list[int], action: str) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(ids), 2000):
        rows = register.model._default_manager.filter(pk__in=ids[start : start + 2000])
        found.update(rights.restrict(rows, register, user, action).values_list("pk", flat=True))
    return found


def delete_row(
    *,
    register: Register,
    user: Any,
    row: models.Model,
    reason: str = "",
    with_dependants: bool = False,
    source: str = "screen",
) -> int:
    """Delete ``row``, and what cannot be without it where ``with_dependants`` says so; gives the number of the act.

    Raises ``PermissionDenied``, or ``ValidationError`` with what stands against it.
    """
    if not register.imports:
        raise ValidationError(_("“%s”由系统计算，不能手工删除。") % register.title)
    rights.demand(user, register, rights.DELETE, row)
    if register.reason_required and not reason.strip():
        raise ValidationError({"reason": [_("请说明变更原因")]})
    try:
        with acting(user, reason=reason, source=source) as act:
            deletion = examine(register, user, row)
            along = deletion.takes_along
            obstacles = deletion.obstacles
            if not obstacles and along and not with_dependants:
                words = "、".join(f"{one.title}{len(one.ids)}" for one in along)
                obstacles = [_("须连同依赖于它的记录一并删除：%s。") % words]
            if obstacles:
                raise ValidationError(obstacles)
            for one in reversed(along):
                remove(one.model, one.ids)
            remove(register.model, [row.pk])
    except IntegrityError as pointed:
        raise ValidationError(_("刚刚有别的记录指向了此行，未删除。请刷新后重试。")) from pointed
    return act


def deleted_rows(register: Register, user: Any) -> "models.QuerySet[Change]":
    """The latest deletion of every row that is gone and lay in the person's reach, newest first."""
    present = register.model._default_manager.filter(pk=models.OuterRef("row"))
    later = Change.objects.filter(model=register.label, row=models.OuterRef("row"), pk__gt=models.OuterRef("pk"))
    return deletions(user, register).filter(~models.Exists(present), ~models.Exists(later))


def came_with(deletion: Change) -> list[int]:
    """The deletion and those of the same act that pointed at its row, directly or through one another."""
    found, pointed = [deletion.pk], {(deletion.model, deletion.row)}
    if deletion.act is None:
        return found
    others = list(Change.objects.filter(act=deletion.act, action="delete").exclude(pk=deletion.pk))
    while fresh := [one for one in others if one.pk not in found and _points_at(one, pointed)]:
        found += [one.pk for one in fresh]
        pointed |= {(one.model, one.row) for one in fresh}
    return found


def _points_at(deletion: Change, rows: Iterable[tuple[str, int]]) -> bool:
    register = registry.by_model.get(deletion.model)
    if register is None or deletion.before is None:
        return False
    keys = [f for f in register.model._meta.concrete_fields if isinstance(f, models.ForeignKey)]
    return any((f.related_model._meta.label_lower, deletion.before.get(str(f.column))) in rows for f in keys)


def restore_row(*, user: Any, deletion: Change, reason: str = "") -> Reverted:
    """Bring a deleted row back, with what was deleted along with it. What cannot come back is told as kept."""
    return revert(Change.objects.filter(pk__in=came_with(deletion)), user=user, reason=reason)
