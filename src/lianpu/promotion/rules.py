"""The rules that ship as data: rates, scoring pattern, staleness."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True)
class RateRule:
    """A rate: which measure over which; ``certain`` False where its definition differs from place to place."""

    id: str
    name: str
    numerator: str
    denominator: str
    definition: str
    certain: bool


@dataclass(frozen=True)
class ScoreItem:
    """One item of the scoring pattern: a figure against a column of the targets."""

    figure: str
    target: str
    name: str
    weight: Decimal
    cap: Decimal


@dataclass(frozen=True)
class Scoring:
    """The pattern, and what signed but never started projects cost."""

    name: str
    items: tuple[ScoreItem, ...]
    overdue_days: int
    overdue_points: Decimal
    overdue_most: Decimal


def _read(name: str) -> Any:
    return yaml.safe_load((DATA / f"{name}.yaml").read_bytes())


@cache
def rate_rules() -> tuple[RateRule, ...]:
    """The rates, in the order in which they are shown."""
    return tuple(RateRule(**one) for one in _read("rates"))


@cache
def scoring() -> Scoring:
    """The scoring pattern in force."""
    held = _read("scoring")
    items = tuple(
        ScoreItem(**(one | {"weight": Decimal(str(one["weight"])), "cap": Decimal(str(one["cap"]))}))
        for one in held["items"]
    )
    overdue = held["overdue"]
    return Scoring(held["name"], items, overdue["days"], Decimal(overdue["points"]), Decimal(overdue["most"]))


@cache
def stale_days() -> Mapping[str, int]:
    """Stage → days without movement after which a lead that stands there is stale."""
    return {str(stage): int(days) for stage, days in _read("stale").items()}


def words() -> list[str]:
    """What pages show of the rules, in the reader's language where the catalogue has it."""
    rule = scoring()
    return [
        *(text for one in rate_rules() for text in (one.name, one.definition)),
        rule.name,
        *(item.name for item in rule.items),
    ]
