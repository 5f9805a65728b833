"""Lists: views that are kept and shared, filters, groups, exact sums, bulk edits, and rows that two people change at once."""

import csv
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from lianpu.enterprises.models import Enterprise
from lianpu.register import services
from lianpu.register.bulk_edit import LIMIT, edit_rows, editable_columns, plan_edit
from lianpu.register.declare import Register, registry
from lianpu.register.grouping import Grouping
from lianpu.register.history import acting
from lianpu.register.listing import Listing, params_of
from lianpu.register.lookup import suggestions
from lianpu.register.models import Change, OpeningView, SavedView
from lianpu.register.rights import SYSTEM
from lianpu.register.saved_views import delete_view, open_with, save_view, views_of
from lianpu.register.services import ConflictError, save_row, version_of
from lianpu.register.testing import grant, signed_in

Firms = Mapping[str, Enterprise]


@pytest.fixture
def enterprises() -> Register:
    return registry["enterprises"]


@pytest.fixture
def clerk(gazetteer: Mapping[str, Any]) -> Any:
    return grant("clerk", {"enterprises": ["*"]})


def found(asked: Mapping[str, str], user: Any = SYSTEM, slug: str = "enterprises") -> set[str]:
    """Letters of the firms in a list that understands all it is asked."""
    listing = Listing(registry[slug], user, asked)
    names = {row.name[2] for row in listing.rows}
    assert listing.errors == []
    return names


class TestFilters:
    def test_opposites_blanks_and_exact_values(self, firms: Firms, two_chains: Mapping[str, Any]) -> None:
        Enterprise.objects.filter(name__contains="甲").update(kind="有限责任公司", status="suspended")
        Enterprise.objects.filter(name__contains="乙").update(kind="有限责任公司（自然人独资）")
        everyone = found({})
        assert found({"f.kind": "有限责任"}) == {"甲", "乙"}
        assert found({"at.kind": "有限责任公司"}) == {"甲"}
        assert found({"f.kind.not": "有限责任"}) == everyone - {"甲", "乙"}
        assert found({"f.kind": "!-"}) == {"甲", "乙"}
        assert found({"f.kind": "-"}) == found({"at.kind": "-"}) == everyone - {"甲", "乙"}
        assert found({"f.status.not": "active"}) == {"甲"}
        assert found({"f.place.not": "620100"}) == {"己"}
        assert found({"f.zone.not": "兰州新区"}) == everyone - {"庚"}

    def test_a_text_that_is_a_dash_is_not_blank(self, firms: Firms, enterprises: Register) -> None:
        Enterprise.objects.filter(name__contains="甲").update(kind="-")
        Enterprise.objects.filter(name__contains="乙").update(kind="'-")
        groups = {group.word: group for group in Grouping(Listing(enterprises, SYSTEM, {"group": "kind"})).groups}
        assert {word: group.count for word, group in groups.items()} == {"-": 1, "'-": 1, "": 6}
        for word, letter in (("-", "甲"), ("'-", "乙")):
            assert found(dict(parse_qsl(groups[word].url[1:]))) == {letter}

    def test_badges_speak_in_names(self, firms: Firms, enterprises: Register) -> None:
        zone = firms["庚"].zone
        asked = {"f.place": "620104,620102", "at.zone": str(zone.pk), "f.status.not": "active", "f.kind": "!-"}  # type: ignore[union-attr]
        told = {badge.label: badge.text for badge in Listing(enterprises, SYSTEM, asked).filters()}
        assert told == {"所在地": "西固区、城关区", "功能区": str(zone), "登记状态（不是）": "存续", "企业类型": "非空"}
        nobody = grant("nobody", {"enterprises": ["view"]})
        assert [badge.text for badge in Listing(enterprises, nobody, {"f.place": "620104"}).filters()] == ["620104"]

    @pytest.mark.parametrize("asked", [{"at.founded": "2021-13"}, {"at.founded": "0000"}, {"at.capital_10k_cny": "1"},
                                       {"at.place": "兰州"}, {"f.name.from": "甲"}, {"since": "昨天"}, {"f.name.like": "甲"}])  # fmt: skip
    def test_what_cannot_be_read_is_said(self, firms: Firms, enterprises: Register, asked: Mapping[str, str]) -> None:
        listing = Listing(enterprises, SYSTEM, asked)
        assert (listing.count, len(listing.errors)) == (len(firms), 1)

    def test_ticked_boxes_are_one_filter(self) -> None:
        assert params_of(QueryDict("f.status=active&f.status=revoked&group=place&group=&page=1&page=2")) == {
            "f.status": "active,revoked",
            "group": "place",
            "page": "2",
        }

    def test_rows_changed_since_a_day_and_when(self, firms: Firms, enterprises: Register) -> None:
        Change.objects.update(at="2021-01-01T00:00Z")
        with acting("clerk", reason="核实"):
            Enterprise.objects.filter(name__contains="甲").update(kind="个体")
        assert found({"since": "2021-06-01"}) == {"甲"}
        assert found({"since": "2020-12-31"}) == found({})
        listing = Listing(enterprises, SYSTEM, {"cols": "name,changed_at", "f.name": "甲"})
        latest = Change.objects.latest("pk").at
        assert [row.changed_at for row in listing.page_rows] == [latest]
        assert listing.headers()[1].sort_url == ""
        assert Listing(registry["findings"], SYSTEM, {"since": "2021-06-01"}).count == 0

    def test_a_register_without_records_does_not_pretend(self, db: None) -> None:
        listing = Listing(registry["findings"], SYSTEM, {"since": "2021-06-01", "cols": "changed_at"})
        assert listing.rows is not None
        assert len(listing.errors) == 2

    def test_suggestions_stay_within_rights(self, firms: Firms, enterprises: Register) -> None:
        place, names = enterprises.by_name["place"], registry["enterprise-names"]
        assert suggestions(enterprises, place, SYSTEM, "西固") == [("620104", "甘肃省兰州市西固区")]
        owner = grant("xigu", {"*": ["view"]}, place_path=firms["丙"].place.path)  # type: ignore[union-attr]
        of = names.by_name["enterprise"]
        assert suggestions(names, of, owner, "示例") == [(firms["丙"].uscc, "示例丙型材有限公司")]
        assert suggestions(names, of, grant("names", {"enterprise-names": ["view"]}), "示例") == []
        page = signed_in(owner).get("/enterprise-names/lookup/enterprise/", {"f.enterprise": "示例"})
        assert page.content.decode().count("<option") == 1


