"""The grammar of a business scope (经营范围): which activity governs which object.

All texts of a batch are read at once. They are cut into pieces and passages (:mod:`texts`); a multi-pattern scan makes
tokens of the distinct pieces (:mod:`lexicon` names the kinds), and every rule of the method page is one pass over the token
arrays of the distinct passages. ``parse`` shows the result for a single text; ``Grammar.read`` is what placement uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import polars as pl
from ahocorasick_rs import BytesAhoCorasick, MatchKind

from lianpu.analysis.placement import lexicon, names
from lianpu.analysis.placement.lexicon import (
    GROW,
    MAKES,
    NOUNISH,
    PUBLISH,
    RESEARCHES,
    ROLES,
    SERVES,
    SOFT,
    TECHNICAL,
    TRADES,
    WHOLE,
    Kind,
)
from lianpu.analysis.placement.texts import Crossing, Cuts, Texts, equal, search, spread
from lianpu.analysis.placement.tokens import (
    Brackets,
    Pieces,
    Stream,
    in_reading_order,
    is_content,
    latest_mark,
    next_mark,
    pair_brackets,
    token_stream,
)

_WORD_CONNECTIVE = 1  # role mark of 和 及 与, which unlike 、 do not end what 除外 takes back
_ONLY_AT_START = 1  # role mark of 除, an exception only at the start of an item
_ALL = MAKES | TRADES | SERVES | RESEARCHES
_BOUND = 1  # role mark of 品 物 型, which make a noun of the verb before them
_SHOP = 4  # role mark of the goods of a general store
_DEVICE = 8  # role mark of 设备 机械 装置 系统, which only say again that a device is one
_LEARNED = 1  # role mark of 技术 工艺 工程: what one researches, advises on or carries out, not what one makes


@dataclass(frozen=True, slots=True)
class Objects:
    """What the texts of a batch are about: one entry a span, by text and position.

    ``text`` row of the span, ``start``/``end`` offsets in it, ``roles`` bits of the governing activities (0: none stated),
    ``stated`` whether an activity governs it, ``excluded`` whether an exception or licence clause takes it back,
    ``product`` number of the product or -1, ``weight`` how far the span still means that product (0 to 1), ``reach`` how
    many words and marks lie between it and its activity (0 where none is stated), ``modified`` whether words before it in
    its item say which (电磁|阀门).
    """

    text: np.ndarray
    start: np.ndarray
    end: np.ndarray
    roles: np.ndarray
    stated: np.ndarray
    excluded: np.ndarray
    product: np.ndarray
    weight: np.ndarray
    item: np.ndarray
    reach: np.ndarray
    modified: np.ndarray


@dataclass(frozen=True, slots=True)
class Reading:
    """What a batch says, said once: ``objects`` of the distinct passages (their ``text`` is a passage), and where these are.

    Occurrence ``i`` is that of ``passage[i]``, in the text ``row[i]`` from the offset ``at[i]`` on.
    """

    objects: Objects
    passage: np.ndarray
    row: np.ndarray
    at: np.ndarray

    def does(self, texts: int) -> np.ndarray:
        """Role bits of everything that each text names and does not take back (uint8, one a text)."""
        found = self.objects
        does = np.zeros(int(self.passage.max(initial=-1)) + 1, dtype=np.uint8)
        np.bitwise_or.at(does, found.text, np.where(found.excluded, 0, found.roles))
        whole = np.zeros(texts, dtype=np.uint8)
        np.bitwise_or.at(whole, self.row, does[self.passage])
        return whole

    def everywhere(self, keep: np.ndarray | None = None) -> Objects:
        """The objects (those marked in ``keep``) wherever they occur, with rows and offsets of the texts."""
        found = self.objects
        chosen = np.arange(len(found.text)) if keep is None else np.flatnonzero(keep)
        chosen = chosen[np.argsort(found.text[chosen], kind="stable")]
        counts = np.bincount(found.text[chosen], minlength=int(self.passage.max(initial=-1)) + 1)
        many = counts[self.passage]
        occurrence = np.repeat(np.arange(len(many)), many)
        taken = chosen[spread((np.cumsum(counts) - counts)[self.passage], many)]
        at = self.at[occurrence]
        return Objects(
            self.row[occurrence],
            found.start[taken] + at,
            found.end[taken] + at,
            found.roles[taken],
            found.stated[taken],
            found.excluded[taken],
            found.product[taken],
            found.weight[taken],
            found.item[taken] + occurrence * (int(found.item.max(initial=0)) + 1),
            found.reach[taken],
            found.modified[taken],
        )


class Grammar:
    """Grammar words and product terms in one leftmost-longest automaton.

    ``products`` are normalised terms; the number of a term is its place in the sequence. A term that is also a grammar
    word counts as the product. A term that ends in an activity (污水处理, 水泥生产) is split, so that the activity governs
    the items before it as well.
    """

    def __init__(self, products: Sequence[str]) -> None:
        words = lexicon.words()
        patterns = {term: number for number, term in enumerate(products)}
        if len(patterns) != len(products):
            raise ValueError("产品词重复：同一词只能列一次，请先合并")
        extra = [word for word in words if word not in patterns]
        kinds = [int(Kind.PRODUCT)] * len(products) + [int(words[word][0]) for word in extra]
        self.kinds = np.array(kinds, dtype=np.uint8)
        marks = [
            _SHOP if term in lexicon.SHOP else words[term][1] if place >= len(products) else 0
            for place, term in enumerate([*products, *extra])
        ]
        self.roles = np.array(marks, dtype=np.uint8)
        self.lengths = np.array([len(word) for word in chain(products, extra)], dtype=np.int64)
        tails = [_activity_tail(term, words) for term in products] + [(0, 0)] * len(extra)
        self.tail = np.array([tail for tail, _ in tails], dtype=np.int64)
        self.tail_role = np.array([role for _, role in tails], dtype=np.uint8)
        self.device = np.array([term.endswith(lexicon.DEVICE_ENDS) for term in [*products, *extra]], dtype=bool)
        self.count = len(products)
        self._automaton = BytesAhoCorasick(
            [word.encode() for word in chain(products, extra)], matchkind=MatchKind.LeftmostLongest
        )
        self._crossing = Crossing(products)
        # behind these a colon may stand directly after an activity and hold it over ends of clauses (销售：A；B)
        self._carriers = np.zeros(0x110000, dtype=bool)
        self._carriers[ord(")")] = True
        carrying = [word for word, (kind, _) in words.items() if kind in (Kind.ACT, Kind.FILLER)]
        self._carriers[[ord(word[-1]) for word in carrying]] = True

    def scan(self, texts: Texts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pattern number, start and end of every match, in the batch's own offsets."""
        pattern, start = search(self._automaton, texts)
        return pattern, start, start + self.lengths[pattern]

    def read(self, texts: Texts, whole: np.ndarray | None = None) -> Reading:
        """Parse a batch: passages that name a product, and all those of the texts marked in ``whole`` (None: every one)."""
        cuts = Cuts.of(texts, self._crossing, self._carriers)
        pieces = self._pieces(texts, cuts)
        wanted = np.ones(len(cuts.ends), dtype=bool)
        if whole is not None:
            telling = pieces.telling[cuts.number]  # the last entry is for the empty piece, -1
            told = np.append(0, np.cumsum(telling))
            wanted = (told[cuts.ends + 1] > told[cuts.opens]) | whole[cuts.text]
        occurs = np.flatnonzero(wanted)
        start = cuts.piece[cuts.opens[occurs]]
        distinct, passage = equal(texts.codes, start, cuts.place[cuts.ends[occurs]] + 1 - start, cuts.key[occurs])
        tokens = token_stream(cuts, pieces, occurs[distinct])
        brackets = pair_brackets(tokens, len(distinct))
        stream = in_reading_order(tokens, brackets)
        _exclude(stream)
        _demote(stream)
        groups = _groups(stream)
        governor = _govern(stream, groups)
        _inherit(stream, brackets, groups, governor)
        objects = self._objects(texts, start[distinct], stream, groups, governor)
        row = cuts.text[occurs]
        return Reading(objects, passage, row, start - texts.bounds[row])

    def _pieces(self, texts: Texts, cuts: Cuts) -> Pieces:
        """Cut every character of the distinct pieces into exactly one token: matches, and runs of anything else."""
        alone, source = texts.take(cuts.first, cuts.length)
        pattern, start, end = self.scan(alone)
        size = len(alone.codes)
        kind_of = np.where(alone.codes > 0, cuts.kinds[source], np.uint8(Kind.STRONG))
        tailed = self.tail[pattern] > 0
        cut = end - self.tail[pattern]
        edge = np.zeros(size + 1, dtype=np.int8)
        edge[start] += 1
        edge[end] -= 1
        covered = np.cumsum(edge[:-1], dtype=np.int8).astype(bool)
        plain = (kind_of == Kind.TEXT) & ~covered
        opens = plain.copy()
        opens[1:] &= ~plain[:-1]
        loose = np.flatnonzero(opens | ~(plain | covered))
        starts = np.concatenate([start, cut[tailed], loose])
        order = np.argsort(starts, kind="stable")
        kinds = np.concatenate([self.kinds[pattern], np.full(tailed.sum(), Kind.ACT, np.uint8), kind_of[loose]])[order]
        roles = np.concatenate([self.roles[pattern], self.tail_role[pattern[tailed]], np.zeros(len(loose), np.uint8)])[
            order
        ]
        numbers = np.where(pattern < self.count, pattern, -1)
        product = np.concatenate([numbers, np.full(len(starts) - len(start), -1)])[order]
        starts = starts[order]
        ends = np.append(starts[1:], size)
        firsts = np.searchsorted(starts, alone.bounds)
        piece = np.repeat(np.arange(len(alone.bounds) - 1), np.diff(firsts))
        base = alone.bounds[piece]
        telling = np.zeros(len(alone.bounds), dtype=bool)
        telling[piece[product >= 0]] = True
        # the NUL behind every piece is a token too, which token_stream leaves out
        many = np.append(np.diff(firsts) - 1, 0)
        return Pieces(firsts, many, kinds, roles, starts - base, ends - base, product, telling)

    def _objects(
        self, texts: Texts, starts: np.ndarray, stream: Stream, groups: _Groups, governor: np.ndarray
    ) -> Objects:
        # a stretch that was taken back keeps its words (for the page that shows the parse) but counts for nothing
        keep = np.flatnonzero(is_content(stream.kind) | stream.excluded & is_content(stream.was))
        text, start, product, excluded = (
            stream.text[keep],
            stream.start[keep],
            stream.product[keep],
            stream.excluded[keep],
        )
        after, following = stream.after[keep], np.minimum(keep + 1, len(stream.kind) - 1)
        weight = _RESIDUAL[after]
        long_tail = (after == Kind.TEXT) & (stream.end[following] - stream.start[following] > 1)
        weight[long_tail] *= 0.6
        # 氧气|减压器 is a device that no list knows, 水泥|搅拌|设备 one that is known by its head
        last = np.minimum(texts.codes[stream.end[following] - 1], len(_BREAKS) - 1)
        device = _DEVICE_CHARS[last]
        beyond = (stream.after[following] == Kind.HEAD) | (_OTHER_WORDS[last] & ~long_tail)
        again = self.device[product] & (last == ord("械")) & ~long_tail  # 切纸机|械
        weight[(after == Kind.TEXT) & (device & ~self.device[product] | beyond & ~again) & (product >= 0)] = 0.0
        weight[again & (after == Kind.TEXT) & (product >= 0)] = 0.8
        # 氧气|减压阀 is no oxygen
        weight[
            (after == Kind.PRODUCT) & self.device[stream.product[following]] & ~self.device[product] & (product >= 0)
        ] = 0.0
        roles = np.append(groups.roles, np.uint8(0))[governor[keep]]
        learned = (after == Kind.HEAD) & (stream.role[following] == _LEARNED) & (roles & (SERVES | RESEARCHES) > 0)
        weight[learned] = 0.35
        # 消防控制系统|设备 is still one device, 室内外装潢|工程 still the decoration
        widened = (after == Kind.HEAD) & (stream.role[following] & _DEVICE > 0) & self.device[product] & (product >= 0)
        weight[widened] = 0.8
        further = np.minimum(following + 1, len(stream.kind) - 1)
        deed = (after == Kind.HEAD) & (stream.was[following] == Kind.ACT) & (product >= 0)
        deed &= (self.tail_role[product] & SERVES > 0) & (stream.role[further] == _LEARNED)
        weight[deed & (stream.kind[further] == Kind.HEAD)] = 1.0
        base = starts[text]
        broken = _BREAKS[np.minimum(texts.codes[start - 1], len(_BREAKS) - 1)] & (start > base)
        weight[broken] *= 0.1
        weight[excluded] = 0.0
        roles[learned] &= SERVES | RESEARCHES
        # a term that is itself a service (机械设计) stays one beside 制造
        own = np.where(product >= 0, self.tail_role[product], 0) & _ALL
        roles = np.where((own > 0) & (own & MAKES == 0), own, roles)
        roles = np.where((roles == 0) & _in_shop(stream)[keep], TRADES, roles)
        # …、模具，销售自产产品: what stands before its own produce is made
        acts = np.flatnonzero(stream.was == Kind.ACT)
        produce = np.zeros(len(stream.kind), dtype=bool)
        produce[acts[_ends_in(texts.codes, stream.end[acts], "自产")]] = True
        ahead = np.append(stream.clause, -1)[next_mark(produce)[keep]]
        roles = np.where((roles == 0) & (ahead == stream.clause[keep]), MAKES, roles).astype(np.uint8)
        end = np.where(product >= 0, start + self.lengths[product], stream.end[keep])
        before, by = stream.before[keep], governor[keep]
        reach = np.zeros(len(keep), dtype=np.int64)
        stated = np.flatnonzero(by >= 0)
        reach[stated] = np.minimum(
            np.abs(groups.first[by[stated]] - keep[stated]), np.abs(groups.last[by[stated]] - keep[stated])
        )
        return Objects(
            text,
            start - base,
            end - base,
            roles,
            governor[keep] >= 0,
            excluded,
            product,
            weight,
            stream.item[keep],
            reach,
            (before == Kind.TEXT) | (before == Kind.HEAD),
        )


