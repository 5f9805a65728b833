"""A batch of texts as one array of characters, and that array cut where nothing reaches across.

Registered scopes repeat each other: of the characters of ten thousand, a quarter stand in pieces (between two separators)
not seen before in the same batch, three quarters in passages (between two ends of clauses) not seen before. What is equal
is read once. Equality is told by a hash and then checked character by character, so that it is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
from ahocorasick_rs import BytesAhoCorasick

from lianpu.analysis.placement import lexicon
from lianpu.analysis.placement.lexicon import Kind

_BASE = 0x9E3779B97F4A7C15  # of the rolling hash: any odd number
_BLOCK = 1 << 14
_POINT_IN_LIST = 0x10FFFF  # stands for a point that parts a list in the hash: it is another thing than one in 3.5
_FIRST = np.uint64(0xD1B54A32D192ED03)  # tells the first passage of a text from an equal one further on


@dataclass(frozen=True, slots=True)
class Texts:
    """A batch of texts as one array: ``codes`` (uint32, normalised, one NUL after every text), ``bounds`` (n + 1)."""

    codes: np.ndarray
    bounds: np.ndarray

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Normalise character by character, so that offsets stay those of the original texts."""
        rows = list(texts)
        bounds = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)) + 1, out=bounds[1:])
        raw = np.frombuffer(("\0".join(rows) + "\0").encode("utf-32-le") if rows else b"", dtype=np.uint32)
        return cls(lexicon.tables()[0][raw], bounds)

    def kinds(self) -> np.ndarray:
        """Kind of every character (uint8). A point parts a list (机床.泵) but not two figures or letters (3.5G)."""
        kinds: np.ndarray = lexicon.tables()[1][self.codes]
        points = np.flatnonzero(self.codes == ord("."))
        before, after = self.codes[points - 1], self.codes[points + 1]
        inner = (before < 0x80) & (before > 0x2F) & (after < 0x80) & (after > 0x2F)
        kinds[points[~inner]] = Kind.LIST
        return kinds

    def take(self, start: np.ndarray, length: np.ndarray) -> tuple[Texts, np.ndarray]:
        """Stretches of the array as texts of their own, each with a NUL behind it, and where each character comes from."""
        bounds = np.zeros(len(start) + 1, dtype=np.int64)
        np.cumsum(length + 1, out=bounds[1:])
        source = spread(start, length + 1)
        codes = self.codes[source]
        codes[bounds[1:] - 1] = 0
        return Texts(codes, bounds), source


def search(automaton: BytesAhoCorasick, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    """Number and start (a character of the batch) of every word of an automaton over UTF-8 that it finds in the texts."""
    content = texts.codes.tobytes().decode("utf-32-le").encode()
    found = automaton.find_matches_as_indexes(content)
    flat = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=3 * len(found)).reshape(-1, 3)
    opens = np.frombuffer(content, dtype=np.uint8) & 0xC0 != 0x80  # the first byte of every character
    return flat[:, 0].copy(), np.cumsum(opens, dtype=np.int32)[flat[:, 1]].astype(np.int64) - 1


def normalise(word: str) -> str:
    """A word in the form in which texts are searched: half width, upper case, no blanks at the ends."""
    return word.translate(_shapes()).strip()


@cache
def _shapes() -> dict[int, int]:
    """What :meth:`Texts.of` turns into something else, for single words."""
    shape = lexicon.tables()[0]
    other = np.flatnonzero(shape != np.arange(len(shape)))
    return dict(zip(other.tolist(), shape[other].tolist(), strict=True))