class TestOpening:
    def test_the_latest_diagnosis_opens_and_the_badge_is_removable(
        self, gazetteer: Mapping[str, Any], two_chains: Mapping[str, Any], admin_client: Any
    ) -> None:
        from lianpu.chains.models import DiagnosisRun, SegmentState

        for latest in (False, True):
            run = DiagnosisRun.objects.create(place=gazetteer["620100"], by="x", is_latest=latest)
            SegmentState.objects.create(run=run, segment=two_chains["LV-1101"], state="weak", firms=1, basis="lq")
        opened = admin_client.get("/segment-states/").context["listing"]
        assert opened.count == 1
        (badge,) = opened.filters()
        assert admin_client.get(f"/segment-states/{badge.url}").context["listing"].count == 2
        assert admin_client.get("/api/segment-states/").json()["count"] == 2, "a program gets what it asks for"


class TestLookingBack:
    """``?asof=``: the list of a past day, to look at and to take away."""

    @pytest.fixture
    def moved(self, firms: Firms) -> Firms:
        """On 1 June 丙 went to another district, 乙 was struck off, and 壬 came."""
        Change.objects.update(at="2021-01-01T00:00Z")
        last = Change.objects.latest("pk").pk
        Enterprise.objects.filter(pk=firms["丙"].pk).update(place=firms["丁"].place, name="示例丙（改名）")
        firms["乙"].delete()
        Enterprise.objects.create(
            uscc="9" * 18, name="示例壬有限公司", name_key="示例壬有限公司", place=firms["甲"].place
        )
        Change.objects.filter(pk__gt=last).update(at="2021-06-01T04:00Z")
        return firms

    def asked(self, **params: str) -> Any:
        return signed_in(grant("clerk", {"enterprises": ["*"]})).get("/enterprises/", params)

    @pytest.mark.parametrize(
        ("params", "letters"),
        [
            ({}, "甲乙丙丁戊己庚辛"),
            ({"f.place": "620104"}, "丙"),
            ({"q": "型材"}, "丙丁"),
            ({"f.name": "改名"}, ""),
            ({"at.name": "示例乙炭素有限公司", "sort": "name"}, "乙"),
        ],
    )
    def test_filters_and_search_ask_the_past(self, moved: Firms, params: dict[str, str], letters: str) -> None:
        page = self.asked(asof="2021-05-31", **params)
        assert {row.name[2] for row, _, _ in page.context["rows"]} == set(letters)
        assert page.context["listing"].errors == []

    def test_the_day_itself_is_over(self, moved: Firms) -> None:
        page = self.asked(asof="2021-06-01")
        assert {row.name[2] for row, _, _ in page.context["rows"]} == set("甲丙丁戊己庚辛壬")

    def test_the_past_is_read_only_and_said(self, moved: Firms) -> None:
        page = self.asked(asof="2021-05-31")
        text = page.content.decode()
        assert 'id="past"' in text
        assert not any(page.context[word] for word in ("may_add", "may_import", "may_edit"))
        grouped = self.asked(asof="2021-05-31", group="place")
        assert sum(group.count for group in grouped.context["grouping"].groups) == 8
        client = signed_in(grant("clerk", {"enterprises": ["*"]}))
        exported = client.get("/enterprises/export.csv", {"asof": "2021-05-31", "cols": "name,changed_at"})
        lines = exported.content.decode("utf-8-sig").splitlines()
        assert len(lines) == 1 + 8
        assert not any("2021-06" in line for line in lines), "what came later is not known yet"

    def test_a_program_asks_the_past_as_a_page_does(self, moved: Firms) -> None:
        client, day = signed_in(grant("clerk", {"enterprises": ["*"]})), {"asof": "2021-05-31"}
        answer = client.get("/api/enterprises/", day | {"f.place": "620104"}).json()
        assert [row["name"] for row in answer["rows"]] == ["示例丙型材有限公司"]
        first = client.get("/api/enterprises/", day | {"after": "0", "size": "3"}).json()
        gone = next(row for row in first["rows"] if row["name"][2] == "乙")
        streamed = b"".join(client.get("/api/enterprises/rows.ndjson", day).streaming_content).decode().splitlines()
        assert {json.loads(line)["name"][2] for line in streamed} == set("甲乙丙丁戊己庚辛")
        assert client.get(f"/api/enterprises/{gone['id']}", day).json() == gone
        assert client.get(f"/api/enterprises/{gone['id']}").status_code == 404, "and is back in the present"
        for path in ("/", "/rows.ndjson", f"/{gone['id']}"):
            assert client.get(f"/api/enterprises{path}", {"asof": "昨天"}).status_code == 422

    def test_a_day_that_cannot_be_told_is_said(self, moved: Firms, admin_client: Any) -> None:
        page = self.asked(asof="昨天")
        assert "以下是现在的数据" in page.content.decode()
        assert page.context["listing"].past is None
        assert page.context["may_edit"]
        assert "不能回看" in admin_client.get("/findings/", {"asof": "2021-05-31"}).content.decode()
        assert admin_client.get("/findings/export.csv", {"asof": "2021-05-31"}).status_code == 400
        listing = Listing(registry["enterprises"], SYSTEM, {"asof": "2021-05-31"})
        assert listing.count == len(moved)
        assert "asof" in listing.errors[0], "whoever does not go back says so"


