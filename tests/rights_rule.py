"""What must come out of the matrix of rights, said once more in the city's words and without the code that decides it.

Which duty may do what where (``DUTIES``), what a row of each register is bound to (``BOUND``), which columns are
confidential (``SECRET``), and who there is (``PEOPLE``). A register that is new finds no line in ``BOUND`` and fails the
matrix until somebody says what its rows are bound to.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from lianpu.register.declare import Register, registry
from lianpu.register.models import Change
from lianpu.register.testing import signed_in

READ, KEEP = {"view", "export"}, {"view", "add", "change", "import", "export"}
ALL = {"view", "add", "change", "delete", "import", "export"}
FIRMS = ("enterprises", "enterprise-names", "enterprise-figures")
MAPS = ("places", "chains", "segments", "products", "segment-flows")
PROJECTS = ("projects", "monthly-reports")
REVIEWED = ("placements", "outside-firms")
PLANNED = ("leads", "funds-arrivals", "scenarios")
HOUSE = ("accounts", "roles", "grants", "account-log")  # of accounts and rights

# What a row of each register is bound to. Whoever is limited to a place, a chain or a firm reaches of a bound register
# his own rows alone; of an unbound one he reads all rows and writes none.
BOUND: Mapping[str, set[str]] = {
    "enterprises": {"place", "firm"},
    "enterprise-names": {"place", "firm"},
    "enterprise-figures": {"place", "firm"},
    "enterprise-merges": {"place", "firm"},
    "placements": {"place", "firm", "chain"},
    "outside-firms": {"place", "firm"},
    "segments": {"chain"},
    "products": {"chain"},
    "segment-flows": {"chain"},
    "segment-states": {"chain"},
    "findings": {"chain"},
    "projects": {"place", "firm", "chain"},
    "monthly-reports": {"place", "firm", "chain"},
    "submissions": {"place", "firm"},
    "leads": {"place", "chain"},
    "funds-arrivals": {"place", "chain"},
    "scenarios": {"place", "chain"},
    **{slug: set() for slug in ("places", "chains", "references", "placement-models", "diagnosis-runs", *HOUSE)},
}
# Registers of the same scope as another, which goes through the matrix for them.
STANDS_FOR: Mapping[str, Sequence[str]] = {
    "monthly-reports": (
        "project-years", "project-segments", "project-answers", "milestones", "permits", "fundings", "factor-needs",
        "capacities", "problems", "total-revisions", "project-standings", "due-reports",
    ),
    "funds-arrivals": ("lead-talks",),
    "segment-states": ("reference-placements",),
    "references": (
        "reference-firms", "io-tables", "task-forces", "dispatch-rounds", "investment-growth", "promotion-targets",
        "published-figures",
    ),
}  # fmt: skip
SECRET = {("enterprise-figures", "value")}
# What is written into a row, by register: a column that all of its keepers see.
WRITTEN = {
    "enterprises": ("address", "新址一号"),
    "enterprise-names": ("kind", "简称"),
    "enterprise-figures": ("value", "55"),
    "places": ("note", "新注"),
    "chains": ("summary", "新的概述"),
    "segments": ("io_sector", "77"),
    "products": ("aliases", "新写法"),
    "segment-flows": ("note", "新注"),
    "projects": ("leader", "新的领导"),
    "monthly-reports": ("physical_progress", "新的进度"),
    "leads": ("person", "新的责任人"),
    "funds-arrivals": ("note", "新的说明"),
    "scenarios": ("why", "新的理由"),
}
BUSINESS = [slug for slug in BOUND if slug not in HOUSE]


def everywhere(actions: set[str]) -> dict[str, set[str]]:
    return {slug: set(actions) for slug in BUSINESS}


_LOCAL = (
    everywhere(READ)
    | dict.fromkeys((*FIRMS, *PROJECTS, *PLANNED), KEEP)
    | dict.fromkeys((*REVIEWED, "submissions"), READ | {"change"})
)
# Duty → what its holder may do in which register; what is not named he may not.
DUTIES: Mapping[str, Mapping[str, set[str]]] = {
    "局管理员": everywhere(ALL),
    "安全管理员": dict.fromkeys(HOUSE, READ) | {"accounts": READ | {"administer"}},
    "审计员": everywhere(READ) | dict.fromkeys(HOUSE, READ),
    "链长办": everywhere(READ) | dict.fromkeys(REVIEWED, READ | {"change"}) | dict.fromkeys(PLANNED, KEEP),
    "县区经办": _LOCAL,
    "功能区经办": _LOCAL,
    "企业用户": {slug: {"view"} for slug in (*MAPS, *FIRMS, *PROJECTS, "placements")}
    | {"enterprise-figures": {"view", "add", "change"}}
    | {"monthly-reports": {"view", "add", "change", "import"}, "submissions": {"view", "change"}},
    "查阅人员": everywhere({"view"}),
    "不见数字的经办": everywhere(ALL),
}
SEES_FIGURES = set(DUTIES) - {"查阅人员", "安全管理员", "不见数字的经办"}


@dataclass(frozen=True)
class Holding:
    """A duty, and the district or zone (by name), chain and firm that it is limited to."""

    duty: str
    place: str = ""
    chain: str = ""
    firm: str = ""

    @property
    def limits(self) -> list[tuple[str, str]]:
        named = (("place", self.place), ("chain", self.chain), ("firm", self.firm))
        return [(what, name) for what, name in named if name]


PEOPLE: Mapping[str, Sequence[Holding]] = {
    "系统管理员": (),
    "局管理员": (Holding("局管理员"),),
    "安全管理员": (Holding("安全管理员"),),
    "审计员": (Holding("审计员"),),
    "铝业链长办": (Holding("链长办", chain="LV"),),
    "红古经办": (Holding("县区经办", place="红古区"),),
    "城关经办": (Holding("县区经办", place="城关区"),),
    "新区经办": (Holding("功能区经办", place="功能区"),),
    "金昌经办": (Holding("县区经办", place="金昌市"),),
    "甲企业": (Holding("企业用户", firm="甲"),),
    "查阅人员": (Holding("查阅人员"),),
    "兼两处": (Holding("县区经办", place="红古区"), Holding("链长办", chain="QC")),
    "铝业在红古": (Holding("县区经办", place="红古区", chain="LV"),),
    "不见数字的经办": (Holding("不见数字的经办"),),
    "红古全权": (Holding("不见数字的经办", place="红古区"),),
    "无角色": (),
    "已停用": (Holding("局管理员"),),
}
everybody = pytest.mark.parametrize("name", list(PEOPLE), ids=[f"person{n}" for n in range(len(PEOPLE))])
# Where each firm of the tests lies: its district and its zone.
DISTRICTS = {
    "甲": "红古区", "乙": "红古区", "丙": "西固区", "丁": "城关区", "戊": "安宁区", "己": "金川区", "庚": "城关区", "辛": "城关区"
}  # fmt: skip
ZONED = {"庚"}
CITY_OF_DISTRICT = {"金川区": "金昌市"}


@dataclass
class World:
    """The rows of every register, each with what it is bound to in the city's words."""

    rows: dict[str, list[Any]] = field(default_factory=dict)
    firm_of: dict[tuple[str, int], str] = field(default_factory=dict)  # letter of the firm's name
    chain_of: dict[tuple[str, int], str] = field(default_factory=dict)

    def copied(self) -> "World":
        """The same rows as objects of one's own."""
        return World(
            {slug: [copy(row) for row in rows] for slug, rows in self.rows.items()}, self.firm_of, self.chain_of
        )

    @property
    def firms(self) -> dict[str, Any]:
        """Firms by the letter of their name."""
        return {self.firm_of["enterprises", firm.pk]: firm for firm in self.rows["enterprises"]}

    def add(self, slug: str, row: Any, firm: str = "", chain: str = "") -> Any:
        self.rows.setdefault(slug, []).append(row)
        self.firm_of[slug, row.pk], self.chain_of[slug, row.pk] = firm, chain
        return row

    def inside(self, slug: str, pk: int, what: str, name: str) -> bool:
        """Whether the row lies within one limit: a place, a chain or a firm."""
        firm = self.firm_of[slug, pk]
        if what == "chain":
            return self.chain_of[slug, pk] == name
        if what == "firm":
            return firm == name
        district = DISTRICTS[firm]
        return name in (district, CITY_OF_DISTRICT.get(district)) or (name == "功能区" and firm in ZONED)

    def may(self, name: str, action: str, slug: str, pk: int | None = None) -> bool:
        """The rule: some duty of the person has the action, and every limit of it that binds the register holds.

        ``pk`` None: on any row that there might be.
        """
        if name in ("已停用", "系统管理员"):
            return name == "系统管理员"
        return any(self._reaches(one, action, slug, pk) for one in PEOPLE[name])

    def _reaches(self, one: Holding, action: str, slug: str, pk: int | None) -> bool:
        if action not in DUTIES[one.duty].get(slug, set()):
            return False
        bound = [limit for limit in one.limits if limit[0] in BOUND[slug]]
        if len(bound) < len(one.limits) and action not in READ:
            return False
        return pk is None or all(self.inside(slug, pk, *limit) for limit in bound)

    def reached(self, name: str, action: str, slug: str) -> set[int]:
        return {row.pk for row in self.rows[slug] if self.may(name, action, slug, row.pk)}

    def either_side(self, name: str, action: str, slug: str) -> list[Any]:
        """Two rows that the rule gives and two that it does not: enough where every row costs a page."""
        given = self.reached(name, action, slug)
        sides = ([row for row in self.rows[slug] if (row.pk in given) is side] for side in (True, False))
        return [row for side in sides for row in side[:2]]

    @staticmethod
    def sees(name: str, slug: str, column: str) -> bool:
        duties = {one.duty for one in PEOPLE[name]}
        return (slug, column) not in SECRET or name == "系统管理员" or bool(duties & SEES_FIGURES)


def person(people: Mapping[str, int], name: str) -> Any:
    return get_user_model().objects.get(pk=people[name])


def browser(people: Mapping[str, int], name: str) -> Client:
    """Signed in; somebody whose account was closed has a session from before."""
    return signed_in(person(people, name))


def visible_registers() -> list[Register]:
    return [registry[slug] for slug in BOUND]


def actions_on(slug: str) -> list[str]:
    return [*sorted(ALL), *(["administer"] if slug in HOUSE else [])]


def status(allowed: bool) -> int:
    return 200 if allowed else 403


def touched(since: int) -> set[tuple[str, int]]:
    """Rows with a change record after the record ``since``."""
    return set(Change.objects.filter(pk__gt=since).values_list("model", "row"))


def last_change() -> int:
    return Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
