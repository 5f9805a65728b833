"""The review desk, decisions on placements, diagnoses started from a page."""

import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from lianpu.chains import model_report, review_queue
from lianpu.chains.models import Placement, PlacementModel, Role, Segment
from lianpu.chains.queries import runs_counting
from lianpu.chains.review_queue import Asked, Queue
from lianpu.chains.services import choose, decide, put_outside, take_back
from lianpu.chains.services.diagnosing import renewals_of
from lianpu.places.queries import place_named
from lianpu.register import jobs, rights
from lianpu.register.declare import registry
from lianpu.register.services import ConflictError

WAIT = 1.5  # seconds for which a decision on the firm's page waits for the diagnosis to follow


@require_POST
def decide_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm, reject or reopen; answers the renewed line to htmx, else goes back to the firm."""
    placement = _placement(request, pk)
    state = request.POST.get("state", "")
    if state not in Placement.Decision.values:
        return HttpResponseBadRequest("state 应为 confirmed、rejected 或 suggested")
    decide(user=request.user, placement=placement, state=state, reason=request.POST.get("reason", ""))
    if not request.headers.get("HX-Request"):
        return redirect(registry["enterprises"].url("detail", placement.enterprise_id))
    following = [jobs.wait(one, WAIT) for one in renewals_of(placement.enterprise_id)]
    context = {
        "one": placement,
        "may": {placement.pk},
        "renewed": runs_counting([placement.enterprise_id]),
        "late": not all(one.over for one in following),
    }
    return render(request, "chains/placement_item.html", context)


def _placement(request: HttpRequest, pk: int) -> Placement:
    register = registry["placements"]
    found: Placement = get_object_or_404(rights.restrict(register.base(), register, request.user), pk=pk)
    return found


def _firm(request: HttpRequest, pk: object) -> Any:
    register = registry["enterprises"]
    if not str(pk).isdecimal():
        raise Http404
    return get_object_or_404(rights.restrict(register.base(), register, request.user), pk=int(str(pk)))


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


# -- trained models ----------------------------------------------------------------------------
@require_POST
def train_view(request: HttpRequest) -> HttpResponse:
    """Train a model on what people decided; the job leads to it."""
    rights.demand(request.user, registry["placement-models"], rights.ADD)
    return redirect(jobs.after(jobs.wait(jobs.start("placement-train", user=request.user))))


@require_POST
def use_view(request: HttpRequest) -> HttpResponse:
    """Put the model named in use, or the one that comes with the maps."""
    rights.demand(request.user, registry["placement-models"], rights.CHANGE)
    asked = request.POST.get("model", "")
    model = _model(request, int(asked)).pk if asked.isdecimal() else None
    return redirect(jobs.after(jobs.wait(jobs.start("placement-use", user=request.user, model=model))))


def _model(request: HttpRequest, pk: int) -> PlacementModel:
    register = registry["placement-models"]
    rights.demand(request.user, register, rights.VIEW)
    found: PlacementModel = get_object_or_404(rights.restrict(register.base(), register, request.user), pk=pk)
    return found


@require_GET
def model_changes(request: HttpRequest, pk: int) -> HttpResponse:
    """What changed when a model came into use, within the reader's reach."""
    model, params = _model(request, pk), request.GET.dict()
    rows = model_report.changed_rows(request.user, model, params)
    context = {
        "model": model,
        "kind": params.get("kind", ""),
        "kinds": model_report.KINDS,
        "query": urlencode({name: params[name] for name in ("kind", "chain") if params.get(name)}),
        "chains": model_report.by_chain(rows),
        "total": rows.height,
        "rows": [
            row | {"kind_label": model_report.KINDS[row["kind"]]}
            for row in rows.head(model_report.SHOWN).iter_rows(named=True)
        ],
    }
    return render(request, "chains/model_changes.html", context)


@require_GET
def model_changes_file(request: HttpRequest, pk: int, form: str) -> FileResponse:
    """The same rows, all of them, as a file."""
    model = _model(request, pk)
    rights.demand(request.user, registry["placements"], rights.EXPORT)
    if form not in ("csv", "xlsx"):
        raise Http404
    body = model_report.file_of(model_report.changed_rows(request.user, model, request.GET.dict()), form)
    return FileResponse(io.BytesIO(body), as_attachment=True, filename=f"{model.model_version}变化.{form}")


