"""Promotion targets for a gap: firms elsewhere that make it, ranked by named parts, explained line by line.

Question, formula, parameters and how well it foretells who came: ``docs/methods/pairing.md``.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from lianpu.analysis.coverage import check_columns
from lianpu.analysis.pairing.groups import groups

# One-person shops do not move; only bodies that can invest are targets. Of a branch, its head counts.
CAN_INVEST = r"(?:公司|集团|厂|院|所)$"
LARGE = r"股份|集团"
HALF_TIES, HALF_REACH = 2.0, 1.0
LIKELY = 0.5  # a common brand is worth half of a common head: it is to be looked at
PARTS = ("fit", "ties", "group", "reach")


@dataclass(frozen=True)
class TargetRules:
    """Weights of the parts (summing to 1), least confidence, and how long and how mixed a list is."""

    fit: float = 0.4
    ties: float = 0.1
    group: float = 0.2
    reach: float = 0.3
    min_confidence: float = 0.5
    top: int = 20
    a_province: int = 5

    def __post_init__(self) -> None:
        if abs(sum(self.weights.values()) - 1) > 1e-9 or min(self.weights.values()) < 0:
            raise ValueError(f"weights of a target must be ≥ 0 and sum to 1, not {self.weights}")

    @property
    def weights(self) -> dict[str, float]:
        return {part: getattr(self, part) for part in PARTS}


@dataclass(frozen=True)
class Reference:
    """The firms of the nation, prepared once for any number of gaps; :meth:`of` makes it.

    ``placed``: (firm, segment, role, confidence), sure ones; ``firms``: (firm, name, province, city, head, brand,
    branch, breadth, provinces): in how many segments it is placed, in how many provinces its head has firms.
    """

    placed: pl.DataFrame
    firms: pl.DataFrame
    rules: TargetRules = field(default_factory=TargetRules)

    @classmethod
    def of(
        cls, placements: pl.DataFrame, firms: pl.DataFrame | None = None, *, rules: TargetRules | None = None
    ) -> "Reference":
        """``placements``: (firm, name, segment, role, confidence, province, city), a row per placement. ``firms``: (firm,
        name, province, city), also those that stand on no segment: their branches tell of a group's reach.
        """
        check_columns(placements, ("firm", "name", "segment", "role", "confidence", "province", "city"), "placements")
        rules = rules or TargetRules()
        columns = ("firm", "name", "province", "city")
        every = (
            (placements if firms is None else firms).select(columns).unique("firm", keep="first", maintain_order=True)
        )
        every = every.filter(pl.col("name").is_not_null()).with_columns(pl.col("province", "city").fill_null(""))
        places = pl.concat([every["province"], every["city"]]).unique().sort().to_list()
        sure = placements.filter(pl.col("confidence") >= rules.min_confidence)
        breadth = sure.group_by("firm").agg(breadth=pl.col("segment").n_unique())
        named = every.join(groups(every, places), on="firm", maintain_order="left").join(
            breadth, on="firm", how="left", maintain_order="left"
        )
        spread = named.filter(pl.col("province") != "").group_by("head").agg(provinces=pl.col("province").n_unique())
        named = named.join(spread, on="head", how="left", maintain_order="left").with_columns(
            pl.col("provinces").fill_null(1), pl.col("breadth").fill_null(0)
        )
        return cls(sure.select("firm", "segment", "role", "confidence"), named, rules)


def targets(
    gaps: Sequence[str],
    reference: Reference,
    segments: pl.DataFrame,
    edges: pl.DataFrame,
    local: pl.DataFrame,
    *,
    home: Collection[str],
    words: pl.DataFrame | None = None,
    known: Collection[str] = (),
) -> pl.DataFrame:
    """Targets of every gap, best first: one pass over the reference for all gaps of a place.

    ``segments``: (code, filled_by); ``edges``: dependence (source, target, weight); ``local``: (firm, name, segment),
    firms that fill a segment of the place; ``home``: the place's own names as the reference writes them (甘肃, 兰州):
    firms there are no targets but tell which groups have come already; ``words``: (segment, term), words by which a
    name shows the product; ``known``: names of firms that are here already.

    Returns (segment, rank, firm, name, head, province, city, score, fit, ties, group, reach, confidence, named, large, breadth,
    provinces, own, neighbours, here): ``own`` its other segments that trade with ``neighbours``, segments filled here,
    and ``here`` firms at home of its head or brand.
    """
    check_columns(segments, ("code", "filled_by"), "segments")
    check_columns(edges, ("source", "target", "weight"), "edges")
    check_columns(local, ("firm", "name", "segment"), "local")
    rules = reference.rules
    ours = pl.Series(sorted(set(home)), dtype=pl.String).implode()
    wanted = segments.filter(pl.col("code").is_in(pl.Series(list(gaps), dtype=pl.String).implode()))
    at_home = pl.col("province").is_in(ours) | pl.col("city").is_in(ours)
    makers = (
        reference.placed.join(wanted.select(segment="code", role="filled_by"), on=["segment", "role"])
        .group_by("segment", "firm")
        .agg(pl.col("confidence").max())
        .join(reference.firms, on="firm")
        .filter(
            ~at_home
            & pl.col("head").str.contains(CAN_INVEST)
            & ~pl.col("name").is_in(pl.Series(sorted(set(known)), dtype=pl.String).implode())
        )
        # One row a head: the head itself where the reference has it, else its surest branch.
        .sort("segment", "branch", "confidence", "name", "firm", descending=[False, False, True, False, False])
        .unique(["segment", "head"], keep="first", maintain_order=True)
    )
    makers = _named(makers, words).with_columns(large=pl.col("name").str.contains(LARGE))
    makers = _tied(makers, reference, edges, local)
    makers = _grouped(makers, reference.firms.filter(at_home), local)
    elsewhere = (pl.col("provinces") - 1).clip(0)
    scored = makers.with_columns(
        fit=pl.col("confidence") * (0.6 + 0.25 * pl.col("named") + 0.15 / pl.col("breadth").clip(1)),
        ties=pl.col("pull") / (pl.col("pull") + HALF_TIES),
        reach=0.8 * elsewhere / (elsewhere + HALF_REACH) + 0.2 * pl.col("large"),
    ).with_columns(score=pl.sum_horizontal(pl.col(part) * weight for part, weight in rules.weights.items()))
    listed = scored.sort("segment", "score", "name", "firm", descending=[False, True, False, False])
    listed = listed.filter(pl.col("firm").cum_count().over("segment", "province") <= rules.a_province)
    listed = listed.with_columns(rank=pl.col("firm").cum_count().over("segment")).filter(pl.col("rank") <= rules.top)
    listed = _evidence(listed, reference, edges, local)
    facts = ("confidence", "named", "large", "breadth", "provinces", "own", "neighbours", "here")
    return listed.select("segment", "rank", "firm", "name", "head", "province", "city", "score", *PARTS, *facts)


def _named(makers: pl.DataFrame, words: pl.DataFrame | None) -> pl.DataFrame:
    """Whether the name holds a word of the segment."""
    if words is None or words.is_empty() or makers.is_empty():
        return makers.with_columns(named=pl.lit(value=False))
    check_columns(words, ("segment", "term"), "words")
    terms = {
        code: sorted({term for term in held if len(term) >= 2})
        for code, held in words.group_by("segment").agg("term").iter_rows()
    }
    parts = []
    for (code,), rows in makers.partition_by("segment", as_dict=True, maintain_order=True).items():
        telling = terms.get(str(code), [])
        named = pl.col("name").str.contains_any(telling) if telling else pl.lit(value=False)
        parts.append(rows.with_columns(named=named))
    return pl.concat(parts)


def _pull(edges: pl.DataFrame, local: pl.DataFrame) -> pl.DataFrame:
    """Of every segment, what trades with it here: (segment, neighbour, pull), pull = weight × n / (n + 1), n firms here."""
    here = local.group_by("segment").agg(n=pl.col("firm").n_unique())
    both = pl.concat(
        [
            edges.select(segment="source", neighbour="target", weight="weight"),
            edges.select(segment="target", neighbour="source", weight="weight"),
        ]
    )
    return both.join(here, left_on="neighbour", right_on="segment").select(
        "segment", "neighbour", pull=pl.col("weight") * pl.col("n") / (pl.col("n") + 1)
    )


def _tied(makers: pl.DataFrame, reference: Reference, edges: pl.DataFrame, local: pl.DataFrame) -> pl.DataFrame:
    """``pull`` of the firm's other segments: those of the gap itself are the same for every candidate."""
    pulls = _pull(edges, local).sort("segment", "neighbour")
    pull = pulls.group_by("segment", maintain_order=True).agg(pl.col("pull").sum())
    other = (
        makers.select("segment", "firm")
        .join(reference.placed.select("firm", own="segment"), on="firm")
        .unique()
        .filter(pl.col("own") != pl.col("segment"))
        .join(pull, left_on="own", right_on="segment")
        .sort("segment", "firm", "own")  # one order of adding, so that the last bits are the same every time
        .group_by("segment", "firm", maintain_order=True)
        .agg(pl.col("pull").sum())
    )
    return makers.join(other, on=["segment", "firm"], how="left").with_columns(pl.col("pull").fill_null(0.0))


