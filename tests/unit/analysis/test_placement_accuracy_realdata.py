"""Placement beside firms and clauses that people marked by reading (tests/data/placement; the texts stay outside)."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lianpu.analysis.placement import Placer
from lianpu.analysis.placement.confidence import FACTS
from lianpu.analysis.placement.learned import WEIGHTS
from lianpu.analysis.placement.lexicon import ROLES
from support import lianpu_data

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
from placement import chain_maps
from placement_accuracy import agreement, clause_figures, left_out_pairs, marked, own_figures
from placement_confidence import examples, fit

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def placed() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The firms that were read in full, each by a confidence that was learned without it."""
    firms, marks = marked(lianpu_data(), "dev")
    left_out = left_out_pairs(Placer.fit(*chain_maps()), firms, marks)
    marks = marks.filter(pl.col("reading") == "all")
    who = marks.select("uscc").unique()
    return left_out.join(who, on="uscc", how="semi"), firms.join(who, on="uscc", how="semi"), marks


@pytest.mark.parametrize(
    ("weighted", "precision", "recall", "none", "ece"),
    [(False, 0.90, 0.82, 0.94, 0.05), (True, 0.90, 0.84, 0.94, 0.06)],
)
def test_firms_that_taught_nothing_are_placed_as_readers_place_them(
    placed: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
    weighted: bool,
    precision: float,
    recall: float,
    none: float,
    ece: float,
) -> None:
    figures = own_figures(*placed, weighted=weighted)
    assert figures["makes_precision"] >= precision, figures
    assert figures["makes_recall"] >= recall, figures
    assert figures["none"] >= none, figures
    assert figures["ece"] <= ece, figures


def test_what_is_shipped_was_learned_from_the_marks_that_are_kept() -> None:
    placer = Placer.fit(*chain_maps())
    known = examples(placer, *marked(lianpu_data(), "dev"))
    weights, _ = fit(known, np.ones(len(known.firm), dtype=bool), len(placer._codes) * len(ROLES))
    assert [WEIGHTS[fact] for fact in FACTS] == pytest.approx(weights, abs=0.3)


def test_two_readers_agree_no_further_than_told() -> None:
    assert {key: round(value, 2) for key, value in agreement().items()} == {
        "f1_makes": 0.91,
        "f1_all": 0.94,
        "equal_sets": 0.61,
    }


def test_marked_clauses_are_parsed_as_they_were_read() -> None:
    figures = clause_figures(lianpu_data())
    assert figures["clauses"] >= 300
    assert figures["role_precision"] >= 0.82, figures
    assert figures["role_recall"] >= 0.84, figures
    assert figures["excluded_precision"] >= 0.94, figures
    assert figures["excluded_recall"] >= 0.78, figures
