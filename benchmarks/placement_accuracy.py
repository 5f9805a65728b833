"""How right placement is: our own twelve chains on firms marked by hand, the clause parser, and Shenwan level 3.

    python benchmarks/placement_accuracy.py DATA [own] [test] [clauses] [shenwan] [--seeds 1] [--folds 5]

DATA is the folder of the real data. Without a word all parts but ``test`` run; the Shenwan part takes some minutes. The marks are in
``tests/data/placement``: USCC, segment, role; the texts stay in DATA.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
from placement import chain_maps
from placement_confidence import left_out

from lianpu.analysis.placement import Placer, parse

MARKS = Path(__file__).parent.parent / "tests" / "data" / "placement"
COUNTED = 0.5  # from this confidence on a diagnosis counts a placement
ROLES = ("makes", "trades", "serves", "researches")


# ── our own segments ──


def marked(data: Path, part: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Firms of one part (uscc, name, scope, stratum, weight: how many firms of the registers it stands for), and their marks.

    ``reading`` of a mark is "all", or "five" where the reader had five lines a firm at most.
    """
    registers = [pl.read_parquet(data / "registry" / f"{name}.parquet") for name in ("gansu", "national-sample")]
    firms = pl.concat([register.select("uscc", "name", "scope") for register in registers])
    firms = firms.drop_nulls("scope").unique("uscc", keep="first", maintain_order=True)
    sample = pl.read_csv(MARKS / "sample.csv").filter(pl.col("part") == part)
    marks = pl.read_csv(MARKS / f"marks-{part}.csv")
    if "reading" not in marks.columns:
        marks = marks.with_columns(reading=pl.lit("all"))
    return sample.join(firms, on="uscc", maintain_order="left"), marks


def pairs(placer: Placer, firms: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    """Every pair that the placer names: uscc, code, role, score, weight, right (same segment and role as marked), known, sure.

    Where a reader had five lines at most and used them, it is not ``known`` whether a pair that he did not mark is right.
    A pair is ``sure`` unless the reader found its mark arguable.
    """
    who = firms.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), "uscc", "weight")
    said = marks.select("uscc", "sure", code="segment", said="role")
    placed = placer.place(firms.select("name", "scope"), top_k=1_000).join(who, on="row")
    placed = placed.join(said, on=["uscc", "code"], how="left", maintain_order="left")
    full = marks.filter(pl.col("reading") == "five").group_by("uscc").len().filter(pl.col("len") >= 5)["uscc"]
    known = ~pl.col("uscc").is_in(full.implode()) | pl.col("said").is_not_null()
    return placed.with_columns(
        right=(pl.col("role") == pl.col("said")).fill_null(value=False),
        known=known,
        sure=pl.col("sure").fill_null(1) > 0,
    )


