"""Running one job: as the person who asked, in their language, to an end in words."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext, override

from lianpu.register import rights
from lianpu.register.jobs import live
from lianpu.register.jobs.declare import Cancelled, Interrupted, Outcome, declared_jobs
from lianpu.register.jobs.progress import Progress, close
from lianpu.register.models import Job

logger = logging.getLogger(__name__)
ATTEMPTS = 3
"""How often a job is begun: one whose worker dies each time is taken for the cause."""


def run(job: Job, stopping: Callable[[], bool] = lambda: False) -> None:
    """Run a claimed job; whatever happens is written into its row.

    Raises only where the row itself cannot be written; then :func:`release` follows when the database is back.
    """
    progress = Progress(job, stopping)
    with override(job.language):
        try:
            outcome = _called(job, progress)
            if not progress.finished:
                progress.finish(outcome)
        except Cancelled:
            close(job, progress.live, Job.State.CANCELLED)
        except Interrupted:
            release(job, progress.live, gettext("服务已停止，任务中断。请重试。"), blameless=True)
        except OperationalError as error:
            logger.exception("Job %s (%s): the database gave up", job.pk, job.name)
            connection.close_if_unusable_or_obsolete()
            release(job, progress.live, gettext("数据库不可用或磁盘已满：%s。请处理后重试。") % error)
        except Exception as error:
            words = refusal(error)
            if words is None:
                logger.exception("Job %s (%s) failed", job.pk, job.name)
                words = gettext("系统内部差错（%s），详见服务器日志。请把任务号告诉管理员。") % type(error).__name__
            close(job, progress.live, Job.State.FAILED, error=words)
    live.forget(job.pk)


def _called(job: Job, progress: Progress) -> Outcome:
    declared = declared_jobs.get(job.name)
    if declared is None:
        raise ValidationError(gettext("本版本没有名为“%s”的任务。") % job.name)
    user = _person(job)
    progress.check()
    if settings.LIANPU_JOBS != "inline":
        return declared.run(progress, user=user, **job.arguments)
    with transaction.atomic():  # a job that fails must not spoil the transaction of whoever started it
        return declared.run(progress, user=user, **job.arguments)


def _person(job: Job) -> Any:
    """Who asked for the job, with the rights of now."""
    if job.user_id is None:
        return rights.SYSTEM
    user = get_user_model().objects.get(pk=job.user_id)
    if not user.is_active:
        raise PermissionDenied(gettext("账号“%s”已停用，任务未执行。") % user.get_username())
    return user


def refusal(error: Exception) -> str | None:
    """What a person can mend, in words; None for a fault of ours."""
    from lianpu.register.importing import RefusedError
    from lianpu.register.reading import UnreadableError

    if isinstance(error, ValidationError):
        return "；".join(error.messages)
    if isinstance(error, ObjectDoesNotExist):
        return gettext("找不到所指的记录（%s），可能已被删除。") % error
    if isinstance(error, (PermissionDenied, RefusedError, UnreadableError)):
        return str(error) or gettext("没有权限。")
    return None


def run_inline(job: Job) -> None:
    """Run a job within the call that starts it."""
    begun = {"state": Job.State.RUNNING, "worker": "inline", "attempts": 1, "started_at": timezone.now()}
    Job.objects.filter(pk=job.pk).update(**begun)
    job.refresh_from_db()
    run(job)
    job.refresh_from_db()


def release(job: Job, told: live.Live, words: str, *, blameless: bool = False) -> None:
    """Let go of a job that was not run to its end: back into the queue where that is safe, else failed with ``words``.

    ``blameless`` attempts do not count.
    """
    if live.asked_to_stop(job.pk):
        close(job, told, Job.State.CANCELLED)
        return
    declared = declared_jobs.get(job.name)
    if declared is not None and declared.restartable and (blameless or job.attempts < ATTEMPTS):
        held = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, worker=job.worker, attempts=job.attempts)
        held.update(state=Job.State.WAITING, worker="", attempts=job.attempts - blameless)
    else:
        close(job, told, Job.State.FAILED, error=words)
