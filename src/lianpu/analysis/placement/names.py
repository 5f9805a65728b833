"""What a firm's name says of its activity: 水泥厂 makes, 水泥经销部 trades, 水泥研究院 researches."""

from __future__ import annotations

import numpy as np
import polars as pl

from lianpu.analysis.placement.lexicon import MAKES, RESEARCHES, SERVES, TRADES

_HINTS: dict[int, str] = {
    MAKES: "总厂 分厂 工厂 厂 制造 制品 工业 矿业 冶炼 冶金 煤矿 煤业 铁矿 铜矿 金矿 铅锌矿 锰矿 石矿 矿山 矿厂 选矿 铸造 锻造 加工 生产 制药 酒业 酿酒 化纤 纺织 造纸 纸业 铝业 铜业 钢铁 机械 机床 电机 农场 牧场 养殖 种植 林场 发电厂 发电公司 发电有限 发电集团 电厂 热电 水电 电站 炼油 酿造 制衣 印染 农牧",
    TRADES: (
        "商贸 贸易 经贸 工贸 外贸 商行 商店 商场 商城 商厦 门市部 门市 经营部 经销部 经销处 经销 销售 营销 批发 零售 超市 药店 药房 大药房 加油站 加油城 加气站 便利店 专卖店 专营店 连锁店 分店 总店 购物 百货 供销 供销社 供销合作社 生产资料 "
        "物资 农资 市场 采购 收购站 收购 代销 进出口 展销 营业部 营业厅 工业品 综合部 销售点 农家店 柜台 专柜 回收 商业 家具店 五金店 建材店 服装店 粮油店 水果店 农资店 鞋店 灯具店 玻璃店 电器店 饲料店 种子店 副食店 食品店 零售店 加盟店 直营店 旗舰店 文具店 眼镜店 茶叶店 烟酒店 杂货店 小卖部"
    ),
    SERVES: "服务 服务部 服务站 服务中心 维修 修理 修配 汽修 运输 物流 货运 储运 仓储 咨询 设计 安装 工程 检测 租赁 装饰 装潢 施工 建筑 建设 银行 保险 邮政 酒店 宾馆 饭店 旅行社 物业 广告 信用社 分理处 支行 投资 管理 电信 通信 联通 房地产 置业",
    RESEARCHES: "研究院 研究所 研究中心 科研 研发",
}
_ROLE_OF = {word: role for role, text in _HINTS.items() for word in text.split()}
#: The last word of the name decides: 某某水泥厂销售部 trades.
_LAST = "^.*(" + "|".join(sorted(_ROLE_OF, key=lambda word: (-len(word), word))) + ")"
#: A place that keeps contact or members, and does none of the firm's work.
_IDLE = "办事处|联络处|代表处|工会|党委|委员会$"


def hints(names: pl.Series) -> np.ndarray:
    """Role bit told by each name (uint8, 0 = the name does not say). Null names say nothing."""
    roles = pl.DataFrame(
        {"word": list(_ROLE_OF), "role": list(_ROLE_OF.values())}, schema={"word": pl.String, "role": pl.UInt8}
    )
    found = (
        names.rename("name")
        .to_frame()
        .select(
            pl.when(pl.col("name").str.contains(_IDLE))
            .then(pl.lit("服务"))
            .otherwise(pl.col("name").str.extract(_LAST))
            .alias("word")
        )
    )
    return (
        found.select(pl.col("word").replace_strict(roles["word"], roles["role"], default=0, return_dtype=pl.UInt8))
        .to_series()
        .to_numpy()
    )


#: Businesses that stand outside the chains, whatever goods they list beside: 物业管理, 银行, 村级代销店.
_OUTSIDE = (
    "物业|邮政|银行|信用社|信用合作联社|保险|置业|房地产|投资|旅行社|旅游|学校|培训|供销社|双代店|代购代销|百货|广告|典当|宾馆|酒店|劳务|"
    "资产管理|担保|租赁站|文化传播|园林|建筑工程|市政|工会|村民|社区|殡葬|娱乐|影|美容|美发|车站|客运|货运|出租"
)

#: Names that say by themselves that things are made here; 某某机械有限公司 as often sells what it lists.
_WORKS = "厂|制造|制品|加工|铸造|锻造|冶炼|制药|制衣|酿造|印染|农场|牧场|林场|养殖|种植|矿山|煤矿|铁矿|铜矿|金矿|石矿|电站|热电"


def works(names: pl.Series) -> np.ndarray:
    """Whether each name is plainly that of a works (bool)."""
    return names.str.contains(_WORKS).fill_null(False).to_numpy()


#: Names under which a list without an activity is a list of what is made; under 某某塑业有限公司 it as often is on sale.
_PLAIN_WORKS = "厂|制造|加工|冶炼|屠宰|制药|制衣|矿|农场|牧场|林场|养殖|种植|电站|合作社"


def plain_works(names: pl.Series) -> np.ndarray:
    """Whether a bare list of goods under each name is what is made there (bool)."""
    return names.str.contains(_PLAIN_WORKS).fill_null(False).to_numpy()


def outside(names: pl.Series) -> np.ndarray:
    """Whether each name tells of a business that is in no chain (bool)."""
    return names.str.contains(_OUTSIDE).fill_null(False).to_numpy()
