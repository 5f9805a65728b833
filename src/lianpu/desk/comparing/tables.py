"""What a comparison shows, as tables to take away."""

from lianpu.desk.comparing.result import Comparison

Table = tuple[list[str], list[list[object]]]


def figure_table(found: Comparison) -> Table:
    """Heads and rows of the figures of health: of every side rate, numerator and denominator."""
    heads = ["产业链", "指标", "口径"]
    for side in found.sides:
        heads += [f"{side.label}", f"{side.label}分子", f"{side.label}分母"]
    heads += ["位次", "城市数", "对标城市中位数", "与中位数之差（百分点）"]
    rows: list[list[object]] = []
    for row in found.rows:
        line: list[object] = [row.chain.name, row.heading, row.label]
        for cell in row.cells:
            line += [cell.reason if cell.rate is None else round(cell.rate, 4), cell.numerator, cell.denominator]
        median = None if row.median is None else round(row.median, 4)
        points = None if row.points is None else round(row.points, 1)
        rows.append([*line, row.rank, row.of, median, points])
    return heads, rows


def segment_table(found: Comparison) -> Table:
    """Heads and rows of the segments: of every side state and firms."""
    heads = ["代码", "环节", "分组"]
    for side in found.sides:
        heads += [f"{side.label}状态", f"{side.label}企业数"]
    heads += ["有此环节的对标城市", "对标城市数"]
    rows: list[list[object]] = []
    for row in found.segments:
        line: list[object] = [row.segment.code, row.segment.name, row.segment.parent.name if row.segment.parent else ""]
        for cell in row.cells:
            line += [cell.label, cell.firms]
        rows.append([*line, row.have, row.asked])
    return heads, rows
