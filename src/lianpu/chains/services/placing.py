"""Firms onto segments by the model, set-wise; what people say of it is in ``reviewing.py`` and stays."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import QuerySet

from lianpu.chains.models import OutsideFirm, Placement, PlacementModel, Segment
from lianpu.chains.queries import taxonomy_frames
from lianpu.enterprises.models import Enterprise
from lianpu.register import followers, rights
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.importing import batches, silent

if TYPE_CHECKING:
    import polars as pl

    from lianpu.analysis.placement import Placer

logger = logging.getLogger(__name__)
CHUNK = 20_000
TOP_K = 3
# Under this a suggestion is noise to a reader; the review desk works from here up.
LEAST_CONFIDENCE = 0.2

Progress = Callable[[int, int, str], None]


def models_folder() -> Path:
    """Where placers lie as files."""
    return Path(settings.LIANPU_HOME) / "models"


def maps_digest(taxonomy: "pl.DataFrame", products: "pl.DataFrame") -> str:
    """A word for the chain maps as they stand: what a placer is fitted on and must be used with."""
    return f"{int(taxonomy.hash_rows(seed=7).sum()) ^ int(products.hash_rows(seed=7).sum()):x}"[:12]


def current_placer() -> "Placer":
    """The trained model in use where it fits the chain maps as they stand, else the placer of the maps alone, which is
    fitted once a version and kept as a file."""
    from lianpu.analysis.placement import Placer

    taxonomy, products = taxonomy_frames()
    digest = maps_digest(taxonomy, products)
    trained = PlacementModel.objects.filter(state=PlacementModel.State.IN_USE, maps=digest).first()
    if trained is not None:
        try:
            return Placer.load(models_folder() / trained.file)
        except (OSError, ValueError):
            logger.warning("Placement model %s cannot be read; placing by the maps alone", trained.model_version)
    place = models_folder() / f"placer-{digest}.zip"
    if place.exists():
        try:
            return Placer.load(place)
        except ValueError:
            place.unlink()  # of an earlier method, or half written
    place.parent.mkdir(parents=True, exist_ok=True)
    placer = Placer.fit(taxonomy, products, None)
    placer.save(place)
    return placer


def place_enterprises(
    *, user: Any, enterprises: "QuerySet[Enterprise] | None" = None, progress: Progress = silent
) -> dict[str, int]:
    """(Re)place firms; what people confirmed or rejected stays. Returns counts: firms, placed, created, changed, gone."""
    from lianpu.chains.services.incremental import FOLLOWER, remember

    register = registry["placements"]
    rights.demand(user, register, rights.CHANGE)
    rows = enterprises if enterprises is not None else Enterprise.objects.all()
    rows = rights.restrict(rows, registry["enterprises"], user)
    placer = current_placer()
    total = rows.count()
    counts = {"firms": 0, "placed": 0, "created": 0, "changed": 0, "gone": 0}
    progress(0, total, "挂链")
    segments = segment_numbers()
    with acting(user, reason=f"按模型 {placer.version} 挂链", source="placement"):
        bound = followers.present(FOLLOWER)
        for chunk in chunks(rows):
            for word, n in place_chunk(placer, chunk, segments).items():
                counts[word] += n
            progress(counts["firms"], total, "挂链")
        if enterprises is None and counts["firms"] == Enterprise.objects.count():
            remember(placer, bound)
    return counts


def segment_numbers() -> dict[str, int]:
    """Leaf segments by code."""
    return dict(Segment.objects.filter(is_leaf=True).values_list("code", "pk"))


def place_chunk(placer: "Placer", firms: "pl.DataFrame", segments: dict[str, int]) -> dict[str, int]:
    """Place some firms (id, name, scope) and write what differs from what is stored."""
    return {"firms": firms.height} | _store(firms["id"].to_list(), _suggest(placer, firms, segments))


def chunks(rows: "QuerySet[Enterprise]") -> "Iterator[pl.DataFrame]":
    """Firms by number, some thousands at a time: id, name, scope."""
    import polars as pl

    schema = {"id": pl.Int64, "name": pl.String, "scope": pl.String}
    last = 0
    while part := list(rows.order_by("pk").filter(pk__gt=last).values_list("pk", "name", "scope")[:CHUNK]):
        last = part[-1][0]
        yield pl.DataFrame(part, schema=schema, orient="row")


def _suggest(placer: "Placer", firms: "pl.DataFrame", segments: dict[str, int]) -> dict[tuple[int, int], Placement]:
    """(enterprise id, segment id) → unsaved placement."""
    placed = placer.place(firms.select("name", "scope"), top_k=TOP_K)
    ids = firms["id"].to_list()
    found = {}
    for row in placed.iter_rows(named=True):
        if row["score"] < LEAST_CONFIDENCE or row["code"] not in segments:
            continue
        enterprise, segment = ids[row["row"]], segments[row["code"]]
        found[enterprise, segment] = Placement(
            enterprise_id=enterprise,
            segment_id=segment,
            role=row["role"],
            rank=row["rank"],
            confidence=round(row["score"], 4),
            evidence=row["evidence"],
            model_version=placer.version[:16],
        )
    return found


_MODEL_FIELDS = ("role", "rank", "confidence", "evidence", "model_version")


def _store(enterprises: list[int], suggested: dict[tuple[int, int], Placement]) -> dict[str, int]:
    """Write the difference between what is stored and what is suggested, and have the diagnoses that count it renewed;
    firms that people put outside stay there."""
    from lianpu.chains.services.diagnosing import renew_later

    outside = set(OutsideFirm.objects.values_list("enterprise", flat=True))
    suggested = {key: one for key, one in suggested.items() if key[0] not in outside}
    changed: list[Placement] = []
    gone: list[int] = []
    touched: set[int] = set()
    kept: set[tuple[int, int]] = set()
    for batch in batches(enterprises, 5000):
        for old in Placement.objects.filter(enterprise_id__in=batch):
            key = (old.enterprise_id, old.segment_id)
            new = suggested.get(key)
            if old.state != Placement.Decision.SUGGESTED:
                kept.add(key)
            elif new is None:
                gone.append(old.pk)
                touched.add(old.enterprise_id)
            else:
                kept.add(key)
                # A new version alone is no news: the row keeps the version that first said so.
                if any(getattr(old, name) != getattr(new, name) for name in _MODEL_FIELDS[:-1]):
                    for name in _MODEL_FIELDS:
                        setattr(old, name, getattr(new, name))
                    changed.append(old)
    fresh = [placement for key, placement in suggested.items() if key not in kept]
    for ids in batches(gone, 5000):
        Placement.objects.filter(pk__in=ids).delete()
    Placement.objects.bulk_create(fresh, batch_size=2000)
    Placement.objects.bulk_update(changed, _MODEL_FIELDS, batch_size=500)
    renew_later({*touched, *(one.enterprise_id for one in fresh + changed)})
    placed = {enterprise for enterprise, _ in suggested}
    return {"placed": len(placed), "created": len(fresh), "changed": len(changed), "gone": len(gone)}


def suggestion_for(placement: Placement) -> Placement | None:
    """What the model says of a firm on a segment, unsaved; None where it would not propose it."""
    import polars as pl

    firm = placement.enterprise
    frame = pl.DataFrame({"id": [firm.pk], "name": [firm.name], "scope": [firm.scope]})
    found = _suggest(current_placer(), frame, {placement.segment.code: placement.segment_id})
    return found.get((firm.pk, placement.segment_id))
