"""Choice of projects under land, energy, capital and talent budgets, with the reasons.

A project is in or out. The choice of the greatest total value is an integer programme, solved by HiGHS to optimality or
to a gap that is stated. Every budget, precedence, group and district rule is a named row, so that the answer can say
what each budget is worth at the margin, what keeps a project out, and, where nothing fits, which rules clash.
Definitions and limits are in ``docs/methods/portfolio.md``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Status = Literal["optimal", "gap", "infeasible", "unsolved"]
RuleKind = Literal["budget", "precedence", "group", "district", "required", "excluded"]

GAP = 1e-4  # relative; below it a choice counts as optimal
SLACK = 1e-6  # of the size of a rule's terms: HiGHS keeps rules to this


@dataclass(frozen=True)
class Group:
    """At least and at most so many of some projects: ``at_most=1`` are alternatives, ``at_least=1`` one must come."""

    name: str
    projects: Sequence[str]
    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True)
class District:
    """Fairness: bounds on what a district gets. ``measure`` None bounds the *number* of projects chosen there; "value"
    or the name of a factor bounds its *share*, 0..1, of that measure over all chosen projects."""

    name: str
    measure: str | None = None
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True)
class _Rule:
    """low ≤ Σ terms ≤ high over the projects at ``at``."""

    name: str
    kind: RuleKind
    at: npt.NDArray[np.int64]
    terms: Floats
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True)
class Choice:
    """What :func:`choose` gives.

    * ``status``: optimal (to a relative gap of 1e-4 or what was asked), gap (time ran out; ``gap`` says how far from the
      best there can be), infeasible (``clash`` names the rules), unsolved (time ran out before anything was found)
    * ``value`` of the choice, ``bound`` no choice exceeds, ``gap`` = (bound − value) / value
    * ``projects``: project, value, chosen, shortfall, reason. ``shortfall`` is what the project's value lacks at the
      marginal prices of all rules (0 when chosen); ``reason`` says what stands in the way of adding it as things are
    * ``budgets``: factor, budget, used, left, marginal_value (value of one more unit, at the margin of the relaxed
      problem in which projects may be cut into parts)
    * ``rules``: rule, kind, low, held, high, binding, marginal_value
    * ``clash``: rule, kind, gives (how far it would have to give if it alone of them gave way); empty when feasible
    """

    status: Status
    value: float
    bound: float
    gap: float
    projects: pl.DataFrame
    budgets: pl.DataFrame
    rules: pl.DataFrame
    clash: pl.DataFrame
    _problem: "_Problem"

    @cached_property
    def chosen(self) -> list[str]:
        return self.projects.filter("chosen")["project"].to_list()

    def why(self, project: str) -> "Displacement":
        """What it costs to have ``project`` in after all (or out, if it is chosen): solved anew with it fixed."""
        problem = self._problem
        if self.status in ("infeasible", "unsolved"):
            raise ValueError("没有可行的方案，无从比较：请先看 clash 里冲突的约束")
        if project not in problem.position:
            raise ValueError(f"没有项目“{project}”")
        at = problem.position[project]
        want_in = project not in self.chosen
        rule = _Rule(
            "假设",
            "required" if want_in else "excluded",
            np.array([at]),
            np.ones(1),
            *((1, np.inf) if want_in else (-np.inf, 0)),
        )
        other = _solved(replace(problem, rules=(*problem.rules, rule)))
        before, after = set(self.chosen), set(other.chosen)
        return Displacement(
            project,
            want_in,
            other.status in ("optimal", "gap"),
            self.value - other.value,
            tuple(name for name in problem.names if name in before - after),
            tuple(name for name in problem.names if name in after - before),
            tuple(other.clash["rule"].to_list()),
        )

    def with_budgets(self, budgets: Mapping[str, float]) -> "Choice":
        """The choice under other budgets, {factor: budget}; those not named stay."""
        held = {rule.name for rule in self._problem.rules if rule.kind == "budget"}
        if set(budgets) - held:
            raise ValueError(f"没有这些要素预算：{'、'.join(sorted(set(budgets) - held))}")
        rules = tuple(
            replace(rule, high=float(budgets[rule.name])) if rule.kind == "budget" and rule.name in budgets else rule
            for rule in self._problem.rules
        )
        return _solved(replace(self._problem, rules=rules))

    def budget_steps(self, step: float = 0.05) -> pl.DataFrame:
        """What more and less of each budget changes, by solving anew: factor, step (in units), gain, loss.

        Exact up to the gap of each solution, where ``marginal_value`` is a price at the margin of the relaxed problem.
        """
        rows = []
        for factor, budget in self.budgets.select("factor", "budget").iter_rows():
            more, less = (self.with_budgets({factor: budget * (1 + sign * step)}) for sign in (1, -1))
            rows.append((factor, budget * step, more.value - self.value, self.value - less.value))
        return pl.DataFrame(rows, schema=("factor", "step", "gain", "loss"), orient="row").fill_nan(None)


@dataclass(frozen=True)
class Displacement:
    """What having a project in (``wanted_in`` true) or leaving it out would change.

    ``loss`` of total value: the project comes in of itself once its own value rises by more than that. ``leaves`` and
    ``enters`` are the other changes. Not ``possible``: ``clash`` names the rules against it.
    """

    project: str
    wanted_in: bool
    possible: bool
    loss: float
    leaves: tuple[str, ...]
    enters: tuple[str, ...]
    clash: tuple[str, ...]


def choose(
    projects: pl.DataFrame,
    budgets: Mapping[str, float],
    *,
    precedence: Iterable[tuple[str, str]] = (),
    groups: Sequence[Group] = (),
    districts: Sequence[District] = (),
    required: Sequence[str] = (),
    excluded: Sequence[str] = (),
    gap: float = GAP,
    time_limit_s: float = 8.0,
) -> Choice:
    """The projects of greatest total value that fit.

    ``projects``: project (unique), value, one column a factor of ``budgets`` {factor: available} with what the project
    takes (≥ 0), and district where ``districts`` are given. ``precedence``: (project, project it needs). ``required``
    and ``excluded`` are settled beforehand. ``ValueError`` says what is wrong with the input; rules that cannot be kept
    together are no error but ``status`` "infeasible".
    """
    problem = _Problem.of(projects, budgets, gap, time_limit_s)
    rules = [
        *_budget_rules(problem, budgets),
        *_precedence_rules(problem, precedence),
        *_group_rules(problem, groups),
        *_district_rules(problem, districts),
        *(_Rule(f"必选 {name}", "required", problem.at([name]), np.ones(1), low=1.0) for name in required),
        *(_Rule(f"不选 {name}", "excluded", problem.at([name]), np.ones(1), high=0.0) for name in excluded),
    ]
    return _solved(replace(problem, rules=tuple(rules)))


# --- from frames to rows ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Problem:
    names: tuple[str, ...]
    value: Floats
    frame: pl.DataFrame
    gap: float
    time_limit_s: float
    rules: tuple[_Rule, ...] = ()

    @classmethod
    def of(cls, projects: pl.DataFrame, budgets: Mapping[str, float], gap: float, time_limit_s: float) -> "_Problem":
        wanted = ["project", "value", *budgets]
        missing = [column for column in wanted if column not in projects.columns]
        if missing:
            raise ValueError(f"项目表缺少列 {'、'.join(missing)}；现有 {'、'.join(projects.columns)}")
        if not projects.height:
            raise ValueError("项目表是空的")
        names = tuple(projects["project"].cast(pl.String).fill_null("").to_list())
        if len(set(names)) != len(names) or "" in names:
            raise ValueError("项目名应各不相同、不为空")
        for column in wanted[1:]:
            held = projects[column]
            if not held.dtype.is_numeric() or held.null_count() or not held.cast(pl.Float64).is_finite().all():
                raise ValueError(f"{column} 列应全是数字，没有空值")
            if column != "value" and (held < 0).any():
                raise ValueError(f"{column} 列有负数：项目不能产生要素，请改在预算里")
        for factor, budget in budgets.items():
            if not np.isfinite(budget) or budget < 0:
                raise ValueError(f"{factor} 的预算应为不小于 0 的数，现为 {budget}")
        if not (0 <= gap < 1 and time_limit_s > 0):
            raise ValueError("gap 应在 0 与 1 之间，time_limit_s 应大于 0")
        return cls(names, projects["value"].cast(pl.Float64).to_numpy(), projects, gap, time_limit_s)

    @cached_property
    def position(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def at(self, names: Iterable[str]) -> npt.NDArray[np.int64]:
        names = list(names)
        strange = [name for name in names if name not in self.position]
        if strange:
            raise ValueError(f"没有项目“{strange[0]}”" + (f"等 {len(strange)} 个" if len(strange) > 1 else ""))
        return np.array([self.position[name] for name in names], np.int64)

    def column(self, name: str) -> Floats:
        return np.asarray(self.frame[name].cast(pl.Float64).to_numpy(), np.float64)


def _budget_rules(problem: _Problem, budgets: Mapping[str, float]) -> Iterable[_Rule]:
    everything = np.arange(len(problem.names))
    for factor, budget in budgets.items():
        yield _Rule(factor, "budget", everything, problem.column(factor), high=float(budget))


def _precedence_rules(problem: _Problem, precedence: Iterable[tuple[str, str]]) -> Iterable[_Rule]:
    for project, needs in precedence:
        if project == needs:
            raise ValueError(f"项目“{project}”不能以自己为前提")
        yield _Rule(
            f"{project} 需先有 {needs}", "precedence", problem.at([project, needs]), np.array([1.0, -1.0]), high=0.0
        )


def _group_rules(problem: _Problem, groups: Sequence[Group]) -> Iterable[_Rule]:
    for group in groups:
        at = problem.at(group.projects)
        if len(set(at.tolist())) != len(at):
            raise ValueError(f"“{group.name}”里项目重复")
        if group.at_most is not None and group.at_most < group.at_least:
            raise ValueError(f"“{group.name}”最多 {group.at_most} 个，少于最少 {group.at_least} 个")
        most = np.inf if group.at_most is None else float(group.at_most)
        least = float(group.at_least) if group.at_least > 0 else -np.inf
        yield _Rule(group.name, "group", at, np.ones(len(at)), least, most)


def _district_rules(problem: _Problem, districts: Sequence[District]) -> Iterable[_Rule]:
    if districts and "district" not in problem.frame.columns:
        raise ValueError("项目表缺少列 district，不能按区县平衡")
    for district in districts:
        here = (problem.frame["district"].cast(pl.String) == district.name).fill_null(False).to_numpy()
        for bound, side in ((district.at_least, "least"), (district.at_most, "most")):
            if bound is None:
                continue
            word = "至少" if side == "least" else "至多"
            if district.measure is None:
                at, terms, limit = np.flatnonzero(here), np.ones(int(here.sum())), float(bound)
                name = f"{district.name} {word} {bound:g} 个"
            else:
                if district.measure not in problem.frame.columns:
                    raise ValueError(f"项目表没有列 {district.measure}，不能按其份额平衡")
                if not 0 <= bound <= 1:
                    raise ValueError(f"{district.name} 的份额应在 0 与 1 之间，现为 {bound}")
                at, limit = np.arange(len(here)), 0.0
                terms = problem.column(district.measure) * (here - bound)
                name = f"{district.name} 占 {district.measure} {word} {bound:.0%}"
            yield _Rule(name, "district", at, terms, **({"low": limit} if side == "least" else {"high": limit}))


# --- solving ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rows:
    """The rules as a sparse matrix with their bounds."""

    matrix: Any  # scipy.sparse.csr_array, rules × projects
    low: Floats
    high: Floats

    @classmethod
    def of(cls, rules: Sequence[_Rule], width: int) -> "_Rows":
        from scipy.sparse import csr_array

        start = np.cumsum([0, *(len(rule.at) for rule in rules)])
        at = np.concatenate([rule.at for rule in rules]) if rules else np.zeros(0, np.int64)
        terms = np.concatenate([rule.terms for rule in rules]) if rules else np.zeros(0)
        matrix = csr_array((terms, at, start), shape=(len(rules), width))
        return cls(matrix, np.array([rule.low for rule in rules]), np.array([rule.high for rule in rules]))


def _solved(problem: _Problem) -> Choice:
    from scipy.optimize import Bounds, LinearConstraint, milp

    rows = _Rows.of(problem.rules, len(problem.names))
    constraints = LinearConstraint(rows.matrix, rows.low, rows.high) if problem.rules else ()
    found = milp(
        -problem.value,
        constraints=constraints,
        integrality=np.ones(len(problem.names)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": problem.gap, "time_limit": problem.time_limit_s},
    )
    if found.x is None:
        status: Status = "infeasible" if found.status == 2 else "unsolved"
        return _told(problem, rows, None, status, np.nan)
    picked = np.round(found.x) == 1
    bound = -float(found.mip_dual_bound) if found.mip_dual_bound is not None else float(problem.value[picked].sum())
    return _told(problem, rows, picked, "optimal" if found.status == 0 else "gap", bound)


def _prices(problem: _Problem, rows: _Rows) -> Floats:
    """Value of one more unit of room in each rule, by the duals of the relaxed problem; 0 where it does not bind."""
    from scipy.optimize import linprog
    from scipy.sparse import vstack

    upper, lower = np.isfinite(rows.high), np.isfinite(rows.low)
    price = np.zeros(len(problem.rules))
    if not problem.rules:
        return price
    found = linprog(
        -problem.value,
        A_ub=vstack([rows.matrix[upper], -rows.matrix[lower]]),
        b_ub=np.concatenate([rows.high[upper], -rows.low[lower]]),
        bounds=(0, 1),
        method="highs",
    )
    if found.status != 0:
        return price
    duals = -found.ineqlin.marginals
    price[upper] += duals[: upper.sum()]
    price[lower] -= duals[upper.sum() :]
    return price


def _told(problem: _Problem, rows: _Rows, picked: Bools | None, status: Status, bound: float) -> Choice:
    """The solution in frames, with prices and reasons."""
    rules = problem.rules
    chosen = np.zeros(len(problem.names), bool) if picked is None else picked
    price = _prices(problem, rows) if picked is not None else np.zeros(len(rules))
    held = rows.matrix @ chosen.astype(np.float64) if rules else np.zeros(0)
    size = np.asarray(abs(rows.matrix).sum(1)).ravel() if rules else np.zeros(0)
    binding = (held >= rows.high - SLACK * size) | (held <= rows.low + SLACK * size)
    worth = problem.value - (rows.matrix.T @ price if rules else 0.0)
    value = float(problem.value[chosen].sum()) if picked is not None else np.nan
    told = pl.DataFrame(
        {
            "rule": [rule.name for rule in rules],
            "kind": [rule.kind for rule in rules],
            "low": rows.low,
            "held": held,
            "high": rows.high,
            "binding": binding if picked is not None else np.zeros(len(rules), bool),
            "marginal_value": price,
        },
        schema_overrides={"rule": pl.String, "kind": pl.String},
    ).with_columns(pl.when(pl.col("low", "high").is_finite()).then(pl.col("low", "high")))
    return Choice(
        status,
        value,
        bound,
        max(0.0, (bound - value) / max(abs(value), 1e-12)) if picked is not None else np.nan,
        pl.DataFrame(
            {
                "project": problem.names,
                "value": problem.value,
                "chosen": chosen,
                "shortfall": np.where(chosen, 0.0, np.maximum(-worth, 0.0)),
                "reason": _reasons(problem, rows, chosen, held) if picked is not None else [""] * len(chosen),
            }
        ),
        told.filter(kind="budget").select(
            pl.col("rule").alias("factor"),
            pl.col("high").alias("budget"),
            pl.col("held").alias("used"),
            (pl.col("high") - pl.col("held")).alias("left"),
            "marginal_value",
        ),
        told,
        _clash(problem, rows) if status == "infeasible" else _clash_frame([]),
        problem,
    )


def _reasons(problem: _Problem, rows: _Rows, chosen: Bools, held: Floats) -> list[str]:
    """Of every project that is out: what stands against adding it, with what it needs, to the choice as it is."""
    before: dict[int, list[int]] = {}
    for rule in problem.rules:
        if rule.kind == "precedence":
            before.setdefault(int(rule.at[0]), []).append(int(rule.at[1]))
    size = np.asarray(abs(rows.matrix).sum(1)).ravel()
    columns = rows.matrix.tocsc()
    return [
        "" if chosen[i] else _reason(problem, rows, columns, held, size, _bundle(i, before, chosen))
        for i in range(len(chosen))
    ]


def _bundle(project: int, before: Mapping[int, list[int]], chosen: Bools) -> list[int]:
    """The project and all that it needs and is not chosen, nearest first."""
    bundle = [project]
    for each in bundle:
        bundle.extend(need for need in before.get(each, ()) if not chosen[need] and need not in bundle)
    return bundle


def _reason(problem: _Problem, rows: _Rows, columns: Any, held: Floats, size: Floats, bundle: list[int]) -> str:
    more = np.zeros(len(held))
    for project in bundle:
        span = slice(columns.indptr[project], columns.indptr[project + 1])
        np.add.at(more, columns.indices[span], columns.data[span])
    after = held + more
    words = []
    for r in np.flatnonzero((more != 0) & ((after > rows.high + SLACK * size) | (after < rows.low - SLACK * size))):
        rule = problem.rules[r]
        if rule.kind == "budget":
            words.append(f"{rule.name}不足（需 {more[r]:,.10g}，余 {rows.high[r] - held[r]:,.10g}）")
        elif rule.kind == "group":
            words.append(f"“{rule.name}”已满（最多 {rows.high[r]:g} 个）")
        elif rule.kind != "precedence":
            words.append(rule.name)
    needs = [problem.names[i] for i in bundle[1:]]
    lead = f"须连同前提 {'、'.join(needs)} 一起；" if needs else ""
    if words:
        return lead + "；".join(words)
    if problem.value[bundle].sum() <= 0:
        return lead + "价值不大于 0"
    return lead + "在求解容差之内，可以加入"


# --- rules that clash -------------------------------------------------------------------------------------------


def _clash(problem: _Problem, rows: _Rows) -> pl.DataFrame:
    """A smallest set of rules that cannot be kept together: take any one away and the rest of them can.

    Elastic filter, then deletion filter (Chinneck 2008). All rules get slack at a cost; those that need it are made
    hard, until no solution is left: the hard ones clash. Of these each is left out in turn, and dropped where the
    others still clash. Both are first tried with projects that may be cut into parts, which is far quicker and finds
    most clashes; what clashes then clashes with whole projects too.
    """
    clash = _elastic(problem, rows, whole=False) or _elastic(problem, rows, whole=True)
    for whole in (False, True):
        for r in list(clash):
            others = [other for other in clash if other != r]
            if _least_slack(problem, rows, hard=others, soft=[], whole=whole) is None:
                clash = others
    told = []
    for r in sorted(clash):
        need = _least_slack(problem, rows, hard=[other for other in clash if other != r], soft=[r])
        told.append((problem.rules[r].name, problem.rules[r].kind, need[r] * _scale(rows)[r] if need else None))
    return _clash_frame(told)


def _elastic(problem: _Problem, rows: _Rows, whole: bool) -> list[int]:
    """Rules among which some clash; empty where none do (for projects in parts, unless ``whole``)."""
    hard: list[int] = []
    soft = list(range(len(problem.rules)))
    while True:
        need = _least_slack(problem, rows, hard, soft, whole)
        if need is None:
            return hard
        giving = [r for r, slack in need.items() if slack > SLACK]
        if not giving:
            return []
        hard += giving
        soft = [r for r in soft if need[r] <= SLACK]


def _clash_frame(rows: Sequence[tuple[str, str, float | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"rule": pl.String, "kind": pl.String, "gives": pl.Float64}, orient="row")


def _scale(rows: _Rows) -> Floats:
    """Size of a rule's largest term, so that slack in land and slack in counts weigh alike."""
    return np.asarray(np.maximum(np.asarray(abs(rows.matrix).max(1).todense()).ravel(), 1e-12), np.float64)


