"""Which of very many names are worth comparing with some texts: those that share their rarest pairs of letters.

All names lie in one array of code points, so a million are looked through in about a second and 100 MB, and nothing has
to be kept beside the register: pairs of letters are counted, then for each text the rarest of its own pairs lead to the
names that hold them. A typing error leaves most pairs of a name whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from lianpu.enterprises.traditional import SIMPLIFIED

Codes = np.ndarray[Any, np.dtype[np.uint32]]
Numbers = np.ndarray[Any, Any]

END = 10  # parts the names in the array
FEW = 3_000  # names that a text's pairs may lead to, together
MANY = 30_000  # names that one pair may lead to, where a text has no rarer
TAKEN = 20  # names that share most are compared
CHUNK = 2_000_000  # letters looked through at a time
SIEVE = 1 << 22

_FOLD = np.arange(0x110000, dtype=np.uint32)
for _traditional, _simple in SIMPLIFIED.items():
    _FOLD[_traditional] = ord(_simple) if isinstance(_simple, str) else _simple


def letters(texts: Sequence[str]) -> Codes:
    """The code points of the texts in simplified characters, each text closed by ``END``."""
    joined = "\n".join(texts) + "\n"
    codes: Codes = _FOLD[np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)]
    return codes


def pairs(codes: Numbers) -> Numbers:
    """Every pair of neighbouring letters as one number."""
    return (codes[:-1].astype(np.uint64) << np.uint64(21)) | codes[1:]


class Names:
    """Very many names, given in batches; ``near`` finds those worth comparing."""

    def __init__(self, batches: Iterable[Sequence[str]]) -> None:
        parts = [letters(batch) for batch in batches if batch]
        self.codes = np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint32)
        self.ends = np.flatnonzero(self.codes == END)
        self._wanted, self._counts = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, at: int) -> str:
        """The name (in simplified characters) at a position."""
        start = self.ends[at - 1] + 1 if at else 0
        return self.codes[start : self.ends[at]].tobytes().decode("utf-32-le", "surrogatepass")

    def near(self, texts: Sequence[str]) -> list[list[int]]:
        """For each text the positions of the names that share most of its rare pairs, best first."""
        own = [np.unique(pairs(letters([text])[:-1])) for text in texts]
        wanted = np.unique(np.concatenate(own)) if own else np.zeros(0, dtype=np.uint64)
        if not len(wanted) or not len(self.ends):
            return [[] for _ in texts]
        counts = np.zeros(len(wanted), dtype=np.int64)
        for which, _ in self._met(wanted):
            counts += np.bincount(which, minlength=len(wanted))
        self._wanted, self._counts = wanted, counts
        numbers = [np.searchsorted(wanted, one) for one in own]
        chosen = [_rarest(one, counts) for one in numbers]
        kept = np.unique(np.concatenate(chosen))
        places = self._places(wanted[kept])
        weights = np.log(len(self.ends) / np.maximum(counts, 1)) + 0.1
        return [
            _most_shared([places[i] for i in np.searchsorted(kept, one)], weights[one]) if len(one) else []
            for one in chosen
        ]

    def rarest(self, part: str) -> int:
        """How many times the rarest pair of ``part``, a part of a text that ``near`` was last asked for, stands here."""
        own = pairs(letters([part])[:-1])
        if not len(own) or not len(self._wanted):
            return len(self)
        at = np.minimum(np.searchsorted(self._wanted, own), len(self._wanted) - 1)
        return int(np.where(self._wanted[at] == own, self._counts[at], len(self)).min())

    def _met(self, wanted: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
        """Where the wanted pairs stand: their numbers and their positions in the array, chunk by chunk."""
        sieve = np.zeros(SIEVE, dtype=bool)
        sieve[_slot(wanted)] = True
        for start in range(0, len(self.codes) - 1, CHUNK):
            found = pairs(self.codes[start : start + CHUNK + 1])
            at = np.flatnonzero(sieve[_slot(found)])
            found = found[at]
            which = np.minimum(np.searchsorted(wanted, found), len(wanted) - 1)
            right = wanted[which] == found
            yield which[right], at[right] + start

    def _places(self, wanted: Numbers) -> list[Numbers]:
        """For each wanted pair the positions of the names that hold it."""
        met = list(self._met(wanted))
        which = np.concatenate([w for w, _ in met])
        rows = np.searchsorted(self.ends, np.concatenate([at for _, at in met])).astype(np.int32)
        order = np.argsort(which, kind="stable")
        return np.split(rows[order], np.searchsorted(which[order], np.arange(1, len(wanted))))


def _slot(found: Numbers) -> Numbers:
    return ((found * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(42)).astype(np.int64)


def _rarest(numbers: Numbers, counts: Numbers) -> Numbers:
    """The rarest pairs that together lead to few names; one more common pair where there is none so rare."""
    present = numbers[counts[numbers] > 0]
    present = present[np.argsort(counts[present], kind="stable")]
    total = np.cumsum(counts[present])
    few = int(np.searchsorted(total, FEW, side="right"))
    kept: Numbers = present[: few or (1 if len(present) and total[0] <= MANY else 0)]
    return kept


def _most_shared(places: Sequence[Numbers], weights: Numbers) -> list[int]:
    rows = np.concatenate(places)
    shares = np.repeat(weights, [len(one) for one in places])
    names, at = np.unique(rows, return_inverse=True)
    total = np.bincount(at, weights=shares)
    best = np.argsort(-total, kind="stable")[:TAKEN]
    return [int(name) for name in names[best]]
