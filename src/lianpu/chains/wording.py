"""Words for what a diagnosis computes, shared by pages and books."""

from collections.abc import Mapping, Sequence
from typing import Any

PART_NAMES = {
    "need": "本地需求",
    "supply": "投入条件",
    "anchor": "优势牵引",
    "kin": "同组基础",
    "likely": "进入可能",
    "position": "环节地位",
    "shortfall": "缺口显著",
    "weakness": "相对不足",
    "thin": "供应单一",
}
PART_MEANINGS = {
    "need": "本地有多少在位环节要用它（按流向重要程度加权）",
    "supply": "它所需的投入有多大比例本地已有",
    "anchor": "与本地优势环节相连的程度",
    "kin": "同组其他环节已在位的比例",
    "likely": "按对照库中各地进入新环节的规律，与平均相比有多可能进入；与平均相当为0.5",
    "position": "关键环节为1，其余为0.5，支撑环节减半",
    "shortfall": "企业这样少不是偶然所致的把握",
    "weakness": "区位商低于薄弱线的程度",
    "thin": "供应集中于一家或少数企业的程度",
}
KIND_NAMES = {"fill": "补链", "extend": "延链", "strengthen": "强链"}
TOLD_TURNS = 3
FIRST = 3  # the first ranks of a chain, as analysis.diagnosis.TOP has them


def steadiness(kind: str, rank: int, best: int, worst: int, turns: Sequence[Mapping[str, Any]]) -> str:
    """A Chinese sentence on how far the rank of a finding hangs on the weights: which one, by how much, from which rank
    to which. Arguments as :func:`lianpu.analysis.diagnosis.sensitivity` gives them."""
    if not turns:
        if best == worst:
            return f"稳健：任一权重增减20%，位次不变（第{rank}位）。"
        return f"稳健：任一权重增减20%，位次在第{best}至第{worst}位之间，不进出前{FIRST}位。"
    told = [_turn(kind, rank, one) for one in sorted(turns, key=lambda one: -abs(one["rank"] - rank))]
    more = f"；另有{len(told) - TOLD_TURNS}种增减也会使它进出前{FIRST}位" if len(told) > TOLD_TURNS else ""
    return f"易变：{'；'.join(told[:TOLD_TURNS])}{more}。"


def _turn(kind: str, rank: int, turn: Mapping[str, Any]) -> str:
    part = PART_NAMES.get(turn["part"], turn["part"])
    whose = part if turn["kind"] == kind else f"{KIND_NAMES[turn['kind']]}的{part}"
    way = "增" if turn["change"] > 0 else "减"
    return f"“{whose}”权重{way}{abs(turn['change']):.0%}，由第{rank}位变为第{turn['rank']}位"
