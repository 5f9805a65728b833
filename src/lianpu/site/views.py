"""Pages for what went wrong: what happened, and what to do."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _


def _problem(request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
    return render(request, "problem.html", {"title": gettext(title), "words": gettext(words)}, status=status)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _problem(request, 403, _("没有权限"), str(exception or "") or _("请向管理员申请所需的角色或范围。"))


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    # Django's own messages are for programmers, in English; ours say what to do.
    said = str(exception or "")
    words = said if not said.isascii() and "tried" not in said else ""
    return _problem(request, 404, _("找不到"), words or _("此页或此行不存在，或不在您的范围内。请从上方菜单重新进入。"))


def broken(request: HttpRequest) -> HttpResponse:
    return _problem(
        request, 500, _("系统出错"), _("您刚才的修改没有写入。请稍后重试；若仍出错，请把时间和操作告诉管理员。")
    )
