"""Two enterprises become one without losing anything, and two again as they were."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from lianpu.chains.models import Placement
from lianpu.enterprises import merging
from lianpu.enterprises.models import Enterprise, EnterpriseFigure, EnterpriseMerge, EnterpriseName
from lianpu.enterprises.queries import match_enterprises, resolve
from lianpu.places.models import Place
from lianpu.register import importing, notes
from lianpu.register.declare import registry
from lianpu.register.models import Change, MatchDecision, Note
from lianpu.register.rights import SYSTEM
from lianpu.register.services import save_row
from lianpu.register.testing import grant, signed_in

ENTERPRISES = registry["enterprises"]


def everything() -> dict[str, list[Any]]:
    """All rows of all registers with history, and notes."""
    found = {r.slug: list(r.model._default_manager.order_by("pk").values()) for r in registry.all() if r.history}
    return found | {"notes": list(Note.objects.order_by("pk").values())}


@pytest.fixture
def pair(firms: Mapping[str, Enterprise], two_chains: Mapping[str, Any]) -> tuple[Enterprise, Enterprise]:
    """甲 and 乙, each with figures and placements of which some stand in each other's way."""
    keep, other = firms["甲"], firms["乙"]
    for firm, period, value in ((keep, "2021", 10), (other, "2021", 11), (other, "2022", 12)):
        firm.figures.create(indicator="revenue_10k_cny", period=period, value=Decimal(value))
    for firm, code, state in (
        (keep, "LV-2101", "suggested"),
        (keep, "LV-1101", "confirmed"),
        (other, "LV-2101", "confirmed"),
        (other, "LV-1101", "rejected"),
        (other, "LV-2102", "suggested"),
    ):
        Placement.objects.create(enterprise=firm, segment=two_chains[code], role="makes", confidence=0.7, state=state)
    EnterpriseName.objects.create(enterprise=other, name="老炭素厂", name_key="老炭素厂", kind="former")
    notes.add_note(user=SYSTEM, register=ENTERPRISES, row=other, text="欠税")
    MatchDecision.objects.create(
        register="enterprise-figures", column="enterprise", text="乙厂", text_key="乙厂",
        target_register="enterprises", target=other.pk, by="王某",
    )  # fmt: skip
    return keep, other


def merge(keep: Enterprise, *others: Enterprise, user: Any = SYSTEM, **more: Any) -> int:
    return merging.merge(user=user, keep=keep, others=others, reason="同一家", **more)


def test_everything_goes_to_the_kept_one_and_nothing_twice(pair: tuple[Enterprise, Enterprise]) -> None:
    keep, other = pair
    merge(keep, other)
    assert not Enterprise.objects.filter(pk=other.pk).exists()
    assert {(f.period, f.value) for f in EnterpriseFigure.objects.filter(enterprise=keep)} == {
        ("2021", 10),
        ("2022", 12),
    }
    placed = dict(Placement.objects.filter(enterprise=keep).values_list("segment__code", "state"))
    assert placed == {"LV-2101": "confirmed", "LV-1101": "confirmed", "LV-2102": "suggested"}, (
        "what a person decided goes before what the model suggested; else the kept one's stays"
    )
    assert set(keep.names.values_list("name", "kind")) == {("老炭素厂", "former"), (other.name, "former")}
    assert Note.objects.get().row == MatchDecision.objects.get().target == keep.pk


def test_old_ids_codes_and_names_lead_to_it_for_ever(
    pair: tuple[Enterprise, Enterprise], firms: Mapping[str, Enterprise], admin_client: Any
) -> None:
    keep, other = pair
    last = firms["丙"]
    merge(keep, other)
    merge(last, keep)
    for said in (other.pk, other.uscc, keep.pk, keep.uscc, last.pk, last.uscc):
        assert resolve(said) == last
    assert resolve(10**9) is resolve("没有") is None
    texts = [keep.uscc, other.uscc, other.name, "老炭素厂"]
    assert match_enterprises(texts) == dict.fromkeys(texts, last.pk)
    for old in (keep, other):
        answer = admin_client.get(f"/enterprises/{old.pk}/")
        assert (answer.status_code, answer.headers["Location"]) == (301, f"/enterprises/{last.pk}/")
    page = admin_client.get(f"/enterprises/{last.pk}/").content.decode()
    assert other.uscc in page


