"""The monthly bulletin as a workbook: the tables, and every project behind them."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone

from lianpu.chains.queries import chain_names
from lianpu.places.queries import place_names
from lianpu.projects.board import Line
from lianpu.projects.frames import CNY
from lianpu.projects.models import ListClass, Problem, Project, Stage, Tier
from lianpu.projects.papers.facts import Bulletin
from lianpu.register.language import declared
from lianpu.register.papers.lists import Column, PrintedBook

LIGHTS = {"red": "红灯", "yellow": "黄灯", "green": "绿灯", "none": "不亮灯"}
LINE_HEADS: Sequence[Column] = (
    ("位次", 6, "mid"), ("项目数", 8, "0"), ("总投资（万元）", 14, "0.00"), ("年度计划（万元）", 14, "0.00"),
    ("本月完成（万元）", 14, "0.00"), ("累计完成（万元）", 14, "0.00"), ("完成率（%）", 10, "0.0"), ("超欠序时（百分点）", 12, "0.0"),
    ("计划新开工", 9, "0"), ("已开工", 8, "0"), ("开工率（%）", 9, "0.0"), ("红灯", 7, "0"), ("黄灯", 7, "0"), ("绿灯", 7, "0"),
    ("本月未报", 9, "0"),
)  # fmt: skip


def workbook(facts: Bulletin) -> bytes:
    """The bulletin as a .xlsx file."""
    out = io.BytesIO()
    with PrintedBook(out, facts.title) as file:
        writer = _Writer(file, facts)
        for way, name in (("place", "县区"), ("zone", "功能区"), ("chain", "产业链"), ("leader", "包抓领导"), ("tier", "层级"), ("list_class", "列入类别")):  # fmt: skip
            rows = [_line(one) for one in [*facts.board.lines(way), facts.board.total]]
            writer.sheet(f"分{name}", [(name, 22, ""), *LINE_HEADS], rows)
        writer.changes()
        writer.problems()
        writer.projects()
    return out.getvalue()


def _line(one: Line) -> list[Any]:
    amounts = (one.total_10k_cny, one.plan_10k_cny, one.done_month_10k_cny, one.done_ytd_10k_cny)
    shares = (one.completion_pct, one.lead_points)
    return [
        one.name, one.rank, one.projects, *map(float, amounts), *map(_number, shares), one.new_starts, one.started,
        _number(one.start_rate_pct), one.red, one.yellow, one.green, one.unreported,
    ]  # fmt: skip


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


class _Writer:
    """The workbook while it is written."""

    def __init__(self, file: PrintedBook, facts: Bulletin) -> None:
        self.file, self.facts = file, facts

    def sheet(self, name: str, heads: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
        note = (
            f"{self.facts.period}　序时进度{self.facts.board.schedule_pct}%　亮灯规则：{self.facts.board.rule_set.name}"
        )
        note += "　【示例】含示例数据" if self.facts.has_sample else ""
        self.file.print_list(name, [(note, self.file.note)], heads, rows, frozen=1)

    def changes(self) -> None:
        heads: list[Column] = [("县区", 22, ""), ("本月累计完成率（%）", 16, "0.0"), ("上月累计完成率（%）", 16, "0.0"), ("变化（百分点）", 14, "0.0")]  # fmt: skip
        rows = [
            [one.line.name, *map(_number, (one.line.completion_pct, one.before_pct, one.points))]
            for one in self.facts.changes("place")
        ]
        self.sheet("较上月变化", heads, rows)

    def problems(self) -> None:
        heads: list[Column] = [("项目", 34, ""), ("问题", 34, ""), ("层级", 9, "mid"), ("责任单位", 20, ""), ("期限", 12, "mid"), ("是否逾期", 9, "mid")]  # fmt: skip
        today = timezone.localdate()
        levels = {str(value): declared(label) for value, label in Problem.Level.choices}
        rows = [
            [one.project.name, one.title, levels[one.level], one.owner, str(one.due or ""), "逾期" if one.due and one.due < today else ""]
            for one in self.facts.problems
        ]  # fmt: skip
        self.sheet("未销号问题", heads, rows)

    def projects(self) -> None:
        frame = self.facts.board.frame
        owners = _owners(frame["project"].to_list())
        places, chains = (
            place_names(frame["place"].drop_nulls().to_list()),
            chain_names(frame["chain"].drop_nulls().to_list()),
        )
        words = {
            name: {str(value): declared(label) for value, label in choices.choices}
            for name, choices in (("tier", Tier), ("list_class", ListClass), ("stage", Stage))
        }
        heads: list[Column] = [
            ("台账编号", 16, ""), ("项目名称", 40, ""), ("建设单位", 30, ""), ("县区", 12, ""), ("产业链", 12, ""), ("层级", 8, "mid"),
            ("类别", 9, "mid"), ("阶段", 8, "mid"), ("包抓领导", 10, "mid"), ("总投资（万元）", 13, "0.00"), ("年度计划（万元）", 13, "0.00"),
            ("本月完成（万元）", 13, "0.00"), ("累计完成（万元）", 13, "0.00"), ("完成率（%）", 9, "0.0"), ("超欠序时", 9, "0.0"), ("亮灯", 8, "mid"),
            ("最近填报", 10, "mid"),
        ]  # fmt: skip

        def row(one: dict[str, Any]) -> list[Any]:
            code, name, _ = self.facts.names.get(one["project"], ("", "", False))
            amounts = [None if one[word] is None else one[word] / CNY for word in ("total_cny", "plan_cny", "done_month_cny", "done_ytd_cny")]  # fmt: skip
            return [
                code, name, owners.get(one["project"], ""), places.get(one["place"], ""), chains.get(one["chain"], ""),
                *(words[kind].get(one[kind], "") for kind in ("tier", "list_class", "stage")), one["leader"], *amounts,
                None if one["completion"] is None else one["completion"] * 100, one["lead"], LIGHTS[one["light"]],
                one["reported"] or "",
            ]  # fmt: skip

        self.sheet("项目明细", heads, (row(one) for one in frame.iter_rows(named=True)))


def _owners(pks: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(pks), 500):
        found.update(Project.objects.filter(pk__in=pks[start : start + 500]).values_list("pk", "owner_name"))
    return found