@dataclass(frozen=True, slots=True)
class _Groups:
    """Groups of activities that act as one (生产、加工和销售): first and last place in the stream, role bits, direction."""

    first: np.ndarray
    last: np.ndarray
    roles: np.ndarray
    right: np.ndarray
    left: np.ndarray
    colon: np.ndarray
    whole: np.ndarray
    number: np.ndarray  # stream place → group or -1


#: How far a product still means itself, by the kind of the token right after it.
_RESIDUAL = np.ones(32)
_RESIDUAL[Kind.HEAD] = 0.0
_RESIDUAL[Kind.PRODUCT] = 0.2  # 汽车|轮胎 is a compound, 农药|化肥 a list without its comma
_RESIDUAL[Kind.TEXT] = 0.4
_DEVICE_CHARS = np.zeros(0x10000, dtype=bool)
_DEVICE_CHARS[[ord(mark) for mark in lexicon.DEVICE_CHARS]] = True
_OTHER_WORDS = np.zeros(0x10000, dtype=bool)
_OTHER_WORDS[[ord(mark) for mark in lexicon.OTHER_WORDS]] = True
_BREAKS = np.zeros(0x10000, dtype=bool)
_BREAKS[[ord(mark) for mark in lexicon.PREFIX_BREAKS]] = True


