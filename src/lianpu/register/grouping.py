"""A list counted by one or two of its columns: every group tells its rows and sums, and opens to just those rows.

``group=place`` or ``group=founded.year,status``; ``order=count|value`` with ``-`` for the other way round. Dates are
grouped by year or month. Blanks are a group. What the table says is what the file and the chart say.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Case, Count, F, Q, Value, When
from django.db.models.functions import NullIf, TruncMonth, TruncYear
from django.utils.translation import gettext

from lianpu.register import exporting
from lianpu.register.declare import BoundColumn
from lianpu.register.kinds import Choice, Date
from lianpu.register.listing import Listing
from lianpu.register.listing.conditions import key, splittable, worded
from lianpu.register.listing.sums import sum_of, summed

MANY_PERIODS = 1_200  # a hundred years of months: as many points as a line may have
MANY_INNER = 5_000  # groups of the second level on one page
MANY_OUT = 100_000  # groups in a file
BARS = 30
TRUNCATED = {"year": TruncYear, "month": TruncMonth}


@dataclass(frozen=True)
class Level:
    """A column to group by; ``part`` is year or month for dates."""

    column: BoundColumn
    part: str = ""

    @property
    def name(self) -> str:
        return f"{self.column.name}.{self.part}" if self.part else self.column.name

    @property
    def label(self) -> str:
        """As files name it."""
        return self.column.label + {"year": "（年）", "month": "（月）"}.get(self.part, "")

    @property
    def shown_label(self) -> str:
        parts = {"year": gettext("（年）"), "month": gettext("（月）")}
        return self.column.shown_label + parts.get(self.part, "")

    @property
    def path(self) -> str:
        """Where the value stands that makes a group: the id of a reference, else what is shown."""
        held = self.column.field
        return held.attname if isinstance(held, models.ForeignKey) else self.column.path

    def value(self, listing: Listing) -> Any:
        """The expression by which rows are grouped."""
        if self.part:
            return TRUNCATED[self.part](self.path, output_field=models.DateField())
        if worded(listing.register, self.column) and not isinstance(self.column.field, models.ForeignKey):
            return NullIf(F(self.path), Value(""))  # no text and an empty text are one blank
        return F(self.path)

    def rank(self, listing: Listing) -> Any:
        """The expression by which groups follow each other: choices as declared, references by their words."""
        if isinstance(self.column.kind, Choice):
            order = [
                When(**{self.path: _raw(self.column.kind, v)}, then=i) for i, v in enumerate(self.column.kind.labels)
            ]
            return Case(*order, default=Value(len(order)))
        return F(self.column.path) if isinstance(self.column.field, models.ForeignKey) else self.value(listing)

    def key(self, value: Any) -> str:
        """The text after ``at.<column>=`` that keeps the group's rows."""
        if self.part and value is not None:
            return f"{value.year:04d}" if self.part == "year" else f"{value.year:04d}-{value.month:02d}"
        return key(self.column, value)

    def names(self, ids: Iterable[Any]) -> dict[Any, Any]:
        """What is shown of the rows that a reference points at, by id: read apart, for a join would cost every row."""
        held = self.column.field
        if not isinstance(held, models.ForeignKey):
            return {}
        pointed: Any = held.related_model
        path = self.column.path.partition("__")[2] or "pk"
        found = pointed._default_manager.filter(pk__in=[one for one in ids if one is not None])
        return dict(found.values_list("pk", path))

    def word(self, value: Any, names: Mapping[Any, Any]) -> str:
        """The group's name in files; "" for blank."""
        if value is None:
            return ""
        return self.key(value) if self.part else self.column.kind.show(names.get(value, value))


def _raw(kind: Choice, value: str) -> Any:
    return int(value) if kind.whole else value


@dataclass
class Group:
    """Rows that share a value: its name, the address of just these rows, their number, and sums by column."""

    level: Level
    value: Any
    word: str
    url: str
    count: int
    sums: list[Any]
    sum_texts: list[str]
    inner: "list[Group]" = field(default_factory=list)

    @property
    def text(self) -> str:
        """The name on a page."""
        return self.level.column.shown(self.word) if self.value is not None else gettext("（空白）")


