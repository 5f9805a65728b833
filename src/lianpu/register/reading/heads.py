"""Where the head of a table stands, and what each of its columns is called: one row, two rows or more, merged or not."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lianpu.register.reading.limits import MAX_COLUMNS
from lianpu.register.reading.opening import Merge

MAX_HEAD_ROWS = 6
EMPTY = ("", None)
_YUAN = "(?:[十百千]?[万亿]|[十百千])?元"
_UNIT = re.compile(rf"[（(\[【]\s*(?:单位[：:])?\s*({_YUAN}|亩|吨|万吨|人|家|个|%|吨标煤)\s*[）)\]】]")
# "单位：万元" above a head, but not "填报单位：…".
_UNIT_LINE = re.compile(rf"(?<![一-鿿])(?:金额|资金|计量|货币)?单位[：:](?:人民币)?({_YUAN})(?![一-鿿])")
_OF_WHICH = re.compile(r"^其中[：:、]?")
_WHOLE = frozenset({"合计", "小计", "总计", "总额", "总数", "总量", "金额", "数额", "计"})  # of what stands above it
_NUMBER = re.compile(r"^[-+]?[\d,.]+%?$")


def clean_head(cell: object) -> tuple[str, str]:
    """Head text without line breaks, blanks and unit; and the unit, if it names one."""
    text = re.sub(r"[\s*＊]+", "", "" if cell is None else str(cell))
    unit = _UNIT.search(text)
    return (_UNIT.sub("", text), unit[1]) if unit else (text, "")


def unit_above(rows: Iterable[Sequence[object]]) -> str:
    """The money unit that a line above the head gives for the whole table, or nothing."""
    for row in rows:
        for cell in row:
            if isinstance(cell, str) and (found := _UNIT_LINE.search(re.sub(r"\s+", "", cell))):
                return found[1]
    return ""


@dataclass(frozen=True)
class Head:
    """Rows ``first`` to ``last`` of the top are the head; ``heads[i]`` and ``units[i]`` are those of column i."""

    first: int
    last: int
    heads: list[str]
    units: list[str]
    score: int  # how many different known heads it bears


def find_head(top: Sequence[Sequence[object]], merges: Sequence[Merge], known: frozenset[str]) -> Head | None:
    """The rows with most known heads among ``top``; None where there is none at all. The upper ones win a tie."""
    width = min(max(map(len, top), default=0), MAX_COLUMNS + 1)  # enough to see that there are too many
    raw = [[*row[:width], *[""] * (width - len(row))] for row in top]
    merges = [merge for merge in merges if merge[0] < len(top) and merge[1] < width]
    filled = _filled(raw, merges)
    best: Head | None = None
    for first in range(len(top)):
        last = first
        while last + 1 < len(top) and last + 1 - first < MAX_HEAD_ROWS and _goes_on(raw, filled, merges, last, known):
            last += 1
        heads, units, score = _joined(raw[first : last + 1], filled[first : last + 1], known)
        if score > (best.score if best else 0):
            best = Head(first, last, heads, units, score)
    return best


def _filled(raw: Sequence[Sequence[object]], merges: Iterable[Merge]) -> list[list[object]]:
    """The rows with every cell of a merged range bearing the range's value."""
    filled = [list(row) for row in raw]
    for top, left, bottom, right in merges:
        for row in filled[top : bottom + 1]:
            row[left : right + 1] = [raw[top][left]] * len(row[left : right + 1])
    return filled


def _goes_on(
    raw: Sequence[Sequence[object]],
    filled: Sequence[Sequence[object]],
    merges: Iterable[Merge],
    at: int,
    known: frozenset[str],
) -> bool:
    """Whether the head of which row ``at`` is a part goes on in the next row."""
    upper, lower = filled[at], raw[at + 1]
    if len({clean_head(cell)[0] for cell in upper} - {""}) < 2:
        return False  # a title
    if any(first <= at < last and raw[first][left] not in EMPTY for first, left, last, _ in merges):
        return True  # a head cell reaches down into it
    below = [column for column, cell in enumerate(lower) if cell not in EMPTY]
    if any(not isinstance(lower[column], str) or _NUMBER.match(str(lower[column])) for column in below):
        return False
    # Without merged cells: the lower row stands under the gaps of the upper one, and under nothing else.
    upper = raw[at]
    gaps = [column for column in below if upper[column] in EMPTY]
    spans = {gap - 1 for gap in gaps}
    whole = [clean_head(cell)[0] for column, cell in enumerate(upper) if cell not in EMPTY and lower[column] in EMPTY]
    return (
        bool(gaps)
        and all(upper[column] in EMPTY or column in spans for column in below)
        and not known.isdisjoint(whole)
        and (len(below) > 1 or clean_head(lower[below[0]])[0] in known)
    )


def _joined(
    raw: Sequence[Sequence[object]], filled: Sequence[Sequence[object]], known: frozenset[str]
) -> tuple[list[str], list[str], int]:
    """Heads and units of the columns, from all rows of the head; and how many known words it bears."""
    rows = [list(row) for row in filled]
    for upper, lower, merged in zip(raw, raw[1:], rows, strict=False):
        carried: object = ""
        for column, cell in enumerate(upper):
            text = clean_head(lower[column])[0]
            if cell not in EMPTY:
                carried, alone = cell, not text
            elif merged[column] not in EMPTY or not text:
                carried = ""
            elif carried and (not alone or _OF_WHICH.match(text)):
                merged[column] = carried  # an unmerged upper cell stands for the gaps at its right
    parts: list[list[str]] = []
    units = []
    for column in range(len(rows[0])):
        cells = [clean_head(row[column]) for row in rows]
        words = list(dict.fromkeys(text for text, _ in cells if text))
        # A head merged over several columns names the first of them.
        widened = column > 0 and words == parts[-1] and all(row[column] in EMPTY for row in raw)
        parts.append([] if widened else words)
        units.append(next((unit for _, unit in reversed(cells) if unit), ""))
    named = [_named(words, known) for words in parts]
    # A lower word that stands under different upper ones names none of them by itself.
    bearers: dict[str, set[tuple[str, ...]]] = {}
    for name, words in zip(named, parts, strict=True):
        bearers.setdefault(name, set()).add(tuple(words))
    heads = ["/".join(words) if len(bearers[name]) > 1 else name for name, words in zip(named, parts, strict=True)]
    return heads, units, len(known.intersection(named))


def _named(words: list[str], known: frozenset[str]) -> str:
    """What a column is called whose head reads ``words`` from above: known words go before the whole."""
    for start in range(len(words)):
        for joint in ("/", ""):
            if (name := joint.join(words[start:])) in known:
                return name
    if len(words) > 1:
        lower = _OF_WHICH.sub("", words[-1])
        if lower in known:
            return lower
        if lower in _WHOLE and words[-2] in known:
            return words[-2]
    return "/".join(words)
