"""Gaps whose probability of entry is known: scored by it, said in words, ranked by it."""

import polars as pl
import pytest

from lianpu.analysis.diagnosis import Likelihood, Rules, explain, sensitivity
from unit.analysis.test_diagnosis import NAMES, STEPS, chain, finding, firms, parts, run


def likely(usual: float = 0.1, place: str = "兰州", **probabilities: float) -> Likelihood:
    rows = [(place, segment, value) for segment, value in probabilities.items()]
    return Likelihood(
        pl.DataFrame(rows, schema={"place": pl.String, "segment": pl.String, "probability": pl.Float64}, orient="row"),
        usual,
    )


def test_a_gap_whose_entry_is_known_is_scored_by_it_where_kin_guesses_else() -> None:
    maps, rows = chain(*STEPS), firms(ethylene=10, abs=12, plastic=8)
    guessed, told = run(maps, rows), run(maps, rows, likelihood=likely(styrene=0.3))
    assert "kin" in parts(guessed, "styrene")
    assert "likely" not in parts(guessed, "styrene")
    assert "kin" not in parts(told, "styrene")
    assert parts(told, "styrene")["likely"] == pytest.approx(0.3 / (0.3 + 0.1))  # 1/2 for the average gap
    weights = {part["name"]: part["weight"] for part in finding(told, "styrene")["parts"]}
    assert weights == Rules().informed["fill"]
    assert finding(told, "styrene")["score"] == pytest.approx(
        sum(weights[name] * value for name, value in parts(told, "styrene").items())
    )
    assert "五年内进入的可能约30%（缺失环节平均10%）" in explain(finding(told, "styrene"), NAMES)
    assert "进入" not in explain(finding(guessed, "styrene"), NAMES)


def test_the_likelier_of_two_like_gaps_comes_first() -> None:
    maps = chain(("x", "p", 3), ("x", "q", 3), ("p", "y", 3), ("q", "y", 3))
    first = {
        segment: finding(run(maps, firms(x=50, y=50), likelihood=likely(p=p, q=q)), segment)["rank"]
        for segment, p, q in (("p", 0.4, 0.1), ("q", 0.1, 0.4))
    }
    assert first == {"p": 1, "q": 1}


def test_places_and_pairs_without_a_probability_are_scored_as_without_a_model() -> None:
    maps, rows = chain(*STEPS), firms(ethylene=10, abs=12)
    plain = run(maps, rows)
    assert (
        run(maps, rows, likelihood=likely(plastic=0.2))
        .findings.filter(segment="styrene")
        .equals(plain.findings.filter(segment="styrene"))
    )
    assert run(maps, rows, likelihood=likely(place="天水", styrene=0.2)).findings.equals(plain.findings)


def test_sensitivity_knows_the_weights_of_informed_gaps() -> None:
    maps = chain(("x", "p", 3), ("x", "q", 3), ("p", "y", 3), ("q", "y", 3), p={"key": True})
    told = run(maps, firms(x=50, y=50), likelihood=likely(usual=0.1, p=0.05, q=0.9))
    assert told.findings["kind"].to_list() == ["fill", "fill"]
    rows = sensitivity(told.findings, top=1, change=0.9)
    assert "likely" in {turn["part"] for turns in rows["turns"] for turn in turns}
