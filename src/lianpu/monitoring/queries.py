"""Published figures beside what the registers compute."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lianpu.monitoring.models import PublishedFigure
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.figures import FIGURES, Asked, Computed


@dataclass(frozen=True)
class Compared:
    """A figure as published (None: never published) and as computed (None: no register computes it)."""

    id: str
    name: str
    unit: str
    period: str
    published: Decimal | None
    computed: Computed | None

    @property
    def difference(self) -> Decimal | None:
        if self.published is None or self.computed is None:
            return None
        return Decimal(self.computed.value) - self.published


def published(user: Any, year: int) -> "dict[str, PublishedFigure]":
    """The figures published for a year, by id, in the order in which they were entered."""
    rows = rights.restrict(PublishedFigure.objects.filter(year=year), registry["published-figures"], user)
    return {one.figure: one for one in rows.order_by("pk")}


def years(user: Any) -> list[int]:
    """Years for which figures were published, the latest first."""
    rows = rights.restrict(PublishedFigure.objects.order_by(), registry["published-figures"], user)
    return sorted(set(rows.values_list("year", flat=True)), reverse=True)


def computed(user: Any, year: int, place: str = "") -> Mapping[str, Computed]:
    """Every figure that some register computes, by id."""
    asked = Asked(user, year, place)
    return {one.id: one.compute(asked) for one in FIGURES.values()}


def compare(user: Any, year: int, place: str = "") -> list[Compared]:
    """Published figures in their order, each with what is computed; then what is computed but was not published."""
    said, made = published(user, year), computed(user, year, place)
    found = [
        Compared(one.figure, one.name, one.unit, one.period, one.value, made.get(one.figure)) for one in said.values()
    ]
    rest = [figure for figure in FIGURES.values() if figure.id not in said]
    return [*found, *(Compared(one.id, one.name, one.unit, str(year), None, made[one.id]) for one in rest)]
