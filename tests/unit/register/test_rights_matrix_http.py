"""The matrix of rights as a browser and a program meet it: workbooks, forms, bulk edit, deletion, views, the import desk,
notes and files, bulk writing.

What must come out stands in ``tests/rights_rule.py``. Every request that writes is sent as somebody with every right
would send it, so that nothing but the right stands in its way.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from lianpu.enterprises.identity import make_uscc
from lianpu.register import exporting
from lianpu.register.declare import Register, registry
from lianpu.register.kinds import Choice, Moment, Reference
from lianpu.register.models import Attachment, ImportRun, Note, SavedView
from lianpu.register.testing import value_at
from rights_rule import (
    BOUND,
    SECRET,
    WRITTEN,
    World,
    browser,
    everybody,
    last_change,
    person,
    status,
    touched,
    visible_registers,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]

# What makes a new row out of a copy of an old one, where another text in its key will not do.
NEW: Mapping[str, Mapping[str, str]] = {
    "enterprises": {"uscc": make_uscc("620102", 990)},
    "enterprise-figures": {"period": "2023"},
    "segments": {"code": "LV-9999"},
    "monthly-reports": {"month": "2024-05"},
}
LEAVES = ("enterprise-names", "enterprise-figures", "products", "segment-flows")  # rows that nothing depends on
SENT = (
    "enterprises",
    "enterprise-figures",
    "segments",
    "places",
)  # bound to places and firms, confidential, to chains, to none


@pytest.fixture
def boss(people: Mapping[str, int]) -> Client:
    """The browser of somebody who may do everything."""
    return browser(people, "系统管理员")


def written() -> Iterator[tuple[Register, str, str]]:
    for slug, (column, cell) in WRITTEN.items():
        yield registry[slug], column, cell


def one_of_each(world: World, name: str, action: str, slug: str) -> list[Any]:
    """A row that the rule gives and one that it does not, as far as there are such."""
    given = world.reached(name, action, slug)
    sides = ([row for row in world.rows[slug] if (row.pk in given) is side] for side in (True, False))
    return [rows[0] for rows in sides if rows]


@pytest.fixture(scope="module")
def seen_before() -> dict[Any, Any]:
    """What the administrator was shown: the same in every test of the module, so asked for once."""
    return {}


@pytest.fixture
def filled_in(boss: Client, seen_before: dict[Any, Any]) -> Callable[..., dict[str, str]]:
    """What a form sends that leaves a row as it is, but for what is changed."""

    def cells(register: Register, pk: int, **changed: str) -> dict[str, str]:
        if (register.slug, pk) not in seen_before:
            fields = boss.get(register.url("edit", pk)).context["fields"]
            seen_before[register.slug, pk] = {column.name: text for column, _, text, _ in fields}
        return seen_before[register.slug, pk] | {"reason": "核实"} | changed

    return cells


# -- what leaves -----------------------------------------------------------------------------------
def workbook(client: Client, register: Register) -> tuple[int, list[list[Any]]]:
    """Status and lines of a register's workbook with every column that there is."""
    from python_calamine import CalamineWorkbook

    answer = client.get(register.url("export", "xlsx"), {"view": "0"})
    if answer.status_code != 200:
        return answer.status_code, []
    return 200, CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()


@everybody
def test_workbooks_hold_the_rows_and_columns_of_the_rule(
    world: World, people: Mapping[str, int], boss: Client, seen_before: dict[Any, Any], name: str
) -> None:
    """Cell by cell what the administrator's workbook holds, less the rows and columns that are not theirs."""
    if name == "已停用":
        return
    client = browser(people, name)
    for register in visible_registers():
        slug = register.slug
        code, lines = workbook(client, register)
        assert code == status(world.may(name, "export", slug)), slug
        if code != 200:
            continue
        if slug not in seen_before:
            rows = boss.get(f"/api/{slug}/", {"size": "200"}).json()["rows"]
            seen_before[slug] = [row["id"] for row in rows], workbook(boss, register)[1]
        order, (heads, *whole) = seen_before[slug]
        reached = world.reached(name, "export", slug)
        hidden = {c.head for c in register.bound if not world.sees(name, slug, c.name)}
        moments = {c.head for c in register.bound if isinstance(c.kind, Moment)}  # of signing in, which the test does
        assert [head for head in heads if head not in hidden] == lines[0], slug
        expected = [line for pk, line in zip(order, whole, strict=True) if pk in reached]
        assert _of(lines, moments) == _of([heads, *expected], hidden | moments), slug


