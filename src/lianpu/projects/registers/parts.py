"""Milestones, permits, funding, factors and capacity of projects."""

from lianpu.projects.models import Capacity, FactorNeed, Funding, Milestone, Permit
from lianpu.projects.registers.common import AREA, SCOPE, project_columns
from lianpu.register.declare import Column, Register, registered


@registered
class MilestoneRegister(Register):
    model = Milestone
    slug = "milestones"
    key = ("project", "name")
    scope = SCOPE
    ordering = ("project__code", "planned", "pk")
    area = AREA
    icon = "flag"
    note = "项目的关键节点：计划何时完成，实际何时完成。"
    columns = (
        *project_columns(),
        Column("name", required=True, search="A", aliases=["节点名称", "里程碑"]),
        Column("planned", aliases=["计划时间"]),
        Column("actual", aliases=["实际时间"]),
        Column("note"),
    )


@registered
class PermitRegister(Register):
    model = Permit
    slug = "permits"
    key = ("project", "kind")
    scope = SCOPE
    ordering = ("project__code", "pk")
    area = AREA
    icon = "file-certificate"
    note = "备案、用地、规划、环评、能评、施工许可等前期手续办到哪一步。"
    columns = (
        *project_columns(),
        Column("kind", required=True, aliases=["手续名称"]),
        Column("state", required=True),
        Column("number", search="A"),
        Column("due"),
        Column("done_on"),
    )


@registered
class FundingRegister(Register):
    model = Funding
    slug = "fundings"
    key = ("project", "source")
    scope = SCOPE
    ordering = ("project__code", "pk")
    area = AREA
    icon = "coins"
    note = "项目资金从哪里来：计划、到位、支付各多少。"
    columns = (
        *project_columns(),
        Column("source", required=True),
        Column("planned_10k_cny", unit="万元", total=True),
        Column("arrived_10k_cny", unit="万元", total=True, aliases=["到位"]),
        Column("paid_10k_cny", unit="万元", total=True, aliases=["支付"]),
    )


@registered
class FactorNeedRegister(Register):
    model = FactorNeed
    slug = "factor-needs"
    key = ("project", "kind")
    scope = SCOPE
    ordering = ("project__code", "pk")
    area = AREA
    icon = "bolt"
    note = "项目需要多少用地、用能、用水、资金、用工与环境容量，已落实多少；单位随要素而定。"
    columns = (
        *project_columns(),
        Column("kind", required=True),
        Column("needed", required=True),
        Column("secured"),
        Column("note"),
    )


@registered
class CapacityRegister(Register):
    model = Capacity
    slug = "capacities"
    key = ("project", "product")
    scope = SCOPE
    ordering = ("project__code", "pk")
    area = AREA
    icon = "stack-2"
    note = "项目建成后每年生产什么、多少。"
    columns = (
        *project_columns(),
        Column("product", required=True, search="A", aliases=["产品名称"]),
        Column("quantity", required=True, aliases=["年产能"]),
        Column("unit", required=True, aliases=["计量单位"]),
        Column("output_10k_cny", unit="万元", total=True),
    )
