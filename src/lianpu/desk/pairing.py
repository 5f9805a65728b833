"""Who here could supply whom, who elsewhere could fill a gap, and what falls with a segment: read for the acting user.

Only firms, segments and states within the user's reach go into the analysis, so a page cannot tell by a rank or a
cascade what its reader may not see.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lianpu.chains.models import DiagnosisRun, Placement, Segment, SegmentState
from lianpu.chains.models import Reference as StoredReference
from lianpu.chains.queries import FILLING_CONFIDENCE, flow_frame, segment_frame
from lianpu.chains.services.references import reference_firms
from lianpu.enterprises.queries import with_revenue
from lianpu.places.models import Place
from lianpu.places.queries import inside
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.language import declared

if TYPE_CHECKING:
    import polars as pl

    from lianpu.analysis.network import Supply
    from lianpu.analysis.pairing import Reference

PAIR_PARTS = {
    "fit": gettext_lazy("需求契合"),
    "near": gettext_lazy("距离"),
    "sure": gettext_lazy("可信度"),
    "scale": gettext_lazy("规模匹配"),
}
TARGET_PARTS = {
    "fit": gettext_lazy("产品契合"),
    "ties": gettext_lazy("本地关联"),
    "group": gettext_lazy("同系企业"),
    "reach": gettext_lazy("布局能力"),
}
AREAS = {
    "zone": gettext_lazy("同一功能区"),
    "district": gettext_lazy("同一县区"),
    "city": gettext_lazy("同一城市"),
    "province": gettext_lazy("同一省份"),
    "": gettext_lazy("不在同一省份"),
}


@dataclass(frozen=True)
class Line:
    """One part of a score: its name, its word, and what it rests on."""

    part: str
    label: str
    value: float
    weight: float
    words: str

    @property
    def points(self) -> float:
        return self.value * self.weight


@dataclass(frozen=True)
class Pair:
    """A firm here that could supply another one here."""

    rank: int
    supplier: Any
    buyer: Any
    segment: Segment  # the buyer's
    score: float
    lines: list[Line]


@dataclass(frozen=True)
class Target:
    """A firm elsewhere that could fill a gap."""

    rank: int
    segment: str
    name: str
    uscc: str
    province: str
    city: str
    score: float
    confidence: float
    lines: list[Line]

    @property
    def why(self) -> str:
        """What speaks for it, in one sentence."""
        return _("；").join(line.words for line in self.lines if line.value > 0)


@dataclass(frozen=True)
class Fall:
    """One segment touched when another one falls."""

    round: int
    segment: Segment
    state: str
    words: str
    lost: float


@dataclass(frozen=True)
class Falls:
    """What falls with a segment, and with its firm where only one holds it."""

    segment: Segment
    firms: int
    rows: list[Fall] = field(default_factory=list)

    @property
    def fallen(self) -> list[Fall]:
        return [row for row in self.rows if row.state == "falls"]

    @property
    def weakened(self) -> list[Fall]:
        return [row for row in self.rows if row.state == "weakened"]


def segments_for(user: Any, chain: Any) -> list[Segment]:
    """Leaf segments of a chain that the user may see, in the map's order."""
    register = registry["segments"]
    rows = rights.restrict(register.base().filter(chain=chain, is_leaf=True), register, user)
    return list(rows.select_related("parent", "chain").order_by("order"))


def segment_for(user: Any, code: str) -> Segment | None:
    """The leaf segment with this code, where the user may see it."""
    register = registry["segments"]
    rows = rights.restrict(register.base().filter(code=code, is_leaf=True), register, user)
    found: Segment | None = rows.select_related("chain").first()
    return found


def dependence_frame() -> "pl.DataFrame":
    """Dependence between segments by the maps as they stand: source, target, weight, essential and its evidence."""
    import polars as pl

    from lianpu.analysis.network import dependence

    # The national tables and the product graph are an analyst's files; the desk stands on the maps alone.
    return dependence(segment_frame().with_columns(io_sector=pl.lit("")), flow_frame())


