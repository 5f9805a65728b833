"""Reads of chain maps, placements and findings; frames for the analysis."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q, QuerySet
from django.utils.http import urlencode

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
)
from lianpu.enterprises.models import Enterprise
from lianpu.enterprises.queries import ABOVE_SCALE_10K_CNY, with_revenue
from lianpu.places.models import Place
from lianpu.places.queries import inside
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.importing import batches

if TYPE_CHECKING:
    import polars as pl


# From this confidence on a suggested placement counts in a diagnosis.
FILLING_CONFIDENCE = 0.5
# The placements that count, and those of them that fill their segment.
HELD = ~Q(state=Placement.Decision.REJECTED)
COUNTED = Q(confidence__gte=FILLING_CONFIDENCE)
IN_ROLE = Q(role=F("segment__filled_by"))
FILLING = COUNTED & IN_ROLE


def match_chains(texts: Iterable[str]) -> Mapping[str, int]:
    """Chains by code or name."""
    wanted = set(texts)
    rows = Chain.objects.filter(Q(code__in=wanted) | Q(name__in=wanted)).values_list("pk", "code", "name")
    return {word: pk for pk, code, name in rows for word in (code, name)}


def match_segments(texts: Iterable[str]) -> Mapping[str, int]:
    """Segments by code, or by a name that only one segment bears."""
    wanted = set(texts)
    found: dict[str, int] = {}
    bearers: dict[str, set[int]] = {}
    for pk, code, name in Segment.objects.filter(Q(code__in=wanted) | Q(name__in=wanted)).values_list(
        "pk", "code", "name"
    ):
        found[code] = pk
        bearers.setdefault(name, set()).add(pk)
    return {name: next(iter(pks)) for name, pks in bearers.items() if len(pks) == 1} | found


def chains_of_segments(pks: Iterable[int]) -> Mapping[int, int]:
    """Segment → its chain."""
    return dict(Segment.objects.filter(pk__in=list(pks)).values_list("pk", "chain"))


def chain_names(pks: Iterable[int]) -> Mapping[int, str]:
    """Chain → its name."""
    return dict(Chain.objects.filter(pk__in=list(pks)).values_list("pk", "name"))


def chain_named(text: str) -> Chain:
    """A chain by code or name; ``Chain.DoesNotExist`` otherwise."""
    return Chain.objects.get(Q(code=text) | Q(name=text))


def chains_in_order() -> "QuerySet[Chain]":
    """Every chain in the city's order."""
    return Chain.objects.all()


def leaf_of(chain: Chain, code: str) -> Segment | None:
    """The leaf segment of ``chain`` with this code."""
    return Segment.objects.filter(chain=chain, code=code, is_leaf=True).first()


def in_chain(path: str) -> Any:
    """Filter by chain code or name."""
    return lambda text: Q(**{f"{path}__code__in": text.split(",")}) | Q(**{f"{path}__name__in": text.split(",")})


def in_segment(path: str) -> Any:
    """Filter by segment code; a group's code takes in its leaves."""

    def filter_with(text: str) -> Q:
        codes = text.split(",")
        return Q(**{f"{path}__code__in": codes}) | Q(**{f"{path}__parent__code__in": codes})

    return filter_with


def segments_by_io_sector() -> Mapping[str, list[Segment]]:
    """Input–output sector → the leaf segments that belong to it."""
    held: dict[str, list[Segment]] = {}
    for segment in Segment.objects.filter(is_leaf=True).exclude(io_sector="").select_related("chain"):
        held.setdefault(segment.io_sector, []).append(segment)
    return held


# -- frames for the analysis -------------------------------------------------------------------
def segment_frame() -> "pl.DataFrame":
    """Leaves: code, chain, name, parent, stage, key, filled_by, fed_from, importance."""
    import polars as pl

    rows = Segment.objects.filter(is_leaf=True).values_list(
        "code", "chain__code", "name", "parent__code", "stage", "is_key", "filled_by", "fed_from"
    )
    schema = {
        "code": pl.String,
        "chain": pl.String,
        "name": pl.String,
        "parent": pl.String,
        "stage": pl.String,
        "key": pl.Boolean,
        "filled_by": pl.String,
        "fed_from": pl.String,
    }
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    return frame.with_columns(
        importance=pl.when("key").then(2.0).otherwise(1.0),
        fed_from=pl.when(pl.col("fed_from") != "").then("fed_from"),  # null where the main input comes from the maps
    )


