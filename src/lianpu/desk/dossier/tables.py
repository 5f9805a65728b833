"""The chain map, drawn as one Word table."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from docx.oxml.ns import nsdecls

from lianpu.desk.dossier.colours import STATE_FILL, STATE_INK
from lianpu.desk.queries import Board, Group, Tile
from lianpu.register.papers.styles import INK, LANDSCAPE_CM, SYMBOL
from lianpu.register.papers.tables import DXA, append, cell, paragraph, run

_ABREAST = (8, 9, 10)
"""Tiles side by side over the whole width: the first with which the map stays on one page, else the lowest."""
_GAP, _MAP_HIGH = 0.3, 13.0
_GROUP_HIGH, _TILE_HIGH, _WRAP_HIGH = 0.5, 0.83, 0.37
_CHARACTER = 0.285
"""Width in cm of a character of a tile's name (8 points)."""
_BARE = (
    "<w:tcBorders>"
    + "".join(f'<w:{side} w:val="nil"/>' for side in ("top", "left", "bottom", "right"))
    + "</w:tcBorders>"
)
_WHITE = "".join(
    f'<w:{side} w:val="single" w:sz="18" w:space="0" w:color="FFFFFF"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)


def add_map(document: Any, board: Board) -> None:
    """The chain map: a column a stage, in it groups and their segments as tiles, filled and marked by state.

    Each stage is a table of its own within the outer one, so that a high tile of one stage does not stretch the others.
    """
    stages = [(column.label, column.groups) for column in board.stages if any(group.tiles for group in column.groups)]
    abreast = share_out([[[len(_named(tile)) for tile in group.tiles] for group in groups] for _, groups in stages])
    tile = _tile_width(sum(abreast), len(stages))
    heads = [
        cell(tile * n, paragraph("MapStage", run(label, ink="FFFFFF")), fill=INK)
        for (label, _), n in zip(stages, abreast, strict=True)
    ]
    # A cell must end with a paragraph, also after a table.
    bodies = [
        cell(tile * n, _stage(groups, n, tile) + paragraph("MapTile", ""), top=True)
        for (_, groups), n in zip(stages, abreast, strict=True)
    ]
    gap = cell(_GAP, paragraph("MapTile", ""))
    widths = [width for i, n in enumerate(abreast) for width in ([_GAP] if i else []) + [tile * n]]
    rows = f"<w:tr><w:trPr><w:tblHeader/></w:trPr>{gap.join(heads)}</w:tr><w:tr>{gap.join(bodies)}</w:tr>"
    append(document, _plain_table(widths, rows, ""))


def share_out(stages: Sequence[Sequence[Sequence[int]]]) -> tuple[int, ...]:
    """How many tiles each stage sets side by side, so that the highest stage is as low as can be.

    ``stages``: for each stage, for each of its groups, how many characters the names of its segments have.
    """

    def height(groups: Sequence[Sequence[int]], abreast: int, capacity: float) -> float:
        lines = [names[at : at + abreast] for names in groups for at in range(0, len(names), abreast)]
        wraps = sum(max(line) > capacity for line in lines)
        return len(groups) * _GROUP_HIGH + len(lines) * _TILE_HIGH + wraps * _WRAP_HIGH

    def lowest(total: int) -> tuple[float, float, tuple[int, ...]]:
        capacity = (_tile_width(total, len(stages)) - 0.2) / _CHARACTER
        highs = [[height(groups, n, capacity) for n in range(1, total + 1)] for groups in stages]
        ways = (way for way in product(range(1, total + 1), repeat=len(stages)) if sum(way) == total)
        held = (([high[n - 1] for high, n in zip(highs, way, strict=True)], way) for way in ways)
        return min((max(high), sum(high), way) for high, way in held)

    tried = [lowest(total) for total in _ABREAST]
    return next((way for high, _, way in tried if high <= _MAP_HIGH), min(tried)[2])


def _tile_width(abreast: int, stages: int) -> float:
    return (LANDSCAPE_CM - _GAP * (stages - 1)) / abreast


def _stage(groups: Sequence[Group], abreast: int, width: float) -> str:
    """The rows of one stage: a group's name, then its tiles by so many."""
    rows = []
    for group in groups:
        name = paragraph("MapGroup", run(group.segment.name, ink=INK))
        rows.append(cell(width * abreast, name, fill="E8EEF5", span=abreast))
        for at in range(0, len(group.tiles), abreast):
            line = group.tiles[at : at + abreast]
            blank = abreast - len(line)
            tail = cell(width * blank, paragraph("MapTile", ""), span=blank, borders=_BARE) if blank else ""
            rows.append("".join(_tile(tile, width) for tile in line) + tail)
    lines = "".join(f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr>" for cells in rows)
    return _plain_table([width] * abreast, lines, f"<w:tblBorders>{_WHITE}</w:tblBorders>", margin=50)


def _named(tile: Tile) -> str:
    return tile.segment.name + ("★" if tile.segment.is_key else "")


def _tile(tile: Tile, width: float) -> str:
    name = paragraph("MapTile", run(_named(tile), bold=True))
    if tile.state is None:
        return cell(width, name + paragraph("MapTile", run("· 未诊断")), fill="F2F2F2")
    state = tile.state.state
    label = f" {tile.state.get_state_display()}" + (f" {tile.state.firms}家" if tile.state.firms else "")
    words = run(tile.mark, ink=STATE_INK[state], font=SYMBOL) + run(label, ink=STATE_INK[state])
    return cell(width, name + paragraph("MapTile", words), fill=STATE_FILL[state])


def _plain_table(widths: Sequence[float], rows: str, borders: str, margin: int = 0) -> str:
    grid = "".join(f'<w:gridCol w:w="{round(width * DXA)}"/>' for width in widths)
    return (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{round(sum(widths) * DXA)}" w:type="dxa"/><w:jc w:val="center"/>{borders}'
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="{margin}" w:type="dxa"/><w:right w:w="{margin}" w:type="dxa"/></w:tblCellMar>'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"
    )
