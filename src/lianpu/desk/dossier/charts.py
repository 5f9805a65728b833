"""Charts that Word itself draws and edits (DrawingML parts with their data in an embedded workbook): no image, no font shipped."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.shared import Cm

from lianpu.register.sheets import Book

CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
_TEXT = '<c:txPr><a:bodyPr/><a:lstStyle/><a:p><a:pPr><a:defRPr sz="{size}" b="0">{fill}<a:latin typeface="Times New Roman"/><a:ea typeface="宋体"/></a:defRPr></a:pPr><a:endParaRPr lang="zh-CN"/></a:p></c:txPr>'


@dataclass(frozen=True)
class Series:
    """One named row of values with its colour (RRGGBB) and the number format of its labels; a value may be unknown."""

    name: str
    values: Sequence[float | None]
    colour: str
    labels: str = "#,##0;;;"


@dataclass(frozen=True)
class BarChart:
    """Bars of every category for every series: side by side or stacked, lying (long names) or standing."""

    categories: Sequence[str]
    series: Sequence[Series]
    unit: str
    stacked: bool = False
    lying: bool = False


def add_chart(document: Any, paragraph: Any, chart: BarChart, *, width_cm: float, height_cm: float, words: str) -> None:
    """Put ``chart`` into ``paragraph``; ``words`` say it to those who cannot see it."""
    package = document.part.package
    number = 1 + sum(part.content_type == CHART_TYPE for part in package.iter_parts())
    sheet = Part(PackURI(f"/word/embeddings/chart{number}.xlsx"), _SHEET_TYPE, data_sheet(chart), package)
    part = Part(PackURI(f"/word/charts/chart{number}.xml"), CHART_TYPE, b"", package)
    part._blob = chart_xml(chart, part.relate_to(sheet, RT.PACKAGE)).encode()
    link = document.part.relate_to(part, RT.CHART)
    size = f'cx="{Cm(width_cm)}" cy="{Cm(height_cm)}"'
    drawing = (
        f'<w:drawing xmlns:w="{_W}"><wp:inline xmlns:wp="{_WP}" distT="0" distB="0" distL="0" distR="0"><wp:extent {size}/>'
        f'<wp:docPr id="{1000 + number}" name="图{number}" descr={quoteattr(words)}/><wp:cNvGraphicFramePr/>'
        f'<a:graphic xmlns:a="{_A}"><a:graphicData uri="{_C}"><c:chart xmlns:c="{_C}" xmlns:r="{_R}" r:id="{link}"/>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing>"
    )
    paragraph.add_run()._r.append(parse_xml(drawing))


def data_sheet(chart: BarChart) -> bytes:
    """The chart's data as a workbook, opened by “edit data” in Word."""
    out = io.BytesIO()
    with Book(out) as book:
        sheet = book.sheet("Sheet1")
        sheet.write_row(0, 1, [series.name for series in chart.series])
        sheet.write_column(1, 0, chart.categories)
        for at, series in enumerate(chart.series, start=1):
            for row, value in enumerate(series.values, start=1):
                if value is not None:
                    sheet.write_number(row, at, value)
    return out.getvalue()


