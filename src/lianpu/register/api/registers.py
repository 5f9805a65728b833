"""The end points of one register: list, stream, one row, its history, create, change, delete, many at once."""

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from ninja.errors import HttpError

from lianpu.register import rights
from lianpu.register.api.answering import once
from lianpu.register.api.bulk import take_rows
from lianpu.register.api.schemas import (
    BulkAnswer,
    Changed,
    Conflict,
    Deleted,
    Problem,
    parameters_of,
    rows_as_json,
    schemas_of,
    sending_of,
    values_in,
)
from lianpu.register.declare import BoundColumn, Register
from lianpu.register.deleting import delete_row
from lianpu.register.history import changes_of
from lianpu.register.listing import ASOF, Listing, looking_back, params_of
from lianpu.register.services import ConflictError, save_row

CHUNK = 500  # rows a read with ``after``
HELD = 1 << 20  # bytes of a past register that memory holds; the rest waits in a file


class Ends:
    """What the end points of ``register`` do."""

    def __init__(self, register: Register) -> None:
        self.register = register

    # -- reading -------------------------------------------------------------------------------
    def seen(self, user: Any) -> list[BoundColumn]:
        return [c for c in rights.visible(user, self.register.bound) if not c.column.source_only]

    def row(self, user: Any, pk: int) -> Any:
        """The row, where the person may see it; outside the scope there is none."""
        rights.demand(user, self.register, rights.VIEW)
        return get_object_or_404(rights.restrict(self.register.base(), self.register, user), pk=pk)

    def answer(self, user: Any, pk: int) -> dict[str, Any]:
        return next(rows_as_json(self.register.base(), self.register, self.seen(user), [pk]))

    @contextmanager
    def listing(self, request: HttpRequest) -> Iterator[tuple[Listing, list[BoundColumn]]]:
        """The list that the parameters ask for, and its columns: those named by ``cols``, else all.

        To be read within, for it may be the list of a past day.
        """
        rights.demand(request.user, self.register, rights.VIEW)
        params = params_of(request.GET)
        params.pop("after", None)
        with self.on_the_day(params) as past:
            listing = Listing(self.register, request.user, params, past=past)
            columns = listing.columns if params.get("cols") else self.seen(request.user)
            listing.rows  # noqa: B018 — reading the conditions finds what cannot be understood
            if listing.errors:
                raise HttpError(422, "；".join(listing.errors))
            yield listing, columns

    @contextmanager
    def on_the_day(self, params: Mapping[str, str]) -> Iterator[dt.datetime | None]:
        """Within it, reads see the end of the day ``asof`` where one is asked for; a day that cannot be told is refused."""
        with ExitStack() as entered:
            try:
                past = entered.enter_context(looking_back(self.register, params))
            except ValidationError as refused:
                raise HttpError(422, "；".join(refused.messages)) from refused
            yield past

    def list_rows(self, request: HttpRequest) -> Any:
        with self.listing(request) as (listing, columns):
            after = request.GET.get("after", "")
            if after:
                return self._read_on(listing, columns, after)
            keys = listing.page_keys
            rows = list(rows_as_json(self.register.base(), self.register, columns, keys))
            return {"count": listing.count, "rows": rows}

    def _read_on(self, listing: Listing, columns: list[BoundColumn], after: str) -> dict[str, Any]:
        """Rows in the order of their ids, from the one after ``after``: a whole register in constant time a request."""
        if not after.isdecimal() or "sort" in listing.params:
            raise HttpError(422, "after 应为上一次答复中的 next（从 0 开始），且不与 sort 同用")
        size = listing.size if "size" in listing.params else CHUNK
        following = listing.rows.filter(pk__gt=int(after)).order_by("pk").values_list("pk", flat=True)
        keys = list(following[:size])
        rows = list(rows_as_json(self.register.base(), self.register, columns, keys))
        return {"count": listing.count, "next": keys[-1] if len(keys) == size else None, "rows": rows}

    def stream(self, request: HttpRequest) -> StreamingHttpResponse:
        """All rows, one JSON text a line."""
        rights.demand(request.user, self.register, rights.EXPORT)

        def lines() -> Iterator[bytes]:
            for row in rows_as_json(rows, self.register, columns):
                yield (json.dumps(row, ensure_ascii=False) + "\n").encode()

        with self.listing(request) as (listing, columns):
            rows = rights.restrict(listing.rows, self.register, request.user, rights.EXPORT)
            sent: Iterable[bytes] = lines()
            if listing.past is not None:  # read now: when the answer is sent, the connection is back in the present
                sent = tempfile.SpooledTemporaryFile(HELD)  # noqa: SIM115 — the answer closes it
                sent.writelines(lines())
                sent.seek(0)
        return StreamingHttpResponse(sent, content_type="application/x-ndjson")

    def one_row(self, request: HttpRequest, pk: int, asof: str) -> Any:
        with self.on_the_day({ASOF: asof}):
            return self.answer(request.user, self.row(request.user, pk).pk)

    def history(self, request: HttpRequest, pk: int) -> Any:
        self.row(request.user, pk)
        return [
            {
                "id": change.pk,
                "at": change.at.isoformat(),
                "action": change.action,
                "user": change.user,
                "reason": change.reason,
                "source": change.source,
                "import_number": change.run,
                "fields": [{"label": one.label, "before": one.before, "after": one.after} for one in fields],
            }
            for change, fields in changes_of(self.register, pk, rights.visible(request.user, self.register.bound), 500)
        ]

    # -- writing -------------------------------------------------------------------------------
    def write(self, request: HttpRequest, given: Any, pk: int | None) -> Status[Any]:
        row = None if pk is None else self.row(request.user, pk)
        try:
            saved = save_row(
                register=self.register,
                user=request.user,
                values=values_in(given),
                row=row,
                reason=given.reason,
                source="api",
                expected_version=given.version,
            )
        except ValidationError as error:
            return refused(error)
        except ConflictError as error:
            changes = [
                {"id": change.pk, "user": change.user, "fields": [vars(one) for one in fields]}
                for change, fields in error.changes
            ]
            return Status(409, {"detail": str(error), "version": error.version, "changes": changes})
        return Status(201 if row is None else 200, self.answer(request.user, saved.pk))

    def delete(self, request: HttpRequest, pk: int, reason: str, with_dependants: bool) -> Status[Any]:
        row = self.row(request.user, pk)
        try:
            act = delete_row(
                register=self.register,
                user=request.user,
                row=row,
                reason=reason,
                with_dependants=with_dependants,
                source="api",
            )
        except ValidationError as error:
            return refused(error)
        return Status(200, {"act": act})

    def bulk(self, request: HttpRequest, sent: Any) -> Status[Any]:
        rights.demand(request.user, self.register, rights.IMPORT)
        rows = [values_in(row) for row in sent.rows]
        return take_rows(
            self.register, rows, user=request.user, mode=sent.mode, reason=sent.reason, is_trial=sent.dry_run
        )


