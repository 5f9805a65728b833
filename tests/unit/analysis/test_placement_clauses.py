"""The grammar of business scopes: which activity governs which object, and what is taken back.

Every sentence is our own. ``expected`` writes objects as 词:角色 with m makes, t trades, s serves, r researches, ? for no
activity stated and x for taken back; only the objects named are checked, so that a test says one thing.
"""

import re
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianpu.analysis.placement import parse, texts
from lianpu.analysis.placement.clauses import Grammar, Objects
from lianpu.analysis.placement.lexicon import MAKES, RESEARCHES
from lianpu.analysis.placement.texts import Texts, normalise


def read(scope: str, name: str = "") -> dict[str, str]:
    found = {}
    for part in parse(scope, name):
        found[part.text] = "x" if part.excluded else "".join(role[0] for role in part.roles) or "?"
    return found


SENTENCES = [
    # an activity behind its list
    ("石灰石、白云石的开采", "石灰石:m 白云石:m"),
    ("石墨电极、炭块生产、销售", "石墨电极:mt 炭块:mt"),
    ("轴承、齿轮、链条批发、零售", "轴承:t 齿轮:t 链条:t"),
    ("锅炉安装、维修", "锅炉:s"),
    ("新药的研发", "新药:r"),
    ("阀门、法兰的制造和销售", "阀门:mt 法兰:mt"),
    ("肉牛、肉羊养殖及销售", "肉牛:mt 肉羊:mt"),
    ("苗木、花卉种植；苗木批发", "花卉:m"),
    ("铜杆 铜排 生产、销售", "铜杆:mt 铜排:mt"),
    ("面粉,挂面生产,销售.", "面粉:mt 挂面:mt"),
    ("砂石、水泥、五金、批发、零售", "砂石:t 五金:t"),
    # an activity before its list
    ("生产、销售：涂料、腻子", "涂料:mt 腻子:mt"),
    ("生产涂料、腻子", "涂料:m 腻子:m"),
    ("销售化肥、农膜；种植百合", "化肥:t 农膜:t 百合:m"),
    ("加工、制造：钢构件、铁塔", "钢构件:m 铁塔:m"),
    ("批发零售服装、鞋帽", "服装:t 鞋帽:t"),
    ("从事电缆的生产", "电缆:m"),
    ("从事生产电缆、电线", "电缆:m 电线:m"),
    ("主要从事各类阀门的制造", "阀门:m"),
    ("维修机床、水泵", "机床:s 水泵:s"),
    ("研究、开发催化剂", "催化剂:r"),
    ("收购羊毛、皮张", "羊毛:t 皮张:t"),
    ("经销：润滑油；轮胎；蓄电池", "润滑油:t 轮胎:t 蓄电池:t"),
    ("批发、零售:粮油；副食；许可项目：药品零售", "粮油:t 副食:t 药品:t"),
    # what only seems an activity, or belongs to another
    ("水泥、石灰批发、零售，图文设计与制作", "水泥:t 石灰:t"),
    ("制作、发布灯箱、橱窗广告", "灯箱:s"),
    ("采购与生产有关的钢材", "钢材:t"),
    ("农药、围栏加工的销售", "农药:t"),
    ("销售总公司生产的水泥", "水泥:t"),
    # several activities in one clause
    ("生产水泥，销售钢材、五金", "水泥:m 钢材:t 五金:t"),
    ("生产水泥、熟料，钢材、五金销售", "水泥:m 熟料:m 钢材:t 五金:t"),
    ("玻璃制造，灯具、开关零售", "玻璃:m 灯具:t 开关:t"),
    ("塑料管加工、销售建材", "塑料管:m 建材:t"),
    ("石材加工(凭许可证)，批发、零售：钢材、五金", "石材:m 钢材:t 五金:t"),
    ("石材加工，批发、零售钢材", "石材:m 钢材:t"),
    ("生产纸箱、纸板及印刷机械的维修", "纸箱:m 纸板:m"),
    ("电梯销售、门窗，电梯维修", "门窗:t"),
    ("水泵的研发、制造、销售、安装", "水泵:mtsr"),
    ("软件开发；服务器、交换机销售", "软件:r 服务器:t 交换机:t"),
    ("农机配件、园林绿化、工厂化育苗", "农机配件:?"),
    ("百货、副食、农药、苹果种植", "农药:t 苹果:m"),
    ("百货、化肥的零售，苹果、蔬菜的种植", "化肥:t 苹果:m 蔬菜:m"),
    ("百合种植技术咨询、推广", "百合种植:s"),
    ("生产和科研所需的仪器的进口", "生产和科研所需的仪器:t"),
    ("家用制氧仪、口罩", "口罩:?"),
    ("养殖设备、农机、兽药销售", "养殖设备:t 农机:t 兽药:t"),
    ("维修设备、水泵", "设备:s 水泵:s"),
    ("生产线路板、线材", "线路板:m 线材:m"),
    ("水泥生产线的安装", "水泥生产线:s"),
    ("生产商品混凝土", "商品混凝土:m"),
    ("电镀加工业务、服装制造业务", "服装:m"),
    ("非生产性废旧金属收购", "非生产性废旧金属:t"),
    ("装配式构件、板材销售", "装配式构件:t 板材:t"),
    ("腌制品、酱料零售", "腌制品:t 酱料:t"),
    ("百货、五金交电、化肥", "化肥:t"),
    ("利用粉煤灰生产砌块", "砌块:m"),
    ("蔬菜、水果收购、加工、销售", "蔬菜:mt 水果:mt"),
    # nothing stated, and names
    ("水泥、钢材", "水泥:? 钢材:?"),
    ("塑料制品生产、五金、建材", "塑料制品:m 五金:? 建材:?"),
    ("烟酒零售、糖果、饼干", "烟酒:t 糖果:t 饼干:t"),
    # exceptions
    ("化工产品（不含危险化学品）销售", "化工产品:t 危险化学品:x"),
    ("农药（除剧毒农药）零售", "农药:t 剧毒农药:x"),
    ("助剂（危险品除外）、染料批发", "助剂:t 危险品:x 染料:t"),
    ("除甲醇外的化工原料销售", "甲醇:x 化工原料:t"),
    ("矿产品(不包括煤炭、黄金)购销", "矿产品:t 煤炭:x 黄金:x"),
    ("有色金属冶炼，不生产电解铝", "有色金属:m 电解铝:x"),
    ("建材销售，不得经营危险品", "建材:t 危险品:x"),
    ("钢材销售，国家禁止的商品除外", "钢材:t"),
    ("粮食收购（不含种子）；种子零售", "粮食:t"),
    ("食品（不含冷冻肉）、饮料（不含白酒）生产", "食品:m 冷冻肉:x 饮料:m 白酒:x"),
    ("通讯设备（无线发射装置、卫星天线除外）制造", "通讯设备:m 无线发射装置:x 卫星天线:x"),
    ("金属材料（不含稀贵金属，含铜材）销售", "金属材料:t 稀贵金属:x"),
    ("机床销售；严禁经营军用设备", "机床:t 军用设备:x"),
    ("除尘器、除草剂的生产", "除尘器:m 除草剂:m"),
    ("不锈钢、非金属制品加工", "不锈钢:m"),
    ("无缝钢管制造", "无缝钢管:m"),
    # licences and boilerplate
    ("汽油、柴油零售（凭许可证经营）", "汽油:t 柴油:t"),
    ("白酒生产（依法须经批准的项目，经相关部门批准后方可开展经营活动）", "白酒:m"),
    ("凭安全生产许可证经营；炸药销售", "炸药:t"),
    ("许可经营项目：无一般经营项目：面粉加工", "面粉:m"),
    ("一般项目：电机制造；许可项目：电力设施承装", "电机:m"),
    ("许可项目：种子生产。一般项目：种子仓储设备租赁；", "种子:m 种子仓储设备:s"),
    ("生铁铸造(以上项目涉及许可的凭许可证件经营)", "生铁:m"),
    ("原料药生产（有效期至2030年1月1日）、中药饮片销售", "原料药:m 中药饮片:t"),
    ("经营本企业生产所需的机械设备的进口业务；电石生产", "电石:m"),
    # compounds: the activity is part of a noun
    ("粮食加工机械、采矿设备的销售", "粮食加工机械:t 采矿设备:t"),
    ("印刷材料、检测仪器批发", "印刷材料:t 检测仪器:t"),
    ("农业生产资料零售", "农业生产资料:t"),
    ("食品加工设备制造", "食品加工设备:m"),
    ("运输设备、测试仪表、清洗设备生产", "运输设备:m 测试仪表:m 清洗设备:m"),
    ("进口汽车销售", "进口汽车:t"),
    # brackets
    ("肉制品（酱卤肉、腊肉）生产", "肉制品:m 酱卤肉:m 腊肉:m"),
    ("生产：奶粉［婴儿奶粉（一段、二段）］；乳品销售", "奶粉:m 婴儿奶粉:m 一段:m 乳品:t"),
    ("电缆加工（仅限分公司经营）、销售", "电缆:mt"),
    ("机油（桶装）（不含废机油）零售", "机油:t 桶装:t 废机油:x"),
    ("【水泥、【熟料】生产", "水泥:m"),
    ("石材）、板材加工", "板材:m 石材:m"),
    ("钢管（焊管、方管销售", "焊管:t 方管:t"),
    # half and full width, separators, truncation
    ("生产、销售:ＰＶＣ管材,ＰＥ管材", "ＰＶＣ管材:mt ＰＥ管材:mt"),
    ("水箱.散热器.管件 制造", "水箱:m 散热器:m 管件:m"),
    ("3.5G天线制造", "3.5G天线:m"),
    ("饲料生产；兽药销售…", "饲料:m 兽药:t"),
    ("饲料生产；兽药、疫苗...", "饲料:m"),
    ("木器加工*", "木器:m"),
    ("门窗制作\n幕墙安装", "门窗:m 幕墙:s"),
]


