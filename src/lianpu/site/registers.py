"""The registers of the house itself: accounts, roles, grants, and what happened to accounts.

They are guarded — a role reaches them only where it names them — and written by the verbs of
:mod:`lianpu.site.accounts.services` alone: no form, file or API call changes who may do what.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lianpu.register import kinds
from lianpu.register.declare import Column, Panel, Register, registered, registry
from lianpu.register.models import Account, AccountEvent, Grant, Role
from lianpu.site.accounts import panels
from lianpu.site.accounts.queries import ACCOUNTS, GRANTS, LOG, ROLES


class ActionsKind(kinds.Json):
    """What a role may do: register → actions, shown in words."""

    def show(self, value: Mapping[str, Sequence[str]] | None) -> str:
        return "；".join(f"{slug}：{'、'.join(actions)}" for slug, actions in (value or {}).items())

    def write(self, value: Any) -> Any:
        return self.show(value)


class _Guarded(Register):
    area = "平台"
    guarded = True
    imports = False


@registered
class AccountRegister(_Guarded):
    model = Account
    slug = ACCOUNTS
    key = ("user",)
    icon = "users"
    note = "谁可以登录；账号不删除，只停用，以便历次记录仍指得到人。"
    columns = (
        Column("user", value="user__username", search="A"),
        Column("name", label="姓名", value="user__first_name", search="A"),
        Column("organisation", search="B"),
        Column("is_active", label="启用", value="user__is_active", kind=kinds.Flag()),
        Column("is_superuser", label="系统管理员", value="user__is_superuser", kind=kinds.Flag(), shown=False),
        Column("last_login", label="上次登录", value="user__last_login", kind=kinds.Moment()),
        Column("must_change_password"),
        Column("password_at", shown=False),
        Column("is_sample", shown=False),
        Column("note", shown=False),
    )


@registered
class RoleRegister(_Guarded):
    model = Role
    slug = ROLES
    icon = "shield"
    note = "角色是一组可做的事；授予某人时可限定地区、产业链或企业。"
    columns = (
        Column("code", search="A"),
        Column("name", search="A"),
        Column("actions", kind=ActionsKind(name="json")),
        Column("clears", kind=kinds.Words()),
    )


@registered
class GrantRegister(_Guarded):
    model = Grant
    slug = GRANTS
    key = ("user", "role", "place_path", "chain_code", "enterprise_uscc")
    icon = "key"
    note = "把角色授予某人，空的范围不设限；在账号页上授予和收回。"
    columns = (
        Column("user", value="user__username", search="A"),
        Column("name", label="姓名", value="user__first_name", search="A"),
        Column("role", value="role__name", search="B"),
        Column("place_path"),
        Column("chain_code"),
        Column("enterprise_uscc"),
    )


@registered
class AccountLogRegister(_Guarded):
    model = AccountEvent
    slug = LOG
    key = ("id",)
    history = False
    ordering = ("-pk",)
    icon = "login"
    note = "登录成功与失败、锁定、授权、重置密码等，每事一行，只增不改。"
    columns = (
        Column("at"),
        Column("username", search="A"),
        Column("what"),
        Column("by", search="B"),
        Column("address", search="B"),
        Column("detail", search="B"),
    )


registry.panel(ACCOUNTS, Panel("accounts/account_panel.html", panels.account_panel, order=10))
registry.panel(ROLES, Panel("accounts/role_panel.html", panels.role_panel, order=10))
