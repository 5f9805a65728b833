"""Parts that chains add to the pages of other contexts."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from lianpu.chains import model_report
from lianpu.chains.models import Finding, Placement, PlacementModel, ReferencePlacement, Role, Segment
from lianpu.chains.queries import COUNTED, FILLING, HELD, evidence_of, placement_lists, states_told
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
    run = finding.run
    counted, other, unsure = placement_lists(finding.segment, finding.place, run)
    chances = {one["code"]: f"{one['value']:.0%}" for one in finding.reasons if one["code"] in ("likely", "usually")}
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
        "state": next(iter(states_told(request.user, run, segment=finding.segment)), None),
        "counted_url": counted,
        "other_url": other,
        "unsure_url": unsure,
        **chances,
        "entry": run.versions.get("entry") or {},
        "flows": [flow for flow in flows if flow[0] and flow[2]],
        "firms": rights.restrict(firms, registry["enterprises"], request.user)[:60],
        "whole": rights.sees_all(request.user, registry["enterprises"]),
        "finding": finding,
    }


RESEARCHING = COUNTED & Q(role=Role.RESEARCHES)


def _of_firms(model: Any, firm: str, kept: Q) -> Callable[[str], Q]:
    """A filter of firms by where they stand: on a chain or a segment named (codes), or on any (``*``)."""

    def filter_with(text: str) -> Q:
        codes = text.split(",")
        named = Q() if text == "*" else Q(segment__chain__code__in=codes) | Q(segment__code__in=codes)
        return Q(pk__in=model.objects.filter(kept & named).values(firm))

    return filter_with


def among(text: str) -> Q:
    """Segments named by their codes."""
    return Q(code__in=text.split(","))


def map_of(_request: HttpRequest, segment: Segment) -> Mapping[str, Any]:
    """The segment, where it is one that firms fill: its way to the map and to pairs and targets."""
    return {"leaf": segment if segment.is_leaf else None}


def model_of(request: HttpRequest, model: PlacementModel) -> Mapping[str, Any]:
    """Figures of a trained model and the ways to what it was taught and what changed with it."""
    return model_report.panel(request.user, model)


registry.lens("placements", Lens("taught", "用于训练的模型", model_report.placements_taught))
registry.lens("outside-firms", Lens("taught", "用于训练的模型", model_report.outside_taught))
registry.panel("placement-models", Panel("chains/model_panel.html", model_of))
registry.lens("segments", Lens("among", "所列环节", among))
# As a diagnosis counts firms, here and in a reference alike.
registry.lens("enterprises", Lens("on_chain", "在链上", _of_firms(Placement, "enterprise", HELD)))
for _slug, _model, _firm, _held in (
    ("enterprises", Placement, "enterprise", HELD),
    ("reference-firms", ReferencePlacement, "firm", Q()),
):
    for _name, _label, _kept in (
        ("fills", "填充的产业链或环节", FILLING),
        ("researches", "研发所在的产业链或环节", RESEARCHING),
        ("works_on", "填充或研发的产业链或环节", FILLING | RESEARCHING),
    ):
        registry.lens(_slug, Lens(_name, _label, _of_firms(_model, _firm, _held & _kept)))
registry.panel("segments", Panel("chains/segment_panel.html", map_of, order=10))
registry.panel("findings", Panel("chains/finding_panel.html", grounds_of))
registry.panel("enterprises", Panel("chains/placements_panel.html", placements_of, order=10))