class TestSavedViews:
    ASKED = {"f.place": "620111", "sort": "-name", "cols": "name,uscc", "page": "2", "group": "status"}

    def test_a_view_is_kept_opened_and_changed(self, firms: Firms, enterprises: Register, clerk: Any) -> None:
        view = save_view(register=enterprises, user=clerk, name="红古", params=self.ASKED)
        client = signed_in(clerk)
        page = client.get(enterprises.url(), {"view": view.pk}).context
        assert page["listing"].params == {k: v for k, v in self.ASKED.items() if k != "page"} | {"view": str(view.pk)}
        assert not page["view_altered"]
        assert client.get(enterprises.url(), {"view": view.pk, "q": "甲"}).context["view_altered"]
        save_view(register=enterprises, user=clerk, name="红古铝业", params={"q": "铝"}, view=view)
        assert client.get(enterprises.url(), {"view": view.pk}).context["listing"].params["q"] == "铝"
        gone = view.pk
        delete_view(view=view, user=clerk)
        assert "没有这个视图" in client.get(enterprises.url(), {"view": gone}).content.decode()
        changes = Change.objects.filter(model="register.savedview").order_by("pk")
        assert [(change.action, change.user) for change in changes] == [
            (action, "clerk") for action in ("insert", "update", "delete")
        ]

    def test_a_shared_view_reaches_those_it_is_for(self, firms: Firms, enterprises: Register, clerk: Any) -> None:
        other, third = grant("other", {"enterprises": ["view"]}), grant("third", {"enterprises": ["view"]})
        code = other.grants.get().role.code
        for name, share in (("我的", ""), ("大家的", "*"), ("角色的", code)):
            save_view(register=enterprises, user=clerk, name=name, params={}, share=share)
        assert {view.name for view in views_of(enterprises, clerk)} == {"我的", "大家的", "角色的"}
        assert {view.name for view in views_of(enterprises, other)} == {"大家的", "角色的"}
        assert {view.name for view in views_of(enterprises, third)} == {"大家的"}
        assert "clerk" in signed_in(third).get(enterprises.url()).content.decode()
        shared = SavedView.objects.get(name="大家的")
        with pytest.raises(PermissionDenied):
            save_view(register=enterprises, user=other, name="改名", params={}, view=shared)
        with pytest.raises(PermissionDenied):
            delete_view(view=shared, user=other)
        assert signed_in(other).post(f"/enterprises/views/{shared.pk}/delete/").status_code == 403

    def test_a_shared_view_never_widens_rights(self, firms: Firms, db: None) -> None:
        figures = registry["enterprise-figures"]
        from lianpu.enterprises.models import EnterpriseFigure

        for letter in ("甲", "丙"):
            EnterpriseFigure.objects.create(
                enterprise=firms[letter], indicator="staff", period="2021", value=10 if letter == "甲" else 20
            )
        boss = grant("boss", {"*": ["*"]}, ["figures"])
        asked = {"cols": "firm,value", "f.value.from": "15", "sort": "value"}
        view = save_view(register=figures, user=boss, name="大企业", params=asked, share="*")
        reader = grant("reader", {"*": ["view"]}, place_path=firms["甲"].place.path)  # type: ignore[union-attr]
        page = signed_in(reader).get(figures.url(), {"view": view.pk})
        listing, text = page.context["listing"], page.content.decode()
        assert [c.name for c in listing.columns] == ["firm"]
        assert "无权查看" in text
        assert [row.enterprise_id for row in listing.page_rows] == [firms["甲"].pk]
        assert signed_in(grant("nobody", {})).get(figures.url(), {"view": view.pk}).status_code == 403

    def test_the_list_opens_as_its_reader_likes(self, firms: Firms, enterprises: Register, clerk: Any) -> None:
        view = save_view(register=enterprises, user=clerk, name="红古", params={"f.place": "620111"})
        client = signed_in(clerk)
        open_with(register=enterprises, user=clerk, view=view)
        assert client.get(enterprises.url()).context["listing"].count == 2
        assert client.get(enterprises.url(), {"view": "0"}).context["listing"].count == len(firms)
        assert client.get(enterprises.url(), {"q": "甲"}).context["listing"].count == 1
        open_with(register=enterprises, user=clerk, view=None)
        assert client.get(enterprises.url()).context["listing"].count == len(firms)
        assert not OpeningView.objects.exists()

    def test_names_are_the_owners_own_and_once(self, firms: Firms, enterprises: Register, clerk: Any) -> None:
        save_view(register=enterprises, user=clerk, name="红古", params={})
        save_view(register=enterprises, user=grant("other", {"*": ["*"]}), name="红古", params={})
        for name, share in (("红古 ", ""), (" ", ""), ("长" * 41, ""), ("别的", "no-such-role")):
            with pytest.raises(ValidationError):
                save_view(register=enterprises, user=clerk, name=name, params={}, share=share)

    def test_the_page_keeps_what_is_on_it(self, firms: Firms, enterprises: Register, clerk: Any) -> None:
        client = signed_in(clerk)
        sent = {"name": "红古", "query": "?f.place=620111&page=3", "share": "*", "opening": "on"}
        page = client.post("/enterprises/views/", sent, follow=True)
        view = SavedView.objects.get()
        assert (view.query, view.shared, page.context["view"]) == ("f.place=620111", True, view)
        assert page.context["is_opening"]
        refused = client.post("/enterprises/views/", sent, follow=True)
        assert "同名" in refused.content.decode()
        client.post(f"/enterprises/views/{view.pk}/opening/")
        client.post("/enterprises/views/0/opening/")
        assert not OpeningView.objects.exists()


