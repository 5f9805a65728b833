"""States and findings on tiny hand-made chains, rule by rule; then properties over random ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianpu.analysis.coverage import Reference
from lianpu.analysis.diagnosis import (
    KINDS,
    PARTS,
    Diagnosis,
    Likelihood,
    Rules,
    diagnose,
    diagnose_many,
    explain,
    sensitivity,
)

NAMES = {
    "ethylene": "乙烯",
    "styrene": "苯乙烯",
    "abs": "ABS树脂",
    "plastic": "塑料制品",
    "testing": "检测服务",
    "dealers": "塑料贸易",
    "house": "家电",
}
FIRM_SCHEMA = {
    "firm": pl.String,
    "place": pl.String,
    "segment": pl.String,
    "role": pl.String,
    "confidence": pl.Float64,
    "scale": pl.Float64,
    "above_scale": pl.Boolean,
}
STEPS = [("ethylene", "styrene", 3), ("styrene", "abs", 3), ("abs", "plastic", 3)]


def chain(*flows: tuple[str, str, float], **about: Mapping[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Segments in order of their first mention in the flows; ``about`` changes what is usual for a segment."""
    codes = list(dict.fromkeys([*(code for a, b, _ in flows for code in (a, b)), *about]))
    usual = {
        "chain": "SH",
        "parent": "SH-1",
        "stage": "midstream",
        "key": False,
        "filled_by": "makes",
        "importance": 1.0,
        "fed_from": None,
    }
    rows = [{"code": code, "name": NAMES.get(code, code)} | usual | dict(about.get(code, {})) for code in codes]
    segments = pl.DataFrame(rows, schema_overrides={"fed_from": pl.String})
    return segments, pl.DataFrame(
        [(a, b, NAMES.get(a, a), float(w)) for a, b, w in flows],
        schema={"source": pl.String, "target": pl.String, "via": pl.String, "weight": pl.Float64},
        orient="row",
    )


def firms(*, place: str = "兰州", **counts: int) -> list[dict[str, Any]]:
    return makers(counts, place)


def makers(counts: Mapping[str, int], place: str = "兰州") -> list[dict[str, Any]]:
    """So many makers in each segment, each firm in one only."""
    return [
        {
            "firm": f"{segment}{i}",
            "place": place,
            "segment": segment,
            "role": "makes",
            "confidence": 0.9,
            "scale": None,
            "above_scale": None,
        }
        for segment, n in counts.items()
        for i in range(n)
    ]


def run(
    maps: tuple[pl.DataFrame, pl.DataFrame],
    rows: list[dict[str, Any]],
    *,
    share: float | Mapping[str, float] = 0.2,
    rules: Rules | None = None,
    likelihood: Likelihood | None = None,
) -> Diagnosis:
    """Diagnosis of 兰州 against a nation of a million placed firms, of which ``share`` are in each segment."""
    segments, flows = maps
    shares = [share if isinstance(share, float) else share.get(code, 0.2) for code in segments["code"]]
    counts = pl.DataFrame({"segment": segments["code"], "count": [round(1_000_000 * s) for s in shares]})
    reference = Reference(counts, 1_000_000)
    held = pl.DataFrame(rows, schema=FIRM_SCHEMA)
    return diagnose(segments, flows, held, reference, "兰州", rules=rules, likelihood=likelihood)


def state(result: Diagnosis, segment: str) -> dict[str, Any]:
    return result.states.row(by_predicate=pl.col("segment") == segment, named=True)


def kinds(result: Diagnosis) -> dict[str, str]:
    return dict(result.findings.select("segment", "kind").iter_rows())


def finding(result: Diagnosis, segment: str) -> dict[str, Any]:
    return result.findings.row(by_predicate=pl.col("segment") == segment, named=True)


def reasons(result: Diagnosis, segment: str) -> dict[str, dict[str, Any]]:
    return {reason["code"]: reason for reason in finding(result, segment)["reasons"]}


def parts(result: Diagnosis, segment: str) -> dict[str, float]:
    return {part["name"]: part["value"] for part in finding(result, segment)["parts"]}


