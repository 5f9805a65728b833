"""What happens to accounts is written down: sign-ins that succeeded and failed, locks, and every act of an administrator.

The receivers hang on the signals of Django, allauth and axes (connected in :mod:`lianpu.site.apps`), so that whichever
way somebody comes in — password, second step, identity provider — leaves its line.
"""

from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from lianpu.register.models import AccountEvent

What = AccountEvent.What


def record(what: AccountEvent.What, username: str, *, by: str = "", address: str = "", detail: str = "") -> None:
    """Add one line to the account log."""
    AccountEvent.objects.create(what=what, username=username[:150], by=by[:150], address=address, detail=detail[:300])


def address_of(request: HttpRequest | None) -> str:
    """Where a request comes from: behind ``LIANPU_PROXIES`` proxies, the address that the outermost of them saw."""
    if request is None:
        return ""
    if depth := settings.LIANPU_PROXIES:
        passed = [one.strip() for one in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if one.strip()]
        if len(passed) >= depth:
            return str(passed[-depth])
    return str(request.META.get("REMOTE_ADDR", ""))


def typed_username(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str:
    """The user name that an attempt was for; upper and lower case are one account to the lock."""
    said = (credentials or {}).get("username") or (request.POST.get("username", "") if request is not None else "")
    return str(said).strip().lower()[:150]


def locked_page(
    request: HttpRequest, _answer: HttpResponse | None = None, credentials: Mapping[str, Any] | None = None
) -> HttpResponse:
    """The answer to somebody who failed too often: what happened, how long to wait, who can help."""
    tried = AccessAttempt.objects.filter(
        username=typed_username(request, credentials), ip_address=address_of(request)
    ).order_by("-attempt_time")
    last = tried.values_list("attempt_time", flat=True).first() or timezone.now()
    left = last + timedelta(minutes=settings.LIANPU_LOCK_MINUTES) - timezone.now()
    context = {"minutes": max(ceil(left.total_seconds() / 60), 1), "failures": settings.LIANPU_LOCK_AFTER}
    response = render(request, "account/locked.html", context, status=429)
    response["Retry-After"] = str(max(int(left.total_seconds()), 1))
    return response


# -- receivers -----------------------------------------------------------------------------------
def signed_in(request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Note the sign-in, start the session's clocks, and close the account's other sessions where the rules say so."""
    record(What.SIGNED_IN, user.get_username(), address=address_of(request))
    if request is None:
        return
    now = int(timezone.now().timestamp())
    request.session["since"] = request.session["seen"] = now
    if settings.LIANPU_ONE_SESSION:
        from lianpu.site.accounts.services import end_sessions_of

        end_sessions_of(user, keep=request.session.session_key or "")


def failed(credentials: Mapping[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Note the failure; the password that was typed is never kept."""
    what = credentials.get("step", "")
    record(What.FAILED, typed_username(request, credentials), address=address_of(request), detail=what)


def locked(username: str, ip_address: str, **_: Any) -> None:
    """Note the lock once: what is tried while it lasts adds nothing."""
    since = timezone.now() - timedelta(minutes=settings.LIANPU_LOCK_MINUTES)
    noted = AccountEvent.objects.filter(
        what__in=[What.LOCKED, What.UNLOCKED], username=username, address__in=[ip_address, ""], at__gte=since
    ).first()
    if noted is None or noted.what == What.UNLOCKED:
        record(What.LOCKED, username, address=ip_address)


def signed_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if user is not None:
        timed_out = getattr(request, "timed_out", False)
        record(What.TIMED_OUT if timed_out else What.SIGNED_OUT, user.get_username(), address=address_of(request))


def wrong_code(request: HttpRequest, user: Any, **_: Any) -> None:
    """A wrong code of the second step counts as a failed sign-in, towards the same lock."""
    user_login_failed.send(
        sender=__name__, credentials={"username": user.get_username(), "step": "两步验证码有误"}, request=request
    )


def password_changed(request: HttpRequest, user: Any, **_: Any) -> None:
    record(What.PASSWORD_CHANGED, user.get_username(), by=user.get_username(), address=address_of(request))


def second_step_added(request: HttpRequest, user: Any, authenticator: Any, **_: Any) -> None:
    if authenticator.type == authenticator.Type.TOTP:
        record(What.SECOND_STEP_ON, user.get_username(), by=user.get_username(), address=address_of(request))


def second_step_removed(request: HttpRequest, user: Any, authenticator: Any, **_: Any) -> None:
    if authenticator.type == authenticator.Type.TOTP:
        record(What.SECOND_STEP_OFF, user.get_username(), by=user.get_username(), address=address_of(request))
