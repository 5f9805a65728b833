"""The product and segment graph beside networkx: cleaning measured on hand markings, then layers, dominators, cut
points, bridges and betweenness on the same graphs with equal answers.

Claim: betweenness of the product graph ≥ 20 × networkx, equal answers; every segment of the maps removed in turn ≤ 1 s.
Run: ``python benchmarks/network.py DATA [--io china_2020_42.parquet]``; DATA holds chain-graph/ and io/.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import polars as pl

from lianpu.analysis import network
from lianpu.chains.maps import shipped

MARKS = Path(__file__).resolve().parent.parent / "tests" / "data" / "network" / "marks.csv"
SAMPLED = 100  # sources by which networkx's betweenness of the product graph is timed


def timed(work: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Least processor time of several runs, and the answer."""
    best, answer = float("inf"), None
    for _ in range(times):
        started = time.process_time()
        answer = work()
        best = min(best, time.process_time() - started)
    return best, answer


def frames() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Terms, segments and flows of the shipped chain maps."""
    leaves = [leaf for one in shipped() for leaf in one.leaves]
    terms = [(term, leaf.code) for leaf in leaves for name, more in leaf.products.items() for term in (name, *more)]
    terms += [(name, leaf.code) for leaf in leaves for name in leaf.shared]
    flows = [(flow.source, flow.target, flow.via, float(flow.weight)) for one in shipped() for flow in one.flows]
    return (
        pl.DataFrame(terms, schema=["term", "segment"], orient="row"),
        pl.DataFrame(
            [(x.code, x.io_sector, x.fed_from) for x in leaves], schema=["code", "io_sector", "fed_from"], orient="row"
        ),
        pl.DataFrame(flows, schema=["source", "target", "via", "weight"], orient="row"),
    )


def coefficients(file: Path) -> network.InputOutput:
    """Domestic and imported inputs per unit of output of a 42-sector table."""
    table = pl.read_parquet(file)
    sectors = [f"{i:02d}" for i in range(1, 43)]
    parts = [
        table.filter(pl.col("Origin") == origin).sort("Code").select(sectors) for origin in ("Domestic", "Imports")
    ]
    output = table.filter(pl.col("Code") == "TI").select(sectors).to_numpy().ravel()
    return network.InputOutput(sectors, sum(part.to_numpy() for part in parts) / output)


def peer_layers(graph: Any) -> dict[Any, int]:
    whole = nx.condensation(graph)
    depth: dict[Any, int] = {}
    for node in nx.topological_sort(whole):
        depth[node] = max((depth[before] + 1 for before in whole.predecessors(node)), default=0)
    return {node: depth[part] for node, part in whole.graph["mapping"].items()}


def peer_dominators(graph: Any, sources: list[Any]) -> dict[Any, Any]:
    graph.add_edges_from(("", source) for source in sources)
    found = nx.immediate_dominators(graph, "")
    graph.remove_node("")
    return {node: above for node, above in found.items() if node != ""}


def built(pairs: pl.DataFrame) -> Any:
    return nx.DiGraph(list(pairs.select("source", "target").iter_rows()))


def compare(title: str, edges: pl.DataFrame, sources: list[str]) -> None:
    """Both from a graph made once to the answer as names, and from the frame of edges."""
    pairs = edges.select("source", "target")
    theirs_once = built(pairs)
    plain = theirs_once.to_undirected()
    ours_once = network.Graph.of(pairs, sources)
    _ = ours_once.directed, ours_once.plain  # made when first asked for
    print(f"\n{title}: {theirs_once.number_of_nodes():,} nodes, {theirs_once.number_of_edges():,} edges")

    cases: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any], bool]] = [
        (
            "layers",
            lambda graph: network.layers(graph).select("name", "layer"),
            peer_layers,
            True,
        ),
        (
            "dominators",
            lambda graph: network.dominators(graph, sources).select("name", pl.col("dominator").fill_null("")),
            lambda graph: peer_dominators(graph, sources),
            True,
        ),
        (
            "cut points",
            lambda graph: network.cut_points(graph)["name"],
            lambda graph: set(nx.articulation_points(graph)),
            False,
        ),
        ("bridges", network.bridges, lambda graph: list(nx.bridges(graph)), False),
    ]
    for name, ours, peer, directed in cases:
        made = theirs_once if directed else plain
        seconds, answer = timed(lambda ours=ours: ours(ours_once))  # type: ignore[misc]
        theirs, expected = timed(lambda peer=peer, made=made: peer(made))  # type: ignore[misc]
        whole, _ = timed(lambda ours=ours: ours(pairs))  # type: ignore[misc]
        their_whole, _ = timed(
            lambda peer=peer, directed=directed: peer(built(pairs) if directed else built(pairs).to_undirected())  # type: ignore[misc]
        )
        if name == "bridges":
            assert answer.height == len(expected)
        elif name == "cut points":
            assert set(answer) == expected
        else:
            assert dict(answer.iter_rows()) == expected, name
        print(
            f"  {name:28s}{seconds:9.4f} s   networkx {theirs:9.4f} s   × {theirs / seconds:6.1f}   "
            f"from the frame × {their_whole / whole:6.1f}   equal"
        )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--io", default="china_2020_42.parquet")
    options = arguments.parse_args()
    raw = pl.read_parquet(options.data / "chain-graph" / "product_edge.parquet")
    terms, segments, flows = frames()

    marks = pl.read_csv(MARKS, schema_overrides={"key": pl.String})
    for title, goods in (("with the terms of the chain maps", set(terms["term"])), ("without", set[str]())):
        seconds, cleaned = timed(lambda goods=goods: network.clean(raw, goods=goods), 1)  # type: ignore[misc]
        print(
            f"cleaning {raw.height:,} edges {title}: {seconds:.2f} s, {cleaned.flows.height:,} flows and {cleaned.kinds.height:,} kinds kept"
        )
        for row in network.agreement(cleaned, marks).iter_rows(named=True):
            print(
                f"  {row['relation']}: {row['marked']} marked, {row['wanted'] / row['marked']:.3f} of them worth keeping; "
                f"kept {row['kept']}, precision {row['precision']:.3f}, recall {row['recall']:.3f}"
            )
    cleaned = network.clean(raw, goods=set(terms["term"]))
    for reason, count in cleaned.edges["reason"].fill_null("kept").value_counts(sort=True).iter_rows():
        print(f"    {reason:20s}{count:8,d}")

    seconds, evidence = timed(lambda: network.product_evidence(cleaned, terms), 1)
    edges = network.dependence(segments, flows, evidence, coefficients(options.data / "io" / options.io))
    mapped = edges.filter(pl.col("map_weight").is_not_null())
    print(
        f"\nlifting: {seconds:.2f} s; {edges.height:,} dependences of {segments.height} segments: {mapped.height:,} in the maps, "
        f"of which {mapped.filter(pl.col('edges') > 0).height} also in the product graph, {edges.height - mapped.height} in it alone"
    )

    whole = cleaned.flows
    compare("product graph", whole, sorted(set(whole["source"]) - set(whole["target"])))
    graph = built(whole)
    seconds, answer = timed(lambda: network.betweenness(whole), 1)
    theirs, _ = timed(lambda: nx.betweenness_centrality(graph, k=SAMPLED, seed=1), 1)
    theirs *= graph.number_of_nodes() / SAMPLED
    print(
        f"  {'betweenness':28s}{seconds:9.4f} s   networkx {theirs:9.1f} s   × {theirs / seconds:6.0f}   (networkx from {SAMPLED} sources)"
    )

    outside = segments.filter(pl.col("fed_from") != "")["code"].to_list()
    compare("segments", edges, sorted(outside))
    graph = built(edges)
    seconds, answer = timed(lambda: network.betweenness(edges.select("source", "target")))
    theirs, expected = timed(lambda: nx.betweenness_centrality(graph, normalized=False), 1)
    worst = max(abs(expected[name] - value) for name, value in answer.iter_rows())
    print(
        f"  {'betweenness':28s}{seconds:9.4f} s   networkx {theirs:9.4f} s   × {theirs / seconds:6.1f}   within {worst:.0e}"
    )
    # Whole lengths: networkx compares sums of fractions bit by bit and so misses ways of equal length.
    lengths = edges.select("source", "target", length=(10 / pl.col("weight")).round().cast(pl.Int64))
    graph.add_weighted_edges_from(lengths.iter_rows(), weight="length")
    weighted = lengths.select("source", "target", weight=1 / pl.col("length"))
    seconds, answer = timed(lambda: network.betweenness(weighted))
    theirs, expected = timed(lambda: nx.betweenness_centrality(graph, weight="length", normalized=False), 1)
    worst = max(abs(expected[name] - value) for name, value in answer.iter_rows())
    print(
        f"  {'betweenness, weighted':28s}{seconds:9.4f} s   networkx {theirs:9.4f} s   × {theirs / seconds:6.1f}   within {worst:.0e}"
    )

    supply = network.Supply.of(edges, outside=outside)
    seconds, falls = timed(lambda: network.fall_of_each(supply))
    one, _ = timed(lambda: [network.cascade(supply, segments=[name]) for name in supply.names.head(30)], 1)
    print(
        f"\nwhat falls with each of {len(supply.names)} segments: {seconds:.2f} s together, "
        f"× {one / 30 * len(supply.names) / seconds:.1f} against one after the other; "
        f"most {falls['falls'].max()}, on average {falls['falls'].mean():.2f}"
    )


if __name__ == "__main__":
    main()