# --- states -----------------------------------------------------------------------------------------------------


def test_states_follow_the_cuts_of_the_location_quotient() -> None:
    maps = chain(("a", "b", 1), ("b", "c", 1), ("c", "d", 1))
    # 100 firms in all; the reference gives each segment a fifth: LQ = firms / 20
    result = run(maps, firms(a=15, b=16, c=24, d=45))
    assert [state(result, s)["state"] for s in "abcd"] == ["weak", "balanced", "balanced", "strong"]
    assert state(result, "a")["lq"] == pytest.approx(0.75)
    assert {state(result, s)["basis"] for s in "abcd"} == {"lq"}


def test_a_cut_is_weak_under_it_and_strong_from_it() -> None:
    maps = chain(("a", "b", 1), ("b", "c", 1))
    result = run(maps, firms(a=16, b=25, c=59))
    assert state(result, "a")["state"] == "balanced"  # LQ 0.8
    assert state(result, "b")["state"] == "strong"  # LQ 1.25
    tighter = run(maps, firms(a=16, b=25, c=59), rules=Rules(weak_below=0.9, strong_from=1.5))
    assert [state(tighter, s)["state"] for s in "ab"] == ["weak", "balanced"]


def test_without_an_above_scale_firm_a_segment_is_weak_however_high_its_quotient() -> None:
    rows = [row | {"above_scale": False} for row in firms(a=60)] + [row | {"above_scale": True} for row in firms(b=40)]
    result = run(chain(("a", "b", 1)), rows)
    assert (state(result, "a")["state"], state(result, "a")["basis"], state(result, "a")["sure"]) == (
        "weak",
        "lq+scale",
        True,
    )
    assert state(result, "b")["state"] == "strong"


def test_where_nobody_knows_the_scale_the_condition_is_left_out_and_the_row_says_so() -> None:
    result = run(chain(("a", "b", 1)), firms(a=60, b=40))
    assert (state(result, "a")["state"], state(result, "a")["basis"]) == ("strong", "lq")
    assert state(result, "a")["n_above_scale"] is None


def test_a_segment_the_reference_does_not_know_is_present_but_never_sure() -> None:
    result = run(chain(("a", "b", 1)), firms(a=60, b=40), share={"a": 0.0})
    got = state(result, "a")
    assert (got["state"], got["basis"], got["sure"], got["lq"]) == ("balanced", "presence", False, None)


def test_absence_is_sure_where_several_firms_were_to_be_expected_and_unsure_where_hardly_one() -> None:
    result = run(chain(("a", "b", 1), ("b", "c", 1)), firms(c=100), share={"a": 0.1, "b": 0.005})
    assert (state(result, "a")["expected"], state(result, "a")["sure"]) == (10, True)
    assert (state(result, "b")["expected"], state(result, "b")["sure"]) == (0.5, False)


def test_strength_of_two_firms_may_be_chance_that_of_many_is_not() -> None:
    result = run(chain(("a", "b", 1), ("b", "c", 1)), firms(a=2, b=40, c=58), share={"a": 0.01, "b": 0.2})
    assert [(state(result, s)["state"], state(result, s)["sure"]) for s in "ab"] == [
        ("strong", False),
        ("strong", True),
    ]


def test_balanced_is_sure_only_where_the_whole_interval_is() -> None:
    few = run(chain(("a", "b", 1)), firms(a=20, b=80), share={"a": 0.2, "b": 0.8})
    many = run(chain(("a", "b", 1)), firms(a=400, b=1600), share={"a": 0.2, "b": 0.8})
    assert [state(result, "a")["state"] for result in (few, many)] == ["balanced", "balanced"]
    assert [state(result, "a")["sure"] for result in (few, many)] == [False, True]


# --- fill -------------------------------------------------------------------------------------------------------


