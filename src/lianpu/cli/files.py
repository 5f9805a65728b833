"""Sheets in and out by command: import, its list and undoing, folders that are imported by themselves."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianpu.cli.console import Console, in_words, refuse

if TYPE_CHECKING:
    from lianpu.register.declare import Register
    from lianpu.register.importing import Plan
    from lianpu.register.models import ImportRun

json_option = click.option("--json", "as_json", is_flag=True, help="机器可读的结果写到标准输出。")
FAULTS_SHOWN = 1000


def _register(slug: str) -> "Register":
    from lianpu.register.declare import registry

    declared = registry.by_slug.get(slug)
    if declared is None or not declared.imports:
        names = "、".join(one.slug for one in registry.all() if one.imports)
        refuse(f"没有可导入的登记簿“{slug}”。可用：{names}", 2)
    return declared


def _mapping(register: "Register", said: tuple[str, ...]) -> dict[str, str]:
    """``列头=列名`` as head → column's name; the column by its label or name, empty to leave the head out."""
    from lianpu.register.importing import known_heads
    from lianpu.register.reading import clean_head

    known, found = known_heads(register.bound), {}
    for one in said:
        head, equals, word = one.partition("=")
        column = known.get(clean_head(word)[0])
        if not equals or (word and column is None):
            names = "、".join(c.label for c in register.bound if c.column.editable)
            refuse(f"--map 应为 列头=列名，“{one}”不是。列名可用：{names}", 2)
        found[clean_head(head)[0]] = column.name if word and column else ""
    return found


@click.command("import")
@click.argument("register")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sheet", default=None, help="工作簿中的哪张表（默认最像的一张）。")
@click.option("--sender", default="", help="报送单位；它的列对应记住后自动沿用。")
@click.option("--map", "pairs", multiple=True, metavar="列头=列名", help="指明一列；列名留空为不采用；可重复。")
@click.option("--hidden/--no-hidden", default=None, help="隐藏的行与列要不要（默认行要、列要）。")
@click.option("--all-or-nothing", is_flag=True, help="有一行有误就都不导入（默认只导入正确的行）。")
@click.option("--preview", is_flag=True, help="只预览，不写入。")
@click.option("--reason", default="", help="变更原因，记入变更记录。")
@json_option
def import_file(
    register: str,
    file: Path,
    sheet: str | None,
    sender: str,
    pairs: tuple[str, ...],
    hidden: bool | None,
    all_or_nothing: bool,
    preview: bool,
    reason: str,
    as_json: bool,
) -> None:
    """把表格文件导入登记簿 REGISTER（如 enterprises）。"""
    from lianpu.cli.setup import make_ready
    from lianpu.register import importing
    from lianpu.register.importing import desk
    from lianpu.register.rights import SYSTEM

    console, declared = Console(as_json), _register(register)
    with in_words():
        make_ready(console)
        start = time.perf_counter()
        told = importing.Instructions(
            sheet=sheet, mapping=_mapping(declared, pairs), hidden=hidden, sender=sender or SYSTEM.username
        )
        plan = importing.make_plan(declared, file, SYSTEM, console.progress, told)
        summary: dict[str, Any] = {"register": register, "file": str(file)} | importing.outcome_counts(plan)
        run = None
        if not preview:
            mode = importing.ALL_OR_NOTHING if all_or_nothing else importing.GOOD_ROWS
            run = importing.commit(
                plan,
                user=SYSTEM,
                mode=mode,
                reason=reason,
                result_folder=desk.home(),
                progress=console.progress,
                sender=sender,
            )
            # Compared again within the transaction: what was done may differ from what was planned.
            summary |= {"import_number": run.pk} | importing.outcome_counts(plan)
        summary["seconds"] = round(time.perf_counter() - start, 3)
        if run is not None:
            if sender and pairs:
                desk.remember_heads(run=run, user=SYSTEM, told=told.mapping, hidden=hidden)
            summary["result_file"] = str(desk.hand_back(run, plan.sheet))
            summary["faulty_file"] = str(desk.faulty_file(run)) if run.faulty else ""
    console.close_bar()
    _tell(console, plan, summary)
    faults = [fault.as_dict() for fault in plan.faults]
    console.answer(summary | {"faults": faults, "corrections": importing.summary_of(plan)["corrections"]})


def _tell(console: Console, plan: "Plan", summary: dict[str, Any]) -> None:
    """Faults on standard error, then counts and where the files are."""
    from lianpu.register import importing

    faults = plan.faults
    for fault in faults[:FAULTS_SHOWN]:
        click.echo(str(fault), err=True)
    if len(faults) > FAULTS_SHOWN:
        click.echo(f"……共{len(faults)}处差错，其余见错行文件。", err=True)
    for one in importing.summary_of(plan)["corrections"]:
        line, old, new = one["examples"][0]
        console.say(f"更正 {one['column']} {one['count']} 处：{one['why']}（如第{line}行 {old} → {new}）")
    if plan.ignored_heads:
        console.say(f"未采用的列：{'、'.join(plan.ignored_heads)}")
    number = summary.get("import_number")
    rate = summary["read"] / max(summary["seconds"], 1e-3)
    console.say(
        f"{f'导入第{number}号' if number else '预览'}：读入 {summary['read']}，新增 {summary['created']}，"
        f"变更 {summary['changed']}，无变化 {summary['same']}，重复 {summary['duplicate']}，有误 {summary['faulty']}；"
        f"{summary['seconds']} 秒（每秒 {rate:,.0f} 行）"
    )
    if number:
        console.say(f"结果文件：{summary['result_file']}")
        if summary["faulty_file"]:
            console.say(f"错行文件：{summary['faulty_file']}（改正后直接再次导入）")


