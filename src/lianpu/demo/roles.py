"""The roles that the sample accounts have: what each may do in which register, and which figures it may see."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lianpu.register.rights import ADD, CHANGE, EXPORT, IMPORT, VIEW

FIGURES = "figures"
_READ = [VIEW, EXPORT]
_KEEP = [VIEW, ADD, CHANGE, IMPORT, EXPORT]
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
    RoleRow("chain-office", "链长办", {"*": _READ, "placements": [CHANGE]}, [FIGURES]),
    RoleRow(
        "district-office",
        "县区（功能区）经办",
        {
            "*": _READ,
            "enterprises": _KEEP,
            "enterprise-names": _KEEP,
            "enterprise-figures": _KEEP,
            "placements": [CHANGE],
        },
        [FIGURES],
    ),
    RoleRow(
        "enterprise",
        "企业用户",
        {
            **_MAPS,
            "enterprises": [VIEW],
            "enterprise-names": [VIEW],
            "enterprise-figures": [VIEW, ADD, CHANGE],
            "placements": [VIEW],
        },
        [FIGURES],
    ),
    RoleRow("reader", "查阅人员", {"*": [VIEW]}),
)