def refused(error: ValidationError) -> Status[Any]:
    """The answer to what cannot be accepted, by column."""
    faults = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return Status(422, {"detail": "有内容不能接受", "faults": faults})


def router_of(register: Register) -> Router:
    """The end points of one register."""
    router, ends, title = Router(tags=[register.title]), Ends(register), register.title
    row, rows, given_schema = schemas_of(register)
    name = register.slug.replace("-", "_")

    # ninja marks the functions it is given, which methods do not let it do.
    def list_rows(request: HttpRequest) -> Any:
        return ends.list_rows(request)

    def stream(request: HttpRequest) -> Any:
        return ends.stream(request)

    def one_row(request: HttpRequest, pk: int, asof: str = "") -> Any:
        return ends.one_row(request, pk, asof)

    def history(request: HttpRequest, pk: int) -> Any:
        return ends.history(request, pk)

    def create(request: HttpRequest, given: Any) -> Any:
        return once(request, lambda: ends.write(request, given, None))

    def change(request: HttpRequest, pk: int, given: Any) -> Any:
        return once(request, lambda: ends.write(request, given, pk))

    def delete(request: HttpRequest, pk: int, reason: str = "", with_dependants: bool = False) -> Any:
        return once(request, lambda: ends.delete(request, pk, reason, with_dependants))

    def bulk(request: HttpRequest, sent: Any) -> Any:
        return once(request, lambda: ends.bulk(request, sent))

    said: dict[str, Any] = {"exclude_unset": True}
    asking = parameters_of(register)
    router.get("/", response=rows, operation_id=f"{name}_list", summary=f"{title}：列表", openapi_extra=asking, **said)(
        list_rows
    )
    router.get(
        "/rows.ndjson",
        operation_id=f"{name}_stream",
        summary=f"{title}：全部符合条件的行，一行一个",
        openapi_extra=asking,
    )(stream)
    router.get("/{int:pk}", response=row, operation_id=f"{name}_row", summary=f"{title}：一行", **said)(one_row)
    if register.history:
        router.get(
            "/{int:pk}/history", response=list[Changed], operation_id=f"{name}_history", summary=f"{title}：变更记录"
        )(history)
    if not register.imports:
        return router
    sending = sending_of(register, given_schema)
    create.__annotations__["given"] = change.__annotations__["given"] = given_schema
    bulk.__annotations__["sent"] = sending
    problems = {409: Conflict, 422: Problem}
    router.post(
        "/", response={201: row, 422: Problem}, operation_id=f"{name}_create", summary=f"{title}：新增", **said
    )(create)
    router.patch(
        "/{int:pk}", response={200: row, **problems}, operation_id=f"{name}_change", summary=f"{title}：修改", **said
    )(change)
    router.delete(
        "/{int:pk}",
        response={200: Deleted, 422: Problem},
        operation_id=f"{name}_delete",
        summary=f"{title}：删除",
        description="有别的记录依赖于它时拒绝；不能离开它的记录，with_dependants=true 时一并删除。可凭变更记录恢复。",
    )(delete)
    router.post(
        "/bulk",
        response={200: BulkAnswer, 422: Problem},
        operation_id=f"{name}_bulk",
        summary=f"{title}：成批新增与修改",
        description="与导入一个表格相同：按认行依据比对，缺省的字段不改动；得到导入批次号，可整批撤销。",
    )(bulk)
    return router
