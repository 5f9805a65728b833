"""Work that takes longer than a page may: who asked for what, how far it is, how it ended."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """One piece of work in the queue.

    Counters and log here are those of the end; while a job runs they stand in its live file (:mod:`..jobs.live`), and
    :func:`lianpu.register.jobs.look` lays them over the row.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("排队")
        RUNNING = "running", _("进行中")
        DONE = "done", _("完成")
        FAILED = "failed", _("失败")
        CANCELLED = "cancelled", _("已取消")

    OVER = (State.DONE, State.FAILED, State.CANCELLED)
    stopping = False
    """Whether its end has been asked for; known after ``look``."""

    name = models.CharField(_("名称"), max_length=60)
    title = models.CharField(_("标题"), max_length=200)
    # Empty for work that the system itself asked for.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="jobs")
    by = models.CharField(_("经办人"), max_length=150)
    language = models.CharField(_("语言"), max_length=10)
    arguments = models.JSONField(_("参数"), default=dict)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.WAITING)
    done = models.PositiveBigIntegerField(_("已完成"), default=0)
    total = models.PositiveBigIntegerField(_("总数"), default=0)
    words = models.CharField(_("阶段"), max_length=200, default="")
    log = models.TextField(_("日志"), default="")
    result = models.JSONField(_("结果"), default=dict)
    error = models.TextField(_("原因"), default="")
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    worker = models.CharField(_("运行器"), max_length=120, default="")
    seen = models.BooleanField(_("已阅"), default=False)
    made_at = models.DateTimeField(_("提交时间"), auto_now_add=True)
    started_at = models.DateTimeField(_("开始时间"), null=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("任务")
        ordering = ("-pk",)
        indexes = [
            models.Index(fields=["id"], name="register_job_open", condition=Q(state__in=("waiting", "running"))),
            models.Index(fields=["user", "-id"], name="register_job_own"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def over(self) -> bool:
        """Whether the job has ended, in whatever way."""
        return self.state in self.OVER


class Tick(models.Model):
    """The lease of a periodic duty: whoever holds it does the duty, nobody else meanwhile."""

    name = models.CharField(_("名称"), max_length=60, unique=True)
    worker = models.CharField(_("运行器"), max_length=120, default="")
    begun_at = models.DateTimeField(_("上次开始"), null=True)
    error = models.TextField(_("上次差错"), default="")

    class Meta:
        verbose_name = verbose_name_plural = _("定时事务")

    def __str__(self) -> str:
        return self.name
