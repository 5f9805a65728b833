"""``lianpu entry``: how likely a place is to come to have the segments it lacks, and why."""

from typing import TYPE_CHECKING, Any

import click

from lianpu.cli.console import Console, in_words, refuse

if TYPE_CHECKING:
    from lianpu.chains.models import Reference

PARTS = {
    "prevalence": "此环节在各地的进入率",
    "breadth": "本地产业的宽度",
    "related": "与本地已有环节的相关",
    "structure": "同组与上下游",
}
LEAST = 0.05  # of the logit: a part that moves it less is not told


def model_words(reference: "Reference") -> str:
    """One line on the model of entry of a reference."""
    facts = reference.entry_figures
    if not reference.entry_version:
        return f"没有进入概率模型：{facts.get('why', '对照库由旧版载入，请重新载入')}。"
    return (
        f"进入概率模型 {reference.entry_version}：由 {facts['places']} 个地区 {facts['from']}–{facts['to']} 年学得；"
        f"未学过的地区上，缺失环节平均进入 {facts['usual']:.1%}（所告 {facts['told']:.1%}），AUC {facts['auc']:.3f}"
    )


def _why(row: dict[str, Any]) -> str:
    """Which parts raise and lower it, the weightiest first."""
    parts = sorted(((row[name], words) for name, words in PARTS.items()), key=lambda one: -abs(one[0]))
    told = [f"{words}{'↑' if value > 0 else '↓'}{abs(value):.1f}" for value, words in parts if abs(value) >= LEAST]
    return "，".join(told) or "与平均相当"


@click.command()
@click.option("--place", "code", default="", help="地区代码，如 620100（默认最近诊断过的地区）。")
@click.option("--chain", default="", help="只看一条链（代码或名称）。")
@click.option("--top", default=20, show_default=True, help="最多几个环节。")
@click.option("--json", "as_json", is_flag=True, help="机器可读的结果写到标准输出。")
def entry(code: str, chain: str, top: int, as_json: bool) -> None:
    """一地尚缺的环节，五年内各有多大可能出现，凭什么。"""
    from lianpu.chains import queries
    from lianpu.chains.models import DiagnosisRun
    from lianpu.chains.services import entry_of
    from lianpu.cli.setup import make_ready
    from lianpu.places.queries import place_by_code

    console = Console(as_json)
    with in_words():
        make_ready(console)
        which = queries.chain_named(chain) if chain else None
        run = queries.latest_run(place_by_code(code)) if code else DiagnosisRun.objects.filter(is_latest=True).first()
        if run is None:
            refuse(f"还没有诊断，请先运行 lianpu diagnose --place {code or '620100'}。")
        if run.reference is None:
            refuse("诊断没有对照库，请先运行 lianpu reference load 文件，再诊断。")
        told = entry_of(run)
        if told is None:
            refuse(f"算不出进入概率。{model_words(run.reference)}")
        known = queries.segment_frame().select("code", "name", "chain")
    rows = told.join(known, left_on="segment", right_on="code").sort("probability", "segment", descending=[True, False])
    if which is not None:
        rows = rows.filter(chain=which.code)
    found = {(one.segment.code): one for one in queries.findings_of(run) if one.state == "missing"}
    console.say(f"{run.place}尚缺的环节（对照 {run.reference}）。{model_words(run.reference)}")
    answer = []
    for at, row in enumerate(rows.head(top).iter_rows(named=True), start=1):
        finding = found.get(row["segment"])
        beside = f"　{finding.get_kind_display()}第{finding.rank}位" if finding else ""
        console.say(f"{at:>3}. {row['probability']:>4.0%} {row['name']}（{row['segment']}）{beside}　{_why(row)}")
        answer.append(
            {name: row[name] for name in ("segment", "name", "chain")}
            | {"probability": round(row["probability"], 6), "base": round(row["base"], 6)}
            | {"parts": {name: round(row[name], 6) for name in PARTS}}
            | {"finding": finding.kind if finding else "", "rank": finding.rank if finding else None}
        )
    console.answer(
        {
            "place": run.place.code,
            "chain": which.code if which else "",
            "reference": run.reference.name,
            "model": run.reference.entry_figures,
            "absent": rows.height,
            "segments": answer,
        }
    )
