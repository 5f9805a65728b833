"""Placement of batches: one function from Arrow batches to Arrow batches, for a process, a pool of them or a cluster.

>>> placed = place_batches(placer, batches, key="uscc")      # any iterable of Arrow batches → frames
>>> spark_frame.mapInArrow(partial(place_arrow, saved=broadcast, key="uscc"), SPARK_SCHEMA.format(key="uscc"))
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from lianpu.analysis.placement.placer import Placer

if TYPE_CHECKING:
    import pyarrow as pa

_SPAN = {"start": pl.Int32(), "end": pl.Int32(), "text": pl.String(), "activity": pl.String(), "source": pl.String()}
#: What is told of each placement, beside the key of the firm. Integers have signs, for Spark knows no others.
COLUMNS: dict[str, pl.DataType] = {
    "rank": pl.Int32(),
    "code": pl.String(),
    "role": pl.String(),
    "score": pl.Float64(),
    "evidence": pl.List(pl.Struct(_SPAN)),
}
#: The same in Spark's words; ``key`` is the name of the key column.
SPARK_SCHEMA = (
    "`{key}` string, rank int, code string, role string, score double, evidence "
    "array<struct<start: int, end: int, text: string, activity: string, source: string>>"
)


class Saved(Protocol):
    """A saved placer that a cluster hands round (a Spark broadcast): its bytes are in ``value``."""

    @property
    def value(self) -> bytes: ...


def place_batches(placer: Placer, batches: Iterable[Any], *, key: str, top_k: int = 3) -> Iterator[pl.DataFrame]:
    """Placements of each batch, in order: the firm's ``key`` and :data:`COLUMNS`.

    A batch is anything that polars reads without a copy (a frame, an Arrow batch or table) with the columns name, scope
    and ``key``. A firm with nothing of the taxonomy has no row.
    """
    for batch in batches:
        firms = batch if isinstance(batch, pl.DataFrame) else pl.DataFrame(batch)
        placed = placer.place(firms, top_k)
        yield placed.select(firms[key].cast(pl.String).gather(placed["row"]), *COLUMNS).cast(COLUMNS)  # type: ignore[arg-type]


def place_arrow(
    batches: Iterable[pa.RecordBatch], *, saved: Saved, key: str, top_k: int = 3
) -> Iterator[pa.RecordBatch]:
    """:func:`place_batches` in the form that Spark's ``mapInArrow`` asks for. Needs pyarrow."""
    import pyarrow as pa

    span = pa.struct([(name, pa.int32() if name in ("start", "end") else pa.string()) for name in _SPAN])
    types = [pa.string(), pa.int32(), pa.string(), pa.string(), pa.float64(), pa.list_(span)]
    schema = pa.schema(list(zip([key, *COLUMNS], types, strict=True)))
    for frame in place_batches(_loaded(saved.value), batches, key=key, top_k=top_k):
        yield from frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema).to_batches()


_LOADED: dict[bytes, Placer] = {}


def _loaded(saved: bytes) -> Placer:
    """The placer of these bytes; a worker process that does several parts loads it once."""
    if saved not in _LOADED:
        _LOADED.clear()
        _LOADED[saved] = Placer.load(io.BytesIO(saved))
    return _LOADED[saved]
