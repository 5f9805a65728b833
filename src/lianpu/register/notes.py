"""Notes and files on any row: whoever may see the row reads them, whoever may change it writes them.

A file's bytes are kept once, under their SHA-256, in ``LIANPU_HOME/files``; taking an attachment away leaves the
bytes, so that the change record can bring it back. What a browser is told about a file is what its bytes show, never
what the sender claimed.
"""

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models

from lianpu.register import rights
from lianpu.register.declare import Register, registry
from lianpu.register.history import acting
from lianpu.register.models import Attachment, Note

SIZE_LIMIT = 50 * 1024 * 1024
TEXT_LIMIT = 10_000
# What the first bytes of a file say; what is not among them is a plain download.
_SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif"})


def of(model: type[models.Model], register: Register, row: int) -> "models.QuerySet[Any]":
    """The notes (or attachments) of one row."""
    return model._default_manager.filter(register=register.slug, row=row)


def may_write(user: Any, register: Register, row: models.Model) -> bool:
    """Whether ``user`` may pin something to ``row``."""
    return rights.may(user, register, rights.CHANGE, row)


def add_note(
    *, user: Any, register: Register, row: models.Model, text: str, is_pinned: bool = False, source: str = "screen"
) -> Note:
    """Pin a note to ``row``. Raises ``PermissionDenied``, or ``ValidationError`` for an empty or overlong text."""
    rights.demand(user, register, rights.CHANGE, row)
    with acting(user, reason="备注", source=source):
        return Note.objects.create(
            register=register.slug, row=row.pk, text=_checked(text), is_pinned=is_pinned, by=user.get_username()
        )


def edit_note(*, user: Any, note: Note, text: str, is_pinned: bool) -> None:
    """Change a note of one's own (a superuser: any)."""
    _demand_own(user, note)
    note.text, note.is_pinned = _checked(text), is_pinned
    with acting(user, reason="修改备注"):
        note.save(update_fields=["text", "is_pinned"])


def attach(
    *, user: Any, register: Register, row: models.Model, name: str, chunks: Iterable[bytes], source: str = "screen"
) -> Attachment:
    """Keep a file with ``row``. Raises ``ValidationError`` where it is empty or larger than ``SIZE_LIMIT``."""
    rights.demand(user, register, rights.CHANGE, row)
    plain = PurePosixPath(PureWindowsPath(name).name).name.strip() or "附件"
    digest, size, kind = _keep(chunks)
    with acting(user, reason=f"附件 {plain[:100]}", source=source):
        return Attachment.objects.create(
            register=register.slug,
            row=row.pk,
            name=plain[-255:],
            digest=digest,
            size=size,
            kind=kind,
            by=user.get_username(),
        )


def take_away(*, user: Any, pinned: Note | Attachment) -> None:
    """Take a note or file of one's own off its row (a superuser: any); the change record keeps it."""
    _demand_own(user, pinned)
    with acting(user, reason=f"移除{pinned._meta.verbose_name}"):
        pinned.delete()


def move(*, register: Register, rows: Iterable[int], to: int) -> None:
    """What hangs on ``rows`` hangs on the row ``to`` from now on: two firms became one. Part of the caller's act."""
    for model in (Note, Attachment):
        model._default_manager.filter(register=register.slug, row__in=list(rows)).update(row=to)


def place_of(digest: str) -> Path:
    """Where the bytes with this SHA-256 lie."""
    return Path(settings.LIANPU_HOME) / "files" / digest[:2] / digest


def _demand_own(user: Any, pinned: Note | Attachment) -> None:
    register = registry[pinned.register]
    row = register.model._default_manager.filter(pk=pinned.row).first()
    own = pinned.by == user.get_username() or user.is_superuser
    if row is None or not own or not may_write(user, register, row):
        raise PermissionDenied("只能修改、移除自己写的备注与附件，且须有修改该行的权限。")


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValidationError("备注是空的，请写上内容。")
    if len(text) > TEXT_LIMIT:
        raise ValidationError(f"备注过长（{len(text)}字，上限{TEXT_LIMIT}字），请改为附件。")
    return text


def _keep(chunks: Iterable[bytes]) -> tuple[str, int, str]:
    """Write the bytes under their own hash; the hash, the size and the kind."""
    folder = Path(settings.LIANPU_HOME) / "files"
    folder.mkdir(parents=True, exist_ok=True)
    hashed, size, head = hashlib.sha256(), 0, b""
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:
        waiting = Path(out.name)
        try:
            for chunk in chunks:
                head = head or chunk[:16]
                size += len(chunk)
                if size > SIZE_LIMIT:
                    raise ValidationError(f"文件过大（上限{SIZE_LIMIT >> 20} MB），请压缩或拆分后再传。")
                hashed.update(chunk)
                out.write(chunk)
            if not size:
                raise ValidationError("文件是空的，请重新选择。")
        except BaseException:
            waiting.unlink()
            raise
    place = place_of(hashed.hexdigest())
    place.parent.mkdir(exist_ok=True)
    waiting.replace(place)
    kind = next((kind for sign, kind in _SIGNS if head.startswith(sign)), "application/octet-stream")
    return hashed.hexdigest(), size, kind
