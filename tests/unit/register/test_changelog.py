"""The change log shows each reader the changes of his rows and the columns he clears, however much there is."""

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lianpu.enterprises.models import Enterprise, EnterpriseFigure
from lianpu.places.models import Place
from lianpu.register import changelog
from lianpu.register.changelog import HEADS, ChangeLog
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.models import Change, Note
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in


@pytest.fixture
def log(firms: Mapping[str, Enterprise], gazetteer: Mapping[str, Place]) -> dict[str, int]:
    """What was done, by act: 改 moves 甲, 导 sets figures as import 7, 删 deletes 辛, 注 writes a note."""
    acts = {}
    with acting("王某", reason="实地核实") as acts["改"]:
        Enterprise.objects.filter(pk=firms["甲"].pk).update(place=gazetteer["620105"], status="suspended")
    with acting("李某", reason="年报", source="import", run=7) as acts["导"]:
        EnterpriseFigure.objects.create(enterprise=firms["甲"], indicator="staff", period="2021", value=54321)
        EnterpriseFigure.objects.create(enterprise=firms["己"], indicator="staff", period="2021", value=6)
    with acting("王某", reason="重复登记") as acts["删"]:
        Enterprise.objects.filter(pk=firms["辛"].pk).delete()
    with acting("张某", source="api") as acts["注"]:
        Note.objects.create(register="enterprises", row=firms["甲"].pk, text="密", by="张某")
    return acts


def acts(**params: str) -> list[int]:
    """Acts of the changes that are listed, in the words of the fixture."""
    asked = ChangeLog(SYSTEM, params)
    found = [entry.change.act for entry in asked.entries if entry.change.act]
    assert not asked.errors
    return list(dict.fromkeys(found))


def test_the_log_is_read_from_the_newest_and_filtered(log: dict[str, int]) -> None:
    assert acts() == [log["注"], log["删"], log["导"], log["改"]]
    assert acts(user="王某") == [log["删"], log["改"]]
    assert acts(register="enterprise-figures") == acts(run="7") == acts(source="import") == [log["导"]]
    assert acts(q="登记 重复") == [log["删"]]
    assert acts(act=str(log["改"])) == [log["改"]]
    today = timezone.localdate()
    assert len(acts(**{"from": str(today), "to": str(today)})) == 4
    assert acts(to=str(today - dt.timedelta(days=1))) == []


def test_what_is_not_understood_is_said(log: dict[str, int]) -> None:
    for params in ({"nothing": "1"}, {"run": "x"}, {"from": "昨"}, {"register": "nothing"}):
        asked = ChangeLog(SYSTEM, params)
        _ = asked.entries
        assert len(asked.errors) == 1, params


def test_references_choices_and_gone_rows_are_told_in_words(
    log: dict[str, int], firms: Mapping[str, Enterprise]
) -> None:
    moved, gone = (ChangeLog(SYSTEM, {"act": str(log[which])}).entries[0] for which in ("改", "删"))
    assert {(one.label, one.before, one.after) for one in moved.fields} == {
        ("所在地", "甘肃省兰州市红古区", "甘肃省兰州市安宁区"),
        ("登记状态", "存续", "停业"),
    }
    assert (moved.title, moved.url) == (firms["甲"].name, registry["enterprises"].url("detail", firms["甲"].pk))
    assert (gone.title, gone.url) == ("示例辛餐饮有限公司", "")
    assert ("所在地", "甘肃省兰州市城关区", "") in {(one.label, one.before, one.after) for one in gone.fields}


def test_readers_see_the_changes_of_their_rows_alone(
    log: dict[str, int], firms: Mapping[str, Enterprise], gazetteer: Mapping[str, Place]
) -> None:
    def rows(user: Any) -> set[tuple[str, int]]:
        return {(one.change.model, one.change.row) for one in ChangeLog(user, {}, size=500).entries if one.change.act}

    firm, figure = "enterprises.enterprise", "enterprises.enterprisefigure"
    figures = dict(EnterpriseFigure.objects.values_list("enterprise__name", "pk"))
    reader = grant("reader", {"*": ["view"]})
    everything = {(firm, firms["甲"].pk), (firm, firms["辛"].pk), *((figure, pk) for pk in figures.values())}
    assert rows(reader) == everything, "but for notes, which are their row's page's to show"
    assert rows(grant("firms-only", {"enterprises": ["view"]})) == {(firm, firms["甲"].pk), (firm, firms["辛"].pk)}
    here, there = (grant(code, {"*": ["view"]}, place_path=gazetteer[code].path) for code in ("620105", "620302"))
    assert rows(here) == {(firm, firms["甲"].pk), (figure, figures[firms["甲"].name])}
    assert rows(there) == {(figure, figures[firms["己"].name])}
    assert rows(grant("centre", {"*": ["view"]}, place_path=gazetteer["620102"].path)) == {(firm, firms["辛"].pk)}
    own = grant("own", {"*": ["view"]}, enterprise_uscc=firms["己"].uscc)
    assert rows(own) == {(figure, figures[firms["己"].name])}
    assert rows(grant("nobody", {})) == set()
    assert signed_in(there).get(f"/changes/act/{log['改']}/undo/").status_code == 404


