"""How well a placer agrees with people: cross-validated, so that no firm is judged by a placer that was taught it.

What people decided is a table of pairs (firm, code, right) and of firms outside; a placer that is to be judged is a table
of labels. Two of them are compared on the same decisions, each taught without the fold that it is judged on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from lianpu.analysis.placement.placer import Placer

FOLDS = 5
COUNTED = 0.5  # from this score on a diagnosis counts a placement
BANDS = 10


@dataclass(frozen=True, slots=True)
class Decisions:
    """``firms``: firm, name, scope. ``pairs``: firm, code, right. ``outside``: firm, on no code. Firms are any string keys."""

    firms: pl.DataFrame
    pairs: pl.DataFrame
    outside: pl.DataFrame

    @property
    def size(self) -> int:
        """Pairs decided on, and firms outside."""
        return self.pairs.height + self.outside.height


@dataclass(frozen=True, slots=True)
class Band:
    """Decided proposals with a score in one tenth: how many, the share that was right, their mean score."""

    low: float
    count: int
    right: float
    said: float


@dataclass(frozen=True, slots=True)
class Figures:
    """``accuracy``: share of decisions that the placer meets (a pair that was right scores at least ``COUNTED``, a wrong
    one less; of a firm outside nothing does). ``first``: firms with a right code whose likeliest code is right. ``none``:
    firms outside of which nothing counts (None where there are none, as ``first``). ``brier`` and ``ece``: mean squared
    and mean absolute calibration error over the decided pairs that were proposed (None where there are none).
    """

    decisions: int
    accuracy: float
    first: float | None
    none: float | None
    brier: float | None
    ece: float | None
    bands: tuple[Band, ...]


def fold_of(firm: str) -> int:
    """The fold of a firm: the same in every training, whatever else has been decided."""
    return int.from_bytes(hashlib.sha256(firm.encode()).digest()[:8], "big") % FOLDS


def out_of_fold(
    taxonomy: pl.DataFrame, products: pl.DataFrame, labelled: pl.DataFrame, firms: pl.DataFrame, top_k: int
) -> pl.DataFrame:
    """firm, rank, code, score of every firm (firm, name, scope) by a placer taught ``labelled`` (firm, name, scope, code)
    without the firms of its fold. Without labels there is nothing to leave out, and one placer does."""
    fold = pl.col("firm").map_elements(fold_of, return_dtype=pl.Int64)
    parts = []
    for at in range(FOLDS) if labelled.height else [None]:
        asked = firms if at is None else firms.filter(fold == at)
        if asked.is_empty():
            continue
        taught = labelled if at is None else labelled.filter(fold != at)
        placed = Placer.fit(taxonomy, products, taught.select("name", "scope", "code")).place(asked, top_k)
        parts.append(placed.select(asked["firm"].gather(placed["row"]), "rank", "code", "score"))
    schema = {"firm": pl.String, "rank": pl.UInt32, "code": pl.String, "score": pl.Float64}
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def judge(placed: pl.DataFrame, decided: Decisions) -> Figures:
    """Figures of a placer's answers (firm, rank, code, score) against what people decided."""
    pairs = decided.pairs.join(placed.select("firm", "code", "score"), on=["firm", "code"], how="left")
    counts = pairs["score"].fill_null(0.0) >= COUNTED
    met = int((counts == pairs["right"]).sum())
    counted = placed.filter(pl.col("score") >= COUNTED)["firm"].unique()
    quiet = int((~decided.outside["firm"].is_in(counted.implode())).sum())
    right = decided.pairs.filter("right")
    likeliest = placed.filter(pl.col("rank") == 1).join(right, on=["firm", "code"], how="semi")
    owners = right["firm"].n_unique()
    proposed = pairs.drop_nulls("score")
    score, truth = proposed["score"].to_numpy(), proposed["right"].to_numpy().astype(float)
    bands = _bands(score, truth)
    return Figures(
        decisions=decided.size,
        accuracy=(met + quiet) / decided.size if decided.size else 0.0,
        first=likeliest.height / owners if owners else None,
        none=quiet / decided.outside.height if decided.outside.height else None,
        brier=float(((score - truth) ** 2).mean()) if len(score) else None,
        ece=sum(band.count * abs(band.right - band.said) for band in bands) / len(score) if len(score) else None,
        bands=bands,
    )


def _bands(score: np.ndarray, truth: np.ndarray) -> tuple[Band, ...]:
    number = np.minimum((score * BANDS + 1e-9).astype(int), BANDS - 1)
    return tuple(
        Band(at / BANDS, int(held.sum()), float(truth[held].mean()), float(score[held].mean()))
        for at in range(BANDS)
        if (held := number == at).any()
    )


def differences(before: pl.DataFrame, after: pl.DataFrame, least: float) -> pl.DataFrame:
    """Placements (firm, segment, role, confidence) that one table has and the other has not, or has with a confidence
    that differs by more than ``least``: firm, segment, role, before, after, kind (appeared, vanished, changed)."""
    key = ["firm", "segment"]
    joined = before.select(*key, "role", before="confidence").join(
        after.select(*key, "role", after="confidence"), on=key, how="full", coalesce=True
    )
    kind = (
        pl.when(pl.col("before").is_null())
        .then(pl.lit("appeared"))
        .when(pl.col("after").is_null())
        .then(pl.lit("vanished"))
        .when((pl.col("before") - pl.col("after")).abs() > least)
        .then(pl.lit("changed"))
    )
    told = joined.with_columns(kind=kind, role=pl.coalesce("role_right", "role")).drop_nulls("kind")
    return told.select(*key, "role", "before", "after", "kind").sort("kind", *key)
