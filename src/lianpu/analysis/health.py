"""Health of the chains of a place: several figures, each a numerator over a denominator, with the rows behind it.

Frames in, frames out, the same frames as :func:`lianpu.analysis.diagnosis.diagnose_many` takes. There is no total on
purpose: a chain may be complete and led by nobody, and one number would hide which. Formulas, sources and limits:
``docs/methods/health.md``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from lianpu.analysis.coverage import FIRM_COLUMNS, Reference, cells_of, check_columns, firms_on_segments
from lianpu.analysis.diagnosis.findings import FLOW, ChainGraph
from lianpu.analysis.diagnosis.rules import Rules

MEASURES = (
    "completeness",
    "resilience_firms",
    "resilience_inputs",
    "leadership",
    "leadership_sure",
    "innovation_research",
    "innovation_titles",
    "innovation_spend",
    "local_sourcing",
)
REASONS = ("none_filled", "no_critical_inputs", "no_inputs", "nothing_known", "no_firms", "no_titles", "no_figures")
"""Why a figure is null: no segment of the chain is filled, its filled segments have no critical inputs or no inputs at
all on the maps, neither size nor quotient is known of any, the chain has no firm, no titles or no figures were given
(or the figures know none of its firms)."""

CRITICAL = 3.0  # the weight of a flow that its user cannot do without


@dataclass
class _Measure:
    """One figure while it is made; ``segments`` and ``lacking`` are what counts in the numerator and what does not."""

    numerator: float = 0.0
    denominator: float = 0.0
    none: str = ""
    unknown: int = 0
    segments: Iterable[str] = ()
    lacking: Iterable[str] = ()
    flows: list[tuple[Any, ...]] = field(default_factory=list)
    firms: Iterable[Any] = ()


@dataclass(frozen=True)
class _Chain:
    """One chain of one place. ``firms_in``: firms that fill a segment, of any chain; ``inputs``: flows into the filled
    segments of this one; ``members``: firms that fill or research a segment of it."""

    codes: list[str]
    cells: dict[str, dict[str, Any]]
    firms_in: dict[str, list[Any]]
    inputs: list[tuple[Any, ...]]
    fed_from_outside: int
    members: set[Any]
    researching: set[Any]

    @property
    def filled(self) -> list[str]:
        return [code for code in self.codes if code in self.firms_in]

    def firms_of(self, codes: Iterable[str]) -> set[Any]:
        return {firm for code in codes for firm in self.firms_in.get(code, ())}


def health(
    segments: pl.DataFrame,
    flows: pl.DataFrame,
    firms: pl.DataFrame,
    reference: Reference,
    *,
    places: Sequence[object] | None = None,
    rules: Rules | None = None,
    titles: pl.DataFrame | None = None,
    figures: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per (place, chain, measure), in this order; measures as in ``MEASURES``.

    ``segments``, ``flows``, ``firms``, ``reference`` and ``rules`` as for
    :func:`~lianpu.analysis.diagnosis.diagnose_many`. ``titles``: (firm, title), the titles in force (a little giant, a
    high-tech enterprise); ``figures``: (firm, revenue_10k_cny, rd_10k_cny) of one year, null where unknown.

    =====================  =================================================  =========================================
    measure                numerator                                          denominator
    =====================  =================================================  =========================================
    completeness           filled segments                                    segments
    resilience_firms       not held by one firm: n ≥ 2, HHI < ``thin_hhi``    filled segments
    resilience_inputs      filled here by two firms or more                   segments that a filled one cannot do without
    leadership             with an above-scale firm, or LQ ≥ ``strong_from``  filled segments of which either is known
    leadership_sure        the same; an LQ only if its interval lies over 1   the same
    innovation_research    firms that research                                firms that fill or research a segment
    innovation_titles      firms that hold a title                            the same
    innovation_spend       research spend                                     revenue, of firms of which both are known
    local_sourcing         weight of flows from segments filled here          weight of all flows into filled segments
    =====================  =================================================  =========================================

    Inputs come from segments of any chain; dealers need none. Further columns: ``rate`` (null when the denominator is 0
    or nothing was given, ``reason`` then says why, see ``REASONS``), ``unknown`` (segments or firms that the data do
    not decide and that stand in neither number; for local_sourcing and resilience_inputs filled segments whose main
    input comes from outside the maps), ``segments`` and ``lacking`` (codes in the numerator; in the denominator only),
    ``flows`` (those counted in the denominator) and ``firms`` (those of the numerator).
    """
    rules = rules or Rules()
    check_columns(firms, FIRM_COLUMNS, "firms")
    graph = ChainGraph(segments, flows)
    held = firms["place"]
    wanted = (held if places is None else pl.Series(places, dtype=held.dtype)).unique().sort()
    here = firms.filter(pl.col("place").is_in(wanted.implode()))
    per_firm = firms_on_segments(here, graph.segments, min_confidence=rules.min_confidence)
    cells = cells_of(per_firm, graph.segments, reference, places=wanted.to_list(), level=rules.level)
    researching = here.filter((pl.col("role") == "researches") & (pl.col("confidence") >= rules.min_confidence))
    filling = _firms_by_place(per_firm.filter("fills"))
    searching = _firms_by_place(researching.select("place", "segment", "firm").unique())
    titled = _titled(titles)
    spent = _spent(figures)

    rows: list[tuple[Any, ...]] = []
    for (place,), table in cells.group_by("place", maintain_order=True):
        by_code = {row["segment"]: row for row in table.iter_rows(named=True)}
        for name, chain in _chains(graph, by_code, filling.get(place, {}), searching.get(place, {})):
            made = {
                **_on_segments(chain, rules),
                **_on_inputs(chain),
                **_on_firms(chain, titled, spent),
            }
            rows += [(place, name, measure, *_row(made[measure])) for measure in MEASURES]
    return pl.DataFrame(rows, schema=_schema(here), orient="row")