# -- here ------------------------------------------------------------------------------------------------------
def pairs_of(user: Any, segment: Segment, place: Place, *, samples: bool, top: int = 100) -> list[Pair]:
    """Firms of ``place`` that fill ``segment`` with those that need it, best first, both within the user's reach."""
    import polars as pl

    from lianpu.analysis.pairing import PairRules, explain_pair, pairs

    edges = dependence_frame()
    users = edges.filter(pl.col("source") == segment.code)["target"].to_list()
    firms = _placed(user, place, [segment.code, *users], samples=samples)
    rules = PairRules(min_confidence=FILLING_CONFIDENCE, top=top)
    found = pairs(segment.code, firms, segment_frame(), edges, rules=rules)
    named = _enterprises(user, [*found["supplier"], *found["buyer"]])
    segments = _segments(found["buyer_segment"])
    return [
        Pair(
            row["rank"],
            named[row["supplier"]],
            named[row["buyer"]],
            segments[row["buyer_segment"]],
            row["score"],
            [_pair_line(line, segment, segments) for line in explain_pair(row, rules)],
        )
        for row in found.iter_rows(named=True)
        if row["supplier"] in named and row["buyer"] in named
    ]


def _placed(user: Any, place: Place, codes: Iterable[str], *, samples: bool) -> "pl.DataFrame":
    """Placements that nobody rejected on these segments, of the place's firms within reach, with areas and revenue."""
    import polars as pl

    register = registry["placements"]
    rows = register.base().filter(inside("enterprise__place", "enterprise__zone")(place.code))
    rows = rows.filter(segment__code__in=list(codes), enterprise__is_sample=samples)
    rows = rights.restrict(rows.exclude(state=Placement.Decision.REJECTED), register, user).order_by("pk")
    values = rows.values_list(
        "enterprise_id", "segment__code", "role", "confidence", "enterprise__place__path", "enterprise__zone__code"
    )
    held = []
    for firm, code, role, confidence, path, zone in values:
        areas = [part for part in (path or "").split("/") if part]
        province, city, district = (areas[i] if len(areas) > i else None for i in (1, 2, 3))
        held.append((firm, code, role, confidence, province, city, district, zone))
    schema = {
        "firm": pl.Int64,
        "segment": pl.String,
        "role": pl.String,
        "confidence": pl.Float64,
        **dict.fromkeys(("province", "city", "district", "zone"), pl.String),
    }
    frame = pl.DataFrame(held, schema=schema, orient="row")
    return frame.join(_revenue(frame["firm"].unique().to_list()), on="firm", how="left", maintain_order="left")


def _revenue(firms: Sequence[int]) -> "pl.DataFrame":
    import polars as pl

    rows = with_revenue(registry["enterprises"].base().filter(pk__in=firms))
    known = [
        (pk, float(value))
        for pk, value in rows.filter(revenue_10k_cny__isnull=False).values_list("pk", "revenue_10k_cny")
    ]
    return pl.DataFrame(known, schema={"firm": pl.Int64, "scale": pl.Float64}, orient="row")


def _enterprises(user: Any, pks: Iterable[int]) -> dict[int, Any]:
    register = registry["enterprises"]
    rows = rights.restrict(register.base().filter(pk__in=set(pks)), register, user)
    return {firm.pk: firm for firm in rows.select_related("place")}


def _segments(codes: Iterable[str]) -> dict[str, Segment]:
    return {one.code: one for one in Segment.objects.filter(code__in=set(codes)).select_related("chain")}