def _ends_in(codes: np.ndarray, ends: np.ndarray, word: str) -> np.ndarray:
    """Whether the text up to each of ``ends`` ends in a word of two characters."""
    return np.asarray((codes[ends - 1] == ord(word[1])) & (codes[ends - 2] == ord(word[0])))


def _activity_tail(term: str, words: dict[str, tuple[Kind, int]]) -> tuple[int, int]:
    for cut in range(1, len(term)):
        kind, role = words.get(term[cut:], (Kind.TEXT, 0))
        if kind is Kind.ACT and not (term[cut:] == "制作" and term.startswith(lexicon.SHOWN)):
            # 模具制造 at the end of a shop's list is about moulds alone, like growing
            # and 软件开发 on a list of goods is about software alone
            own = WHOLE if role & RESEARCHES and "软件" in term else GROW if role & MAKES else 0
            return len(term) - cut, role | own
    return 0, 0


def _exclude(stream: Stream) -> None:
    """Take back what exceptions and licence clauses cover: those tokens become blanks, remembered as excluded."""
    kind, role = stream.kind, stream.role
    root = stream.depth == 0
    starts_item = ~is_content(stream.before) & (stream.before != Kind.ACT)
    except_ = (kind == Kind.EXCEPT) & ((role != _ONLY_AT_START) | starts_item)
    kind[(kind == Kind.EXCEPT) & ~except_] = Kind.TEXT
    strong = stream.new | (kind == Kind.STRONG) | (kind == Kind.SECTION)
    comma = kind == Kind.COMMA
    ends = strong | (kind == Kind.EXCEPT_END) | (comma & root)
    forward = latest_mark(except_) >= np.maximum(latest_mark(ends), 0)
    mark = (kind == Kind.LIST) & (role != _WORD_CONNECTIVE)
    licence = kind == Kind.LICENCE
    stops = strong | comma | mark | (kind == Kind.COLON)
    licensed = latest_mark(licence) >= np.maximum(latest_mark(stops), 0)
    but = kind == Kind.BUT
    stop_back = strong | ((comma | mark) & root)
    back = next_mark(but) < np.append(next_mark(stop_back)[1:], len(kind)) if len(kind) else but
    stream.excluded = (forward | licensed | back) & (kind != Kind.STRONG) & (kind != Kind.SECTION) & ~comma
    # keep separators, or the attachment of what follows would change
    gone = stream.excluded & (is_content(kind) | (kind == Kind.ACT))
    kind[gone] = Kind.BLANK
    kind[(kind == Kind.EXCEPT) | (kind == Kind.EXCEPT_END) | (kind == Kind.BUT) | (kind == Kind.LICENCE)] = Kind.BLANK


