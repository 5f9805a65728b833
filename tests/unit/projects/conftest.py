"""A few invented projects in two districts, on two chains."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from lianpu.projects.identity import project_key
from lianpu.projects.models import MonthlyReport, Project, ProjectYear

PROJECTS = [
    ("P1", "示例金川炉料项目", "620302", "LV-1101", "己"),
    ("P2", "示例铝锭扩建项目", "620111", "LV-2101", "甲"),
    ("P3", "示例轮毂智能工厂", "620102", "QC-1101", "庚"),
]


@pytest.fixture
def projects(firms: Mapping[str, Any], two_chains: Mapping[str, Any]) -> Mapping[str, Project]:
    """Projects by ledger number; P1 lies in another city than the others, P3 on another chain."""
    made = {}
    for code, name, place, segment, letter in PROJECTS:
        firm = firms[letter]
        made[code] = Project.objects.create(
            code=code,
            name=name,
            name_key=project_key(name),
            owner_name=firm.name,
            owner_uscc=firm.uscc,
            owner=firm,
            place=_place(place),
            chain=two_chains[segment].chain,
            segment=two_chains[segment],
            total_10k_cny=Decimal(100_000),
            leader="王某",
            tier="city",
            stage="building",
            is_sample=True,
        )
    return made


def _place(code: str) -> Any:
    from lianpu.places.models import Place

    return Place.objects.get(code=code)


@pytest.fixture
def in_year(projects: Mapping[str, Project]) -> Callable[..., ProjectYear]:
    """Put a project on the list of a year."""

    def put(
        code: str, year: int = 2024, list_class: str = "continuing", plan: object = 10_000, before: object = 0
    ) -> ProjectYear:
        return ProjectYear.objects.create(
            project=projects[code],
            year=year,
            list_class=list_class,
            plan_10k_cny=None if plan is None else Decimal(str(plan)),
            invested_before_10k_cny=Decimal(str(before)),
        )

    return put


@pytest.fixture
def reported(projects: Mapping[str, Project]) -> Callable[..., MonthlyReport]:
    """Report a month of a project."""

    def put(code: str, month: str, done: object, ytd: object) -> MonthlyReport:
        return MonthlyReport.objects.create(
            project=projects[code],
            month=month,
            done_month_10k_cny=Decimal(str(done)),
            done_ytd_10k_cny=Decimal(str(ytd)),
        )

    return put
