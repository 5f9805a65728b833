"""One comparison: who is compared, the figures of health by chain, the states of the segments side by side."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from lianpu.chains.models import Chain, DiagnosisRun, ReferenceFirm, Segment, State
from lianpu.chains.queries import flow_frame, segment_frame
from lianpu.desk.comparing.facts import (
    LEAST_FIRMS,
    City,
    Known,
    anchor_of,
    firms_of,
    home_names,
    known_of,
    visible_segments,
)
from lianpu.desk.comparing.words import BROAD, HEADINGS, MAIN, MEASURES, REASONS, heading_of
from lianpu.desk.queries import MARKS
from lianpu.register import rights
from lianpu.register.declare import registry

if TYPE_CHECKING:
    import polars as pl

SUGGESTED = 5
MOST = 8
"""Cities beside the place: more do not fit on a page, and a median of eight says enough."""


@dataclass(frozen=True)
class Side:
    """One of those compared: the place, the place at an earlier date, or a city of the reference. ``cosine``: how alike
    its makers' mix is to the place's, None where unknown."""

    key: str
    label: str
    kind: str  # here, before, peer
    base: int
    list_url: str  # of its firms, to be narrowed; empty where the reader may not see them
    everything: str  # what the list's filter calls all segments within reach
    cosine: float | None = None

    def firms(self, filter_: str, codes: Iterable[str] | str) -> str:
        """The list of its firms that fill, research or do either (``filter_``) on these segments or chains."""
        text = codes if isinstance(codes, str) else ",".join(codes)
        return f"{self.list_url}&{urlencode({f'f.{filter_}': text})}" if self.list_url and text else ""

    @property
    def base_url(self) -> str:
        return self.firms("fills", self.everything)


@dataclass(frozen=True)
class Figure:
    """One figure of one side, with the lists behind numerator and denominator; ``reason`` says why there is none."""

    side: Side
    rate: float | None
    numerator: float | None
    denominator: float | None
    numerator_url: str
    denominator_url: str
    reason: str

    @property
    def percent(self) -> float | None:
        return None if self.rate is None else self.rate * 100


@dataclass(frozen=True)
class Row:
    """One measure of one chain: the sides' figures, and where the place stands among the cities."""

    chain: Chain
    measure: str
    cells: list[Figure]
    rank: int | None
    of: int
    median: float | None
    difference: float | None

    @property
    def heading(self) -> str:
        return str(HEADINGS[heading_of(self.measure)])

    @property
    def label(self) -> str:
        return str(MEASURES[self.measure])

    @property
    def here(self) -> Figure:
        return self.cells[0]

    @property
    def median_percent(self) -> float | None:
        return None if self.median is None else self.median * 100

    @property
    def points(self) -> float | None:
        """Difference to the median in percentage points."""
        return None if self.difference is None else self.difference * 100


@dataclass(frozen=True)
class Cell:
    """The state of a segment on one side, and the list of the firms that fill it there."""

    side: Side
    state: str
    firms: int
    url: str

    @property
    def label(self) -> str:
        return str(State(self.state).label)

    @property
    def mark(self) -> str:
        return MARKS[State(self.state)]


@dataclass(frozen=True)
class SegmentRow:
    """One leaf segment, its cells in the order of the sides; ``have`` of ``asked`` cities fill it."""

    segment: Segment
    cells: list[Cell]
    have: int
    asked: int

    @property
    def lacked(self) -> bool:
        """Whether most of the cities have what the place has not."""
        return not self.cells[0].firms and self.asked > 0 and self.have * 2 > self.asked


@dataclass
class Comparison:
    """What a page, a book or a command shows. ``whole``: the reader sees all segments and firms of the place."""

    run: DiagnosisRun
    chain: Chain | None
    sides: list[Side]
    rows: list[Row]
    segments: list[SegmentRow]
    cities: list[City]
    suggested: list[tuple[City, float]]
    whole: bool
    rows_kept: bool  # the reference's firms are there as rows
    has_reference: bool
    before: dt.date | None
    anchor: dt.date | None
    even: int  # firms to which completeness at even size is drawn
    undated: int  # firms without a founding date, which the earlier side leaves out
    problems: list[str] = field(default_factory=list)

    @property
    def peers(self) -> list[Side]:
        return [side for side in self.sides if side.kind == "peer"]

    @property
    def main(self) -> list[Row]:
        """The five figures of each chain."""
        return [row for row in self.rows if row.measure in MAIN]

    @property
    def by_chain(self) -> list[tuple[Chain, list[Row]]]:
        """Chains with their five figures, and completeness at even size where the sizes lie apart."""
        found: dict[int, tuple[Chain, list[Row]]] = {}
        shown = BROAD if self.uneven else MAIN
        for row in (one for one in self.rows if one.measure in shown):
            found.setdefault(row.chain.pk, (row.chain, []))[1].append(row)
        return list(found.values())

    @property
    def uneven(self) -> bool:
        """Whether the sizes lie far apart, so that the larger place fills more segments by its number of firms alone."""
        sizes = [side.base for side in self.sides if side.kind != "before" and side.base]
        return len(sizes) > 1 and max(sizes) > 2 * min(sizes)


