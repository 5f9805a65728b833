"""How well entry of segments is foretold: back-test on the registry in time and across provinces never seen.

    python benchmarks/entry.py DATA [--cut 1999] [--folds 5] [--counted makes]

DATA is the folder of the real data (``registry/national-sample.parquet``). Firms are placed on the shipped chain maps; a city
has a segment by year Y when a firm founded by Y stands there. For each cut the model learns from some provinces (by the cut →
the five years after) and scores the cities of the others. Peers see the same rows: popularity, relatedness density (RCA ≥ 1,
minimum conditional probability), and EASE (closed-form linear item model, ridge 500 on presence). AUC is over absent pairs:
pooled, and as the mean over the segments that at least one held-back city entered, fold by fold.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import polars as pl
from placement import chain_maps

from lianpu.analysis.entry import EntryModel
from lianpu.analysis.placement import Placer, place_many

SPAN = 5
LEAST_FIRMS = 20  # placed by the cut, or a city says nothing


def placed_firms(data: Path) -> pl.DataFrame:
    """place, province, segment, role, confidence and year of each placement in the national sample."""
    firms = pl.read_parquet(data / "registry" / "national-sample.parquet").with_row_index("row")
    placed = place_many(Placer.fit(*chain_maps(), None), firms.select("name", "scope"), processes=2)
    firms = firms.select(
        pl.col("row").cast(pl.UInt32),
        "province",
        place=pl.col("province") + pl.col("city").fill_null(""),
        year=pl.col("reg_date").dt.year(),
    )
    return placed.select("row", "role", segment="code", confidence="score").join(firms, on="row")


def counts(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("place", "segment").agg(value=pl.len().cast(pl.Float64)).sort("place", "segment")


def matrix(table: pl.DataFrame, places: list[str], segments: list[str]) -> np.ndarray:
    at, column = {p: n for n, p in enumerate(places)}, {s: n for n, s in enumerate(segments)}
    whole = np.zeros((len(places), len(segments)))
    for place, segment, value in table.select("place", "segment", table.columns[-1]).iter_rows():
        if place in at and segment in column:
            whole[at[place], column[segment]] = value
    return whole


def auc(right: np.ndarray, score: np.ndarray) -> float:
    from scipy.stats import rankdata

    hits = int(right.sum())
    if not hits or hits == len(right):
        return float("nan")
    return float((rankdata(score)[right].sum() - hits * (hits + 1) / 2) / (hits * (len(right) - hits)))


def popularity(was: np.ndarray, now: np.ndarray) -> np.ndarray:
    return np.tile((was > 0).mean(axis=0), (len(now), 1))


def density(was: np.ndarray, now: np.ndarray) -> np.ndarray:
    share = np.maximum(was.sum(axis=0) / was.sum(), 1e-9)
    held, here = (table / np.maximum(table.sum(axis=1, keepdims=True), 1) / share >= 1 for table in (was, now))
    both = held.astype(float).T @ held
    times = np.diag(both).copy()
    phi = both / np.maximum(np.maximum.outer(times, times), 1)
    np.fill_diagonal(phi, 0)
    return here @ phi / np.maximum(phi.sum(axis=0), 1e-9)


def ease(was: np.ndarray, now: np.ndarray) -> np.ndarray:
    table = (was > 0).astype(float)
    inverse = np.linalg.inv(table.T @ table + 500 * np.eye(table.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return (now > 0) @ weights


def back_test(rows: pl.DataFrame, cut: int, folds: int, data_groups: pl.DataFrame) -> None:
    before = rows.filter(pl.col("year") <= cut)
    enough = before.group_by("place").len().filter(pl.col("len") >= LEAST_FIRMS)["place"]
    before = before.filter(pl.col("place").is_in(enough.implode()))
    after = rows.filter(pl.col("year").is_between(cut + 1, cut + SPAN), pl.col("place").is_in(enough.implode()))
    home = before.select("place", parent="province").unique().sort("place")
    places, segments = home["place"].to_list(), before["segment"].unique().sort().to_list()
    was, came = matrix(counts(before), places, segments), matrix(counts(after), places, segments)
    provinces = np.random.default_rng(0).permutation(home["parent"].unique().sort().to_numpy())
    scores = {name: np.full(was.shape, np.nan) for name in ("popularity", "density", "EASE", "entry", "entry + sides")}
    fold_of = np.array([list(provinces).index(parent) % folds for parent in home["parent"]])
    took = 0.0
    for fold in range(folds):
        taught = [p for p, f in zip(places, fold_of, strict=True) if f != fold]
        part, rest = (table.filter(pl.col("place").is_in(taught)) for table in (counts(before), counts(after)))
        now = counts(before).filter(~pl.col("place").is_in(taught))
        held = fold_of == fold
        for name, peer in (("popularity", popularity), ("density", density), ("EASE", ease)):
            scores[name][held] = peer(was[~held], was[held])
        nameless = {p: f"c{n}" for n, p in enumerate(places)}  # the plain call knows no province
        plain = [table.with_columns(pl.col("place").replace_strict(nameless)) for table in (part, rest, now)]
        began = time.perf_counter()
        scored = EntryModel.fit(plain[0], plain[1]).score(plain[2])
        took += time.perf_counter() - began
        scores["entry"][held] = matrix(scored, list(nameless.values()), segments)[held]
        model = EntryModel.fit(part, rest, places=home, segments=data_groups)
        scores["entry + sides"][held] = matrix(model.score(now, places=home), places, segments)[held]
    scores["arrivals known"] = np.tile(came.sum(axis=1, keepdims=True), (1, len(segments)))  # no forecast: a ceiling
    absent, right = was == 0, (was == 0) & (came > 0)
    print(f"\n{cut} → {cut + SPAN}: {len(places)} cities of {len(provinces)} provinces, {len(segments)} segments;")
    print(
        f"{absent.sum():,} absent pairs, {right[absent].mean():.1%} entered; fit and score {took / folds:.1f} s a fold"
    )
    print(f"{'':16}  pooled  per segment")
    for name, score in scores.items():
        each = [
            auc(right[held, s][absent[held, s]], score[held, s][absent[held, s]])
            for held in (fold_of == fold for fold in range(folds))
            for s in range(len(segments))
        ]
        print(f"{name:16}  {auc(right[absent], score[absent]):.3f}   {np.nanmean(each):.3f}")
    reliability(scores["entry + sides"][absent], right[absent])


def reliability(told: np.ndarray, right: np.ndarray) -> None:
    edges = np.array([0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0])
    band = np.clip(np.searchsorted(edges, told, side="right") - 1, 0, len(edges) - 2)
    print("told            pairs   told  entered")
    gap = 0.0
    for number in range(len(edges) - 1):
        some = band == number
        if some.any():
            gap += abs(told[some].mean() - right[some].mean()) * some.mean()
            print(
                f"{edges[number]:.2f}–{edges[number + 1]:.2f} {some.sum():12,}  {told[some].mean():.3f}   {right[some].mean():.3f}"
            )
    print(f"expected calibration error {gap:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cut", type=int, action="append")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--counted", choices=("all", "makes"), default="all", help="every role, or makers ≥ 0.5 only")
    asked = parser.parse_args()
    rows = placed_firms(asked.data)
    if asked.counted == "makes":
        rows = rows.filter(pl.col("role") == "makes", pl.col("confidence") >= 0.5)
    groups = chain_maps()[0].select(segment="code", group="parent").drop_nulls()
    for cut in asked.cut or (1994, 1999):
        back_test(rows, cut, asked.folds, groups)


if __name__ == "__main__":
    main()
