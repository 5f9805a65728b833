"""The change log across all registers, as one person may read it.

A reader sees the changes of rows that lie in his reach, and of them the columns he clears. Rows that are gone are
judged by what they were: the image of their deletion. The log is read from the newest backwards, a page at a time from
an id down (``before``), so that no page is dearer than the first; where no index leads to what is asked for, a page
looks through ``WINDOW`` records and offers to look on.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianpu.register import rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.faults import BadValueError
from lianpu.register.history import FieldChange, Names, differences, first_since, references_in, value_in, word_for
from lianpu.register.kinds import Date
from lianpu.register.models import Change
from lianpu.register.triggers import recorded

PAGE, EXPORTED = 50, 20_000
WINDOW = 100_000
SOURCES = {
    "screen": _("页面"),
    "bulk": _("批量修改"),
    "import": _("导入"),
    "api": _("接口"),
    "command": _("命令"),
    "placement": _("挂链"),
    "diagnosis": _("诊断"),
    "merge": _("合并"),
    "undo": _("撤销"),
    "migration": _("升级"),
    "sql": _("直接写库"),
}
PARAMS = ("register", "row", "user", "source", "run", "act", "q", "from", "to", "before")
HEADS = ("时间", "登记簿", "行", "动作", "何人", "来源", "导入批次", "为何", "列", "改前", "改后")


@dataclass(frozen=True)
class Entry:
    """One change as its reader sees it; ``url`` leads to the row where it is still there."""

    change: Change
    register_title: str
    title: str
    url: str
    fields: Sequence[FieldChange]

    @property
    def source_word(self) -> str:
        return str(SOURCES.get(self.change.source, self.change.source))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for programs."""
        one = self.change
        plain = {
            name: getattr(one, name) for name in ("id", "at", "model", "row", "action", "user", "reason", "source")
        }
        fields = [{"label": f.label, "before": f.before, "after": f.after} for f in self.fields]
        return {**plain, "run": one.run, "act": one.act, "title": self.title, "fields": fields}

    def lines(self) -> Iterator[list[object]]:
        """Under ``HEADS``: a line a column, or one line where none is told."""
        one = self.change
        told = [timezone.localtime(one.at).replace(tzinfo=None), self.register_title, self.title]
        told += [one.get_action_display(), one.user, self.source_word, one.run, one.reason]
        for changed in self.fields or [FieldChange("", "", "")]:
            yield [*told, changed.label, changed.before, changed.after]


