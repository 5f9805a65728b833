"""The matrix of rights: person × register × action × row × column, on every surface that shows or writes.

What must come out is said here once more, in the city's words and without the code that decides it: which duty may do
what where (``DUTIES``), what a row of each register is bound to (``BOUND``), which columns are confidential (``SECRET``).
A register that is new finds no line in ``BOUND`` and fails the matrix until somebody says what its rows are bound to.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from lianpu.demo.services import load_roles
from lianpu.register import exporting, importing, rights
from lianpu.register.bulk_edit import edit_rows, plan_edit
from lianpu.register.declare import Register, registry
from lianpu.register.grouping import Grouping
from lianpu.register.listing import Listing
from lianpu.register.models import Account, AccountEvent, Change, Grant, Role
from lianpu.register.reading import UnreadableError
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import signed_in

pytestmark = pytest.mark.django_db

READ, KEEP = {"view", "export"}, {"view", "add", "change", "import", "export"}
ALL = {"view", "add", "change", "delete", "import", "export"}
FIRMS = ("enterprises", "enterprise-names", "enterprise-figures")
MAPS = ("places", "chains", "segments", "products", "segment-flows")
HOUSE = ("accounts", "roles", "grants", "account-log")  # of accounts and rights

# What a row of each register is bound to. Whoever is limited to a place, a chain or a firm reaches of a bound register
# his own rows alone; of an unbound one he reads all rows and writes none.
BOUND: Mapping[str, set[str]] = {
    "enterprises": {"place", "firm"},
    "enterprise-names": {"place", "firm"},
    "enterprise-figures": {"place", "firm"},
    "enterprise-merges": {"place", "firm"},
    "placements": {"place", "firm", "chain"},
    "segments": {"chain"},
    "products": {"chain"},
    "segment-flows": {"chain"},
    "segment-states": {"chain"},
    "findings": {"chain"},
    **{slug: set() for slug in ("places", "chains", "references", "diagnosis-runs", *HOUSE)},
}
SECRET = {("enterprise-figures", "value")}
BUSINESS = [slug for slug in BOUND if slug not in HOUSE]


def everywhere(actions: set[str]) -> dict[str, set[str]]:
    return {slug: set(actions) for slug in BUSINESS}


_LOCAL = everywhere(READ) | dict.fromkeys(FIRMS, KEEP) | {"placements": READ | {"change"}}
# Duty → what its holder may do in which register; what is not named he may not.
DUTIES: Mapping[str, Mapping[str, set[str]]] = {
    "局管理员": everywhere(ALL),
    "安全管理员": dict.fromkeys(HOUSE, READ) | {"accounts": READ | {"administer"}},
    "审计员": everywhere(READ) | dict.fromkeys(HOUSE, READ),
    "链长办": everywhere(READ) | {"placements": READ | {"change"}},
    "县区经办": _LOCAL,
    "功能区经办": _LOCAL,
    "企业用户": {slug: {"view"} for slug in (*MAPS, *FIRMS, "placements")}
    | {"enterprise-figures": {"view", "add", "change"}},
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


@pytest.fixture
def world(firms: Mapping[str, Any], two_chains: Mapping[str, Any], gazetteer: Mapping[str, Any]) -> World:
    """Eight firms in five districts and one zone, with names, figures and placements on two chains; the rest beside."""
    from lianpu.chains.models import (
        Chain,
        DiagnosisRun,
        Finding,
        Placement,
        Product,
        Reference,
        SegmentFlow,
        SegmentState,
    )
    from lianpu.enterprises.models import EnterpriseFigure, EnterpriseMerge, EnterpriseName
    from lianpu.places.models import Place

    made = World()
    segments = [one for one in two_chains.values() if one.is_leaf]
    for number, (letter, firm) in enumerate(firms.items()):
        made.add("enterprises", firm, letter)
        alias = EnterpriseName.objects.create(enterprise=firm, name=f"别名{letter}", name_key=letter, kind="alias")
        made.add("enterprise-names", alias, letter)
        value = {"indicator": "tax_10k_cny", "period": "2021", "value": 7770 + number}
        made.add("enterprise-figures", EnterpriseFigure.objects.create(enterprise=firm, **value), letter)
        gone = {
            "old_id": 9000 + number,
            "old_uscc": f"OLD{number}",
            "old_name": f"并入{letter}的",
            "by": "某",
            "act": 0,
        }
        merged = EnterpriseMerge.objects.create(into=firm, at=timezone.now(), **gone)
        made.add("enterprise-merges", merged, letter)
        for segment in (segments[number % len(segments)], segments[(number + 4) % len(segments)]):
            placed = Placement.objects.create(enterprise=firm, segment=segment, role="makes", confidence=0.9)
            made.add("placements", placed, letter, segment.chain.code)
    for segment in two_chains.values():
        made.add("segments", segment, chain=segment.chain.code)
    for product in Product.objects.select_related("segment__chain"):
        made.add("products", product, chain=product.segment.chain.code)
    for flow in SegmentFlow.objects.select_related("source__chain"):
        made.add("segment-flows", flow, chain=flow.source.chain.code)
    for slug, model in (("places", Place), ("chains", Chain)):
        for row in model.objects.all():
            made.add(slug, row)
    reference = Reference.objects.create(name="对照", file="x", rows=1, placed=1, source_hash="0", model_version="1")
    made.add("references", reference)
    run = made.add("diagnosis-runs", DiagnosisRun.objects.create(place=gazetteer["620100"], by="某", is_latest=False))
    for segment in segments:
        chain = segment.chain.code
        state = SegmentState.objects.create(run=run, segment=segment, state="weak", firms=1, basis="lq")
        made.add("segment-states", state, chain=chain)
        finding = Finding.objects.create(
            run=run, chain=segment.chain, segment=segment, place=run.place, kind="fill", state="weak", rank=1, score=0.5,
            explanation="须补", evidence={},
        )  # fmt: skip
        made.add("findings", finding, chain=chain)
    return made


@pytest.fixture
def people(world: World, firms: Mapping[str, Any], gazetteer: Mapping[str, Any], monkeypatch: Any) -> dict[str, int]:
    """Ids of the people by name, with the roles that an installation starts with."""
    load_roles(user=SYSTEM)
    Role.objects.create(code="no-figures", name="不见数字的经办", actions={"*": ["*"]}, clears=[])
    roles = {role.name: role for role in Role.objects.all()}
    places = {place.name: place.path for place in gazetteer.values()}
    places["功能区"] = firms["庚"].zone.path
    made: dict[str, int] = {}
    for name, held in PEOPLE.items():
        user = get_user_model().objects.create(
            username=name, is_active=name != "已停用", is_superuser=name == "系统管理员"
        )
        Account.objects.create(user=user)
        made[name] = user.pk
        for one in held:
            Grant.objects.create(
                user=user,
                role=roles[one.duty],
                place_path=places[one.place] if one.place else "",
                chain_code=one.chain,
                enterprise_uscc=firms[one.firm].uscc if one.firm else "",
            )
    AccountEvent.objects.create(username="某", what="failed")
    monkeypatch.setattr(
        "lianpu.site.accounts.recording.record", lambda *_, **__: None
    )  # no line for the tests' sign-ins
    for slug, model in (("accounts", Account), ("roles", Role), ("grants", Grant), ("account-log", AccountEvent)):
        for row in model._default_manager.all():
            world.add(slug, row)
    return made


def person(people: Mapping[str, int], name: str) -> Any:
    return get_user_model().objects.get(pk=people[name])


def browser(people: Mapping[str, int], name: str) -> Client:
    """Signed in; somebody whose account was closed has a session from before."""
    return signed_in(person(people, name))


def visible_registers() -> list[Register]:
    return [registry[slug] for slug in BOUND]


def actions_on(slug: str) -> list[str]:
    return [*sorted(ALL), *(["administer"] if slug in HOUSE else [])]


def test_every_register_has_its_line() -> None:
    assert set(BOUND) == {register.slug for register in registry.all()}
    secret = {(r.slug, c.name) for r in registry.all() for c in r.declared if c.column.sensitivity}
    assert secret == SECRET


def test_the_matrix_tells_people_apart(world: World, people: Mapping[str, int]) -> None:
    """Of every bound register somebody reaches some rows and not others; of every action some may and some may not."""
    for slug, bound in BOUND.items():
        reached = {frozenset(world.reached(name, "view", slug)) for name in PEOPLE}
        assert len(reached) >= (3 if bound else 2), slug
    for action in actions_on("accounts"):
        assert {world.may(name, action, slug) for name in PEOPLE for slug in BOUND} == {True, False}
    cells = len(PEOPLE) * sum(len(rows) * len(actions_on(slug)) for slug, rows in world.rows.items())
    assert cells > 10_000, cells


@everybody
def test_the_filter_over_rows_and_the_answer_for_one_row_are_the_rule(
    world: World, people: Mapping[str, int], name: str
) -> None:
    """Every cell: person × register × action × row, as a filter and as a yes or no."""
    user = person(people, name)
    for register in visible_registers():
        for action in actions_on(register.slug):
            expected = world.reached(name, action, register.slug)
            rows = rights.restrict(register.base(), register, user, action)
            assert set(rows.values_list("pk", flat=True)) == expected, (register.slug, action)
            assert rights.may(user, register, action) is world.may(name, action, register.slug)
            answers = {row.pk for row in world.rows[register.slug] if rights.may(user, register, action, row)}
            assert answers == expected, (register.slug, action)


@everybody
def test_columns_are_the_rule(world: World, people: Mapping[str, int], name: str) -> None:
    user = person(people, name)
    for register in visible_registers():
        seen = {column.name for column in rights.visible(user, register.bound)}
        assert seen == {c.name for c in register.bound if world.sees(name, register.slug, c.name)}


# -- surfaces that show --------------------------------------------------------------------------
def status(allowed: bool) -> int:
    return 200 if allowed else 403


def heads_and_rows(body: bytes) -> tuple[list[str], int]:
    """Heads and number of rows of an exported csv."""
    table = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    return table[0], len(table) - 1


@everybody
def test_lists_exports_and_api_give_the_rows_of_the_rule(world: World, people: Mapping[str, int], name: str) -> None:
    client = browser(people, name)
    for register in visible_registers():
        slug = register.slug
        expected, whole = world.reached(name, "view", slug), world.may(name, "view", slug)
        answer = client.get(register.url(), {"size": "200", "view": "0"})
        if name == "已停用":
            assert answer.status_code == 302
            assert client.get(f"/api/{slug}/").status_code == 401
            continue
        assert answer.status_code == status(whole), slug
        api = client.get(f"/api/{slug}/", {"size": "200"})
        assert api.status_code == status(whole), slug
        if whole:
            assert {row.pk for row, *_ in answer.context["rows"]} == expected, slug
            assert {row["id"] for row in api.json()["rows"]} == expected, slug
            for row in api.json()["rows"][:1]:
                hidden = {c.name for c in register.bound if not world.sees(name, slug, c.name)}
                assert not hidden & set(row)
        exported = client.get(register.url("export", "csv"))
        assert exported.status_code == status(world.may(name, "export", slug)), slug
        if exported.status_code == 200:
            heads, count = heads_and_rows(exported.content)
            assert count == len(world.reached(name, "export", slug)), slug
            assert not {c.head for c in register.bound if not world.sees(name, slug, c.name)} & set(heads)
        template = client.get(register.url("template"))
        assert template.status_code in ({200, 404} if world.may(name, "import", slug) else {403, 404}), slug


@everybody
def test_groups_count_the_rows_of_the_rule(world: World, people: Mapping[str, int], name: str) -> None:
    user = person(people, name)
    for register in visible_registers():
        expected = world.reached(name, "view", register.slug)
        for level in Grouping.choices(Listing(register, user, {}))[:3]:
            listing = Listing(register, user, {"group": level.name, "size": "200"})
            assert sum(group.count for group in Grouping(listing).groups) == len(expected), (register.slug, level.name)
            assert not listing.errors


@everybody
def test_searches_and_filters_tell_nothing_of_rows_out_of_reach(
    world: World, people: Mapping[str, int], name: str
) -> None:
    user = person(people, name)
    for register in visible_registers():
        expected = world.reached(name, "view", register.slug)
        searched = [c.name for c in register.bound if c.column.search]
        for row in world.either_side(name, "view", register.slug):
            for column in searched[:1]:
                words = str(getattr(row, column, "") or "")
                found = {one.pk for one in Listing(register, user, {"q": words}).rows} if words.strip() else set()
                assert found <= expected, (register.slug, words)


@everybody
def test_one_row_is_shown_or_not_found(world: World, people: Mapping[str, int], name: str) -> None:
    if name == "已停用":
        return
    client = browser(people, name)
    for register in visible_registers():
        slug = register.slug
        for row in world.either_side(name, "view", slug):
            seen = world.may(name, "view", slug, row.pk)
            right = 200 if seen else 404 if world.may(name, "view", slug) else 403
            page = client.get(register.url("detail", row.pk))
            assert page.status_code == right, (slug, row)
            assert client.get(f"/api/{slug}/{row.pk}").status_code in ({right} if right != 403 else {403, 404}), slug
            if slug == "enterprise-figures" and seen:
                assert (f"{row.value:,.0f}" in page.content.decode()) is world.sees(name, slug, "value")


@everybody
def test_confidential_columns_tell_nothing_by_the_back_door(world: World, people: Mapping[str, int], name: str) -> None:
    """Not by sorting, filtering, grouping, summing, choosing columns, or the history of a row."""
    if name == "已停用":
        return
    user, client = person(people, name), browser(people, name)
    for slug, column in SECRET:
        register, sees = registry[slug], world.sees(name, slug, column)
        if not world.may(name, "view", slug):
            continue
        for asked in ({"sort": column}, {f"f.{column}.from": "7773"}, {"cols": column}, {f"at.{column}": "7773"}):
            listing = Listing(register, user, {**asked, "size": "200"})
            rows, _ = {row.pk for row in listing.rows}, listing.columns
            if not sees:
                assert listing.errors, asked
                assert rows == world.reached(name, "view", slug), "the filter is not applied, or it would tell"
                assert client.get(register.url("export", "csv"), asked).status_code in (400, 403)
                assert client.get(f"/api/{slug}/", asked).status_code == 422
        listing = Listing(register, user, {"group": "indicator"})
        assert sees or not any(group.sums for group in Grouping(listing).groups)
        row = next(row for row in world.rows[slug] if world.may(name, "view", slug, row.pk))
        row.value = 123_456
        row.save()
        assert ("123,456" in client.get(register.url("detail", row.pk)).content.decode()) is sees


# -- surfaces that write -------------------------------------------------------------------------
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
}


def written_registers() -> Iterator[tuple[Register, str, str]]:
    for slug, (column, cell) in WRITTEN.items():
        yield registry[slug], column, cell


def touched(since: int) -> set[tuple[str, int]]:
    """Rows with a change record after the record ``since``."""
    return set(Change.objects.filter(pk__gt=since).values_list("model", "row"))


def last_change() -> int:
    return Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def test_what_is_written_stands_for_every_register_that_takes_rows() -> None:
    assert set(WRITTEN) == {register.slug for register in registry.all() if register.imports}


@everybody
def test_the_form_and_the_api_change_the_rows_of_the_rule(world: World, people: Mapping[str, int], name: str) -> None:
    if name == "已停用":
        return
    client = browser(people, name)
    for register, column, cell in written_registers():
        slug = register.slug
        for row in world.either_side(name, "change", slug):
            may = world.may(name, "change", slug, row.pk) and world.sees(name, slug, column)
            before = last_change()
            form = client.get(register.url("edit", row.pk))
            assert (form.status_code == 200) is world.may(name, "change", slug, row.pk), (slug, row)
            answer = client.patch(f"/api/{slug}/{row.pk}", {column: cell, "reason": "核实"}, "application/json")
            assert (answer.status_code == 200) is may, (slug, row, answer.content)
            assert touched(before) == ({(register.label, row.pk)} if may else set()), (slug, row)
        assert (client.get(register.url("new")).status_code == 200) is world.may(name, "add", slug)


@everybody
def test_bulk_edit_changes_the_rows_of_the_rule_and_keeps_the_rest(
    world: World, people: Mapping[str, int], name: str
) -> None:
    from django.core.exceptions import PermissionDenied, ValidationError

    user = person(people, name)
    for register, column, cell in written_registers():
        slug, rows = register.slug, world.rows[register.slug]
        before = last_change()
        try:
            plan = plan_edit(register=register, user=user, rows=[row.pk for row in rows], cells={column: cell})
            edit_rows(register=register, user=user, versions=plan.versions, cells={column: cell}, reason="核实")
        except (PermissionDenied, ValidationError):
            assert not world.may(name, "change", slug) or not world.sees(name, slug, column), slug
        expected = world.reached(name, "change", slug) if world.sees(name, slug, column) else set()
        assert touched(before) == {(register.label, pk) for pk in expected}, slug


@everybody
def test_imports_change_the_rows_of_the_rule(
    world: World, people: Mapping[str, int], name: str, tmp_path: Path
) -> None:
    """A file of all rows, one column altered, as a keeper of everything would send it."""
    user = person(people, name)
    for register, column, cell in written_registers():
        slug = register.slug
        columns = [c for c in register.bound if c.column.editable and not c.column.source_only]
        needed = [c for c in columns if c.column.required and c.name != column]
        path, before = tmp_path / f"{slug}.csv", last_change()
        whole = list(register.base().filter(pk__in=[row.pk for row in world.rows[slug]]).order_by("pk"))
        lines = [
            [*(_cell(c, row) for c in needed), cell]
            for row in whole
        ]  # fmt: skip
        with path.open("wb") as out:
            exporting.write_csv(out, [*(c.head for c in needed), register.by_name[column].head], lines)
        expected = world.reached(name, "change", slug) if world.may(name, "import", slug) else set()
        if not world.sees(name, slug, column):
            expected = set()
        try:
            plan = importing.make_plan(register, path, user)
            importing.commit(plan, user=user, mode=importing.GOOD_ROWS, reason="核实", result_folder=tmp_path)
        except (importing.RefusedError, UnreadableError):
            assert not expected, slug
        assert touched(before) == {(register.label, pk) for pk in expected}, slug


def _cell(column: Any, row: Any) -> str:
    value: Any = row
    for part in column.path.split("__"):
        value = getattr(value, part, None)
    return str(column.kind.show(value))


@everybody
def test_new_rows_lie_where_their_writer_may_write(
    world: World, people: Mapping[str, int], firms: Mapping[str, Any], name: str
) -> None:
    """A figure for each firm, by the API and by a file of the same cells."""
    if name == "已停用":
        return
    client = browser(people, name)
    for letter, firm in firms.items():
        alike = next(row for row in world.rows["enterprise-figures"] if row.enterprise_id == firm.pk)
        may = world.may(name, "add", "enterprise-figures", alike.pk) and world.sees(name, "enterprise-figures", "value")
        before = last_change()
        cells = {"enterprise": firm.uscc, "indicator": "staff", "period": "2022", "value": "9"}
        answer = client.post("/api/enterprise-figures/", cells, "application/json")
        assert (answer.status_code == 201) is may, (letter, answer.content)
        assert bool(touched(before)) is may, letter


@everybody
def test_nobody_moves_a_row_out_of_his_reach_or_into_it(
    world: World, people: Mapping[str, int], firms: Mapping[str, Any], name: str
) -> None:
    """To another district one may move a firm only where both ends are his."""
    if name == "已停用":
        return
    client = browser(people, name)
    for letter, code, to in (("乙", "620104", "西固区"), ("丙", "620111", "红古区")):
        firm = firms[letter]
        held = [one for one in PEOPLE[name] if "change" in DUTIES[one.duty].get("enterprises", set())]
        both = [
            one for one in held
            if not one.chain and not one.firm and one.place in ("", DISTRICTS[letter]) and one.place in ("", to)
        ]  # fmt: skip
        before = last_change()
        answer = client.patch(f"/api/enterprises/{firm.pk}", {"place": code, "reason": "迁址"}, "application/json")
        may = bool(both) or name == "系统管理员"
        assert (answer.status_code == 200) is may, (letter, answer.content)
        assert bool(touched(before)) is may
        if may:
            client.patch(
                f"/api/enterprises/{firm.pk}", {"place": firm.place.code, "reason": "复原"}, "application/json"
            )


@everybody
def test_decisions_on_placements_follow_the_rule(world: World, people: Mapping[str, int], name: str) -> None:
    if name == "已停用":
        return
    client = browser(people, name)
    for row in world.rows["placements"]:
        before = last_change()
        answer = client.post(f"/placements/{row.pk}/decide/", {"state": "confirmed"})
        may = world.may(name, "change", "placements", row.pk)
        assert (answer.status_code in (200, 302)) is may, (row, answer.status_code)
        assert (("chains.placement", row.pk) in touched(before)) is may


# -- desk pages ----------------------------------------------------------------------------------
@everybody
def test_the_desk_tells_what_the_registers_tell(
    world: World, people: Mapping[str, int], gazetteer: Mapping[str, Any], name: str
) -> None:
    """The cockpit, a chain's desk and a segment's sheet are made of rows that the person may list, and of no others."""
    from lianpu.chains.models import DiagnosisRun

    if name == "已停用":
        return
    figures = {"LV": {"firms": 31337, "filled": 1, "segments": 2}}
    run = DiagnosisRun.objects.get()
    DiagnosisRun.objects.update(is_latest=True, figures=figures, firms=41414)
    client, sees_runs = browser(people, name), world.may(name, "view", "diagnosis-runs")
    cockpit = client.get("/")
    assert cockpit.status_code == 200
    assert ("41,414" in cockpit.content.decode() or "41414" in cockpit.content.decode()) is sees_runs
    segment = next(row for row in world.rows["segments"] if row.code == "LV-2101")
    desk = client.get("/desk/LV/", {"segment": segment.code})
    assert desk.status_code == status(world.may(name, "view", "chains"))
    sheet = client.get(f"/desk/LV/{segment.code}/")
    seen = world.may(name, "view", "segments", segment.pk)
    assert (sheet.status_code == 200) is seen
    if desk.status_code != 200:
        return
    states = world.reached(name, "view", "segment-states")
    board = desk.context["board"]
    tiles = [tile for stage in board.stages for group in stage.groups for tile in group.tiles]
    assert {tile.segment.pk for tile in tiles} == {
        row.pk for row in world.rows["segments"]
        if row.is_leaf and row.chain.code == "LV" and world.may(name, "view", "segments", row.pk)
    }  # fmt: skip
    assert {tile.state.pk for tile in tiles if tile.state} <= (states if sees_runs else set())
    assert {finding.pk for finding in board.findings} <= world.reached(name, "view", "findings")
    assert ("31337" in desk.content.decode().replace(",", "")) <= bool(states and sees_runs)
    if seen:
        told = sheet.context["sheet"]
        assert told.state is None or told.state.pk in states
        assert {finding.pk for finding in told.findings} <= world.reached(name, "view", "findings")
        assert {row.pk for row in told.placements} <= world.reached(name, "view", "placements")
    for form in ("docx", "xlsx"):
        if not (sees_runs and world.may(name, "view", "findings")):
            answer = client.post(f"/desk/LV/dossier.{form}", {"place": run.place.code})
            assert answer.status_code in (302, 403, 404)


# -- the log of changes, search, notes, deletion, tokens --------------------------------------------
@everybody
def test_the_change_log_tells_of_rows_within_reach_alone(world: World, people: Mapping[str, int], name: str) -> None:
    from lianpu.register.changelog import ChangeLog
    from lianpu.register.history import acting

    with acting(SYSTEM, reason="抽查"):
        for slug, rows in world.rows.items():
            for row in rows[:8] if registry[slug].history else []:
                row.save()
                if slug == "enterprise-figures":
                    type(row).objects.filter(pk=row.pk).update(value=987_654)
    user = person(people, name)
    entries = list(ChangeLog(user, {"user": SYSTEM.username, "q": "抽查"}, size=5_000).entries)
    told = {(entry.change.model, entry.change.row) for entry in entries}
    assert told == {
        (registry[slug].label, pk)
        for slug in world.rows if registry[slug].history
        for pk in world.reached(name, "view", slug) & {row.pk for row in world.rows[slug][:8]}
    }  # fmt: skip
    words = " ".join(f"{one.before} {one.after}" for entry in entries for one in entry.fields).replace(",", "")
    sees = world.sees(name, "enterprise-figures", "value") and world.reached(name, "view", "enterprise-figures")
    assert ("987654" in words) is bool(sees)
    if name == "已停用":
        return
    client = browser(people, name)
    for slug in world.rows:
        for row in world.either_side(name, "view", slug) if registry[slug].history else []:
            answer = client.get(f"/api/{slug}/{row.pk}/history")
            assert (answer.status_code == 200) is world.may(name, "view", slug, row.pk), (slug, row)


@everybody
def test_search_over_everything_finds_rows_within_reach_alone(
    world: World, people: Mapping[str, int], name: str
) -> None:
    from lianpu.register.search.finding import search

    user, found = person(people, name), set()
    for words in ("示例", "铝", "别名", "汽车", "兰州", "7773", "7774"):
        hits = search(user, words, limit=200).hits
        assert all(world.may(name, "view", hit.register.slug, hit.pk) for hit in hits), words
        found |= {hit.register.slug for hit in hits}
    assert "enterprises" in found or not world.reached(name, "view", "enterprises")


@everybody
def test_notes_and_files_go_by_the_row(world: World, people: Mapping[str, int], name: str, home: Path) -> None:
    from lianpu.register.models import Note

    if name == "已停用":
        return
    client = browser(people, name)
    for row in world.either_side(name, "change", "enterprises"):
        Note.objects.create(register="enterprises", row=row.pk, text=f"密语{row.pk}密", by="某")
        page = client.get(registry["enterprises"].url("detail", row.pk))
        assert (f"密语{row.pk}密" in page.content.decode()) is world.may(name, "view", "enterprises", row.pk)
        before = Note.objects.count()
        client.post(f"/enterprises/{row.pk}/notes/", {"text": "写一句"})
        assert (Note.objects.count() > before) is world.may(name, "change", "enterprises", row.pk), row


@everybody
def test_rows_are_deleted_by_the_rule(world: World, people: Mapping[str, int], name: str) -> None:
    if name == "已停用":
        return
    client = browser(people, name)
    for slug in ("enterprise-names", "segment-flows"):
        register = registry[slug]
        for row in world.rows[slug]:
            client.post(register.url("delete", row.pk), {"reason": "重复", "with_dependants": "1"})
            gone = not register.model._default_manager.filter(pk=row.pk).exists()
            assert gone is world.may(name, "delete", slug, row.pk), (slug, row)


def test_nobody_deletes_what_he_does_not_see(world: World, people: Mapping[str, int], firms: Mapping[str, Any]) -> None:
    """Names, figures and placements go with their firm: who sees not all of them, or may not delete them, stops there."""
    from lianpu.register.deleting import delete_row
    from lianpu.register.testing import grant

    firm = firms["甲"]
    place = {"place_path": firm.place.path}
    for number, (actions, limits, why) in enumerate(
        [
            ({"enterprises": ["*"]}, place, "无权查看"),
            ({"enterprises": ["*"], "*": ["view"]}, place, "没有删除它们的权限"),
            ({"enterprises": ["*"], "enterprise-names": ["*"], "enterprise-figures": ["*"]}, {}, "无权查看"),
        ]
    ):
        user = grant(f"deleter{number}", actions, ["figures"], **limits)
        with pytest.raises(Exception, match=why):
            delete_row(register=registry["enterprises"], user=user, row=firm, reason="x", with_dependants=True)
        assert type(firm).objects.filter(pk=firm.pk).exists()
    boss = person(people, "系统管理员")
    delete_row(register=registry["enterprises"], user=boss, row=firm, reason="重复登记", with_dependants=True)
    assert not type(firm).objects.filter(pk=firm.pk).exists()


@everybody
def test_a_token_is_worth_its_owner_and_never_more(world: World, people: Mapping[str, int], name: str) -> None:
    from lianpu.register import tokens

    user = person(people, name)
    _, secret = tokens.make(user=user, name="月报")
    _, readonly = tokens.make(user=user, name="看板", is_readonly=True, registers=["enterprises"])
    program, viewer = (Client(headers={"Authorization": f"Bearer {one}"}) for one in (secret, readonly))
    for slug in BOUND:
        answer = program.get(f"/api/{slug}/", {"size": "200"})
        if name == "已停用":
            assert answer.status_code == 401
            continue
        assert answer.status_code == status(world.may(name, "view", slug)), slug
        if answer.status_code == 200:
            assert {row["id"] for row in answer.json()["rows"]} == world.reached(name, "view", slug), slug
        if slug != "enterprises":
            assert viewer.get(f"/api/{slug}/").status_code in (401, 403), slug
    for row in world.rows["enterprises"]:
        before = last_change()
        assert viewer.patch(f"/api/enterprises/{row.pk}", {"address": "甲"}, "application/json").status_code in (
            401, 403, 404
        )  # fmt: skip
        assert not touched(before)
        may = world.may(name, "change", "enterprises", row.pk)
        answer = program.patch(f"/api/enterprises/{row.pk}", {"address": "乙", "reason": "x"}, "application/json")
        assert (answer.status_code == 200) is may, answer.content


@everybody
def test_whole_registers_leave_by_export_alone(world: World, people: Mapping[str, int], name: str) -> None:
    """Who may look but not export gets no whole register from the API either."""
    if name == "已停用":
        return
    client = browser(people, name)
    for slug in BOUND:
        answer = client.get(f"/api/{slug}/rows.ndjson")
        assert (answer.status_code == 200) is world.may(name, "export", slug), slug
        if answer.status_code == 200:
            lines = b"".join(answer.streaming_content).splitlines()  # type: ignore[attr-defined]
            assert len(lines) == len(world.reached(name, "export", slug)), slug
