"""End points beyond a single register: who am I, search over all registers, the state of a job."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router, Schema

from lianpu.register import jobs, rights
from lianpu.register.declare import registry
from lianpu.register.search import search as find

router = Router(tags=["公共"])


class Me(Schema):
    """The person one acts as, and what may be done in which register."""

    username: str
    registers: dict[str, list[str]]


class Found(Schema):
    """One row that was found."""

    register_slug: str
    id: int
    title: str
    url: str


class JobState(Schema):
    """How a job stands; ``url`` leads to its result once it is done."""

    id: int
    title: str
    state: str
    done: int
    total: int
    words: str
    error: str
    url: str = ""


@router.get("/me", response=Me, operation_id="me", summary="我是谁，能做什么")
def me(request: HttpRequest) -> Any:
    actions = (rights.VIEW, rights.ADD, rights.CHANGE, rights.DELETE, rights.IMPORT, rights.EXPORT)
    allowed = {
        register.slug: [action for action in actions if rights.may(request.user, register, action)]
        for register in registry.all()
    }
    held = {slug: actions for slug, actions in allowed.items() if actions}
    return {"username": request.user.get_username(), "registers": held}


@router.get("/search", response=list[Found], operation_id="search", summary="跨登记簿搜索")
def search(request: HttpRequest, q: str, limit: int = 20) -> Any:
    results = find(request.user, q, limit=min(max(limit, 1), 100))
    return [
        {"register_slug": hit.register.slug, "id": hit.pk, "title": hit.title, "url": hit.url} for hit in results.hits
    ]


@router.get("/jobs/{int:pk}", response=JobState, operation_id="job", summary="任务的状态")
def job(request: HttpRequest, pk: int) -> Any:
    found = jobs.visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    now = jobs.look(found)
    return {
        "id": found.pk,
        "title": found.title,
        "state": found.state,
        "done": now.done,
        "total": now.total,
        "words": now.words,
        "error": found.error,
        "url": found.result.get("url", ""),
    }
