"""Folders whose new files are imported by themselves: by ``lianpu folders run`` from cron, or by a worker.

A file is known by its content: each is imported once, and lies where it was. What became of it stands in its run, and
what went wrong in the folder's last result and in the job list.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from lianpu.register import rights
from lianpu.register.declare import Register, registry
from lianpu.register.importing import desk
from lianpu.register.importing.committing import GOOD_ROWS
from lianpu.register.importing.planning import Progress, RefusedError, silent
from lianpu.register.models import ImportFolder, ImportRun
from lianpu.register.reading import FORMS

SETTLE = 5.0
"""Seconds for which a file must have stood still: until then somebody may be writing it."""
State = ImportRun.State


@dataclass
class Looked:
    """What one look into a folder did; ``failed`` in words, a file each."""

    runs: list[ImportRun] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        done = [f"{run.file_name}：新增{run.created}，变更{run.changed}，有误{run.faulty}" for run in self.runs]
        return "\n".join([*done, *self.failed]) or "没有新文件"


def add(
    *, user: Any, path: Path, register: Register, pattern: str = "*", sender: str = "", mode: str = GOOD_ROWS
) -> ImportFolder:
    """Have the files of a folder imported. Raises ``RefusedError``, ``PermissionDenied``."""
    if not user.is_superuser:
        raise PermissionDenied("只有管理员可以登记自动导入的文件夹。")
    path = path.expanduser().absolute()
    if not path.is_dir():
        raise RefusedError(f"没有文件夹 {path}，或本机的服务账号无权进入。")
    folder, _ = ImportFolder.objects.update_or_create(
        path=str(path), register=register.slug, pattern=pattern, defaults={"sender": sender, "mode": mode}
    )
    return folder


def remove(*, user: Any, folder: ImportFolder) -> None:
    """Look into the folder no more; its imports stay."""
    if not user.is_superuser:
        raise PermissionDenied("只有管理员可以移除自动导入的文件夹。")
    folder.delete()


def fresh_files(folder: ImportFolder) -> Iterator[tuple[Path, str]]:
    """Files (with their hash) that have not been imported from this folder, oldest name first."""
    handled = folder.importrun_set.exclude(state__in=(State.UPLOADED, State.FAILED))
    hashes, names = set(), set()
    for name, file_hash in handled.values_list("file_name", "file_hash"):
        names.add(name)
        hashes.add(file_hash)
    looked = folder.looked_at.timestamp() - 60 if folder.looked_at else 0.0
    for file in sorted(Path(folder.path).glob(folder.pattern)):
        if not file.is_file() or file.name.startswith((".", "~$")) or file.suffix[1:].lower() not in FORMS:
            continue
        stat = file.stat()
        if time.time() - stat.st_mtime < SETTLE or (file.name in names and stat.st_ctime < looked):
            continue
        with file.open("rb") as stream:
            file_hash = hashlib.file_digest(stream, "sha256").hexdigest()
        if file_hash not in hashes:
            hashes.add(file_hash)
            yield file, file_hash


def look_into(*, folder: ImportFolder, user: Any = rights.SYSTEM, progress: Progress = silent) -> Looked:
    """Import every new file of the folder; what fails is told and does not keep the others."""
    looked, begun = Looked(), timezone.now()
    if not Path(folder.path).is_dir():
        looked.failed.append(f"{folder.path}：没有这个文件夹，或本机的服务账号无权进入。")
    for file, _ in fresh_files(folder):
        run = desk.receive(
            register=registry[folder.register],
            user=user,
            name=file.name,
            content=desk.file_blocks(file),
            sender=folder.sender,
            source=folder,
        )
        run = desk.preview(run=run, user=user, progress=progress)
        if run.state == State.PREVIEWED and not run.asked:
            reason = f"自动导入 {file.name}"
            run = desk.write(run=run, user=user, mode=folder.mode, reason=reason, progress=progress)
        if run.state == State.COMMITTED:
            looked.runs.append(run)
        else:
            why = run.message or f"有{run.asked}处待确认，请在导入页面回答后写入"
            looked.failed.append(f"{file.name}（{run}）：{why}")
    folder.looked_at, folder.message = begun, looked.words
    folder.save(update_fields=["looked_at", "message"])
    return looked
