"""Choosing among the ledger's candidates: what is asked, who can be compared, what is chosen and why the rest is out.

A choice of some hundred projects takes a fraction of a second; a larger one ends after ``SECONDS`` with the best choice
found and its distance to the best there can be.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lianpu.chains.models import DiagnosisRun, Finding
from lianpu.projects.models import FactorNeed, Project, Stage
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.language import declared, spoken
from lianpu.scenarios.panels import CHOSEN
from lianpu.scenarios.queries import candidate_projects, needs_of, outputs_of

if TYPE_CHECKING:
    from lianpu.analysis.portfolio import Choice, Displacement

SECONDS = 1.5
PREPARING = (Stage.CONCEIVED, Stage.RESERVE, Stage.PREPARATORY)
FACTORS = {
    kind: declared(FactorNeed.Kind(kind).label)
    for kind in ("land_mu", "energy_tce", "water_m3", "capital_10k_cny", "jobs", "environment_t")
}
VALUES = {
    "output": gettext_lazy("达产年产值（万元）"),
    "investment": gettext_lazy("总投资（万元）"),
    "finding": gettext_lazy("所在环节的诊断得分"),
}
STATUS = {
    "optimal": gettext_lazy("最优"),
    "gap": gettext_lazy("限时内的最好方案"),
    "infeasible": gettext_lazy("没有可行方案"),
    "unsolved": gettext_lazy("限时内没有找到方案"),
}
RULES = {
    "budget": gettext_lazy("要素"),
    "precedence": gettext_lazy("先后"),
    "group": gettext_lazy("互斥"),
    "district": gettext_lazy("县区"),
    "required": gettext_lazy("必选"),
    "excluded": gettext_lazy("不选"),
}
_APART = re.compile(r"[\s,，、;；>＞=]+")


class AskedError(ValueError):
    """What was asked for cannot be read; says which line."""


@dataclass(frozen=True)
class Asked:
    """The rules of one choice. ``budgets``: factor → how much there is; factors left out are not limited."""

    value: str = "output"
    everything: bool = False  # projects under construction too
    chain: str = ""
    budgets: Mapping[str, float] = field(default_factory=dict)
    least: int = 0  # projects for every district that has so many candidates
    most_share: float = 0.0  # of the value for any one district, in per cent; 0 = no limit
    required: Sequence[str] = ()
    excluded: Sequence[str] = ()
    precedence: Sequence[tuple[str, str]] = ()
    groups: Sequence[Sequence[str]] = ()


def asked_of(texts: Mapping[str, str]) -> Asked:
    """The rules as a form or a command gives them. ``AskedError`` names what cannot be read."""
    budgets = {kind: _number(FACTORS[kind], texts.get(f"b.{kind}", "")) for kind in FACTORS}
    steps = [_codes(line) for line in texts.get("precedence", "").splitlines() if line.strip()]
    if wrong := next((line for line in steps if len(line) != 2), None):
        raise AskedError(_("先后关系每行写两个编号：后项 先项；“%s”不是。") % " ".join(wrong))
    groups = [_codes(line) for line in texts.get("groups", "").splitlines() if line.strip()]
    if wrong := next((line for line in groups if len(line) < 2), None):
        raise AskedError(_("互斥每行至少写两个编号；“%s”不是。") % " ".join(wrong))
    share = _number(_("份额上限"), texts.get("share", "")) or 0.0
    if share > 100:
        raise AskedError(_("份额上限应为 0 到 100 之间的百分数。"))
    value = texts.get("value") or "output"
    if value not in VALUES:
        raise AskedError(_("价值只能按产值、投资或诊断得分计。"))
    return Asked(
        value,
        texts.get("stage") == "all",
        texts.get("chain", ""),
        {kind: amount for kind, amount in budgets.items() if amount is not None},
        int(_number(_("每个县区至少"), texts.get("least", "")) or 0),
        share,
        _codes(texts.get("required", "")),
        _codes(texts.get("excluded", "")),
        [(line[0], line[1]) for line in steps],
        groups,
    )


def _codes(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in _APART.split(text.strip()) if part))


def _number(label: str, text: str) -> float | None:
    text = text.strip().replace(",", "").replace("，", "")
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e15:
        raise AskedError(_("%(label)s应为不小于 0 的数，“%(text)s”不是。") % {"label": label, "text": text})
    return found


# -- who can be compared -----------------------------------------------------------------------
@dataclass(frozen=True)
class Candidate:
    """A project with its value and what it takes of each factor; factors that it does not list it does not need."""

    project: Project
    value: float
    needs: Mapping[str, float]

    @property
    def district(self) -> str:
        return self.project.place.name if self.project.place else ""


@dataclass(frozen=True)
class Field:
    """The candidates, and those that cannot be compared for want of a value or of any factor."""

    candidates: list[Candidate]
    without_value: list[Project]
    without_needs: list[Project]

    def total(self, kind: str) -> float:
        return sum(one.needs.get(kind, 0.0) for one in self.candidates)


def field_of(user: Any, run: DiagnosisRun, asked: Asked) -> Field:
    """The candidates of the place within the user's reach."""
    rows = candidate_projects(user, run.place).exclude(stage=Stage.COMPLETED)
    if not asked.everything:
        rows = rows.filter(stage__in=PREPARING)
    if asked.chain:
        rows = rows.filter(chain__code=asked.chain)
    projects = list(rows)
    values, needs = _values(user, run, projects, asked.value), needs_of(user, projects)
    unvalued = [one for one in projects if one.pk not in values]
    unstated = [one for one in projects if one.pk in values and one.pk not in needs]
    able = [
        Candidate(one, values[one.pk], {kind: float(row[0]) for kind, row in needs[one.pk].items()})
        for one in projects
        if one.pk in values and one.pk in needs
    ]
    return Field(able, unvalued, unstated)


