"""What would be if projects succeeded, and what hangs on what between sectors and places, at a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianpu.cli.console import USAGE, Console, in_words, refuse
from lianpu.cli.pairing import json_option, place_option

if TYPE_CHECKING:
    from lianpu.chains.models import DiagnosisRun

UNIT_HELP = "表的计价单位：元、万元、百万元或亿元。"


def run_of(code: str) -> "DiagnosisRun":
    """The diagnosis in force of a place, else the latest; refused in words where there is none."""
    from lianpu.chains import queries
    from lianpu.chains.models import DiagnosisRun
    from lianpu.places.queries import place_by_code

    run = queries.latest_run(place_by_code(code)) if code else DiagnosisRun.objects.filter(is_latest=True).first()
    if run is None:
        refuse(f"还没有诊断，请先运行 lianpu diagnose --place {code or '620100'}。")
    return run


@click.group("io")
def io_group() -> None:
    """投入产出表：推算新增产出向其他部门要多少投入。"""


@io_group.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="名称，如“全国2020年42部门”（默认取文件名）。")
@click.option("--unit", default="万元", show_default=True, help=UNIT_HELP)
@json_option
def io_load(file: Path, name: str, unit: str, as_json: bool) -> None:
    """载入一张投入产出表（parquet、xlsx 或 csv；列 Code、各部门代码、GO）。"""
    from lianpu.cli.setup import make_ready
    from lianpu.register.rights import SYSTEM
    from lianpu.scenarios.services import load_io_table

    console = Console(as_json)
    with in_words():
        make_ready(console)
        kept = load_io_table(user=SYSTEM, path=file, name=name, unit=unit)
    console.say(f"投入产出表“{kept.name}”：部门 {kept.sectors}，图谱上对得上的环节 {kept.matched}")
    console.answer({"name": kept.name, "sectors": kept.sectors, "matched_segments": kept.matched})


@click.command()
@click.argument("name", default="")
@click.option("--project", "projects", multiple=True, help="台账编号，可重复。")
@click.option("--lead", "leads", multiple=True, help="招商编号，可重复。")
@place_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="另写成 xlsx 文件。")
@json_option
def scenario(
    name: str, projects: tuple[str, ...], leads: tuple[str, ...], code: str, output: Path | None, as_json: bool
) -> None:
    """若这些项目投产，全市会怎样：给出项目，或已保存情景的名称 NAME。不改动任何登记。"""
    from lianpu.cli.setup import make_ready
    from lianpu.desk.scenario.book import workbook
    from lianpu.desk.scenario.outcome import outcome_of
    from lianpu.register.rights import SYSTEM
    from lianpu.scenarios.models import Scenario
    from lianpu.scenarios.queries import picked

    if bool(name) == bool(projects or leads):
        refuse("请给出已保存情景的名称，或用 --project、--lead 给出项目；二者择一。", USAGE)
    if output is not None and output.suffix.lower() != ".xlsx":
        refuse("文件应为 .xlsx。", USAGE)
    console = Console(as_json)
    with in_words():
        make_ready(console)
        run = run_of(code)
        kept = Scenario.objects.get(name=name) if name else None
        chosen = picked(SYSTEM, run.place, *((kept.projects, kept.leads) if kept else (projects, leads)))
        if not len(chosen):
            refuse(f"这些编号都不在可选之列：{'、'.join(chosen.unknown)}。请用台账编号，且项目尚未投产。")
        outcome = outcome_of(SYSTEM, run, chosen)
        if output is not None:
            output.write_bytes(workbook(outcome, name, kept.why if kept else ""))
    before, after, every = outcome.filled
    console.say(
        f"{run.place}（诊断第{run.pk}号）：{len(outcome.arrivals)} 个项目，已有环节 {before} → {after} / {every}"
    )
    if chosen.unknown:
        console.say(f"未计入：{'、'.join(chosen.unknown)}")
    for one in outcome.segments:
        old, new = one.told
        by = "、".join(arrival.item.code for arrival in one.arrivals)
        by = f"由 {by}" if by else "因别处企业增加、本环节占比下降"
        console.say(f"  {one.segment}（{one.segment.code}）{old[1]}{old[2]} → {new[1]}{new[2]}，{by}")
    for words, held in (("不再成立", outcome.answered), ("新出现", outcome.fresh)):
        for found in held:
            console.say(f"  {words}：{found.kind_word}{found.segment}（{found.chain}）")
    for factor in outcome.factors:
        console.say(f"  {factor.label} 需 {factor.needed:,.0f}，缺 {factor.lacking:,.0f}（{factor.stated} 个填报）")
    for row in outcome.draws[:5]:
        console.say(f"  拉动 {row.label} {row.total:,.0f} 万元（直接 {row.direct:,.0f}）")
    console.answer(
        outcome.summary
        | {
            "place": run.place.code,
            "unknown": chosen.unknown,
            "segments": [
                {"segment": s.segment.code, "before": s.before, "after": s.after, "projects": [a.item.code for a in s.arrivals]}
                for s in outcome.segments
            ],
            "findings": [
                {"segment": f.segment.code, "kind": f.kind, "change": f.change, "before": f.rank_before, "after": f.rank_after}
                for f in outcome.findings
            ],
            "factors": [
                {"factor": f.kind, "needed": float(f.needed), "secured": float(f.secured), "stated": f.stated}
                for f in outcome.factors
            ],
            "draws": [
                {"sector": d.sector, "name": d.label, "added": d.added, "direct": d.direct, "total": d.total}
                for d in outcome.draws
            ],
        }
    )  # fmt: skip


@click.command()
@place_option
@click.option("--budget", "budgets", multiple=True, help="要素=可用量，如 land_mu=300；可重复。不写的要素不限。")
@click.option(
    "--value",
    type=click.Choice(["output", "investment", "finding"]),
    default="output",
    show_default=True,
    help="按达产年产值、总投资或诊断得分比较。",
)
@click.option("--all", "everything", is_flag=True, help="在建项目也参选（默认只有谋划、储备、前期）。")
@click.option("--chain", default="", help="只选一条链的（代码或名称）。")
@click.option("--least", default=0, help="每个县区至少几个。")
@click.option("--share", default=0.0, help="任一县区至多占价值的百分之几。")
@click.option("--require", "required", multiple=True, help="必选的台账编号，可重复。")
@click.option("--exclude", "excluded", multiple=True, help="不选的台账编号，可重复。")
@click.option("--after", "steps", multiple=True, help="后项=先项，可重复。")
@click.option("--either", "groups", multiple=True, help="只能选一个的编号，以逗号分隔；可重复。")
@click.option("--why", default="", help="另说明：若必选（或不选）这个项目会怎样。")
@json_option
def portfolio(
    code: str,
    budgets: tuple[str, ...],
    value: str,
    everything: bool,
    chain: str,
    least: int,
    share: float,
    required: tuple[str, ...],
    excluded: tuple[str, ...],
    steps: tuple[str, ...],
    groups: tuple[str, ...],
    why: str,
    as_json: bool,
) -> None:
    """要素不够时先上哪些项目：预算内价值最大的一组，各要素的边际价，其余为何落选。"""
    from lianpu.chains.queries import chain_named
    from lianpu.cli.setup import make_ready
    from lianpu.desk.portfolio.choosing import FACTORS, AskedError, asked_of, choose_for, instead_of
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    given = dict(one.partition("=")[::2] for one in budgets)
    if wrong := [word for word in given if word not in FACTORS]:
        refuse(f"不认得要素“{wrong[0]}”：请写 {'、'.join(FACTORS)}。", USAGE)
    texts = {f"b.{kind}": amount for kind, amount in given.items()} | {
        "value": value,
        "stage": "all" if everything else "",
        "chain": chain,
        "least": str(least),
        "share": str(share),
        "required": " ".join(required),
        "excluded": " ".join(excluded),
        "precedence": "\n".join(steps),
        "groups": "\n".join(groups),
    }
    with in_words():
        make_ready(console)
        run = run_of(code)
        if chain:
            texts["chain"] = chain_named(chain).code
        try:
            told = choose_for(SYSTEM, run, asked_of(texts))
        except AskedError as error:
            refuse(str(error))
        instead = instead_of(told, why) if why else None
    left_out = len(told.field.without_value) + len(told.field.without_needs)
    console.say(f"{run.place}：{told.status}；候选 {len(told.verdicts)} 个，未填报不能比较 {left_out} 个")
    for rule, kind, gives in told.clash:
        console.say(f"  冲突：{kind} {rule}{'' if gives is None else f'，单独放宽须 {gives:,.2f}'}")
    if told.feasible:
        console.say(f"选中 {len(told.chosen)} 个，价值 {told.choice.value:,.2f}，离最优至多 {told.gap_percent:.2f}%")
    for line in told.budgets if told.feasible else []:
        console.say(f"  {line.label} 用 {line.used:,.0f} / {line.budget:,.0f}，再多一单位值 {line.marginal:,.4f}")
    for one in told.verdicts if told.feasible else []:
        mark, words = ("✓", "") if one.chosen else ("×", f"：{one.reason}")
        console.say(
            f"  {mark} {one.candidate.project.code} {one.candidate.project.name}（{one.candidate.value:,.2f}）{words}"
        )
    if instead is not None:
        moved = "、".join(one.code for one in instead.leaves), "、".join(one.code for one in instead.enters)
        loss = f"价值减少 {instead.found.loss:,.2f}，让出 {moved[0] or '无'}，换入 {moved[1] or '无'}"
        console.say(
            f"若{'必选' if instead.found.wanted_in else '不选'} {why}：{loss if instead.found.possible else '不可能'}"
        )
    choice = told.choice
    console.answer(
        {
            "place": run.place.code,
            "status": choice.status,
            "value": choice.value if told.feasible else None,
            "gap": choice.gap if told.feasible else None,
            "chosen": choice.chosen,
            "projects": choice.projects.to_dicts(),
            "budgets": choice.budgets.to_dicts(),
            "clash": choice.clash.to_dicts(),
            "left_out": [one.code for one in (*told.field.without_value, *told.field.without_needs)],
        }
    )


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--unit", default="万元", show_default=True, help=UNIT_HELP)
@click.option("--top", default=20, show_default=True, help="最多几个部门。")
@click.option(
    "--by",
    type=click.Choice(["loss", "backward", "forward", "ghosh_forward", "multiplier"]),
    default="loss",
    show_default=True,
    help="按哪一项排。",
)
@json_option
def linkage(file: Path | None, unit: str, top: int, by: str, as_json: bool) -> None:
    """部门关联：影响力、感应度、关键部门、抽去一个部门的损失；用文件 FILE，否则用已载入的表。"""
    import polars as pl

    from lianpu.analysis.linkage import extraction_loss, linkages
    from lianpu.cli.setup import make_ready
    from lianpu.scenarios.io_files import read_io_file
    from lianpu.scenarios.queries import io_table_in_use, read_io_table

    console = Console(as_json)
    with in_words():
        if file is not None:
            title = file.name
            table, labels = read_io_file(file, unit)
        else:
            make_ready(console)
            stored = io_table_in_use()
            if stored is None:
                refuse("没有投入产出表。请给出文件，或先运行 lianpu io load 文件。")
            title = stored.name
            table, labels = read_io_table(stored)
        try:
            found = linkages(table.Z, table.x, table.names).with_columns(
                loss=pl.Series(extraction_loss(table.Z, table.x) / table.x.sum())
            )
        except ValueError as error:
            refuse(str(error))
    rows = found.sort(by, "sector", descending=[True, False]).head(top)
    keys = found.filter("key").height
    console.say(f"{title}：{len(table)} 个部门，关键部门（影响力、感应度都大于 1）{keys} 个")
    console.say("   抽去损失  影响力  感应度  供给侧  乘数  部门（★ 关键）")
    for row in rows.iter_rows(named=True):
        console.say(
            f"{row['loss']:>10.1%}{row['backward']:>9.2f}{row['forward']:>8.2f}{row['ghosh_forward']:>8.2f}"
            f"{row['multiplier']:>7.2f}  {row['sector']} {labels[row['sector']]}{'★' if row['key'] else ''}"
        )
    kept = (
        "sector",
        "output",
        "silent",
        "multiplier",
        "backward",
        "forward",
        "ghosh_forward",
        "key",
        "key_ghosh",
        "loss",
    )
    sectors = [{"name": labels[row["sector"]], **row} for row in rows.select(kept).iter_rows(named=True)]
    console.answer({"table": title, "sectors": len(table), "key_sectors": keys, "rows": sectors})


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--level", type=click.Choice(["city", "province"]), default="city", show_default=True, help="以城市还是省份为单位。"
)
@click.option("--least", default=30, show_default=True, help="至少几家企业的地方才计入。")
@click.option("--place", "name", default="", help="只看这一地（名称，或地区代码）：它邻近而尚无的环节，按密度排。")
@click.option("--top", default=20, show_default=True, help="最多几行。")
@json_option
def complexity(file: Path | None, level: str, least: int, name: str, top: int, as_json: bool) -> None:
    """复杂度：哪些地方能做别处少有的事；用文件 FILE（列 place、activity、value），否则用对照库的地方 × 环节。"""
    from lianpu.analysis.complexity import complexity as computed
    from lianpu.chains.services import reference_in_use
    from lianpu.cli.setup import make_ready
    from lianpu.places.queries import place_by_code
    from lianpu.scenarios.queries import reference_cells

    console = Console(as_json)
    names: dict[str, str]
    with in_words():
        if file is not None:
            title, cells, names = file.name, _cells_of(file), {}
        else:
            make_ready(console)
            stored = reference_in_use()
            if stored is None:
                refuse("没有对照库。请给出文件，或先运行 lianpu reference load 文件。")
            cells, names = reference_cells(stored, level, least)
            if name.isdecimal():  # the reference has names
                asked = place_by_code(name)
                name = next(
                    (word for word in (asked.short_name, asked.name) if word in set(cells["place"])), asked.name
                )
            word = "城市" if level == "city" else "省份"
            title = f"{stored.name}（{word} × 环节）"
            if cells["place"].n_unique() < 3:
                refuse(f"对照库“{stored.name}”里够 {least} 家企业的{word}不足三个；可用 --level province 或 --least。")
        try:
            found = computed(cells)
        except ValueError as error:
            refuse(str(error))
    for note in found.notes:
        console.say(f"注：{note}")
    if name:
        rows = found.cells.filter(found.cells["place"] == name)
        if rows.is_empty():
            refuse(f"{title}里没有“{name}”（或企业不足 {least} 家）。")
        rows = rows.filter(rows["mcp"] == 0).sort("density", "activity", descending=[True, False]).head(top)
        console.say(f"{title}：{name}尚无优势而最邻近的活动（密度、复杂度、机会增益）")
        for row in rows.iter_rows(named=True):
            label = names.get(row["activity"], row["activity"])
            console.say(f"  {_told(row['density'])}  {_told(row['pci'])}  {_told(row['cog'])}  {label}")
    else:
        rows = found.places.sort("eci", "place", descending=[True, False], nulls_last=True).head(top)
        console.say(f"{title}：{found.places.height} 个地方，{found.activities.height} 种活动；复杂度由高到低")
        for row in rows.iter_rows(named=True):
            console.say(f"  {_told(row['eci'])}  {row['place']}")
    wanted = [
        {"name": names.get(row.get("activity", ""), ""), **row} if name else row for row in rows.iter_rows(named=True)
    ]
    console.answer(
        {"source": title, "places": found.places.height, "activities": found.activities.height, "rows": wanted}
    )


def _told(value: float | None) -> str:
    return "     —" if value is None else f"{value:>6.2f}"


def _cells_of(file: Path) -> Any:
    """place, activity, value of a table file."""
    import polars as pl

    from lianpu.register.reading import UnreadableError, read

    sheet = read(file, frozenset({"place", "activity", "value"}))
    lost = [word for word in ("place", "activity", "value") if word not in sheet.heads]
    if lost:
        raise UnreadableError(f"{file.name} 缺少列：{'、'.join(lost)}。")
    at = [sheet.heads.index(word) for word in ("place", "activity", "value")]
    cells = [[None if row[i] is None else str(row[i]) for i in at] for row in sheet.rows]
    frame = pl.DataFrame(cells, schema=dict.fromkeys(("place", "activity", "value"), pl.String), orient="row")
    numbers = frame["value"].str.replace_all(",", "").cast(pl.Float64, strict=False)
    if bad := numbers.null_count() - frame["value"].null_count():
        raise UnreadableError(f"{file.name} 的 value 列有 {bad} 个不是数字的值。")
    return frame.with_columns(value=numbers)
