"""What the list of any register must do: a part of the suite in :mod:`lianpu.register.testing`."""

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lianpu.register.bulk_edit import edit_rows, editable_columns, plan_edit
from lianpu.register.declare import Register, registry
from lianpu.register.grouping import Group, Grouping
from lianpu.register.kinds import Json
from lianpu.register.listing import Listing
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM
from lianpu.register.undo import revert


def asked_by(register: Register, url: str, user: Any = SYSTEM) -> Listing:
    """The list to which an address leads; it must understand every parameter."""
    listing = Listing(register, user, dict(parse_qsl(url.removeprefix("?"))))
    assert (listing.count, listing.errors)[1] == [], url
    return listing


class ListBehaviour:
    """Groups that open to their rows, filters and their opposites, saved columns, bulk edits, and what a page costs."""

    if TYPE_CHECKING:
        slug: ClassVar[str]
        change: ClassVar[tuple[str, str]]
        bad_cells: ClassVar[Mapping[str, object]]

    def test_every_number_of_a_group_opens_to_its_rows(self, stored: list[Any]) -> None:
        register = registry[self.slug]
        levels = Grouping.choices(Listing(register, SYSTEM, {}))
        assert levels, "nothing to group by"
        for level in levels:
            listing = Listing(register, SYSTEM, {"group": level.name})
            groups = Grouping(listing).groups
            assert sum(group.count for group in groups) == len(stored), level.name
            seen: list[int] = []
            for group in groups:
                behind = asked_by(register, group.url)
                assert behind.count == group.count, (level.name, group.word)
                totals = [t.text for t, c in zip(behind.totals, behind.columns, strict=False) if c.column.total]
                assert totals == group.sum_texts, (level.name, group.word)
                seen += [row.pk for row in behind.rows]
            assert sorted(seen) == sorted(row.pk for row in stored), level.name
        for first, second in pairwise(levels):
            self._opens_at_both_levels(register, f"{first.name},{second.name}")

    def _opens_at_both_levels(self, register: Register, by: str) -> None:
        grouping = Grouping(Listing(register, SYSTEM, {"group": by}))
        for group in grouping.groups:
            assert sum(inner.count for inner in group.inner) == group.count, by
            assert all(asked_by(register, inner.url).count == inner.count for inner in group.inner), by
        table = list(csv.reader(io.StringIO(grouping.export("csv").decode("utf-8-sig"))))
        inner = [one for group in grouping.groups for one in group.inner]
        assert [line[2] for line in table[1:]] == [str(one.count) for one in inner]

    def test_a_filter_and_its_opposite_part_the_rows(self, stored: list[Any]) -> None:
        register = registry[self.slug]
        for column in Listing(register, SYSTEM, {}).visible:
            if isinstance(column.kind, Json):
                continue
            blank, filled = (
                {row.pk for row in asked_by(register, f"f.{column.name}={text}").rows} for text in ("-", "!-")
            )
            assert not blank & filled, column.name
            assert len(blank | filled) == len(stored), column.name
            for group in self._groups_of(register, column.name):
                text = dict(parse_qsl(group.url.removeprefix("?")))[f"at.{column.name}"]
                opposite = Listing(register, SYSTEM, {f"f.{column.name}.not": text})
                if group.value is not None and not opposite.errors and column.field and column.field.choices:
                    assert opposite.count == len(stored) - group.count, column.name

    @staticmethod
    def _groups_of(register: Register, name: str) -> Iterable[Group]:
        grouping = Grouping(Listing(register, SYSTEM, {"group": name}))
        return grouping.groups if grouping.levels else ()

    def test_a_list_is_shown_as_its_address_says(self, stored: list[Any], admin_client: Client) -> None:
        """Columns in the order chosen, the latest change, grouped with its chart, and the same grouped table as a file."""
        register = registry[self.slug]
        listing = Listing(register, SYSTEM, {})
        names = [c.name for c in reversed(listing.choosable)]
        page = admin_client.get(register.url(), {"cols": ",".join(names)})
        assert [head.column.name for head in page.context["listing"].headers()] == names
        assert len(page.context["rows"]) == len(stored)
        level = Grouping.choices(listing)[0]
        asked = {"group": level.name, "chart": "count"}
        text = admin_client.get(register.url(), asked).content.decode()
        assert 'id="chart-data"' in text
        assert "alert-warning" not in text
        for form in ("csv", "xlsx"):
            assert admin_client.get(register.url("export", form), asked).status_code == 200

    def test_what_a_page_asks_the_database_does_not_grow(
        self, stored: list[Any], admin_client: Client, query_counts: Path
    ) -> None:
        """Statements a page against the committed baseline; ``LIANPU_QUERY_COUNTS=write`` puts the present ones there."""
        register, row = registry[self.slug], stored[0]
        urls = {
            "list": register.url(),
            "detail": register.url("detail", row.pk),
            "api list": f"/api/{self.slug}/",
            "api row": f"/api/{self.slug}/{row.pk}",
        }
        found = {}
        for page, url in urls.items():
            admin_client.get(url)  # what a process asks once is not the page's
            with CaptureQueriesContext(connection) as queries:
                assert admin_client.get(url).status_code == 200
            found[page] = len([one for one in queries if "SAVEPOINT" not in one["sql"]])
        baseline = json.loads(query_counts.read_text()) if query_counts.exists() else {}
        if os.environ.get("LIANPU_QUERY_COUNTS") == "write":
            baseline[self.slug] = found
            query_counts.write_text(json.dumps(dict(sorted(baseline.items())), indent=1) + "\n")
        more = {page: n for page, n in found.items() if n > baseline.get(self.slug, {}).get(page, 0)}
        assert not more, (
            f"{self.slug}: more statements than {query_counts.name} allows ({baseline.get(self.slug)}): {more}. Find what "
            "asks for them; if the page is worth it, run the test with LIANPU_QUERY_COUNTS=write and commit the file."
        )


