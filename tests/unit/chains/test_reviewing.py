"""People review where firms stand: what is asked first, what a decision does, that it stays, and that it can be taken back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from lianpu.chains import review_queue
from lianpu.chains.models import DiagnosisRun, OutsideFirm, Placement, Segment, SegmentState
from lianpu.chains.review_queue import Asked, Queue
from lianpu.chains.services import choose, decide, diagnose_place, place_enterprises, put_outside, take_back
from lianpu.enterprises.models import Enterprise
from lianpu.register.declare import registry
from lianpu.register.models import Change, Job
from lianpu.register.rights import SYSTEM
from lianpu.register.services import ConflictError, version_of
from lianpu.register.testing import grant, signed_in

Firms = Mapping[str, Enterprise]
REVIEWING = {"*": ["view"], "placements": ["change"], "outside-firms": ["change"]}


@pytest.fixture
def placed(firms: Firms, two_chains: Mapping[str, Segment], home: Path) -> Firms:
    place_enterprises(user=SYSTEM)
    return firms


@pytest.fixture
def reviewer(db: None) -> Any:
    return grant("核定员", REVIEWING)


def at(firm: Enterprise, code: str) -> Placement:
    return Placement.objects.get(enterprise=firm, segment__code=code)


def sure(firm: Enterprise, confidence: float) -> None:
    Placement.objects.filter(enterprise=firm).update(confidence=confidence)


def asked_of(user: Any, **asked: str) -> list[str]:
    """Letters of the firms in the order in which they are asked of."""
    queue = Queue(user, Asked(**asked))
    names = dict(Enterprise.objects.values_list("pk", "name"))
    return [names[pk][2] for pk in queue.next(count=20)]


class TestTheOrder:
    def test_the_more_doubtful_goes_first(self, placed: Firms, reviewer: Any) -> None:
        for letter, confidence in {"甲": 0.97, "乙": 0.5, "丙": 0.7, "丁": 0.9, "戊": 0.28, "庚": 0.95}.items():
            sure(placed[letter], confidence)
        order = asked_of(reviewer)
        assert order.index("乙") < order.index("丙") < order.index("戊")
        assert not set(order) & set("甲丁庚"), "what is as good as sure is not asked of"

    def test_equally_doubtful_ones_go_by_what_hangs_on_them(
        self, placed: Firms, reviewer: Any, gazetteer: Mapping[str, Any]
    ) -> None:
        diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        Placement.objects.update(confidence=0.6)
        # 电解铝 (key) decides alone, of 铝用炭素 there are ninety others
        SegmentState.objects.filter(segment__code="LV-2102").update(firms=91)
        order = asked_of(reviewer)
        assert order.index("甲") < order.index("乙")
        assert order.index("戊") < order.index("丁"), "whose role does not fill the segment changes nothing"

    def test_the_formula_is_that_of_its_page(self, placed: Firms, reviewer: Any, gazetteer: Mapping[str, Any]) -> None:
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        for row in review_queue.weighed(Placement.objects.filter(enterprise__is_sample=True), run):
            state = SegmentState.objects.get(run=run, segment=row.segment)
            fills = row.role == row.segment.filled_by
            others = max(state.firms - (fills and row.confidence >= 0.5), 0)
            doubt = 1 - abs(2 * row.confidence - 1)
            expected = doubt * (1 if fills else 0.2) * state.review_weight / (1 + others)
            assert row.priority == pytest.approx(expected)
        for state in SegmentState.objects.filter(run=run):
            best = max(run.findings.filter(segment=state.segment).values_list("score", flat=True), default=0)
            assert state.review_weight == pytest.approx((2 if state.segment.is_key else 1) * (1 + best), abs=1e-3)

    def test_filters_and_reach_narrow_it(self, placed: Firms, gazetteer: Mapping[str, Any]) -> None:
        Placement.objects.update(confidence=0.6)
        office = grant("红古", REVIEWING, place_path=gazetteer["620111"].path)
        assert set(asked_of(office)) == {"甲", "乙"}
        chain = grant("汽车链长办", REVIEWING, chain_code="QC")
        assert set(asked_of(chain)) == {"丁", "庚"}
        boss = grant("局", REVIEWING)
        assert set(asked_of(boss, chain="QC")) == {"丁", "庚"}
        assert set(asked_of(boss, segment="LV-21", place="620111")) == {"甲", "乙"}
        assert asked_of(boss, band="8") == []
        assert Queue(office, Asked()).left == Placement.objects.filter(enterprise__place__code="620111").count()

    def test_what_was_passed_is_not_asked_again_now(self, placed: Firms, reviewer: Any) -> None:
        queue = Queue(reviewer, Asked())
        first = queue.next()
        assert queue.next(first) != first


class TestDecisions:
    def test_they_are_for_good(self, placed: Firms, reviewer: Any) -> None:
        decide(user=reviewer, placement=at(placed["乙"], "LV-2102"), state="rejected")
        choose(user=reviewer, enterprise=placed["乙"], segment=Segment.objects.get(code="QC-3101"))
        put_outside(user=reviewer, enterprise=placed["庚"])
        left = set(asked_of(reviewer))
        assert not left & {"乙", "庚"}
        Enterprise.objects.filter(pk=placed["庚"].pk).update(scope="铝型材、铝锭、铝合金轮毂的生产")
        place_enterprises(user=SYSTEM)
        assert set(asked_of(reviewer)) == left
        chosen = at(placed["乙"], "QC-3101")
        assert (chosen.state, chosen.confidence, chosen.model_confidence) == ("confirmed", 1.0, None)

    def test_what_the_model_said_is_kept_beside_them(self, placed: Firms, reviewer: Any) -> None:
        said = at(placed["甲"], "LV-2101").confidence
        decide(user=reviewer, placement=at(placed["甲"], "LV-2101"), state="confirmed", role="trades")
        row = at(placed["甲"], "LV-2101")
        assert (row.model_confidence, row.confidence, row.role) == (said, 1.0, "trades")
        decide(user=reviewer, placement=row, state="rejected")
        row = at(placed["甲"], "LV-2101")
        assert (row.model_confidence, row.confidence) == (said, said)
        decide(user=reviewer, placement=row, state="suggested")
        row = at(placed["甲"], "LV-2101")
        assert (row.model_confidence, row.confidence, row.role) == (None, said, "makes")

    def test_of_two_people_the_second_is_told(self, placed: Firms, reviewer: Any) -> None:
        row = at(placed["甲"], "LV-2101")
        seen = version_of(registry["placements"], row.pk)
        decide(user=reviewer, placement=row, state="confirmed", expected_version=seen)
        other = grant("另一人", REVIEWING)
        for verb in (
            lambda: decide(user=other, placement=row, state="rejected", expected_version=seen),
            lambda: choose(
                user=other,
                enterprise=row.enterprise,
                segment=Segment.objects.get(code="LV-3101"),
                instead_of=row,
                expected_version=seen,
            ),
            lambda: put_outside(user=other, enterprise=row.enterprise, seen={row.pk: seen}),
        ):
            with pytest.raises(ConflictError):
                verb()
        assert at(placed["甲"], "LV-2101").decided_by == "核定员"
        assert not Placement.objects.filter(segment__code="LV-3101", enterprise=placed["甲"]).exists()

    def test_none_of_ours_rejects_what_was_proposed_and_a_later_word_overrules_it(
        self, placed: Firms, reviewer: Any
    ) -> None:
        put_outside(user=reviewer, enterprise=placed["丁"], reason="贸易公司")
        assert set(Placement.objects.filter(enterprise=placed["丁"]).values_list("state", flat=True)) == {"rejected"}
        assert OutsideFirm.objects.get().why == "贸易公司"
        choose(user=reviewer, enterprise=placed["丁"], segment=Segment.objects.get(code="LV-3101"), role="trades")
        assert not OutsideFirm.objects.exists()
        with pytest.raises(ValidationError, match="已确认"):
            put_outside(user=reviewer, enterprise=placed["丁"])

    def test_a_group_is_no_place_for_a_firm(self, placed: Firms, reviewer: Any) -> None:
        with pytest.raises(ValidationError, match="分组"):
            choose(user=reviewer, enterprise=placed["乙"], segment=Segment.objects.get(code="LV-21"))

    def test_they_stay_within_the_persons_reach(self, placed: Firms, gazetteer: Mapping[str, Any]) -> None:
        office = grant("红古", REVIEWING, place_path=gazetteer["620111"].path)
        chain = grant("汽车链长办", REVIEWING, chain_code="QC")
        reader = grant("读者", {"*": ["view"]})
        aluminium = Segment.objects.get(code="LV-3101")
        before = Change.objects.count()
        for user, firm in ((office, "庚"), (chain, "甲"), (reader, "甲")):
            with pytest.raises(PermissionDenied):
                choose(user=user, enterprise=placed[firm], segment=aluminium)
            with pytest.raises(PermissionDenied):
                put_outside(user=user, enterprise=placed[firm])
        assert Change.objects.count() == before

    def test_each_can_be_taken_back_by_whoever_made_it(self, placed: Firms, reviewer: Any) -> None:
        firm = placed["丁"]
        before = list(Placement.objects.order_by("pk").values())
        row = Placement.objects.filter(enterprise=firm)[0]
        acts = [
            decide(user=reviewer, placement=row, state="rejected", source="review"),
            choose(user=reviewer, enterprise=firm, segment=Segment.objects.get(code="LV-1101")),
        ]
        with pytest.raises(PermissionDenied):
            take_back(user=grant("另一人", REVIEWING), act=acts[-1])
        for act in reversed(acts):
            assert take_back(user=reviewer, act=act) == [firm]
        act = put_outside(user=reviewer, enterprise=firm)
        take_back(user=reviewer, act=act)
        assert list(Placement.objects.order_by("pk").values()) == before
        assert not OutsideFirm.objects.exists()

    def test_what_was_changed_since_is_not_taken_back(self, placed: Firms, reviewer: Any) -> None:
        row = at(placed["甲"], "LV-2101")
        act = decide(user=reviewer, placement=row, state="rejected", source="review")
        decide(user=SYSTEM, placement=row, state="confirmed")
        with pytest.raises(ValidationError, match="没有撤回"):
            take_back(user=reviewer, act=act)
        assert at(placed["甲"], "LV-2101").state == "confirmed"


class TestTheDiagnosis:
    def test_one_renewal_waits_however_many_decisions_there_are(
        self, placed: Firms, reviewer: Any, gazetteer: Mapping[str, Any], settings: Any
    ) -> None:
        diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        settings.LIANPU_JOBS = "worker"
        for letter in "甲乙丙":
            row = Placement.objects.filter(enterprise=placed[letter])[0]
            decide(user=reviewer, placement=row, state="rejected", source="review")
        assert Job.objects.filter(name="renew", state="waiting").count() == 1
        Job.objects.update(state="running")
        decide(user=reviewer, placement=row, state="confirmed", source="review")
        assert Job.objects.filter(name="renew", state="waiting").count() == 1, (
            "the one that runs may have read too early"
        )

    def test_it_follows(self, placed: Firms, reviewer: Any, gazetteer: Mapping[str, Any]) -> None:
        diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        put_outside(user=reviewer, enterprise=placed["甲"])
        run = DiagnosisRun.objects.get(is_latest=True)
        assert run.is_renewal
        assert SegmentState.objects.get(run=run, segment__code="LV-2101").firms == 0


class TestFindingASegment:
    @pytest.mark.parametrize(
        ("typed", "code"),
        [
            ("铝用炭素", "LV-2102"),
            ("LV-3101", "LV-3101"),
            ("原铝", "LV-2101"),
            ("轮毂", "QC-1101"),
            ("xnyqc", "QC-3101"),
            ("zhengche", "QC-3101"),
            ("预焙", "LV-2102"),
        ],
    )
    def test_by_code_name_product_other_word_and_pinyin(
        self, two_chains: Mapping[str, Segment], reviewer: Any, typed: str, code: str
    ) -> None:
        assert review_queue.offers(reviewer, typed)[0].segment.code == code

    def test_only_leaves_within_reach(self, two_chains: Mapping[str, Segment]) -> None:
        chain = grant("汽车链长办", REVIEWING, chain_code="QC")
        assert {one.segment.chain.code for one in review_queue.offers(chain, "铝")} == {"QC"}
        assert review_queue.offers(chain, "没有这样的东西") == []


class TestProgress:
    def test_agreement_by_band_opens_to_its_rows(self, placed: Firms, reviewer: Any) -> None:
        from urllib.parse import parse_qsl, urlsplit

        from lianpu.register.listing import Listing

        for letter, confidence, state in [("甲", 0.95, "confirmed"), ("乙", 0.93, "rejected"), ("丙", 0.3, "rejected")]:
            sure(placed[letter], confidence)
            for row in Placement.objects.filter(enterprise=placed[letter]):
                decide(user=reviewer, placement=row, state=state)
        bands = {band.number: band for band in review_queue.agreement(reviewer)}
        assert set(bands) == {3, 9}
        assert bands[9].said == pytest.approx(0.94, abs=0.011)
        for band in bands.values():
            listing = Listing(registry["placements"], reviewer, dict(parse_qsl(urlsplit(band.url).query)))
            assert (listing.count, listing.errors) == (band.decided, [])
        done = review_queue.today(reviewer)
        listing = Listing(registry["placements"], reviewer, dict(parse_qsl(urlsplit(done.url).query)))
        assert done.own == done.everybody == listing.count


class TestThePage:
    def test_without_scripts_the_forms_do_the_same(self, placed: Firms, reviewer: Any) -> None:
        browser = signed_in(reviewer)
        page = browser.get("/review/?chain=LV")
        card = page.context["card"]
        one = next(one for one in card.candidates if one.is_open)
        sent = {"version": one.version, "state": "confirmed", "role": "makes", "chain": "LV"}
        answer = browser.post(f"/review/decide/{one.placement.pk}/", sent)
        assert answer["Location"].startswith("/review/?last=")
        assert answer["Location"].endswith("&chain=LV")
        assert Placement.objects.get(pk=one.placement.pk).state == "confirmed"
        again = browser.post(f"/review/decide/{one.placement.pk}/", sent | {"state": "rejected"}, follow=True)
        assert "您的选择没有写入" in again.content.decode()
        back = browser.post(
            "/review/undo/", {"act": page.context["act"] or answer["Location"].split("=")[1].split("&")[0]}
        )
        assert back["Location"].startswith(f"/review/?firm={card.firm.pk}")
        assert Placement.objects.get(pk=one.placement.pk).state == "suggested"

    def test_who_may_not_review_is_shown_the_door(self, placed: Firms) -> None:
        reader = signed_in(grant("读者", {"*": ["view"]}))
        for path in ("/review/", "/review/next/", "/review/segments/?q=铝"):
            assert reader.get(path).status_code == 403
        assert "核定台" not in reader.get("/placements/").content.decode()
        row = Placement.objects.all()[0]
        answer = reader.post(f"/review/decide/{row.pk}/", {"state": "confirmed", "version": 1}, follow=True)
        assert answer.status_code == 403
        assert Placement.objects.get(pk=row.pk).state == "suggested"

    def test_statements_do_not_grow_with_the_queue(
        self, placed: Firms, reviewer: Any, django_assert_max_num_queries: Any
    ) -> None:
        browser = signed_in(reviewer)
        browser.get("/review/")
        with django_assert_max_num_queries(30):
            browser.get("/review/next/")
