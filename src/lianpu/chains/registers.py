"""The registers of chain maps, placements and diagnosis."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q

from lianpu.chains.models import (
    Chain,
    DiagnosisRun,
    Finding,
    OutsideFirm,
    Placement,
    PlacementModel,
    Product,
    Reference,
    ReferenceFirm,
    ReferencePlacement,
    Segment,
    SegmentFlow,
    SegmentState,
)
from lianpu.chains.queries import in_chain, in_segment, match_chains, match_segments
from lianpu.enterprises.queries import match_enterprises
from lianpu.places.queries import inside, match_places
from lianpu.register import kinds
from lianpu.register.declare import Column, Register, Scope, registered


def of_sample(text: str) -> Q:
    """Filter by whether the firm is an invented one."""
    return Q(enterprise__is_sample=kinds.Flag().parse(text))


@registered
class ChainRegister(Register):
    model = Chain
    slug = "chains"
    area = "图谱"
    icon = "topology-star-3"
    note = "十二条产业链；图谱随系统提供，可在页面上修改，历次修改均有记录。"
    columns = (
        Column("code", required=True, search="A"),
        Column("name", required=True, search="A"),
        Column("name_en", search="B", shown=False),
        Column("tier"),
        Column("summary", search="C"),
        Column("map_version", editable=False),
        Column("order", shown=False),
    )


@registered
class SegmentRegister(Register):
    model = Segment
    slug = "segments"
    area = "图谱"
    scope = Scope(chain="chain__code")
    ordering = ("chain__order", "order")
    icon = "sitemap"
    note = "图谱上的环节：分组与末级环节；企业挂在末级环节上。"
    columns = (
        Column("code", required=True, search="A"),
        Column("name", required=True, search="A"),
        Column("chain", value="chain__name", match=match_chains, required=True, filter_with=in_chain("chain")),
        Column("parent", value="parent__code", match=match_segments, filter_with=in_segment("parent")),
        Column("stage", required=True),
        Column("is_leaf"),
        Column("is_key"),
        Column("filled_by"),
        Column("gbt4754", kind=kinds.Words()),
        Column("io_sector"),
        Column("fed_from", shown=False),
        Column("order", shown=False),
    )


@registered
class ProductRegister(Register):
    model = Product
    slug = "products"
    area = "图谱"
    key = ("segment", "name")
    scope = Scope(chain="segment__chain__code")
    ordering = ("segment__chain__order", "segment__order", "pk")
    icon = "package"
    note = "产品及其在经营范围里的各种写法；挂链按这些词认产品。"
    columns = (
        Column("name", required=True, search="A"),
        Column("aliases", kind=kinds.Words()),
        Column(
            "segment", value="segment__code", match=match_segments, required=True, filter_with=in_segment("segment")
        ),
        Column("segment_name", label="环节名称", value="segment__name", editable=False),
        Column(
            "chain",
            label="产业链",
            value="segment__chain__name",
            editable=False,
            filter_with=in_chain("segment__chain"),
        ),
        Column("shared_reason", shown=False),
    )


@registered
class SegmentFlowRegister(Register):
    model = SegmentFlow
    slug = "segment-flows"
    area = "图谱"
    key = ("source", "target", "via")
    scope = Scope(chain="source__chain__code")
    ordering = ("source__chain__order", "source__order", "pk")
    icon = "arrows-right-left"
    note = "环节之间流动的产品或服务，链内与跨链。"
    columns = (
        Column("source", value="source__code", match=match_segments, required=True, filter_with=in_segment("source")),
        Column("source_name", label="来自环节", value="source__name", editable=False, search="A"),
        Column("target", value="target__code", match=match_segments, required=True, filter_with=in_segment("target")),
        Column("target_name", label="去往环节", value="target__name", editable=False, search="A"),
        Column("via", required=True, search="A"),
        Column("weight", required=True),
        Column("points", label="权重", kind=kinds.Integer(), value="weight", editable=False, total=True, shown=False),
        Column("note"),
    )


def _evidence_words(evidence: Iterable[Mapping[str, Any]] | None) -> str:
    return "、".join(dict.fromkeys(str(item.get("text", "")) for item in evidence or []))


class EvidenceKind(kinds.Json):
    """Spans of scope or name on which a placement rests; shown as the words themselves."""

    def show(self, value: Any) -> str:
        return _evidence_words(value)

    def write(self, value: Any) -> Any:
        return _evidence_words(value)


@registered
class PlacementRegister(Register):
    model = Placement
    slug = "placements"
    area = "图谱"
    key = ("enterprise", "segment")
    scope = Scope(
        place="enterprise__place__path",
        zone="enterprise__zone__path",
        chain="segment__chain__code",
        enterprise="enterprise__uscc",
    )
    ordering = ("-confidence", "pk")
    icon = "link"
    imports = False
    note = "企业在哪个环节、做什么、有多大把握、凭什么；经人核定的不再被模型改动。"
    columns = (
        Column("enterprise", value="enterprise__name", match=match_enterprises, search="A"),
        Column("segment", value="segment__name", match=match_segments, search="B", filter_with=in_segment("segment")),
        Column("chain", label="产业链", value="segment__chain__name", filter_with=in_chain("segment__chain")),
        Column("role"),
        Column("confidence", kind=kinds.Number(places=3)),
        Column("state"),
        Column(
            "place",
            label="所在地",
            value="enterprise__place__full_name",
            filter_with=inside("enterprise__place", "enterprise__zone"),
        ),
        Column("evidence", kind=EvidenceKind(name="json")),
        Column(
            "is_sample",
            label="示例",
            kind=kinds.Flag(),
            value="enterprise__is_sample",
            filter_with=of_sample,
            shown=False,
        ),
        Column("model_confidence", kind=kinds.Number(places=3), shown=False),
        Column("decided_by", shown=False),
        Column("decided_at", shown=False),
        Column("model_version", shown=False),
    )

    def outranks(self, row: Placement, other: Placement) -> bool:
        """What a person decided goes before what the model suggested."""
        suggested = Placement.Decision.SUGGESTED
        return row.state != suggested and other.state == suggested


@registered
class OutsideFirmRegister(Register):
    model = OutsideFirm
    slug = "outside-firms"
    area = "图谱"
    key = ("enterprise",)
    scope = Scope(place="enterprise__place__path", zone="enterprise__zone__path", enterprise="enterprise__uscc")
    ordering = ("-decided_at", "pk")
    icon = "link-off"
    imports = False
    note = "经人核定不在任何环节上的企业；模型不再为它们提议，并以它们学习何为“链外”。"
    columns = (
        Column("enterprise", value="enterprise__name", match=match_enterprises, search="A"),
        Column(
            "place",
            label="所在地",
            value="enterprise__place__full_name",
            filter_with=inside("enterprise__place", "enterprise__zone"),
        ),
        Column("decided_by"),
        Column("decided_at"),
        Column("why"),
    )


@registered
class PlacementModelRegister(Register):
    model = PlacementModel
    slug = "placement-models"
    area = "图谱"
    key = ("model_version",)
    ordering = ("-pk",)
    icon = "brain"
    imports = False
    note = "用人的核定训练出的挂链模型：学了多少、检验得怎样、哪个在用。在核定台按“训练模型”得到新模型。"
    columns = (
        Column("model_version", search="A"),
        Column("state"),
        Column("trained_at"),
        Column("trained_by"),
        Column("firms"),
        Column("labels"),
        Column("outside"),
        Column("accuracy", kind=kinds.Number(places=3)),
        Column("accuracy_used", kind=kinds.Number(places=3)),
        Column("is_sample", shown=False),
        Column("maps", shown=False),
        Column("file", shown=False),
        Column("figures", shown=False),
        Column("changes", shown=False),
    )


@registered
class ReferenceRegister(Register):
    model = Reference
    slug = "references"
    area = "图谱"
    key = ("name",)
    icon = "scale"
    imports = False
    note = "用作对照的企业总体（如全国抽样），只存计数与挂链结果，不进企业登记簿。"
    columns = (
        Column("name", search="A"),
        Column("rows", total=True),
        Column("placed"),
        Column("model_version"),
        Column("is_sample"),
        Column("entry_version"),
        Column("entry_figures", shown=False),
        Column("loaded_at"),
    )


@registered
class ReferenceFirmRegister(Register):
    model = ReferenceFirm
    slug = "reference-firms"
    area = "图谱"
    key = ("id",)
    history = False
    imports = False
    icon = "building-community"
    note = "对照库里挂上产业链的企业：与本地比较的每个数都可查到这里；它们不在企业登记簿里。"
    columns = (
        Column("name"),
        Column("uscc", is_code=True),
        Column("province"),
        Column("city"),
        Column("reference", value="reference__name"),
        Column("is_sample", label="示例", kind=kinds.Flag(), value="reference__is_sample", shown=False),
    )

    def badge(self, row: ReferenceFirm) -> str:
        return "示例" if row.reference.is_sample else ""


@registered
class ReferencePlacementRegister(Register):
    model = ReferencePlacement
    slug = "reference-placements"
    area = "图谱"
    key = ("id",)
    history = False
    imports = False
    scope = Scope(chain="segment__chain__code")
    icon = "link"
    note = "对照库里的企业在哪个环节、做什么、有多大把握。"
    columns = (
        Column("firm", value="firm__name"),
        Column("segment", value="segment__name", match=match_segments, filter_with=in_segment("segment")),
        Column("chain", label="产业链", value="segment__chain__name", filter_with=in_chain("segment__chain")),
        Column("role"),
        Column("confidence", kind=kinds.Number(places=3)),
        Column("province", label="省份", value="firm__province"),
        Column("city", label="城市", value="firm__city"),
        Column("reference", label="对照库", value="firm__reference__name", shown=False),
    )


@registered
class DiagnosisRunRegister(Register):
    model = DiagnosisRun
    slug = "diagnosis-runs"
    area = "图谱"
    key = ("id",)
    history = False
    imports = False
    ordering = ("-pk",)
    icon = "stethoscope"
    note = "历次诊断：对哪里、与谁比、用什么规则与版本。"
    columns = (
        Column("place", value="place__full_name", match=match_places, filter_with=inside("place", "")),
        Column("reference", value="reference__name"),
        Column("at"),
        Column("by"),
        Column("firms"),
        Column("is_latest"),
        Column("is_renewal", shown=False),
        Column("rules", shown=False),
        Column("versions", shown=False),
        Column("figures", shown=False),
    )


@registered
class SegmentStateRegister(Register):
    model = SegmentState
    slug = "segment-states"
    area = "图谱"
    key = ("run", "segment")
    history = False
    imports = False
    scope = Scope(chain="segment__chain__code")
    ordering = ("-run", "segment__chain__order", "segment__order")
    icon = "traffic-lights"
    note = "每次诊断中各环节的状态与判据。"
    opening = "f.latest=是"  # earlier diagnoses are there for the asking
    columns = (
        Column("run", value="run__pk"),
        Column("latest", label="最近一次诊断", kind=kinds.Flag(), value="run__is_latest", editable=False, shown=False),
        Column("place", label="地区", value="run__place__full_name", filter_with=inside("run__place", "")),
        Column("chain", label="产业链", value="segment__chain__name", filter_with=in_chain("segment__chain")),
        Column("segment", value="segment__name", search="A", filter_with=in_segment("segment")),
        Column("state"),
        Column("firms", total=True),
        Column("above_scale"),
        Column("other_firms", shown=False),
        Column("unsure_firms", shown=False),
        Column("expected", kind=kinds.Number(places=2)),
        Column("lq", kind=kinds.Number(places=2)),
        Column("lq_low", kind=kinds.Number(places=2), shown=False),
        Column("lq_high", kind=kinds.Number(places=2), shown=False),
        Column("hhi", kind=kinds.Number(places=3)),
        Column("sure"),
        Column("basis", shown=False),
        Column("review_weight", kind=kinds.Number(places=2), shown=False),
    )


@registered
class FindingRegister(Register):
    model = Finding
    slug = "findings"
    area = "图谱"
    key = ("run", "segment", "kind")
    history = False
    imports = False
    scope = Scope(chain="chain__code")
    ordering = ("-run", "chain__order", "rank")
    icon = "bulb"
    note = "延链、补链、强链的结论，按链内位次排列；展开一行，看得分构成、所依据的企业与流向、位次是否稳健、谁在回应。"
    opening = "f.latest=是"
    quick = ("place", "chain", "kind", "robustness", "answer")
    unfolds = True
    columns = (
        Column("run", value="run__pk", shown=False),
        Column("latest", label="最近一次诊断", kind=kinds.Flag(), value="run__is_latest", editable=False, shown=False),
        Column("place", value="place__full_name", filter_with=inside("place", ""), shown=False),
        Column("segment", value="segment__name", search="A", filter_with=in_segment("segment")),
        Column("kind"),
        Column("rank"),
        Column("chain", value="chain__name", filter_with=in_chain("chain")),
        Column("state", shown=False),
        Column("score", kind=kinds.Number(places=3)),
        Column("robustness"),
        Column("sure"),
        Column("explanation", search="B"),
        Column("steadiness"),
        Column("best_rank", shown=False),
        Column("worst_rank", shown=False),
        Column("turns", shown=False),
        Column("parts", shown=False),
        Column("reasons", shown=False),
        Column("evidence", shown=False),
    )

    def badge(self, row: Finding) -> str:
        return "示例" if row.run.versions.get("sample") else ""
