"""Word tables: lists with a repeated head, and the chain map drawn as one table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from lianpu.desk.dossier.styles import INK, LANDSCAPE_CM, STATE_FILL, STATE_INK, SYMBOL
from lianpu.desk.queries import Board, Group, Tile

LEFT, CENTRE, NUMBER = "TableText", "TableCentre", "TableNumber"
_DXA = 567  # twentieths of a point in a centimetre


@dataclass(frozen=True)
class Column:
    """A column of a list: head, width in cm, alignment of its cells."""

    head: str
    width: float
    align: str = LEFT


@dataclass(frozen=True)
class Cell:
    """A cell that is more than words."""

    text: str
    fill: str = ""
    ink: str = ""
    bold: bool = False


def add_table(document: Any, columns: Sequence[Column], rows: Iterable[Sequence[str | Cell]]) -> None:
    """A list in the book's table style; its head comes again on every page and no row breaks across pages."""
    head = "".join(_cell(column.width, _paragraph("TableHead", _run(column.head))) for column in columns)
    body = "".join(
        "<w:tr><w:trPr><w:cantSplit/></w:trPr>"
        + "".join(_list_cell(column, value) for column, value in zip(columns, row, strict=True))
        + "</w:tr>"
        for row in rows
    )
    grid = "".join(f'<w:gridCol w:w="{round(column.width * _DXA)}"/>' for column in columns)
    _append(
        document,
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="BookTable"/><w:tblW w:w="{round(sum(c.width for c in columns) * _DXA)}" w:type="dxa"/>'
        '<w:jc w:val="center"/><w:tblLayout w:type="fixed"/><w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" '
        f'w:lastColumn="0" w:noHBand="1" w:noVBand="1"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
        f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{head}</w:tr>{body}</w:tbl>",
    )


def _append(document: Any, xml: str) -> None:
    body = document.element.body
    body.insert(len(body) - 1, parse_xml(xml))  # before the section's own properties


def _list_cell(column: Column, value: str | Cell) -> str:
    cell = value if isinstance(value, Cell) else Cell(value)
    return _cell(column.width, _paragraph(column.align, _run(cell.text, ink=cell.ink, bold=cell.bold)), fill=cell.fill)


def _cell(width: float, content: str, *, fill: str = "", span: int = 1, borders: str = "") -> str:
    wide = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{round(width * _DXA)}" w:type="dxa"/>{wide}{borders}{shade}<w:vAlign w:val="center"/></w:tcPr>'
        f"{content}</w:tc>"
    )


