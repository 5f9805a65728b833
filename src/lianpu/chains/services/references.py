"""References: bodies of firms outside the register, placed by the same model and kept as files for comparison."""

import hashlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from lianpu.chains.models import Reference, ReferenceFirm, ReferencePlacement, Segment
from lianpu.chains.services.entering import teach
from lianpu.chains.services.placing import CHUNK, LEAST_CONFIDENCE, TOP_K, current_placer
from lianpu.register import bulk, rights
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.importing import known_heads, silent
from lianpu.register.reading import UnreadableError, read

if TYPE_CHECKING:
    import polars as pl

    from lianpu.analysis import coverage

Progress = Callable[[int, int, str], None]
WANTED = ("name", "uscc", "scope", "province", "city", "founded")
_ABANDONED_S = 86_400


def load_reference(
    *, user: Any, path: Path, name: str = "", is_sample: bool = False, progress: Progress = silent
) -> Reference:
    """Place every firm of a file (columns as the enterprise register knows them) and keep the result beside the database.

    The file is not taken into the register: only name, code, place and placements are kept, under ``references/``.
    """
    rights.demand(user, registry["references"], rights.ADD)
    firms = read_firms(path)
    if firms.is_empty():
        raise UnreadableError(f"{path.name} 没有企业，不能作对照库。")
    placer = current_placer()
    parts = []
    progress(0, firms.height, "对照库挂链")
    for start in range(0, firms.height, CHUNK):
        chunk = firms.slice(start, CHUNK)
        placed = placer.place(chunk.select("name", "scope"), top_k=TOP_K)
        parts.append(
            placed.select(firm=placed["row"].cast(int) + start, segment="code", role="role", confidence="score")
        )
        progress(min(start + CHUNK, firms.height), firms.height, "对照库挂链")
    import polars as pl

    placements = pl.concat(parts).filter(pl.col("confidence") >= LEAST_CONFIDENCE)
    return keep_reference(
        user=user,
        name=name or path.stem,
        firms=firms.drop("scope", "founded").with_row_index("firm").with_columns(pl.col("firm").cast(pl.Int64)),
        placements=placements.with_columns(pl.col("firm").cast(pl.Int64)),
        source_hash=_digest(path),
        model_version=placer.version,
        is_sample=is_sample,
    )


def keep_reference(
    *,
    user: Any,
    name: str,
    firms: "pl.DataFrame",
    placements: "pl.DataFrame",
    source_hash: str,
    model_version: str,
    is_sample: bool,
) -> Reference:
    """Store a placed body of firms: ``firms`` (firm, name, uscc, province, city and, if known, year of founding),
    ``placements`` (firm, segment, role, confidence). Where years are known, the reference teaches which segments places
    come to have."""
    # Firms without a placement too: their branches tell how far a group reaches.
    placed = firms.join(placements, on="firm", how="left")
    file = _new_file()
    placed.write_parquet(file)
    taught = teach(placed.drop_nulls("segment"), file, source_hash)
    with transaction.atomic(), acting(user, reason="载入对照库", source="command"):
        before = Reference.objects.select_for_update().filter(name=name).first()
        kept, _ = Reference.objects.update_or_create(
            name=name,
            defaults={
                "file": str(file),
                "rows": firms.height,
                "placed": placements["firm"].n_unique(),
                "source_hash": source_hash,
                "model_version": model_version[:16],
                "is_sample": is_sample,
                "entry_version": taught.get("version", ""),
                "entry_figures": taught,
            },
        )
        _keep_rows(kept, firms, placements)
        transaction.on_commit(lambda: _clear(file.parent, Path(before.file) if before else None), robust=True)
    return kept


def _new_file() -> Path:
    """A name of its own for each load: until the row names it, readers have the earlier files under the earlier figures."""
    folder = Path(settings.LIANPU_HOME) / "references"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{secrets.token_hex(8)}.parquet"


