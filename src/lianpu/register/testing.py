"""The test suite that every register inherits.

A context's test names the register and a few rows, as cells a person would type, and gets the rest::

    class TestProjects(RegisterSuite):
        slug = "projects"
        rows = [{"code": "P1", "name": "甲项目", "place": "620102"}, {"code": "P2", …}, {"code": "P3", …}]
        bad_cells = {"total_invest_10k_cny": "很多"}
        change = ("name", "甲项目二期")

        @pytest.fixture
        def surroundings(self, gazetteer): ...          # whatever the rows refer to

At least three rows; where the register has a scope, the first row lies outside the scope of the last.
A computed register (``imports = False``) inherits ``ComputedSuite``, gives no rows and makes some in
``surroundings``; one with sensitive columns inherits ``SensitiveColumns`` too.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from lianpu.register import exporting, importing, rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.kinds import Choice, Date, Json, Moment, Number, Words
from lianpu.register.listing import Listing, cells
from lianpu.register.models import Change, Grant, ImportRun, Role
from lianpu.register.reading import UnreadableError, read
from lianpu.register.rights import SYSTEM
from lianpu.register.testing_lists import EditBehaviour, ListBehaviour
from lianpu.register.undo import revert

FILES = ("xlsx", "csv", "parquet")
NEVER = "绝无此值"


def grant(username: str, actions: Mapping[str, Sequence[str]], clears: Sequence[str] = (), **scope: str) -> Any:
    """A person (made at need) with one more role; ``scope`` is place_path, chain_code or enterprise_uscc."""
    user, _ = get_user_model().objects.get_or_create(username=username)
    role = Role.objects.create(
        code=f"role-{Role.objects.count()}", name="测试", actions=dict(actions), clears=list(clears)
    )
    Grant.objects.create(user=user, role=role, **scope)
    return get_user_model().objects.get(pk=user.pk)


def signed_in(user: Any) -> Client:
    """A browser in which ``user`` has signed in."""
    client = Client()
    client.force_login(user)
    return client


def value_at(row: Any, path: str) -> Any:
    """What stands at an ORM path of a row; None where a reference on the way is empty."""
    for part in path.split("__"):
        row = getattr(row, part, None) if row is not None else None
    return row


def _same_at(path: str, last: Any) -> Callable[[Any], bool]:
    return lambda row: bool(value_at(row, path) == value_at(last, path))


@pytest.mark.django_db
class ComputedSuite(ListBehaviour):
    """What must hold of any register; see the module."""

    slug: ClassVar[str]
    rows: ClassVar[Sequence[Mapping[str, object]]] = ()
    bad_cells: ClassVar[Mapping[str, object]] = {}
    change: ClassVar[tuple[str, str]]

    # -- what the tests stand on ---------------------------------------------------------------
    @property
    def register(self) -> Register:
        return registry[self.slug]

    @pytest.fixture
    def surroundings(self, db: None) -> None:
        """Whatever the rows refer to; a computed register makes its rows here."""

    @pytest.fixture
    def send(self, tmp_path: Path, surroundings: None) -> "Callable[..., importing.Plan]":  # noqa: ARG002
        """Plan the import of rows (cells by column name) as a csv file with the register's own heads."""

        def plan(rows: Sequence[Mapping[str, object]], user: Any = SYSTEM) -> importing.Plan:
            by_name = self.register.by_name
            names = list(dict.fromkeys(name for row in rows for name in row))
            path = tmp_path / "报送.csv"
            with path.open("wb") as out:
                exporting.write_csv(out, [by_name[n].head for n in names], [[r.get(n) for n in names] for r in rows])
            return importing.make_plan(self.register, path, user)

        return plan

    @pytest.fixture
    def stored(self, send: Any, tmp_path: Path) -> list[Any]:
        """The register's rows, in the order they were written."""
        if self.register.imports:
            plan = send(self.rows)
            assert not plan.faults, [str(fault) for fault in plan.faults]
            importing.commit(plan, user=SYSTEM, result_folder=tmp_path)
        return list(self.register.base().order_by("pk"))

    @pytest.fixture
    def boss(self, db: None) -> Any:  # noqa: ARG002
        return get_user_model().objects.create_superuser("boss")

    @property
    def shown(self) -> list[BoundColumn]:
        """Columns that a person who may see everything sees."""
        return [c for c in self.register.bound if not c.column.source_only]

    # -- pages ---------------------------------------------------------------------------------
    def test_list_page_shows_the_rows(self, stored: list[Any], boss: Any) -> None:
        page = signed_in(boss).get(self.register.url())
        assert page.status_code == 200
        text = page.content.decode()
        assert f"共 {len(stored)} 条" in text
        for row in stored:
            first = cells(Listing(self.register, boss, {}).columns, row)[0]
            assert escape(first.text) in text
            assert self.register.url("detail", row.pk) in text

    def test_detail_page_shows_every_value(self, stored: list[Any], boss: Any) -> None:
        page = signed_in(boss).get(self.register.url("detail", stored[0].pk))
        assert page.status_code == 200
        for cell in cells([c for c in self.shown if type(c.kind) is not Json], stored[0]):
            assert escape(cell.text.splitlines()[0] if cell.text else "") in page.content.decode(), cell.column.name

    def test_sorting_orders_by_value_with_blanks_last(self, stored: list[Any]) -> None:
        for column in self.shown:
            if isinstance(column.kind, Json):
                continue
            ways = [Listing(self.register, SYSTEM, {"sort": sign + column.name}) for sign in ("", "-")]
            up, down = ([value_at(row, column.path) for row in way.rows] for way in ways)
            assert len(up) == len(down) == len(stored)
            filled = [value for value in up if value is not None]
            assert filled == [value for value in reversed(down) if value is not None]
            assert up[: len(filled)] == filled
            if isinstance(column.kind, (Number, Date)):
                assert filled == sorted(filled), column.name
            assert not any(way.errors for way in ways)

    def test_pages_together_are_the_sorted_list(self, stored: list[Any]) -> None:
        for name in ["", *(c.name for c in self.shown if not isinstance(c.kind, Json))]:
            for sort in (name, f"-{name}") if name else ("",):
                whole = [row.pk for row in Listing(self.register, SYSTEM, {"sort": sort}).rows]
                assert len(whole) == len(stored)
                pages = Listing(self.register, SYSTEM, {"size": "2"}).pages
                asked = [{"sort": sort, "size": "2", "page": str(page)} for page in range(1, pages + 1)]
                assert [row.pk for one in asked for row in Listing(self.register, SYSTEM, one).page_rows] == whole, sort

    def test_every_filter_keeps_its_rows_and_only_them(self, stored: list[Any]) -> None:
        tried = 0
        for column in self.shown:
            if isinstance(column.kind, Json):
                continue
            value = value_at(stored[0], column.path)
            text = self._filter_text(column, stored[0])
            if value is None or not text:
                continue
            found = Listing(self.register, SYSTEM, {f"f.{column.name}": text})
            kept = {row.pk for row in found.rows}
            assert not found.errors, found.errors
            assert stored[0].pk in kept, column.name
            if column.column.filter_with is None:
                same = {r.pk for r in stored if column.kind.show(value_at(r, column.path)) == column.kind.show(value)}
                assert same <= kept, column.name
                assert kept == same or not isinstance(column.kind, (Choice, Number, Date)), column.name
            tried += 1
        assert tried

    def test_blank_filter_keeps_blank_rows(self, stored: list[Any]) -> None:
        for column in self.shown:
            if not isinstance(column.kind, Json):
                found = Listing(self.register, SYSTEM, {f"f.{column.name}": "-"})
                blank = {row.pk for row in stored if value_at(row, column.path) in (None, "")}
                assert {row.pk for row in found.rows} == blank, column.name
                assert not found.errors

    @staticmethod
    def _filter_text(column: BoundColumn, row: Any) -> str:
        """What one would type to filter ``column`` for the value of ``row``."""
        if column.column.filter_with is not None:
            return str(getattr(value_at(row, column.path.rpartition("__")[0]), "code", ""))
        if isinstance(column.kind, Words):
            return str((value_at(row, column.path) or [""])[0])
        if isinstance(column.kind, Moment):
            return column.kind.show(value_at(row, column.path))[:10]
        if isinstance(column.kind, (Number, Date)):
            return str(value_at(row, column.path))
        return column.kind.show(value_at(row, column.path))

    def test_what_cannot_be_filtered_is_said(self, stored: list[Any], boss: Any) -> None:
        for odd in ("f.nothing", "nothing", "at.nothing"):
            listing = Listing(self.register, SYSTEM, {odd: "1"})
            assert listing.count == len(stored)
            assert len(listing.errors) == 1
            assert odd in listing.errors[0]
            assert "alert" in signed_in(boss).get(self.register.url(), {odd: "1"}).content.decode()
            assert signed_in(boss).get(self.register.url("export", "csv"), {odd: "1"}).status_code == 400
        for column in self.shown:
            if isinstance(column.kind, (Number, Date, Choice)) and column.column.filter_with is None:
                listing = Listing(self.register, SYSTEM, {f"f.{column.name}": NEVER})
                assert listing.count == len(stored)
                assert len(listing.errors) == 1, column.name

    def test_search_finds_by_words(self, stored: list[Any]) -> None:
        for column in self.shown:
            word = str(value_at(stored[0], column.path) or "")
            if column.column.search and word.strip():
                found = Listing(self.register, SYSTEM, {"q": word.split(maxsplit=1)[0]})
                assert stored[0].pk in {row.pk for row in found.rows}, column.name
                assert not Listing(self.register, SYSTEM, {"q": f"{word.split(maxsplit=1)[0]} {NEVER}"}).count

    def test_lists_ask_a_constant_number_of_queries(self, stored: list[Any], boss: Any) -> None:
        client = signed_in(boss)
        client.get(self.register.url())
        asked = []
        for size in (1, len(stored)):
            with CaptureQueriesContext(connection) as queries:
                client.get(self.register.url(), {"size": size})
            asked.append(len(queries))
        assert asked[0] == asked[1]

    # -- files ---------------------------------------------------------------------------------
    @pytest.mark.parametrize("form", FILES)
    def test_untouched_export_imports_without_change(self, stored: list[Any], tmp_path: Path, form: str) -> None:
        path = tmp_path / f"导出.{form}"
        rows = self.register.base().order_by("pk")
        path.write_bytes(exporting.export(self.register, rows, exporting.exportable(self.shown), form))
        if not self.register.imports:
            heads = frozenset(c.label for c in self.shown)
            assert len(read(path, heads).rows) == len(stored)
            return
        plan = importing.make_plan(self.register, path, SYSTEM)
        assert [str(fault) for fault in plan.faults] == []
        assert [row.changes for row in plan.rows if row.changes] == []
        assert dict(plan.counts) == {importing.SAME: len(stored)}

    # -- change records ------------------------------------------------------------------------
    def test_raw_sql_leaves_a_record_too(self, stored: list[Any]) -> None:
        table, before = self.register.model._meta.db_table, Change.objects.count()
        with connection.cursor() as cursor:
            cursor.execute(f'UPDATE "{table}" SET id = id WHERE id = %s', [stored[0].pk])  # noqa: S608
        if not self.register.history:
            assert Change.objects.count() == before, "rows that the system writes once keep no records"
            return
        assert Change.objects.count() == before + 1
        change = Change.objects.latest("pk")
        assert (change.model, change.row, change.action) == (self.register.label, stored[0].pk, "update")
        assert (change.user, change.source) == ("", "sql")

    # -- API -----------------------------------------------------------------------------------
    def test_api_answers_the_pages_rows(self, stored: list[Any], boss: Any) -> None:
        client = signed_in(boss)
        answer = client.get(f"/api/{self.slug}/").json()
        listing = Listing(self.register, boss, {})
        assert answer["count"] == listing.count == len(stored)
        assert [row["id"] for row in answer["rows"]] == [row.pk for row in listing.page_rows]
        one = client.get(f"/api/{self.slug}/{stored[0].pk}").json()
        assert one in answer["rows"]
        assert set(one) == {"id", *(c.name for c in self.shown)} | ({"extra"} if self.register.extensible else set())
        for cell in cells(self.shown, stored[0]):
            if isinstance(one[cell.column.name], str) and not isinstance(cell.column.kind, Number):
                assert one[cell.column.name] == cell.text
        assert client.get(f"/api/{self.slug}/", {"f.nothing": "1"}).status_code == 422

    # -- rights --------------------------------------------------------------------------------
    def _limits(self, rows: Sequence[Any]) -> list[tuple[dict[str, str], Callable[[Any], bool]]]:
        """Scopes around the last row, each with the plain rule of which rows lie inside."""
        scope, last = self.register.scope, rows[-1]
        found: list[tuple[dict[str, str], Callable[[Any], bool]]] = []
        if scope.place:
            path = str(value_at(last, scope.place))

            def lies_here(row: Any) -> bool:
                ways = [value_at(row, way) for way in (scope.place, scope.zone) if way]
                return any(way and way.startswith(path) for way in ways)

            found.append(({"place_path": path}, lies_here))
        for word, way in (("chain_code", scope.chain), ("enterprise_uscc", scope.enterprise)):
            if way:
                found.append(({word: value_at(last, way)}, _same_at(way, last)))
        return found

    def _answers(self, user: Any, row: Any) -> dict[str, int]:
        """Status of everything that shows or changes one row."""
        client = signed_in(user)
        answers = {
            "detail": client.get(self.register.url("detail", row.pk)).status_code,
            "api": client.get(f"/api/{self.slug}/{row.pk}").status_code,
        }
        if self.register.imports:
            answers["form"] = client.get(self.register.url("edit", row.pk)).status_code
            answers["patch"] = client.patch(f"/api/{self.slug}/{row.pk}", {}, "application/json").status_code
        return answers

    def _listed(self, user: Any, tmp_path: Path) -> set[int]:
        """Rows that the list, the API and the export give, which must be the same."""
        client, listing = signed_in(user), Listing(self.register, user, {})
        listed = {row.pk for row in listing.page_rows}
        assert {row["id"] for row in client.get(f"/api/{self.slug}/").json()["rows"]} == listed
        path = tmp_path / "见到.csv"
        exported = client.get(self.register.url("export", "csv"))
        path.write_bytes(exported.content)
        assert len(read(path, frozenset(c.label for c in self.shown)).rows) == len(listed)
        return listed

    def test_without_a_role_nothing_is_seen(self, stored: list[Any]) -> None:
        nobody = get_user_model().objects.create(username="nobody")
        assert not Listing(self.register, nobody, {}).count
        assert not rights.may(nobody, self.register, rights.VIEW, stored[0])
        assert set(self._answers(nobody, stored[0]).values()) <= {403, 404}
        for page in ("list", "template", "new", "import"):
            assert signed_in(nobody).get(self.register.url(page)).status_code == 403
        assert signed_in(nobody).get(self.register.url("export", "csv")).status_code == 403
        assert signed_in(nobody).get(f"/api/{self.slug}/").status_code == 403
        stranger = Client()
        assert stranger.get(self.register.url()).status_code == 302
        assert stranger.get(f"/api/{self.slug}/{stored[0].pk}").status_code in (302, 401)

    def test_a_reader_reads_everything_and_writes_nothing(self, stored: list[Any], tmp_path: Path) -> None:
        reader = grant("reader", {"*": ["view", "export"]})
        assert self._listed(reader, tmp_path) == {row.pk for row in stored}
        answers = self._answers(reader, stored[0])
        assert {answers.pop("detail"), answers.pop("api")} == {200}
        assert set(answers.values()) <= {403}
        assert signed_in(reader).get(self.register.url("import")).status_code == 403
        looker = grant("looker", {self.slug: ["view"]})
        assert signed_in(looker).get(self.register.url("export", "csv")).status_code == 403

    def test_scope_gives_rows_and_predicate_agrees(self, stored: list[Any], tmp_path: Path) -> None:
        for number, (scope, inside) in enumerate(self._limits(stored)):
            user = grant(f"limited{number}", {"*": ["*"]}, **scope)
            expected = {row.pk for row in stored if inside(row)}
            assert 0 < len(expected) < len(stored), "the first row must lie outside the scope of the last"
            assert self._listed(user, tmp_path) == expected
            assert {row.pk for row in stored if rights.may(user, self.register, rights.VIEW, row)} == expected
            for row in stored:
                answers = self._answers(user, row)
                assert set(answers.values()) == ({200} if row.pk in expected else {404}), (scope, row, answers)

    def test_common_ground_is_read_but_not_written_by_limited_people(self, stored: list[Any]) -> None:
        scope = self.register.scope
        limits = {"place_path": scope.place, "chain_code": scope.chain, "enterprise_uscc": scope.enterprise}
        for word in [word for word, way in limits.items() if not way]:
            user = grant(f"of-{word}", {"*": ["*"]}, **{word: NEVER})
            assert Listing(self.register, user, {}).count == len(stored)
            assert not rights.may(user, self.register, rights.CHANGE)
            assert set(self._answers(user, stored[0]).values()) <= {200, 403}


