"""Placing anew only whom it can concern: firms whose texts changed, and firms that a changed chain map can touch.

Both are read from the change records (:mod:`lianpu.register.followers`), so the registers of enterprises need not know that
chains exist. The outcome equals that of placing all firms again. What was placed last, from which records and by which
placer, is told by a follower of the change records, and that placer is kept as a file.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Model, QuerySet

from lianpu.chains.models import OutsideFirm, Placement, Product, Segment, SegmentFlow
from lianpu.chains.queries import diagnosed_places
from lianpu.chains.services.placing import Progress, chunks, current_placer, place_chunk, segment_numbers
from lianpu.enterprises.models import Enterprise
from lianpu.register import followers
from lianpu.register.history import acting
from lianpu.register.importing import batches, silent
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from lianpu.analysis.placement import Placer

FOLLOWER = "placing"
SOURCE = "placement"
FEW = 500  # changes that are dealt with at once
_OF_FIRMS, _OF_MAPS = (Enterprise, Placement, OutsideFirm), (Product, Segment, SegmentFlow)


def is_behind() -> bool:
    """Whether firms or chain maps have changed since all firms were placed last; no where they never were."""
    done = followers.reached(FOLLOWER)
    return done is not None and _since(done.change, *_OF_FIRMS, *_OF_MAPS).exists()


def is_quick() -> bool:
    """Whether the changes are few, and all of firms."""
    done = followers.reached(FOLLOWER)
    since = done.change if done else 0
    return not _since(since, *_OF_MAPS).exists() and _since(since, *_OF_FIRMS)[: FEW + 1].count() <= FEW


def _since(change: int, *models: type[Model]) -> "QuerySet[Change]":
    """What others than placing itself have changed since that record."""
    labels = [model._meta.label_lower for model in models]
    return Change.objects.filter(model__in=labels, pk__gt=change).exclude(source=SOURCE).order_by()


def place_changed(*, progress: Progress = silent) -> dict[str, int]:
    """Place anew the firms that a change since the last placing can concern; all of them where that cannot be told.

    It is the system's own work. Returns counts as :func:`place_enterprises` does.
    """
    placer = current_placer()
    counts = {"firms": 0, "placed": 0, "created": 0, "changed": 0, "gone": 0}
    with acting(SYSTEM, reason=f"按模型 {placer.version} 挂链", source=SOURCE):
        bound = followers.present(FOLLOWER)
        concerned = _concerned(placer)
        total = Enterprise.objects.count() if concerned is None else len(concerned)
        segments = segment_numbers()
        for chunk in chunks(Enterprise.objects.all()) if concerned is None else _chosen(concerned):
            for word, n in place_chunk(placer, chunk, segments).items():
                counts[word] += n
            progress(counts["firms"], total, "挂链")
        remember(placer, bound)
    return counts


def remember(placer: "Placer", bound: int) -> None:
    """All firms are placed by ``placer`` from what the change records tell up to ``bound``.

    A map that changed since the last time is another one for every diagnosis, whether it moved firms or not.
    """
    from lianpu.chains.services.diagnosing import renew_soon

    done = followers.reached(FOLLOWER)
    if done is not None and _since(done.change, *_OF_MAPS).exists():
        for place in diagnosed_places():
            renew_soon(place)
    followers.reach(FOLLOWER, bound, basis=placer.version)
    _keep(placer)


def _concerned(placer: "Placer") -> set[int] | None:
    """Numbers of the firms to place anew; None for all."""
    from lianpu.analysis.placement import naming

    done = followers.reached(FOLLOWER)
    if done is None:
        return None
    firms = _changed_firms(done.change)
    if done.basis == placer.version:
        return firms
    earlier = _earlier(done.basis)
    terms = None if earlier is None else placer.changed_terms(earlier)
    if terms is None:
        return None
    for chunk in chunks(Enterprise.objects.all()):
        firms.update(chunk.filter(naming(chunk, terms))["id"].to_list())
    return firms


def _changed_firms(since: int) -> set[int]:
    """Firms with another name or scope since that record, and those whose placements others have touched (decisions, mergers)."""
    told = _since(since, Enterprise).exclude(action="delete")
    texts = told.values_list("row", "before__name", "after__name", "before__scope", "after__scope")
    firms = {
        row for row, name, now_name, scope, now_scope in texts.iterator() if (name, scope) != (now_name, now_scope)
    }
    touched = _since(since, Placement, OutsideFirm).values_list("before__enterprise_id", "after__enterprise_id")
    for pair in touched.iterator():
        firms.update(int(firm) for firm in pair if firm is not None)
    return firms


def _chosen(firms: set[int]) -> "Iterator[pl.DataFrame]":
    for numbers in batches(sorted(firms), 5000):
        yield from chunks(Enterprise.objects.filter(pk__in=numbers))


def _kept(version: str) -> Path:
    return Path(settings.LIANPU_HOME) / "models" / f"placed-{version}.zip"


def _keep(placer: "Placer") -> None:
    """Keep it for the next comparison; those before it go once it is certain that it is the one."""
    path = _kept(placer.version)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        placer.save(fresh)
        fresh.replace(path)  # whole or not at all

    def forget() -> None:
        for other in path.parent.glob("placed-*.zip"):
            if other != path:
                other.unlink(missing_ok=True)

    transaction.on_commit(forget)


def _earlier(version: str) -> "Placer | None":
    """The placer of this version, if it is the kept one and can still be read."""
    from lianpu.analysis.placement import Placer

    try:
        placer = Placer.load(_kept(version))
    except (OSError, ValueError):  # gone, or of another method
        return None
    return placer if placer.version == version else None
