"""Scenarios that offices keep, and the input–output tables from which they tell what new output draws."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class IoTable(models.Model):
    """An input–output table; its numbers lie in a file beside the database, in 万元."""

    name = models.CharField(_("名称"), max_length=60, unique=True)
    file = models.CharField(_("文件"), max_length=255)
    sectors = models.PositiveIntegerField(_("部门数"))
    matched = models.PositiveIntegerField(_("对上的环节数"))
    source_hash = models.CharField(_("来源指纹"), max_length=64)
    is_sample = models.BooleanField(_("示例"), default=False)
    loaded_at = models.DateTimeField(_("载入时间"), auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = _("投入产出表")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Scenario(models.Model):
    """A named set of projects and leads that are supposed to reach production, and why somebody looked at it.

    They are kept by code, as an office writes them: what is no longer on the ledger is told when the scenario is opened.
    """

    class Origin(models.TextChoices):
        PICKED = "picked", _("手工挑选")
        PORTFOLIO = "portfolio", _("项目组合")

    name = models.CharField(_("情景名称"), max_length=80, unique=True)
    place = models.ForeignKey("places.Place", models.PROTECT, related_name="+", verbose_name=_("所属地区"))
    chain = models.ForeignKey(
        "chains.Chain", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所属产业链")
    )
    projects = models.JSONField(_("台账项目"), default=list, blank=True)
    leads = models.JSONField(_("招商项目"), default=list, blank=True)
    origin = models.CharField(_("由来"), max_length=10, choices=Origin, default=Origin.PICKED)
    why = models.TextField(_("理由"))
    by = models.CharField(_("保存人"), max_length=150, blank=True)
    at = models.DateTimeField(_("保存时间"), default=timezone.now)
    # What it showed when it was saved: figure → value, and the number of the diagnosis; to tell what has moved since.
    shown = models.JSONField(_("保存时的结果"), default=dict, blank=True)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("情景")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.name
