"""Parts that chains add to the pages of other contexts."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest

from lianpu.chains import model_report
from lianpu.chains.models import Finding, Placement, PlacementModel, Segment
from lianpu.chains.queries import FILLING_CONFIDENCE, evidence_of
from lianpu.chains.wording import PART_NAMES
from lianpu.register import rights
from lianpu.register.declare import Lens, Panel, registry


def placements_of(request: HttpRequest, enterprise: Any) -> Mapping[str, Any]:
    """Where the firm stands on the chains, by what words of its scope, and whether the reader may decide."""
    register = registry["placements"]
    placements = rights.restrict(evidence_of(enterprise), register, request.user)
    reach = rights.reach_of(request.user, register, rights.CHANGE)
    may = set(placements.filter(reach).values_list("pk", flat=True)) if reach is not None else set()
    held = list(placements)
    spans = [
        span
        for one in held
        if one.state != Placement.Decision.REJECTED
        for span in one.evidence or []
        # A placement that came by a merger quotes the scope of the other firm.
        if span["source"] == "scope" and enterprise.scope[span["start"] : span["end"]] == span["text"]
    ]
    return {"enterprise": enterprise, "placements": held, "spans": spans, "may_decide": may}


def grounds_of(request: HttpRequest, finding: Finding) -> Mapping[str, Any]:
    """Score parts with labels, and the segments, flows and firms that made the finding (firms within the reader's scope)."""
    evidence = finding.evidence
    segments = {
        s.code: s for s in Segment.objects.filter(code__in=evidence.get("segments", [])).select_related("chain")
    }
    firms = registry["enterprises"].base().filter(pk__in=evidence.get("firms", []))
    flows = [
        (segments.get(flow["source"]), flow["via"], segments.get(flow["target"]), int(flow["weight"]))
        for flow in evidence.get("flows", [])
    ]
    return {
        "parts": [
            part | {"label": PART_NAMES.get(part["name"], part["name"]), "points": part["value"] * part["weight"]}
            for part in finding.parts
        ],
        "score": finding.score,
        "flows": [flow for flow in flows if flow[0] and flow[2]],
        "firms": rights.restrict(firms, registry["enterprises"], request.user)[:60],
        "finding": finding,
    }


def _firms_of(placements: "QuerySet[Placement]", text: str) -> Q:
    """Firms of ``placements`` that nobody rejected, on the chains named (codes), or on any (``*``)."""
    held = placements.exclude(state=Placement.Decision.REJECTED)
    return Q(
        pk__in=(held if text == "*" else held.filter(segment__chain__code__in=text.split(","))).values("enterprise")
    )


def on_chain(text: str) -> Q:
    """Enterprises placed on a chain in whatever role."""
    return _firms_of(Placement.objects.all(), text)


def fills(text: str) -> Q:
    """Enterprises that fill a segment of a chain, as a diagnosis counts them."""
    return _firms_of(Placement.objects.filter(role=F("segment__filled_by"), confidence__gte=FILLING_CONFIDENCE), text)


def model_of(request: HttpRequest, model: PlacementModel) -> Mapping[str, Any]:
    """Figures of a trained model and the ways to what it was taught and what changed with it."""
    return model_report.panel(request.user, model)


registry.lens("placements", Lens("taught", "用于训练的模型", model_report.placements_taught))
registry.lens("outside-firms", Lens("taught", "用于训练的模型", model_report.outside_taught))
registry.panel("placement-models", Panel("chains/model_panel.html", model_of))
registry.lens("enterprises", Lens("on_chain", "在链上", on_chain))
registry.lens("enterprises", Lens("fills", "填充环节的产业链", fills))
registry.panel("findings", Panel("chains/finding_panel.html", grounds_of))
registry.panel("enterprises", Panel("chains/placements_panel.html", placements_of, order=10))