def test_a_missing_segment_between_two_present_ones_is_to_be_filled() -> None:
    result = run(chain(*STEPS), firms(ethylene=10, abs=10, plastic=10))
    assert kinds(result) == {"styrene": "fill"}
    why = reasons(result, "styrene")
    assert (why["fed_by_present"]["segments"], why["fed_by_present"]["firms"]) == (["ethylene"], 10)
    assert (why["feeds_present"]["segments"], why["feeds_present"]["firms"]) == (["abs"], 10)
    evidence = finding(result, "styrene")["evidence"]
    assert [(flow["source"], flow["target"], flow["via"]) for flow in evidence["flows"]] == [
        ("ethylene", "styrene", "乙烯"),
        ("styrene", "abs", "苯乙烯"),
    ]
    assert set(evidence["firms"]) == {f"{s}{i}" for s in ("ethylene", "abs") for i in range(5)}


def test_sellers_do_not_fill_a_making_segment_but_the_finding_tells_of_them() -> None:
    sellers = [row | {"role": "trades"} for row in firms(styrene=7)]
    result = run(chain(*STEPS), firms(ethylene=10, abs=10, plastic=10) + sellers)
    assert kinds(result) == {"styrene": "fill"}
    assert reasons(result, "styrene")["others_only"]["firms"] == 7


def test_a_doubtful_placement_does_not_close_a_gap_but_asks_for_review() -> None:
    doubtful = [row | {"confidence": 0.3} for row in firms(styrene=2)]
    result = run(chain(*STEPS), firms(ethylene=10, abs=10, plastic=10) + doubtful)
    assert kinds(result) == {"styrene": "fill"}
    assert reasons(result, "styrene")["to_review"]["firms"] == 2


def test_a_firm_in_two_neighbouring_segments_is_one_firm_in_the_reasons() -> None:
    maps = chain(("ethylene", "styrene", 3), ("styrene", "abs", 3), ("styrene", "plastic", 2))
    both = [{**row, "segment": "plastic"} for row in firms(abs=4)]
    why = reasons(run(maps, firms(ethylene=10, abs=4) + both), "styrene")
    assert (why["feeds_present"]["segments"], why["feeds_present"]["firms"]) == (["abs", "plastic"], 4)


def test_a_neighbour_in_another_chain_counts_like_one_in_the_same() -> None:
    maps = chain(*STEPS[:2], abs={"chain": "ZB"})
    assert kinds(run(maps, firms(ethylene=10, abs=10))) == {"styrene": "fill"}
    assert run(maps, firms(ethylene=10, abs=10)).findings["chain"].to_list() == ["SH"]


@pytest.mark.parametrize(("feed", "use", "gaps"), [(1, 3, {}), (3, 1, {}), (2, 2, {"b": "fill"})])
def test_a_merely_helpful_flow_makes_no_gap_an_important_one_does(feed: int, use: int, gaps: dict[str, str]) -> None:
    maps = chain(("a", "b", feed), ("b", "c", use))
    assert kinds(run(maps, firms(a=9, c=9), share={"a": 0.5, "c": 0.5})) == gaps


def test_dealers_need_no_local_maker() -> None:
    maps = chain(("ethylene", "plastic", 3), ("plastic", "dealers", 3), dealers={"filled_by": "trades"})
    dealers = [row | {"role": "trades"} for row in firms(dealers=50)]
    assert kinds(run(maps, firms(ethylene=10) + dealers, share={"ethylene": 0.2, "dealers": 0.8})) == {}


def test_a_missing_service_needs_only_its_users() -> None:
    maps = chain(*STEPS, ("testing", "abs", 2), testing={"stage": "support", "filled_by": "serves"})
    result = run(maps, firms(ethylene=10, styrene=10, abs=10, plastic=10))
    assert kinds(result) == {"testing": "fill"}


def test_ore_that_is_not_here_cannot_be_filled_in_while_an_input_bought_from_outside_holds_nothing_up() -> None:
    maps = chain(
        ("reagent", "ore", 3),
        ("ore", "metal", 3),
        ("resin", "metal", 2),
        ore={"stage": "upstream", "fed_from": "矿藏"},
        resin={"fed_from": "外购"},
        reagent={"stage": "upstream"},
    )
    result = run(maps, firms(reagent=50, metal=50), share={"reagent": 0.2, "metal": 0.5})
    assert kinds(result) == {"resin": "fill"}  # nor does a strong maker of reagents open a mine


