"""Parts that chains add to the pages of other contexts."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from lianpu.chains.models import Placement
from lianpu.chains.queries import evidence_of
from lianpu.register import rights
from lianpu.register.declare import Panel, registry


def placements_of(request: HttpRequest, enterprise: Any) -> Mapping[str, Any]:
    """Where the firm stands on the chains, by what words of its scope, and whether the reader may decide."""
    register = registry["placements"]
    placements = rights.restrict(evidence_of(enterprise), register, request.user)
    reach = rights.reach_of(request.user, register, rights.CHANGE)
    may = set(placements.filter(reach).values_list("pk", flat=True)) if reach is not None else set()
    held = list(placements)
    spans = [span for one in held if one.state != Placement.Decision.REJECTED for span in one.evidence or [] if span["source"] == "scope"]
    return {"enterprise": enterprise, "placements": held, "spans": spans, "may_decide": may}


registry.panel("enterprises", Panel("chains/placements_panel.html", placements_of, order=10))