class RegisterSuite(ComputedSuite, EditBehaviour):
    """What must hold besides of a register whose rows come from files, forms and the API."""

    def test_template_takes_the_rows_heads(self, surroundings: None, boss: Any, tmp_path: Path) -> None:  # noqa: ARG002
        path = tmp_path / "模板.xlsx"
        path.write_bytes(signed_in(boss).get(self.register.url("template")).content)
        heads = importing.known_heads(self.register.bound)
        sheet = read(path, frozenset(heads))
        assert {heads[head].name for head in sheet.heads} >= {name for row in self.rows for name in row}

    def test_every_fault_is_listed_with_its_remedy(self, send: Any, tmp_path: Path) -> None:
        required = [c.name for c in self.register.bound if c.column.required]
        wrong = [(name, cell) for name, cell in self.bad_cells.items()] + [(name, "") for name in required]
        assert self.bad_cells, "say which cells the register must refuse"
        plan = send([self.rows[0], *({**self.rows[1], name: cell} for name, cell in wrong)])
        assert plan.counts[importing.FAULTY] == len(wrong)
        for row, (name, cell) in zip(plan.rows[1:], wrong, strict=True):
            faults = [fault for fault in plan.faults if fault.line == row.line]
            assert len(faults) == 1, (name, [str(fault) for fault in faults])
            assert faults[0].column == self.register.by_name[name].label
            assert faults[0].value == cell
            assert faults[0].reason
            assert faults[0].remedy
        with pytest.raises(importing.RefusedError):
            importing.commit(plan, user=SYSTEM, mode=importing.ALL_OR_NOTHING, result_folder=tmp_path)
        assert not self.register.base().exists() or self._keeps_its_surroundings()
        run = importing.commit(plan, user=SYSTEM, mode=importing.GOOD_ROWS, result_folder=tmp_path)
        assert (run.created, run.faulty) == (1, len(wrong))

    def _keeps_its_surroundings(self) -> bool:
        """Rows that were there before the import are all there is (registers whose rows refer to one another)."""
        return not ImportRun.objects.exists() and not Change.objects.filter(source="import").exists()

    def test_a_change_by_form_makes_one_record(self, stored: list[Any], boss: Any) -> None:
        row, (name, cell), client = stored[0], self.change, signed_in(boss)
        page = client.get(self.register.url("edit", row.pk))
        typed = {c.name: text for c, _, text, _ in page.context["fields"]}
        before = Change.objects.count()
        assert client.post(self.register.url("edit", row.pk), typed).status_code == 302
        assert Change.objects.count() == before, "saving an untouched form is no change"
        answer = client.post(self.register.url("edit", row.pk), {**typed, name: cell, "reason": "来函更正"})
        assert answer.status_code == 302, answer.context and answer.context["errors"]
        change = Change.objects.get(pk__gt=Change.objects.order_by("pk")[before - 1].pk)
        assert (change.action, change.row, change.model) == ("update", row.pk, self.register.label)
        assert (change.user, change.reason, change.source) == ("boss", "来函更正", "screen")
        held = self.register.by_name[name].field
        assert held is not None
        assert change.before is not None
        assert change.after is not None
        assert change.before[held.column] != change.after[held.column]
        page = client.get(self.register.url("detail", row.pk))
        assert "来函更正" in page.content.decode()

    def test_an_import_is_undone_and_the_undo_too(self, stored: list[Any]) -> None:
        def held() -> list[Any]:
            return list(self.register.model._default_manager.order_by("pk").values())

        after, made = held(), Change.objects.filter(model=self.register.label, source="import")
        undone = revert(made, user=SYSTEM, reason="误报")
        assert (undone.done, undone.kept) == (len(stored), [])
        assert not self.register.model._default_manager.filter(pk__in=[row.pk for row in stored]).exists()
        assert revert(Change.objects.filter(act=undone.act), user=SYSTEM, reason="仍有用").kept == []
        assert held() == after

    def test_a_row_is_deleted_by_right_and_comes_back_as_it_was(self, stored: list[Any]) -> None:
        row, kept = stored[-1], self.register.model._default_manager
        before = kept.filter(pk=row.pk).values().get()
        keeper = grant("keeper", {"*": ["view", "add", "change"]})
        assert signed_in(keeper).post(self.register.url("delete", row.pk)).status_code == 403
        clerk = signed_in(grant("clerk", {"*": ["view", "add", "delete"]}))
        assert clerk.post(self.register.url("delete", row.pk), {"reason": "重复"}).status_code == 302
        assert not kept.filter(pk=row.pk).exists()
        entry = clerk.get(self.register.url("deleted")).context["entries"][0]
        assert (entry.change.row, entry.change.user, entry.change.reason) == (row.pk, "clerk", "重复")
        back = self.register.url("restore", entry.change.pk)
        assert clerk.post(back, {"reason": "仍有用"}).headers["Location"] == self.register.url("detail", row.pk)
        assert kept.filter(pk=row.pk).values().get() == before

    def test_a_form_with_a_bad_cell_changes_nothing(self, stored: list[Any], boss: Any) -> None:
        client, before, url = signed_in(boss), Change.objects.count(), self.register.url("edit", stored[1].pk)
        typed = {c.name: text for c, _, text, _ in client.get(url).context["fields"]}
        for name, cell in self.bad_cells.items():
            answer = client.post(url, {**typed, name: cell})
            assert answer.status_code == 422, name
            assert set(answer.context["errors"]) == {name}
        assert Change.objects.count() == before

    def test_an_import_makes_a_record_a_row_in_a_constant_number_of_statements(
        self, send: Any, boss: Any, tmp_path: Path
    ) -> None:
        asked = []
        for rows in (self.rows[:1], self.rows[1:]):
            plan, before = send(rows, boss), Change.objects.count()
            with CaptureQueriesContext(connection) as queries:
                run = importing.commit(plan, user=boss, reason="年报", result_folder=tmp_path)
            asked.append(len(queries))
            made = Change.objects.filter(run=run.pk)
            assert Change.objects.count() - before == made.count() == len(rows)
            assert set(made.values_list("action", "user", "reason", "source")) == {("insert", "boss", "年报", "import")}
            assert all(change.before is None and change.after for change in made)
        assert asked[0] == asked[1]

    def test_api_creates_and_changes_as_the_form_does(self, send: Any, boss: Any, tmp_path: Path) -> None:
        client = signed_in(boss)
        *rest, last = self.rows
        importing.commit(send(rest), user=SYSTEM, result_folder=tmp_path)
        made = client.post(f"/api/{self.slug}/", dict(last), "application/json")
        assert made.status_code == 201, made.content.decode()
        assert send([last]).counts == {importing.SAME: 1}, "a row made by the API equals the same row of a file"
        (name, cell), url = self.change, f"/api/{self.slug}/{made.json()['id']}"
        assert client.patch(url, {"nothing": "1"}, "application/json").status_code == 422
        assert client.patch(url, {name: cell, "reason": "更正"}, "application/json").status_code == 200
        change = Change.objects.latest("pk")
        assert (change.action, change.user, change.reason, change.source) == ("update", "boss", "更正", "api")
        for name, bad in self.bad_cells.items():
            refused = client.patch(url, {name: bad}, "application/json")
            assert refused.status_code == 422
            assert name in refused.json()["faults"]

    def test_a_limited_writer_cannot_write_outside(self, stored: list[Any], send: Any, tmp_path: Path) -> None:
        name, cell = self.change
        for number, (scope, _) in enumerate(self._limits(stored)):
            secrets = [c.column.sensitivity for c in self.shown]
            grant(f"writer{number}", {"*": ["view"]})
            user = grant(f"writer{number}", {"*": ["*"]}, secrets, **scope)
            outside = self._answers(user, stored[0])
            assert (outside["detail"], outside["form"], outside["patch"]) == (200, 403, 403)
            plan = send([{**self.rows[0], name: cell}], user)
            assert plan.counts == {importing.FAULTY: 1}
            assert "范围" in plan.faults[0].reason
            stored[0].delete()
            with pytest.raises(importing.RefusedError, match="范围"):
                importing.commit(send(self.rows[:1], user), user=user, result_folder=tmp_path)
            importing.commit(send(self.rows[:1]), user=SYSTEM, result_folder=tmp_path)
            stored = list(self.register.base().order_by("-pk"))