class Crossing:
    """Where a term may reach over a separator (1,4-丁二醇): such separators cut nothing. Judged by the neighbours alone."""

    def __init__(self, terms: Sequence[str]) -> None:
        inside, before, after, final, initial = (np.zeros(0x110000, dtype=bool) for _ in range(5))
        batch = Texts.of(terms)
        codes = batch.codes
        ends = np.zeros(len(codes), dtype=bool)
        ends[batch.bounds[1:] - 1] = True
        parts = np.flatnonzero(((lexicon.tables()[1][codes] != Kind.TEXT) | (codes == ord("."))) & ~ends)
        inside[codes[parts]] = True
        opens, closes = ends[parts - 1], ends[parts + 1]  # the last character of all is a NUL, so -1 will do
        initial[codes[parts[opens & ~closes] + 1]] = True
        final[codes[parts[closes & ~opens] - 1]] = True
        between = parts[~opens & ~closes]
        before[codes[between - 1]] = after[codes[between + 1]] = True
        self._any = bool(inside.any())
        self._inside, self._before, self._after, self._final, self._initial = inside, before, after, final, initial

    def at(self, codes: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Whether a term might reach over each of these places."""
        if not self._any or not len(places):
            return np.zeros(len(places), dtype=bool)
        found: np.ndarray = self._inside[codes[places]]
        near = places[found]
        before, after = codes[near - 1], codes[np.minimum(near + 1, len(codes) - 1)]
        found[found] = self._before[before] & self._after[after] | self._final[before] | self._initial[after]
        return found


@dataclass(frozen=True, slots=True)
class Cuts:
    """Separators of a batch in order, and what stands between them.

    Separator ``s`` is at ``place[s]``, of ``kind[s]``, and the piece before it (perhaps empty) begins at ``piece[s]`` and
    is equal to the distinct piece ``number[s]`` (-1: empty), which first stands at ``first[number]`` and is ``length``
    long. ``kinds`` are those of all characters. Passage ``p`` has the separators ``opens[p]`` to ``ends[p]``; it is in text
    ``text[p]``, first there if ``leads[p]``, and equal passages have equal ``key``.
    """

    kinds: np.ndarray
    place: np.ndarray
    kind: np.ndarray
    piece: np.ndarray
    number: np.ndarray
    first: np.ndarray
    length: np.ndarray
    opens: np.ndarray
    ends: np.ndarray
    text: np.ndarray
    leads: np.ndarray
    key: np.ndarray

    @classmethod
    def of(cls, texts: Texts, crossing: Crossing, carriers: np.ndarray) -> Cuts:
        """Cut a batch. ``carriers`` marks the characters behind which a colon may carry an activity over ends of clauses."""
        codes, kinds = texts.codes, texts.kinds()
        place = np.flatnonzero(kinds)
        crossed = crossing.at(codes, place)
        kind = kinds[place]
        odd = np.flatnonzero(crossed)
        odd = odd[np.isin(kind[odd], (Kind.STRONG, Kind.OPEN, Kind.CLOSE, Kind.COLON))]
        last = np.searchsorted(place, texts.bounds[1:] - 1)  # the NUL of every text
        text = np.repeat(np.arange(len(last), dtype=np.int32), np.diff(last, prepend=-1))
        cut = (kind == Kind.STRONG) & ~crossed & _shallow(kind, last, text)
        colon = np.flatnonzero(kind == Kind.COLON)
        carries = np.zeros(len(place), dtype=bool)
        carries[colon] = carriers[codes[place[colon] - 1]]
        cut &= _since_start(carries, last, text) == 0
        uncut = np.zeros(len(last), dtype=bool)
        uncut[text[odd]] = True
        cut &= ~uncut[text]
        cut[last] = True
        hashed = _running_hash(codes, kinds)
        # passages
        ends = np.flatnonzero(cut)
        opens = np.append(0, ends[:-1] + 1) if len(ends) else ends
        owner = text[ends]
        leads = np.diff(owner, prepend=-1) > 0
        start = np.append(0, place[ends[:-1]] + 1) if len(ends) else ends
        key = _hash(hashed, start, place[ends] + 1)
        key[leads] ^= _FIRST
        # pieces: what a term may reach over stays inside one
        keep = ~crossed
        keep[last] = True
        shift = np.cumsum(keep) - 1
        place, kind = place[keep], kind[keep]
        opens, ends = (shift[opens - 1] + 1 if len(opens) else opens), shift[ends]
        opens[:1] = 0
        piece = np.append(0, place[:-1] + 1) if len(place) else place
        length = place - piece
        some = np.flatnonzero(length)
        first, same = equal(codes, piece[some], length[some], _hash(hashed, piece[some], place[some]))
        number = np.full(len(place), -1)
        number[some] = same
        return cls(
            kinds, place, kind, piece, number, piece[some][first], length[some][first], opens, ends, owner, leads, key
        )


def spread(start: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The numbers from each start on, as many as its length says, one stretch behind the other."""
    ends = np.cumsum(length)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) + np.repeat(start - ends + length, length))


