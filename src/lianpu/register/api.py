"""REST end points of every register, from its declaration: list, one row, create, change.

``GET /api/<slug>/`` takes the list page's own parameters (see :mod:`lianpu.register.listing`), so what
a page shows and what the API answers are the same rows and columns.
"""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import NinjaAPI, Router, Schema, Status
from ninja.errors import HttpError
from ninja.security import django_auth
from pydantic import ConfigDict, create_model

from lianpu.register import kinds, rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.listing import Listing
from lianpu.register.services import save_row

TYPES: dict[type[kinds.Kind], Any] = {kinds.Integer: int, kinds.Flag: bool, kinds.Words: list[str], kinds.Json: Any}


class Problem(Schema):
    """Why a request was refused, with messages by column."""

    detail: str
    faults: dict[str, list[str]] = {}


class Taken(Schema):
    """What is sent to be written: fields that a register does not have are refused."""

    model_config = ConfigDict(extra="forbid")


def _type(column: BoundColumn) -> Any:
    return next((made for kind, made in TYPES.items() if isinstance(column.kind, kind)), str)


def schemas(register: Register) -> tuple[type[Schema], type[Schema]]:
    """What the API answers for a row, and what it takes."""
    name = "".join(part.title() for part in register.slug.split("-"))
    shown = {c.name: (_type(c) | None, None) for c in register.declared if not c.column.source_only}
    # What a cell of a file may hold, a value may be: the column's kind says what it cannot read.
    cell = str | int | float | bool | list[str] | None
    taken = {c.name: (cell, None) for c in register.declared if c.column.editable}
    out: Any = create_model(f"{name}Row", __base__=Schema, id=(int, ...), **shown)  # type: ignore[call-overload]
    taking: Any = create_model(f"{name}Input", __base__=Taken, reason=(str, ""), **taken)  # type: ignore[call-overload]
    return out, taking


def _plain(column: BoundColumn, value: Any) -> Any:
    if value is None or _type(column) is not str:
        return value
    return str(value) if isinstance(column.kind, kinds.Number) else column.kind.show(value)


def as_json(row: Any, columns: list[BoundColumn]) -> dict[str, Any]:
    """One row as the API answers it; exact numbers travel as text."""
    answer: dict[str, Any] = {"id": row.pk}
    for column in columns:
        value = row
        for part in column.path.split("__"):
            value = getattr(value, part, None)
            if value is None:
                break
        answer[column.name] = _plain(column, value)
    return answer


def router_of(register: Register) -> Router:
    """The end points of one register."""
    router = Router(tags=[register.title])
    row_schema, input_schema = schemas(register)
    row_list: Any = list[row_schema]  # type: ignore[valid-type]
    listing_schema: Any = create_model(
        f"{row_schema.__name__}List", __base__=Schema, count=(int, ...), rows=(row_list, ...)
    )

    def seen(request: HttpRequest) -> list[BoundColumn]:
        return [c for c in rights.visible(request.user, register.bound) if not c.column.source_only]

    def list_rows(request: HttpRequest) -> Any:
        rights.demand(request.user, register, rights.VIEW)
        listing = Listing(register, request.user, request.GET.dict())
        rows = [as_json(row, seen(request)) for row in listing.page_rows]
        if listing.errors:
            raise HttpError(422, "；".join(listing.errors))
        return {"count": listing.count, "rows": rows}

    def one_row(request: HttpRequest, pk: int) -> Any:
        row = get_object_or_404(rights.restrict(register.base(), register, request.user), pk=pk)
        return as_json(row, seen(request))

    def write(request: HttpRequest, given: Any, pk: int | None) -> Any:
        row = None if pk is None else get_object_or_404(rights.restrict(register.base(), register, request.user), pk=pk)
        values = given.dict(exclude_unset=True)
        reason = values.pop("reason", "")
        try:
            saved = save_row(register=register, user=request.user, values=values, row=row, reason=reason, source="api")
        except ValidationError as error:
            faults = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
            return Status(422, {"detail": "有内容不能接受", "faults": faults})
        return Status(201 if row is None else 200, as_json(register.base().get(pk=saved.pk), seen(request)))

    def create(request: HttpRequest, given: Any) -> Any:
        return write(request, given, None)

    def change(request: HttpRequest, pk: int, given: Any) -> Any:
        return write(request, given, pk)

    name = register.slug.replace("-", "_")
    router.get(
        "/", response=listing_schema, exclude_unset=True, operation_id=f"{name}_list", summary=f"{register.title}列表"
    )(list_rows)
    router.get(
        "/{int:pk}",
        response=row_schema,
        exclude_unset=True,
        operation_id=f"{name}_row",
        summary=f"{register.title}一行",
    )(one_row)
    if register.imports:
        for verb in (create, change):
            verb.__annotations__["given"] = input_schema
        router.post(
            "/",
            response={201: row_schema, 422: Problem},
            exclude_unset=True,
            operation_id=f"{name}_create",
            summary=f"新增{register.title}",
        )(create)
        router.patch(
            "/{int:pk}",
            response={200: row_schema, 422: Problem},
            exclude_unset=True,
            operation_id=f"{name}_change",
            summary=f"修改{register.title}",
        )(change)
    return router


def make_api() -> NinjaAPI:
    """The whole interface, one router a register."""
    api = NinjaAPI(title="链谱 Lianpu", version="1", auth=django_auth, docs_url=None, urls_namespace="api")

    @api.exception_handler(PermissionDenied)
    def denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
        return api.create_response(request, {"detail": str(error)}, status=403)

    for register in registry.all():
        api.add_router(f"/{register.slug}/", router_of(register))
    return api
