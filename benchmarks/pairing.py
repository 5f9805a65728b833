"""Promotion targets and local pairs on real firms: how fast, and does the ranking foretell who came?

Claims: targets of all gaps of a city over the reference of 200,000 firms in seconds; among firms that make a segment,
those that opened a first branch in a province in 2000–2004 stand clearly higher in the ranking by what was known in 1999
than chance would put them. Run: ``python benchmarks/pairing.py DATA [--provinces 甘肃,陕西]``; DATA holds registry/.
"""

import argparse
import time
from pathlib import Path

import polars as pl

from lianpu.analysis.network import dependence
from lianpu.analysis.pairing import PairRules, Reference, TargetRules, groups, pairs, targets
from lianpu.analysis.placement import Placer
from lianpu.chains.maps import shipped

CUT = 1999
PARTS = ("score", "fit", "ties", "group", "reach")


def chain_maps() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Segments, words and dependence of the shipped maps."""
    leaves = [leaf for one in shipped() for leaf in one.leaves]
    segments = pl.DataFrame(
        [(leaf.code, leaf.name, leaf.parent, leaf.filled_by, leaf.io_sector) for leaf in leaves],
        schema=["code", "name", "parent", "filled_by", "io_sector"],
        orient="row",
    )
    words = [(term, leaf.code) for leaf in leaves for name, more in leaf.products.items() for term in (name, *more)]
    words += [(name, leaf.code) for leaf in leaves for name in leaf.shared]
    flows = [(flow.source, flow.target, flow.via, float(flow.weight)) for one in shipped() for flow in one.flows]
    return (
        segments,
        pl.DataFrame(words, schema=["term", "segment"], orient="row").unique(maintain_order=True),
        dependence(segments, pl.DataFrame(flows, schema=["source", "target", "via", "weight"], orient="row")),
    )


def real_firms(data: Path, segments: pl.DataFrame, words: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Firms of Gansu and of the national sample (firm, name, province, city, year), and their placements."""
    columns = ("name", "uscc", "scope", "province", "city", "reg_date")
    files = ("gansu.parquet", "national-sample.parquet")
    firms = pl.concat([pl.read_parquet(data / "registry" / file).select(columns) for file in files])
    firms = firms.filter(pl.col("name").is_not_null()).unique("uscc", keep="first", maintain_order=True)
    firms = firms.with_columns(firm=pl.int_range(pl.len()), year=pl.col("reg_date").dt.year())
    products = words.select(product="term", code="segment").with_columns(weight=1.0 / pl.len().over("product"))
    placer = Placer.fit(segments.select("code", "name", "parent", "filled_by"), products, None)
    parts = []
    for start in range(0, firms.height, 20_000):
        placed = placer.place(firms.slice(start, 20_000).select("name", "scope"), top_k=3)
        parts.append(
            placed.select(firm=pl.col("row").cast(pl.Int64) + start, segment="code", role="role", confidence="score")
        )
    return firms.select("firm", "name", "province", "city", "year"), pl.concat(parts)


def held_out(
    firms: pl.DataFrame,
    placed: pl.DataFrame,
    segments: pl.DataFrame,
    words: pl.DataFrame,
    edges: pl.DataFrame,
    asked: list[str],
) -> pl.DataFrame:
    """Every head that made a segment elsewhere by 1999, for every province without it: its parts, and whether it came."""
    places = set(firms["province"].drop_nulls()) | set(firms["city"].drop_nulls())
    heads = firms.join(groups(firms, places), on="firm")
    known = firms.filter(pl.col("year") <= CUT)
    reference = Reference.of(
        placed.join(known.select("firm", "name", "province", "city"), on="firm"),
        known,
        rules=TargetRules(top=10**9, a_province=10**9),
    )
    filling = reference.placed.join(segments.select(segment="code", role="filled_by"), on=["segment", "role"]).join(
        known, on="firm"
    )
    parts = []
    for province in asked:
        here = heads.filter(pl.col("province") == province)
        was = here.filter(pl.col("year") <= CUT)["head"].unique()
        came = here.filter(pl.col("year") > CUT)["head"].unique()
        ranked = targets(
            segments["code"].to_list(),
            reference,
            segments,
            edges,
            filling.filter(pl.col("province") == province).select("firm", "name", "segment"),
            home=[province],
            words=words,
        )
        parts.append(
            ranked.select(
                "segment",
                "head",
                *PARTS,
                province=pl.lit(province),
                came=pl.col("head").is_in(came.implode()),
                first=~pl.col("head").is_in(was.implode()),
            )
        )
    return pl.concat(parts)


