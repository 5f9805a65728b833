"""The supervision letter (督办函) for a project that shows red: what is behind, since when, what is asked, until when."""

import datetime as dt
import io

from django.utils import timezone
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt

from lianpu.projects.models import Problem, Project, ProjectStanding
from lianpu.register.language import declared
from lianpu.register.papers.styles import add_text, new_document
from lianpu.register.papers.tables import CENTRE, Column, add_table

DAYS = 15  # until the unit must answer, unless the letter says otherwise


def letter(project: Project, standing: ProjectStanding, *, due: dt.date | None = None) -> bytes:
    """The letter as a .docx file, ready for a number and a seal."""
    today = timezone.localdate()
    due = due or today + dt.timedelta(days=DAYS)
    doc = new_document()
    doc.core_properties.title, doc.core_properties.author = f"督办函：{project.name}", "链谱"
    title = doc.add_paragraph(style="Title")
    title.paragraph_format.space_before = Pt(12)
    add_text(title, "项 目 督 办 函")
    number = doc.add_paragraph(style="Subtitle")
    add_text(number, f"〔{today.year}〕　　号")
    if project.is_sample:
        add_text(doc.add_paragraph(style="示例标记"), "【示例】含示例数据，仅供试用")

    def say(text: str, style: str = "正文缩进两字") -> None:
        add_text(doc.add_paragraph(style=style), text)

    to = project.duty_unit or (project.place.name if project.place else "") or project.owner_name
    say(f"{to}：", "Normal")
    month = f"{standing.month[:4]}年{int(standing.month[5:])}月"
    listed = declared(str(standing.get_list_class_display()))
    say(
        f"“{project.name}”（台账编号{project.code}）为{standing.month[:4]}年{listed}项目，总投资{_10k(project.total_10k_cny)}，"
        f"年度计划投资{_10k(standing.plan_10k_cny)}，截至{month}累计完成{_10k(standing.done_ytd_10k_cny)}"
        + (f"，完成年度计划的{standing.completion_pct}%" if standing.completion_pct is not None else "")
        + f"。经调度，该项目自{standing.since}起亮红灯，原因是：{standing.why or '进度严重滞后'}。"
    )
    say("现予督办，请抓紧做好以下工作：")
    say("1. 分析滞后原因，制定赶工计划，明确到月的投资与形象进度目标；")
    say("2. 逐项落实下列问题的责任人与办结时限，需上级协调的及时上提；")
    say(f"3. 于{due.year}年{due.month}月{due.day}日前书面反馈整改情况，整改到位后申请销号。")
    problems = project.problems.exclude(state=Problem.State.CLOSED).order_by("due", "pk")
    rows = [
        [one.title, declared(str(one.get_level_display())), one.owner, str(one.due or "—")] for one in problems
    ] or [["（台账中没有登记问题，请查明并登记）", "", "", ""]]
    add_text(doc.add_paragraph(style="Caption"), "未销号问题")
    add_table(
        doc,
        [Column("问题", 7), Column("层级", 2, CENTRE), Column("责任单位", 4, CENTRE), Column("期限", 2.6, CENTRE)],
        rows,
    )
    doc.add_paragraph(style="表注")
    say(f"责任人：{project.duty_person or '（未填）'}　　包抓领导：{project.leader or '（未填）'}", "Normal")
    for words in ("（盖章）", f"{today.year}年{today.month}月{today.day}日"):
        end = doc.add_paragraph(style="Normal")
        end.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        add_text(end, words)
    out = io.BytesIO()
    doc.save(out)
    return out.getvalue()


def _10k(amount: object) -> str:
    return "（未填）" if amount is None else f"{amount.normalize():f}万元"  # type: ignore[attr-defined]
