"""A list: query string → rows, the same for the page, the export and the API.

``?q=words&sort=-founded&page=2&size=50&cols=name,place&f.place=620102&f.founded.from=1990`` — a filter
is ``f.<column>`` (equals, or contains for text), ``f.<column>.from`` / ``.to`` for numbers and dates,
``f.<column>=-`` for blank; ``at.<column>=<id>`` keeps the rows that point at one row. Parameters that
are unknown or unreadable are said, never silently dropped.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, reduce
from operator import or_
from typing import Any
from urllib.parse import urlencode

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext

from lianpu.register import rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.faults import BadValueError
from lianpu.register.kinds import Choice, Date, Flag, Integer, Json, Moment, Number, Reference
from lianpu.register.language import spoken

SIZES = (20, 50, 100, 200)
COUNT_CAP = 100_000  # beyond this a list says "over 100,000" instead of counting on
MANY_HITS = 20_000  # beyond this a search is not carried on by the ids of its hits, and sums are left out
BLANK = "-"
PLAIN_PARAMS = frozenset({"q", "sort", "page", "size", "cols"})


@dataclass(frozen=True)
class Header:
    """A column head of the page: where a click sorts, and how it is sorted now."""

    column: BoundColumn
    sort_url: str
    direction: str  # "", "ascending", "descending"


@dataclass
class Listing:
    """One list as asked for by ``params`` (a QueryDict's first values) on behalf of ``user``."""

    register: Register
    user: Any
    params: Mapping[str, str]
    errors: list[str] = field(default_factory=list)
    hits: int | None = field(default=None, init=False)  # of a search, up to ``COUNT_CAP + 1``

    @cached_property
    def visible(self) -> list[BoundColumn]:
        return [c for c in rights.visible(self.user, self.register.bound) if not c.column.source_only]

    @cached_property
    def columns(self) -> list[BoundColumn]:
        named = [name for name in self.params.get("cols", "").split(",") if name]
        by_name = {c.name: c for c in self.visible}
        if unknown := [name for name in named if name not in by_name]:
            self.errors.append(f"没有这些列：{'、'.join(unknown)}")
        chosen = [by_name[name] for name in named if name in by_name]
        return chosen or [c for c in self.visible if c.column.shown and not isinstance(c.kind, Json)]

    @cached_property
    def reachable(self) -> "models.QuerySet[Any]":
        return rights.restrict(self.register.base(), self.register, self.user)

    @cached_property
    def rows(self) -> "models.QuerySet[Any]":
        """Every matching row, sorted; not yet cut into pages."""
        found = self.reachable
        for name, text in self.params.items():
            kept = self._pointing if name.startswith("at.") else self._filter if name.startswith("f.") else None
            if kept is None and name not in PLAIN_PARAMS:
                self.errors.append(f"不认识的参数“{name}”，已不采用")
            elif kept is not None and text.strip():
                try:
                    found = found.filter(kept(name.partition(".")[2], text.strip()))
                except BadValueError as bad:
                    self.errors.append(f"筛选“{name}={text}”无效：{bad.reason}，{bad.remedy}")
                except ValueError:
                    self.errors.append(f"筛选“{name}={text}”无效：不能按此值筛选")
        if (words := self.params.get("q", "").split()) and self.searched:
            found = self._search(found, words)
        return found.order_by(*self._order())

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

        All rows are looked through once, in an index where one covers the columns: the page, the count and the sums
        follow from the ids found, for each of them would look through all rows again.
        """
        for word in words:
            # Folding case costs PostgreSQL more than the comparison, and Chinese has none.
            lookup = "contains" if word.upper() == word.lower() else "icontains"
            found = found.filter(reduce(or_, (Q(**{f"{c.path}__{lookup}": word}) for c in self.searched)))
        hits = list(found.order_by().values_list("pk", flat=True)[: COUNT_CAP + 1])
        self.hits = len(hits)
        return found if self.hits > MANY_HITS else self.reachable.filter(pk__in=hits)

    def _filter(self, name: str, text: str) -> Q:
        if name in self.register.lenses:
            return self.register.lenses[name].filter_with(text)
        name, _, bound = name.partition(".")
        column = next((c for c in self.visible if c.name == name), None)
        if column is None or bound not in ("", "from", "to"):
            raise BadValueError("没有这一列", "请从列表页的筛选栏选择")
        path, kind = column.name if column.field is not None else column.path, column.kind
        if text == BLANK:
            blank = Q(**{f"{path}__isnull": True})
            worded = isinstance(column.field, (models.CharField, models.TextField))
            return blank | Q(**{path: ""}) if worded else blank
        if column.column.filter_with is not None:
            return column.column.filter_with(text)
        if isinstance(kind, (Choice, Flag)):
            return Q(**{f"{path}__in": [kind.parse(one) for one in text.split(",")]})
        if isinstance(kind, Number) and not isinstance(kind, Integer):
            return _number(path, kind, kind.read(text), bound)
        if isinstance(kind, (Integer, Date)):
            day = "__date" if isinstance(kind, Moment) else ""
            return Q(**{path + day + {"": "", "from": "__gte", "to": "__lte"}[bound]: kind.parse(text)})
        if isinstance(kind, Reference):
            return Q(**{f"{column.column.value or path + '__pk'}": text})
        if isinstance(kind, Json):
            raise BadValueError("此列不能筛选", "请改用其他列")
        if isinstance(column.field, models.JSONField) and connection.vendor == "sqlite":
            text = json.dumps(text)[1:-1]  # SQLite keeps the JSON text as Django wrote it, in ASCII
        return Q(**{f"{column.path}__icontains": text})

    def _pointing(self, name: str, text: str) -> Q:
        """Rows whose reference ``name`` is the row with the id ``text``."""
        column = next((c for c in self.visible if c.name == name), None)
        if column is None or not isinstance(column.field, models.ForeignKey) or not text.isdecimal():
            raise BadValueError("没有这样的关联", "请从相关记录进入")
        return Q(**{f"{name}_id": int(text)})

    @cached_property
    def _sorting(self) -> tuple[str, str]:
        """Path of the column to sort by and "-" where it falls; "" for the register's own order."""
        asked = self.params.get("sort", "")
        name = asked.lstrip("-")
        column = next((c for c in self.visible if c.name == name and not isinstance(c.kind, Json)), None)
        if asked and column is None:
            self.errors.append(f"不能按“{name}”排序，已按默认次序显示")
        return (column.path, "-" if asked.startswith("-") else "") if column else ("", "")

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
        asked = self.params.get("size", "")
        return min(int(asked), SIZES[-1]) if asked.isdecimal() and int(asked) > 0 else SIZES[1]

    @cached_property
    def page(self) -> int:
        asked = self.params.get("page", "")
        return min(max(int(asked), 1), self.pages) if asked.isdecimal() else 1

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
        keys = self._page_keys()
        found = self.register.base().in_bulk(keys)
        return [found[key] for key in keys if key in found]

    def _page_keys(self) -> list[Any]:
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

    @cached_property
    def totals(self) -> list[str]:
        """Sums over all matching rows as texts under the columns that ask for one; empty when none does."""
        summed = {f"sum_{c.name}": models.Sum(c.path) for c in self.columns if c.column.total}
        if not summed or not self.counted_fully or (self.hits or 0) > MANY_HITS:
            return []
        found = self.rows.order_by().aggregate(**summed)
        return [c.kind.show(found.get(f"sum_{c.name}")) for c in self.columns]

    def headers(self) -> list[Header]:
        asked = self.params.get("sort", "")
        found = []
        for column in self.columns:
            now = "ascending" if asked == column.name else "descending" if asked == f"-{column.name}" else ""
            then = f"-{column.name}" if now == "ascending" else column.name
            found.append(Header(column, self.url(sort=then, page=""), now))
        return found

    def filters(self) -> list[tuple[str, str, str]]:
        """Filters in force as (label, text, URL without it)."""
        found = []
        for name, text in self.params.items():
            if name.startswith("at.") and (pointed := self.register.by_name.get(name[3:])):
                found.append(
                    (
                        pointed.shown_label,
                        gettext("第%(number)s号") % {"number": text},
                        self.url(**{name: "", "page": ""}),
                    )
                )
            elif (lens := self.register.lenses.get(name.removeprefix("f."))) and text:
                found.append((spoken(lens.label), text, self.url(**{name: "", "page": ""})))
            elif name.startswith("f.") and text:
                plain, _, bound = name[2:].partition(".")
                column = self.register.by_name.get(plain)
                if column is None:
                    continue
                label = column.shown_label + {"from": " ≥", "to": " ≤"}.get(bound, "")
                shown = (
                    gettext("空白")
                    if text == BLANK
                    else "、".join(column.shown(column.kind.show(one)) for one in text.split(","))
                    if isinstance(column.kind, Choice)
                    else column.shown(text)
                )
                found.append((label, shown, self.url(**{name: "", "page": ""})))
        return found

    def url(self, **changed: str) -> str:
        """Query string with some parameters changed; an empty text takes one away."""
        merged = {**self.params, **changed}
        return "?" + urlencode({k: v for k, v in merged.items() if v})


def _number(path: str, kind: Number, value: Decimal, bound: str) -> Q:
    """Rows whose number is ``value``, to the decimals that the column shows, or lies on the asked side of it."""
    if bound:
        return Q(**{f"{path}__gte" if bound == "from" else f"{path}__lte": value})
    half = Decimal(0) if kind.places is None else Decimal(1).scaleb(-kind.places) / 2
    return Q(**{f"{path}__range": (value - half, value + half)})


@dataclass(frozen=True)
class Cell:
    """One value of one row as the page shows it; ``url`` leads to the row it refers to."""

    column: BoundColumn
    value: Any
    text: str
    url: str = ""

    @property
    def shown(self) -> str:
        """The text in the reader's language."""
        return self.column.shown(self.text)


def cells(columns: Sequence[BoundColumn], row: Any) -> list[Cell]:
    """The cells of ``columns`` for one row, references linked to their own pages."""
    found = []
    for column in columns:
        value = row
        for part in column.path.split("__"):
            value = getattr(value, part, None)
            if value is None:
                break
        found.append(Cell(column, value, column.kind.show(value), _url_of(column, row)))
    return found


def _url_of(column: BoundColumn, row: Any) -> str:
    if not isinstance(column.field, models.ForeignKey):
        return ""
    target = registry.by_model.get(column.field.related_model._meta.label_lower)
    pk = getattr(row, column.field.attname)
    return target.url("detail", pk) if target is not None and pk is not None else ""
