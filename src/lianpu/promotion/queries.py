"""Reads of investment promotion: the funnel, the rates, the ranking, what has gone stale; each figure with its rows.

A figure and the list behind it come from one condition: what a page counts here, the lenses of :mod:`panels` filter by
the same :func:`reached` and :func:`within`.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import BigIntegerField, Count, DecimalField, Exists, ExpressionWrapper, F, Max, OuterRef, Q, Sum
from django.db.models.functions import Cast, Coalesce, Round
from django.utils import timezone

from lianpu.analysis.promotion import Scored, lead_points, rate_pct, rounded
from lianpu.enterprises.identity import name_key
from lianpu.promotion.deriving import DATES
from lianpu.promotion.identity import match_leads
from lianpu.promotion.models import COUNTED, FundsArrival, Lead, LeadTalk, Origin, PromotionTarget, Stage
from lianpu.promotion.rules import RateRule, rate_rules, scoring, stale_days
from lianpu.register import rights
from lianpu.register.declare import registry

__all__ = ["match_leads"]

CNY = Decimal(10_000)  # yuan in 万元
WAYS = ("place", "zone", "chain", "unit", "field", "origin")
NAMED = {"place": "place__name", "zone": "zone__name", "chain": "chain__name"}
BLANK = "-"
MONTH = re.compile(r"20\d\d(-(0[1-9]|1[0-2]))?")

# -- conditions --------------------------------------------------------------------------------
# Which stage each conversion starts from: money may come before the works, so it is held against the signing.
BEFORE: Mapping[str, str] = {
    Stage.TALK: Stage.LEAD,
    Stage.INTENT: Stage.TALK,
    Stage.SIGNED: Stage.INTENT,
    Stage.REGISTERED: Stage.SIGNED,
    Stage.STARTED: Stage.REGISTERED,
    Stage.ARRIVED: Stage.SIGNED,
    Stage.PRODUCING: Stage.STARTED,
    Stage.FULL_OUTPUT: Stage.PRODUCING,
}


def _dated(*stages: str) -> Q:
    found = Q()
    for stage in stages:
        found |= Q(**{f"{DATES[stage]}__isnull": False})
    return found


def _money_came() -> Q:
    """By a list of leads rather than a look per lead: databases make it once for all conditions of a page."""
    return Q(pk__in=FundsArrival.objects.filter(origin__in=COUNTED, amount_10k_cny__gt=0).order_by().values("lead"))


def reached(stage: str) -> Q:
    """Leads that have come to a stage or past it, withdrawn ones too: by its date, by that of a later stage, by money
    that came, or by the works of the project they have become."""
    late = Q(project__production_on__isnull=False)
    works = Q(project__actual_start__isnull=False) | late
    order = [one.value for one in Stage if one != Stage.ARRIVED]
    if stage == Stage.LEAD:
        return Q()
    if stage == Stage.ARRIVED:
        return _dated(Stage.ARRIVED) | _money_came()
    found = _dated(*order[order.index(stage) :])
    if stage in (Stage.TALK, Stage.INTENT, Stage.SIGNED):
        found |= _dated(Stage.ARRIVED)
    if stage in (Stage.REGISTERED, Stage.STARTED):
        found |= works
    if stage == Stage.PRODUCING:
        found |= late
    return found


def performed() -> Q:
    """Leads with any step of performance: registered, land settled, money arrived, works started."""
    return reached(Stage.REGISTERED) | Q(land_on__isnull=False) | reached(Stage.ARRIVED)


def settled() -> Q:
    """Leads whose firm is registered and whose land or lease is settled."""
    return reached(Stage.REGISTERED) & Q(land_on__isnull=False)


def last_day(period: str) -> dt.date:
    """The last day of 2021 or 2021-08."""
    year, _, month = period.partition("-")
    after = int(month or 12)
    return dt.date(int(year) + after // 12, after % 12 + 1, 1) - dt.timedelta(days=1)


def within(path: str, period: str) -> Q:
    """Days of a year (2021), or of a year up to the end of a month (2021-08)."""
    return Q(**{f"{path}__range": (dt.date(int(period[:4]), 1, 1), last_day(period))})


def months_within(path: str, period: str) -> Q:
    """Months (2021-03) of a year, or of a year up to a month."""
    return Q(**{f"{path}__gte": f"{period[:4]}-01", f"{path}__lte": f"{last_day(period):%Y-%m}"})


def overdue(on: dt.date) -> Q:
    """Signed longer ago than the scoring pattern bears, and neither started nor withdrawn."""
    limit = on - dt.timedelta(days=scoring().overdue_days)
    return Q(signed_on__lt=limit, withdrawn_on__isnull=True) & ~reached(Stage.STARTED)


def answers(finding: Any) -> Q:
    """Leads that answer a finding: by segment, place and kind, so that they go on answering after the next diagnosis."""
    return Q(segment=finding.segment_id, gap_place=finding.place_id, gap_kind=finding.kind)


def leads_with(segment: Any, place: Any) -> dict[str, list[Lead]]:
    """Leads for a segment within a place, withdrawn ones too, by the key of the counterpart's name, oldest first."""
    found: dict[str, list[Lead]] = {}
    for lead in Lead.objects.filter(segment=segment, place__path__startswith=place.path).order_by("pk"):
        if lead.counterpart:
            found.setdefault(name_key(lead.counterpart), []).append(lead)
    return found


