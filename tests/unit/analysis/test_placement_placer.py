"""Placing firms on a small chain: role, confidence, evidence; and what holds for any placer."""

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from lianpu.analysis.placement import Placer, naming, place_many

TAXONOMY = pl.DataFrame(
    [
        ("J", "建材", None, None),
        ("J1", "水泥", "J", "makes"),
        ("J2", "混凝土", "J", "makes"),
        ("J3", "门窗", "J", "makes"),
        ("J4", "建材流通", "J", "trades"),
        ("Z", "装备", None, None),
        ("Z1", "建材机械", "Z", "makes"),
        ("Z2", "设备检修", "Z", "serves"),
        ("Z3", "汽车", "Z", "makes"),
        ("Z4", "汽车零部件", "Z", "makes"),
        ("H", "农化研发", None, "researches"),
        ("H1", "农药", None, "makes"),
    ],
    schema=["code", "name", "parent", "filled_by"],
    orient="row",
)
PRODUCTS = pl.DataFrame(
    [
        ("水泥", "J1", 1.0),
        ("熟料", "J1", 1.0),
        ("商品混凝土", "J2", 1.0),
        ("预拌混凝土", "J2", 1.0),
        ("塑钢门窗", "J3", 1.0),
        ("水泥机械", "Z1", 1.0),
        ("设备维修", "Z2", 1.0),
        ("汽车", "Z3", 1.0),
        ("汽车配件", "Z4", 1.0),
        ("轮胎", "Z4", 1.0),
        ("配件", "Z4", 1.0),
        ("农药", "H1", 1.0),
        ("PVC管材", "J4", 1.0),
    ],
    schema=["product", "code", "weight"],
    orient="row",
)
PLACER = Placer.fit(TAXONOMY, PRODUCTS, None)


def place(
    scope: str | None, name: str | None = "某某有限公司", placer: Placer = PLACER
) -> dict[str, tuple[str, float]]:
    placed = placer.place(
        pl.DataFrame({"name": [name], "scope": [scope]}, schema={"name": pl.String, "scope": pl.String}), 9
    )
    return {row["code"]: (row["role"], row["score"]) for row in placed.iter_rows(named=True)}


def test_a_seller_is_not_a_maker() -> None:
    assert place("水泥、钢材销售")["J1"][0] == "trades"
    assert place("水泥生产、销售")["J1"][0] == "makes"
    assert place("农药零售")["H1"][0] == "trades"


@pytest.mark.parametrize(
    "scope", ["建材（不含水泥）销售", "建材销售，水泥除外", "除水泥外的建材生产", "混合料生产，不生产水泥"]
)
def test_what_is_excepted_does_not_count(scope: str) -> None:
    assert place(scope) == {}


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ("水泥设备制造", "J1"),
        ("水泥用磨机制造", "J1"),
        ("水泥包装袋生产", "J1"),
        ("水泥技术服务有限责任", "Z3"),
        ("汽车模具生产", "Z3"),
        ("汽车专用千斤顶生产", "Z3"),
        ("汽车检测仪生产", "Z3"),
        ("农药生产设备制造", "H1"),
        ("汽车配件制造", "Z3"),
        ("汽车示教器生产", "Z3"),
        ("水泥摊铺设备制造", "J1"),
        ("农药械制造", "H1"),
    ],
)
def test_a_product_before_another_head_noun_is_only_a_modifier(scope: str, code: str) -> None:
    assert code not in place(scope)


@pytest.mark.parametrize(
    "scope", ["水泥系列产品生产", "水泥（散装）生产", "水泥等的生产", "各类水泥生产", "硅酸盐水泥生产"]
)
def test_words_that_leave_the_product_what_it_is(scope: str) -> None:
    assert place(scope)["J1"][0] == "makes"
    assert place(scope)["J1"][1] > 0.5


def test_what_a_product_is_made_from_is_not_made() -> None:
    assert place("利用水泥生产商品混凝土").get("J1", ("", 0.0))[1] < 0.5 < place("利用水泥生产商品混凝土")["J2"][1]


def test_the_longer_product_is_meant() -> None:
    assert place("水泥机械制造").keys() == {"Z1"}


def test_another_thing_by_its_first_character() -> None:
    assert place("废水泥加工").get("J1", ("", 0.0))[1] < 0.2


def test_generic_words_do_not_decide() -> None:
    assert place("配件生产")["Z4"][1] < 0.2 < 0.5 < place("轮胎生产")["Z4"][1]


def test_more_evidence_makes_surer() -> None:
    one, two = place("水泥生产")["J1"][1], place("水泥、熟料生产")["J1"][1]
    assert one < two <= 1