@click.group()
def imports() -> None:
    """以往的导入。"""


def _as_dict(run: "ImportRun") -> dict[str, Any]:
    counts = {word: getattr(run, word) for word in ("read", "created", "changed", "same", "duplicate", "faulty")}
    said = {"file": run.file_name, "sender": run.sender, "by": run.by, "at": run.at, "message": run.message}
    return {"import_number": run.pk, "register": run.register, "state": run.state} | said | counts


@imports.command("list")
@click.option("--register", default="", help="只列这个登记簿的。")
@click.option("--top", default=20, show_default=True, help="最多几次，最近的在前。")
@json_option
def imports_list(register: str, top: int, as_json: bool) -> None:
    """列出以往的导入及其状态。"""
    from lianpu.register.importing import desk
    from lianpu.register.models import ImportRun

    console = Console(as_json)
    with in_words():
        runs = ImportRun.objects.filter(**{"register": register} if register else {})[:top]
        found = [desk.look(run) for run in runs]
    for run in found:
        console.say(
            f"{run.pk:>6}  {run.at:%Y-%m-%d %H:%M}  {run.register:<20} {run.get_state_display()}  "
            f"新增{run.created} 变更{run.changed} 有误{run.faulty}  {run.file_name}  {run.message}".rstrip()
        )
    console.answer([_as_dict(run) for run in found])


@imports.command("undo")
@click.argument("number", type=int)
@click.option("--reason", required=True, help="撤销原因，记入变更记录。")
@json_option
def imports_undo(number: int, reason: str, as_json: bool) -> None:
    """撤销一次导入：还原它改动的行；此后又改过的保留并列出。"""
    from lianpu.register.importing import desk
    from lianpu.register.models import ImportRun
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        run = desk.undo(run=ImportRun.objects.get(pk=number), user=SYSTEM, reason=reason)
    for one in run.kept:
        console.say(f"保留 {one['model']} 第{one['row']}号：{one['why']}")
    console.say(f"已撤销{run}：还原 {run.undone} 处改动，保留 {run.unreverted} 处。")
    console.answer({"import_number": run.pk, "undone": run.undone, "kept": run.kept})


@click.group()
def folders() -> None:
    """自动导入的文件夹：其中的新文件各导入一次，文件原地不动。"""


@folders.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("register")
@click.option("--pattern", default="*", show_default=True, help="文件名样式，如 *.xlsx。")
@click.option("--sender", default="", help="报送单位。")
@click.option("--all-or-nothing", is_flag=True, help="文件有一行有误就都不导入。")
@json_option
def folders_add(path: Path, register: str, pattern: str, sender: str, all_or_nothing: bool, as_json: bool) -> None:
    """登记一个文件夹，由 lianpu folders run 或运行器导入其中的新文件。"""
    from lianpu.register import importing
    from lianpu.register.importing import folders as watched
    from lianpu.register.rights import SYSTEM

    console, declared = Console(as_json), _register(register)
    mode = importing.ALL_OR_NOTHING if all_or_nothing else importing.GOOD_ROWS
    with in_words():
        made = watched.add(user=SYSTEM, path=path, register=declared, pattern=pattern, sender=sender, mode=mode)
    console.say(f"已登记第{made.pk}号：{made.path}（{made.pattern}）→ {register}")
    console.answer({"folder": made.pk, "path": made.path, "register": register, "pattern": pattern})


@folders.command("list")
@json_option
def folders_list(as_json: bool) -> None:
    """列出自动导入的文件夹与上次的结果。"""
    from lianpu.register.models import ImportFolder

    console = Console(as_json)
    with in_words():
        found = list(ImportFolder.objects.all())
    for one in found:
        console.say(f"{one.pk:>4}  {one.path}（{one.pattern}）→ {one.register}  {one.message or '还没有查看过'}")
    keys = ("path", "register", "pattern", "sender", "mode", "looked_at", "message")
    console.answer([{"folder": one.pk} | {key: getattr(one, key) for key in keys} for one in found])


@folders.command("remove")
@click.argument("number", type=int)
def folders_remove(number: int) -> None:
    """不再查看一个文件夹；已导入的不动。"""
    from lianpu.register.importing import folders as watched
    from lianpu.register.models import ImportFolder
    from lianpu.register.rights import SYSTEM

    with in_words():
        watched.remove(user=SYSTEM, folder=ImportFolder.objects.get(pk=number))
    Console(False).say(f"已移除第{number}号。")


@folders.command("run")
@json_option
def folders_run(as_json: bool) -> None:
    """立即导入各文件夹中的新文件（供 cron、systemd 定时调用）；有文件失败时退出码为 1。"""
    from lianpu.register.importing import folders as watched
    from lianpu.register.models import ImportFolder

    console = Console(as_json)
    answers, failed = [], False
    with in_words():
        for folder in ImportFolder.objects.all():
            looked = watched.look_into(folder=folder, progress=console.progress)
            console.close_bar()
            console.say(f"{folder.path}：{looked.words}")
            failed = failed or bool(looked.failed)
            runs = [_as_dict(run) for run in looked.runs]
            answers.append({"folder": folder.pk, "path": folder.path, "imports": runs, "failed": looked.failed})
    console.answer(answers)
    if failed:
        refuse("有文件没有导入，见上。")
