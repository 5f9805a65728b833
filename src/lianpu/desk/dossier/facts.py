"""What a dossier says, gathered once for the acting user; the writers only lay it out."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet

from lianpu.chains.models import (
    Chain,
    DiagnosisRun,
    Finding,
    Placement,
    Product,
    Role,
    Segment,
    SegmentFlow,
    SegmentState,
    Stage,
    State,
)
from lianpu.chains.queries import latest_run
from lianpu.desk.comparing import Comparison, compare
from lianpu.desk.dossier.measures import Local, Measure, measures_for
from lianpu.desk.dossier.prospects import Prospects, marked, prospects_of
from lianpu.desk.dossier.targets import Market, markets_of
from lianpu.desk.queries import Board, board
from lianpu.enterprises.queries import with_revenue
from lianpu.places.models import Place
from lianpu.register import rights
from lianpu.register.declare import registry

_BRANCH = re.compile("分店|分公司|门市|经营部|办事处|庄稼医院")
ADVISED = 12
"""Findings that the book works out; the gap list names all of them."""


@dataclass(frozen=True)
class Row:
    """One leaf segment with its state."""

    segment: Segment
    stage: str
    group: str
    mark: str
    state: SegmentState

    @property
    def state_label(self) -> str:
        return str(self.state.get_state_display())


@dataclass(frozen=True)
class Firm:
    """A firm that the diagnosis counts on this chain; money in 万元, None where unknown or not for this user."""

    pk: int
    name: str
    uscc: str
    place: str
    district: str
    capital: Decimal | None
    revenue: Decimal | None
    standings: tuple[tuple[str, str], ...]
    """(segment, role) of each segment of the chain that it fills."""

    @property
    def segments(self) -> str:
        return "、".join(name for name, _ in self.standings)

    @property
    def roles(self) -> str:
        return "、".join(dict.fromkeys(role for _, role in self.standings))


@dataclass(frozen=True)
class Advice:
    """One finding with what may be done about it."""

    finding: Finding
    row: Row
    measures: list[Measure]
    market: Market | None

    @property
    def reason(self) -> str:
        """The explanation without the kind, which stands in the heading."""
        return self.finding.explanation.partition("：")[2] or self.finding.explanation

    @property
    def brief(self) -> str:
        """The measures in a few words, for the gap list."""
        return "、".join(measure.brief for measure in self.measures if measure.brief)

    @property
    def lack(self) -> str:
        """Kind of the gap for the gap list: missing, hanging on one firm, or weak."""
        codes = {reason["code"] for reason in self.finding.reasons}
        if self.finding.state == State.MISSING:
            return "缺失"
        if "single_supplier" in codes or "concentrated" in codes:
            return "薄弱、单一依赖" if self.finding.state == State.WEAK else "单一依赖"
        return "薄弱"


@dataclass(frozen=True)
class Risk:
    """An input that a present segment cannot do without and that nobody here gives."""

    source: str
    via: str
    target: str
    firms: int


@dataclass
class Book:
    """All that both forms of the dossier need."""

    chain: Chain
    place: Place
    run: DiagnosisRun
    board: Board
    rows: list[Row]
    advice: list[Advice]
    firms: list[Firm]
    withheld: int
    """Counted firms that are outside what the user may take away."""
    has_sample: bool
    risks: list[Risk]
    comparison: Comparison | None = None  # None where the user may not see placements
    figures: Mapping[str, Any] = field(default_factory=dict)
    prospects: Prospects = field(default_factory=Prospects)

    @property
    def title(self) -> str:
        return f"{self.place.name}{self.chain.name}产业链档案"

    @property
    def reference_name(self) -> str:
        return self.run.reference.name if self.run.reference else "对照库"

    @cached_property
    def by_state(self) -> dict[str, list[Row]]:
        return {state.value: [row for row in self.rows if row.state.state == state] for state in State}

    @cached_property
    def stage_states(self) -> list[tuple[str, list[int]]]:
        """Stage → number of segments in each state, in the order of :class:`State`; stages without segments left out."""
        counted = [
            (
                str(stage.label),
                [sum(r.segment.stage == stage and r.state.state == state for r in self.rows) for state in State],
            )
            for stage in Stage
        ]
        return [(stage, numbers) for stage, numbers in counted if any(numbers)]

    @cached_property
    def compared(self) -> list[Row]:
        """The segments with most firms, here or as expected: those that a chart of counts can show."""
        ranked = sorted(self.rows, key=lambda r: -max(r.state.firms, r.state.expected or 0))
        return [row for row in ranked if max(row.state.firms, row.state.expected or 0) >= 0.5][:12]

    @cached_property
    def districts(self) -> list[tuple[str, int]]:
        """Firms by the next level below the place, most first."""
        counts: dict[str, int] = {}
        for firm in self.firms:
            counts[firm.district] = counts.get(firm.district, 0) + 1
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))

    @property
    def has_revenue(self) -> bool:
        return any(firm.revenue is not None for firm in self.firms)

    @property
    def gaps(self) -> list[Advice]:
        """Findings with firms elsewhere to be courted."""
        return [one for one in self.advice if one.market and one.market.targets]


def gather(*, user: Any, chain: Chain, place: Place) -> Book:
    """Everything of the book. Raises ``ValidationError`` in words where there is nothing to write from."""
    for slug in ("chains", "segment-states", "findings"):
        rights.demand(user, registry[slug], rights.VIEW)
    rights.demand(user, registry["chains"], rights.VIEW, chain)
    run = latest_run(place)
    if run is None:
        raise ValidationError(f"{place.name}还没有诊断，写不出档案。请先运行 lianpu diagnose --place {place.code}。")
    map_ = board(user, chain, run)
    rows = [
        Row(tile.segment, column.label, group.segment.name, tile.mark, tile.state)
        for column in map_.stages
        for group in column.groups
        for tile in group.tiles
        if tile.state is not None
    ]
    if not rows:
        raise ValidationError(
            f"{place.name}的最新诊断里没有“{chain.name}”的环节（图谱可能是诊断之后才载入的，或不在您的范围内）。"
            f"请重新运行 lianpu diagnose --place {place.code}。"
        )
    counted = _counted(run).filter(segment__chain=chain)
    firms = _firms(user, place, counted)
    return Book(
        chain=chain,
        place=place,
        run=run,
        board=map_,
        rows=rows,
        advice=_advice(user, run, rows, map_.findings),
        firms=firms,
        withheld=counted.values("enterprise").distinct().count() - len(firms),
        has_sample=bool(run.reference and run.reference.is_sample)
        or counted.filter(enterprise__is_sample=True).exists(),
        risks=_risks(user, run, rows),
        comparison=compare(user, run, chain=chain) if rights.may(user, registry["placements"], rights.VIEW) else None,
        figures=run.figures.get(chain.code, {}),
        prospects=prospects_of(user, run, chain),
    )


def _risks(user: Any, run: DiagnosisRun, rows: list[Row]) -> list[Risk]:
    """Indispensable inputs from missing segments of any chain, those with most firms behind them first."""
    present = {row.segment.pk: row for row in rows if row.state.firms}
    states = rights.restrict(
        SegmentState.objects.filter(run=run, state=State.MISSING), registry["segment-states"], user
    )
    flows = SegmentFlow.objects.filter(weight=3, source__in=states.order_by().values("segment"), target__in=present)
    found = [
        Risk(source, via, present[pk].segment.name, present[pk].state.firms)
        for source, via, pk in flows.values_list("source__name", "via", "target")
    ]
    return sorted(found, key=lambda risk: -risk.firms)


# -- firms -------------------------------------------------------------------------------------
def _held(run: DiagnosisRun) -> "QuerySet[Placement]":
    """Placements in the place of the run, sure enough, that nobody rejected."""
    place = run.place
    here = Q(enterprise__place__path__startswith=place.path) | Q(enterprise__zone=place)
    rows = Placement.objects.filter(here, confidence__gte=run.rules.get("min_confidence", 0.5))
    return rows.exclude(state=Placement.Decision.REJECTED)


def _counted(run: DiagnosisRun) -> "QuerySet[Placement]":
    """Of these the ones that fill their segment: what the diagnosis counts."""
    return _held(run).filter(role=F("segment__filled_by"))


def _takeable(user: Any, rows: "QuerySet[Placement]") -> "QuerySet[Placement]":
    """Rows that ``user`` may take away in a file: both the placement and the firm it names."""
    firms = rights.restrict(registry["enterprises"].base(), registry["enterprises"], user, rights.EXPORT)
    return rights.restrict(rows, registry["placements"], user, rights.EXPORT).filter(
        enterprise__in=firms.order_by().values("pk")
    )


def _firms(user: Any, place: Place, counted: "QuerySet[Placement]") -> list[Firm]:
    """Firms of the chain by latest yearly revenue, then by registered capital; those without either last."""
    rows = _takeable(user, counted).order_by("segment__order").values_list("enterprise", "segment__name", "role")
    standings: dict[int, list[tuple[str, str]]] = {}
    for pk, segment, role in rows:
        standings.setdefault(pk, []).append((segment, str(Role(role).label)))
    revenue = _revenue(user, standings)
    below = {child.path: child.name for child in place.children.all()}

    def district(path: str) -> str:
        head = path[len(place.path) :].partition("/")[0] if path.startswith(place.path) else ""
        return below.get(f"{place.path}{head}/", "未分县区") if head else "未分县区"

    firms = [
        Firm(
            pk=one.pk,
            name=marked(one.name, one.is_sample)
            + ("" if one.status == "active" else f"（{one.get_status_display()}）"),
            uscc=one.uscc,
            place=(one.place.name if one.place else "")
            + (f"（{one.zone.short_name or one.zone.name}）" if one.zone else ""),
            district=district(one.place.path) if one.place else "未分县区",
            capital=one.capital_10k_cny,
            revenue=revenue.get(one.pk),
            standings=tuple(standings[one.pk]),
        )
        for one in registry["enterprises"].base().filter(pk__in=standings)
    ]
    return sorted(firms, key=lambda f: (-(f.revenue or -1), -(f.capital or -1), f.name))


def _revenue(user: Any, enterprises: Iterable[int]) -> dict[int, Decimal]:
    """Latest yearly revenue of the firms whose figures the user may take away; empty for the uncleared."""
    register = registry["enterprise-figures"]
    value = next(column for column in register.bound if column.name == "value")
    if not rights.visible(user, [value]):
        return {}
    figures = rights.restrict(register.base().filter(enterprise__in=list(enterprises)), register, user, rights.EXPORT)
    firms = with_revenue(registry["enterprises"].base().filter(pk__in=figures.order_by().values("enterprise")))
    return dict(firms.filter(revenue_10k_cny__isnull=False).values_list("pk", "revenue_10k_cny"))


# -- advice ------------------------------------------------------------------------------------
def _advice(user: Any, run: DiagnosisRun, rows: list[Row], findings: list[Finding]) -> list[Advice]:
    by_segment = {row.segment.pk: row for row in rows}
    findings = [finding for finding in findings if finding.segment_id in by_segment]
    products: dict[int, list[str]] = {}
    for product in Product.objects.filter(segment__in=[finding.segment_id for finding in findings]).order_by("pk"):
        products.setdefault(product.segment_id, []).append(product.name)
    gaps = [finding.segment.code for finding in findings if finding.state == State.MISSING]
    markets = markets_of(user=user, run=run, wanted=list(dict.fromkeys(gaps)))
    local = _local(user, run, findings)
    advice = []
    for finding in findings:
        row = by_segment[finding.segment_id]
        market = markets.get(finding.segment.code)
        words = measures_for(finding, row.state, products.get(finding.segment_id, []), local, market)
        advice.append(Advice(finding, row, words, market))
    return advice


def _local(user: Any, run: DiagnosisRun, findings: list[Finding]) -> Local:
    """Names behind the findings that the user may take away: those of the evidence, and firms that do something else."""
    codes = {code for finding in findings for code in finding.evidence.get("segments", [])}
    ids = {pk for finding in findings for pk in finding.evidence.get("firms", [])}
    known = Segment.objects.filter(code__in=codes | {finding.segment.code for finding in findings})
    rank = {pk: at for at, pk in enumerate(dict.fromkeys(pk for f in findings for pk in f.evidence.get("firms", [])))}
    fillers: dict[str, list[str]] = {}
    named = _takeable(user, _counted(run).filter(segment__code__in=codes, enterprise_id__in=ids))
    for _pk, code, name, sample in sorted(
        named.values_list("enterprise_id", "segment__code", "enterprise__name", "enterprise__is_sample"),
        key=lambda row: rank[row[0]],
    ):
        fillers.setdefault(code, []).append(marked(name, sample))
    others: dict[str, list[str]] = {}
    else_ = (
        _held(run)
        .filter(segment__in=[finding.segment_id for finding in findings])
        .exclude(role=F("segment__filled_by"))
    )
    for code, name, sample in (
        _takeable(user, else_)
        .order_by("-confidence", "pk")
        .values_list("segment__code", "enterprise__name", "enterprise__is_sample")
    ):
        others.setdefault(code, []).append(marked(name, sample))
    return Local({segment.code: segment.name for segment in known}, fillers, others)
