"""The Excel form of the dossier: one workbook, a sheet a list, with charts of its own."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from lianpu.chains.models import State
from lianpu.chains.wording import PART_NAMES
from lianpu.desk.dossier import comparison, wording
from lianpu.desk.dossier.colours import STATE_FILL, STATE_INK
from lianpu.desk.dossier.facts import Book
from lianpu.desk.queries import MARKS
from lianpu.register.papers.lists import Column, PrintedBook, Value
from lianpu.register.papers.styles import SONG

CHARTS = "图表"


def workbook(book: Book) -> bytes:
    """The dossier as a .xlsx file."""
    out = io.BytesIO()
    with PrintedBook(out, book.title, "产业链档案") as file:
        writer = _Writer(file, book)
        writer.states()
        writer.charts()
        writer.comparison()
        writer.findings()
        writer.firms()
        writer.targets()
        writer.prospects()
        writer.method()
    return out.getvalue()


class _Writer:
    """The workbook while it is written."""

    def __init__(self, file: PrintedBook, book: Book) -> None:
        self.file, self.book = file, book
        self.states_format = {
            state.value: file.form(
                {
                    "bg_color": f"#{STATE_FILL[state]}",
                    "font_color": f"#{STATE_INK[state]}",
                    "bold": state == State.STRONG,
                }
            )
            for state in State
        }

    def sheet(
        self, name: str, note: str, columns: Sequence[Column], rows: Iterable[Sequence[Value]], *, frozen: int = 2
    ) -> tuple[Any, int]:
        """A list with title, note and head, from row 4 (of 1) on. Returns the sheet and its last row."""
        mark = "【示例】含示例数据，仅供试用，不得作为决策依据" if self.book.has_sample else ""
        return self.file.print_list(
            name, [(note, self.file.note), (mark, self.file.sample)], columns, rows, frozen=frozen
        )

    # -- sheets --------------------------------------------------------------------------------
    def states(self) -> None:
        book = self.book
        columns = [
            ("位置", 8, "mid"),
            ("环节", 24, ""),
            ("分组", 18, ""),
            ("状态", 10, "mid"),
            ("企业数", 9, "0"),
            ("应有数", 9, "0.0"),
            ("区位商", 9, "0.00"),
            ("区位商下限", 9, "0.00"),
            ("区位商上限", 9, "0.00"),
            ("集中度", 9, "0.000"),
            ("规上企业数", 9, "0"),
            ("关键", 6, "mid"),
            ("判断", 8, "mid"),
            ("代码", 10, "mid"),
        ]
        rows: list[list[Value]] = [
            [
                *(row.stage, row.segment.name, row.group, f"{row.mark} {row.state_label}"),
                *(row.state.firms, row.state.expected, row.state.lq, row.state.lq_low, row.state.lq_high),
                *(row.state.hhi, row.state.above_scale, "★" if row.segment.is_key else ""),
                *("可靠" if row.state.sure else "待核", row.segment.code),
            ]
            for row in book.rows
        ]
        figures = book.figures
        note = (
            f"{wording.date_of(book)}，诊断第{book.run.pk}号；环节完整度{wording.share(figures['filled'], figures['segments'])}，"
            f"涉及企业{figures['firms']}家；对照：{book.reference_name if book.run.reference else '无'}"
        )
        sheet, last = self.sheet("图谱状态", note, columns, rows)
        for state in State:
            rule = {
                "type": "cell",
                "criteria": "==",
                "value": f'"{MARKS[state]} {state.label}"',
                "format": self.states_format[state],
            }
            sheet.conditional_format(4, 3, last, 3, rule)

    def charts(self) -> None:
        """States by stage, and firms here against those expected, each beside its table."""
        book = self.book
        columns = [("位置", 20, "mid"), *((f"{MARKS[state]}{state.label}", 10, "0") for state in State)]
        rows: list[list[Value]] = [[stage, *numbers] for stage, numbers in book.stage_states]
        sheet, end = self.sheet(CHARTS, "图随表中数据变化", columns, rows, frozen=0)
        stacked = self.file.file.add_chart({"type": "bar", "subtype": "stacked"})
        for at, state in enumerate(State, start=1):
            stacked.add_series(
                {
                    "name": [CHARTS, 3, at],
                    "categories": [CHARTS, 4, 0, end, 0],
                    "values": [CHARTS, 4, at, end, at],
                    "fill": {"color": f"#{STATE_INK[state]}"},
                    "data_labels": {"value": True, "num_format": "0;;;", "font": {"color": "#FFFFFF"}},
                    "gap": 60,
                }
            )
        self._place(sheet, stacked, "各位置环节状态构成（个）", 3, 260)
        start = 20
        for at, head in enumerate(["环节", "实有", "应有"]):
            sheet.write_string(start, at, head, self.file.head)
        for row, one in enumerate(book.compared, start=start + 1):
            for at, value in enumerate([one.segment.name, one.state.firms, one.state.expected]):
                self.file.ruled(sheet, row, at, value, ("mid", "0", "0.0")[at])
        finish = start + len(book.compared)
        paired = self.file.file.add_chart({"type": "bar"})
        for at, colour, labels in ((1, "#2F6F9F", "#,##0"), (2, "#B9C4CF", "[>=9.95]#,##0;0.0")):
            paired.add_series(
                {
                    "name": [CHARTS, start, at],
                    "categories": [CHARTS, start + 1, 0, finish, 0],
                    "values": [CHARTS, start + 1, at, finish, at],
                    "fill": {"color": colour},
                    "data_labels": {"value": True, "num_format": labels},
                    "gap": 50,
                }
            )
        self._place(sheet, paired, "主要环节实有与应有企业数（家）", start, 420)

    def _place(self, sheet: Any, chart: Any, title: str, row: int, height: int) -> None:
        chart.set_title({"name": title, "name_font": {"name": "黑体", "size": 11, "bold": False}})
        chart.set_legend({"position": "top"})
        chart.set_y_axis({"reverse": True, "num_font": {"name": SONG}})
        chart.set_x_axis({"major_gridlines": {"visible": True, "line": {"color": "#E3E8EE"}}, "num_format": "#,##0"})
        chart.set_size({"width": 640, "height": height})
        sheet.insert_chart(row, 6, chart, {"description": title})

    def comparison(self) -> None:
        found = self.book.comparison
        if found is not None:
            note, rows = "".join(comparison.sentences(found)), comparison.sheet_rows(found)
            self.sheet("健康度与对标", note, comparison.SHEET_COLUMNS, rows)

    def findings(self) -> None:
        names = list(dict.fromkeys(part["name"] for one in self.book.advice for part in one.finding.parts))
        columns = [
            ("位次", 6, "0"),
            ("环节", 22, ""),
            ("类别", 8, "mid"),
            ("位置", 8, "mid"),
            ("短板类型", 14, "mid"),
            ("得分", 8, "0.00"),
            ("理由", 44, ""),
            ("候选措施", 70, ""),
            ("判断", 8, "mid"),
            ("稳健性", 40, ""),
            *((PART_NAMES.get(name, name), 9, "0.00") for name in names),
            ("责任单位", 14, ""),
            ("完成时限", 12, ""),
        ]
        rows = []
        for one in self.book.advice:
            parts = {part["name"]: part["value"] for part in one.finding.parts}
            measures = "\n".join(f"{at}. {m.label}：{m.text}" for at, m in enumerate(one.measures, start=1))
            rows.append(
                [
                    *(
                        one.finding.rank,
                        one.row.segment.name,
                        str(one.finding.get_kind_display()),
                        one.row.stage,
                        one.lack,
                    ),
                    *(one.finding.score, one.reason, measures, "可靠" if one.finding.sure else "待核"),
                    one.finding.steadiness,
                    *(parts.get(name) for name in names),
                    *("", ""),
                ]
            )
        self.sheet("诊断结论", "按得分排列；得分构成各列在0至1之间，空白为该类结论不用此项", columns, rows)

    def firms(self) -> None:
        book = self.book
        columns = [
            ("序号", 6, "0"),
            ("企业名称", 40, ""),
            ("统一社会信用代码", 22, "mid"),
            ("所在地", 18, "mid"),
            ("角色", 10, "mid"),
            ("所在环节", 44, ""),
            ("注册资本（万元）", 14, "0.00"),
        ]
        columns += [("主营业务收入（万元）", 16, "0.00")] if book.has_revenue else []
        rows = []
        for at, firm in enumerate(book.firms, start=1):
            row: list[Value] = [at, firm.name, firm.uscc, firm.place, firm.roles, firm.segments, _money(firm.capital)]
            rows.append([*row, _money(firm.revenue)] if book.has_revenue else row)
        note = f"计入本链环节的企业{len(book.firms)}家"
        note += f"；另有{book.withheld}家不在您可导出的范围内，未列" if book.withheld else ""
        self.sheet("企业清单", note, columns, rows)

    def targets(self) -> None:
        columns = [
            ("序号", 6, "0"),
            ("补什么环节", 24, ""),
            ("类别", 8, "mid"),
            ("目标企业", 40, ""),
            ("统一社会信用代码", 22, "mid"),
            ("省份", 10, "mid"),
            ("城市", 12, "mid"),
            ("适配依据", 36, ""),
            ("挂链把握", 10, "0.00"),
            ("对接单位", 14, ""),
            ("进展", 14, ""),
        ]
        chosen = [(one, target) for one in self.book.gaps if one.market for target in one.market.targets]
        rows: list[list[Value]] = [
            [
                *(at, one.row.segment.name, str(one.finding.get_kind_display()), t.name, t.uscc),
                *(t.province, t.city, t.why, t.confidence, "", ""),
            ]
            for at, (one, t) in enumerate(chosen, start=1)
        ]
        note = (
            f"取自{self.book.reference_name}的外地企业，未核对经营状况与投资意愿"
            if rows
            else "没有可列的招商目标（无缺失环节，或没有可用的对照库）"
        )
        self.sheet("招商目标", note, columns, rows)

    def prospects(self) -> None:
        for title, note, columns, rows in self.book.prospects.parts:
            heads = [(column.head, 4 * column.width, "") for column in columns]
            self.sheet(title, note, heads, rows)

    def method(self) -> None:
        rows = [*wording.versions(self.book), *wording.method_notes(self.book)]
        self.sheet("口径", "本档案的数据、版本与口径", [("项目", 18, "mid"), ("内容", 100, "")], rows)


def _money(value: Any) -> float | None:
    return None if value is None else float(value)