def _least_slack(
    problem: _Problem, rows: _Rows, hard: list[int], soft: list[int], whole: bool = True
) -> dict[int, float] | None:
    """Least total slack of the soft rules with the hard ones kept, by rule and in its scale; None where impossible.

    Other rules are left aside. ``whole`` False lets projects be cut into parts.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, diags_array, eye_array, hstack, vstack

    kept = [*hard, *soft]
    if not kept:
        return {}
    width, n_soft = len(problem.names), len(soft)
    scale = _scale(rows)[kept]
    matrix = diags_array(1.0 / scale) @ rows.matrix[kept]
    if n_soft:
        give = vstack([csr_array((len(hard), n_soft)), eye_array(n_soft, format="csr")])
        matrix = hstack([matrix, give, -give])
    found = milp(
        np.concatenate([np.zeros(width), np.ones(2 * n_soft)]),
        constraints=LinearConstraint(matrix, rows.low[kept] / scale, rows.high[kept] / scale),
        integrality=np.concatenate([np.full(width, int(whole)), np.zeros(2 * n_soft)]),
        bounds=Bounds(0, np.concatenate([np.ones(width), np.full(2 * n_soft, np.inf)])),
        options={"mip_rel_gap": 1e-2, "time_limit": problem.time_limit_s},
    )
    if found.status == 2:
        return None
    if found.x is None:  # time ran out: nothing is known, so nothing is said to clash
        return dict.fromkeys(soft, 0.0)
    slack = found.x[width:].reshape(2, n_soft).sum(0)
    return dict(zip(soft, slack.tolist(), strict=True))
