"""What the pages share: the register and row asked for, within rights; a file sent for saving."""

from typing import Any

from django.db.models import TextField
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header

from lianpu.register import rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.kinds import Choice, Date, Flag, Json, Number, Words


def find_register(slug: str, user: Any, action: str = rights.VIEW) -> Register:
    register = registry.by_slug.get(slug)
    if register is None:
        raise Http404(f"没有名为“{slug}”的登记簿")
    rights.demand(user, register, action)
    return register


def find_row(register: Register, user: Any, pk: int) -> Any:
    return get_object_or_404(rights.restrict(register.base(), register, user), pk=pk)


def readable(columns: list[BoundColumn]) -> list[BoundColumn]:
    """Columns that a person can read; structured evidence has its own panels."""
    return [c for c in columns if not c.column.source_only and type(c.kind) is not Json]


def widget_of(column: BoundColumn) -> str:
    if isinstance(column.kind, (Choice, Flag)):
        return "choice"
    if isinstance(column.kind, Number):
        return "number"
    if isinstance(column.kind, Date):
        return "date"
    return "long" if isinstance(column.field, TextField) or isinstance(column.kind, Words) else "text"


def download(body: bytes, name: str, kind: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return HttpResponse(body, content_type=kind, headers={"Content-Disposition": disposition})
