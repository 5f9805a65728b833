"""Pages of accounts: one's own, and those from which security administrators make, close and entitle accounts."""

from collections.abc import Callable, Mapping
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.models import Account, Grant, Role
from lianpu.site.accounts import queries, services
from lianpu.site.rules import RULES

PAGE = 50


@require_GET
def profile_page(request: HttpRequest) -> HttpResponse:
    """Who am I here: roles and where they hold, my places of sign-in, password and second step."""
    user: Any = request.user
    context = {
        "account": getattr(user, "account", None),
        "held": queries.held_by([user])[user.pk],
        "sessions": UserSession.objects.purge_and_list(user),
        "second_step": is_mfa_enabled(user),
        "second_step_due": queries.must_have_second_step(user),
        "events": queries.last_events(user.username, 10),
        "local": user.has_usable_password(),
        "provider": settings.OIDC_NAME,
    }
    return render(request, "accounts/profile.html", context)


def _administrator(request: HttpRequest) -> Any:
    rights.demand(request.user, registry[queries.ACCOUNTS], rights.ADMINISTER)
    return request.user


@require_GET
def accounts_page(request: HttpRequest) -> HttpResponse:
    """Everybody who may sign in: roles, state, and the way to each account's page."""
    rights.demand(request.user, registry[queries.ACCOUNTS], rights.VIEW)
    words = request.GET.get("q", "").strip()
    page = Paginator(queries.people(words), PAGE).get_page(request.GET.get("page"))
    context = {
        "q": words,
        "page": page,
        "people": queries.in_full(list(page.object_list)),
        "unknown": queries.without_account(),
        "may": queries.may_administer(request.user),
        "rules": [(rule, getattr(settings, rule.name)) for rule in RULES],
    }
    return render(request, "accounts/accounts.html", context)


@sensitive_variables("secret")
@never_cache
@require_http_methods(["GET", "POST"])
def new_account(request: HttpRequest) -> HttpResponse:
    """Make an account; its first password is shown on the answer to the form, and never again."""
    administrator = _administrator(request)
    typed = {name: request.POST.get(name, "") for name in ("username", "name", "organisation", "note")}
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            person, secret = services.create_account(
                user=administrator,
                username=typed["username"],
                name=typed["name"],
                organisation=typed["organisation"],
                note=typed["note"],
            )
        except ValidationError as error:
            errors = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        else:
            return render(request, "accounts/secret.html", {"person": person, "secret": secret, "made": True})
    context = {"typed": typed, "errors": errors}
    return render(request, "accounts/new.html", context, status=422 if errors else 200)


def _sessions(user: Any, person: Any) -> str:
    count = services.end_sessions(user=user, person=person)
    return ngettext("已从%(count)s处退出。", "已从%(count)s处退出。", count) % {"count": count}


def _unlock(user: Any, person: Any) -> str:
    services.unlock(user=user, person=person)
    return gettext("已解锁。")


def _disable(user: Any, person: Any) -> str:
    services.set_active(user=user, person=person, active=False)
    return gettext("账号已停用，其会话已全部结束。")


def _enable(user: Any, person: Any) -> str:
    services.set_active(user=user, person=person, active=True)
    return gettext("账号已启用。")


def _second_step(user: Any, person: Any) -> str:
    services.reset_second_step(user=user, person=person)
    return gettext("两步验证已关闭，请本人重新设置。")


VERBS: Mapping[str, Callable[[Any, Any], str]] = {
    "sessions": _sessions,
    "unlock": _unlock,
    "disable": _disable,
    "enable": _enable,
    "second-step": _second_step,
}


def _refused(error: ValidationError) -> str:
    return "；".join(error.messages)


@require_POST
def act_on_account(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """One verb on one account, then back to its page with what was done or why it was not."""
    administrator = _administrator(request)
    account = get_object_or_404(Account.objects.select_related("user"), pk=pk)
    try:
        messages.success(request, VERBS[verb](administrator, account.user))
    except ValidationError as error:
        messages.error(request, _refused(error))
    return redirect(registry[queries.ACCOUNTS].url("detail", pk))


@sensitive_variables("secret")
@never_cache
@require_POST
def new_password(request: HttpRequest, pk: int) -> HttpResponse:
    """Give somebody a new password, shown once."""
    administrator = _administrator(request)
    account = get_object_or_404(Account.objects.select_related("user"), pk=pk)
    secret = services.reset_password(user=administrator, person=account.user)
    return render(request, "accounts/secret.html", {"person": account.user, "secret": secret})


@require_POST
def give_role(request: HttpRequest, pk: int) -> HttpResponse:
    administrator = _administrator(request)
    account = get_object_or_404(Account.objects.select_related("user"), pk=pk)
    role = get_object_or_404(Role, code=request.POST.get("role", ""))
    limits = {name: request.POST.get(name, "") for name in ("place", "chain", "enterprise", "reason")}
    try:
        services.give_role(user=administrator, person=account.user, role=role, **limits)
        messages.success(request, gettext("已授权：%(role)s") % {"role": role.name})
    except ValidationError as error:
        messages.error(request, _refused(error))
    return redirect(registry[queries.ACCOUNTS].url("detail", pk))


@require_POST
def take_role(request: HttpRequest, pk: int) -> HttpResponse:
    administrator = _administrator(request)
    grant = get_object_or_404(Grant.objects.select_related("user__account", "role"), pk=pk)
    try:
        services.take_role(user=administrator, grant=grant)
        messages.success(request, gettext("已收回：%(role)s") % {"role": grant.role.name})
    except ValidationError as error:
        messages.error(request, _refused(error))
    account = getattr(grant.user, "account", None)
    return redirect(registry[queries.ACCOUNTS].url("detail", account.pk) if account else "accounts")


@require_http_methods(["GET", "POST"])
def role_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Set what a role may do: a table of registers and actions."""
    administrator = _administrator(request)
    role = get_object_or_404(Role, pk=pk)
    lines, words = queries.role_lines(role), queries.sensitive_words()
    error = ""
    if request.method == "POST":
        actions = {line.slug: request.POST.getlist(line.slug) for line in lines}
        # What the table does not show stays: another release may know a register that this one does not.
        shown = {line.slug for line in lines}
        kept = {slug: named for slug, named in role.actions.items() if slug not in shown}
        try:
            services.change_role(
                user=administrator,
                role=role,
                actions=kept | actions,
                clears=[word for word in words if word in request.POST.getlist("clears")],
                reason=request.POST.get("reason", ""),
            )
        except ValidationError as refused:
            error = _refused(refused)
        else:
            messages.success(request, gettext("已保存：%(row)s") % {"row": role.name})
            return redirect(registry[queries.ROLES].url("detail", pk))
    context = {"role": role, "lines": lines, "words": words, "error": error}
    return render(request, "accounts/role.html", context, status=422 if error else 200)
