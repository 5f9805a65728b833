"""How fast placement is, as a ratio to the bare multi-pattern scan of the same texts in the same run.

    python benchmarks/placement.py DATA [--rows 200000] [--processes 2]

DATA is the folder of the real data (it holds ``registry/national-sample.parquet``). The taxonomy is the shipped chain maps.
Rows beyond the file repeat it: ``--rows 1100000`` is the size of the national registry. The bare scan finds the same product
terms with ahocorasick_rs, text by text in one process, and does nothing with them; placement also parses the clauses, reads the
names, weighs, ranks and cuts out the evidence. The ratio of one process is of processor time, which other work on the machine
disturbs least; that of several processes is of the clock and includes their start and the loading of the placer.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import yaml
from ahocorasick_rs import AhoCorasick, MatchKind

from lianpu.analysis.placement import Placer, place_many
from lianpu.analysis.placement.texts import normalise

MAPS = Path(__file__).parent.parent / "src" / "lianpu" / "chains" / "data"


def chain_maps() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Taxonomy and products of the shipped chain maps."""
    taxonomy: dict[str, tuple[str, str, str | None, str | None]] = {}
    products: dict[tuple[str, str], float] = {}
    for path in sorted(MAPS.glob("*.yaml")):
        chain = yaml.safe_load(path.read_text(encoding="utf-8"))
        taxonomy[chain["code"]] = (chain["code"], chain["name"], None, None)
        for group in chain["groups"]:
            taxonomy[group["code"]] = (group["code"], group["name"], chain["code"], None)
            for segment in group["segments"]:
                code = segment["code"]
                taxonomy[code] = (code, segment["name"], group["code"], segment.get("filled_by"))
                for name, aliases in {
                    **segment["products"],
                    **{term: [] for term in segment.get("shared") or {}},
                }.items():
                    products.update(dict.fromkeys(((term, code) for term in [name, *(aliases or [])]), 1.0))
    return (
        pl.DataFrame(list(taxonomy.values()), schema=["code", "name", "parent", "filled_by"], orient="row"),
        pl.DataFrame(
            [(term, code, weight) for (term, code), weight in products.items()],
            schema=["product", "code", "weight"],
            orient="row",
        ),
    )


def seconds(job: Callable[[], object], runs: int) -> tuple[float, float]:
    """Least processor time and least clock time of a few runs."""
    times = []
    for _ in range(runs):
        start = time.process_time(), time.perf_counter()
        job()
        times.append((time.process_time() - start[0], time.perf_counter() - start[1]))
    return min(cpu for cpu, _ in times), min(clock for _, clock in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    firms = pl.read_parquet(options.data / "registry" / "national-sample.parquet", columns=["name", "scope"])
    firms = pl.concat([firms] * (options.rows // firms.height + 1))[: options.rows]
    taxonomy, products = chain_maps()
    placer = Placer.fit(taxonomy, products, None)
    terms = sorted({normalise(term) for term in products["product"]})
    bare = AhoCorasick(terms, matchkind=MatchKind.LeftmostLongest, store_patterns=False)
    texts = firms["scope"].fill_null("").to_list()
    print(f"{taxonomy.height} codes, {len(terms)} terms, {len(texts)} texts, placer {placer.version}")
    size = len(texts)
    scan_cpu, scan = seconds(lambda: [bare.find_matches_as_indexes(text) for text in texts], runs=3)
    print(
        f"bare scan, one process     {size / scan:>9,.0f} texts/s   {size / scan_cpu:>9,.0f} per processor second   ratio 1.00"
    )
    cpu, clock = seconds(lambda: placer.place(firms), runs=3)
    print(
        f"placement, one process     {size / clock:>9,.0f} texts/s   {size / cpu:>9,.0f} per processor second   ratio {scan_cpu / cpu:.2f}"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "placer.zip")
        placer.save(path)
        _, many = seconds(lambda: place_many(path, firms, processes=options.processes), runs=1)
    print(
        f"placement, {options.processes} processes     {size / many:>9,.0f} texts/s   ratio {scan / many:.2f} by the clock"
    )
    own, children = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"peak memory: this process {own:,.0f} MiB, largest worker {children:,.0f} MiB")
    print(f"the national registry (1.1 million firms) at this speed: {1_100_000 * many / len(texts):.0f} s")


if __name__ == "__main__":
    main()
