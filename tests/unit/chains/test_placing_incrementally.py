"""After a change only whom it can concern is placed anew, and the outcome is that of placing everybody."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from lianpu.chains.jobs import PLACE_CHANGED, look_for_changes
from lianpu.chains.models import OutsideFirm, Placement, Product, Segment, SegmentFlow, SegmentState
from lianpu.chains.services import diagnose_place, place_changed, place_enterprises
from lianpu.enterprises.models import Enterprise
from lianpu.register.models import Job
from lianpu.register.rights import SYSTEM

Firms = Mapping[str, Enterprise]
Maps = Mapping[str, Segment]


@pytest.fixture
def placed(firms: Firms, two_chains: Maps, home: Path) -> Firms:
    place_enterprises(user=SYSTEM)
    return firms


def placed_anew() -> int:
    """How many firms were placed anew, once it is certain that nothing is left for the others."""
    counts = place_changed()
    again = place_enterprises(user=SYSTEM)
    assert (again["created"], again["changed"], again["gone"]) == (0, 0, 0)
    return counts["firms"]


def test_where_nothing_changed_nobody_is_placed_anew(placed: Firms) -> None:
    Enterprise.objects.filter(pk=placed["甲"].pk).update(address="某路1号")
    assert placed_anew() == 0


def test_an_edited_firm_is_placed_alone(placed: Firms) -> None:
    Enterprise.objects.filter(pk=placed["甲"].pk).update(scope="铝型材的制造")
    assert placed_anew() == 1
    assert Placement.objects.filter(enterprise=placed["甲"], segment__name="铝型材").exists()


def test_a_new_firm_is_placed_alone(placed: Firms) -> None:
    old = placed["甲"]
    Enterprise.objects.create(
        uscc="91620100MA74F3K40P", name="新来铝业公司", name_key="新来铝业", place=old.place, scope="氧化铝的生产"
    )
    assert placed_anew() == 1


def test_a_firm_whose_placements_were_moved_by_others_is_placed_anew(placed: Firms) -> None:
    """As a merger does."""
    held = Placement.objects.select_related("enterprise").first()
    assert held is not None
    free = Enterprise.objects.exclude(placements__segment=held.segment).first()
    Placement.objects.filter(pk=held.pk).update(enterprise=free)
    assert placed_anew() == 2


def drop_a_product(maps: Maps) -> str:
    product = Product.objects.filter(segment__name="铝型材").first()
    assert product is not None
    product.delete()
    return product.name


def add_a_product(maps: Maps) -> str:
    Product.objects.create(segment=Segment.objects.get(name="铝型材"), name="餐饮")
    return "餐饮"


@pytest.mark.parametrize("alter", [drop_a_product, add_a_product])
def test_a_changed_map_places_anew_only_firms_that_name_what_changed(
    placed: Firms, two_chains: Maps, alter: Callable[[Maps], str]
) -> None:
    word = alter(two_chains)
    named = [firm for firm in Enterprise.objects.all() if word in firm.scope + firm.name]
    assert 0 < len(named) < len(placed)
    assert placed_anew() == len(named)


def test_who_fills_a_segment_concerns_the_firms_that_name_its_products(placed: Firms, two_chains: Maps) -> None:
    Segment.objects.filter(name="铝型材").update(filled_by="trades")
    assert 0 < placed_anew() < len(placed)


def test_what_people_decided_stays(placed: Firms) -> None:
    Placement.objects.filter(enterprise=placed["甲"]).update(state=Placement.Decision.CONFIRMED)
    Enterprise.objects.filter(pk=placed["甲"].pk).update(scope="餐饮")
    place_changed()
    assert Placement.objects.filter(enterprise=placed["甲"], state=Placement.Decision.CONFIRMED).exists()


def test_without_knowing_what_was_placed_last_everybody_is_placed(placed: Firms, two_chains: Maps, home: Path) -> None:
    for kept in (home / "models").glob("placed-*.zip"):
        kept.unlink()
    add_a_product(two_chains)
    assert placed_anew() == len(placed)


def test_the_first_time_everybody_is_placed(firms: Firms, two_chains: Maps, home: Path) -> None:
    assert placed_anew() == len(firms)


def test_workers_place_a_few_changed_firms_by_themselves(placed: Firms) -> None:
    Enterprise.objects.filter(pk=placed["甲"].pk).update(scope="铝型材的制造")
    look_for_changes()
    assert Placement.objects.filter(enterprise=placed["甲"], segment__name="铝型材").exists()
    assert not Job.objects.filter(name=PLACE_CHANGED).exists()


def test_a_changed_map_is_one_job(placed: Firms, two_chains: Maps) -> None:
    look_for_changes()
    assert not Job.objects.filter(name=PLACE_CHANGED).exists()
    add_a_product(two_chains)
    look_for_changes()
    look_for_changes()
    assert Job.objects.filter(name=PLACE_CHANGED).count() == 1


def test_a_firm_taken_back_from_outside_is_placed_anew(placed: Firms) -> None:
    put = OutsideFirm.objects.create(enterprise=placed["甲"], decided_by="某人", decided_at=timezone.now())
    assert placed_anew() == 1
    assert not Placement.objects.filter(enterprise=placed["甲"]).exists()
    put.delete()
    assert placed_anew() == 1
    assert Placement.objects.filter(enterprise=placed["甲"]).exists()


def test_a_site_that_has_placed_nobody_starts_nothing_by_itself(firms: Firms, two_chains: Maps, home: Path) -> None:
    look_for_changes()
    assert not Job.objects.filter(name=PLACE_CHANGED).exists()


class TestTheDiagnosesInForce:
    """They follow the placements, whoever changes these and however."""

    @pytest.fixture
    def city(self, placed: Firms, gazetteer: Mapping[str, Any], settings: Any) -> Any:
        diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        settings.LIANPU_JOBS = "worker"
        return gazetteer["620100"]

    def waiting(self) -> list[str]:
        return [job.arguments["place"] for job in Job.objects.filter(name="renew", state="waiting")]

    def test_an_edited_firm_has_them_renewed_by_a_worker(self, city: Any, placed: Firms) -> None:
        Enterprise.objects.filter(pk=placed["甲"].pk).update(scope="餐饮")
        assert place_changed()["gone"]
        assert self.waiting() == [city.code]

    def test_all_firms_placed_again_have_them_renewed_only_where_placements_changed(
        self, city: Any, placed: Firms
    ) -> None:
        place_enterprises(user=SYSTEM)
        assert self.waiting() == []
        Enterprise.objects.filter(pk=placed["甲"].pk).update(scope="餐饮")
        place_enterprises(user=SYSTEM)
        assert self.waiting() == [city.code]

    def test_a_place_that_does_not_count_the_firm_is_left_alone(
        self, city: Any, placed: Firms, gazetteer: Mapping[str, Any]
    ) -> None:
        elsewhere = gazetteer["620104"]
        assert not placed["甲"].place.path.startswith(elsewhere.path)
        diagnose_place(user=SYSTEM, place=elsewhere)
        Enterprise.objects.filter(pk=placed["甲"].pk).update(scope="餐饮")
        place_changed()
        assert self.waiting() == [city.code]

    def test_another_map_has_them_renewed_though_it_moves_no_firm(self, city: Any, two_chains: Maps) -> None:
        SegmentFlow.objects.all()[0].delete()
        counts = place_changed()
        assert (counts["created"], counts["changed"], counts["gone"]) == (0, 0, 0)
        assert self.waiting() == [city.code]

    def test_they_have_the_segments_of_the_present_map(self, city: Any, two_chains: Maps, settings: Any) -> None:
        settings.LIANPU_JOBS = "inline"
        old = two_chains["LV-3101"]
        fresh = Segment.objects.create(
            code="LV-3109",
            name="铝线缆",
            chain=old.chain,
            parent=old.parent,
            stage=old.stage,
            is_leaf=True,
            filled_by=old.filled_by,
            order=99,
        )
        assert not SegmentState.objects.filter(segment=fresh).exists()
        place_changed()
        assert SegmentState.objects.filter(run__place=city, run__is_latest=True, segment=fresh).exists()

    def test_a_new_diagnosis_leaves_nothing_to_renew(self, city: Any, placed: Firms) -> None:
        Enterprise.objects.filter(pk=placed["甲"].pk).update(scope="餐饮")
        place_changed()
        diagnose_place(user=SYSTEM, place=city)
        assert self.waiting() == []
