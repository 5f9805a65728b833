"""Word tables: lists with a repeated head."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from lianpu.register.papers.styles import SYMBOL, printable

LEFT, CENTRE, NUMBER = "TableText", "TableCentre", "TableNumber"
DXA = 567  # twentieths of a point in a centimetre


@dataclass(frozen=True)
class Column:
    """A column of a list: head, width in cm, alignment of its cells."""

    head: str
    width: float
    align: str = LEFT


@dataclass(frozen=True)
class Cell:
    """A cell that is more than words; ``mark`` is a symbol set before them."""

    text: str
    mark: str = ""
    fill: str = ""
    ink: str = ""
    bold: bool = False


def add_table(document: Any, columns: Sequence[Column], rows: Iterable[Sequence[str | Cell]]) -> None:
    """A list in the book's table style; its head comes again on every page and no row breaks across pages."""
    head = "".join(cell(column.width, paragraph("TableHead", run(column.head))) for column in columns)
    body = "".join(
        "<w:tr><w:trPr><w:cantSplit/></w:trPr>"
        + "".join(_list_cell(column, value) for column, value in zip(columns, row, strict=True))
        + "</w:tr>"
        for row in rows
    )
    grid = "".join(f'<w:gridCol w:w="{round(column.width * DXA)}"/>' for column in columns)
    append(
        document,
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="BookTable"/><w:tblW w:w="{round(sum(c.width for c in columns) * DXA)}" w:type="dxa"/>'
        '<w:jc w:val="center"/><w:tblLayout w:type="fixed"/><w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" '
        f'w:lastColumn="0" w:noHBand="1" w:noVBand="1"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
        f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{head}</w:tr>{body}</w:tbl>",
    )


def append(document: Any, xml: str) -> None:
    """Put a table (as XML) at the end of the document."""
    body = document.element.body
    body.insert(len(body) - 1, parse_xml(xml))  # before the section's own properties


def _list_cell(column: Column, value: str | Cell) -> str:
    said = value if isinstance(value, Cell) else Cell(value)
    mark = run(f"{said.mark} ", ink=said.ink, font=SYMBOL) if said.mark else ""
    words = mark + run(said.text, ink=said.ink, bold=said.bold)
    return cell(column.width, paragraph(column.align, words), fill=said.fill)


def cell(width: float, content: str, *, fill: str = "", span: int = 1, borders: str = "", top: bool = False) -> str:
    """The XML of a cell, ``width`` cm wide; ``content`` are its paragraphs."""
    wide = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{round(width * DXA)}" w:type="dxa"/>{wide}{borders}{shade}<w:vAlign w:val="{"top" if top else "center"}"/></w:tcPr>'
        f"{content}</w:tc>"
    )


def paragraph(style: str, runs: str) -> str:
    """The XML of a paragraph in a style given by its id."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{runs}</w:p>'


def run(text: str, *, ink: str = "", bold: bool = False, font: str = "") -> str:
    """The XML of a run of text."""
    fonts = f'w:ascii="{font}" w:hAnsi="{font}" w:eastAsia="{font}" ' if font else ""
    weight = "<w:b/>" if bold else ""
    colour = f'<w:color w:val="{ink}"/>' if ink else ""
    return (
        f'<w:r><w:rPr><w:rFonts {fonts}w:hint="eastAsia"/>{weight}{colour}</w:rPr>'
        f'<w:t xml:space="preserve">{escape(printable(text))}</w:t></w:r>'
    )