def _demote(stream: Stream) -> None:
    """Activities inside a compound noun are no activities: 检测|设备, 粮食加工|机械."""
    kind = stream.kind
    after = stream.after
    soft = (kind == Kind.ACT) & (stream.role & SOFT > 0) & is_content(after)
    following = np.append(stream.role[1:], 0)
    soft |= (kind == Kind.ACT) & (stream.role & NOUNISH > 0) & (after == Kind.HEAD) & (following > 0)
    kind[soft] = Kind.HEAD
    # 腌制|品 is a thing, 生产|等 is not
    kind[(kind == Kind.ACT) & (after == Kind.CARRY) & (following == _BOUND)] = Kind.TEXT
    # 油气开采|技术咨询 is about it, no making
    advised = (after == Kind.ACT) & (following & TECHNICAL == TECHNICAL) & (following & SERVES > 0)
    kind[(kind == Kind.ACT) & (stream.role & MAKES > 0) & advised] = Kind.HEAD
    act = kind == Kind.ACT
    before = stream.before
    opens = act & ((before != Kind.ACT) | stream.new)
    run = np.cumsum(opens)[act]
    if not len(run):
        return
    places = np.flatnonzero(act)
    firsts = places[np.append(True, run[1:] != run[:-1])]
    lasts = places[np.append(run[1:] != run[:-1], True)]
    device = (stream.after[lasts] == Kind.HEAD) & (following[lasts] > 0)
    compound = is_content(before[firsts]) & device
    kind[places[compound[run - run[0]]]] = Kind.HEAD


