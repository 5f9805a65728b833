"""The Word form of the dossier."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone
from docx.enum.section import WD_SECTION
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt

from lianpu.chains.models import State
from lianpu.chains.wording import PART_NAMES
from lianpu.desk.dossier import comparison, tables, wording
from lianpu.desk.dossier.charts import BarChart, Series, add_chart
from lianpu.desk.dossier.colours import STATE_FILL, STATE_INK
from lianpu.desk.dossier.facts import ADVISED, Advice, Book
from lianpu.desk.queries import MARKS
from lianpu.register.papers.styles import (
    HEI,
    LANDSCAPE_CM,
    PORTRAIT_CM,
    SONG,
    SYMBOL,
    add_field,
    add_text,
    header_and_footer,
    new_document,
    set_page,
)
from lianpu.register.papers.tables import CENTRE, NUMBER, Cell, Column, add_table

LEADERS = 20
RISKS_LISTED = 15
FIRMS_LISTED = 100
TARGETS_A_SEGMENT = 3
BLUE, GREY = "2F6F9F", "B9C4CF"


def document(book: Book) -> bytes:
    """The dossier as a .docx file."""
    writer = _Writer(book)
    writer.cover()
    writer.judgement()
    writer.map()
    writer.states()
    writer.leaders()
    writer.advice()
    writer.lists()
    writer.method()
    writer.contents()
    out = io.BytesIO()
    writer.doc.save(out)
    return out.getvalue()


class _Writer:
    """The document while it is written: counts tables and charts, remembers headings for the contents."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.doc = new_document()
        self.headings: list[tuple[int, str, str]] = []
        self.counted = {"表": 0, "图": 0}
        header_and_footer(self.doc.sections[0], f"{book.title}　　诊断第{book.run.pk}号（{wording.date_of(book)}）")
        properties = self.doc.core_properties
        properties.title, properties.author, properties.language = book.title, "链谱", "zh-CN"
        properties.subject, properties.comments = "产业链档案", "示例" if book.has_sample else ""
        properties.created = properties.modified = timezone.now()

    # -- pieces --------------------------------------------------------------------------------
    def heading(self, text: str, level: int) -> None:
        paragraph = self.doc.add_paragraph(style=f"Heading {level}")
        name = f"_Toc{len(self.headings) + 1:06d}"
        number = str(len(self.headings) + 1)
        paragraph._p.append(parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="{number}" w:name="{name}"/>'))
        add_text(paragraph, text)
        paragraph._p.append(parse_xml(f'<w:bookmarkEnd {nsdecls("w")} w:id="{number}"/>'))
        self.headings.append((level, text, name))

    def say(self, text: str, style: str = "正文缩进两字") -> Any:
        paragraph = self.doc.add_paragraph(style=style)
        add_text(paragraph, text)
        return paragraph

    def caption(self, kind: str, text: str) -> Any:
        self.counted[kind] += 1
        paragraph = self.doc.add_paragraph(style="Caption")
        add_text(paragraph, kind)
        add_field(paragraph, f"SEQ {kind} \\* ARABIC", str(self.counted[kind]))
        add_text(paragraph, f"　{text}")
        if kind == "图":  # below its chart, hence nothing to keep with
            paragraph.paragraph_format.keep_with_next = False
        return paragraph

    def table(self, title: str, columns: Sequence[Column], rows: Iterable[Sequence[str | Cell]]) -> None:
        self.caption("表", title)
        add_table(self.doc, columns, rows)
        self.doc.add_paragraph(style="表注")  # Word runs tables together that no paragraph parts

    def chart(self, title: str, chart: BarChart, height: float, words: str) -> None:
        paragraph = self.doc.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        paragraph.paragraph_format.line_spacing = 1
        add_chart(self.doc, paragraph, chart, width_cm=PORTRAIT_CM, height_cm=height, words=words)
        self.caption("图", title)

    def section(self, *, landscape: bool) -> None:
        section = self.doc.add_section(WD_SECTION.NEW_PAGE)
        self.doc.paragraphs[-1].style = "分节"  # the break's own paragraph must not need a page of its own
        section.different_first_page_header_footer = False  # only the cover goes without
        set_page(section, landscape=landscape)

    # -- cover and contents ----------------------------------------------------------------------
    def cover(self) -> None:
        book = self.book
        first = self.doc.add_paragraph(style="Title")
        first.paragraph_format.space_before = Pt(150)
        add_text(first, f"{book.place.name}{book.chain.name}")
        add_text(self.doc.add_paragraph(style="Title"), "产 业 链 档 案")
        for text in (f"诊断第{book.run.pk}号", wording.date_of(book)):
            add_text(self.doc.add_paragraph(style="Subtitle"), text)
        if book.has_sample:
            mark = self.doc.add_paragraph(style="示例标记")
            mark.paragraph_format.space_before = Pt(30)
            add_text(mark, "【示例】本档案含示例数据，仅供试用，不得作为决策依据")
        if book.chain.summary:
            about = self.say(book.chain.summary)
            about.paragraph_format.space_before = Pt(120)
        self.doc.add_page_break()
        self.contents_title = self.say("目　　录", "目录标题")
        self.section(landscape=False)

    def contents(self) -> None:
        """The contents field with its entries already in it; the page numbers come when Word renews it on opening."""
        after = self.contents_title._p
        for at, (level, text, name) in enumerate(self.headings):
            entry = self.doc.add_paragraph(style=f"toc {level}")
            if at == 0:
                _field_edge(entry, "begin", ' TOC \\o "1-2" \\h \\z \\u ')
            link = OxmlElement("w:hyperlink")
            link.set(qn("w:anchor"), name)
            link.set(qn("w:history"), "1")
            entry._p.append(link)
            link.append(add_text(entry, text)._r)
            if at == len(self.headings) - 1:
                _field_edge(entry, "end")
            after.addnext(entry._p)
            after = entry._p

    # -- 一 to 七 ----------------------------------------------------------------------------------
    def judgement(self) -> None:
        book = self.book
        self.heading("一、总体判断", 1)
        if book.has_sample:
            self.say("【示例】以下结论由示例数据得出", "示例标记")
        self.heading("（一）基本结论", 2)
        for text in wording.judgement(book):
            self.say(text)
        labels = [str(state.label) for state in State]
        self.table(
            "各位置环节状态",
            [
                Column("位置", 2.6, CENTRE),
                *(Column(label, 2.3, CENTRE) for label in labels),
                Column("合计", 2.3, CENTRE),
            ],
            [[stage, *map(str, numbers), str(sum(numbers))] for stage, numbers in book.stage_states]
            + [["合计", *(str(len(book.by_state[state])) for state in State), str(len(book.rows))]],
        )
        self.chart(
            "各位置环节状态构成（个）",
            BarChart(
                [stage for stage, _ in book.stage_states],
                [
                    Series(
                        f"{MARKS[state]}{state.label}",
                        [numbers[at] for _, numbers in book.stage_states],
                        STATE_INK[state],
                    )
                    for at, state in enumerate(State)
                ],
                "环节数",
                stacked=True,
                lying=True,
            ),
            5.6,
            "堆积条形图：各位置缺失、薄弱、均衡、优势环节的个数，数据见上表。",
        )
        if book.risks:
            self.heading("（二）关键投入缺口", 2)
            more = f"下表列牵涉企业最多的{RISKS_LISTED}项。" if len(book.risks) > RISKS_LISTED else ""
            self.say(
                f"已有环节不可缺、而登记企业中未见本地供给的投入共{len(book.risks)}项，凡确需外购的，应列为断链断供风险的排查重点。{more}"
            )
            self.table(
                "不可缺而未见本地供给的投入",
                [
                    Column("投入品", 4.6),
                    Column("应由何环节供给（缺失）", 4.6),
                    Column("需要它的本地环节", 4.6),
                    Column("企业数", 1.8, CENTRE),
                ],
                [[risk.via, risk.source, risk.target, str(risk.firms)] for risk in book.risks[:RISKS_LISTED]],
            )
        if book.comparison is not None:
            self.heading(f"（{'三' if book.risks else '二'}）健康度与对标城市", 2)
            for text in comparison.sentences(book.comparison):
                self.say(text)
            self.table("产业链健康度", comparison.COLUMNS, comparison.table_rows(book.comparison))

    def map(self) -> None:
        book = self.book
        self.section(landscape=True)
        self.heading("二、产业链图谱", 1)
        self.doc.paragraphs[-1].paragraph_format.space_before = Pt(0)
        key = self.caption("图", f"{book.place.name}{book.chain.name}产业链图谱　　　")
        for state in State:
            add_text(key, MARKS[state], east_asia=SYMBOL)
            add_text(key, f" {state.label}　", east_asia=SONG)
        add_text(key, "★ 关键环节　数字为从事该环节的本地企业数", east_asia=SONG)
        tables.add_map(self.doc, book.board)

    def states(self) -> None:
        book = self.book
        self.section(landscape=False)
        self.heading("三、环节状态表", 1)
        columns = [
            Column("位置", 1.2, CENTRE),
            Column("环节", 3.9),
            Column("状态", 1.6, CENTRE),
            Column("企业数", 1.3, NUMBER),
            Column("应有数", 1.3, NUMBER),
            Column("区位商（区间）", 3.0, CENTRE),
            Column("集中度", 1.2, NUMBER),
            Column("关键", 1.0, CENTRE),
            Column("判断", 1.1, CENTRE),
        ]
        rows = [
            [
                row.stage,
                row.segment.name,
                Cell(row.state_label, row.mark, STATE_FILL[row.state.state], STATE_INK[row.state.state]),
                f"{row.state.firms:,}",
                wording.expected(row.state.expected),
                wording.quotient(row),
                wording.number(row.state.hhi),
                "★" if row.segment.is_key else "",
                "可靠" if row.state.sure else "待核",
            ]
            for row in book.rows
        ]
        if shown := book.compared:
            self.chart(
                "主要环节实有与应有企业数（家）",
                BarChart(
                    [row.segment.name for row in shown],
                    [
                        Series("实有", [row.state.firms for row in shown], BLUE),
                        Series(
                            f"应有（按{book.reference_name}占比）",
                            [row.state.expected for row in shown],
                            GREY,
                            "[>=9.95]#,##0;0.0",
                        ),
                    ],
                    "家",
                    lying=True,
                ),
                2.2 + 0.7 * len(shown),
                "条形图：企业最多或应有最多的环节，实有企业数与按对照占比的应有数，数据见下表。",
            )
        self.table("环节状态", columns, rows)

    def leaders(self) -> None:
        book = self.book
        self.heading("四、龙头与骨干企业", 1)
        if not book.firms:
            self.say("没有可列名的企业。" if not book.withheld else "本链企业均不在您可导出的范围内，故不列名。")
            return
        by = "最近年度主营业务收入（无数据的按注册资本）" if book.has_revenue else "注册资本（尚无主营业务收入数据）"
        self.say(
            f"本链可列名企业{len(book.firms)}家，下表按{by}列前{min(LEADERS, len(book.firms))}家，完整名单见第六部分。"
        )
        self.table("龙头与骨干企业", self._firm_columns(PORTRAIT_CM, short=True), self._firm_rows(LEADERS, short=True))
        districts = book.districts[:12]
        if len(districts) > 1:
            self.chart(
                "本链企业地区分布（家）",
                BarChart(
                    [name for name, _ in districts],
                    [Series("企业数", [n for _, n in districts], BLUE)],
                    "家",
                ),
                6.5,
                "柱形图：" + "、".join(f"{name}{n}家" for name, n in districts) + "。",
            )
            self.table(
                "本链企业地区分布",
                [Column(name, PORTRAIT_CM / len(districts), CENTRE) for name, _ in districts],
                [[str(n) for _, n in districts]],
            )

    def _firm_columns(self, width: float, *, short: bool) -> list[Column]:
        columns = [Column("序号", 1.1, CENTRE), Column("企业名称", 5.0 if short else 8.6)]
        if not short:
            columns.append(Column("统一社会信用代码", 4.2, CENTRE))
        columns += [
            Column("所在地", 2.0 if short else 3.4, CENTRE),
            Column("角色", 1.2, CENTRE),
            Column("注册资本（万元）", 2.0, NUMBER),
        ]
        if self.book.has_revenue:
            columns.append(Column("主营收入（万元）", 2.0, NUMBER))
        rest = width - sum(column.width for column in columns)
        return [*columns[:-1], Column("所在环节", rest), columns[-1]]

    def _firm_rows(self, most: int, *, short: bool) -> Iterable[list[str]]:
        for at, firm in enumerate(self.book.firms[:most], start=1):
            row = [str(at), firm.name, *([] if short else [firm.uscc]), firm.place, firm.roles]
            money = [
                wording.number(None if value is None else float(value), 0) for value in (firm.capital, firm.revenue)
            ]
            row += money if self.book.has_revenue else money[:1]
            yield [*row[:-1], firm.segments, row[-1]]

    def advice(self) -> None:
        book = self.book
        self.heading("五、补链延链强链建议", 1)
        if not book.advice:
            self.say("本次诊断没有对本链提出建议。")
            return
        top = book.advice[:ADVISED]
        self.say(
            f"以下按得分列前{len(top)}项，逐项写明理由、得分构成与候选措施；其余{len(book.advice) - len(top)}项见短板清单。"
            if len(book.advice) > len(top)
            else f"以下按得分列全部{len(top)}项，逐项写明理由、得分构成与候选措施。"
        )
        self.say("候选措施由系统依理由拟出，供专班研究取舍，不是定论。")
        for at, one in enumerate(top, start=1):
            self._one(at, one)

    def _one(self, at: int, one: Advice) -> None:
        finding = one.finding
        doubt = "" if finding.sure else "（待核实）"
        self.heading(f"（{wording.ordinal(at)}）{finding.get_kind_display()}：{finding.segment.name}{doubt}", 2)
        reason = self.doc.add_paragraph(style="正文缩进两字")
        add_text(reason, "理由：", east_asia=HEI)
        add_text(reason, one.reason)
        reason.paragraph_format.keep_with_next = True
        if finding.steadiness:
            steady = self.doc.add_paragraph(style="正文缩进两字")
            add_text(steady, "位次：", east_asia=HEI)
            add_text(steady, finding.steadiness)
            steady.paragraph_format.keep_with_next = True
        parts = finding.parts
        width = PORTRAIT_CM / (len(parts) + 1)
        add_table(
            self.doc,
            [
                *(Column(f"{PART_NAMES.get(p['name'], p['name'])}（{p['weight']:.0%}）", width, CENTRE) for p in parts),
                Column("综合得分", width, CENTRE),
            ],
            [[*(f"{p['value']:.2f}" for p in parts), Cell(f"{finding.score:.2f}", bold=True)]],
        )
        for number, measure in enumerate(one.measures, start=1):
            paragraph = self.doc.add_paragraph(style="措施")
            if number == 1:
                paragraph.paragraph_format.space_before = Pt(6)
            add_text(paragraph, f"{number}. {measure.label}：", bold=True)
            add_text(paragraph, measure.text)

    def lists(self) -> None:
        book = self.book
        self.section(landscape=True)
        self.heading("六、清单", 1)
        self.heading("（一）短板清单", 2)
        columns = [
            Column("序号", 1.1, CENTRE),
            Column("位置", 1.2, CENTRE),
            Column("环节", 4.2),
            Column("类别", 1.3, CENTRE),
            Column("短板类型", 2.7, CENTRE),
            Column("依据", 6.0),
            Column("主要措施", 5.4),
            Column("责任单位", 1.7),
            Column("完成时限", 1.7),
        ]
        self.table(
            "短板清单（责任单位与完成时限由专班填写）",
            columns,
            [self._gap_row(at, one) for at, one in enumerate(book.advice, start=1)],
        )
        if book.firms:
            self.heading("（二）企业清单", 2)
            if len(book.firms) > FIRMS_LISTED:
                self.say(f"本链可列名企业{len(book.firms)}家，此处列前{FIRMS_LISTED}家，全部名单见同名 Excel 档案。")
            self.table(
                "企业清单", self._firm_columns(LANDSCAPE_CM, short=False), self._firm_rows(FIRMS_LISTED, short=False)
            )
        if book.gaps:
            self.heading(f"（{'三' if book.firms else '二'}）招商目标清单", 2)
            columns = [
                Column("序号", 1.1, CENTRE),
                Column("补什么环节", 4.6),
                Column("目标企业", 7.6),
                Column("所在地", 3.6, CENTRE),
                Column("适配依据", 6.4),
                Column("挂链把握", 2.0, NUMBER),
            ]
            chosen = [
                (one, target) for one in book.gaps if one.market for target in one.market.targets[:TARGETS_A_SEGMENT]
            ]
            self.table(
                "招商目标清单",
                columns,
                [
                    [
                        str(at),
                        one.finding.segment.name,
                        t.name,
                        f"{t.province}{t.city if t.city != t.province else ''}",
                        t.why,
                        f"{t.confidence:.2f}",
                    ]
                    for at, (one, t) in enumerate(chosen, start=1)
                ],
            )
        before = 1 + bool(book.firms) + bool(book.gaps)
        for at, (title, note, columns, rows) in enumerate(book.prospects.parts, start=before + 1):
            self.heading(f"（{wording.ordinal(at)}）{title}", 2)
            self.say(note)
            self.table(title, columns, rows)

    def _gap_row(self, at: int, one: Advice) -> list[str | Cell]:
        state = one.row.state
        basis = (
            f"企业{state.firms}家，应有约{wording.expected(state.expected)}家"
            if (state.expected or 0) >= 0.05
            else f"企业{state.firms}家"
        )
        users = next((reason for reason in one.finding.reasons if reason["code"] == "feeds_present"), None)
        if users:
            basis += f"；下游{users['firms']}家本地企业需要"
        basis += "" if one.finding.sure else "；待核实"
        kind, key = str(one.finding.get_kind_display()), "★" if one.row.segment.is_key else ""
        lack = Cell(one.lack, fill=STATE_FILL[state.state])
        return [str(at), one.row.stage, one.row.segment.name + key, kind, lack, basis, one.brief, "", ""]

    def method(self) -> None:
        book = self.book
        self.section(landscape=False)
        self.heading("七、口径说明", 1)
        self.table("本档案的数据与版本", [Column("项目", 3.2, CENTRE), Column("内容", 12.4)], wording.versions(book))
        for label, text in wording.method_notes(book):
            paragraph = self.doc.add_paragraph(style="正文缩进两字")
            add_text(paragraph, f"{label}：", east_asia=HEI)
            add_text(paragraph, text)


def _field_edge(paragraph: Any, kind: str, instruction: str = "") -> None:
    run = OxmlElement("w:r")
    edge = OxmlElement("w:fldChar")
    edge.set(qn("w:fldCharType"), kind)
    run.append(edge)
    paragraph._p.append(run)
    if instruction:
        code = OxmlElement("w:instrText")
        code.set(qn("xml:space"), "preserve")
        code.text = instruction
        second = OxmlElement("w:r")
        second.append(code)
        paragraph._p.append(second)
        _field_edge(paragraph, "separate")