def _values(user: Any, run: DiagnosisRun, projects: Sequence[Project], how: str) -> dict[int, float]:
    if how == "output":
        return {pk: float(value) for pk, value in outputs_of(user, projects).items()}
    if how == "investment":
        return {one.pk: float(one.total_10k_cny) for one in projects if one.total_10k_cny is not None}
    told = rights.restrict(Finding.objects.filter(run=run), registry["findings"], user)
    best: dict[int, float] = {}
    for segment, score in told.values_list("segment", "score"):
        best[segment] = max(score, best.get(segment, 0.0))
    return {one.pk: best.get(one.segment_id, 0.0) for one in projects if one.segment_id}


# -- the choice --------------------------------------------------------------------------------
@dataclass(frozen=True)
class BudgetLine:
    """One limited factor: how much there is, is used and is left, and what one more unit is worth."""

    label: str
    budget: float
    used: float
    left: float
    marginal: float
    url: str

    @property
    def percent(self) -> float:
        return 100 * self.used / self.budget if self.budget else 0.0


@dataclass(frozen=True)
class Verdict:
    """One candidate: chosen, or what stands in its way."""

    candidate: Candidate
    chosen: bool
    shortfall: float
    reason: str


@dataclass(frozen=True)
class RuleLine:
    """A rule other than a budget, as it is held."""

    label: str
    kind: str
    held: float
    binding: bool
    marginal: float


@dataclass(frozen=True)
class DistrictLine:
    """A district with its candidates; every number of it opens to the projects."""

    name: str
    verdicts: list[Verdict]

    @property
    def chosen(self) -> list[Verdict]:
        return [one for one in self.verdicts if one.chosen]

    @property
    def value(self) -> float:
        return sum(one.candidate.value for one in self.chosen)

    @property
    def chosen_url(self) -> str:
        return _list_of(self.chosen)

    @property
    def url(self) -> str:
        return _list_of(self.verdicts)


def _list_of(verdicts: Sequence[Verdict]) -> str:
    codes = ",".join(one.candidate.project.code for one in verdicts)
    return f"{registry['projects'].url()}?{urlencode({f'f.{CHOSEN}': codes})}"