def _schema(firms: pl.DataFrame) -> dict[str, Any]:
    return {
        "place": firms.schema["place"],
        "chain": pl.String,
        "measure": pl.String,
        "numerator": pl.Float64,
        "denominator": pl.Float64,
        "rate": pl.Float64,
        "reason": pl.String,
        "unknown": pl.Int64,
        "segments": pl.List(pl.String),
        "lacking": pl.List(pl.String),
        "flows": pl.List(FLOW),
        "firms": pl.List(firms.schema["firm"]),
    }


def _row(made: _Measure) -> tuple[Any, ...]:
    known = made.denominator > 0
    return (
        made.numerator if known else None,
        made.denominator if known else None,
        made.numerator / made.denominator if known else None,
        None if known else made.none,
        made.unknown,
        sorted(made.segments),
        sorted(made.lacking),
        [dict(zip(("source", "target", "via", "weight"), flow, strict=True)) for flow in made.flows],
        sorted(made.firms),
    )


def _firms_by_place(rows: pl.DataFrame) -> dict[Any, dict[str, list[Any]]]:
    found: dict[Any, dict[str, list[Any]]] = {}
    for place, segment, held in rows.group_by("place", "segment").agg("firm").iter_rows():
        found.setdefault(place, {})[segment] = held
    return found


def _titled(titles: pl.DataFrame | None) -> set[Any] | None:
    if titles is None:
        return None
    check_columns(titles, ("firm", "title"), "titles")
    return set(titles["firm"])


def _spent(figures: pl.DataFrame | None) -> dict[Any, tuple[float, float]]:
    """Firm → (research spend, revenue) where both are known."""
    if figures is None:
        return {}
    check_columns(figures, ("firm", "revenue_10k_cny", "rd_10k_cny"), "figures")
    if figures["firm"].is_duplicated().any():
        raise ValueError("figures: a firm stands twice; give the figures of one year")
    known = figures.drop_nulls(["revenue_10k_cny", "rd_10k_cny"])
    if ((known["revenue_10k_cny"] < 0) | (known["rd_10k_cny"] < 0)).any():
        raise ValueError("figures: revenue_10k_cny and rd_10k_cny must be ≥ 0 or null")
    return {
        firm: (spend, revenue) for firm, spend, revenue in known.select("firm", "rd_10k_cny", "revenue_10k_cny").rows()
    }


