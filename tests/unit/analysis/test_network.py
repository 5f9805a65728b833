"""The product and segment graph: what is thrown out, what is joined, its shape, and what falls with what."""

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianpu.analysis.network import (
    Graph,
    InputOutput,
    Lift,
    Substitution,
    Supply,
    betweenness,
    bridges,
    cascade,
    clean,
    criticality,
    cut_points,
    dependence,
    dominators,
    fall_of_each,
    layers,
    product_evidence,
    segments_of,
    shares,
    single_points,
)

MATERIAL, PRODUCT, KIND = "上游材料", "下游产品", "产品小类"


def product_graph(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema={"from": pl.String, "rel": pl.String, "to": pl.String}, orient="row")


def verdicts(*rows: tuple[str, str, str], goods: tuple[str, ...] = ()) -> list[str | None]:
    return clean(product_graph(*rows), goods=goods).edges["reason"].to_list()


def edges(*rows: tuple[str, str], **columns: list[object]) -> pl.DataFrame:
    frame = pl.DataFrame(list(rows), schema={"source": pl.String, "target": pl.String}, orient="row")
    return frame.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


# -- cleaning ------------------------------------------------------------------------------------------------------


def test_recipes_leave_and_materials_of_works_stay() -> None:
    assert verdicts(("铸钢阀", MATERIAL, "铸钢"), ("番茄炒鸡蛋", MATERIAL, "鸡蛋"), ("橡胶", PRODUCT, "轮胎")) == [
        None,
        "recipe",
        None,
    ]


def test_a_dish_of_unknown_form_is_known_by_what_goes_into_it() -> None:
    rows = [("三不沾", MATERIAL, word) for word in ("鸡蛋", "白糖", "淀粉", "黄油")]
    assert set(verdicts(*rows)) == {"recipe"}


def test_names_of_which_nothing_is_known_do_not_stay() -> None:
    assert verdicts(("白马山公园", MATERIAL, "白马山")) == ["no works around"]


def test_two_goods_of_the_chain_maps_are_never_a_recipe() -> None:
    row = ("月饼", MATERIAL, "白砂糖")
    assert verdicts(row) == ["recipe"]
    assert verdicts(row, goods=("月饼", "白砂糖")) == [None]


def test_a_kind_is_kept_where_the_head_of_the_word_agrees() -> None:
    rows = (
        ("钻机", KIND, "石油钻机"),
        ("聚丙烯", KIND, "聚丙烯(PP)"),
        ("不锈钢", KIND, "不锈钢牌"),
        ("乙烯", KIND, "聚乙烯"),
    )
    assert verdicts(*rows) == [None, None, "containment only", "containment only"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("水泵", MATERIAL, "水泵"), "self-loop"),
        (("水泵", MATERIAL, "主机"), "empty word"),
        (("水泵", MATERIAL, "三个"), "amount"),
        (("齿轮泵", MATERIAL, "泵"), "empty word"),
        (("冷轧钢板", MATERIAL, "钢板"), "kind, not material"),
        (("钢", MATERIAL, "钢轴承"), "reversed"),
    ],
)
def test_what_no_goods_can_be(row: tuple[str, str, str], reason: str) -> None:
    assert verdicts(row) == [reason]


def test_of_two_directions_the_curated_one_stays() -> None:
    assert verdicts(("活性炭", PRODUCT, "净水器"), ("活性炭", MATERIAL, "净水器")) == [None, "two directions"]
    assert verdicts(("水泵", MATERIAL, "轴承"), ("轴承", MATERIAL, "水泵")) == ["two directions"] * 2
    assert verdicts(("橡胶", PRODUCT, "轮胎"), ("轮胎", MATERIAL, "橡胶")) == [None, "repeated"]


def test_edges_of_an_unknown_relation_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="主营产品"):
        clean(product_graph(("甲", "主营产品", "乙")))


# -- lifting -------------------------------------------------------------------------------------------------------

TERMS = pl.DataFrame({"term": ["橡胶", "轮胎", "炭黑", "炭黑"], "segment": ["A", "B", "C", "D"]})


def test_a_name_has_the_segment_of_its_term_or_of_the_longest_wider_name() -> None:
    kinds = edges(("轮胎", "工程轮胎"), ("工程轮胎", "巨型工程轮胎"), ("橡胶", "轮胎橡胶"))
    held = segments_of(pl.Series(["巨型工程轮胎", "炭黑", "冰箱"]), TERMS, kinds)
    assert held.rows() == [("巨型工程轮胎", "B", 1.0), ("炭黑", "C", 0.5), ("炭黑", "D", 0.5)]


