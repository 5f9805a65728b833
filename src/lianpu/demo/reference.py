"""The sample nation 示例对照: how many firms fill each segment elsewhere, invented by the rule of :mod:`plan`."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lianpu.chains.maps import ChainMap
from lianpu.demo.plan import NATION_FIRMS, nation_counts
from lianpu.demo.words import stream

if TYPE_CHECKING:
    import polars as pl

NAME = "示例对照"
MODEL = "sample"
BRANCH_EVERY, HEADS_EVERY = 20, 100
FIRST_YEAR, LAST_YEAR = 1985, 2020
_PROVINCES = (
    "广东14 江苏12 浙江11 山东10 河南7 四川6 河北6 湖北5 安徽5 福建5 上海4 湖南4 北京4 陕西4 辽宁4 江西3 重庆3 云南3 广西2 山西2 黑龙江2 吉林2 贵州2 "
    "新疆2 天津2 内蒙古2 甘肃2 海南1 宁夏1 青海1"
)
# Real names, invented firms; 兰州 itself is the sample city. Municipalities are cities of their own.
_CITIES = {
    "广东": "广州 深圳 佛山 东莞", "江苏": "苏州 南京 无锡 徐州", "浙江": "杭州 宁波 温州 绍兴", "山东": "青岛 济南 淄博 烟台",
    "河南": "郑州 洛阳 新乡", "四川": "成都 绵阳 攀枝花", "河北": "石家庄 唐山 邯郸", "湖北": "武汉 襄阳 宜昌", "安徽": "合肥 芜湖 马鞍山",
    "福建": "福州 厦门 泉州", "湖南": "长沙 株洲 岳阳", "陕西": "西安 宝鸡 榆林", "辽宁": "沈阳 大连 鞍山", "江西": "南昌 九江 鹰潭",
    "云南": "昆明 曲靖 红河", "广西": "南宁 柳州 桂林", "山西": "太原 大同 临汾", "黑龙江": "哈尔滨 大庆 齐齐哈尔", "吉林": "长春 吉林 通化",
    "贵州": "贵阳 遵义 六盘水", "新疆": "乌鲁木齐 克拉玛依 昌吉", "内蒙古": "呼和浩特 包头 鄂尔多斯", "甘肃": "天水 白银 金昌 嘉峪关",
    "海南": "海口 三亚", "宁夏": "银川 石嘴山", "青海": "西宁 海西",
}  # fmt: skip


def _cities(provinces: Sequence[str], chains: Sequence[str]) -> list[str]:
    """A city of its province for every firm: each city leans to some chains, so that their mixes differ."""
    chance, leaning = stream("reference", "cities"), {}
    found = []
    for province, chain in zip(provinces, chains, strict=True):
        names = _CITIES.get(province, "").split()
        if (province, chain) not in leaning:
            leaning[province, chain] = [stream("city", name, chain).lognormvariate(0, 0.9) for name in names]
        found.append(chance.choices(names, leaning[province, chain])[0] if names else "")
    return found


def _years(n: int) -> list[int]:
    """Invented years of founding, more of them the later."""
    rng = stream("years")
    return [FIRST_YEAR + int((LAST_YEAR + 1 - FIRST_YEAR) * rng.random() ** 0.5) for _ in range(n)]


def reference_frames(maps: Sequence[ChainMap]) -> tuple["pl.DataFrame", "pl.DataFrame", str]:
    """Firms (firm, name, uscc, province, city, year of founding), their placements (firm, segment, role, confidence), and a fingerprint.

    Every firm of the reference fills one segment; those beyond the sum of the counts stand outside every chain. Every
    twentieth is a branch of a firm some numbers before it, so that some firms reach over several provinces.
    """
    import polars as pl

    from lianpu.demo.words import shares

    counts = nation_counts(maps)
    roles = {leaf.code: leaf.filled_by for one in maps for leaf in one.leaves}
    provinces = stream("reference").choices(*shares(_PROVINCES), k=NATION_FIRMS)
    number = pl.int_range(1, NATION_FIRMS + 1, eager=True).cast(pl.Int64)
    branch = pl.col("firm") % BRANCH_EVERY == 0
    head = pl.when(branch).then(pl.col("firm") // HEADS_EVERY * HEADS_EVERY + 1).otherwise("firm").cast(pl.String)
    segments = [code for code, count in counts.items() for _ in range(count)][:NATION_FIRMS]
    outside = [""] * (NATION_FIRMS - len(segments))
    cities = _cities(provinces, [*(code.partition("-")[0] for code in segments), *outside])
    firms = pl.DataFrame({"firm": number, "province": pl.Series(provinces), "city": cities}).select(
        "firm",
        name=pl.concat_str(
            pl.lit("示例对照企业"),
            head.str.zfill(5),
            pl.lit("有限公司"),
            pl.when(branch).then(pl.col("province") + "分公司").otherwise(pl.lit("")),
        ),
        uscc=pl.lit(""),
        province="province",
        city="city",
        year=pl.Series(_years(NATION_FIRMS), dtype=pl.Int32),
    )
    placements = pl.DataFrame({"firm": number.head(len(segments)), "segment": segments}).with_columns(
        role=pl.col("segment").replace_strict(roles), confidence=pl.lit(1.0)
    )
    return firms, placements, hashlib.sha256(repr(sorted(counts.items())).encode()).hexdigest()