def compare(
    user: Any,
    run: DiagnosisRun,
    *,
    chain: Chain | None = None,
    asked: Sequence[str] | None = None,
    before: dt.date | None = None,
) -> Comparison:
    """Compare the place of ``run`` on ``chain`` (None: on every chain within reach) with the cities ``asked`` for
    (None: those most alike) and with itself ``before``.

    All sides are counted by one rule. A reference knows no sizes, so none are used: a segment leads by its quotient.
    """
    import polars as pl

    from lianpu.analysis.comparison import standing
    from lianpu.analysis.coverage import Reference, coverage
    from lianpu.analysis.diagnosis.rules import Rules, segment_states
    from lianpu.analysis.health import health

    segments, all_segments = visible_segments(user, segment_frame())
    codes = segments["code"].to_list()
    flows = flow_frame().filter(
        pl.col("source").is_in(segments["code"].implode()) & pl.col("target").is_in(segments["code"].implode())
    )
    own = firms_of(user, run.place, samples=bool(run.versions.get("sample")), codes=codes)
    known = known_of(user, run, segments)
    here = run.place.code
    ranked = _alike(own, known, segments, here, home_names(run.place))
    chosen, problems = _chosen(asked, known, ranked)
    earlier = f"{here}@" if before else ""
    frames = [own.with_columns(place=pl.lit(here))]
    if before:
        frames.append(own.filter(pl.col("founded") <= before).with_columns(place=pl.lit(earlier)))
    wanted = ["place", "firm", "segment", "role", "confidence"]
    if known is not None:
        keys = pl.Series([city.key for city in chosen], dtype=pl.String).implode()
        frames.append(known.placed.filter(pl.col("place").is_in(keys)))
    firms = pl.concat([frame.select(wanted) for frame in frames]).with_columns(
        scale=pl.lit(None, dtype=pl.Float64), above_scale=pl.lit(None, dtype=pl.Boolean)
    )
    whole = known.whole if known else Reference(pl.DataFrame(schema={"segment": pl.String, "count": pl.Int64}), 0)
    places = [here, *([earlier] if earlier else []), *(city.key for city in chosen)]
    rules = Rules()
    cells = segment_states(coverage(firms, segments, whole, places=places), rules)
    bases = dict(cells.select("place", "base").unique().iter_rows())
    everything = "*" if all_segments else ",".join(segments["chain"].unique().sort())
    rows_kept = run.reference is None or ReferenceFirm.objects.filter(reference=run.reference).exists()
    linked = rows_kept and rights.may(user, registry["reference-firms"], rights.VIEW)
    cosines = {city.key: cosine for city, cosine in ranked}
    sides = [_here(run, bases[here], everything, None)]
    sides += [_here(run, bases[earlier], everything, before)] if before else []
    sides += [_peer(run, city, everything, cosines.get(city.key), linked=linked) for city in chosen]
    figures = health(segments, flows, firms, whole, places=places, rules=rules)
    even = min((side.base for side in sides if side.kind != "before" and side.base), default=0)
    figures = pl.concat([figures, _at_even_size(cells, segments, figures, even)], how="diagonal_relaxed")
    if chain is not None:
        figures = figures.filter(pl.col("chain") == chain.code)
    stands = standing(figures.filter(pl.col("place") != earlier), here)
    return Comparison(
        run=run,
        chain=chain,
        sides=sides,
        rows=_rows(user, figures, stands, sides),
        segments=_segment_rows(user, chain, cells, sides) if chain is not None else [],
        cities=list(known.cities.values()) if known else [],
        suggested=[(city, cosine) for city, cosine in ranked if city.firms >= LEAST_FIRMS][:SUGGESTED],
        whole=all_segments and rights.sees_all(user, registry["placements"]),
        rows_kept=rows_kept,
        has_reference=known is not None,
        before=before,
        anchor=anchor_of(own),
        even=even,
        undated=own.filter(pl.col("founded").is_null())["firm"].n_unique(),
        problems=problems,
    )


