"""Health of the chain beside the cities most alike, as both forms of the dossier tell it."""

from lianpu.desk.comparing import Comparison
from lianpu.desk.comparing.result import Figure, Row
from lianpu.register.papers.tables import CENTRE, NUMBER, Column

COLUMNS = [
    Column("项目", 1.8, CENTRE),
    Column("口径", 5.4),
    Column("本地", 3.0, CENTRE),
    Column("对标中位数", 2.0, NUMBER),
    Column("差（百分点）", 1.8, NUMBER),
    Column("位次", 1.6, CENTRE),
]
SHEET_COLUMNS = [
    ("项目", 10, "mid"),
    ("口径", 46, ""),
    ("地区", 18, "mid"),
    ("比率（%）", 10, "0.0"),
    ("分子", 10, "0.0"),
    ("分母", 10, "0.0"),
    ("对标中位数（%）", 12, "0.0"),
    ("位次", 10, "mid"),
    ("说明", 24, ""),
]


def sentences(found: Comparison) -> list[str]:
    """What the table below says, whom it compares, and how far it may be trusted."""
    rows = [row for row in found.rows if row.points is not None]
    told = []
    if found.peers:
        alike = "、".join(side.label for side in found.peers)
        told.append(f"以制造结构最相近的{alike}为对标城市（{found.run.reference}）。")
        best, worst = (_named([row for row in rows if pick(row.points or 0)]) for pick in (_above, _below))
        if best:
            told.append(f"高于对标中位数5个百分点以上的有{best}。")
        if worst:
            told.append(f"低于5个百分点以上的有{worst}。")
        lacked = [row.segment.name for row in found.segments if row.lacked]
        if lacked:
            told.append(f"多数对标城市已有而本地尚无的环节：{'、'.join(lacked[:8])}{'等' if len(lacked) > 8 else ''}。")
    else:
        told.append("没有可用的对照城市，只列本地的数。")
    if found.uneven:
        told.append(
            f"各地计入的企业数相差两倍以上，完整度、韧性、本地配套随企业数上升，应以“同等企业数”一行（各按{found.even}家折算）为准。"
        )
    if not found.whole:
        told.append("以上只计经办人范围内的企业与环节。")
    return told


def _above(points: float) -> bool:
    return points >= 5


def _below(points: float) -> bool:
    return points <= -5


def _named(rows: list[Row]) -> str:
    return "、".join(f"{row.heading}（{row.label.partition('/')[0].strip()}）" for row in rows)


def table_rows(found: Comparison) -> list[list[str]]:
    """A row a figure for the Word table."""
    return [
        [
            row.heading,
            row.label,
            _figure(row.here),
            "—" if row.median_percent is None else f"{row.median_percent:.0f}%",
            "—" if row.points is None else f"{row.points:+.0f}",
            f"{row.rank}/{row.of}" if row.rank and found.peers else "—",
        ]
        for row in found.rows
    ]


def _figure(cell: Figure) -> str:
    if cell.rate is None:
        return cell.reason or "—"
    return f"{cell.rate:.0%}（{cell.numerator:.4g}/{cell.denominator:.4g}）"


def sheet_rows(found: Comparison) -> list[list[str | int | float | None]]:
    """A row a figure and side for the Excel sheet."""
    return [
        [
            *(row.heading, row.label, cell.side.label, cell.percent, cell.numerator, cell.denominator),
            row.median_percent if at == 0 else None,
            f"{row.rank}/{row.of}" if at == 0 and row.rank and found.peers else "",
            cell.reason,
        ]
        for row in found.rows
        for at, cell in enumerate(row.cells)
    ]