class TestSums(TestCase):
    """Sums add up to the last digit, however many and large the amounts are."""

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.decimals("-99999999999", "99999999999", places=4), min_size=1, max_size=30))
    def test_sums_are_exact(self, amounts: list[Decimal]) -> None:
        with transaction.atomic():
            Enterprise.objects.all().delete()
            Enterprise.objects.bulk_create(
                Enterprise(uscc=f"{i:018d}", name=f"企业{i}", capital_10k_cny=amount)
                for i, amount in enumerate(amounts)
            )
            listing = Listing(registry["enterprises"], SYSTEM, {"group": "status"})
            kind = registry["enterprises"].by_name["capital_10k_cny"].kind
            assert [t.text for t in listing.totals if t.filled] == [kind.show(sum(amounts))]
            (group,) = Grouping(listing).groups
            assert group.sums == [sum(amounts)]


class TestGroups:
    def test_no_text_and_empty_text_are_one_blank(self, firms: Firms, enterprises: Register) -> None:
        grouping = Grouping(Listing(enterprises, SYSTEM, {"group": "kind"}))
        (blank,) = grouping.groups
        assert (blank.count, blank.word, blank.text) == (len(firms), "", "（空白）")

    def test_a_months_filter_stays_when_its_year_is_opened(self, firms: Firms, enterprises: Register) -> None:
        for i, letter in enumerate(sorted(firms)):
            Enterprise.objects.filter(pk=firms[letter].pk).update(founded=f"2021-{i % 2 + 1:02d}-15")
        (year,) = Grouping(Listing(enterprises, SYSTEM, {"group": "founded.year", "at.founded": "2021-02"})).groups
        assert "at.founded=2021-02" in year.url
        months = Grouping(Listing(enterprises, SYSTEM, {"group": "founded.month"})).groups
        assert [group.word for group in months] == ["2021-01", "2021-02"], "periods follow time"

    def test_the_order_of_groups(self, firms: Firms, enterprises: Register) -> None:
        def words(order: str) -> list[str]:
            return [
                g.word[-3:] for g in Grouping(Listing(enterprises, SYSTEM, {"group": "place", "order": order})).groups
            ]

        assert words("")[0] == words("-count")[0] == "城关区"
        assert words("count")[-1] == "城关区"
        assert words("value") == words("-value")[::-1]

    def test_choices_follow_their_declaration(self, firms: Firms, enterprises: Register) -> None:
        Enterprise.objects.filter(pk=firms["甲"].pk).update(status="revoked")
        Enterprise.objects.filter(pk=firms["乙"].pk).update(status="suspended")
        groups = Grouping(Listing(enterprises, SYSTEM, {"group": "status", "order": "value"})).groups
        assert [group.word for group in groups] == ["存续", "停业", "吊销"]

    def test_pages_of_groups_are_all_groups(self, firms: Firms, enterprises: Register) -> None:
        whole = [g.word for g in Grouping(Listing(enterprises, SYSTEM, {"group": "name"})).groups]
        assert len(whole) == len(firms)
        pages = [
            Grouping(Listing(enterprises, SYSTEM, {"group": "name", "size": "3", "page": str(n)})) for n in (1, 2, 3)
        ]
        assert [g.word for page in pages for g in page.groups] == whole
        assert [page.more for page in pages] == [True, True, False]

    def test_groups_are_within_rights(self, firms: Firms, enterprises: Register) -> None:
        user = grant("xigu", {"*": ["*"]}, place_path=firms["丙"].place.path)  # type: ignore[union-attr]
        assert [g.count for g in Grouping(Listing(enterprises, user, {"group": "place"})).groups] == [1]
        exported = signed_in(user).get("/enterprises/export.csv", {"group": "place"}).content.decode("utf-8-sig")
        assert list(csv.reader(io.StringIO(exported))) == [
            ["所在地", "行数", "注册资本（万元）合计"],
            ["甘肃省兰州市西固区", "1", ""],
        ]

    def test_hidden_columns_group_nothing(self, firms: Firms) -> None:
        figures = registry["enterprise-figures"]
        reader = grant("reader", {"*": ["view"]})
        assert "value" not in {level.column.name for level in Grouping.choices(Listing(figures, reader, {}))}
        listing = Listing(figures, reader, {"group": "value"})
        assert Grouping(listing).levels == []
        assert listing.errors

    def test_the_chart_is_the_table(self, firms: Firms, enterprises: Register) -> None:
        Enterprise.objects.filter(pk=firms["甲"].pk).update(founded="2019-05-01", capital_10k_cny="12.5")
        Enterprise.objects.filter(pk=firms["乙"].pk).update(founded="2021-05-01")
        grouping = Grouping(Listing(enterprises, SYSTEM, {"group": "founded.year", "chart": "capital_10k_cny"}))
        chart = grouping.chart
        assert [(p["name"], p["value"]) for p in chart["points"]] == [("2019", 12.5), ("2020", 0), ("2021", 0.0)]
        assert (chart["unit"], chart["line"], chart["left_out"]) == ("万元", True, 1)