def _pair_line(line: Mapping[str, Any], segment: Segment, segments: Mapping[str, Segment]) -> Line:
    part, facts = line["part"], line["evidence"]
    words: Callable[[], str] = {
        "fit": lambda: (
            _("%(buyer)s需要%(supplier)s") % {"buyer": segments[facts["buyer_segment"]], "supplier": segment}
        ),
        "near": lambda: str(AREAS[facts["shared"]]),
        "sure": lambda: _("供方挂链可信度 %(supplier).2f，需方 %(buyer).2f") % facts,
        "scale": lambda: (
            _("收入：供方 %(supplier).0f 万元，需方 %(buyer).0f 万元") % facts
            if facts["supplier"] is not None and facts["buyer"] is not None
            else _("至少一方收入不明，按中间值计")
        ),
    }[part]
    return Line(part, str(PAIR_PARTS[part]), line["value"], line["weight"], words())


# -- elsewhere -------------------------------------------------------------------------------------------------
def targets_of(
    user: Any, codes: Sequence[str], run: DiagnosisRun, *, top: int = 20, a_province: int = 5
) -> dict[str, list[Target]]:
    """Segment → firms outside the place that fill it, best first; empty where the diagnosis has no readable reference.

    Firms at home that already belong to a target's group are told of within the user's reach only.
    """
    from dataclasses import replace

    from lianpu.analysis.pairing import explain_target, targets

    prepared = _reference_of(user, run) if codes else None
    if prepared is None:
        return {}
    rules = replace(prepared.rules, top=top, a_province=a_province)
    segments = segment_frame()
    found = targets(
        codes,
        replace(prepared, rules=rules),
        segments,
        dependence_frame(),
        _filling(user, run),
        home=_home(run.place),
        words=_words(codes),
        known=_registered(run.place),
    )
    names = dict(segments.select("code", "name").iter_rows())
    codes_of = dict(prepared.firms.join(found.select("firm"), on="firm", how="semi").select("firm", "uscc").iter_rows())
    mark = "（示例）" if run.reference is not None and run.reference.is_sample else ""
    listed: dict[str, list[Target]] = {}
    for row in found.iter_rows(named=True):
        lines = [_target_line(line, names) for line in explain_target(row, rules)]
        name = row["head"] if "示例" in row["head"] else row["head"] + mark
        listed.setdefault(row["segment"], []).append(
            Target(
                row["rank"],
                row["segment"],
                name,
                codes_of.get(row["firm"]) or "" if row["head"] == row["name"] else "",
                row["province"],
                row["city"],
                row["score"],
                row["confidence"],
                lines,
            )
        )
    return listed


def makers_elsewhere(user: Any, codes: Sequence[str], run: DiagnosisRun) -> "pl.DataFrame | None":
    """Firms of the reference outside the place that fill these segments: (segment, firm, province); None without one."""
    import polars as pl

    prepared = _reference_of(user, run)
    if prepared is None:
        return None
    home = pl.Series(_home(run.place), dtype=pl.String).implode()
    asked = segment_frame().filter(pl.col("code").is_in(pl.Series(list(codes), dtype=pl.String).implode()))
    return (
        prepared.placed.join(asked.select(segment="code", role="filled_by"), on=["segment", "role"])
        .unique(["segment", "firm"])
        .join(prepared.firms.select("firm", "province", "city"), on="firm")
        .filter(~pl.col("province").is_in(home) & ~pl.col("city").is_in(home))
        .select("segment", "firm", "province")
        .sort("segment", "firm")
    )


def _reference_of(user: Any, run: DiagnosisRun) -> "Reference | None":
    """The firms of the run's reference with their groups, made once for its file; None where there is no
    readable one or the user may not see references."""
    stored = run.reference
    if stored is None or not rights.may(user, registry["references"], rights.VIEW):
        return None
    if not Path(stored.file).is_file():
        return None
    return _prepared(stored.pk, stored.file, run.rules.get("min_confidence", FILLING_CONFIDENCE))


@lru_cache(maxsize=1)
def _prepared(pk: int, _file: str, min_confidence: float) -> "Reference":
    from dataclasses import replace

    from lianpu.analysis.pairing import Reference, TargetRules

    every = reference_firms(StoredReference.objects.get(pk=pk))
    made = Reference.of(every.drop_nulls("segment"), every, rules=TargetRules(min_confidence=min_confidence))
    codes = every.select("firm", "uscc").unique("firm")
    return replace(made, firms=made.firms.join(codes, on="firm", how="left", maintain_order="left"))


