"""Rates and scores of investment promotion.

Amounts and counts come in as whole numbers or decimals and are divided once, so that a rate is exact up to its one
rounding, half up. Definitions: ``promotion/data/rates.yaml``; sources: ``docs/guides/promotion.md``.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

Figure = Decimal | int
HUNDRED = Decimal(100)


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up, as published tables do."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def rate_pct(numerator: Figure, denominator: Figure, places: int = 2) -> Decimal | None:
    """Numerator over denominator in percent; None where there is nothing to divide by."""
    if not denominator:
        return None
    return rounded(Decimal(numerator) / Decimal(denominator) * HUNDRED, places)


def schedule_pct(month: int) -> Decimal:
    """The share of the year that is over at the end of a month (1–12), in percent, unrounded."""
    return Decimal(month) / 12 * HUNDRED


def lead_points(actual: Figure, target: Figure, month: int, places: int = 1) -> Decimal | None:
    """Points by which a year's target is ahead of the time schedule (negative: behind), from unrounded shares."""
    if not target:
        return None
    return rounded(Decimal(actual) / Decimal(target) * HUNDRED - schedule_pct(month), places)


@dataclass(frozen=True)
class Scored:
    """What one item of a scoring pattern gives: min(actual / target, cap) × weight; None without a target."""

    actual: Figure
    target: Figure | None
    weight: Decimal
    cap: Decimal

    @property
    def points(self) -> Decimal | None:
        if not self.target:
            return None
        return min(Decimal(self.actual) / Decimal(self.target), self.cap) * self.weight
