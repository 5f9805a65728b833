"""The registers of enterprises, their names and their figures."""

from collections.abc import Mapping, Sequence

from lianpu.enterprises import matching, services
from lianpu.enterprises.matching import AUTOMATIC, propose_enterprises
from lianpu.enterprises.models import Enterprise, EnterpriseFigure, EnterpriseMerge, EnterpriseName
from lianpu.enterprises.queries import match_enterprises, now_of
from lianpu.places.queries import inside, match_places
from lianpu.register import kinds
from lianpu.register.declare import Column, Register, Scope, registered
from lianpu.register.importing import PlannedRow
from lianpu.register.matching import Proposal


@registered
class EnterpriseRegister(Register):
    model = Enterprise
    slug = "enterprises"
    key = ("uscc",)
    scope = Scope(place="place__path", zone="zone__path", enterprise="uscc")
    ordering = ("pk",)
    icon = "building-factory-2"
    picked_actions = (("合并…", "merge"),)
    note = "按统一社会信用代码认企业；同一企业再次导入时只更新有变化的内容。"
    columns = (
        Column("name", search="A", required=True, aliases=["名称", "单位名称", "企业"]),
        Column(
            "uscc",
            kind=kinds.Text(),  # written with blanks it is longer than the 18 characters that remain
            search="A",
            is_code=True,
            required=True,
            aliases=["信用代码", "统一信用代码", "社会信用代码", "USCC"],
        ),
        Column(
            "place",
            value="place__full_name",
            match=match_places,
            aliases=["所属县区", "县区", "所属地区"],
            filter_with=inside(),
        ),
        Column(
            "zone",
            value="zone__name",
            match=match_places,
            aliases=["园区", "开发区"],
            filter_with=inside("zone", ""),
            shown=False,
        ),
        Column("province", label="所在省份", source_only=True, aliases=["省份", "省"]),
        Column("city", label="地区", source_only=True, aliases=["城市", "市", "地市"]),
        Column("address", search="C", shown=False, aliases=["地址", "住所"]),
        Column("founded", aliases=["成立日期", "登记日期", "reg_date"]),
        Column("kind", shown=False, aliases=["类型", "type"]),
        Column("industry_code", aliases=["行业", "国民经济行业代码"], shown=False),
        Column("capital_text", shown=False, aliases=["capital_raw"]),
        Column("capital_10k_cny", unit="万元", aliases=["注册资本金"], total=True),
        Column("scope", search="C", shown=False, aliases=["业务范围"]),
        Column("status", shown=False, aliases=["经营状态", "状态"]),
        Column("is_sample", shown=False),
    )

    def derive(self, rows: Sequence[PlannedRow]) -> None:
        services.derive(rows)

    def look_alikes(self, rows: Sequence[PlannedRow]) -> Mapping[int, Proposal]:
        return matching.look_alikes(rows)

    def moved_to(self, pk: int) -> int | None:
        return now_of(pk)


@registered
class EnterpriseNameRegister(Register):
    model = EnterpriseName
    slug = "enterprise-names"
    key = ("enterprise", "name")
    scope = Scope(place="enterprise__place__path", zone="enterprise__zone__path", enterprise="enterprise__uscc")
    icon = "abc"
    note = "曾用名、简称与别名；导入时凭它们认出企业。"
    columns = (
        Column("firm", label="企业名称", value="enterprise__name", editable=False, search="A"),
        # Names are not unique, so files that leave the house carry the code; files that come in may name the firm.
        Column(
            "enterprise",
            label="统一社会信用代码",
            value="enterprise__uscc",
            match=match_enterprises,
            propose=propose_enterprises,
            automatic=AUTOMATIC,
            required=True,
            aliases=["信用代码", "企业", "企业名称"],
            search="A",
        ),
        Column("name", required=True, search="A"),
        Column("kind", required=True),
    )

    def derive(self, rows: Sequence[PlannedRow]) -> None:
        services.derive_names(rows)


@registered
class EnterpriseFigureRegister(Register):
    model = EnterpriseFigure
    slug = "enterprise-figures"
    key = ("enterprise", "indicator", "period")
    scope = Scope(place="enterprise__place__path", zone="enterprise__zone__path", enterprise="enterprise__uscc")
    icon = "chart-bar"
    note = "企业的年度、月度指标；规上状态由最近年度主营业务收入算出。"
    columns = (
        Column("firm", label="企业名称", value="enterprise__name", editable=False, search="A"),
        Column(
            "enterprise",
            label="统一社会信用代码",
            value="enterprise__uscc",
            match=match_enterprises,
            propose=propose_enterprises,
            automatic=AUTOMATIC,
            required=True,
            aliases=["信用代码", "企业", "企业名称"],
            search="A",
        ),
        Column("indicator", required=True),
        Column("period", kind=kinds.Period(), required=True, help="年度写 2021，季度写 2021-Q2，月度写 2021-06"),
        Column("value", required=True, sensitivity="figures"),
    )


@registered
class EnterpriseMergeRegister(Register):
    model = EnterpriseMerge
    slug = "enterprise-merges"
    key = ("old_uscc",)
    scope = Scope(place="into__place__path", zone="into__zone__path", enterprise="into__uscc")
    ordering = ("-pk",)
    icon = "arrows-join"
    imports = False
    note = "被并入另一家的企业：旧代码、旧名称、旧网址都仍通向现在的企业；可以拆分还原。"
    columns = (
        Column("old_name", search="A"),
        Column("old_uscc", search="A"),
        Column("old_id", shown=False),
        Column("into", value="into__name", search="A"),
        Column("at"),
        Column("by"),
        Column("why", search="C"),
    )