def chart_xml(chart: BarChart, link: str) -> str:
    """The chart part; ``link`` is its relationship to the workbook."""
    grouping = "stacked" if chart.stacked else "clustered"
    overlap = 100 if chart.stacked else -10
    series = "".join(_series(chart, at) for at in range(len(chart.series)))
    legend = (
        f'<c:legend><c:legendPos val="t"/><c:overlay val="0"/>{_text(900)}</c:legend>' if len(chart.series) > 1 else ""
    )
    # Lying bars read from the top down; the value axis then has to be sent to the foot again.
    order, crosses = ("maxMin", "max") if chart.lying else ("minMax", "autoZero")
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><c:chartSpace xmlns:c="{_C}" xmlns:a="{_A}" xmlns:r="{_R}">'
        '<c:roundedCorners val="0"/><c:chart><c:autoTitleDeleted val="1"/><c:plotArea><c:layout/><c:barChart>'
        f'<c:barDir val="{"bar" if chart.lying else "col"}"/><c:grouping val="{grouping}"/><c:varyColors val="0"/>{series}'
        f'<c:gapWidth val="60"/><c:overlap val="{overlap}"/><c:axId val="111"/><c:axId val="222"/></c:barChart>'
        f'<c:catAx><c:axId val="111"/><c:scaling><c:orientation val="{order}"/></c:scaling><c:delete val="0"/>'
        f'<c:axPos val="{"l" if chart.lying else "b"}"/><c:numFmt formatCode="General" sourceLinked="0"/><c:majorTickMark val="none"/>'
        f'<c:minorTickMark val="none"/><c:tickLblPos val="low"/>{_line("7F8FA3")}{_text(900)}<c:crossAx val="222"/>'
        '<c:crosses val="autoZero"/><c:auto val="0"/><c:lblAlgn val="ctr"/><c:lblOffset val="100"/><c:noMultiLvlLbl val="1"/></c:catAx>'
        f'<c:valAx><c:axId val="222"/><c:scaling><c:orientation val="minMax"/><c:min val="0"/></c:scaling><c:delete val="0"/>'
        f'<c:axPos val="{"b" if chart.lying else "l"}"/><c:majorGridlines>{_line("E3E8EE")}</c:majorGridlines>{_axis_title(chart.unit)}'
        f'<c:numFmt formatCode="#,##0" sourceLinked="0"/><c:majorTickMark val="none"/><c:minorTickMark val="none"/>'
        f'<c:tickLblPos val="nextTo"/><c:spPr><a:ln><a:noFill/></a:ln></c:spPr>{_text(900)}<c:crossAx val="111"/>'
        f'<c:crosses val="{crosses}"/></c:valAx><c:spPr><a:noFill/></c:spPr></c:plotArea>{legend}<c:plotVisOnly val="1"/>'
        '<c:dispBlanksAs val="gap"/></c:chart><c:spPr><a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill>'
        f'<a:ln><a:noFill/></a:ln></c:spPr>{_text(900)}<c:externalData r:id="{link}"><c:autoUpdate val="0"/></c:externalData></c:chartSpace>'
    )


def _series(chart: BarChart, at: int) -> str:
    series = chart.series[at]
    column, last = chr(ord("B") + at), len(chart.categories) + 1
    names = "".join(f'<c:pt idx="{i}"><c:v>{escape(name)}</c:v></c:pt>' for i, name in enumerate(chart.categories))
    points = "".join(
        f'<c:pt idx="{i}"><c:v>{value:.6g}</c:v></c:pt>' for i, value in enumerate(series.values) if value is not None
    )
    count = f'<c:ptCount val="{len(chart.categories)}"/>'
    place = "ctr" if chart.stacked else "outEnd"
    return (
        f'<c:ser><c:idx val="{at}"/><c:order val="{at}"/><c:tx><c:strRef><c:f>Sheet1!${column}$1</c:f><c:strCache><c:ptCount val="1"/>'
        f'<c:pt idx="0"><c:v>{escape(series.name)}</c:v></c:pt></c:strCache></c:strRef></c:tx>'
        f'<c:spPr><a:solidFill><a:srgbClr val="{series.colour}"/></a:solidFill></c:spPr><c:invertIfNegative val="0"/>'
        f'<c:dLbls><c:numFmt formatCode="{escape(series.labels)}" sourceLinked="0"/><c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>'
        f'{_text(800, "FFFFFF" if chart.stacked else "262626")}<c:dLblPos val="{place}"/><c:showLegendKey val="0"/><c:showVal val="1"/><c:showCatName val="0"/>'
        '<c:showSerName val="0"/><c:showPercent val="0"/><c:showBubbleSize val="0"/></c:dLbls>'
        f"<c:cat><c:strRef><c:f>Sheet1!$A$2:$A${last}</c:f><c:strCache>{count}{names}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:f>Sheet1!${column}$2:${column}${last}</c:f><c:numCache><c:formatCode>General</c:formatCode>"
        f"{count}{points}</c:numCache></c:numRef></c:val></c:ser>"
    )


def _text(size: int, colour: str = "262626") -> str:
    """Text properties, ``size`` in hundredths of a point."""
    return _TEXT.format(size=size, fill=f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>')


def _line(colour: str) -> str:
    return f'<c:spPr><a:ln w="6350"><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill></a:ln></c:spPr>'


def _axis_title(unit: str) -> str:
    return (
        '<c:title><c:tx><c:rich><a:bodyPr rot="0" vert="horz"/><a:lstStyle/><a:p><a:pPr><a:defRPr sz="900" b="0"/></a:pPr>'
        f'<a:r><a:rPr lang="zh-CN" sz="900" b="0"><a:latin typeface="Times New Roman"/><a:ea typeface="宋体"/></a:rPr><a:t>{escape(unit)}</a:t>'
        '</a:r></a:p></c:rich></c:tx><c:overlay val="0"/></c:title>'
    )
