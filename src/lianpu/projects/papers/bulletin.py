"""The monthly bulletin as a Word paper."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone
from docx.shared import Pt

from lianpu.projects.board import Line
from lianpu.projects.papers.facts import BRANCHES, Bulletin, Growth, change_words, lead_words, yi
from lianpu.register.language import declared
from lianpu.register.papers.styles import add_text, header_and_footer, new_document
from lianpu.register.papers.tables import CENTRE, NUMBER, Cell, Column, add_table

REDS_LISTED, PROBLEMS_LISTED = 60, 40
LIGHT_INK = {"red": "B3372F", "yellow": "B7791F", "green": "2F7D4F"}


def document(facts: Bulletin) -> bytes:
    """The bulletin as a .docx file."""
    writer = _Writer(facts)
    writer.head()
    writer.overall()
    writer.growth()
    writer.districts()
    writer.chains()
    writer.lights()
    writer.problems()
    writer.foot()
    out = io.BytesIO()
    writer.doc.save(out)
    return out.getvalue()


class _Writer:
    """The paper while it is written."""

    def __init__(self, facts: Bulletin) -> None:
        self.facts = facts
        self.doc = new_document()
        header_and_footer(self.doc.sections[0], f"{facts.title}　{facts.period}")
        properties = self.doc.core_properties
        properties.title, properties.author, properties.language = facts.title, "链谱", "zh-CN"
        properties.created = properties.modified = timezone.now()
        self.tables = self.parts = 0

    def heading(self, text: str) -> None:
        self.parts += 1
        add_text(self.doc.add_paragraph(style="Heading 1"), f"{'一二三四五六七八九'[self.parts - 1]}、{text}")

    def say(self, text: str) -> None:
        add_text(self.doc.add_paragraph(style="正文缩进两字"), text)

    def table(self, title: str, columns: Sequence[Column], rows: Iterable[Sequence[str | Cell]]) -> None:
        self.tables += 1
        add_text(self.doc.add_paragraph(style="Caption"), f"表{self.tables}　{title}")
        add_table(self.doc, columns, rows)
        self.doc.add_paragraph(style="表注")

    # -- parts ---------------------------------------------------------------------------------
    def head(self) -> None:
        title = self.doc.add_paragraph(style="Title")
        title.paragraph_format.space_before = Pt(24)
        add_text(title, self.facts.title)
        add_text(self.doc.add_paragraph(style="Subtitle"), f"（{self.facts.period}）")
        if self.facts.has_sample:
            add_text(self.doc.add_paragraph(style="示例标记"), "【示例】含示例数据，仅供试用，不得作为决策依据")

    def overall(self) -> None:
        facts, total = self.facts, self.facts.board.total
        self.heading("总体情况")
        where = f"{facts.city.name}" if facts.city else "全市"
        if not total.projects:
            self.say(f"{facts.period}，{where}没有列入年度列表的项目。")
            return
        words = (
            f"{facts.period}，{where}列入年度列表的重点项目{total.projects}个，总投资{yi(total.total_10k_cny)}，年度计划投资"
            f"{yi(total.plan_10k_cny)}；累计完成投资{yi(total.done_ytd_10k_cny)}，其中本月{yi(total.done_month_10k_cny)}。"
        )
        if total.completion_pct is not None:
            words += f"完成年度计划的{total.completion_pct}%，{lead_words(total.lead_points)}（序时{facts.board.schedule_pct}%）。"
        compared = [
            f"较{name}{said}"
            for name, before in (
                ("上年同期", facts.year_before.total),
                ("上月累计", facts.before and facts.before.total),
            )
            if before and (said := change_words(_gap(total, before)))
        ]
        if compared:
            words += f"完成率{'，'.join(compared)}。"
        if total.new_starts:
            words += f"计划新开工{total.new_starts}个，已开工{total.started}个，开工率{total.start_rate_pct}%。"
        if total.unreported:
            words += f"有{total.unreported}个项目本月未报，按最近一次填报的累计数计入。"
        self.say(words)
        rows = []
        for way, name in (("list_class", "类别"), ("tier", "层级")):
            rows += [_cells(one, f"{name}：{one.name}") for one in facts.board.lines(way)]
        self.table("分类完成情况", _columns("分类"), [*rows, _cells(total, "合计", bold=True)])

    def growth(self) -> None:
        facts = self.facts
        own = facts.growth(facts.city) if facts.city else Growth("", None)
        if own.now is None:
            return
        self.heading("投资增速（统计部门公布）")
        words = f"{facts.period}，{own.place}工业投资{_grew(own.now)}"
        for place in facts.above_the_city:
            other = facts.growth(place)
            if other.now is not None:
                gap = own.now - other.now
                words += "，" + (
                    f"与{place.name}持平"
                    if not gap
                    else f"{'高于' if gap > 0 else '低于'}{place.name}{abs(gap)}个百分点"
                )
        if own.rank:
            words += f"，居全省第{own.rank}位"
        if own.year_before is not None:
            words += f"；较上年同期{change_words(own.now - own.year_before)}"
        if own.month_before is not None:
            words += f"；较上月累计{change_words(own.now - own.month_before)}"
        self.say(words + "。")
        branches = [(branch, facts.growth(facts.city, branch)) for branch in BRANCHES]
        said = [f"{declared(branch.label)}{_grew(one.now)}" for branch, one in branches if one.now is not None]
        if said:
            self.say(f"分行业看，{'，'.join(said)}。")
        if facts.districts:
            above = [one for one in facts.districts if (one.now or 0) > own.now]
            rest = [one for one in facts.districts if one not in above]
            parts = (
                ("高于全市平均的", above),
                ("增长但低于全市平均的", [one for one in rest if (one.now or 0) >= 0]),
                ("下降的", [one for one in rest if (one.now or 0) < 0]),
            )
            for name, group in parts:
                if group:
                    self.say(
                        f"{name}有{len(group)}个：" + "、".join(f"{one.place}（{one.now}%）" for one in group) + "。"
                    )
            rows = [
                [one.place, f"{one.now}", _or_dash(one.month_before),
                 _or_dash(None if one.month_before is None or one.now is None else one.now - one.month_before)]
                for one in facts.districts
            ]  # fmt: skip
            heads = [
                Column("地区", 5),
                *(Column(head, 3.4, NUMBER) for head in ("累计增速（%）", "上月累计（%）", "变化（百分点）")),
            ]
            self.table("各地区投资增速", heads, rows)

    def districts(self) -> None:
        self.heading("分县区完成情况")
        above, level, behind = self.facts.three_groups("place")
        mean = self.facts.board.total.completion_pct
        for words, group in (
            (f"完成率高于全市平均（{mean}%）的", above),
            ("达到序时进度但不高于全市平均的", level),
            ("落后序时进度的", behind),
        ):
            if group:
                named = "、".join(f"{one.name}（{one.completion_pct}%）" for one in group)
                self.say(f"{words}有{len(group)}个：{named}。")
        self.table(
            "各县区完成情况",
            [Column("位次", 1.2, CENTRE), *_columns("县区", 2.0), Column("较上月", 1.3, NUMBER)],
            [
                [str(one.line.rank or "—"), *_cells(one.line, one.line.name), _or_dash(one.points)]
                for one in self.facts.changes("place")
            ],
        )

    def chains(self) -> None:
        self.heading("分产业链与包抓领导完成情况")
        for way, name in (("chain", "产业链"), ("leader", "包抓领导")):
            lines = self.facts.board.lines(way)
            self.table(
                f"各{name}完成情况",
                [Column("位次", 1.2, CENTRE), *_columns(name, 3.2)],
                [[str(one.rank or "—"), *_cells(one, one.name)] for one in lines],
            )

    def lights(self) -> None:
        total = self.facts.board.total
        self.heading("亮灯情况")
        self.say(
            f"按“{self.facts.board.rule_set.name}”，红灯{total.red}个，黄灯{total.yellow}个，绿灯{total.green}个。"
        )
        reds = self.facts.reds
        if reds:
            listed = f"（前{REDS_LISTED}个，全部见附表）" if len(reds) > REDS_LISTED else ""
            columns = [Column("项目", 5.2), Column("县区", 1.8, CENTRE), Column("包抓领导", 1.9, CENTRE), Column("始于", 1.6, CENTRE), Column("原因", 5.1)]  # fmt: skip
            self.table(
                f"红灯项目{listed}",
                columns,
                [
                    [
                        Cell(one.project.name, mark="■", ink=LIGHT_INK["red"]),
                        one.project.place.name if one.project.place else "",
                        one.project.leader,
                        one.since,
                        one.why,
                    ]
                    for one in reds[:REDS_LISTED]
                ],
            )

    def problems(self) -> None:
        self.heading("需协调解决的问题")
        found = self.facts.problems
        if not found:
            self.say("没有未销号的问题。")
            return
        today = timezone.localdate()
        late = [one for one in found if one.due and one.due < today]
        by_level = {level: sum(one.level == level for one in found) for level in ("province", "city", "county")}
        self.say(
            f"未销号问题{len(found)}个，其中省级协调{by_level['province']}个、市级{by_level['city']}个、县区级"
            f"{by_level['county']}个；逾期未办结{len(late)}个。"
        )
        columns = [Column("项目", 4.4), Column("问题", 4.6), Column("层级", 1.6, CENTRE), Column("责任单位", 3, CENTRE), Column("期限", 2, CENTRE)]  # fmt: skip
        rows = [
            [one.project.name, one.title, declared(str(one.get_level_display())), one.owner, str(one.due or "—")]
            for one in found[:PROBLEMS_LISTED]
        ]
        self.table("未销号问题" + (f"（前{PROBLEMS_LISTED}个）" if len(found) > PROBLEMS_LISTED else ""), columns, rows)

    def foot(self) -> None:
        self.say(
            "说明：完成率为本年累计完成投资与年度计划投资之比；序时进度按规则所附的月度计划曲线，未另定的为月份除以12；"
            "百分比由未舍入的数计算后四舍五入。"
        )
        end = self.doc.add_paragraph(style="正文缩进两字")
        add_text(end, self.facts.date)


def _gap(now: Line, before: Line) -> Any:
    if now.completion_pct is None or before.completion_pct is None:
        return None
    return now.completion_pct - before.completion_pct


def _grew(pct: Any) -> str:
    return "持平" if not pct else f"{'增长' if pct > 0 else '下降'}{abs(pct)}%"


def _or_dash(value: Any) -> str:
    return "—" if value is None else f"{value}"


def _columns(first: str, width: float = 3.4) -> list[Column]:
    heads = ("项目数", "年度计划（亿元）", "累计完成（亿元）", "完成率（%）", "超欠序时", "开工率（%）", "红灯")
    widths = (1.3, 1.9, 1.9, 1.6, 1.6, 1.5, 1.1)
    return [Column(first, width), *(Column(head, wide, NUMBER) for head, wide in zip(heads, widths, strict=True))]


def _cells(one: Line, name: str, *, bold: bool = False) -> list[str | Cell]:
    amounts = [yi(amount).removesuffix("亿元") for amount in (one.plan_10k_cny, one.done_ytd_10k_cny)]
    shares = [_or_dash(value) for value in (one.completion_pct, one.lead_points, one.start_rate_pct)]
    return [Cell(name, bold=bold), str(one.projects), *amounts, *shares, str(one.red)]
