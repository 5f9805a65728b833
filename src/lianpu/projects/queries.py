"""Reads of projects."""

from collections.abc import Iterable, Mapping

from lianpu.projects.identity import match_projects
from lianpu.projects.models import TaskForce

__all__ = ["match_projects", "match_task_forces"]


def match_task_forces(texts: Iterable[str]) -> Mapping[str, int]:
    """Task forces by name."""
    return dict(TaskForce.objects.filter(name__in=set(texts)).values_list("name", "pk"))
