"""Two writings of one firm's name: what differs between them, and how likely they mean one firm.

A name is parted into places, core, form and branch (兰州 · 宝方炭材料 · 有限公司 · 城关分公司); each difference between two
names has a factor, and their product is the score. ``benchmarks/matching.py`` measures what a score is worth
(``docs/methods/matching.md``).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from lianpu.enterprises.identity import branch_parent, is_branch, name_key
from lianpu.enterprises.traditional import SIMPLIFIED

# Factors of the differences. Those that leave a name without doubt stay above ``matching.AUTOMATIC``, all others below it.
PLACE_SAYS_NOTHING = 0.985  # a province before its town
FORM_LEFT_OUT = 0.97  # 某某 for 某某有限公司, 公司 for 有限公司
PLACE_LEFT_OUT = 0.89  # 兰州某某 may be a daughter of 某某
PLACE_TELLS = 0.75  # 热力有限公司: every town has one
PLACE_NEAR = 0.75  # 甘肃 against 兰州: the one lies in the other
PLACE_OTHER = 0.5
FORM_OTHER = 0.86  # 股份有限公司 for 有限公司
GROUP = 0.86
BRANCH_OTHER = 0.4
BRANCH_LIKE = 0.8
TRANSPOSED = 0.89  # 荣华 and 华荣 are often two firms
SAME_SOUND = 0.89
ADDED_LETTER = 0.87
ONE_LETTER = 0.86
SHORTENED = 0.89  # times how much is left
BARE = 0.895  # 宝方炭材 for 兰州宝方炭材料科技有限公司: the core alone
NUMBER_OTHER = 0.5
POINTLESS = 0.6  # below this the core can no longer make two names alike

_FORM = re.compile(r"(?P<group>集团)?(?P<form>股份有限公司|有限公司|股份公司|总公司|公司|集团)$")
_BRACKETS = re.compile(r"\(([^()]*)\)")
_PARTNERSHIP = frozenset({"普通合伙", "有限合伙", "特殊普通合伙", "个人独资", "个体工商户", "分立"})
_TELLING = frozenset("0123456789一二三四五六七八九十甲乙丙丁戊东南西北中上下大小新老前后内外ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True, slots=True)
class Name:
    """A firm's name in its parts; ``places`` in the order written, ``tail`` what makes it a branch."""

    key: str
    places: tuple[str, ...]
    stem: str
    form: str
    group: bool
    tail: str


class Gazetteer:
    """Which words of a name are places, and which place lies in which: ``paths`` gives each word its places' paths."""

    def __init__(self, paths: Mapping[str, Iterable[str]]) -> None:
        self.paths = {word: tuple(found) for word, found in paths.items() if len(word) > 1}
        self.longest = max(map(len, self.paths), default=0)

    def at(self, text: str) -> str:
        """The longest place that ``text`` begins with, "" where there is none."""
        return next((text[:n] for n in range(min(self.longest, len(text)), 1, -1) if text[:n] in self.paths), "")

    def same(self, one: str, other: str) -> bool:
        return one == other or bool(set(self.paths[one]) & set(self.paths[other]))

    def holds(self, wide: str, narrow: str) -> bool:
        """Whether the place ``narrow`` lies in ``wide``."""
        return any(a.startswith(b) for a in self.paths[narrow] for b in self.paths[wide])

    def within(self, one: str, other: str) -> bool:
        """Whether either place lies in the other."""
        return self.holds(one, other) or self.holds(other, one)


def fold(name: str) -> str:
    """The key of a name (see ``identity.name_key``) in simplified characters."""
    return name_key(name).translate(SIMPLIFIED)


def parse(key: str, gazetteer: Gazetteer) -> Name:
    """The parts of a folded key."""
    whole = branch_parent(key) or key
    tail = key[len(whole) :] or ("分支" if is_branch(key) else "")
    places: list[str] = []
    group = False

    def bracket(found: "re.Match[str]") -> str:
        nonlocal group
        inner = found[1]
        if inner == "集团":
            group = True
        elif inner in gazetteer.paths:
            places.append(inner)
        elif inner not in _PARTNERSHIP:
            return inner
        return ""

    stem = _BRACKETS.sub(bracket, whole)
    form = ""
    if found := _FORM.search(stem):
        stem, form, group = stem[: found.start()], found["form"], group or bool(found["group"])
        if form == "集团":
            form, group = "", True
    while (place := gazetteer.at(stem)) and len(stem) - len(place) >= 2:
        places.append(place)
        stem = stem[len(place) :]
    return Name(key, tuple(places), stem, form, group, tail)


