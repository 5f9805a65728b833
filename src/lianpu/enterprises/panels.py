"""Parts that enterprises add to their own page."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from lianpu.enterprises.models import EnterpriseMerge
from lianpu.register import rights
from lianpu.register.declare import Panel, registry


def identity_of(request: HttpRequest, enterprise: Any) -> Mapping[str, Any]:
    """Which enterprises were merged into this one, and whether the reader may merge and split."""
    register, merges = registry.of(type(enterprise)), registry.of(EnterpriseMerge)
    held = EnterpriseMerge.objects.filter(into=enterprise)
    return {
        "enterprise": enterprise,
        "merged": list(rights.restrict(held, merges, request.user)),
        "may": rights.may(request.user, register, rights.CHANGE, enterprise)
        and rights.may(request.user, register, rights.DELETE),
    }


registry.panel("enterprises", Panel("enterprises/identity_panel.html", identity_of, order=90))
