"""Enterprises: who they are, what they are called, and their figures."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lianpu.register.models import Extensible


class Enterprise(Extensible):
    """A registered enterprise, recognised by its unified social credit code (USCC)."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("存续")
        SUSPENDED = "suspended", _("停业")
        CANCELLED = "cancelled", _("注销")
        REVOKED = "revoked", _("吊销")

    uscc = models.CharField(_("统一社会信用代码"), max_length=18, unique=True)
    name = models.CharField(_("企业名称"), max_length=200)
    name_key = models.CharField(_("名称检索键"), max_length=200, editable=False)
    place = models.ForeignKey(
        "places.Place",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="enterprises",
        verbose_name=_("所在地"),
    )
    zone = models.ForeignKey(
        "places.Place",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="zone_enterprises",
        verbose_name=_("功能区"),
    )
    address = models.CharField(_("注册地址"), max_length=300, blank=True)
    founded = models.DateField(_("注册日期"), null=True, blank=True)
    kind = models.CharField(_("企业类型"), max_length=120, blank=True)
    industry_code = models.CharField(_("行业代码"), max_length=4, blank=True)
    capital_text = models.CharField(_("注册资金"), max_length=80, blank=True)
    capital_10k_cny = models.DecimalField(_("注册资本"), max_digits=18, decimal_places=4, null=True, blank=True)
    scope = models.TextField(_("经营范围"), blank=True)
    status = models.CharField(_("登记状态"), max_length=12, choices=Status, default=Status.ACTIVE)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("企业")
        ordering = ("pk",)
        # As few as the pages need, for every one slows an import; benchmarks/lists.py shows what each is for.
        indexes = [
            models.Index(fields=["place", "founded"], name="enterprise_place_founded"),
            models.Index(fields=["zone"], name="enterprise_zone", condition=models.Q(zone__isnull=False)),
            models.Index(fields=["name_key"], name="enterprise_name_key"),
            models.Index(fields=["name", "uscc"], include=["id"], name="enterprise_search"),
            models.Index(fields=["founded", "id"], name="enterprise_founded"),
            models.Index(fields=["capital_10k_cny", "id"], name="enterprise_capital"),
        ]

    def __str__(self) -> str:
        return self.name


class EnterpriseName(models.Model):
    """A former or other name under which the firm is known; joins the match index."""

    enterprise = models.ForeignKey(Enterprise, models.CASCADE, related_name="names", verbose_name=_("企业"))
    name = models.CharField(_("名称"), max_length=200)
    name_key = models.CharField(_("名称检索键"), max_length=200, db_index=True, editable=False)
    kind = models.CharField(
        _("类别"), max_length=10, choices=[("former", _("曾用名")), ("short", _("简称")), ("alias", _("别名"))]
    )

    class Meta:
        verbose_name = verbose_name_plural = _("企业名称")
        constraints = [models.UniqueConstraint(fields=["enterprise", "name"], name="enterprise_name_once")]

    def __str__(self) -> str:
        return self.name


class EnterpriseFigure(models.Model):
    """One figure of one firm: indicator, period (2021 or 2021-06) and value in the indicator's unit."""

    class Indicator(models.TextChoices):
        REVENUE = "revenue_10k_cny", _("主营业务收入（万元）")
        OUTPUT = "output_10k_cny", _("工业总产值（万元）")
        TAX = "tax_10k_cny", _("税收（万元）")
        RD = "rd_10k_cny", _("研发费用（万元）")
        STAFF = "staff", _("从业人员（人）")

    enterprise = models.ForeignKey(Enterprise, models.CASCADE, related_name="figures", verbose_name=_("企业"))
    indicator = models.CharField(_("指标"), max_length=24, choices=Indicator)
    period = models.CharField(_("期间"), max_length=7)
    value = models.DecimalField(_("数值"), max_digits=18, decimal_places=4)

    class Meta:
        verbose_name = verbose_name_plural = _("企业指标")
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "indicator", "period"], name="enterprise_figure_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_indicator_display()} {self.period}"


class EnterpriseMerge(models.Model):
    """An enterprise that turned out to be another: its id, code and name lead to that one for ever."""

    old_id = models.BigIntegerField(_("原编号"), unique=True)
    old_uscc = models.CharField(_("原代码"), max_length=18, unique=True)
    old_name = models.CharField(_("原名称"), max_length=200)
    into = models.ForeignKey(Enterprise, models.CASCADE, related_name="merged", verbose_name=_("并入"))
    act = models.BigIntegerField(_("事项"))  # whose change records bring it all back
    by = models.CharField(_("何人"), max_length=150)
    at = models.DateTimeField(_("时间"))
    why = models.TextField(_("为何"), blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("企业合并")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.old_name} → {self.into}"
