"""Monthly dispatch: a round asks, units answer, each due project stands in exactly one unit's part."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lianpu.projects.models.ledger import Project


class DispatchRound(models.Model):
    """One month's asking: what for, until when, of which projects."""

    month = models.CharField(_("月份"), max_length=7, unique=True)
    due = models.DateField(_("截止日期"))
    opened_on = models.DateField(_("发起日期"), null=True, blank=True)
    scope_tiers = models.JSONField(_("调度层级"), default=list, blank=True)
    scope_classes = models.JSONField(_("调度类别"), default=list, blank=True)
    request = models.TextField(_("调度要求"), blank=True)
    is_closed = models.BooleanField(_("已结束"), default=False)
    reminded_on = models.DateField(_("最近催报"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("调度批次")
        ordering = ("-month",)

    def __str__(self) -> str:
        return self.month


class Submission(models.Model):
    """One unit's part of a round: a county, a zone or a firm (then ``place`` is the firm's), from draft until accepted."""

    class State(models.TextChoices):
        DRAFT = "draft", _("填报中")
        SUBMITTED = "submitted", _("已报送")
        RETURNED = "returned", _("已退回")
        ACCEPTED = "accepted", _("已审定")

    round = models.ForeignKey(DispatchRound, models.CASCADE, related_name="submissions", verbose_name=_("调度批次"))
    place = models.ForeignKey(
        "places.Place", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("地区或园区")
    )
    enterprise = models.ForeignKey(
        "enterprises.Enterprise", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("企业")
    )
    unit = models.CharField(_("填报单位"), max_length=200)
    state = models.CharField(_("报送状态"), max_length=10, choices=State, default=State.DRAFT)
    submitted_at = models.DateTimeField(_("报送时间"), null=True, blank=True)
    submitted_by = models.CharField(_("报送人"), max_length=150, blank=True)
    is_late = models.BooleanField(_("逾期报送"), default=False)
    decided_at = models.DateTimeField(_("审定或退回时间"), null=True, blank=True)
    decided_by = models.CharField(_("审定人"), max_length=150, blank=True)
    returned_why = models.CharField(_("退回原因"), max_length=300, blank=True)
    explained = models.TextField(_("异常说明"), blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("调度报送")
        ordering = ("-round", "unit")
        constraints = [
            models.UniqueConstraint(
                fields=["round", "place"], condition=Q(enterprise__isnull=True), name="project_submission_place_once"
            ),
            models.UniqueConstraint(
                fields=["round", "enterprise"],
                condition=Q(enterprise__isnull=False),
                name="project_submission_firm_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.round}"


class DueReport(models.Model):
    """A project that a round asks for, in the part of the unit that answers for it."""

    round = models.ForeignKey(DispatchRound, models.CASCADE, related_name="dues", verbose_name=_("调度批次"))
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="dues", verbose_name=_("调度报送"))
    project = models.ForeignKey(Project, models.CASCADE, related_name="dues", verbose_name=_("项目"))

    class Meta:
        verbose_name = verbose_name_plural = _("应报项目")
        ordering = ("-round", "submission", "project")
        constraints = [models.UniqueConstraint(fields=["round", "project"], name="project_due_once")]
        indexes = [models.Index(fields=["round", "submission"], name="project_due_part")]

    def __str__(self) -> str:
        return f"{self.project} {self.round}"