@dataclass(frozen=True, slots=True)
class Likeness:
    """``score`` 0..1 and the differences in words."""

    score: float
    differences: tuple[str, ...] = ()


def compare(text: Name, firm: Name, gazetteer: Gazetteer, *, telling: bool = True) -> Likeness:
    """How likely ``text`` means the firm named ``firm``; ``telling``: its core is not one that firms of every town bear."""
    places, forms = _places(text, firm, gazetteer, telling), _forms(text, firm)
    if telling and not (text.places or text.form or text.tail) and places[0] * forms[0] < 1:
        # Who calls a firm by its core alone leaves out place and form in one breath.
        places, forms = (BARE, places[1]), (1.0, forms[1])
    found = [places, forms, _branches(text, firm)]
    if prod(factor for factor, _ in found) >= POINTLESS:
        found.append(_stems(text.stem, firm.stem))
    return Likeness(prod(factor for factor, _ in found), tuple(words for _, words in found if words))


def _places(text: Name, firm: Name, gazetteer: Gazetteer, telling: bool) -> tuple[float, str]:
    only_text = [one for one in text.places if not any(gazetteer.same(one, other) for other in firm.places)]
    only_firm = [one for one in firm.places if not any(gazetteer.same(one, other) for other in text.places)]
    if not only_text and not only_firm:
        return 1.0, ""
    if not only_text or not only_firm:
        more, less = (only_text or only_firm), (firm if only_text else text).places
        words = f"{'多' if only_text else '少'}写“{''.join(more)}”"
        if less and not all(any(gazetteer.within(one, other) for other in less) for one in more):
            return PLACE_OTHER, words
        # A province before its town says nothing new; any other place may be all that tells two firms apart.
        nothing_new = less and all(any(gazetteer.holds(one, other) for other in less) for one in more)
        return (PLACE_SAYS_NOTHING if nothing_new else PLACE_LEFT_OUT if telling else PLACE_TELLS), words
    words = f"“{''.join(only_text)}”与“{''.join(only_firm)}”不同"
    near = all(any(gazetteer.within(one, other) for other in only_firm) for one in only_text)
    return (PLACE_NEAR if near else PLACE_OTHER), words


def _forms(text: Name, firm: Name) -> tuple[float, str]:
    factor, words = 1.0, []
    if text.form != firm.form:
        bare = {text.form, firm.form} <= {"", "公司", "有限公司"} or "" in (text.form, firm.form)
        factor *= FORM_LEFT_OUT if bare else FORM_OTHER
        words.append(f"“{text.form or '（未写）'}”与“{firm.form or '（未写）'}”不同")
    if text.group != firm.group:
        factor *= GROUP
        words.append(f"{'多' if text.group else '少'}写“集团”")
    return factor, "，".join(words)


def _branches(text: Name, firm: Name) -> tuple[float, str]:
    if text.tail == firm.tail:
        return 1.0, ""
    words = f"“{text.tail or '（本部）'}”与“{firm.tail or '（本部）'}”不同"
    if not text.tail or not firm.tail:
        return BRANCH_OTHER, words
    factor, _ = _stems(text.tail, firm.tail)
    return factor * BRANCH_LIKE, words


def _stems(text: str, firm: str) -> tuple[float, str]:
    """The core: one letter swapped, changed, more or less; a shortened name; else how much of it is the same."""
    from rapidfuzz.distance import DamerauLevenshtein, Levenshtein

    if text == firm:
        return 1.0, ""
    words = f"“{text}”与“{firm}”不同"
    length = max(len(text), len(firm))
    edits = [(str(what), int(at), int(to)) for what, at, to in Levenshtein.editops(text, firm).as_list()]
    touched = {text[at] for what, at, _ in edits if what != "insert"}
    touched |= {firm[to] for what, _, to in edits if what != "delete"}
    if touched & _TELLING:
        return NUMBER_OTHER, words
    if len(edits) == 1:
        what, at, to = edits[0]
        if what != "replace":
            return ADDED_LETTER * _long(length), words
        return (SAME_SOUND if sound(text[at]) == sound(firm[to]) else ONE_LETTER) * _long(length), words
    if len(edits) == 2 and DamerauLevenshtein.distance(text, firm) == 1:
        return TRANSPOSED * _long(length), words
    if len(text) >= 2 and all(what == "insert" for what, _, _ in edits):
        return SHORTENED * (0.8 + 0.2 * len(text) / len(firm)), words
    return 0.9 * (1 - len(edits) / length), words


def _long(length: int) -> float:
    """One letter of few says more than one of many."""
    return min(1.0, 0.85 + 0.025 * length)


@lru_cache(maxsize=20_000)
def sound(letter: str) -> str:
    """The toneless sound of a character."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(letter))