def _of(lines: list[list[Any]], without: set[str]) -> list[list[Any]]:
    """The cells of a table, less the columns with the heads ``without``."""
    kept = [at for at, head in enumerate(lines[0]) if head not in without]
    return [[line[at] for at in kept] for line in lines]


# -- what is written -------------------------------------------------------------------------------
@everybody
def test_forms_change_the_rows_of_the_rule(
    world: World, people: Mapping[str, int], filled_in: Callable[..., dict[str, str]], name: str
) -> None:
    if name == "已停用":
        return
    client = browser(people, name)
    for register, column, cell in written():
        slug = register.slug
        for row in one_of_each(world, name, "change", slug):
            may = world.may(name, "change", slug, row.pk)
            sent, before = filled_in(register, row.pk, **{column: cell}), last_change()
            answer = client.post(register.url("edit", row.pk), sent)
            assert (answer.status_code == 302) is may, (slug, row, answer.status_code)
            changed = may and world.sees(name, slug, column)
            assert ((register.label, row.pk) in touched(before)) is changed, (slug, row)


@everybody
def test_forms_add_rows_where_their_writer_may_add(
    world: World, people: Mapping[str, int], filled_in: Callable[..., dict[str, str]], name: str
) -> None:
    """Beside a row of one's own and beside one of somebody else."""
    if name == "已停用":
        return
    client = browser(people, name)
    for register, _, _ in written():
        slug = register.slug
        for row in one_of_each(world, name, "add", slug):
            sent, before = filled_in(register, row.pk, **fresh(register, row)), last_change()
            answer = client.post(register.url("new"), sent)
            missing = {c.name for c in register.bound if c.column.required and not world.sees(name, slug, c.name)}
            may = world.may(name, "add", slug, row.pk) and not missing
            made = {pk for label, pk in touched(before) if label == register.label}
            assert bool(made) is may, (slug, row, answer.status_code)
            register.model._default_manager.filter(pk__in=made).delete()


def fresh(register: Register, row: Any) -> Mapping[str, str]:
    """Cells that make a copy of ``row`` another row: what must be its own is another text, or what ``NEW`` says."""
    own = [c for c in register.bound if c.name in register.key or (c.field is not None and c.field.unique)]
    texts = [c for c in own if not isinstance(c.kind, (Reference, Choice))]
    return {c.name: f"{value_at(row, c.path)}"[:-1] + "九" for c in texts} | dict(NEW.get(register.slug, {}))


@everybody
def test_bulk_edits_by_the_page_change_the_rows_of_the_rule(
    world: World, people: Mapping[str, int], boss: Client, name: str
) -> None:
    """Everybody ticks all rows, and sends the preview that the administrator was given."""
    if name == "已停用":
        return
    client = browser(people, name)
    for register, column, cell in written():
        slug = register.slug
        ticked = {"row": [row.pk for row in world.rows[slug]], "column": [column], f"to.{column}": cell}
        preview = boss.post(register.url("bulk"), {**ticked, "preview": "1"})
        before = last_change()
        own = client.post(register.url("bulk"), {**ticked, "preview": "1"})
        assert (own.status_code == 403) is not world.may(name, "change", slug), slug
        client.post(register.url("bulk-commit"), {"token": preview.context["token"], "reason": "核实"})
        expected = world.reached(name, "change", slug) if world.sees(name, slug, column) else set()
        assert touched(before) == {(register.label, pk) for pk in expected}, slug