# -- who is compared -------------------------------------------------------------------------------------------
def _alike(
    own: "pl.DataFrame", known: Known | None, segments: "pl.DataFrame", here: str, home: set[str]
) -> list[tuple[City, float]]:
    """Cities of the reference elsewhere, the most alike in what is made there first."""
    import polars as pl

    from lianpu.analysis.comparison import peers

    if known is None or not known.cities:
        return []
    filling = own.join(segments.select(segment="code", role="filled_by"), on=["segment", "role"])
    made = filling.filter(pl.col("role") == "makes")
    if made.is_empty():
        return []
    base = filling["firm"].n_unique()
    mine = made.group_by("segment").agg(n=pl.col("firm").n_unique().cast(pl.Int64))
    mine = mine.select(place=pl.lit(here), segment="segment", n="n", base=pl.lit(base, dtype=pl.Int64))
    try:
        found = peers(pl.concat([mine, known.mix.select("place", "segment", "n", "base")]), here, least=1)
    except ValueError:
        return []
    return [
        (known.cities[other], cosine)
        for other, cosine in found.select("other", "cosine").iter_rows()
        if known.cities[other].city not in home and known.cities[other].key not in home
    ]


def _chosen(
    asked: Sequence[str] | None, known: Known | None, ranked: list[tuple[City, float]]
) -> tuple[list[City], list[str]]:
    if known is None:
        return [], []
    if asked is None:
        return [city for city, _cosine in ranked if city.firms >= LEAST_FIRMS][:SUGGESTED], []
    found, problems = {}, []
    for text in asked:
        if not text.strip():
            continue
        city, problem = find_city(text, known.cities)
        if city is not None:
            found[city.key] = city
        else:
            problems.append(problem)
    if len(found) > MOST:
        problems.append(_("最多同时比较%(most)s个城市，其余已略去。") % {"most": MOST})
    return list(found.values())[:MOST], problems


def find_city(text: str, cities: Mapping[str, City]) -> tuple[City | None, str]:
    """The city that a text names: in full, by its own name, or by a part that one alone has; else what to do."""
    word = "".join(text.split())
    plain = word.removesuffix("市")
    for names in (
        [key for key in cities if key == word],
        [key for key, one in cities.items() if plain in (one.city.removesuffix("市"), one.key)],
        [key for key in cities if plain in key],
    ):
        if len(names) == 1:
            return cities[names[0]], ""
        if names:
            listed = _("、").join(names[:6])
            return None, _("“%(text)s”可指多个城市：%(listed)s。请写全。") % {"text": text, "listed": listed}
    return None, _("对照库里没有做产业链的城市“%(text)s”，请从列表中选。") % {"text": text}


def _here(run: DiagnosisRun, base: int, everything: str, before: dt.date | None) -> Side:
    asked = {"f.place": run.place.code, "f.is_sample": "是" if run.versions.get("sample") else "否"}
    asked |= {"f.founded.to": before.isoformat()} if before else {}
    label = _("%(place)s（截至%(day)s）") % {"place": run.place.name, "day": before} if before else run.place.name
    url = f"{registry['enterprises'].url()}?{urlencode(asked)}"
    return Side(run.place.code, label, "before" if before else "here", base, url, everything)


def _peer(run: DiagnosisRun, city: City, everything: str, cosine: float | None, *, linked: bool) -> Side:
    asked: dict[str, Any] = {"at.reference": run.reference_id, "at.province": city.province}
    asked |= {"at.city": city.city} if city.city else {}
    url = f"{registry['reference-firms'].url()}?{urlencode(asked)}" if linked else ""
    invented = run.reference is not None and run.reference.is_sample
    label = _("%(city)s（示例）") % {"city": city.key} if invented else city.key
    return Side(city.key, label, "peer", city.firms, url, everything, cosine)


