"""``lianpu admin …``: accounts from a terminal, for the first of them and for when nobody can sign in."""

from typing import Any

import click

from lianpu.cli.console import Console, in_words, refuse

json_option = click.option("--json", "as_json", is_flag=True, help="机器可读的结果写到标准输出。")
ask_option = click.option("--ask", is_flag=True, help="在终端输入密码（默认生成一个，只显示一次，首次登录须改）。")


def _ready(console: Console) -> None:
    from lianpu.cli.setup import make_ready

    make_ready(console)


def _typed(ask: bool) -> str:
    return str(click.prompt("密码", hide_input=True, confirmation_prompt="再输一遍")) if ask else ""


def _person(username: str) -> Any:
    from django.contrib.auth import get_user_model

    person = get_user_model()._default_manager.filter(username=username).first()
    if person is None:
        refuse(f"没有用户“{username}”。已有的用户见 lianpu admin list。")
    return person


def _role(code: str) -> Any:
    from lianpu.register.models import Role

    role = Role.objects.filter(code=code).first()
    if role is None:
        refuse(f"没有角色“{code}”。可用：{'、'.join(Role.objects.order_by('pk').values_list('code', flat=True))}")
    return role


@click.group()
def admin() -> None:
    """账号与授权。"""


@admin.command("create")
@click.argument("username")
@click.option("--name", default="", help="姓名。")
@click.option("--role", "code", default="", help="只授予此角色（如 security-admin），而不建系统管理员。")
@ask_option
@json_option
def create(username: str, name: str, code: str, ask: bool, as_json: bool) -> None:
    """新建账号；未指定 --role 时为系统管理员（可做一切）。示例城市之外没有任何默认密码。"""
    from lianpu.register.rights import SYSTEM
    from lianpu.site.accounts import services

    console = Console(as_json)
    with in_words():
        _ready(console)
        role = _role(code) if code else None
        person, secret = services.create_account(
            user=SYSTEM, username=username, name=name, superuser=role is None, password=_typed(ask)
        )
        if role is not None:
            services.give_role(user=SYSTEM, person=person, role=role)
    console.say(f"已新建{role.name if role else '系统管理员'}“{username}”。")
    if not ask:
        console.say(f"首次密码（只显示这一次，登录后须改）：{secret}")
    console.answer({"username": username, "role": code, "password": "" if ask else secret})


@admin.command("reset-password")
@click.argument("username")
@ask_option
@json_option
def reset_password(username: str, ask: bool, as_json: bool) -> None:
    """给账号一个新密码，本人登录后须改；其会话全部结束，锁定一并解除。"""
    from lianpu.register.rights import SYSTEM
    from lianpu.site.accounts import services

    console = Console(as_json)
    with in_words():
        _ready(console)
        secret = services.reset_password(user=SYSTEM, person=_person(username), password=_typed(ask))
    console.say(f"已重置“{username}”的密码。")
    if not ask:
        console.say(f"新密码（只显示这一次，登录后须改）：{secret}")
    console.answer({"username": username, "password": "" if ask else secret})


@admin.command("unlock")
@click.argument("username")
@click.option("--second-step", is_flag=True, help="同时关闭两步验证（手机丢失时）。")
def unlock(username: str, second_step: bool) -> None:
    """解除因多次失败而来的锁定。"""
    from lianpu.register.rights import SYSTEM
    from lianpu.site.accounts import services

    console = Console(False)
    with in_words():
        _ready(console)
        person = _person(username)
        services.unlock(user=SYSTEM, person=person)
        if second_step:
            services.reset_second_step(user=SYSTEM, person=person)
    console.say(f"已解锁“{username}”。")


@admin.command("disable")
@click.argument("username")
@click.option("--enable", is_flag=True, help="重新启用。")
def disable(username: str, enable: bool) -> None:
    """停用账号，其会话全部结束；账号与记录保留。"""
    from lianpu.register.rights import SYSTEM
    from lianpu.site.accounts import services

    console = Console(False)
    with in_words():
        _ready(console)
        services.set_active(user=SYSTEM, person=_person(username), active=enable)
    console.say(f"已{'启用' if enable else '停用'}“{username}”。")


@admin.command("grant")
@click.argument("username")
@click.argument("role")
@click.option("--place", default="", help="只限某地区（代码或名称）。")
@click.option("--chain", default="", help="只限某产业链（代码或名称）。")
@click.option("--enterprise", default="", help="只限某企业（信用代码或全称）。")
@click.option("--revoke", is_flag=True, help="收回此人的这个角色（全部范围）。")
def grant(username: str, role: str, place: str, chain: str, enterprise: str, revoke: bool) -> None:
    """把角色 ROLE 授予账号，或收回。"""
    from lianpu.register.models import Grant
    from lianpu.register.rights import SYSTEM
    from lianpu.site.accounts import services

    console = Console(False)
    with in_words():
        _ready(console)
        person, given = _person(username), _role(role)
        if revoke:
            held = Grant.objects.filter(user=person, role=given).select_related("user", "role")
            for one in held:
                services.take_role(user=SYSTEM, grant=one)
        else:
            services.give_role(user=SYSTEM, person=person, role=given, place=place, chain=chain, enterprise=enterprise)
    console.say(f"{'已收回' if revoke else '已授予'}“{username}”：{given.name}")


@admin.command("list")
@json_option
def list_accounts(as_json: bool) -> None:
    """列出账号、角色与状态。"""
    from lianpu.site.accounts import queries

    console = Console(as_json)
    with in_words():
        _ready(console)
        found = queries.in_full(list(queries.people()))
    lines = [
        {
            "username": one.user.username,
            "name": one.user.first_name,
            "superuser": one.user.is_superuser,
            "roles": [f"{held.role.code} {held.where}".strip() for held in one.held],
            "active": one.user.is_active,
            "locked": one.locked,
            "second_step": one.second_step,
            "sample": one.account.is_sample,
        }
        for one in found
    ]
    for line in lines:
        roles = "；".join(line["roles"]) or ("系统管理员" if line["superuser"] else "无角色")
        marks = [word for key, word in (("sample", "示例"), ("locked", "已锁定")) if line[key]]
        marks += [] if line["active"] else ["已停用"]
        console.say(f"{line['username']:<16} {roles} {' '.join(marks)}".rstrip())
    console.answer(lines)