@everybody
def test_rows_are_deleted_by_page_and_program_as_the_rule_says(
    world: World, people: Mapping[str, int], name: str
) -> None:
    if name == "已停用":
        return
    client = browser(people, name)
    for slug in WRITTEN:
        register = registry[slug]
        rows = one_of_each(world, name, "delete", slug)
        for row in rows:
            may, before = world.may(name, "delete", slug, row.pk), last_change()
            page = client.post(register.url("delete", row.pk), {"reason": "重复"})
            assert (page.status_code in (302, 422)) is may, (slug, row)  # 422: others depend on it
            if slug in LEAVES or not may:
                assert touched(before) == ({(register.label, row.pk)} if may else set()), (slug, row)
        for row in [row for row in world.rows[slug] if row not in rows][:2] if slug in LEAVES else []:
            answer = client.delete(f"/api/{slug}/{row.pk}?reason=x")
            assert (answer.status_code == 200) is world.may(name, "delete", slug, row.pk), (slug, row)


@everybody
def test_bulk_writing_by_programs_changes_the_rows_of_the_rule(
    world: World, people: Mapping[str, int], name: str
) -> None:
    if name == "已停用":
        return
    client = browser(people, name)
    for slug, _key in (("enterprises", "uscc"), ("segments", "code")):
        register, (column, cell) = registry[slug], WRITTEN[slug]
        needed = [c for c in register.bound if c.column.required and c.column.editable and c.name != column]
        rows = [{c.name: _cell(c, row) for c in needed} | {column: cell} for row in world.rows[slug]]
        before = last_change()
        answer = client.post(f"/api/{slug}/bulk", {"rows": rows, "reason": "月报"}, "application/json")
        assert answer.status_code == status(world.may(name, "import", slug)), (slug, answer.content)
        expected = world.reached(name, "change", slug) if answer.status_code == 200 else set()
        assert touched(before) == {(register.label, pk) for pk in expected}, slug


def _cell(column: Any, row: Any) -> str:
    return str(column.kind.show(value_at(row, column.path)) or "")


# -- saved views -----------------------------------------------------------------------------------
@everybody
def test_views_show_what_their_reader_may_see_whoever_kept_them(
    world: World, people: Mapping[str, int], name: str
) -> None:
    """A view shared by somebody who sees everything shows rows and columns of the reader's own; a private one nothing."""
    if name == "已停用":
        return
    client, boss = browser(people, name), person(people, "系统管理员")
    for register in visible_registers():
        slug, seen = register.slug, world.may(name, "view", register.slug)
        own = client.post(register.url("view-new"), {"name": "我的", "query": "size=200"})
        assert (own.status_code == 302) is seen, slug
        everything = ",".join(c.name for c in register.bound if not c.column.source_only)
        shared = SavedView.objects.create(
            register=slug, owner=boss, name="全列", query=f"size=200&cols={everything}", shared=True
        )
        page = client.get(register.url(), {"view": shared.pk})
        assert page.status_code == status(seen), slug
        if seen:
            hidden = {c.name for c in register.bound if not world.sees(name, slug, c.name)}
            assert {row.pk for row, *_ in page.context["rows"]} == world.reached(name, "view", slug), slug
            assert not hidden & {c.name for c in page.context["listing"].columns}
            assert bool(page.context["listing"].errors) is bool(hidden), "who is not shown a column is told"
    kept = SavedView.objects.create(register="enterprise-figures", owner=boss, name="密", query="f.value.from=7773")
    if not world.may(name, "view", "enterprise-figures"):
        return
    page = client.get("/enterprise-figures/", {"view": kept.pk, "size": "200"})
    assert (kept.name in page.content.decode()) is (name == "系统管理员")
    SavedView.objects.filter(pk=kept.pk).update(shared=True)
    page = client.get("/enterprise-figures/", {"view": kept.pk})
    sees = world.sees(name, *next(iter(SECRET)))
    by_value = {row.pk for row in world.rows["enterprise-figures"] if row.value >= 7773}
    expected = world.reached(name, "view", "enterprise-figures")
    assert {row.pk for row, *_ in page.context["rows"]} == (expected & by_value if sees else expected)
    for verb in ("view-save", "view-delete"):
        answer = client.post(
            f"/enterprise-figures/views/{kept.pk}/{'delete/' if verb == 'view-delete' else ''}", {"name": "夺"}
        )
        assert (answer.status_code == 403) is (name != "系统管理员"), verb
        kept = SavedView.objects.filter(pk=kept.pk).first() or kept


