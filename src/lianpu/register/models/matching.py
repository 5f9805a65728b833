"""What people said about texts that name rows in words of their own."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MatchDecision(models.Model):
    """A person's answer, once for all files: this text, in this column of this register, means that row — or none."""

    register = models.CharField(_("登记簿"), max_length=60)
    column = models.CharField(_("列"), max_length=60)
    text = models.CharField(_("文字"), max_length=200)
    text_key = models.CharField(_("文字检索键"), max_length=200)
    target_register = models.CharField(_("所指登记簿"), max_length=60)
    target = models.BigIntegerField(_("所指行号"), null=True, blank=True, help_text=_("空白：登记簿中没有这一行"))
    by = models.CharField(_("判定人"), max_length=150)
    reason = models.TextField(_("理由"), blank=True)
    at = models.DateTimeField(_("时间"), auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = _("认定记录")
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(fields=["register", "column", "text_key"], name="register_match_decision_once")
        ]
        indexes = [models.Index(fields=["target_register", "text_key"], name="register_match_target")]

    def __str__(self) -> str:
        return self.text
