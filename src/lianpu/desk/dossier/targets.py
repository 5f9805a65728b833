"""Firms elsewhere that do what is missing here: the promotion target list, ranked as the pairing page ranks it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import override

from lianpu.chains.models import DiagnosisRun
from lianpu.desk.pairing import Target, makers_elsewhere, targets_of

LISTED = 10
"""Target firms a segment at most."""
A_PROVINCE = 3
"""Of these from one province at most, so that a list is more than one province's directory."""


@dataclass(frozen=True)
class Market:
    """Who does it elsewhere: their number in the reference, the provinces with most, and the best fitting ones."""

    firms: int
    provinces: list[tuple[str, int]]
    targets: list[Target] = field(default_factory=list)


def markets_of(*, user: Any, run: DiagnosisRun, wanted: Sequence[str]) -> dict[str, Market]:
    """Segment code → market, for segments of ``wanted`` that anybody elsewhere fills; empty without a readable reference."""
    import polars as pl

    makers = makers_elsewhere(user, wanted, run)
    if makers is None or makers.is_empty():
        return {}
    with override(None):  # a book keeps the declared words
        listed = targets_of(user, wanted, run, top=LISTED, a_province=A_PROVINCE)
    markets = {}
    for (code,), rows in makers.partition_by("segment", as_dict=True, maintain_order=True).items():
        held = rows.filter(pl.col("province") != "").group_by("province").agg(pl.len().alias("n"))
        provinces = held.sort("n", "province", descending=[True, False]).head(3)
        markets[str(code)] = Market(rows.height, list(provinces.iter_rows()), listed.get(str(code), []))
    return markets
