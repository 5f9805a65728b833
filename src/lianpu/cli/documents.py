"""What follows from the declarations for others: the data dictionary, the description of the interface, tokens."""

from pathlib import Path

import click

from lianpu.cli.console import Console, in_words, refuse


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


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="写到哪里。")
def openapi(output: Path) -> None:
    """写出接口说明（OpenAPI）。"""
    from lianpu.register.api.reference import document

    output.write_text(document())
    Console(False).say(f"已写出 {output}")


@click.command()
@click.argument("username")
@click.argument("name")
@click.option("--days", type=int, default=90, help="有效天数（默认 90）。")
@click.option("--read-only", is_flag=True, help="只能读。")
@click.option("--register", "registers", multiple=True, help="只限这些登记簿，可重复。")
def token(username: str, name: str, days: int, read_only: bool, registers: tuple[str, ...]) -> None:
    """为用户 USERNAME 生成接口令牌，NAME 是用途；令牌只显示这一次。"""
    from django.contrib.auth import get_user_model

    from lianpu.cli.setup import make_ready
    from lianpu.register import tokens

    console = Console(False)
    with in_words():
        make_ready(console)
        user = get_user_model().objects.filter(username=username).first()
        if user is None:
            refuse(f"没有用户“{username}”。")
        _, secret = tokens.make(user=user, name=name, days=days, is_readonly=read_only, registers=registers)
    click.echo(secret)
