"""The real product graph, cleaned and lifted: measured on edges marked by hand before the rules were written."""

import polars as pl
import pytest

from lianpu.analysis.network import Supply, agreement, clean, dependence, fall_of_each, layers, product_evidence
from lianpu.chains.maps import shipped
from support import ROOT, lianpu_data

pytestmark = pytest.mark.realdata


def test_the_cleaned_graph_agrees_with_the_hand_markings_and_joins_the_chain_maps() -> None:
    edges = pl.read_parquet(lianpu_data() / "chain-graph" / "product_edge.parquet")
    leaves = [leaf for one in shipped() for leaf in one.leaves]
    terms = pl.DataFrame(
        [(term, leaf.code) for leaf in leaves for name, more in leaf.products.items() for term in (name, *more)],
        schema={"term": pl.String, "segment": pl.String},
        orient="row",
    )
    cleaned = clean(edges, goods=set(terms["term"]))
    marks = pl.read_csv(ROOT / "tests" / "data" / "network" / "marks.csv", schema_overrides={"key": pl.String})
    figures = agreement(cleaned, marks).row(by_predicate=pl.col("relation") == "全部", named=True)
    assert figures["marked"] == 200
    assert figures["precision"] >= 0.85
    assert figures["recall"] >= 0.85
    assert not layers(cleaned.flows)["cycle"].any(), "the material flow of cleaned products goes in no circle"

    segments = pl.DataFrame({"code": [leaf.code for leaf in leaves], "io_sector": [leaf.io_sector for leaf in leaves]})
    flows = pl.DataFrame(
        [(flow.source, flow.target, flow.via, float(flow.weight)) for one in shipped() for flow in one.flows],
        schema={"source": pl.String, "target": pl.String, "via": pl.String, "weight": pl.Float64},
        orient="row",
    )
    joined = dependence(segments, flows, product_evidence(cleaned, terms))
    agreeing = joined.filter((pl.col("edges") > 0) & pl.col("map_weight").is_not_null()).height
    assert agreeing > 200, "products and maps, made apart, name the same flows"
    outside = {leaf.code for leaf in leaves if leaf.fed_from}
    falls = dict(fall_of_each(Supply.of(joined, outside=outside)).select("segment", "falls").iter_rows())
    names = {leaf.name: leaf.code for leaf in leaves}
    assert falls[names["炼铁炼钢"]] == max(falls.values())