# -- figures ---------------------------------------------------------------------------------------------------
def _at_even_size(
    cells: "pl.DataFrame", segments: "pl.DataFrame", figures: "pl.DataFrame", size: int
) -> "pl.DataFrame":
    """Completeness were all sides as small as the smallest city, as further rows of ``figures``."""
    import polars as pl

    from lianpu.analysis.comparison import at_size

    if not size:
        return figures.filter(measure="completeness").with_columns(
            measure=pl.lit("completeness_even"), rate=None, reason=pl.lit("too_few")
        )
    owned = segments.select("chain", segment="code")
    expected = at_size(cells.join(owned, on="segment", how="left", maintain_order="left"), size)
    return (
        figures.filter(measure="completeness")
        .join(expected, on=["place", "chain"], how="left", maintain_order="left")
        .with_columns(
            measure=pl.lit("completeness_even"),
            numerator="filled",
            denominator=pl.col("segments_right").cast(pl.Float64),
            rate=pl.col("filled") / pl.col("segments_right"),
            reason=pl.when(pl.col("filled").is_null()).then(pl.lit("too_few")),
        )
        .drop("filled", "segments_right")
    )


def _rows(user: Any, figures: "pl.DataFrame", stands: "pl.DataFrame", sides: Sequence[Side]) -> list[Row]:
    held = {(row["chain"], row["measure"], row["place"]): row for row in figures.iter_rows(named=True)}
    at = {side.key if side.kind != "before" else f"{side.key}@": side for side in sides}
    stood = {(row["chain"], row["measure"]): row for row in stands.iter_rows(named=True)}
    register = registry["chains"]
    chains = rights.restrict(Chain.objects.filter(code__in={chain for chain, *_ in held}), register, user)
    rows = []
    for chain in chains:
        for measure in MEASURES:
            stand = stood[chain.code, measure]
            cells = [_figure(chain, measure, held[chain.code, measure, key], side) for key, side in at.items()]
            rows.append(Row(chain, measure, cells, stand["rank"], stand["of"], stand["median"], stand["difference"]))
    return rows


def _figure(chain: Chain, measure: str, row: Mapping[str, Any], side: Side) -> Figure:
    counted, lacking = row["segments"], row["lacking"]
    if row["rate"] is None:
        urls = ("", "")
    elif measure == "completeness_even":
        urls = (side.base_url, _segments_url([*counted, *lacking]))
    elif measure.startswith("innovation"):
        urls = (side.firms("researches", chain.code), side.firms("works_on", chain.code))
    elif measure == "local_sourcing":
        targets = sorted({flow["target"] for flow in row["flows"]})
        urls = (_flows_url(targets, counted), _flows_url(targets, None))
    else:
        urls = (_segments_url(counted), _segments_url([*counted, *lacking]))
    reason = REASONS.get(row["reason"] or "", "")
    return Figure(side, row["rate"], row["numerator"], row["denominator"], *urls, str(reason))


def _segments_url(codes: Sequence[str]) -> str:
    return f"{registry['segments'].url()}?{urlencode({'f.among': ','.join(sorted(codes))})}" if codes else ""


def _flows_url(targets: Sequence[str], sources: Sequence[str] | None) -> str:
    """The list of flows into ``targets``, from ``sources`` alone where given, with the sum of their weights."""
    if sources is not None and not sources:
        return ""
    asked = {"f.target": ",".join(targets)} | ({"f.source": ",".join(sources)} if sources is not None else {})
    shown = {"cols": "source,source_name,target,target_name,via,weight,points"}
    return f"{registry['segment-flows'].url()}?{urlencode(asked | shown)}"


def _segment_rows(user: Any, chain: Chain, cells: "pl.DataFrame", sides: Sequence[Side]) -> list[SegmentRow]:
    register = registry["segments"]
    leaves = rights.restrict(Segment.objects.filter(chain=chain, is_leaf=True), register, user)
    held = {
        (place, segment): (state, n)
        for place, segment, state, n in cells.select("place", "segment", "state", "n").iter_rows()
    }
    rows = []
    for segment in leaves.select_related("parent", "chain").order_by("order"):
        made = []
        for side in sides:
            key = f"{side.key}@" if side.kind == "before" else side.key
            state, n = held[key, segment.code]
            made.append(Cell(side, state, n, side.firms("fills", segment.code) if n else ""))
        peers = [cell for cell in made if cell.side.kind == "peer"]
        rows.append(SegmentRow(segment, made, sum(cell.firms > 0 for cell in peers), len(peers)))
    return rows
