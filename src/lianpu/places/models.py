"""Places: provinces, cities, districts and functional zones."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Place(models.Model):
    """An administrative division (GB/T 2260) or a functional zone, which overlaps districts."""

    class Kind(models.TextChoices):
        NATION = "nation", _("国家")
        PROVINCE = "province", _("省级")
        CITY = "city", _("地市级")
        DISTRICT = "district", _("县区级")
        ZONE = "zone", _("功能区")

    code = models.CharField(_("代码"), max_length=12, unique=True)
    name = models.CharField(_("名称"), max_length=60)
    short_name = models.CharField(_("简称"), max_length=30, blank=True)
    full_name = models.CharField(_("全称"), max_length=120, unique=True)
    kind = models.CharField(_("级别"), max_length=10, choices=Kind)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级")
    )
    # "/100000/620000/620100/": one prefix filter reaches everything inside a place.
    path = models.CharField(_("路径"), max_length=120, unique=True)
    longitude = models.FloatField(_("经度"), null=True, blank=True)
    latitude = models.FloatField(_("纬度"), null=True, blank=True)
    overlaps = models.JSONField(_("所跨县区"), default=list, blank=True)
    note = models.CharField(_("说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("地区")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name
