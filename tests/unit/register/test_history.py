"""Whoever writes by whatever way leaves a record; bulk and single writes leave the same rows."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from lianpu.chains.models import Product
from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise
from lianpu.places.models import Place
from lianpu.register import audit, bulk
from lianpu.register.declare import registry
from lianpu.register.history import acting, changes_of, install_triggers
from lianpu.register.models import Change
from lianpu.register.testing import grant


@pytest.fixture
def place(db: None) -> Place:
    return Place.objects.create(code="620100", name="兰州市", full_name="甘肃省兰州市", kind="city", path="/620100/")


def last() -> Change:
    return Change.objects.latest("pk")


def test_a_record_says_who_why_whence_and_what(place: Place) -> None:
    with acting("王某", reason="核实", source="screen"):
        place.name = "兰州"
        place.save()
    change = last()
    assert (change.model, change.row, change.action) == ("places.place", place.pk, "update")
    assert (change.user, change.reason, change.source) == ("王某", "核实", "screen")
    assert change.before is not None
    assert change.after is not None
    assert (change.before["name"], change.after["name"]) == ("兰州市", "兰州")
    assert abs(change.at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)


def test_an_inner_speaker_gives_the_word_back(place: Place) -> None:
    with acting("王某", reason="外"):
        with acting("李某", reason="内"):
            Place.objects.update(name="甲")
        assert (last().user, last().reason) == ("李某", "内")
        Place.objects.update(name="乙")
        assert (last().user, last().reason) == ("王某", "外")
    Place.objects.update(name="丙")
    assert (last().user, last().source) == ("", "sql")


def test_an_error_is_told_as_it_is_and_the_outer_speaker_goes_on(place: Place) -> None:
    with acting("王某"):
        with pytest.raises(IntegrityError), acting("李某"), connection.cursor() as cursor:
            cursor.execute("INSERT INTO places_place (code) VALUES ('620100')")
        Place.objects.update(name="乙")
        assert last().user == "王某"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE places_place SET name = 'x'")
    assert last().user == ""


def test_what_is_undone_leaves_no_record(place: Place) -> None:
    before = Change.objects.count()
    with transaction.atomic(), acting("王某"):
        Place.objects.update(name="甲")
        transaction.set_rollback(True)
    assert Change.objects.count() == before


def test_deleting_and_bulk_updating_leave_records(firms: Mapping[str, Enterprise]) -> None:
    before = Change.objects.count()
    with acting("王某"):
        Enterprise.objects.update(kind="有限责任公司")
    assert Change.objects.count() - before == len(firms)
    firm = firms["甲"]
    pk = firm.pk
    firm.delete()
    assert (last().action, last().row, last().after) == ("delete", pk, None)
    assert last().before is not None


def test_history_is_told_in_words_and_hides_what_the_reader_may_not_see(firms: Mapping[str, Enterprise]) -> None:
    register, firm = registry["enterprises"], firms["甲"]
    with acting("王某", reason="停产"):
        Enterprise.objects.filter(pk=firm.pk).update(status="suspended", is_sample=False)
    told = changes_of(register, firm.pk, register.bound)
    assert {(one.label, one.before, one.after) for one in told[0][1]} == {
        ("登记状态", "存续", "停业"),
        ("示例", "是", "否"),
    }
    seen = [column for column in register.bound if column.name != "status"]
    assert {one.label for one in changes_of(register, firm.pk, seen)[0][1]} == {"示例"}


def test_sensitive_figures_stay_hidden_in_the_history_page(firms: Mapping[str, Enterprise], client: Any) -> None:
    from lianpu.enterprises.models import EnterpriseFigure

    figure = EnterpriseFigure.objects.create(enterprise=firms["甲"], indicator="staff", period="2021", value=321)
    EnterpriseFigure.objects.update(value=98765)
    EnterpriseFigure.objects.update(value=4)
    for clears, seen in (((), False), (("figures",), True)):
        client.force_login(grant(f"reader{seen}", {"*": ["view"]}, clears))
        page = client.get(registry["enterprise-figures"].url("detail", figure.pk)).content.decode()
        assert ("98765" in page) is seen


def test_rows_that_were_there_before_the_triggers_are_recorded_as_found(firms: Mapping[str, Enterprise]) -> None:
    table = Enterprise._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for event in ("insert", "update", "delete"):
            on = f' ON "{table}"' if connection.vendor == "postgresql" else ""
            cursor.execute(f'DROP TRIGGER "{table}_{event}"{on}')
    fresh = Enterprise.objects.create(uscc=make_uscc("620102", 88), name="早已在册", name_key="早已在册")
    before = Change.objects.count()
    install_triggers()
    assert Change.objects.count() == before + 1
    assert (last().row, last().action, last().source) == (fresh.pk, "insert", "migration")
    Enterprise.objects.filter(pk=fresh.pk).update(kind="甲")
    assert last().action == "update"
    assert audit.verify().sound


class TestBulkInsert:
    """``bulk.insert`` writes what ``bulk_create`` writes, with the same records, on both databases."""

    def test_enterprises(self, gazetteer: Mapping[str, Place]) -> None:
        rows = [
            {
                "uscc": make_uscc("620102", serial),
                "name": name,
                "name_key": name,
                "place_id": gazetteer["620102"].pk if serial % 2 else None,
                "founded": dt.date(2021, 3, 15) if serial % 3 else None,
                "capital_10k_cny": Decimal("1234.5678") if serial % 2 else None,
                "scope": f"第一行\n第二行\t“引号”\\ 逗号, 空\u3000白 {serial}",
                "is_sample": bool(serial % 2),
            }
            for serial, name in enumerate(["甲", "'乙", "\\N", "丁\\.", "NULL", ""], start=1)
        ]
        self.check(Enterprise, rows, "uscc")

    def test_products(self, two_chains: Mapping[str, Any]) -> None:
        Product.objects.all().delete()
        leaf = two_chains["LV-1101"].pk
        rows = [
            {"segment_id": leaf, "name": f"产品{n}", "aliases": words}
            for n, words in enumerate([[], ["甲"], ["“乙”", "丙\\", "𠮷"]])
        ]
        self.check(Product, rows, "name")

    @staticmethod
    def check(model: Any, rows: list[dict[str, Any]], key: str) -> None:
        def written() -> tuple[list[Any], list[Any]]:
            changes = Change.objects.filter(model=model._meta.label_lower, action="insert").order_by("pk")
            stored = list(model.objects.order_by(key).values())
            images = [change.after for change in changes if change.after]
            for one in [*stored, *images]:
                one.pop("id")
            return stored, sorted(images, key=lambda image: str(image[key]))

        Change.objects.all().delete()
        bulk.insert(model, rows)
        first = written()
        model.objects.all().delete()
        Change.objects.all().delete()
        model.objects.bulk_create([model(**row) for row in rows])
        assert first == written()
        assert len(first[0]) == len(first[1]) == len(rows)

    def test_nothing_is_no_statement(self, django_assert_num_queries: Any, db: None) -> None:
        with django_assert_num_queries(0):
            bulk.insert(Enterprise, [])
