"""What the city has published of itself, to be held against what the registers compute."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PublishedFigure(models.Model):
    """One figure of a published report. ``figure`` is the id under which a context computes it, or one that nobody computes."""

    figure = models.CharField(_("指标编号"), max_length=60)
    year = models.PositiveSmallIntegerField(_("年度"))
    name = models.CharField(_("指标"), max_length=120)
    value = models.DecimalField(_("公布数"), max_digits=18, decimal_places=4)
    unit = models.CharField(_("单位"), max_length=20)
    period = models.CharField(_("公布口径"), max_length=40, blank=True)
    source = models.CharField(_("出处"), max_length=200, blank=True)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("公布指标")
        ordering = ("-year", "pk")
        constraints = [models.UniqueConstraint(fields=["figure", "year"], name="monitoring_published_once")]

    def __str__(self) -> str:
        return f"{self.year} {self.name}"