def test_dependence_joins_map_products_and_table_by_the_stated_formula() -> None:
    graph = clean(product_graph(("轮胎", MATERIAL, "橡胶"), ("轮胎", MATERIAL, "炭黑")), goods=("轮胎", "橡胶", "炭黑"))
    found = product_evidence(graph, TERMS)
    assert found.select("source", "target", "edges").rows() == [("A", "B", 1.0), ("C", "B", 0.5), ("D", "B", 0.5)]
    segments = pl.DataFrame({"code": ["A", "B", "C", "D"], "io_sector": ["1", "2", "1", "2"]})
    flows = pl.DataFrame({"source": ["A"], "target": ["B"], "via": ["橡胶"], "weight": [3.0]})
    table = InputOutput(["1", "2"], np.array([[0.1, 0.2], [0.0, 0.4]]))
    rows = dependence(segments, flows, found, table, lift=Lift(trust=0.5, half=1.0, io_share=0.5)).rows(named=True)
    assert [(r["source"], r["essential"], r["vias"], r["products"]) for r in rows] == [
        ("A", True, ["橡胶"], ["橡胶 → 轮胎"]),
        ("C", False, [], ["炭黑 → 轮胎"]),
        ("D", False, [], ["炭黑 → 轮胎"]),
    ]
    half_seen = 0.5 * (0.5 / 1.5)
    assert [r["weight"] for r in rows] == pytest.approx([1.0 * 0.75, half_seen * 0.75, half_seen])
    assert [r["io_coefficient"] for r in rows] == [0.2, 0.2, 0.4]
    without = dependence(segments, flows, found)
    assert without["weight"].to_list() == pytest.approx([1.0, 0.12, 0.12])
    assert without["io_part"].null_count() == 3


# -- shape ---------------------------------------------------------------------------------------------------------

#   ore → iron → steel → car;   coal → iron;   steel ⇄ scrap;   rubber → car
CAR = edges(
    ("ore", "iron"), ("coal", "iron"), ("iron", "steel"), ("steel", "scrap"), ("scrap", "steel"), ("steel", "car"),
    ("rubber", "car"),
)  # fmt: skip


def test_layers_count_the_longest_way_and_name_circles() -> None:
    found = {name: (layer, cycle) for name, layer, _, cycle in layers(CAR).iter_rows()}
    assert found == {
        "ore": (0, False), "coal": (0, False), "rubber": (0, False), "iron": (1, False),
        "steel": (2, True), "scrap": (2, True), "car": (3, False),
    }  # fmt: skip


def test_everything_of_steel_passes_through_iron() -> None:
    found = {row["name"]: row for row in dominators(CAR, ["ore", "coal", "rubber"]).iter_rows(named=True)}
    assert found["steel"]["dominator"] == "iron"
    assert found["car"]["dominator"] is None
    assert found["iron"]["dominated"] == 2
    assert found["scrap"]["depth"] == 2


def test_what_no_source_reaches_has_no_dominator_row() -> None:
    assert dominators(CAR, ["rubber"])["name"].to_list() == ["car", "rubber"]
    assert dominators(CAR, []).is_empty()


def test_a_graph_made_once_answers_as_its_frame_does():
    graph = Graph.of(CAR)
    for measure in (layers, betweenness, cut_points, bridges, lambda edges: dominators(edges, ["ore", "coal"])):
        assert measure(graph).equals(measure(CAR))
    with pytest.raises(ValueError, match="milk not in the graph"):
        dominators(graph, ["milk"])
    assert "milk" in dominators(CAR, ["milk"])["name"]


def test_cut_points_and_bridges_of_the_car() -> None:
    assert cut_points(CAR).rows() == [("car", 2), ("iron", 3), ("steel", 3)]
    assert ("steel", "car") in bridges(CAR).rows()


def test_the_middle_of_a_star_is_between_all() -> None:
    star = edges(("a", "m"), ("b", "m"), ("m", "x"), ("m", "y"))
    assert dict(betweenness(star).iter_rows())["m"] == 4
    assert dict(betweenness(star.with_columns(weight=0.3)).iter_rows())["m"] == pytest.approx(4)


