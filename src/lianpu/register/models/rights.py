"""Who may do what, and where."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.Model):
    """A named set of actions: ``actions`` maps a register's slug (or ``*``) to a list of actions (or ``*``)."""

    code = models.SlugField(_("代码"), unique=True)
    name = models.CharField(_("名称"), max_length=60)
    actions = models.JSONField(_("可做的事"), default=dict)
    clears = models.JSONField(_("可见的敏感类别"), default=list)

    class Meta:
        verbose_name = verbose_name_plural = _("角色")

    def __str__(self) -> str:
        return self.name

    def allows(self, slug: str, action: str, by_name: bool = False) -> bool:
        """Whether the role may do ``action`` in the register; ``by_name``: only where it names the register itself."""
        names = (slug,) if by_name else ("*", slug)
        return any(word in ("*", action) for name in names for word in self.actions.get(name, []))


class Grant(models.Model):
    """A role given to a person within a scope; an empty scope field does not limit."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="grants", verbose_name=_("用户"))
    role = models.ForeignKey(Role, models.PROTECT, related_name="grants", verbose_name=_("角色"))
    place_path = models.CharField(_("地区范围"), max_length=120, blank=True)
    chain_code = models.CharField(_("产业链范围"), max_length=20, blank=True)
    enterprise_uscc = models.CharField(_("企业范围"), max_length=18, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("授权")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "place_path", "chain_code", "enterprise_uscc"], name="register_grant_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role}"