def test_the_name_supports_and_speaks_alone() -> None:
    assert place("水泥生产", "某某水泥有限公司")["J1"][1] > place("水泥生产")["J1"][1]
    assert place("凭许可证经营", "某某水泥厂")["J1"][0] == "makes"
    assert place("建材销售", "某某水泥有限公司")["J1"][0] == "trades"
    assert place("机械制造", "某某水泥机械有限公司").keys() == {"Z1"}


def test_only_a_works_makes_what_it_lists_beside_what_it_says_it_makes() -> None:
    scope = "塑钢门窗制造；熟料"
    assert place(scope, "某某铝业有限公司")["J1"][0] == "trades"
    assert place(scope, "某某铝制品厂")["J1"][0] == "makes"


def test_a_deed_without_a_word_is_done_and_not_sold() -> None:
    foundry = Placer.fit(
        TAXONOMY, PRODUCTS.vstack(pl.DataFrame([("铸造", "Z1", 1.0)], schema=PRODUCTS.schema, orient="row"))
    )
    assert place("轮胎销售；铸造", "某某机械有限公司", foundry)["Z1"][0] == "makes"
    assert place("轮胎销售；铸造", "某某商贸有限公司", foundry)["Z1"][0] == "makes"
    assert place("铸造、销售", "某某有限公司", foundry)["Z1"][0] == "makes"


def test_what_stands_before_a_firm_s_own_produce_is_made() -> None:
    assert place("配件，水泥，销售自产产品")["J1"][0] == "makes"
    assert place("经营自产产品的出口和生产所需的水泥")["J1"][0] == "trades"


def test_software_that_is_developed_is_a_product_and_on_a_list_of_goods_tells_nothing() -> None:
    coder = Placer.fit(
        TAXONOMY, PRODUCTS.vstack(pl.DataFrame([("软件", "Z1", 1.0)], schema=PRODUCTS.schema, orient="row"))
    )
    assert place("软件的开发", placer=coder)["Z1"][0] == "makes"
    assert place("软件的开发", placer=coder)["Z1"][1] > 0.5 > 0.2 > place("轮胎、软件销售", placer=coder)["Z1"][1]


def test_goods_made_for_a_segment_of_services_are_made() -> None:
    workshop = Placer.fit(
        TAXONOMY, PRODUCTS.vstack(pl.DataFrame([("检修配件", "Z2", 1.0)], schema=PRODUCTS.schema, orient="row"))
    )
    assert place("检修配件制造", placer=workshop)["Z2"][0] == "makes"


def test_what_is_sold_and_serviced_is_on_sale() -> None:
    assert place("汽车的销售、维修")["Z3"][0] == "trades"


def test_an_activity_far_from_its_goods_says_less() -> None:
    near, far = "水泥的生产、销售", "水泥、" + "、".join("甲乙丙丁戊己庚辛壬癸子丑寅卯") + "的生产、销售"
    assert place(far)["J1"][1] < place(near)["J1"][1]


def test_the_name_says_less_where_the_scope_states_what_else_is_made() -> None:
    assert place("塑钢门窗生产", "某某水泥厂")["J1"][1] < place("机械制造", "某某水泥厂")["J1"][1]


def test_unstated_counts_less_than_stated() -> None:
    assert place("水泥")["J1"][1] < place("水泥", "某某水泥厂")["J1"][1]
    assert place("水泥")["J1"][1] < place("水泥销售")["J1"][1]


def test_the_role_that_fills_a_segment_ranks_first_but_the_role_is_reported_as_found() -> None:
    scope = "设备维修；农药销售；商品混凝土生产"
    placed = PLACER.place(pl.DataFrame({"name": ["某某有限公司"], "scope": [scope]}), top_k=9)
    roles = dict(placed.select("code", "role").iter_rows())
    assert roles == {"Z2": "serves", "H1": "trades", "J2": "makes"}
    assert set(placed["code"][:2]) == {"Z2", "J2"}


@pytest.mark.parametrize(("scope", "name"), [("", ""), (None, None), ("餐饮服务；物业管理", "某某酒店"), ("…", "（）")])
def test_firms_with_nothing_of_ours_get_no_row(scope: str | None, name: str | None) -> None:
    assert place(scope, name) == {}


