"""Words for what a diagnosis computes, shared by pages and books."""

PART_NAMES = {
    "need": "本地需求",
    "supply": "投入条件",
    "anchor": "优势牵引",
    "kin": "同组基础",
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
    "position": "关键环节为1，其余为0.5，支撑环节减半",
    "shortfall": "企业这样少不是偶然所致的把握",
    "weakness": "区位商低于薄弱线的程度",
    "thin": "供应集中于一家或少数企业的程度",
}
