"""What was changed, by whom and why."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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
    # What was done together has one number: an import, a bulk edit, a merge, a deletion with what depended on it.
    act = models.BigIntegerField(_("事项"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("变更记录")
        ordering = ("-pk",)
        # Each costs every import; moments are found by halving the ids, which rise with time.
        indexes = [
            models.Index(fields=["model", "row", "id"], name="register_change_row"),
            models.Index(fields=["run"], name="register_change_run", condition=models.Q(run__isnull=False)),
            models.Index(fields=["act"], name="register_change_act", condition=models.Q(act__isnull=False)),
            models.Index(fields=["user", "id"], name="register_change_user"),
            models.Index(fields=["model", "id", "row"], name="register_change_since"),
            models.Index(fields=["model", "id"], name="register_change_gone", condition=models.Q(action="delete")),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.model}#{self.row}"


class Follower(models.Model):
    """How far some work that follows the change records has come (see :mod:`lianpu.register.followers`)."""

    name = models.CharField(_("名称"), max_length=40, unique=True)
    change = models.BigIntegerField(_("已处理的变更"), default=0)
    # What else the work was done from, such as the version of a model: with another one all of it is to be done anew.
    basis = models.CharField(_("依据"), max_length=64, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("跟进进度")

    def __str__(self) -> str:
        return f"{self.name} #{self.change}"


class Actor(models.Model):
    """SQLite only: the one row that tells the triggers who is writing in the open transaction."""

    user = models.CharField(max_length=150, default="")
    reason = models.TextField(default="")
    source = models.CharField(max_length=40, default="")
    run = models.BigIntegerField(null=True)
    act = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("当前经办")

    def __str__(self) -> str:
        return self.user


class Seal(models.Model):
    """A link of the chain over the change records (see :mod:`lianpu.register.audit`): those after the previous seal's
    last, up to ``last``."""

    last = models.BigIntegerField(_("至记录"), unique=True)
    count = models.PositiveIntegerField(_("记录数"))
    # Per record 16 bytes, its id and the head of its digest: which record was touched shows without another copy.
    prints = models.BinaryField(_("逐条指纹"))
    previous = models.CharField(_("前一链值"), max_length=64)
    hash = models.CharField(_("链值"), max_length=64)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("封存")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"#{self.pk} {self.hash[:12]}"