class SensitiveColumns(ComputedSuite):
    """What must hold besides of a register with columns that not every reader may see."""

    def test_sensitive_columns_stay_hidden(self, stored: list[Any], send: Any) -> None:
        secret = [c for c in self.shown if c.column.sensitivity]
        reader = grant("reader", {"*": ["*"]})
        cleared = grant("cleared", {"*": ["*"]}, [c.column.sensitivity for c in secret])
        for column in secret:
            text = column.kind.show(value_at(stored[0], column.path))
            for user, sees in ((reader, False), (cleared, True)):
                client = signed_in(user)
                for url in (self.register.url(), self.register.url("detail", stored[0].pk)):
                    assert (text in client.get(url).content.decode()) is sees
                assert (column.name in client.get(f"/api/{self.slug}/{stored[0].pk}").json()) is sees
                exported = client.get(self.register.url("export", "csv"))
                assert (column.head in exported.content.decode()) is sees
                asked = client.get(self.register.url("export", "csv"), {"cols": column.name})
                assert asked.status_code == (200 if sees else 400)
                listing = Listing(self.register, user, {"sort": column.name, f"f.{column.name}": text})
                assert (listing.count, bool(listing.errors)) == ((1, False) if sees else (len(stored), True))
            assert client_refuses(reader, self.slug, stored[0].pk, column.name)
        if any(c.column.required for c in secret) and self.register.imports:
            with pytest.raises(UnreadableError):
                send(self.rows, reader)


def client_refuses(user: Any, slug: str, pk: int, column: str) -> bool:
    """Whether the API refuses to write a column that the person may not see."""
    return signed_in(user).patch(f"/api/{slug}/{pk}", {column: "1"}, "application/json").status_code == 422
