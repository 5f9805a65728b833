"""Deleting within rights, never under what others cannot be without, and always to be undone."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from lianpu.chains.models import Placement
from lianpu.enterprises.models import Enterprise, EnterpriseFigure
from lianpu.places.models import Place
from lianpu.register.declare import registry
from lianpu.register.deleting import delete_row, deleted_rows, examine, restore_row
from lianpu.register.history import acting
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in

ENTERPRISES = registry["enterprises"]
FIGURES = registry["enterprise-figures"]


def delete(row: Any, user: Any = SYSTEM, **more: Any) -> int:
    return delete_row(register=registry.of(type(row)), user=user, row=row, reason="重复登记", **more)


@pytest.fixture
def firm(firms: Mapping[str, Enterprise]) -> Enterprise:
    """A firm with figures."""
    firms["辛"].figures.create(indicator="staff", period="2021", value=3)
    firms["辛"].figures.create(indicator="staff", period="2022", value=4)
    return firms["辛"]


def test_a_deleted_row_stays_in_the_log_and_comes_back(firms: Mapping[str, Enterprise]) -> None:
    firm = firms["辛"]
    act = delete(firm)
    (deletion,) = deleted_rows(ENTERPRISES, SYSTEM)
    assert (deletion.act, deletion.reason, deletion.user) == (act, "重复登记", "命令行")
    assert restore_row(user=SYSTEM, deletion=deletion).kept == []
    assert Enterprise.objects.get(pk=firm.pk).name == firm.name
    assert not deleted_rows(ENTERPRISES, SYSTEM)


def test_what_cannot_be_without_it_goes_with_it_only_if_asked(firm: Enterprise) -> None:
    before = set(EnterpriseFigure.objects.values_list("pk", flat=True))
    with pytest.raises(ValidationError, match="须连同依赖于它的记录一并删除：企业指标2"):
        delete(firm)
    act = delete(firm, with_dependants=True)
    assert Change.objects.filter(act=act, action="delete").count() == 3
    assert not EnterpriseFigure.objects.exists()
    assert restore_row(user=SYSTEM, deletion=deleted_rows(ENTERPRISES, SYSTEM).get()).done == 3
    assert set(EnterpriseFigure.objects.values_list("pk", flat=True)) == before


def test_only_what_hung_on_the_row_comes_back_with_it(firm: Enterprise, firms: Mapping[str, Enterprise]) -> None:
    with acting("王某"):
        delete(firm, with_dependants=True)
        delete(firms["庚"])
    deletion = deleted_rows(ENTERPRISES, SYSTEM).get(row=firm.pk)
    assert restore_row(user=SYSTEM, deletion=deletion).done == 3
    assert [one.row for one in deleted_rows(ENTERPRISES, SYSTEM)] == [firms["庚"].pk]


def test_nobody_deletes_what_hidden_rows_depend_on(
    firms: Mapping[str, Enterprise], two_chains: Mapping[str, Any]
) -> None:
    firm = firms["甲"]
    for code in ("LV-1101", "LV-2101", "LV-3101"):
        Placement.objects.create(enterprise=firm, segment=two_chains[code], role="makes", confidence=1)
    blind = grant("blind", {"enterprises": ["*"]})
    with pytest.raises(ValidationError, match="有3条您无权查看的记录依赖于此行"):
        delete(firm, blind, with_dependants=True)
    page = signed_in(blind).get(ENTERPRISES.url("delete", firm.pk)).content.decode()
    assert "有3条您无权查看的记录" in page
    assert "电解铝" not in page
    reader = grant("reader", {"*": ["view"], "enterprises": ["*"]})
    with pytest.raises(ValidationError, match="有3条“挂链”须随之删除，而您没有删除它们的权限"):
        delete(firm, reader, with_dependants=True)
    assert Enterprise.objects.filter(pk=firm.pk).exists()


def test_what_stands_on_its_own_must_be_led_elsewhere_first(firms: Mapping[str, Enterprise]) -> None:
    place = firms["甲"].place
    assert place is not None
    with pytest.raises(ValidationError, match="条“企业”指向此行，请先改指别处或删除"):
        delete(place, with_dependants=True)
    page = signed_in(grant("boss", {"*": ["*"]})).get(registry["places"].url("delete", place.pk)).content.decode()
    assert "须先处理" in page
    assert ENTERPRISES.url("detail", firms["甲"].pk) in page


def test_dependants_of_dependants_are_counted_in(two_chains: Mapping[str, Any]) -> None:
    segment = two_chains["LV-2101"]
    titles = {one.title for one in examine(registry["segments"], SYSTEM, segment).dependants}
    assert {"产品", "环节流向"} <= titles


def test_deleting_is_a_right_of_its_own(firms: Mapping[str, Enterprise], gazetteer: Mapping[str, Place]) -> None:
    firm = firms["辛"]
    keeper = grant("keeper", {"*": ["view", "add", "change"]})
    with pytest.raises(PermissionDenied):
        delete(firm, keeper)
    assert signed_in(keeper).get(ENTERPRISES.url("delete", firm.pk)).status_code == 403
    far = grant("far", {"*": ["*"]}, place_path=gazetteer["620302"].path)
    assert signed_in(far).post(ENTERPRISES.url("delete", firm.pk)).status_code == 404
    assert Enterprise.objects.filter(pk=firm.pk).exists()


def test_computed_rows_are_not_deleted_by_hand(
    firms: Mapping[str, Enterprise], two_chains: Mapping[str, Any], admin_client: Any
) -> None:
    row = Placement.objects.create(enterprise=firms["甲"], segment=two_chains["LV-2101"], role="makes", confidence=1)
    with pytest.raises(ValidationError, match="由系统计算"):
        delete(row)
    assert admin_client.post(registry["placements"].url("delete", row.pk)).status_code == 403


def test_a_reason_is_asked_for_where_the_register_asks(firms: Mapping[str, Enterprise], monkeypatch: Any) -> None:
    monkeypatch.setattr(type(ENTERPRISES), "reason_required", True)
    with pytest.raises(ValidationError):
        delete_row(register=ENTERPRISES, user=SYSTEM, row=firms["辛"], reason=" ")
    delete(firms["辛"])
    with pytest.raises(ValidationError):
        restore_row(user=SYSTEM, deletion=deleted_rows(ENTERPRISES, SYSTEM).get(), reason="")


def test_deleted_rows_are_seen_where_the_row_would_have_been(
    firm: Enterprise, firms: Mapping[str, Enterprise], gazetteer: Mapping[str, Place]
) -> None:
    pk = firm.pk
    delete(firm, with_dependants=True)
    delete(firms["己"])
    offices = {
        code: grant(code, {"*": ["*"]}, ["figures"], place_path=gazetteer[code].path) for code in ("620102", "620302")
    }
    assert [one.row for one in deleted_rows(ENTERPRISES, offices["620102"])] == [pk]
    assert [one.row for one in deleted_rows(ENTERPRISES, offices["620302"])] == [firms["己"].pk]
    assert deleted_rows(ENTERPRISES, grant("other", {"places": ["*"]})).count() == 0
    page = signed_in(offices["620102"]).get(f"/enterprises/deleted/?q={firm.name[:4]}").content.decode()
    assert firm.name in page
    assert "己铝业" not in page
    answer = signed_in(offices["620302"]).post(
        f"/enterprises/deleted/{Change.objects.get(row=pk, action='delete', model=ENTERPRISES.label).pk}/restore/"
    )
    assert answer.status_code == 404


def test_pages_delete_and_bring_back(firm: Enterprise, admin_client: Any) -> None:
    pk, url = firm.pk, ENTERPRISES.url("delete", firm.pk)
    assert url in admin_client.get(ENTERPRISES.url("detail", pk)).content.decode()
    asked = admin_client.get(url).content.decode()
    assert "将一并删除" in asked
    assert admin_client.post(url, {"reason": "重复"}).status_code == 422
    assert admin_client.post(url, {"reason": "重复", "with_dependants": "1"}).status_code == 302
    assert admin_client.get(ENTERPRISES.url("detail", pk)).status_code == 404
    page = admin_client.get("/enterprises/deleted/")
    (entry,) = page.context["entries"]
    assert (entry.title, entry.change.reason, entry.change.user) == (firm.name, "重复", "admin")
    assert admin_client.get("/enterprises/deleted/?q=绝无此值").context["entries"] == []
    back = admin_client.post(f"/enterprises/deleted/{entry.change.pk}/restore/", {"reason": "还要用"})
    assert back.headers["Location"] == ENTERPRISES.url("detail", pk)
    assert EnterpriseFigure.objects.filter(enterprise_id=pk).count() == 2
    assert Change.objects.latest("pk").reason == "还要用"