def _grouped(makers: pl.DataFrame, at_home: pl.DataFrame, local: pl.DataFrame) -> pl.DataFrame:
    """``here``: firms at home of the same head, else of the same brand; ``group``: 1 for a head, ½ for a brand."""
    known = local.select("name").unique().with_row_index("firm").with_columns(pl.col("firm").cast(pl.Int64))
    places = pl.concat([at_home["province"], at_home["city"]]).unique().to_list()
    held = pl.concat(
        [
            at_home.select("name", "head", "brand"),
            known.join(groups(known, places), on="firm").select("name", "head", "brand"),
        ]
    ).unique("name", maintain_order=True)
    heads = held.group_by("head").agg(by_head=pl.col("name").sort().head(3))
    brands = held.filter(pl.col("brand").is_not_null()).group_by("brand").agg(by_brand=pl.col("name").sort().head(3))
    joined = makers.join(heads, on="head", how="left").join(brands, on="brand", how="left")
    return joined.with_columns(
        group=pl.when(pl.col("by_head").is_not_null())
        .then(1.0)
        .when(pl.col("by_brand").is_not_null())
        .then(LIKELY)
        .otherwise(0.0),
        here=pl.coalesce("by_head", "by_brand").fill_null([]),
    )


def _evidence(listed: pl.DataFrame, reference: Reference, edges: pl.DataFrame, local: pl.DataFrame) -> pl.DataFrame:
    """For the listed firms: which own segment trades with which segment filled here, the strongest pull first."""
    pulls = _pull(edges, local)
    found = (
        listed.select("segment", "firm")
        .join(reference.placed.select("firm", own="segment"), on="firm")
        .unique()
        .filter(pl.col("own") != pl.col("segment"))
        .join(pulls, left_on="own", right_on="segment")
        .sort("pull", "own", "neighbour", descending=[True, False, False])
        .group_by("segment", "firm", maintain_order=True)
        .agg(
            own=pl.col("own").unique(maintain_order=True).head(5),
            neighbours=pl.col("neighbour").unique(maintain_order=True).head(5),
        )
    )
    return listed.join(found, on=["segment", "firm"], how="left", maintain_order="left").with_columns(
        pl.col("own", "neighbours").fill_null([])
    )


def explain_target(row: dict[str, Any], rules: TargetRules | None = None) -> list[dict[str, Any]]:
    """The parts of one row of :func:`targets`: part, value, weight, points and the evidence (facts by name)."""
    weights = (rules or TargetRules()).weights
    facts: dict[str, dict[str, Any]] = {
        "fit": {
            "confidence": row["confidence"],
            "named": row["named"],
            "breadth": row["breadth"],
            "branch": row["name"] if row["name"] != row["head"] else None,
        },
        "ties": {"own": row["own"], "neighbours": row["neighbours"]},
        "group": {"firms": row["here"], "certain": row["group"] >= 1},
        "reach": {"provinces": row["provinces"], "large": row["large"]},
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
