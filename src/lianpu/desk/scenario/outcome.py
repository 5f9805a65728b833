"""What the scenario page says: a place as it is and as it would be with the chosen projects, number by number.

Only projects, segments and findings within the reader's reach are shown; the diagnosis itself is the place's, as on the
chain desk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lianpu.chains.models import Chain, DiagnosisRun, Finding, Segment, SegmentState, State
from lianpu.desk.queries import MARKS
from lianpu.projects.models import FactorNeed
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.language import spoken
from lianpu.scenarios.panels import CHOSEN
from lianpu.scenarios.queries import Arrival, Drawn, Picked, arrivals_of, drawn_by, needs_of, suppose_for

if TYPE_CHECKING:
    from lianpu.analysis.scenario import Supposed

MEASURES = {
    "completeness": gettext_lazy("完整度：已有环节 / 全部环节"),
    "resilience_firms": gettext_lazy("韧性：不靠一家企业的环节 / 已有环节"),
    "resilience_inputs": gettext_lazy("投入韧性：本地有两家以上的投入 / 不可缺的投入"),
    "leadership": gettext_lazy("引领：有规上企业或占比突出的环节 / 可判断的环节"),
    "leadership_sure": gettext_lazy("引领（可靠）：同上，占比须可靠"),
    "innovation_research": gettext_lazy("创新：有研发的企业 / 链上企业"),
    "innovation_titles": gettext_lazy("创新：有称号的企业 / 链上企业"),
    "innovation_spend": gettext_lazy("创新：研发费用 / 营业收入"),
    "local_sourcing": gettext_lazy("本地配套：本地可供的投入 / 全部投入"),
}
FACTORS = ("land_mu", "energy_tce", "water_m3", "capital_10k_cny", "jobs", "environment_t")


@dataclass(frozen=True)
class SegmentChange:
    """A segment in two states."""

    segment: Segment
    before: str
    after: str
    step: int
    firms_before: int
    firms_after: int
    sure: bool  # the new state is no play of small numbers
    arrivals: list[Arrival]  # within the reader's reach; empty where the state moves because others grew

    @property
    def told(self) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        """(state, shape, word) before and after."""
        return _state(self.before), _state(self.after)


@dataclass(frozen=True)
class FindingChange:
    """A finding on either side; ``stored`` is the one of the diagnosis in force, where there is one."""

    chain: Chain
    segment: Segment
    kind: str
    change: str
    rank_before: int | None
    rank_after: int | None
    words: str
    stored: Finding | None

    @property
    def kind_word(self) -> str:
        return spoken(str(Finding.Kind(self.kind).label))


@dataclass(frozen=True)
class MeasureChange:
    """A figure of a chain's health on both sides, with its numerators and denominators."""

    chain: Chain
    measure: str
    before: tuple[float, float, float | None]
    after: tuple[float, float, float | None]
    gained: list[Segment]
    lost: list[Segment]

    @property
    def label(self) -> str:
        return str(MEASURES[self.measure])

    @property
    def points(self) -> float | None:
        """Difference in percentage points."""
        old, new = self.before[2], self.after[2]
        return None if old is None or new is None else 100 * (new - old)


@dataclass(frozen=True)
class Factor:
    """One factor summed over the chosen projects that state it."""

    kind: str
    needed: Decimal
    secured: Decimal
    stated: int
    url: str

    @property
    def label(self) -> str:
        return spoken(str(FactorNeed.Kind(self.kind).label))

    @property
    def lacking(self) -> Decimal:
        return max(self.needed - self.secured, Decimal())


@dataclass(frozen=True)
class SectorDraw:
    """What new output draws from a sector, and which segments of it the place would have to give it."""

    sector: str
    label: str
    added: float
    direct: float
    total: float
    of_output: float | None
    present: list[Segment]
    absent: list[Segment]
    arrivals: list[Arrival]


