"""Tokens of a batch, and the order in which the grammar reads them: what stands in brackets is a text of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lianpu.analysis.placement.lexicon import Kind
from lianpu.analysis.placement.texts import Cuts, spread


@dataclass(frozen=True, slots=True)
class Tokens:
    kind: np.ndarray
    role: np.ndarray
    start: np.ndarray
    end: np.ndarray
    product: np.ndarray
    text: np.ndarray


@dataclass(frozen=True, slots=True)
class Pieces:
    """Tokens of the distinct pieces: piece ``n`` has ``many[n]`` from ``opens[n]`` on, with offsets within the piece.

    ``telling`` says whether a piece names a product. The last entry of these three is for the empty piece.
    """

    opens: np.ndarray
    many: np.ndarray
    kind: np.ndarray
    role: np.ndarray
    start: np.ndarray
    end: np.ndarray
    product: np.ndarray
    telling: np.ndarray


def token_stream(cuts: Cuts, pieces: Pieces, passages: np.ndarray) -> Tokens:
    """Tokens of the passages in turn; one that is not the first of its text begins with the end of the one before."""
    led = ~cuts.leads[passages]
    opens = cuts.opens[passages] - led
    separators = cuts.ends[passages] + 1 - opens
    lasts = np.cumsum(separators)
    mark = spread(opens, separators)
    number = cuts.number[mark]
    many = pieces.many[number]
    many[(lasts - separators)[led]] = 0  # of the passage before only its end is wanted
    at = np.cumsum(many + 1) - 1  # of every separator among the tokens
    size = int(at[-1]) + 1 if len(at) else 0
    inner = np.ones(size, dtype=bool)
    inner[at] = False
    inside = np.flatnonzero(inner)
    source = spread(pieces.opens[number], many)
    base = np.repeat(cuts.piece[mark], many)
    text = np.repeat(np.arange(len(passages), dtype=np.int32), np.diff(at[lasts - 1], prepend=-1))
    place = cuts.place[mark]

    def woven(separators: np.ndarray | int, words: np.ndarray) -> np.ndarray:
        column = np.empty(size, dtype=words.dtype)
        column[at], column[inside] = separators, words
        return column

    return Tokens(
        woven(cuts.kind[mark], pieces.kind[source]),
        woven(0, pieces.role[source]),
        woven(place, pieces.start[source] + base),
        woven(place + 1, pieces.end[source] + base),
        woven(-1, pieces.product[source]),
        text,
    )


@dataclass(frozen=True, slots=True)
class Brackets:
    """``context`` of every token (text number, or texts + opening token), its ``depth``, ``anchor`` of each opening."""

    context: np.ndarray
    depth: np.ndarray
    texts: int
    anchor: np.ndarray


@dataclass(slots=True)
class Stream:
    """Tokens in reading order of their context: what stands in brackets is a stream of its own. No fillers, no brackets."""

    kind: np.ndarray
    was: np.ndarray
    role: np.ndarray
    start: np.ndarray
    end: np.ndarray
    product: np.ndarray
    text: np.ndarray
    context: np.ndarray
    depth: np.ndarray
    token: np.ndarray
    new: np.ndarray
    clause: np.ndarray
    comma: np.ndarray
    item: np.ndarray
    section: np.ndarray
    excluded: np.ndarray
    place: np.ndarray  # token number → place in the stream, or -1

    @property
    def after(self) -> np.ndarray:
        """Kind of the next token of the same context (STRONG at its end)."""
        following = np.append(self.kind[1:], Kind.STRONG)
        following[:-1][self.new[1:]] = Kind.STRONG
        return following

    @property
    def before(self) -> np.ndarray:
        """Kind of the token before in the same context (STRONG at its start)."""
        preceding = np.append(np.uint8(Kind.STRONG), self.kind[:-1]) if len(self.kind) else self.kind
        return np.where(self.new, np.uint8(Kind.STRONG), preceding)


_CONTENT = np.zeros(32, dtype=bool)
_CONTENT[[Kind.TEXT, Kind.PRODUCT, Kind.HEAD, Kind.CARRY]] = True


def is_content(kind: np.ndarray) -> np.ndarray:
    return np.asarray(_CONTENT[kind])


def latest_mark(marks: np.ndarray) -> np.ndarray:
    """For every place the last marked place up to it, else -1."""
    places = np.where(marks, np.arange(len(marks), dtype=np.int32), np.int32(-1))
    return np.asarray(np.maximum.accumulate(places)) if len(marks) else places


def next_mark(marks: np.ndarray) -> np.ndarray:
    """For every place the first marked place from it on, else the length."""
    size = len(marks)
    places = np.where(marks, np.arange(size, dtype=np.int32), np.int32(size))
    return np.asarray(np.minimum.accumulate(places[::-1])[::-1]) if size else places


def pair_brackets(tokens: Tokens, texts: int) -> Brackets:
    """Pair the brackets of every text; one without a partner becomes a comma (truncated and careless texts)."""
    places = np.flatnonzero((tokens.kind == Kind.OPEN) | (tokens.kind == Kind.CLOSE))
    waiting: list[int] = []
    pairs: list[tuple[int, int]] = []
    current = -1
    opening = (tokens.kind[places] == Kind.OPEN).tolist()
    for place, opens, text in zip(places.tolist(), opening, tokens.text[places].tolist(), strict=True):
        if text != current:
            waiting.clear()
            current = text
        if opens:
            waiting.append(place)
        elif waiting:
            pairs.append((waiting.pop(), place))
    pairs.sort()
    opened, closed = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    tokens.kind[np.setdiff1d(places, np.append(opened, closed), assume_unique=True)] = Kind.COMMA
    # what is inside, the bracket that opens included; deeper ones come later and overwrite
    context, depth = tokens.text.astype(np.int64), np.zeros(len(tokens.kind), dtype=np.int32)
    inside = spread(opened, closed - opened)
    context[inside] = np.repeat(texts + opened, closed - opened)
    np.add.at(depth, inside, 1)
    anchor, mates = np.full(len(tokens.kind), -1), np.full(len(tokens.kind), -1)
    mates[closed] = opened
    before = opened - 1
    for _ in range(4):  # a bracket after a bracket or a filler speaks of the word before
        kind = np.where(before >= 0, tokens.kind[before], Kind.STRONG)
        before = np.where(kind == Kind.CLOSE, mates[before] - 1, np.where(kind == Kind.FILLER, before - 1, before))
    anchor[opened] = before
    return Brackets(context, depth, texts, anchor)


def in_reading_order(tokens: Tokens, brackets: Brackets) -> Stream:
    kind = tokens.kind
    keep = (kind != Kind.OPEN) & (kind != Kind.CLOSE) & (kind != Kind.FILLER)
    inner = np.flatnonzero(keep & (brackets.depth > 0))
    inner = inner[np.argsort(brackets.context[inner], kind="stable")]
    keep = np.append(np.flatnonzero(keep & (brackets.depth == 0)), inner)
    kind, context = kind[keep], brackets.context[keep]
    new = np.ones(len(keep), dtype=bool)
    new[1:] = context[1:] != context[:-1]
    strong = new | (kind == Kind.STRONG) | (kind == Kind.SECTION)
    comma = strong | (kind == Kind.COMMA)
    item = comma | (kind == Kind.LIST) | (kind == Kind.BLANK) | (kind == Kind.COLON)
    place = np.full(len(tokens.kind), -1)
    place[keep] = np.arange(len(keep))
    return Stream(
        kind,
        kind.copy(),
        tokens.role[keep],
        tokens.start[keep],
        tokens.end[keep],
        tokens.product[keep],
        tokens.text[keep],
        context,
        brackets.depth[keep],
        keep,
        new,
        np.cumsum(strong, dtype=np.int32),
        np.cumsum(comma, dtype=np.int32),
        np.cumsum(item, dtype=np.int32),
        np.cumsum(new | (kind == Kind.SECTION), dtype=np.int32),
        np.zeros(len(keep), dtype=bool),
        place,
    )
