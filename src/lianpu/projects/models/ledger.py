"""The project itself, its task force, the segments it stands on and the findings it answers."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from lianpu.register.models import Extensible


def money(label: Any, **options: Any) -> "models.DecimalField[Any, Any]":
    """A column of 万元 that both databases keep to the yuan."""
    return models.DecimalField(label, max_digits=15, decimal_places=4, **options)


class Stage(models.TextChoices):
    """From idea to design output, in the order of a project's life."""

    CONCEIVED = "conceived", _("谋划")
    RESERVE = "reserve", _("储备")
    PREPARATORY = "preparatory", _("前期")
    STARTED = "started", _("开工")
    BUILDING = "building", _("在建")
    COMPLETED = "completed", _("竣工")
    IN_PRODUCTION = "in_production", _("投产")
    DESIGN_OUTPUT = "design_output", _("达产")
    SUSPENDED = "suspended", _("停建")
    CANCELLED = "cancelled", _("取消")


class Nature(models.TextChoices):
    """Construction nature as statistics know it."""

    NEW = "new", _("新建")
    EXTENSION = "extension", _("扩建")
    RENEWAL = "renewal", _("改建和技术改造")
    LIVING = "living", _("单纯建造生活设施")
    RELOCATION = "relocation", _("迁建")
    RESTORATION = "restoration", _("恢复")
    PURCHASE = "purchase", _("单纯购置")


class Tier(models.TextChoices):
    """On whose list of key projects it stands."""

    PROVINCE = "province", _("省列")
    CITY = "city", _("市列")
    COUNTY = "county", _("县区列")


class ReportsBy(models.TextChoices):
    """Who fills in the project's month."""

    PLACE = "place", _("县区")
    ZONE = "zone", _("园区")
    FIRM = "firm", _("企业")


UPGRADES = {"high_end": "高端化", "smart": "智能化", "green": "绿色化"}


