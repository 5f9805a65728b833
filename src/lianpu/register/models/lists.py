"""How people like to see a register."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """A named address of a list: filters, order, columns, grouping and chart, as the query string says them.

    Its owner's alone, or shared with everyone who may see the register, or with those who hold ``role``.
    """

    register = models.CharField(_("登记簿"), max_length=60)
    name = models.CharField(_("名称"), max_length=40)
    query = models.TextField(_("条件"), blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("所有者")
    )
    shared = models.BooleanField(_("共享"), default=False)
    role = models.ForeignKey(
        "register.Role", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("只给这个角色")
    )

    class Meta:
        verbose_name = verbose_name_plural = _("视图")
        ordering = ("name", "pk")
        constraints = [models.UniqueConstraint(fields=["register", "owner", "name"], name="register_view_once")]

    def __str__(self) -> str:
        return self.name


class OpeningView(models.Model):
    """The view with which a person's list of a register opens."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("用户"))
    register = models.CharField(_("登记簿"), max_length=60)
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="openings", verbose_name=_("视图"))

    class Meta:
        verbose_name = verbose_name_plural = _("默认视图")
        constraints = [models.UniqueConstraint(fields=["user", "register"], name="register_opening_once")]

    def __str__(self) -> str:
        return f"{self.register}：{self.view_id}"