@dataclass(frozen=True)
class Told:
    """What the page says of one choice."""

    asked: Asked
    field: Field
    choice: "Choice"

    @property
    def feasible(self) -> bool:
        return self.choice.status in ("optimal", "gap")

    @property
    def status(self) -> str:
        return str(STATUS[self.choice.status])

    @property
    def gap_percent(self) -> float:
        return 100 * self.choice.gap

    @cached_property
    def verdicts(self) -> list[Verdict]:
        by_code = {one.project.code: one for one in self.field.candidates}
        made = [
            Verdict(by_code[row["project"]], row["chosen"], row["shortfall"], _words(row["reason"]))
            for row in self.choice.projects.iter_rows(named=True)
        ]
        return sorted(made, key=lambda one: -one.candidate.value)

    @property
    def chosen(self) -> list[Verdict]:
        return [one for one in self.verdicts if one.chosen]

    @property
    def out(self) -> list[Verdict]:
        """Those that are out, nearest to being chosen first."""
        return sorted((one for one in self.verdicts if not one.chosen), key=lambda one: (one.shortfall, one.reason))

    @cached_property
    def budgets(self) -> list[BudgetLine]:
        kinds = {label: kind for kind, label in FACTORS.items()}
        codes = ",".join(one.candidate.project.code for one in self.chosen)
        made = []
        for row in self.choice.budgets.iter_rows(named=True):
            asked = {f"f.{CHOSEN}": codes, "f.kind": kinds[row["factor"]]}
            url = f"{registry['factor-needs'].url()}?{urlencode(asked)}"
            values = (row["budget"], row["used"], row["left"], row["marginal_value"])
            made.append(BudgetLine(spoken(row["factor"]), *values, url))
        return made

    @cached_property
    def rules(self) -> list[RuleLine]:
        """Rules beside the budgets, those that bind first."""
        rows = self.choice.rules.filter(self.choice.rules["kind"] != "budget")
        made = [
            RuleLine(_words(r["rule"]), str(RULES[r["kind"]]), r["held"], r["binding"], r["marginal_value"])
            for r in rows.iter_rows(named=True)
        ]
        return sorted(made, key=lambda one: (not one.binding, one.kind, one.label))

    @cached_property
    def clash(self) -> list[tuple[str, str, float | None]]:
        """(rule, kind, how far it would have to give if it alone gave way) of rules that cannot be kept together."""
        made = []
        for row in self.choice.clash.iter_rows(named=True):
            words = _words(row["rule"])
            if row["kind"] == "budget":
                limit = next(n for kind, n in self.asked.budgets.items() if FACTORS[kind] == row["rule"])
                words = _("%(what)s 不超过 %(n)s") % {"what": words, "n": f"{limit:,.10g}"}
            made.append((words, str(RULES[row["kind"]]), row["gives"]))
        return made

    @property
    def districts(self) -> list["DistrictLine"]:
        """What each district gets, most value first."""
        held: dict[str, list[Verdict]] = {}
        for one in self.verdicts:
            held.setdefault(one.candidate.district, []).append(one)
        made = [DistrictLine(name, rows) for name, rows in held.items()]
        return sorted(made, key=lambda one: (-one.value, one.name))

    @property
    def why(self) -> str:
        """The rules in one sentence, as a kept scenario says them; declared words, for it is stored."""
        limits = "，".join(f"{FACTORS[kind]}{amount:,.0f}" for kind, amount in self.asked.budgets.items()) or "不限要素"
        more = f"，每县区至少{self.asked.least}个" if self.asked.least else ""
        more += f"，任一县区至多占{self.asked.most_share:g}%" if self.asked.most_share else ""
        return f"项目组合（{declared(VALUES[self.asked.value])}最大）：{limits}{more}"


