"""China's national tables as the Bureau of Statistics publishes them, and the 39 sectors that all of them share.

The sector list changes with almost every table (122 sectors in 2002, 135 in 2007, … 153 in 2020, 41 or 42 in the short
ones). ``COMMON`` names the common sectors; ``CONCORDANCE`` says of every table which of its codes go into which. It is
our work, from the names of the sectors. Where it cannot be exact:

* social security stands with health in 2002–2010 and is moved there in the long tables since 2012; in the short tables
  since 2015 it cannot be told from public administration
* office machinery stands with instruments, except in the short tables since 2015, which count it as machinery
* craft products stand with other manufacturing, except in 2012 and 2015, which do not tell them from stationery
"""

from collections.abc import Iterator

import polars as pl

from lianpu.analysis.linkage.comparing import aggregate
from lianpu.analysis.linkage.table import Table

COMMON = (
    *(
        "农林牧渔",
        "煤炭采选",
        "石油天然气开采",
        "金属矿采选",
        "非金属矿采选",
        "食品烟草",
        "纺织",
        "服装皮革",
        "木材家具",
    ),
    *(
        "造纸印刷文教",
        "石油炼焦核燃料",
        "化学",
        "非金属矿物制品",
        "金属冶炼压延",
        "金属制品",
        "通用专用设备",
        "交通运输设备",
    ),
    *(
        "电气机械",
        "电子通信设备",
        "仪器仪表办公机械",
        "其他制造与废品",
        "电力热力",
        "燃气",
        "水",
        "建筑",
        "运输仓储邮政",
    ),
    *("信息软件", "批发零售", "住宿餐饮", "金融", "房地产", "租赁商务", "科研技术服务", "水利环境公共设施", "居民服务"),
    *("教育", "卫生社会保障", "文化体育娱乐", "公共管理"),
)

# One entry a common sector, in the order of COMMON: the codes of the table that go into it.
CONCORDANCE = {
    "2002_122": (
        "1-6 7 8 9-10 11-12 13-22 23-27 28-29 30-31 32-35 36-37 38-48 49-53 54-59 60 61-65 66-70 71-73 74-79 80-81 "
        "82-84 85 86 87 88 89-98 99-100 101 102-103 104-105 106 107-109 110-112 113-114 115 116 117-118 119-121 122"
    ),
    "2005_42": (
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21-22 23 24 25 26 27-28 29 30 31 32 33 34 35-36 37 38 39 "
        "40 41 42"
    ),
    "2007_135": (
        "1-5 6 7 8-9 10 11-24 25-29 30-31 32-33 34-36 37-38 39-49 50-56 57-62 63 64-72 73-76 77-81 82-87 88-89 90-91 "
        "92 93 94 95 96-104 105-107 108 109-110 111-112 113 114-116 117-120 121-123 124-125 126 127-129 130-134 135"
    ),
    "2010_41": (
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26-27 28 29 30 31 32 33 34-35 36 37 38 39 40 41"
    ),
    "2012_139": (
        "1-5 6 7 8-9 10-11 12-25 26-30 31-33 34-35 36-38 39-40 41-51 52-58 59-63 64 65-68,70-74 75-79 80-85 86-91 69,92 "
        "93-95 96 97 98 99-102 104-111 114-115 103 112-113 116-118 119 120-121 122-124 125-127 128-129 130 131-132,138 "
        "133-137 139"
    ),
    "2015_42": (
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16-17 18 19 20 21 22-24 25 26 27 28 30 32 29 31 33 34 35 36 37 38 39 40 41 42"
    ),
    "2017_42": (
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16-17 18 19 20 21 22-23 24 25 26 27 29 31 28 30 32 33 34 35-36 37 38 39 40 "
        "41 42"
    ),
    "2017_149": (
        "1-5 6 7 8-9 10-11 12-26 27-31 32-34 35-36 37-38,40 41-42 43-53 54-60 61-65 66 67-70,72-76 77-81 82-87 88-93 "
        "71,94 39,95-97 98 99 100 101-104 107-118 121-125 105-106 119-120 126-128 129 130-131 132-134 135-137 138-139 "
        "140 141-142,148 143-147 149"
    ),
    "2020_153": (
        "1-5 6 7 8-9 10-11 12-26 27-31 32-34 35-36 37-38,40 41-42 43-53 54-60 61-65 66 67-71,73-78 79-83 84-89 90-95 "
        "72,96 39,97-99 100 101 102 103-108 111-122 125-129 109-110 123-124 130-132 133 134-135 136-138 139-141 142-143 "
        "144 145-146,152 147-151 153"
    ),
}
CONCORDANCE["2020_42"] = CONCORDANCE["2017_42"]


def china_table(frame: pl.DataFrame) -> Table:
    """A national table from the Bureau's layout: columns Code, one a sector code, GO; sector rows before TII.

    Sectors are named by their code. Where rows stand twice by ``Origin`` (the non-competitive tables of 2017 and 2020)
    only the Domestic ones are flows. In the other tables flows hold imports too, so that linkages are those of
    technology, not of what the country itself supplies.
    """
    if not {"Code", "GO"} <= set(frame.columns):
        raise ValueError("不是国家投入产出表的格式：缺少 Code 或 GO 列")
    rows = frame.filter(pl.col("Origin") == "Domestic") if "Origin" in frame.columns else frame
    rows = rows.filter(pl.col("Code").str.contains(r"^\d+$"))
    codes = rows["Code"].to_list()
    if set(codes) - set(frame.columns):
        raise ValueError("不是国家投入产出表的格式：部门的行与列不对应")
    return Table.of(rows.select(codes).to_numpy(), rows["GO"].to_numpy(), codes)


def to_common(table: Table, which: str) -> Table:
    """``table`` in the common sectors; ``which`` is its key in ``CONCORDANCE``, year and number of sectors."""
    if which not in CONCORDANCE:
        raise ValueError(f"没有 {which} 的对照表，现有：{'、'.join(CONCORDANCE)}")
    width = len(table.names[0])
    into = {str(code).zfill(width): name for code, name in _pairs(CONCORDANCE[which])}
    if len(into) != len(table):
        raise ValueError(f"{which} 的对照表有 {len(into)} 个部门，而表有 {len(table)} 个")
    return aggregate(table, into, COMMON)


def _pairs(text: str) -> Iterator[tuple[int, str]]:
    """(code, common sector) of one entry of ``CONCORDANCE``."""
    for name, codes in zip(COMMON, text.split(), strict=True):
        for span in codes.split(","):
            first, _, last = span.partition("-")
            for code in range(int(first), int(last or first) + 1):
                yield code, name
