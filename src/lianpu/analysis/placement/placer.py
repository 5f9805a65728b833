"""The public face of placement: firms (name, business scope) onto the segments of any taxonomy."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import zipfile
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import polars as pl
from ahocorasick_rs import BytesAhoCorasick

from lianpu.analysis.placement.confidence import confidence, leanings
from lianpu.analysis.placement.lexicon import ROLE_BITS, ROLES, words
from lianpu.analysis.placement.matching import NAME, Evidence, Matcher, Terms
from lianpu.analysis.placement.texts import Texts, search

if TYPE_CHECKING:
    from lianpu.analysis.placement.model import TextModel

#: Changes whenever the method gives other results for the same inputs.
METHOD = "placement/4"
BATCH = 10_000  # its arrays stay near the processor; more rows share hardly more passages
_SPAN = {"start": pl.UInt32(), "end": pl.UInt32(), "text": pl.String(), "activity": pl.String(), "source": pl.String()}
_COLUMNS: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "rank": pl.UInt32(),
    "code": pl.String(),
    "role": pl.String(),
    "score": pl.Float64(),
    "evidence": pl.List(pl.Struct(_SPAN)),
}
#: What :meth:`Placer.place` returns.
SCHEMA = pl.Schema(_COLUMNS)
_ACTIVITIES = ["unstated"] + [
    "+".join(role for place, role in enumerate(ROLES) if bits >> place & 1) for bits in range(1, 16)
]


class Placer:
    """Places firms on the segments of a taxonomy, with role, confidence and evidence.

    Build one with :meth:`fit` or :meth:`load`; it does not change afterwards. ``version`` is a hash of everything that
    the results depend on.
    """

    def __init__(self, taxonomy: pl.DataFrame, terms: Terms, model: TextModel | None) -> None:
        self.taxonomy, self._terms, self._model = taxonomy, terms, model
        self._codes: list[str] = taxonomy["code"].to_list()
        fills = np.array([ROLE_BITS[role] for role in taxonomy["filled_by"]], dtype=np.uint8)
        self._fills = fills
        group = np.unique(taxonomy["parent"].fill_null(taxonomy["code"]).to_numpy(), return_inverse=True)[1]
        self._matcher = Matcher(terms, fills, leanings(self._codes), group)
        digest = hashlib.sha256(METHOD.encode() + repr(sorted(words().items())).encode())
        for name, content in self._parts().items():
            digest.update(name.encode() + content)
        self.version = digest.hexdigest()[:16]

    @classmethod
    def fit(cls, taxonomy: pl.DataFrame, products: pl.DataFrame, labelled: pl.DataFrame | None = None) -> Placer:
        """Learn a taxonomy.

        ``taxonomy`` has columns code, name, parent and optionally filled_by (the role that fills the segment, makes where
        null or absent); ``products`` product, code and weight (in (0, 1]: how telling; larger counts as 1, others are
        left out); ``labelled`` name, scope and code of firms whose place is known, or None. Raises ``ValueError`` with
        the column or value at fault.
        """
        taxonomy = _checked_taxonomy(taxonomy)
        _need(products, ("product", "code", "weight"), "产品表")
        terms = Terms.of(products, taxonomy["code"].to_list())
        if labelled is None or not labelled.height:
            return cls(taxonomy, terms, None)
        _need(labelled, ("name", "scope", "code"), "标注表")
        labelled = labelled.with_columns(pl.col("code").cast(pl.String))
        if (odd := labelled.filter(~pl.col("code").is_in(taxonomy["code"].implode()))["code"]).len():
            raise ValueError(f"标注表代码“{odd[0]}”不在分类表中：请先补上或改正（不属于任何环节的企业留空）")
        from lianpu.analysis.placement.model import TextModel  # scipy takes a second, and most placers do without

        bare = cls(taxonomy, terms, None)
        return cls(taxonomy, terms, TextModel.fit(taxonomy, labelled, bare._matcher, terms.once(products, bare._codes)))

    def place(self, frame: pl.DataFrame, top_k: int = 3) -> pl.DataFrame:
        """Segments of each firm of ``frame`` (columns name, scope; nulls count as empty).

        Returns ``row`` (number in the frame), ``rank`` from 1, ``code``, ``role``, ``score`` (confidence in (0, 1]) and
        ``evidence`` (spans in the scope or the name). At most ``top_k`` segments a firm, the likeliest first; a firm with
        nothing of this taxonomy has no row.
        """
        _need(frame, ("name", "scope"), "企业表")
        if top_k < 1:
            raise ValueError(f"top_k 应为正整数，现为 {top_k}")
        parts = [self._batch(frame[at : at + BATCH], at, top_k) for at in range(0, frame.height, BATCH)]
        return pl.concat(parts) if parts else pl.DataFrame(schema=SCHEMA)

    def changed_terms(self, earlier: Placer) -> list[str] | None:
        """Terms in which this placer differs from ``earlier``: new ones, those gone, those that speak for other codes.

        A firm whose texts hold none of them (:func:`naming`) is placed the same by both. None where a text model is
        involved: then every firm may be placed otherwise.
        """
        if self._model is not None or earlier._model is not None:
            return None
        mine, other = self._speaks(), earlier._speaks()
        return sorted(term for term in mine.keys() | other.keys() if mine.get(term) != other.get(term))

    def _speaks(self) -> dict[str, list[tuple[str, float, int, str | None]]]:
        """What each term speaks for: codes with its shares, the roles that fill them, and their parents."""
        terms = self._terms
        parents = self.taxonomy["parent"].to_list()
        each = [
            (self._codes[code], float(share), int(self._fills[code]), parents[code])
            for code, share in zip(terms.codes, terms.shares, strict=True)
        ]
        return {word: each[terms.offsets[place] : terms.offsets[place + 1]] for place, word in enumerate(terms.words)}

    def save(self, path: str | Path | BinaryIO) -> None:
        """Write the placer to one file; the same placer always gives the same bytes."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self._parts().items():
                archive.writestr(zipfile.ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED)

    @classmethod
    def load(cls, path: str | Path | BinaryIO) -> Placer:
        """Read a placer written by :meth:`save`. Raises ``ValueError`` where the file is not one of this version."""
        try:
            with zipfile.ZipFile(path) as archive:
                parts = {name: archive.read(name) for name in archive.namelist()}
            head = json.loads(parts["head.json"])
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise ValueError(f"{path} 不是挂链模型文件：请用 Placer.save 重新生成") from error
        if head["method"] != METHOD:
            raise ValueError(f"{path} 由方法 {head['method']} 生成，本程序为 {METHOD}：请重新训练并保存")
        taxonomy = pl.DataFrame(
            head["taxonomy"], schema=dict.fromkeys(("code", "name", "parent", "filled_by"), pl.String)
        )
        arrays = _load_arrays(parts["terms.npz"])
        terms = Terms(head["words"], arrays["offsets"], arrays["codes"], arrays["shares"])
        if "model.npz" not in parts:
            return cls(taxonomy, terms, None)
        from lianpu.analysis.placement.model import TextModel

        return cls(taxonomy, terms, TextModel.from_arrays(_load_arrays(parts["model.npz"])))

    def _parts(self) -> dict[str, bytes]:
        head = {"method": METHOD, "taxonomy": self.taxonomy.to_dict(as_series=False), "words": self._terms.words}
        terms = {"offsets": self._terms.offsets, "codes": self._terms.codes, "shares": self._terms.shares}
        parts = {"head.json": json.dumps(head, ensure_ascii=False).encode(), "terms.npz": _dump_arrays(terms)}
        if self._model is not None:
            parts["model.npz"] = _dump_arrays(self._model.arrays())
        return parts

    def _batch(self, frame: pl.DataFrame, at: int, top_k: int) -> pl.DataFrame:
        found = self._matcher.evidence(frame["name"], frame["scope"])
        if self._model is None:
            row, code, role, group = found.pair_row, found.pair_code, found.role, None
            score = confidence(found, self._matcher, frame["name"])
        else:
            row, code, role, score, group = self._model.combine(frame, found, self._matcher, top_k)
        keep = np.flatnonzero(score > 0)
        order = keep[np.lexsort((code[keep], -score[keep], row[keep]))]
        firsts = np.append(True, np.diff(row[order]) != 0) if len(order) else np.zeros(0, bool)
        rank = np.arange(len(order)) - np.maximum.accumulate(np.where(firsts, np.arange(len(order)), 0)) + 1
        chosen = order[rank <= top_k]
        placed = pl.DataFrame(
            {
                "row": (row[chosen] + at).astype(np.uint32),
                "rank": rank[rank <= top_k].astype(np.uint32),
                "code": pl.Series(self._codes, dtype=pl.String).gather(code[chosen]),
                "role": pl.Series(ROLES).gather(np.log2(np.maximum(role[chosen], 1)).astype(np.int64)),
                "score": np.minimum(score[chosen], 1.0),
            }
        )
        pair = chosen if group is None else group[chosen]
        return placed.with_columns(_evidence(found, frame, pair)).cast(SCHEMA)


