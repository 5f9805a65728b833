"""The review desk's reads: which firm to ask of next, what is shown of it, how far people have come.

The order is computed in one query over the placements within the person's reach; the formula is that of
``docs/methods/review.md``.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Avg, Case, Count, F, FilteredRelation, FloatField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Abs, Cast, Coalesce, Floor, Greatest
from django.utils import timezone

from lianpu.chains.models import (
    Chain,
    DiagnosisRun,
    Finding,
    OutsideFirm,
    Placement,
    Product,
    Role,
    Segment,
    SegmentState,
)
from lianpu.chains.queries import FILLING_CONFIDENCE, latest_run
from lianpu.enterprises.models import Enterprise
from lianpu.places.models import Place
from lianpu.places.queries import inside, own_place
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.search import texts
from lianpu.register.services import versions_of

OTHER_ROLE = 0.2
"""What a placement counts whose role does not fill the segment: it changes the diagnosis only where its role is wrong."""
SURE = 0.9
"""From here up the model is not asked about, unless by the filter: most of what it says so is right."""
BANDS = 10
"""Confidence is told in bands of a tenth."""
PORTION = 32  # segments looked at first
LEFT_CAP = 10_000


@dataclass(frozen=True)
class Asked:
    """What the reviewer wants to be asked of: codes of a chain, a segment (or group) and a place, a band 0…9; empty: all."""

    chain: str = ""
    segment: str = ""
    place: str = ""
    band: str = ""

    @classmethod
    def of(cls, params: Mapping[str, str]) -> "Asked":
        found = cls(*(params.get(name, "").strip() for name in ("chain", "segment", "place", "band")))
        return found if found.band in map(str, range(BANDS)) else cls(found.chain, found.segment, found.place)

    @property
    def query(self) -> str:
        """As a query string, without what is not asked for."""
        return urlencode({name: value for name, value in vars(self).items() if value})


def place_asked(user: Any, code: str) -> Place | None:
    """The place whose diagnosis weighs the questions: the one named, else the reader's own, else the latest diagnosed."""
    if code:
        return Place.objects.filter(code=code).first()
    return own_place(user) or Place.objects.filter(diagnoses__is_latest=True).order_by("-diagnoses__pk").first()


def run_over(place: Place | None) -> DiagnosisRun | None:
    """The diagnosis in force of a place, or of the nearest place around it that has one."""
    while place is not None:
        if (run := latest_run(place)) is not None:
            return run
        place = place.parent
    return None


def may_review(user: Any) -> bool:
    """Whether somebody may decide on placements and see the firms they are of."""
    may = rights.may(user, registry["placements"], rights.CHANGE)
    return may and rights.may(user, registry["enterprises"], rights.VIEW)


