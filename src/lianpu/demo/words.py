"""The data files of the sample city as Python values."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

DATA = Path(__file__).resolve().parent / "data"
SEED = "lianpu-sample-2021"

DISTRICTS: Mapping[str, str] = {
    "城关": "620102",
    "七里河": "620103",
    "西固": "620104",
    "安宁": "620105",
    "红古": "620111",
    "永登": "620121",
    "皋兰": "620122",
    "榆中": "620123",
}
ZONES: Mapping[str, str] = {"新区": "620171", "高新": "6201GX", "经开": "6201JK"}

Shares = tuple[tuple[str, ...], tuple[int, ...]]


@cache
def table(name: str) -> Any:
    """The content of ``data/<name>.yaml``, read once."""
    return yaml.safe_load((DATA / f"{name}.yaml").read_bytes())


def stream(*parts: object) -> Random:
    """A source of chance of its own for one part of the city, so that a change of one part leaves the others as they are."""
    return Random("/".join((SEED, *map(str, parts))))  # noqa: S311 - invented data, no secret


@cache
def shares(text: str) -> Shares:
    """``"城关50 七里河18"`` → (("城关", "七里河"), (50, 18))."""
    words = [(one.rstrip("0123456789"), one) for one in text.split()]
    return tuple(word for word, _ in words), tuple(int(one[len(word) :]) for word, one in words)


def draw(chance: Random, text: str) -> str:
    """One word of a text of shares, by its weight."""
    words, weights = shares(text)
    return chance.choices(words, weights)[0]


def by_prefix(lines: Mapping[str, str], code: str) -> str:
    """The line of the longest prefix of ``code``; ``KeyError`` where there is none."""
    for end in range(len(code), -1, -1):
        if code[:end] in lines:
            return lines[code[:end]]
    raise KeyError(f"profile.yaml: no line for {code}")


def pick(chance: Random, words: Sequence[str], least: int, most: int) -> list[str]:
    """Between ``least`` and ``most`` different words (fewer where there are not so many), in an order of chance."""
    return chance.sample(list(words), min(len(words), chance.randint(least, most)))
