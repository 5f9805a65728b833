"""The dispatch board: how the year's projects go, by leader, district, zone, chain, tier or class, ranked.

Every figure of the board can be asked for its rows (:func:`rows_behind`), which are counted from the same frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from lianpu.chains.queries import chain_names
from lianpu.places.queries import place_names
from lianpu.projects.frames import CNY, listed, with_month
from lianpu.projects.lights import RuleSet, facts, percent, points, rules_in_force
from lianpu.projects.models import ListClass, Project, Tier
from lianpu.register.language import declared

if TYPE_CHECKING:
    import polars as pl

WAYS = ("leader", "place", "zone", "chain", "tier", "list_class")
FIGURES = ("projects", "new_starts", "started", "red", "yellow", "green", "unreported")
LIGHTS = ("red", "yellow", "green")
BLANK = "-"


@dataclass(frozen=True)
class Line:
    """One line of the board. Amounts in 万元; completion and rates in percent, lead in points, one decimal, half up."""

    key: str
    name: str
    projects: int
    total_10k_cny: Decimal
    plan_10k_cny: Decimal
    done_month_10k_cny: Decimal
    done_ytd_10k_cny: Decimal
    completion_pct: Decimal | None
    lead_points: Decimal | None
    new_starts: int
    started: int
    start_rate_pct: Decimal | None
    lights: Mapping[str, int]
    unreported: int
    rank: int | None = None

    @property
    def red(self) -> int:
        return self.lights["red"]

    @property
    def yellow(self) -> int:
        return self.lights["yellow"]

    @property
    def green(self) -> int:
        return self.lights["green"]


@dataclass
class Board:
    """The board of one month on behalf of somebody; ``only`` keeps projects by way → key (chain, tier, place …)."""

    user: Any
    month: str
    rule_set: RuleSet = field(default_factory=rules_in_force)
    only: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def frame(self) -> "pl.DataFrame":
        """One row a listed project: its facts, its month, and what the rules say of it."""
        import polars as pl

        from lianpu.analysis.lights import evaluate

        rules = self.rule_set.rules
        known = with_month(listed(self.user, int(self.month[:4])), self.month, funds=rules.funds is not None)
        for way, key in self.only.items():
            known = known.filter(self._key(way) == key)
        judged = evaluate(facts(known, self.month), rules, int(self.month[5:]))
        end = pl.lit(f"{self.month}-31")
        return pl.concat([known, judged.drop("project", "funds")], how="horizontal").with_columns(
            is_new_start=pl.col("list_class") == ListClass.NEW_START.value,
            has_started=pl.col("actual_start").dt.strftime("%Y-%m-%d").fill_null("9") <= end,
            unreported=pl.col("done_month_cny").is_null(),
        )

    @property
    def schedule_pct(self) -> Decimal:
        """The schedule at the end of the month, in percent."""
        return percent(float(self.rule_set.rules.share(int(self.month[5:]))))

    @staticmethod
    def _key(way: str) -> Any:
        """What a project is counted under: an id or a word as text, "-" for none."""
        import polars as pl

        text = pl.col(way).cast(pl.String).fill_null("")
        return pl.when(text == "").then(pl.lit(BLANK)).otherwise(text)

    def _summed(self, frame: Any) -> Any:
        import polars as pl

        planned = pl.col("plan_cny") > 0
        return frame.agg(
            projects=pl.len(),
            total=pl.col("total_cny").sum(),
            plan=pl.col("plan_cny").sum(),
            done_month=pl.col("done_month_cny").sum(),
            done=pl.col("done_ytd_cny").sum(),
            # Completion compares with the plan only what has one.
            done_planned=pl.col("done_ytd_cny").filter(planned).sum(),
            new_starts=pl.col("is_new_start").sum(),
            started=(pl.col("is_new_start") & pl.col("has_started")).sum(),
            unreported=pl.col("unreported").sum(),
            **{light: (pl.col("light") == light).sum() for light in LIGHTS},
        )

    def _line(self, key: str, name: str, row: Mapping[str, Any]) -> Line:
        share = row["done_planned"] / row["plan"] if row["plan"] else None
        due = float(self.rule_set.rules.share(int(self.month[5:])))
        return Line(
            key=key,
            name=name,
            projects=row["projects"],
            total_10k_cny=Decimal(row["total"]) / CNY,
            plan_10k_cny=Decimal(row["plan"]) / CNY,
            done_month_10k_cny=Decimal(row["done_month"]) / CNY,
            done_ytd_10k_cny=Decimal(row["done"]) / CNY,
            completion_pct=None if share is None else percent(share),
            lead_points=None if share is None else points((share - due) * 100),
            new_starts=row["new_starts"],
            started=row["started"],
            start_rate_pct=percent(row["started"] / row["new_starts"]) if row["new_starts"] else None,
            lights={light: row[light] for light in LIGHTS},
            unreported=row["unreported"],
        )

    @cached_property
    def total(self) -> Line:
        """All projects together."""
        import polars as pl

        row = self._summed(self.frame.group_by(pl.lit(1))).row(0, named=True) if self.frame.height else None
        empty = dict.fromkeys(
            ("projects", "total", "plan", "done_month", "done", "done_planned", "new_starts", "started", "unreported",
             *LIGHTS), 0
        )  # fmt: skip
        return self._line("", gettext("合计"), row or empty)

    def lines(self, way: str) -> list[Line]:
        """One line a leader, place …, the furthest ahead of the schedule first; those without a plan last, unranked."""
        summed = self._summed(self.frame.group_by(key=self._key(way)))
        names = names_of(way, summed["key"].to_list())
        found = [
            self._line(row["key"], names.get(row["key"], gettext("（未填）")), row)
            for row in summed.iter_rows(named=True)
        ]
        found.sort(key=lambda one: (one.lead_points is None, -(one.lead_points or 0), one.name))
        ranks: list[Line] = []
        for place, one in enumerate(found, start=1):
            same = bool(ranks) and ranks[-1].lead_points == one.lead_points
            rank = None if one.lead_points is None else ranks[-1].rank if same else place
            ranks.append(Line(**(vars(one) | {"rank": rank})))
        return ranks

    def rows_behind(self, way: str, key: str, figure: str) -> "pl.DataFrame":
        """The projects that one figure counts; ``way`` "" for the total, ``figure`` one of ``FIGURES``."""
        import polars as pl

        rows = self.frame if not way else self.frame.filter(self._key(way) == key)
        kept = {
            "new_starts": pl.col("is_new_start"),
            "started": pl.col("is_new_start") & pl.col("has_started"),
            "unreported": pl.col("unreported"),
            **{light: pl.col("light") == light for light in LIGHTS},
        }
        return rows.filter(kept[figure]) if figure in kept else rows


def names_of(way: str, keys: Sequence[str]) -> Mapping[str, str]:
    """What the keys of a way are called."""
    if way in ("place", "zone", "chain"):
        read = chain_names if way == "chain" else place_names
        return {str(pk): name for pk, name in read(int(key) for key in keys if key.isdecimal()).items()}
    if way in ("tier", "list_class"):
        choices = Tier if way == "tier" else ListClass
        return {str(value): gettext(declared(label)) for value, label in choices.choices}
    return {key: key for key in keys if key != BLANK}


def project_names(pks: Sequence[int]) -> Mapping[int, tuple[str, str, bool]]:
    """Ledger number, name and whether a sample, of projects."""
    found: dict[int, tuple[str, str, bool]] = {}
    for start in range(0, len(pks), 500):
        rows = Project.objects.filter(pk__in=pks[start : start + 500]).values_list("pk", "code", "name", "is_sample")
        found.update({pk: (code, name, sample) for pk, code, name, sample in rows})
    return found