def flow_frame() -> "pl.DataFrame":
    """Flows between leaves: source, target, via, weight (1–3)."""
    import polars as pl

    rows = SegmentFlow.objects.values_list("source__code", "target__code", "via", "weight")
    schema = {"source": pl.String, "target": pl.String, "via": pl.String, "weight": pl.Float64}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def taxonomy_frames() -> tuple["pl.DataFrame", "pl.DataFrame"]:
    """What the placer is fitted on: taxonomy (code, name, parent, filled_by) and products (product, code, weight).

    A product of two segments (shared) weighs half on each, so that it alone does not decide.
    """
    import polars as pl

    nodes = Segment.objects.order_by("code").values_list("code", "name", "parent__code", "filled_by", "is_leaf")
    taxonomy = pl.DataFrame(
        [row[:4] for row in nodes if row[4]],
        schema={"code": pl.String, "name": pl.String, "parent": pl.String, "filled_by": pl.String},
        orient="row",
    )
    rows = Product.objects.order_by("segment__code", "name").values_list("name", "aliases", "segment__code")
    terms = pl.DataFrame(
        [(term, code) for name, aliases, code in rows for term in (name, *aliases)],
        schema={"product": pl.String, "code": pl.String},
        orient="row",
    ).unique(maintain_order=True)
    return taxonomy, terms.with_columns(weight=1.0 / pl.len().over("product"))


def firm_frame(place: Place, *, samples: bool) -> "pl.DataFrame":
    """Placements of the firms of ``place`` that nobody rejected: firm (enterprise id), place, segment, role,
    confidence, scale (revenue, 万元) and above_scale (null where unknown).

    Invented and real firms never meet in one diagnosis: ``samples`` says which of the two are counted.
    """
    import polars as pl

    here = Q(enterprise__place__path__startswith=place.path) | Q(enterprise__zone=place)
    rows = (
        Placement.objects.filter(here)
        .exclude(state=Placement.Decision.REJECTED)
        .filter(enterprise__is_sample=samples)
        .order_by("enterprise_id", "segment__code")
        .values_list("enterprise_id", "segment__code", "role", "confidence")
    )
    frame = pl.DataFrame(
        list(rows),
        schema={"firm": pl.Int64, "segment": pl.String, "role": pl.String, "confidence": pl.Float64},
        orient="row",
    )
    return (
        frame.join(_revenue(place), on="firm", how="left")
        .with_columns(
            place=pl.lit(place.code),
            above_scale=pl.col("scale") >= float(ABOVE_SCALE_10K_CNY),
        )
        .select("firm", "place", "segment", "role", "confidence", "scale", "above_scale")
    )


def only_samples(place: Place) -> bool:
    """Whether ``place`` holds no real firm, so that its samples stand for it."""
    return not Enterprise.objects.filter(
        Q(place__path__startswith=place.path) | Q(zone=place), is_sample=False
    ).exists()


def _revenue(place: Place) -> "pl.DataFrame":
    import polars as pl

    firms = with_revenue(Enterprise.objects.filter(Q(place__path__startswith=place.path) | Q(zone=place)))
    rows = [
        (pk, float(value))
        for pk, value in firms.filter(revenue_10k_cny__isnull=False).values_list("pk", "revenue_10k_cny")
    ]
    return pl.DataFrame(rows, schema={"firm": pl.Int64, "scale": pl.Float64}, orient="row")


def placement_lists(segment: Segment, place: Place, run: DiagnosisRun) -> tuple[str, str, str]:
    """The lists of just those placements that the diagnosis counted, took for other business, and was unsure of."""
    least = run.rules.get("min_confidence", 0.5)
    others = ",".join(role for role in Role.values if role != segment.filled_by)
    # Confidences have four decimals: what is under the least one ends 0.0001 below it.
    under = f"{least - 0.0001:.4f}"
    common = {
        "f.segment": segment.code,
        "f.place": place.code,
        "f.state": "suggested,confirmed",
        "f.is_sample": "是" if run.versions.get("sample") else "否",
    }
    asked: tuple[dict[str, Any], ...] = (
        {"f.role": segment.filled_by, "f.confidence.from": str(least)},
        {"f.role": others, "f.confidence.from": str(least)},
        {"f.role": segment.filled_by, "f.confidence.to": under},
    )
    counted, other, unsure = (f"{registry['placements'].url()}?{urlencode(common | one)}" for one in asked)
    return counted, other, unsure