# --- extend -----------------------------------------------------------------------------------------------------


def test_a_missing_end_of_the_chain_next_to_a_strong_segment_is_to_be_extended_to() -> None:
    result = run(chain(*STEPS), firms(ethylene=50, styrene=25, abs=25))
    assert kinds(result) == {"plastic": "extend"}
    why = reasons(result, "plastic")["after_strong"]
    assert why["segments"] == ["abs"]
    assert why["value"] == pytest.approx(1.25)


def test_next_to_a_segment_that_is_not_strong_there_is_nothing_to_extend_from() -> None:
    result = run(chain(*STEPS), firms(ethylene=56, styrene=24, abs=20))
    assert state(result, "abs")["state"] == "balanced"
    assert kinds(result) == {}


def test_extension_also_goes_upstream() -> None:
    result = run(chain(*STEPS), firms(abs=40, plastic=60))
    assert kinds(result) == {"styrene": "extend"}
    assert reasons(result, "styrene")["before_strong"]["segments"] == ["abs"]


def test_a_strong_service_does_not_extend_into_the_trade_of_those_it_serves() -> None:
    maps = chain(("testing", "abs", 3), testing={"stage": "support"})
    assert kinds(run(maps, firms(testing=50))) == {}


# --- strengthen -------------------------------------------------------------------------------------------------


def test_a_weak_key_segment_is_to_be_strengthened_a_weak_side_segment_not() -> None:
    weak = firms(ethylene=90, abs=10)
    assert kinds(run(chain(("ethylene", "abs", 1), abs={"key": True}), weak)) == {"abs": "strengthen"}
    assert kinds(run(chain(("ethylene", "abs", 1)), weak)) == {}


def test_a_weak_segment_on_which_much_depends_is_critical_without_being_key() -> None:
    maps = chain(("abs", "plastic", 3), ("abs", "house", 1))
    assert kinds(run(maps, firms(abs=10, plastic=60, house=30))) == {"abs": "strengthen"}
    assert kinds(run(maps, firms(abs=10, plastic=90))) == {}


def test_a_single_supplier_is_thin_even_where_its_quotient_is_balanced() -> None:
    maps = chain(("abs", "plastic", 3), abs={"key": True})
    result = run(maps, firms(abs=1, plastic=99), share={"abs": 0.01, "plastic": 0.9})
    assert state(result, "abs")["state"] == "balanced"
    assert kinds(result) == {"abs": "strengthen"}
    assert "single_supplier" in reasons(result, "abs")
    assert parts(result, "abs")["thin"] == 1


def test_one_dominant_firm_makes_a_segment_thin_equal_ones_do_not() -> None:
    maps = chain(("abs", "plastic", 3), abs={"key": True})
    share = {"abs": 0.05, "plastic": 0.9}

    def sized(*scales: float) -> list[dict[str, Any]]:
        return [row | {"scale": s} for row, s in zip(firms(abs=5), scales, strict=True)] + firms(plastic=95)

    result = run(maps, sized(90, 1, 1, 1, 1), share=share)
    assert kinds(result) == {"abs": "strengthen"}
    assert reasons(result, "abs")["concentrated"]["value"] == pytest.approx(90 / 94)
    assert kinds(run(maps, sized(1, 1, 1, 1, 1), share=share)) == {}
    # a leader among others in a strong segment is no weakness
    strong = run(maps, sized(90, 1, 1, 1, 1), share={"abs": 0.03, "plastic": 0.9})
    assert (state(strong, "abs")["state"], kinds(strong)) == ("strong", {})


# --- score and rank ---------------------------------------------------------------------------------------------


def test_a_key_segment_between_strong_ones_outranks_a_missing_service() -> None:
    maps = chain(*STEPS, ("testing", "abs", 2), styrene={"key": True}, testing={"stage": "support"})
    result = run(maps, firms(ethylene=40, abs=30, plastic=30))
    assert result.findings["segment"].to_list() == ["styrene", "testing"]
    assert result.findings["rank"].to_list() == [1, 2]