def test_columns_that_are_not_cleared_stay_hidden(log: dict[str, int], firms: Mapping[str, Enterprise]) -> None:
    change = Change.objects.filter(act=log["导"]).latest("pk")
    for clears, seen in (((), False), (("figures",), True)):
        client = signed_in(grant(f"reader{seen}", {"*": ["view"]}, clears))
        for url in ("/changes/", "/changes/export.csv", f"/changes/{change.pk - 1}/undo/"):
            assert ("54321" in client.get(url).content.decode()) is seen, url


def test_pages_follow_one_another_without_gap_or_repetition(log: dict[str, int]) -> None:
    whole = [entry.change.pk for entry in ChangeLog(SYSTEM, {}, size=1000).entries]
    asked, met = ChangeLog(SYSTEM, {}, size=7), []
    while True:
        met += [entry.change.pk for entry in asked.entries]
        if not asked.older:
            break
        asked = ChangeLog(SYSTEM, {"before": str(asked.older)}, size=7)
    assert met == whole == sorted(whole, reverse=True)


def test_a_search_looks_through_a_window_and_offers_to_look_on(log: dict[str, int], monkeypatch: Any) -> None:
    monkeypatch.setattr(changelog, "WINDOW", 3)
    found, asked = [], ChangeLog(SYSTEM, {"q": "实地"})
    for _ in range(100):
        found += [entry.change.act for entry in asked.entries]
        if not asked.older:
            break
        asked = ChangeLog(SYSTEM, {"q": "实地", "before": str(asked.older)})
    assert found == [log["改"]]


def test_many_changes_take_as_many_queries_as_few(log: dict[str, int], firms: Mapping[str, Enterprise]) -> None:
    client, asked = signed_in(grant("reader", {"*": ["view"]})), []
    client.get("/changes/")
    for word in ("甲", "乙"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/changes/?register=enterprises").status_code == 200
        asked.append(len(queries))
        for place in Place.objects.filter(kind="district")[:5]:
            Enterprise.objects.update(place=place, kind=word)
    assert asked[0] == asked[1]


def test_the_page_the_file_and_undoing(log: dict[str, int], firms: Mapping[str, Enterprise], admin_client: Any) -> None:
    page = admin_client.get("/changes/", {"user": "王某"}).content.decode()
    assert "实地核实" in page
    assert "示例辛餐饮有限公司" in page
    lines = admin_client.get("/changes/export.csv", {"act": str(log["改"])}).content.decode("utf-8-sig").splitlines()
    assert lines[0].split(",") == list(HEADS)
    assert len(lines) == 3
    book = admin_client.get("/changes/export.xlsx", {"act": str(log["改"])}).content
    from python_calamine import load_workbook

    sheet = load_workbook(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert [row[8:] for row in sheet[1:]] == [line.split(",")[8:] for line in lines[1:]]
    assert admin_client.get("/changes/export.csv", {"nothing": "1"}).status_code == 400

    change = Change.objects.get(act=log["改"])
    assert "存续" in admin_client.get(f"/changes/{change.pk}/undo/").content.decode()
    answer = admin_client.post(f"/changes/{change.pk}/undo/", {"reason": "改错了"}, follow=True)
    assert "已撤销1项变更" in answer.content.decode()
    assert Enterprise.objects.get(pk=firms["甲"].pk).status == "active"
    assert (Change.objects.latest("pk").reason, Change.objects.latest("pk").source) == ("改错了", "undo")
    again = admin_client.post(f"/changes/{change.pk}/undo/", {"reason": "再来"}, follow=True).content.decode()
    assert "已撤销1项变更" in again, "there is nothing left to put back"


def test_a_whole_act_is_undone_as_a_job(
    log: dict[str, int], firms: Mapping[str, Enterprise], admin_client: Any
) -> None:
    url = f"/changes/act/{log['导']}/undo/"
    assert "2 项变更" in admin_client.get(url).content.decode()
    answer = admin_client.post(url, {"reason": "报错了文件"}, follow=True)
    assert answer.status_code == 200
    assert not EnterpriseFigure.objects.exists()
    told = Change.objects.filter(source="undo", action="delete")
    assert told.count() == 2
    assert signed_in(grant("reader", {"*": ["view"]})).post(url, {"reason": ""}).status_code == 302
    assert Change.objects.filter(source="undo").count() == 2