def test_a_strong_way_round_is_shorter_than_a_weak_straight_one() -> None:
    graph = edges(("a", "b"), ("b", "c"), ("a", "c"), weight=[1.0, 1.0, 0.4])
    assert dict(betweenness(graph).iter_rows())["b"] == 1


numbers = st.integers(0, 11)
graphs = st.lists(st.tuples(numbers, numbers, st.integers(1, 4)), min_size=1, max_size=40).map(
    lambda rows: (
        pl.DataFrame(rows, schema={"source": pl.Int64, "target": pl.Int64, "length": pl.Int64}, orient="row")
        .filter(pl.col("source") != pl.col("target"))
        .unique(["source", "target"], maintain_order=True)
    )
)


def as_networkx(frame: pl.DataFrame) -> "nx.DiGraph[int]":
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_weighted_edges_from(frame.iter_rows(), weight="length")
    return graph


@settings(max_examples=40, deadline=None)
@given(graphs)
def test_figures_equal_those_of_networkx(frame: pl.DataFrame) -> None:
    graph = as_networkx(frame)
    plain = graph.to_undirected()
    single = frame.select("source", "target")
    assert dict(betweenness(single).iter_rows()) == pytest.approx(nx.betweenness_centrality(graph, normalized=False))
    weighted = betweenness(single.with_columns(weight=1 / frame["length"]))
    expected = nx.betweenness_centrality(graph, weight="length", normalized=False)
    assert dict(weighted.iter_rows()) == pytest.approx(expected)
    assert set(cut_points(single)["name"]) == set(nx.articulation_points(plain))
    assert {frozenset(pair) for pair in bridges(single).iter_rows()} == {frozenset(e) for e in nx.bridges(plain)}
    if not frame.is_empty():
        starts = sorted({frame["source"][0], frame["source"][-1]})
        graph.add_edges_from((-1, start) for start in starts)
        expected = {a: b for a, b in nx.immediate_dominators(graph, -1).items() if a != -1}
        found = dominators(single, starts).select("name", pl.col("dominator").fill_null(-1))
        assert dict(found.iter_rows()) == expected


@settings(max_examples=40, deadline=None)
@given(graphs)
def test_layers_rise_along_every_edge_but_those_of_a_circle(frame: pl.DataFrame) -> None:
    found = {name: (layer, part) for name, layer, part, _ in layers(frame.select("source", "target")).iter_rows()}
    for source, target, _ in frame.iter_rows():
        (low, one), (high, other) = found[source], found[target]
        assert high == low if one == other else high > low


# -- what falls ----------------------------------------------------------------------------------------------------


def supply(*rows: tuple[str, str, float, bool], **how: object) -> Supply:
    schema = {"source": pl.String, "target": pl.String, "weight": pl.Float64, "essential": pl.Boolean}
    return Supply.of(pl.DataFrame(list(rows), schema=schema, orient="row"), **how)  # type: ignore[arg-type]


def told(rows: pl.DataFrame) -> list[tuple[int, str, str, str | None]]:
    return rows.select("round", "segment", "state", "reason").rows()  # type: ignore[return-value]


def test_who_loses_the_only_input_he_cannot_do_without_falls_and_takes_the_next_along() -> None:
    chain = supply(("ore", "iron", 1.0, True), ("power", "iron", 3.0, False), ("iron", "steel", 1.0, True))
    assert told(cascade(chain, segments=["ore"])) == [
        (0, "ore", "removed", None),
        (1, "iron", "falls", "essential"),
        (2, "steel", "falls", "essential"),
    ]


def test_a_second_source_of_the_same_weight_keeps_it_alive() -> None:
    chain = supply(("ore", "iron", 1.0, True), ("scrap", "iron", 1.5, True), ("iron", "steel", 1.0, True))
    rows = cascade(chain, segments=["ore"])
    assert told(rows) == [(0, "ore", "removed", None), (1, "iron", "weakened", None)]
    assert rows["lost"].to_list() == [0.0, pytest.approx(0.4)]
    assert rows["missing"].to_list() == [[], ["ore"]]


def test_half_of_the_input_weight_lost_is_too_much() -> None:
    chain = supply(("a", "x", 1.0, False), ("b", "x", 1.0, False))
    assert told(cascade(chain, segments=["a"]))[1] == (1, "x", "falls", "share")


