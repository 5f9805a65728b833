"""``lianpu placement``: models trained on what people decided, and which of them is in use."""

from pathlib import Path

import click

from lianpu.cli.console import REFUSED, USAGE, Console, in_words, refuse

json_option = click.option("--json", "as_json", is_flag=True, help="机器可读的结果写到标准输出。")
SHIPPED = "maps"


@click.group("placement")
def placement_group() -> None:
    """挂链模型：训练、切换、查看。"""


@placement_group.command("train")
@click.option("--report", type=click.Path(path_type=Path), help="启用后的变化写到 csv 或 xlsx 文件。")
@json_option
def train_model(report: Path | None, as_json: bool) -> None:
    """用人的核定训练新模型；交叉检验不低于在用模型才启用并重新挂链，否则退出码为 1。"""
    from lianpu.chains import model_report
    from lianpu.chains.models import PlacementModel
    from lianpu.chains.services import train
    from lianpu.cli.setup import make_ready
    from lianpu.register.rights import SYSTEM

    if report is not None and report.suffix not in (".csv", ".xlsx"):
        refuse("--report 应为 csv 或 xlsx 文件。", USAGE)
    console = Console(as_json)
    with in_words():
        make_ready(console)
        model = train(user=SYSTEM, progress=console.progress)
        console.close_bar()
        rows = model_report.changed_rows(SYSTEM, model, {})
        if report is not None:
            report.write_bytes(model_report.file_of(rows, report.suffix[1:]))
    for line in model_report.words_of(model):
        console.say(line)
    for chain in model_report.by_chain(rows):
        console.say(
            f"  {chain['chain']}：新出现 {chain['appeared']}，撤去 {chain['vanished']}，改变 {chain['changed']}"
        )
    console.answer(
        {
            "model": model.model_version,
            "state": model.state,
            "firms": model.firms,
            "labels": model.labels,
            "outside": model.outside,
            "figures": model.figures,
            "changes": model.changes,
        }
    )
    if model.state == PlacementModel.State.REFUSED:
        refuse(f"未启用：准确率 {model.accuracy:.3f}，在用模型 {model.accuracy_used:.3f}。", REFUSED)


@placement_group.command("use")
@click.argument("version")
@json_option
def use_model(version: str, as_json: bool) -> None:
    """改用训练过的 VERSION（maps：随图谱的模型），重新挂链。"""
    from lianpu.chains.models import PlacementModel
    from lianpu.chains.services import use
    from lianpu.cli.setup import make_ready
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        make_ready(console)
        model = None if version == SHIPPED else PlacementModel.objects.get(model_version=version)
        changed = use(user=SYSTEM, model=model, progress=console.progress)
    console.close_bar()
    console.say(f"已改用{model or '随图谱的模型'}；{changed.height} 条挂链有变化")
    console.answer({"model": version, "changed": changed.height})


@placement_group.command("models")
@json_option
def models(as_json: bool) -> None:
    """列出训练过的模型：学了多少、检验得怎样、哪个在用。"""
    from lianpu.chains import model_report
    from lianpu.chains.models import PlacementModel
    from lianpu.cli.setup import make_ready

    console = Console(as_json)
    with in_words():
        make_ready(console)
        held = list(PlacementModel.objects.all())
    for model in held:
        console.say(f"{model.trained_at:%Y-%m-%d %H:%M} {model_report.words_of(model)[0]}；准确率 {model.accuracy:.3f}")
    if not held:
        console.say("还没有训练过的模型，按随图谱的模型挂链。")
    fields = ("model_version", "state", "firms", "labels", "outside", "accuracy", "accuracy_used", "changes")
    console.answer({"models": [{name: getattr(model, name) for name in fields} for model in held]})