class Queue:
    """The placements that nobody has decided on, within the person's reach, the one that matters most first."""

    def __init__(self, user: Any, asked: Asked) -> None:
        self.user, self.asked = user, asked
        self.place = place_asked(user, asked.place)
        self.run = run_over(self.place)

    @cached_property
    def rows(self) -> "QuerySet[Placement]":
        rows = Placement.objects.filter(state=Placement.Decision.SUGGESTED)
        rows = rights.restrict(rows, registry["placements"], self.user, rights.CHANGE)
        if self.place is not None:
            rows = rows.filter(inside("enterprise__place", "enterprise__zone")(self.place.code))
        if self.run is not None:
            rows = rows.filter(enterprise__is_sample=bool(self.run.versions.get("sample")))
        if self.asked.chain:
            rows = rows.filter(segment__chain__code=self.asked.chain)
        if self.asked.segment:
            code = self.asked.segment
            rows = rows.filter(Q(segment__code=code) | Q(segment__parent__code=code))
        if self.asked.band:
            low = int(self.asked.band) / BANDS
            rows = rows.filter(confidence__gte=low, confidence__lte=1 if low >= SURE else low + 0.1 - 1e-9)
        else:
            rows = rows.filter(confidence__lt=SURE)
        return rows.order_by()

    def next(self, passed: Collection[int] = (), count: int = 1) -> list[int]:
        """Ids of the next firms, those in ``passed`` left out.

        Segments on which a placement may matter most are looked at first, and no others once these cannot have better.
        """
        limit = 4 * count + 8  # a firm has a few placements at most
        best: list[tuple[float, int, int]] = []
        for segments, rest in self._portions():
            rows = weighed(self.rows.filter(segment__in=segments), self.run)
            rows = rows.exclude(enterprise__in=passed) if passed else rows
            found = rows.order_by(F("priority").desc(), "pk").values_list("priority", "pk", "enterprise")[:limit]
            best = sorted([*best, *found], key=lambda row: (-row[0], row[1]))[:limit]
            firms = dict.fromkeys(firm for priority, _pk, firm in best if priority >= rest)
            if len(firms) >= count:
                return list(firms)[:count]
        return list(dict.fromkeys(firm for _priority, _pk, firm in best))[:count]

    def _portions(self) -> Iterator[tuple[list[int], float]]:
        """Leaf segments, the weightiest first, each portion with the most that a placement on a later one can have."""
        states = {s: (w, n) for s, w, n in self._states()}
        leaves = Segment.objects.filter(is_leaf=True)
        if self.asked.chain:
            leaves = leaves.filter(chain__code=self.asked.chain)
        keys = leaves.values_list("pk", "is_key")
        held = {pk: states.get(pk, (2.0 if is_key else 1.0, 0)) for pk, is_key in keys}
        most = {pk: weight / (1 + max(firms - 1, 0)) for pk, (weight, firms) in held.items()}
        order = sorted(most, key=lambda pk: (-most[pk], pk))
        start, size = 0, PORTION
        while start < len(order):
            end = start + size
            yield order[start:end], most[order[end]] if end < len(order) else 0.0
            start, size = end, size * 4

    def _states(self) -> "QuerySet[SegmentState, tuple[int, float, int]]":
        return SegmentState.objects.filter(run=self.run).values_list("segment", "review_weight", "firms")

    @cached_property
    def left(self) -> int:
        """Placements still to be asked of, counted up to ``LEFT_CAP`` + 1."""
        return self.rows[: LEFT_CAP + 1].count()


def weighed(rows: "QuerySet[Placement]", run: DiagnosisRun | None) -> "QuerySet[Any]":
    """``rows`` with ``priority``: doubt × weight of the segment × role ÷ (1 + other firms counted there)."""
    fills = Q(role=F("segment__filled_by"))
    doubt = 1.0 - Abs(F("confidence") * 2.0 - 1.0)
    role = Case(When(fills, then=Value(1.0)), default=Value(OTHER_ROLE))
    important = Case(When(segment__is_key=True, then=Value(2.0)), default=Value(1.0))
    if run is None:
        return rows.annotate(priority=doubt * role * important)
    counted = Case(When(fills & Q(confidence__gte=FILLING_CONFIDENCE), then=Value(1)), default=Value(0))
    rows = rows.annotate(now=FilteredRelation("segment__states", condition=Q(segment__states__run=run)))
    others = Cast(Greatest(Coalesce(F("now__firms"), 0) - counted, 0), FloatField())
    weight = Coalesce(F("now__review_weight"), important)
    return rows.annotate(priority=doubt * role * weight / (1.0 + others))


# -- one firm ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Candidate:
    """A segment on which the firm stands or may stand; ``why`` says what hangs on it."""

    placement: Placement
    version: int
    may_decide: bool
    state: SegmentState | None
    finding: Finding | None

    @property
    def words(self) -> list[str]:
        """The words of scope and name on which the model rests, each once."""
        return list(dict.fromkeys(str(span["text"]) for span in self.placement.evidence or []))

    @property
    def is_open(self) -> bool:
        return self.may_decide and self.placement.state == Placement.Decision.SUGGESTED

    @property
    def is_asked(self) -> bool:
        """Whether the firm stays in front until it is decided on."""
        return self.is_open and self.placement.confidence < SURE


