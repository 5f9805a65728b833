"""Key projects: what they are (``ledger``), what they need (``parts``), how they go (``progress``), who reports (``dispatch``).

Amounts are in 万元 with four decimals, so that every yuan is kept; months are texts such as 2024-03; days of plans may be
the first of the month that was meant.
"""

from lianpu.projects.models.dispatch import DispatchRound, DueReport, Submission
from lianpu.projects.models.ledger import (
    UPGRADES,
    Nature,
    Project,
    ProjectAnswer,
    ProjectSegment,
    ReportsBy,
    Stage,
    TaskForce,
    Tier,
)
from lianpu.projects.models.parts import Capacity, FactorNeed, Funding, Milestone, Permit
from lianpu.projects.models.progress import (
    InvestmentGrowth,
    Light,
    ListClass,
    MonthlyReport,
    Problem,
    ProjectStanding,
    ProjectYear,
    TotalRevision,
)

__all__ = [
    "UPGRADES",
    "Capacity",
    "DispatchRound",
    "DueReport",
    "FactorNeed",
    "Funding",
    "InvestmentGrowth",
    "Light",
    "ListClass",
    "Milestone",
    "MonthlyReport",
    "Nature",
    "Permit",
    "Problem",
    "Project",
    "ProjectAnswer",
    "ProjectSegment",
    "ProjectStanding",
    "ProjectYear",
    "ReportsBy",
    "Stage",
    "Submission",
    "TaskForce",
    "Tier",
    "TotalRevision",
]