class Grouping:
    """The groups of a list; ``listing.errors`` says what cannot be grouped by."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.levels = self._levels()
        self.inner_cut = False  # whether there are more groups of the second level than were read

    @staticmethod
    def choices(listing: Listing) -> list[Level]:
        """What a list can be grouped by."""
        found: list[Level] = []
        for column in listing.visible:
            if splittable(listing.register, column):
                parts = ("year", "month") if isinstance(column.kind, Date) else ("",)
                found += [Level(column, part) for part in parts]
        return found

    def _levels(self) -> list[Level]:
        wanted = [name for name in self.listing.params.get("group", "").split(",") if name]
        can = {level.name: level for level in self.choices(self.listing)}
        if unknown := [name for name in wanted if name not in can]:
            self.listing.errors.append(f"不能按“{'、'.join(unknown)}”分组")
        return list({name: can[name] for name in wanted if name in can}.values())[:2]

    @cached_property
    def summed_columns(self) -> list[BoundColumn]:
        """Columns summed in every group; none in a list that is too long to be summed at its foot."""
        return [] if self.listing.too_many_to_total else self.listing.totalled

    @cached_property
    def order(self) -> str:
        """By count or value, "-" for the other way: periods follow time, all else the number of rows."""
        asked = self.listing.params.get("order", "")
        dated = bool(self.levels and self.levels[0].part)
        return asked if asked.lstrip("-") in ("count", "value") else "value" if dated else "-count"

    # -- reading -------------------------------------------------------------------------------
    def _counted(
        self, levels: Sequence[Level], within: Iterable[Any] | None = None
    ) -> "models.QuerySet[Any, dict[str, Any]]":
        """One row a combination of the levels' values, ordered by the last; ``within``: values of the first level."""
        values: dict[str, Any] = {f"_value{i}": level.value(self.listing) for i, level in enumerate(levels)}
        measures: dict[str, Any] = {f"_sum{i}": sum_of(column) for i, column in enumerate(self.summed_columns)}
        rows = self.listing.rows.order_by().annotate(**values)
        if within is not None:
            rows = rows.filter(Q(_value0__in=[one for one in within if one is not None]) | Q(_value0__isnull=True))
        counted = rows.values(*values).annotate(_count=Count("pk"), **measures)
        down, last = self.order.startswith("-"), f"_value{len(levels) - 1}"
        if self.order.endswith("count"):
            return counted.order_by("-_count" if down else "_count", last)  # type: ignore[no-any-return]
        rank = levels[-1].rank(self.listing)
        order = rank.desc(nulls_last=True) if down else rank.asc(nulls_last=True)
        return counted.order_by(order, last)  # type: ignore[no-any-return]

    def _groups(self, levels: Sequence[Level], found: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Any, Group]]:
        """The groups with the value of the level above them (None where there is none)."""
        at, found = len(levels) - 1, list(found)
        names = levels[at].names({row[f"_value{at}"] for row in found})
        for row in found:
            value, params = row[f"_value{at}"], {}
            for i, level in enumerate(levels):
                text = level.key(row[f"_value{i}"])
                name = f"at.{level.column.name}"
                # A month that is asked for already stays when its year is opened.
                before = self.listing.params.get(name, "")
                params[name] = before if level.part and before.startswith(text) else text
            sums = [summed(column, row[f"_sum{i}"]) for i, column in enumerate(self.summed_columns)]
            url = self.listing.url(group="", order="", chart="", page="", view="", **params)
            texts = [column.kind.show(total) for column, total in zip(self.summed_columns, sums, strict=True)]
            word = levels[at].word(value, names)
            yield row["_value0"] if at else None, Group(levels[at], value, word, url, row["_count"], sums, texts)

    def _read(self, start: int, size: int) -> list[Group]:
        first = self._counted(self.levels[:1])[start : start + size]
        found = [group for _, group in self._groups(self.levels[:1], first)]
        if len(self.levels) == 2 and found:
            above = {group.value: group for group in found}
            most = max(MANY_INNER, size)
            inner = list(self._groups(self.levels, self._counted(self.levels, above)[: most + 1]))
            self.inner_cut = len(inner) > most
            for value, group in inner[:most]:
                if value in above:
                    above[value].inner.append(group)
        return found

    # -- one page ------------------------------------------------------------------------------
    @cached_property
    def page(self) -> int:
        asked = self.listing.params.get("page", "")
        return max(int(asked), 1) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 1

    @property
    def size(self) -> int:
        return MANY_PERIODS if self.levels[0].part else self.listing.size

    @cached_property
    def _one_more(self) -> list[Group]:
        return self._read((self.page - 1) * self.size, self.size + 1)

    @property
    def groups(self) -> list[Group]:
        return self._one_more[: self.size]

    @property
    def more(self) -> bool:
        """Whether a page follows."""
        return len(self._one_more) > self.size

    # -- files ---------------------------------------------------------------------------------
    def export(self, form: str) -> bytes:
        """The whole grouped table as xlsx or csv: one line a group of the last level."""
        heads = [level.label for level in self.levels] + ["行数"] + [f"{c.head}合计" for c in self.summed_columns]
        lines: list[list[Any]] = []
        for group in self._read(0, MANY_OUT):
            for last in group.inner or [group]:
                words = [group.word, last.word] if group.inner else [group.word]
                lines.append([*(word or "（空白）" for word in words), last.count, *last.sums])
        out = io.BytesIO()
        exporting.write_table(out, self.listing.register.title, heads, lines, form)
        return out.getvalue()

    # -- chart ---------------------------------------------------------------------------------
    @cached_property
    def measure(self) -> BoundColumn | None:
        """The summed column that the chart draws; None: the number of rows."""
        return next((c for c in self.summed_columns if c.name == self.listing.params.get("chart")), None)

    @property
    def charted(self) -> bool:
        return bool(self.levels) and bool(self.listing.params.get("chart"))

    @cached_property
    def chart(self) -> dict[str, Any]:
        """What the chart draws: a line over time, else one bar a group, each with the address of its rows."""
        dated = bool(self.levels[0].part)
        shown = [group for group in self.groups if not dated or group.value is not None]
        if not dated:
            shown = shown[:BARS]
        at = self.summed_columns.index(self.measure) if self.measure is not None else None
        points = [
            {"name": g.text, "value": g.count if at is None else float(g.sums[at] or 0), "url": g.url} for g in shown
        ]
        measured = gettext("行数") if self.measure is None else self.measure.shown_label
        unit = gettext("条") if self.measure is None else self.measure.column.unit
        by = self.levels[0]
        if dated:
            points = _without_gaps(points, by.part, falling=self.order == "-value")
        title = gettext("%(register)s：各%(by)s的%(measure)s") % {
            "register": self.listing.register.shown_title,
            "by": by.shown_label,
            "measure": measured,
        }
        left_out = len(self.groups) - len(shown)
        return {"title": title, "unit": unit, "line": dated, "points": points, "left_out": left_out}


def _without_gaps(points: list[dict[str, Any]], part: str, *, falling: bool) -> list[dict[str, Any]]:
    """The points in the order of time, with zeros for the years or months in which there is nothing."""
    known = {str(point["name"]): point for point in points}
    if not known:
        return []
    low, high = (_number(name, part) for name in (min(known), max(known)))
    every = [_period(number, part) for number in range(low, high + 1)]
    if len(every) > MANY_PERIODS:
        every = sorted(known)
    filled = [known.get(name, {"name": name, "value": 0, "url": ""}) for name in every]
    return filled[::-1] if falling else filled


def _number(name: str, part: str) -> int:
    return int(name) if part == "year" else int(name[:4]) * 12 + int(name[5:7]) - 1


def _period(number: int, part: str) -> str:
    return f"{number:04d}" if part == "year" else f"{number // 12:04d}-{number % 12 + 1:02d}"