def _chains(
    graph: ChainGraph,
    cells: dict[str, dict[str, Any]],
    firms_in: dict[str, list[Any]],
    researching_in: dict[str, list[Any]],
) -> Iterable[tuple[str, _Chain]]:
    at = {code: i for i, code in enumerate(graph.codes)}
    for (name,), owned in graph.segments.group_by("chain", maintain_order=True):
        codes = owned["code"].to_list()
        filled = [at[code] for code in codes if code in firms_in]
        inputs = [
            flow
            for target in filled
            for source in np.flatnonzero(graph.demand[:, target]).tolist()
            for flow in graph.flows_between[source, target]
        ]
        research = {firm for code in codes for firm in researching_in.get(code, ())}
        filling = {firm for code in codes for firm in firms_in.get(code, ())}
        outside = int(graph.fed_from_outside[filled].sum())
        yield str(name), _Chain(codes, cells, firms_in, inputs, outside, filling | research, research)


def _on_segments(chain: _Chain, rules: Rules) -> dict[str, _Measure]:
    filled = chain.filled
    cells = chain.cells
    known = [c for c in filled if cells[c]["lq"] is not None or cells[c]["n_above_scale"] is not None]

    def share(of: list[str], counts: Callable[[dict[str, Any]], bool], none: str, unknown: int = 0) -> _Measure:
        counted = [code for code in of if counts(cells[code])]
        lacking = set(of) - set(counted)
        return _Measure(len(counted), len(of), none, unknown, counted, lacking, firms=chain.firms_of(counted))

    def several(cell: dict[str, Any]) -> bool:
        return bool(cell["n"] >= 2 and cell["hhi"] < rules.thin_hhi)

    def leads(cell: dict[str, Any]) -> bool:
        return bool((cell["n_above_scale"] or 0) > 0 or (cell["lq"] or 0) >= rules.strong_from)

    def surely(cell: dict[str, Any]) -> bool:
        return leads(cell) and bool((cell["n_above_scale"] or 0) > 0 or (cell["lq_low"] or 0) > 1)

    silent, unsaid = len(filled) - len(known), "nothing_known" if filled else "none_filled"
    return {
        "completeness": share(chain.codes, lambda cell: bool(cell["n"] > 0), "none_filled"),
        "resilience_firms": share(filled, several, "none_filled"),
        "leadership": share(known, leads, unsaid, silent),
        "leadership_sure": share(known, surely, unsaid, silent),
    }


def _on_inputs(chain: _Chain) -> dict[str, _Measure]:
    def split(flows: list[tuple[Any, ...]], suppliers: int) -> tuple[set[str], set[str]]:
        asked = {flow[0] for flow in flows}
        at_hand = {code for code in asked if len(chain.firms_in.get(code, ())) >= suppliers}
        return at_hand, asked - at_hand

    critical = [flow for flow in chain.inputs if flow[3] >= CRITICAL]
    safe, unsafe = split(critical, 2)
    here, absent = split(chain.inputs, 1)
    empty = not chain.filled
    return {
        "resilience_inputs": _Measure(
            len(safe),
            len(safe) + len(unsafe),
            "none_filled" if empty else "no_critical_inputs",
            chain.fed_from_outside,
            safe,
            unsafe,
            critical,
            chain.firms_of(safe),
        ),
        "local_sourcing": _Measure(
            sum(flow[3] for flow in chain.inputs if flow[0] in here),
            sum(flow[3] for flow in chain.inputs),
            "none_filled" if empty else "no_inputs",
            chain.fed_from_outside,
            here,
            absent,
            chain.inputs,
            chain.firms_of(here),
        ),
    }


def _on_firms(chain: _Chain, titled: set[Any] | None, spent: dict[Any, tuple[float, float]]) -> dict[str, _Measure]:
    members = chain.members
    known = {firm: spent[firm] for firm in members if firm in spent}
    holders = members & titled if titled is not None else set()
    return {
        "innovation_research": _Measure(len(chain.researching), len(members), "no_firms", firms=chain.researching),
        "innovation_titles": _Measure(len(holders), len(members), "no_firms", firms=holders)
        if titled is not None
        else _Measure(none="no_titles", unknown=len(members)),
        "innovation_spend": _Measure(
            sum(spend for spend, _ in known.values()),
            sum(revenue for _, revenue in known.values()),
            "no_figures" if members else "no_firms",
            len(members) - len(known),
            firms={firm for firm, (spend, _) in known.items() if spend > 0},
        ),
    }
