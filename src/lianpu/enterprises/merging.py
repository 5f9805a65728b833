"""Two registered enterprises that are one become one; split again, they are two as before.

A merger is one act: all that points at the others points at the kept one, their names become its former names, and
their ids and codes lead to it for ever (:class:`EnterpriseMerge`). Where both have a row and only one can be — the same
figure of the same year, the same segment — the kept one's stays, unless the register says that the other's outranks
it; what goes is told before and stays in the change record. A split undoes the act.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lianpu.enterprises.models import Enterprise, EnterpriseMerge, EnterpriseName
from lianpu.register import notes, rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.history import acting
from lianpu.register.kinds import Json
from lianpu.register.models import Change, Grant, MatchDecision
from lianpu.register.rowsets import pointing_at, remove, select
from lianpu.register.undo import Reverted, revert

MOST = 20  # enterprises in one merger
SHOWN = 20


@dataclass
class Moving:
    """Rows of one table that point at the others: those that move, and pairs of which only one can stay."""

    key: "models.ForeignKey[Any, Any]"
    title: str
    moves: list[int] = field(default_factory=list)
    goes: dict[int, int] = field(default_factory=dict)  # row that goes → row that stays in its stead
    told: list[tuple[str, str]] = field(default_factory=list)  # some of these pairs in words: goes, stays


@dataclass
class Merger:
    """What merging ``others`` into ``keep`` would mean."""

    keep: Enterprise
    others: list[Enterprise]
    moving: list[Moving]
    hidden: int  # rows that move and that the person may not see
    grants: int  # accounts limited to one of the others, which come to see the kept one

    @property
    def all(self) -> list[Enterprise]:
        return [self.keep, *self.others]


def register_of() -> Register:
    return registry.of(Enterprise)


def choosable(user: Any) -> list[BoundColumn]:
    """Columns whose value can be taken from one of the others."""
    bound = rights.visible(user, register_of().bound)
    return [c for c in bound if (c.stored or c.is_custom) and c.column.editable and c.name != "is_sample"]


def value_of(firm: Enterprise, column: BoundColumn) -> Any:
    if column.is_custom:
        return (firm.extra or {}).get(column.name)
    return getattr(firm, column.name)


def proposed(user: Any, keep: Enterprise, others: Sequence[Enterprise]) -> dict[str, int]:
    """For each column the enterprise to take it from: the kept one, or the first other where it has nothing."""
    chosen = {}
    for column in choosable(user):
        filled = [firm.pk for firm in (keep, *others) if value_of(firm, column) not in (None, "")]
        chosen[column.name] = filled[0] if filled else keep.pk
    return chosen


def examine(*, user: Any, keep: Enterprise, others: Sequence[Enterprise]) -> Merger:
    """What would move and what would go. Raises ``PermissionDenied`` or ``ValidationError`` where it may not be."""
    _demand(user, keep, others)
    ids, moving, hidden = [firm.pk for firm in others], [], 0
    for key in pointing_at(Enterprise):
        if rows := _rows(key, [keep.pk, *ids]):
            one = _moving(key, keep.pk, ids, rows, user)
            if one.moves or one.goes:
                moving.append(one)
                hidden += _unseen(user, key.model, [*one.moves, *one.goes])
    grants = Grant.objects.filter(enterprise_uscc__in=[firm.uscc for firm in (keep, *others)]).count()
    return Merger(keep, list(others), moving, hidden, grants)


def merge(
    *,
    user: Any,
    keep: Enterprise,
    others: Sequence[Enterprise],
    reason: str = "",
    choose: Mapping[str, int] | None = None,
    source: str = "merge",
) -> int:
    """Merge ``others`` into ``keep`` in one transaction; gives the number of the act.

    ``choose`` maps columns to the id of the enterprise whose value is taken; columns left out keep ``keep``'s.
    """
    if register_of().reason_required and not reason.strip():
        raise ValidationError({"reason": [_("请说明变更原因")]})
    with acting(user, reason=reason or _("合并企业"), source=source) as act:
        keep, *others = _as_they_are([keep, *others])
        chosen = _checked(user, keep, others, choose or {})
        merger = examine(user=user, keep=keep, others=others)
        if merger.hidden:
            words = _("有%(count)s条您无权查看的记录指向这些企业，不能合并。")
            raise ValidationError(words % {"count": merger.hidden})
        for one in merger.moving:
            _move(one, keep.pk)
        ids, codes = [firm.pk for firm in others], [firm.uscc for firm in merger.all]
        notes.move(register=register_of(), rows=ids, to=keep.pk)
        decided = MatchDecision.objects.filter(target_register=register_of().slug, target__in=ids)
        decided.update(target=keep.pk)
        names = {firm.name: firm.name_key for firm in merger.all}
        remove(Enterprise, ids)
        _write(keep, chosen)
        _remember(keep, others, codes, act=act, user=user, reason=reason)
        _keep_names(keep, names)
        _follow_grants(codes, keep.uscc)
        rights.demand(user, register_of(), rights.CHANGE, keep)
    return act


def split(*, user: Any, merger: EnterpriseMerge, reason: str = "") -> Reverted:
    """Undo the act by which ``merger`` came about. What was changed since stays as it is and is told.

    Raises ``ValidationError`` where an enterprise itself cannot come back, for instance after a later merger.
    """
    register = register_of()
    for action in (rights.ADD, rights.DELETE):
        rights.demand(user, register, action)
    rights.demand(user, register, rights.CHANGE, merger.into)
    if register.reason_required and not reason.strip():
        raise ValidationError({"reason": [_("请说明变更原因")]})
    together = list(EnterpriseMerge.objects.filter(act=merger.act))
    with transaction.atomic():
        undone = revert(Change.objects.filter(act=merger.act), user=user, reason=reason or _("拆分企业"), trusted=True)
        back = [one.old_id for one in together]
        whole = Enterprise.objects.filter(pk__in=back).count() == len(back)
        if not whole or EnterpriseMerge.objects.filter(act=merger.act).exists():
            why = "；".join(sorted({one.why for one in undone.kept}))
            raise ValidationError(_("不能拆分：%s。请先撤销此后的有关变更（如更晚的合并）。") % why)
    return undone


def changed_since(merger: EnterpriseMerge) -> "models.QuerySet[Change]":
    """What became, after the merger, of the rows it touched: a split leaves these as they are."""
    touched = Change.objects.filter(act=merger.act)
    last = touched.aggregate(last=models.Max("pk"))["last"] or 0
    same = touched.filter(model=models.OuterRef("model"), row=models.OuterRef("row"))
    return Change.objects.filter(pk__gt=last).filter(models.Exists(same))


# -- who and what ------------------------------------------------------------------------------
def _demand(user: Any, keep: Enterprise, others: Sequence[Enterprise]) -> None:
    register = register_of()
    if not others or keep.pk in {firm.pk for firm in others} or len({firm.pk for firm in others}) != len(others):
        raise ValidationError(_("请选择两家或更多不同的企业。"))
    if len(others) >= MOST:
        raise ValidationError(_("一次最多合并%s家企业。") % MOST)
    rights.demand(user, register, rights.CHANGE, keep)
    for firm in others:
        rights.demand(user, register, rights.DELETE, firm)


def _as_they_are(firms: Sequence[Enterprise]) -> list[Enterprise]:
    """The firms as stored, kept from others until the act is done."""
    held = Enterprise.objects.select_for_update().in_bulk([firm.pk for firm in firms])
    if gone := [firm.name for firm in firms if firm.pk not in held]:
        raise ValidationError(_("刚刚已不在登记簿中：%s") % "、".join(gone))
    return [held[firm.pk] for firm in firms]


def _checked(user: Any, keep: Enterprise, others: Sequence[Enterprise], choose: Mapping[str, int]) -> dict[str, Any]:
    """Values to write into ``keep``, by field."""
    firms, columns = {firm.pk: firm for firm in (keep, *others)}, {c.name: c for c in choosable(user)}
    if odd := [name for name, pk in choose.items() if name not in columns or pk not in firms]:
        raise ValidationError(_("不能这样取值：%s") % "、".join(odd))
    values: dict[str, Any] = {}
    for name, pk in choose.items():
        value, column = value_of(firms[pk], columns[name]), columns[name]
        if value == value_of(keep, column):
            continue
        if column.is_custom:
            values["extra"] = {**values.get("extra", keep.extra or {}), name: value}
        else:
            values[name] = value
            if name == "name":
                values["name_key"] = firms[pk].name_key
    return values


def _unseen(user: Any, model: type[models.Model], ids: Sequence[int]) -> int:
    register = registry.by_model.get(model._meta.label_lower)
    if user.is_superuser or register is None:
        return 0
    return len(ids) - rights.restrict(model._default_manager.filter(pk__in=ids), register, user).count()


# -- what moves --------------------------------------------------------------------------------
def _rows(key: "models.ForeignKey[Any, Any]", ids: Iterable[int]) -> list[Any]:
    return list(key.model._default_manager.filter(**{f"{key.name}__in": list(ids)}).order_by("pk"))


def _moving(
    key: "models.ForeignKey[Any, Any]", keep: int, others: Sequence[int], rows: Sequence[Any], user: Any
) -> Moving:
    """Who moves and who goes among the rows that point at the firms; the kept one's come first."""
    rank = {pk: at for at, pk in enumerate([keep, *others])}
    register = registry.by_model.get(key.model._meta.label_lower)
    made = Moving(key, register.shown_title if register else str(key.model._meta.verbose_name))
    staying: dict[int, Any] = {}
    holders: dict[tuple[Any, ...], Any] = {}
    for row in sorted(rows, key=lambda one: (rank[getattr(one, key.attname)], one.pk)):
        rivals = {held.pk: held for place in _places(key, row) if (held := holders.get(place)) is not None}
        if rivals and not (register and all(register.outranks(row, rival) for rival in rivals.values())):
            made.goes[row.pk] = next(iter(rivals))
            made.told.append((_words(register, row, user), _words(register, next(iter(rivals.values())), user)))
            continue
        for rival in rivals.values():
            made.goes[rival.pk] = row.pk
            made.told.append((_words(register, rival, user), _words(register, row, user)))
            del staying[rival.pk]
        staying[row.pk] = row
        holders |= dict.fromkeys(_places(key, row), row)
    made.moves = [pk for pk, row in staying.items() if getattr(row, key.attname) != keep]
    made.told = made.told[:SHOWN]
    return made