class EditBehaviour(ListBehaviour):
    """And of a register that people write."""

    def test_a_bulk_edit_is_one_act_and_undone_as_one(self, stored: list[Any]) -> None:
        register, boss = registry[self.slug], get_user_model().objects.create_superuser("editor")
        name, cell = self.change
        if name not in {column.name for column in editable_columns(register, boss)}:
            pytest.skip(f"{name} tells rows apart, so that many rows cannot share it")
        images = {row.pk: register.model._default_manager.filter(pk=row.pk).values().get() for row in stored}
        plan = plan_edit(register=register, user=boss, rows=images, cells={name: cell})
        assert len(plan.edits) + plan.same == len(stored)
        assert [kept.why for kept in plan.kept] == []
        asked = []
        done = plan
        for versions in ({stored[0].pk: plan.versions[stored[0].pk]}, plan.versions):
            with CaptureQueriesContext(connection) as queries:
                done = edit_rows(register=register, user=boss, versions=versions, cells={name: cell}, reason="核实")
            asked.append(len(queries))
            assert done.act
        again = plan_edit(register=register, user=boss, rows=images, cells={name: cell})
        assert (len(again.edits), again.same) == (0, len(stored))
        changes = Change.objects.filter(model=register.label, source="bulk")
        assert {(c.action, c.user, c.reason) for c in changes} == {("update", "editor", "核实")}
        assert changes.count() == len(plan.edits), "one record a row that changed, none for the others"
        reverted = revert(changes, user=boss, reason="改错了")
        assert reverted.kept == []
        for pk, image in images.items():
            assert register.model._default_manager.filter(pk=pk).values().get() == image

    def test_a_bulk_edit_leaves_what_others_have_changed(self, stored: list[Any]) -> None:
        register, boss = registry[self.slug], get_user_model().objects.create_superuser("editor")
        name, cell = self.change
        if name not in {column.name for column in editable_columns(register, boss)}:
            pytest.skip(f"{name} tells rows apart, so that many rows cannot share it")
        plan = plan_edit(register=register, user=boss, rows=[row.pk for row in stored], cells={name: cell})
        moved = plan.edits[0].row
        register.model._default_manager.filter(pk=moved.pk).update(id=moved.pk)
        done = edit_rows(register=register, user=boss, versions=plan.versions, cells={name: cell})
        assert [kept.row.pk for kept in done.kept] == [moved.pk]
        assert len(done.edits) == len(plan.edits) - 1