def test_the_code_may_be_taken_from_the_other(pair: tuple[Enterprise, Enterprise]) -> None:
    keep, other = pair
    old = keep.uscc
    merge(keep, other, choose={"uscc": other.pk, "name": other.pk, "scope": other.pk, "place": keep.pk})
    now = Enterprise.objects.get(pk=keep.pk)
    assert (now.uscc, now.name, now.name_key, now.scope) == (other.uscc, other.name, other.name_key, other.scope)
    assert now.place == keep.place
    assert resolve(old) == resolve(other.pk) == now
    assert keep.name in set(now.names.values_list("name", flat=True))


@pytest.mark.parametrize("choose", [(), ("uscc", "name", "place")])
def test_a_split_gives_both_back_as_they_were(pair: tuple[Enterprise, Enterprise], choose: Any) -> None:
    before = everything()
    keep, other = pair
    act = merge(keep, other, choose=dict.fromkeys(choose, other.pk))
    assert set(Change.objects.filter(act=act).values_list("user", "reason", "source")) == {
        ("命令行", "同一家", "merge")
    }
    undone = merging.split(user=SYSTEM, merger=EnterpriseMerge.objects.get())
    assert undone.kept == []
    assert everything() == before


def test_what_was_done_since_stays_and_is_told(pair: tuple[Enterprise, Enterprise]) -> None:
    keep, other = pair
    merge(keep, other)
    figure = EnterpriseFigure.objects.get(enterprise=keep, period="2022")
    EnterpriseFigure.objects.filter(pk=figure.pk).update(value=99)
    Placement.objects.filter(enterprise=keep, segment__code="LV-2102").delete()
    merger = EnterpriseMerge.objects.get()
    assert {(one.model, one.action) for one in merging.changed_since(merger)} == {
        ("enterprises.enterprisefigure", "update"),
        ("chains.placement", "delete"),
    }
    undone = merging.split(user=SYSTEM, merger=merger)
    assert [one.why for one in undone.kept] == ["此行已被删除"]
    figure.refresh_from_db()
    assert (figure.enterprise_id, figure.value) == (other.pk, 99), "the figure goes back, with what was written since"


def test_a_later_merger_is_split_first(pair: tuple[Enterprise, Enterprise], firms: Mapping[str, Enterprise]) -> None:
    before = everything()
    keep, other = pair
    merge(keep, other)
    merge(firms["丙"], keep)
    first, second = EnterpriseMerge.objects.order_by("pk")
    with pytest.raises(ValidationError, match="不能拆分"):
        merging.split(user=SYSTEM, merger=first)
    assert resolve(other.pk) == firms["丙"], "a split that fails leaves everything as it is"
    merging.split(user=SYSTEM, merger=second)
    merging.split(user=SYSTEM, merger=EnterpriseMerge.objects.get())
    assert everything() == before


def test_several_at_once(pair: tuple[Enterprise, Enterprise], firms: Mapping[str, Enterprise]) -> None:
    before = everything()
    keep, other = pair
    merge(keep, other, firms["丙"], firms["丁"])
    assert EnterpriseMerge.objects.count() == 3
    merging.split(user=SYSTEM, merger=EnterpriseMerge.objects.latest("pk"))
    assert everything() == before


def test_a_file_with_the_old_code_changes_the_kept_one(pair: tuple[Enterprise, Enterprise], tmp_path: Any) -> None:
    keep, other = pair
    merge(keep, other)
    path = tmp_path / "旧表.csv"
    path.write_text(f"企业名称,统一社会信用代码,登记状态\n{other.name},{other.uscc},停业\n", encoding="utf-8-sig")
    plan = importing.make_plan(ENTERPRISES, path, SYSTEM)
    assert plan.counts == {importing.CHANGED: 1}
    (row,) = plan.rows
    assert (row.pk, set(row.changes)) == (keep.pk, {"status"}), "the former name does not come back"
    assert [(one.old, one.new) for one in plan.corrections] == [(other.uscc, keep.uscc)]


def test_an_account_of_the_other_goes_on_seeing_its_firm(pair: tuple[Enterprise, Enterprise]) -> None:
    keep, other = pair
    grant("own", {"*": ["view"]}, enterprise_uscc=other.uscc)
    merge(keep, other)
    assert signed_in(grant("own", {})).get(f"/enterprises/{keep.pk}/").status_code == 200
    merging.split(user=SYSTEM, merger=EnterpriseMerge.objects.get())
    assert signed_in(grant("own", {})).get(f"/enterprises/{other.pk}/").status_code == 200
    assert signed_in(grant("own", {})).get(f"/enterprises/{keep.pk}/").status_code == 404