@dataclass
class ChangeLog:
    """The log as asked for by ``params`` on behalf of ``user``, ``size`` entries at a time."""

    user: Any
    params: Mapping[str, str]
    size: int = PAGE
    errors: list[str] = field(default_factory=list)
    older: int = field(default=0, init=False)  # ``before`` of the next page; 0 where there is none

    @cached_property
    def registers(self) -> list[Register]:
        """Registers whose log the person may read."""
        return [r for r in registry.all() if r.history and rights.may(self.user, r, rights.VIEW)]

    @cached_property
    def entries(self) -> list[Entry]:
        """The page's entries, newest first."""
        ids = self._ids()
        found = Change.objects.in_bulk(ids)
        return describe([found[pk] for pk in ids], self.user)

    def all_entries(self) -> Iterator[Entry]:
        """Every entry from the page on, at most ``EXPORTED``, a page after the other."""
        asked, given = self, 0
        while given < EXPORTED:
            yield from asked.entries
            given += len(asked.entries)
            if not asked.older:
                return
            asked = ChangeLog(self.user, {**self.params, "before": str(asked.older)}, self.size)

    def reads(self, change: Change) -> bool:
        """Whether the person may read one change."""
        register = registry.by_model.get(change.model)
        if register is None or register not in self.registers:
            return bool(self.user.is_superuser)
        return _seen(self.user, register)[0].filter(pk=change.pk).exists()

    def url(self, **changed: object) -> str:
        """Query string with some parameters changed; an empty text takes one away."""
        merged = {**self.params, **changed}
        return "?" + urlencode({name: value for name, value in merged.items() if value})

    def _ids(self) -> list[int]:
        asked, indexed = self._conditions()
        before = self._number("before") or (Change.objects.aggregate(top=models.Max("pk"))["top"] or 0) + 1
        floor, parts = 0, self._visible()
        ids: list[int] = []
        if not indexed or any(limited for _records, limited in parts):
            floor = max(before - WINDOW, 0)
        for records, _limited in parts:
            wanted = records.filter(asked, pk__lt=before, pk__gte=floor).order_by("-pk")
            ids += wanted.values_list("pk", flat=True)[: self.size + 1]
        ids = sorted(ids, reverse=True)[: self.size + 1]
        if len(ids) > self.size:
            self.older = ids[self.size - 1]
            return ids[: self.size]
        self.older = floor if floor and Change.objects.filter(pk__lt=floor).exists() else 0
        return ids

    def _conditions(self) -> tuple[Q, bool]:
        """What is asked for, and whether an index leads there."""
        asked, params = Q(), self.params
        if unknown := [name for name in params if name not in PARAMS]:
            self.errors.append(gettext("不认识的参数“%s”，已不采用") % "、".join(unknown))
        for name in ("run", "act", "row"):
            if params.get(name):
                asked &= Q(**{name: self._number(name)})
        if user := params.get("user"):
            asked &= Q(user=user)
        if source := params.get("source"):
            asked &= Q(source=source)
        for word in params.get("q", "").split():
            asked &= Q(reason__icontains=word)
        for name, bound, days in (("from", "pk__gte", 0), ("to", "pk__lt", 1)):
            if (day := self._day(name)) is not None:
                asked &= Q(**{bound: first_since(day + dt.timedelta(days=days))})
        narrow = any(params.get(name) for name in ("run", "act", "user")) or (
            params.get("register") and params.get("row")
        )
        return asked, bool(narrow) or not any(params.get(name) for name in ("q", "source", "row"))

    def _number(self, name: str) -> int:
        text = self.params.get(name, "")
        if text and not (text.isdecimal() and len(text) < 20):
            self.errors.append(gettext("“%s”应为数字") % text)
        return int(text) if text.isdecimal() and len(text) < 19 else 0

    def _day(self, name: str) -> dt.datetime | None:
        text = self.params.get(name, "").strip()
        try:
            day: dt.date | None = Date().parse(text) if text else None
        except BadValueError as bad:
            self.errors.append(f"{bad.reason}，{bad.remedy}")
            day = None
        return None if day is None else timezone.make_aware(dt.datetime.combine(day, dt.time()))

    def _visible(self) -> "list[tuple[models.QuerySet[Change], bool]]":
        """Records that the person may read, in parts that each have an index, and whether a part is limited to a reach."""
        slug = self.params.get("register", "")
        chosen = [register for register in self.registers if slug in ("", register.slug)]
        if slug and not chosen:
            self.errors.append(gettext("没有名为“%s”的登记簿，或您无权查看") % slug)
        if self.user.is_superuser and not slug:
            return [(Change.objects.all(), False)]
        return [_seen(self.user, register) for register in chosen]


def _seen(user: Any, register: Register) -> "tuple[models.QuerySet[Change], bool]":
    """Records of one register that the person may read, and whether these are limited to a reach."""
    records, reach = Change.objects.filter(model=register.label), rights.reach_of(user, register)
    if not reach:
        return records, False
    present = register.model._default_manager.all()
    gone = deletions(user, register).exclude(row__in=present.values("pk"))
    seen = Q(row__in=present.filter(reach).values("pk")) | Q(row__in=gone.order_by().values("row"))
    return records.filter(seen), True


def deletions(user: Any, register: Register) -> "models.QuerySet[Change]":
    """Records of deletions of rows that lay in the person's reach when they were deleted, newest first."""
    found = Change.objects.filter(model=register.label, action="delete")
    reach = rights.reach_of(user, register)
    if reach is None:
        return found.none()
    return _InImage(register).filter(found, reach)


