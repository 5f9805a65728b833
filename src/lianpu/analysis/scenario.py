"""If these projects succeeded: what would stand where, and what would that change in the diagnosis?

Frames in, frames out; nothing is written anywhere. The place is diagnosed twice by the same rules, as it is and with the
placements that the projects bring, and the two are held against each other. What the projects' output would draw from
other sectors follows from an input–output table (:mod:`~lianpu.analysis.linkage`). Method and limits:
``docs/methods/scenario.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from lianpu.analysis.comparison import compare_health
from lianpu.analysis.coverage import Reference, check_columns, check_known
from lianpu.analysis.diagnosis import Diagnosis, Likelihood, Rules, diagnose
from lianpu.analysis.diagnosis.rules import STATES
from lianpu.analysis.health import health
from lianpu.analysis.linkage import Accounts, Table, accounts, demand_shock

ARRIVING = ("project", "firm", "segment", "scale", "above_scale")
CHANGES = ("answered", "new", "moved", "same")


@dataclass(frozen=True)
class Supposed:
    """A place as it is and as it would be.

    * ``segments``, a row per leaf segment: chain, segment, name, key, ``state_``, ``n_``, ``lq_``, ``sure_`` before and
      after, ``step`` (states up or down) and ``projects`` (those that bring a firm there, in order)
    * ``findings``, a row per (segment, kind) that is a finding on either side: chain, segment, kind, ``change`` (answered:
      no longer a finding; new; moved in rank; same), ``rank_``, ``score_``, ``sure_`` before and after
    * ``health``, a row per chain and measure: see :func:`~lianpu.analysis.comparison.compare_health`; here = after,
      there = before
    * ``before``, ``after``: the two diagnoses, whole
    """

    segments: pl.DataFrame
    findings: pl.DataFrame
    health: pl.DataFrame
    before: Diagnosis
    after: Diagnosis


def suppose(
    segments: pl.DataFrame,
    flows: pl.DataFrame,
    firms: pl.DataFrame,
    arriving: pl.DataFrame,
    reference: Reference,
    place: object,
    *,
    rules: Rules | None = None,
    likelihood: Likelihood | None = None,
    titles: pl.DataFrame | None = None,
    figures: pl.DataFrame | None = None,
) -> Supposed:
    """Diagnose ``place`` as it is and with ``arriving`` added.

    ``segments``, ``flows``, ``firms``, ``reference``, ``rules``, ``likelihood`` as for :func:`~lianpu.analysis.diagnosis.diagnose`;
    ``titles`` and ``figures`` as for :func:`~lianpu.analysis.health.health`. ``arriving``: (project, firm, segment,
    scale, above_scale), a row for each segment a project comes to fill; ``firm`` is the id of a firm of ``firms`` or one
    of its own, ``scale`` and ``above_scale`` null where unknown. The firm then fills the segment for sure. Of a firm that
    is there already what is known of its scale is kept, be it nothing.
    """
    check_columns(arriving, ARRIVING, "arriving")
    check_known(arriving["segment"], segments["code"], "arriving (segment)")
    then = with_arriving(firms, arriving, segments, place)
    before, after = (
        diagnose(segments, flows, held, reference, place, rules=rules, likelihood=likelihood) for held in (firms, then)
    )
    sides = [
        health(segments, flows, held, reference, places=[place], rules=rules, titles=titles, figures=figures)
        for held in (firms, then)
    ]
    return Supposed(
        _segments(before.states, after.states, arriving),
        _findings(before.findings, after.findings),
        compare_health(sides[1], sides[0]),
        before,
        after,
    )


def with_arriving(firms: pl.DataFrame, arriving: pl.DataFrame, segments: pl.DataFrame, place: object) -> pl.DataFrame:
    """``firms`` with what arrives: one row a firm and segment, in the role that fills it, at confidence 1."""
    roles = segments.select(segment="code", role="filled_by")
    known = firms.group_by("firm").agg(pl.col("scale", "above_scale").drop_nulls().first(), here=True)
    come = (
        arriving.unique(["firm", "segment"], keep="first", maintain_order=True)
        .with_columns(pl.col("firm").cast(firms.schema["firm"]))
        .join(roles, on="segment", maintain_order="left")
        .join(known, on="firm", how="left", suffix="_known", maintain_order="left")
        .select(
            "firm",
            pl.lit(place, dtype=firms.schema["place"]).alias("place"),
            "segment",
            "role",
            pl.lit(1.0).alias("confidence"),
            pl.when("here").then("scale_known").otherwise("scale").cast(firms.schema["scale"]).alias("scale"),
            pl.when("here").then("above_scale_known").otherwise("above_scale").cast(pl.Boolean).alias("above_scale"),
        )
    )
    columns = come.columns
    stay = firms.join(come.select("firm", "segment"), on=["firm", "segment"], how="anti", maintain_order="left")
    return pl.concat([stay.select(columns), come])


def _segments(before: pl.DataFrame, after: pl.DataFrame, arriving: pl.DataFrame) -> pl.DataFrame:
    rank = {state: at for at, state in enumerate(STATES)}
    sides = [
        states.select("segment", *(pl.col(name).alias(f"{name}_{side}") for name in ("state", "n", "lq", "sure")))
        for states, side in ((before, "before"), (after, "after"))
    ]
    brought = arriving.group_by("segment", maintain_order=True).agg(
        projects=pl.col("project").unique(maintain_order=True)
    )
    order = pl.col("state_after").replace_strict(rank, return_dtype=pl.Int64) - pl.col("state_before").replace_strict(
        rank, return_dtype=pl.Int64
    )
    return (
        after.select("chain", "segment", "name", "key")
        .join(sides[0], on="segment", maintain_order="left")
        .join(sides[1], on="segment", maintain_order="left")
        .join(brought, on="segment", how="left", maintain_order="left")
        .with_columns(step=order, projects=pl.col("projects").fill_null([]))
    )


def _findings(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    on = ["chain", "segment", "kind"]
    sides = [
        found.select(*on, *(pl.col(name).alias(f"{name}_{side}") for name in ("rank", "score", "sure")))
        for found, side in ((before, "before"), (after, "after"))
    ]
    gone, come = pl.col("rank_after").is_null(), pl.col("rank_before").is_null()
    return (
        sides[0]
        .join(sides[1], on=on, how="full", coalesce=True)
        .with_columns(
            change=pl.when(gone)
            .then(pl.lit("answered"))
            .when(come)
            .then(pl.lit("new"))
            .when(pl.col("rank_before") != pl.col("rank_after"))
            .then(pl.lit("moved"))
            .otherwise(pl.lit("same"))
        )
        .sort("chain", pl.coalesce("rank_before", "rank_after"), "segment", "kind")
    )


@dataclass(frozen=True)
class Draws:
    """What new output of some sectors draws from all of them, in the unit of the table.

    ``sectors``, a row per sector: sector, ``added`` (the projects' own output, as final demand for it), ``direct`` (what
    that output buys of the sector, A Δf), ``total`` (output the sector makes in all rounds beyond what was added,
    L Δf − Δf), ``output`` in the table, ``of_output`` (total over it; null where it has none). ``multiplier`` is all
    output over what was added. ``imbalance`` of the accounts after the change, see
    :class:`~lianpu.analysis.linkage.Accounts`: rounding only.
    """

    sectors: pl.DataFrame
    added: float
    multiplier: float | None
    imbalance: float


def draws(table: Table, added: Mapping[str, float]) -> Draws:
    """What ``added`` output, {sector: value}, sold as final demand, draws from the sectors of ``table``.

    x' = L (f + Δf), so x' = A x' + f' holds afterwards. ``ValueError`` for a sector that the table has not, or one
    without output, whose inputs are unknown.
    """
    silent = [name for name in added if name in table.names and table.silent[table.names.index(name)]]
    if silent:
        raise ValueError(f"投入产出表中这些部门没有产出，无从推算投入：{'、'.join(silent)}")
    base: Accounts = accounts(table.Z, table.x, table.names)
    wanted: dict[str | int, float] = dict(added.items())
    after = demand_shock(table.Z, table.x, wanted, table.names)
    change = after.demand - base.demand
    frame = pl.DataFrame(
        {
            "sector": table.names,
            "added": change,
            "direct": table.coefficients @ change,
            "total": after.x - base.x - change,
            "output": table.x,
        }
    ).with_columns(of_output=pl.when(pl.col("output") > 0).then(pl.col("total") / pl.col("output")))
    put = float(sum(added.values()))
    return Draws(frame, put, float((after.x - base.x).sum()) / put if put else None, after.imbalance())
