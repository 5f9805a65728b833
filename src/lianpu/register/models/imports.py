"""What each import did."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class ImportRun(models.Model):
    """One file brought in: its number lists what it touched (through ``Change.run``)."""

    register = models.CharField(_("登记簿"), max_length=60)
    file_name = models.CharField(_("文件名"), max_length=255)
    file_hash = models.CharField(_("文件指纹"), max_length=64)
    mode = models.CharField(_("方式"), max_length=20)
    by = models.CharField(_("经办人"), max_length=150)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    read = models.PositiveIntegerField(_("读入"), default=0)
    created = models.PositiveIntegerField(_("新增"), default=0)
    changed = models.PositiveIntegerField(_("变更"), default=0)
    same = models.PositiveIntegerField(_("无变化"), default=0)
    faulty = models.PositiveIntegerField(_("有误"), default=0)
    faults = models.JSONField(_("差错"), default=list)
    result_file = models.CharField(_("结果文件"), max_length=255, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("导入批次")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return gettext("导入第%(number)s号") % {"number": self.pk}
