"""The roles that an installation starts with: what each may do in which register, and which figures it may see.

Duties are apart: who runs the business gives no rights, who gives rights sees no business, who audits changes nothing.
A role's ``*`` stands for every register but those of accounts and rights, which a role must name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lianpu.register.rights import ADD, ADMINISTER, CHANGE, EXPORT, IMPORT, VIEW

FIGURES = "figures"
_READ = [VIEW, EXPORT]
_KEEP = [VIEW, ADD, CHANGE, IMPORT, EXPORT]
_LEDGER = (
    "projects",
    "project-years",
    "project-segments",
    "project-answers",
    "monthly-reports",
    "milestones",
    "permits",
    "fundings",
    "factor-needs",
    "capacities",
    "problems",
)
_REVIEW = {"placements": [CHANGE], "outside-firms": [CHANGE]}
_PROMOTION = ("leads", "lead-talks", "funds-arrivals")
_DISTRICT = {
    "*": _READ,
    **dict.fromkeys((*_LEDGER, *_PROMOTION, "scenarios"), _KEEP),
    "submissions": [CHANGE],
    "enterprises": _KEEP,
    "enterprise-names": _KEEP,
    "enterprise-figures": _KEEP,
    **_REVIEW,
}
_ACCOUNTS = dict.fromkeys(("accounts", "roles", "grants", "account-log"), _READ)
# The maps and their words, open to every firm: where it stands is shown on them.
_MAPS = {slug: [VIEW] for slug in ("places", "chains", "segments", "products", "segment-flows")}


@dataclass(frozen=True)
class RoleRow:
    """One role: ``actions`` maps a register's slug or ``*`` to actions (``*`` = all); ``clears`` names sensitive columns."""

    code: str
    name: str
    actions: Mapping[str, list[str]]
    clears: list[str] = field(default_factory=list)


ROLES = (
    RoleRow("bureau-admin", "局管理员", {"*": ["*"]}, [FIGURES]),
    RoleRow("security-admin", "安全管理员", _ACCOUNTS | {"accounts": [*_READ, ADMINISTER]}),
    RoleRow("auditor", "审计员", {"*": _READ, **_ACCOUNTS}, [FIGURES]),
    RoleRow(
        "chain-office", "链长办", {"*": _READ, **_REVIEW, **dict.fromkeys((*_PROMOTION, "scenarios"), _KEEP)}, [FIGURES]
    ),
    RoleRow("district-office", "县区经办", _DISTRICT, [FIGURES]),
    RoleRow("zone-office", "功能区经办", _DISTRICT, [FIGURES]),
    RoleRow(
        "enterprise",
        "企业用户",
        {
            **_MAPS,
            "enterprises": [VIEW],
            "enterprise-names": [VIEW],
            "enterprise-figures": [VIEW, ADD, CHANGE],
            "placements": [VIEW],
            **{slug: [VIEW] for slug in (*_LEDGER, "project-standings", "dispatch-rounds", "due-reports")},
            "monthly-reports": [VIEW, ADD, CHANGE, IMPORT],
            "problems": [VIEW, ADD, CHANGE],
            "submissions": [VIEW, CHANGE],
        },
        [FIGURES],
    ),
    RoleRow("reader", "查阅人员", {"*": [VIEW]}),
)