# -- the review desk ---------------------------------------------------------------------------
def _demand_reviewer(request: HttpRequest) -> None:
    rights.demand(request.user, registry["placements"], rights.CHANGE)
    rights.demand(request.user, registry["enterprises"], rights.VIEW)


def _passed(request: HttpRequest) -> list[int]:
    """Firms that the reviewer has seen already, or skipped."""
    return [int(pk) for pk in request.GET.get("except", "").split(",") if pk.isdecimal()][-500:]


@require_GET
def review(request: HttpRequest) -> HttpResponse:
    """The firm that matters most, with the one after it in waiting."""
    _demand_reviewer(request)
    queue = Queue(request.user, Asked.of(request.GET))
    passed = _passed(request)
    wanted = request.GET.get("firm", "")
    first = [_firm(request, wanted).pk] if wanted else []
    firms = [*first, *queue.next([*passed, *first], 2)][:2]
    cards = [review_queue.card_of(request.user, _firm(request, pk), queue.run) for pk in firms]
    last = request.GET.get("last", "")
    context = {
        "queue": queue,
        "asked": queue.asked,
        "card": cards[0] if cards else None,
        "ahead": cards[1] if len(cards) > 1 else None,
        "passed": passed,
        "skip_url": "?" + urlencode({"except": ",".join(map(str, [*passed, *firms[:1]]))}) + f"&{queue.asked.query}",
        "agreed": review_queue.agreement(request.user),
        "today": review_queue.today(request.user),
        "act": last if last.isdecimal() else "",
        "may_train": rights.may(request.user, registry["placement-models"], rights.ADD),
        "may_see_models": rights.may(request.user, registry["placement-models"], rights.VIEW),
        **review_queue.choices(request.user, queue),
    }
    return render(request, "chains/review.html", context)


@require_GET
def review_next(request: HttpRequest) -> HttpResponse:
    """The next firm that is not among those passed, as a card."""
    _demand_reviewer(request)
    queue = Queue(request.user, Asked.of(request.GET))
    firms = queue.next(_passed(request))
    card = review_queue.card_of(request.user, _firm(request, firms[0]), queue.run) if firms else None
    context = {"queue": queue, "asked": queue.asked, "card": card, "roles": Role.choices}
    return render(request, "chains/review_next.html", context)


def _acted(request: HttpRequest, firm: Any, verb: Callable[[], int], said: str) -> tuple[str, dict[str, Any]]:
    """Do what was decided; the event to tell the page, and what to say."""
    try:
        act = verb()
    except ConflictError:
        words = gettext("%(firm)s在您打开之后已由别人核定或重新挂链，您的选择没有写入。") % {"firm": firm}
    except ValidationError as wrong:
        words = "；".join(wrong.messages)
    except PermissionDenied as refused:
        words = str(refused)
    else:
        return "decided", {"words": said, "act": act, "firm": firm, "today": review_queue.today(request.user)}
    return "refused", {"words": words, "refused": True, "firm": firm}


def _answer(request: HttpRequest, event: str, context: dict[str, Any], part: str = "") -> HttpResponse:
    """To htmx: ``part`` (a template) and what is said, with the event; else back to the page."""
    asked = Asked.of(request.POST)
    if not request.headers.get("HX-Request"):
        if event == "refused":
            messages.error(request, context["words"])
            return redirect(f"{reverse('review')}?{urlencode({'firm': context['firm'].pk})}&{asked.query}")
        return redirect(f"{reverse('review')}?{urlencode({'last': context['act']})}&{asked.query}")
    answer = render(request, "chains/review_answer.html", context | {"part": part, "asked": asked})
    told = {"firm": context["firm"].pk, "act": str(context.get("act", ""))}  # more digits than a script's number holds
    answer.headers["HX-Trigger"] = json.dumps({event: told})
    return answer


def _version(text: str) -> int:
    if not text.isdecimal():
        raise Http404
    return int(text)


