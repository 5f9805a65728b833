"""``lianpu dispatch`` and ``lianpu bulletin``: the month's round and its paper from a terminal."""

import time
from pathlib import Path

import click

from lianpu.cli.console import Console, in_words, refuse

json_option = click.option("--json", "as_json", is_flag=True, help="机器可读的结果写到标准输出。")
month_argument = click.argument("month")


def _ready(console: Console) -> None:
    from lianpu.cli.setup import make_ready

    make_ready(console)


@click.group("dispatch")
def dispatch_group() -> None:
    """月调度。"""


@dispatch_group.command("open")
@month_argument
@click.option("--due", required=True, help="截止日期，如 2024-04-05。")
@click.option("--tier", "tiers", multiple=True, help="只调度这一层级（省列、市列、县区列）；可写多次。")
@click.option("--class", "classes", multiple=True, help="只调度这一类别（新开工、续建、预备）；可写多次。")
@click.option("--request", default="", help="调度要求。")
@json_option
def open_round(
    month: str, due: str, tiers: tuple[str, ...], classes: tuple[str, ...], request: str, as_json: bool
) -> None:
    """发起 MONTH（如 2024-03）的调度：给每个填报单位列出应报项目。"""
    from lianpu.projects import services
    from lianpu.projects.dispatching import parts_of, progress_of
    from lianpu.register.kinds import Date
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        _ready(console)
        asked = services.open_round(
            user=SYSTEM,
            month=month,
            due=Date().parse(due),
            scope_tiers=tiers,
            scope_classes=classes,
            request=request,
        )
        progress = progress_of(parts_of(SYSTEM, asked))
    console.say(f"{asked.month} 调度：填报单位 {progress['units']} 个，应报项目 {progress['due']} 个。")
    console.answer({"month": asked.month, **progress})


@dispatch_group.command("status")
@month_argument
@click.option("--late", is_flag=True, help="只列还没有报的单位。")
@json_option
def status(month: str, late: bool, as_json: bool) -> None:
    """MONTH 的调度报到哪一步；--late 列出谁还没报。"""
    from lianpu.projects.dispatching import parts_of, progress_of
    from lianpu.projects.models import DispatchRound
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        _ready(console)
        asked = DispatchRound.objects.filter(month=month).first()
        if asked is None:
            refuse(f"{month} 没有发起调度。")
        parts = parts_of(SYSTEM, asked, late=late)
        progress = progress_of(parts)
    for one in parts:
        part = one.submission
        console.say(
            f"  {part.unit}\t{part.get_state_display()}\t{one.filled}/{one.due}" + ("\t逾期" if part.is_late else "")
        )
    console.answer(
        {
            "month": month,
            **progress,
            "parts": [
                {"unit": one.submission.unit, "state": one.submission.state, "due": one.due, "filled": one.filled}
                for one in parts
            ],
        }
    )


@dispatch_group.command("lights")
@json_option
def lights(as_json: bool) -> None:
    """按现行规则重算全部项目的进度与亮灯；平时由后台任务自动完成。"""
    from lianpu.projects import services
    from lianpu.projects.lights import rules_in_force

    console = Console(as_json)
    with in_words():
        _ready(console)
        start = time.perf_counter()
        rules = rules_in_force()
        changed = services.refresh()
        month = services.current_month()
    seconds = round(time.perf_counter() - start, 3)
    console.say(f"截至 {month or '（还没有月度进度）'}，按“{rules.name}”：{changed} 个项目有变动，{seconds} 秒")
    console.answer({"month": month, "rules": rules.key, "changed": changed, "seconds": seconds})


@click.command("bulletin")
@month_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="docx 或 xlsx 文件。")
@click.option("--rules", default="", help="亮灯规则的代号（默认用现行的第一组）。")
@json_option
def bulletin(month: str, output: Path, rules: str, as_json: bool) -> None:
    """写出 MONTH 的投资月报。"""
    from lianpu.projects.board import Board
    from lianpu.projects.lights import rules_in_force
    from lianpu.projects.papers.facts import Bulletin
    from lianpu.register.kinds import Month
    from lianpu.register.rights import SYSTEM

    form = output.suffix[1:].lower()
    if form not in ("docx", "xlsx"):
        refuse("文件名应以 .docx 或 .xlsx 结尾。")
    console = Console(as_json)
    with in_words():
        _ready(console)
        start = time.perf_counter()
        facts = Bulletin(Board(SYSTEM, Month().parse(month), rules_in_force(rules)))
        if form == "docx":
            from lianpu.projects.papers.bulletin import document as write
        else:
            from lianpu.projects.papers.workbook import workbook as write
        body = write(facts)
        output.write_bytes(body)
    seconds = round(time.perf_counter() - start, 3)
    console.say(f"已写出 {output}（{len(body) // 1024} KB，{seconds} 秒）")
    console.answer(
        {"file": str(output), "bytes": len(body), "projects": facts.board.total.projects, "seconds": seconds}
    )