def test_what_comes_from_outside_cushions() -> None:
    rows = (("a", "x", 1.0, False), ("b", "x", 0.5, False))
    assert told(cascade(supply(*rows), segments=["a"]))[1][2] == "falls"
    assert told(cascade(supply(*rows, outside=["x"]), segments=["a"]))[1][2] == "weakened"
    bought = supply(*rows, ("c", "x", 1.0, False), present=["a", "b", "x"])
    assert told(cascade(bought, segments=["a"]))[1][2] == "weakened"


def test_a_firm_takes_its_share_of_the_capacity_with_it() -> None:
    firms = pl.DataFrame(
        {
            "firm": ["big", "small", "only", "big"],
            "segment": ["a", "a", "b", "x"],
            "scale": [90.0, 10.0, None, 5.0],
        }
    )
    held = shares(firms)
    assert held.rows() == [("big", "a", 0.9), ("small", "a", 0.1), ("only", "b", 1.0), ("big", "x", 1.0)]
    chain = supply(("a", "y", 1.0, True), ("b", "y", 0.2, False), ("b", "z", 1.0, True), present="abxyz")
    lost = cascade(chain, firms=["big"], held=held)
    assert told(lost) == [(0, "a", "reduced", None), (0, "x", "removed", None), (1, "y", "falls", "share")]
    assert lost["capacity"].to_list() == pytest.approx([0.1, 0.0, 0.0])
    assert single_points(chain, held).select("firm", "sole", "falls").rows() == [
        ("only", ["b"], 1),
        ("big", ["x"], 1),
    ]


def test_shares_are_equal_where_the_scale_of_most_firms_is_unknown() -> None:
    firms = pl.DataFrame({"firm": [1, 2, 3], "segment": ["a"] * 3, "scale": [8.0, None, None]})
    assert shares(firms)["share"].to_list() == pytest.approx([1 / 3] * 3)


segments_ = st.sampled_from("abcdefgh")
supplies = st.lists(st.tuples(segments_, segments_, st.sampled_from([0.2, 0.5, 1.0]), st.booleans()), max_size=25).map(
    lambda rows: supply(*{(a, b): (a, b, w, e) for a, b, w, e in rows}.values(), present="abcdefgh")
)


@settings(max_examples=40, deadline=None)
@given(supplies, st.sets(segments_, max_size=3), st.sets(segments_, max_size=3))
def test_more_removed_more_falls_and_nothing_removed_changes_nothing(
    chain: Supply, some: set[str], more: set[str]
) -> None:
    assert cascade(chain).is_empty()
    gone = [set(cascade(chain, segments=s).filter(pl.col("capacity") <= 0)["segment"]) for s in (some, some | more)]
    assert some <= gone[0] <= gone[1]


@settings(max_examples=30, deadline=None)
@given(supplies)
def test_the_fall_of_each_counts_what_its_own_cascade_tells(chain: Supply) -> None:
    for row in fall_of_each(chain).iter_rows(named=True):
        alone = cascade(chain, segments=[row["segment"]])
        assert row["falls"] == alone.filter(pl.col("state") == "falls").height
        assert row["weakened"] == alone.filter(pl.col("state") == "weakened").height


@settings(max_examples=30, deadline=None)
@given(supplies, segments_)
def test_a_gentler_rule_lets_nothing_more_fall(chain: Supply, hit: str) -> None:
    gentle = Supply(chain.names, chain.weight, chain.essential, chain.total, Substitution(share=0.9))
    falls = [set(cascade(one, segments=[hit]).filter(pl.col("capacity") <= 0)["segment"]) for one in (gentle, chain)]
    assert falls[0] <= falls[1]


def test_the_most_critical_is_what_all_passes_through() -> None:
    rows = [("ore", "iron"), ("coal", "iron"), ("iron", "steel"), ("steel", "car"), ("steel", "pipe")]
    frame = edges(*rows).with_columns(weight=1.0, essential=pl.lit(value=True))
    ranked = criticality(frame, Supply.of(frame), ["ore", "coal"])
    assert ranked["segment"].to_list()[:2] == ["iron", "steel"]
    first = ranked.row(0, named=True)
    assert (first["through"], first["gate"], first["fall"]) == pytest.approx((1.0, 0.5, 0.5))
    assert first["criticality"] == pytest.approx(2 / 3)


def test_a_segment_that_the_place_does_not_have_cannot_fall() -> None:
    with pytest.raises(ValueError, match="gold"):
        cascade(supply(("ore", "iron", 1.0, True)), segments=["gold"])
