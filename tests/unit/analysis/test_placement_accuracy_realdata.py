"""Placement beside firms and clauses that people marked by reading (tests/data/placement; the texts stay outside)."""

import sys
from pathlib import Path

import polars as pl
import pytest

from lianpu.analysis.placement import Placer
from support import lianpu_data

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
from placement import chain_maps
from placement_accuracy import agreement, clause_figures, marked, own_figures, pairs

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def placed() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    firms, marks = marked(lianpu_data(), "test")
    return pairs(Placer.fit(*chain_maps()), firms, marks), firms, marks


@pytest.mark.parametrize(
    ("weighted", "precision", "recall", "none", "ece"),
    [(False, 0.75, 0.60, 0.91, 0.06), (True, 0.72, 0.60, 0.80, 0.11)],
)
def test_firms_nobody_tuned_on_are_placed_as_readers_place_them(
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


def test_two_readers_agree_no_further_than_told() -> None:
    assert {key: round(value, 2) for key, value in agreement().items()} == {
        "f1_makes": 0.91,
        "f1_all": 0.90,
        "equal_sets": 0.70,
    }


def test_marked_clauses_are_parsed_as_they_were_read() -> None:
    figures = clause_figures(lianpu_data())
    assert figures["clauses"] >= 300
    assert figures["role_precision"] >= 0.82, figures
    assert figures["role_recall"] >= 0.84, figures
    assert figures["excluded_precision"] >= 0.94, figures
    assert figures["excluded_recall"] >= 0.78, figures
