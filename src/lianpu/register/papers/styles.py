"""How the Word form looks: fonts, paragraph and table styles, page and fields. An office restyles the book here, or in Word."""

import re
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor

WESTERN = "Times New Roman"
HEI, FANG, KAI, SONG = "黑体", "仿宋", "楷体", "宋体"
SYMBOL = "Segoe UI Symbol"
# Other names under which an office machine may hold the same face, and its kind for the nearest substitute.
_FONTS = ((HEI, "SimHei", "modern"), (FANG, "FangSong", "modern"), (KAI, "KaiTi", "modern"), (SONG, "SimSun", "auto"))

INK, RULE, HEAD_FILL = "1F3247", "7F8FA3", "E8EEF5"
SAMPLE_INK = "B3372F"

PORTRAIT_CM, LANDSCAPE_CM = 15.6, 25.3
"""Widths of the text area."""
_MARGINS = {"top": 2.9, "bottom": 2.5, "left": 2.8, "right": 2.6}


def new_document() -> Any:
    """An empty document with the book's styles."""
    document = Document()
    _fonts(document)
    _defaults(document)
    _paragraph_styles(document)
    _table_styles(document)
    set_page(document.sections[0], landscape=False)
    return document


def set_page(section: Any, *, landscape: bool) -> None:
    """A4 with the margins of an official paper."""
    wide, high = Cm(29.7), Cm(21)
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (wide, high) if landscape else (high, wide)
    margins = {"top": 2.2, "bottom": 1.6, "left": 2.2, "right": 2.2} if landscape else _MARGINS
    for side, size in margins.items():
        setattr(section, f"{side}_margin", Cm(size))
    section.header_distance, section.footer_distance = Cm(1.2), Cm(0.9) if landscape else Cm(1.4)


def _fonts(document: Any) -> None:
    entries = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/><w:family w:val="{family}"/></w:font>'
        for name, other, family in _FONTS
    )
    table = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:fonts {nsdecls("w")}>{entries}</w:fonts>'
    document.part.part_related_by(RT.FONT_TABLE)._blob = table.encode()


def set_fonts(properties: Any, east_asia: str) -> None:
    """Fonts of a style or run: ``east_asia`` for Chinese, Times New Roman for figures and Latin."""
    fonts = properties.get_or_add_rFonts()
    for key in list(fonts.attrib):
        del fonts.attrib[key]  # theme fonts would win over the names given here
    for script, name in (("ascii", WESTERN), ("hAnsi", WESTERN), ("cs", WESTERN), ("eastAsia", east_asia)):
        fonts.set(qn(f"w:{script}"), name)


def _defaults(document: Any) -> None:
    defaults = document.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    set_fonts(defaults, FANG)
    for old in defaults.findall(qn("w:lang")):
        defaults.remove(old)
    defaults.append(parse_xml(f'<w:lang {nsdecls("w")} w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar-SA"/>'))
    settings = document.settings.element
    # The schema wants it before these; Word then renews contents and numbers on opening.
    later = (qn(f"w:{name}") for name in ("hdrShapeDefaults", "footnotePr", "endnotePr", "compat", "rsids"))
    at = min((settings.index(one) for name in later for one in settings.findall(name)), default=len(settings))
    settings.insert(at, parse_xml(f'<w:updateFields {nsdecls("w")} w:val="true"/>'))