@pytest.mark.parametrize(("scope", "expected"), SENTENCES)
def test_each_object_stands_under_its_activity(scope: str, expected: str) -> None:
    found = read(scope)
    wanted = dict(pair.rsplit(":", 1) for pair in expected.split())
    assert {word: found.get(word) for word in wanted} == wanted


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("某县红星水泥厂", "m"),
        ("某市宏达商贸有限公司", "t"),
        ("某县水泥厂销售部", "t"),
        ("某县供销合作社", "t"),
        ("某市水泥研究院", "r"),
        ("某某电器维修部", "s"),
        ("某某有限公司", "?"),
    ],
)
def test_a_name_tells_where_the_scope_is_silent(name: str, role: str) -> None:
    assert read("水泥、石灰", name) == {"水泥": role, "石灰": role}


def test_a_stated_activity_goes_before_the_name() -> None:
    assert read("水泥销售", "某县红星水泥厂") == {"水泥": "t"}


PIECES = st.sampled_from(
    re.findall(
        "[^|]+",
        "（|）|(|)|［|］|【|】|、|，|,|；|;|。|：|:| |　|\n|.|*|…|\0|水泥|钢材|生产|制造|销售|批发|零售|维修|研发|的|和|及",
    )
    + re.findall("[^|]+", "不含|除外|除|外|凭许可证|一般项目|设备|机械|等|系列|A|９|有效期至|各类")
)
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60)