def left_out_pairs(placer: Placer, firms: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    """:func:`pairs` of marked firms that taught the confidence, each with the confidence learned without its fold."""
    return pairs(placer, firms, marks).drop("score").join(left_out(placer, firms, marks), on=["uscc", "code"])


def calibration_error(score: np.ndarray, right: np.ndarray, weight: np.ndarray, bands: int = 10) -> float:
    """Expected calibration error over ``bands`` bands of equal weight."""
    order = np.argsort(score, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    band = np.minimum((share * bands).astype(int), bands - 1)
    gap = np.bincount(band, (weight * (score - right))[order], minlength=bands)
    return float(np.abs(gap).sum() / weight.sum())


def own_figures(
    placed: pl.DataFrame, firms: pl.DataFrame, marks: pl.DataFrame, *, weighted: bool, strict: bool = False
) -> dict[str, float]:
    """makes_precision, makes_recall (also over main businesses), none, any role's precision and recall, ece.

    Arguable marks are left out, as if there were neither mark nor pair; where ``strict``, they count as any other.
    """
    if not strict:
        placed, marks = placed.filter("sure"), marks.filter(pl.col("sure") == 1)
    weight = dict(firms.select("uscc", "weight").iter_rows()) if weighted else dict.fromkeys(firms["uscc"], 1.0)

    def total(frame: pl.DataFrame) -> float:
        return sum(weight[firm] for firm in frame["uscc"])

    counted = placed.filter(pl.col("score") >= COUNTED)
    makes = counted.filter(pl.col("role") == "makes")
    true = marks.filter(pl.col("role") == "makes")
    hit = makes.filter("right")
    judged = placed.filter("known")
    none = marks.filter(pl.col("segment") == "none")
    quiet = none.join(counted, on="uscc", how="anti")
    known = marks.filter(pl.col("segment") != "none")
    main = true.filter(pl.col("main") == 1)
    found = main.join(hit.select("uscc", segment="code"), on=["uscc", "segment"], how="semi")
    each = np.array([weight[firm] for firm in judged["uscc"]])
    return {
        "makes_precision": total(hit) / total(makes.filter("known")),
        "makes_recall": total(hit) / total(true),
        "makes_recall_main": total(found) / total(main),
        "none": total(quiet) / total(none),
        "any_precision": total(counted.filter("right")) / total(counted.filter("known")),
        "any_recall": total(counted.filter("right")) / total(known),
        "ece": calibration_error(judged["score"].to_numpy(), judged["right"].to_numpy().astype(float), each),
    }


def spread(placed: pl.DataFrame, firms: pl.DataFrame, marks: pl.DataFrame, *, weighted: bool) -> dict[str, list[float]]:
    """2.5 and 97.5 percentiles of the figures over 100 draws of the firms with replacement (seed 0)."""
    random, drawn = np.random.default_rng(0), []
    lines = {key: frame.partition_by("uscc", as_dict=True) for key, frame in (("p", placed), ("m", marks))}
    for _ in range(100):
        some = firms[random.integers(0, firms.height, firms.height)].with_row_index("copy")
        names = [f"{uscc}/{copy}" for copy, uscc in some.select("copy", "uscc").iter_rows()]
        again = {
            key: pl.concat(
                [
                    table[(uscc,)].with_columns(uscc=pl.lit(name))
                    for name, uscc in zip(names, some["uscc"], strict=True)
                    if (uscc,) in table
                ]
            )
            for key, table in lines.items()
        }
        renamed = some.with_columns(uscc=pl.Series(names))
        drawn.append(own_figures(again["p"], renamed, again["m"], weighted=weighted))
    return {key: np.quantile([one[key] for one in drawn], [0.025, 0.975]).round(3).tolist() for key in drawn[0]}


def agreement() -> dict[str, float]:
    """How far the two readers of the test firms agree: F1 on (firm, segment) with role makes, on all; share of equal sets."""
    one, two = (pl.read_csv(MARKS / f"marks-{name}.csv") for name in ("pass1", "pass2"))

    def keys(frame: pl.DataFrame, role: str | None) -> set[tuple[str, str]]:
        frame = frame.filter(pl.col("segment") != "none")
        return set(
            (frame if role is None else frame.filter(pl.col("role") == role)).select("uscc", "segment").iter_rows()
        )

    found = {}
    for label, role in (("makes", "makes"), ("all", None)):
        a, b = keys(one, role), keys(two, role)
        found[f"f1_{label}"] = 2 * len(a & b) / (len(a) + len(b))
    firms = set(one["uscc"]) | set(two["uscc"])
    sets = [{uscc: set() for uscc in firms} for _ in range(2)]
    for table, frame in zip(sets, (one, two), strict=True):
        for uscc, segment in frame.select("uscc", "segment").iter_rows():
            table[uscc].add(segment)
    found["equal_sets"] = sum(sets[0][uscc] == sets[1][uscc] for uscc in firms) / len(firms)
    return found


def best_threshold(placed: pl.DataFrame, marks: pl.DataFrame, wanted: float) -> tuple[float, float]:
    """Least confidence from which makes are right as often as ``wanted``, and the recall there."""
    makes = placed.filter(pl.col("role") == "makes", "known", "sure").sort("score", descending=True)
    hits = makes["right"].cast(pl.Int64).cum_sum().to_numpy()
    enough = np.flatnonzero(hits / np.arange(1, makes.height + 1) >= wanted)
    if not len(enough):
        return 1.0, 0.0
    return makes["score"][int(enough[-1])], hits[enough[-1]] / marks.filter(
        pl.col("role") == "makes", pl.col("sure") == 1
    ).height


def own(data: Path) -> None:
    """Development firms by a confidence learned without them: those read in full, and those read with five lines."""
    placer = Placer.fit(*chain_maps())
    firms, marks = marked(data, "dev")
    sets = []
    everything = left_out_pairs(placer, firms, marks)
    for reading, title in (("all", "development, read in full"), ("five", "development, read with five lines")):
        some = marks.filter(pl.col("reading") == reading)
        who = some.select("uscc").unique()
        chosen = (frame.join(who, on="uscc", how="semi", maintain_order="left") for frame in (everything, firms))
        sets.append((title, *chosen, some))
    for one in sets:
        told(*one)


def test(data: Path) -> None:
    """Test firms by the shipped confidence. No part of a run without words: who looks often tunes to it."""
    firms, marks = marked(data, "test")
    told("test", pairs(Placer.fit(*chain_maps()), firms, marks), firms, marks)


def told(title: str, placed: pl.DataFrame, firms: pl.DataFrame, marks: pl.DataFrame) -> None:
    """Print the figures of one set of firms."""
    for weighted in (False, True):
        figures, limits = (job(placed, firms, marks, weighted=weighted) for job in (own_figures, spread))
        strict = own_figures(placed, firms, marks, weighted=weighted, strict=True)
        print(f"{title}, {'weighted to the registers' if weighted else 'unweighted'}; arguable marks out, and in:")
        for key, value in figures.items():
            print(f"    {key:<24}{value:.3f}   {limits[key]}   {strict[key]:.3f}")
    for wanted in (0.9, 0.95):
        least, recall = best_threshold(placed, marks, wanted)
        print(f"    makes right {wanted}: from confidence {least:.2f}, recall {recall:.2f}")
    known = placed.filter("known")
    for low in np.arange(0, 1, 0.1):
        band = known.filter(pl.col("score").is_between(low, low + 0.1, closed="left"))
        if band.height:
            print(
                f"    score {low:.1f}–{low + 0.1:.1f}: {band.height} pairs, said {band['score'].mean():.2f}, right {band['right'].mean():.2f}"
            )


# ── the clause parser ──


def clause_figures(data: Path) -> dict[str, float]:
    """Precision and recall of (object, role), and of "excluded", over clauses marked by hand."""
    lines = [json.loads(line) for line in (MARKS / "clauses.jsonl").read_text(encoding="utf-8").splitlines()]
    wanted = {line["hash"] for line in lines}
    scopes = {}
    for name in ("gansu", "national-sample"):
        for scope in pl.read_parquet(data / "registry" / f"{name}.parquet", columns=["scope"])["scope"].drop_nulls():
            key = hashlib.sha256(scope.encode()).hexdigest()
            if key in wanted:
                scopes[key] = scope
    count: Counter[str] = Counter()
    for line in lines:
        parts = parse(scopes[line["hash"]])
        for start, end, roles in line["objects"]:
            over = [part for part in parts if part.start < end and part.end > start]
            taken = bool(over) and all(part.excluded for part in over)
            count["excluded_true"] += "excluded" in roles
            count["excluded_said"] += taken
            count["excluded_hit"] += taken and "excluded" in roles
            if "excluded" in roles:
                continue
            true = {role for role in roles if role in ROLES}
            # the last words of the object speak: its head
            said = (
                set(max((part for part in over if not part.excluded), key=lambda part: part.end).roles)
                if not taken and over
                else set()
            )
            count["true"] += len(true)
            count["said"] += len(said)
            count["hit"] += len(true & said)
            count["objects"] += 1
            count["exact"] += true == said
    return {
        "clauses": len(lines),
        "objects": count["objects"],
        "role_precision": count["hit"] / count["said"],
        "role_recall": count["hit"] / count["true"],
        "roles_exactly": count["exact"] / count["objects"],
        "excluded_precision": count["excluded_hit"] / count["excluded_said"],
        "excluded_recall": count["excluded_hit"] / count["excluded_true"],
    }


# ── Shenwan level 3 ──


def listed(data: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Taxonomy (code, name, parent), listed firms with scope (code6, code, name, scope), products of all (code6, …)."""
    folder = data / "chain-graph"
    taxonomy = pl.read_parquet(folder / "industry.parquet")
    leaves = taxonomy.filter(pl.col("level") == 3)["code"].implode()
    industry = pl.read_parquet(folder / "company_industry.parquet").unique("code6", keep="first", maintain_order=True)
    industry = industry.filter(pl.col("industry_code").is_in(leaves)).select("code6", code="industry_code")
    firms = pl.read_parquet(folder / "company_registry_link.parquet").join(industry, on="code6").sort("code6")
    products = pl.read_parquet(folder / "company_product.parquet").drop("code").join(industry, on="code6")
    return (
        taxonomy.select("code", "name", "parent"),
        firms.select("code6", "code", "scope", name="fullname"),
        products.select("code6", "product", "code", "weight"),
    )


def shenwan(data: Path, seeds: int, folds: int) -> None:
    taxonomy, firms, products = listed(data)
    above, called = (
        dict(taxonomy.select("code", "parent").iter_rows()),
        dict(taxonomy.select("code", "name").iter_rows()),
    )
    for setting in ("none", "of the teaching firms", "of all other companies"):
        figures, scores, firsts = [], [], []
        missed: Counter[tuple[str, str]] = Counter()
        for seed in range(seeds):
            for part in np.array_split(np.random.default_rng(seed).permutation(firms.height), folds):
                test = firms[np.sort(part)]
                teach = firms.join(test, on="code6", how="anti", maintain_order="left")
                known = {
                    "none": products.clear(),
                    "of the teaching firms": products.join(teach, on="code6", how="semi", maintain_order="left"),
                    "of all other companies": products.join(test, on="code6", how="anti", maintain_order="left"),
                }[setting]
                placer = Placer.fit(
                    taxonomy, known.select("product", "code", "weight"), teach.select("name", "scope", "code")
                )
                truth = test.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), truth="code")
                placed = truth.join(placer.place(test.select("name", "scope")), on="row", how="left")
                placed = placed.with_columns(right=(pl.col("code") == pl.col("truth")).fill_null(value=False))
                first = placed.filter(pl.col("rank").fill_null(1) == 1)
                parents = [above.get(code) == above[true] for code, true in first.select("code", "truth").iter_rows()]
                figures.append((placed["right"].sum() / test.height, first["right"].mean(), np.mean(parents)))
                scores += first["score"].fill_null(0).to_list()
                firsts += first["right"].to_list()
                missed.update(
                    (called[true], called.get(code, "—"))
                    for code, true, right in first.select("code", "truth", "right").iter_rows()
                    if not right
                )
        mean, error = 100 * np.mean(figures, axis=0), 100 * np.std(figures, axis=0) / np.sqrt(len(figures))
        ece = calibration_error(np.array(scores), np.array(firsts, dtype=float), np.ones(len(scores)))
        print(
            f"products {setting}: top-3 {mean[0]:.1f} ± {error[0]:.1f}, top-1 {mean[1]:.1f} ± {error[1]:.1f}, parent {mean[2]:.1f} ± {error[2]:.1f}, ECE {ece:.3f}"
        )
    held = Counter(called[code] for code in firms["code"])
    wrong = Counter(true for (true, _), number in missed.items() for _ in range(number))
    print(
        "most missed industries (missed of firms):",
        "; ".join(f"{name} {number / seeds:.0f}/{held[name]}" for name, number in wrong.most_common(20)),
    )
    print(
        "most confused:",
        "; ".join(f"{true} → {said} {number / seeds:.0f}" for (true, said), number in missed.most_common(20)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("parts", nargs="*", choices=["own", "test", "clauses", "shenwan", []])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folds", type=int, default=5)
    options = parser.parse_args()
    parts = options.parts or ["own", "clauses", "shenwan"]
    if "own" in parts:
        print("two readers:", {key: round(value, 3) for key, value in agreement().items()})
        own(options.data)
    if "test" in parts:
        test(options.data)
    if "clauses" in parts:
        print("clauses:", {key: round(value, 3) for key, value in clause_figures(options.data).items()})
    if "shenwan" in parts:
        shenwan(options.data, options.seeds, options.folds)


if __name__ == "__main__":
    main()