def test_a_score_is_the_weighted_sum_of_its_named_parts() -> None:
    result = run(chain(*STEPS, styrene={"key": True}), firms(ethylene=10, abs=10, plastic=80))
    for row in result.findings.iter_rows(named=True):
        assert tuple(part["name"] for part in row["parts"]) == PARTS[row["kind"]]
        assert row["score"] == pytest.approx(sum(part["value"] * part["weight"] for part in row["parts"]))


def test_the_parts_of_a_gap_by_hand() -> None:
    maps = chain(
        ("ethylene", "styrene", 3), ("air", "styrene", 1), ("styrene", "abs", 3), ("styrene", "house", 2), other={}
    )
    # 100 firms; LQ: ethylene 2.5 strong, abs 1.0 balanced, house 0.5 weak, other 1.0; air and styrene missing
    result = run(maps, firms(ethylene=50, abs=20, house=10, other=20))
    got = parts(result, "styrene")
    assert got["need"] == pytest.approx((3 * 0.8 + 2 * 0.5) / (3 * 0.8 + 2 * 0.5 + 3))
    assert got["supply"] == pytest.approx(3 / 4)
    assert got["anchor"] == pytest.approx(3 / (3 + 3))
    assert got["kin"] == pytest.approx(4 / 5)
    assert got["position"] == 0.5
    assert got["shortfall"] == pytest.approx(1, abs=1e-6)  # 20 were to be expected


def test_an_anchor_that_may_be_strong_by_chance_counts_half() -> None:
    share = {"abs": 0.01, "house": 0.99}
    result = run(chain(("abs", "plastic", 3), house={}), firms(abs=2, house=98), share=share)
    assert (kinds(result), state(result, "abs")["sure"]) == ({"plastic": "extend"}, False)
    assert parts(result, "plastic")["anchor"] == pytest.approx(1.5 / (1.5 + 3))


def test_position_tells_key_from_other_and_production_from_support() -> None:
    maps = chain(
        *(flow for s in ("key", "plain", "service", "key_service") for flow in (("x", s, 3), (s, "y", 3))),
        key={"key": True},
        service={"stage": "support"},
        key_service={"stage": "support", "key": True},
    )
    result = run(maps, firms(x=50, y=50))
    positions = {segment: parts(result, segment)["position"] for segment in kinds(result)}
    assert positions == {"key": 1.0, "plain": 0.5, "service": 0.25, "key_service": 0.5}


def test_absence_as_likely_as_not_adds_nothing_to_the_score() -> None:
    result = run(chain(*STEPS), firms(ethylene=10, abs=45, plastic=45), share={"styrene": 0.003})
    assert state(result, "styrene")["expected"] == pytest.approx(0.3)
    assert parts(result, "styrene")["shortfall"] == 0


def test_equal_scores_rank_by_code() -> None:
    maps = chain(*(flow for s in "qpr" for flow in (("x", s, 3), (s, "y", 3))))
    result = run(maps, firms(x=50, y=50))
    assert result.findings["segment"].to_list() == ["p", "q", "r"]


# --- chains -----------------------------------------------------------------------------------------------------


def test_a_chain_is_summed_up_with_its_denominators() -> None:
    result = run(chain(*STEPS), [*firms(ethylene=60, abs=20, plastic=20), {**firms(abs=1)[0], "segment": "plastic"}])
    got = result.chains.row(0, named=True)
    assert (got["segments"], got["filled"], got["breaks"]) == (4, 3, 1)
    assert [got[s] for s in ("missing", "weak", "balanced", "strong")] == [1, 0, 2, 1]
    assert got["firms"] == 100
    assert got["strongest"] == ["ethylene"]
    assert [got[kind] for kind in KINDS] == [1, 0, 0]


def test_a_place_without_any_firm_has_every_segment_missing_and_no_finding() -> None:
    result = run(chain(*STEPS), [])
    assert set(result.states["state"]) == {"missing"}
    assert not result.states["sure"].any()
    assert result.findings.is_empty()
    assert result.chains["firms"].to_list() == [0]


