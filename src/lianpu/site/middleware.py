"""Headers every answer carries, and who may come in."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext, override

from lianpu.site.accounts.queries import owed_page

# Pages that stay open to somebody who must first change a password or set up the second step.
FREE_PATHS = ("/account/", "/sign-in/", "/sign-out/", "/language/")
SEEN_EVERY = 60  # seconds between two notes that a session is in use: not every request writes

# No inline script; inline style attributes are needed by ECharts' tooltips and by bar widths.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response

    return middleware


def chosen_language(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Chinese, until the person switches: what a browser happens to prefer does not decide."""

    def middleware(request: HttpRequest) -> HttpResponse:
        asked = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with override(language):
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Cookie",))
        return response

    return middleware


class SignInMiddleware(LoginRequiredMiddleware):
    """Pages send strangers to the sign-in page; the API asks its callers itself, who may come by token."""

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponseBase | None:
        return None if request.path.startswith("/api/") else super().process_view(request, *view)


def _writer_is_free() -> bool:
    """False where a job holds SQLite's one writer: a note that a session is in use is not worth half a minute's wait."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return True
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
        except OperationalError:
            return False
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {settings.DATABASES['default']['OPTIONS']['timeout'] * 1000}")
    return True


def session_rules(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """End a session that was idle or open for too long; send who owes a password or a second step to that page first."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated or request.path.startswith(settings.STATIC_URL):
            return get_response(request)
        now = int(time.time())
        since, seen = request.session.setdefault("since", now), request.session.setdefault("seen", now)
        idle, whole = settings.LIANPU_IDLE_MINUTES * 60, settings.LIANPU_SESSION_HOURS * 3600
        if (idle and now - seen > idle) or (whole and now - since > whole):
            request.timed_out = True  # type: ignore[attr-defined] # read where the sign-out is noted
            logout(request)
            return get_response(request)
        # A page that asks by itself is no sign of a person.
        if now - seen > SEEN_EVERY and "X-Poll" not in request.headers and _writer_is_free():
            request.session["seen"] = now
        owed = "" if request.path.startswith(FREE_PATHS) else owed_page(request)
        if not owed:
            return get_response(request)
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": gettext("请先在网页上修改密码或设置两步验证。")}, status=403)
        return redirect(f"{owed}?due=1")

    return middleware