# What the method says of a rule, in the reader's language.
_TOLD = (
    (r"须连同前提 (?P<codes>[^；]+) 一起", gettext_lazy("须连同前提 %(codes)s 一起")),
    (
        r"(?P<what>.+)不足（需 (?P<need>\S+)，余 (?P<left>\S+)）",
        gettext_lazy("%(what)s不足（需 %(need)s，余 %(left)s）"),
    ),
    (r"“(?P<what>.+) 只选一个”已满（最多 1 个）", gettext_lazy("“%(what)s 只选一个”已满")),
    (r"(?P<what>.+) 只选一个", gettext_lazy("%(what)s 只选一个")),
    (r"(?P<what>.*) 至少 (?P<n>\S+) 个", gettext_lazy("%(what)s 至少 %(n)s 个")),
    (r"(?P<what>.*) 占 value 至多 (?P<n>\S+)", gettext_lazy("%(what)s 至多占价值的 %(n)s")),
    (r"必选 (?P<what>.+)", gettext_lazy("必选 %(what)s")),
    (r"不选 (?P<what>.+)", gettext_lazy("不选 %(what)s")),
    (r"(?P<what>.+) 需先有 (?P<first>.+)", gettext_lazy("%(what)s 需先有 %(first)s")),
    (r"价值不大于 0", gettext_lazy("价值不大于 0")),
    (r"在求解容差之内，可以加入", gettext_lazy("在求解容差之内，可以加入")),
)
_KNOWN = [(re.compile(pattern), words) for pattern, words in _TOLD]


def _words(told: str) -> str:
    return _("；").join(_said(one) for one in told.split("；")) if told else ""


def _said(told: str) -> str:
    for pattern, words in _KNOWN:
        if found := pattern.fullmatch(told):
            held = found.groupdict()
            return str(words) % (held | {"what": spoken(held.get("what", ""))})
    return spoken(told)


def choose_for(user: Any, run: DiagnosisRun, asked: Asked, *, seconds: float = SECONDS) -> Told:
    """The choice of greatest value by the rules. ``AskedError`` where a rule names what is no candidate."""
    return solve(field_of(user, run, asked), asked, seconds=seconds)


def solve(held: Field, asked: Asked, *, seconds: float = SECONDS) -> Told:
    """The choice among candidates that are read already."""
    import polars as pl

    from lianpu.analysis.portfolio import District, Group, choose

    if not held.candidates:
        raise AskedError(_("没有可比较的项目：候选项目都没有填报价值或要素需求。"))
    names = [one.project.code for one in held.candidates]
    frame = pl.DataFrame(
        {
            "project": names,
            "value": [one.value for one in held.candidates],
            "district": [one.district for one in held.candidates],
            **{FACTORS[kind]: [one.needs.get(kind, 0.0) for one in held.candidates] for kind in asked.budgets},
        }
    )
    counts = dict(frame["district"].value_counts().iter_rows())
    districts = [
        District(name, at_least=min(asked.least, n)) for name, n in sorted(counts.items()) if asked.least and name
    ]
    if asked.most_share:
        districts += [District(name, "value", at_most=asked.most_share / 100) for name in sorted(counts) if name]
    try:
        choice = choose(
            frame,
            {FACTORS[kind]: amount for kind, amount in asked.budgets.items()},
            precedence=asked.precedence,
            groups=[Group(f"{'、'.join(group)} 只选一个", group, at_most=1) for group in asked.groups],
            districts=districts,
            required=asked.required,
            excluded=asked.excluded,
            time_limit_s=seconds,
        )
    except ValueError as error:
        raise AskedError(
            _("%(error)s。规则里只能写候选项目的编号；没有填报价值或要素的不在候选之列。") % {"error": error}
        ) from error
    return Told(asked, held, choice)


@dataclass(frozen=True)
class Instead:
    """What it would cost to have a project in after all, or out."""

    project: Project
    found: "Displacement"
    leaves: list[Project]
    enters: list[Project]

    @property
    def clash(self) -> list[str]:
        return [_words(rule) for rule in self.found.clash if rule != "假设"]


def instead_of(told: Told, code: str) -> Instead | None:
    """The choice solved anew with a candidate forced in (or out, where it is chosen); None where it is no candidate."""
    by_code = {one.project.code: one.project for one in told.field.candidates}
    if code not in by_code or not told.feasible:
        return None
    found = told.choice.why(code)
    return Instead(
        by_code[code],
        found,
        [by_code[name] for name in found.leaves if name != code],
        [by_code[name] for name in found.enters if name != code],
    )


def suggested(held: Field) -> dict[str, float]:
    """Budgets for a first look: half of what all candidates ask for, of the four factors that are commonly short."""
    return {
        kind: float(round(held.total(kind) / 2))
        for kind in ("land_mu", "energy_tce", "capital_10k_cny", "jobs")
        if held.total(kind)
    }