class TaskForce(models.Model):
    """A professional team that pushes projects: who leads it, which office works for it, who belongs to it."""

    name = models.CharField(_("专班名称"), max_length=80, unique=True)
    leader = models.CharField(_("组长"), max_length=40, blank=True)
    lead_unit = models.CharField(_("牵头单位"), max_length=80, blank=True)
    members = models.JSONField(_("成员"), default=list, blank=True)
    duties = models.TextField(_("职责"), blank=True)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("工作专班")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Project(Extensible):
    """A project of the ledger. Its owner is kept as reported, and linked once such a firm is on the register."""

    code = models.CharField(_("台账编号"), max_length=40, unique=True)
    national_code = models.CharField(_("项目代码"), max_length=30, blank=True, db_index=True)
    name = models.CharField(_("项目名称"), max_length=200)
    name_key = models.CharField(_("名称检索键"), max_length=200, db_index=True, editable=False)
    former_names = models.JSONField(_("曾用名"), default=list, blank=True)
    owner_name = models.CharField(_("建设单位"), max_length=200, blank=True)
    owner_uscc = models.CharField(_("建设单位信用代码"), max_length=18, blank=True)
    owner = models.ForeignKey(
        "enterprises.Enterprise",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
        verbose_name=_("在册企业"),
    )
    nature = models.CharField(_("建设性质"), max_length=12, choices=Nature, blank=True)
    field = models.CharField(_("领域"), max_length=40, blank=True)
    place = models.ForeignKey(
        "places.Place", models.PROTECT, null=True, blank=True, related_name="projects", verbose_name=_("所在地")
    )
    zone = models.ForeignKey(
        "places.Place", models.PROTECT, null=True, blank=True, related_name="zone_projects", verbose_name=_("功能区")
    )
    address = models.CharField(_("建设地点"), max_length=300, blank=True)
    longitude = models.FloatField(_("经度"), null=True, blank=True)
    latitude = models.FloatField(_("纬度"), null=True, blank=True)
    chain = models.ForeignKey(
        "chains.Chain", models.PROTECT, null=True, blank=True, related_name="projects", verbose_name=_("所属产业链")
    )
    segment = models.ForeignKey(
        "chains.Segment", models.PROTECT, null=True, blank=True, related_name="projects", verbose_name=_("主要环节")
    )
    scope = models.TextField(_("建设内容及规模"), blank=True)
    start_year = models.PositiveSmallIntegerField(_("建设起年"), null=True, blank=True)
    end_year = models.PositiveSmallIntegerField(_("建设止年"), null=True, blank=True)
    total_10k_cny = money(_("总投资"), null=True, blank=True)
    stage = models.CharField(_("阶段"), max_length=14, choices=Stage, default=Stage.RESERVE)
    tier = models.CharField(_("层级"), max_length=10, choices=Tier, blank=True)
    high_end = models.BooleanField(_("高端化"), default=False)
    smart = models.BooleanField(_("智能化"), default=False)
    green = models.BooleanField(_("绿色化"), default=False)
    plan_start = models.DateField(_("计划开工"), null=True, blank=True)
    actual_start = models.DateField(_("实际开工"), null=True, blank=True)
    plan_finish = models.DateField(_("计划竣工"), null=True, blank=True)
    actual_finish = models.DateField(_("实际竣工"), null=True, blank=True)
    production_on = models.DateField(_("投产时间"), null=True, blank=True)
    in_stat_lib = models.BooleanField(_("已入库纳统"), default=False)
    stat_on = models.DateField(_("入库时间"), null=True, blank=True)
    leader = models.CharField(_("包抓领导"), max_length=40, blank=True, db_index=True)
    duty_unit = models.CharField(_("责任单位"), max_length=100, blank=True)
    duty_person = models.CharField(_("责任人"), max_length=60, blank=True)
    duty_phone = models.CharField(_("联系电话"), max_length=40, blank=True)
    task_force = models.ForeignKey(
        TaskForce, models.PROTECT, null=True, blank=True, related_name="projects", verbose_name=_("工作专班")
    )
    reports_by = models.CharField(_("填报主体"), max_length=6, choices=ReportsBy, default=ReportsBy.PLACE)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("项目台账")
        ordering = ("code",)
        indexes = [models.Index(fields=["stage"], name="project_stage")]

    def __str__(self) -> str:
        return self.name


class ProjectSegment(models.Model):
    """A further segment of a chain on which a project stands, beside its main one."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="segments", verbose_name=_("项目"))
    segment = models.ForeignKey("chains.Segment", models.PROTECT, related_name="+", verbose_name=_("环节"))
    note = models.CharField(_("说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("项目涉及环节")
        ordering = ("project", "pk")
        constraints = [models.UniqueConstraint(fields=["project", "segment"], name="project_segment_once")]

    def __str__(self) -> str:
        return f"{self.project} · {self.segment}"


class ProjectAnswer(models.Model):
    """The finding that a project answers, named by what survives new diagnoses: segment, place and kind."""

    class Kind(models.TextChoices):
        FILL = "fill", _("补链")
        EXTEND = "extend", _("延链")
        STRENGTHEN = "strengthen", _("强链")

    project = models.ForeignKey(Project, models.CASCADE, related_name="answers", verbose_name=_("项目"))
    segment = models.ForeignKey(
        "chains.Segment", models.PROTECT, related_name="project_answers", verbose_name=_("环节")
    )
    place = models.ForeignKey("places.Place", models.PROTECT, related_name="+", verbose_name=_("诊断地区"))
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    note = models.CharField(_("说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("项目回应的结论")
        ordering = ("project", "pk")
        constraints = [
            models.UniqueConstraint(fields=["project", "segment", "place", "kind"], name="project_answer_once")
        ]
        indexes = [models.Index(fields=["place", "segment", "kind"], name="project_answer_finding")]

    def __str__(self) -> str:
        return f"{self.project}：{self.get_kind_display()} {self.segment}"
