"""Text model learned from firms whose place is known: characters, clause roles, names, products and the taxonomy's words.

A ridge regression of every code on character 1–3-grams, solved once in its dual form; levels above the code lend
strength to rare codes, and the names and products of the taxonomy are training texts of their own. Leave-one-out scores
come in closed form from the same factorisation and calibrate the confidence (Rifkin & Lippert, *Notes on Regularized
Least Squares*, MIT-CSAIL-TR-2007-025).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from lianpu.analysis.placement import names
from lianpu.analysis.placement.clauses import Grammar, Objects
from lianpu.analysis.placement.confidence import confidence
from lianpu.analysis.placement.lexicon import MAKES, PRIORITY, RESEARCHES, SERVES
from lianpu.analysis.placement.texts import Texts

if TYPE_CHECKING:
    from lianpu.analysis.placement.matching import Evidence, Matcher, Terms

_RIDGE = 1.0
_LEVELS = (1.0, 0.5, 0.3)  # weight of the code itself, its parent, its grandparent
_NGRAMS = (1, 2, 3)
_MOST_WEIGHTS = 20_000_000  # n-grams × outputs, 40 MB stored: the commonest n-grams stay
_PRODUCTS_A_TEXT = 25
_MOST_TEXTS = 8_000  # the dual matrix stays below 0.5 GiB
# what a firm names first is its business: weight of a character falls from 1 towards the floor over this many characters
_REACH, _FLOOR = 15.0, 0.25
_OUTSIDE = 0.25  # characters of the grammar itself
#: A name speaks with its own n-grams, and with this factor as if it were scope: 水泥 in a name meets 水泥 in a product.
_CROSS = 0.5
_USUAL = np.array([np.log(10.0), 1.0])  # log sharpness, root of the lexical factor before anything is learned
_STRAIGHT = np.array([1.0, 0.0])
_NEGLIGIBLE = 1e-3
_SILENT = 0.01  # confidence in a segment that no word names
_LOUD = 0.2
#: Before anything is learned of firms with several codes: what the words say, and no text model.
_AS_TOLD = np.array([0.0, 1.0, 0.0, 0.0])
_PRIOR_WIDTH = np.array([0.3, 0.2, 1.0, 1.0])
_BY_ROLE = {MAKES: 1.0, SERVES: 0.7, RESEARCHES: 0.7, 0: 0.9}
_TRADED = 0.4


@dataclass(frozen=True, slots=True)
class _Grams:
    row: np.ndarray
    key: np.ndarray
    value: np.ndarray


@dataclass(frozen=True, slots=True)
class TextModel:
    """``weights`` (features, outputs): scope n-grams, then name n-grams, for every code and at last "none of ours".

    ``outputs`` are the code numbers of the columns but the last: the ends of the taxonomy and what firms or products name.
    ``scope_keys``/``name_keys`` are the sorted n-gram keys, ``scale`` the inverse document frequencies of both in turn,
    ``sharpness`` what :func:`_calibrate` found where a firm has one code, ``blend`` what :func:`_fit_blend` found where
    firms have several; the other one is empty.
    """

    outputs: np.ndarray
    scope_keys: np.ndarray
    name_keys: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    sharpness: np.ndarray
    blend: np.ndarray

    @classmethod
    def fit(cls, taxonomy: pl.DataFrame, labelled: pl.DataFrame, matcher: Matcher, once: np.ndarray) -> TextModel:
        """Learn from ``labelled`` (name, scope, code; a null code means: none of this taxonomy).

        ``once`` says of each term and code of ``matcher`` whether the products name it in one row only: where such a term
        stands in a firm of that code, it may well come from that very firm, and is left out with it.
        """
        codes: list[str] = taxonomy["code"].to_list()
        parents = set(taxonomy["parent"].to_list())
        named = {codes[code] for code in np.unique(matcher.terms.codes)} | set(labelled["code"].to_list())
        outputs = np.array([place for place, code in enumerate(codes) if code not in parents or code in named])
        codes = [codes[place] for place in outputs]
        number = {code: place for place, code in enumerate(codes)}
        labelled, several = _by_firm(_thinned(labelled))
        column = np.zeros(taxonomy.height, dtype=np.int64)
        column[outputs] = np.arange(len(outputs))
        found = matcher.evidence(labelled["name"], labelled["scope"])
        own = [[number.get(code, len(codes)) for code in firm] for firm in labelled["code"].to_list()]
        mention, link = _own_terms(found, matcher.terms, once, outputs, np.array([first for first, *_ in own]))
        shown, target, portion = _teaching_texts(taxonomy, codes, matcher.terms, column, link)
        firm_names = labelled["name"].fill_null("").to_list() + [name for name, _ in shown]
        scopes = labelled["scope"].fill_null("").to_list() + [scope for _, scope in shown]
        goal = np.array([first for first, *_ in own] + target)
        size = labelled.height
        scope_grams, name_grams = _grams(matcher.grammar, firm_names, scopes)
        scope_keys, name_keys = _vocabularies(scope_grams, name_grams, _MOST_WEIGHTS // (len(outputs) + 1))
        features, scale = _features(scope_grams, name_grams, scope_keys, name_keys, size=len(scopes))
        kernel = (features @ features.T).toarray()
        kernel[np.diag_indices_from(kernel)] += _RIDGE
        table = _targets(taxonomy, codes)
        wanted = table[goal]
        for line, places in enumerate(own):
            wanted[line] = table[places].max(axis=0)
        factor = cho_factor(kernel, lower=True, overwrite_a=True)
        dual = cho_solve(factor, wanted)
        # leave-one-out: y_i − α_i / (K + λI)⁻¹_ii
        inverse = cho_solve(factor, np.eye(len(goal)))
        left_out = wanted[:size] - dual[:size] / np.diagonal(inverse)[:size, None]
        if several:
            right = np.zeros((size, len(codes) + 1), dtype=bool)
            right[np.repeat(np.arange(size), [len(places) for places in own]), np.concatenate(own)] = True
            told = _lexical(found, size, outputs, confidence(found, matcher, labelled["name"]))
            blend = _fit_blend(told[:, :-1], left_out, right[:, :-1])
            weights = np.asarray(features.T @ dual, dtype=np.float16)
            return cls(outputs, scope_keys, name_keys, scale, weights, np.zeros(0), blend)
        for firm, own_texts in _by_firm_of(found.row[mention], size + portion[link]):
            block = np.append(firm, np.unique(own_texts))
            left_out[firm] = (wanted[block] - np.linalg.solve(inverse[np.ix_(block, block)], dual[block]))[0]
        lexical = _lexical(found, size, outputs, _without(found, mention))
        sharpness = _calibrate(left_out, lexical, goal[:size], open_world=bool((goal == len(codes)).any()))
        weights = np.asarray(features.T @ dual, dtype=np.float16)
        return cls(outputs, scope_keys, name_keys, scale, weights, sharpness, np.zeros(0))

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything to store."""
        parts = ("outputs", "scope_keys", "name_keys", "scale", "weights", "sharpness", "blend")
        return {part: getattr(self, part) for part in parts}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> TextModel:
        """The inverse of :meth:`arrays`."""
        return cls(**arrays)

    def combine(
        self, frame: pl.DataFrame, found: Evidence, matcher: Matcher, most: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Row, code, role bit, confidence and evidence pair (-1: none) of the ``most`` likeliest codes of every row."""
        firm_names, scopes = frame["name"].fill_null(""), frame["scope"].fill_null("")
        scope_texts = Texts.of(scopes.to_list())
        objects = matcher.grammar.read(scope_texts).everywhere()
        scope_grams = _scope_grams(scope_texts, objects)
        name_grams = _ngrams(Texts.of(firm_names.to_list()), None, _NGRAMS)
        features, _ = _features(
            scope_grams, name_grams, self.scope_keys, self.name_keys, size=frame.height, scale=self.scale
        )
        raw = np.asarray(features @ self.weights.astype(np.float32), dtype=np.float64)
        if len(self.blend):
            told = _lexical(found, frame.height, self.outputs, confidence(found, matcher, firm_names))
            chance = _blended(told[:, :-1], raw, self.blend)
            # a segment that no word names needs the text to say it loudly
            chance = np.where((told[:, :-1] > 0) | (chance >= _LOUD), chance, 0.0)
            chance = np.column_stack([chance, np.zeros(frame.height)])
        else:
            chance = _softmax(raw, _lexical(found, frame.height, self.outputs, found.score), self.sharpness)
        blank = np.diff(features.indptr) == 0
        chance[blank] = 0.0
        none = chance[:, -1].copy()
        chance[:, -1] = 0.0
        most = min(most, chance.shape[1] - 1)
        best = np.argsort(-chance, axis=1, kind="stable")[:, :most]
        row = np.repeat(np.arange(frame.height), most)
        code = best.ravel()
        likely = chance[row, code]
        if len(self.blend):
            score = likely
        else:
            score = np.where((none[row] > 0.5) | (likely < _NEGLIGIBLE), 0.0, _straighten(likely, self.sharpness[3:]))
        code = self.outputs[code]
        pair = np.full((frame.height, len(matcher.fills)), -1)
        pair[found.pair_row, found.pair_code] = np.arange(len(found.pair_row))
        pair_of = pair[row, code]
        role = _row_roles(objects, frame.height, names.hints(firm_names))[row]
        role = _one_role(role, matcher.fills[code])
        if len(found.role):
            role = np.where(pair_of >= 0, found.role[pair_of], role)
        return row, code, role.astype(np.uint8), score, pair_of


def _by_firm(labelled: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """One row a firm (name, scope, code: list of its codes or of one null), and whether a firm has several codes.

    A firm on a segment is not outside, whatever another row says.
    """
    firms = labelled.group_by("name", "scope", maintain_order=True).agg(pl.col("code").unique(maintain_order=True))
    if not (several := bool((firms["code"].list.drop_nulls().list.len() > 1).any())):
        return labelled.select("name", "scope", code=pl.concat_list("code")), several
    codes = pl.when(pl.col("code").list.drop_nulls().list.len() > 0).then(pl.col("code").list.drop_nulls())
    return firms.with_columns(codes.otherwise(pl.col("code")).alias("code")), several


def _facts(told: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """(firms, codes, 4): one, log odds of the lexical confidence, text score of the code, text score of "none"."""
    inside = np.clip(told, _SILENT, 1 - _SILENT)
    none = np.broadcast_to(raw[:, -1:], told.shape)
    return np.stack([np.ones(told.shape), np.log(inside / (1 - inside)), raw[:, :-1], none], axis=2)


def _blended(told: np.ndarray, raw: np.ndarray, blend: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-(_facts(told, raw) * blend).sum(axis=2))))


def _fit_blend(told: np.ndarray, raw: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Weights of :func:`_facts` where a firm may have several codes: each code is a question of its own.

    Fitted to the left-out firms on the codes that words name or that the text thinks likeliest. The
    prior is the lexical confidence as it stands, so that a few labels change little.
    """
    asked = told > 0
    top = np.argsort(-raw[:, :-1], axis=1, kind="stable")[:, :3]
    asked[np.arange(len(raw))[:, None], top] = True
    facts, truth = _facts(told, raw)[asked], right[asked].astype(float)

    def loss(values: np.ndarray) -> float:
        level = facts @ values
        return float(
            (np.logaddexp(0, level) - truth * level).sum() + (((values - _AS_TOLD) / _PRIOR_WIDTH) ** 2).sum() / 2
        )

    return np.asarray(minimize(loss, _AS_TOLD, method="BFGS").x)


def _thinned(labelled: pl.DataFrame) -> pl.DataFrame:
    """Every k-th firm of each code where there are too many: the order of the input decides, nothing is drawn."""
    step = -(-labelled.height // _MOST_TEXTS)
    return labelled if step == 1 else labelled.filter(pl.int_range(pl.len()).over("code") % step == 0)


def _teaching_texts(
    taxonomy: pl.DataFrame, codes: list[str], terms: Terms, column: np.ndarray, own: np.ndarray
) -> tuple[list[tuple[str, str]], list[int], np.ndarray]:
    """Texts that the taxonomy itself offers: one of names for every code at the ends, and its products in portions.

    Returned with the code of each text, and the text in which each term stands for each of its codes (by link). The links
    in ``own`` have texts apart, so that a firm can be left out with its own products and no others.
    """
    name_of = dict(taxonomy.select("code", "name").iter_rows())
    parent_of = dict(taxonomy.select("code", "parent").iter_rows())
    shown: list[tuple[str, str]] = []
    target: list[int] = []
    for place, code in enumerate(codes):
        line = [name_of[code]]
        above = parent_of[code]
        while above in name_of and len(line) < len(_LEVELS):
            line.append(name_of[above])
            above = parent_of[above]
        shown.append((line[0], "；".join(line).replace("Ⅱ", "").replace("Ⅲ", "")))
        target.append(place)
    owner = np.repeat(np.arange(len(terms.words)), np.diff(terms.offsets))
    order = np.lexsort((owner, -terms.shares, terms.codes))
    portion = np.zeros(len(owner), dtype=np.int64)
    apart = np.zeros(len(owner), dtype=bool)
    apart[own] = True
    for place, links in _by_code(terms.codes[order], order):
        for some in (links[apart[links]], links[~apart[links]]):
            step = -(-len(some) // _PRODUCTS_A_TEXT)
            for first in range(step):
                portion[some[first::step]] = len(shown)
                shown.append(("", "、".join(terms.words[owner[link]] for link in some[first::step])))
                target.append(int(column[place]))
    most = 2 * _MOST_TEXTS
    return shown[:most], target[:most], np.minimum(portion, most - 1)


def _own_terms(
    found: Evidence, terms: Terms, once: np.ndarray, outputs: np.ndarray, goal: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mentions that may come from the firm itself, and their links: terms of its own code that the products name once."""
    code = found.pair_code[found.group]
    link = terms.offsets[found.term]
    for _ in range(int(np.diff(terms.offsets).max(initial=1)) - 1):
        link = np.where(terms.codes[link] < code, link + 1, link)
    own = np.append(outputs, -1)[goal][found.row] == code
    mention = np.flatnonzero(own & once[link])
    return mention, link[mention]


def _by_firm_of(firm: np.ndarray, places: np.ndarray) -> list[tuple[int, np.ndarray]]:
    firsts = np.flatnonzero(np.append(True, firm[1:] != firm[:-1])) if len(firm) else firm
    return list(zip(firm[firsts].tolist(), np.split(places, firsts[1:]), strict=True)) if len(firm) else []


def _without(found: Evidence, mention: np.ndarray) -> np.ndarray:
    """Scores of the pairs as if these mentions were not there."""
    missed = np.log1p(-np.minimum(found.strength, 0.95))
    pairs = len(found.pair_row)
    whole = np.bincount(found.group, missed, minlength=pairs)
    gone = np.bincount(found.group[mention], missed[mention], minlength=pairs)
    share = np.expm1(np.minimum(whole - gone, 0.0)) / np.where(whole < 0, np.expm1(whole), 1.0)
    return np.asarray(found.score * np.where(gone < 0, share, 1.0))


def _by_code(codes: np.ndarray, links: np.ndarray) -> list[tuple[int, np.ndarray]]:
    cuts = np.flatnonzero(np.diff(codes)) + 1
    firsts = [int(part[0]) for part in np.split(codes, cuts) if len(part)]
    return list(zip(firsts, [part for part in np.split(links, cuts) if len(part)], strict=True))


def _targets(taxonomy: pl.DataFrame, codes: list[str]) -> np.ndarray:
    """(codes + none, codes + none): what a text of each code should score, kin by level included."""
    parent_of = dict(taxonomy.select("code", "parent").iter_rows())
    lines: list[list[str]] = []
    for code in codes:
        line = [code]
        while (above := parent_of.get(line[-1])) in parent_of and len(line) < len(_LEVELS) and above not in line:
            line.append(str(above))
        lines.append(line)
    size = len(codes)
    table = np.zeros((size + 1, size + 1))
    table[size, size] = sum(_LEVELS)
    for level, weight in enumerate(_LEVELS):
        kin: dict[str, list[int]] = {}
        for place, line in enumerate(lines):
            if level < len(line):
                kin.setdefault(line[level], []).append(place)
        for members in kin.values():
            table[np.ix_(members, members)] += weight
    return table


def _grams(grammar: Grammar, firm_names: list[str], scopes: list[str]) -> tuple[_Grams, _Grams]:
    texts = Texts.of(scopes)
    return _scope_grams(texts, grammar.read(texts).everywhere()), _ngrams(Texts.of(firm_names), None, _NGRAMS)


def _scope_grams(texts: Texts, objects: Objects) -> _Grams:
    """n-grams of scopes; a character weighs by the role of its object and by its distance from the start."""
    weight = np.full(len(texts.codes), _OUTSIDE)
    by_role = np.full(16, _TRADED)
    for role in (RESEARCHES, SERVES, MAKES):
        by_role[[bits for bits in range(16) if bits & role]] = _BY_ROLE[role]
    by_role[0] = _BY_ROLE[0]
    length = objects.end - objects.start
    spans = np.repeat(texts.bounds[objects.text] + objects.start - np.cumsum(length) + length, length)
    weight[spans + np.arange(len(spans))] = np.repeat(np.where(objects.excluded, 0.0, by_role[objects.roles]), length)
    distance = np.arange(len(texts.codes)) - np.repeat(texts.bounds[:-1], np.diff(texts.bounds))
    return _ngrams(texts, weight * (_FLOOR + (1 - _FLOOR) * np.exp(-distance / _REACH)), _NGRAMS)


def _ngrams(texts: Texts, weight: np.ndarray | None, sizes: tuple[int, ...]) -> _Grams:
    """All n-grams within words (no punctuation inside), weighted by their least character."""
    codes = texts.codes.astype(np.int64)
    weight = np.ones(len(codes)) if weight is None else weight
    word = (codes > 0x2FFF) & (codes != 0x3001) & (codes != 0x3002) & (codes < 0xFF00)
    word |= ((codes >= ord("0")) & (codes <= ord("9"))) | ((codes >= ord("A")) & (codes <= ord("Z")))
    row = np.repeat(np.arange(len(texts.bounds) - 1), np.diff(texts.bounds))
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for size in sizes:
        last = len(codes) - size + 1
        if last <= 0:
            continue
        key, fine, least = codes[:last].copy(), word[:last].copy(), weight[:last].copy()
        for step in range(1, size):
            key = key << 20 | codes[step : step + last]
            fine &= word[step : step + last]
            least = np.minimum(least, weight[step : step + last])
        fine &= least > 0
        parts.append((row[:last][fine], key[fine], least[fine]))
    if not parts:
        return _Grams(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return _Grams(*(np.concatenate([part[place] for part in parts]) for place in range(3)))


def _vocabularies(scope: _Grams, name: _Grams, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted keys of the n-grams to learn from: those of the most texts, at most ``most`` in all."""
    tables = [_text_counts(scope), _text_counts(name)]
    texts = np.concatenate([counts for _, counts in tables])
    part = np.repeat([0, 1], [len(keys) for keys, _ in tables])
    keys = np.concatenate([keys for keys, _ in tables])
    kept = np.lexsort((keys, part, -texts))[:most]
    return np.sort(keys[kept[part[kept] == 0]]), np.sort(keys[kept[part[kept] == 1]])


def _text_counts(grams: _Grams) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((grams.row, grams.key))
    key, row = grams.key[order], grams.row[order]
    distinct = np.append(True, (key[1:] != key[:-1]) | (row[1:] != row[:-1])) if len(key) else np.zeros(0, bool)
    keys, texts = np.unique(key[distinct], return_counts=True)
    return keys, texts


def _features(
    scope: _Grams,
    name: _Grams,
    scope_keys: np.ndarray,
    name_keys: np.ndarray,
    *,
    size: int,
    scale: np.ndarray | None = None,
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """(texts, n-grams): counts × root of the inverse document frequency, scope part and name part of norm 1 in each row.

    The name also stands among the n-grams of scopes, with norm ``_CROSS``. Unknown n-grams count in the norm, as they do
    for a text of the training set: a text of strange words scores low. ``scale`` holds the roots of both parts and at its
    end that of the unknown.
    """
    blocks = [_counts(scope, scope_keys, size), _counts(name, name_keys, size), _counts(name, scope_keys, size)]
    if scale is None:
        within = [np.bincount(block.indices, minlength=block.shape[1]) for block, _ in blocks[:2]]
        scale = np.sqrt(np.log((1 + size) / (1 + np.concatenate([*within, [0]]))) + 1)
    cut = len(scope_keys)
    for (block, strange), part in zip(blocks, (scale[:cut], scale[cut:-1], scale[:cut]), strict=True):
        block.data *= part[block.indices]
        row = np.repeat(np.arange(size), np.diff(block.indptr))
        norm = np.sqrt(np.bincount(row, block.data**2, minlength=size) + strange * scale[-1] ** 2)
        block.data /= np.maximum(norm, 1e-12)[row]
    said, named, also = (block for block, _ in blocks)
    return sparse.hstack([said + _CROSS * also, named], format="csr"), scale


def _counts(grams: _Grams, keys: np.ndarray, size: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Weighted counts of the known n-grams, and for each text the squared weights of the others."""
    if not len(keys):
        known = np.zeros(len(grams.key), dtype=bool)
        place = np.zeros(len(grams.key), dtype=np.int64)
    else:
        place = np.minimum(np.searchsorted(keys, grams.key), len(keys) - 1)
        known = keys[place] == grams.key
    table = sparse.csr_matrix((grams.value[known], (grams.row[known], place[known])), shape=(size, len(keys)))
    return table, np.bincount(grams.row[~known], grams.value[~known] ** 2, minlength=size)


def _lexical(found: Evidence, rows: int, outputs: np.ndarray, score: np.ndarray) -> np.ndarray:
    """(rows, outputs + none) chance of each code by lexical evidence alone, 0 where there is none."""
    table = np.zeros((rows, len(outputs) + 1))
    table[found.pair_row, np.searchsorted(outputs, found.pair_code)] = score
    return table


def _softmax(raw: np.ndarray, lexical: np.ndarray, sharpness: np.ndarray) -> np.ndarray:
    level = sharpness[0] * raw + sharpness[1] * lexical
    level[:, -1] += sharpness[2]
    level -= level.max(axis=1, keepdims=True)
    chance = np.exp(level)
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def _calibrate(raw: np.ndarray, lexical: np.ndarray, goal: np.ndarray, *, open_world: bool) -> np.ndarray:
    """What makes the left-out texts likeliest: factors on score and lexical chance, offset of "none", slope and offset.

    The softmax is too sure at its top where labels are noisy, so its logit is straightened afterwards (Platt 1999) on the
    three likeliest codes of every text.
    """
    line = np.arange(len(goal))
    closed = 0.0 if open_world else -1e9

    def loss(values: np.ndarray) -> float:
        likely = _softmax(raw, lexical, np.array([np.exp(values[0]), values[1] ** 2, closed]))[line, goal]
        return _doubt(values - _USUAL, len(goal)) - float(np.log(np.maximum(likely, 1e-12)).mean())

    best = minimize(loss, _USUAL, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6}).x
    sharpness = np.array([np.exp(best[0]), best[1] ** 2, closed])
    chance = _softmax(raw, lexical, sharpness)
    top = np.argsort(-chance, axis=1, kind="stable")[:, :3]
    right = (top == goal[:, None]).ravel()
    chance = chance[line[:, None], top].ravel()

    def miss(values: np.ndarray) -> float:
        straight = np.clip(_straighten(chance, values), 1e-12, 1 - 1e-12)
        likely = np.where(right, straight, 1 - straight)
        return _doubt(values - _STRAIGHT, len(goal)) - float(np.log(likely).mean())

    fitted = minimize(miss, _STRAIGHT, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6}).x
    return np.append(sharpness, [max(fitted[0], 0.05), fitted[1]])


def _doubt(away: np.ndarray, size: int) -> float:
    """A few firms do not make the calibration very sure of itself."""
    return float((away**2).sum() / (2 * 0.5**2 * size))


def _straighten(chance: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Chance with slope and offset applied to its logit; 0 and 1 stay."""
    inside = np.clip(chance, 1e-15, 1 - 1e-15)
    logit = line[0] * np.log(inside / (1 - inside)) + line[1]
    return np.where(chance > 0, 1 / (1 + np.exp(-logit)), 0.0)


def _row_roles(objects: Objects, size: int, hint: np.ndarray) -> np.ndarray:
    roles = np.zeros(size, dtype=np.uint8)
    np.bitwise_or.at(roles, objects.text, np.where(objects.excluded, 0, objects.roles).astype(np.uint8))
    return np.where(roles > 0, roles, hint).astype(np.uint8)


def _one_role(roles: np.ndarray, fills: np.ndarray) -> np.ndarray:
    """The filling role where the firm has it or nothing is known, else its first in order of priority."""
    chosen = np.where((roles & fills > 0) | (roles == 0), fills, 0)
    for bit in PRIORITY:
        chosen = np.where((chosen == 0) & (roles & bit > 0), bit, chosen)
    return chosen
