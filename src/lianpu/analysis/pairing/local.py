"""Who here sells what whom here needs: supplier and buyer pairs of one segment, ranked by named parts."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from lianpu.analysis.coverage import check_columns

PARTS = ("fit", "near", "sure", "scale")
# Nearness of two firms by the smallest area they share.
NEAR = {"zone": 1.0, "district": 0.8, "city": 0.5, "province": 0.2, "": 0.0}
UNKNOWN_SCALE = 0.5


@dataclass(frozen=True)
class PairRules:
    """Weights of the parts (summing to 1), least confidence, how often a firm may stand, and how many firms of a
    segment are looked at (the surest and largest)."""

    fit: float = 0.35
    near: float = 0.25
    sure: float = 0.25
    scale: float = 0.15
    min_confidence: float = 0.5
    each: int = 5
    top: int = 200
    most: int = 400

    def __post_init__(self) -> None:
        if abs(sum(self.weights.values()) - 1) > 1e-9 or min(self.weights.values()) < 0:
            raise ValueError(f"weights of a pair must be ≥ 0 and sum to 1, not {self.weights}")

    @property
    def weights(self) -> dict[str, float]:
        return {part: getattr(self, part) for part in PARTS}


def pairs(
    segment: str,
    firms: pl.DataFrame,
    segments: pl.DataFrame,
    edges: pl.DataFrame,
    *,
    linked: Collection[tuple[Any, Any]] = (),
    rules: PairRules | None = None,
) -> pl.DataFrame:
    """Suppliers of ``segment`` with the firms of the same place that use it, best first.

    ``firms``: (firm, segment, role, confidence, province, city, district, zone, scale), a row per placement; areas are
    codes or null, scale any size > 0 or null. ``segments``: (code, filled_by). ``edges``: dependence (source, target,
    weight). ``linked``: (supplier, buyer) known to trade already, left out. A firm that fills ``segment`` itself is no
    buyer of it: it has its own.

    Returns (rank, supplier, buyer, buyer_segment, score, fit, near, sure, scale, shared, supplier_confidence,
    buyer_confidence, supplier_scale, buyer_scale); no row where nobody here makes or nobody needs it.

    fit: weight of the dependence. near: smallest area shared: zone 1, district 0.8, city 0.5, province 0.2. sure: √ of
    the product of both confidences. scale: 1 / (1 + |log10 of the ratio|), ½ where a size is unknown.
    """
    rules = rules or PairRules()
    check_columns(
        firms, ("firm", "segment", "role", "confidence", "province", "city", "district", "zone", "scale"), "firms"
    )
    check_columns(segments, ("code", "filled_by"), "segments")
    check_columns(edges, ("source", "target", "weight"), "edges")
    areas = ("zone", "district", "city", "province")
    doing = (
        firms.join(segments.select(segment="code", role="filled_by"), on=["segment", "role"])
        .filter(pl.col("confidence") >= rules.min_confidence)
        .sort("confidence", "scale", "firm", descending=[True, True, False], nulls_last=True)
        .unique(["segment", "firm"], keep="first", maintain_order=True)
        .filter(pl.col("firm").cum_count().over("segment") <= rules.most)
    )
    suppliers = doing.filter(pl.col("segment") == segment)
    users = edges.filter((pl.col("source") == segment) & (pl.col("target") != segment))
    buyers = doing.join(users.select(segment="target", fit="weight"), on="segment")
    buyers = buyers.join(suppliers.select("firm"), on="firm", how="anti")
    shown = ("firm", "confidence", "scale", *areas)
    met = suppliers.select(pl.col(shown).name.prefix("supplier_")).join(
        buyers.select(pl.col(shown).name.prefix("buyer_"), "fit", buyer_segment="segment"), how="cross"
    )
    shared = pl.lit("")
    for area in reversed(areas):
        shared = pl.when(pl.col(f"supplier_{area}") == pl.col(f"buyer_{area}")).then(pl.lit(area)).otherwise(shared)
    ratio = (pl.col("supplier_scale") / pl.col("buyer_scale")).log10().abs()
    known = (pl.col("supplier_scale") > 0) & (pl.col("buyer_scale") > 0)
    scored = (
        met.with_columns(shared=shared)
        .with_columns(
            near=pl.col("shared").replace_strict(NEAR, return_dtype=pl.Float64),
            sure=(pl.col("supplier_confidence") * pl.col("buyer_confidence")).sqrt(),
            scale=pl.when(known.fill_null(value=False)).then(1 / (1 + ratio)).otherwise(UNKNOWN_SCALE),
        )
        .with_columns(score=pl.sum_horizontal(pl.col(part) * weight for part, weight in rules.weights.items()))
        .rename({"supplier_firm": "supplier", "buyer_firm": "buyer"})
    )
    if linked:
        done = pl.DataFrame(list(linked), schema={k: scored.schema[k] for k in ("supplier", "buyer")}, orient="row")
        scored = scored.join(done, on=["supplier", "buyer"], how="anti")
    # A pair meets over its strongest need once; then nobody fills the list alone.
    ranked = scored.sort("score", "supplier", "buyer", "buyer_segment", descending=[True, False, False, False]).unique(
        ["supplier", "buyer"], keep="first", maintain_order=True
    )
    ranked = ranked.filter(
        pl.Series(_spread(ranked["supplier"], ranked["buyer"], rules.each, rules.top), dtype=pl.Boolean)
    )
    return ranked.select(
        pl.int_range(1, pl.len() + 1).alias("rank"),
        *("supplier", "buyer", "buyer_segment", "score", *PARTS, "shared"),
        *(f"{who}_{what}" for what in ("confidence", "scale") for who in ("supplier", "buyer")),
    )


def _spread(suppliers: pl.Series, buyers: pl.Series, each: int, top: int) -> list[bool]:
    """Which of the pairs, best first, to show: every firm at most ``each`` times, ``top`` in all."""
    _, left = np.unique(suppliers.to_numpy(), return_inverse=True)
    _, right = np.unique(buyers.to_numpy(), return_inverse=True)
    used_left, used_right = [0] * (len(left) + 1), [0] * (len(right) + 1)
    shown, count = [False] * len(left), 0
    for i, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        if used_left[a] < each and used_right[b] < each:
            used_left[a] += 1
            used_right[b] += 1
            shown[i], count = True, count + 1
            if count == top:
                break
    return shown


def explain_pair(row: dict[str, Any], rules: PairRules | None = None) -> list[dict[str, Any]]:
    """The parts of one row of :func:`pairs`: part, value, weight, points and the evidence (facts by name)."""
    weights = (rules or PairRules()).weights
    facts: dict[str, dict[str, Any]] = {
        "fit": {"buyer_segment": row["buyer_segment"]},
        "near": {"shared": row["shared"]},
        "sure": {who: row[f"{who}_confidence"] for who in ("supplier", "buyer")},
        "scale": {who: row[f"{who}_scale"] for who in ("supplier", "buyer")},
    }
    return [
        {
            "part": part,
            "value": row[part],
            "weight": weights[part],
            "points": row[part] * weights[part],
            "evidence": facts[part],
        }
        for part in PARTS
    ]
