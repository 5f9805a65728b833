"""What a project consists of and needs: milestones, permits, funding, factors, capacity."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lianpu.projects.models.ledger import Project, money


class Milestone(models.Model):
    """A step of a project with its planned and its real day."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="milestones", verbose_name=_("项目"))
    name = models.CharField(_("节点"), max_length=80)
    planned = models.DateField(_("计划完成"), null=True, blank=True)
    actual = models.DateField(_("实际完成"), null=True, blank=True)
    note = models.CharField(_("说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("项目节点")
        ordering = ("project", "planned", "pk")
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="project_milestone_once")]

    def __str__(self) -> str:
        return self.name


class Permit(models.Model):
    """A paper that a project needs before it may be built."""

    class Kind(models.TextChoices):
        FILING = "filing", _("备案或核准")
        LAND = "land", _("用地")
        PLANNING = "planning", _("规划")
        ENVIRONMENT = "environment", _("环评")
        ENERGY = "energy", _("能评")
        CONSTRUCTION = "construction", _("施工许可")
        SAFETY = "safety", _("安评")
        OTHER = "other", _("其他手续")

    class State(models.TextChoices):
        TO_DO = "to_do", _("未办")
        HANDLING = "handling", _("在办")
        DONE = "done", _("已办结")
        NOT_NEEDED = "not_needed", _("无需办理")

    project = models.ForeignKey(Project, models.CASCADE, related_name="permits", verbose_name=_("项目"))
    kind = models.CharField(_("手续"), max_length=12, choices=Kind)
    state = models.CharField(_("办理状态"), max_length=10, choices=State, default=State.TO_DO)
    number = models.CharField(_("文号"), max_length=80, blank=True)
    due = models.DateField(_("计划办结"), null=True, blank=True)
    done_on = models.DateField(_("办结时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("前期手续")
        ordering = ("project", "pk")
        constraints = [models.UniqueConstraint(fields=["project", "kind"], name="project_permit_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_state_display()}"


class Funding(models.Model):
    """Money of one source: how much is planned, how much has arrived, how much is paid out."""

    class Source(models.TextChoices):
        BUDGET = "budget", _("财政资金")
        CENTRAL = "central", _("中央预算内")
        BOND = "bond", _("专项债")
        OWN = "own", _("自筹")
        LOAN = "loan", _("银行贷款")
        OTHER = "other", _("其他资金")

    project = models.ForeignKey(Project, models.CASCADE, related_name="fundings", verbose_name=_("项目"))
    source = models.CharField(_("资金来源"), max_length=10, choices=Source)
    planned_10k_cny = money(_("计划资金"), default=0)
    arrived_10k_cny = money(_("到位资金"), default=0)
    paid_10k_cny = money(_("支付资金"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("资金来源")
        ordering = ("project", "pk")
        constraints = [models.UniqueConstraint(fields=["project", "source"], name="project_funding_once")]

    def __str__(self) -> str:
        return self.get_source_display()


class FactorNeed(models.Model):
    """A factor that a project needs and how much of it is settled; the unit belongs to the kind."""

    class Kind(models.TextChoices):
        LAND = "land_mu", _("用地（亩）")
        ENERGY = "energy_tce", _("用能（吨标准煤）")
        WATER = "water_m3", _("用水（立方米/年）")
        CAPITAL = "capital_10k_cny", _("资金（万元）")
        JOBS = "jobs", _("用工（人）")
        ENVIRONMENT = "environment_t", _("环境容量（吨/年）")

    project = models.ForeignKey(Project, models.CASCADE, related_name="factor_needs", verbose_name=_("项目"))
    kind = models.CharField(_("要素"), max_length=16, choices=Kind)
    needed = models.DecimalField(_("需求量"), max_digits=15, decimal_places=4)
    secured = models.DecimalField(_("已落实"), max_digits=15, decimal_places=4, default=0)
    note = models.CharField(_("说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("要素需求")
        ordering = ("project", "pk")
        constraints = [models.UniqueConstraint(fields=["project", "kind"], name="project_factor_once")]

    def __str__(self) -> str:
        return self.get_kind_display()


class Capacity(models.Model):
    """What a project will make a year."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="capacities", verbose_name=_("项目"))
    product = models.CharField(_("产品"), max_length=80)
    quantity = models.DecimalField(_("产能"), max_digits=15, decimal_places=4)
    unit = models.CharField(_("单位"), max_length=20)
    output_10k_cny = money(_("达产年产值"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("产能")
        ordering = ("project", "pk")
        constraints = [models.UniqueConstraint(fields=["project", "product"], name="project_capacity_once")]

    def __str__(self) -> str:
        return self.product
