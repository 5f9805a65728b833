"""The job list, a job's page, and the bell that tells of what has ended."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from lianpu.register import jobs
from lianpu.register.models import Job

SHOWN = 100


@require_GET
def jobs_page(request: HttpRequest) -> HttpResponse:
    """The latest jobs: one's own, or everybody's for those who look after them. htmx renews the rows alone."""
    rows = jobs.visible_to(request.user).select_related("user")
    state = request.GET.get("state", "")
    if state in Job.State.values:
        rows = rows.filter(state=state)
    listed = [jobs.look(job) for job in rows.defer("arguments")[:SHOWN]]
    context = {
        "jobs": listed,
        "states": Job.State.choices,
        "state": state,
        "shown": SHOWN,
        "everybody": jobs.oversees(request.user),
        "moving": any(not job.over for job in listed),
    }
    return render(
        request, "register/job_rows.html" if request.headers.get("HX-Request") else "register/jobs.html", context
    )


def _job(request: HttpRequest, pk: int) -> Job:
    return get_object_or_404(jobs.visible_to(request.user), pk=pk)


def _context(request: HttpRequest, job: Job) -> dict[str, Any]:
    jobs.look(job)
    waiting = job.state == Job.State.WAITING
    return {
        "job": job,
        "follow": "follow" in request.GET,
        "percent": min(100 * job.done // job.total, 100) if job.total else 0,
        "took": f"{(job.ended_at - job.started_at).total_seconds():.1f}" if job.ended_at and job.started_at else "",
        "file": jobs.result_file(job),
        "kept_days": settings.LIANPU_JOBS_KEEP_DAYS,
        "ahead": jobs.ahead_of(job) if waiting else 0,
        "nobody": waiting and not jobs.workers(),
    }


@require_GET
def job_page(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "register/job.html", _context(request, _job(request, pk)))


@require_GET
def job_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part of a job's page, asked for every second; who waited for a result is led to it."""
    job = _job(request, pk)
    if "follow" in request.GET and job.state == Job.State.DONE and job.result["url"]:
        return HttpResponseClientRedirect(jobs.after(job))
    return render(request, "register/job_state.html", _context(request, job))


@require_GET
def job_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    path = jobs.result_file(_job(request, pk))
    if path is None:
        raise Http404(gettext("结果文件已过保存期，请重新生成。"))
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name)


@require_POST
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    jobs.cancel(user=request.user, job=_job(request, pk))
    return redirect("register:job", pk)


@require_POST
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        jobs.retry(user=request.user, job=_job(request, pk))
    except ValidationError as refused:
        messages.error(request, "；".join(refused.messages))
    return redirect("register:job", pk)


@require_POST
def seen(request: HttpRequest) -> HttpResponse:
    """Take notices as read: of the job named, else of all. The bell comes back."""
    asked = request.POST.get("job", "")
    jobs.see(user=request.user, job=_job(request, int(asked)) if asked.isdigit() else None)
    back = redirect("register:jobs")
    return render(request, "register/job_bell.html") if request.headers.get("HX-Request") else back


def bell(request: HttpRequest) -> HttpResponse:
    """The bell alone, asked for every few seconds while jobs of the reader are under way."""
    return render(request, "register/job_bell.html")


def notices(request: HttpRequest) -> dict[str, Any]:
    """For every page: ``bell`` counts the reader's jobs, when a template asks."""
    return {"bell": SimpleLazyObject(lambda: jobs.notices(request.user))}