def _filling(user: Any, run: DiagnosisRun) -> "pl.DataFrame":
    """Firms of the place that fill a segment, within the user's reach: firm, name, segment."""
    import polars as pl
    from django.db.models import F

    register = registry["placements"]
    rows = register.base().filter(
        inside("enterprise__place", "enterprise__zone")(run.place.code),
        role=F("segment__filled_by"),
        confidence__gte=run.rules.get("min_confidence", FILLING_CONFIDENCE),
        enterprise__is_sample=bool(run.versions.get("sample")),
    )
    rows = rights.restrict(rows.exclude(state=Placement.Decision.REJECTED), register, user).order_by("pk")
    values = list(rows.values_list("enterprise_id", "enterprise__name", "segment__code"))
    return pl.DataFrame(values, schema={"firm": pl.Int64, "name": pl.String, "segment": pl.String}, orient="row")


def _home(place: Place) -> list[str]:
    """Names of the place and of what it lies in, as references write them; never the nation."""
    codes = [code for code in place.path.split("/") if code]
    above = Place.objects.filter(code__in=codes).exclude(kind=Place.Kind.NATION)
    return sorted({word for one in above for word in (one.name, one.short_name) if word})


def _registered(place: Place) -> list[str]:
    """Names of firms that the register already has in the place's city: no targets, whatever a reference says."""
    city = place
    while city.kind in (Place.Kind.DISTRICT, Place.Kind.ZONE) and city.parent is not None:
        city = city.parent
    rows = registry["enterprises"].base().filter(place__path__startswith=city.path)
    return list(rows.order_by().values_list("name", flat=True))


def _words(codes: Sequence[str]) -> "pl.DataFrame":
    import polars as pl

    rows = registry["products"].base().filter(segment__code__in=codes).order_by("pk")
    terms = [
        (code, term)
        for code, name, aliases in rows.values_list("segment__code", "name", "aliases")
        for term in (name, *aliases)
    ]
    return pl.DataFrame(terms, schema={"segment": pl.String, "term": pl.String}, orient="row")


def _target_line(line: Mapping[str, Any], names: Mapping[str, str]) -> Line:
    part, facts = line["part"], line["evidence"]
    if part == "fit":
        words = [_("挂链可信度 %.2f") % facts["confidence"]]
        words += [_("名称即含该产品")] if facts["named"] else []
        words += [_("据其分支%s") % facts["branch"]] if facts["branch"] else []
        words.append(_("专做此环节") if facts["breadth"] == 1 else _("涉及%s个环节") % facts["breadth"])
    elif part == "ties":
        own, near = (_join(names.get(code, code) for code in facts[key]) for key in ("own", "neighbours"))
        words = (
            [_("还做%(own)s，与本地的%(near)s相连") % {"own": own, "near": near}]
            if own
            else [_("其余业务与本地环节不相连")]
        )
    elif part == "group":
        held = _join(facts["firms"])
        told = _("本地已有其分支：%s") if facts["certain"] else _("本地有同字号企业（待核）：%s")
        words = [told % held] if held else [_("本地没有同系企业")]
    else:
        words = [_("在%s个省份有分支或总部") % facts["provinces"]] if facts["provinces"] > 1 else [_("未见跨省分支")]
        words += [_("股份制或集团企业")] if facts["large"] else []
    return Line(part, str(TARGET_PARTS[part]), line["value"], line["weight"], _("；").join(words))


def _join(words: Iterable[str]) -> str:
    return _("、").join(words)


