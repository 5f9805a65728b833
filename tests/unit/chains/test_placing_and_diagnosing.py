"""Firms come onto the chains, people have the last word, the diagnosis follows, and every number opens to its rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import polars as pl
import pytest

from lianpu.chains.models import DiagnosisRun, Finding, Placement, Reference, Segment, SegmentState
from lianpu.chains.queries import firms_told, placement_lists, states_told
from lianpu.chains.services import decide, diagnose_place, load_reference, place_enterprises, reference_in_use
from lianpu.chains.services.placing import current_placer
from lianpu.desk.queries import segment_sheet
from lianpu.enterprises.models import Enterprise, EnterpriseFigure
from lianpu.register.declare import registry
from lianpu.register.listing import Listing
from lianpu.register.models import Change
from lianpu.register.reading import UnreadableError
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in

Firms = Mapping[str, Enterprise]


@pytest.fixture
def placed(firms: Firms, two_chains: Mapping[str, Segment], home: Path) -> Firms:
    """The firms, placed by the model."""
    place_enterprises(user=SYSTEM)
    return firms


@pytest.fixture
def reference(two_chains: Mapping[str, Segment], home: Path, tmp_path: Path) -> Reference:
    """A body of firms for comparison, two on every segment."""
    scopes = [
        "氧化铝的生产",
        "铝锭的生产",
        "预焙阳极的生产",
        "铝型材的制造",
        "铝电解工艺的研发",
        "铝合金轮毂的制造",
        "新能源汽车的制造",
        "餐饮",
    ]
    rows = [(f"外地{n}号公司", scope) for n, scope in enumerate(scopes * 2)]
    file = tmp_path / "对照.csv"
    pl.DataFrame(rows, schema=["企业名称", "经营范围"], orient="row").write_csv(file)
    return load_reference(user=SYSTEM, path=file, name="对照", is_sample=True)


def states(run: DiagnosisRun) -> dict[str, SegmentState]:
    return {state.segment.code: state for state in SegmentState.objects.filter(run=run).select_related("segment")}


def where(firm: Enterprise) -> dict[str, str]:
    """Segment code → role of a firm's placements."""
    return dict(Placement.objects.filter(enterprise=firm).values_list("segment__code", "role"))


class TestPlacing:
    def test_each_firm_stands_where_its_scope_says(self, placed: Firms) -> None:
        assert where(placed["甲"])["LV-2101"] == "makes"
        assert where(placed["乙"]) == {"LV-2102": "makes"}
        assert where(placed["戊"])["LV-4101"] == "researches"
        assert where(placed["庚"]) == {"QC-1101": "makes"}
        assert where(placed["辛"]) == {}

    def test_a_seller_is_placed_as_a_seller(self, placed: Firms) -> None:
        assert set(where(placed["丁"]).values()) == {"trades"}

    def test_evidence_quotes_the_scope(self, placed: Firms) -> None:
        for one in Placement.objects.select_related("enterprise"):
            assert one.evidence
            for span in one.evidence:
                text = one.enterprise.scope if span["source"] == "scope" else one.enterprise.name
                assert text[span["start"] : span["end"]] == span["text"]

    def test_placing_again_changes_nothing(self, placed: Firms) -> None:
        before = Change.objects.count()
        counts = place_enterprises(user=SYSTEM)
        assert (counts["created"], counts["changed"], counts["gone"]) == (0, 0, 0)
        assert Change.objects.count() == before

    def test_decisions_outlast_the_model(self, placed: Firms) -> None:
        confirmed = Placement.objects.get(enterprise=placed["乙"])
        rejected = Placement.objects.get(enterprise=placed["甲"], segment__code="LV-2101")
        decide(user=SYSTEM, placement=confirmed, state="confirmed")
        decide(user=SYSTEM, placement=rejected, state="rejected")
        Enterprise.objects.update(scope="餐饮服务")
        counts = place_enterprises(user=SYSTEM)
        assert counts["placed"] == 0
        assert dict(Placement.objects.values_list("pk", "state")) == {
            confirmed.pk: "confirmed",
            rejected.pk: "rejected",
        }

    def test_a_changed_scope_moves_the_firm(self, placed: Firms) -> None:
        Enterprise.objects.filter(pk=placed["乙"].pk).update(scope="铝型材的制造")
        counts = place_enterprises(user=SYSTEM)
        assert (counts["created"], counts["gone"]) == (1, 1)
        assert where(placed["乙"]) == {"LV-3101": "makes"}

    def test_only_firms_within_the_scope_of_the_person_are_placed(
        self, firms: Firms, two_chains: Mapping[str, Segment], home: Path
    ) -> None:
        user = grant("clerk", {"*": ["*"]}, place_path=firms["己"].place.path)  # type: ignore[union-attr]
        assert place_enterprises(user=user)["firms"] == 1
        assert set(Placement.objects.values_list("enterprise__name", flat=True)) == {firms["己"].name}

    def test_a_kept_model_of_another_method_is_fitted_anew(self, placed: Firms, home: Path) -> None:
        (kept,) = (home / "models").glob("placer-*.zip")
        version = current_placer().version
        kept.write_bytes(b"half written")
        assert current_placer().version == version
        assert kept.stat().st_size > 100


