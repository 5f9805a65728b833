"""What the desk pages show, read for the acting user."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Count, Q, When
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from lianpu.chains.models import Chain, DiagnosisRun, Finding, Segment, SegmentFlow, SegmentState, Stage, State
from lianpu.chains.queries import latest_run, placement_lists, states_told
from lianpu.places.models import Place
from lianpu.places.queries import inside, own_place
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.models import Change

MARKS = {State.MISSING: "○", State.WEAK: "◔", State.BALANCED: "◑", State.STRONG: "●"}


@dataclass(frozen=True)
class Tile:
    """One leaf segment on the chain map."""

    segment: Segment
    state: SegmentState | None
    finding: Finding | None

    @property
    def mark(self) -> str:
        return MARKS[State(self.state.state)] if self.state else "·"


@dataclass
class Group:
    segment: Segment
    tiles: list[Tile] = field(default_factory=list)


@dataclass(frozen=True)
class StageColumn:
    """One column of the map."""

    label: str
    groups: list[Group]

    @property
    def wide(self) -> bool:
        """Whether its tiles need two abreast to keep the map in one view."""
        return sum(len(group.tiles) for group in self.groups) > 18


@dataclass(frozen=True)
class Board:
    """A chain as one place has it: groups by stage, flows within, states counted."""

    chain: Chain
    run: DiagnosisRun | None
    stages: list[StageColumn]
    flows: list[tuple[str, str, str, int]]
    counts: Mapping[str, int]
    findings: list[Finding]

    @property
    def told(self) -> bool:
        """Whether the reader may see the states of this chain, and so the sums over them."""
        return any(self.counts.values())


def board(user: Any, chain: Chain, run: DiagnosisRun | None) -> Board:
    """The chain map of ``chain`` with the states and findings of ``run`` that ``user`` may see."""
    states: dict[int, SegmentState] = {}
    findings: list[Finding] = []
    if run is not None:
        states = states_of(user, run, chain)
        told = rights.restrict(Finding.objects.filter(run=run, chain=chain), registry["findings"], user)
        findings = list(told.select_related("segment").order_by("rank"))
    first = {finding.segment_id: finding for finding in reversed(findings)}
    groups: dict[int, Group] = {}
    shown = rights.restrict(Segment.objects.filter(chain=chain), registry["segments"], user)
    for segment in shown.select_related("chain").order_by("order"):
        if not segment.is_leaf:
            groups[segment.pk] = Group(segment)
        elif segment.parent_id in groups:
            groups[segment.parent_id].tiles.append(Tile(segment, states.get(segment.pk), first.get(segment.pk)))
    stages = [StageColumn(str(s.label), [g for g in groups.values() if g.segment.stage == s.value]) for s in Stage]
    flows = list(
        SegmentFlow.objects.filter(source__in=shown, target__in=shown).values_list(
            "source__code", "target__code", "via", "weight"
        )
    )
    counts = {state.value: sum(row.state == state.value for row in states.values()) for state in State}
    return Board(chain, run, stages, flows, counts, findings)


def states_of(user: Any, run: DiagnosisRun, chain: Chain) -> dict[int, SegmentState]:
    """Segment id → its state in ``run``, of the segments of ``chain`` that ``user`` may see."""
    return {state.segment_id: state for state in states_told(user, run, segment__chain=chain)}


@dataclass(frozen=True)
class SegmentSheet:
    """Everything the desk says of one segment."""

    segment: Segment
    state: SegmentState | None
    findings: list[Finding]
    placements: list[Any]
    total: int
    inflows: list[SegmentFlow]
    outflows: list[SegmentFlow]
    rows_url: str  # the firms that the diagnosis counted
    other_url: str  # those that do something else there
    unsure_url: str  # those that too little is known of
    all_url: str


def _here(place: Place) -> Q:
    """Placements of the firms of ``place``, by the same rule as the list's own filter."""
    return inside("enterprise__place", "enterprise__zone")(place.code)


