"""``lianpu``: the whole job from a terminal."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from lianpu.chains.scale import ENGINES
from lianpu.cli import (
    accounts,
    auditing,
    comparing,
    documents,
    entry,
    figures,
    files,
    ledger,
    pairing,
    placement,
    scenarios,
    searching,
)
from lianpu.cli.console import USAGE, Console, in_words, refuse

json_option = click.option("--json", "as_json", is_flag=True, help="机器可读的结果写到标准输出。")
HOME = "LIANPU_HOME"
# Before anything loads numpy: on cores that are shared, threads of linear algebra wait for each other far longer than
# they save (a reference of 200,000 firms loads in less than half the processor time with one).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianpu.site.settings")
    import django

    django.setup()


def _ready(console: Console) -> None:
    """A database with its tables, places and chain maps, whatever it was before."""
    from lianpu.cli.setup import make_ready

    make_ready(console)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lianpu", prog_name="lianpu")
def main() -> None:
    """链谱 Lianpu：摸清家底、精准诊断、挂图作战、监测评估。

    数据与文件放在 LIANPU_HOME（默认 ./var）；LIANPU_DATABASE 可指向 PostgreSQL。
    退出码：0 完成，1 拒绝（原因见标准错误），2 用法有误，3 环境故障（磁盘、数据库、端口）。
    """
    _django()


@main.command()
@click.option("--empty", is_flag=True, help="不载入示例城市。")
@click.option("--no-serve", is_flag=True, help="只备好数据，不启动网站。")
@click.option("--no-worker", is_flag=True, help="网站旁不启动运行器（另用 lianpu worker 运行任务时）。")
@json_option
def up(empty: bool, no_serve: bool, no_worker: bool, as_json: bool) -> None:
    """备好数据库与示例城市，诊断，打印结论，启动网站。"""
    from lianpu.cli import serving, setup

    console = Console(as_json)
    host, port = serving.address()
    with in_words():
        if not no_serve:
            serving.check_port(host, port)
        setup.make_ready(console)
        summary: dict[str, Any] = {} if empty else setup.load_sample_city(console)
        setup.collect_static()
        setup.prepare_boundaries()
        setup.print_findings(console)
    summary["address"] = serving.url(host, port)
    setup.print_accounts(console, summary["address"])
    console.answer(summary)
    if not no_serve:
        serving.serve(host, port, worker=not no_worker)


@main.command()
@click.option("--name", default="", help="运行器的名称（默认主机名加进程号）。")
def worker(name: str) -> None:
    """运行任务（导入、导出、挂链、诊断、档案），直到 Ctrl-C；可在多台机器上同时运行多个。"""
    from lianpu.cli import working

    working.work(name)


for made in (files.import_file, files.imports, files.folders):
    main.add_command(made)


@main.command()
@click.argument("register")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="xlsx、csv 或 parquet 文件。")
@click.option("--filter", "filters", multiple=True, help="与列表页相同的条件，如 f.place=620100 或 q=铝。")
@json_option
def export(register: str, output: Path, filters: tuple[str, ...], as_json: bool) -> None:
    """把登记簿导出为表格文件。"""
    from lianpu.register import exporting
    from lianpu.register.declare import registry
    from lianpu.register.listing import Listing
    from lianpu.register.rights import SYSTEM

    declared = registry.by_slug.get(register)
    form = output.suffix[1:].lower()
    if declared is None or form not in exporting.FORMS:
        refuse("用法：lianpu export 登记簿 -o 文件.xlsx（或 csv、parquet）", 2)
    console = Console(as_json)
    with in_words():
        params = dict(one.split("=", 1) for one in filters if "=" in one)
        listing = Listing(declared, SYSTEM, params)
        columns = exporting.exportable(listing.visible)
        rows = listing.rows
        if listing.errors:
            refuse("；".join(listing.errors))
        count = rows.count()
        with output.open("wb") as out:
            exporting.export_to(out, declared, rows, columns, form, console.progress)
    console.close_bar()
    console.say(f"已导出 {count} 行到 {output}")
    console.answer({"register": register, "rows": count, "file": str(output)})


@main.command()
@click.option("--place", "code", default="", help="只挂某地（如 620100）的企业。")
@click.option("--changed", is_flag=True, help="只重挂名称、经营范围变动的企业和链图变动所及的企业。")
@click.option(
    "--input", "source", default="", help="不挂登记簿，而挂此 Parquet 文件里的企业（列 name、scope 与主键）。"
)
@click.option("--output", "target", type=click.Path(path_type=Path), help="结果写到这个新文件夹。")
@click.option(
    "--engine", type=click.Choice(ENGINES), default="processes", help="对文件：在本进程、多个进程或 Spark 上。"
)
@click.option("--processes", default=0, help="对文件：几个进程（默认每核一个）。")
@click.option("--master", default="local[*]", help="Spark 主节点地址。")
@click.option("--key", default="uscc", help="对文件：主键列。")
@click.option("--top-k", default=3, help="对文件：每家最多几个环节。")
@json_option
def place(
    code: str,
    changed: bool,
    source: str,
    target: Path | None,
    engine: str,
    processes: int,
    master: str,
    key: str,
    top_k: int,
    as_json: bool,
) -> None:
    """把企业挂到产业链的环节上：角色、可信度、依据。"""
    from lianpu.chains.services import place_changed, place_enterprises
    from lianpu.enterprises.models import Enterprise
    from lianpu.places.queries import place_by_code
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    if changed and code:
        refuse("--changed 已限定企业，不能与 --place 同用。", USAGE)
    if bool(source) != (target is not None) or (source and (changed or code)):
        refuse("--input 与 --output 须同时给出，且不与 --place、--changed 同用。", USAGE)
    if target is not None:
        _place_file(console, source, target, engine=engine, processes=processes, master=master, key=key, top_k=top_k)
        return
    with in_words():
        _ready(console)
        rows = Enterprise.objects.filter(place__path__startswith=place_by_code(code).path) if code else None
        start = time.perf_counter()
        if changed:
            counts: dict[str, Any] = dict(place_changed(progress=console.progress))
        else:
            counts = dict(place_enterprises(user=SYSTEM, enterprises=rows, progress=console.progress))
    console.close_bar()
    counts["seconds"] = round(time.perf_counter() - start, 3)
    console.say(
        f"企业 {counts['firms']}，挂上产业链 {counts['placed']}；新增 {counts['created']}，变更 {counts['changed']}，"
        f"撤去 {counts['gone']}；{counts['seconds']} 秒"
    )
    console.answer(counts)


def _place_file(console: Console, source: str, target: Path, **options: Any) -> None:
    from lianpu.chains.scale import NoSparkError, place_file
    from lianpu.chains.services import current_placer

    with in_words():
        _ready(console)
        start = time.perf_counter()
        try:
            rows = place_file(current_placer(), source, target, progress=console.progress, **options)
        except FileNotFoundError:
            refuse(f"找不到文件：{source}")
        except (FileExistsError, ValueError, NoSparkError) as error:
            console.close_bar()
            refuse(str(error))
    console.close_bar()
    seconds = round(time.perf_counter() - start, 3)
    console.say(f"已写出 {rows} 条挂链到 {target}；{seconds} 秒")
    console.answer({"rows": rows, "folder": str(target), "seconds": seconds})


@main.group()
def reference() -> None:
    """对照库：留在登记簿之外、只用于比较的企业总体。"""


@reference.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="名称，如“全国抽样”（默认取文件名）。")
@json_option
def reference_load(file: Path, name: str, as_json: bool) -> None:
    """载入对照库文件并挂链（只存结果，不进企业登记簿）。"""
    from lianpu.chains.services import load_reference
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        _ready(console)
        start = time.perf_counter()
        kept = load_reference(user=SYSTEM, path=file, name=name, progress=console.progress)
    console.close_bar()
    seconds = round(time.perf_counter() - start, 3)
    console.say(f"对照库“{kept.name}”：企业 {kept.rows}，挂上产业链 {kept.placed}；{seconds} 秒")
    console.say(entry.model_words(kept))
    console.answer(
        {
            "name": kept.name,
            "rows": kept.rows,
            "placed": kept.placed,
            "entry": kept.entry_figures,
            "seconds": seconds,
        }
    )


@main.command()
@click.option("--place", "code", required=True, help="地区代码，如 620100。")
@click.option("--reference", "name", default="", help="与哪个对照库比（默认最大的真实对照库）。")
@json_option
def diagnose(code: str, name: str, as_json: bool) -> None:
    """诊断一地的全部产业链。"""
    from lianpu.chains.models import Reference
    from lianpu.chains.services import diagnose_place
    from lianpu.cli.tables import state_table
    from lianpu.places.queries import place_by_code
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        _ready(console)
        start = time.perf_counter()
        chosen = Reference.objects.get(name=name) if name else None
        run = diagnose_place(user=SYSTEM, place=place_by_code(code), reference=chosen)
    seconds = round(time.perf_counter() - start, 3)
    table = state_table(run)
    for line in table.lines():
        console.say(line)
    console.say(f"诊断第{run.pk}号：{run.place}，对照 {run.reference or '无'}，挂链企业 {run.firms}；{seconds} 秒")
    console.answer(
        {"run": run.pk, "place": code, "reference": str(run.reference or ""), "seconds": seconds, "chains": table.rows}
    )


@main.command()
@click.argument("chain", default="")
@click.option("--place", "code", default="", help="地区代码（默认最近诊断过的地区）。")
@click.option("--top", default=10, show_default=True, help="每条链最多几条。")
@click.option("--fragile", is_flag=True, help="只打印易变的：权重增减20%便进出本链前3位。")
@json_option
def findings(chain: str, code: str, top: int, fragile: bool, as_json: bool) -> None:
    """打印一条链（不写则全部链）的诊断结论，及位次是否稳健。"""
    from lianpu.chains import queries
    from lianpu.chains.models import DiagnosisRun, Robustness
    from lianpu.cli.tables import finding_rows
    from lianpu.places.queries import place_by_code

    console = Console(as_json)
    with in_words():
        _ready(console)
        which = queries.chain_named(chain) if chain else None
        run = queries.latest_run(place_by_code(code)) if code else DiagnosisRun.objects.filter(is_latest=True).first()
        if run is None:
            refuse(f"还没有诊断，请先运行 lianpu diagnose --place {code or '620100'}。")
        found = [
            one for one in queries.findings_of(run, which, top) if not fragile or one.robustness == Robustness.FRAGILE
        ]
    last = None
    for one in found:
        if one.chain != last:
            console.say(f"{one.chain}（{run.place}，诊断第{run.pk}号，对照 {run.reference or '无'}）")
            last = one.chain
        console.say(f"{one.rank:>3}. [{one.score:.2f}] {one.explanation}{'' if one.sure else '（待核实）'}")
        if one.steadiness:
            console.say(f"     {one.steadiness}")
    if not found:
        console.say("没有这样的诊断结论。")
    console.answer(
        {
            "chain": which.name if which else "",
            "place": run.place.code,
            "run": run.pk,
            "findings": finding_rows(found),
        }
    )


@main.command()
@click.argument("chain")
@click.option("--place", "code", required=True, help="地区代码，如 620100。")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="docx 或 xlsx 文件。")
@json_option
def dossier(chain: str, code: str, output: Path, as_json: bool) -> None:
    """写出一条链的档案：图谱、环节状态、龙头企业、短板与措施、图表。"""
    from lianpu.chains.queries import chain_named
    from lianpu.desk.dossier import write_dossier
    from lianpu.places.queries import place_by_code
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        _ready(console)
        start = time.perf_counter()
        body = write_dossier(
            user=SYSTEM, chain=chain_named(chain), place=place_by_code(code), form=output.suffix[1:].lower()
        )
        output.write_bytes(body)
    seconds = round(time.perf_counter() - start, 3)
    console.say(f"已写出 {output}（{len(body) // 1024} KB，{seconds} 秒）")
    console.answer({"file": str(output), "bytes": len(body), "seconds": seconds})


main.add_command(documents.dictionary)
main.add_command(ledger.dispatch_group)
main.add_command(ledger.bulletin)
main.add_command(documents.openapi)
main.add_command(documents.token)
main.add_command(figures.figures)


@main.group()
def sample() -> None:
    """示例城市。"""


@sample.command("remove")
@json_option
def sample_remove(as_json: bool) -> None:
    """移除示例企业、示例对照库与示例账号（改用真实数据时）。"""
    from lianpu.demo.services import remove_sample
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        _ready(console)
        counts = remove_sample(user=SYSTEM)
    console.say(f"已移除示例企业 {counts['enterprises']} 家、示例账号 {counts['accounts']} 个。")
    console.answer(counts)


@main.group()
def maps() -> None:
    """产业链图谱。"""


@maps.command("check")
@json_option
def maps_check(as_json: bool) -> None:
    """检查随系统提供的图谱，列出全部差错。"""
    from lianpu.chains.maps import faults, shipped

    console = Console(as_json)
    wrong = faults(shipped())
    for one in shipped():
        products = sum(len(leaf.products) for leaf in one.leaves)
        console.say(f"{one.code} {one.name}：环节 {len(one.leaves)}，产品 {products}，流向 {len(one.flows)}")
    for fault in wrong:
        console.say(fault)
    console.answer({"chains": len(shipped()), "faults": wrong})
    sys.exit(1 if wrong else 0)


for told in (comparing.health, comparing.compare, pairing.pairing, pairing.targets, pairing.network):
    main.add_command(told)
for told in (scenarios.scenario, scenarios.portfolio, scenarios.linkage, scenarios.complexity, scenarios.io_group):
    main.add_command(told)
main.add_command(entry.entry)
main.add_command(placement.placement_group)
main.add_command(accounts.admin)
main.add_command(auditing.audit)
main.add_command(searching.search_group)


if __name__ == "__main__":
    main()
