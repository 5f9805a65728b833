"""Chains, their maps, where firms stand on them, and what a diagnosis found."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianpu.register.language import declared


class Stage(models.TextChoices):
    UPSTREAM = "upstream", _("上游")
    MIDSTREAM = "midstream", _("中游")
    DOWNSTREAM = "downstream", _("下游")
    SUPPORT = "support", _("支撑")


class Role(models.TextChoices):
    MAKES = "makes", _("生产")
    TRADES = "trades", _("销售")
    SERVES = "serves", _("服务")
    RESEARCHES = "researches", _("研发")


class State(models.TextChoices):
    MISSING = "missing", _("缺失")
    WEAK = "weak", _("薄弱")
    BALANCED = "balanced", _("均衡")
    STRONG = "strong", _("优势")


class Robustness(models.TextChoices):
    """Whether a finding keeps its side of the first ranks of its chain when one weight is changed a little."""

    ROBUST = "robust", _("稳健")
    FRAGILE = "fragile", _("易变")


class Chain(models.Model):
    """An industrial chain; its map is the tree of segments below it."""

    code = models.CharField(_("代码"), max_length=4, unique=True)
    name = models.CharField(_("名称"), max_length=40, unique=True)
    name_en = models.CharField(_("英文名"), max_length=60, blank=True)
    tier = models.CharField(_("能级"), max_length=10, blank=True)
    summary = models.TextField(_("概述"), blank=True)
    map_version = models.CharField(_("图谱版本"), max_length=16, blank=True)
    order = models.PositiveSmallIntegerField(_("排序"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("产业链")
        ordering = ("order", "code")

    def __str__(self) -> str:
        return self.name


class Segment(models.Model):
    """A node of a chain map: a group (no products) or a leaf that firms fill."""

    code = models.CharField(_("代码"), max_length=12, unique=True)
    name = models.CharField(_("名称"), max_length=60)
    chain = models.ForeignKey(Chain, models.PROTECT, related_name="segments", verbose_name=_("产业链"))
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级环节")
    )
    stage = models.CharField(_("位置"), max_length=10, choices=Stage)
    is_leaf = models.BooleanField(_("末级环节"), default=True)
    is_key = models.BooleanField(_("关键环节"), default=False)
    filled_by = models.CharField(_("由何填充"), max_length=10, choices=Role, default=Role.MAKES)
    gbt4754 = models.JSONField(_("国民经济行业代码"), default=list, blank=True)
    io_sector = models.CharField(_("投入产出部门"), max_length=2, blank=True)
    fed_from = models.CharField(_("外部来源"), max_length=200, blank=True)
    order = models.PositiveSmallIntegerField(_("排序"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("环节")
        ordering = ("chain__order", "order")

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """A product of a segment, with the words by which business scopes name it."""

    segment = models.ForeignKey(Segment, models.PROTECT, related_name="products", verbose_name=_("环节"))
    name = models.CharField(_("名称"), max_length=60)
    aliases = models.JSONField(_("别名"), default=list, blank=True)
    shared_reason = models.CharField(_("共用原因"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("产品")
        ordering = ("segment__order", "pk")
        constraints = [models.UniqueConstraint(fields=["segment", "name"], name="chains_product_once")]

    def __str__(self) -> str:
        return self.name


class SegmentFlow(models.Model):
    """What moves from one segment to another, within a chain or across chains."""

    source = models.ForeignKey(Segment, models.PROTECT, related_name="flows_out", verbose_name=_("来自"))
    target = models.ForeignKey(Segment, models.PROTECT, related_name="flows_in", verbose_name=_("去往"))
    via = models.CharField(_("经由"), max_length=60)
    weight = models.PositiveSmallIntegerField(
        _("重要程度"), choices=[(1, _("有益")), (2, _("重要")), (3, _("不可缺"))], default=2
    )
    note = models.CharField(_("说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("环节流向")
        ordering = ("source__order", "target__order", "pk")
        constraints = [models.UniqueConstraint(fields=["source", "target", "via"], name="chains_flow_once")]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}（{self.via}）"


class Placement(models.Model):
    """A firm on a segment: in what role, how surely, by what evidence, and what people say of it."""

    class Decision(models.TextChoices):
        SUGGESTED = "suggested", _("待核")
        CONFIRMED = "confirmed", _("已确认")
        REJECTED = "rejected", _("已否定")

    enterprise = models.ForeignKey(
        "enterprises.Enterprise", models.CASCADE, related_name="placements", verbose_name=_("企业")
    )
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="placements", verbose_name=_("环节"))
    role = models.CharField(_("角色"), max_length=10, choices=Role)
    rank = models.PositiveSmallIntegerField(_("位次"), default=1)
    confidence = models.FloatField(_("可信度"))
    # What the model said when a person decided; null where it had not proposed the segment, or nobody has decided.
    model_confidence = models.FloatField(_("核定前可信度"), null=True, blank=True)
    evidence = models.JSONField(_("依据"), default=list, blank=True)
    state = models.CharField(_("核定"), max_length=10, choices=Decision, default=Decision.SUGGESTED)
    decided_by = models.CharField(_("核定人"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("核定时间"), null=True, blank=True)
    model_version = models.CharField(_("模型版本"), max_length=16, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("挂链")
        ordering = ("-confidence", "pk")
        constraints = [models.UniqueConstraint(fields=["enterprise", "segment"], name="chains_placement_once")]
        indexes = [
            models.Index(fields=["segment", "role", "-confidence"], name="chains_placement_segment"),
            # All that the review desk orders by, so that it need not read the rows themselves.
            models.Index(
                fields=["state", "segment", "role", "confidence", "enterprise"], name="chains_placement_review"
            ),
            models.Index(fields=["decided_at"], name="chains_placement_decided"),
        ]

    def __str__(self) -> str:
        return f"{self.enterprise} · {self.segment}"


class OutsideFirm(models.Model):
    """A person's answer that a firm stands on none of our segments: the model proposes none for it again."""

    enterprise = models.OneToOneField(
        "enterprises.Enterprise", models.CASCADE, related_name="outside", verbose_name=_("企业")
    )
    decided_by = models.CharField(_("核定人"), max_length=150)
    decided_at = models.DateTimeField(_("核定时间"))
    why = models.CharField(_("理由"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("链外企业")
        ordering = ("-decided_at", "pk")

    def __str__(self) -> str:
        return str(self.enterprise)


class PlacementModel(models.Model):
    """A placer that was trained on people's decisions; its file, labels and changes lie in ``LIANPU_HOME/models``."""

    class State(models.TextChoices):
        IN_USE = "in_use", _("在用")
        KEPT = "kept", _("备用")
        REFUSED = "refused", _("未通过")

    model_version = models.CharField(_("模型版本"), max_length=16, unique=True)
    file = models.CharField(_("文件"), max_length=80)
    state = models.CharField(_("状态"), max_length=10, choices=State)
    trained_at = models.DateTimeField(_("训练时间"))
    trained_by = models.CharField(_("训练人"), max_length=150)
    firms = models.PositiveIntegerField(_("所学企业数"))
    labels = models.PositiveIntegerField(_("已确认挂链数"))
    outside = models.PositiveIntegerField(_("链外企业数"))
    accuracy = models.FloatField(_("准确率"))
    accuracy_used = models.FloatField(_("当时在用模型的准确率"))
    # {"new": …, "used": …} as lianpu.analysis.placement.judging.Figures, and "against": version it was compared with
    figures = models.JSONField(_("检验指标"), default=dict)
    changes = models.JSONField(_("启用时的变化"), default=dict)
    maps = models.CharField(_("图谱指纹"), max_length=12)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("挂链模型")
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="in_use"), name="chains_one_model_in_use"
            )
        ]

    def __str__(self) -> str:
        return gettext("模型 %(version)s") % {"version": self.model_version}