@dataclass(frozen=True)
class Outcome:
    """All that the page, the workbook and the comparison say of one choice."""

    run: DiagnosisRun
    chosen: Picked
    arrivals: list[Arrival]
    segments: list[SegmentChange]
    findings: list[FindingChange]
    health: list[MeasureChange]
    factors: list[Factor]
    drawn: Drawn
    draws: list[SectorDraw]
    filled: tuple[int, int, int]  # segments filled before and after, and all, of the chains the reader sees

    def of(self, change: str) -> list[FindingChange]:
        return [one for one in self.findings if one.change == change]

    @property
    def completeness(self) -> list[MeasureChange]:
        return [one for one in self.health if one.measure == "completeness"]

    @property
    def other_health(self) -> list[MeasureChange]:
        return [one for one in self.health if one.measure != "completeness"]

    @cached_property
    def answered(self) -> list[FindingChange]:
        return self.of("answered")

    @cached_property
    def fresh(self) -> list[FindingChange]:
        return self.of("new")

    @cached_property
    def moved(self) -> list[FindingChange]:
        """Findings that stand elsewhere in their chain's order, the highest now first."""
        return sorted(self.of("moved"), key=lambda one: (one.chain.order, one.rank_after or 0))

    @property
    def up(self) -> list[SegmentChange]:
        return [one for one in self.segments if one.step > 0]

    @property
    def down(self) -> list[SegmentChange]:
        return [one for one in self.segments if one.step < 0]

    @property
    def without_segment(self) -> list[Arrival]:
        return [one for one in self.arrivals if not one.segments]

    @property
    def output(self) -> Decimal:
        return sum((one.output or Decimal() for one in self.arrivals), Decimal())

    @property
    def investment(self) -> Decimal:
        return sum((investment_of(one) or Decimal() for one in self.arrivals), Decimal())

    @property
    def stated(self) -> int:
        """How many of the projects and leads state an output."""
        return sum(one.output is not None for one in self.arrivals)

    @cached_property
    def codes(self) -> str:
        return ",".join(one.item.code for one in self.arrivals if not one.is_lead)

    @property
    def outputs_url(self) -> str:
        return f"{registry['capacities'].url()}?{urlencode({f'f.{CHOSEN}': self.codes})}"

    @property
    def projects_url(self) -> str:
        return f"{registry['projects'].url()}?{urlencode({f'f.{CHOSEN}': self.codes})}"

    @property
    def summary(self) -> dict[str, Any]:
        """The figures that a kept scenario remembers."""
        return {
            "run": self.run.pk,
            "items": len(self.arrivals),
            "up": len(self.up),
            "down": len(self.down),
            "filled": self.filled[1],
            "filled_before": self.filled[0],
            "segments": self.filled[2],
            "answered": len(self.answered),
            "new": len(self.fresh),
            "output_10k_cny": float(self.output),
        }


def investment_of(one: Arrival) -> Decimal | None:
    """Total investment of a project, the signed amount of a lead (万元)."""
    found: Decimal | None = one.item.signed_10k_cny if one.is_lead else one.item.total_10k_cny
    return found


def _state(code: str) -> tuple[str, str, str]:
    return code, MARKS[State(code)], spoken(str(State(code).label))


def outcome_of(user: Any, run: DiagnosisRun, chosen: Picked) -> Outcome:
    """What the place of ``run`` would be with the chosen projects, told as far as ``user`` may know."""
    arrivals = arrivals_of(user, chosen)
    result = suppose_for(run, arrivals)
    states = rights.restrict(SegmentState.objects.filter(run=run), registry["segment-states"], user)
    seen = set(states.order_by().values_list("segment__code", flat=True))
    named = {one.code: one for one in Segment.objects.filter(is_leaf=True).select_related("chain")}
    drawn = drawn_by(user, arrivals)
    shown = result.segments.filter(result.segments["segment"].is_in(list(seen)))
    present = set(shown.filter(shown["n_after"] > 0)["segment"])
    return Outcome(
        run,
        chosen,
        arrivals,
        _segment_changes(result, arrivals, seen, named),
        _finding_changes(user, run, result, seen, named),
        _measure_changes(result, seen, named),
        _factors(user, chosen),
        drawn,
        _draws(drawn, seen, present, named),
        (int((shown["n_before"] > 0).sum()), len(present), shown.height),
    )


def _segment_changes(
    result: "Supposed", arrivals: Sequence[Arrival], seen: set[str], named: Mapping[str, Segment]
) -> list[SegmentChange]:
    by_code = {one.item.code: one for one in arrivals}
    rows = result.segments.filter(result.segments["step"] != 0).sort("step", "segment", descending=[True, False])
    return [
        SegmentChange(
            named[row["segment"]],
            row["state_before"],
            row["state_after"],
            row["step"],
            row["n_before"],
            row["n_after"],
            row["sure_after"],
            [by_code[code] for code in row["projects"] if code in by_code],
        )
        for row in rows.iter_rows(named=True)
        if row["segment"] in seen
    ]


