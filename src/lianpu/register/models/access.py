"""What programs come in with, and what they were answered."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiToken(models.Model):
    """A program's key to act as a person: never more than the person may, and less where so limited.

    Only the SHA-256 of the secret is kept; ``registers`` empty stands for all.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens", verbose_name=_("用户"))
    name = models.CharField(_("用途"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    start = models.CharField(_("开头"), max_length=8)
    is_readonly = models.BooleanField(_("只读"), default=False)
    registers = models.JSONField(_("限于登记簿"), default=list, blank=True)
    made_at = models.DateTimeField(_("生成时间"), auto_now_add=True)
    expires_at = models.DateTimeField(_("有效期至"), null=True, blank=True)
    used_at = models.DateTimeField(_("最近使用"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("接口令牌")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.name


class KeptAnswer(models.Model):
    """The answer to a writing request that bore an idempotency key: the same request gets the same answer again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    asked = models.CharField(max_length=64)  # SHA-256 of method, address and body
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(default="")
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = _("接口答复")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="register_answer_once")]

    def __str__(self) -> str:
        return self.key
