"""The matrix of rights: person × register × action × row × column, on every surface that shows.

What must come out stands in ``tests/rights_rule.py``; what is written is asked in ``test_rights_matrix_writing.py``.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.test import Client

from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.grouping import Grouping
from lianpu.register.listing import Listing
from lianpu.register.rights import SYSTEM
from rights_rule import (
    BOUND,
    PEOPLE,
    SECRET,
    STANDS_FOR,
    World,
    actions_on,
    browser,
    everybody,
    last_change,
    person,
    status,
    touched,
    visible_registers,
)

pytestmark = pytest.mark.django_db


def test_every_register_has_its_line() -> None:
    alike = [slug for slugs in STANDS_FOR.values() for slug in slugs]
    assert sorted([*BOUND, *alike]) == sorted(register.slug for register in registry.all())
    for slug, slugs in STANDS_FOR.items():
        assert {registry[one].scope for one in slugs} == {registry[slug].scope}, slug
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


# -- desk pages ----------------------------------------------------------------------------------
@everybody
def test_the_desk_tells_what_the_registers_tell(world: World, people: Mapping[str, int], name: str) -> None:
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
    # the place's own figure for whoever sees every firm; others are told what is within their reach
    whole = sees_runs and world.reached(name, "view", "enterprises") == {row.pk for row in world.rows["enterprises"]}
    assert ("41,414" in cockpit.content.decode() or "41414" in cockpit.content.decode()) is whole
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


# -- the log of changes, search, notes, tokens, streams --------------------------------------------
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
