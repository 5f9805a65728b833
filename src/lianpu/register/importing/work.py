"""The jobs of the import desk."""

from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from lianpu.register import jobs, rights
from lianpu.register.importing import desk, folders
from lianpu.register.importing.planning import RefusedError
from lianpu.register.jobs import Outcome, Progress, every, job
from lianpu.register.models import ImportFolder, ImportRun, Job

PREVIEW, WRITE, UNDO, FOLDER = "import-preview", "import-commit", "import-undo", "import-folder"


def _ended(run: ImportRun) -> Outcome:
    words = say("%(run)s（%(file)s）：%(state)s") % {
        "run": run,
        "file": run.file_name,
        "state": run.message or run.get_state_display(),
    }
    return Outcome(words, url=desk.register_of(run).url("run", run.pk))


@job(PREVIEW, title=_("预览导入"), restartable=True)
def preview(progress: Progress, *, user: Any, run: int) -> Outcome:
    return _ended(desk.preview(run=ImportRun.objects.get(pk=run), user=user, progress=progress))


@job(WRITE, title=_("写入导入"), restartable=True)
def write(progress: Progress, *, user: Any, run: int, mode: str, reason: str) -> Outcome:
    found = ImportRun.objects.get(pk=run)
    return _ended(desk.write(run=found, user=user, mode=mode, reason=reason, progress=progress))


@job(UNDO, title=_("撤销导入"), restartable=True)
def undo(progress: Progress, *, user: Any, run: int, reason: str) -> Outcome:
    progress(0, 0, say("撤销"))
    found = ImportRun.objects.get(pk=run)
    if found.state == ImportRun.State.UNDONE:
        return _ended(found)  # by the worker that died before it could say so
    return _ended(desk.undo(run=found, user=user, reason=reason))


@job(FOLDER, title=_("自动导入文件夹"), restartable=True)
def look_into(progress: Progress, *, user: Any, folder: int) -> Outcome:
    looked = folders.look_into(folder=ImportFolder.objects.get(pk=folder), user=user, progress=progress)
    if looked.failed:
        raise RefusedError(looked.words)
    return Outcome(looked.words)


@every(60, "import-folders")
def watch_folders() -> None:
    """Start a job for every folder with something new in it."""
    open_jobs = Job.objects.filter(name=FOLDER).exclude(state__in=Job.OVER)
    under_way = {arguments.get("folder") for arguments in open_jobs.values_list("arguments", flat=True)}
    for folder in ImportFolder.objects.all():
        if folder.pk not in under_way and next(folders.fresh_files(folder), None) is not None:
            jobs.start(FOLDER, user=rights.SYSTEM, title=say("自动导入：%(path)s") % {"path": folder}, folder=folder.pk)
