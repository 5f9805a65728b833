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
_PROVINCES = (
    "广东14 江苏12 浙江11 山东10 河南7 四川6 河北6 湖北5 安徽5 福建5 上海4 湖南4 北京4 陕西4 辽宁4 江西3 重庆3 云南3 广西2 山西2 黑龙江2 吉林2 贵州2 "
    "新疆2 天津2 内蒙古2 甘肃2 海南1 宁夏1 青海1"
)


def reference_frames(maps: Sequence[ChainMap]) -> tuple["pl.DataFrame", "pl.DataFrame", str]:
    """Firms (firm, name, uscc, province, city), their placements (firm, segment, role, confidence), and a fingerprint.

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
    firms = pl.DataFrame({"firm": number, "province": pl.Series(provinces)}).select(
        "firm",
        name=pl.concat_str(
            pl.lit("示例对照企业"),
            head.str.zfill(5),
            pl.lit("有限公司"),
            pl.when(branch).then(pl.col("province") + "分公司").otherwise(pl.lit("")),
        ),
        uscc=pl.lit(""),
        province="province",
        city=pl.lit(""),
    )
    segments = [code for code, count in counts.items() for _ in range(count)][:NATION_FIRMS]
    placements = pl.DataFrame({"firm": number.head(len(segments)), "segment": segments}).with_columns(
        role=pl.col("segment").replace_strict(roles), confidence=pl.lit(1.0)
    )
    return firms, placements, hashlib.sha256(repr(sorted(counts.items())).encode()).hexdigest()
