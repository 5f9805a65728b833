"""Lights of projects: named rules over figures of one month, each giving green, yellow, red or nothing, and its grounds.

Two families of progress rules exist and disagree, so both are here: *points* below the time schedule, and the *ratio* to it
(``domain`` examples: 银川 2025 and 武汉). Beside progress there are rules on the start, on entry into the statistics library
and on funds paid. A project shows the worst light of the rules that apply to it. All comparisons are made on unrounded
values, to nine decimals; what is shown is rounded half up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

NONE, GREEN, YELLOW, RED = "none", "green", "yellow", "red"
ORDER = (NONE, GREEN, YELLOW, RED)
POINTS, RATIO = "points", "ratio"
EVEN = tuple(Decimal(100) * m / 12 for m in range(1, 13))
"""The time schedule m/12, in percent."""

# What an evaluation needs to know of each project at the end of the month, one row a project.
FACTS = (
    "project",
    "plan",  # of the year, 万元; null where there is none
    "done_ytd",  # 万元; null where nothing was reported
    "is_new_start",
    "months_since_planned_start",  # 0 in the month itself; null without a planned start
    "months_since_start",  # null where it has not started
    "is_in_statistics",
    "total",  # 万元
    "is_excused",  # the unit gave a reason this month
    "funds_planned",  # of public sources, 万元
    "funds_paid",
)


@dataclass(frozen=True)
class Progress:
    """Done this year against the schedule. *points*: ``yellow``/``red`` percentage points below it (yellow from its bound
    on, red beyond its bound); *ratio*: share of the schedule below which a light turns."""

    family: str = POINTS
    yellow: Decimal = Decimal(10)
    red: Decimal = Decimal(30)

    def __post_init__(self) -> None:
        if self.family not in (POINTS, RATIO):
            raise ValueError(f"family is {self.family!r}, must be points or ratio")
        if self.family == POINTS and not 0 <= self.yellow <= self.red:
            raise ValueError("points: 0 <= yellow <= red")
        if self.family == RATIO and not self.yellow >= self.red >= 0:
            raise ValueError("ratio: yellow >= red >= 0")


@dataclass(frozen=True)
class Start:
    """Months, the planned one included, that a new start may be late: yellow and red from so many on."""

    yellow: int = 1
    red: int = 3


@dataclass(frozen=True)
class Registration:
    """Months after the start without entry into statistics: yellow from, red beyond; only from the floor (万元) on."""

    yellow: int = 1
    red: int = 2
    floor_10k_cny: Decimal = Decimal(500)


@dataclass(frozen=True)
class Funds:
    """Public funds paid against what is asked for: red below ``least`` times the schedule."""

    least: Decimal = Decimal(1)


@dataclass(frozen=True)
class Rules:
    """A city's set of rules: the schedule is 12 cumulative percents that end at 100; a rule that is None is not applied."""

    name: str = ""
    schedule: Sequence[Decimal] = EVEN
    progress: Progress | None = field(default_factory=Progress)
    start: Start | None = None
    registration: Registration | None = None
    funds: Funds | None = None

    def __post_init__(self) -> None:
        steps = list(self.schedule)
        if len(steps) != 12 or any(a > b for a, b in pairwise(steps)) or steps[-1] != 100:
            raise ValueError("a schedule is 12 rising percents, the last of them 100")
        if steps[0] < 0:
            raise ValueError("a schedule does not begin below 0")

    def share(self, month: int) -> Decimal:
        """The schedule at the end of ``month`` (1–12), as a share of the year."""
        return Decimal(month) / 12 if self.schedule is EVEN else Decimal(self.schedule[month - 1]) / 100


def rounded(value: Decimal | float | None, places: int = 1) -> Decimal | None:
    """Half up to ``places`` decimals, from the unrounded value."""
    if value is None:
        return None
    return Decimal(str(value) if isinstance(value, float) else value).quantize(
        Decimal(1).scaleb(-places), ROUND_HALF_UP
    )


def completion(done: Decimal, plan: Decimal | None) -> Decimal | None:
    """Plan completion as a share; None without a plan."""
    return done / plan if plan else None


