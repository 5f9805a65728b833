"""The words that give a business scope its grammar: activities, exceptions, licences, heads, connectives.

Every word has one :class:`Kind`; activities also have a role (a bit of :data:`ROLE_BITS`). The lists come from reading
registered scopes; the method page (``docs/methods/placement.md``) says what each kind does to a clause.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache

import numpy as np

ROLES = ("makes", "trades", "serves", "researches")
MAKES, TRADES, SERVES, RESEARCHES = 1, 2, 4, 8
ROLE_BITS = dict(zip(ROLES, (MAKES, TRADES, SERVES, RESEARCHES), strict=True))
#: Which role speaks for a group that names several (生产、销售 → makes): goods that are sold, serviced and studied are on sale.
PRIORITY = (MAKES, TRADES, RESEARCHES, SERVES)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Kind(IntEnum):
    """What a token does in a clause."""

    TEXT = 0  # words that no list knows
    STRONG = 1  # ；。 line ends, the end of the text: closes a clause
    COMMA = 2
    LIST = 3  # 、 / 和 及 与: next item of the same list
    BLANK = 4
    COLON = 5
    OPEN = 6
    CLOSE = 7
    PRODUCT = 8
    ACT = 9
    HEAD = 10  # noun that turns the words before it into a modifier: 水泥|机械
    CARRY = 11  # noun that leaves them what they are: 水泥|系列产品
    FILLER = 12  # 从事 各类 的: of no consequence
    EXCEPT = 13  # 不含 …: what follows does not count
    EXCEPT_END = 14  # 以外 外的, 仅限 其中: ends such a stretch
    BUT = 15  # … 除外: what precedes does not count
    LICENCE = 16  # 凭许可证 …: the rest of the sub-clause is boilerplate
    SECTION = 17  # 许可项目 一般项目: opens a new part, belongs to no list


_ACTS: dict[int, str] = {
    MAKES: """
        生产 制造 加工 制作 制做 冶炼 开采 采选 采掘 采挖 洗选 种植 养殖 组装 装配 铸造 锻造 铸锻 精炼
        炼制 冶炼加工 酿造 酿制 屠宰 腌制 提炼 提取 提纯
        合成 纺织加工 印染 缝制 缝纫 编织 织造 炼焦 轧制 压延 拉制 热轧 冷轧 压制 浇铸 焊制 灌装 分装
        罐装 培育 繁育 繁殖 栽培 培植 饲养 放养 采集 捕捞
        采伐 发电 制氢 制氧 供热 供暖 加工业务 制造业务 生产加工 加工生产 加工制造 制造加工 生产制造 制造生产 制售 产销 自产自销
        生产自销 自产 加工自销 精加工 深加工 粗加工 初加工
        来料加工 代加工 委托加工 承揽加工 定制 定做 改装 研制生产 自制 制备 烧制 出产 选矿 采矿 制版印刷
        锻压 冲压 配制 配置生产 复配 熔炼 拉丝加工 炮制
        编制加工 搅拌 预制 营造 造林 育苗 育种 制种 繁种 碾磨 磨制 榨取 压榨 烘焙 焙烧 煅烧 再制造 翻新 产制 印刷 总装 生产组装 勘探开采 开采加工 建造
        研磨 调制 切割加工 剪切加工 剪切 粉碎加工 复合加工 深度加工 精细加工 研磨加工 定点屠宰 露天开采 地下开采 注塑 压铸 分割 造粒 后整理
        现场制售 现场加工制售 现场制作 织染 彩印 育肥 筛选加工 粗精加工 印制 缝制加工 烘干加工 装配加工 选炼
    """,
    TRADES: """
        批发 零售 销售 代销 代理 经销 购销 连锁经营 连锁零售 零售连锁 批发连锁 连锁销售 进出口 收购 批零
        批零兼营 批发零售 零售批发 批兼零 代购 代购代销 代购代储 出售 经销代理 贸易 买卖 供应 营销 专营 专卖
        专销 直销
        代理销售 销售代理 批发兼零售 零售兼批发 零销 零买 另售 另销 邮购 邮购邮销 采购 收售 自销 内销 外销
        统销 分销 配售 展销 网上销售 互联网销售 销售自产 进口 出口
        加工的销售 生产的销售 回收 购买 调拨 调剂 寄售 拍卖 转口贸易 国内贸易 国际贸易 经营代理 佣金代理 供销 购进 串换 自营和代理
        自营或代理 自营代理 批售 批销 网上零售 兼零售 兼批发 零兼批 兼营零售 运销 推销 交易
    """,
    SERVES: """
        服务 服务业务 维修 修理 安装 施工 运输 仓储 咨询 租赁 检测 设计 维护 保养 养护 调试 修缮 装修 装潢 装饰
        充装 清洗 清理 清运 处理 处置 治理 配送 装卸 货运 客运 运营 管理 监理 承包 分包 总承包
        专业承包 工程承包 出租 策划 培训 推广 技术服务 技术咨询 技术转让 技术推广 技术培训 技术交流 转让 检验
        检修 大修 维保 勘察 勘探 勘查 勘测 测量 测绘 测试 监测 评估 评价 鉴定 认证 安装调试
        信息咨询 咨询服务 配套服务 售后服务 加工服务 生产服务 制造服务 维修服务 安装服务 运输服务 修配 修造 改造
        储存 储运 贮存 托运 搬运 中介 代办 代储 存储 保管 寄存 发布 承接 承揽 承建 建设 铺设 架设
        喷涂 电镀 表面处理 热处理 防腐施工 拆除 拆解 利用 综合利用 回收利用 回收处理 再利用 翻修 吊装 制冷维修
        系统集成 运维 运行维护 出版 打印 复印 冲印 供电 供气 供水
        广告设计 广告制作 广告设计制作 广告发布 广告代理 广告策划 图文设计 图文制作 图文设计制作 图文设计与制作 图文设计及制作 广告设计与制作 广告设计及制作 广告设计和制作
        校准 标定 化验 计量 投资 实业投资 融资 加注 充电 输送 输配 外包 租售 转供 规划 展览 展示 大修 小修 修复 清洁 干洗 洗涤 拆装 检定 收集 集成 中转 冷藏 储藏 贮藏 清淤
    """,
    RESEARCHES: """
        研发 研究 开发 研制 技术开发 技术研发 科研 试验 研究开发 研究与试验发展 试验发展 研究和试验发展 实验
        研究与开发 开发研究 技术研究 试制 研发设计 开发设计 科学研究 新产品开发 技术创新 技术攻关 引进开发
        二次开发 试验研究 选育 科技开发 科学技术研究 引进 中试
    """,
}
#: Runs a thing without saying how: the role is then told by the firm's name, else it is trade.
#: Activities that as often modify the noun after them (检测|设备, 进口|汽车): they never govern to the right without a colon.
SOFT = 16
_SOFT = _set(
    """
    采矿 选矿 采选 采掘 搅拌 预制 编织 织造 印染 铸造 锻造 铸锻 锻压 冲压 压延 热轧 冷轧
    压制 拉制 拉丝加工 发电 供热 供暖 造林 育苗 育种 营造 合成 焙烧 煅烧 烘焙 再制造 灌装
    充装 提取 酿造 压榨 预制 缝纫 定制 繁育 培育 制冷维修 捕捞 采集 总装 交易 调剂 调拨
    营销 贸易 进口 出口 运销 推销 采购 供销 专营 专卖 内销 外销 自产 服务 运输 仓储 咨询
    检测 养护 调试 装修 装潢 装饰 清洗 清理 清运 处理 处置 治理 配送 装卸 货运 客运 运营
    管理 监理 承包 分包 总承包 培训 推广 转让 检验 检修 勘察 勘探 勘查 勘测 测量 测绘 测试
    监测 评估 评价 鉴定 认证 储存 储运 贮存 托运 搬运 中介 存储 建设 铺设 架设 喷涂
    电镀 表面处理 热处理 拆除 利用 综合利用 再利用 翻修 吊装 运维 出版 印刷 打印 复印 冲印
    供电 供气 供水 校准 标定 化验 计量 投资 融资 加注 充电 输送 输配 外包 转供 科研 试验
    实验 选育 设计 改造 规划 展览 展示 修复 清洁 干洗 洗涤 检定 收集 集成 中转 冷藏 储藏 贮藏 引进 中试 压铸 注塑 印制 彩印 分割
    """
)
#: Activities with their object inside (育苗, 发电): they govern their own item and no list.
WHOLE = 32
_WHOLE = _set(
    "现场制售 现场加工制售 现场制作 育苗 造林 育种 制种 繁种 发电 采矿 选矿 炼焦 供热 供暖 供电 供气 供水 制氢 制氧 实业投资"
    " 广告设计 广告制作 广告设计制作 广告发布 广告代理 广告策划 图文设计 图文制作 图文设计制作"
    " 图文设计与制作 图文设计及制作 广告设计与制作 广告设计及制作 广告设计和制作"
)
#: Growing: governs a list of crops or beasts, but not the goods of a store that stand before it.
GROW = 64
_GROW = _set("种植 养殖 饲养 放养 栽培 培植 种养 种养殖 种植养殖 培育 繁育 繁殖 育肥")
#: Advertising: what one makes beside 发布 (制作、发布电子显示屏、橱窗广告) is an advertisement, no goods. Same bit as growing,
#: which serves nobody.
PUBLISH = GROW
_PUBLISH = _set("发布 广告发布")
#: Advice: an activity directly before it is what the advice is about (油气开采|技术咨询). The bits of growing and of SOFT together.
TECHNICAL = GROW | SOFT
_TECHNICAL = _set("技术服务 技术咨询 技术转让 技术推广 技术培训 技术交流")
#: Activities that before a device are part of its name even at the start of an item: 养殖|设备, but 维修|设备.
NOUNISH = 128
_NOUNISH = _set("种植 养殖 饲养 栽培 冶炼 开采 施工 勘探 装配 酿造 采掘 屠宰 纺织 烘焙 腌制 制造 回收 储存")
_MIXED = {
    MAKES: "种养 种养殖 种植养殖",
    MAKES | TRADES: "产销 制售 自产自销 生产自销 加工自销 生产销售 加工销售 制造销售",
    MAKES | SERVES: "加工服务 来料加工服务 受托加工服务",
    MAKES | RESEARCHES: "研制生产 研发生产 开发生产",
    SERVES | TRADES: "租售",
}
_NEUTRAL = "经营 兼营 主营 专业经营 批准经营 自营 运作"

_WORDS: dict[Kind, str] = {
    Kind.HEAD: """
        机械 设备 配件 零件 部件 零部件 零配件 配套件 备件 备品 备品备件 附件 辅件 元件 器件 器材 机具 机件
        装置 装备 机组 机器 机床 工装 工具 夹具 量具 刀具 模具 磨具 仪器 仪表 仪器仪表 检测仪 测试仪 分析仪
        控制器
        技术 工艺 工程 包装 包装物 包装袋 包装箱 包装材料 专用 专用车 专用设备 用 用品 原料 原材料 原辅材料
        原辅料 辅料 辅助材料 材料 助剂 添加剂 溶剂 制品 制剂 废料 下脚料 边角料 废渣 尾矿 渣 灰 线
        成套设备 系统 软件 硬件
        平台 信息 信息化 市场 行业 产业 产业园 产业化 基地 项目 资源 厂 厂房 车间 站 库 店 门店 卖场 展厅
        馆 学校 中心 研究院 研究所 学院 协会 专业 领域 业 机电 机电设备 容器 储罐 罐 罐车 管道 管线 管网
        桶 箱 盒 瓶 袋 柜
        架 台 车 船 炉 窑 窑炉 塔 井 池 站房 网 网络 通道 线路 构件 结构件 组件 模块 芯片 板材 型材
        面料 坯 坯布 胚 毛坯 钢结构 衬板 耐火材料 保温材料 试剂 标准 标准件 产品包装 模型 玩具 礼品 工艺品
        饰品 首饰 画 图书 知识 文化 旅游 餐饮 园 矿山
        场 场地 房屋 建筑 房地产 物流 货物 运输车 搅拌车 加气站 加油站 加氢站 生意 证 许可 期货 指标 权
        交易市场 养生 疗法 保健 美容院 诊所 手术 防护 保护 节能 消防 安全 环保 自动化 监控 控制 计算机 电子
        电气 电器 化工 农资 五金 日用品 广告
    """,
    Kind.CARRY: """
        系列 系列产品 产品 等 等产品 类 类产品 成品 产成品 半成品 品种 及系列产品 商品 等系列 等系列产品
        制成品 项目产品 新产品 品 物 等物 级 型 类商品 等商品
    """,
    Kind.FILLER: """
        生产有关 生产相关 加工有关 总公司生产 集团公司生产 母公司生产
        的 业务 连锁 不分装 不再分装 不再分装的 非分装 未分装 从事 各类 各种 各型 各式 各式各样 多种 主要
        专业 专业从事 自有 本企业 本公司 公司 本厂 本店 对外 承办 提供 其他 其它 有关 相关 上述 以上 所需
        所需的 并 可 可以 兼 各等级 新型 优质 普通 以及相关 其 之
        在 对 为 委托 受托 国内 国外 现场 大型 小型 中小型 大中型 中型 高档 中高档 高端 高级 进行 开展
        自行 直接 零星 批量 订单式 按订单 就地 限 国产 自主 部分 少量 来样 来图
    """,
    Kind.LIST: "和 及 与 以及 及其 或 或者 及其他 及其它 暨 并且 还有 连同 和其他 和其它 及相关 及其相关 及有关 和相关 以及其他 兼有",
    Kind.EXCEPT: """
        不含 不包括 不包含 不涉及 不得 不得从事 不准 不从事 不生产 不制造 不加工 不销售 不经营 不带有 不允许
        不可 不能 不存放 不储存 不设 不设仓储 不带储存 禁止 严禁 国家禁止 国家明令禁止 禁止类 没有 未含
        非生产 除 除去 不再 不用于 不提供 停止 取消 注销 未经
    """,
    Kind.EXCEPT_END: "以外 以外的 之外 之外的 外的 等外 仅限 其中 只限 但含 包括 包含 含有 主要产品 主要产品为 主要为 范围包括",
    Kind.BUT: "除外 除外的 例外 另行规定的 的除外 等除外",
    Kind.LICENCE: """
        许可证 凭 依法 依法须经 依法需经 须经 须取得 需经 经批准 批准 经相关 经有关 审批 核准 核定 备案
        有效期 有效期限 有效期至 方可 为准 法律 法规 法律法规 行政法规 国务院 国家规定 国家限定 国家限制 国家有
        国家法律 国家专项
        涉及 涉证 资质证 资质 资格证 资格 证书 按许可 在许可 取得 前置 后置 准许 限制 专项 专控 专营专控
        规定 期限 截止 截至 筹建 筹备 不得转让 授权范围 授权 经营地址 地址 联系电话 分支机构 法人 自主选择
        自主开展 需办理 应办理
        国家政策 政策 国家允许 允许 未取得 须凭 需凭 应当
    """,
    Kind.SECTION: """
        许可项目 一般项目 许可经营项目 一般经营项目 许可经营范围 一般经营范围 经营范围 经营项目 前置许可经营项目
        后置许可经营项目 前置许可项目 后置许可项目 兼营范围 主营范围 主营项目 兼营项目 许可事项 一般事项 生产范围
        加工范围 销售范围
        批发范围 零售范围 服务范围 业务范围 经营方式 无许可经营项目 无一般经营项目 许可经营项目无 一般经营项目无
        以下项目 以下范围 下列项目 以下限分支机构经营 以下仅限分支机构经营 分支机构经营 限分支机构经营 筹建项目
    """,
    # words that hold an activity's characters without being that activity.
    Kind.TEXT: """
        深加工制品 深加工产品 装配式 保安服务 婚纱摄影 中餐制售 西餐制售 中西餐制售 快餐制售 非生产性 安全生产许可证 生产许可证 经营许可证 卫生许可证 安全生产 生产资料 农业生产资料 生产性 生产所需 生产科研所需 生产和科研所需 科研和生产所需 生产与科研所需
        科研生产所需 生产科研 生产经营所需 加工贸易 来料加工贸易 制造业 加工业 采矿业 种植业 养殖业 种养业
        生产企业 制造企业 加工企业 加工厂
        生产设备 制造设备 加工设备 加工机械 生产装置 生产用 加工用 制造用 施工机械 施工设备 施工材料
        施工队 运输设备 运输机械 运输工具 检测设备 检测仪器 维修工具 安装工程 安装材料 印刷机械 印刷材料
        印刷设备 包装装潢印刷品 印刷品 服务器 服务区 服务业 服务站 服务部 开发区  设计院 研究院 研究所
        研究中心
        收购站 回收站 供应站 供应链 供应链管理 管理系统 装饰材料 装饰用品 装饰品 装饰装修材料 装潢材料 装修材料
        绿化苗木 防腐材料 防腐管道 防腐设备 保温材料 保温管 净化设备 处理设备 清洗剂 清洗设备 清洗机 运输车
        运输带 输送机 输送带 输送设备 电镀设备 热处理设备 养殖场 种植园 种植基地 养殖基地 出口加工区 进出口业务
        货物进出口
        技术进出口 非金属 非标 非标准 非标设备 非织造布 非处方药 无缝 无线 无线电 无纺布 无机 无菌 无人机 无水
        无毒 无烟 无铅 无氧 无氟 无刷 无花果 无公害 不锈钢 不锈 不饱和 不干胶 不动产 不停电 不定形 除尘
        除尘器 除草剂 除草 除湿 除锈 除臭 除雪 除冰 除虫 除四害 除杂 除氧 除磷 除垢 除氟 除颤 拆除 清除
        排除 去除 消除 扣除 解除 切除 脱除 删除
        凭证 持续 支持 保持 扶持 手持 主持 持久 持家 非常规 非晶 非物质 非开挖 非公路 非道路 非机动车 非木
        非织 非水 非洲 非牛顿 高效 无损 无骨 无糖 无尘 无轨 无极 无梁 无痕 无底 无籽 无核 无负压 无功 无油
        无溶剂 无土 无卤 无碱 无醇 无碳 无胶 无热 无源 无害化 无抗 无性 无患子 无锡 无为 无棣 无极县 方便面
        国家 国家电信 电信主管 国家邮政 使用 利用率 应用 使用权 专用线 日用 家用 农用 民用 商用 军用 医用
        工业用 食用 药用 饲用 车用 船用 矿用 建筑用 电力用 公用 通用 适用 实用 费用 信用 作用 汽车用
        摩托车用 机用 机械用 工程用 鞋用 服装用 管理费 车辆 包装材料 包装制品 包装用品 包装机械 其他产品 等级
    """,
}
#: Beginnings of terms whose 制作 is a service to others and says nothing of the goods listed before it: 网站制作, 影视制作.
SHOWN = tuple(_set("网站 网页 影视 广告 节目 动漫 动画 图文 视频 标书 多媒体 课件 电视 电影"))
#: Generic words: as a product they cannot decide where a firm stands, whoever lists them.
GENERIC = _set(
    """
    配件 材料 设备 产品 机械 原料 制品 零件 部件 零部件 零配件 仪器 仪表 工具 器材 装置 系统 软件
    五金 电器 电子 电子产品 化工 化工产品 化工原料 建材 建筑材料 装饰材料 金属 金属材料 机电 机电产品
    机电设备
    机械设备 食品 百货 日用品 日用百货 五金交电 农副产品 农产品 矿产品 副食品 日用杂品 土特产品 农业生产资料
    办公用品 塑料 包装材料 电气设备 通用设备 专用设备
    """
)
#: A product right after one of these characters is another thing: 废钢 is no steel, 仿皮革 no leather.
PREFIX_BREAKS = "废旧仿非假"
#: Unknown words that end in one of these are devices: 氧气|减压器.
DEVICE_CHARS = "机器泵阀仪炉"
#: A product before one of these alone is part of another word or thing: 制服|务, 农药|械, 锅炉|钢, 硝基苯|酚.
OTHER_WORDS = "务装动置电械票钢酚酯酮醇酸胺醛烯烷醚盐"


#: Heads that make an activity before them part of the noun: 粮食加工|机械, but not 生产|环保…
_DEVICES = _set(
    """
    机械 设备 配件 零件 部件 零部件 零配件 器材 机具 装置 装备 机组 机器 机床 工具 夹具 刀具 模具 仪器 仪表
    技术 工艺 专用 专用设备 用 用品 原料 原材料 辅料 材料 助剂 添加剂 废料 线 成套设备 系统 软件 平台
    信息 市场 行业 产业 产业园 基地 项目 厂 厂房 车间 站 店 门店 中心 研究院 研究所 专业 领域 业 容器 炉 场 场地 学校 搅拌车 许可 网 网络
    """
)
#: Marks that the grammar reads from the role of a word that is no activity: see the constants in ``clauses``.
_MARKS = dict.fromkeys(
    (*_WORDS[Kind.LIST].split(), "除", "除去", "技术", "工艺", "工程", "品", "物", "型"), 1
) | dict.fromkeys(_DEVICES - _set("技术 工艺"), 2)
#: What says again that a device is one (饲料加工机械|设备), and the ends of words that are devices.
_AGAIN = dict.fromkeys(("设备", "机械", "装置", "系统", "机组", "装备", "成套设备"), 8)
DEVICE_ENDS = tuple(_set("机械 设备 装置 系统 电器 机 器 仪 装备 机组 泵 阀 阀门 仪表 泵站 电站"))


#: A term with one of these at its end names a plain trade or service, also in a segment that makers fill: 电梯维修 makes no
#: lift, 中药材收购 no herb. (报废汽车回收 and 粉煤灰综合利用 are what such a segment itself does.)
PLAIN_ENDS = tuple(
    _set(
        """
        收购 批发 零售 销售 安装 施工 专业承包 设计 维修 修理 检修 大修 维护 维保 保养 改造 装修 维护管理 运输 配送
        仓储 咨询 服务 复印 打印 推广 技术开发 地质勘查 噪声治理 噪音治理 噪声的治理
        """
    )
)


#: Goods of a general store: a list that names one of them and no activity is a list of goods on sale.
SHOP = _set(
    """
    百货 日用百货 小百货 副食 副食品 日杂 日用杂品 日用杂货 日杂用品 针纺织品 烟酒 卷烟 雪茄烟 预包装食品 预包装食品兼散装食品 散装食品 五金交电 农膜 化妆品
    文化用品 办公用品 文具用品 中成药 抗生素
    """
)


@cache
def words() -> dict[str, tuple[Kind, int]]:
    """Every grammar word → (kind, role bits). A word of two lists keeps the first: acts before the rest."""
    found: dict[str, tuple[Kind, int]] = {}
    for role, text in _ACTS.items():
        for word in text.split():
            found.setdefault(word, (Kind.ACT, role))
    for word in _NEUTRAL.split():
        found.setdefault(word, (Kind.ACT, 0))
    for role, text in _MIXED.items():
        found.update(dict.fromkeys(text.split(), (Kind.ACT, role)))
    for word in _SOFT & found.keys():
        found[word] = (Kind.ACT, found[word][1] | SOFT)
    for words_, bits in (
        (_WHOLE, WHOLE | SOFT),
        (_GROW, GROW),
        (_PUBLISH, PUBLISH),
        (_TECHNICAL, TECHNICAL),
        (_NOUNISH, NOUNISH),
    ):
        for word in words_ & found.keys():
            found[word] = (Kind.ACT, found[word][1] | bits)
    for kind, text in _WORDS.items():
        for word in text.split():
            found.setdefault(word, (kind, _MARKS.get(word, 0) | _AGAIN.get(word, 0)))
    for word in SHOP:
        found.setdefault(word, (Kind.TEXT, 0))
    heads = tuple(word for word, (kind, _) in found.items() if kind is Kind.HEAD)
    for word, (kind, _) in found.items():
        if kind is Kind.TEXT and word.endswith(heads) and word not in SHOP:
            found[word] = (Kind.HEAD, _MARKS["设备"])
    return found


_PUNCTUATION = {
    Kind.STRONG: "\0;。\n\r！!？?*★●◆■〓※＊^|～",
    Kind.COMMA: ",",
    Kind.LIST: "、/\\·•‧&+",
    Kind.BLANK: " \t\"'“”‘’",
    Kind.COLON: ":",
    Kind.OPEN: "(",
    Kind.CLOSE: ")",
}
_SAME = {
    "，､﹐": ",",
    "；﹔": ";",
    "｡": "。",
    "：﹕∶": ":",
    "（【［〔《〈「『{[<﹙": "(",
    "）】］〕》〉」』}]>﹚": ")",
}


@cache
def tables() -> tuple[np.ndarray, np.ndarray]:
    """Two tables over all code points: the normalised code point (uint32) and its kind (uint8).

    Full-width forms become half-width, letters upper case,
    brackets of all shapes round; one character always stays one
    character, so that spans in the normalised text are spans in the original.
    """
    plain = np.arange(0x110000, dtype=np.uint32)
    plain[0xFF01:0xFF5F] = np.arange(0x21, 0x7F)
    plain[[0x3000, 0xA0, 0x2002, 0x2003, 0x2009, 0xFEFF, 0x200B]] = ord(" ")
    for marks, one in _SAME.items():
        plain[[ord(mark) for mark in marks]] = ord(one)
    plain[ord("…")] = ord("。")
    for low in range(ord("a"), ord("z") + 1):
        plain[plain == low] = low - 32
    kinds = np.zeros(0x110000, dtype=np.uint8)
    for kind, marks in _PUNCTUATION.items():
        kinds[plain[[ord(mark) for mark in marks]]] = kind
    plain.setflags(write=False)
    kinds.setflags(write=False)
    return plain, kinds