def equal(codes: np.ndarray, start: np.ndarray, length: np.ndarray, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One representative of each class of equal stretches, and the class of every stretch; ``key`` hashes them."""
    model = _alike(key)
    copies = np.flatnonzero(model != np.arange(len(model)))
    size = length[copies]
    at = spread(start[copies], size)
    there = np.repeat(start[model[copies]] - start[copies], size)
    if not (np.array_equal(size, length[model[copies]]) and np.array_equal(codes[at], codes[at + there])):
        model = np.arange(len(model))  # two texts with one hash: never seen, then nothing is shared
    is_model = model == np.arange(len(model))
    return np.flatnonzero(is_model), (np.cumsum(is_model) - 1)[model]


def _alike(key: np.ndarray) -> np.ndarray:
    """For every key the place of one that is equal, the same for all of them: buckets, and again for what collided."""
    model = np.arange(len(key))
    left = model
    bits = max(len(key).bit_length() + 1, 8)
    bucket = np.empty(1 << bits, dtype=np.int64)
    for turn in range(0, 64 - bits, 5):
        mine = (key[left] << np.uint64(turn)) >> np.uint64(64 - bits)
        bucket[mine] = left
        found = bucket[mine]
        same = key[found] == key[left]
        model[left[same]] = found[same]
        left = left[~same]
        if not len(left):
            break
    return model


def _shallow(kind: np.ndarray, last: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Separators outside all brackets, in texts whose brackets all have a partner."""
    depth = (kind == Kind.OPEN).astype(np.int8) - (kind == Kind.CLOSE)
    depth = _since_start(depth, last, text)
    starts = np.append(0, last[:-1] + 1) if len(last) else last
    fair = (depth[last] == 0) & (np.minimum.reduceat(depth, starts) >= 0) if len(last) else last > 0
    return np.asarray((depth == 0) & fair[text])


def _since_start(steps: np.ndarray, last: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Running sum that begins anew with every text."""
    total = np.cumsum(steps, dtype=np.int32)
    return np.asarray(total - np.append(np.int32(0), total[last[:-1]])[text] if len(last) else total)


def _running_hash(codes: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Sums of character value × power of the base. Powers begin anew with every block: only what crosses one is not found."""
    values = _values()[codes]
    values[(codes == ord(".")) & (kinds == Kind.LIST)] = _values()[_POINT_IN_LIST]
    whole = len(values) // _BLOCK * _BLOCK
    powers = _powers()[0]
    values[:whole].reshape(-1, _BLOCK)[:] *= powers
    values[whole:] *= powers[: len(values) - whole]
    running = np.zeros(len(values) + 1, dtype=np.uint64)
    np.cumsum(values, out=running[1:])
    return running


def _hash(running: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    mixed = (running[end] - running[start]) * _powers()[1][start % _BLOCK]
    mixed ^= mixed >> np.uint64(32)
    return np.asarray(mixed * np.uint64(_BASE))


@cache
def _values() -> np.ndarray:
    """A random number for every character, always the same."""
    return np.random.default_rng(20).integers(0, 1 << 64, 0x110000, dtype=np.uint64)


@cache
def _powers() -> tuple[np.ndarray, np.ndarray]:
    """Powers of the base and of its inverse, modulo 2⁶⁴."""
    powers, back = (
        np.cumprod(np.append(np.uint64(1), np.full(_BLOCK - 1, base, np.uint64)))
        for base in (_BASE, pow(_BASE, -1, 1 << 64))
    )
    return powers, back