def seen(user: Any) -> Any:
    """Leads within the person's reach."""
    return rights.restrict(Lead.objects.order_by(), registry["leads"], user)


def seen_funds(user: Any) -> Any:
    """Arrivals of money within the person's reach."""
    return rights.restrict(FundsArrival.objects.order_by(), registry["funds-arrivals"], user)


# -- measures ----------------------------------------------------------------------------------
def cny(path: str, only: Q | None = None) -> Sum:
    """A sum of 万元 in yuan: whole numbers, for SQLite keeps decimals as binary floating point, whose sums drift."""
    yuan = ExpressionWrapper(F(path) * 10_000, output_field=DecimalField(max_digits=20, decimal_places=4))
    return Sum(Cast(Round(yuan), BigIntegerField()), filter=only, default=0)


# What is counted of a set of leads, in one pass.
_COUNTS: Mapping[str, Any] = {
    "signed": lambda: Count("pk", filter=reached(Stage.SIGNED)),
    "started": lambda: Count("pk", filter=reached(Stage.SIGNED) & reached(Stage.STARTED)),
    "producing": lambda: Count("pk", filter=reached(Stage.SIGNED) & reached(Stage.PRODUCING)),
    "performed": lambda: Count("pk", filter=reached(Stage.SIGNED) & performed()),
    "settled": lambda: Count("pk", filter=reached(Stage.SIGNED) & settled()),
    "signed_cny": lambda: cny("signed_10k_cny"),
}
MEASURES = (*_COUNTS, "arrived_cny")


@dataclass(frozen=True)
class Rate:
    """A rate with what it is made of; ``percent`` None without a denominator. Money in yuan."""

    rule: RateRule
    numerator: int
    denominator: int

    @property
    def percent(self) -> Decimal | None:
        return rate_pct(self.numerator, self.denominator)

    @property
    def is_money(self) -> bool:
        return self.rule.numerator.endswith("_cny")


def rates_of(figures: Mapping[str, int]) -> list[Rate]:
    """The rates of the rules in force from measures by name."""
    return [Rate(rule, figures[rule.numerator], figures[rule.denominator]) for rule in rate_rules()]


# -- funnel ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Step:
    """A stage of the funnel: leads that reached it, those of them that stand at it now, the money they speak of."""

    stage: Stage
    reached: int
    standing: int
    amount_cny: int
    from_stage: Stage | None
    from_count: int

    @property
    def conversion_pct(self) -> Decimal | None:
        return None if self.from_stage is None else rate_pct(self.reached, self.from_count, 1)


