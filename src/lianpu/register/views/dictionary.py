"""The data dictionary."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lianpu.register import rights
from lianpu.register.declare import registry


@require_GET
def dictionary_page(request: HttpRequest) -> HttpResponse:
    """The data dictionary: every register and column the reader may see."""
    listed = [
        (r, rights.visible(request.user, r.bound)) for r in registry.all() if rights.may(request.user, r, rights.VIEW)
    ]
    return render(request, "register/dictionary.html", {"listed": listed})