def test_evidence_points_into_the_original_text() -> None:
    scope, name = "生产、销售：ｐｖｃ管材【含配件】；水泥　制造", "某某水泥厂"
    placed = PLACER.place(pl.DataFrame({"name": [name], "scope": [scope]}), top_k=9)
    spans = {
        row["code"]: [(span["text"], span["activity"], span["source"]) for span in row["evidence"]]
        for row in placed.iter_rows(named=True)
    }
    assert spans["J4"] == [("ｐｖｃ管材", "makes+trades", "scope")]
    assert spans["J1"] == [("水泥", "makes", "scope"), ("水泥", "unstated", "name")]
    for row in placed.iter_rows(named=True):
        for span in row["evidence"]:
            text = {"scope": scope, "name": name}[span["source"]]
            assert text[span["start"] : span["end"]] == span["text"]


WORDS = st.sampled_from(
    re.findall("[^|]+", "水泥|熟料|商品混凝土|汽车|配件|轮胎|农药|生产|销售|维修|研发|、|，|；|（不含|）|的|设备|除外")
)
FIRMS = st.lists(
    st.tuples(
        st.sampled_from(["某某水泥厂", "某某商贸有限公司", "某某公司", ""]), st.lists(WORDS, max_size=14).map("".join)
    ),
    max_size=8,
)


@settings(deadline=None)
@given(FIRMS, st.integers(1, 4))
def test_rows_ranks_and_scores_are_what_they_say(firms: list[tuple[str, str]], top_k: int) -> None:
    frame = pl.DataFrame(firms, schema={"name": pl.String, "scope": pl.String}, orient="row")
    placed = PLACER.place(frame, top_k)
    assert placed.select("row", "code").is_unique().all()
    assert placed["row"].is_sorted()
    assert placed["score"].is_between(0, 1, closed="right").all()
    assert placed["row"].is_in(range(frame.height)).all()
    for _, ranks in placed.group_by("row"):
        assert ranks["rank"].to_list() == list(range(1, ranks.height + 1))
        assert ranks.height <= top_k
    assert placed["evidence"].list.len().gt(0).all()


@settings(deadline=None)
@given(FIRMS)
def test_a_firm_is_placed_the_same_alone_and_in_company(firms: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame(firms, schema={"name": pl.String, "scope": pl.String}, orient="row")
    together = PLACER.place(frame)
    for row in range(frame.height):
        alone = PLACER.place(frame[row : row + 1])
        assert_frame_equal(together.filter(pl.col("row") == row).drop("row"), alone.drop("row"), check_exact=True)


@settings(deadline=None)
@given(
    FIRMS,
    st.sets(st.integers(0, PRODUCTS.height - 1)),
    st.sampled_from(["makes", "trades"]),
    st.sampled_from(["J", "Z"]),
)
def test_a_firm_that_names_no_changed_term_is_placed_as_before(
    firms: list[tuple[str, str]], left: set[int], filler: str, parent: str
) -> None:
    frame = pl.DataFrame(firms, schema={"name": pl.String, "scope": pl.String}, orient="row")
    taxonomy = TAXONOMY.with_columns(
        filled_by=pl.when(pl.col("code") == "J2").then(pl.lit(filler)).otherwise("filled_by"),
        parent=pl.when(pl.col("code") == "J2").then(pl.lit(parent)).otherwise("parent"),
    )
    later = Placer.fit(taxonomy, PRODUCTS[sorted(left)], None)
    terms = later.changed_terms(PLACER)
    assert terms is not None
    same = pl.Series(~naming(frame, terms)).arg_true()
    before, after = (placer.place(frame).filter(pl.col("row").is_in(same.implode())) for placer in (PLACER, later))
    assert_frame_equal(before, after, check_exact=True)


LABELLED = pl.DataFrame(
    {
        "name": [f"第{number}厂" for number in range(24)],
        "scope": ["生料煅烧与粉磨", "窑外分解旋窑", "搅拌站泵送", "骨料拌合泵送", "橡胶硫化成型", "汽车座椅总成"] * 3
        + ["住宿餐饮", "物业管理", "房屋中介"] * 2,
        "code": ["J1", "J1", "J2", "J2", "Z4", "Z4"] * 3 + [None] * 6,
    }
)
LEARNED = Placer.fit(TAXONOMY, PRODUCTS, LABELLED)


def test_labelled_firms_teach_words_that_no_product_list_has() -> None:
    placed = LEARNED.place(pl.DataFrame({"name": ["某厂"], "scope": ["旋窑煅烧"]}), top_k=1)
    assert placed["code"].to_list() == ["J1"]
    assert PLACER.place(pl.DataFrame({"name": ["某厂"], "scope": ["旋窑煅烧"]})).is_empty()


def test_firms_labelled_as_none_of_ours_teach_that_too() -> None:
    placed = LEARNED.place(pl.DataFrame({"name": ["第9厂"], "scope": ["餐饮住宿"]}))
    assert placed.is_empty()


def test_with_a_text_model_every_firm_may_be_placed_otherwise() -> None:
    assert LEARNED.changed_terms(PLACER) is None
    assert PLACER.changed_terms(PLACER) == []


def test_confidences_of_the_learned_placer_are_chances() -> None:
    placed = LEARNED.place(pl.DataFrame({"name": ["某厂", ""], "scope": ["水泥生产，泵送", ""]}), top_k=20)
    assert placed["row"].unique().to_list() == [0]
    assert placed["score"].is_between(0, 1, closed="right").all()
    assert placed.filter(pl.col("rank") == 1)["score"].to_list() == [placed["score"].max()]


@pytest.mark.parametrize("placer", [PLACER, LEARNED], ids=["lexical", "learned"])
def test_a_saved_placer_is_the_same_placer(placer: Placer, tmp_path: Path) -> None:
    frame = pl.DataFrame({"name": ["某某水泥厂", "某店"], "scope": ["水泥生产", "轮胎零售、汽车配件销售"]})
    placer.save(tmp_path / "one")
    again = Placer.load(tmp_path / "one")
    again.save(tmp_path / "two")
    assert again.version == placer.version
    assert_frame_equal(again.place(frame), placer.place(frame), check_exact=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_same_inputs_same_bits(tmp_path: Path) -> None:
    for path in ("one", "two"):
        Placer.fit(TAXONOMY.sample(fraction=1, shuffle=True, seed=1), PRODUCTS.reverse(), LABELLED).save(
            tmp_path / path
        )
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_version_follows_every_input() -> None:
    versions = {
        PLACER.version,
        LEARNED.version,
        Placer.fit(TAXONOMY, PRODUCTS[1:], None).version,
        Placer.fit(TAXONOMY, PRODUCTS.with_columns(weight=pl.lit(0.5)), None).version,
        Placer.fit(TAXONOMY.drop("filled_by"), PRODUCTS, None).version,
        Placer.fit(TAXONOMY, PRODUCTS, LABELLED[1:]).version,
    }
    assert len(versions) == 6
    assert Placer.fit(TAXONOMY, PRODUCTS, None).version == PLACER.version


def test_processes_do_not_change_the_answer() -> None:
    frame = pl.DataFrame({"name": ["某某水泥厂", "某店"] * 30, "scope": ["水泥生产", "轮胎零售、汽车配件销售"] * 30})
    assert_frame_equal(place_many(PLACER, frame, processes=2), PLACER.place(frame), check_exact=True)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["J1", "Z4", "H1"]), st.sampled_from(["水泥", "轮胎", "农药", "新词汇"]))