def _paragraph(style: str, runs: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{runs}</w:p>'


def _run(text: str, *, ink: str = "", bold: bool = False, font: str = "") -> str:
    fonts = f'w:ascii="{font}" w:hAnsi="{font}" w:eastAsia="{font}" ' if font else ""
    weight = "<w:b/>" if bold else ""
    colour = f'<w:color w:val="{ink}"/>' if ink else ""
    return (
        f'<w:r><w:rPr><w:rFonts {fonts}w:hint="eastAsia"/>{weight}{colour}</w:rPr>'
        f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    )


# -- the chain map -----------------------------------------------------------------------------
_ABREAST = 8
"""Tiles side by side over the whole width."""
_GAP = 0.3
_TILE_HIGH, _GROUP_HIGH = 0.86, 0.6
_BARE = '<w:tcBorders><w:top w:val="nil"/><w:left w:val="nil"/><w:bottom w:val="nil"/><w:right w:val="nil"/></w:tcBorders>'


def add_map(document: Any, board: Board) -> None:
    """The chain map: a column a stage, in it groups and their segments as tiles, filled and marked by state."""
    stages = [(column.label, column.groups) for column in board.stages if any(group.tiles for group in column.groups)]
    abreast = share_out([[len(group.tiles) for group in groups] for _, groups in stages])
    tile = (LANDSCAPE_CM - _GAP * (len(stages) - 1)) / sum(abreast)
    lines = [_lines(groups, n) for (_, groups), n in zip(stages, abreast, strict=True)]
    heads = [_cell(tile * n, _paragraph("MapStage", _run(label, ink="FFFFFF")), fill=INK, span=n) for (label, _), n in zip(stages, abreast, strict=True)]
    rows = [_row(heads, "<w:tblHeader/>", 0.7)]
    for at in range(max(map(len, lines))):
        cells = [_line_cells(line[at] if at < len(line) else None, n, tile) for line, n in zip(lines, abreast, strict=True)]
        rows.append(_row(cells, "", _TILE_HIGH))
    widths = [width for i, n in enumerate(abreast) for width in ([_GAP] if i else []) + [tile] * n]
    grid = "".join(f'<w:gridCol w:w="{round(width * _DXA)}"/>' for width in widths)
    white = "".join(f'<w:{side} w:val="single" w:sz="18" w:space="0" w:color="FFFFFF"/>' for side in ("top", "left", "bottom", "right", "insideH", "insideV"))
    _append(
        document,
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{round(LANDSCAPE_CM * _DXA)}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>{white}</w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="50" w:type="dxa"/><w:right w:w="30" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>",
    )


def share_out(stages: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """How many tiles each stage sets side by side so that the highest stage is as low as can be.

    ``stages``: for each stage the number of tiles of its groups.
    """
    total = max(_ABREAST, len(stages))

    def height(groups: Sequence[int], abreast: int) -> float:
        return sum(_GROUP_HIGH + _TILE_HIGH * -(-tiles // abreast) for tiles in groups)

    ways = (way for way in product(range(1, total + 1), repeat=len(stages)) if sum(way) == total)
    return min(ways, key=lambda way: (max(map(height, stages, way)), sum(map(height, stages, way))))


def _lines(groups: Sequence[Group], abreast: int) -> list[Group | list[Tile]]:
    """The rows of one stage: a group's name, then its tiles by so many."""
    lines: list[Group | list[Tile]] = []
    for group in groups:
        lines.append(group)
        lines += [group.tiles[at : at + abreast] for at in range(0, len(group.tiles), abreast)]
    return lines


def _line_cells(line: Group | list[Tile] | None, abreast: int, width: float) -> str:
    if line is None:
        return _cell(width * abreast, _paragraph("MapTile", ""), span=abreast, borders=_BARE)
    if isinstance(line, Group):
        return _cell(width * abreast, _paragraph("MapGroup", _run(line.segment.name, ink=INK)), fill="E8EEF5", span=abreast)
    blank = abreast - len(line)
    tail = _cell(width * blank, _paragraph("MapTile", ""), span=blank, borders=_BARE) if blank else ""
    return "".join(_tile(tile, width) for tile in line) + tail


def _tile(tile: Tile, width: float) -> str:
    name = _paragraph("MapTile", _run(tile.segment.name + ("★" if tile.segment.is_key else ""), bold=True))
    if tile.state is None:
        return _cell(width, name + _paragraph("MapTile", _run("· 未诊断")), fill="F2F2F2")
    state = tile.state.state
    label = f" {tile.state.get_state_display()}" + (f" {tile.state.firms}家" if tile.state.firms else "")
    words = _run(tile.mark, ink=STATE_INK[state], font=SYMBOL) + _run(label, ink=STATE_INK[state])
    # The missing ones are told by a broken edge too: a map must be legible in black and white.
    edge = "".join(f'<w:{side} w:val="dashed" w:sz="6" w:space="0" w:color="{STATE_INK[state]}"/>' for side in ("top", "left", "bottom", "right"))
    return _cell(width, name + _paragraph("MapTile", words), fill=STATE_FILL[state], borders=f"<w:tcBorders>{edge}</w:tcBorders>" if state == "missing" else "")


def _row(cells: Sequence[str], properties: str, height: float) -> str:
    gap = _cell(_GAP, _paragraph("MapTile", ""), borders=_BARE)
    return (
        f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="{round(height * _DXA * 0.6)}" w:hRule="atLeast"/>{properties}</w:trPr>'
        f"{gap.join(cells)}</w:tr>"
    )