# -- what falls ------------------------------------------------------------------------------------------------
def falls_of(user: Any, segment: Segment, run: DiagnosisRun) -> Falls | None:
    """What falls if ``segment`` falls, among the segments present in the place and within the user's reach; None where
    the place does not have it (or the user may not know)."""
    import polars as pl

    from lianpu.analysis.network import cascade

    present, supply = _supply(user, run)
    if segment.code not in present:
        return None
    rows = cascade(supply, segments=[segment.code]).filter(pl.col("round") > 0)
    named = _segments([*rows["segment"], *(code for missing in rows["missing"] for code in missing)])
    falls = [
        Fall(row["round"], named[row["segment"]], row["state"], _why(row, named), row["lost"])
        for row in rows.sort("state", "round", "lost", descending=[False, False, True]).iter_rows(named=True)
    ]
    return Falls(segment, present[segment.code], falls)


def critical_of(user: Any, run: DiagnosisRun, top: int) -> list[dict[str, Any]]:
    """The segments of the place on which most hangs, with the parts of that, the most critical first."""
    from lianpu.analysis.network import criticality

    present, supply = _supply(user, run)
    outside = [code for code in present if code in set(_fed_from_outside())]
    rows = criticality(dependence_frame(), supply, outside).head(top)
    named = _segments(rows["segment"])
    return [
        row | {"name": named[row["segment"]].name, "firms": present[row["segment"]]}
        for row in rows.iter_rows(named=True)
    ]


def _supply(user: Any, run: DiagnosisRun) -> "tuple[dict[str, int], Supply]":
    """Segments that the place has, with their firms, and the dependence among them; of others it buys elsewhere."""
    from lianpu.analysis.network import Supply

    states = SegmentState.objects.filter(run=run, firms__gt=0)
    seen = rights.restrict(states, registry["segment-states"], user)
    present = dict(seen.order_by().values_list("segment__code", "firms"))
    return present, Supply.of(dependence_frame(), present=present, outside=_fed_from_outside())


def _fed_from_outside() -> list[str]:
    """Segments whose main input comes from outside the maps."""
    return list(Segment.objects.exclude(fed_from="").order_by().values_list("code", flat=True))


def _why(row: Mapping[str, Any], named: Mapping[str, Segment]) -> str:
    missing = _join(named[code].name for code in row["missing"][:3])
    if row["reason"] == "essential":
        return _("本地不可缺的投入全部中断：%s") % missing
    if row["reason"] == "share":
        return _("投入权重损失 %(lost).0f%%：%(missing)s") % {"lost": row["lost"] * 100, "missing": missing}
    return _("投入权重损失 %(lost).0f%%，可由外地补足：%(missing)s") % {"lost": row["lost"] * 100, "missing": missing}


# -- tables ----------------------------------------------------------------------------------------------------
def pair_table(found: Sequence[Pair]) -> tuple[list[str], list[list[object]]]:
    """Heads and rows of a list of pairs, each part with its value and its words."""
    heads = ["位次", "供方", "供方代码", "供方所在地", "需方", "需方代码", "需方所在地", "需方环节", "得分"]
    rows: list[list[object]] = []
    for one in found:
        firms = [cell for firm in (one.supplier, one.buyer) for cell in (firm.name, firm.uscc, str(firm.place or ""))]
        rows.append([one.rank, *firms, one.segment.name, round(one.score, 4), *_cells(one.lines)])
    return [*heads, *_part_heads(PAIR_PARTS)], rows


def target_table(found: Sequence[Target]) -> tuple[list[str], list[list[object]]]:
    """Heads and rows of a list of targets, each part with its value and its words."""
    heads = ["位次", "环节代码", "企业", "统一社会信用代码", "省份", "城市", "得分"]
    rows: list[list[object]] = [
        [one.rank, one.segment, one.name, one.uscc, one.province, one.city, round(one.score, 4), *_cells(one.lines)]
        for one in found
    ]
    return [*heads, *_part_heads(TARGET_PARTS)], rows


def _part_heads(parts: Mapping[str, Any]) -> list[str]:
    return [head for label in parts.values() for head in (declared(label), f"{declared(label)}的依据")]


def _cells(lines: Sequence[Line]) -> list[object]:
    return [cell for line in lines for cell in (round(line.value, 4), line.words)]
