"""Any register as it was on a day: every filter, sort, scope and join tells the past, and nothing is written."""

import datetime as dt
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianpu.chains.models import Placement
from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise, EnterpriseFigure
from lianpu.places.models import Place
from lianpu.register import timetravel
from lianpu.register.declare import registry
from lianpu.register.history import acting, changed_since, first_and_last, first_since
from lianpu.register.listing import Listing
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant
from lianpu.register.timetravel import as_of


def everything() -> dict[str, list[Any]]:
    return {
        register.slug: list(register.model._default_manager.order_by("pk").values())
        for register in registry.all()
        if register.history and not register.guarded
    }


def next_record() -> int:
    last = Change.objects.order_by("-pk").values_list("pk", flat=True).first()
    return (last or 0) + 1


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["status", "place", "new", "drop", "figure", "decide"]),
        st.integers(0, 7),
        st.sampled_from(["suspended", "cancelled", "active"]),
        st.decimals(0, 100, places=4),
    ),
    min_size=1,
    max_size=8,
)


@given(deeds=DEEDS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_moment_is_seen_again_as_it_was(
    firms: Mapping[str, Enterprise], gazetteer: Mapping[str, Place], two_chains: Mapping[str, Any], deeds: Any
) -> None:
    seen = []
    with transaction.atomic():
        for what, which, word, number in deeds:
            seen.append((next_record(), everything()))
            rows = Enterprise.objects.order_by("uscc")
            picked = rows[which % rows.count()] if rows.count() else None
            if what == "new" or picked is None:
                Enterprise.objects.create(
                    uscc=make_uscc("620104", 500 + next_record() % 90_000), name=word, name_key=word
                )
            elif what == "drop":
                picked.delete()
            elif what == "figure":
                EnterpriseFigure.objects.update_or_create(
                    enterprise=picked, indicator="staff", period="2021", defaults={"value": number}
                )
            elif what == "decide":
                Placement.objects.update_or_create(
                    enterprise=picked,
                    segment=two_chains["LV-2101"],
                    defaults={"role": "makes", "confidence": float(number) / 3, "evidence": [{"词": word, "空": None}]},
                )
            elif what == "place":
                Enterprise.objects.filter(pk=picked.pk).update(place=gazetteer["620105"] if which % 2 else None)
            else:
                Enterprise.objects.filter(pk=picked.pk).update(status=word, capital_10k_cny=number)
        now = everything()
        for record, then in seen:
            with as_of(record):
                assert everything() == then
        assert everything() == now
        transaction.set_rollback(True)


@pytest.fixture
def before(firms: Mapping[str, Enterprise], gazetteer: Mapping[str, Place]) -> dt.datetime:
    """A moment after which 甲 moved and closed, 辛 went and a firm came."""
    Enterprise.objects.filter(pk=firms["甲"].pk).update(capital_10k_cny=Decimal("100.5"))
    time.sleep(0.01)
    moment = timezone.now()
    time.sleep(0.01)
    with acting("王某"):
        Enterprise.objects.filter(pk=firms["甲"].pk).update(
            place=gazetteer["620302"], status="cancelled", capital_10k_cny=9
        )
        Enterprise.objects.filter(pk=firms["辛"].pk).delete()
        Enterprise.objects.create(uscc=make_uscc("620102", 77), name="新来的企业", name_key="新来")
        Place.objects.filter(code="620302").update(name="金川新区", full_name="甘肃省金昌市金川新区")
    return moment


def test_lists_filter_sort_and_join_in_the_past(before: dt.datetime, firms: Mapping[str, Enterprise]) -> None:
    register = registry["enterprises"]

    def asked(**params: str) -> list[int]:
        listing = Listing(register, SYSTEM, params)
        found = [row.pk for row in listing.page_rows]
        assert not listing.errors
        assert listing.count == len(found)
        return found

    closed, rich = {"f.status": "cancelled"}, {"f.capital_10k_cny.from": "100"}
    assert (asked(**closed), asked(**rich)) == ([firms["甲"].pk], [])
    with as_of(before):
        assert (asked(**closed), asked(**rich)) == ([], [firms["甲"].pk])
        assert asked(sort="-capital_10k_cny")[0] == firms["甲"].pk
        assert len(asked()) == len(firms)
        assert asked(q="餐饮") != []
        names = {row.pk: row.place.full_name for row in Listing(register, SYSTEM, {}).page_rows}
        assert (names[firms["甲"].pk], names[firms["己"].pk]) == ("甘肃省兰州市红古区", "甘肃省金昌市金川区")
    assert asked(q="餐饮") == []


def test_scope_is_that_of_the_row_then(
    before: dt.datetime, firms: Mapping[str, Enterprise], gazetteer: Mapping[str, Place]
) -> None:
    office = grant("office", {"*": ["*"]}, place_path=gazetteer["620111"].path)
    with as_of(before):
        assert {row.name[2] for row in Listing(registry["enterprises"], office, {}).page_rows} == {"甲", "乙"}
    assert {row.name[2] for row in Listing(registry["enterprises"], office, {}).page_rows} == {"乙"}


def test_nothing_is_written_and_nothing_stays(before: dt.datetime, firms: Mapping[str, Enterprise]) -> None:
    records, now = Change.objects.count(), everything()
    with pytest.raises(Enterprise.DoesNotExist), as_of(before):
        Enterprise.objects.get(name="新来的企业")
    with pytest.raises(DatabaseError), transaction.atomic(), as_of(before):
        Enterprise.objects.update(name="历史不可改写")
    assert everything() == now
    assert Change.objects.count() == records


def test_too_much_change_is_refused_in_words(before: dt.datetime, monkeypatch: Any) -> None:
    monkeypatch.setattr(timetravel, "LIMIT", 2)
    with pytest.raises(ValidationError, match="请选近一些的日期"), as_of(before):
        pass
    with as_of(timezone.now()):
        assert Enterprise.objects.filter(name="新来的企业").exists()


def test_what_changed_since_and_who_touched_a_row_first_and_last(
    before: dt.datetime, firms: Mapping[str, Enterprise]
) -> None:
    register = registry["enterprises"]
    since = changed_since(register, before)
    assert set(since) == {firms["甲"].pk, firms["辛"].pk, Enterprise.objects.latest("pk").pk}
    assert Enterprise.objects.filter(pk__in=since).count() == 2
    assert list(changed_since(register, timezone.now() + dt.timedelta(1))) == []
    first, last = first_and_last(register, [firms["甲"].pk])[firms["甲"].pk]
    assert (first.action, last.action, last.user) == ("insert", "update", "王某")


def test_moments_are_found_among_the_records(firms: Mapping[str, Enterprise]) -> None:
    ids = list(Change.objects.order_by("pk").values_list("pk", flat=True))
    start = timezone.now()
    for number, pk in enumerate(ids):
        Change.objects.filter(pk=pk).update(at=start + dt.timedelta(seconds=number // 3))
    for number in range(len(ids)):
        first = next(other for at, other in enumerate(ids) if at // 3 == number // 3)
        assert first_since(start + dt.timedelta(seconds=number // 3)) == first
        assert first_since(start + dt.timedelta(seconds=number // 3 - 0.5)) == first
    assert first_since(start + dt.timedelta(days=1)) == ids[-1] + 1
