"""A project that reaches production shows in the next diagnosis: its owner is placed, for sure, on the project's segments.

What counts: the project's stage is 投产 or 达产, its owner is on the register, and it names segments (the main one and the
further ones). The owner then stands there as confirmed, in the role that fills the segment, with the project as evidence;
a placement that a person rejected stays rejected.
"""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from lianpu.chains.queries import decided_places
from lianpu.chains.services import place_by_hand
from lianpu.projects.models import Project, Stage
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.rights import SYSTEM

PRODUCING = (Stage.IN_PRODUCTION, Stage.DESIGN_OUTPUT)


def enter_production(*, user: Any, project: Project, on: dt.date | None = None, reason: str = "") -> Project:
    """Record that a project produces, and place its owner on the project's segments; diagnoses in force follow."""
    rights.demand(user, registry["projects"], rights.CHANGE, project)
    day = on or timezone.localdate()
    if project.actual_start and day < project.actual_start:
        raise ValidationError("投产时间早于实际开工时间，请核对。")
    with acting(user, reason=reason or "项目投产"):
        project.stage, project.production_on = Stage.IN_PRODUCTION, day
        project.actual_finish = project.actual_finish or day
        project.save(update_fields=["stage", "production_on", "actual_finish"])
        settle_production(project)
    return project


def settle_production(project: Project | None = None) -> int:
    """Place the owners of producing projects where they are not placed yet; returns how many placements were made."""
    rows = Project.objects.filter(stage__in=PRODUCING, owner__isnull=False)
    if project is not None:
        rows = rows.filter(pk=project.pk)
    wanted = [
        (owner, segment, name)
        for path in ("segment", "segments__segment")
        for owner, segment, name in rows.filter(**{f"{path}__isnull": False}).values_list("owner", path, "name")
    ]
    settled = decided_places(rows.values("owner"))
    return sum(
        place_by_hand(user=SYSTEM, enterprise=owner, segment=segment, said=name, reason=f"项目投产：{name}")
        for owner, segment, name in dict.fromkeys(wanted)
        if (owner, segment) not in settled
    )