@dataclass(frozen=True)
class Group:
    """A line of the funnel by district, chain, unit …: ``key`` is an id or a word, "-" for none."""

    key: str
    name: str
    steps: Mapping[str, int]
    figures: Mapping[str, int]

    @property
    def rates(self) -> list[Rate]:
        return rates_of(self.figures)


@dataclass
class Funnel:
    """The funnel of the leads found in a period (all, where "") on behalf of somebody; ``only``: way → key."""

    user: Any
    period: str = ""
    only: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def leads(self) -> Any:
        rows = seen(self.user)
        if self.period:
            rows = rows.filter(within("found_on", self.period))
        for way, key in self.only.items():
            rows = rows.filter(**{way: key}) if key != BLANK else rows.filter(**{way: None if way in NAMED else ""})
        return rows

    @cached_property
    def steps(self) -> list[Step]:
        """Stage by stage."""
        asked: dict[str, Any] = {}
        amount = Coalesce("signed_10k_cny", "intended_10k_cny")
        rows = self.leads.annotate(amount=amount)
        for stage in Stage:
            asked[f"n_{stage}"] = Count("pk", filter=reached(stage))
            asked[f"at_{stage}"] = Count("pk", filter=Q(stage=stage, withdrawn_on__isnull=True))
            asked[f"cny_{stage}"] = cny("amount", reached(stage) if stage != Stage.LEAD else None)
        held = rows.aggregate(**asked)
        return [
            Step(
                stage,
                held[f"n_{stage}"],
                held[f"at_{stage}"],
                held[f"cny_{stage}"],
                Stage(BEFORE[stage]) if stage in BEFORE else None,
                held[f"n_{BEFORE[stage]}"] if stage in BEFORE else 0,
            )
            for stage in Stage
        ]

    @cached_property
    def withdrawn(self) -> int:
        return int(self.leads.filter(withdrawn_on__isnull=False).count())

    @cached_property
    def figures(self) -> dict[str, int]:
        """The measures of all leads together."""
        made: dict[str, int] = self.leads.aggregate(**{name: make() for name, make in _COUNTS.items()})
        return made | {"arrived_cny": self._funds().aggregate(n=cny("amount_10k_cny"))["n"]}

    @property
    def rates(self) -> list[Rate]:
        return rates_of(self.figures)

    def _funds(self) -> Any:
        return seen_funds(self.user).filter(origin__in=COUNTED, lead__in=self.leads.values("pk"))

    def groups(self, way: str) -> list[Group]:
        """One line a district, zone, chain, unit, field or origin, that with most leads first."""
        names = [way, *([NAMED[way]] if way in NAMED else [])]
        counts = {f"n_{stage}": Count("pk", filter=reached(stage)) for stage in Stage}
        rows = self.leads.values(*names).annotate(**counts, **{name: make() for name, make in _COUNTS.items()})
        came = dict(self._funds().values_list(f"lead__{way}").annotate(n=cny("amount_10k_cny")))
        words = dict(Origin.choices)
        found = [
            Group(
                BLANK if row[way] in (None, "") else str(row[way]),
                str(words.get(row[way], row[names[-1]]) or ""),
                {stage: row[f"n_{stage}"] for stage in Stage},
                {name: row[name] for name in _COUNTS} | {"arrived_cny": came.get(row[way], 0)},
            )
            for row in rows
        ]
        return sorted(found, key=lambda one: (-one.steps[Stage.LEAD], one.name))


def leads_url(**asked: str) -> str:
    """The list of leads that a figure counts; names of columns and lenses, ``at_place`` for an exact place and so on."""
    return f"{registry['leads'].url()}?{urlencode(_params(asked))}"


def funds_url(**asked: str) -> str:
    """The list of arrivals that a sum adds up."""
    return f"{registry['funds-arrivals'].url()}?{urlencode(_params({'counted': '是'} | asked))}"


def _params(asked: Mapping[str, str]) -> dict[str, str]:
    return {(f"at.{name[3:]}" if name.startswith("at_") else f"f.{name}"): text for name, text in asked.items() if text}


