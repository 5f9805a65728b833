"""A round and a unit's sheet: open, fill in, hand in, return, accept, remind, close."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from lianpu.projects import services
from lianpu.projects.dispatching import open_rounds, parts_of, progress_of, sheet_of
from lianpu.projects.models import DispatchRound, Submission
from lianpu.projects.views.common import told
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.faults import BadValueError
from lianpu.register.kinds import Date

CELLS = ("done_month_10k_cny", "done_ytd_10k_cny", "adjustment_10k_cny", "physical_progress", "lag_reason")
EITHER = {"done_month_10k_cny": "done_ytd_10k_cny", "done_ytd_10k_cny": "done_month_10k_cny"}


def _round(request: HttpRequest, month: str) -> DispatchRound:
    rows = rights.restrict(DispatchRound.objects.all(), registry["dispatch-rounds"], request.user)
    found: DispatchRound = get_object_or_404(rows, month=month)
    return found


def _part(request: HttpRequest, pk: int) -> Submission:
    rows = Submission.objects.select_related("round", "place", "enterprise")
    found: Submission = get_object_or_404(rights.restrict(rows, registry["submissions"], request.user), pk=pk)
    return found


@require_GET
def mine_page(request: HttpRequest) -> HttpResponse:
    """The parts of open rounds that the person may hand in; where there is one, its sheet."""
    register = registry["submissions"]
    rows = Submission.objects.filter(round__is_closed=False).select_related("round").order_by("-round__month", "unit")
    parts = list(rights.restrict(rows, register, request.user, rights.CHANGE)[:200])
    if len(parts) == 1:
        return redirect("projects:sheet", parts[0].pk)
    return render(request, "projects/mine.html", {"parts": parts})


@require_POST
def open_view(request: HttpRequest) -> HttpResponse:
    """Open a round from the board's form."""
    try:
        due = Date().parse(request.POST.get("due", "").strip())
        asked = services.open_round(
            user=request.user,
            month=request.POST.get("month", "").strip(),
            due=due,
            scope_tiers=request.POST.getlist("tier"),
            scope_classes=request.POST.getlist("list_class"),
            request=request.POST.get("request", "").strip(),
        )
    except BadValueError as bad:
        messages.error(request, f"{bad.reason}；{bad.remedy}")
    except ValidationError as refused:
        messages.error(request, "；".join(refused.messages))
    else:
        return redirect("projects:round", asked.month)
    return redirect("projects:board")


@require_GET
def round_page(request: HttpRequest, month: str) -> HttpResponse:
    """How far each unit's part has come; ``late`` shows who has not reported."""
    asked = _round(request, month)
    parts = parts_of(request.user, asked)
    late = bool(request.GET.get("late"))
    waiting = (Submission.State.DRAFT, Submission.State.RETURNED)
    context = {
        "asked": asked,
        "parts": [one for one in parts if not late or one.submission.state in waiting],
        "progress": progress_of(parts),
        "late": late,
        "may_lead": rights.may(request.user, registry["dispatch-rounds"], rights.CHANGE, asked),
        "rounds": open_rounds(request.user),
    }
    return render(request, "projects/round.html", context)


@require_POST
def round_verb(request: HttpRequest, month: str, verb: str) -> HttpResponse:
    """Remind, call up projects that were added since, close."""
    asked = _round(request, month)
    if verb == "remind":
        with told(request):
            sent, nobody = services.remind(user=request.user, asked=asked)
            messages.success(request, gettext("已发出 %(n)s 条提醒。") % {"n": sent})
            if nobody:
                names = "、".join(nobody[:10])
                messages.error(request, gettext("这些单位没有对应的账号，请另行通知：%(names)s") % {"names": names})
    elif verb == "call-up":
        with told(request):
            added = services.call_up(user=request.user, asked=asked)
            messages.success(request, gettext("补充应报项目 %(n)s 个。") % {"n": added})
    elif verb == "close":
        with told(request, gettext("本次调度已结束。")):
            services.close_round(user=request.user, asked=asked)
    else:
        raise Http404(verb)
    return redirect("projects:round", month)


@require_GET
def sheet_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The unit's projects in one grid: last month beside this month."""
    part = _part(request, pk)
    rows = sheet_of(part)
    context = {
        "part": part,
        "rows": rows,
        "filled": sum(row.report is not None for row in rows),
        "odd": sum(bool(row.odd) for row in rows),
        **_may(request, part),
    }
    return render(request, "projects/sheet.html", context)


def _may(request: HttpRequest, part: Submission) -> dict[str, Any]:
    is_open = part.state in (Submission.State.DRAFT, Submission.State.RETURNED) and not part.round.is_closed
    may_write = rights.may(request.user, registry["monthly-reports"], rights.CHANGE)
    return {
        "may_fill": is_open and may_write,
        "may_submit": is_open and rights.may(request.user, registry["submissions"], rights.CHANGE, part),
        "may_lead": rights.may(request.user, registry["dispatch-rounds"], rights.CHANGE, part.round),
    }


@require_POST
def row_view(request: HttpRequest, pk: int, project: int) -> HttpResponse:
    """Write one project's month; answers the renewed line. The cell that was typed decides between month and sum."""
    part = _part(request, pk)
    held = sheet_of(part, project)
    if not held:
        raise Http404("本次调度没有这个项目")
    typed = {name: request.POST.get(name, "") for name in CELLS if name in request.POST}
    changed = request.headers.get("HX-Trigger-Name", "")
    values = {name: text for name, text in typed.items() if name != EITHER.get(changed)}
    if changed not in EITHER and "done_month_10k_cny" in values:
        values.pop("done_ytd_10k_cny", None)
    errors: list[str] = []
    try:
        services.save_month(user=request.user, submission=part, project=held[0].project, values=values)
    except ValidationError as refused:
        errors = refused.messages
    row = sheet_of(part, project)[0]
    context = {"part": part, "row": row, "errors": errors, "typed": typed if errors else {}, "saved": not errors}
    return render(request, "projects/sheet_row.html", context | _may(request, part))


@require_POST
def sheet_verb(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Submit, return with reasons, accept."""
    part = _part(request, pk)
    if verb == "submit":
        with told(request, gettext("已报送。")):
            services.submit(user=request.user, submission=part, explained=request.POST.get("explained", ""))
    elif verb == "return":
        with told(request, gettext("已退回。")):
            services.send_back(user=request.user, submission=part, why=request.POST.get("why", ""))
    elif verb == "accept":
        with told(request, gettext("已审定。")):
            services.accept(user=request.user, submission=part)
    else:
        raise Http404(verb)
    return redirect("projects:sheet", pk)
