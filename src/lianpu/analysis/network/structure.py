"""Shape of a directed graph of products or segments: layers, betweenness, cut points, bridges, dominators.

Graphs are frames (source, target[, weight]), or :class:`Graph` where one is asked several things; names are any values of
one type. Results are frames in the order of the names. Figures equal networkx's (held by tests); how much faster: ``benchmarks/network.py``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt
import polars as pl
import rustworkx as rx
from scipy import sparse
from scipy.sparse import csgraph

from lianpu.analysis.coverage import check_columns

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Paths whose lengths differ by less than this, relatively, are equally short: sums of fractions round.
TIE = 1e-12
BATCH = 200_000  # distances held at once: about what a processor keeps near


@dataclass(frozen=True)
class Graph:
    """A frame of edges as numbers: names in order, edge ends, weights; an edge told twice stands once (greatest weight).

    Every measure makes one of the frame that it is given. Who asks several makes it once: ``Graph.of(edges)``.
    """

    names: pl.Series
    source: Integers
    target: Integers
    weight: Floats
    weighted: bool = False

    @classmethod
    def of(cls, edges: "pl.DataFrame | Graph", extra: Iterable[object] = ()) -> "Graph":
        """``edges`` (source, target[, weight > 0]); ``extra``: names without any edge. Self-loops are left out."""
        if isinstance(edges, Graph):
            return edges
        check_columns(edges, ("source", "target"), "edges")
        if edges["source"].null_count() or edges["target"].null_count():
            raise ValueError("edges: source and target must stand in every row")
        weight = (
            edges["weight"].cast(pl.Float64) if "weight" in edges.columns else pl.repeat(1.0, edges.height, eager=True)
        )
        if weight.null_count() or not weight.is_finite().all() or (weight <= 0).any():
            raise ValueError("edges: weight must be a number above 0 in every row")
        more = pl.Series(list(extra), dtype=edges["source"].dtype)
        names = pl.concat([edges["source"], edges["target"], more]).unique().sort()
        source, target = (names.search_sorted(edges[end]).to_numpy().astype(np.int64) for end in ("source", "target"))
        pair = source * len(names) + target
        order = np.argsort(pair, kind="stable")
        pair, greatest = pair[order], weight.to_numpy()[order]
        first = np.flatnonzero(np.append(True, np.diff(pair) > 0)[: len(pair)])
        source, target = np.divmod(pair[first], max(len(names), 1))
        greatest = np.maximum.reduceat(greatest, first) if len(first) else greatest
        held = source != target
        return cls(names, source[held], target[held], greatest[held], "weight" in edges.columns)

    def __len__(self) -> int:
        return len(self.names)

    def places(self, chosen: Iterable[object]) -> Integers:
        """Numbers of the nodes of these names, in order, each once."""
        wanted = pl.Series(list(chosen), dtype=self.names.dtype)
        found = self.names.search_sorted(wanted).to_numpy().astype(np.int64)
        lacking = wanted.filter(self.names.gather(np.minimum(found, max(len(self) - 1, 0))) != wanted)
        if len(lacking):
            raise ValueError(f"sources: {'、'.join(map(str, lacking.head(3)))} not in the graph")
        return np.unique(found)

    def matrix(self, values: Floats | None = None) -> sparse.csr_matrix:
        """n × n, rows are sources; entries ``values`` or ones."""
        data = np.ones(len(self.source)) if values is None else values
        return sparse.csr_matrix((data, (self.source, self.target)), shape=(len(self), len(self)))

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        return list(zip(self.source.tolist(), self.target.tolist(), strict=True))

    @cached_property
    def directed(self) -> "rx.PyDiGraph[int, None]":
        whole: rx.PyDiGraph[int, None] = rx.PyDiGraph(multigraph=True)
        whole.add_nodes_from(range(len(self)))
        whole.add_edges_from_no_data(self.pairs)
        return whole

    @cached_property
    def plain(self) -> "rx.PyGraph[int, None]":
        """The same without directions."""
        plain: rx.PyGraph[int, None] = rx.PyGraph(multigraph=True)
        plain.add_nodes_from(range(len(self)))
        plain.add_edges_from_no_data(self.pairs)
        return plain


def layers(edges: pl.DataFrame | Graph) -> pl.DataFrame:
    """How far each node stands from the sources, by the longest way: (name, layer, component, cycle).

    Nodes that feed each other in a circle (one strong component, ``cycle`` true) are taken as one; its layer is the
    greatest layer of what feeds it plus one, 0 where nothing does. ``component`` numbers the strong components.
    """
    graph = Graph.of(edges)
    count, label = csgraph.connected_components(graph.matrix(), directed=True, connection="strong")
    label = label.astype(np.int64)
    tail, head = label[graph.source], label[graph.target]
    between = tail != head
    layer = _longest(int(count), tail[between], head[between])
    size = np.bincount(label, minlength=count)
    return pl.DataFrame(
        {
            "name": graph.names,
            "layer": layer[label],
            "component": label,
            "cycle": size[label] > 1,
        }
    )


def _longest(n: int, tail: Integers, head: Integers) -> Integers:
    """Layer of each node of an acyclic graph: the longest way to it."""
    layer = np.zeros(n, np.int64)
    for depth, (_, fed) in enumerate(_peel(n, tail, head), 1):
        layer[fed] = depth
    return layer


def _peel(n: int, tail: Integers, head: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Edges of an acyclic graph, step by step, those of a node once all edges into it have come: (tails, heads)."""
    if len(tail) and (np.diff(tail) < 0).any():
        order = np.argsort(tail, kind="stable")
        tail, head = tail[order], head[order]
    start = np.searchsorted(tail, np.arange(n + 1))
    open_inputs, last_seen = np.bincount(head, minlength=n), np.zeros(n, np.int64)
    front = np.flatnonzero(open_inputs == 0)
    while len(front):
        at = _ranges(start[front], start[front + 1])
        if not len(at):
            return
        fed = head[at]
        yield tail[at], fed
        np.subtract.at(open_inputs, fed, 1)
        ready = fed[open_inputs[fed] == 0]
        last_seen[ready] = np.arange(len(ready))  # a node that several edges made ready is taken once
        front = ready[last_seen[ready] == np.arange(len(ready))]


