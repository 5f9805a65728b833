"""Diagnosis of one city and of 500 cities on made-up chains and firms.

Claim: one city with 500 segments and 30,000 placements ≤ 1 s; 500 cities ≤ 60 s on two cores, and the batch costs no
more a city than the single call, each with the probability of entry of all that the city lacks. Run: ``python benchmarks/diagnosis.py [cities] [placements a city]``.
"""

import resource
import sys
import time

import numpy as np
import polars as pl

from lianpu.analysis.coverage import Reference
from lianpu.analysis.diagnosis import Likelihood, diagnose, diagnose_many, sensitivity
from lianpu.analysis.entry import EntryModel

CHAINS, SEGMENTS_A_CHAIN = 12, 42


def chain_maps(rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Twelve chains of 42 segments in six groups; every segment feeds three later ones, a tenth of them elsewhere."""
    rows, flows = [], []
    codes = [[f"C{c:02d}-{s // 7 + 1}{s % 7 + 1:02d}" for s in range(SEGMENTS_A_CHAIN)] for c in range(CHAINS)]
    stages = ("upstream", "midstream", "midstream", "downstream", "downstream", "support")
    for c, chain in enumerate(codes):
        for s, code in enumerate(chain):
            rows.append((code, f"C{c:02d}", code, code[:5], stages[s // 7], bool(rng.random() < 0.3), "makes", 1.0))
            later = range(s + 1, SEGMENTS_A_CHAIN)
            for t in rng.choice(later, min(3, len(later)), replace=False) if later else ():
                other = codes[rng.integers(CHAINS)] if rng.random() < 0.1 else chain
                flows.append((code, other[t], "product", float(rng.integers(1, 4))))
    columns = ("code", "chain", "name", "parent", "stage", "key", "filled_by", "importance")
    return (
        pl.DataFrame(rows, schema=columns, orient="row"),
        pl.DataFrame(flows, schema=("source", "target", "via", "weight"), orient="row"),
    )


def placements(rng: np.random.Generator, codes: pl.Series, cities: int, rows_a_city: int) -> pl.DataFrame:
    """About three placements a firm, segments of very unequal size, each city leaning to some of them."""
    size = rng.zipf(1.5, len(codes)).clip(max=500)
    parts = []
    for city in range(cities):
        weight = size * rng.lognormal(0, 1.5, len(codes)) * (rng.random(len(codes)) < 0.7)
        segment = rng.choice(len(codes), rows_a_city, p=weight / weight.sum())
        firm = rng.integers(0, rows_a_city // 3, rows_a_city) + city * rows_a_city
        parts.append(
            pl.DataFrame(
                {
                    "firm": firm,
                    "place": pl.repeat(f"{city:06d}", rows_a_city, eager=True),
                    "segment": codes.gather(segment),
                    "role": pl.Series(np.where(rng.random(rows_a_city) < 0.7, "makes", "trades"), dtype=pl.String),
                    "confidence": rng.uniform(0.3, 1, rows_a_city),
                    "scale": rng.lognormal(6, 2, rows_a_city),
                    "above_scale": pl.repeat(None, rows_a_city, dtype=pl.Boolean, eager=True),
                }
            )
        )
    return pl.concat(parts)


def counts(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("place", "segment").agg(value=pl.len().cast(pl.Float64)).sort("place", "segment")


def main() -> None:
    cities = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rows_a_city = int(sys.argv[2]) if len(sys.argv) > 2 else 30_000
    rng = np.random.default_rng(20240601)
    segments, flows = chain_maps(rng)
    firms = placements(rng, segments["code"], cities, rows_a_city)
    reference = Reference.of(firms, segments)
    print(f"{segments.height} segments, {flows.height} flows, {cities} cities, {firms.height:,} placements")

    one = firms.filter(pl.col("place") == "000000")
    # the later half of the firms came; taught on a hundred cities, as a reference teaches when it is loaded
    filling = firms.filter(pl.col("role") == "makes", pl.col("confidence") >= 0.5)
    taught = filling.filter(pl.col("place").cast(pl.Int64) < min(cities, 100))
    started = time.perf_counter()
    model = EntryModel.fit(
        counts(taught.filter(pl.col("firm") % 20 == 0)), counts(taught.filter(pl.col("firm") % 20 == 1))
    )
    print(f"teaching entry (once a reference): {time.perf_counter() - started:.2f} s")

    def likely(rows: pl.DataFrame) -> Likelihood:
        return Likelihood(model.score(counts(rows)), 0.1)

    diagnose(segments, flows, one, reference, "000000")  # imports of scipy are not the method's cost
    started = time.perf_counter()
    chances = likely(filling.filter(pl.col("place") == "000000"))
    asked = time.perf_counter() - started
    single = diagnose(segments, flows, one, reference, "000000", likelihood=chances)
    seconds = time.perf_counter() - started
    print(
        f"one city:   {seconds:6.2f} s, {single.findings.height} findings (budget 1 s: {1 / seconds:.0f} × inside); entry {asked:.2f} s of it"
    )

    started = time.perf_counter()
    batch = diagnose_many(segments, flows, firms, reference, likelihood=likely(filling))
    many = time.perf_counter() - started
    print(f"all cities: {many:6.2f} s, {batch.findings.height:,} findings (budget {0.12 * cities:.0f} s)")
    print(f"a city in the batch costs {many / cities / seconds:.2f} × the single call")
    started = time.perf_counter()
    flips = sensitivity(batch.findings)["flips"].to_numpy().mean()
    print(f"sensitivity of all findings: {time.perf_counter() - started:.2f} s, {flips:.1%} flip at ±20 %")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