def _places(key: "models.ForeignKey[Any, Any]", row: Any) -> list[tuple[Any, ...]]:
    """What can stand only once beside one firm: the rest of each unique key that the reference is part of."""
    meta = key.model._meta
    unique = [c.fields for c in meta.total_unique_constraints if key.name in c.fields]
    unique += [names for names in meta.unique_together if key.name in names]
    found = [(names, *(getattr(row, meta.get_field(n).attname) for n in names if n != key.name)) for names in unique]  # type: ignore[union-attr]
    return [place for place in found if None not in place] + [()] * key.unique


def _words(register: Register | None, row: Any, user: Any) -> str:
    """A row with what it holds beyond its key, as far as the person may see, to tell it from its rival."""
    if register is None:
        return str(row)
    own = [c for c in rights.visible(user, register.declared) if c.stored and c.name not in register.key]
    texts = [c.shown(c.kind.show(getattr(row, c.name))) for c in own if not isinstance(c.kind, Json)]
    return f"{register.describe(row)}（{'，'.join([text for text in texts if text][:3])}）"


def _move(one: Moving, keep: int) -> None:
    model = one.key.model
    register = registry.by_model.get(model._meta.label_lower)
    for key in pointing_at(model):
        if one.goes and select(key.model, ["id"], str(key.column), one.goes):
            raise ValidationError(_("“%s”中重复的行各有记录指向它，请先处理。") % one.title)
    if register is not None:
        for gone, stays in one.goes.items():
            notes.move(register=register, rows=[gone], to=stays)
    remove(model, one.goes)
    for start in range(0, len(one.moves), 2000):
        moved = model._default_manager.filter(pk__in=one.moves[start : start + 2000])
        moved.update(**{one.key.name: keep})


