"""Figures of a month that may be right but ask for a word: they are shown while one types, and must be explained on submitting."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext

JUMP = 3  # a month of more than so many times the mean of the months before …
JUMP_SHARE = Decimal("0.2")  # … and of more than this share of the year's plan
OVER_PLAN = Decimal("1.5")  # done this year against the plan


@dataclass(frozen=True)
class Odd:
    """What is odd about a month: a word for programs, and one for people."""

    kind: str
    words: str


def odd_values(
    *,
    month: Decimal,
    ytd: Decimal,
    adjustment: Decimal,
    before: Sequence[Decimal],
    plan: Decimal | None,
    last_ytd: Decimal,
    is_building: bool,
    physical_progress: str,
) -> list[Odd]:
    """Odd values of one month; ``before`` are the year's earlier months, ``last_ytd`` the sum at the last of them (万元)."""
    found = []
    mean = sum(before, Decimal(0)) / len(before) if before else Decimal(0)
    if before and month > JUMP * mean and (plan is None or month > JUMP_SHARE * plan) and month > 0:
        found.append(
            Odd("jump", gettext("本月%(month)s万元，前%(n)s个月平均%(mean)s万元") % {
                "month": _plain(month), "n": len(before), "mean": _plain(mean)
            })
        )  # fmt: skip
    if ytd < last_ytd:
        found.append(
            Odd("falling", gettext("累计由%(last)s降为%(now)s万元") % {"last": _plain(last_ytd), "now": _plain(ytd)})
        )
    if adjustment:
        found.append(Odd("adjusted", gettext("核减核增%(amount)s万元") % {"amount": _plain(adjustment)}))
    if plan and ytd > OVER_PLAN * plan:
        found.append(Odd("over_plan", gettext("累计已是年度计划的%(n)s%%") % {"n": int(ytd * 100 / plan)}))
    if is_building and not month and not physical_progress.strip():
        found.append(Odd("still", gettext("在建而本月没有投资，也没有写形象进度")))
    return found


def _plain(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.01')).normalize():f}"