@settings(deadline=None)
@given(TEXTS)
def test_every_span_lies_in_the_text_and_spans_keep_their_order(scope: str) -> None:
    parts = parse(scope)
    for part in parts:
        assert 0 <= part.start < part.end <= len(scope)
        assert scope[part.start : part.end] == part.text
    assert [part.start for part in parts] == sorted(part.start for part in parts)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=6))
def test_a_text_reads_the_same_alone_and_among_others(scopes: list[str]) -> None:
    grammar = Grammar(["水泥", "钢材", "水泥机械"])
    together = grammar.read(Texts.of(scopes)).everywhere()
    for row, scope in enumerate(scopes):
        alone = grammar.read(Texts.of([scope])).everywhere()
        own = together.text == row
        for field in ("start", "end", "roles", "excluded", "product", "weight"):
            assert getattr(together, field)[own].tolist() == getattr(alone, field).tolist()


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_cutting_texts_into_passages_changes_no_reading(scopes: list[str]) -> None:
    grammar = Grammar(["水泥", "钢材", "水泥、钢材", "A.钢材"])
    cut = spans(grammar.read(Texts.of(scopes)).everywhere())
    with mock.patch.object(texts, "_shallow", lambda kind, last, text: np.zeros(len(kind), dtype=bool)):
        assert spans(grammar.read(Texts.of(scopes)).everywhere()) == cut


def spans(found: Objects) -> list[tuple[float, ...]]:
    fields = ("text", "start", "end", "roles", "stated", "excluded", "product", "weight")
    return sorted(zip(*(getattr(found, field).tolist() for field in fields), strict=True))


@given(st.text(max_size=50))
def test_normalising_keeps_every_character_in_its_place(text: str) -> None:
    assert len(Texts.of([text]).codes) == len(text) + 1
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("scope", "products"),
    [
        ("百货、钢材、模具制造", ["钢材", "模具制造"]),  # of a general store
        ("打印机、网站制作、鼠标销售", ["打印机", "网站制作"]),
    ],
)
def test_a_product_that_ends_in_its_own_activity_leaves_other_goods_alone(scope: str, products: list[str]) -> None:
    found = Grammar(products).read(Texts.of([scope])).everywhere()
    assert not (found.roles[found.product == 0] & MAKES).any()


def test_software_development_on_a_list_is_about_software_alone() -> None:
    found = Grammar(["变压器", "软件开发"]).read(Texts.of(["变压器、软件开发、仪表的销售"])).everywhere()
    assert not (found.roles[found.product == 0] & RESEARCHES).any()


def test_a_product_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="重复"):
        Grammar(["水泥", "水泥"])
