"""Names, addresses and business scopes in the manner of the registry, from the words of the maps and of ``data``."""

import re
from collections.abc import Mapping, Sequence
from random import Random

from lianpu.chains.maps import ChainMap, SegmentRow
from lianpu.demo.words import DISTRICTS, ZONES, by_prefix, draw, pick, table

# A product word that already says what is done (原煤开采, 污水处理) stands by itself in a scope.
_DONE = re.compile(
    "(?:开采|采选|采掘|加工|制造|生产|冶炼|种植|养殖|繁育|制作|酿造|屠宰|炮制|印刷|印染|处理|处置|利用|再生|拆解|发电|供应|供水|供电|开发|研发|研究|"
    "设计|中试|施工|服务|检测|检验|监测|监理|测绘|测试|测评|评价|评估|诊断|审核|运输|物流|仓储|配送|安装|维修|维护|修理|检修|运维|运营|经营|管理|"
    "治理|修复|改造|建设|租赁|咨询|代理|勘查|勘察|业务|批发|零售|销售|经销|专卖|营销|回收|收购|进出口|诊疗|作业|承包|清运|保洁|集成|贸易|推广|交易)$"
)
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
_MAKE = (
    "{a}的生产、销售",
    "{a}的生产、加工及销售",
    "{a}生产、销售",
    "{a}的制造、销售",
    "{a}的研发、生产和销售",
    "生产、销售：{a}",
    "{a}加工、销售",
)
_MAKE_ALONE = ("{a}", "{a}及产品销售")
_BUILD = ("{a}施工", "{a}的设计、施工", "{a}设计与施工")
_SERVE = ("{a}服务", "{a}及相关服务", "提供{a}服务")
_RESEARCH = ("{a}的研究开发", "{a}的研究、开发、技术咨询", "{a}的技术开发、技术转让")
_TRADE = ("{a}的批发零售", "{a}的销售", "{a}批发、零售", "销售：{a}")


def trade_name(chance: Random, taken: set[str]) -> str:
    """An invented trade name (字号) of two or three characters that no other sample firm has."""
    words = table("words")
    first, middle, last = (str(words[part]).split() for part in ("first", "middle", "last"))
    while True:
        found = chance.choice(first) + (chance.choice(middle) if chance.random() < 0.7 else "") + chance.choice(last)
        if found not in taken and len(set(found)) == len(found):
            taken.add(found)
            return found


def firm_name(chance: Random, taken: set[str], trade: str, form: str, home: str) -> str:
    """兰州 + 字号 + 行业 + 公司形式."""
    region = draw(chance, table("words")["region"])
    if home == "新区" and chance.random() < 0.3:
        region = "兰州新区"
    return f"{region}{trade_name(chance, taken)}{trade}{form}"


def owners(maps: Sequence[ChainMap]) -> Mapping[str, set[str]]:
    """Every product word of the maps → the segments whose product it names."""
    leaves = [leaf for one in maps for leaf in one.leaves]
    aliases = {name: words for leaf in leaves for name, words in leaf.products.items()}
    found: dict[str, set[str]] = {}
    for leaf in leaves:
        for name in (*leaf.products, *leaf.shared):
            for word in (name, *aliases.get(name, ())):
                found.setdefault(word, set()).add(leaf.code)
    return found


def word_of_trade(chance: Random, leaf: SegmentRow, products: Sequence[str], owned: Mapping[str, set[str]]) -> str:
    """What the name says of the trade: often a word of the group, sometimes a short product of the firm's own, never the
    product of another segment (a name is evidence: 润滑油 in the name of a catalyst maker would mislead).
    """
    words = by_prefix(table("profile")["trades"], leaf.code).split()
    if leaf.filled_by == "makes" and chance.random() < 0.3:
        words = [word for word in products if _PLAIN_NAME.fullmatch(word) and not _DONE.search(word)] or words
    fitting = [
        word for word in words if all(owned.get(word[at:], {leaf.code}) == {leaf.code} for at in range(len(word) - 1))
    ]
    return chance.choice(fitting or ["科技", "实业"])


def address(chance: Random, home: str) -> tuple[str, str, str | None]:
    """(address, code of the district, code of the zone or None) of a firm at ``home``, a district or a zone."""
    words = table("words")
    district, zone = home, ZONES.get(home)
    if zone:
        parts = words["zones"][home]
        district = chance.choice(list(parts))
        street = chance.choice(parts[district])
    else:
        street = chance.choice(words["streets"][home].split())
    county = f"{district}县" if district in ("永登", "皋兰", "榆中") else f"{district}区"
    province = "甘肃省" if chance.random() < 0.7 else ""
    number = f"{chance.randint(1, 999)}号"
    rest = f"{chance.randint(1, 18)}层{chance.randint(1, 30):02d}室" if chance.random() < 0.25 else ""
    return f"{province}兰州市{county}{street}{number}{rest}", DISTRICTS[district], zone


def products_of(chance: Random, leaf: SegmentRow, least: int = 2, most: int = 5) -> list[str]:
    """Some products of a segment, a few of them by another name."""
    found = []
    for product in pick(chance, [*leaf.products], least, most):
        aliases = leaf.products[product]
        found.append(chance.choice(aliases) if aliases and chance.random() < 0.2 else product)
    return found


def clauses(chance: Random, role: str, products: Sequence[str]) -> list[str]:
    """What a scope says of these products under a role: one for goods, one for works, one for what names its own activity."""
    goods = [word for word in products if not _DONE.search(word)]
    deeds = [word for word in products if _DONE.search(word)]
    works = [word for word in goods if role == "serves" and word.endswith("工程")]
    found = []
    if works:
        goods = [word for word in goods if word not in works]
        found.append(chance.choice(_BUILD).format(a=_listed(chance, works)))
    if goods:
        forms = {"makes": _MAKE, "serves": _SERVE, "researches": _RESEARCH, "trades": _TRADE}[role]
        found.append(chance.choice(forms).format(a=_listed(chance, goods)))
    if deeds:
        forms = (
            _MAKE_ALONE
            if role == "makes" and all(word.endswith(("加工", "生产", "制造")) for word in deeds)
            else ("{a}",)
        )
        found.append(chance.choice(forms).format(a="、".join(deeds)))
    return found


def sold(chance: Random, products: Sequence[str]) -> str:
    """A clause that sells goods without making them."""
    goods = [word for word in products if not _DONE.search(word)]
    return chance.choice(_TRADE).format(a=_listed(chance, goods)) if goods else ""


def general_goods(chance: Random, least: int = 2, most: int = 4) -> str:
    """A clause of goods that tell nothing of a firm: 五金交电、化工产品（不含危险化学品）的批发零售."""
    words = table("words")
    goods = [
        f"{word}（{words['caution'][word]}）" if word in words["caution"] and chance.random() < 0.6 else word
        for word in pick(chance, words["goods"].split(), least, most)
    ]
    return f"{'、'.join(goods)}的{chance.choice(('批发零售', '销售', '零售'))}"


def scope(chance: Random, parts: Sequence[str]) -> str:
    """The clauses as one business scope, with the boilerplate that most scopes end in."""
    return "；".join(part for part in parts if part) + str(chance.choice(table("words")["endings"]))


def _listed(chance: Random, words: Sequence[str]) -> str:
    if len(words) > 2 and chance.random() < 0.25:
        return f"{'、'.join(words[:-1])}及{words[-1]}"
    return "、".join(words)