def test_many_places_at_once_give_what_each_gives_alone() -> None:
    segments, flows = chain(*STEPS, ("testing", "abs", 2), styrene={"key": True}, testing={"stage": "support"})
    rng = np.random.default_rng(3)
    codes = segments["code"].to_list()
    rows = [
        row | {"firm": f"{place}{row['firm']}"}
        for place in (f"p{i:02d}" for i in range(30))
        for row in makers({code: int(rng.integers(0, 4)) for code in codes}, place)
    ]
    frame = pl.DataFrame(rows, schema=FIRM_SCHEMA)
    reference = Reference.of(frame, segments)
    batch = diagnose_many(segments, flows, frame, reference)
    places = frame["place"].unique().to_list()
    assert set(batch.states["place"]) == set(places)
    for place in places[:5]:
        alone = diagnose(segments, flows, frame, reference, place)
        for part in ("states", "findings", "chains"):
            assert getattr(alone, part).equals(getattr(batch, part).filter(place=place))


# --- sensitivity ------------------------------------------------------------------------------------------------


def ranked(*shares: dict[str, float]) -> pl.DataFrame:
    """Findings of one chain in order of score; ``shares``: kind.part → value, the other parts 0."""
    rows: list[dict[str, Any]] = []
    for i, values in enumerate(shares):
        kind = next(iter(values)).split(".")[0]
        weights = Rules().weights[kind]
        listed = [{"name": p, "value": values.get(f"{kind}.{p}", 0.0), "weight": weights[p]} for p in PARTS[kind]]
        score = sum(weights[p] * values.get(f"{kind}.{p}", 0.0) for p in PARTS[kind])
        rows.append({"place": "兰州", "chain": "SH", "segment": f"s{i}", "kind": kind, "score": score, "parts": listed})
    rows.sort(key=lambda row: -row["score"])
    return pl.DataFrame([row | {"rank": i + 1} for i, row in enumerate(rows)])


def told(turns: pl.Series) -> list[tuple[str, float, int]]:
    return [(turn["part"], turn["change"], turn["rank"]) for turn in turns.to_list()]


def test_a_finding_carried_by_one_weight_flips_and_the_weight_is_named() -> None:
    # 0.30 × 1 = 0.30 against 0.20 × 1 + 0.10 × 0.9 = 0.29
    got = sensitivity(ranked({"fill.need": 1.0}, {"fill.position": 1.0, "fill.supply": 0.9}), top=1)
    assert got["flips"].to_list() == [True, True]
    # supply up by a fifth: 0.20 + 0.12 × 0.9 = 0.308, both then over 1.02
    assert told(got["turns"][0]) == [("need", -0.2, 2), ("supply", 0.2, 2), ("position", 0.2, 2)]
    assert got.select("best", "worst").rows() == [(1, 2), (1, 2)]


def test_a_clear_lead_does_not_flip() -> None:
    got = sensitivity(ranked({"fill.need": 1.0, "fill.position": 1.0}, {"fill.need": 0.4, "fill.position": 0.4}), top=1)
    assert not got["flips"].any()
    assert got["turns"].list.len().to_list() == [0, 0]


def test_without_any_change_every_rank_stays() -> None:
    found = ranked({"fill.need": 0.5}, {"extend.anchor": 0.5}, {"strengthen.need": 0.5}, {"fill.kin": 0.5})
    got = sensitivity(found, top=2, change=0.0)
    assert got["best"].to_list() == got["worst"].to_list() == got["rank"].to_list()
    assert not got["flips"].any()


