"""Who could supply whom, who could fill a gap, and what falls with what, at a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianpu.cli.console import Console, in_words, refuse

if TYPE_CHECKING:
    from lianpu.chains.models import DiagnosisRun, Segment

json_option = click.option("--json", "as_json", is_flag=True, help="机器可读的结果写到标准输出。")
place_option = click.option("--place", "code", default="", help="地区代码，如 620100（默认最近诊断过的地区）。")
output_option = click.option("-o", "--output", type=click.Path(path_type=Path), help="另写成 xlsx 或 csv 文件。")


def _found(text: str, code: str) -> "tuple[Segment, DiagnosisRun]":
    """The leaf segment that the text means, and the diagnosis in force of the place."""
    from lianpu.chains import queries
    from lianpu.chains.models import DiagnosisRun, Segment
    from lianpu.places.queries import place_by_code

    known = queries.match_segments([text])
    segment = Segment.objects.filter(pk__in=known.values(), is_leaf=True).select_related("chain").first()
    if segment is None:
        refuse(f"没有名为“{text}”的末级环节；请写代码（如 SH-2101）或全名。")
    run = queries.latest_run(place_by_code(code)) if code else DiagnosisRun.objects.filter(is_latest=True).first()
    if run is None:
        refuse(f"还没有诊断，请先运行 lianpu diagnose --place {code or '620100'}。")
    return segment, run


def write_table_file(output: Path | None, title: str, table: tuple[list[str], list[list[object]]]) -> None:
    """A table as the file asked for, if one is; refuses other endings than xlsx and csv."""
    from lianpu.register.exporting import write_table

    if output is None:
        return
    form = output.suffix[1:].lower()
    if form not in ("xlsx", "csv"):
        refuse("文件应为 .xlsx 或 .csv。", 2)
    with output.open("wb") as out:
        write_table(out, title, *table, form)


def _lines(one: Any) -> list[dict[str, Any]]:
    return [
        {"part": line.part, "value": round(line.value, 4), "weight": line.weight, "words": line.words}
        for line in one.lines
    ]


@click.command()
@click.argument("segment")
@place_option
@click.option("--top", default=20, show_default=True, help="最多几对。")
@output_option
@json_option
def pairing(segment: str, code: str, top: int, output: Path | None, as_json: bool) -> None:
    """本地谁能供、谁需要：环节 SEGMENT 的供需配对。"""
    from lianpu.cli.setup import make_ready
    from lianpu.desk.pairing import pair_table, pairs_of
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        make_ready(console)
        leaf, run = _found(segment, code)
        samples = bool(run.versions.get("sample"))
        found = pairs_of(SYSTEM, leaf, run.place, samples=samples, top=top)
        write_table_file(output, "本地供需配对", pair_table(found))
    console.say(f"{leaf}（{leaf.code}，{run.place}）：{len(found)} 对")
    for one in found:
        console.say(f"{one.rank:>3}. [{one.score:.2f}] {one.supplier} → {one.buyer}（{one.segment}）")
    rows = [
        {
            "rank": one.rank,
            "supplier": one.supplier.uscc,
            "supplier_name": one.supplier.name,
            "buyer": one.buyer.uscc,
            "buyer_name": one.buyer.name,
            "buyer_segment": one.segment.code,
            "score": round(one.score, 4),
            "parts": _lines(one),
        }
        for one in found
    ]
    console.answer({"segment": leaf.code, "place": run.place.code, "pairs": rows})


@click.command()
@click.argument("segment")
@place_option
@click.option("--top", default=20, show_default=True, help="最多几家。")
@output_option
@json_option
def targets(segment: str, code: str, top: int, output: Path | None, as_json: bool) -> None:
    """外地谁在做、先找谁：环节 SEGMENT 的招商目标，逐项说明理由。"""
    from lianpu.cli.setup import make_ready
    from lianpu.desk.pairing import target_table, targets_of
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        make_ready(console)
        leaf, run = _found(segment, code)
        if run.reference is None:
            refuse("诊断没有对照库，请先运行 lianpu reference load 文件，再诊断。")
        found = targets_of(SYSTEM, [leaf.code], run, top=top).get(leaf.code, [])
        write_table_file(output, "招商目标", target_table(found))
    console.say(f"{leaf}（{leaf.code}，{run.place}，对照 {run.reference}）：{len(found)} 家")
    for one in found:
        console.say(f"{one.rank:>3}. [{one.score:.2f}] {one.name}（{one.province}{one.city}）")
        console.say("     " + " · ".join(f"{line.label} {line.value:.2f}：{line.words}" for line in one.lines))
    rows = [
        {
            "rank": one.rank,
            "name": one.name,
            "uscc": one.uscc,
            "province": one.province,
            "city": one.city,
            "score": round(one.score, 4),
            "parts": _lines(one),
        }
        for one in found
    ]
    console.answer({"segment": leaf.code, "place": run.place.code, "targets": rows})


@click.command()
@click.argument("segment", default="")
@place_option
@click.option("--top", default=15, show_default=True, help="最多几个环节。")
@json_option
def network(segment: str, code: str, top: int, as_json: bool) -> None:
    """本地哪些环节最要紧；给出 SEGMENT 则列出它停产时随之停产和减弱的环节。"""
    from lianpu.chains import queries
    from lianpu.chains.models import DiagnosisRun
    from lianpu.cli.setup import make_ready
    from lianpu.desk.pairing import critical_of, falls_of
    from lianpu.places.queries import place_by_code
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        make_ready(console)
        if segment:
            leaf, run = _found(segment, code)
            falls = falls_of(SYSTEM, leaf, run)
            if falls is None:
                refuse(f"{run.place}没有企业做{leaf}，谈不上停产。")
            console.say(f"{leaf}停产：随之停产 {len(falls.fallen)} 个环节，减弱 {len(falls.weakened)} 个")
            states = {"falls": "停产", "weakened": "减弱"}
            for one in falls.rows:
                console.say(f"  第{one.round}轮 {states[one.state]} {one.segment}：{one.words}")
            rows: list[dict[str, Any]] = [
                {
                    "round": r.round,
                    "segment": r.segment.code,
                    "state": r.state,
                    "lost": round(r.lost, 4),
                    "why": r.words,
                }
                for r in falls.rows
            ]
            console.answer({"segment": leaf.code, "place": run.place.code, "rows": rows})
            return
        chosen = (
            queries.latest_run(place_by_code(code)) if code else DiagnosisRun.objects.filter(is_latest=True).first()
        )
        if chosen is None:
            refuse(f"还没有诊断，请先运行 lianpu diagnose --place {code or '620100'}。")
        rows = critical_of(SYSTEM, chosen, top)
    console.say(f"{chosen.place}：最要紧的环节（必经、门槛、连带三项的均值）")
    for at, row in enumerate(rows, start=1):
        console.say(
            f"{at:>3}. [{row['criticality']:.2f}] {row['name']}：连带停产 {row['falls']}，减弱 {row['weakened']}，"
            f"独经 {row['dominated']}，企业 {row['firms']}"
        )
    console.answer({"place": chosen.place.code, "segments": rows})
