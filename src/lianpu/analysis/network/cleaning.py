"""Cleaning of an imported product graph: recipes, containment of words, empty words, loops and reversed edges out.

Works on any graph in the form of the Chinese industry-chain knowledge graph: rows ``from, to, rel`` where ``rel`` says
what ``to`` is for ``from`` (上游材料 material, 下游产品 product, 产品小类 narrower kind). Every edge gets one verdict, the
first rule that speaks against it; nothing is repaired by guessing. The rules, their order and how they were measured on
hand-marked edges: ``docs/methods/network.md``.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from lianpu.analysis.coverage import check_columns

MATERIAL, PRODUCT, KIND = "上游材料", "下游产品", "产品小类"

# A word that names no goods: as an end of an edge it joins everything with everything.
EMPTY_WORDS = (
    r"^(?:材料|原材料|原料|主料|辅料|配料|调料|底料|填料|设备|装置|系统|子系统|产品|中间产品|半成品|制品|零件|部件|配件|元件|组件|构件|模块|主机|整机|管理|技术|服务|控制"
    r"|检测|测量|设计|平台|网络|软件|硬件|环境|工程|生物|分析|工具|固体|液体|气体|物质|成分|金属|矿物|外壳|结构|功能|项目|文化|指挥|导航|食品|药材|中药|中草药|药物|其他|大块"
    r"|小块|两只|经济|客户|数字|数据|信息|保温|输送|澄清|分类|应用|基础|教学)$"
)
# An amount, a measure or a scrap of a sentence: never the name of goods.
AMOUNT = (
    r"适量|少许|若干|少量|备用|毫升|^\d+$|\d(?:克|g|ml|个|只)|^(?:个|只|棵|根|颗|瓣|块|把|勺|匙|碗|袋|杯|盒|条)"
    r"|[一二两三四五六七八九十半几](?:个|只|棵|根|片|块|勺|匙|碗|袋|杯|盒|条|瓣|颗|把|张|包|瓶|斤|小块|大块)$|(?:个|只|棵|瓣|匙|勺)$|制$"
    r"|属于|具有|一些|多种|各种|所有|大小均匀|形成|等$|的|^含|^全?新鲜|^优质|^以|含量"
)
# What a kitchen makes: ends of dishes, and cooking words inside a name.
DISH = (
    r"(?:汤|粥|羹|煲|饺|饺子|馄饨|丸子|汤圆|粽子|馒头|包子|花卷|披萨|沙拉|寿司|布丁|慕斯|蛋挞|挞|派|蛋糕|面包|吐司|月饼|煎饼|馅饼|肉饼|蛋饼|烧卖|炒饭"
    r"|盖饭|焖面|拌面|汤面|炒面|肉丝|肉片|鸡丁|肉丁|排骨|鸡翅|鸡爪|牛肉|羊肉|猪肉|鸡肉|豆腐|土豆|白菜|茄子|萝卜|黄瓜|西兰花|菜花|菠菜|鱿鱼|鲍鱼|鲈鱼|虾仁|蘑菇|香菇"
    r"|杏鲍菇|金针菇|木耳|鸡蛋|咖喱|火锅|奶昔|奶茶|甜品|小炒|泡菜|卷饼)$"
    r"|炒|炖|焖|煎|凉拌|清蒸|红烧|干煸|爆|糖醋|酿|香辣|麻辣|酸辣|蒜蓉|焗|咖喱|卤|烩|拌"
)
SEASONING = (
    r"^(?:盐|食盐|精盐|白糖|白砂糖|细砂糖|冰糖|红糖|糖粉|生抽|老抽|酱油|料酒|黄酒|香油|味精|鸡精|蚝油|豆瓣酱|番茄酱|葱|大葱|葱花|小葱|姜|姜片|蒜|大蒜|蒜末|香菜|花椒|八角"
    r"|干辣椒|辣椒|青椒|红椒|胡椒粉|鸡蛋|蛋黄|蛋清|蛋白|黄油|淡奶油|奶油|低筋面粉|高筋面粉|低粉|高粉|泡打粉|酵母|糯米|糯米粉|江米|淀粉|五花肉|瘦肉|猪肉馅|肉馅|虾米|枸杞)$"
)
# What works make: machines, metals, chemicals, materials; medicines by their form.
WORKS = (
    r"(?:机|器|仪|泵|阀|炉|电池|电机|电缆|电路|轴承|轮胎|设备|装置|系统|装备|机床|车|船|钢|钢板|钢管|铁|铜|铝|锌|合金|树脂|纤维|塑料|橡胶|涂料|油漆|漆|玻璃|陶瓷"
    r"|水泥|混凝土|砂浆|砖|管|管材|板材|纤维板|薄膜|面料|织物|纱|布|鞋|帐篷|烯|烷|酯|醇|酮|胺|酸|碱|盐酸|硫酸|氧化\w|纯碱|剂|颜料|染料|化合物|聚合物|复合肥|尿素|胶囊"
    r"|口服液|颗粒|注射液|滴眼液|合剂|冲剂|软膏|贴膏|滴丸|糖浆|缓释片|分散片|含片|糖衣|疫苗|试剂|试纸|传感器|变压器|芯片|半导体|光纤|显示屏|模具|滤芯|活性炭|家具"
    r"|地板|门窗|支架|支柱|容器|焊条|润滑脂|沥青|汽油|柴油|煤|焦炭|原油|矿石|精矿|石墨|石膏)$|^(?:聚|氯化|氧化|硝酸|硫酸|碳酸|甲|乙|丙|丁|苯)"
)
SEED_WEIGHT, UNKNOWN_WEIGHT, ROUNDS = 8.0, 1.0, 40
# Above RECIPE a kitchen made it; above WORKLESS nothing around it speaks of works (0.5 is what is known of nothing).
RECIPE, WORKLESS = 0.5, 0.38


@dataclass(frozen=True)
class Cleaned:
    """``edges``: every row of the input in its order: from, to, rel, source, target (of the material flow; of a kind:
    wider, narrower), reason (null: kept, else the rule against it). ``kitchen``: (name, kitchen 0..1).
    """

    edges: pl.DataFrame
    kitchen: pl.DataFrame

    @property
    def flows(self) -> pl.DataFrame:
        """Kept material flows: source, target."""
        return self._kept(pl.col("rel") != KIND)

    @property
    def kinds(self) -> pl.DataFrame:
        """Kept kinds: source (wider), target (narrower)."""
        return self._kept(pl.col("rel") == KIND)

    def _kept(self, which: pl.Expr) -> pl.DataFrame:
        return self.edges.filter(pl.col("reason").is_null() & which).select("source", "target")


def clean(edges: pl.DataFrame, *, goods: Collection[str] = ()) -> Cleaned:
    """Judge every edge of ``edges`` (from, to, rel).

    ``goods``: names known to be industrial goods, for example the terms of chain maps: an edge between two of them is
    never taken for a recipe. Raises ``ValueError`` on missing columns, nulls and unknown relations.
    """
    check_columns(edges, ("from", "to", "rel"), "edges")
    edges = edges.select(pl.col("from", "to", "rel").cast(pl.String))
    if any(edges.null_count().row(0)):
        raise ValueError("edges: from, to and rel must stand in every row")
    if strange := set(edges["rel"].unique()) - {MATERIAL, PRODUCT, KIND}:
        raise ValueError(
            f"edges: unknown relation(s) {', '.join(sorted(strange))}; known are {MATERIAL} {PRODUCT} {KIND}"
        )
    kitchen = kitchen_scores(edges, goods=goods)
    score = dict(kitchen.iter_rows())
    known = pl.Series(sorted(goods), dtype=pl.String).implode()
    first, last = pl.col("from"), pl.col("to")
    used, user = pl.col("source"), pl.col("target")
    kind, material = pl.col("rel") == KIND, pl.col("rel") == MATERIAL
    frame = edges.with_columns(
        source=pl.when(material).then(last).otherwise(first), target=pl.when(material).then(first).otherwise(last)
    ).with_columns(
        heat=user.replace_strict(score, return_dtype=pl.Float64),
        both_known=used.is_in(known) & user.is_in(known),
        seen=pl.struct("source", "target", kind.alias("kind")).is_first_distinct(),
    )
    backward = frame.filter(~kind).select(source="target", target="source", backward=pl.lit(value=True)).unique()
    frame = frame.join(backward, on=["source", "target"], how="left", maintain_order="left").with_columns(
        pl.col("backward").fill_null(value=False) & ~kind
    )
    reason = (
        pl.when(first == last)
        .then(pl.lit("self-loop"))
        .when(~pl.col("seen"))
        .then(pl.lit("repeated"))
        .when(
            used.str.contains(EMPTY_WORDS)
            | user.str.contains(EMPTY_WORDS)
            | (used.str.len_chars() < 2) & ~used.is_in(known)
        )
        .then(pl.lit("empty word"))
        .when(used.str.contains(AMOUNT) | user.str.contains(AMOUNT))
        .then(pl.lit("amount"))
        .when((pl.col("heat") > RECIPE) & ~pl.col("both_known"))
        .then(pl.lit("recipe"))
        .when((pl.col("heat") > WORKLESS) & ~pl.col("both_known"))
        .then(pl.lit("no works around"))
        # The head of a Chinese compound stands last: 石油钻机 is a 钻机, 不锈钢牌 no 不锈钢; a polymer is no monomer.
        .when(
            kind
            & (
                ~last.str.ends_with(first) & ~(last.str.starts_with(first) & last.str.contains(r"[)）]$"))
                | last.str.starts_with("聚") & ~first.str.starts_with("聚")
            )
        )
        .then(pl.lit("containment only"))
        .when(~kind & user.str.ends_with(used))
        .then(pl.lit("kind, not material"))
        .when(~kind & (used.str.len_chars() > user.str.len_chars()) & used.str.starts_with(user))
        .then(pl.lit("reversed"))
        # Two goods cannot each be the other's material; 下游产品 is the curated side and wins against 上游材料.
        .when(pl.col("backward") & material)
        .then(pl.lit("two directions"))
    )
    return Cleaned(frame.select("from", "to", "rel", "source", "target", reason=reason), kitchen)


def kitchen_scores(edges: pl.DataFrame, *, goods: Collection[str] = ()) -> pl.DataFrame:
    """How much each name belongs to kitchens (1) rather than works (0): (name, kitchen).

    Names with a telling form are seeds; every name then takes the mean of its neighbours and its own seed, again and
    again (a regularised harmonic function; Zhu, Ghahramani & Lafferty 2003), so that a dish of unknown form is known by
    what goes into it.
    """
    names = pl.concat([edges["from"], edges["to"]]).unique().sort()
    name = pl.col("name")
    known = pl.Series([*sorted(goods)], dtype=pl.String).implode()
    seed = (
        names.to_frame("name")
        .select(
            pl.when(name.str.contains(SEASONING))
            .then(1.0)
            .when(name.is_in(known))
            .then(0.0)
            .when(name.str.contains(WORKS))
            .then(0.0)
            .when(name.str.contains(DISH))
            .then(1.0)
            .alias("seed")
        )
        .to_series()
    )
    weight = np.where(seed.is_null().to_numpy(), UNKNOWN_WEIGHT, SEED_WEIGHT)
    prior = seed.fill_null(0.5).to_numpy()
    i, j = names.search_sorted(edges["from"]).to_numpy(), names.search_sorted(edges["to"]).to_numpy()
    score = _settle(i, j, prior, weight)
    return pl.DataFrame({"name": names, "kitchen": score})


def _settle(
    i: npt.NDArray[np.uint32],
    j: npt.NDArray[np.uint32],
    prior: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    n = len(prior)
    joined = sparse.csr_matrix((np.ones(2 * len(i)), (np.concatenate([i, j]), np.concatenate([j, i]))), shape=(n, n))
    joined.data[:] = 1.0  # told twice is not meant twice
    total = weight + np.asarray(joined.sum(axis=1)).ravel()
    score = prior
    for _ in range(ROUNDS):
        score = (weight * prior + joined @ score) / total
    return np.asarray(score, float)


def edge_key(start: str, rel: str, end: str) -> str:
    """What a hand marking calls an edge: 16 hex digits of the SHA-256 of ``from|rel|to``, so that it quotes no row."""
    return hashlib.sha256(f"{start}|{rel}|{end}".encode()).hexdigest()[:16]


def agreement(cleaned: Cleaned, marks: pl.DataFrame) -> pl.DataFrame:
    """How far a cleaning agrees with hand markings: (relation, marked, wanted, kept, precision, recall), with a row 全部.

    ``marks``: (key, verdict keep or drop), keys by :func:`edge_key`. An edge counts as kept when what it says is: that
    of a repeated row stands in the row before it.
    """
    check_columns(marks, ("key", "verdict"), "marks")
    kind = (pl.col("rel") == KIND).alias("kind")
    said = ("source", "target", "kind")
    kept = cleaned.edges.filter(pl.col("reason").is_null()).select("source", "target", kind, kept=pl.lit(value=True))
    keys = [edge_key(*row) for row in cleaned.edges.select("from", "rel", "to").iter_rows()]
    judged = (
        cleaned.edges.with_columns(kind, key=pl.Series(keys, dtype=pl.String))
        .unique("key", maintain_order=True)
        .join(marks.select("key", wanted=pl.col("verdict") == "keep"), on="key")
        .join(kept.unique(), on=said, how="left")
        .with_columns(pl.col("kept").fill_null(value=False))
    )
    if judged.height != marks.height:
        raise ValueError(f"{marks.height - judged.height} marked edge(s) are not in the graph; is it another version?")
    both = (pl.col("kept") & pl.col("wanted")).sum()
    figures = (
        pl.len().alias("marked"),
        pl.col("wanted").sum(),
        pl.col("kept").sum(),
        (both / pl.col("kept").sum()).alias("precision"),
        (both / pl.col("wanted").sum()).alias("recall"),
    )
    every = judged.select(pl.lit("全部").alias("relation"), *figures)
    return pl.concat([judged.group_by(relation="rel").agg(*figures).sort("relation"), every])
