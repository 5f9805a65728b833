"""Which segments a place will enter next: fitted on what came before, calibrated, explained by parts.

Frames in, frames out. Method, sources and back-tests are in ``docs/methods/entry.md``.

A place that lacks a segment enters it with a probability that a logistic model draws from about ten signs: how often
the segment was entered, how diverse the place is, and how the segments present go with the absent
one: linear item models in closed form (Steck 2019), a ridge of what came on what was there, and, where given, the group
of the segment and the flows between segments. Every sign of a teaching place is made without that place (without its
whole region where regions are known), so that the weights are those for places never seen.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lianpu.analysis.coverage import check_columns

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

METHOD: Final = "entry/1"
#: What the contributions to a logit are called; see :meth:`EntryModel.explain`.
PARTS: Final = ("prevalence", "breadth", "related", "structure")

_FOLDS = 8
_RIDGE = 1.0  # of the logistic weights, on standardised signs
_LOGGED, _LIFTED, _CAME = 500.0, 200.0, 300.0  # ridges of the item models on log counts and log lift, and of what came
_COMPOSITION = 2.0
_PRIOR = 2.0  # places' worth of the mean entry rate in the rate of each segment
_PROVINCES = (  # noqa: SIM905  a list of words reads better than thirty-four quoted ones
    "北京 天津 河北 山西 内蒙古 辽宁 吉林 黑龙江 上海 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 广西 海南 重庆 四川 贵州 云南 西藏 "
    "陕西 甘肃 青海 宁夏 新疆 香港 澳门 台湾"
).split()


@dataclass(frozen=True, slots=True)
class _Sign:
    """One sign by its name, the part it is shown under, and its matrix (places, segments)."""

    name: str
    part: str
    matrix: Floats


class EntryModel:
    """Probability that a place now without a segment will have it; made by :meth:`fit`, not changed afterwards."""

    def __init__(self, segments: list[str], learned: _Learned, weights: Floats, mean: Floats, spread: Floats) -> None:
        self.segments = segments
        self._learned, self._weights, self._mean, self._spread = learned, weights, mean, spread

    @classmethod
    def fit(
        cls,
        before: pl.DataFrame,
        after: pl.DataFrame,
        *,
        places: pl.DataFrame | None = None,
        segments: pl.DataFrame | None = None,
        flows: pl.DataFrame | None = None,
    ) -> EntryModel:
        """Learn from what was there and what came.

        ``before`` and ``after`` have columns place, segment and value (any additive measure, counts of firms best; rows
        of value ≤ 0 are absent, repeated pairs are summed). A pair entered when it stands in ``after`` and not in
        ``before``; so ``after`` may hold only what came or all that stood at its end. Segments are those of ``before``,
        ``after`` and the side frame together (one that no place had is as likely as a rare one), places those of
        ``before``.

        Side frames, each optional: ``places`` (place, parent), the region of a place (without it the province that a
        GB/T 2260 code or a name such as 甘肃兰州 begins with); ``segments`` (segment, group); ``flows`` (source, target,
        weight ≥ 0) between segments. Names that the model does not know are passed over.

        Raises ``ValueError`` where columns are missing, a value is not finite, or there is nothing to learn from (fewer
        than 16 places, or no entry, or no pair that stayed absent).
        """
        was, came = _table(before, "before"), _table(after, "after")
        known = [was["segment"], came["segment"]]
        if segments is not None:
            check_columns(segments, ("segment", "group"), "segments")
            known.append(segments["segment"].cast(pl.String).drop_nulls())
        names = pl.concat(known).unique().sort().to_list()
        where = was["place"].unique().sort().to_list()
        if len(where) < 2 * _FOLDS:
            raise ValueError(f"before names {len(where)} place(s); a model of entry needs at least {2 * _FOLDS}")
        present, arrived = _matrix(was, where, names), _matrix(came, where, names)
        entered = (present == 0) & (arrived > 0)
        absent = present == 0
        if not entered.any() or not (absent & ~entered).any():
            raise ValueError("nothing to learn: no absent pair was entered, or every one was")
        structure = _Structure.of(names, segments, flows)
        region = _regions(where, places)
        fold = _folds(region, len(where))
        signs = np.zeros(0)
        for number in range(_FOLDS):
            held = fold == number
            if not held.any():
                continue
            learned = _Learned.of(present[~held], arrived[~held], structure)
            part = learned.signs(present[held], None if region is None else region[held])
            if not len(signs):
                signs = np.zeros((*present.shape, len(part)))
            signs[held] = _stack(part)
        seen = signs[absent]
        mean, spread = seen.mean(axis=0), seen.std(axis=0)
        spread = np.where(spread > 1e-12, spread, 1.0)
        weights = _logistic((seen - mean) / spread, entered[absent])
        return cls(names, _Learned.of(present, arrived, structure), weights, mean, spread)

    def score(self, now: pl.DataFrame, *, places: pl.DataFrame | None = None) -> pl.DataFrame:
        """Probability of entry for every pair that is absent now.

        ``now`` has columns place, segment and value as in :meth:`fit`; segments the model does not know are passed
        over. Returns place and segment (of the types of ``now``) and probability, the likeliest first within a place.
        """
        where, present, signs = self._read(now, places)
        probability = _sigmoid(self._level(signs).sum(axis=-1) + self._weights[0])
        return self._frame(now, where, present, {"probability": probability})

    def explain(self, now: pl.DataFrame, *, places: pl.DataFrame | None = None) -> pl.DataFrame:
        """As :meth:`score`, with what each part adds to the logit.

        Returns place, segment, probability, base and a column for each of ``PARTS``; base and parts sum to the logit of
        the probability. Base is that of a pair with every sign at its mean.
        """
        where, present, signs = self._read(now, places)
        level = self._level(signs)
        parts = np.array([PARTS.index(sign.part) for sign in signs])
        columns = {"probability": _sigmoid(level.sum(axis=-1) + self._weights[0])}
        columns["base"] = np.full(present.shape, self._weights[0])
        columns |= {name: level[..., parts == number].sum(axis=-1) for number, name in enumerate(PARTS)}
        return self._frame(now, where, present, columns)

    def weights(self) -> pl.DataFrame:
        """The fitted weights on standardised signs: sign, part, weight, mean and spread of the sign."""
        signs = self._learned.signs(np.ones((1, len(self.segments))), None)
        return pl.DataFrame(
            {
                "sign": [sign.name for sign in signs],
                "part": [sign.part for sign in signs],
                "weight": self._weights[1:],
                "mean": self._mean,
                "spread": self._spread,
            }
        )

    def save(self, path: str | Path | BinaryIO) -> None:
        """Write the model to one file."""
        learned, structure = self._learned, self._learned.structure
        arrays: dict[str, npt.NDArray[Any]] = {
            "weights": self._weights,
            "mean": self._mean,
            "spread": self._spread,
            "share": learned.share,
            "rate": learned.rate,
            "items": np.stack(learned.items),
            "came_mean": learned.came[0],
            "came": learned.came[1],
            "diversity": np.array(learned.diversity),
            "composition": np.stack(learned.composition),
        }
        beside = {"group": structure.group, "inputs": structure.inputs, "outputs": structure.outputs}
        arrays |= {name: values for name, values in beside.items() if values is not None}
        body = BytesIO()
        np.savez(body, allow_pickle=False, **arrays)
        with zipfile.ZipFile(path, "w") as archive:
            head = {"method": METHOD, "segments": self.segments}
            archive.writestr("head.json", json.dumps(head, ensure_ascii=False))
            archive.writestr("arrays.npz", body.getvalue())

    @classmethod
    def load(cls, path: str | Path | BinaryIO) -> EntryModel:
        """Read a model written by :meth:`save`. Raises ``ValueError`` where the file is not one of this version."""
        try:
            with zipfile.ZipFile(path) as archive:
                head = json.loads(archive.read("head.json"))
                body = archive.read("arrays.npz")
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise ValueError(f"{path} 不是进入概率模型文件") from error
        if head["method"] != METHOD:
            raise ValueError(f"{path} 由方法 {head['method']} 生成，本程序为 {METHOD}：请重新载入对照库")
        with np.load(BytesIO(body), allow_pickle=False) as held:
            arrays = dict(held)
        structure = _Structure(arrays.get("group"), arrays.get("inputs"), arrays.get("outputs"))
        learned = _Learned(
            structure,
            arrays["share"],
            arrays["rate"],
            (arrays["items"][0], arrays["items"][1]),
            (arrays["came_mean"], arrays["came"]),
            (float(arrays["diversity"][0]), float(arrays["diversity"][1])),
            (arrays["composition"][0], arrays["composition"][1]),
        )
        return cls(head["segments"], learned, arrays["weights"], arrays["mean"], arrays["spread"])

    def _read(self, now: pl.DataFrame, places: pl.DataFrame | None) -> tuple[list[str], Floats, list[_Sign]]:
        table = _table(now, "now")
        where = table["place"].unique().sort().to_list()
        present = _matrix(table, where, self.segments)
        return where, present, self._learned.signs(present, _regions(where, places))

    def _level(self, signs: list[_Sign]) -> Floats:
        """What each sign adds to the logit (places, segments, signs)."""
        return np.asarray((_stack(signs) - self._mean) / self._spread * self._weights[1:])

    def _frame(self, now: pl.DataFrame, where: list[str], present: Floats, columns: dict[str, Floats]) -> pl.DataFrame:
        row, column = np.nonzero(present == 0)
        frame = pl.DataFrame(
            {
                "place": pl.Series(where, dtype=pl.String).gather(row),
                "segment": pl.Series(self.segments, dtype=pl.String).gather(column),
                **{name: values[row, column] for name, values in columns.items()},
            }
        )
        frame = frame.sort("place", "probability", "segment", descending=[False, True, False])
        return frame.cast({"place": now.schema["place"], "segment": now.schema["segment"]})


@dataclass(frozen=True, slots=True)
class _Structure:
    """What is known of the segments beside who has them: their group, and what feeds what."""

    group: Numbers | None
    inputs: Floats | None  # (segments, segments): share of a segment's inputs (column) that comes from another (row)
    outputs: Floats | None

    @classmethod
    def of(cls, names: list[str], segments: pl.DataFrame | None, flows: pl.DataFrame | None) -> _Structure:
        number = {name: place for place, name in enumerate(names)}
        group = None
        if segments is not None:
            named = dict(segments.select(pl.col("segment", "group").cast(pl.String)).iter_rows())
            every = [str(named.get(name, "")) for name in names]
            group = np.unique(np.array(every), return_inverse=True)[1].astype(np.int64)
        if flows is None:
            return cls(group, None, None)
        check_columns(flows, ("source", "target", "weight"), "flows")
        linked = np.zeros((len(names), len(names)))
        for source, target, weight in flows.select("source", "target", "weight").drop_nulls().iter_rows():
            if source in number and target in number and source != target:
                linked[number[source], number[target]] += float(weight)
        feed, use = linked.sum(axis=0), linked.sum(axis=1)
        return cls(group, linked / np.where(feed > 0, feed, 1.0), linked.T / np.where(use > 0, use, 1.0))


@dataclass(frozen=True, slots=True)
class _Learned:
    """Everything the signs of a place are made of, learned from other places. S segments, P teaching places."""

    structure: _Structure
    share: Floats  # (S,) of each segment in the whole
    rate: Floats  # (S,) logit of how often it was entered
    items: tuple[Floats, Floats]  # (S, S) item models on log counts and on log lift
    came: tuple[Floats, Floats]  # mean log counts (S,) and weights (S, S): what came on what was there
    diversity: tuple[float, float]  # mean and spread of the log number of segments present
    composition: tuple[Floats, Floats]  # mean (S,) and weights (S,): arrivals beyond what diversity tells

    @classmethod
    def of(cls, present: Floats, arrived: Floats, structure: _Structure) -> _Learned:
        absent = present == 0
        entered = (absent & (arrived > 0)).astype(float)
        # a segment that no place of the lesson has, or one that none entered, is rare, not impossible
        share = np.maximum(present.sum(axis=0), 0.5) / present.sum()
        usual = np.clip(entered.sum() / max(absent.sum(), 1), 1e-6, 1 - 1e-6)
        rate = (entered.sum(axis=0) + _PRIOR * usual) / (absent.sum(axis=0) + _PRIOR)
        logged = np.log1p(present)
        # what came beyond the segment's own rate and the place's own: who enters where, not how many enter
        beyond = np.where(absent, entered - rate, 0.0)
        beyond -= absent * (beyond.sum(axis=1) / np.maximum(absent.sum(axis=1), 1))[:, None]
        breadth = np.log((present > 0).sum(axis=1))
        diversity = float(breadth.mean()), float(breadth.std()) or 1.0
        arrivals = np.log1p(arrived.sum(axis=1))
        trend = np.column_stack([np.ones_like(breadth), breadth, breadth**2])
        arrivals -= trend @ np.linalg.lstsq(trend, arrivals, rcond=None)[0]
        return cls(
            structure,
            share,
            np.log(rate / (1 - rate)),
            (_item_model(logged, _LOGGED), _item_model(_log_lift(present, share), _LIFTED)),
            _ridge(logged, beyond, _CAME),
            diversity,
            _ridge(_composition(present), arrivals, _COMPOSITION),
        )

    def signs(self, present: Floats, region: Numbers | None) -> list[_Sign]:
        """Signs of places by what they have (places, segments); ``region`` numbers their regions."""
        absent = present == 0
        binary, logged, lift = (present > 0).astype(float), np.log1p(present), _log_lift(present, self.share)
        diversity = (np.log(np.maximum(binary.sum(axis=1), 1)) - self.diversity[0]) / self.diversity[1]
        mean, weights = self.composition
        rate = self.rate - self.rate.mean()

        def of_place(values: Floats) -> Floats:
            return np.broadcast_to(values[:, None], present.shape)

        def within(matrix: Floats) -> Floats:
            """Beside the other absent segments of the same place: the level of the place is told by its own signs."""
            level = np.where(absent, matrix, 0.0).sum(axis=1) / np.maximum(absent.sum(axis=1), 1)
            return np.asarray(matrix - level[:, None])

        signs = [
            _Sign("entry rate", "prevalence", np.broadcast_to(rate, present.shape)),
            _Sign("diversity", "breadth", of_place(diversity)),
            _Sign("diversity of the region", "breadth", of_place(_region_mean(diversity, region))),
            _Sign("composition", "breadth", of_place((_composition(present) - mean) @ weights)),
            _Sign("diversity × entry rate", "breadth", diversity[:, None] * rate),
            _Sign("item model, counts", "related", within(logged @ self.items[0])),
            _Sign("item model, lift", "related", within(lift @ self.items[1])),
            _Sign("what came", "related", within((logged - self.came[0]) @ self.came[1])),
        ]
        group, inputs, outputs = self.structure.group, self.structure.inputs, self.structure.outputs
        if group is not None:
            members = np.eye(group.max() + 1)[group]
            expected = present.sum(axis=1, keepdims=True) * (self.share @ members)
            signs.append(
                _Sign("group", "structure", within((np.log1p(present @ members) - np.log1p(expected))[:, group]))
            )
        if inputs is not None and outputs is not None:
            signs += [
                _Sign("inputs at hand", "structure", within(binary @ inputs)),
                _Sign("buyers at hand", "structure", within(binary @ outputs)),
            ]
        return signs


@dataclass(frozen=True, slots=True)
class HeldBack:
    """How a model does on places it was not taught: absent pairs, the share entered, the mean told, and the chance that
    an entered pair is told a higher probability than one that was not (AUC, pairs of all segments together)."""

    pairs: int
    entered: float
    told: float
    auc: float


def held_back(
    before: pl.DataFrame,
    after: pl.DataFrame,
    *,
    folds: int = 3,
    places: pl.DataFrame | None = None,
    segments: pl.DataFrame | None = None,
    flows: pl.DataFrame | None = None,
) -> HeldBack:
    """Teach on some of the places and tell the others, ``folds`` times; regions stay together as in :meth:`EntryModel.fit`.
    Segments that no place had or entered are left out: they would only make it look better.

    Frames as in :meth:`EntryModel.fit`. Raises ``ValueError`` as it does, also where a part of the places is too few.
    """
    from scipy.stats import rankdata

    was, came = _table(before, "before"), _table(after, "after")
    where = was["place"].unique().sort().to_list()
    fold = pl.Series(_folds(_regions(where, places), len(where)) % folds)
    told = []
    for number in range(folds):
        out = pl.Series(where, dtype=pl.String).filter(fold == number).implode()
        if not len(out.explode()):
            continue
        taught = [table.filter(~pl.col("place").is_in(out)) for table in (was, came)]
        model = EntryModel.fit(*taught, places=places, segments=segments, flows=flows)
        told.append(model.score(was.filter(pl.col("place").is_in(out)), places=places))
    known = pl.concat([was["segment"], came["segment"]]).unique()
    pairs = (
        pl.concat(told)
        .filter(pl.col("segment").is_in(known.implode()))
        .join(came.select("place", "segment", entered=pl.lit(True)), on=["place", "segment"], how="left")
    )
    right = pairs["entered"].fill_null(False).to_numpy()
    hits = int(right.sum())
    rank = rankdata(pairs["probability"].to_numpy())[right].sum() - hits * (hits + 1) / 2
    auc = float(rank / max(hits * (len(right) - hits), 1))
    return HeldBack(len(right), float(right.mean()), float(pairs["probability"].mean()), auc)  # type: ignore[arg-type]


# --- reading ----------------------------------------------------------------------------------------------------------


def _table(frame: pl.DataFrame, what: str) -> pl.DataFrame:
    """(place, segment, value) with text names, values above 0 and each pair once."""
    check_columns(frame, ("place", "segment", "value"), what)
    table = frame.select(pl.col("place", "segment").cast(pl.String), pl.col("value").cast(pl.Float64)).drop_nulls()
    if not table["value"].is_finite().all():
        raise ValueError(f"{what} has values that are not finite")
    return table.filter(pl.col("value") > 0).group_by("place", "segment").agg(pl.col("value").sum())


def _matrix(table: pl.DataFrame, places: list[str], segments: list[str]) -> Floats:
    rows = table.join(pl.DataFrame({"place": places}).with_row_index("row"), on="place").join(
        pl.DataFrame({"segment": segments}, schema={"segment": pl.String}).with_row_index("column"), on="segment"
    )
    matrix = np.zeros((len(places), len(segments)))
    matrix[rows["row"].to_numpy(), rows["column"].to_numpy()] = rows["value"].to_numpy()
    return matrix


def _regions(places: list[str], side: pl.DataFrame | None) -> Numbers | None:
    """Number of the region of each place; None where no region is known."""
    if side is not None:
        check_columns(side, ("place", "parent"), "places")
        parent: dict[Any, Any] = dict(side.select(pl.col("place", "parent").cast(pl.String)).iter_rows())
        named = [str(parent.get(place) or "") for place in places]
    else:
        named = [_region_of(place) for place in places]
    return np.unique(named, return_inverse=True)[1].astype(np.int64) if any(named) else None


def _region_of(place: str) -> str:
    """The province a place names: by its GB/T 2260 code, or by the words it begins with; "" where it names none."""
    if len(place) == len("620100") and place.isascii() and place.isdigit():
        return place[:2]
    return next((province for province in _PROVINCES if place.startswith(province) and place != province), "")


def _folds(region: Numbers | None, places: int) -> Numbers:
    """Fold of each place; a region stays together where there are enough of them."""
    rng = np.random.default_rng(20040101)
    if region is None or region.max() + 1 < _FOLDS:
        return rng.permutation(places) % _FOLDS
    return (rng.permutation(region.max() + 1) % _FOLDS)[region]


# --- signs ------------------------------------------------------------------------------------------------------------


def _stack(signs: list[_Sign]) -> Floats:
    return np.stack([sign.matrix for sign in signs], axis=-1)


def _log_lift(present: Floats, share: Floats) -> Floats:
    """log(1 + location quotient)."""
    total = np.maximum(present.sum(axis=1, keepdims=True), 1e-300)
    return np.asarray(np.log1p(present / total / share))


def _item_model(table: Floats, ridge: float) -> Floats:
    """Linear item–item weights with no item speaking for itself: B = −P / diag(P), P = (XᵀX + λI)⁻¹ (Steck 2019)."""
    from scipy.linalg.lapack import dpotrf, dpotri

    # The inverse from the factor (LAPACK potri) costs a third of solving for every unit vector; only one half is filled.
    half = dpotri(dpotrf(table.T @ table + ridge * np.eye(table.shape[1]))[0])[0]
    inverse = np.triu(half) + np.triu(half, 1).T
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights)


def _ridge(table: Floats, goal: Floats, ridge: float) -> tuple[Floats, Floats]:
    """Mean of the table, and weights of ridge regression of ``goal`` on what differs from it (dual form)."""
    from scipy.linalg import cho_factor, cho_solve

    mean = table.mean(axis=0)
    away = table - mean
    return mean, away.T @ cho_solve(cho_factor(away @ away.T + ridge * np.eye(len(table))), goal)


def _composition(present: Floats) -> Floats:
    return np.asarray(np.sqrt(present / np.maximum(present.sum(axis=1, keepdims=True), 1e-300)))


def _region_mean(values: Floats, region: Numbers | None) -> Floats:
    if region is None:
        return np.zeros_like(values)
    return np.asarray((np.bincount(region, values) / np.maximum(np.bincount(region), 1))[region])


def _sigmoid(level: Floats) -> Floats:
    from scipy.special import expit

    return np.asarray(expit(level))


def _logistic(signs: Floats, goal: Flags) -> Floats:
    """Weights (1 + signs,) of logistic regression with a small ridge, by Newton's method; the first is the constant."""
    table = np.column_stack([np.ones(len(signs)), signs])
    penalty = np.full(table.shape[1], _RIDGE)
    penalty[0] = 0.0
    weights = np.zeros(table.shape[1])
    for _ in range(50):
        chance = _sigmoid(table @ weights)
        slope = table.T @ (goal - chance) - penalty * weights
        curve = (table * (chance * (1 - chance))[:, None]).T @ table + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights = weights + step
        if float(np.abs(step).max()) < 1e-10:
            break
    return weights
