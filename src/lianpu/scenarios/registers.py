"""The registers of scenarios and of input–output tables."""

from lianpu.chains.queries import in_chain, match_chains
from lianpu.places.queries import inside, match_places
from lianpu.register import kinds
from lianpu.register.declare import Column, Register, Scope, registered
from lianpu.scenarios.models import IoTable, Scenario


@registered
class ScenarioRegister(Register):
    model = Scenario
    slug = "scenarios"
    key = ("name",)
    scope = Scope(place="place__path", chain="chain__code")
    ordering = ("-pk",)
    area = "行动"
    icon = "git-branch"
    note = "保存的情景：假定哪些项目投产，谁在何时为何推演；打开即按当前诊断重算。"
    columns = (
        Column("name", required=True, search="A", aliases=["情景"]),
        Column("place", value="place__full_name", match=match_places, required=True, filter_with=inside("place", "")),
        Column("chain", value="chain__name", match=match_chains, filter_with=in_chain("chain"), search="B"),
        Column("projects", kind=kinds.Words(), help="台账编号"),
        Column("leads", kind=kinds.Words(), help="招商编号"),
        Column("origin"),
        Column("why", required=True, search="B", aliases=["说明"]),
        Column("by", editable=False),
        Column("at", editable=False),
        Column("shown", shown=False, editable=False),
        Column("is_sample", shown=False),
    )


@registered
class IoTableRegister(Register):
    model = IoTable
    slug = "io-tables"
    key = ("name",)
    area = "图谱"
    icon = "grid-4x4"
    imports = False
    note = "投入产出表：由它推算新增产出向其他部门要多少投入；只存文件，由 lianpu io load 载入。"
    columns = (
        Column("name", search="A"),
        Column("sectors"),
        Column("matched"),
        Column("is_sample"),
        Column("loaded_at"),
    )