@require_POST
def review_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm or reject one candidate as it was seen."""
    placement = _placement(request, pk)
    state, role = request.POST.get("state", ""), request.POST.get("role", "")
    if state not in ("confirmed", "rejected") or role not in ("", *Role.values):
        return HttpResponseBadRequest("state 应为 confirmed 或 rejected")
    event, context = _acted(
        request,
        placement.enterprise,
        lambda: decide(
            user=request.user,
            placement=placement,
            state=state,
            role=role,
            source="review",
            expected_version=_version(request.POST.get("version", "")),
        ),
        f"{placement.enterprise} · {placement.segment}：{Placement.Decision(state).label}",
    )
    card = review_queue.card_of(request.user, placement.enterprise, None)
    one = next((one for one in card.candidates if one.placement.pk == pk), None)
    part = "chains/review_candidate.html" if one is not None else ""
    return _answer(request, event, context | {"one": one, "card": card, "roles": Role.choices}, part)


@require_POST
def review_choose(request: HttpRequest) -> HttpResponse:
    """Put the firm on another segment, instead of the candidate at hand or besides."""
    firm = _firm(request, request.POST.get("firm", ""))
    leaves = rights.restrict(Segment.objects.filter(is_leaf=True), registry["segments"], request.user)
    segment = get_object_or_404(leaves, code=request.POST.get("segment", ""))
    role, instead = request.POST.get("role", ""), request.POST.get("instead_of", "")
    if role not in ("", *Role.values):
        return HttpResponseBadRequest("role")
    replaced = _placement(request, int(instead)) if instead.isdecimal() else None
    event, context = _acted(
        request,
        firm,
        lambda: choose(
            user=request.user,
            enterprise=firm,
            segment=segment,
            role=role,
            instead_of=replaced,
            expected_version=_version(request.POST.get("version", "")) if replaced else None,
        ),
        gettext("%(firm)s 改挂到 %(segment)s") % {"firm": firm, "segment": segment},
    )
    return _answer(request, event, context)


@require_POST
def review_outside(request: HttpRequest, pk: int) -> HttpResponse:
    """The firm is on none of our segments."""
    firm = _firm(request, pk)
    try:
        seen = review_queue.seen_of(request.POST.get("seen", ""))
    except ValueError:
        return HttpResponseBadRequest("seen")
    event, context = _acted(
        request,
        firm,
        lambda: put_outside(user=request.user, enterprise=firm, seen=seen),
        gettext("%(firm)s：链外企业") % {"firm": firm},
    )
    return _answer(request, event, context)


@require_POST
def review_undo(request: HttpRequest) -> HttpResponse:
    """Take one's own decision back; the firm is in front again."""
    _demand_reviewer(request)
    act = _version(request.POST.get("act", ""))
    try:
        (firm, *_others) = take_back(user=request.user, act=act)
    except (PermissionDenied, ValidationError) as refused:
        words = "；".join(refused.messages) if isinstance(refused, ValidationError) else str(refused)
        if not request.headers.get("HX-Request"):
            messages.error(request, words)
            return redirect("review")
        answer = render(request, "chains/review_answer.html", {"words": words, "refused": True})
        answer.headers["HX-Reswap"] = "none"
        return answer
    asked = Asked.of(request.POST)
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('review')}?{urlencode({'firm': firm.pk})}&{asked.query}")
    queue = Queue(request.user, asked)
    context = {
        "words": gettext("已撤回：%(firm)s") % {"firm": firm},
        "part": "chains/review_card.html",
        "card": review_queue.card_of(request.user, _firm(request, firm.pk), queue.run),
        "queue": queue,
        "asked": asked,
        "roles": Role.choices,
        "today": review_queue.today(request.user),
    }
    answer = render(request, "chains/review_answer.html", context)
    answer.headers["HX-Trigger"] = json.dumps({"takenback": {"firm": firm.pk}})
    return answer


@require_GET
def review_segments(request: HttpRequest) -> HttpResponse:
    """Segments that fit what is being typed."""
    _demand_reviewer(request)
    found = review_queue.offers(request.user, request.GET.get("q", ""))
    return render(request, "chains/review_offers.html", {"offers": found, "typed": request.GET.get("q", "").strip()})
