"""Fits the confidence of placement to the marked firms, and writes it to ``lianpu.analysis.placement.learned``.

    python benchmarks/placement_confidence.py DATA [--write]

DATA is the folder of the real data. A logistic function of the facts with a ridge, and of a leaning of each segment in each
role that is drawn to nothing the harder the fewer pairs speak for it. Part of the firms were read with at most five lines a
firm; for them the function has terms of its own, which say how such a reader differs and are left out afterwards. Prints
weights; figures of firms left out are printed by ``placement_accuracy.py DATA own``.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
from placement import chain_maps

from lianpu.analysis.placement import Placer
from lianpu.analysis.placement.confidence import FACTS, MOST_OVER_STRENGTH, facts
from lianpu.analysis.placement.lexicon import ROLES

RIDGE = 1.0  # on the weights of the facts
FIRMNESS = (
    3.0,
    0.4,
    0.5,
    0.5,
)  # on the leanings, by role; words were chosen beside these firms, most of all for makers
ARGUABLE = 0.5  # weight of a pair of which the reader was not sure
FOLDS = 10
LEARNED = Path(__file__).parent.parent / "src" / "lianpu" / "analysis" / "placement" / "learned.py"
_SPREAD, _LATE = (
    FACTS.index("log of the segments told of the firm"),
    FACTS.index("log of the place among them by first mention"),
)


@dataclass(frozen=True, slots=True)
class Examples:
    """Pairs of marked firms: ``facts``, number of the ``leaning`` (code × role), whether the readers named them.

    ``most`` is the highest confidence that the evidence allows; ``fold`` is by firm."""

    firm: list[str]
    code: list[str]
    facts: np.ndarray
    leaning: np.ndarray
    right: np.ndarray
    five: np.ndarray
    most: np.ndarray
    trust: np.ndarray
    fold: np.ndarray


def examples(placer: Placer, firms: pl.DataFrame, marks: pl.DataFrame) -> Examples:
    """``firms`` has uscc, name, scope; ``marks`` uscc, segment, role, reading. Folds are drawn by firm (seed 0)."""
    found = placer._matcher.evidence(firms["name"], firms["scope"])
    role = np.log2(np.maximum(found.role, 1)).astype(np.int64)
    firm = firms["uscc"].gather(found.pair_row).to_list()
    code = [placer._codes[place] for place in found.pair_code]
    said = {(uscc, segment): role for uscc, segment, role in marks.select("uscc", "segment", "role").iter_rows()}
    arguable = set(marks.filter(pl.col("sure") == 0).select("uscc", "segment").iter_rows())
    five = set(marks.filter(pl.col("reading") == "five")["uscc"])
    right = [said.get((who, what)) == ROLES[place] for who, what, place in zip(firm, code, role, strict=True)]
    fold = np.random.default_rng(0).permutation(firms.height) % FOLDS
    return Examples(
        firm,
        code,
        facts(found, placer._matcher, firms["name"]),
        found.pair_code * len(ROLES) + role,
        np.array(right, dtype=float),
        np.array([who in five for who in firm], dtype=float),
        MOST_OVER_STRENGTH * found.score,
        np.array([ARGUABLE if pair in arguable else 1.0 for pair in zip(firm, code, strict=True)]),
        fold[found.pair_row],
    )


def fit(known: Examples, keep: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the facts and leanings (``size`` of them), by Newton's method; the leanings are eliminated blockwise."""
    five = known.five[keep]
    plain = known.facts[keep]
    trades = known.leaning[keep] % len(ROLES) == ROLES.index("trades")
    bent = np.column_stack(
        [five, five * trades, five * plain[:, _SPREAD], five * plain[:, _LATE], five * trades * plain[:, _SPREAD]]
    )
    table = np.column_stack([plain, bent])
    ridge = np.full(table.shape[1], RIDGE)
    ridge[0] = 0.01
    ridge[len(FACTS) :] = 0.5
    firmness = np.resize(FIRMNESS, size)
    group, right, trust = known.leaning[keep], known.right[keep], known.trust[keep]
    weights, leaning = np.zeros(table.shape[1]), np.zeros(size)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-(table @ weights + leaning[group])))
        steep = trust * chance * (1 - chance)
        miss = trust * (right - chance)
        slope = table.T @ miss - ridge * weights
        slopes = np.bincount(group, miss, minlength=size) - firmness * leaning
        own = np.bincount(group, steep, minlength=size) + firmness
        cross = np.zeros((size, table.shape[1]))
        np.add.at(cross, group, table * steep[:, None])
        curve = (table * steep[:, None]).T @ table + np.diag(ridge) - cross.T @ (cross / own[:, None])
        step = np.linalg.solve(curve, slope - cross.T @ (slopes / own))
        weights = weights + step
        leaning = leaning + (slopes - cross @ step) / own
        if np.abs(step).max() < 1e-9:
            break
    return weights[: len(FACTS)], leaning


def left_out(placer: Placer, firms: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    """uscc, code, score: confidence of every pair by weights and leanings fitted without the firms of its fold."""
    known = examples(placer, firms, marks)
    size = len(placer._codes) * len(ROLES)
    score = np.zeros(len(known.firm))
    for fold in range(FOLDS):
        out = known.fold == fold
        weights, leaning = fit(known, ~out, size)
        score[out] = 1 / (1 + np.exp(-(known.facts[out] @ weights + leaning[known.leaning[out]])))
    return pl.DataFrame({"uscc": known.firm, "code": known.code, "score": np.minimum(score, known.most)})


def written(weights: np.ndarray, leaning: np.ndarray, codes: list[str]) -> str:
    """The module of what was learned; leanings are rounded to 0.1, and those below are left out."""
    lines = [
        '"""What the marked firms teach the confidence. Written by ``benchmarks/placement_confidence.py``; not by hand."""',
        "",
        "#: Log odds by fact, see ``confidence``.",
        "WEIGHTS: dict[str, float] = {",
        *(f'    "{fact}": {weight:.2f},' for fact, weight in zip(FACTS, weights, strict=True)),
        "}",
        "#: Log odds that readers add for a segment in a role, as code:value.",
        "LEANINGS: dict[str, str] = {",
    ]
    table = leaning.reshape(len(codes), len(ROLES)).round(1)
    for place, role in enumerate(ROLES):
        entries = [f"{code}:{value:+.1f}" for code, value in zip(codes, table[:, place], strict=True) if value]
        lines.append(f'    "{role}": """')
        lines += ["        " + " ".join(entries[at : at + 8]) for at in range(0, len(entries), 8)]
        lines.append('    """,')
    return "\n".join([*lines, "}", ""])


def main() -> None:
    from placement_accuracy import marked

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    placer = Placer.fit(*chain_maps())
    known = examples(placer, *marked(options.data, "dev"))
    weights, leaning = fit(known, np.ones(len(known.firm), dtype=bool), len(placer._codes) * len(ROLES))
    for fact, weight in zip(FACTS, weights, strict=True):
        print(f"{fact:<48}{weight:+.2f}")
    if options.write:
        LEARNED.write_text(written(weights, leaning, placer._codes), encoding="utf-8")


if __name__ == "__main__":
    main()