class Reference(models.Model):
    """A body of firms kept outside the register and used for comparison (its counts are in the file)."""

    name = models.CharField(_("名称"), max_length=60, unique=True)
    file = models.CharField(_("文件"), max_length=255)
    rows = models.PositiveIntegerField(_("企业数"))
    placed = models.PositiveIntegerField(_("挂链企业数"))
    source_hash = models.CharField(_("来源指纹"), max_length=64)
    model_version = models.CharField(_("模型版本"), max_length=16)
    is_sample = models.BooleanField(_("示例"), default=False)
    # The model of entry taught on its founding years, and how it was checked; or ("why") that there is none.
    entry_version = models.CharField(_("进入概率模型"), max_length=16, blank=True)
    entry_figures = models.JSONField(_("进入概率模型的检验"), default=dict, blank=True)
    loaded_at = models.DateTimeField(_("载入时间"), auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = _("对照库")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ReferenceFirm(models.Model):
    """A firm of a reference that stands on a chain: a row to open a count to, no enterprise of ours."""

    reference = models.ForeignKey(Reference, models.CASCADE, related_name="firms", verbose_name=_("对照库"))
    name = models.CharField(_("企业名称"), max_length=200)
    uscc = models.CharField(_("统一社会信用代码"), max_length=40, blank=True)
    province = models.CharField(_("省份"), max_length=40, blank=True)
    city = models.CharField(_("城市"), max_length=40, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("对照企业")
        ordering = ("pk",)
        indexes = [models.Index(fields=["reference", "province", "city"], name="chains_reference_place")]

    def __str__(self) -> str:
        return self.name


class ReferencePlacement(models.Model):
    """Where a firm of a reference stands, as the file of the reference has it."""

    firm = models.ForeignKey(ReferenceFirm, models.CASCADE, related_name="placements", verbose_name=_("对照企业"))
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="reference_placements", verbose_name=_("环节"))
    role = models.CharField(_("角色"), max_length=10, choices=Role)
    confidence = models.FloatField(_("可信度"))

    class Meta:
        verbose_name = verbose_name_plural = _("对照企业挂链")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.firm} · {self.segment}"


