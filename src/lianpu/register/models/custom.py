"""Columns that an office adds to a register by itself, without a programmer."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Extensible(models.Model):
    """Base of models whose rows may carry custom fields: ``extra`` holds field name → canonical text."""

    extra = models.JSONField(_("自定义内容"), default=dict, blank=True, editable=False)

    class Meta:
        abstract = True


class CustomField(models.Model):
    """One column of one register; retired, it is shown nowhere and its values stay."""

    class Kind(models.TextChoices):
        TEXT = "text", _("文字")
        NUMBER = "number", _("数值")
        INTEGER = "integer", _("整数")
        DATE = "date", _("日期")
        FLAG = "flag", _("是否")
        CHOICE = "choice", _("选项")

    register = models.CharField(_("登记簿"), max_length=60)
    name = models.SlugField(_("字段"), max_length=40)
    label = models.CharField(_("列名"), max_length=60)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    unit = models.CharField(_("单位"), max_length=10, blank=True)
    choices = models.JSONField(_("选项"), default=list, blank=True)
    aliases = models.JSONField(_("也认作"), default=list, blank=True)
    help = models.CharField(_("说明"), max_length=200, blank=True)
    sensitivity = models.CharField(_("敏感类别"), max_length=40, blank=True)
    order = models.PositiveSmallIntegerField(_("次序"), default=0)
    is_retired = models.BooleanField(_("停用"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("自定义列")
        ordering = ("register", "order", "pk")
        constraints = [
            models.UniqueConstraint(fields=["register", "name"], name="register_custom_name"),
            models.UniqueConstraint(fields=["register", "label"], name="register_custom_label"),
        ]

    def __str__(self) -> str:
        return self.label
