"""Documents that follow from the declarations: the data dictionary."""

from pathlib import Path

import click

from lianpu.cli.console import Console, in_words


@click.command()
@click.option("--markdown", is_flag=True, help="写成文档（登记簿声明的列）；否则写成 xlsx（含自定义列）。")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="写到哪里。")
def dictionary(markdown: bool, output: Path) -> None:
    """写出数据字典：每个登记簿收哪些列、认哪些列名、是什么类型。"""
    from lianpu.register import dictionary as told
    from lianpu.register.declare import registry

    console = Console(False)
    with in_words():
        if markdown:
            output.write_text(told.markdown(registry.all()))
        else:
            from lianpu.cli.setup import make_ready

            make_ready(console)
            output.write_bytes(told.workbook([(one, one.bound) for one in registry.all()]))
    console.say(f"已写出 {output}")
