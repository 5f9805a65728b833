"""Figures that a city publishes, each declared once beside the query that computes it.

A context writes in its ``figures.py``::

    @figure("projects_followed_up", "跟踪推进工业和信息化项目", "个")
    def followed_up(asked: Asked) -> Computed:
        rows = …
        return Computed(rows.count(), rows.count(), url)

``lianpu figures`` prints them, and the page 指标对照 holds them against what was published; the number of rows and the
address of their list come with each, so that no figure stands without its rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Asked:
    """On whose behalf, of which year, of which place (code; "" = everywhere that the person sees)."""

    user: Any
    year: int
    place: str = ""


@dataclass(frozen=True)
class Computed:
    """A figure's value, how many rows make it, and the list that shows just these rows."""

    value: Decimal | int
    rows: int
    url: str


@dataclass(frozen=True)
class Figure:
    """A figure: id, what it is called, its unit, and how it is computed."""

    id: str
    name: str
    unit: str
    compute: Callable[[Asked], Computed]


FIGURES: dict[str, Figure] = {}


def figure(id: str, name: str, unit: str) -> Callable[[Callable[[Asked], Computed]], Callable[[Asked], Computed]]:
    """Declare the function below as the computation of a figure."""

    def declare(compute: Callable[[Asked], Computed]) -> Callable[[Asked], Computed]:
        if id in FIGURES:
            raise ValueError(f"两处声明了指标 {id}")
        FIGURES[id] = Figure(id, name, unit, compute)
        return compute

    return declare
