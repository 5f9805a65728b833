"""The run: facts in, states, findings and chain figures out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from lianpu.analysis.coverage import (
    FIRM_COLUMNS,
    Reference,
    cells_of,
    check_columns,
    completeness,
    firms_on_segments,
)
from lianpu.analysis.diagnosis.findings import ChainGraph, Likelihood, findings_of
from lianpu.analysis.diagnosis.rules import KINDS, STATES, Rules, segment_states

_PLACES_AT_ONCE = 25  # bounds memory: a place may bring 30,000 placements


@dataclass(frozen=True)
class Diagnosis:
    """Three frames; ``place`` leads each of them.

    * ``states``, a row per (place, segment): chain, name, stage, key, state, basis, sure and the columns of
      :func:`~lianpu.analysis.coverage.coverage`.
    * ``findings``, a row per finding: chain, segment, kind, rank in the chain, score, state, sure, basis, n, expected,
      lq, parts (list of name, value, weight), reasons (list of code, segments, firms, value), evidence (segments,
      flows, firms). Ordered by place, chain, rank; equal scores by code.
    * ``chains``, a row per (place, chain): the columns of :func:`~lianpu.analysis.coverage.completeness`, counts by
      state and by kind of finding, firms (that fill at least one segment of it), strongest (up to three strong
      segments, surest first).
    """

    states: pl.DataFrame
    findings: pl.DataFrame
    chains: pl.DataFrame


def diagnose(
    segments: pl.DataFrame,
    flows: pl.DataFrame,
    firms: pl.DataFrame,
    reference: Reference,
    place: object,
    *,
    rules: Rules | None = None,
    likelihood: Likelihood | None = None,
) -> Diagnosis:
    """Diagnose one place on all chains; frames as in :func:`diagnose_many`. Firms of other places are not looked at."""
    return diagnose_many(segments, flows, firms, reference, [place], rules=rules, likelihood=likelihood)


def diagnose_many(
    segments: pl.DataFrame,
    flows: pl.DataFrame,
    firms: pl.DataFrame,
    reference: Reference,
    places: Sequence[object] | None = None,
    *,
    rules: Rules | None = None,
    likelihood: Likelihood | None = None,
) -> Diagnosis:
    """Diagnose several places (default: all that occur in ``firms``) on all chains.

    ``segments``: leaf segments (code, chain, name, parent, stage, key, filled_by, importance, and
    fed_from if known); ``flows``: (source,
    target, via, weight), also across chains; ``firms`` and ``reference``: see
    :func:`~lianpu.analysis.coverage.coverage`. Leave rejected placements out; give confirmed ones confidence 1.
    ``likelihood``: probabilities of entry, where a model of it is at hand.
    Raises ``ValueError`` saying which frame, column or value is at fault.
    """
    rules = rules or Rules()
    check_columns(firms, FIRM_COLUMNS, "firms")
    graph = ChainGraph(segments, flows)
    named = firms["place"] if places is None else pl.Series(places, dtype=firms["place"].dtype)
    wanted = named.unique().sort().to_list()
    if not wanted:
        raise ValueError("no place to diagnose: firms is empty and no place is named")
    groups = [wanted[i : i + _PLACES_AT_ONCE] for i in range(0, len(wanted), _PLACES_AT_ONCE)]
    parts = [_diagnose(graph, firms, reference, group, rules, likelihood) for group in groups]
    return Diagnosis(
        pl.concat([part.states for part in parts]),
        pl.concat([part.findings for part in parts]),
        pl.concat([part.chains for part in parts]),
    )


def _diagnose(
    graph: ChainGraph,
    firms: pl.DataFrame,
    reference: Reference,
    places: list[object],
    rules: Rules,
    likelihood: Likelihood | None,
) -> Diagnosis:
    here = firms.filter(pl.col("place").is_in(pl.Series(places, dtype=firms["place"].dtype).implode()))
    per_firm = firms_on_segments(here, graph.segments, min_confidence=rules.min_confidence)
    cells = cells_of(per_firm, graph.segments, reference, places=places, level=rules.level)
    about = graph.segments.select("chain", "name", "stage", "key", segment="code")
    states = segment_states(cells, rules).join(about, on="segment", how="left", maintain_order="left")
    lead = ["place", "chain", "segment", "name", "stage", "key", "state", "sure", "basis"]
    states = states.select(*lead, pl.exclude(lead))
    filling = per_firm.filter("fills")
    by_place: dict[object, dict[str, list[Any]]] = {}
    for place, segment, held in filling.group_by("place", "segment", maintain_order=True).agg("firm").iter_rows():
        by_place.setdefault(place, {})[segment] = held
    findings = findings_of(graph, states, by_place, here.schema["firm"], rules, likelihood)
    return Diagnosis(states, findings, _chains(graph, states, findings, filling))


def _chains(graph: ChainGraph, states: pl.DataFrame, findings: pl.DataFrame, filling: pl.DataFrame) -> pl.DataFrame:
    owner = graph.segments.select("chain", segment="code")
    on = ["place", "chain"]
    strong = pl.col("state") == "strong"
    counts = states.group_by(on).agg(
        *((pl.col("state") == state).sum().cast(pl.Int64).alias(state) for state in STATES),
        strongest=pl.col("segment")
        .filter(strong)
        .sort_by(
            pl.col("lq_low").filter(strong), pl.col("segment").filter(strong), descending=[True, False], nulls_last=True
        )
        .head(3),
    )
    firms = filling.join(owner, on="segment").group_by(on).agg(firms=pl.col("firm").n_unique().cast(pl.Int64))
    kinds = findings.group_by(on).agg(*((pl.col("kind") == kind).sum().cast(pl.Int64).alias(kind) for kind in KINDS))
    return (
        completeness(states, graph.segments, graph.flows)
        .join(counts, on=on, how="left", maintain_order="left")
        .join(firms, on=on, how="left", maintain_order="left")
        .join(kinds, on=on, how="left", maintain_order="left")
        .with_columns(pl.col("firms", *KINDS).fill_null(0))
    )