class DiagnosisRun(models.Model):
    """One diagnosis of a place: when, against what, with which rules and versions."""

    place = models.ForeignKey("places.Place", models.PROTECT, related_name="diagnoses", verbose_name=_("地区"))
    reference = models.ForeignKey(Reference, models.PROTECT, null=True, related_name="runs", verbose_name=_("对照库"))
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    by = models.CharField(_("经办人"), max_length=150, blank=True)
    rules = models.JSONField(_("规则"), default=dict)
    versions = models.JSONField(_("版本"), default=dict)
    firms = models.PositiveIntegerField(_("挂链企业数"), default=0)
    # chain code → completeness and counts, each with numerator and denominator
    figures = models.JSONField(_("各链指标"), default=dict)
    is_latest = models.BooleanField(_("最新"), default=True, db_index=True)
    # Made because people decided on firms; only the newest renewal is kept, or the runs would bury the register.
    is_renewal = models.BooleanField(_("随核定更新"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("诊断")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return gettext("诊断第%(number)s号") % {"number": self.pk}


class SegmentState(models.Model):
    """The state of one leaf segment in one run, with the figures that made it."""

    run = models.ForeignKey(DiagnosisRun, models.CASCADE, related_name="states", verbose_name=_("诊断"))
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="states", verbose_name=_("环节"))
    state = models.CharField(_("状态"), max_length=10, choices=State)
    firms = models.PositiveIntegerField(_("企业数"))
    above_scale = models.PositiveIntegerField(_("规上企业数"), null=True)
    other_firms = models.PositiveIntegerField(_("只售不产等企业数"), default=0)
    unsure_firms = models.PositiveIntegerField(_("待核企业数"), default=0)
    expected = models.FloatField(_("期望企业数"), null=True)
    lq = models.FloatField(_("区位商"), null=True)
    lq_low = models.FloatField(_("区位商下限"), null=True)
    lq_high = models.FloatField(_("区位商上限"), null=True)
    hhi = models.FloatField(_("集中度"), null=True)
    sure = models.BooleanField(_("判断可靠"), default=True)
    basis = models.CharField(_("判据"), max_length=200, blank=True)
    # Importance × (1 + score of the best finding): how much a firm that comes or goes here matters to the review desk.
    review_weight = models.FloatField(_("核定权重"), default=1.0)

    class Meta:
        verbose_name = verbose_name_plural = _("环节状态")
        ordering = ("segment__chain__order", "segment__order")
        constraints = [models.UniqueConstraint(fields=["run", "segment"], name="chains_state_once")]

    def __str__(self) -> str:
        return f"{self.segment} {self.get_state_display()}"


class Finding(models.Model):
    """What the diagnosis says should be done at a segment, with score parts and evidence."""

    class Kind(models.TextChoices):
        FILL = "fill", _("补链")
        EXTEND = "extend", _("延链")
        STRENGTHEN = "strengthen", _("强链")

    run = models.ForeignKey(DiagnosisRun, models.CASCADE, related_name="findings", verbose_name=_("诊断"))
    chain = models.ForeignKey(Chain, models.PROTECT, related_name="findings", verbose_name=_("产业链"))
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="findings", verbose_name=_("环节"))
    place = models.ForeignKey("places.Place", models.PROTECT, related_name="findings", verbose_name=_("地区"))
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    state = models.CharField(_("环节状态"), max_length=10, choices=State)
    rank = models.PositiveSmallIntegerField(_("链内位次"))
    score = models.FloatField(_("得分"))
    parts = models.JSONField(_("得分构成"), default=list)
    reasons = models.JSONField(_("理由"), default=list)
    evidence = models.JSONField(_("依据"), default=dict)
    explanation = models.TextField(_("说明"))
    sure = models.BooleanField(_("判断可靠"), default=True)
    # Of lianpu.analysis.diagnosis.sensitivity; blank in diagnoses that were made before it was kept.
    robustness = models.CharField(_("稳健性"), max_length=10, choices=Robustness, blank=True)
    best_rank = models.PositiveSmallIntegerField(_("最好位次"), null=True)
    worst_rank = models.PositiveSmallIntegerField(_("最差位次"), null=True)
    steadiness = models.TextField(_("位次稳健性"), blank=True)
    turns = models.JSONField(_("权重变动时的位次"), default=list)

    class Meta:
        verbose_name = verbose_name_plural = _("诊断结论")
        ordering = ("-run", "chain__order", "rank")
        indexes = [models.Index(fields=["run", "chain", "rank"], name="chains_finding_rank")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}：{self.segment}"

    @property
    def sentence(self) -> str:
        """The explanation without the kind it opens with, for where a badge already says it."""
        return self.explanation.removeprefix(f"{declared(self.Kind(self.kind).label)}：")