def _finding_changes(
    user: Any, run: DiagnosisRun, result: "Supposed", seen: set[str], named: Mapping[str, Segment]
) -> list[FindingChange]:
    from lianpu.analysis.diagnosis import explain

    if not rights.may(user, registry["findings"], rights.VIEW):
        return []
    told = rights.restrict(Finding.objects.filter(run=run), registry["findings"], user)
    stored = {(one.segment_id, one.kind): one for one in told.select_related("segment", "chain")}
    names = {code: segment.name for code, segment in named.items()}
    word = run.reference.name if run.reference else "对照"
    fresh = {(row["segment"], row["kind"]): row for row in result.after.findings.iter_rows(named=True)}
    made = []
    for row in result.findings.filter(result.findings["change"] != "same").iter_rows(named=True):
        if row["segment"] not in seen:
            continue
        segment, now = named[row["segment"]], fresh.get((row["segment"], row["kind"]))
        held = stored.get((segment.pk, row["kind"]))
        words = explain(now, names, reference=word) if now is not None else (held.explanation if held else "")
        made.append(
            FindingChange(
                segment.chain,
                segment,
                row["kind"],
                row["change"],
                row["rank_before"],
                row["rank_after"],
                words.partition("：")[2] or words,
                held,
            )
        )
    return sorted(made, key=lambda one: (one.rank_before or one.rank_after or 0, one.chain.order))


def _measure_changes(result: "Supposed", seen: set[str], named: Mapping[str, Segment]) -> list[MeasureChange]:
    chains = {named[code].chain.code: named[code].chain for code in seen if code in named}
    made = []
    for row in result.health.iter_rows(named=True):
        before, after = (
            (row[f"numerator_{side}"], row[f"denominator_{side}"], row[f"rate_{side}"]) for side in ("there", "here")
        )
        if row["chain"] in chains and before != after:
            gained, lost = ([named[code] for code in row[word] if code in named] for word in ("gained", "lost"))
            made.append(MeasureChange(chains[row["chain"]], row["measure"], before, after, gained, lost))
    return sorted(made, key=lambda one: (one.chain.order, list(MEASURES).index(one.measure)))


def _factors(user: Any, chosen: Picked) -> list[Factor]:
    needs = needs_of(user, chosen.projects)
    codes = {one.pk: one.code for one in chosen.projects}
    made = []
    for kind in FACTORS:
        held = {pk: one[kind] for pk, one in needs.items() if kind in one}
        if held:
            asked = {f"f.{CHOSEN}": ",".join(codes[pk] for pk in held), "f.kind": kind}
            needed, secured = (sum((row[at] for row in held.values()), Decimal()) for at in (0, 1))
            url = f"{registry['factor-needs'].url()}?{urlencode(asked)}"
            made.append(Factor(kind, needed, secured, len(held), url))
    return made


def _draws(drawn: Drawn, seen: set[str], present: set[str], named: Mapping[str, Segment]) -> list[SectorDraw]:
    by_sector: dict[str, tuple[list[Segment], list[Segment]]] = {}
    for code, segment in named.items():
        if code in seen:
            by_sector.setdefault(segment.io_sector, ([], []))[code not in present].append(segment)
    return [
        SectorDraw(
            row["sector"],
            row["label"],
            row["added"],
            row["direct"],
            row["total"],
            row["of_output"],
            *by_sector.get(row["sector"], ([], [])),
            drawn.by_sector.get(row["sector"], []),
        )
        for row in drawn.rows
    ]


# -- side by side ------------------------------------------------------------------------------
@dataclass(frozen=True)
class Line:
    """One figure of several scenarios beside each other; ``part`` is where the page of a scenario has its rows."""

    label: str
    values: list[str]
    part: str


def compared(outcomes: Sequence[Outcome]) -> list[Line]:
    """The figures of some scenarios, one line each."""

    def line(label: str, tell: Any, part: str) -> Line:
        return Line(label, [str(tell(one)) for one in outcomes], part)

    lines = [
        line(_("项目数"), lambda one: len(one.arrivals), "chosen"),
        line(_("总投资与签约额（万元）"), lambda one: f"{one.investment:,.0f}", "chosen"),
        line(_("达产年产值（万元）"), lambda one: f"{one.output:,.0f}" if one.stated else "—", "chosen"),
        line(_("状态上升的环节"), lambda one: len(one.up), "segments"),
        line(_("状态下降的环节"), lambda one: len(one.down), "segments"),
        line(_("已有环节"), lambda one: f"{one.filled[0]} → {one.filled[1]} / {one.filled[2]}", "segments"),
        line(_("不再成立的结论"), lambda one: len(one.answered), "findings"),
        line(_("新出现的结论"), lambda one: len(one.fresh), "findings"),
    ]
    for kind in FACTORS:
        held = [next((one for one in outcome.factors if one.kind == kind), None) for outcome in outcomes]
        if any(held):
            label = next(one.label for one in held if one)
            lines.append(Line(label, [f"{one.needed:,.0f}" if one else "—" for one in held], "factors"))
    lines.append(
        line(
            _("向其他部门拉动（万元）"),
            lambda one: f"{sum(row.total for row in one.draws):,.0f}" if one.draws else "—",
            "draws",
        )
    )
    return lines