# -- figures that open to lists: they count what the reader finds there ------------------------
def states_told(user: Any, run: DiagnosisRun, **of: Any) -> list[SegmentState]:
    """The states of ``run`` that ``user`` may see, of some segments (lookups), in no order.

    For whoever does not see all placements the firms, other firms and unsure firms are those within reach, counted as
    :func:`placement_lists` lists them; how many are above scale is told with all firms alone. The state is the place's.
    """
    register = registry["placements"]
    states = list(rights.restrict(SegmentState.objects.filter(run=run, **of), registry["segment-states"], user))
    if not states or rights.sees_all(user, register):
        return states
    sure = Q(confidence__gte=run.rules.get("min_confidence", FILLING_CONFIDENCE))
    rows = rights.restrict(register.base().filter(HELD, segment__in=[one.segment_id for one in states]), register, user)
    rows = rows.filter(
        inside("enterprise__place", "enterprise__zone")(run.place.code),
        enterprise__is_sample=bool(run.versions.get("sample")),
    )
    counts = {
        segment: (firms, others, unsure)
        for segment, firms, others, unsure in rows.order_by()
        .values("segment")
        .annotate(
            n=Count("pk", filter=IN_ROLE & sure),
            n_other=Count("pk", filter=~IN_ROLE & sure),
            n_unsure=Count("pk", filter=IN_ROLE & ~sure),
        )
        .values_list("segment", "n", "n_other", "n_unsure")
    }
    for one in states:
        n, one.other_firms, one.unsure_firms = counts.get(one.segment_id, (0, 0, 0))
        if n != one.firms:
            one.firms, one.above_scale = n, None
    return states


def firms_told(user: Any, run: DiagnosisRun) -> tuple[int, Mapping[str, int]]:
    """Firms on any chain, and firms that fill each chain (code), as ``run`` counted them; within the reach of whoever does
    not see all firms."""
    register = registry["enterprises"]
    if rights.sees_all(user, register):
        return run.firms, {chain: figures["firms"] for chain, figures in run.figures.items()}
    firms = register.base().filter(inside()(run.place.code), is_sample=bool(run.versions.get("sample")))
    held = Placement.objects.filter(HELD, enterprise__in=rights.restrict(firms, register, user).order_by().values("pk"))
    fill = held.filter(FILLING).order_by().values_list("segment__chain__code")
    return held.aggregate(n=Count("enterprise", distinct=True))["n"], dict(
        fill.annotate(n=Count("enterprise", distinct=True))
    )


# -- reads of diagnoses ------------------------------------------------------------------------
def latest_run(place: Place) -> DiagnosisRun | None:
    """The diagnosis in force for a place."""
    return DiagnosisRun.objects.filter(place=place, is_latest=True).select_related("place", "reference").first()


def runs_counting(firms: Iterable[int]) -> list[DiagnosisRun]:
    """The diagnoses in force that count any of these firms (ids)."""
    codes: set[str] = set()
    for ids in batches(list(firms), 5000):
        held = Enterprise.objects.filter(pk__in=ids).order_by().values_list("place__path", "zone__code").distinct()
        codes.update(code for path, zone in held for code in (*(path or "").split("/"), zone) if code)
    return list(DiagnosisRun.objects.filter(is_latest=True, place__code__in=codes).select_related("place"))


def diagnosed_places() -> "QuerySet[Place]":
    """Places that have a diagnosis in force."""
    return Place.objects.filter(diagnoses__is_latest=True).distinct()


def findings_of(run: DiagnosisRun, chain: Chain | None = None, top: int | None = None) -> list[Finding]:
    """Findings of a run by chain and rank; ``top`` keeps the first n of every chain."""
    rows = run.findings.select_related("segment", "chain", "place")
    if chain is not None:
        rows = rows.filter(chain=chain)
    if top is not None:
        rows = rows.filter(rank__lte=top)
    return list(rows.order_by("chain__order", "rank"))


def decided_places(enterprises: Any) -> set[tuple[int, int]]:
    """(firm, segment) of the placements of some firms (ids, or a query of them) on which a person has decided."""
    rows = Placement.objects.filter(enterprise__in=enterprises).exclude(state=Placement.Decision.SUGGESTED)
    return set(rows.values_list("enterprise", "segment"))


def rejected_places(enterprises: Iterable[int]) -> set[tuple[int | None, int]]:
    """(firm, segment) of some firms where a person has said that the firm does not stand there."""
    rows = Placement.objects.filter(enterprise__in=set(enterprises), state=Placement.Decision.REJECTED)
    return set(rows.values_list("enterprise", "segment"))


def findings_at(pk: int) -> "QuerySet[Finding]":
    """The finding with this id, as a queryset to restrict."""
    return Finding.objects.filter(pk=pk).select_related("segment", "chain", "place")


def evidence_of(enterprise: Any) -> "QuerySet[Placement]":
    """Placements of one firm, surest first."""
    return (
        Placement.objects.filter(enterprise=enterprise)
        .select_related("segment__chain")
        .order_by("state", "-confidence")
    )
