"""The registers of investment promotion: leads, talks, funds arrived, targets of the year."""

from collections.abc import Mapping, Sequence

from lianpu.chains.queries import in_chain, in_segment, match_chains, match_segments
from lianpu.places.queries import inside, match_places
from lianpu.projects.queries import match_projects
from lianpu.promotion.deriving import derive_funds, derive_leads
from lianpu.promotion.identity import lead_key, match_leads, propose_leads
from lianpu.promotion.models import FundsArrival, Lead, LeadTalk, PromotionTarget, Stage
from lianpu.register import kinds
from lianpu.register.declare import Column, Register, Scope, registered
from lianpu.register.importing import PlannedRow
from lianpu.register.language import declared
from lianpu.register.matching import Proposal

AREA = "行动"
OF_LEAD = Scope(place="lead__place__path", zone="lead__zone__path", chain="lead__chain__code")
NEVER_BY_LIKENESS = 1.01  # which lead a changed name means is told by a person


def lead_columns() -> tuple[Column, ...]:
    """The lead by number, with its name beside it, its unit and its place to filter by."""
    return (
        Column(
            "lead",
            label="招商编号",
            value="lead__code",
            match=match_leads,
            propose=propose_leads,
            automatic=NEVER_BY_LIKENESS,
            required=True,
            aliases=["招商项目", "项目名称", "项目", "招商项目名称"],
            search="A",
        ),
        Column("lead_name", label="招商项目名", value="lead__name", editable=False, search="A"),
        Column("lead_unit", label="责任单位", value="lead__unit", editable=False),
        Column(
            "lead_place",
            label="落地县区",
            value="lead__place__full_name",
            editable=False,
            shown=False,
            filter_with=inside("lead__place", "lead__zone"),
        ),
    )


@registered
class LeadRegister(Register):
    model = Lead
    slug = "leads"
    key = ("code",)
    scope = Scope(place="place__path", zone="zone__path", chain="chain__code")
    ordering = ("code",)
    area = AREA
    icon = "target-arrow"
    note = "从线索到达效，一个招商项目一行；阶段由各阶段时间得出，时间只能向前。"
    columns = (
        Column("name", required=True, search="A", aliases=["项目名称", "招商项目名称", "项目", "拟招引项目"]),
        Column("code", filled=True, search="A", help="空着由系统编号", aliases=["项目编号"]),
        Column(
            "counterpart",
            search="B",
            aliases=["投资商", "投资商名称", "投资方名称", "投资企业", "合作企业", "客商", "投资主体", "对接企业"],
        ),
        Column("counterpart_uscc", shown=False, search="A", aliases=["统一社会信用代码", "信用代码"]),
        Column("contact", label="投资方及联系人电话", source_only=True, aliases=["投资方联系方式", "客商联系人"]),
        Column("contact_person", shown=False, aliases=["客商姓名"]),
        Column("contact_phone", shown=False),
        Column("origin", aliases=["资金来源", "内外资"]),
        Column("origin_place", shown=False, aliases=["来源地", "投资方所在地", "客商来源"]),
        Column(
            "place",
            value="place__full_name",
            match=match_places,
            filter_with=inside(),
            aliases=["县区", "县（区）", "所属县区", "落地地区", "项目落地县区"],
        ),
        Column(
            "zone",
            value="zone__name",
            match=match_places,
            filter_with=inside("zone", ""),
            shown=False,
            aliases=["园区", "开发区", "承接园区"],
        ),
        Column("chain", value="chain__name", match=match_chains, filter_with=in_chain("chain"), aliases=["产业链"]),
        Column(
            "segment",
            value="segment__code",
            match=match_segments,
            filter_with=in_segment("segment"),
            shown=False,
            aliases=["环节", "所属环节"],
        ),
        Column("segment_name", label="环节名称", value="segment__name", editable=False, shown=False),
        Column(
            "gap_place",
            value="gap_place__full_name",
            match=match_places,
            filter_with=inside("gap_place", ""),
            shown=False,
        ),
        Column("gap_kind", shown=False, help="此招商项目补、延、强的是哪一环节"),
        Column("field", aliases=["产业领域", "行业领域", "所属领域"]),
        Column("content", shown=False, search="C", aliases=["项目内容", "建设内容", "建设内容及规模", "主要建设内容"]),
        Column(
            "intended_10k_cny",
            unit="万元",
            total=True,
            aliases=["总投资", "计划总投资", "投资额", "预计投资额", "意向投资额"],
        ),
        Column("signed_10k_cny", unit="万元", total=True, aliases=["签约金额", "签约资金", "合同金额", "协议投资额"]),
        Column(
            "duty", label="责任单位及联系人电话", source_only=True, aliases=["责任单位联系方式", "单位联系人及电话"]
        ),
        Column("unit", search="B", aliases=["招商单位", "牵头单位", "包抓单位"]),
        Column("person", shown=False, aliases=["招商责任人", "包抓责任人"]),
        Column("phone", shown=False),
        Column("stage", editable=False),
        Column(
            "stage_said",
            label="进展阶段",
            source_only=True,
            kind=kinds.Choice(labels={str(value): declared(label) for value, label in Stage.choices}),
            aliases=["项目进展阶段", "当前阶段", "阶段"],
        ),
        Column("stage_on", label="进展时间", source_only=True, kind=kinds.Date()),
        Column("found_on", filled=True, shown=False, aliases=["谋划时间", "入库时间", "对接开始时间"]),
        Column("talked_on", shown=False, aliases=["对接时间", "对接洽谈时间"]),
        Column("intended_on", shown=False),
        Column("signed_on", aliases=["签约日期", "签订时间"]),
        Column("registered_on", shown=False, aliases=["注册日期", "公司注册时间"]),
        Column("land_on", shown=False, aliases=["供地时间"]),
        Column("started_on", shown=False, aliases=["开工日期", "开工建设时间"]),
        Column("arrived_on", shown=False),
        Column("producing_on", shown=False, aliases=["投产日期", "建成投产时间"]),
        Column("full_output_on", shown=False, aliases=["达产达效时间"]),
        Column("withdrawn_on", shown=False),
        Column("withdrawn_why", shown=False),
        Column("project", label="转化项目", value="project__code", match=match_projects, shown=False),
        Column("is_sample", shown=False),
    )

    def derive(self, rows: Sequence[PlannedRow]) -> None:
        derive_leads(rows)

    def look_alikes(self, rows: Sequence[PlannedRow]) -> Mapping[int, Proposal]:
        """New rows whose name is that of a stored lead with another counterpart."""
        keys = {str(row.values.get("name_key")) for row in rows}
        same = {
            key: Proposal(pk, f"{name}（{counterpart}）", 1.0, "名称相同而投资方不同")
            for key, pk, name, counterpart in Lead.objects.filter(name_key__in=keys).values_list(
                "name_key", "pk", "name", "counterpart"
            )
        }
        return {row.line: same[key] for row in rows if (key := lead_key(row.values.get("name"))) in same}


