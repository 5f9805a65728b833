"""Verbs on one project, finding or problem, from the forms of their pages."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from lianpu.projects import services
from lianpu.projects.identity import match_projects
from lianpu.projects.models import Problem, Project
from lianpu.projects.queries import finding_at
from lianpu.projects.views.common import told
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.faults import BadValueError
from lianpu.register.kinds import Date, Number


def _project(request: HttpRequest, pk: int) -> Project:
    found: Project = get_object_or_404(
        rights.restrict(Project.objects.all(), registry["projects"], request.user), pk=pk
    )
    return found


@require_POST
def total_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Revise the total, with its reason."""
    project = _project(request, pk)
    try:
        total = Number(unit="万元", places=4).parse(request.POST.get("total", "").strip())
    except BadValueError as bad:
        messages.error(request, f"{bad.reason}；{bad.remedy}")
    else:
        with told(request, gettext("总投资已调整。")):
            services.revise_total(
                user=request.user,
                project=project,
                total_10k_cny=total,
                why=request.POST.get("why", ""),
                document=request.POST.get("document", "").strip()[:80],
            )
    return redirect(registry["projects"].url("detail", pk))


@require_POST
def production_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the project produces."""
    project = _project(request, pk)
    try:
        text = request.POST.get("on", "").strip()
        day = Date().parse(text) if text else None
    except BadValueError as bad:
        messages.error(request, f"{bad.reason}；{bad.remedy}")
    else:
        with told(request, gettext("已记为投产；建设单位在册的，已挂到项目的环节上。")):
            services.enter_production(user=request.user, project=project, on=day)
    return redirect(registry["projects"].url("detail", pk))


@require_POST
def answer_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which project answers a finding."""
    finding = finding_at(request.user, pk)
    if finding is None:
        raise Http404("没有这条结论")
    text = request.POST.get("project", "").strip()
    found = match_projects([text]).get(text) if text else None
    if found is None:
        messages.error(request, gettext("找不到项目“%(text)s”，请写台账编号或全称。") % {"text": text})
    else:
        with told(request, gettext("已记为回应该结论。")):
            services.answer(
                user=request.user,
                project=_project(request, found),
                segment=finding.segment_id,
                place=finding.place_id,
                kind=finding.kind,
            )
    return redirect(registry["findings"].url("detail", pk))


@require_POST
def problem_view(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Handle, escalate, close out or reopen a problem."""
    register = registry["problems"]
    problem = get_object_or_404(rights.restrict(Problem.objects.all(), register, request.user), pk=pk)
    words = request.POST.get("words", "").strip()
    if verb == "handle":
        with told(request, gettext("已开始办理。")):
            services.handle(user=request.user, problem=problem, owner=words)
    elif verb == "escalate":
        with told(request, gettext("已上提一级协调。")):
            services.escalate(user=request.user, problem=problem, reason=words)
    elif verb == "close":
        with told(request, gettext("已销号。")):
            services.close(user=request.user, problem=problem, resolution=words)
    elif verb == "reopen":
        with told(request, gettext("已重新打开。")):
            services.reopen(user=request.user, problem=problem, reason=words)
    else:
        raise Http404(verb)
    return redirect(register.url("detail", pk))
