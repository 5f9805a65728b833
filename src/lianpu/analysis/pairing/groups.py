"""Firms that belong together by their names: branches of one head, and firms of one brand in several places.

青岛海信电器股份有限公司 and 海信（甘肃）电器有限公司 say in their names that they belong together; registers of shares, which
would say it for certain, are not at hand. What a name cannot say is in ``docs/methods/pairing.md``.
"""

from collections.abc import Collection

import polars as pl

from lianpu.analysis.coverage import check_columns

_FORM = (
    r"(?:集团)?(?:有限责任公司|股份有限公司|股份公司|有限公司|集团公司|总公司|公司|集团|总厂|厂|研究院|研究所|合作社)$"
)
_DIVISION = r"(?:省|市|地区|自治区|壮族自治区|回族自治区|维吾尔自治区)?"
# Of a branch the head: the shortest beginning that is a whole name, where more follows.
_HEAD = r"^(.{2,}?(?:有限责任公司|股份有限公司|股份公司|有限公司|集团公司|总公司|公司|总厂))(?:.+)$"
BRANCH = r"分公司|分厂|分店|分部|分院|分社|支行|支公司|营业部|经营部|经销部|销售部|门市|办事处|代表处|联络处|加油站|服务站|项目部"
_BRACKETS = r"[（(][^（）()]*[）)]"
# More cores than these begin with the same two characters: an ordinary word, no brand.
COMMON_BEGINNING = 12
LEAST_CORE = 4
_ORDINAL = r"^第?[一二三四五六七八九十]"


def groups(firms: pl.DataFrame, places: Collection[str] = ()) -> pl.DataFrame:
    """Which firms belong together: (firm, head, branch, brand), one row a firm in its order.

    ``firms``: (firm, name), one row a firm, names not null; ``places``: place names that may stand before a brand (甘肃,
    兰州), with or without 省 and 市. ``head``: the whole name, of a branch that of its head: one head is certainly one
    firm. ``brand``: the head without places, brackets and legal form, where that is at least four characters, begins
    with two that few names begin with and is no ordinal; else null. One brand is likely one group, to be looked at.
    """
    check_columns(firms, ("firm", "name"), "firms")
    short = {word.removesuffix("省").removesuffix("市") for word in places}
    words = sorted((word for word in short if len(word) >= 2), key=lambda word: (-len(word), word))
    place = rf"^(?:(?:{'|'.join(words)}){_DIVISION})+" if words else r"^$"
    name = pl.col("name").str.replace_all("（", "(").str.replace_all("）", ")")
    named = firms.select("firm", name=name).with_columns(
        head=pl.when(pl.col("name").str.contains(BRANCH))
        .then(pl.coalesce(pl.col("name").str.extract(_HEAD), "name"))
        .otherwise("name")
    )
    core = pl.col("head").str.replace_all(_BRACKETS, "").str.replace(place, "").str.replace(_FORM, "")
    cores = named.select("head").unique().with_columns(core=core)
    begun = (
        cores.select("core")
        .unique()
        .group_by(beginning=pl.col("core").str.slice(0, 2))
        .agg(ordinary=pl.len() > COMMON_BEGINNING)
    )
    brands = cores.join(begun, left_on=pl.col("core").str.slice(0, 2), right_on="beginning").filter(
        ~pl.col("ordinary") & (pl.col("core").str.len_chars() >= LEAST_CORE) & ~pl.col("core").str.contains(_ORDINAL)
    )
    return named.join(brands.select("head", brand="core"), on="head", how="left", maintain_order="left").select(
        "firm", "head", "brand", branch=pl.col("name") != pl.col("head")
    )