@dataclass(frozen=True)
class Card:
    """A firm in front of the reviewer."""

    firm: Enterprise
    candidates: list[Candidate]
    spans: list[Mapping[str, Any]]
    outside: OutsideFirm | None
    may_put_outside: bool

    @property
    def seen(self) -> str:
        """The placements with their versions, to be sent back with a decision on the whole firm."""
        return ",".join(f"{one.placement.pk}:{one.version}" for one in self.candidates)


def seen_of(text: str) -> dict[int, int]:
    """The inverse of :attr:`Card.seen`; ``ValueError`` where it is none."""
    return {int(pk): int(version) for pk, version in (part.split(":") for part in text.split(",") if part)}


def card_of(user: Any, firm: Enterprise, run: DiagnosisRun | None) -> Card:
    """What a reviewer sees of a firm: what is asked of first, of that the surest; then what is sure, then what is decided."""
    register = registry["placements"]
    rows = rights.restrict(Placement.objects.filter(enterprise=firm), register, user)
    held = list(rows.select_related("segment__chain", "enterprise"))
    suggested = Placement.Decision.SUGGESTED
    held.sort(key=lambda one: (one.state != suggested, one.confidence >= SURE, -one.confidence, one.pk))
    reach = rights.restrict(rows, register, user, rights.CHANGE)
    may = set(reach.values_list("pk", flat=True))
    versions = versions_of(register, [one.pk for one in held])
    segments = [one.segment_id for one in held]
    states, findings = _hanging(user, segments, run)
    candidates = [
        Candidate(one, versions[one.pk], one.pk in may, states.get(one.segment_id), findings.get(one.segment_id))
        for one in held
    ]
    spans = [
        span
        for one in held
        if one.state != Placement.Decision.REJECTED
        for span in one.evidence or []
        if span["source"] == "scope" and firm.scope[span["start"] : span["end"]] == span["text"]
    ]
    outside = OutsideFirm.objects.filter(enterprise=firm).first()
    return Card(firm, candidates, spans, outside, rights.may(user, registry["outside-firms"], rights.CHANGE))


def _hanging(
    user: Any, segments: Sequence[int], run: DiagnosisRun | None
) -> tuple[dict[int, SegmentState], dict[int, Finding]]:
    if run is None:
        return {}, {}
    states = rights.restrict(
        SegmentState.objects.filter(run=run, segment__in=segments), registry["segment-states"], user
    )
    findings = rights.restrict(Finding.objects.filter(run=run, segment__in=segments), registry["findings"], user)
    return {one.segment_id: one for one in states}, {one.segment_id: one for one in findings.order_by("-rank")}


# -- other segments ----------------------------------------------------------------------------
@dataclass(frozen=True)
class Offer:
    """A segment that fits what was typed, and by which of its words."""

    segment: Segment
    word: str


def offers(user: Any, typed: str, limit: int = 8) -> list[Offer]:
    """Leaf segments by code, name, product, other word for a product, or pinyin; those within the person's reach."""
    wanted = texts.fold(typed.strip())
    if not wanted:
        return []
    heard = len(wanted) > 1 and wanted.isascii() and wanted.isalpha()
    ways = texts.spellings(wanted) if heard else []
    register = registry["segments"]
    leaves = rights.restrict(Segment.objects.filter(is_leaf=True), register, user)
    best: dict[int, tuple[tuple[int, int, str], str]] = {}

    def take(pk: int, text: str, level: int) -> None:
        folded = texts.fold(text)
        at = folded.find(wanted)
        if at < 0 and not (heard and texts.heard_at(wanted, folded, ways)):
            return
        fit = 0 if folded == wanted else 1 if at == 0 else 2 if at > 0 else 3
        found = ((fit * 3 + level, len(folded), folded), text)
        if pk not in best or found < best[pk]:
            best[pk] = found

    known = dict(leaves.values_list("pk", "code"))
    for pk, code, name in leaves.values_list("pk", "code", "name"):
        take(pk, name, 0)
        if texts.fold(code).startswith(wanted):
            best[pk] = ((0, 0, code), code)
    for pk, name, aliases in Product.objects.order_by().values_list("segment", "name", "aliases"):
        if pk in known:
            take(pk, name, 1)
            for alias in aliases:
                take(pk, alias, 2)
    chosen = sorted(best, key=lambda pk: best[pk][0])[:limit]
    held = Segment.objects.select_related("chain").in_bulk(chosen)
    return [Offer(held[pk], best[pk][1]) for pk in chosen]


