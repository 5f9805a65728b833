"""Whatever was done can be undone, and nothing that came after is lost by it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianpu.chains.models import Placement
from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise, EnterpriseFigure
from lianpu.places.models import Place
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant
from lianpu.register.undo import Reverted, revert


def undo(act: int, user: Any = SYSTEM) -> Reverted:
    return revert(Change.objects.filter(act=act), user=user, reason="误操作")


def everything() -> dict[str, list[Any]]:
    """All rows of all registers with history, as stored."""
    return {
        register.slug: list(register.model._default_manager.order_by("pk").values())
        for register in registry.all()
        if register.history
    }


def test_what_is_done_together_is_one_act(firms: Mapping[str, Enterprise]) -> None:
    with acting("王某") as act:
        Enterprise.objects.update(kind="有限责任公司")
        with acting("李某") as inner:
            firms["甲"].figures.create(indicator="staff", period="2021", value=3)
    assert inner == act
    assert Change.objects.filter(act=act).count() == len(firms) + 1
    with acting("王某") as later:
        Enterprise.objects.update(kind="")
    assert later > act
    Enterprise.objects.update(kind="甲")
    assert Change.objects.latest("pk").act is None


def test_changed_rows_get_their_altered_fields_back_and_no_others(firms: Mapping[str, Enterprise]) -> None:
    firm = Enterprise.objects.filter(pk=firms["甲"].pk)
    with acting("王某", reason="年检") as act:
        firm.update(status="suspended", capital_10k_cny=Decimal("12.3456"))
    with acting("李某"):
        firm.update(address="红古区海石湾")
    done = undo(act)
    assert (done.done, done.kept) == (1, [])
    now = firm.get()
    assert (now.status, now.capital_10k_cny, now.address) == ("active", None, "红古区海石湾")
    change = Change.objects.latest("pk")
    assert (change.user, change.reason, change.source, change.action) == ("命令行", "误操作", "undo", "update")


def test_what_was_changed_since_is_kept_and_told(firms: Mapping[str, Enterprise]) -> None:
    with acting("王某") as act:
        Enterprise.objects.update(kind="有限责任公司")
    Enterprise.objects.filter(pk=firms["乙"].pk).update(kind="股份有限公司")
    done = undo(act)
    assert done.done == len(firms) - 1
    assert [(one.change.row, one.why) for one in done.kept] == [(firms["乙"].pk, "此后又改过：企业类型")]
    assert set(Enterprise.objects.values_list("kind", flat=True)) == {"", "股份有限公司"}


def test_what_somebody_put_back_already_is_no_hindrance(firms: Mapping[str, Enterprise]) -> None:
    firm = Enterprise.objects.filter(pk=firms["甲"].pk)
    with acting("王某") as act:
        firm.update(status="suspended", kind="甲")
    firm.update(status="active")
    assert undo(act).kept == []
    assert (firm.get().status, firm.get().kind) == ("active", "")


def test_new_rows_go_and_deleted_rows_come_back_under_their_ids(firms: Mapping[str, Enterprise]) -> None:
    before = everything()
    with acting("王某") as act:
        firms["甲"].figures.create(indicator="staff", period="2021", value=Decimal("3.5"))
        Enterprise.objects.filter(name__contains="辛").delete()
    after = everything()
    done = undo(act)
    assert done.kept == []
    assert everything() == before
    assert undo(done.act).kept == [], "an undo can be undone"
    assert everything() == after


def test_a_row_on_which_others_depend_is_kept_even_where_nobody_may_see_them(
    firms: Mapping[str, Enterprise], two_chains: Mapping[str, Any]
) -> None:
    with acting("王某") as act:
        firm = Enterprise.objects.create(uscc=make_uscc("620102", 99), name="新企业", name_key="新企业")
    Placement.objects.create(enterprise=firm, segment=two_chains["LV-2101"], role="makes", confidence=0.1 + 0.2)
    blind = grant("blind", {"enterprises": ["*"]})
    done = undo(act, blind)
    assert (done.done, [one.why for one in done.kept]) == (0, ["有1条“挂链”依赖于此行"])
    assert Enterprise.objects.filter(pk=firm.pk).exists()


def test_a_new_row_that_was_worked_on_since_is_kept(firms: Mapping[str, Enterprise]) -> None:
    with acting("王某") as act:
        figure = firms["甲"].figures.create(indicator="staff", period="2021", value=3)
    EnterpriseFigure.objects.update(value=4)
    assert [one.why for one in undo(act).kept] == ["此后又改过：数值"]
    assert EnterpriseFigure.objects.get(pk=figure.pk).value == 4


def test_a_deleted_row_does_not_come_back_over_another_with_its_key(firms: Mapping[str, Enterprise]) -> None:
    old = firms["辛"]
    with acting("王某") as act:
        Enterprise.objects.filter(pk=old.pk).delete()
    new = Enterprise.objects.create(uscc=old.uscc, name="另一家", name_key="另一家")
    assert [one.why for one in undo(act).kept] == [f"编码或名称已被第{new.pk}号占用"]
    new.delete()
    assert undo(act).kept == []
    assert [one.why for one in undo(act).kept] == ["此行已经恢复"]


def test_a_deleted_row_does_not_come_back_without_what_it_refers_to(firms: Mapping[str, Enterprise]) -> None:
    firm = firms["辛"]
    firm.figures.create(indicator="staff", period="2021", value=3)
    with acting("王某") as first:
        EnterpriseFigure.objects.all().delete()
    with acting("王某") as second:
        Enterprise.objects.filter(pk=firm.pk).delete()
    pk = firm.pk
    assert [one.why for one in undo(first).kept] == [f"它所指的“企业”第{pk}号已不在"]
    assert undo(second).kept == undo(first).kept == []
    assert EnterpriseFigure.objects.get().enterprise_id == pk


def test_a_key_that_moved_on_within_the_act_moves_back(firms: Mapping[str, Enterprise]) -> None:
    before = everything()
    kept, other = firms["甲"], firms["辛"]
    with acting("王某") as act:
        code = other.uscc
        Enterprise.objects.filter(pk=other.pk).delete()
        Enterprise.objects.filter(pk=kept.pk).update(uscc=code)
    assert undo(act).kept == []
    assert everything() == before


def test_several_changes_of_one_row_are_undone_together(firms: Mapping[str, Enterprise]) -> None:
    before, firm = everything(), Enterprise.objects.filter(pk=firms["甲"].pk)
    with acting("王某") as act:
        firm.update(status="suspended")
        firm.update(status="cancelled", kind="甲")
        Enterprise.objects.filter(pk=firms["辛"].pk).update(kind="乙")
        Enterprise.objects.filter(pk=firms["辛"].pk).delete()
        fresh = Enterprise.objects.create(uscc=make_uscc("620102", 98), name="新", name_key="新")
        Enterprise.objects.filter(pk=fresh.pk).update(kind="丙")
    done = undo(act)
    assert (done.done, done.kept) == (6, [])
    assert everything() == before


def test_rights_are_those_of_writing(firms: Mapping[str, Enterprise], gazetteer: Mapping[str, Place]) -> None:
    place = gazetteer["620111"].path
    with acting("王某") as changed:
        Enterprise.objects.update(kind="甲")
    with acting("王某") as gone:
        Enterprise.objects.filter(name__contains="辛").delete()
    limited = grant("limited", {"*": ["view"], "enterprises": ["change"]}, place_path=place)
    done = undo(changed, limited)
    assert {one.why for one in done.kept} == {"您没有修改此行的权限", "此行已被删除"}
    assert set(Enterprise.objects.filter(kind="").values_list("place__path", flat=True)) == {place}
    assert {one.why for one in undo(gone, limited).kept} == {"您没有新增此行的权限"}
    assert not Enterprise.objects.filter(name__contains="辛").exists()
    reader = grant("reader", {"*": ["view"]})
    assert undo(gone, reader).done == undo(changed, reader).done == 0


def test_columns_that_one_may_not_see_are_not_put_back(firms: Mapping[str, Enterprise]) -> None:
    firms["甲"].figures.create(indicator="staff", period="2021", value=3)
    with acting("王某") as act:
        EnterpriseFigure.objects.update(value=4)
    assert [one.why for one in undo(act, grant("blind", {"*": ["*"]})).kept] == ["涉及您无权查看的列"]
    assert undo(act, grant("cleared", {"*": ["*"]}, ["figures"])).kept == []


def test_a_reason_is_asked_for_where_the_register_asks(firms: Mapping[str, Enterprise], monkeypatch: Any) -> None:
    monkeypatch.setattr(type(registry["enterprises"]), "reason_required", True)
    with acting("王某") as act:
        Enterprise.objects.update(kind="甲")
    with pytest.raises(ValidationError):
        revert(Change.objects.filter(act=act), user=SYSTEM, reason=" ")
    assert undo(act).done == len(firms)


@pytest.mark.parametrize("what", ["insert", "update", "delete"])
def test_many_rows_take_as_many_statements_as_few(firms: Mapping[str, Enterprise], what: str) -> None:
    def act_on(count: int) -> int:
        rows = [
            EnterpriseFigure(enterprise=firms["甲"], indicator="staff", period=str(n), value=n) for n in range(count)
        ]
        with acting("王某") as act:
            EnterpriseFigure.objects.bulk_create(rows)
        if what != "insert":
            with acting("王某") as act:
                EnterpriseFigure.objects.update(value=7.25) if what == "update" else (
                    EnterpriseFigure.objects.all().delete()
                )
        return act

    asked = []
    for count in (3, 300):
        act = act_on(count)
        with CaptureQueriesContext(connection) as queries:
            assert undo(act).done == count
        asked.append(len(queries))
        EnterpriseFigure.objects.all().delete()
    assert asked[0] == asked[1] < 40


TOUCHES = st.lists(
    st.tuples(
        st.sampled_from(["status", "kind", "place", "decide", "new", "drop", "figure", "drop-figures"]),
        st.integers(0, 7),
        st.sampled_from(["suspended", "cancelled", "active"]),
        st.floats(0, 1, allow_subnormal=False),
    ),
    max_size=8,
)


@given(first=TOUCHES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_undoing_whatever_act_gives_every_row_back(
    firms: Mapping[str, Enterprise], gazetteer: Mapping[str, Place], two_chains: Mapping[str, Any], first: Any
) -> None:
    before = everything()
    with acting("王某") as act:
        for what, which, word, number in first:
            rows = Enterprise.objects.order_by("uscc")
            picked = rows[which % rows.count()] if rows.count() else None
            if what == "new" or picked is None:
                code = make_uscc("620104", 500 + Change.objects.count())
                Enterprise.objects.create(uscc=code, name=word, name_key=word)
            elif what == "drop":
                picked.delete()
            elif what == "decide":
                Placement.objects.update_or_create(
                    enterprise=picked,
                    segment=two_chains["LV-2101"],
                    defaults={
                        "role": "makes",
                        "confidence": number,
                        "evidence": [{"词": word, "空": None, "数": number}],
                    },
                )
            elif what == "figure":
                EnterpriseFigure.objects.update_or_create(
                    enterprise=picked, indicator="staff", period=word[:4], defaults={"value": Decimal(f"{number:.4f}")}
                )
            elif what == "drop-figures":
                EnterpriseFigure.objects.filter(enterprise=picked).delete()
            elif what == "place":
                Enterprise.objects.filter(pk=picked.pk).update(place=gazetteer["620105"] if which % 2 else None)
            else:
                Enterprise.objects.filter(pk=picked.pk).update(**{what: word})
    after = everything()
    undone = undo(act)
    assert undone.kept == []
    assert everything() == before
    redone = undo(undone.act)
    assert everything() == after
    undo(redone.act)
    assert everything() == before
