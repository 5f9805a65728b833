"""The ledger itself, its task forces, further segments and the findings that projects answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from lianpu.chains.queries import in_chain, in_segment, match_chains, match_segments
from lianpu.places.queries import inside, match_places
from lianpu.projects.deriving import derive_projects
from lianpu.projects.identity import project_key
from lianpu.projects.models import Light, ListClass, Project, ProjectAnswer, ProjectSegment, TaskForce
from lianpu.projects.queries import match_task_forces
from lianpu.projects.registers.common import AREA, SCOPE, project_columns
from lianpu.register import kinds
from lianpu.register.declare import Column, Register, Scope, registered
from lianpu.register.importing import PlannedRow
from lianpu.register.language import declared
from lianpu.register.matching import Proposal


def _words(choices: Any) -> Mapping[str, str]:
    return {str(value): declared(label) for value, label in choices.choices}


def one_of(path: str) -> Any:
    """Filter by a text, or by any of several parted by commas."""
    return lambda text: Q(**{f"{path}__in": text.split(",")})


@registered
class TaskForceRegister(Register):
    model = TaskForce
    slug = "task-forces"
    key = ("name",)
    area = AREA
    icon = "users-group"
    note = "重点项目的专业团队：谁任组长、哪个单位牵头、有哪些成员。"
    columns = (
        Column("name", required=True, search="A", aliases=["专班"]),
        Column("leader", search="B"),
        Column("lead_unit", search="B"),
        Column("members", kind=kinds.Words()),
        Column("duties", shown=False),
        Column("is_sample", shown=False),
    )


@registered
class ProjectRegister(Register):
    model = Project
    slug = "projects"
    key = ("code",)
    scope = Scope(place="place__path", zone="zone__path", chain="chain__code", enterprise="owner__uscc")
    ordering = ("code",)
    area = AREA
    icon = "building-factory-2"
    note = "一个项目一行；报来的表按台账编号、项目代码，其次按名称与建设单位认出已有的项目。"
    picked_actions = (("情景推演", "desk:scenario"),)
    columns = (
        Column("name", required=True, search="A", aliases=["项目", "工程名称", "建设项目", "建设项目名称"]),
        # Where it stands now, computed from its months (see lianpu.projects.standing).
        Column(
            "list_class",
            label="今年列入",
            value="standing__list_class",
            kind=kinds.Choice(labels=_words(ListClass)),
            editable=False,
        ),
        Column(
            "plan_now",
            label="今年计划投资",
            value="standing__plan_10k_cny",
            kind=kinds.Number(places=4, unit="万元"),
            unit="万元",
            total=True,
            editable=False,
        ),
        Column(
            "done_now",
            label="今年累计完成",
            value="standing__done_ytd_10k_cny",
            kind=kinds.Number(places=4, unit="万元"),
            unit="万元",
            total=True,
            editable=False,
        ),
        Column(
            "completion",
            label="计划完成率",
            value="standing__completion_pct",
            kind=kinds.Number(places=1, unit="%"),
            unit="%",
            editable=False,
        ),
        Column(
            "lead",
            label="超欠序时",
            value="standing__lead_points",
            kind=kinds.Number(places=1),
            unit="百分点",
            editable=False,
        ),
        Column(
            "light",
            label="亮灯",
            value="standing__light",
            kind=kinds.Choice(labels=_words(Light)),
            editable=False,
        ),
        Column(
            "light_since", label="亮灯始于", value="standing__since", kind=kinds.Text(), editable=False, shown=False
        ),
        Column("light_why", label="亮灯原因", value="standing__why", kind=kinds.Text(), editable=False, shown=False),
        Column(
            "reported_month",
            label="最近填报",
            value="standing__reported_month",
            kind=kinds.Text(),
            editable=False,
            shown=False,
        ),
        Column("code", filled=True, search="A", shown=False, help="空着由系统编号", aliases=["项目编号"]),
        Column("national_code", search="A", shown=False, aliases=["国家编码", "投资项目代码", "项目统一代码"]),
        Column("former_names", kind=kinds.Words(), shown=False),
        Column(
            "owner_name",
            search="B",
            shown=False,
            aliases=["建设单位名称", "项目单位", "业主单位", "业主", "投资商", "投资商名称", "投资主体", "实施单位"],
        ),
        Column("owner_uscc", search="A", shown=False, aliases=["统一社会信用代码", "信用代码"]),
        Column("owner", value="owner__name", editable=False, shown=False),
        Column(
            "place",
            value="place__full_name",
            match=match_places,
            filter_with=inside(),
            aliases=["所属县区", "县区", "县（区）", "属地", "所在县区"],
        ),
        Column(
            "zone",
            value="zone__name",
            match=match_places,
            filter_with=inside("zone", ""),
            shown=False,
            aliases=["园区", "开发区"],
        ),
        Column("address", shown=False, search="C", aliases=["项目地址", "建设地址", "地点"]),
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
        Column("nature", shown=False, aliases=["性质"]),
        Column("field", shown=False, filter_with=one_of("field"), aliases=["行业领域", "所属领域", "行业"]),
        Column("tier", shown=False, aliases=["项目层级", "列入层级"]),
        Column("stage", aliases=["项目阶段", "建设阶段", "进展阶段"]),
        Column("high_end", shown=False),
        Column("smart", shown=False),
        Column("green", shown=False),
        Column("upgrades", label="三化改造类型", source_only=True, aliases=["三化改造", "改造类型"]),
        Column(
            "total_10k_cny",
            unit="万元",
            total=True,
            aliases=["计划总投资", "投资额", "项目总投资", "投资总额", "估算总投资"],
        ),
        Column("scope", shown=False, search="C", aliases=["建设内容", "建设规模及内容", "主要建设内容", "项目概况"]),
        Column("years", label="建设年限", source_only=True, aliases=["建设起止年限", "建设周期", "建设期限"]),
        Column("start_year", shown=False),
        Column("end_year", shown=False),
        Column("plan_start", shown=False, aliases=["计划开工时间", "拟开工时间"]),
        Column("actual_start", shown=False, aliases=["实际开工时间", "开工时间", "开工日期"]),
        Column("plan_finish", shown=False, aliases=["计划竣工时间", "计划建成时间", "计划投产时间"]),
        Column("actual_finish", shown=False, aliases=["实际竣工时间", "竣工时间", "建成时间"]),
        Column("production_on", shown=False, aliases=["投产日期"]),
        Column("in_stat_lib", shown=False, aliases=["是否入库纳统", "是否入库", "是否纳统", "入库纳统"]),
        Column("stat_on", shown=False, aliases=["纳统时间"]),
        Column("leader", search="B", aliases=["包抓市领导", "责任领导", "包联领导", "市级包抓领导"]),
        Column("duty_unit", search="B", shown=False, aliases=["主管单位", "牵头单位"]),
        Column("duty_person", shown=False, aliases=["联系人", "项目负责人"]),
        Column("duty_phone", shown=False, aliases=["联系方式", "电话"]),
        Column("task_force", value="task_force__name", match=match_task_forces, shown=False, aliases=["专班"]),
        Column("reports_by", shown=False),
        Column("is_sample", shown=False),
    )

    def derive(self, rows: Sequence[PlannedRow]) -> None:
        derive_projects(rows)

    def look_alikes(self, rows: Sequence[PlannedRow]) -> Mapping[int, Proposal]:
        """New rows whose name is that of a stored project of another owner, or without one."""
        keys = {str(row.values.get("name_key")) for row in rows}
        same = {
            key: Proposal(pk, f"{name}（{owner}）", 1.0, "名称相同而建设单位不同")
            for key, pk, name, owner in Project.objects.filter(name_key__in=keys).values_list(
                "name_key", "pk", "name", "owner_name"
            )
        }
        return {row.line: same[key] for row in rows if (key := project_key(row.values.get("name"))) in same}


@registered
class ProjectSegmentRegister(Register):
    model = ProjectSegment
    slug = "project-segments"
    key = ("project", "segment")
    scope = SCOPE
    ordering = ("project__code", "pk")
    area = AREA
    icon = "sitemap"
    note = "项目除主要环节之外还涉及的环节。"
    columns = (
        *project_columns(),
        Column(
            "segment", value="segment__code", match=match_segments, required=True, filter_with=in_segment("segment")
        ),
        Column("segment_name", label="环节名称", value="segment__name", editable=False),
        Column("note"),
    )


@registered
class ProjectAnswerRegister(Register):
    model = ProjectAnswer
    slug = "project-answers"
    key = ("project", "segment", "place", "kind")
    scope = SCOPE
    ordering = ("project__code", "pk")
    area = AREA
    icon = "arrow-back-up"
    note = "哪个项目回应哪条诊断结论；按环节、地区与类别认定，重新诊断之后仍然有效。"
    columns = (
        *project_columns(),
        Column(
            "segment", value="segment__code", match=match_segments, required=True, filter_with=in_segment("segment")
        ),
        Column("segment_name", label="环节名称", value="segment__name", editable=False),
        Column(
            "place",
            value="place__full_name",
            match=match_places,
            required=True,
            filter_with=inside("place", ""),
            aliases=["地区"],
        ),
        Column("kind", required=True),
        Column("note", shown=False),
    )
