"""The published figures that investment promotion computes."""

from decimal import Decimal
from typing import Any

from lianpu.places.queries import inside
from lianpu.promotion.models import COUNTED, Stage
from lianpu.promotion.queries import cny, funds_url, leads_url, months_within, reached, seen, seen_funds, within
from lianpu.register.figures import Asked, Computed, figure

HUNDRED_MILLION = Decimal(100_000_000)


def _drawn_up(asked: Asked) -> Any:
    rows = seen(asked.user).filter(within("found_on", str(asked.year)))
    return rows.filter(inside()(asked.place)) if asked.place else rows


def _signed(asked: Asked) -> Any:
    rows = seen(asked.user).filter(reached(Stage.SIGNED), within("signed_on", str(asked.year)))
    return rows.filter(inside()(asked.place)) if asked.place else rows


@figure("promotion_drawn_up", "谋划招商项目", "个")
def drawn_up(asked: Asked) -> Computed:
    """Leads first recorded in the year."""
    count = _drawn_up(asked).count()
    return Computed(count, count, leads_url(found=str(asked.year), place=asked.place))


@figure("promotion_signed", "招商签约项目", "个")
def signed(asked: Asked) -> Computed:
    """Leads signed in the year."""
    count = _signed(asked).count()
    return Computed(count, count, leads_url(signed=str(asked.year), place=asked.place))


@figure("promotion_signed_amount", "招商签约总额", "亿元")
def signed_amount(asked: Asked) -> Computed:
    """What the leads signed in the year were signed for."""
    rows = _signed(asked)
    return Computed(
        rows.aggregate(n=cny("signed_10k_cny"))["n"] / HUNDRED_MILLION,
        rows.count(),
        leads_url(signed=str(asked.year), place=asked.place),
    )


@figure("promotion_funds_arrived", "招商到位资金", "亿元")
def funds_arrived(asked: Asked) -> Computed:
    """Money of other provinces and from abroad that came in the year."""
    rows = seen_funds(asked.user).filter(months_within("month", str(asked.year)), origin__in=COUNTED)
    if asked.place:
        rows = rows.filter(inside("lead__place", "lead__zone")(asked.place))
    return Computed(
        rows.aggregate(n=cny("amount_10k_cny"))["n"] / HUNDRED_MILLION,
        rows.count(),
        funds_url(year=str(asked.year), lead_place=asked.place),
    )
