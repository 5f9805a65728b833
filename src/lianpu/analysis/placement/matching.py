"""Products in texts and names, and what they say of the firm: lexical evidence with a role and a strength.

Strengths are probabilities in [0, 1): how likely a single mention means that the firm fills the segment in that role.
Mentions combine as independent chances, 1 − Π(1 − p).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from lianpu.analysis.placement import lexicon, names
from lianpu.analysis.placement.clauses import Grammar
from lianpu.analysis.placement.lexicon import (
    GENERIC,
    MAKES,
    PLAIN_ENDS,
    PREFIX_BREAKS,
    PRIORITY,
    RESEARCHES,
    ROLES,
    SERVES,
    TRADES,
    Kind,
)
from lianpu.analysis.placement.texts import Texts, normalise

SCOPE, NAME = 0, 1
_ALL = MAKES | TRADES | SERVES | RESEARCHES
#: Strength of one unhampered mention by the length of its term: two characters are often part of something else.
_BY_LENGTH = np.array([0.0, 0.30, 0.62, 0.74, 0.80, 0.84, 0.86])
_GENERIC_SHARE = 0.08
#: Factors on a mention, by how its role is known.
_NEUTRAL, _SAME_ELSEWHERE, _BY_NAME, _UNKNOWN = 0.55, 0.7, 0.65, 0.35
_SERVICE_NAME = 0.4  # 某某水泥运输公司: the name's product is what is served, not what is done
_BESIDE_STATED = 0.35  # 某某塑料制品厂 that by its scope makes 编织袋: the name says the same in general
_OTHER_STEP = 0.3  # 有色金属材料加工: a maker is not yet in the trade of what it makes
#: A term that holds one of these makes something, whatever its end: 中药材种植销售.
_MADE = ("种植", "加工", "生产", "制造", "制作", "软件")
#: Goods by their end: who makes these makes them, also in a segment that services fill.
_GOODS_ENDS = ("配件", "零件", "备件", "部件", "器材", "设备", "机械")
_AGAINST_NAME = 0.8  # a shop whose scope says 生产
#: What may stand right after a product in a name that is the name of its business: 水泥|有限公司, 水泥|厂.
_NAME_ENDS_2 = [
    "有限",
    "股份",
    "集团",
    "公司",
    "总厂",
    "分厂",
    "工厂",
    "实业",
    "工业",
    "制造",
    "制品",
    "科技",
    "销售",
    "贸易",
    "商贸",
    "经贸",
    "经销",
    "经营",
    "门市",
    "商店",
    "商行",
    "专卖",
    "批发",
    "零售",
    "加工",
    "生产",
    "研究",
    "研发",
    "发展",
    "开发",
    "产业",
    "开采",
    "冶炼",
    "企业",
    "专业",
    "运输",
    "维修",
    "服务",
]
_NAME_ENDS_1 = "厂矿店行部站社("


@dataclass(frozen=True, slots=True)
class Terms:
    """Product terms and the codes they speak for (term i: ``codes[offsets[i]:offsets[i + 1]]`` with ``shares``)."""

    words: list[str]
    offsets: np.ndarray
    codes: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, products: pl.DataFrame, codes: Sequence[str]) -> Terms:
        """From a frame (product, code, weight); weights that are not positive and single characters are left out."""
        number = {code: place for place, code in enumerate(codes)}
        found: dict[str, dict[int, float]] = {}
        rows = products.select(
            pl.col("product").cast(pl.String), pl.col("code").cast(pl.String), pl.col("weight").cast(pl.Float64)
        )
        for product, code, weight in rows.drop_nulls().iter_rows():
            word = normalise(product)
            if len(word) < 2 or weight <= 0:
                continue
            if code not in number:
                raise ValueError(f"产品“{product}”的代码“{code}”不在分类表中：请先在分类表补上该代码，或改正产品表")
            shares = found.setdefault(word, {})
            shares[number[code]] = shares.get(number[code], 0.0) + min(weight, 1.0)
        words = sorted(found)
        offsets = np.zeros(len(words) + 1, dtype=np.int64)
        np.cumsum([len(found[word]) for word in words], out=offsets[1:])
        pairs = [(code, share) for word in words for code, share in sorted(found[word].items())]
        owner = np.repeat(np.arange(len(words)), np.diff(offsets))
        shares_ = np.array([share for _, share in pairs], dtype=np.float64)
        total = np.bincount(owner, weights=shares_, minlength=len(words))
        best = np.zeros(len(words))
        np.maximum.at(best, owner, shares_)
        # the shares of a word sum to its own weight (the largest one given), so an ambiguous word tells less
        return cls(
            words, offsets, np.array([code for code, _ in pairs], dtype=np.int64), shares_ * (best / total)[owner]
        )

    def once(self, products: pl.DataFrame, codes: Sequence[str]) -> np.ndarray:
        """Which terms stand for which codes by a single row of ``products`` (bool, in the order of ``self.codes``)."""
        rows = products.select(pl.col("product", "code").cast(pl.String)).drop_nulls().iter_rows()
        count = Counter((normalise(product), code) for product, code in rows)
        owner = np.repeat(np.arange(len(self.words)), np.diff(self.offsets))
        return np.array(
            [count[self.words[word], codes[code]] <= 1 for word, code in zip(owner, self.codes, strict=True)],
            dtype=bool,
        )

    def strengths(self, fills: np.ndarray) -> np.ndarray:
        """Strength of an unhampered mention of each word for each of its codes; ``fills`` is the role bit by code.

        A generic word (建筑材料, 机械设备) tells nothing of what a firm makes, but it is the very name of a trade.
        """
        many = np.diff(self.offsets)
        length = np.array([min(len(word), len(_BY_LENGTH) - 1) for word in self.words], dtype=np.int64)
        generic = np.repeat(np.array([word in GENERIC for word in self.words], dtype=bool), many)
        generic &= fills[self.codes] != TRADES
        return np.asarray(self.shares * np.repeat(_BY_LENGTH[length], many) * np.where(generic, _GENERIC_SHARE, 1.0))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Mentions, sorted by row and code. ``group`` numbers the (row, code) pairs; ``pair_row``/``pair_code`` name them.

    ``role_chance`` is (pairs, 4) in the order of ``ROLES``; ``role`` the bit chosen for the pair, ``score`` its chance.
    """

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    source: np.ndarray
    roles: np.ndarray
    stated: np.ndarray
    term: np.ndarray
    strength: np.ndarray
    reach: np.ndarray
    modified: np.ndarray
    group: np.ndarray
    pair_row: np.ndarray
    pair_code: np.ndarray
    role_chance: np.ndarray
    role: np.ndarray
    score: np.ndarray


