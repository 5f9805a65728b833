"""How far the search index has come. The index itself is made of tables that Django does not know of: see
:mod:`lianpu.register.search.store`."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SearchIndex(models.Model):
    """One register's index: rows up to the id ``filled`` have been read; once ``is_complete``, changes keep it up."""

    register = models.CharField(_("登记簿"), max_length=60, unique=True)
    shape = models.CharField(_("所查的列"), max_length=64)  # of columns and method: another shape means another index
    filled = models.BigIntegerField(_("已读至"), default=0)
    is_complete = models.BooleanField(_("已建成"), default=False)
    rows = models.PositiveIntegerField(_("行数"), default=0)
    stale = models.PositiveIntegerField(_("失效"), default=0)  # entries of rows that have changed since or are gone
    writes = models.BigIntegerField(_("写入次数"), default=0)
    at = models.DateTimeField(_("更新时间"), auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = _("搜索索引")

    def __str__(self) -> str:
        return self.register


class SearchCursor(models.Model):
    """One row: every change up to the id ``change`` is in the index."""

    change = models.BigIntegerField(_("已处理的变更"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("搜索进度")

    def __str__(self) -> str:
        return str(self.change)
