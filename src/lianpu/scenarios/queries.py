"""What a place would be if chosen projects and leads succeeded, read for the acting user; nothing is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from lianpu.chains.models import DiagnosisRun, Segment
from lianpu.chains.models import Reference as StoredReference
from lianpu.chains.queries import FILLING_CONFIDENCE, firm_frame, flow_frame, rejected_places, segment_frame
from lianpu.chains.services.entering import likelihood_of
from lianpu.chains.services.references import counted, reference_frame
from lianpu.enterprises.identity import name_key
from lianpu.enterprises.queries import ABOVE_SCALE_10K_CNY
from lianpu.places.queries import inside
from lianpu.projects.models import Capacity, FactorNeed, Project, ProjectSegment
from lianpu.projects.models import Stage as ProjectStage
from lianpu.promotion.models import Lead
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.reading import UnreadableError
from lianpu.scenarios.io_files import table_of
from lianpu.scenarios.models import IoTable, Scenario

if TYPE_CHECKING:
    import polars as pl

    from lianpu.analysis.linkage import Table
    from lianpu.analysis.scenario import Draws, Supposed

OVER = (ProjectStage.IN_PRODUCTION, ProjectStage.DESIGN_OUTPUT, ProjectStage.CANCELLED)
"""Stages of projects that are counted already, or never will be."""


# -- what can be chosen ------------------------------------------------------------------------
def candidate_projects(user: Any, place: Any = None) -> "QuerySet[Project]":
    """Projects within the person's reach that are still to come into production, of a place."""
    rows = Project.objects.exclude(stage__in=OVER)
    if place is not None:
        rows = rows.filter(inside("place", "zone")(place.code))
    rows = rights.restrict(rows, registry["projects"], user)
    return rows.select_related("segment__chain", "chain", "place", "owner").order_by("code")


def codes_of(user: Any, pks: Sequence[int]) -> list[str]:
    """Ledger numbers of projects within the person's reach, by id."""
    rows = rights.restrict(Project.objects.filter(pk__in=pks), registry["projects"], user)
    return list(rows.order_by("code").values_list("code", flat=True))


def candidate_leads(user: Any, place: Any = None) -> "QuerySet[Lead]":
    """Leads within the person's reach that are signed and not yet projects of the ledger, of a place."""
    rows = Lead.objects.filter(
        signed_on__isnull=False, withdrawn_on=None, project=None, producing_on=None, full_output_on=None
    )
    if place is not None:
        rows = rows.filter(inside("place", "zone")(place.code))
    return (
        rights.restrict(rows, registry["leads"], user)
        .select_related("segment__chain", "chain", "place")
        .order_by("code")
    )


@dataclass(frozen=True)
class Picked:
    """Projects and leads that somebody chose, with codes that name nothing the reader can choose."""

    projects: list[Project]
    leads: list[Lead]
    unknown: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.projects) + len(self.leads)


def picked(user: Any, place: Any, projects: Iterable[str], leads: Iterable[str]) -> Picked:
    """The projects and leads of these codes that the user may choose in ``place``."""
    asked, signed = list(dict.fromkeys(projects)), list(dict.fromkeys(leads))
    found = list(candidate_projects(user, place).filter(code__in=asked)) if asked else []
    won = list(candidate_leads(user, place).filter(code__in=signed)) if signed else []
    known = {one.code for one in found}, {one.code for one in won}
    lost = [code for code in asked if code not in known[0]] + [code for code in signed if code not in known[1]]
    return Picked(found, won, lost)


def outputs_of(user: Any, projects: Sequence[Project]) -> dict[int, Decimal]:
    """Project id → yearly output at design capacity (万元), of those that state one."""
    rows = Capacity.objects.filter(project__in=projects, output_10k_cny__isnull=False)
    held: dict[int, Decimal] = {}
    for pk, value in rights.restrict(rows, registry["capacities"], user).values_list("project", "output_10k_cny"):
        held[pk] = held.get(pk, Decimal()) + value
    return held


