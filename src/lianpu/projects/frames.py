"""Frames of the ledger: the projects on a year's list with what was done by a month, exact to the yuan.

Amounts are whole yuan (``_cny``), so that sums of any number of them are exact.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, F, QuerySet, Sum
from django.db.models.functions import Cast, Round

from lianpu.projects.models import Funding, MonthlyReport, ProjectYear
from lianpu.register import rights
from lianpu.register.declare import registry

if TYPE_CHECKING:
    import polars as pl

FEW = 500  # up to so many projects are asked for by id, more by month
PUBLIC = (Funding.Source.BUDGET, Funding.Source.CENTRAL, Funding.Source.BOND)
CNY = 10_000  # yuan in a 万元


def yuan(path: str) -> Any:
    """An amount of 万元 as whole yuan, computed by the database."""
    return Cast(Round(F(path) * CNY), BigIntegerField())


def listed(user: Any, year: int, rows: "QuerySet[Any] | None" = None) -> "pl.DataFrame":
    """Projects on the list of ``year`` within the person's reach, one row each: what they are, and their plan.

    ``rows`` narrows the year's rows (a queryset of ProjectYear).
    """
    import polars as pl

    schema = {
        "project": pl.Int64,
        "list_class": pl.String,
        "plan_cny": pl.Int64,
        "before_cny": pl.Int64,
        "total_cny": pl.Int64,
        "stage": pl.String,
        "tier": pl.String,
        "leader": pl.String,
        "place": pl.Int64,
        "zone": pl.Int64,
        "chain": pl.Int64,
        "plan_start": pl.Date,
        "actual_start": pl.Date,
        "actual_finish": pl.Date,
        "in_stat_lib": pl.Boolean,
        "stat_on": pl.Date,
    }
    wanted = (ProjectYear.objects.all() if rows is None else rows).filter(year=year)
    wanted = rights.restrict(wanted, registry["project-years"], user).order_by("project_id")
    of_project = [name if name not in ("place", "zone", "chain") else f"{name}_id" for name in list(schema)[5:]]
    found = wanted.annotate(
        plan=yuan("plan_10k_cny"), before=yuan("invested_before_10k_cny"), total=yuan("project__total_10k_cny")
    ).values_list("project_id", "list_class", "plan", "before", "total", *(f"project__{name}" for name in of_project))
    return pl.DataFrame(list(found), schema=schema, orient="row")


def with_month(listed: "pl.DataFrame", month: str, *, funds: bool = False) -> "pl.DataFrame":
    """``listed`` with what was done by ``month``: done_month_cny (null where nothing was reported for it), done_ytd_cny
    and reported (the latest month reported in the year up to ``month``, whose sum is carried on), is_excused, funds."""
    import polars as pl

    schema = {"project": pl.Int64, "reported": pl.String, "done_month_cny": pl.Int64, "done_ytd_cny": pl.Int64}
    parts: list[Any] = []
    missing = set(listed["project"].to_list())
    for number in range(int(month[5:]), 0, -1):
        if not missing:
            break
        asked = f"{month[:5]}{number:02}"
        rows = [row for row in _reports(asked, missing) if row[0] in missing]
        missing -= {row[0] for row in rows}
        parts += rows
    done = pl.DataFrame(parts, schema=schema, orient="row")
    excused = MonthlyReport.objects.filter(month=month).exclude(lag_reason="").values_list("project_id", flat=True)
    found = listed.join(done, on="project", how="left", maintain_order="left").with_columns(
        done_month_cny=pl.when(pl.col("reported") == month).then("done_month_cny"),
        is_excused=pl.col("project").is_in(list(excused)),
    )
    return found.join(_funds(listed["project"].to_list() if funds else []), on="project", how="left").with_columns(
        pl.col("funds_planned", "funds_paid").fill_null(0.0)
    )


def _reports(month: str, projects: Iterable[int]) -> Sequence[tuple[int, str, int, int]]:
    ids = list(projects)
    rows = MonthlyReport.objects.filter(month=month)
    if len(ids) <= FEW:
        rows = rows.filter(project__in=ids)
    amounts = rows.annotate(done=yuan("done_month_10k_cny"), ytd=yuan("done_ytd_10k_cny"))
    return list(amounts.values_list("project_id", "month", "done", "ytd"))


def _funds(projects: Sequence[int]) -> "pl.DataFrame":
    """Public funds planned and paid (万元) of the projects."""
    import polars as pl

    schema = {"project": pl.Int64, "funds_planned": pl.Float64, "funds_paid": pl.Float64}
    if not projects:
        return pl.DataFrame(schema=schema)
    rows = Funding.objects.filter(source__in=PUBLIC).order_by()
    if len(projects) <= FEW:
        rows = rows.filter(project__in=projects)
    sums = rows.values_list("project_id").annotate(Sum("planned_10k_cny"), Sum("paid_10k_cny"))
    return pl.DataFrame([(p, float(a), float(b)) for p, a, b in sums], schema=schema, orient="row")