# -- the import desk -------------------------------------------------------------------------------
@everybody
def test_the_desk_takes_previews_writes_and_takes_back_by_the_rule(
    world: World, people: Mapping[str, int], name: str, home: Path
) -> None:
    """A file of all rows, one column altered: uploaded, looked at, written, looked at by others, undone."""
    if name == "已停用":
        return
    client = browser(people, name)
    for slug in WRITTEN:
        allowed = world.may(name, "import", slug)
        assert client.get(registry[slug].url("import")).status_code == status(allowed), slug
        if slug not in SENT or not allowed:
            upload = client.post(registry[slug].url("import"), {"file": SimpleUploadedFile("甲.csv", b"")})
            assert (upload.status_code == 403) is not allowed, slug
            continue
        register, (column, cell) = registry[slug], WRITTEN[slug]
        sheet, before = file_of(register, world.rows[slug], column, cell), last_change()
        preview = client.post(register.url("import"), {"file": SimpleUploadedFile("乙.csv", sheet)}, follow=True)
        run = ImportRun.objects.latest("pk")
        assert not touched(before), "a preview writes nothing"
        expected = world.reached(name, "change", slug) if world.sees(name, slug, column) else set()
        lines = preview.context.get("lines", [])
        shown = {line["kept"].line - 2 for line in lines if line["kept"].changes}
        if world.sees(name, slug, column):
            assert {world.rows[slug][at].pk for at in shown} == expected, "nothing is told of the others' cells"
        url = f"{register.url('run', run.pk)}"
        client.post(f"{url}commit/", {"mode": "good_rows", "reason": "年报"})
        assert touched(before) == {(register.label, pk) for pk in expected}, slug
        stranger = browser(people, "局管理员" if name != "局管理员" else "不见数字的经办")
        for part in ("", "sent/", "result/", "faulty/"):
            assert stranger.get(url + part).status_code == 404, "rows of a file are its sender's"
        assert stranger.post(f"{url}undo/", {"reason": "不是我的"}).status_code == 404
        client.post(f"{url}undo/", {"reason": "发错了"})
        if expected:
            run.refresh_from_db()
            assert (run.state, run.undone, run.unreverted) == ("undone", len(expected), 0), slug


def file_of(register: Register, rows: list[Any], column: str, cell: str) -> bytes:
    """A csv of ``rows`` with the columns that a file must have, and ``column`` altered."""
    columns = [c for c in register.bound if c.column.editable and not c.column.source_only]
    needed = [c for c in columns if (c.column.required or c.name in register.key) and c.name != column]
    out = io.BytesIO()
    heads = [*(c.head for c in needed), register.by_name[column].head]
    exporting.write_csv(out, heads, [[*(_cell(c, row) for c in needed), cell] for row in rows])
    return out.getvalue()


# -- notes and files -------------------------------------------------------------------------------
@everybody
def test_notes_and_files_of_every_register_go_by_the_row(
    world: World, people: Mapping[str, int], boss: Client, name: str, home: Path
) -> None:
    if name == "已停用":
        return
    client = browser(people, name)
    picture: Callable[[], SimpleUploadedFile] = lambda: SimpleUploadedFile("图.txt", b"x")  # noqa: E731
    for slug in BOUND:
        register = registry[slug]
        for row in one_of_each(world, name, "change", slug):
            may, seen = (world.may(name, action, slug, row.pk) for action in ("change", "view"))
            counts = Note.objects.count(), Attachment.objects.count()
            client.post(register.url("note-new", row.pk), {"text": "一句"})
            client.post(register.url("file-new", row.pk), {"file": picture()})
            assert (Note.objects.count(), Attachment.objects.count()) == tuple(one + may for one in counts), (slug, row)
            boss.post(register.url("file-new", row.pk), {"file": picture()})
            theirs = Attachment.objects.latest("pk")
            answer = client.get(register.url("file", row.pk, theirs.pk))
            assert (answer.status_code == 200) is seen, (slug, row)
            client.post(register.url("file-remove", row.pk, theirs.pk))
            assert Attachment.objects.filter(pk=theirs.pk).exists() is (name != "系统管理员"), "of others' files"
