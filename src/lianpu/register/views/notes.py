"""Notes and files of a row: added, changed and taken away on the row's page; files sent for saving."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from lianpu.register import notes
from lianpu.register.declare import Register, registry
from lianpu.register.models import Attachment, Note
from lianpu.register.views.common import find_register, find_row


def pinned_to(user: Any, register: Register, row: Any) -> dict[str, Any]:
    """What the row's page shows of notes and files."""
    return {
        "notes": list(notes.of(Note, register, row.pk)),
        "files": [(one, one.kind in notes.IMAGES) for one in notes.of(Attachment, register, row.pk)],
        "may_write": notes.may_write(user, register, row),
        "writes_all": user.is_superuser,
    }


@require_POST
def note_new(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    register = find_register(slug, request.user)
    row = find_row(register, request.user, pk)
    text, is_pinned = request.POST.get("text", ""), "is_pinned" in request.POST
    try:
        notes.add_note(user=request.user, register=register, row=row, text=text, is_pinned=is_pinned)
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
    return _back(slug, pk)


@require_POST
def note_edit(request: HttpRequest, slug: str, pk: int, note: int) -> HttpResponse:
    pinned = _pinned(request, Note, slug, pk, note)
    text, is_pinned = request.POST.get("text", ""), "is_pinned" in request.POST
    try:
        if "remove" in request.POST:
            notes.take_away(user=request.user, pinned=pinned)
        else:
            notes.edit_note(user=request.user, note=pinned, text=text, is_pinned=is_pinned)
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
    return _back(slug, pk)


@require_POST
def file_new(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    register = find_register(slug, request.user)
    row = find_row(register, request.user, pk)
    sent = request.FILES.getlist("file")
    if not sent:
        messages.error(request, gettext("请选择一个文件。"))
    for upload in sent:
        name = upload.name or ""
        try:
            notes.attach(user=request.user, register=register, row=row, name=name, chunks=upload.chunks())
        except ValidationError as error:
            messages.error(request, f"{name}：{'；'.join(error.messages)}")
    return _back(slug, pk)


@require_POST
def file_remove(request: HttpRequest, slug: str, pk: int, file: int) -> HttpResponse:
    notes.take_away(user=request.user, pinned=_pinned(request, Attachment, slug, pk, file))
    return _back(slug, pk)


@require_GET
def file_open(request: HttpRequest, slug: str, pk: int, file: int) -> FileResponse:
    """The file for saving; a picture may be looked at in place (``?show``)."""
    pinned = _pinned(request, Attachment, slug, pk, file)
    place = notes.place_of(pinned.digest)
    if not place.is_file():
        raise Http404("文件已不在存储中，请联系管理员从备份恢复")
    shown = pinned.kind in notes.IMAGES and "show" in request.GET
    return FileResponse(place.open("rb"), as_attachment=not shown, filename=pinned.name, content_type=pinned.kind)


def _pinned(request: HttpRequest, model: Any, slug: str, pk: int, pinned: int) -> Any:
    """What hangs on a row that the reader may see."""
    register = find_register(slug, request.user)
    find_row(register, request.user, pk)
    return get_object_or_404(notes.of(model, register, pk), pk=pinned)


def _back(slug: str, pk: int) -> HttpResponse:
    return redirect(registry[slug].url("detail", pk) + "#notes")
