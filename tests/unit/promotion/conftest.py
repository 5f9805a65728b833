"""A few invented leads in two districts and a second city, on two chains."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from lianpu.promotion.deriving import DATES, stage_of
from lianpu.promotion.identity import lead_key
from lianpu.promotion.models import FundsArrival, Lead


@pytest.fixture
def lead(db: None) -> Callable[..., Lead]:
    """Make a lead: ``lead("L1", signed="2024-03-05", amount=100, …)``; stages by name with their days."""

    def make(code: str, name: str = "", amount: object = None, **facts: Any) -> Lead:
        dates = {DATES[stage]: dt.date.fromisoformat(facts.pop(stage)) for stage in DATES if stage in facts}
        dates.setdefault("found_on", min(dates.values(), default=dt.date(2024, 1, 5)))
        name = name or f"示例招商{code}"
        return Lead.objects.create(
            code=code,
            name=name,
            name_key=lead_key(name),
            stage=stage_of(dates),
            signed_10k_cny=None if amount is None else Decimal(str(amount)),
            is_sample=True,
            **dates,
            **facts,
        )

    return make


@pytest.fixture
def leads(lead: Callable[..., Lead], gazetteer: Mapping[str, Any], two_chains: Mapping[str, Any]) -> Mapping[str, Lead]:
    """Leads by number; L1 lies in another city than the others, L3 on another chain."""
    where = {"L1": ("620302", "LV-1101"), "L2": ("620111", "LV-2101"), "L3": ("620102", "QC-1101")}
    return {
        code: lead(
            code,
            counterpart=f"示例投资方{code}",
            place=gazetteer[place],
            chain=two_chains[segment].chain,
            segment=two_chains[segment],
            unit=gazetteer[place].name,
            origin="provinces",
        )
        for code, (place, segment) in where.items()
    }


@pytest.fixture
def came() -> Callable[..., FundsArrival]:
    """Money of a lead in a month, from other provinces unless said otherwise."""

    def put(lead: Lead, month: str, amount: object, origin: str = "provinces") -> FundsArrival:
        return FundsArrival.objects.create(lead=lead, month=month, origin=origin, amount_10k_cny=Decimal(str(amount)))

    return put
