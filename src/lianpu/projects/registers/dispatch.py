"""Rounds of dispatch, the units' parts, and the projects that are due."""

from typing import Any

from django.db.models import Q

from lianpu.places.queries import inside
from lianpu.projects.models import DispatchRound, DueReport, Submission
from lianpu.projects.registers.common import AREA, SCOPE, project_columns
from lianpu.register import kinds
from lianpu.register.declare import Column, Register, Scope, registered


def in_round(path: str) -> Any:
    """Filter by the month of the round."""
    return lambda text: Q(**{f"{path}__month__in": text.split(",")})


@registered
class DispatchRoundRegister(Register):
    model = DispatchRound
    slug = "dispatch-rounds"
    key = ("month",)
    ordering = ("-month",)
    area = AREA
    icon = "speakerphone"
    note = "每月一次的调度：调度哪个月、何时截止、调度哪些项目。"
    columns = (
        Column("month", kind=kinds.Month(), required=True),
        Column("due", required=True),
        Column("opened_on", editable=False),
        Column("scope_tiers", kind=kinds.Words(), shown=False, help="省列、市列、县区列；空着为全部"),
        Column("scope_classes", kind=kinds.Words(), shown=False, help="新开工、续建、预备；空着为全部"),
        Column("request"),
        Column("is_closed"),
        Column("reminded_on", editable=False, shown=False),
    )


@registered
class SubmissionRegister(Register):
    model = Submission
    slug = "submissions"
    key = ("id",)
    scope = Scope(place="place__path", zone="enterprise__zone__path", enterprise="enterprise__uscc")
    ordering = ("-round__month", "unit")
    area = AREA
    icon = "send"
    imports = False
    note = "各单位每次调度报到哪一步：填报中、已报送、已退回、已审定。"
    columns = (
        Column("round", value="round__month", filter_with=in_round("round")),
        Column("unit", search="A"),
        Column("place", value="place__full_name", filter_with=inside("place", ""), shown=False),
        Column("enterprise", value="enterprise__name", shown=False),
        Column("state"),
        Column("is_late"),
        Column("submitted_at"),
        Column("submitted_by"),
        Column("decided_at", shown=False),
        Column("decided_by", shown=False),
        Column("returned_why", search="B"),
        Column("explained", shown=False),
    )


@registered
class DueReportRegister(Register):
    model = DueReport
    slug = "due-reports"
    key = ("round", "project")
    scope = SCOPE
    ordering = ("-round_id", "-submission_id", "-pk")  # as the index holds them
    area = AREA
    icon = "list-check"
    imports = False
    history = False
    note = "每次调度应报的项目，各归一个填报单位。"
    columns = (
        *project_columns(),
        Column("round", value="round__month", filter_with=in_round("round")),
        Column("unit", label="填报单位", value="submission__unit", search="A"),
        Column(
            "state",
            label="报送状态",
            value="submission__state",
            kind=kinds.Choice(
                labels={"draft": "填报中", "submitted": "已报送", "returned": "已退回", "accepted": "已审定"}
            ),
        ),
    )
