"""From products to segments: map flows, product edges and input–output tables joined into one weighted dependence.

Formula, parameters and what each part rests on: ``docs/methods/network.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from lianpu.analysis.coverage import check_columns, check_known
from lianpu.analysis.network.cleaning import Cleaned

ESSENTIAL = 3.0


@dataclass(frozen=True)
class Lift:
    """How the parts weigh: all in 0..1 but ``half``.

    ``trust``: most that product edges alone can say, about the share of cleaned edges that are right.
    ``half``: number of product edges at which their part reaches half.
    ``io_share``: how much of a weight the input–output coefficient may take away.
    """

    trust: float = 0.6
    half: float = 2.0
    io_share: float = 0.25

    def __post_init__(self) -> None:
        if not (0 <= self.trust <= 1 and 0 <= self.io_share <= 1 and self.half > 0):
            raise ValueError("trust and io_share must lie in 0..1 and half above 0")


@dataclass(frozen=True)
class InputOutput:
    """Technical coefficients of a national table: ``coefficients[i, j]`` of sector i per unit of output of sector j."""

    sectors: Sequence[str]
    coefficients: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.sectors)
        if self.coefficients.shape != (n, n):
            raise ValueError(f"{n} sectors ask for {n} × {n} coefficients, not {self.coefficients.shape}")
        if not np.isfinite(self.coefficients).all() or (self.coefficients < 0).any():
            raise ValueError("coefficients must be numbers ≥ 0; a sector without output has a column of zeros")

    def frame(self) -> pl.DataFrame:
        """Every ordered pair: io_source, io_target, io_coefficient, io_part = coefficient over its column's greatest."""
        n, a = len(self.sectors), np.asarray(self.coefficients, float)
        top = a.max(axis=0, keepdims=True)
        part = np.divide(a, top, where=top > 0, out=np.zeros_like(a))
        return pl.DataFrame(
            {
                "io_source": np.repeat(list(self.sectors), n),
                "io_target": np.tile(list(self.sectors), n),
                "io_coefficient": a.ravel(),
                "io_part": part.ravel(),
            }
        )


