"""Texts as the search sees them: folded, cut into overlapping pieces, and read aloud in pinyin.

A piece ("token") is a kind and two or four characters::

    n兰州  c9162  t铝型   two characters of a name (weight A or B), four of a long code, two of a long text (weight C)
    ^兰    $司            first and last character of a name or code
    plz   plzlh  <l      initials of a name's syllables, and its first
    ylan.zhou  [lan      two syllables that follow each other, and a name's first
    l3                   class of a name's length

Whoever looks for a text looks for all its pieces; rows that have them all are then read, because pieces may come from
different places in a row.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from itertools import pairwise, product
from operator import contains

NAME, CODE, LONG = "n", "c", "t"
FIRST, LAST, INITIALS, FIRST_INITIAL, SYLLABLES, FIRST_SYLLABLE, LENGTH = "^", "$", "p", "<", "y", "[", "l"
SEPARATORS = "^$<[."  # what stands in a token besides letters and digits
LENGTHS = (4, 6, 8, 10, 12, 14, 17, 21)  # upper bounds of the classes of names by length
VERSION = 1  # to be raised with every change of the tokens: indexes of another version are made anew

# Characters that names read in more than one way; for all others the commonest reading will do.
HETERONYMS = frozenset(
    "重长行乐厦单曾朝调盛车传藏弹降会校系解翟尉蔚澄堡埔泊铅莘什宿率贾壳陆秘期属尾巷轧粘种圈蕃番覃仇召参都柏薄露绿模卜刨涡莞"
    "歙渑陂六洞"
)

_LATIN = re.compile(r"[0-9a-z]{4,}")


class _Folding(dict[int, int]):
    """One character for one, so that places in the folded text are places in the text: width and case go."""

    def __missing__(self, code: int) -> int:
        plain = unicodedata.normalize("NFKC", chr(code))
        folded = (plain if len(plain) == 1 else chr(code)).upper()
        folded = (folded if len(folded) == 1 else chr(code)).lower()
        self[code] = made = ord(folded) if len(folded) == 1 else code
        return made


_FOLDING = _Folding()


def fold(text: str) -> str:
    """``text`` without the difference of full and half width and of capital and small letters; as long as ``text``."""
    return text.translate(_FOLDING)


class _Keeping(dict[int, int | None]):
    """Letters, digits and Han characters."""

    def __missing__(self, code: int) -> int | None:
        self[code] = made = code if chr(code).isalnum() else None
        return made


_KEEPING = _Keeping()


def letters_of(folded: str) -> str:
    """A folded text without blanks and punctuation. What stands in a text stands in its letters too."""
    return folded.translate(_KEEPING)


def is_code(letters: str) -> bool:
    """Whether a text is a code (USCC, place code) rather than a name."""
    return len(letters) >= 6 and letters.isascii() and any(map(str.isdigit, letters))


def pieces(letters: str, size: int, kind: str = "") -> list[str]:
    """Every stretch of ``size`` characters, marked with ``kind``."""
    return [kind + letters[i : i + size] for i in range(len(letters) - size + 1)]


def sought(letters: str, kind: str) -> list[str]:
    """Tokens that a text must have if it holds ``letters`` (two or more); of a long word, every other."""
    found = pieces(letters, 4 if letters.isascii() and len(letters) >= 4 else 2, kind)
    return found if len(found) <= 16 else [*found[::2], found[-1]]


# -- what is said of a row: lists, for a million rows have some hundred million tokens ----------------------------


def name_tokens(text: str) -> list[str]:
    """Tokens of a column of weight A or B."""
    letters = letters_of(fold(text))
    if not letters:
        return []
    found = _written(letters, CODE if is_code(letters) else NAME)
    found += (FIRST + letters[0], LAST + letters[-1])
    return found if letters.isascii() else found + _spoken(letters)


def long_tokens(text: str) -> list[str]:
    """Tokens of a column of weight C."""
    return _written(letters_of(fold(text)), LONG)


def length_token(name: str) -> str:
    return LENGTH + str(bisect_left(LENGTHS, len(name)))


def _written(letters: str, kind: str) -> list[str]:
    found = pieces(letters, 2, kind)
    for run in _LATIN.findall(letters):
        found += pieces(run, 4, kind)
    return found


def _spoken(letters: str) -> list[str]:
    first, read = [initials(one) for one in letters], [readings(one) for one in letters]
    if all(len(one) == 1 for one in first):
        typed = "".join(first)
        found = pieces(typed, 2, INITIALS) + pieces(typed, 4, INITIALS)
    else:
        stretches = [first[i : i + size] for size in (2, 4) for i in range(len(first) - size + 1)]
        found = [INITIALS + "".join(way) for stretch in stretches for way in product(*stretch)]
    found += [FIRST_INITIAL + one for one in first[0]]
    found += [FIRST_SYLLABLE + one for one in read[0]]
    found += [f"{SYLLABLES}{one}.{other}" for before, after in pairwise(read) for one in before for other in after]
    return found


# -- pinyin ------------------------------------------------------------------------------------------------------


@cache
def readings(character: str) -> tuple[str, ...]:
    """How a Han character is read, without tones (ü as v), the commonest first; nothing for any other character."""
    if character.isascii():
        return ()
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, heteronym=character in HETERONYMS, errors="ignore")
    return tuple(one for one in found[0] if one.isascii() and one.isalpha()) if found else ()


@cache
def initials(character: str) -> str:
    """The letters by which a character may be typed: initials of its readings, else the character itself."""
    return "".join(dict.fromkeys(one[0] for one in readings(character))) or character


@cache
def syllables() -> frozenset[str]:
    """Every syllable, as the characters of GB 2312 are read; mere sounds such as ng are none."""
    pairs = (bytes((high, low)) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
    characters = (pair.decode("gb2312", "ignore") for pair in pairs)
    read = {one for character in characters if character for one in readings(character)}
    return frozenset(one for one in read if set(one) & set("aeiouv"))


@cache
def beginning_with(letters: str) -> tuple[str, ...]:
    """Syllables that ``letters`` may be the beginning of."""
    return tuple(sorted(one for one in syllables() if one.startswith(letters)))


def spellings(letters: str) -> list[list[str]]:
    """Ways to read ``letters`` as syllables of which the last may be unfinished: ``xian`` is xian and xi an."""
    found: list[list[str]] = []

    def read(start: int, before: list[str]) -> None:
        rest = letters[start:]
        if rest and beginning_with(rest):
            found.append([*before, rest])
        for end in range(start + 1, min(start + 6, len(letters))):
            if letters[start:end] in syllables():
                read(end, [*before, letters[start:end]])

    if len(letters) <= 40:
        read(0, [])
    return sorted(found, key=len)[:12]


# -- where a word stands in a text -------------------------------------------------------------------------------


class _Typing(dict[int, str]):
    """The letter by which a character is typed, ``*`` where there are several."""

    def __missing__(self, code: int) -> str:
        typed = initials(chr(code))
        self[code] = made = typed if len(typed) == 1 else "*"
        return made


_TYPING = _Typing()


def heard_at(letters: str, text: str, ways: Sequence[Sequence[str]]) -> list[int]:
    """Places in ``text`` (folded) of the characters that ``letters`` stand for, as initials or as syllables in one of
    the ``ways`` of :func:`spellings`; empty where there are none. One syllable alone counts at the beginning only."""
    kept = letters_of(text)
    start, count = _typed_at(letters, kept), len(letters)
    for way in ways:
        if start >= 0:
            break
        start, count = _spelt_at(way, kept), len(way)
    if start < 0:
        return []
    return [at for at, one in enumerate(text) if one.isalnum()][start : start + count]


def _typed_at(letters: str, kept: str) -> int:
    typed = kept.translate(_TYPING)
    if "*" not in typed:
        return typed.find(letters)
    starts = range(len(kept) - len(letters) + 1)
    return next((at for at in starts if all(map(contains, map(initials, kept[at:]), letters))), -1)


def _spelt_at(way: Sequence[str], kept: str) -> int:
    *whole, last = way
    starts = range(len(kept) - len(way) + 1) if whole else range(min(len(kept), 1))
    for at in starts:
        *first, end = map(readings, kept[at : at + len(way)])
        if all(map(contains, first, whole)) and any(one.startswith(last) for one in end):
            return at
    return -1


def variants(word: str) -> list[str]:
    """``word`` as typed, in half width, and with punctuation in full width: a database compares character by character."""
    half = "".join(plain if len(plain := unicodedata.normalize("NFKC", one)) == 1 else one for one in word)
    full = "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" and not one.isalnum() else one for one in half)
    return list(dict.fromkeys((word, half, full)))
