"""Investment promotion: leads with the dates of their stages, talks, funds arrived by month, and the year's targets.

Amounts are in 万元 with four decimals, so that every yuan is kept. What a lead answers on a chain map is told by segment,
place and kind, as a finding is, so that it outlives the diagnosis that first said so.
"""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lianpu.register.models import Extensible


def money(label: Any, **options: Any) -> "models.DecimalField[Any, Any]":
    """A column of 万元 that both databases keep to the yuan."""
    return models.DecimalField(label, max_digits=15, decimal_places=4, **options)


class Stage(models.TextChoices):
    """The funnel, in the order in which a lead goes through it."""

    LEAD = "lead", _("线索")
    TALK = "talk", _("洽谈")
    INTENT = "intent", _("意向")
    SIGNED = "signed", _("签约")
    REGISTERED = "registered", _("注册")
    STARTED = "started", _("开工")
    ARRIVED = "arrived", _("到位")
    PRODUCING = "producing", _("投产")
    FULL_OUTPUT = "full_output", _("达效")


class Origin(models.TextChoices):
    """Where money comes from. In Gansu only that of other provinces and from abroad counts as funds arrived."""

    PROVINCES = "provinces", _("省外")
    ABROAD = "abroad", _("境外")
    LOCAL = "local", _("省内")


COUNTED = (Origin.PROVINCES, Origin.ABROAD)


class Lead(Extensible):
    """A project that the city wants to win, from the first word of it until it runs at full output, or is given up."""

    class GapKind(models.TextChoices):
        FILL = "fill", _("补链")
        EXTEND = "extend", _("延链")
        STRENGTHEN = "strengthen", _("强链")

    code = models.CharField(_("招商编号"), max_length=40, unique=True)
    name = models.CharField(_("招商项目"), max_length=200)
    name_key = models.CharField(_("名称检索键"), max_length=200, db_index=True, editable=False)
    counterpart = models.CharField(_("投资方"), max_length=200, blank=True)
    counterpart_uscc = models.CharField(_("投资方信用代码"), max_length=18, blank=True)
    origin = models.CharField(_("资金来源地"), max_length=10, choices=Origin, blank=True)
    origin_place = models.CharField(_("来源省份或国家"), max_length=60, blank=True)
    contact_person = models.CharField(_("投资方联系人"), max_length=60, blank=True)
    contact_phone = models.CharField(_("投资方电话"), max_length=40, blank=True)
    place = models.ForeignKey(
        "places.Place", models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("落地县区")
    )
    zone = models.ForeignKey(
        "places.Place", models.PROTECT, null=True, blank=True, related_name="zone_leads", verbose_name=_("落地园区")
    )
    chain = models.ForeignKey(
        "chains.Chain", models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("所属产业链")
    )
    segment = models.ForeignKey(
        "chains.Segment", models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("所在环节")
    )
    gap_place = models.ForeignKey(
        "places.Place", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("回应哪里的结论")
    )
    gap_kind = models.CharField(_("回应的结论"), max_length=10, choices=GapKind, blank=True)
    field = models.CharField(_("领域"), max_length=40, blank=True)
    content = models.TextField(_("合作内容"), blank=True)
    intended_10k_cny = money(_("拟投资额"), null=True, blank=True)
    signed_10k_cny = money(_("签约额"), null=True, blank=True)
    unit = models.CharField(_("责任单位"), max_length=100, blank=True, db_index=True)
    person = models.CharField(_("责任人"), max_length=60, blank=True)
    phone = models.CharField(_("责任人电话"), max_length=40, blank=True)
    stage = models.CharField(_("招商阶段"), max_length=12, choices=Stage, default=Stage.LEAD)
    found_on = models.DateField(_("线索时间"))
    talked_on = models.DateField(_("洽谈时间"), null=True, blank=True)
    intended_on = models.DateField(_("意向时间"), null=True, blank=True)
    signed_on = models.DateField(_("签约时间"), null=True, blank=True)
    registered_on = models.DateField(_("注册时间"), null=True, blank=True)
    land_on = models.DateField(_("用地或租赁落实时间"), null=True, blank=True)
    started_on = models.DateField(_("开工时间"), null=True, blank=True)
    arrived_on = models.DateField(_("首笔资金到位时间"), null=True, blank=True)
    producing_on = models.DateField(_("投产时间"), null=True, blank=True)
    full_output_on = models.DateField(_("达效时间"), null=True, blank=True)
    withdrawn_on = models.DateField(_("撤回时间"), null=True, blank=True)
    withdrawn_why = models.CharField(_("撤回原因"), max_length=200, blank=True)
    project = models.ForeignKey(
        "projects.Project", models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("转化项目")
    )
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("招商项目")
        ordering = ("code",)
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_on__isnull=True) | ~Q(withdrawn_why=""), name="promotion_withdrawn_why"
            ),
        ]
        indexes = [
            models.Index(fields=["segment", "gap_place", "gap_kind"], name="promotion_lead_gap"),
            models.Index(fields=["signed_on"], name="promotion_lead_signed"),
        ]

    def __str__(self) -> str:
        return self.name


class LeadTalk(models.Model):
    """One step of following a lead up: a visit, a call, a letter."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="talks", verbose_name=_("招商项目"))
    on = models.DateField(_("跟进日期"))
    subject = models.CharField(_("跟进事项"), max_length=120)
    outcome = models.TextField(_("结果与下一步"), blank=True)
    by = models.CharField(_("跟进人"), max_length=60, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("招商跟进")
        ordering = ("-on", "-pk")
        constraints = [models.UniqueConstraint(fields=["lead", "on", "subject"], name="promotion_talk_once")]

    def __str__(self) -> str:
        return self.subject


class FundsArrival(models.Model):
    """Money of one origin that really came in one month."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="funds", verbose_name=_("招商项目"))
    month = models.CharField(_("到位月份"), max_length=7)
    origin = models.CharField(_("资金来源地"), max_length=10, choices=Origin)
    amount_10k_cny = money(_("本月到位资金"))
    note = models.CharField(_("说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("到位资金")
        ordering = ("-month", "lead", "origin")
        constraints = [
            models.UniqueConstraint(fields=["lead", "month", "origin"], name="promotion_funds_once"),
            models.CheckConstraint(condition=Q(amount_10k_cny__gte=0), name="promotion_funds_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.lead} {self.month}"


class PromotionTarget(models.Model):
    """What a unit is to bring in within a year."""

    year = models.PositiveSmallIntegerField(_("年度"))
    unit = models.CharField(_("责任单位"), max_length=100)
    arrived_10k_cny = money(_("到位资金目标"), null=True, blank=True)
    abroad_10k_cny = money(_("其中境外资金目标"), null=True, blank=True)
    signed_count = models.PositiveIntegerField(_("签约个数目标"), null=True, blank=True)
    signed_10k_cny = money(_("签约额目标"), null=True, blank=True)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("招商目标")
        ordering = ("-year", "unit")
        constraints = [models.UniqueConstraint(fields=["year", "unit"], name="promotion_target_once")]

    def __str__(self) -> str:
        return f"{self.year} {self.unit}"