# -- ranking -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Item:
    """One scored item of a unit: figure and target in yuan or pieces."""

    name: str
    is_money: bool
    scored: Scored

    @property
    def points(self) -> Decimal | None:
        return None if self.scored.points is None else rounded(self.scored.points, 2)


@dataclass(frozen=True)
class Standing:
    """A unit in the ranking: what it signed and brought in within the period, against its target of the year."""

    unit: str
    figures: Mapping[str, int]
    items: Sequence[Item]
    overdue: int
    deducted: Decimal
    target_cny: int | None
    month: int
    rank: int | None = None

    @property
    def rates(self) -> list[Rate]:
        return rates_of({**self.figures, "arrived_cny": self.figures["arrived_of_signed_cny"]})

    @property
    def score(self) -> Decimal | None:
        """Points of the items that have a target, less what overdue projects cost; None without any target."""
        given = [item.scored.points for item in self.items if item.scored.points is not None]
        return rounded(max(sum(given, Decimal(0)) - self.deducted, Decimal(0)), 2) if given else None

    @property
    def of_target_pct(self) -> Decimal | None:
        return None if self.target_cny is None else rate_pct(self.figures["arrived_cny"], self.target_cny)

    @property
    def lead_points(self) -> Decimal | None:
        return (
            None if self.target_cny is None else lead_points(self.figures["arrived_cny"], self.target_cny, self.month)
        )


def ranking(user: Any, period: str) -> list[Standing]:
    """Units by score for a year, or a year up to a month (2021-08); units without a target last, unranked.

    Signed: leads signed in the period. Arrived: counted money of the period, whenever its lead was signed; the rate of
    arrival holds the money of the leads signed in the period against what they signed.
    """
    rule, on = scoring(), min(last_day(period), timezone.localdate())
    signed = seen(user).filter(within("signed_on", period))
    by_unit = {row["unit"]: row for row in signed.values("unit").annotate(**{n: make() for n, make in _COUNTS.items()})}
    money = seen_funds(user).filter(months_within("month", period), origin__in=COUNTED)
    came = dict(money.values_list("lead__unit").annotate(n=cny("amount_10k_cny")))
    abroad = dict(money.filter(origin=Origin.ABROAD).values_list("lead__unit").annotate(n=cny("amount_10k_cny")))
    own = dict(
        money.filter(within("lead__signed_on", period)).values_list("lead__unit").annotate(n=cny("amount_10k_cny"))
    )
    late = dict(seen(user).filter(overdue(on)).values_list("unit").annotate(n=Count("pk")))
    targets = {
        one.unit: one
        for one in rights.restrict(
            PromotionTarget.objects.filter(year=int(period[:4])), registry["promotion-targets"], user
        )
    }
    found = []
    for unit in sorted({*by_unit, *came, *late, *targets}):
        figures = {name: int(by_unit.get(unit, {}).get(name, 0)) for name in _COUNTS} | {
            "arrived_cny": came.get(unit, 0),
            "abroad_cny": abroad.get(unit, 0),
            "arrived_of_signed_cny": own.get(unit, 0),
        }
        target = targets.get(unit)
        items = [
            Item(
                one.name,
                one.figure.endswith("_cny"),
                Scored(figures[one.figure], _in_unit(target, one.target), one.weight, one.cap),
            )
            for one in rule.items
        ]
        cost = min(rule.overdue_points * late.get(unit, 0), rule.overdue_most)
        goal = _in_unit(target, "arrived_10k_cny")
        month = last_day(period).month
        found.append(Standing(unit, figures, items, late.get(unit, 0), cost, goal, month))
    found.sort(key=lambda one: (one.score is None, -(one.score or 0), one.unit))
    ranked: list[Standing] = []
    for place, one in enumerate(found, start=1):
        same = bool(ranked) and ranked[-1].score == one.score
        rank = None if one.score is None else ranked[-1].rank if same else place
        ranked.append(Standing(**(vars(one) | {"rank": rank})))
    return ranked


