"""One search over all registers: the index proposes rows, the rows themselves decide."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from lianpu.register import rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.models import SearchIndex
from lianpu.register.search import rows as texts_of_rows
from lianpu.register.search import store, texts
from lianpu.register.search.following import WAITING_LIMIT, Waiting, indexes, waiting
from lianpu.register.search.judging import Judge, Judged, Word, stands_in, words_in
from lianpu.register.search.rows import own_columns, searched_registers
from lianpu.register.search.store import All, Either, Wanted

ENOUGH = 300  # rows that one question to the index proposes; a word with fewer is settled by one question
BROAD = 3_000  # the same for somebody who sees only a part of the rows
COMMON = 10_000  # more rows than these are not asked for at once
SCAN = 20_000  # rows that are read one by one, where there is no index or somebody sees no more
CLIP = 24  # characters of a long text shown on either side of a word


@dataclass(frozen=True)
class Piece:
    """A stretch of text, which the search found or not."""

    text: str
    is_match: bool


@dataclass(frozen=True)
class Seen:
    """A text in which a word stands."""

    label: str
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Hit:
    """A row that holds every word."""

    register: Register
    pk: int
    title: str
    pieces: Sequence[Piece]  # of the title
    badge: str
    url: str
    seen: Sequence[Seen]  # the other texts in which words stand
    order: tuple[Any, ...]  # best first


@dataclass(frozen=True)
class Group:
    """The best hits in one register; ``more`` says that there are others, ``unsure`` that there may be."""

    register: Register
    hits: Sequence[Hit]
    more: bool
    unsure: bool

    @property
    def title(self) -> str:
        return self.register.shown_title


@dataclass(frozen=True)
class Target:
    """A register whose own name was looked for."""

    title: str
    url: str
    icon: str


@dataclass
class Results:
    """What a search found, the register with the best hit first, and what the reader should know of it."""

    words: str
    groups: list[Group] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def hits(self) -> list[Hit]:
        return [hit for group in self.groups for hit in group.hits]


def search(user: Any, words: str, *, registers: Iterable[Register] | None = None, limit: int = 20) -> Results:
    """Rows that hold every one of ``words`` in a column that ``user`` may see, up to ``limit`` of each register.

    A word is found anywhere in a text from two characters on, one character at the beginning of names; letters also as
    initials or syllables of a name's pinyin. Best first: code, whole name, beginning of a name, name, other names,
    pinyin, long texts; shorter names before longer ones.
    """
    results, asked = Results(words.strip()), words_in(words)
    if not asked:
        return results
    if all(word.is_short for word in asked):
        results.notes.append(gettext("单个字只查名称的开头，再加一个字可查得更全。"))
    late, held = waiting(), indexes()
    if late.lags:
        results.notes.append(
            gettext("最近的改动超过 %(rows)d 条，索引正在跟上，结果可能不全。") % {"rows": WAITING_LIMIT}
        )
    found = []
    with store.reading():
        for register in searched_registers() if registers is None else registers:
            columns = rights.visible(user, own_columns(register))
            if columns and rights.may(user, register, rights.VIEW):
                seeker = _Seeker(register, user, columns, asked, limit, held.get(register.slug), late)
                judged, more, unsure = seeker.seek()
                results.notes += seeker.notes
                if judged:
                    found.append((judged[0].order, register, columns, judged, more, unsure))
        found.sort(key=lambda one: one[0])
        results.groups = [
            Group(register, _hits(register, columns, judged), more, unsure)
            for _order, register, columns, judged, more, unsure in found
        ]
    if registers is None:
        results.targets = _targets(user, asked)
    return results


class _Seeker:
    """The search in one register."""

    def __init__(
        self,
        register: Register,
        user: Any,
        columns: Sequence[BoundColumn],
        words: Sequence[Word],
        limit: int,
        index: SearchIndex | None,
        late: Waiting,
    ) -> None:
        self.register, self.columns, self.words, self.limit = register, columns, words, limit
        self.index, self.late = index, late
        self.judge = Judge(columns, words)
        self.reach = rights.restrict(register.model._default_manager.order_by(), register, user)
        self.sees_all = not rights.reach_of(user, register)
        self.looked_at: set[int] = set()
        self.judged: dict[int, Judged] = {}
        self.notes: list[str] = []

    def seek(self) -> tuple[list[Judged], bool, bool]:
        """The best hits in order, and whether there are others, or may be."""
        all_seen = self._look() and not self.late.lags
        best = sorted(self.judged.values(), key=lambda one: one.order)
        more = len(best) > self.limit
        return best[: self.limit], more, not all_seen and not more

    def _look(self) -> bool:
        """Judge the rows that can be hits; whether those were all."""
        if self.index is None:
            return self._scan() if self.is_small else self._read_through()
        self._take(_late_rows(self.register, self.index, self.late))
        wanted = _anywhere(self.words)
        if not (common := store.is_common(self.register, wanted, COMMON)):
            proposed = store.find(self.register, wanted, ENOUGH + 1)
            self._take(proposed)
            if len(proposed) <= ENOUGH:
                return True
        if not self.sees_all and self.is_small:
            proposed = [] if common else store.find(self.register, wanted, SCAN)
            if common or len(proposed) == SCAN:
                return self._scan()
            self._take(set(proposed).intersection(self.reach.values_list("pk", flat=True)))
            return True
        all_seen, best, enough = True, set(), ENOUGH if self.sees_all else BROAD
        for wanted in _tiers(self.words):
            proposed = store.find(self.register, wanted, enough)
            self._take(proposed)
            best |= self.judged.keys() & proposed
            if len(best) > self.limit:
                return False
            all_seen &= len(proposed) < enough
        return all_seen

    @cached_property
    def is_small(self) -> bool:
        """Whether the rows within reach are few enough to be read one by one."""
        return self.reach[: SCAN + 1].count() <= SCAN

    def _scan(self) -> bool:
        """Judge every row within reach."""
        rows = self.reach
        if self.comparable == self.columns:
            for word in self.words:
                if not word.is_heard:
                    rows = rows.filter(stands_in(self.comparable, word.text))
        self._judge(rows)
        return True

    def _read_through(self) -> bool:
        """Have the database compare all rows, names before long texts: the way while the index is being made."""
        self.notes.append(
            gettext("“%(title)s”的索引正在建立：先逐行比对，较慢，也不认拼音。") % {"title": self.register.shown_title}
        )
        all_seen = self.comparable == self.columns and not any(word.is_heard for word in self.words)
        how = "startswith" if self.judge.only_short else "contains"
        names = [one for one in self.comparable if one.column.search != "C"]
        for columns in (names, self.comparable) if names and len(names) < len(self.comparable) else (self.comparable,):
            rows = self.reach
            for word in self.words:
                rows = rows.filter(stands_in(columns, word.text, how))
            proposed = list(rows.values_list("pk", flat=True)[: ENOUGH + 1])
            self._take(proposed)
            if len(self.judged) > self.limit or self.judge.only_short:
                break
        return all_seen and len(proposed) <= ENOUGH

    @cached_property
    def comparable(self) -> list[BoundColumn]:
        """The columns that the database can compare."""
        return [one for one in self.columns if isinstance(one.field, (models.CharField, models.TextField))]

    def _take(self, proposed: Iterable[int]) -> None:
        new = [pk for pk in proposed if pk not in self.looked_at]
        self.looked_at.update(new)
        if new:
            self._judge(self.reach.filter(pk__in=new))

    def _judge(self, rows: "models.QuerySet[Any]") -> None:
        for pk, row in texts_of_rows.read(self.columns, rows).items():
            if judged := self.judge(pk, row):
                self.judged[pk] = judged


def _anywhere(words: Sequence[Word]) -> Wanted:
    """What rows must have to hold every word; single characters are left to the judge, unless there is nothing else."""
    return All(tuple(word.anywhere for word in words if not word.is_short) or tuple(word.first for word in words))


def _tiers(words: Sequence[Word]) -> Iterator[Wanted]:
    """What better rows have, before what others have: for words that so many rows hold that not all can be judged."""
    lengths = [texts.LENGTH + str(number) for number in range(len(texts.LENGTHS) + 1)]
    long = [word for word in words if not word.is_short]
    named = tuple(word.named for word in long)
    if len(words) == 1:
        yield All((words[0].first, *named, words[0].last))
    for length in lengths:
        yield All((words[0].first, *named, length))
    if not long:
        return
    for length in lengths:
        yield All((*named, length))
    if any(word.is_heard for word in long):
        heard = [Either((word.named, word.heard)) if word.heard else word.named for word in long]
        yield All((*heard, texts.FIRST_INITIAL + words[0].folded[0]))
        yield All(tuple(heard))
    yield _anywhere(words)


# -- what is shown -----------------------------------------------------------------------------------------------


def _hits(register: Register, columns: Sequence[BoundColumn], judged: Sequence[Judged]) -> list[Hit]:
    rows = register.base().in_bulk([one.pk for one in judged])
    return [_hit(register, columns, one, rows[one.pk]) for one in judged if one.pk in rows]


def _hit(register: Register, columns: Sequence[BoundColumn], judged: Judged, row: Any) -> Hit:
    where: dict[int, set[int]] = {}
    for found in judged.found:
        where.setdefault(found.column, set()).update(found.where)
    title = register.describe(row)
    shown = next((at for at, text in enumerate(judged.row) if text == title), None)
    marked = where.pop(shown, set()) if shown is not None else set()
    return Hit(
        register=register,
        pk=judged.pk,
        title=title,
        pieces=_pieces(title, marked),
        badge=register.badge(row),
        url=register.url("detail", judged.pk),
        seen=[Seen(columns[at].shown_label, _clipped(judged.row[at], marks)) for at, marks in sorted(where.items())],
        order=judged.order,
    )


def _pieces(text: str, marked: set[int]) -> list[Piece]:
    found: list[Piece] = []
    for at, one in enumerate(text):
        if found and found[-1].is_match == (at in marked):
            found[-1] = Piece(found[-1].text + one, found[-1].is_match)
        else:
            found.append(Piece(one, at in marked))
    return found


def _clipped(text: str, marked: set[int]) -> list[Piece]:
    """The surroundings of the first mark, of a long text."""
    start = max(min(marked) - CLIP, 0)
    end = min(min(marked) + 2 * CLIP, len(text))
    found = _pieces(text[start:end], {at - start for at in marked})
    return [*([Piece("…", False)] if start else []), *found, *([Piece("…", False)] if end < len(text) else [])]


def _targets(user: Any, words: Sequence[Word]) -> list[Target]:
    """Registers by their own names, those that begin with the words first."""
    found = []
    for register in registry.all():
        names = [texts.fold(one) for one in dict.fromkeys((register.shown_title, register.title))]
        if all(
            any(
                word.folded in one or (word.is_heard and texts.heard_at(word.folded, one, word.spellings))
                for one in names
            )
            for word in words
        ) and rights.may(user, register, rights.VIEW):
            begins = any(one.startswith(words[0].folded) for one in names)
            found.append((not begins, Target(register.shown_title, register.url(), register.icon)))
    return [target for _, target in sorted(found, key=lambda pair: pair[0])]


# -- for lists ---------------------------------------------------------------------------------------------------


def ids(register: Register, words: Sequence[str], cap: int, columns: Iterable[BoundColumn]) -> list[int] | None:
    """Ids of the rows in which every word stands in one of ``columns``, in no order; exactly those that
    :func:`contains` over all rows would find, whatever the index has not come to.

    None where the index cannot tell: it is not complete or lags, a column is neither indexed nor shows an indexed
    column of another register, every word is a single character, or more than ``cap`` rows come into question. Rights
    over rows and columns are the caller's: only columns that the reader may see, and the ids within what he may see.
    """
    late, held = waiting(), indexes()
    if late.lags:
        return None
    with store.reading():
        return _ids(register, [Word(word) for word in words], cap, list(columns), held, late)


def _ids(
    register: Register,
    words: Sequence[Word],
    cap: int,
    columns: Sequence[BoundColumn],
    held: Mapping[str, SearchIndex],
    late: Waiting,
) -> list[int] | None:
    known = {one.name for one in own_columns(register) if isinstance(one.field, (models.CharField, models.TextField))}
    own = [one for one in columns if one.name in known]
    pointing = [_pointed(register, one) for one in columns if one.name not in known]
    if own and register.slug not in held:
        return None
    rows = register.model._default_manager.order_by()
    long = [word for word in words if not word.is_short]
    pools: list[set[int] | None] = []
    if long and not pointing:
        pools.append(_proposed(register, All(tuple(_standing(word, own) for word in long)), cap))
    conditions = []
    for word in words:
        condition = stands_in(own, word.text)
        pool: set[int] | None = set()
        if pointing and own:
            pool = None if word.is_short else _proposed(register, _standing(word, own), cap)
        for pointed in pointing:
            if pointed is None:
                return None
            name, target, there = pointed
            found = _ids(target, [word], cap, [there], held, late)
            if found is None:
                return None
            condition |= Q(**{f"{name}__in": found})
            if pool is not None:
                pool |= set(rows.filter(**{f"{name}__in": found}).values_list("pk", flat=True)[: cap + 1])
        conditions.append(condition)
        if pointing:
            pools.append(pool)
    few = [pool for pool in pools if pool is not None and len(pool) <= cap]
    if not few:
        return None
    proposed = sorted(set.intersection(*few).union(_late_rows(register, held.get(register.slug), late)))
    return [
        pk
        for start in range(0, len(proposed), BROAD)
        for pk in rows.filter(*conditions, pk__in=proposed[start : start + BROAD]).values_list("pk", flat=True)
    ]


def _standing(word: Word, columns: Sequence[BoundColumn]) -> Wanted:
    """The word as it is written in ``columns``."""
    weights = {one.column.search for one in columns}
    return Either(
        (*((word.named,) if weights - {"C"} else ()), *((word.written(texts.LONG),) if "C" in weights else ()))
    )


def _proposed(register: Register, wanted: Wanted, cap: int) -> set[int] | None:
    """Rows that may hold what is wanted; None for more than ``cap``."""
    found = [] if (common := store.is_common(register, wanted, cap)) else store.find(register, wanted, cap + 1)
    return None if common or len(found) > cap else set(found)


def _pointed(register: Register, column: BoundColumn) -> tuple[str, Register, BoundColumn] | None:
    """For a column that shows a column of another register's rows: the reference, that register and column."""
    name, _, shown = column.path.partition("__")
    reference = register.model._meta.get_field(name) if shown else None
    if not isinstance(reference, models.ForeignKey):
        return None
    target = registry.by_model.get(reference.related_model._meta.label_lower)
    there = next((one for one in own_columns(target) if one.name == shown), None) if target else None
    return (name, target, there) if target and there else None


def _late_rows(register: Register, index: SearchIndex | None, late: Waiting) -> Iterable[int]:
    """Rows that the index does not know yet."""
    if register.history:
        return late.rows.get(register.label, ())
    newer = register.model._default_manager.filter(pk__gt=index.filled if index else 0)
    return newer.values_list("pk", flat=True)[:WAITING_LIMIT]