class TestBulkEdit:
    @staticmethod
    def plan(user: Any, rows: Any, cells: Mapping[str, object]) -> Any:
        return plan_edit(register=registry["enterprises"], user=user, rows=[row.pk for row in rows], cells=cells)

    def test_many_rows_ask_no_more_statements_than_few(self, gazetteer: Mapping[str, Any], clerk: Any) -> None:
        Enterprise.objects.bulk_create(Enterprise(uscc=f"{i:018d}", name=f"企业{i}") for i in range(600))
        asked = []
        for rows in (Enterprise.objects.all()[:3], Enterprise.objects.all()):
            plan = self.plan(clerk, rows, {"place": "620102", "status": "停业"})
            with CaptureQueriesContext(connection) as queries:
                done = edit_rows(
                    register=registry["enterprises"], user=clerk, versions=plan.versions, cells={"place": "620102", "status": "停业"}
                )  # fmt: skip
            asked.append(len(queries))
        assert asked[0] == asked[1] < 15
        assert (len(done.edits), done.same) == (597, 3)
        assert Change.objects.filter(act=done.act).count() == 597

    def test_rows_out_of_reach_are_listed_and_left(self, firms: Firms) -> None:
        user = grant("xigu", {"*": ["*"]}, place_path=firms["丙"].place.path)  # type: ignore[union-attr]
        grant("xigu", {"*": ["view"]})
        plan = self.plan(user, firms.values(), {"status": "停业"})
        assert [edit.row.pk for edit in plan.edits] == [firms["丙"].pk]
        assert len(plan.kept) == len(firms) - 1
        assert all("范围" in kept.why for kept in plan.kept)
        done = edit_rows(
            register=registry["enterprises"], user=user, versions=plan.versions, cells={"status": "停业"}, reason="核实"
        )
        assert [edit.row.pk for edit in done.edits] == [firms["丙"].pk]
        assert set(Enterprise.objects.filter(status="suspended")) == {firms["丙"]}

    def test_rows_cannot_be_moved_out_of_ones_own_reach(self, firms: Firms) -> None:
        user = grant("xigu", {"*": ["*"]}, place_path=firms["丙"].place.path)  # type: ignore[union-attr]
        plan = self.plan(user, [firms["丙"]], {"place": "620102"})
        with pytest.raises(PermissionDenied):
            edit_rows(register=registry["enterprises"], user=user, versions=plan.versions, cells={"place": "620102"})
        assert Enterprise.objects.get(pk=firms["丙"].pk).place == firms["丙"].place

    def test_what_cannot_be_written_is_said(self, firms: Firms, clerk: Any) -> None:
        for cells in ({"status": "歇业"}, {"place": "并无此地"}, {"uscc": "1"}, {"industry_code": "32160"}, {}):
            with pytest.raises(ValidationError):
                self.plan(clerk, firms.values(), cells)
        with pytest.raises(ValidationError, match="10,000"):
            plan_edit(register=registry["enterprises"], user=clerk, rows=range(LIMIT + 1), cells={"status": "停业"})
        with pytest.raises(PermissionDenied):
            self.plan(grant("reader", {"*": ["view"]}), firms.values(), {"status": "停业"})
        with pytest.raises(ValidationError):
            plan_edit(register=registry["placements"], user=SYSTEM, rows=[], cells={"role": "makes"})

    def test_a_reason_is_asked_for_where_the_register_does(
        self, firms: Firms, clerk: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(registry["enterprises"]), "reason_required", True)
        plan = self.plan(clerk, firms.values(), {"status": "停业"})
        with pytest.raises(ValidationError, match="原因"):
            edit_rows(register=registry["enterprises"], user=clerk, versions=plan.versions, cells={"status": "停业"})

    def test_what_follows_from_the_new_values_is_written_too(self, firms: Firms, clerk: Any) -> None:
        plan = self.plan(clerk, firms.values(), {"capital_text": "1.5亿元"})
        assert {edit.values["capital_10k_cny"] for edit in plan.edits} == {Decimal("15000.0000")}

    def test_what_tells_rows_apart_is_not_shared(self, clerk: Any) -> None:
        may = {slug: {c.name for c in editable_columns(registry[slug], SYSTEM)} for slug in ("enterprises", "products")}
        assert "uscc" not in may["enterprises"]
        assert may["products"] == {"aliases", "shared_reason"}

    def test_the_pages_lead_from_ticked_rows_to_undone(self, firms: Firms, clerk: Any) -> None:
        client, rows = signed_in(clerk), [firms["甲"].pk, firms["乙"].pk]
        page = client.post("/enterprises/bulk/", {"row": rows, "query": "?q=示例"})
        assert "批量修改：企业 2 行" in page.content.decode()
        bad = client.post("/enterprises/bulk/", {"row": rows, "preview": "1", "column": "status", "to.status": "歇业"})
        assert bad.status_code == 422
        sent = {"row": rows, "preview": "1", "column": "place", "to.place": "西固区", "reason": "区划核对"}
        preview = client.post("/enterprises/bulk/", sent)
        assert "甘肃省兰州市红古区" in preview.content.decode()
        assert "甘肃省兰州市西固区" in preview.content.decode()
        assert not Change.objects.filter(source="bulk").exists()
        done = client.post("/enterprises/bulk/commit/", {"token": preview.context["token"], "reason": "区划核对"})
        assert "已修改 2 行" in done.content.decode()
        assert {row.place.code for row in Enterprise.objects.filter(pk__in=rows)} == {"620104"}  # type: ignore[union-attr]
        act = done.context["plan"].act
        assert signed_in(grant("other", {"*": ["*"]})).post("/enterprises/bulk/undo/", {"act": act}).status_code == 404
        undone = client.post("/enterprises/bulk/undo/", {"act": act, "query": "?q=示例"}, follow=True)
        assert "已撤销 2 行" in undone.content.decode()
        assert {row.place.code for row in Enterprise.objects.filter(pk__in=rows)} == {"620111"}  # type: ignore[union-attr]

    def test_all_that_match_are_edited_and_nothing_else(self, firms: Firms, clerk: Any) -> None:
        client = signed_in(clerk)
        sent = {"all": "1", "query": "?f.place=620111", "preview": "1", "column": "status", "to.status": "停业"}
        preview = client.post("/enterprises/bulk/", sent)
        Enterprise.objects.filter(pk=firms["丙"].pk).update(place=firms["甲"].place)
        client.post("/enterprises/bulk/commit/", {"token": preview.context["token"]})
        assert {row.name[2] for row in Enterprise.objects.filter(status="suspended")} == {"甲", "乙"}

    @pytest.mark.parametrize("token", ["", "x:y:z"])
    def test_a_forged_preview_writes_nothing(self, clerk: Any, token: str) -> None:
        assert signed_in(clerk).post("/enterprises/bulk/commit/", {"token": token}).status_code == 404


class TestTwoPeople:
    def test_a_row_changed_meanwhile_is_not_overwritten(self, firms: Firms, clerk: Any) -> None:
        register, row = registry["enterprises"], firms["甲"]
        read = version_of(register, row.pk)
        first = save_row(register=register, user=clerk, values={"status": "停业"}, row=row, expected_version=read)
        with pytest.raises(ConflictError) as refused:
            save_row(
                register=register,
                user=clerk,
                values={"status": "注销"},
                row=Enterprise.objects.get(pk=row.pk),
                expected_version=read,
            )
        ((change, fields),) = refused.value.changes
        assert (change.user, [(f.label, f.before, f.after) for f in fields]) == (
            "clerk",
            [("登记状态", "存续", "停业")],
        )
        assert refused.value.version == version_of(register, row.pk)
        save_row(
            register=register, user=clerk, values={"status": "注销"}, row=first, expected_version=refused.value.version
        )
        assert Enterprise.objects.get(pk=row.pk).status == "cancelled"

    def test_a_row_without_records_has_a_version_too(self, firms: Firms) -> None:
        Change.objects.all().delete()
        assert services.versions_of(registry["enterprises"], [firms["甲"].pk]) == {firms["甲"].pk: 0}
