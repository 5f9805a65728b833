"""Candidate measures (候选措施) for a finding, worded from its reasons: proposals to be weighed, each with its ground."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lianpu.chains.models import Finding, Role, SegmentState, Stage, State
from lianpu.desk.dossier.targets import Market

_WORK = {Role.MAKES: "生产", Role.SERVES: "服务", Role.RESEARCHES: "研发", Role.TRADES: "流通"}
_SITE = {
    Stage.UPSTREAM: "逐项落实资源或原料来源、能耗与环境容量，资源类项目先定量再招商",
    Stage.MIDSTREAM: "在专业园区预留用地，同步落实用能、用水、环评与安全条件",
    Stage.DOWNSTREAM: "以标准厂房和就近配套承接，贴近用户布局，缩短落地周期",
    Stage.SUPPORT: "以首单采购、场景开放等方式引进或培育服务机构",
}
NAMES_SHOWN = 3


@dataclass(frozen=True)
class Measure:
    """What may be done: a short label, a sentence, and a few words for the gap list (none for what only informs)."""

    label: str
    text: str
    brief: str = ""


@dataclass(frozen=True)
class Local:
    """Names behind the findings: segment code → name; → firms that fill it; → firms that do something else there."""

    segments: Mapping[str, str]
    fillers: Mapping[str, list[str]]
    others: Mapping[str, list[str]]

    def named(self, codes: Iterable[str], most: int = NAMES_SHOWN) -> list[str]:
        """Firms of several segments, one of each in turn so that no segment crowds out the others."""
        queues = [list(self.fillers.get(code, [])) for code in codes]
        found: dict[str, None] = {}
        while len(found) < most and any(queues):
            for queue in queues:
                if queue and len(found) < most:
                    found.setdefault(queue.pop(0))
        return list(found)

    def titled(self, codes: Iterable[str], most: int = NAMES_SHOWN) -> str:
        codes = list(codes)
        shown = "".join(f"“{self.segments.get(code, code)}”" for code in codes[:most])
        return shown if len(codes) <= most else f"{shown}等{len(codes)}个环节"


def measures_for(
    finding: Finding, state: SegmentState, products: list[str], local: Local, market: Market | None
) -> list[Measure]:
    """Measures for one finding, the weightiest first.

    ``products``: names of the segment's products; ``market``: who does it elsewhere, if anybody is known.
    """
    facts = {reason["code"]: reason for reason in finding.reasons}
    if finding.state == State.MISSING:
        found = _for_gap(finding, facts, products, local, market)
    else:
        found = _for_present(finding, facts, local)
    return [*_first_check(finding, state, facts), *found]


def _first_check(finding: Finding, state: SegmentState, facts: Mapping[str, Any]) -> list[Measure]:
    """What must be looked at before money is spent, where the diagnosis itself is in doubt."""
    doubts = []
    if "to_review" in facts:
        doubts.append(f"先核实{facts['to_review']['firms']}家疑似企业是否已在从事本环节")
    if finding.state == State.MISSING and not finding.sure:
        if (state.expected or 0) < 1:
            doubts.append("按对照占比本地不足1家，先测算需求量，比较落地与异地协作配套")
        else:
            doubts.append("先向下游用户核实需求量与现有供货来源，再决定是否立项")
    return [Measure("先行核实", "；".join(doubts) + "。")] if doubts else []


def _for_gap(
    finding: Finding, facts: Mapping[str, Any], products: list[str], local: Local, market: Market | None
) -> list[Measure]:
    segment = finding.segment
    found = []
    if finding.kind == Finding.Kind.EXTEND:
        found += _from_strength(facts, local, segment.name)
    direction = f"招引“{segment.name}”{_WORK[Role(segment.filled_by)]}企业"
    if market and market.provinces:
        where = "、".join(f"{name}（{n}家）" for name, n in market.provinces)
        direction += f"，对照库中此类企业以{where}居多，可作首选地区"
        brief = f"面向{'、'.join(name for name, _ in market.provinces)}招商"
    else:
        brief = "招商引进"
    found.append(Measure("招商方向", direction + "。", brief))
    if products:
        found.append(Measure("产品清单", f"优先{'、'.join(products[:6])}{'等' if len(products) > 6 else ''}。"))
    if users := facts.get("feeds_present"):
        found.append(Measure("本地用户", _buyers(users, local), "对接本地用户"))
    suppliers = facts.get("fed_by_present")
    if suppliers:
        names = local.named(suppliers["segments"])
        from_firms = f"（如{'、'.join(names)}）" if names else ""
        found.append(
            Measure(
                "本地供给",
                f"{local.titled(suppliers['segments'])}已有{suppliers['firms']}家企业{from_firms}，可就近供应。",
            )
        )
    if segment.fed_from:
        found.append(Measure("投入来源", f"主要投入来自{segment.fed_from.rstrip('。')}，须先落实供应协议与运距成本。"))
    if market and market.targets:
        shown = "、".join(f"{t.name}（{_where(t.province, t.city)}）" for t in market.targets[:NAMES_SHOWN])
        found.append(Measure("目标企业", f"可首先对接{shown}，其余见招商目标清单。"))
    if "others_only" in facts:
        found.append(Measure("就地转化", _convert(facts["others_only"], segment, local), "引导相关企业转入"))
    stage = Stage(segment.stage) if segment.filled_by == Role.MAKES else Stage.SUPPORT  # services need no plot of land
    found.append(Measure("承载条件", f"{_SITE[stage]}。"))
    return found


def _from_strength(facts: Mapping[str, Any], local: Local, name: str) -> list[Measure]:
    found = []
    for code, way in (("after_strong", "向下游"), ("before_strong", "向上游")):
        if strong := facts.get(code):
            led = local.named(strong["segments"])
            who = f"支持{'、'.join(led)}等企业" if led else "支持骨干企业"
            text = f"依托优势环节{local.titled(strong['segments'])}，{who}{way}延伸，以自建、合资或产能协作形成“{name}”能力。"
            found.append(Measure("龙头带动", text, "支持龙头延伸"))
    return found


def _for_present(finding: Finding, facts: Mapping[str, Any], local: Local) -> list[Measure]:
    segment = finding.segment
    works = segment.filled_by == Role.MAKES
    here = local.named([segment.code])
    who = f"支持{'、'.join(here)}等现有企业" if len(here) > 1 else f"支持{here[0]}" if here else "支持现有企业"
    found = []
    if "below_reference" in facts:
        how = "实施技术改造、扩大产能、补齐紧缺品种" if works else "扩充服务能力、拓展服务范围"
        lead = "技改扩能" if works else "扩容提质"
        found.append(Measure(lead, f"{who}{how}，把规模提到与全链相称的水平。", lead))
    if "single_supplier" in facts:
        found.append(
            Measure(
                "引入第二供应商",
                "引进或培育第二家供应商；到位之前由用户企业建立安全库存与替代来源，防止一家停产牵动全链。",
                "引入第二供应商",
            )
        )
    if "concentrated" in facts:
        share = facts["concentrated"]["value"]
        found.append(
            Measure(
                "分散集中风险",
                f"规模最大的一家占{share:.0%}，围绕它培育二、三线配套企业，并预备外部替代。",
                "培育配套企业",
            )
        )
    if "none_above_scale" in facts:
        found.append(Measure("升规培育", "本环节尚无规模以上企业，择优列入升规培育名单，逐户帮扶。", "升规培育"))
    if users := facts.get("feeds_present"):
        found.append(Measure("供需对接", _buyers(users, local), "供需对接"))
    if "others_only" in facts:
        found.append(Measure("就地转化", _convert(facts["others_only"], segment, local), "引导相关企业转入"))
    return found


def _buyers(users: Mapping[str, Any], local: Local) -> str:
    names = local.named(users["segments"], 4)
    who = f"，可先与{'、'.join(names)}对接采购意向" if names else "，可组织供需对接"
    return f"下游{local.titled(users['segments'])}有{users['firms']}家本地企业需要它{who}。"


def _convert(others: Mapping[str, Any], segment: Any, local: Local) -> str:
    names = local.others.get(segment.code, [])[:NAMES_SHOWN]
    who = f"（如{'、'.join(names)}）" if names else ""
    aim = "由经销转向生产" if segment.filled_by == Role.MAKES else f"转入{_WORK[Role(segment.filled_by)]}"
    return f"已有{others['firms']}家企业从事相关业务{who}，熟悉产品与市场，可引导其中有条件的{aim}。"


def _where(province: str, city: str) -> str:
    return province if not city or city == province else f"{province}{city}"