def segment_sheet(user: Any, segment: Segment, run: DiagnosisRun | None, place: Place | None) -> SegmentSheet:
    """State, findings, firms (surest first, within the user's scope) and flows of a segment."""
    register = registry["placements"]
    rows = register.base().filter(segment=segment)
    if place is not None:
        rows = rows.filter(_here(place))
    # Confirmed before suggested before rejected, and the role that fills the segment before the others.
    fills = Case(When(role=segment.filled_by, then=0), default=1)
    standing = Case(When(state="confirmed", then=0), When(state="suggested", then=1), default=2)
    rows = rights.restrict(rows, register, user).order_by(standing, fills, "-confidence", "pk")
    state = next(iter(states_told(user, run, segment=segment)), None) if run else None
    told = rights.restrict(Finding.objects.filter(run=run, segment=segment), registry["findings"], user)
    findings = list(told.order_by("rank")) if run else []
    return SegmentSheet(
        segment,
        state,
        findings,
        list(rows[:12]),
        rows.count(),
        list(segment.flows_in.select_related("source__chain").order_by("-weight", "source__order")),
        list(segment.flows_out.select_related("target__chain").order_by("-weight", "target__order")),
        *(placement_lists(segment, place, run) if run and place else ("", "", "")),
        register.url() + "?" + urlencode({"f.segment": segment.code} | ({"f.place": place.code} if place else {})),
    )


@dataclass(frozen=True)
class ChainCard:
    """One chain on the cockpit."""

    chain: Chain
    counts: list[tuple[str, str, int]]
    segments: int
    present: int
    firms: int
    placements: int
    findings: int
    top: list[Finding]


def chain_cards(user: Any, run: DiagnosisRun, firms: Mapping[str, int]) -> list[ChainCard]:
    """Cards of the chains the user may see, in the city's order; ``firms`` of each chain (code)."""
    states = rights.restrict(SegmentState.objects.filter(run=run), registry["segment-states"], user)
    by_chain: dict[int, dict[str, int]] = {}
    for chain, state, n in states.order_by().values_list("segment__chain", "state").annotate(n=Count("pk")):
        by_chain.setdefault(chain, {})[state] = n
    findings = rights.restrict(Finding.objects.filter(run=run), registry["findings"], user)
    told = dict(findings.order_by().values_list("chain").annotate(n=Count("pk")))
    register = registry["placements"]
    held = rights.restrict(register.base().filter(_here(run.place)), register, user)
    placed = dict(held.order_by().values_list("segment__chain").annotate(n=Count("pk")))
    top: dict[int, list[Finding]] = {}
    for finding in findings.filter(rank__lte=3).select_related("segment").order_by("rank"):
        top.setdefault(finding.chain_id, []).append(finding)
    cards = []
    for chain in Chain.objects.filter(pk__in=by_chain):
        counts = by_chain[chain.pk]
        total = sum(counts.values())
        cards.append(
            ChainCard(
                chain,
                [(state.value, str(state.label), counts.get(state.value, 0)) for state in State],
                total,
                total - counts.get(State.MISSING, 0),
                firms.get(chain.code, 0),
                placed.get(chain.pk, 0),
                told.get(chain.pk, 0),
                top.get(chain.pk, []),
            )
        )
    return cards


def place_for(user: Any, code: str) -> Place | None:
    """The place a desk page is about: the one asked for, else the user's own if diagnosed, else the latest diagnosed."""
    diagnosed = Place.objects.filter(diagnoses__is_latest=True).distinct()
    if code:
        return diagnosed.filter(code=code).first()
    own = own_place(user, diagnosed)
    run = None if own else DiagnosisRun.objects.filter(is_latest=True).select_related("place").first()
    return run.place if run else own


