"""What the pages share: the month and the rules asked for, and refusals in words."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.utils import timezone

from lianpu.chains.queries import chains_in_order
from lianpu.places.queries import place_by_code
from lianpu.projects.board import Board
from lianpu.projects.lights import rules_in_force
from lianpu.projects.services import current_month
from lianpu.register import rights
from lianpu.register.declare import registry

MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


def month_of(request: HttpRequest) -> str:
    """The month asked for, else the one projects are judged by, else the present one."""
    asked = request.GET.get("month", "") or request.POST.get("month", "")
    if MONTH.fullmatch(asked):
        return asked
    return current_month() or f"{timezone.localdate():%Y-%m}"


def board_of(request: HttpRequest) -> Board:
    """The board as asked for: month, rules, and what it is narrowed to. Raises 403 without a look at the ledger."""
    rights.demand(request.user, registry["project-years"], rights.VIEW)
    params = request.GET if request.method == "GET" else request.POST
    only = {way: params[way] for way in ("tier", "list_class", "leader") if params.get(way)}
    if code := params.get("chain"):
        chain = chains_in_order().filter(code=code).first()
        if chain is None:
            raise Http404(f"没有代码为“{code}”的产业链")
        only["chain"] = str(chain.pk)
    if code := params.get("place"):
        only["place"] = str(place_by_code(code).pk)
    return Board(request.user, month_of(request), rules_in_force(params.get("rules", "")), only)


@contextmanager
def told(request: HttpRequest, done: Callable[[], str] | str = "") -> Iterator[None]:
    """Run a verb; what it refuses is shown to the person, and what it did is said."""
    try:
        yield
    except ValidationError as refused:
        for words in refused.messages:
            messages.error(request, words)
    else:
        words = done if isinstance(done, str) else done()
        if words:
            messages.success(request, words)


def params_without(request: HttpRequest, *names: str) -> str:
    """The query string without some parameters, ready to be added to."""
    kept = request.GET.copy()
    for name in names:
        kept.pop(name, None)
    return kept.urlencode()


Context = dict[str, Any]
