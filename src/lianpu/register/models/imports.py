"""What was sent, what each import did, what senders' columns mean, and which folders are looked into."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class ImportFolder(models.Model):
    """A folder whose new files are imported by themselves; what lies in it is never touched."""

    path = models.CharField(_("文件夹"), max_length=400)
    register = models.CharField(_("登记簿"), max_length=60)
    pattern = models.CharField(_("文件名样式"), max_length=100, default="*")
    sender = models.CharField(_("报送单位"), max_length=100, blank=True)
    mode = models.CharField(_("方式"), max_length=20)
    at = models.DateTimeField(_("登记时间"), auto_now_add=True)
    looked_at = models.DateTimeField(_("上次查看"), null=True)
    message = models.TextField(_("上次结果"), blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("自动导入文件夹")
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["path", "register", "pattern"], name="register_import_folder_once")
        ]

    def __str__(self) -> str:
        return self.path


class SenderMap(models.Model):
    """What the heads of one sender's sheet mean, as a person said it: applied when the same heads come again."""

    register = models.CharField(_("登记簿"), max_length=60)
    sender = models.CharField(_("报送单位"), max_length=100)
    heads = models.CharField(_("表头指纹"), max_length=64)
    mapping = models.JSONField(_("列对应"), default=dict)  # head → column's name, "" where it is left out
    hidden = models.BooleanField(_("采用隐藏的行列"), null=True)
    by = models.CharField(_("经办人"), max_length=150)
    at = models.DateTimeField(_("时间"), auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = _("报送单位的列对应")
        constraints = [models.UniqueConstraint(fields=["register", "sender", "heads"], name="register_sender_map_once")]

    def __str__(self) -> str:
        return f"{self.sender} → {self.register}"


class ImportRun(models.Model):
    """One file sent: its number lists what it touched (through ``Change.run``) and names the folder of its files."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("已上传")
        PREVIEWED = "previewed", _("待写入")
        COMMITTED = "committed", _("已写入")
        REFUSED = "refused", _("未受理")
        FAILED = "failed", _("未完成")
        DISCARDED = "discarded", _("已放弃")
        UNDONE = "undone", _("已撤销")

    register = models.CharField(_("登记簿"), max_length=60)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.UPLOADED)
    file_name = models.CharField(_("文件名"), max_length=255)
    file_hash = models.CharField(_("文件指纹"), max_length=64, db_index=True)
    folder = models.CharField(_("存放处"), max_length=400, blank=True)  # under LIANPU_HOME, unless it is absolute
    sender = models.CharField(_("报送单位"), max_length=100, blank=True)
    sheet = models.CharField(_("工作表"), max_length=100, blank=True)
    mapping = models.JSONField(_("列对应"), default=dict)  # as SenderMap.mapping
    hidden = models.BooleanField(_("采用隐藏的行列"), null=True)
    rejected = models.JSONField(_("不采用的更正"), default=list)
    mode = models.CharField(_("方式"), max_length=20, blank=True)
    reason = models.TextField(_("变更原因"), blank=True)
    by = models.CharField(_("经办人"), max_length=150)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    committed_at = models.DateTimeField(_("写入时间"), null=True)
    read = models.PositiveIntegerField(_("读入"), default=0)
    created = models.PositiveIntegerField(_("新增"), default=0)
    changed = models.PositiveIntegerField(_("变更"), default=0)
    same = models.PositiveIntegerField(_("无变化"), default=0)
    duplicate = models.PositiveIntegerField(_("重复"), default=0)
    faulty = models.PositiveIntegerField(_("有误"), default=0)
    asked = models.PositiveIntegerField(_("待确认"), default=0)  # questions of matching without an answer
    faults = models.JSONField(_("差错"), default=list)  # the first thousand; all are in the folder
    summary = models.JSONField(_("概要"), default=dict)  # see importing.store.summary_of
    fingerprint = models.CharField(_("预览指纹"), max_length=64, blank=True)
    message = models.TextField(_("说明"), blank=True)
    result_file = models.CharField(_("结果文件"), max_length=400, blank=True)
    job = models.BigIntegerField(_("作业"), null=True)
    source = models.ForeignKey(ImportFolder, models.SET_NULL, null=True, verbose_name=_("自动导入文件夹"))
    undone_by = models.CharField(_("撤销人"), max_length=150, blank=True)
    undone_at = models.DateTimeField(_("撤销时间"), null=True)
    undo_reason = models.TextField(_("撤销原因"), blank=True)
    undone = models.PositiveIntegerField(_("已撤销的改动"), default=0)
    unreverted = models.PositiveIntegerField(_("未撤销的改动"), default=0)
    kept = models.JSONField(_("撤销时保留的行"), default=list)

    class Meta:
        verbose_name = verbose_name_plural = _("导入批次")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return gettext("导入第%(number)s号") % {"number": self.pk}

    @property
    def home(self) -> Path:
        """The folder of this import's files; empty once they have been cleaned away."""
        return Path(settings.LIANPU_HOME / self.folder)

    @property
    def file(self) -> Path:
        """The file as it was sent."""
        return self.home / "sent" / self.file_name

    @property
    def answers(self) -> Path:
        """The folder of what goes back to the sender."""
        return self.home / "back"

    @property
    def open(self) -> bool:
        """Whether it may still be previewed, mapped and written."""
        return self.state in (self.State.UPLOADED, self.State.PREVIEWED, self.State.FAILED)