class TestDeciding:
    def test_the_diagnosis_follows(self, placed: Firms, reference: Reference, gazetteer: Mapping[str, Any]) -> None:
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        assert states(run)["LV-2101"].firms == 1
        placement = Placement.objects.get(enterprise=placed["甲"], segment__code="LV-2101")
        decide(user=SYSTEM, placement=placement, state="rejected", reason="已停产")
        renewed = DiagnosisRun.objects.get(place=gazetteer["620100"], is_latest=True)
        assert renewed.pk != run.pk
        assert states(renewed)["LV-2101"].state == "missing"
        assert Finding.objects.filter(run=renewed, segment__code="LV-2101").exists()
        decide(user=SYSTEM, placement=placement, state="suggested")
        again = DiagnosisRun.objects.get(place=gazetteer["620100"], is_latest=True)
        assert states(again)["LV-2101"].firms == 1

    def test_a_confirmed_firm_is_certain_and_a_reopened_one_as_sure_as_the_model(self, placed: Firms) -> None:
        placement = Placement.objects.get(enterprise=placed["乙"])
        model = placement.confidence
        decide(user=SYSTEM, placement=placement, state="confirmed")
        assert placement.confidence == 1.0
        assert placement.decided_by
        decide(user=SYSTEM, placement=placement, state="suggested")
        assert placement.confidence == model
        assert (placement.decided_by, placement.decided_at) == ("", None)

    def test_the_page_records_who_and_why(self, placed: Firms, client: Any, admin_user: Any) -> None:
        placement = Placement.objects.get(enterprise=placed["乙"])
        browser = signed_in(admin_user)
        answer = browser.post(f"/placements/{placement.pk}/decide/", {"state": "confirmed", "reason": "现场核实"})
        assert answer.status_code == 302
        change = Change.objects.filter(model="chains.placement").latest("pk")
        assert (change.user, change.reason) == (admin_user.username, "现场核实")
        assert browser.post(f"/placements/{placement.pk}/decide/", {"state": "maybe"}).status_code == 400

    def test_who_may_not_change_may_not_decide(self, placed: Firms) -> None:
        placement = Placement.objects.get(enterprise=placed["乙"])
        url = f"/placements/{placement.pk}/decide/"
        assert signed_in(grant("reader", {"*": ["view"]})).post(url, {"state": "confirmed"}).status_code == 403
        assert signed_in(grant("nobody", {})).post(url, {"state": "confirmed"}).status_code == 404
        placement.refresh_from_db()
        assert placement.state == "suggested"


