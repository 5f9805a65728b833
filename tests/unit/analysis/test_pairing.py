"""Who here sells what whom needs, and who elsewhere could fill a gap: ranks that follow from named parts."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianpu.analysis.pairing import (
    PairRules,
    Reference,
    TargetRules,
    explain_pair,
    explain_target,
    groups,
    pairs,
    targets,
)

SEGMENTS = pl.DataFrame(
    {"code": ["steel", "pump", "valve", "shop"], "filled_by": ["makes", "makes", "makes", "trades"]}
)
EDGES = pl.DataFrame(
    {"source": ["steel", "steel", "valve"], "target": ["pump", "valve", "pump"], "weight": [1.0, 0.5, 0.8]}
)
PLACED = {
    "firm": pl.Int64, "segment": pl.String, "role": pl.String, "confidence": pl.Float64, "province": pl.String,
    "city": pl.String, "district": pl.String, "zone": pl.String, "scale": pl.Float64,
}  # fmt: skip


def placed(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {"role": "makes", "confidence": 1.0, "province": "62", "city": "6201", "district": None, "zone": None}
    return pl.DataFrame([usual | {"scale": None} | row for row in rows], schema=PLACED)


# -- here ----------------------------------------------------------------------------------------------------------


def test_a_supplier_meets_the_users_of_his_segment_the_nearest_and_neediest_first() -> None:
    firms = placed(
        {"firm": 1, "segment": "steel", "zone": "Z", "district": "D", "scale": 100.0},
        {"firm": 2, "segment": "pump", "zone": "Z", "district": "D", "scale": 1000.0},
        {"firm": 3, "segment": "pump", "district": "D"},
        {"firm": 4, "segment": "valve", "zone": "Z", "district": "E", "scale": 100.0},
        {"firm": 5, "segment": "shop", "role": "trades"},
    )
    found = pairs("steel", firms, SEGMENTS, EDGES)
    assert found.select("supplier", "buyer", "shared").rows() == [(1, 2, "zone"), (1, 3, "district"), (1, 4, "zone")]
    first = found.row(0, named=True)
    assert (first["fit"], first["near"], first["sure"], first["scale"]) == pytest.approx((1.0, 1.0, 1.0, 0.5))
    assert first["score"] == pytest.approx(0.35 + 0.25 + 0.25 + 0.075)
    assert sum(line["points"] for line in explain_pair(first)) == pytest.approx(first["score"])


def test_who_makes_it_himself_or_only_sells_it_is_no_partner() -> None:
    firms = placed(
        {"firm": 1, "segment": "steel"},
        {"firm": 2, "segment": "steel"},
        {"firm": 2, "segment": "pump"},
        {"firm": 3, "segment": "steel", "role": "trades"},
        {"firm": 4, "segment": "pump"},
        {"firm": 5, "segment": "pump", "confidence": 0.4},
    )
    found = pairs("steel", firms, SEGMENTS, EDGES)
    assert sorted(found.select("supplier", "buyer").rows()) == [(1, 4), (2, 4)]
    assert pairs("steel", firms, SEGMENTS, EDGES, linked=[(1, 4)]).select("supplier", "buyer").rows() == [(2, 4)]


def test_nobody_here_or_no_need_gives_no_pair() -> None:
    assert pairs("pump", placed({"firm": 1, "segment": "pump"}), SEGMENTS, EDGES).is_empty()
    assert pairs("steel", placed({"firm": 1, "segment": "pump"}), SEGMENTS, EDGES).is_empty()


def test_no_firm_fills_the_list_alone() -> None:
    firms = placed({"firm": 0, "segment": "steel"}, *({"firm": n, "segment": "pump"} for n in range(1, 30)))
    assert pairs("steel", firms, SEGMENTS, EDGES, rules=PairRules(each=3)).height == 3


rows_ = st.lists(
    st.fixed_dictionaries(
        {
            "firm": st.integers(1, 12),
            "segment": st.sampled_from(["steel", "pump", "valve"]),
            "confidence": st.sampled_from([0.4, 0.6, 1.0]),
            "district": st.sampled_from(["D", "E", None]),
            "scale": st.sampled_from([None, 1.0, 100.0]),
        }
    ),
    max_size=15,
    unique_by=lambda row: (row["firm"], row["segment"]),
)


@settings(max_examples=40, deadline=None)
@given(rows_)
def test_every_pair_is_a_supplier_and_a_user_its_score_in_order_and_the_sum_of_its_parts(rows: list[Any]) -> None:
    firms = placed(*rows)
    found = pairs("steel", firms, SEGMENTS, EDGES)
    makers = set(firms.filter((pl.col("segment") == "steel") & (pl.col("confidence") >= 0.5))["firm"])
    for row in found.iter_rows(named=True):
        assert row["supplier"] in makers
        assert row["buyer"] not in makers
        assert 0 <= row["score"] <= 1
        assert row["score"] == pytest.approx(sum(line["points"] for line in explain_pair(row)))
    assert found["score"].is_sorted(descending=True)
    assert found.equals(pairs("steel", firms.sample(fraction=1, shuffle=True, seed=1), SEGMENTS, EDGES))


# -- groups --------------------------------------------------------------------------------------------------------


def test_branches_have_their_head_and_brands_stand_behind_places() -> None:
    names = [
        "甲骨水泵股份有限公司",
        "甲骨水泵股份有限公司兰州分公司",
        "兰州甲骨水泵有限公司",
        "甲骨水泵（甘肃）有限公司",
        "甘肃省第一建筑工程公司",
    ]
    frame = pl.DataFrame({"firm": range(len(names)), "name": names})
    found = groups(frame, ["甘肃", "兰州市"])
    assert found["head"].to_list()[:2] == ["甲骨水泵股份有限公司"] * 2
    assert found["branch"].to_list() == [False, True, False, False, False]
    assert found["brand"].to_list() == ["甲骨水泵"] * 4 + [None]


def test_an_ordinary_word_is_no_brand() -> None:
    names = [f"建筑{word}有限公司" for word in "甲乙丙丁戊己庚辛壬癸子丑寅"]
    frame = pl.DataFrame({"firm": range(13), "name": [name.replace("建筑", "建筑工程") for name in names]})
    assert groups(frame)["brand"].null_count() == 13


# -- elsewhere -----------------------------------------------------------------------------------------------------

FIRMS = {
    1: ("远方水泵股份有限公司", "浙江", "杭州"),
    2: ("近处水泵有限公司", "陕西", "西安"),
    3: ("近处水泵有限公司兰州分公司", "甘肃", "兰州"),
    4: ("远方水泵股份有限公司沈阳分公司", "辽宁", "沈阳"),
    5: ("张三水泵经营部", "浙江", "杭州"),
    6: ("钢城机械有限公司", "浙江", "宁波"),
    7: ("本地钢铁有限公司", "甘肃", "兰州"),
}


def reference(rules: TargetRules | None = None) -> Reference:
    rows = [
        (1, "pump", "makes", 0.9), (2, "pump", "makes", 0.9), (4, "pump", "trades", 0.9), (5, "pump", "makes", 0.9),
        (6, "pump", "makes", 0.9), (6, "valve", "makes", 0.9), (7, "steel", "makes", 0.9), (1, "shop", "trades", 0.3),
    ]  # fmt: skip
    placements = pl.DataFrame(
        [(firm, FIRMS[firm][0], segment, role, sure, *FIRMS[firm][1:]) for firm, segment, role, sure in rows],
        schema=["firm", "name", "segment", "role", "confidence", "province", "city"],
        orient="row",
    )
    every = pl.DataFrame(
        [(n, *facts) for n, facts in FIRMS.items()], schema=["firm", "name", "province", "city"], orient="row"
    )
    return Reference.of(placements, every, rules=rules)


LOCAL = pl.DataFrame({"firm": [7], "name": ["本地钢铁有限公司"], "segment": ["steel"]})


def found_targets(**how: Any) -> pl.DataFrame:
    return targets(["pump"], reference(), SEGMENTS, EDGES, LOCAL, home=["甘肃", "兰州"], **how)


def test_targets_are_bodies_elsewhere_that_do_what_the_segment_asks_for() -> None:
    assert set(found_targets()["name"]) == {"远方水泵股份有限公司", "近处水泵有限公司", "钢城机械有限公司"}
    assert "近处水泵有限公司" not in found_targets(known=["近处水泵有限公司"])["name"]


def test_each_part_says_what_it_stands_on() -> None:
    rows = {
        row["name"]: row
        for row in found_targets(words=pl.DataFrame({"segment": ["pump"], "term": ["水泵"]})).to_dicts()
    }
    far, near, steel = (rows[name] for name in ("远方水泵股份有限公司", "近处水泵有限公司", "钢城机械有限公司"))
    assert far["reach"] == pytest.approx(0.8 * 0.5 + 0.2)
    assert far["provinces"] == 2
    assert near["group"] == 1.0
    assert near["here"] == ["近处水泵有限公司兰州分公司"]
    assert (steel["own"], steel["neighbours"]) == (["valve"], ["steel"])
    assert steel["ties"] == pytest.approx(0.25 / 2.25)
    assert far["ties"] == 0.0
    assert far["fit"] == pytest.approx(0.9)
    assert steel["fit"] == pytest.approx(0.9 * (0.6 + 0.075))
    for row in rows.values():
        assert row["score"] == pytest.approx(sum(line["points"] for line in explain_target(row)))


def test_lists_are_short_and_mixed() -> None:
    short = targets(
        ["pump", "valve"], reference(TargetRules(top=2, a_province=1)), SEGMENTS, EDGES, LOCAL, home=["甘肃"]
    )
    assert short.filter(pl.col("segment") == "pump")["rank"].to_list() == [1, 2]
    assert short.filter(pl.col("segment") == "pump")["province"].is_duplicated().sum() == 0
    assert short.filter(pl.col("segment") == "valve")["name"].to_list() == ["钢城机械有限公司"]


def test_a_gap_that_nobody_makes_has_no_targets() -> None:
    assert targets(["shop"], reference(), SEGMENTS, EDGES, LOCAL, home=["甘肃"]).is_empty()


def test_weights_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        TargetRules(fit=0.9)
    with pytest.raises(ValueError, match="sum to 1"):
        PairRules(fit=0.9)
