"""From states of segments and flows between them to findings: conditions, score parts, reasons, evidence.

All conditions and parts are computed for every place × segment at once, as matrices; only segments that become a
finding are then looked at one by one, to name the rows behind them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from lianpu.analysis.coverage import check_columns, check_known
from lianpu.analysis.diagnosis.rules import INFORMED, KINDS, PARTS, STAGES, Rules

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Row = dict[str, Any]

PART = pl.Struct({"name": pl.String, "value": pl.Float64, "weight": pl.Float64})
FLOW = pl.Struct({"source": pl.String, "target": pl.String, "via": pl.String, "weight": pl.Float64})
REASON = pl.Struct({"code": pl.String, "segments": pl.List(pl.String), "firms": pl.Int64, "value": pl.Float64})


class ChainGraph:
    """Segments in order of code, with the weighted flows between them over all chains.

    ``segments``: (code, chain, name, parent, stage, key, filled_by, importance) and, if the map tells it, fed_from: whence
    the main input comes that no segment of the maps gives (null elsewhere). ``flows``: (source, target, via, weight > 0).
    """

    def __init__(self, segments: pl.DataFrame, flows: pl.DataFrame) -> None:
        check_columns(
            segments, ("code", "chain", "name", "parent", "stage", "key", "filled_by", "importance"), "segments"
        )
        check_columns(flows, ("source", "target", "via", "weight"), "flows")
        for end in ("source", "target"):
            check_known(flows[end], segments["code"], f"flows ({end})")
        strange = set(segments["stage"].unique()) - set(STAGES)
        if strange:
            raise ValueError(
                f"segments: a stage must be one of {', '.join(STAGES)}; found {', '.join(map(str, strange))}"
            )
        weight = flows["weight"].cast(pl.Float64)
        if weight.null_count() or (weight <= 0).any():
            raise ValueError("flows: weight must be > 0 in every row")
        self.segments = segments.sort("code")
        self.flows = flows.select("source", "target", "via", weight=weight).sort("source", "target", "via")
        self.codes: list[str] = self.segments["code"].to_list()
        source, target = (
            self.segments["code"].search_sorted(self.flows[end]).cast(pl.Int64).to_numpy()
            for end in ("source", "target")
        )
        n = len(self.codes)
        self.weights: Floats = np.zeros((n, n))
        np.add.at(self.weights, (source, target), self.flows["weight"].to_numpy())
        np.fill_diagonal(self.weights, 0)
        self.flows_between: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
        for pair, flow in zip(zip(source.tolist(), target.tolist(), strict=True), self.flows.iter_rows(), strict=True):
            self.flows_between.setdefault(pair, []).append(flow)
        stage = self.segments["stage"]
        self.support: Flags = (stage == "support").to_numpy()
        off_map = pl.Series([None] * n) if "fed_from" not in segments.columns else self.segments["fed_from"]
        self.fed_from_outside: Flags = off_map.is_not_null().to_numpy()
        primary = self.fed_from_outside & (stage == "upstream").to_numpy()
        self.supplied: Flags = self.fed_from_outside & ~primary
        # equipment and services are no feed, and reagents do not make a mine where there is no ore
        self.material: Floats = self.weights * ~self.support[:, None] * ~primary
        self.inputs = [np.flatnonzero(column).tolist() for column in self.weights.T]
        buys_for_making = (self.segments["filled_by"] != "trades").to_numpy()
        self.demand: Floats = self.weights * buys_for_making  # a dealer can buy anywhere: he needs no local maker
        self.outputs = [np.flatnonzero(row).tolist() for row in self.demand]
        parent = self.segments["parent"].fill_null("").to_numpy()
        chain = self.segments["chain"].to_numpy()
        alike = (parent[:, None] == parent[None, :]) & (chain[:, None] == chain[None, :])
        np.fill_diagonal(alike, False)
        self.siblings: Floats = alike.astype(float)
        self.key: Flags = self.segments["key"].cast(pl.Boolean).fill_null(False).to_numpy()


@dataclass(frozen=True)
class Likelihood:
    """How likely it is that a place comes to have what it lacks, of :class:`~lianpu.analysis.entry.EntryModel`.

    ``probabilities``: (place, segment, probability 0..1) of absent pairs; pairs left out are scored without. ``usual``:
    the share of all absent pairs that were entered where the model was taught, > 0.
    """

    probabilities: pl.DataFrame
    usual: float

    def __post_init__(self) -> None:
        check_columns(self.probabilities, ("place", "segment", "probability"), "probabilities")
        if not 0 < self.usual < 1:
            raise ValueError(f"usual must lie between 0 and 1, not {self.usual}")

    def of(self, pairs: pl.DataFrame) -> Floats:
        """Probability of each (place, segment), NaN where unknown."""
        told = self.probabilities.select(pl.col("place").cast(pairs.schema["place"]), "segment", "probability")
        joined = pairs.select("place", "segment").join(
            told, on=["place", "segment"], how="left", maintain_order="left", validate="m:1"
        )
        return joined["probability"].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _along(values: npt.NDArray[Any], flows: npt.NDArray[Any]) -> Floats:
    """``values @ flows``, (places, segments) × (segments, segments), in an order of summing that does not depend on how
    many places are computed together: the same place gives the same bits alone and in a batch."""
    from scipy.sparse import csr_array

    return np.asarray((csr_array(flows.T.astype(float)) @ values.T.astype(float)).T)


@dataclass(frozen=True)
class Picture:
    """Arrays place × segment behind the findings; ``parts[kind]`` and ``chosen[kind]`` by kind of finding.

    Segment × segment: ``feeds[s, t]``, s gives t a material it needs, and ``asks[s, t]``, t is no dealer and needs what s
    gives; both with at least ``link_weight``.
    """

    present: Flags
    presence: Floats
    strong: Flags
    probability: Floats  # of entry; NaN where it is not known
    parts: Mapping[str, Mapping[str, Floats]]
    chosen: Mapping[str, Flags]
    feeds: Flags
    asks: Flags


def picture(graph: ChainGraph, states: pl.DataFrame, rules: Rules, likelihood: Likelihood | None = None) -> Picture:
    """Who neighbours whom in which state, which segments are findings, and their score parts.

    ``states``: rows of :func:`segment_states`, ordered by place and segment. Conditions (neighbours by flows of at
    least ``link_weight``):

    * fill: missing, a user of it present, and a feeder of it too; no feeder is asked for in the support stage or where
      the main input comes from off the maps, unless it is an upstream segment: ore that is not here cannot be filled in
    * extend: missing, not to be filled, and a feeder or a user of it strong
    * strengthen: present; weak, or on one firm, or concentrated without being strong; and key or much depended on

    The parts, all 0..1:

    * need: Σ weight × presence over local users (dealers are none), w / (w + half_weight)
    * supply: share, by weight, of the inputs that are at hand; 1/2 where the main one or all come from off the maps
    * anchor: Σ weight of flows from strong segments (support stage left out) and to them, w / (w + half_weight);
      those that are not surely strong count half
    * kin: share of the other segments of the same group that are present
    * likely: probability p of entry beside the usual one u, p / (p + u): 1/2 for what is as likely as the average gap
    * position: 1 for a key segment, 1/2 for another; half of that in the support stage
    * shortfall: 1 − 2 × probability of so few firms by chance, not under 0: 0 where as few are as likely as not
    * weakness: how far LQ lies under ``weak_below``; at least 1/2 without any above-scale firm
    * thin: HHI, where there are several firms by their scale; 1 for a single supplier
    """
    wide = (-1, len(graph.codes))
    state = states["state"].to_numpy().reshape(wide)
    n = states["n"].to_numpy().reshape(wide)
    lq = states["lq"].fill_null(np.nan).to_numpy().reshape(wide)
    hhi = states["hhi"].fill_null(0).to_numpy().reshape(wide)
    by_scale = states["by_scale"].fill_null(False).to_numpy().reshape(wide)
    none_large = (states["n_above_scale"] == 0).fill_null(False).to_numpy().reshape(wide)
    presence = np.zeros(state.shape)
    for name, value in rules.presence.items():
        presence[state == name] = value
    present, strong = presence > 0, state == "strong"
    sure = states["sure"].to_numpy().reshape(wide)
    anchors = np.where(sure, 1.0, 0.5) * strong
    flow, demand, half = graph.weights, graph.demand, rules.half_weight

    def saturating(weight: Floats) -> Floats:
        return weight / (weight + half)

    inputs = flow.sum(axis=0)
    on_map = (inputs > 0) & ~graph.fed_from_outside
    siblings = graph.siblings.sum(axis=0)
    probability = np.full(state.shape, np.nan) if likelihood is None else likelihood.of(states).reshape(wide)
    usual = 1.0 if likelihood is None else likelihood.usual
    position = np.where(graph.key, 1.0, 0.5) * np.where(graph.support, 0.5, 1.0)
    parts = {
        "need": saturating(_along(presence, demand.T)),
        "supply": np.where(on_map, _along(present, flow) / np.where(on_map, inputs, 1), 0.5),
        "anchor": saturating(_along(anchors, graph.material) + _along(anchors, demand.T)),
        "kin": _along(present, graph.siblings) / np.maximum(siblings, 1),
        "likely": probability / (probability + usual),
        "position": np.broadcast_to(position, state.shape),
        "shortfall": np.maximum(1 - 2 * states["chance"].to_numpy().reshape(wide), 0),
        "weakness": np.maximum(np.nan_to_num(np.clip(1 - lq / rules.weak_below, 0, 1)), 0.5 * none_large),
        "thin": np.where((n == 1) | by_scale, hhi, 0.0),
    }
    feeds, asks = graph.material >= rules.link_weight, demand >= rules.link_weight
    fed, used = _along(present, feeds) > 0, _along(present, asks.T) > 0
    fill = ~present & used & (fed | graph.support | graph.supplied)
    extend = ~present & ~fill & ((_along(strong, feeds) > 0) | (_along(strong, asks.T) > 0))
    thin = (n == 1) | (by_scale & (hhi >= rules.thin_hhi) & ~strong)
    critical = graph.key | (_along(present, demand.T) >= rules.critical_weight)
    strengthen = present & critical & ((state == "weak") | thin)
    return Picture(
        present,
        presence,
        strong,
        probability,
        {kind: {name: parts[name] for name in (*PARTS[kind], *INFORMED.get(kind, ()))} for kind in KINDS},
        {"fill": fill, "extend": extend, "strengthen": strengthen},
        feeds,
        asks,
    )


def findings_of(
    graph: ChainGraph,
    states: pl.DataFrame,
    firms: Mapping[object, Mapping[str, list[Any]]],
    firm_type: pl.DataType,
    rules: Rules,
    likelihood: Likelihood | None = None,
) -> pl.DataFrame:
    """All findings, ordered by place, chain and rank. ``firms``: per place and segment those that fill it, largest first."""
    seen = picture(graph, states, rules, likelihood)
    lq = states["lq"].to_numpy().reshape(-1, len(graph.codes))
    usual = None if likelihood is None else likelihood.usual
    known = ~np.isnan(seen.probability)
    frames = []
    for kind, informed in [(kind, False) for kind in KINDS] + [(kind, True) for kind in INFORMED]:
        within = known == informed if kind in INFORMED else True
        places, picked = np.nonzero(seen.chosen[kind] & within)
        weights = (rules.informed if informed else rules.weights)[kind]
        cells = states[places * len(graph.codes) + picked]
        looks = [
            _Look(graph, seen, place, s, firms.get(cell["place"], {}), lq[place], rules, kind, cell, usual)
            for place, s, cell in zip(places.tolist(), picked.tolist(), cells.iter_rows(named=True), strict=True)
        ]
        named = (INFORMED if informed else PARTS)[kind]  # in this order, whatever the order of the weights
        score, parts = _scored({name: seen.parts[kind][name][places, picked] for name in named}, weights)
        frames.append(
            cells.select(
                *("place", "chain", "segment", pl.lit(kind).alias("kind"), score),
                *("state", "sure", "basis", "n", "expected", "lq", parts),
                _nested("reasons", [look.reasons() for look in looks], REASON),
                _evidence(looks, firm_type),
            )
        )
    # scores equal but for the last bits must tie, lest the order of summing decide a rank
    order = ["place", "chain", -pl.col("score").round(12), "segment"]
    ranked = pl.concat(frames).sort(order)
    rank = pl.int_range(1, pl.len() + 1).over("place", "chain").alias("rank")
    return ranked.select("place", "chain", "segment", "kind", rank, pl.exclude("place", "chain", "segment", "kind"))


def _scored(parts: Mapping[str, Floats], weights: Mapping[str, float]) -> tuple[pl.Series, pl.Series]:
    """Score and list of named parts of some findings of one kind."""
    score = np.zeros(len(next(iter(parts.values()))))
    for name in parts:
        score += weights[name] * parts[name]
    listed = [
        pl.DataFrame({"value": parts[name]}).select(
            pl.struct(pl.lit(name).alias("name"), "value", pl.lit(weights[name], pl.Float64).alias("weight")).alias(
                name
            )
        )
        for name in parts
    ]
    column = pl.concat(listed, how="horizontal").select(pl.concat_list(pl.all()).alias("parts")).to_series()
    return pl.Series("score", score), column


def _nested(name: str, lists: list[list[tuple[Any, ...]]], item: pl.Struct) -> pl.Series:
    """A column of lists of structs, built flat and then folded: far quicker than list by list."""
    flat = pl.DataFrame([row for rows in lists for row in rows], schema=item.to_schema(), orient="row")
    owner = np.repeat(np.arange(len(lists)), [len(rows) for rows in lists])
    folded = (
        flat.select(pl.Series("owner", owner, pl.Int64), pl.struct(pl.all()).alias(name))
        .group_by("owner", maintain_order=True)
        .agg(name)
    )
    every = pl.DataFrame({"owner": pl.int_range(len(lists), eager=True)})
    column = every.join(folded, on="owner", how="left", maintain_order="left")[name]
    return column.fill_null(pl.Series([[]], dtype=pl.List(item))) if len(column) else column


def _evidence(looks: list["_Look"], firm_type: pl.DataType) -> pl.Series:
    """The present neighbours, the flows to them, and the largest firms of the segment and of each neighbour."""
    found = [look.evidence() for look in looks]
    return pl.DataFrame(
        [
            pl.Series("segments", [segments for segments, _, _ in found], pl.List(pl.String)),
            _nested("flows", [flows for _, flows, _ in found], FLOW),
            pl.Series("firms", [firms for _, _, firms in found], pl.List(firm_type)),
        ]
    ).to_struct("evidence")


@dataclass(frozen=True)
class _Look:
    """One segment in one place with its neighbours, to give reasons and evidence."""

    graph: ChainGraph
    seen: Picture
    place: int
    s: int
    firms: Mapping[str, list[Any]]
    lq: Floats
    rules: Rules
    kind: str
    cell: Row
    usual: float | None

    def ordered(self, found: list[int], weight: Floats, flags: Flags) -> list[int]:
        """Neighbours with the flag, those that weigh most and are strongest first."""
        held, presence = flags[self.place], self.seen.presence[self.place]
        return sorted((t for t in found if held[t]), key=lambda t: (-weight[t] * presence[t], t))

    def inputs(self, flags: Flags) -> list[int]:
        return self.ordered(self.graph.inputs[self.s], self.graph.weights[:, self.s], flags)

    def outputs(self, flags: Flags) -> list[int]:
        return self.ordered(self.graph.outputs[self.s], self.graph.weights[self.s], flags)

    def strong_neighbours(self) -> tuple[list[int], list[int]]:
        """The strong feeders and the strong users from which an extension starts."""
        before = [t for t in self.inputs(self.seen.strong) if self.seen.feeds[t, self.s]]
        return before, [t for t in self.outputs(self.seen.strong) if self.seen.asks[self.s, t]]

    def reason(self, code: str, segments: list[int], value: float | None = None) -> list[tuple[Any, ...]]:
        """A fact about other segments, with the number of distinct firms in them; none where there are none."""
        if not segments:
            return []
        codes = [self.graph.codes[t] for t in segments]
        firms = set().union(*(self.firms.get(code, ()) for code in codes))
        return [(code, codes, len(firms), value)]

    def reasons(self) -> list[tuple[Any, ...]]:
        here, cell = self.graph.codes[self.s], self.cell
        found = self.strengthen_reasons() if self.kind == "strengthen" else self.gap_reasons()
        if self.graph.key[self.s]:
            found.append(_own("key_segment", here, 0, None))
        if cell["n_other"]:
            found.append(_own("others_only", here, cell["n_other"], None))
        if cell["n_unsure"]:
            found.append(_own("to_review", here, cell["n_unsure"], None))
        return found

    def gap_reasons(self) -> list[tuple[Any, ...]]:
        here, present = self.graph.codes[self.s], self.seen.present
        found = [_own("absent", here, 0, self.cell["expected"])]
        if self.kind == "extend":
            before, after = self.strong_neighbours()
            for code, strongest in (("after_strong", before), ("before_strong", after)):
                found += self.reason(code, strongest, float(self.lq[strongest[0]]) if strongest else None)
        found += self.reason("fed_by_present", self.inputs(present))
        found += self.reason("feeds_present", self.outputs(present))
        if self.graph.fed_from_outside[self.s] or not self.graph.inputs[self.s]:
            found.append(_own("inputs_off_map", here, 0, None))
        if not np.isnan(probability := self.seen.probability[self.place, self.s]):
            found.append(_own("likely", here, 0, float(probability)))
            found.append(_own("usually", here, 0, self.usual))
        kin = np.flatnonzero(self.graph.siblings[self.s] * present[self.place])
        return found + self.reason("kin_present", kin.tolist())

    def strengthen_reasons(self) -> list[tuple[Any, ...]]:
        here, cell = self.graph.codes[self.s], self.cell
        found = []
        if cell["lq"] is not None and cell["lq"] < self.rules.weak_below:
            found.append(_own("below_reference", here, cell["n"], cell["lq"]))
        if cell["n_above_scale"] == 0:
            found.append(_own("none_above_scale", here, cell["n"], None))
        if cell["n"] == 1:
            found.append(_own("single_supplier", here, 1, None))
        elif cell["by_scale"] and cell["hhi"] >= self.rules.thin_hhi:
            found.append(_own("concentrated", here, cell["n"], cell["cr1"]))
        return found + self.reason("feeds_present", self.outputs(self.seen.present))

    def evidence(self) -> tuple[list[str], list[tuple[Any, ...]], list[Any]]:
        suppliers, users = self.inputs(self.seen.present), self.outputs(self.seen.present)
        flows = [flow for t in suppliers for flow in self.graph.flows_between[t, self.s]]
        flows += [flow for t in users for flow in self.graph.flows_between[self.s, t]]
        codes = [self.graph.codes[t] for t in dict.fromkeys([self.s, *suppliers, *users])]
        firms = dict.fromkeys(firm for code in codes for firm in self.firms.get(code, ())[: self.rules.evidence_firms])
        return codes, flows, list(firms)


def _own(code: str, segment: str, firms: int, value: float | None) -> tuple[Any, ...]:
    """A reason about the segment itself, in the order of ``REASON``."""
    return code, [segment], firms, value