def evaluate(facts: "pl.DataFrame", rules: Rules, month: int) -> "pl.DataFrame":
    """Lights of the projects in ``facts`` (columns ``FACTS``) at the end of ``month`` (1–12).

    Returns one row a project, in order: project, completion and schedule (shares), lead (percentage points), light, and one
    column a rule (progress, start, registration, funds). A rule that does not apply to a project says "none".
    """
    import polars as pl

    share = float(rules.share(month))
    done = pl.col("done_ytd").fill_null(0.0)
    found = facts.with_columns(
        completion=pl.when(pl.col("plan") > 0).then(done / pl.col("plan")),
        schedule=pl.lit(share),
    ).with_columns(lead=((pl.col("completion") - share) * 100).round(9))
    found = found.with_columns(
        progress=_progress(rules.progress, share),
        start=_start(rules.start),
        registration=_registration(rules.registration),
        funds=_funds(rules.funds, share),
    )
    names = ("progress", "start", "registration", "funds")
    worst = pl.max_horizontal(pl.col(name).replace_strict(ORDER, range(4), return_dtype=pl.Int8) for name in names)
    return found.select(
        "project",
        "completion",
        "schedule",
        "lead",
        *names,
        light=worst.replace_strict(range(4), ORDER, return_dtype=pl.String),
    )


def _light(applies: Any, red: Any, yellow: Any) -> Any:
    import polars as pl

    return (
        pl.when(~applies.fill_null(False))
        .then(pl.lit(NONE))
        .when(red.fill_null(False))
        .then(pl.lit(RED))
        .when(yellow.fill_null(False))
        .then(pl.lit(YELLOW))
        .otherwise(pl.lit(GREEN))
    )


def _progress(rule: Progress | None, share: float) -> Any:
    import polars as pl

    if rule is None:
        return pl.lit(NONE)
    applies = pl.col("completion").is_not_null()
    if rule.family == POINTS:
        below = -pl.col("lead")
        return _light(applies, below > float(rule.red), below >= float(rule.yellow))
    ratio = (pl.col("completion") / share).round(9) if share else pl.lit(1.0)
    return _light(applies, ratio < float(rule.red), ratio < float(rule.yellow))


def _start(rule: Start | None) -> Any:
    import polars as pl

    if rule is None:
        return pl.lit(NONE)
    late = pl.col("months_since_planned_start") + 1
    waits = pl.col("months_since_start").is_null()
    applies = pl.col("is_new_start") & pl.col("months_since_planned_start").is_not_null() & (late >= 1)
    return _light(applies, waits & (late >= rule.red), waits & (late >= rule.yellow) & ~pl.col("is_excused"))


def _registration(rule: Registration | None) -> Any:
    import polars as pl

    if rule is None:
        return pl.lit(NONE)
    since, outside = pl.col("months_since_start"), ~pl.col("is_in_statistics")
    applies = since.is_not_null() & (pl.col("total") >= float(rule.floor_10k_cny))
    return _light(applies, outside & (since > rule.red), outside & (since >= rule.yellow))


def _funds(rule: Funds | None, share: float) -> Any:
    import polars as pl

    if rule is None:
        return pl.lit(NONE)
    paid = (pl.col("funds_paid") / pl.col("funds_planned")).round(9)
    short = paid < round(float(rule.least) * share, 9)
    return _light(pl.col("funds_planned") > 0, short, pl.lit(False))


def since(history: "pl.DataFrame") -> "pl.DataFrame":
    """First month of the unbroken run of each project's latest light.

    ``history`` has project, month (sortable text) and light, one row a month; returns project, since.
    """
    import polars as pl

    ordered = history.sort("project", "month", descending=[False, True])
    same = pl.col("light") == pl.col("light").first().over("project")
    unbroken = same.cast(pl.Int8).cum_min().over("project") == 1
    return ordered.filter(unbroken).group_by("project", maintain_order=True).agg(since=pl.col("month").last())


def rules_of(said: Mapping[str, Any]) -> Rules:
    """Rules from plain data (a YAML file's content). Raises ``ValueError`` with words on what is wrong with it."""
    known = {"name", "schedule", "progress", "start", "registration", "funds"}
    if unknown := sorted(set(said) - known):
        raise ValueError(f"unknown: {', '.join(unknown)}")

    def part(name: str, kind: Any, numbers: Mapping[str, Any]) -> Any:
        given = said.get(name)
        if given is None:
            return None
        if odd := sorted(set(given) - set(numbers)):
            raise ValueError(f"{name}: unknown {', '.join(odd)}")
        return kind(**{key: numbers[key](str(value)) for key, value in given.items()})

    schedule = said.get("schedule")
    return Rules(
        name=str(said.get("name", "")),
        schedule=EVEN if schedule is None else tuple(Decimal(str(one)) for one in schedule),
        progress=part("progress", Progress, {"family": str, "yellow": Decimal, "red": Decimal}),
        start=part("start", Start, {"yellow": int, "red": int}),
        registration=part("registration", Registration, {"yellow": int, "red": int, "floor_10k_cny": Decimal}),
        funds=part("funds", Funds, {"least": Decimal}),
    )