# -- progress ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Band:
    """Decisions on what the model had proposed with a confidence in one tenth."""

    number: int
    decided: int
    confirmed: int
    said: float  # mean confidence

    @property
    def label(self) -> str:
        return f"{self.number / BANDS:.1f}–{(self.number + 1) / BANDS:.1f}"

    @property
    def percent(self) -> int:
        """Of the proposals decided on, those that people confirmed."""
        return round(100 * self.confirmed / self.decided)

    @property
    def percent_said(self) -> int:
        return round(100 * self.said)

    @property
    def url(self) -> str:
        """The list of just these placements."""
        bounds = {
            "from": self.number / BANDS,
            "to": 1.0 if self.number + 1 == BANDS else (self.number + 1) / BANDS - 1e-4,
        }
        asked = {f"f.model_confidence.{bound}": f"{value:.4f}" for bound, value in bounds.items()}
        return registry["placements"].url() + "?" + urlencode({"f.state": "confirmed,rejected"} | asked)


def agreement(user: Any) -> list[Band]:
    """How often people confirmed what the model proposed, by what it said; over all decisions within the person's reach."""
    rows = rights.restrict(Placement.objects.all(), registry["placements"], user)
    rows = rows.filter(decided_at__isnull=False, model_confidence__isnull=False)
    banded = rows.order_by().annotate(
        band=Case(
            When(model_confidence__gte=1, then=Value(BANDS - 1.0)),
            default=Floor(F("model_confidence") * BANDS + 1e-9),
            output_field=FloatField(),
        )
    )
    counted = banded.values("band").annotate(
        decided=Count("pk"),
        confirmed=Sum(Case(When(state=Placement.Decision.CONFIRMED, then=1), default=0)),
        said=Avg("model_confidence"),
    )
    return [Band(int(r["band"]), r["decided"], r["confirmed"], r["said"]) for r in counted.order_by("band")]


@dataclass(frozen=True)
class Today:
    """Decisions since midnight: one's own and everybody's within reach."""

    own: int
    everybody: int
    url: str


def today(user: Any) -> Today:
    since = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = rights.restrict(Placement.objects.all(), registry["placements"], user).filter(decided_at__gte=since)
    counted = rows.aggregate(everybody=Count("pk"), own=Count("pk", filter=Q(decided_by=user.get_username())))
    url = registry["placements"].url() + "?" + urlencode({"f.decided_at.from": since.date().isoformat()})
    return Today(counted["own"], counted["everybody"], url)


# -- what there is to choose from --------------------------------------------------------------
def choices(user: Any, queue: Queue) -> dict[str, Any]:
    """What the filters offer."""
    place = queue.place
    around = place.parent if place is not None and queue.run is not None and queue.run.place_id != place.pk else place
    places = [around, *around.children.order_by("kind", "code")] if around is not None else []
    chains = rights.restrict(Chain.objects.all(), registry["chains"], user)
    leaves = rights.restrict(Segment.objects.all(), registry["segments"], user)
    segments = leaves.filter(chain__code=queue.asked.chain).order_by("order") if queue.asked.chain else []
    bands = [(str(n), f"{n / BANDS:.1f}–{(n + 1) / BANDS:.1f}") for n in range(2, BANDS)]
    return {"places": places, "chains": chains, "segments": segments, "bands_offered": bands, "roles": Role.choices}