@registered
class LeadTalkRegister(Register):
    model = LeadTalk
    slug = "lead-talks"
    key = ("lead", "on", "subject")
    scope = OF_LEAD
    ordering = ("-on", "-pk")
    area = AREA
    icon = "messages"
    note = "每一次走访、洽谈与来函：谈了什么，下一步做什么。"
    columns = (
        *lead_columns(),
        Column("on", required=True, aliases=["日期", "时间", "对接日期"]),
        Column("subject", required=True, search="A", aliases=["事项", "对接事项"]),
        Column("outcome", search="C", aliases=["结果", "进展情况", "对接情况"]),
        Column("by", search="B", aliases=["对接人"]),
    )


@registered
class FundsArrivalRegister(Register):
    model = FundsArrival
    slug = "funds-arrivals"
    key = ("lead", "month", "origin")
    scope = OF_LEAD
    ordering = ("-month", "lead__code", "origin")
    area = AREA
    icon = "cash"
    note = "每月真正到位的资金；省外、境外的计入到位资金，省内的只作记录。"
    columns = (
        *lead_columns(),
        Column("month", kind=kinds.Month(), required=True, aliases=["月份", "年月", "填报月份"]),
        Column("origin", filled=True, aliases=["资金来源", "内外资", "来源"]),
        Column(
            "amount_10k_cny",
            unit="万元",
            total=True,
            required=True,
            aliases=["到位资金", "当月到位资金", "本月到位", "到位额", "实际到位资金"],
        ),
        Column("note", shown=False, aliases=["备注"]),
    )

    def derive(self, rows: Sequence[PlannedRow]) -> None:
        derive_funds(rows)


@registered
class PromotionTargetRegister(Register):
    model = PromotionTarget
    slug = "promotion-targets"
    key = ("year", "unit")
    ordering = ("-year", "unit")
    area = AREA
    icon = "flag-3"
    note = "市里下达各责任单位一年的招商目标；到位资金按序时进度对照，其余按得分办法计分。"
    columns = (
        Column("year", required=True, aliases=["年份"]),
        Column("unit", required=True, search="A", aliases=["单位", "县区", "县区（园区）"]),
        Column("arrived_10k_cny", unit="万元", total=True, aliases=["到位资金", "到位资金任务"]),
        Column("abroad_10k_cny", unit="万元", total=True, aliases=["外资目标", "利用外资目标"]),
        Column("signed_count", total=True, aliases=["签约项目数", "签约个数"]),
        Column("signed_10k_cny", unit="万元", total=True, aliases=["签约额", "签约金额目标"]),
        Column("is_sample", shown=False),
    )
