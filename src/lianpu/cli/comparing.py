"""Health of the chains of a place, and the place beside other cities, at a terminal."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianpu.cli.console import Console, in_words, refuse
from lianpu.cli.pairing import json_option, output_option, place_option, write_table_file

if TYPE_CHECKING:
    from lianpu.desk.comparing import Comparison

chain_option = click.option("--chain", "chain_name", default="", help="产业链名称或代码（默认全部）。")
peer_option = click.option(
    "--peer", "peers", multiple=True, help="对标城市，如 山东淄博；可重复（默认制造结构最相近的五个）。"
)


def _found(code: str, chain_name: str, peers: tuple[str, ...], before: dt.date | None) -> "Comparison":
    from lianpu.chains import queries
    from lianpu.chains.models import DiagnosisRun
    from lianpu.desk.comparing import compare
    from lianpu.places.queries import place_by_code
    from lianpu.register.rights import SYSTEM

    run = queries.latest_run(place_by_code(code)) if code else DiagnosisRun.objects.filter(is_latest=True).first()
    if run is None:
        refuse(f"还没有诊断，请先运行 lianpu diagnose --place {code or '620100'}。")
    chain = queries.chain_named(chain_name) if chain_name else None
    found = compare(SYSTEM, run, chain=chain, asked=list(peers) or None, before=before)
    if found.problems:
        refuse("".join(found.problems))
    return found


def _answer(found: "Comparison") -> dict[str, Any]:
    return {
        "place": found.run.place.code,
        "reference": str(found.run.reference or ""),
        "before": found.before.isoformat() if found.before else None,
        "even_size": found.even,
        "sides": [
            {"side": side.key, "kind": side.kind, "name": side.label, "firms": side.base, "cosine": side.cosine}
            for side in found.sides
        ],
        "figures": [
            {
                "chain": row.chain.code,
                "measure": row.measure,
                "rank": row.rank,
                "of": row.of,
                "median": row.median,
                "difference": row.difference,
                "sides": [
                    {
                        "name": cell.side.label,
                        "numerator": cell.numerator,
                        "denominator": cell.denominator,
                        "rate": cell.rate,
                        "reason": cell.reason,
                    }
                    for cell in row.cells
                ],
            }
            for row in found.rows
        ],
        "segments": [
            {
                "segment": row.segment.code,
                "have": row.have,
                "of": row.asked,
                "sides": [{"name": c.side.label, "state": c.state, "firms": c.firms} for c in row.cells],
            }
            for row in found.segments
        ],
    }


def _figure(cell: Any) -> str:
    return cell.reason if cell.rate is None else f"{cell.rate:.0%}（{cell.numerator:.4g}/{cell.denominator:.4g}）"


@click.command()
@place_option
@chain_option
@peer_option
@json_option
def health(code: str, chain_name: str, peers: tuple[str, ...], as_json: bool) -> None:
    """各产业链的健康度：完整度、韧性、引领、创新、本地配套，与对标城市的中位数比。"""
    from lianpu.cli.setup import make_ready

    console = Console(as_json)
    with in_words():
        make_ready(console)
        found = _found(code, chain_name, peers, None)
    named = "、".join(side.label for side in found.peers) or "无"
    console.say(f"{found.run.place}（诊断第{found.run.pk}号），对标：{named}")
    for row in found.rows if found.chain else found.main:
        median = "—" if row.median is None else f"{row.median:.0%}"
        console.say(f"  {row.chain}　{row.heading}　{_figure(row.here)}　对标中位数 {median}　{row.label}")
    console.answer(_answer(found))


@click.command()
@place_option
@chain_option
@peer_option
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help="另与自身当日相比（按注册日期倒推），如 2020-12-31。")
@output_option
@json_option
def compare(
    code: str, chain_name: str, peers: tuple[str, ...], before: dt.datetime | None, output: Path | None, as_json: bool
) -> None:
    """本地与对标城市、与自身过去比：每项指标的分子、分母、位次，每个环节的状态。"""
    from lianpu.cli.setup import make_ready
    from lianpu.desk.comparing import figure_table

    console = Console(as_json)
    with in_words():
        make_ready(console)
        found = _found(code, chain_name, peers, before.date() if before else None)
        if not found.has_reference:
            console.say("诊断没有可读的对照库，只有本地的数；请先运行 lianpu reference load 文件，再诊断。")
        write_table_file(output, "产业链健康度对比", figure_table(found))
    console.say("对比：" + "、".join(f"{side.label} {side.base} 家" for side in found.sides))
    if found.uneven:
        console.say(f"各地企业数相差两倍以上；“同等企业数”一项折算到 {found.even} 家，可直接比。")
    for row in found.rows if found.chain else found.main:
        rank = f"第 {row.rank}/{row.of}" if row.rank and found.peers else "—"
        console.say(f"  {row.chain}　{row.heading}（{row.label}）　{rank}")
        console.say("     " + " · ".join(f"{cell.side.label} {_figure(cell)}" for cell in row.cells))
    for one in (row for row in found.segments if row.lacked):
        console.say(f"  多数有、本地无：{one.segment}（{one.have}/{one.asked}）")
    console.answer(_answer(found))
