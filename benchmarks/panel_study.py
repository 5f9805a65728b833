"""Ten cities of the registry: does the diagnosis say what is generally known of them?

    python benchmarks/panel_study.py DATA [--cities 兰州,金昌,…] [--top 5]

DATA holds ``registry/``. Gansu's cities have every readable record, the others the firms of the national sample (about a
fifth); the reference is the sample, so shares are alike and counts are not. Prints for each city its strongest segments
and chains, first findings, health of its largest chain, and nearest peers; last, who stands nearest to whom of the ten.
``docs/methods/panel-study.md`` reads the output.
"""

import argparse
from pathlib import Path

import polars as pl
from placement import chain_maps

from lianpu.analysis.comparison import lacking, peers
from lianpu.analysis.coverage import Reference, coverage
from lianpu.analysis.diagnosis import diagnose_many, explain, sensitivity
from lianpu.analysis.health import health
from lianpu.analysis.placement import Placer, place_many
from lianpu.chains.maps import shipped

CITIES = "甘肃兰州,甘肃金昌,甘肃嘉峪关,甘肃白银,甘肃天水,浙江温州,广东佛山,江苏苏州,江西景德镇,黑龙江大庆"
KNOWN = {  # what is generally known of each city, as segments of the maps; written after a first look at the output
    "甘肃兰州": ("SH-1201", "SH-2101", "ZB-3101", "XC-2102", "SW-2601", "YC-2202"),
    "甘肃金昌": ("YS-1103", "YS-2105", "YS-2102", "QS-2202"),
    "甘肃嘉峪关": ("YS-2401", "YS-2402", "YS-2101"),
    "甘肃白银": ("YS-2102", "YS-2103", "YS-2104", "YS-2112", "SH-2205"),
    "甘肃天水": ("DX-1202", "DX-1203", "ZB-2304", "ZB-2305"),
    "浙江温州": ("QS-2311", "ZB-2305", "ZB-2203", "QS-2308", "YC-3104"),
    "广东佛山": ("JC-2205", "QS-2505", "QS-2404", "YS-3102"),
    "江苏苏州": ("SH-2501", "QS-2303", "DX-1209", "DX-2101"),
    "江西景德镇": ("QS-2504", "XC-2501", "ZB-3302", "QS-2505"),
    "黑龙江大庆": ("SH-1101", "SH-4101", "ZB-3102", "SH-1201", "SH-2101"),
}
LEAST_FIRMS = 30  # mapped, or a city is nobody's peer


def maps() -> tuple[pl.DataFrame, pl.DataFrame, dict[str, str]]:
    """Segments and flows of the shipped maps as a diagnosis takes them, and the names of the chains."""
    segments = [
        (
            leaf.code,
            one.code,
            leaf.name,
            leaf.parent,
            leaf.stage,
            leaf.is_key,
            leaf.filled_by,
            1.0,
            leaf.fed_from or None,
        )
        for one in shipped()
        for leaf in one.leaves
    ]
    flows = [(flow.source, flow.target, flow.via, float(flow.weight)) for one in shipped() for flow in one.flows]
    columns = ("code", "chain", "name", "parent", "stage", "key", "filled_by", "importance", "fed_from")
    return (
        pl.DataFrame(segments, schema=columns, orient="row", infer_schema_length=None),
        pl.DataFrame(flows, schema=("source", "target", "via", "weight"), orient="row"),
        {one.code: one.name for one in shipped()},
    )