class TestDiagnosing:
    def test_every_number_opens_to_its_rows(
        self, placed: Firms, two_chains: Mapping[str, Segment], reference: Reference, gazetteer: Mapping[str, Any]
    ) -> None:
        Placement.objects.filter(enterprise=placed["丙"]).update(confidence=0.4)
        decide(user=SYSTEM, placement=Placement.objects.get(enterprise=placed["乙"]), state="confirmed")
        for place in (gazetteer["620100"], gazetteer["620102"], placed["庚"].zone, gazetteer["620000"]):
            run = diagnose_place(user=SYSTEM, place=place)
            found = states(run)
            assert set(found) == {code for code, segment in two_chains.items() if segment.is_leaf}
            for code, state in found.items():
                sheet = segment_sheet(SYSTEM, two_chains[code], run, place)
                for url, number in [
                    (sheet.rows_url, state.firms),
                    (sheet.other_url, state.other_firms),
                    (sheet.unsure_url, state.unsure_firms),
                ]:
                    listing = Listing(registry["placements"], SYSTEM, dict(parse_qsl(urlsplit(url).query)))
                    assert listing.count == number, (place.name, code, url)
                    assert listing.errors == []

    def test_a_seller_is_not_counted_where_makers_fill_the_segment(
        self, placed: Firms, reference: Reference, gazetteer: Mapping[str, Any]
    ) -> None:
        seller = Placement.objects.get(enterprise=placed["丁"], segment__code="LV-2101")
        decide(user=SYSTEM, placement=seller, state="confirmed")
        run = diagnose_place(user=SYSTEM, place=gazetteer["620102"])
        assert states(run)["LV-2101"].firms == 0
        assert states(run)["LV-2101"].other_firms == 1
        assert states(run)["QC-3101"].state == "missing"

    def test_a_run_keeps_what_it_was_made_from(
        self, placed: Firms, reference: Reference, gazetteer: Mapping[str, Any]
    ) -> None:
        first = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        second = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        first.refresh_from_db()
        assert (first.is_latest, second.is_latest) == (False, True)
        assert second.reference == reference
        assert second.rules["min_confidence"] == 0.5
        assert second.versions["reference"] == reference.source_hash[:12]
        assert list(first.states.values("segment", "state", "firms", "lq")) == list(
            second.states.values("segment", "state", "firms", "lq")
        )

    def test_above_scale_follows_from_the_latest_yearly_revenue(
        self, placed: Firms, reference: Reference, gazetteer: Mapping[str, Any]
    ) -> None:
        for period, value in [("2020", 5000), ("2021", 1999), ("2021-06", 9000)]:
            EnterpriseFigure.objects.create(
                enterprise=placed["甲"], indicator="revenue_10k_cny", period=period, value=value
            )
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        assert states(run)["LV-2101"].above_scale == 0
        EnterpriseFigure.objects.filter(period="2021").update(value=2000)
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        assert states(run)["LV-2101"].above_scale == 1

    def test_without_a_reference_states_say_only_who_is_there(
        self, placed: Firms, gazetteer: Mapping[str, Any]
    ) -> None:
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        assert run.reference is None
        assert all(state.lq is None for state in states(run).values())

    def test_who_may_not_diagnose_is_refused(self, placed: Firms, gazetteer: Mapping[str, Any]) -> None:
        from django.core.exceptions import PermissionDenied

        with pytest.raises(PermissionDenied):
            diagnose_place(user=grant("reader", {"*": ["view"]}), place=gazetteer["620100"])


