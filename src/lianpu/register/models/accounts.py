"""What is kept of an account beside Django's own user: its state, its past passwords, and what happened to it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """Who a user is in the house, and whether a new password is due."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="account", verbose_name=_("用户名")
    )
    organisation = models.CharField(_("单位"), max_length=120, blank=True)
    note = models.CharField(_("说明"), max_length=200, blank=True)
    must_change_password = models.BooleanField(_("须改密码"), default=False)
    password_at = models.DateTimeField(_("密码更改于"), null=True, blank=True)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("账号")

    def __str__(self) -> str:
        return self.user.get_username()


class PastPassword(models.Model):
    """The hash of a password that was in use, so that it is not taken again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="past_passwords")
    encoded = models.CharField(max_length=128)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = verbose_name_plural = _("用过的密码")


class AccountEvent(models.Model):
    """One thing that happened to an account. Rows are only ever added; nobody has a page that changes them."""

    class What(models.TextChoices):
        SIGNED_IN = "signed-in", _("登录")
        FAILED = "failed", _("登录失败")
        LOCKED = "locked", _("锁定")
        SIGNED_OUT = "signed-out", _("退出")
        TIMED_OUT = "timed-out", _("超时退出")
        CREATED = "created", _("新建账号")
        PASSWORD_CHANGED = "password-changed", _("修改密码")
        PASSWORD_RESET = "password-reset", _("重置密码")
        SECOND_STEP_ON = "second-step-on", _("开启两步验证")
        SECOND_STEP_OFF = "second-step-off", _("关闭两步验证")
        GRANTED = "granted", _("授权")
        REVOKED = "revoked", _("收回授权")
        ROLE_CHANGED = "role-changed", _("修改角色")
        UNLOCKED = "unlocked", _("解锁")
        DISABLED = "disabled", _("停用")
        ENABLED = "enabled", _("启用")
        SESSIONS_ENDED = "sessions-ended", _("强制退出")

    at = models.DateTimeField(_("时间"), auto_now_add=True, db_index=True)
    username = models.CharField(_("用户名"), max_length=150, db_index=True)
    what = models.CharField(_("事项"), max_length=20, choices=What)
    by = models.CharField(_("操作人"), max_length=150, blank=True)
    address = models.CharField(_("来源地址"), max_length=45, blank=True)
    detail = models.CharField(_("详情"), max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = verbose_name_plural = _("账号记录")

    def __str__(self) -> str:
        return f"{self.username} {self.get_what_display()}"
