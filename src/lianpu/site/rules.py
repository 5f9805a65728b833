"""The rules of signing in and of sessions, as one table: safe by default, at 等保 level 3 by one word.

``LIANPU_SECURITY=level3`` takes the stricter column; each rule may also be set alone, by its own name, in the
environment. ``docs/guides/accounts.md`` shows the same table, which a test compares.
"""

import os
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

LEVEL3 = "level3"


@dataclass(frozen=True)
class Rule:
    """One rule: its name in the environment and the settings, its value by default and at level 3, and what it says."""

    name: str
    usual: int | str
    level3: int | str
    words: str

    @property
    def standard(self) -> int | str:
        """The value where the environment does not set the rule alone."""
        return self.level3 if os.environ.get("LIANPU_SECURITY") == LEVEL3 else self.usual


RULES = (
    Rule("LIANPU_IDLE_MINUTES", 30, 15, _("多少分钟无操作即退出")),
    Rule("LIANPU_SESSION_HOURS", 12, 8, _("登录多少小时后须重新登录")),
    Rule("LIANPU_ONE_SESSION", 0, 1, _("1：同一账号只能在一处登录，后登录的使先登录的退出")),
    Rule("LIANPU_PASSWORD_LENGTH", 10, 12, _("密码至少几个字符")),
    Rule("LIANPU_PASSWORD_KINDS", 3, 3, _("密码至少含几类字符（大写、小写、数字、其他）")),
    Rule("LIANPU_PASSWORD_HISTORY", 3, 5, _("不得与最近几个密码相同")),
    Rule("LIANPU_PASSWORD_DAYS", 0, 90, _("密码用满多少天须更换；0：不限")),
    Rule("LIANPU_LOCK_AFTER", 5, 5, _("同一账号从同一地址连续失败几次即锁定")),
    Rule("LIANPU_LOCK_MINUTES", 15, 30, _("锁定多少分钟")),
    Rule(
        "LIANPU_MFA_ROLES", "", "superuser,bureau-admin,security-admin,auditor", _("哪些角色必须使用两步验证，逗号分隔")
    ),
    Rule("LIANPU_HTTPS", 0, 1, _("1：站点经 HTTPS 访问，会话只在 HTTPS 下传送")),
    Rule("LIANPU_PROXIES", 0, 0, _("站点前有几层反向代理（据此取来源地址）")),
)
_BY_NAME = {rule.name: rule for rule in RULES}


def text(name: str) -> str:
    """The rule's value in force."""
    said = os.environ.get(name)
    return str(_BY_NAME[name].standard) if said is None else said


def number(name: str) -> int:
    """The rule's value in force. Raises ``ValueError`` with words where the environment holds no number."""
    said = text(name)
    if not said.isdecimal():
        raise ValueError(f"{name} 须为非负整数，而不是“{said}”")
    return int(said)