def _clear(folder: Path, before: Path | None) -> None:
    """Remove the files that the row named ``before``, and what loads that died left behind: files of yesterday that no
    row names. A load that is still under way keeps its own."""
    named = {Path(file).stem for file in Reference.objects.values_list("file", flat=True)}
    for file in folder.iterdir():
        if file.stem not in named and (
            (before is not None and file.stem == before.stem) or time.time() - file.stat().st_mtime > _ABANDONED_S
        ):
            file.unlink(missing_ok=True)


def _keep_rows(kept: Reference, firms: "pl.DataFrame", placements: "pl.DataFrame") -> None:
    """The same as rows, so that a count of the reference opens to its firms; those on no segment stay in the file."""
    ReferencePlacement.objects.filter(firm__reference=kept).delete()
    ReferenceFirm.objects.filter(reference=kept).delete()
    import polars as pl

    standing = firms.join(placements, on="firm", how="semi")
    texts = [pl.col(name).fill_null("").str.head(length) for name, length in _TEXTS.items()]
    named = standing.select(texts).iter_rows(named=True)
    bulk.insert(ReferenceFirm, [{"reference_id": kept.pk, **row} for row in named])
    made = ReferenceFirm.objects.filter(reference=kept).order_by("pk").values_list("pk", flat=True)
    of = dict(zip(standing["firm"], made, strict=True))
    segments = dict(Segment.objects.filter(is_leaf=True).values_list("code", "pk"))
    rows = placements.select("firm", "segment", "role", "confidence").iter_rows()
    bulk.insert(
        ReferencePlacement,
        [
            {"firm_id": of[firm], "segment_id": segments[code], "role": role, "confidence": sure}
            for firm, code, role, sure in rows
            if code in segments
        ],
    )


_TEXTS = {"name": 200, "uscc": 40, "province": 40, "city": 40}


def read_firms(path: Path) -> "pl.DataFrame":
    """name, uscc, scope, province, city, founded and year (null where unknown) of a file in any form the import reads;
    missing columns are empty."""
    import polars as pl

    heads = known_heads(registry["enterprises"].bound)
    sheet = read(path, frozenset(heads))
    at = {column.name: i for i, head in enumerate(sheet.heads) if (column := heads.get(head)) is not None}
    if missing := [word for word in ("name", "scope") if word not in at]:
        raise UnreadableError(f"{path.name} 缺少列：{'、'.join(missing)}，不能作对照库。")

    def cell(row: Any, word: str) -> str:
        i = at.get(word)
        return "" if i is None or i >= len(row) or row[i] is None else str(row[i])

    held = pl.DataFrame(
        {word: [cell(row, word) for row in sheet.rows] for word in WANTED}, schema=dict.fromkeys(WANTED, pl.String)
    )
    year = pl.col("founded").str.extract(r"^\s*((?:19|20)\d\d)(?:\D|\d{4}$|$)").cast(pl.Int32)
    return held.with_columns(year=year)


def reference_in_use() -> Reference | None:
    """The reference a diagnosis compares with: the largest real one, else the sample."""
    return Reference.objects.order_by("is_sample", "-rows").first()


def reference_frame(reference: Reference) -> "pl.DataFrame":
    """Placements of the reference's firms: firm, segment, role, confidence, name, uscc, province, city."""
    return reference_firms(reference).drop_nulls("segment")


def counted(placed: "pl.DataFrame | None", segments: "pl.DataFrame", least: float) -> "coverage.Reference":
    """What a diagnosis is held against: the firms ``placed`` on segments of today; empty where there is no reference."""
    import polars as pl

    from lianpu.analysis import coverage

    if placed is None:
        return coverage.Reference(pl.DataFrame(schema={"segment": pl.String, "count": pl.Int64}), 0)
    known = placed.filter(pl.col("segment").is_in(segments["code"].implode()))
    return coverage.Reference.of(known, segments, min_confidence=least)


def reference_firms(reference: Reference) -> "pl.DataFrame":
    """The same with a row for each firm that stands on no segment (segment, role and confidence null); a reference
    kept by an earlier version has none of these."""
    import polars as pl

    file = Path(reference.file)
    if not file.is_file():
        raise UnreadableError(f"对照库“{reference.name}”的文件已不在，请重新运行 lianpu reference load。")
    return pl.read_parquet(file)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