def _evidence(found: Evidence, frame: pl.DataFrame, pairs: np.ndarray) -> pl.Series:
    """Spans of each chosen pair (-1: none), as a list column."""
    line = np.full(len(found.pair_row), -1)
    line[pairs[pairs >= 0]] = np.flatnonzero(pairs >= 0)
    of = line[found.group] if len(found.group) else found.group
    used = np.flatnonzero(of >= 0)
    used = used[np.argsort(of[used], kind="stable")]
    start, length = found.start[used], (found.end - found.start)[used]
    named = found.source[used] == NAME
    both = pl.DataFrame(
        {
            "pair": of[used],
            "start": start.astype(np.uint32),
            "end": found.end[used].astype(np.uint32),
            "name": frame["name"].gather(found.row[used]),
            "scope": frame["scope"].gather(found.row[used]),
            "named": named,
            "length": length,
            "bits": np.where(found.stated[used], found.roles[used], 0).astype(np.int64),
        }
    )
    spans = both.select(
        "pair",
        pl.struct(
            "start",
            "end",
            pl.when("named").then("name").otherwise("scope").str.slice(pl.col("start"), pl.col("length")).alias("text"),
            pl.col("bits").replace_strict(list(range(16)), _ACTIVITIES, return_dtype=pl.String).alias("activity"),
            pl.when("named").then(pl.lit("name")).otherwise(pl.lit("scope")).alias("source"),
        ).alias("evidence"),
    )
    lists = spans.set_sorted("pair").group_by("pair", maintain_order=True).agg("evidence")
    if lists.height == len(pairs):
        return lists["evidence"]
    every = pl.DataFrame({"pair": np.arange(len(pairs))})
    return every.join(lists, on="pair", how="left", maintain_order="left")["evidence"].fill_null([])