class _InImage:
    """A filter on a register's rows, turned into one on the images of rows that are gone."""

    def __init__(self, register: Register) -> None:
        self.meta = register.model._meta
        self.annotations: dict[str, Any] = {}

    def filter(self, deletions: "models.QuerySet[Change]", reach: Q) -> "models.QuerySet[Change]":
        turned = self._turn(reach)
        return deletions.annotate(**self.annotations).filter(turned) if reach else deletions

    def _turn(self, node: Any) -> Q:
        if isinstance(node, Q):
            made = Q(*map(self._turn, node.children), _connector=node.connector)
            return ~made if node.negated else made
        path, value = node
        name, _, rest = path.partition("__")
        one: Any = self.meta.get_field(self.meta.pk.name if name == "pk" else name)
        kind = models.BigIntegerField() if one.is_relation or one.primary_key else models.TextField()
        self.annotations[f"was_{one.name}"] = Cast(KT(f"before__{one.column}"), kind)
        if one.is_relation and rest not in ("", "in", "exact", "isnull"):
            rows = one.related_model._default_manager.filter(**{rest: value}).values("pk")
            return Q(**{f"was_{one.name}__in": rows})
        return Q(**{f"was_{one.name}__{rest or 'exact'}": value})


def describe(changes: Sequence[Change], user: Any) -> list[Entry]:
    """Changes in words for ``user``, who may see their rows; the queries grow with the registers, not with the changes."""
    by_model: dict[str, list[Change]] = defaultdict(list)
    for one in changes:
        by_model[one.model].append(one)
    made: dict[int, Entry] = {}
    for label, some in by_model.items():
        register = registry.by_model.get(label)
        for entry in _of_register(register, some, user) if register else _of_kit(label, some):
            made[entry.change.pk] = entry
    return [made[one.pk] for one in changes]


def _of_register(register: Register, changes: Sequence[Change], user: Any) -> Iterator[Entry]:
    columns = rights.visible(user, register.bound)
    names = references_in([(one.before, one.after) for one in changes], columns)
    rows = rights.restrict(register.base(), register, user).in_bulk({one.row for one in changes})
    for one in changes:
        row = rows.get(one.row)
        title = register.describe(row) if row is not None else title_of(one, columns, names)
        url = register.url("detail", one.row) if row is not None else ""
        yield Entry(one, register.shown_title, title, url, _fields(one, columns, names))


def _of_kit(label: str, changes: Sequence[Change]) -> Iterator[Entry]:
    """Notes, roles and whatever else has no register of its own, in the words of its model."""
    model = recorded().get(label)
    title = str(model._meta.verbose_name) if model else label
    labels = {str(f.column): str(f.verbose_name) for f in model._meta.concrete_fields} if model else {}
    for one in changes:
        before, after = one.before or {}, one.after or {}
        names = [name for name in {**before, **after} if name in labels and before.get(name) != after.get(name)]
        fields = [FieldChange(labels[n], *(str(i.get(n, "") or "") for i in (before, after))) for n in names]
        yield Entry(one, title, gettext("第%(number)s号") % {"number": one.row}, "", fields)


def title_of(change: Change, columns: Sequence[BoundColumn], names: Names) -> str:
    """What a row that is gone was called: its name, else its key, else its number."""
    image = change.before or change.after or {}
    register = registry.by_model[change.model]
    named = [c for c in columns if c.name == "name"] or [c for c in columns if c.name in register.key]
    words = [word_for(c, value_in(image, c), names.get(c.name, {})) for c in named]
    return " · ".join(filter(None, words)) or gettext("第%(number)s号") % {"number": change.row}


def _fields(change: Change, columns: Sequence[BoundColumn], names: Names) -> list[FieldChange]:
    """Columns that differ; of a new or deleted row all that are filled."""
    found = differences(columns, change.before or {}, change.after or {}, names)
    return [one for one in found if one.before or one.after]