class Matcher:
    """Finds the terms in batches of (name, scope) and turns them into :class:`Evidence`.

    ``fills`` is the role bit that fills each code: where a firm has several roles for a code, that one is preferred.
    ``leaning`` (codes, roles) and ``group`` (number of each code's parent) are for :mod:`confidence`.
    """

    def __init__(self, terms: Terms, fills: np.ndarray, leaning: np.ndarray, group: np.ndarray) -> None:
        self.terms, self.fills, self.leaning, self.group = terms, fills, leaning, group
        self.grammar = Grammar(terms.words)
        self._strength = terms.strengths(fills)
        self.generic = np.array([word in GENERIC for word in terms.words], dtype=bool)
        self._software = np.array(["软件" in word for word in terms.words], dtype=bool)
        self._deed = (self.grammar.tail_role[: len(terms.words)] & _ALL) > 0
        acts = lexicon.words()
        self._process = np.array(
            [acts.get(word, (0, 0))[1] & MAKES and acts[word][0] is Kind.ACT for word in terms.words], dtype=bool
        )
        self._plain = np.array(
            [
                word.endswith(PLAIN_ENDS) and (word.endswith("服务") or not any(deed in word for deed in _MADE))
                for word in terms.words
            ],
            dtype=bool,
        )
        self._goods = np.array([word.endswith(_GOODS_ENDS) for word in terms.words], dtype=bool)
        self._ends_2 = np.array([ord(word[0]) << 21 | ord(word[1]) for word in _NAME_ENDS_2], dtype=np.int64)

    def evidence(self, firm_names: pl.Series, scopes: pl.Series) -> Evidence:
        """Evidence in a batch; the two series have the same length, nulls count as empty."""
        scope_texts = Texts.of(scopes.fill_null("").to_list())
        name_row, name_start, name_end, name_product = self._in_names(Texts.of(firm_names.fill_null("").to_list()))
        does, (row, start, end, product, roles, stated, weight, reach, modified) = self._in_scopes(
            scope_texts, name_row
        )
        extra = len(name_row)
        nothing = np.zeros(extra, dtype=np.uint8)
        row, start, end = np.append(row, name_row), np.append(start, name_start), np.append(end, name_end)
        product, roles = np.append(product, name_product), np.append(roles, nothing)
        reach, modified = np.append(reach, nothing), np.append(modified, nothing.astype(bool))
        stated, weight = np.append(stated, nothing.astype(bool)), np.append(weight, np.ones(extra))
        source = np.append(np.full(len(row) - extra, SCOPE, np.uint8), np.full(extra, NAME, np.uint8))
        # one mention speaks for every code of its term
        many = self.terms.offsets[product + 1] - self.terms.offsets[product]
        each = np.repeat(np.arange(len(row)), many)
        link = np.arange(len(each)) - np.repeat(np.cumsum(many) - many, many) + self.terms.offsets[product][each]
        key = row[each] * len(self.fills) + self.terms.codes[link]
        # by row and code, then source and place: one number, for no two mentions have all four in common
        order = np.argsort((key * 2 + source[each]) * (int(start.max(initial=0)) + 1) + start[each])
        strength = (self._strength[link] * weight[each])[order]
        each, key = each[order], key[order]
        opens = np.append(True, key[1:] != key[:-1]) if len(key) else np.zeros(0, bool)
        mentions = _Mentions(row[each], source[each], roles[each], stated[each], strength, np.flatnonzero(opens))
        group = np.cumsum(opens) - 1
        pair_row, pair_code = mentions.row[mentions.pairs], key[mentions.pairs] % len(self.fills)
        hint = np.zeros(len(does), dtype=np.uint8)
        placed = pair_row[np.diff(pair_row, prepend=-1) > 0]
        hint[placed] = names.hints(firm_names.gather(placed).fill_null(""))
        works = np.zeros(len(does), dtype=bool)
        works[placed] = names.plain_works(firm_names.gather(placed))
        works = works[mentions.row]
        # 铸造 without a word is done, not sold, whatever the name
        process = self._process[product[each]] & (mentions.source == SCOPE)
        told, strength = _roles(mentions, group, hint, works, process, does, self.fills[pair_code])
        # 某某食品有限公司 as often makes food as it sells it: the name of a category tells no trade
        strength = np.where((mentions.source == NAME) & self.generic[product[each]], _OTHER_STEP, 1.0) * strength
        # and 软件 that is developed is a product, though on a list of goods it tells nothing
        wrote = self._software[product[each]] & self.generic[product[each]] & mentions.stated
        wrote &= (mentions.roles & RESEARCHES > 0) & (self.fills[pair_code][group] == MAKES)
        strength = np.where(wrote, strength / _GENERIC_SHARE, strength)
        plain = self._plain[product[each]] & (self.fills[pair_code][group] == MAKES)
        idle = (mentions.source == NAME) & (told == TRADES) & (self.fills[pair_code][group] == MAKES)
        told, strength = _step(
            told,
            strength,
            self.fills[pair_code][group],
            self._software[product[each]],
            self._deed[product[each]] & ~plain & ~idle,
            self._goods[product[each]],
        )
        made = _any((mentions.source == SCOPE) & stated[each] & (told & MAKES > 0), mentions.pairs)
        beside = ~made & np.isin(pair_row, pair_row[made])
        strength = np.where((mentions.source == NAME) & beside[group], _BESIDE_STATED, 1.0) * strength
        chance = np.zeros((len(pair_row), len(ROLES)))
        if len(pair_row):
            missed = np.log1p(-np.minimum(strength, 0.95))
            for place in range(len(ROLES)):
                chance[:, place] = -np.expm1(np.add.reduceat(np.where(told >> place & 1, missed, 0.0), mentions.pairs))
        role, score = _choose(chance, self.fills[pair_code])
        spans = (start[each], end[each], mentions.source, mentions.roles, mentions.stated, product[each], strength)
        about = (reach[each], modified[each])
        return Evidence(mentions.row, *spans, *about, group, pair_row, pair_code, chance, role, score)

    def _in_scopes(self, texts: Texts, also: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Roles of everything a row's scope names, and the products in it; rows ``also`` are read without a product."""
        whole = np.zeros(len(texts.bounds) - 1, dtype=bool)
        whole[also] = True
        reading = self.grammar.read(texts, whole)
        found = reading.everywhere((reading.objects.product >= 0) & (reading.objects.weight > 0))
        return reading.does(len(whole)), (
            found.text,
            found.start,
            found.end,
            found.product,
            found.roles,
            found.stated,
            found.weight,
            found.reach,
            found.modified,
        )

    def _in_names(self, texts: Texts) -> tuple[np.ndarray, ...]:
        """Products that name the firm's business: directly before 有限公司, 厂 and the like."""
        pattern, start, end = self.grammar.scan(texts)
        own = pattern < self.grammar.count
        pattern, start, end = pattern[own], start[own], end[own]
        codes = np.append(texts.codes, [0, 0]).astype(np.int64)
        pair = codes[end] << 21 | codes[end + 1]
        business = np.isin(pair, self._ends_2) | np.isin(codes[end], [0, *map(ord, _NAME_ENDS_1)])
        business &= ~np.isin(codes[np.maximum(start - 1, 0)], [*map(ord, PREFIX_BREAKS)])
        pattern, start, end = pattern[business], start[business], end[business]
        row = np.searchsorted(texts.bounds, start, side="right") - 1
        return row, start - texts.bounds[row], end - texts.bounds[row], pattern


def _any(said: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return np.asarray(np.logical_or.reduceat(said, pairs)) if len(pairs) else np.zeros(0, dtype=bool)


@dataclass(frozen=True, slots=True)
class _Mentions:
    """Mentions sorted by (row, code); ``pairs`` are the places where a new pair begins."""

    row: np.ndarray
    source: np.ndarray
    roles: np.ndarray
    stated: np.ndarray
    strength: np.ndarray
    pairs: np.ndarray


def _roles(
    mentions: _Mentions,
    group: np.ndarray,
    hint: np.ndarray,
    works: np.ndarray,
    process: np.ndarray,
    does: np.ndarray,
    fills: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Role bits and final strength of every mention; one without its own takes them from kin, name or default.

    ``hint`` and ``does`` are, by row, what the name tells and what the scope names at all; ``works`` and ``process``, by
    mention, whether the name is plainly that of a works and whether the term is a deed; ``fills`` is by pair.
    """
    roles = mentions.roles
    if not len(roles):
        return roles, mentions.strength
    hint, does, fills = hint[mentions.row], does[mentions.row], fills[group]
    by_name = mentions.source == NAME
    kin = np.bitwise_or.reduceat(np.where(mentions.strength > 0.1, roles, 0).astype(np.uint8), mentions.pairs)[group]
    named = np.bitwise_or.reduceat(by_name.astype(np.uint8), mentions.pairs)[group] > 0
    # a haulier or a post office that lists goods without a word sells them
    served = (hint & (SERVES | RESEARCHES) > 0) & (fills & (SERVES | RESEARCHES) == 0) & ~by_name
    hint = np.where(served, 0, hint)
    # some goods stand with their activity and others without: only a works makes the others too
    hint = np.where((hint == MAKES) & ~works & ~by_name & (does & (MAKES | TRADES) > 0), 0, hint)
    # and a service without a word (起重设备安装工程) is done, whatever the name
    hint = np.where((fills & (SERVES | RESEARCHES) > 0) & ~by_name, fills, hint)
    hint = np.where(process, MAKES, hint)
    roles = np.where(process & (roles == TRADES), MAKES, roles).astype(np.uint8)
    # a product in the name alone: a firm that nowhere makes anything does not make this one either
    hint = np.where(by_name & (hint != SERVES) & (does & TRADES > 0) & (does & MAKES == 0), TRADES, hint)
    told = np.where(kin > 0, kin, np.where(hint > 0, hint, np.where(named, fills, TRADES)))
    factor = np.where(kin > 0, _SAME_ELSEWHERE, np.where((hint > 0) | named, _BY_NAME, _UNKNOWN))
    factor = np.where(mentions.stated & (kin == 0), np.maximum(factor, _NEUTRAL), factor)
    factor = np.where(by_name & (hint == SERVES) & (kin == 0), _SERVICE_NAME * factor, factor)
    own = np.where((roles & MAKES > 0) & (hint == TRADES), _AGAINST_NAME, 1.0)
    return np.where(roles > 0, roles, told).astype(np.uint8), mentions.strength * np.where(roles > 0, own, factor)


def _step(
    told: np.ndarray,
    strength: np.ndarray,
    fills: np.ndarray,
    software: np.ndarray,
    deed: np.ndarray,
    goods: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Roles and strengths as the step of the chain sees them; ``fills`` by mention, and what the term is: ``software``, a
    ``deed``, ``goods`` by its end.

    Who generates power or heat runs a plant: where services fill the segment that serves it. Who makes goods is not yet
    in their trade. To develop software is to make it.
    """
    # 报废汽车回收: a term with an activity of its own is what the segment itself does (not 砖加工厂 that only sells coal)
    told = np.where(deed & (fills & (MAKES | SERVES) > 0), fills, told)
    makes = told & MAKES > 0
    runs = makes & (fills == SERVES) & ~goods
    told = np.where(runs, (told ^ MAKES) | SERVES, told)
    wrote = software & (fills == MAKES) & (told & RESEARCHES > 0)
    told = np.where(wrote, told | MAKES, told).astype(np.uint8)
    return told, strength * np.where(makes & (fills == TRADES), _OTHER_STEP, 1.0)


def _choose(chance: np.ndarray, fills: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Role bit and chance of each pair: the role that fills the code if it is at least half as likely as the best."""
    order = [int(bit).bit_length() - 1 for bit in PRIORITY]
    best = np.array(order)[np.argmax(chance[:, order], axis=1)] if len(chance) else np.zeros(0, np.int64)
    line = np.arange(len(chance))
    fill = np.log2(np.maximum(fills, 1)).astype(np.int64)
    place = np.where(chance[line, fill] >= 0.5 * chance[line, best], fill, best)
    return (1 << place).astype(np.uint8), chance[line, place]