def _checked_taxonomy(taxonomy: pl.DataFrame) -> pl.DataFrame:
    _need(taxonomy, ("code", "name", "parent"), "分类表")
    filled = pl.col("filled_by").fill_null("makes") if "filled_by" in taxonomy.columns else pl.lit("makes")
    checked = taxonomy.select(
        pl.col("code", "name", "parent").cast(pl.String), filled.cast(pl.String).alias("filled_by")
    )
    if checked["code"].null_count():
        raise ValueError(f"分类表第 {int(checked['code'].is_null().arg_max() or 0) + 1} 行缺代码：每行都要有 code")
    if (twice := checked.filter(pl.col("code").is_duplicated())["code"]).len():
        raise ValueError(f"分类表代码“{twice[0]}”出现了不止一次：代码须唯一")
    if (odd := checked.filter(~pl.col("filled_by").is_in(ROLES))["filled_by"]).len():
        raise ValueError(f"分类表 filled_by 列有“{odd[0]}”：只能是 {'、'.join(ROLES)}")
    return checked.sort("code")


def _need(frame: pl.DataFrame, columns: tuple[str, ...], what: str) -> None:
    if missing := [column for column in columns if column not in frame.columns]:
        raise ValueError(f"{what}缺列 {'、'.join(missing)}：现有列为 {'、'.join(frame.columns)}")


def _dump_arrays(arrays: dict[str, np.ndarray]) -> bytes:
    """An npz with fixed dates, so that equal arrays give equal bytes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            one = io.BytesIO()
            np.lib.format.write_array(one, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), one.getvalue())
    return whole.getvalue()


def _load_arrays(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def naming(frame: pl.DataFrame, terms: list[str]) -> np.ndarray:
    """Firms of ``frame`` (name, scope) whose texts hold one of the normalised ``terms``, as a mask (bool)."""
    _need(frame, ("name", "scope"), "企业表")
    found = np.zeros(frame.height, dtype=bool)
    if terms:
        automaton = BytesAhoCorasick([term.encode() for term in terms])
        for column in ("name", "scope"):
            texts = Texts.of(frame[column].fill_null("").to_list())
            _, start = search(automaton, texts)
            found[np.searchsorted(texts.bounds, start, side="right") - 1] = True
    return found


_WORKER: list[Placer] = []


def _start_worker(saved: str | bytes) -> None:
    _WORKER.append(Placer.load(io.BytesIO(saved) if isinstance(saved, bytes) else saved))


def _work(frame: pl.DataFrame, top_k: int) -> pl.DataFrame:
    return _WORKER[0].place(frame, top_k)


def place_many(placer: Placer | str | Path, frame: pl.DataFrame, *, top_k: int = 3, processes: int = 1) -> pl.DataFrame:
    """``Placer.place`` over many firms with several processes; same answer, same order, whatever ``processes`` is.

    ``placer`` may be the path of a saved placer; with more than one process it is what the workers load.
    """
    if processes < 1:
        raise ValueError(f"processes 应为正整数，现为 {processes}")
    if processes == 1:
        return (placer if isinstance(placer, Placer) else Placer.load(placer)).place(frame, top_k)
    if isinstance(placer, Placer):
        store = io.BytesIO()
        placer.save(store)
        initial: str | bytes = store.getvalue()
    else:
        initial = str(placer)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _start_worker, (initial,)) as pool:
        starts = range(0, frame.height, BATCH)
        parts = pool.map(_work, (frame.select("name", "scope")[at : at + BATCH] for at in starts), repeat(top_k))
        placed = [part.with_columns(pl.col("row") + at) for at, part in zip(starts, parts, strict=True)]
    return pl.concat(placed) if placed else pl.DataFrame(schema=SCHEMA)
