"""The matrix of rights on every surface that writes: form, API, bulk edit, import, decisions, deletion.

What must come out stands in ``tests/rights_rule.py``.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from lianpu.register import exporting, importing
from lianpu.register.bulk_edit import edit_rows, plan_edit
from lianpu.register.declare import Register, registry
from lianpu.register.reading import UnreadableError
from rights_rule import (
    DISTRICTS,
    DUTIES,
    PEOPLE,
    STANDS_FOR,
    WRITTEN,
    World,
    browser,
    everybody,
    last_change,
    person,
    touched,
)

pytestmark = pytest.mark.django_db


def written_registers() -> Iterator[tuple[Register, str, str]]:
    for slug, (column, cell) in WRITTEN.items():
        yield registry[slug], column, cell


def test_what_is_written_stands_for_every_register_that_takes_rows() -> None:
    alike = {slug for slugs in STANDS_FOR.values() for slug in slugs}
    assert set(WRITTEN) == {register.slug for register in registry.all() if register.imports} - alike


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
        needed = [c for c in columns if (c.column.required or c.name in register.key) and c.name != column]
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
def test_new_rows_lie_where_their_writer_may_write(world: World, people: Mapping[str, int], name: str) -> None:
    """A figure for each firm, by the API and by a file of the same cells."""
    if name == "已停用":
        return
    client = browser(people, name)
    for letter, firm in world.firms.items():
        alike = next(row for row in world.rows["enterprise-figures"] if row.enterprise_id == firm.pk)
        may = world.may(name, "add", "enterprise-figures", alike.pk) and world.sees(name, "enterprise-figures", "value")
        before = last_change()
        cells = {"enterprise": firm.uscc, "indicator": "staff", "period": "2022", "value": "9"}
        answer = client.post("/api/enterprise-figures/", cells, "application/json")
        assert (answer.status_code == 201) is may, (letter, answer.content)
        assert bool(touched(before)) is may, letter


@everybody
def test_nobody_moves_a_row_out_of_his_reach_or_into_it(world: World, people: Mapping[str, int], name: str) -> None:
    """To another district one may move a firm only where both ends are his."""
    if name == "已停用":
        return
    client = browser(people, name)
    for letter, code, to in (("乙", "620104", "西固区"), ("丙", "620111", "红古区")):
        firm = world.firms[letter]
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


def test_nobody_deletes_what_he_does_not_see(world: World, people: Mapping[str, int]) -> None:
    """Names, figures and placements go with their firm: who sees not all of them, or may not delete them, stops there."""
    from lianpu.register.deleting import delete_row
    from lianpu.register.testing import grant

    firm = world.firms["甲"]
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
    with pytest.raises(ValidationError, match="指向此行"):
        delete_row(register=registry["enterprises"], user=boss, row=firm, reason="重复登记", with_dependants=True)
    for slug in ("projects", "submissions"):  # which stay without their firm
        registry[slug].model._default_manager.filter(pk__in=[r.pk for r in world.rows[slug]]).delete()
    delete_row(register=registry["enterprises"], user=boss, row=firm, reason="重复登记", with_dependants=True)
    assert not type(firm).objects.filter(pk=firm.pk).exists()