def run_for(user: Any, place: Place | None) -> DiagnosisRun | None:
    """The latest diagnosis of ``place``, where ``user`` may see diagnoses."""
    return latest_run(place) if place and rights.may(user, registry["diagnosis-runs"], rights.VIEW) else None


def finding_of(user: Any, run: DiagnosisRun, segment: Segment) -> Finding | None:
    """What the diagnosis found of a segment of its own place, the most pressing first, where ``user`` may see it."""
    told = rights.restrict(
        Finding.objects.filter(run=run, segment=segment, place=run.place), registry["findings"], user
    )
    found: Finding | None = told.order_by("rank").first()
    return found


def firms_by_district(user: Any, place: Place) -> list[dict[str, Any]]:
    """Firms and placed firms of each child of ``place`` within the user's scope, with the list behind each number; None
    where the scope may leave a district out."""
    enterprises, placements = registry["enterprises"], registry["placements"]
    rows = rights.restrict(enterprises.base().filter(place__path__startswith=place.path), enterprises, user)
    firms = dict(rows.order_by().values_list("place__code").annotate(n=Count("pk")))
    held = rights.restrict(placements.base().filter(enterprise__place__path__startswith=place.path), placements, user)
    held = held.exclude(state="rejected")
    placed = dict(held.order_by().values_list("enterprise__place__code").annotate(n=Count("enterprise", distinct=True)))
    none, none_placed = _of_none(user, enterprises), _of_none(user, placements)
    return [
        {
            "code": child.code,
            "name": child.name,
            "at": [child.longitude, child.latitude],
            "firms": firms.get(child.code, none),
            "placed": placed.get(child.code, none_placed),
            "url": enterprises.url() + "?" + urlencode({"f.place": child.code}),
            "placed_url": enterprises.url() + "?" + urlencode({"f.place": child.code, "f.on_chain": "*"}),
        }
        for child in place.children.exclude(kind=Place.Kind.ZONE).order_by("code")
    ]


def _of_none(user: Any, register: Any) -> int | None:
    """What no rows mean: nothing there for whoever sees every row, nothing known for others."""
    return 0 if rights.sees_all(user, register) else None


def zones_of(user: Any, place: Place) -> list[dict[str, Any]]:
    """Functional zones of a place as marks (they have no published boundary), with their firms."""
    enterprises = registry["enterprises"]
    rows = rights.restrict(enterprises.base().filter(zone__parent=place), enterprises, user)
    firms = dict(rows.order_by().values_list("zone__code").annotate(n=Count("pk")))
    none = _of_none(user, enterprises)
    return [
        {
            "code": zone.code,
            "name": zone.name,
            "label": zone.name if len(zone.name) <= 4 else zone.short_name or zone.name,
            "at": [zone.longitude, zone.latitude],
            "firms": firms.get(zone.code, none),
            "note": zone.note,
            "url": enterprises.url() + "?" + urlencode({"f.zone": zone.code}),
        }
        for zone in place.children.filter(kind=Place.Kind.ZONE).order_by("code")
    ]


@dataclass(frozen=True)
class RecentChange:
    """One change in words, with the page of the row that was changed (empty when the row is gone)."""

    change: Change
    register: str
    row: str
    url: str


def recent_changes(user: Any) -> list[RecentChange]:
    """The latest changes made by people to registers the reader may see whole."""
    whole = [one.label for one in registry.all() if rights.sees_all(user, one)]
    made = Change.objects.filter(model__in=whole, source__in=("screen", "api")).exclude(user=rights.SYSTEM.username)
    changes = list(made.order_by("-pk")[:8])
    found = []
    for change in changes:
        register = registry.by_model[change.model]
        row = register.base().filter(pk=change.row).first()
        url = register.url("detail", change.row) if row is not None else ""
        found.append(
            RecentChange(
                change,
                register.shown_title,
                register.describe(row) if row else _("第%(number)s号") % {"number": change.row},
                url,
            )
        )
    return found