def test_sensitivity_is_what_diagnosing_anew_with_the_changed_weight_gives() -> None:
    maps = chain(
        *(flow for s in "pqrstu" for flow in (("x", s, 3), (s, "y", 2))),
        ("p", "z", 1),
        ("q", "z", 3),
        ("w", "r", 3),
        ("s", "t", 2),
        q={"stage": "downstream"},
        s={"key": True},
        u={"stage": "support"},
        y={"key": True},
    )
    rows = firms(x=50, y=3, z=17)
    base = run(maps, rows, share={"p": 0.01, "q": 0.2, "r": 0.02, "t": 0.05})
    told = sensitivity(base.findings, top=2)
    assert base.findings["kind"].n_unique() > 1
    seen: dict[str, set[int]] = {segment: set() for segment in told["segment"]}
    for kind in KINDS:
        for part in PARTS[kind]:
            for factor in (0.8, 1.2):
                weights = {k: dict(v) for k, v in Rules().weights.items()}
                weights[kind][part] *= factor
                total = sum(weights[kind].values())
                weights[kind] = {name: value / total for name, value in weights[kind].items()}
                again = run(maps, rows, share={"p": 0.01, "q": 0.2, "r": 0.02, "t": 0.05}, rules=Rules(weights=weights))
                for segment, rank in again.findings.select("segment", "rank").iter_rows():
                    seen[segment].add(rank)
    for row in told.iter_rows(named=True):
        ranks = seen[row["segment"]] | {row["rank"]}
        assert (row["best"], row["worst"]) == (min(ranks), max(ranks))
        assert row["flips"] == any((rank <= 2) != row["in_top"] for rank in ranks)
    assert told["flips"].any()


# --- words ------------------------------------------------------------------------------------------------------


def test_a_gap_is_worded_with_its_numbers() -> None:
    sellers = [row | {"role": "trades"} for row in firms(styrene=7)]
    result = run(chain(*STEPS, styrene={"key": True}), firms(ethylene=10, abs=12, plastic=8) + sellers)
    assert explain(finding(result, "styrene"), NAMES) == (
        "补链：“苯乙烯”（关键环节）本地尚无企业，按全国占比应有约6.0家，缺口明确。"
        "上游“乙烯”已有10家企业，下游“ABS树脂”有12家企业需要它。"
        "另有7家企业只做相关的其他业务（如只销售、不生产）。"
    )


def test_an_unsure_gap_is_worded_with_its_doubt() -> None:
    rows = firms(ethylene=10, abs=12, plastic=8)
    few = explain(finding(run(chain(*STEPS), rows, share={"styrene": 0.06}), "styrene"), NAMES, reference="西北")
    assert "按西北占比应有约1.8家，家数少，缺口尚待核实" in few
    hardly_one = explain(finding(run(chain(*STEPS), rows, share={"styrene": 0.01}), "styrene"), NAMES)
    assert "按全国占比也不足1家，是否短板待研判" in hardly_one


def test_an_extension_is_worded_with_its_direction() -> None:
    down = run(chain(*STEPS), firms(ethylene=50, styrene=25, abs=25))
    assert "可由本地优势环节“ABS树脂”向下游延伸" in explain(finding(down, "plastic"), NAMES)
    up = run(chain(*STEPS), firms(abs=40, plastic=60))
    assert "可由本地优势环节“ABS树脂”向上游延伸" in explain(finding(up, "styrene"), NAMES)


def test_a_thin_segment_is_worded_with_who_needs_it() -> None:
    maps = chain(("abs", "plastic", 3), abs={"key": True})
    result = run(maps, firms(abs=1, plastic=99), share={"abs": 0.1, "plastic": 0.9})
    assert explain(finding(result, "abs"), NAMES) == (
        "强链：“ABS树脂”（关键环节）本地只有1家企业，按全国占比应有约10家（区位商0.10）。"
        "下游“塑料制品”的99家企业需要它。"
    )


def test_a_weak_segment_tells_of_missing_large_firms() -> None:
    maps = chain(("abs", "plastic", 3), abs={"key": True})
    rows = [row | {"above_scale": False} for row in firms(abs=30)] + firms(plastic=70)
    assert "本地有30家企业，尚无规模以上企业" in explain(finding(run(maps, rows), "abs"), NAMES)


# --- faults -----------------------------------------------------------------------------------------------------


def test_weights_that_do_not_sum_to_one_are_refused() -> None:
    weights = {kind: dict(row) for kind, row in Rules().weights.items()}
    weights["fill"]["need"] = 0.9
    with pytest.raises(ValueError, match="weights of fill must be ≥ 0, sum to 1"):
        Rules(weights=weights)