def _in_shop(stream: Stream, part: np.ndarray | None = None) -> np.ndarray:
    """Whether a token stands in a clause (or other ``part``) that lists goods of a general store."""
    part = stream.clause if part is None else part
    shop = np.zeros(int(part.max(initial=0)) + 1, dtype=bool)
    shop[part[is_content(stream.kind) & (stream.role == _SHOP)]] = True
    return np.asarray(shop[part])


def _groups(stream: Stream) -> _Groups:
    kind = stream.kind
    places = np.flatnonzero(kind == Kind.ACT)
    content = np.cumsum(is_content(kind) | (kind == Kind.COLON))
    before, after = stream.before, stream.after

    def cut(extra: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        opens = np.ones(len(places), dtype=bool)
        opens[1:] = (stream.clause[places[1:]] != stream.clause[places[:-1]]) | (
            content[places[1:]] != content[places[:-1]]
        )
        opens |= extra
        number = np.cumsum(opens) - 1
        return number, places[opens], places[np.append(opens[1:], True)] if len(places) else places

    # 批发、零售，图文设计: what holds its object inside is a business of its own behind a comma
    own = np.zeros(len(places), dtype=bool)
    own[1:] = (stream.role[places[1:]] & WHOLE > 0) & (stream.comma[places[1:]] != stream.comma[places[:-1]])
    number, first, last = cut(own)
    # A生产、销售B: words on both sides and a separator inside, so the last part belongs to the right (A加工，批发、零售：B)
    both = is_content(before[first]) & (is_content(after[last]) | (after[last] == Kind.COLON))
    inner = (before[places] != Kind.ACT) & both[number] & (places != first[number])
    comma = inner & np.append(False, stream.comma[places[1:]] != stream.comma[places[:-1]])
    parted = np.zeros(len(first), dtype=bool)
    parted[number[comma]] = True
    inner &= comma | ~parted[number]
    final = np.zeros(len(places), dtype=bool)
    if inner.any():
        last_inner = np.zeros(len(first), dtype=np.int64) - 1
        last_inner[number[inner]] = np.flatnonzero(inner)
        final[last_inner[last_inner >= 0]] = True
        number, first, last = cut(own | final)
    roles = np.zeros(len(first), dtype=np.uint8)
    np.bitwise_or.at(roles, number, stream.role[places])
    bits = stream.role[places]
    narrow = (bits & WHOLE > 0) | ((bits & GROW > 0) & _in_shop(stream)[places])
    whole = np.ones(len(first), dtype=bool)
    np.logical_and.at(whole, number, narrow)
    shown = np.zeros(len(first), dtype=bool)
    np.logical_or.at(shown, number, (bits & (PUBLISH | SOFT) == PUBLISH) & (bits & SERVES > 0))
    roles[shown] &= SERVES
    roles &= _ALL
    colon = after[last] == Kind.COLON
    right = is_content(after[last]) | colon
    # words on both sides are verb and object (利用废渣生产水泥), unless a product stands right before (药品零售连锁)
    used = (stream.was[np.maximum(first - 2, 0)] == Kind.ACT) & (
        stream.item[np.maximum(first - 2, 0)] == stream.item[first]
    )
    left = is_content(before[first]) & (~right | ((before[first] == Kind.PRODUCT) & ~used)) & ~colon
    # neither side: 五金、建材、批发、零售 looks back, 批发、零售、五金 looks forward
    free = content[first] - np.append(0, content[last[:-1]]) if len(first) else first
    started = np.append(True, stream.clause[first[1:]] != stream.clause[last[:-1]]) if len(first) else right
    starts = latest_mark(stream.new | (stream.clause != np.append(-1, stream.clause[:-1]))) if len(kind) else places
    # what stands before the clause is not its own; its first token counts where it is an object itself
    outside = content[starts] - is_content(kind[starts]) if len(kind) else content
    opened = content[first] - outside[first] if len(first) else first
    free = np.where(started, opened, free)
    held = ~started & np.append(False, right[:-1]) if len(first) else right
    alone = ~right & ~left
    left = left | (alone & (free > 0) & ~held)
    right = right | (alone & ~left)
    numbers = np.full(len(kind), -1)
    numbers[places] = number
    return _Groups(first, last, roles, right, left, colon, whole, numbers)


def _govern(stream: Stream, groups: _Groups) -> np.ndarray:
    """Group that governs each token of the stream, or -1."""
    size, count = len(stream.kind), len(groups.first)
    governor = np.full(size, -1)
    if not count:
        return governor
    mark = np.full(size, -1)
    mark[groups.last] = np.arange(count)
    last = np.maximum.accumulate(mark)
    mark = np.full(size, count)
    mark[groups.first] = np.arange(count)
    following = np.minimum.accumulate(mark[::-1])[::-1]
    has_last = (last >= 0) & (stream.clause[groups.last[last]] == stream.clause)
    has_next = following < count
    following = np.where(has_next, following, 0)
    first = groups.first[following]
    has_next &= stream.clause[first] == stream.clause
    same_item = stream.item[first] == stream.item
    before_right = has_last & groups.right[last]
    next_left = has_next & groups.left[following]
    # 生产A、B，C、D销售: after the last comma all belongs to the later activity, without a comma only its own item
    apart = stream.comma[first] != stream.comma[groups.last[last]]
    takes = same_item | (apart & (stream.comma == stream.comma[first]))
    # A销售、B，C修理: B hangs on to what stands before it in the same comma
    hangs = has_last & ~before_right & apart & (stream.comma == stream.comma[groups.last[last]])
    # …、百货零售，果树、蔬菜的种植: growing leaves the goods of a store alone, not its own list behind the comma
    grown = has_last & (stream.role[first] & GROW > 0) & (stream.comma == stream.comma[first]) & apart
    grown &= ~_in_shop(stream, stream.comma)
    to_next = next_left & (~before_right | takes) & ~hangs & (same_item | ~groups.whole[following] | grown)
    to_last = before_right & ~to_next
    trail = has_last & ~to_next & ~to_last & (groups.roles[last] == TRADES)
    # 销售：建材；五金；百货: a colon reaches over the clause's end, up to the next activity or section
    same_part = (last >= 0) & (stream.section[groups.last[last]] == stream.section)
    carried = ~has_last & ~to_next & same_part & groups.colon[last] & ~next_left
    governor = np.where(to_next, following, np.where(to_last | trail | carried, last, -1))
    return np.where(is_content(stream.kind), governor, -1)


def _inherit(stream: Stream, brackets: Brackets, groups: _Groups, governor: np.ndarray) -> None:
    """Objects in brackets without an activity of their own take that of the word before the bracket."""
    for level in range(1, int(stream.depth.max(initial=0)) + 1):
        inside = np.flatnonzero((stream.depth == level) & (governor < 0) & is_content(stream.kind))
        anchor = brackets.anchor[stream.context[inside] - brackets.texts]
        place = np.where(anchor >= 0, stream.place[anchor], -1)
        own = (place >= 0) & (stream.text[place] == stream.text[inside])
        governor[inside] = np.where(own, np.maximum(governor[place], groups.number[place]), -1)
        stream.excluded[inside] |= own & stream.excluded[place]


@dataclass(frozen=True, slots=True)
class Part:
    """One object of a business scope: its span, the roles it stands under, and whether it is taken back."""

    start: int
    end: int
    text: str
    roles: tuple[str, ...]
    excluded: bool


_BARE: list[Grammar] = []


def parse(scope: str, name: str = "") -> list[Part]:
    """Objects of one scope with their activities, in order; ``roles`` is empty where neither text nor name tells."""
    if not _BARE:
        _BARE.append(Grammar([]))
    found = _BARE[0].read(Texts.of([scope])).everywhere()
    hint = int(names.hints(pl.Series([name]))[0])
    parts: list[Part] = []
    item = -1
    for place in np.lexsort((found.end, found.start)).tolist():
        start, end, taken = int(found.start[place]), int(found.end[place]), bool(found.excluded[place])
        bits = int(found.roles[place]) or hint
        roles = tuple(role for number, role in enumerate(ROLES) if bits >> number & 1)
        if parts and found.item[place] == item and parts[-1].excluded == taken and parts[-1].roles == roles:
            start = parts.pop().start
        item = int(found.item[place])
        parts.append(Part(start, end, scope[start:end], roles, taken))
    return parts