def _paragraph_styles(document: Any) -> None:
    centre, left, justify = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.JUSTIFY
    # name, id (None: a style that Word has built in), fonts, points, bold, alignment, indent, line, before, after, next
    rows: tuple[tuple[Any, ...], ...] = (
        ("Normal", None, FANG, 12, False, justify, 0, 1.5, 0, 0),
        ("Title", None, HEI, 26, False, centre, 0, 1.3, 0, 6),
        ("Subtitle", None, KAI, 15, False, centre, 0, 1.5, 0, 0),
        ("Heading 1", None, HEI, 16, False, left, 0, 1.5, 12, 6),
        ("Heading 2", None, KAI, 14, True, left, 0, 1.5, 8, 2),
        ("Caption", None, HEI, 10.5, False, centre, 0, 1.2, 8, 4),
        ("Header", None, SONG, 9, False, centre, 0, 1, 0, 0),
        ("Footer", None, SONG, 10.5, False, centre, 0, 1, 0, 0),
        ("toc 1", "TOC1", HEI, 12, False, left, 0, 1.5, 4, 0),
        ("toc 2", "TOC2", FANG, 12, False, left, 0, 1.4, 0, 0),
        ("正文缩进两字", "BodyIndent", FANG, 12, False, justify, 2, 1.5, 0, 0),
        ("措施", "Measure", FANG, 12, False, justify, 2, 1.4, 0, 0),
        ("分节", "SectionBreak", SONG, 1, False, left, 0, Pt(1), 0, 0),
        ("表注", "TableNote", SONG, 9, False, left, 0, 1.2, 2, 6),
        ("目录标题", "ContentsTitle", HEI, 16, False, centre, 0, 1.5, 6, 6),
        ("示例标记", "SampleMark", HEI, 14, True, centre, 0, 1.4, 6, 6),
        ("表格文字", "TableText", SONG, 9, False, left, 0, 1.1, 1, 1),
        ("表格居中", "TableCentre", SONG, 9, False, centre, 0, 1.1, 1, 1),
        ("表格数字", "TableNumber", SONG, 9, False, WD_ALIGN_PARAGRAPH.RIGHT, 0, 1.1, 1, 1),
        ("表头", "TableHead", HEI, 9, False, centre, 0, 1.1, 2, 2),
        ("图谱位置", "MapStage", HEI, 11, False, centre, 0, 1.1, 2, 2),
        ("图谱分组", "MapGroup", HEI, 8.5, False, left, 0, Pt(11), 0, 0),
        ("图谱环节", "MapTile", SONG, 8, False, left, 0, Pt(10.5), 0, 0),
    )
    for name, style_id, font, size, bold, align, indent, line, before, after in rows:
        style = _style(document, name, style_id)
        style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
        style.font.color.rgb = RGBColor(0, 0, 0)
        set_fonts(style.element.get_or_add_rPr(), font)
        form = style.paragraph_format
        form.alignment, form.space_before, form.space_after = align, Pt(before), Pt(after)
        form.line_spacing = line  # a number of lines, or points to keep the map on its page whatever the font
        form.first_line_indent = Pt(size * indent) if indent else None
        if indent:  # counted in characters, so that it follows a change of the font's size
            style.element.pPr.find(qn("w:ind")).set(qn("w:firstLineChars"), str(indent * 100))
        # A title must not stand alone at the foot of a page; the one above a table belongs to it.
        form.keep_with_next = name.startswith("Heading") or name == "Caption"
        for border in style.element.pPr.findall(qn("w:pBdr")):
            style.element.pPr.remove(border)
    document.styles["示例标记"].font.color.rgb = RGBColor.from_string(SAMPLE_INK)
    document.styles["toc 2"].paragraph_format.left_indent = Pt(24)
    for name in ("toc 1", "toc 2"):
        document.styles[name].paragraph_format.tab_stops.add_tab_stop(
            Cm(PORTRAIT_CM), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS
        )


def _style(document: Any, name: str, style_id: str | None) -> Any:
    if name in {style.name for style in document.styles}:
        return document.styles[name]
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=name.startswith("toc"))
    style.base_style = document.styles["Normal"]
    style.element.set(qn("w:styleId"), style_id)
    return style


def _table_styles(document: Any) -> None:
    """Ruled above and below, thin lines within, a shaded head: plain enough for an official paper."""
    line = '<w:{0} w:val="single" w:sz="{1}" w:space="0" w:color="{2}"/>'.format
    borders = (
        line("top", 12, INK) + line("bottom", 12, INK) + line("insideH", 4, "C9D2DC") + line("insideV", 4, "E3E8EE")
    )
    document.styles.element.append(
        parse_xml(
            f'<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="BookTable"><w:name w:val="档案表"/>'
            f'<w:basedOn w:val="TableNormal"/><w:tblPr><w:tblBorders>{borders}</w:tblBorders><w:tblCellMar>'
            '<w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr>'
            '<w:tblStylePr w:type="firstRow"><w:tcPr><w:tcBorders>'
            f'{line("bottom", 8, INK)}</w:tcBorders><w:shd w:val="clear" w:color="auto" w:fill="{HEAD_FILL}"/></w:tcPr>'
            "</w:tblStylePr></w:style>"
        )
    )


def printable(text: str) -> str:
    """Without the control characters that XML does not admit."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)


# -- runs and fields ---------------------------------------------------------------------------
def add_text(paragraph: Any, text: str, *, east_asia: str = "", bold: bool | None = None) -> Any:
    """A run whose quotation marks and dashes are set as Chinese ones."""
    run = paragraph.add_run(printable(text))
    run.bold = bold
    properties = run._r.get_or_add_rPr()
    if east_asia:
        set_fonts(properties, east_asia)
    properties.get_or_add_rFonts().set(qn("w:hint"), "eastAsia")
    return run


def add_field(paragraph: Any, instruction: str, shown: str, *, parent: Any = None) -> None:
    """A field that Word renews (page number, table number), with what it shows until then."""
    holder = paragraph._p if parent is None else parent

    def run(child: Any) -> None:
        element = OxmlElement("w:r")
        element.append(child)
        holder.append(element)

    def character(kind: str) -> Any:
        element = OxmlElement("w:fldChar")
        element.set(qn("w:fldCharType"), kind)
        return element

    code = OxmlElement("w:instrText")
    code.set(qn("xml:space"), "preserve")
    code.text = f" {instruction} "
    words = OxmlElement("w:t")
    words.text = shown
    for child in (character("begin"), code, character("separate"), words, character("end")):
        run(child)


def header_and_footer(section: Any, title: str) -> None:
    """The book's title above, the page number below in the official form — 1 —; the first page, a cover, has neither."""
    section.different_first_page_header_footer = True
    head = section.header.paragraphs[0]
    add_text(head, title)
    head._p.get_or_add_pPr().append(
        parse_xml(f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single" w:sz="4" w:space="4" w:color="{RULE}"/></w:pBdr>')
    )
    foot = section.footer.paragraphs[0]
    add_text(foot, "— ")
    add_field(foot, "PAGE", "1")
    add_text(foot, " —")
