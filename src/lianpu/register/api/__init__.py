"""The REST interface, from the declarations.

``GET /api/<slug>/`` takes the list page's own parameters (see :mod:`lianpu.register.listing`), so what a page shows and
what the API answers are the same rows. Programs come in by token, pages by their session; both act with the person's
rights. Writing takes an ``Idempotency-Key``.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, Throttled, ValidationError
from ninja.throttling import AuthRateThrottle

from lianpu.register.api.callers import ByToken, by_session
from lianpu.register.api.common import router as common
from lianpu.register.api.registers import router_of
from lianpu.register.declare import registry


@cache
def the_api() -> NinjaAPI:
    """The whole interface, one router a register; made when the registers are declared."""
    api = NinjaAPI(
        title="链谱 Lianpu",
        version="1",
        description="产业登记簿的读写接口。行、列与次序同页面；权限同本人。",
        auth=[ByToken(), by_session],
        throttle=[AuthRateThrottle(settings.LIANPU_API_RATE)],
        docs_url=None,
        openapi_url="openapi.json",
        urls_namespace="api",
    )

    def said(request: HttpRequest, status: int, detail: str, headers: dict[str, str] | None = None) -> HttpResponse:
        answer = api.create_response(request, {"detail": detail, "faults": {}}, status=status)
        for name, text in (headers or {}).items():
            answer[name] = text
        return answer

    @api.exception_handler(PermissionDenied)
    def denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
        return said(request, 403, str(error))

    @api.exception_handler(AuthenticationError)
    def unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        words = "请先登录，或在 Authorization 头中带上令牌。" if error.message == "Unauthorized" else error.message
        return said(request, 401, words, {"WWW-Authenticate": "Bearer"})

    @api.exception_handler(Http404)
    def absent(request: HttpRequest, _: Any) -> HttpResponse:
        return said(request, 404, "没有这一行，或它不在您的范围内。")

    @api.exception_handler(Throttled)
    def slowed(request: HttpRequest, error: Throttled) -> HttpResponse:
        wait = max(int(error.wait or 60), 1)
        return said(request, 429, f"请求过于频繁，请{wait}秒后再试。", {"Retry-After": str(wait)})

    @api.exception_handler(ValidationError)
    def unreadable(request: HttpRequest, error: ValidationError) -> HttpResponse:
        faults: dict[str, list[str]] = {}
        for one in error.errors:
            where = ".".join(str(part) for part in one["loc"] if part not in ("body", "given", "sent", "query"))
            faults.setdefault(where, []).append(str(one["msg"]))
        return api.create_response(request, {"detail": "请求的格式不对", "faults": faults}, status=422)

    for register in registry.all():
        api.add_router(f"/{register.slug}/", router_of(register))
    api.add_router("", common)
    return api