def _ranges(first: Integers, last: Integers) -> Integers:
    """All numbers of [first, last) of every pair, one after the other."""
    length = last - first
    ends = np.cumsum(length)
    if not len(ends) or ends[-1] == 0:
        return np.zeros(0, np.int64)
    return np.asarray(np.arange(ends[-1]) + np.repeat(first - (ends - length), length), np.int64)


def betweenness(edges: pl.DataFrame | Graph) -> pl.DataFrame:
    """Exact betweenness of every node: (name, betweenness) = Σ over pairs of the share of shortest paths through it.

    Unweighted where ``edges`` have no weight. With weights a strong dependence is a short way (length 1 / weight);
    ways equal to within 1e-12 are equally short. Not normalised; ends of a path do not count (Brandes 2001).
    """
    graph = Graph.of(edges)
    if graph.weighted and len(graph):
        return pl.DataFrame({"name": graph.names, "betweenness": _weighted(graph)})
    # One thread: several would add the shares in another order each time, and the last bits would differ.
    found = rx.digraph_betweenness_centrality(graph.directed, normalized=False, parallel_threshold=len(graph) + 1)
    return pl.DataFrame({"name": graph.names, "betweenness": [found[i] for i in range(len(graph))]})


def _weighted(graph: Graph) -> Floats:
    """Brandes' sums for all sources together.

    The states are pairs (source, node reached); an edge on a shortest way joins two of them. That graph has no circle,
    so counting paths forwards and summing shares backwards takes as many steps as the longest way has edges.
    """
    n, length = len(graph), 1.0 / graph.weight
    matrix = graph.matrix(length)
    total = np.zeros(n)
    sources = np.unique(graph.source)
    for start in range(0, len(sources), max(1, BATCH // max(n, len(length)))):
        chosen = sources[start : start + max(1, BATCH // max(n, len(length)))]
        far = csgraph.dijkstra(matrix, directed=True, indices=chosen)
        near, end = far[:, graph.source], far[:, graph.target]
        with np.errstate(invalid="ignore"):
            row, edge = np.nonzero(np.abs(near + length - end) <= TIE * end)
        tail, head = row * n + graph.source[edge], row * n + graph.target[edge]
        total += _shares(tail, head, np.arange(len(chosen)) * n + chosen, len(chosen) * n).reshape(-1, n).sum(axis=0)
    return total


def _shares(tail: Integers, head: Integers, roots: Integers, size: int) -> Floats:
    """Dependency of each root on each state of its ways (Brandes), 0 for the roots themselves."""
    held = np.zeros(size, bool)
    held[roots], held[tail], held[head] = True, True, True
    states = np.flatnonzero(held)
    compact = np.cumsum(held) - 1
    roots, tail, head = compact[roots], compact[tail], compact[head]
    paths, steps = np.zeros(len(states)), []
    paths[roots] = 1.0
    for tails, heads in _peel(len(states), tail, head):
        np.add.at(paths, heads, paths[tails])
        steps.append((tails, heads))
    share = np.zeros(len(states))
    for tails, heads in reversed(steps):
        np.add.at(share, tails, paths[tails] / paths[heads] * (1.0 + share[heads]))
    share[roots] = 0.0
    whole = np.zeros(size)
    whole[states] = share
    return whole


def cut_points(edges: pl.DataFrame | Graph) -> pl.DataFrame:
    """Nodes without which the graph, direction aside, falls apart: (name, parts), parts = pieces its piece falls into."""
    graph = Graph.of(edges)
    block_of: Mapping[tuple[int, int], int] = rx.biconnected_components(graph.plain)
    nodes, block = _flat(block_of), np.repeat(np.fromiter(block_of.values(), np.int64, len(block_of)), 2)
    member = np.unique(nodes * (block.max(initial=0) + 1) + block)  # a node once in each of its blocks
    blocks = np.bincount(member // (block.max(initial=0) + 1), minlength=len(graph))
    points = np.flatnonzero(blocks > 1)
    return pl.DataFrame({"name": graph.names.gather(points), "parts": blocks[points]})


def bridges(edges: pl.DataFrame | Graph) -> pl.DataFrame:
    """Edges without which the graph, direction aside, falls apart: (source, target) as they stand in ``edges``."""
    graph = Graph.of(edges)
    found = np.sort(_flat(list(rx.bridges(graph.plain))).reshape(-1, 2))
    ends = np.sort(np.column_stack([graph.source, graph.target]))
    held = np.isin(ends @ [len(graph), 1], found @ [len(graph), 1])
    return pl.DataFrame(
        {"source": graph.names.gather(graph.source[held]), "target": graph.names.gather(graph.target[held])}
    )


def dominators(edges: pl.DataFrame | Graph, sources: Iterable[object]) -> pl.DataFrame:
    """What everything passes through: (name, dominator, depth, dominated), for what can be reached from ``sources``.

    ``dominator``: the last node other than itself that lies on every way from whichever source, null where there is
    none; ``depth``: how many such nodes; ``dominated``: how many nodes cannot be reached without this one.
    ``ValueError`` where a :class:`Graph` is given that lacks a source: name it in the ``extra`` of ``Graph.of``.
    """
    chosen = list(sources)
    graph = Graph.of(edges, chosen)
    n = len(graph)
    whole = graph.directed.copy()
    whole.add_node(n)  # stands for the outside world
    whole.add_edges_from_no_data([(n, start) for start in graph.places(chosen).tolist()])
    above = rx.immediate_dominators(whole, n)
    parent = np.full(n + 1, -1, np.int64)
    parent[np.fromiter(above.keys(), np.int64, len(above))] = np.fromiter(above.values(), np.int64, len(above))
    nodes = np.flatnonzero(parent[:n] >= 0)
    depth, dominated, climb = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64), parent[nodes]
    below = nodes.copy()
    while len(below):
        held = climb != n
        below, climb = below[held], climb[held]
        depth[below] += 1
        np.add.at(dominated, climb, 1)
        climb = parent[climb]
    over = pl.Series(parent[nodes]).replace(n, None)
    return pl.DataFrame(
        {
            "name": graph.names.gather(nodes),
            "dominator": graph.names.gather(over),
            "depth": depth[nodes],
            "dominated": dominated[nodes],
        }
    )


def _flat(pairs: Collection[tuple[int, ...]]) -> Integers:
    """Both numbers of every pair, one after the other."""
    return np.fromiter(chain.from_iterable(pairs), np.int64, 2 * len(pairs))