def needs_of(user: Any, projects: Sequence[Project]) -> dict[int, dict[str, tuple[Decimal, Decimal]]]:
    """Project id → factor → (needed, secured), of the factors that it states."""
    rows = rights.restrict(FactorNeed.objects.filter(project__in=projects), registry["factor-needs"], user)
    held: dict[int, dict[str, tuple[Decimal, Decimal]]] = {}
    for pk, kind, needed, secured in rows.values_list("project", "kind", "needed", "secured"):
        held.setdefault(pk, {})[kind] = (needed, secured)
    return held


# -- what they bring ---------------------------------------------------------------------------
@dataclass(frozen=True)
class Arrival:
    """One project or lead with the leaf segments that it would fill, and its yearly output (万元) where stated."""

    item: Any
    segments: list[Segment]
    output: Decimal | None

    @property
    def is_lead(self) -> bool:
        return isinstance(self.item, Lead)

    @property
    def owner(self) -> str:
        if self.is_lead:
            return str(self.item.counterpart)
        return str(self.item.owner.name if self.item.owner else self.item.owner_name)


def arrivals_of(user: Any, chosen: Picked) -> list[Arrival]:
    """What each of the chosen brings: its main segment and the further ones, leaves alone, and none on which a person has
    said that the owner does not stand, for the ledger would not place it there either."""
    more: dict[int, list[Segment]] = {}
    further = ProjectSegment.objects.filter(project__in=chosen.projects)
    for row in further.select_related("segment__chain").order_by("pk"):
        more.setdefault(row.project_id, []).append(row.segment)
    outputs = outputs_of(user, chosen.projects)
    owners = {one.owner_id for one in chosen.projects if one.owner_id is not None}
    refused = rejected_places(owners)

    def leaves(owner: int | None, *segments: Segment | None) -> list[Segment]:
        held = (one for one in segments if one is not None and one.is_leaf and (owner, one.pk) not in refused)
        return list(dict.fromkeys(held))

    made = [
        Arrival(one, leaves(one.owner_id, one.segment, *more.get(one.pk, ())), outputs.get(one.pk))
        for one in chosen.projects
    ]
    return made + [Arrival(one, leaves(None, one.segment), None) for one in chosen.leads]