class TestReferences:
    def test_a_reference_keeps_counts_and_not_firms(self, reference: Reference) -> None:
        assert (reference.rows, reference.placed) == (16, 14)
        assert not Enterprise.objects.exists()

    def test_the_largest_real_one_is_used(self, reference: Reference, tmp_path: Path) -> None:
        assert reference_in_use() == reference
        real = Reference.objects.create(
            name="真", file=str(tmp_path / "x"), rows=1, placed=1, source_hash="0", model_version="1"
        )
        assert reference_in_use() == real

    def test_a_lost_file_is_said(self, placed: Firms, reference: Reference, gazetteer: Mapping[str, Any]) -> None:
        Path(reference.file).unlink()
        with pytest.raises(UnreadableError, match="reference load"):
            diagnose_place(user=SYSTEM, place=gazetteer["620100"])

    @pytest.mark.parametrize("text", ["企业名称,经营范围\n", "企业名称\n甲\n"])
    def test_a_file_without_firms_or_scopes_is_refused(
        self, two_chains: Any, home: Path, tmp_path: Path, text: str
    ) -> None:
        (tmp_path / "空.csv").write_text(text, encoding="utf-8")
        with pytest.raises(UnreadableError, match="对照库"):
            load_reference(user=SYSTEM, path=tmp_path / "空.csv")

    def test_the_firms_of_a_chain_open_to_just_those_firms(
        self, placed: Firms, two_chains: Mapping[str, Segment], reference: Reference, gazetteer: Mapping[str, Any]
    ) -> None:
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        enterprises = registry["enterprises"]
        here = {"f.place": "620100", "f.is_sample": "是" if run.versions["sample"] else "否"}
        for chain, figures in run.figures.items():
            assert Listing(enterprises, SYSTEM, here | {"f.fills": chain}).count == figures["firms"], chain
        assert Listing(enterprises, SYSTEM, here | {"f.on_chain": "*"}).count == run.firms

    @pytest.mark.parametrize(
        "reach", [{}, {"place": "620104"}, {"place": "zone"}, {"chain_code": "LV"}, {"place": "620300"}]
    )
    def test_every_reader_is_told_as_many_firms_as_the_lists_hold_for_him(
        self, placed: Firms, reference: Reference, gazetteer: Mapping[str, Any], reach: dict[str, str]
    ) -> None:
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        zone = next(firm.zone for firm in placed.values() if firm.zone)
        limit = dict(reach)
        if place := limit.pop("place", ""):
            limit["place_path"] = zone.path if place == "zone" else gazetteer[place].path
        reader = grant("经办", {"*": ["view"]}, **limit)
        here = {"f.place": "620100", "f.is_sample": "是"}
        firms, by_chain = firms_told(reader, run)
        assert firms == Listing(registry["enterprises"], reader, here | {"f.on_chain": "*"}).count
        for chain in run.figures:
            assert by_chain.get(chain, 0) == Listing(registry["enterprises"], reader, here | {"f.fills": chain}).count
        told = states_told(reader, run)
        assert {one.segment.chain.code for one in told} == ({"LV"} if "chain_code" in reach else {"LV", "QC"})
        for one in told:
            for number, url in zip(
                (one.firms, one.other_firms, one.unsure_firms),
                placement_lists(one.segment, run.place, run),
                strict=True,
            ):
                params = dict(parse_qsl(urlsplit(url).query))
                assert Listing(registry["placements"], reader, params).count == number, (one.segment, params)
        if place == "620300":
            assert firms == 0 == sum(one.firms for one in told)
        else:
            assert firms > 0 < sum(one.firms for one in told)

    def test_a_finding_says_that_its_firms_are_those_within_reach(
        self, placed: Firms, reference: Reference, gazetteer: Mapping[str, Any]
    ) -> None:
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        page = registry["findings"].url("detail", run.findings.all()[0].pk)
        limited = grant("xigu", {"*": ["view"]}, place_path=gazetteer["620104"].path)
        assert "只计您范围内" in signed_in(limited).get(page).content.decode()
        assert "只计您范围内" not in signed_in(grant("city", {"*": ["view"]})).get(page).content.decode()

    def test_one_real_firm_does_not_turn_the_sample_city_into_a_city_of_one(
        self, placed: Firms, reference: Reference, gazetteer: Mapping[str, Any]
    ) -> None:
        Enterprise.objects.update(is_sample=True)
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        Enterprise.objects.filter(pk=placed["丙"].pk).update(is_sample=False)
        decide(user=SYSTEM, placement=Placement.objects.filter(enterprise=placed["乙"])[0], state="confirmed")
        renewed = DiagnosisRun.objects.get(place=run.place, is_latest=True)
        assert renewed.is_renewal
        assert run.firms - renewed.firms <= 1
        assert diagnose_place(user=SYSTEM, place=run.place).firms == 1
