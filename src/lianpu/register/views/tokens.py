"""My tokens: made, shown once, revoked; and the page that describes the interface they open."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lianpu.register import rights, tokens
from lianpu.register.declare import registry
from lianpu.register.models import ApiToken

DAYS = (30, 90, 180, 366)


@never_cache
@require_http_methods(["GET", "POST"])
def tokens_page(request: HttpRequest) -> HttpResponse:
    """A person's own tokens, and a new one; its secret is on this answer only."""
    user: Any = request.user
    secret, errors = "", []
    if request.method == "POST":
        days = request.POST.get("days", "")
        try:
            _, secret = tokens.make(
                user=user,
                name=request.POST.get("name", ""),
                days=int(days) if days.isdecimal() else None,
                is_readonly="is_readonly" in request.POST,
                registers=request.POST.getlist("registers"),
            )
        except ValidationError as error:
            errors = error.messages
    context = {
        "tokens": [_titled(one) for one in ApiToken.objects.filter(user=user)],
        "now": timezone.now(),
        "secret": secret,
        "errors": errors,
        "days": DAYS,
        "registers": [one for one in registry.all() if rights.may(user, one, rights.VIEW)],
        "address": request.build_absolute_uri("/api/me"),
    }
    return render(request, "register/tokens.html", context, status=422 if errors else 200)


def _titled(token: ApiToken) -> ApiToken:
    """The token with the titles of the registers that it is limited to."""
    by_slug = registry.by_slug
    titles = [by_slug[slug].shown_title if slug in by_slug else slug for slug in token.registers]
    token.titles = titles  # type: ignore[attr-defined]
    return token


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    tokens.revoke(user=request.user, token=get_object_or_404(ApiToken, pk=pk, user=request.user.pk))
    return redirect("register:tokens")


@require_GET
def api_page(request: HttpRequest) -> HttpResponse:
    """The interface's description as a page: read from the same text that programs read."""
    from lianpu.register.api.reference import operations

    return render(request, "register/api.html", {"tags": operations()})