def _in_unit(target: PromotionTarget | None, name: str) -> int | None:
    """A column of a target in yuan, or pieces."""
    held = None if target is None else getattr(target, name)
    if held is None:
        return None
    return int(held * CNY) if name.endswith("_10k_cny") else int(held)


# -- stale -------------------------------------------------------------------------------------
def recorded_until() -> dt.date:
    """Up to when the registers know anything: the last day that a lead, a talk or money tells of, at most today.

    What has not moved is judged by that day, so that a register kept until December is not all stale in March.
    """
    days = [max(filter(None, Lead.objects.aggregate(**{n: Max(n) for n in DATES.values()}).values()), default=None)]
    days.append(LeadTalk.objects.aggregate(n=Max("on"))["n"])
    if month := FundsArrival.objects.aggregate(n=Max("month"))["n"]:
        days.append(last_day(month))
    today = timezone.localdate()
    return min(max((day for day in days if day), default=today), today)


def stale(on: dt.date) -> Q:
    """Leads that have not moved for longer than their stage bears, by a day: no stage, talk or month of money since."""
    found = Q(pk__in=[])
    for stage, days in stale_days().items():
        since = on - dt.timedelta(days=days)
        still = Q(stage=stage, withdrawn_on__isnull=True)
        for name in DATES.values():
            still &= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__lt": since})
        still &= ~Q(pk__in=LeadTalk.objects.filter(on__gte=since).order_by().values("lead"))
        found |= still & ~Q(pk__in=FundsArrival.objects.filter(month__gte=f"{since:%Y-%m}").order_by().values("lead"))
    return found


@dataclass(frozen=True)
class Stale:
    """A lead that has not moved, for how many days, and how many its stage bears."""

    lead: Lead
    moved: dt.date
    days: int
    allowed: int


def stale_leads(user: Any, on: dt.date, limit: int = 500) -> tuple[int, list[Stale]]:
    """How many leads within the person's reach are stale, and those longest unmoved."""
    dates = list(DATES.values())
    talked = dict(LeadTalk.objects.order_by().values_list("lead").annotate(n=Max("on")))
    paid = dict(FundsArrival.objects.order_by().values_list("lead").annotate(n=Max("month")))
    moved: dict[int, dt.date] = {}
    for pk, *days in seen(user).filter(stale(on)).values_list("pk", *dates):
        known = [*days, talked.get(pk), dt.date.fromisoformat(f"{paid[pk]}-01") if pk in paid else None]
        moved[pk] = max(day for day in known if day)
    longest = sorted(moved, key=lambda pk: (moved[pk], pk))[:limit]
    held = Lead.objects.select_related("place", "chain").in_bulk(longest)
    allowed = stale_days()
    found = [Stale(held[pk], moved[pk], (on - moved[pk]).days, allowed[held[pk].stage]) for pk in longest if pk in held]
    return len(moved), found


# -- findings ----------------------------------------------------------------------------------
def is_pursued() -> Exists:
    """Whether a lead that nobody has given up answers the finding of the outer query."""
    same = {"segment": OuterRef("segment"), "gap_place": OuterRef("place"), "gap_kind": OuterRef("kind")}
    return Exists(Lead.objects.filter(withdrawn_on__isnull=True, **same))


def leads_answering(user: Any, finding: Any) -> Any:
    """Leads within the person's reach that answer a finding."""
    return seen(user).filter(answers(finding)).select_related("place").order_by("code")


def pursued_findings(findings: Iterable[Any]) -> set[int]:
    """Which of the findings (with segment, place and kind) some lead answers, by id."""
    held = list(findings)
    said = set(
        Lead.objects.filter(withdrawn_on__isnull=True, segment__in={one.segment_id for one in held}).values_list(
            "segment", "gap_place", "gap_kind"
        )
    )
    return {one.pk for one in held if (one.segment_id, one.place_id, one.kind) in said}
