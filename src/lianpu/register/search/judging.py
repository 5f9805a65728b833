"""Whether a row holds what is looked for, where, and how well: the row's present texts decide, never the index."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from operator import or_

from django.db.models import Q

from lianpu.register.declare import BoundColumn
from lianpu.register.search import texts
from lianpu.register.search.rows import title_at
from lianpu.register.search.store import All, Either, Wanted

WORDS_LIMIT, LENGTH_LIMIT = 8, 100

# How well a word fits, the best first.
(EXACT_CODE, EXACT, BEGINNING, INSIDE, ALIAS, HEARD_FIRST, HEARD, PART_OF_CODE, IN_LONG_TEXT) = range(9)


@dataclass(frozen=True)
class Word:
    """One word of what was typed."""

    text: str

    @cached_property
    def folded(self) -> str:
        return texts.fold(self.text)

    @cached_property
    def letters(self) -> str:
        return texts.letters_of(self.folded)

    @property
    def is_short(self) -> bool:
        """A single character: too common to be looked for anywhere but at the beginning of names."""
        return len(self.letters) < 2

    @cached_property
    def spellings(self) -> list[list[str]]:
        return texts.spellings(self.folded) if self.is_heard else []

    @property
    def is_heard(self) -> bool:
        """Whether it may be pinyin."""
        return len(self.folded) > 1 and self.folded.isascii() and self.folded.isalpha()

    # -- as tokens -----------------------------------------------------------------------------
    def written(self, kind: str) -> Wanted:
        """The tokens of texts of ``kind`` that hold the word."""
        return All(tuple(texts.sought(self.letters, kind)))

    @property
    def named(self) -> Wanted:
        """In a name or code."""
        name = self.written(texts.NAME)
        return Either((name, self.written(texts.CODE))) if self.letters.isascii() else name

    @property
    def heard(self) -> Wanted | None:
        """In a name's pinyin."""
        if not self.is_heard:
            return None
        ways: list[Wanted] = [self.written(texts.INITIALS)]
        for *whole, last in self.spellings:
            pairs = [f"{texts.SYLLABLES}{one}.{other}" for one, other in pairwise(whole)]
            ends = texts.beginning_with(last)
            start = f"{texts.SYLLABLES}{whole[-1]}." if whole else texts.FIRST_SYLLABLE
            ways.append(All((*pairs, Either(tuple(start + end for end in ends)))))
        return Either(tuple(ways))

    @property
    def first(self) -> str:
        return texts.FIRST + self.letters[0]

    @property
    def last(self) -> str:
        return texts.LAST + self.letters[-1]

    @property
    def anywhere(self) -> Wanted:
        if self.is_short:
            return self.first
        heard = self.heard
        return Either((self.named, self.written(texts.LONG), *([heard] if heard else [])))


def words_in(typed: str) -> list[Word]:
    """The words of what was typed, those that hold no letter, digit or Han character left out."""
    found = [Word(one[:LENGTH_LIMIT]) for one in dict.fromkeys(typed.split())]
    return [word for word in found if word.letters][:WORDS_LIMIT]


def contains(path: str, word: str, how: str = "contains") -> Q:
    """Rows whose text at ``path`` holds ``word`` (``how``: or ``startswith`` it), in full or half width: what ``q`` of a
    list means."""
    # Folding case costs PostgreSQL more than the comparison, and Chinese has none.
    lookup = how if word.upper() == word.lower() else f"i{how}"
    return reduce(or_, (Q(**{f"{path}__{lookup}": one}) for one in texts.variants(word)))


def stands_in(columns: Iterable[BoundColumn], word: str, how: str = "contains") -> Q:
    """Rows where ``word`` stands in one of ``columns``, as :func:`contains` says."""
    plain = texts.fold(word).isascii()
    held = [contains(one.path, word, how) for one in columns if plain or not one.column.is_code]
    return reduce(or_, held, Q(pk__in=[]))


@dataclass(frozen=True)
class Found:
    """Where a word stands: in which of the columns, at which characters, and how well that is."""

    rank: int
    column: int
    where: Sequence[int]


@dataclass(frozen=True)
class Judged:
    """A row that holds every word."""

    pk: int
    row: Sequence[str]
    title: int  # which of its texts is the name
    found: Sequence[Found]  # by word

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Best first: the worst word decides, then all of them, then short names."""
        ranks = [one.rank for one in self.found]
        return max(ranks), sum(ranks), len(self.row[self.title]), self.row[self.title]


class Judge:
    """Looks for ``words`` in the texts of ``columns``; short words count at the beginning of names only where
    ``short_first`` says so."""

    def __init__(self, columns: Sequence[BoundColumn], words: Sequence[Word]) -> None:
        self.columns = columns
        self.words = words
        self.only_short = all(word.is_short for word in words)

    def __call__(self, pk: int, row: Sequence[str]) -> Judged | None:
        folded = [texts.fold(text) for text in row]
        found = []
        for word in self.words:
            best = self._best(word, folded)
            if best is None:
                return None
            found.append(best)
        return Judged(pk, row, title_at(self.columns, row), found)

    def _best(self, word: Word, folded: Sequence[str]) -> Found | None:
        best: Found | None = None
        for at, (one, text) in enumerate(zip(self.columns, folded, strict=True)):
            start = text.find(word.folded)
            if start < 0 or (self.only_short and (start or one.column.search == "C")):
                continue
            rank = _rank(one.column.search, text, word.folded, start)
            if best is None or rank < best.rank:
                best = Found(rank, at, range(start, start + len(word.folded)))
        if word.is_heard and (best is None or best.rank > HEARD):
            for at, (one, text) in enumerate(zip(self.columns, folded, strict=True)):
                if one.column.search == "C" or text.isascii():
                    continue
                if where := texts.heard_at(word.folded, text, word.spellings):
                    rank = HEARD if where[0] else HEARD_FIRST
                    if best is None or rank < best.rank:
                        best = Found(rank, at, where)
        return best


def _rank(weight: str, text: str, word: str, start: int) -> int:
    if weight == "C":
        return IN_LONG_TEXT
    code = texts.is_code(texts.letters_of(text))
    if text == word:
        return EXACT_CODE if code else EXACT if weight == "A" else ALIAS
    if code and start and len(word) < 4:
        return PART_OF_CODE
    return ALIAS if weight == "B" else INSIDE if start else BEGINNING