def segments_of(names: pl.Series, terms: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """Segments of product names: (name, segment, share), shares of a name summing to 1.

    ``terms``: (term, segment), the words of the chain maps. A name that is a term has its segments; another one takes
    those of the longest wider name above it in ``kinds`` (source wider, target narrower) that has any.
    """
    check_columns(terms, ("term", "segment"), "terms")
    words = terms.select(name="term", segment="segment").unique()
    every = pl.concat([names, kinds["source"], kinds["target"]]).unique().to_frame("name")
    held = every.join(words, on="name").with_columns(share=1 / pl.len().over("name"))
    while True:
        wider = (
            kinds.join(held.select("name").unique(), left_on="source", right_on="name")
            .join(held.select("name").unique(), left_on="target", right_on="name", how="anti")
            .sort(pl.col("source").str.len_chars(), "source", descending=True)
            .unique("target", keep="first", maintain_order=True)
        )
        if wider.is_empty():
            break
        inherited = wider.join(held, left_on="source", right_on="name").select("segment", "share", name="target")
        held = pl.concat([held, inherited.select(held.columns)])
    return held.join(names.unique().to_frame("name"), on="name", how="semi").sort("name", "segment")


def product_evidence(cleaned: Cleaned, terms: pl.DataFrame) -> pl.DataFrame:
    """Kept product flows between different segments: source, target, edges (weighted number), products (``a → b``)."""
    flows = cleaned.flows
    names = pl.concat([flows["source"], flows["target"]])
    held = segments_of(names, terms, cleaned.kinds)
    return (
        flows.join(held.rename({"segment": "from_segment", "share": "from_share"}), left_on="source", right_on="name")
        .join(held.rename({"segment": "to_segment", "share": "to_share"}), left_on="target", right_on="name")
        .filter(pl.col("from_segment") != pl.col("to_segment"))
        .with_columns(product=pl.format("{} → {}", "source", "target"), share=pl.col("from_share") * pl.col("to_share"))
        .sort("from_segment", "to_segment", "product")
        .group_by(source_segment="from_segment", target_segment="to_segment", maintain_order=True)
        .agg(edges=pl.col("share").sum(), products=pl.col("product").unique().sort())
        .rename({"source_segment": "source", "target_segment": "target"})
        .sort("source", "target")
    )


def dependence(
    segments: pl.DataFrame,
    flows: pl.DataFrame,
    products: pl.DataFrame | None = None,
    io: InputOutput | None = None,
    *,
    lift: Lift = Lift(),
) -> pl.DataFrame:
    """How much each segment depends on each other one that feeds it, with the evidence of every edge.

    ``segments``: (code, io_sector); ``flows``: (source, target, via, weight 1..3); ``products``: as
    :func:`product_evidence` gives it. Returns, by source and target: weight in (0, 1], essential, map_part,
    product_part, io_part (null without a table or sector), map_weight, vias, edges, products, io_coefficient.

    weight = (1 − (1 − map_part)(1 − trust · product_part)) · (1 − io_share · (1 − io_part)), with
    map_part = greatest map weight / 3 and product_part = edges / (edges + half). A table of sectors never makes an
    edge: it only tells weak ones from strong ones.
    """
    check_columns(segments, ("code", "io_sector"), "segments")
    check_columns(flows, ("source", "target", "via", "weight"), "flows")
    flows = flows.filter(pl.col("source") != pl.col("target"))
    for end in ("source", "target"):
        check_known(flows[end], segments["code"], f"flows, {end},")
    if not flows["weight"].is_between(0, ESSENTIAL, closed="right").all():
        raise ValueError("flows: weight must lie above 0 and not above 3")
    mapped = flows.group_by("source", "target").agg(
        map_weight=pl.col("weight").max().cast(pl.Float64), vias=pl.col("via").unique().sort()
    )
    if products is None:
        products = pl.DataFrame(
            schema={"source": pl.String, "target": pl.String, "edges": pl.Float64, "products": pl.List(pl.String)}
        )
    check_columns(products, ("source", "target", "edges", "products"), "products")
    known = segments["code"].implode()
    products = products.filter(pl.col("source").is_in(known) & pl.col("target").is_in(known))
    joined = mapped.join(products, on=["source", "target"], how="full", coalesce=True).with_columns(
        map_part=pl.col("map_weight").fill_null(0.0) / ESSENTIAL,
        product_part=pl.col("edges").fill_null(0.0) / (pl.col("edges").fill_null(0.0) + lift.half),
        essential=(pl.col("map_weight") >= ESSENTIAL).fill_null(value=False),
    )
    sector = segments.select("code", "io_sector")
    joined = joined.join(sector.rename({"code": "source", "io_sector": "io_source"}), on="source", how="left").join(
        sector.rename({"code": "target", "io_sector": "io_target"}), on="target", how="left"
    )
    if io is None:
        joined = joined.with_columns(
            pl.lit(None, pl.Float64).alias("io_coefficient"), pl.lit(None, pl.Float64).alias("io_part")
        )
    else:
        joined = joined.join(io.frame(), on=["io_source", "io_target"], how="left")
    base = 1 - (1 - pl.col("map_part")) * (1 - lift.trust * pl.col("product_part"))
    return (
        joined.with_columns(weight=base * (1 - lift.io_share * (1 - pl.col("io_part").fill_null(1.0))))
        .select(
            *("source", "target", "weight", "essential", "map_part", "product_part", "io_part", "map_weight"),
            *(pl.col("vias").fill_null([]), pl.col("edges").fill_null(0.0), pl.col("products").fill_null([])),
            "io_coefficient",
        )
        .filter(pl.col("weight") > 0)
        .sort("source", "target")
    )
