"""The bulletin, written by a job; the supervision letter of one project."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from lianpu.projects.models import Project
from lianpu.projects.views.common import board_of
from lianpu.register import jobs, rights
from lianpu.register.declare import registry
from lianpu.register.views.common import download

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@require_POST
def bulletin_view(request: HttpRequest, form: str) -> HttpResponse:
    """Have the month's bulletin written as docx or xlsx; it comes at once where it is done at once."""
    if form not in ("docx", "xlsx"):
        raise Http404(form)
    board = board_of(request)
    title = gettext("%(month)s投资月报（%(form)s）") % {"month": board.month, "form": form}
    started = jobs.start(
        "bulletin", user=request.user, title=title, month=board.month, rules=board.rule_set.key, form=form
    )
    return redirect(jobs.after(jobs.wait(started, seconds=5)))


@require_POST
def letter_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The supervision letter of a project that shows red."""
    register = registry["projects"]
    rows = rights.restrict(Project.objects.select_related("standing", "place"), register, request.user)
    project = get_object_or_404(rows, pk=pk)
    standing = getattr(project, "standing", None)
    if standing is None or standing.light != "red":
        messages.error(request, gettext("只有亮红灯的项目才出督办函。"))
        return redirect(register.url("detail", pk))
    from lianpu.projects.papers.letter import letter

    return download(letter(project, standing), f"督办函 {project.code}.docx", WORD)
