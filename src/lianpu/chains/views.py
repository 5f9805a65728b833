"""Decisions on placements; diagnoses started from a page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from lianpu.chains.models import DiagnosisRun, Placement
from lianpu.chains.services import decide
from lianpu.places.queries import place_named
from lianpu.register import jobs, rights
from lianpu.register.declare import registry


@require_POST
def decide_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm, reject or reopen; answers the renewed line to htmx, else goes back to the firm."""
    register = registry["placements"]
    placement = get_object_or_404(rights.restrict(register.base(), register, request.user), pk=pk)
    state = request.POST.get("state", "")
    if state not in Placement.Decision.values:
        return HttpResponseBadRequest("state 应为 confirmed、rejected 或 suggested")
    decide(user=request.user, placement=placement, state=state, reason=request.POST.get("reason", ""))
    if not request.headers.get("HX-Request"):
        return redirect(registry["enterprises"].url("detail", placement.enterprise_id))
    place = placement.enterprise.place
    codes = [code for code in place.path.split("/") if code] if place else []
    renewed = DiagnosisRun.objects.filter(is_latest=True, place__code__in=codes).select_related("place")
    return render(request, "chains/placement_item.html", {"one": placement, "may": {placement.pk}, "renewed": renewed})


@require_POST
def diagnose_view(request: HttpRequest) -> HttpResponse:
    """Start a diagnosis of the place named or coded in the form; the job leads to it."""
    rights.demand(request.user, registry["diagnosis-runs"], rights.ADD)
    asked = request.POST.get("place", "").strip()
    place = place_named(asked)
    if place is None:
        messages.error(request, gettext("没有名为“%s”的地区。请写全称（如兰州市）或代码（如620100）。") % asked)
        return redirect("/")
    title = gettext("挂链并诊断：%s") % place.full_name
    started = jobs.start("diagnose", user=request.user, title=title, place=place.code)
    return redirect(jobs.after(jobs.wait(started)))
