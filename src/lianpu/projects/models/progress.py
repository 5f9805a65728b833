"""How a project goes: its year on the list, its months, revisions of its total, its problems, where it stands now."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lianpu.projects.models.ledger import Project, money


class ListClass(models.TextChoices):
    """How a project stands on the list of one year."""

    NEW_START = "new_start", _("新开工")
    CONTINUING = "continuing", _("续建")
    RESERVE = "reserve", _("预备")


class Light(models.TextChoices):
    """Computed by the rules of :mod:`lianpu.analysis.lights`."""

    RED = "red", _("红灯")
    YELLOW = "yellow", _("黄灯")
    GREEN = "green", _("绿灯")
    NONE = "none", _("不亮灯")


class ProjectYear(models.Model):
    """A project on the list of one year: its class, this year's plan, and what was invested before."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="years", verbose_name=_("项目"))
    year = models.PositiveSmallIntegerField(_("年度"))
    list_class = models.CharField(_("列入类别"), max_length=10, choices=ListClass)
    plan_10k_cny = money(_("本年计划投资"), null=True, blank=True)
    invested_before_10k_cny = money(_("截至上年底累计完成投资"), default=0)
    goal = models.TextField(_("年度目标"), blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("年度列表")
        ordering = ("-year", "project")
        constraints = [
            models.UniqueConstraint(fields=["project", "year"], name="project_year_once"),
            models.CheckConstraint(condition=Q(invested_before_10k_cny__gte=0), name="project_year_before"),
        ]
        indexes = [models.Index(fields=["year", "list_class"], name="project_year_class")]

    def __str__(self) -> str:
        return f"{self.project} {self.year}"


class MonthlyReport(models.Model):
    """One month of one project. ``done_ytd`` = that of the month before + ``done_month`` + ``adjustment``."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="reports", verbose_name=_("项目"))
    month = models.CharField(_("月份"), max_length=7)
    done_month_10k_cny = money(_("本月完成投资"))
    done_ytd_10k_cny = money(_("本年累计完成投资"))
    # What earlier months had wrong: without it a falling sum would be a riddle.
    adjustment_10k_cny = money(_("核减核增"), default=0)
    physical_progress = models.TextField(_("形象进度"), blank=True)
    lag_reason = models.CharField(_("未达进度原因"), max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("月度进度")
        ordering = ("-month", "project")
        constraints = [
            models.UniqueConstraint(fields=["project", "month"], name="project_month_once"),
            models.CheckConstraint(condition=Q(done_month_10k_cny__gte=0), name="project_month_done"),
            models.CheckConstraint(condition=Q(done_ytd_10k_cny__gte=0), name="project_month_ytd"),
        ]
        indexes = [
            models.Index(fields=["month", "project"], include=["done_month_10k_cny", "done_ytd_10k_cny"], name="month")
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.month}"


class TotalRevision(models.Model):
    """A change of a project's total investment, with its reason."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="revisions", verbose_name=_("项目"))
    on = models.DateField(_("调整时间"))
    before_10k_cny = money(_("原总投资"), null=True, blank=True)
    after_10k_cny = money(_("现总投资"))
    why = models.CharField(_("调整原因"), max_length=300)
    document = models.CharField(_("依据文号"), max_length=80, blank=True)
    by = models.CharField(_("经办人"), max_length=150, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("总投资调整")
        ordering = ("-on", "-pk")

    def __str__(self) -> str:
        return f"{self.project} {self.on}"


class Problem(models.Model):
    """What stands in a project's way: who answers for it, until when, at which level, until it is closed out."""

    class Level(models.TextChoices):
        COUNTY = "county", _("县区级")
        CITY = "city", _("市级")
        PROVINCE = "province", _("省级")

    class State(models.TextChoices):
        OPEN = "open", _("待办")
        HANDLING = "handling", _("办理中")
        CLOSED = "closed", _("已销号")

    project = models.ForeignKey(Project, models.CASCADE, related_name="problems", verbose_name=_("项目"))
    title = models.CharField(_("存在问题"), max_length=200)
    kind = models.CharField(
        _("问题类别"),
        max_length=10,
        choices=[
            ("land", _("用地问题")),
            ("funds", _("资金问题")),
            ("permit", _("手续问题")),
            ("utility", _("水电气路")),
            ("labour", _("用工问题")),
            ("market", _("市场问题")),
            ("other", _("其他问题")),
        ],
        default="other",
    )
    request = models.TextField(_("需协调事项"), blank=True)
    level = models.CharField(_("协调层级"), max_length=10, choices=Level, default=Level.COUNTY)
    state = models.CharField(_("问题状态"), max_length=10, choices=State, default=State.OPEN)
    owner = models.CharField(_("责任单位"), max_length=100, blank=True)
    owner_person = models.CharField(_("责任人"), max_length=60, blank=True)
    raised_on = models.DateField(_("提出时间"))
    due = models.DateField(_("办结期限"), null=True, blank=True)
    escalated_on = models.DateField(_("上提时间"), null=True, blank=True)
    resolution = models.TextField(_("办理结果"), blank=True)
    closed_on = models.DateField(_("销号时间"), null=True, blank=True)
    closed_by = models.CharField(_("销号人"), max_length=150, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("项目问题")
        ordering = ("due", "pk")
        constraints = [models.UniqueConstraint(fields=["project", "title"], name="project_problem_once")]
        indexes = [models.Index(fields=["state", "due"], name="project_problem_due")]

    def __str__(self) -> str:
        return self.title


class ProjectStanding(models.Model):
    """Where a project stands at the latest month: figures and light, computed anew whenever a fact changes."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="standing", verbose_name=_("项目"))
    month = models.CharField(_("截至月份"), max_length=7)
    reported_month = models.CharField(_("最近填报月份"), max_length=7, blank=True)
    list_class = models.CharField(_("列入类别"), max_length=10, choices=ListClass, blank=True)
    plan_10k_cny = money(_("本年计划投资"), null=True, blank=True)
    done_month_10k_cny = money(_("本月完成投资"), null=True, blank=True)
    done_ytd_10k_cny = money(_("本年累计完成投资"), null=True, blank=True)
    done_total_10k_cny = money(_("自开工累计完成投资"), null=True, blank=True)
    completion_pct = models.DecimalField(_("年度计划完成率"), max_digits=9, decimal_places=1, null=True, blank=True)
    lead_points = models.DecimalField(_("超欠序时进度"), max_digits=9, decimal_places=1, null=True, blank=True)
    light = models.CharField(_("亮灯"), max_length=6, choices=Light, default=Light.NONE)
    since = models.CharField(_("亮灯始于"), max_length=7, blank=True)
    # One a rule that applies: name, light, and the figures that made it.
    grounds = models.JSONField(_("亮灯依据"), default=list, blank=True)
    why = models.CharField(_("亮灯原因"), max_length=300, blank=True)
    rules = models.CharField(_("规则指纹"), max_length=12, blank=True)
    as_of_change = models.BigIntegerField(_("所据变更"), default=0)  # the last change record that it knows of

    class Meta:
        verbose_name = verbose_name_plural = _("项目现状")
        ordering = ("project",)
        indexes = [models.Index(fields=["light"], name="project_standing_light")]

    def __str__(self) -> str:
        return f"{self.project} {self.get_light_display()}"


class InvestmentGrowth(models.Model):
    """Growth of investment as the statistics office published it, year to date on a comparable basis.

    Never computed from levels: the quotient of two published levels is another number.
    """

    class Branch(models.TextChoices):
        ALL = "all", _("工业")
        MANUFACTURING = "manufacturing", _("制造业")
        MINING = "mining", _("采矿业")
        UTILITIES = "utilities", _("电力热力燃气水")
        RENEWAL = "renewal", _("工业技改")

    place = models.ForeignKey("places.Place", models.PROTECT, related_name="+", verbose_name=_("地区"))
    month = models.CharField(_("截至月份"), max_length=7)
    branch = models.CharField(_("行业"), max_length=14, choices=Branch, default=Branch.ALL)
    growth_pct = models.DecimalField(_("累计增速"), max_digits=7, decimal_places=2)
    rank = models.PositiveSmallIntegerField(_("位次"), null=True, blank=True)
    source = models.CharField(_("出处"), max_length=120, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("投资增速")
        ordering = ("-month", "place", "branch")
        constraints = [models.UniqueConstraint(fields=["place", "month", "branch"], name="project_growth_once")]

    def __str__(self) -> str:
        return f"{self.place} {self.month} {self.get_branch_display()}"