def test_a_flow_to_an_unknown_segment_is_refused() -> None:
    segments, flows = chain(*STEPS)
    with pytest.raises(ValueError, match=r"flows \(target\) name 1 segment\(s\).*plastic"):
        run((segments.filter(pl.col("code") != "plastic"), flows), firms(abs=1))


def test_a_missing_segment_column_is_named() -> None:
    segments, flows = chain(*STEPS)
    with pytest.raises(ValueError, match=r"segments lack column\(s\) stage"):
        run((segments.drop("stage"), flows), firms(abs=1))


# --- properties -------------------------------------------------------------------------------------------------

CODES = ["a", "b", "c", "d", "e", "f"]
a_flow = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 3)).filter(lambda f: f[0] != f[1])
some_flows = st.lists(a_flow, min_size=1, max_size=12, unique_by=lambda f: f[:2])
some_counts = st.lists(st.integers(0, 8), min_size=6, max_size=6)
some_shares = st.lists(st.floats(0.001, 0.5), min_size=6, max_size=6)


def random_maps(flows: list[tuple[int, int, int]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    about = {code: {"key": i % 2 == 0, "stage": "support" if i == 5 else "midstream"} for i, code in enumerate(CODES)}
    return chain(*((CODES[s], CODES[t], float(w)) for s, t, w in flows), **about)


@settings(max_examples=40, deadline=None)
@given(some_flows, some_counts, some_shares, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(
    flows: list[tuple[int, int, int]], counts: list[int], shares: list[float], rng: Any
) -> None:
    segments, links = random_maps(flows)
    rows = makers(dict(zip(CODES, counts, strict=True)))
    share = dict(zip(CODES, shares, strict=True))
    straight = run((segments, links), rows, share=share)
    shuffled = rows[:]
    rng.shuffle(shuffled)
    turned = run((segments.reverse(), links.reverse()), shuffled, share=share)
    for part in ("states", "findings", "chains"):
        assert getattr(straight, part).equals(getattr(turned, part))


@settings(max_examples=40, deadline=None)
@given(some_flows, some_counts, some_shares, st.sampled_from(CODES))
def test_one_more_firm_never_makes_its_segment_more_missing(
    flows: list[tuple[int, int, int]], counts: list[int], shares: list[float], grown: str
) -> None:
    maps, share = random_maps(flows), dict(zip(CODES, shares, strict=True))
    before = run(maps, makers(dict(zip(CODES, counts, strict=True))), share=share)
    more = {code: n + (code == grown) for code, n in zip(CODES, counts, strict=True)}
    after = run(maps, makers(more), share=share)
    order = ["missing", "weak", "balanced", "strong"]
    then, now = (order.index(state(result, grown)["state"]) for result in (before, after))
    assert now >= then
    assert kinds(after).get(grown) not in {"fill", "extend"}


@settings(max_examples=40, deadline=None)
@given(some_flows, some_counts, some_shares)
def test_every_score_part_lies_in_0_to_1_and_the_rules_of_each_kind_hold(
    flows: list[tuple[int, int, int]], counts: list[int], shares: list[float]
) -> None:
    maps = random_maps(flows)
    result = run(maps, makers(dict(zip(CODES, counts, strict=True))), share=dict(zip(CODES, shares, strict=True)))
    filled = {code for code, n in zip(CODES, counts, strict=True) if n}
    for row in result.findings.iter_rows(named=True):
        assert all(-1e-12 <= part["value"] <= 1 + 1e-12 for part in row["parts"])
        assert (row["segment"] in filled) == (row["kind"] == "strengthen")
        assert set(row["evidence"]["segments"]) <= filled | {row["segment"]}
        assert explain(row, NAMES).endswith("。")
    ranks = result.findings.sort("rank")
    assert ranks["rank"].to_list() == list(range(1, ranks.height + 1))
    assert np.all(np.diff(ranks["score"].to_numpy()) < 1e-9)
    assert result.chains.select(pl.sum_horizontal("missing", "weak", "balanced", "strong")).item() == len(maps[0])
