"""How fast placement is, as a ratio to the bare multi-pattern scan of the same texts in the same run.

    python benchmarks/placement.py DATA [--rows 1100000] [--processes 2] [--peers]

DATA is the folder of the real data (it holds ``registry/national-sample.parquet``). The taxonomy is the shipped chain maps.
The bare scan finds the same product terms with ahocorasick_rs, text by text in one process, and does nothing with them;
placement also parses the clauses, reads the names, weighs, ranks and cuts out the evidence. Rates of one process are by
processor time, which other work on the machine disturbs least; those of several processes are by the clock and include their
start, the loading of the placer, reading the firms from a file and writing the placements to files.

Rows beyond the file repeat it: ``--rows 1100000`` is the size of the national registry. Equal stretches are shared only within
a batch of 10,000 rows, so that a repetition (200,000 rows further on) saves nothing; the line "distinct texts" leaves out every
scope that has been seen before, of which a registry has many.

``--peers`` measures what others would do with the first 20,000 texts, in the same run. Each only finds product words, or
predicts one segment; none knows activities, exceptions, roles or evidence. They are no dependency of ours:

    uv pip install --target /tmp/peers jieba flashtext pyahocorasick scikit-learn setuptools
    PYTHONPATH=/tmp/peers python benchmarks/placement.py DATA --peers
"""

import argparse
import importlib
import logging
import resource
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import polars as pl
import yaml
from ahocorasick_rs import AhoCorasick, MatchKind

from lianpu.analysis.placement import Placer
from lianpu.analysis.placement.texts import normalise
from lianpu.chains.scale import PART, place_file

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


def peers(texts: list[str], terms: list[str], placer: Placer) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and work of each peer that is installed."""
    known = set(terms)
    if found := installed("jieba"):
        found.setLogLevel(logging.ERROR)
        found.initialize()
        for term in terms:
            found.add_word(term, 3)
        yield (
            "jieba and a set of words",
            lambda: [[w for w in found.cut(text, HMM=False) if w in known] for text in texts],
        )
    if found := installed("flashtext"):
        keywords = found.KeywordProcessor(case_sensitive=True)
        for term in terms:
            keywords.add_keyword(term, term)
        yield "flashtext", lambda: [keywords.extract_keywords(text) for text in texts]
    if found := installed("ahocorasick"):
        automaton = found.Automaton()
        for number, term in enumerate(terms):
            automaton.add_word(term, number)
        automaton.make_automaton()
        yield "pyahocorasick", lambda: [list(automaton.iter_long(text)) for text in texts]
    if installed("sklearn"):
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline
        from sklearn.svm import LinearSVC

        # taught with our own first choice for 5,000 other texts: what it costs is asked, not how right it is
        taught = placer.place(pl.DataFrame({"name": "", "scope": texts[-5000:]}), top_k=1)
        model = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True), LinearSVC())
        model.fit([texts[-5000:][row] for row in taught["row"]], taught["code"].to_list())
        yield "scikit-learn, TF-IDF and linear SVM", lambda: model.predict(texts)


def installed(name: str) -> ModuleType | None:
    """The module, if it is there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError:
        print(f"({name} is not installed)")
        return None


def line(what: str, rate: float, ratio: float) -> None:
    print(f"{what:<44}{rate:>10,.0f} texts/s   ratio {ratio:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    sample = pl.read_parquet(options.data / "registry" / "national-sample.parquet", columns=["name", "scope"])
    taxonomy, products = chain_maps()
    placer = Placer.fit(taxonomy, products, None)
    terms = sorted({normalise(term) for term in products["product"]})
    bare = AhoCorasick(terms, matchkind=MatchKind.LeftmostLongest, store_patterns=False)
    print(f"{taxonomy.height} codes, {len(terms)} terms, placer {placer.version}")

    def scan(texts: list[str]) -> tuple[float, float]:
        return seconds(lambda: [bare.find_matches_as_indexes(text) for text in texts], runs=3)

    distinct = sample.unique("scope", maintain_order=True)
    for what, firms in (("the sample", sample), ("distinct texts", distinct)):
        size = firms.height
        scan_cpu, scan_clock = scan(firms["scope"].fill_null("").to_list())
        line(f"bare scan of {what}, one process", size / scan_cpu, 1)
        cpu, _ = seconds(lambda firms=firms: placer.place(firms), runs=3)  # type: ignore[misc]
        line(f"placement of {what}, one process", size / cpu, scan_cpu / cpu)
        many, peak = from_file(placer, firms, options.processes)
        line(f"placement of {what}, {options.processes} processes", size / many, scan_clock / many)
    per_text = scan_clock / size
    firms = pl.concat([sample] * (options.rows // sample.height + 1))[: options.rows]
    many, peak = from_file(placer, firms, options.processes)
    line(
        f"placement of {options.rows:,} rows, {options.processes} processes",
        options.rows / many,
        per_text * options.rows / many,
    )
    print(
        f"{many:.0f} s, from file to file; largest worker {peak:,.0f} MiB, {options.rows / many / options.processes:,.0f} rows/s a process"
    )
    if options.peers:
        texts = sample["scope"].fill_null("").head(20_000).to_list()
        cpu, _ = seconds(lambda: placer.place(sample.head(20_000)), runs=2)
        line("20,000 texts: placement, one process", len(texts) / cpu, 1)
        for name, work in peers(texts, terms, placer):
            theirs, _ = seconds(work, runs=1)
            line(f"    {name}", len(texts) / theirs, theirs / cpu)


def from_file(placer: Placer, firms: pl.DataFrame, processes: int) -> tuple[float, float]:
    """Seconds by the clock, and MiB of the largest worker, of placing from file to file."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "firms.parquet")
        firms.with_row_index("uscc").write_parquet(source, row_group_size=PART)
        start = time.perf_counter()
        place_file(placer, str(source), Path(folder, "placed"), processes=processes, progress=lambda *_: None)
        return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


if __name__ == "__main__":
    main()