def test_a_weight_tells_how_far_a_product_speaks_for_a_segment(code: str, product: str) -> None:
    scores = []
    for weight in (0.2, 0.6, 1.0):
        products = pl.DataFrame({"product": [product], "code": [code], "weight": [weight]})
        scores.append(place(f"{product}生产", placer=Placer.fit(TAXONOMY, products, None))[code][1])
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]


def test_a_product_of_two_segments_is_found_for_both_and_tells_less_of_each() -> None:
    products = pl.DataFrame(
        {"product": ["水泥", "水泥", "熟料"], "code": ["J1", "J2", "J1"], "weight": [1.0, 1.0, 1.0]}
    )
    found = place("水泥生产", placer=Placer.fit(TAXONOMY, products, None))
    assert found.keys() == {"J1", "J2"}
    assert found["J1"][1] < PLACER.place(pl.DataFrame({"name": [""], "scope": ["水泥生产"]}))["score"][0]


@pytest.mark.parametrize(
    ("taxonomy", "products", "labelled", "message"),
    [
        (TAXONOMY.drop("parent"), PRODUCTS, None, "分类表缺列 parent"),
        (pl.concat([TAXONOMY, TAXONOMY]), PRODUCTS, None, "出现了不止一次"),
        (TAXONOMY.with_columns(filled_by=pl.lit("sells")), PRODUCTS, None, "sells"),
        (TAXONOMY, PRODUCTS.with_columns(code=pl.lit("X9")), None, "X9"),
        (TAXONOMY, PRODUCTS.drop("weight"), None, "产品表缺列 weight"),
        (TAXONOMY, PRODUCTS, LABELLED.with_columns(code=pl.lit("X9")), "标注表代码“X9”"),
    ],
)
def test_faulty_inputs_are_named(
    taxonomy: pl.DataFrame, products: pl.DataFrame, labelled: pl.DataFrame | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Placer.fit(taxonomy, products, labelled)


def test_a_file_that_is_no_placer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(ValueError, match="不是挂链模型文件"):
        Placer.load(tmp_path / "x")
