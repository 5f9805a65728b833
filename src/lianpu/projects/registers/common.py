"""What the registers around a project share: the column that names it, and whose rows a person sees."""

from typing import Any

from lianpu.places.queries import inside
from lianpu.projects.identity import match_projects, propose_projects
from lianpu.register.declare import Column, Scope

AREA = "行动"
SCOPE = Scope(
    place="project__place__path",
    zone="project__zone__path",
    chain="project__chain__code",
    enterprise="project__owner__uscc",
)
# Renamed projects are told by a person: a likeness is never taken for granted.
NEVER_BY_LIKENESS = 1.01


def project_columns(**options: Any) -> tuple[Column, ...]:
    """The project by ledger number, with its name beside it and its place to filter by."""
    return (
        Column(
            "project",
            label="台账编号",
            value="project__code",
            match=match_projects,
            propose=propose_projects,
            automatic=NEVER_BY_LIKENESS,
            required=True,
            aliases=["项目名称", "项目", "项目代码"],
            search="A",
            **options,
        ),
        Column("project_name", label="项目", value="project__name", editable=False, search="A"),
        Column(
            "project_place",
            label="所在地",
            value="project__place__full_name",
            editable=False,
            shown=False,
            filter_with=inside("project__place", "project__zone"),
        ),
        Column(
            "project_leader",
            label="包抓领导",
            value="project__leader",
            editable=False,
            shown=False,
        ),
    )
