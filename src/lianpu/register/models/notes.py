"""What people pin to a row: notes and files. They hang on any row of any register, by slug and id."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Pinned(models.Model):
    """Something pinned to the row ``row`` of the register ``register``, by whom and when."""

    register = models.CharField(_("登记簿"), max_length=60)
    row = models.BigIntegerField(_("行号"))
    by = models.CharField(_("何人"), max_length=150)
    at = models.DateTimeField(_("时间"), auto_now_add=True)

    class Meta:
        abstract = True


class Note(Pinned):
    """A few lines about a row; ``is_pinned`` keeps it on top."""

    text = models.TextField(_("内容"))
    is_pinned = models.BooleanField(_("置顶"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("备注")
        ordering = ("-is_pinned", "-pk")
        indexes = [models.Index(fields=["register", "row"], name="register_note_row")]

    def __str__(self) -> str:
        return self.text[:40]


class Attachment(Pinned):
    """A file; its bytes are kept once under their SHA-256 ``digest``, ``kind`` is what the bytes show them to be."""

    name = models.CharField(_("文件名"), max_length=255)
    digest = models.CharField(_("文件指纹"), max_length=64)
    size = models.BigIntegerField(_("大小（字节）"))
    kind = models.CharField(_("类型"), max_length=100)

    class Meta:
        verbose_name = verbose_name_plural = _("附件")
        ordering = ("-pk",)
        indexes = [models.Index(fields=["register", "row"], name="register_attachment_row")]

    def __str__(self) -> str:
        return self.name
