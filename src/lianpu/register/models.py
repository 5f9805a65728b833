"""The kit's own tables: who may do what, what was changed, and what each import did."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
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

    def allows(self, slug: str, action: str) -> bool:
        return any(word in ("*", action) for name in ("*", slug) for word in self.actions.get(name, []))


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


class Change(models.Model):
    """One change of one row, written by the database itself (see :mod:`lianpu.register.history`)."""

    at = models.DateTimeField(_("时间"))
    model = models.CharField(_("登记簿"), max_length=80)
    row = models.BigIntegerField(_("行号"))
    action = models.CharField(
        _("动作"), max_length=6, choices=[("insert", _("新增")), ("update", _("修改")), ("delete", _("删除"))]
    )
    before = models.JSONField(_("改前"), null=True)
    after = models.JSONField(_("改后"), null=True)
    user = models.CharField(_("何人"), max_length=150, default="")
    reason = models.TextField(_("为何"), default="")
    source = models.CharField(_("来源"), max_length=40, default="")
    run = models.BigIntegerField(_("导入批次"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("变更记录")
        ordering = ("-pk",)
        indexes = [
            models.Index(fields=["model", "row", "id"], name="register_change_row"),
            models.Index(fields=["run"], name="register_change_run", condition=models.Q(run__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.model}#{self.row}"


class Actor(models.Model):
    """SQLite only: the one row that tells the triggers who is writing in the open transaction."""

    user = models.CharField(max_length=150, default="")
    reason = models.TextField(default="")
    source = models.CharField(max_length=40, default="")
    run = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("当前经办")

    def __str__(self) -> str:
        return self.user