# -- who it is now -----------------------------------------------------------------------------
def _write(keep: Enterprise, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(keep, name, value)
    if values:
        keep.full_clean()
        keep.save(update_fields=list(values))


def _remember(
    keep: Enterprise, others: Sequence[Enterprise], codes: Sequence[str], *, act: int, user: Any, reason: str
) -> None:
    """Each of the others under its own code; where the kept one took a code from it, under the code that became free."""
    free = next(code for code in (codes[0], *codes) if code != keep.uscc)
    EnterpriseMerge.objects.bulk_create(
        EnterpriseMerge(
            old_id=firm.pk,
            old_uscc=firm.uscc if firm.uscc != keep.uscc else free,
            old_name=firm.name,
            into=keep,
            act=act,
            by=user.get_username(),
            at=timezone.now(),
            why=reason,
        )
        for firm in others
    )


def _keep_names(keep: Enterprise, names: Mapping[str, str]) -> None:
    """Names that the firm no longer bears are its former names."""
    known = {keep.name, *EnterpriseName.objects.filter(enterprise=keep).values_list("name", flat=True)}
    EnterpriseName.objects.bulk_create(
        EnterpriseName(enterprise=keep, name=name, name_key=key, kind="former")
        for name, key in names.items()
        if name not in known
    )


def _follow_grants(codes: Sequence[str], now: str) -> None:
    """Accounts limited to one of the firms go on seeing it."""
    for grant in Grant.objects.filter(enterprise_uscc__in=[code for code in codes if code != now]):
        twin = Grant.objects.filter(
            user=grant.user_id,
            role=grant.role_id,
            place_path=grant.place_path,
            chain_code=grant.chain_code,
            enterprise_uscc=now,
        )
        if twin.exists():
            grant.delete()
        else:
            Grant.objects.filter(pk=grant.pk).update(enterprise_uscc=now)


def together(user: Any, ids: Sequence[int]) -> list[Enterprise]:
    """The enterprises of these ids, in that order, that the person may see."""
    found = rights.restrict(register_of().base(), register_of(), user).in_bulk(ids)
    if len(found) != len(set(ids)):
        raise PermissionDenied(_("所选企业有的已不在，或不在您的范围内。"))
    return [found[pk] for pk in dict.fromkeys(ids)]