def test_merging_asks_for_changing_and_deleting_and_hides_nothing(
    pair: tuple[Enterprise, Enterprise], gazetteer: Mapping[str, Place], firms: Mapping[str, Enterprise]
) -> None:
    keep, other = pair
    for actions in (["view", "change"], ["view", "delete"]):
        with pytest.raises(PermissionDenied):
            merge(keep, other, user=grant(f"clerk-{actions[1]}", {"*": actions}))
    with pytest.raises(ValidationError, match="有6条您无权查看的记录"):
        merge(keep, other, user=grant("blind", {"enterprises": ["*"], "enterprise-names": ["*"]}))
    office = grant("office", {"*": ["*"]}, place_path=gazetteer["620111"].path)
    with pytest.raises(PermissionDenied):
        merge(keep, firms["丙"], user=office)
    merge(keep, other, user=office)
    reader = grant("reader", {"*": ["view", "change"]})
    with pytest.raises(PermissionDenied):
        merging.split(user=reader, merger=EnterpriseMerge.objects.get())
    assert merging.split(user=office, merger=EnterpriseMerge.objects.get()).kept == []


def test_odd_requests_are_refused(pair: tuple[Enterprise, Enterprise], monkeypatch: Any) -> None:
    keep, other = pair
    for others in ([], [keep], [other, other]):
        with pytest.raises(ValidationError):
            merge(keep, *others)
    with pytest.raises(ValidationError, match="不能这样取值"):
        merge(keep, other, choose={"id": other.pk})
    monkeypatch.setattr(type(ENTERPRISES), "reason_required", True)
    with pytest.raises(ValidationError):
        merging.merge(user=SYSTEM, keep=keep, others=[other], reason=" ")
    assert EnterpriseMerge.objects.count() == 0


def test_the_desk_shows_what_moves_merges_and_splits(
    pair: tuple[Enterprise, Enterprise], admin_client: Any, admin_user: Any
) -> None:
    keep, other = pair
    picked = admin_client.post("/enterprises/merge/", {"row": [keep.pk, other.pk]})
    assert picked.headers["Location"] == f"/enterprises/merge/?row={keep.pk}&row={other.pk}"
    page = admin_client.get(picked.headers["Location"]).content.decode()
    assert keep.uscc in page
    assert other.uscc in page
    assert "改归 1 条" in page
    sent = {"row": [keep.pk, other.pk], "keep": keep.pk, "reason": "同一家", "from.name": other.pk}
    answer = admin_client.post("/enterprises/merge/", sent)
    assert answer.headers["Location"] == f"/enterprises/{keep.pk}/"
    assert Enterprise.objects.get(pk=keep.pk).name == other.name
    (merger,) = EnterpriseMerge.objects.all()
    assert (merger.by, merger.why) == ("admin", "同一家")
    save_row(register=ENTERPRISES, user=admin_user, row=Enterprise.objects.get(pk=keep.pk), values={"address": "新址"})
    asked = admin_client.get(f"/enterprise-merges/{merger.pk}/split/").content.decode()
    assert "合并之后又有 1 项变更" in asked
    assert "新址" in asked
    back = admin_client.post(f"/enterprise-merges/{merger.pk}/split/", {"reason": "分开"})
    assert back.headers["Location"] == f"/enterprises/{other.pk}/"
    assert admin_client.get(f"/enterprises/{other.pk}/").status_code == 200
    assert Enterprise.objects.get(pk=keep.pk).address == "新址"


def test_firms_of_one_name_are_proposed(pair: tuple[Enterprise, Enterprise], admin_client: Any) -> None:
    keep, other = pair
    Enterprise.objects.filter(pk=other.pk).update(name=keep.name, name_key=keep.name_key)
    page = admin_client.get("/enterprises/look-alikes/")
    assert [(key, [firm.pk for firm in firms]) for key, firms in page.context["groups"]] == [
        (keep.name_key, [keep.pk, other.pk])
    ]
    assert other.uscc in admin_client.get(f"/enterprises/merge/?row={keep.pk}").content.decode()
    assert signed_in(grant("reader", {"*": ["view"]})).get("/enterprises/look-alikes/").status_code == 403