def arriving_frame(arrivals: Sequence[Arrival]) -> "pl.DataFrame":
    """The rows that :func:`~lianpu.analysis.scenario.suppose` takes. An owner on the register is that firm; others get
    ids below 0, one a name. A newcomer is above scale only where its stated output says so."""
    import polars as pl

    ids: dict[str, int] = {}
    rows = []
    for one in arrivals:
        owner = None if one.is_lead else one.item.owner_id
        key = name_key(one.owner) or one.item.code
        firm = owner if owner is not None else ids.setdefault(key, -1 - len(ids))
        scale = None if one.output is None else float(one.output)
        above = one.output is not None and one.output >= ABOVE_SCALE_10K_CNY
        rows += [(one.item.code, firm, segment.code, scale, above) for segment in one.segments]
    schema = {
        "project": pl.String,
        "firm": pl.Int64,
        "segment": pl.String,
        "scale": pl.Float64,
        "above_scale": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


# -- what follows ------------------------------------------------------------------------------
def suppose_for(run: DiagnosisRun, arrivals: Sequence[Arrival]) -> "Supposed":
    """The place of ``run`` as it is today and with the arrivals, both by the rules and the reference of the run."""
    from lianpu.analysis.diagnosis import Rules
    from lianpu.analysis.scenario import suppose

    segments = segment_frame()
    rules = Rules(**run.rules) if run.rules else Rules()
    firms = firm_frame(run.place, samples=bool(run.versions.get("sample")))
    placed = reference_frame(run.reference) if run.reference is not None else None
    teacher = run.reference if run.versions.get("entry") else None
    return suppose(
        segments,
        flow_frame(),
        firms,
        arriving_frame(arrivals),
        counted(placed, segments, rules.min_confidence),
        run.place.code,
        rules=rules,
        likelihood=likelihood_of(teacher, placed, run.place, firms),
    )


# -- what output draws -------------------------------------------------------------------------
def io_table_in_use() -> IoTable | None:
    """The input–output table that scenarios use: of the real ones that on which most segments stand, else the sample."""
    return IoTable.objects.order_by("is_sample", "-matched", "-loaded_at").first()


def read_io_table(stored: IoTable) -> "tuple[Table, dict[str, str]]":
    """Its numbers (万元) and the names of its sectors."""
    import polars as pl

    if not Path(stored.file).is_file():
        raise UnreadableError(f"投入产出表“{stored.name}”的文件已不在，请重新运行 lianpu io load。")
    return table_of(pl.read_parquet(stored.file))


@dataclass(frozen=True)
class Drawn:
    """What the output of the arrivals draws; what could not be told stands in ``unstated`` and ``unmatched``."""

    table: IoTable | None
    draws: "Draws | None"
    labels: Mapping[str, str]
    unstated: list[Arrival]  # no yearly output
    unmatched: list[Arrival]  # no sector of the table for its segment
    by_sector: Mapping[str, list[Arrival]]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Sectors from which something is drawn, most first."""
        if self.draws is None:
            return []
        import polars as pl

        found = self.draws.sectors.filter((pl.col("total") > 0) | (pl.col("added") > 0)).sort(
            "total", "sector", descending=[True, False]
        )
        return [row | {"label": self.labels.get(row["sector"], row["sector"])} for row in found.iter_rows(named=True)]


def drawn_by(user: Any, arrivals: Sequence[Arrival]) -> Drawn:
    """What the stated output of the arrivals, each in the sector of its first segment, draws from all sectors."""
    from lianpu.analysis.scenario import draws

    stored = io_table_in_use() if rights.may(user, registry["io-tables"], rights.VIEW) else None
    unstated = [one for one in arrivals if not one.output]
    stated = [one for one in arrivals if one.output]
    if stored is None:
        return Drawn(None, None, {}, unstated, [], {})
    table, labels = read_io_table(stored)
    able = {code for code, silent in zip(table.names, table.silent, strict=True) if not silent}
    by_sector: dict[str, list[Arrival]] = {}
    unmatched = []
    for one in stated:
        sector = one.segments[0].io_sector if one.segments else ""
        if sector in able:
            by_sector.setdefault(sector, []).append(one)
        else:
            unmatched.append(one)
    added = {sector: float(sum(one.output or 0 for one in held)) for sector, held in by_sector.items()}
    return Drawn(stored, draws(table, added) if added else None, labels, unstated, unmatched, by_sector)


# -- how able places are -----------------------------------------------------------------------
def reference_cells(stored: StoredReference, level: str, least: int) -> "tuple[pl.DataFrame, dict[str, str]]":
    """Firms of a reference by place (``level``: city or province) and segment that they fill, as (place, activity, value),
    of places with at least ``least`` such firms; and the names of the segments."""
    import polars as pl

    segments = segment_frame().select("name", segment="code", role="filled_by")
    firms = reference_frame(stored).filter(pl.col("confidence") >= FILLING_CONFIDENCE)
    placed = (
        firms.join(segments, on=["segment", "role"]).with_columns(place=pl.col(level)).filter(pl.col("place") != "")
    )
    enough = placed.group_by("place").agg(n=pl.col("firm").n_unique()).filter(pl.col("n") >= least)
    kept = placed.join(enough, on="place", how="semi").unique(["firm", "segment"])
    cells = kept.group_by("place", activity="segment").agg(value=pl.len().cast(pl.Float64))
    return cells.sort("place", "activity"), dict(segments.select("segment", "name").iter_rows())


# -- what is kept ------------------------------------------------------------------------------
def kept_scenarios(user: Any, chain: Any = None) -> "QuerySet[Scenario]":
    """Scenarios within the person's reach, the latest first; of one chain those that hold a project of it."""
    rows = rights.restrict(Scenario.objects.select_related("place", "chain"), registry["scenarios"], user)
    if chain is None:
        return rows.order_by("-at")
    codes = list(Project.objects.filter(chain=chain).values_list("code", flat=True))
    signed = list(Lead.objects.filter(chain=chain).values_list("code", flat=True))
    about = [
        pk
        for pk, projects, leads in rows.values_list("pk", "projects", "leads")
        if not set(codes).isdisjoint(projects) or not set(signed).isdisjoint(leads)
    ]
    return rows.filter(Q(pk__in=about)).order_by("-at")
