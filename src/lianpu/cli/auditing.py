"""``lianpu audit …``: who changed what, and whether the record of it is untouched."""

import sys
import time

import click

from lianpu.cli.console import REFUSED, Console, in_words, refuse

json_option = click.option("--json", "as_json", is_flag=True, help="机器可读的结果写到标准输出。")


@click.group()
def audit() -> None:
    """变更记录：查看、封存、核验。"""


@audit.command("verify")
@click.option("--expect", default="", help="此前抄存的链值；链须经过它。")
@click.option("--chain-only", is_flag=True, help="只核对封存链，不把各登记簿的现值与最后一次变更记录比对。")
@json_option
def verify(expect: str, chain_only: bool, as_json: bool) -> None:
    """重算封存链，并与各登记簿现值比对；有被改动之处则逐条列出，退出码 1。"""
    from lianpu.register import audit as seals

    console = Console(as_json)
    with in_words():
        start = time.perf_counter()
        report = seals.verify(expect=expect.strip().lower(), rows=not chain_only, progress=console.progress)
        seconds = round(time.perf_counter() - start, 3)
    console.close_bar()
    for problem in report.problems:
        console.say(f"[{problem.kind}] {problem.words}")
    console.say(
        f"封存 {report.seals} 道，变更记录 {report.records} 条，尚未封存 {report.unsealed} 条，比对现有 {report.rows} 行；{seconds} 秒"
    )
    console.say(f"链值 {report.head}")
    console.say("完好。" if report.sound else f"有 {len(report.problems)} 处与记录不符。")
    console.answer(
        {
            "sound": report.sound,
            "head": report.head,
            "seals": report.seals,
            "records": report.records,
            "unsealed": report.unsealed,
            "rows": report.rows,
            "problems": [{"kind": one.kind, "words": one.words} for one in report.problems],
            "seconds": seconds,
        }
    )
    sys.exit(0 if report.sound else REFUSED)


@audit.command("seal")
@json_option
def seal(as_json: bool) -> None:
    """封存尚未封存的变更记录（运行器每分钟也会做）。"""
    from lianpu.register import audit as seals
    from lianpu.register.models import Seal

    console = Console(as_json)
    with in_words():
        start = time.perf_counter()
        count = seals.seal()
        seconds = round(time.perf_counter() - start, 3)
        head = Seal.objects.order_by("-pk").values_list("hash", flat=True).first() or seals.BEGINNING
    console.say(f"新封存 {count} 条变更记录；{seconds} 秒")
    console.say(f"链值 {head}")
    console.answer({"sealed": count, "head": head, "seconds": seconds})


@audit.command("log")
@click.option(
    "--filter", "filters", multiple=True, help="与变更记录页相同的条件，如 register=enterprises 或 user=张三。"
)
@click.option("--limit", default=50, show_default=True, help="最多几条，从新到旧。")
@json_option
def log(filters: tuple[str, ...], limit: int, as_json: bool) -> None:
    """列出变更记录：何人、何时、为何、改前改后。"""
    from django.utils.timezone import localtime

    from lianpu.register.changelog import ChangeLog
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        asked = ChangeLog(SYSTEM, dict(one.split("=", 1) for one in filters if "=" in one), size=limit)
        entries = asked.entries
    if asked.errors:
        refuse("；".join(asked.errors))
    for one in entries:
        change = one.change
        console.say(
            f"{localtime(change.at):%Y-%m-%d %H:%M:%S} {change.user or '（未知）'} {one.source_word} "
            f"{change.get_action_display()} {one.register_title}“{one.title}”{f'（{change.reason}）' if change.reason else ''}"
        )
        for field in one.fields if change.action == "update" else ():
            console.say(f"    {field.label}：{field.before or '（空）'} → {field.after or '（空）'}")
    console.answer([one.as_dict() for one in entries])