def real_firms(data: Path, segments: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Placements of all firms (each once, Gansu whole), and those of the national sample alone: the reference."""
    files = [pl.read_parquet(data / "registry" / f"{name}.parquet") for name in ("gansu", "national-sample")]
    firms = pl.concat([one.select("uscc", "name", "scope", "province", "city") for one in files])
    firms = firms.filter(pl.col("name").is_not_null()).unique("uscc", keep="first", maintain_order=True)
    firms = firms.with_row_index("row").with_columns(sampled=pl.col("uscc").is_in(files[1]["uscc"].implode()))
    placed = place_many(Placer.fit(*chain_maps(), None), firms.select("name", "scope"), processes=2)
    rows = (
        placed.join(firms.with_columns(pl.col("row").cast(placed.schema["row"])), on="row")
        .filter(pl.col("code").is_in(segments["code"].implode()))
        .select(
            "role",
            "sampled",
            firm="row",
            place=pl.col("province") + pl.col("city").fill_null(""),
            segment="code",
            confidence="score",
            scale=pl.lit(None, dtype=pl.Float64),
            above_scale=pl.lit(None, dtype=pl.Boolean),
        )
    )
    return rows.filter(pl.col("place").is_not_null()), rows.filter("sampled")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument(
        "--cities", default=CITIES, help="comma-separated, province and city as the registry has them"
    )
    arguments.add_argument("--top", type=int, default=6)
    options = arguments.parse_args()
    cities, top = options.cities.split(","), options.top
    segments, flows, chains = maps()
    names = dict(segments.select("code", "name").rows())
    firms, sample = real_firms(options.data, segments)
    reference = Reference.of(sample, segments)
    everywhere = coverage(firms, segments, reference)
    found = diagnose_many(segments, flows, firms, reference, cities)
    figures = health(segments, flows, firms, reference, places=cities)
    flips = sensitivity(found.findings)
    print(
        f"{firms['firm'].n_unique():,} placed firms in {firms['place'].n_unique()} places; reference {reference.total:,}"
    )
    makers = segments.filter(pl.col("filled_by") == "makes").select(segment="code")
    mix = everywhere.join(makers, on="segment", how="semi")  # shops are everywhere and would make all cities alike
    right: dict[str, int] = {}
    for city in cities:
        one = found.states.filter(pl.col("place") == city)
        about = found.chains.filter(pl.col("place") == city)
        states = dict(one["state"].value_counts().rows())
        print(
            f"\n== {city}: {one['base'][0]} mapped firms; " + ", ".join(f"{s} {n}" for s, n in sorted(states.items()))
        )
        surest = one.filter((pl.col("state") == "strong") & (pl.col("n") >= 3)).sort(
            "lq_low", "segment", descending=[True, False]
        )
        print(
            "surest strong: "
            + "; ".join(
                f"{row['name']} {row['n']} (LQ {row['lq']:.1f}, ≥ {row['lq_low']:.1f})"
                for row in surest.head(top).iter_rows(named=True)
            )
        )
        sure = (
            one.filter((pl.col("state") == "strong") & pl.col("sure"))
            .group_by("chain")
            .len()
            .sort("len", "chain", descending=[True, False])
        )
        print("chains by sure strong segments: " + ", ".join(f"{chains[c]} {n}" for c, n in sure.head(4).rows()))
        for code in KNOWN.get(city, ()):
            row = one.row(by_predicate=pl.col("segment") == code, named=True)
            right[row["state"]] = right.get(row["state"], 0) + 1
            print(f"  known for {row['name']}: {row['state']}, {row['n']} firms of {row['expected']:.1f} expected")
        print("first findings:")
        best = found.findings.filter((pl.col("place") == city) & pl.col("sure")).sort(
            "score", "segment", descending=[True, False]
        )
        for row in best.head(3).iter_rows(named=True):
            print("  " + explain(row, names, reference="样本"))
        chain = sure["chain"][0] if sure.height else about.sort("firms", descending=True)["chain"][0]
        print(f"health of {chains[chain]}:")
        for row in figures.filter((pl.col("place") == city) & (pl.col("chain") == chain)).iter_rows(named=True):
            value = row["reason"] or f"{row['numerator']:g} / {row['denominator']:g} = {row['rate']:.2f}"
            print(f"  {row['measure']:20s} {value}")
        near = peers(mix, city, least=LEAST_FIRMS)
        print("alike in mix: " + ", ".join(f"{o} {c:.2f}" for o, c in near.select("other", "cosine").head(5).rows()))
        alike = near["other"].head(5).to_list()
        theirs = diagnose_many(segments, flows, firms, reference, [city, *alike])
        gaps = lacking(theirs.states, city, alike).head(4)
        print(
            "those have, it lacks: "
            + ", ".join(f"{row['name']} {row['have']}/{row['asked']}" for row in gaps.iter_rows(named=True))
        )
    first = flips.filter("in_top")
    print(
        f"\n{int(first['flips'].sum())} of {first.height} first-three findings leave the first three at ±20 % of one weight"
    )
    print(f"segments the cities are known for: {', '.join(f'{state} {n}' for state, n in sorted(right.items()))}")
    print("nearest of the ten by mix:")
    ten = mix.filter(pl.col("place").is_in(cities))
    for city in cities:
        near = peers(ten, city, least=LEAST_FIRMS).head(2)
        print(f"  {city}: " + ", ".join(f"{o} {c:.2f}" for o, c in near.select("other", "cosine").rows()))


if __name__ == "__main__":
    main()