def report(title: str, rows: pl.DataFrame) -> None:
    """Mean standing of those who came (½ is chance) and how much oftener than chance they stand in the first tenth."""
    print(f"\n{title}")
    for part in PARTS:
        place = rows.select(
            "province",
            "head",
            "came",
            at=(pl.col(part).rank("average").over("province", "segment") - 0.5) / pl.len().over("province", "segment"),
            n=pl.len().over("province", "segment"),
        ).filter(pl.col("came") & (pl.col("n") >= 20))
        firms = place.group_by("province", "head").agg(pl.col("at").mean())
        print(
            f"  {part:6s} {place.height:5d} rows: standing {place['at'].mean():.3f}, first tenth × {(place['at'] > 0.9).mean() * 10:4.1f};  "  # type: ignore[operator]
            f"{firms.height:4d} firms (each counted once): {firms['at'].mean():.3f}, × {(firms['at'] > 0.9).mean() * 10:4.1f}"  # type: ignore[operator]
        )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--provinces", default="", help="comma-separated; default: all")
    options = arguments.parse_args()
    segments, words, edges = chain_maps()
    started = time.process_time()
    firms, placed = real_firms(options.data, segments, words)
    print(f"{firms.height:,} firms placed in {time.process_time() - started:.0f} s: {placed.height:,} placements")

    named = placed.join(firms, on="firm")
    started = time.process_time()
    reference = Reference.of(named, firms)
    prepared = time.process_time() - started
    filling = reference.placed.join(segments.select(segment="code", role="filled_by"), on=["segment", "role"]).join(
        firms, on="firm"
    )
    here = filling.filter(pl.col("city") == "兰州")
    gaps = sorted(set(segments["code"]) - set(here["segment"]))
    started = time.process_time()
    found = targets(
        gaps, reference, segments, edges, here.select("firm", "name", "segment"), home=["甘肃", "兰州"], words=words
    )
    seconds = time.process_time() - started
    print(
        f"reference prepared in {prepared:.2f} s; targets of {len(gaps)} gaps of 兰州: {seconds:.2f} s, {found.height:,} rows "
        f"({found['segment'].n_unique()} gaps have any)"
    )

    areas = named.filter(pl.col("city") == "兰州").select(
        "firm",
        "segment",
        "role",
        "confidence",
        "province",
        "city",
        district=pl.lit(None, pl.String),
        zone=pl.lit(None, pl.String),
        scale=pl.lit(None, pl.Float64),
    )
    held = here.group_by("segment").agg(n=pl.col("firm").n_unique()).sort("n", "segment", descending=[True, False])
    started = time.process_time()
    count = sum(pairs(code, areas, segments, edges, rules=PairRules()).height for code in held["segment"])
    seconds = time.process_time() - started
    print(
        f"pairs of all {held.height} segments filled in 兰州: {seconds:.2f} s ({seconds / held.height * 1000:.0f} ms a segment), {count:,} rows"
    )

    asked = options.provinces.split(",") if options.provinces else sorted(firms["province"].drop_nulls().unique())
    rows = held_out(firms, placed, segments, words, edges, asked)
    report(
        f"first branches opened in {len(asked)} province(s) 2000–2004, ranked by what was known in {CUT}",
        rows.filter("first"),
    )
    report("any branch opened, also where the head had one", rows)
    if "甘肃" in asked and len(asked) > 1:
        report("first branches in 甘肃 alone", rows.filter(pl.col("first") & (pl.col("province") == "甘肃")))


if __name__ == "__main__":
    main()
