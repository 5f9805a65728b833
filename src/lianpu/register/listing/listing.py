"""Query string → rows, on behalf of somebody; see the package."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext

from lianpu.register import rights, search
from lianpu.register.declare import BoundColumn, Column, Register
from lianpu.register.faults import BadValueError
from lianpu.register.history import changed_since
from lianpu.register.kinds import Choice, Flag, Json, Moment
from lianpu.register.language import spoken
from lianpu.register.listing.conditions import BLANK, BOUNDS, FILLED, asked, day_of, exactly, midnight, target_of
from lianpu.register.listing.sums import sum_of, summed
from lianpu.register.models import Change
from lianpu.register.timetravel import as_of

SIZES = (20, 50, 100, 200)
COUNT_CAP = 100_000  # beyond this a list says "over 100,000" instead of counting on
MANY_HITS = 20_000  # beyond this a search is not carried on by the ids of its hits, and sums are left out
PLAIN_PARAMS = frozenset({"q", "sort", "page", "size", "cols", "group", "order", "chart", "since", "view"})

ASOF = "asof"
CHANGED_AT = "changed_at"
# Not in the model, so not in files that come back: shown on request in every register that keeps change records.
CHANGED = BoundColumn(
    CHANGED_AT,
    "最近变更",
    Moment(),
    CHANGED_AT,
    None,
    Column(CHANGED_AT, value=CHANGED_AT, shown=False, editable=False),
)


def params_of(query: QueryDict) -> dict[str, str]:
    """The parameters of an address; several values of one filter, as ticked boxes send them, become one text."""
    return {
        name: ",".join(str(text) for text in texts if text)
        if name == "group" or name.startswith("f.")
        else str(texts[-1])
        for name, texts in query.lists()
        if texts
    }


@contextmanager
def looking_back(register: Register, params: Mapping[str, str]) -> Iterator[dt.datetime | None]:
    """Within it, reads see the registers as they were at the end of the day ``asof``, and that moment is given; None where
    the present is asked for. Raises ``ValidationError`` where that day cannot be told."""
    text = params.get(ASOF, "").strip()
    if not text:
        yield None
        return
    if not register.history or register.guarded:
        raise ValidationError(gettext("此登记簿不留变更记录，不能回看。"))
    try:
        end = midnight(day_of(text) + dt.timedelta(days=1))
    except (BadValueError, OverflowError) as bad:
        raise ValidationError(gettext("“%(text)s”不是日期，请按 2026-11-01 填写。") % {"text": text}) from bad
    with as_of(end):
        yield end


@dataclass(frozen=True)
class Header:
    """A column head of the page: where a click sorts ("" where none does), and how it is sorted now."""

    column: BoundColumn
    sort_url: str
    direction: str  # "", "ascending", "descending"


@dataclass(frozen=True)
class Badge:
    """A filter in force: what it is on, what it says, and the address without it."""

    label: str
    text: str
    url: str


@dataclass(frozen=True)
class Total:
    """A sum under a column, over the ``filled`` rows that have a value."""

    text: str = ""
    filled: int = 0


@dataclass
class Listing:
    """One list as asked for by ``params`` (see :func:`params_of`) on behalf of ``user``.

    ``past`` is given within :func:`looking_back` alone: without it the parameter ``asof`` is one that nobody heeds.
    """

    register: Register
    user: Any
    params: Mapping[str, str]
    errors: list[str] = field(default_factory=list)
    past: dt.datetime | None = None
    hits: int | None = field(default=None, init=False)  # of a search, up to ``COUNT_CAP + 1``

    @cached_property
    def visible(self) -> list[BoundColumn]:
        return [c for c in rights.visible(self.user, self.register.bound) if not c.column.source_only]

    @cached_property
    def by_name(self) -> dict[str, BoundColumn]:
        return {c.name: c for c in self.visible}

    @cached_property
    def choosable(self) -> list[BoundColumn]:
        """Columns that the list can show, those of the person's own choice first and in its order."""
        can = [c for c in self.visible if not isinstance(c.kind, Json)]
        if self.register.history and CHANGED_AT not in self.by_name:
            can.append(CHANGED)
        return [*(c for c in self.columns if c in can), *(c for c in can if c not in self.columns)]

    @cached_property
    def columns(self) -> list[BoundColumn]:
        by_name = ({CHANGED_AT: CHANGED} if self.register.history else {}) | self.by_name
        named = list(dict.fromkeys(name for name in self.params.get("cols", "").split(",") if name))
        if unknown := [name for name in named if name not in by_name]:
            self.errors.append(f"没有这些列，或您无权查看，已略去：{'、'.join(unknown)}")
        chosen = [by_name[name] for name in named if name in by_name]
        return chosen or [c for c in self.visible if c.column.shown and not isinstance(c.kind, Json)]

    @cached_property
    def reachable(self) -> "models.QuerySet[Any]":
        return rights.restrict(self.register.base(), self.register, self.user)

    # -- which rows ----------------------------------------------------------------------------
    @cached_property
    def rows(self) -> "models.QuerySet[Any]":
        """Every matching row, sorted; not yet cut into pages."""
        found = self.reachable
        for name, text in self.params.items():
            kept = self._condition_of(name)
            if kept is None and name not in PLAIN_PARAMS and not (name == ASOF and self.past):
                self.errors.append(f"不认识的参数“{name}”，已不采用")
            elif kept is not None and text.strip():
                try:
                    found = found.filter(kept(name.partition(".")[2], text))
                except BadValueError as bad:
                    self.errors.append(f"筛选“{name}={text}”无效：{bad.reason}，{bad.remedy}")
                except ValueError:
                    self.errors.append(f"筛选“{name}={text}”无效：不能按此值筛选")
        if (words := self.params.get("q", "").split()) and self.searched:
            found = self._search(found, words)
        return self._with_changed_at(found.order_by(*self._order()))

    def _condition_of(self, name: str) -> Callable[[str, str], Q] | None:
        if name == "since":
            return self._changed_since
        return self._exactly if name.startswith("at.") else self._filter if name.startswith("f.") else None

    def _filter(self, name: str, text: str) -> Q:
        text = text.strip()
        name, _, bound = name.partition(".")
        if name in self.register.lenses and bound in ("", "not"):
            found = self.register.lenses[name].filter_with(text)
            return ~found if bound else found
        if name not in self.by_name or bound not in BOUNDS:
            raise BadValueError("没有这一列，或您无权查看", "请从列表页的筛选栏选择")
        return asked(self.register, self.by_name[name], bound, text)

    def _exactly(self, name: str, text: str) -> Q:
        if name not in self.by_name:
            raise BadValueError("没有这样的关联", "请从相关记录进入")
        return exactly(self.register, self.by_name[name], text)

    def _changed_since(self, _: str, text: str) -> Q:
        """Rows with a change recorded on that day or later."""
        if not self.register.history:
            raise BadValueError("此登记簿不留变更记录", "请去掉此条件")
        changed = changed_since(self.register, midnight(day_of(text)))
        return Q(pk__in=changed.filter(at__lt=self.past) if self.past else changed)

    @cached_property
    def searched(self) -> list[BoundColumn]:
        """Columns that ``q`` looks through: all that ask for it; in a list beyond ``COUNT_CAP`` only names and codes
        (weight A), because reading every long text of a million rows takes seconds."""
        asking = [c for c in self.visible if c.column.search]
        first = [c for c in asking if c.column.search == "A"]
        if len(first) in (0, len(asking)) or self.reachable.order_by()[: COUNT_CAP + 1].count() <= COUNT_CAP:
            return asking
        return first

    def _search(self, found: "models.QuerySet[Any]", words: Sequence[str]) -> "models.QuerySet[Any]":
        """Rows where every word stands in one of the searched columns.

        The index of the search says which, where it can; else all rows are looked through once. The page, the count and
        the sums follow from the ids found, for each of them would look through all rows again.
        """
        # The index knows the present only.
        known = search.ids(self.register, words, MANY_HITS, self.searched) if self.past is None else None
        if known is None:
            for word in words:
                found = found.filter(search.stands_in(self.searched, word))
        else:
            found = found.filter(pk__in=known)
        hits = list(found.order_by().values_list("pk", flat=True)[: COUNT_CAP + 1])
        self.hits = len(hits)
        return found if self.hits > MANY_HITS else self.reachable.filter(pk__in=hits)

    def _with_changed_at(self, rows: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
        """The rows with the moment of their latest change, where that column is shown."""
        if CHANGED not in self.columns:
            return rows
        changes = Change.objects.filter(model=self.register.label, row=models.OuterRef("pk")).order_by("-pk")
        changes = changes.filter(at__lt=self.past) if self.past else changes
        latest: dict[str, Any] = {CHANGED_AT: models.Subquery(changes.values("at")[:1])}
        return rows.annotate(**latest)  # type: ignore[no-any-return]

    @cached_property
    def _sorting(self) -> tuple[str, str]:
        """Path of the column to sort by and "-" where it falls; "" for the register's own order."""
        by = self.params.get("sort", "")
        name = by.lstrip("-")
        column = self.by_name.get(name)
        if by and (column is None or isinstance(column.kind, Json)):
            self.errors.append(f"不能按“{name}”排序，已按默认次序显示")
            return "", ""
        return (column.path, "-" if by.startswith("-") else "") if column else ("", "")

    def _order(self) -> Sequence[Any]:
        path, sign = self._sorting
        if not path:
            settled = {"pk", "-pk"} & set(self.register.ordering)
            return self.register.ordering if settled else (*self.register.ordering, "pk")
        order = models.F(path)
        return [order.desc(nulls_last=True) if sign else order.asc(nulls_last=True), f"{sign}pk"]

    # -- pages ---------------------------------------------------------------------------------
    @cached_property
    def size(self) -> int:
        wanted = self.params.get("size", "")
        return min(int(wanted), SIZES[-1]) if wanted.isdecimal() and int(wanted) > 0 else SIZES[1]

    @cached_property
    def page(self) -> int:
        wanted = self.params.get("page", "")
        return min(max(int(wanted), 1), self.pages) if wanted.isdecimal() else 1

    @cached_property
    def count(self) -> int:
        """Rows that match, counted up to ``COUNT_CAP + 1``."""
        counted = self.rows.order_by()[: COUNT_CAP + 1]
        return counted.count() if self.hits is None else self.hits

    @property
    def counted_fully(self) -> bool:
        return self.count <= COUNT_CAP

    @property
    def pages(self) -> int:
        return max(-(-min(self.count, COUNT_CAP) // self.size), 1)

    @cached_property
    def page_rows(self) -> list[Any]:
        keys = self.page_keys
        found = self._with_changed_at(self.register.base()).in_bulk(keys)
        return [found[key] for key in keys if key in found]

    @cached_property
    def page_keys(self) -> list[Any]:
        """Ids of the page's rows. Ids come first, for an index alone gives them, even on the last of many pages.

        Rows that have a value and rows that have none are asked for apart: no index of both databases holds the blanks
        last in both directions.
        """
        start, keys = (self.page - 1) * self.size, self.rows.values_list("pk", flat=True)
        path, sign = self._sorting
        if not path:
            return list(keys[start : start + self.size])
        filled = keys.filter(**{f"{path}__isnull": False}).order_by(f"{sign}{path}", f"{sign}pk")
        found = list(filled[start : start + self.size])
        if len(found) < self.size:
            blank = keys.filter(**{f"{path}__isnull": True}).order_by(f"{sign}pk")
            start = 0 if found or not start else start - filled.count()
            found += blank[start : start + self.size - len(found)]
        return found

    @property
    def totalled(self) -> list[BoundColumn]:
        """The shown columns that ask for a sum."""
        return [c for c in self.columns if c.column.total]

    @property
    def too_many_to_total(self) -> bool:
        return not self.counted_fully or (self.hits or 0) > MANY_HITS

    @cached_property
    def totals(self) -> list[Total]:
        """Sums over all matching rows under the columns that ask for one; empty when none does, or there are too many
        rows."""
        if not self.totalled or self.too_many_to_total:
            return []
        wanted: dict[str, Any] = {f"sum_{c.name}": sum_of(c) for c in self.totalled}
        wanted |= {f"filled_{c.name}": models.Count(c.path) for c in self.totalled}
        found = self.rows.order_by().aggregate(**wanted)
        return [
            Total(c.kind.show(summed(c, found[f"sum_{c.name}"])), found[f"filled_{c.name}"])
            if c.column.total
            else Total()
            for c in self.columns
        ]

    def headers(self) -> list[Header]:
        by = self.params.get("sort", "")
        found = []
        for column in self.columns:
            now = "ascending" if by == column.name else "descending" if by == f"-{column.name}" else ""
            then = f"-{column.name}" if now == "ascending" else column.name
            sortable = column is not CHANGED and not isinstance(column.kind, Json)
            found.append(Header(column, self.url(sort=then, page="") if sortable else "", now))
        return found

    # -- what is asked for, in words -----------------------------------------------------------
    def filters(self) -> list[Badge]:
        """Filters in force."""
        found = []
        for name, text in self.params.items():
            told = self._told(name, text) if text else None
            if told is not None:
                found.append(Badge(*told, self.url(**{name: "", "page": ""})))
        return found

    def _told(self, name: str, text: str) -> tuple[str, str] | None:
        """Label and text of one filter; None for what is none."""
        if name == "since" and self.register.history:
            return gettext("变更不早于"), text
        if name == ASOF and self.past:
            return gettext("回看"), text
        place, _, plain = name.partition(".")
        if place == "at" and (column := self.by_name.get(plain)):
            return column.shown_label, self._told_exactly(column, text)
        if place != "f":
            return None
        plain, _, bound = plain.partition(".")
        sign = {"from": " ≥", "to": " ≤", "not": gettext("（不是）")}.get(bound, "")
        if plain in self.register.lenses:
            return spoken(self.register.lenses[plain].label) + sign, text
        column = self.by_name.get(plain)
        if column is None:
            return None
        if text in (BLANK, FILLED):
            return column.shown_label + sign, gettext("空白") if text == BLANK else gettext("非空")
        pointing = column.column.filter_with is not None and not isinstance(column.kind, (Choice, Flag))
        target = target_of(self.register, column) if pointing else None
        if target is not None:
            codes = text.split(",")
            named = self._named(target, target.key[0], codes)
            return column.shown_label + sign, "、".join(named.get(code, code) for code in codes)
        if isinstance(column.kind, Choice):
            return column.shown_label + sign, "、".join(column.shown(column.kind.show(one)) for one in text.split(","))
        return column.shown_label + sign, column.shown(text)

    def _told_exactly(self, column: BoundColumn, text: str) -> str:
        if text == BLANK:
            return gettext("空白")
        if isinstance(column.field, models.ForeignKey):
            target = target_of(self.register, column)
            named = self._named(target, "pk", [text]) if target is not None and text.isdecimal() else {}
            return named.get(text) or gettext("第%(number)s号") % {"number": text}
        return column.shown(column.kind.show(text)) if isinstance(column.kind, (Choice, Flag)) else text

    def _named(self, target: Register, field: str, texts: Sequence[str]) -> dict[str, str]:
        """Names of the rows of ``target`` with these ids or codes, as far as the person may see them."""
        rows = rights.restrict(target.base(), target, self.user).filter(**{f"{field}__in": texts})
        return {str(getattr(row, field)): target.describe(row) for row in rows}

    def url(self, **changed: str) -> str:
        """Query string with some parameters changed; an empty text takes one away.

        Never quite empty, for a list asked for without parameters opens as its reader or register likes it to.
        """
        merged = {**self.params, **changed}
        return "?" + (urlencode({k: v for k, v in merged.items() if v}) or "view=0")
