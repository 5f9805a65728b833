"""Chain maps from their files into the registers."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from lianpu.chains.maps import ChainMap, faults, shipped
from lianpu.chains.models import Chain, Finding, Placement, Product, Segment, SegmentFlow, SegmentState
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting


def load_maps(*, user: Any, maps: Sequence[ChainMap] | None = None) -> list[str]:
    """Bring the maps whose version differs into the database; returns the names of the chains that were written.

    Segments and products gone from a file go too, with what was computed of them; a segment on which people have
    confirmed or rejected firms may not go (``ValidationError`` names it).
    """
    rights.demand(user, registry["chains"], rights.CHANGE)
    wanted = tuple(maps if maps is not None else shipped())
    known = dict(Chain.objects.values_list("code", "map_version"))
    stale = [one for one in wanted if known.get(one.code) != one.version]
    if not stale:
        return []
    if wrong := faults(wanted):
        raise ValidationError(["产业链图谱有误，未载入：", *wrong[:20]])
    with acting(user, reason="载入产业链图谱", source="command"):
        for one in stale:
            _chain(one, wanted.index(one))
        # Flows and shared products cross chains, so they follow once every segment is there.
        ids = dict(Segment.objects.values_list("code", "pk"))
        for one in stale:
            _products(one, ids, wanted)
            _flows(one, ids, wanted)
    return [one.name for one in stale]


def _upsert(rows: Sequence[models.Model], key: list[str]) -> None:
    """Write the rows that are new or differ from what is stored under the same key."""
    if not rows:
        return
    model = type(rows[0])
    attnames = {f.name: f.attname for f in model._meta.concrete_fields if f.name != "id"}
    lead = attnames[key[0]]
    stored = model._default_manager.filter(**{f"{lead}__in": {getattr(row, lead) for row in rows}})
    known = set(map(repr, stored.values_list(*attnames.values())))
    wanted = [row for row in rows if repr(tuple(getattr(row, name) for name in attnames.values())) not in known]
    update = [name for name in attnames if name not in key]
    model._default_manager.bulk_create(wanted, update_conflicts=True, unique_fields=key, update_fields=update)


def _chain(one: ChainMap, order: int) -> None:
    chain, _ = Chain.objects.update_or_create(
        code=one.code,
        defaults={
            "name": one.name,
            "name_en": one.name_en,
            "tier": one.tier,
            "summary": one.summary,
            "map_version": one.version,
            "order": order,
        },
    )
    _drop_segments(chain, one)
    parents: dict[str, int] = {}
    for leaf in (False, True):
        rows = [
            Segment(
                code=node.code,
                name=node.name,
                chain=chain,
                parent_id=parents.get(node.parent),
                stage=node.stage,
                is_leaf=node.is_leaf,
                is_key=node.is_key,
                filled_by=node.filled_by,
                gbt4754=list(node.gbt4754),
                io_sector=node.io_sector,
                fed_from=node.fed_from,
                order=at,
            )
            for at, node in enumerate(one.segments)
            if node.is_leaf is leaf
        ]
        _upsert(rows, ["code"])
        parents = dict(Segment.objects.filter(chain=chain, is_leaf=False).values_list("code", "pk"))


def _drop_segments(chain: Chain, one: ChainMap) -> None:
    gone = Segment.objects.filter(chain=chain).exclude(code__in=[node.code for node in one.segments])
    decided = Placement.objects.filter(segment__in=gone).exclude(state=Placement.Decision.SUGGESTED)
    if held := sorted(set(decided.values_list("segment__name", flat=True))):
        raise ValidationError(f"新图谱删去了已有人工核定的环节：{'、'.join(held)}。请先把这些企业改挂到其他环节。")
    for results in (Placement, SegmentState, Finding):
        results._default_manager.filter(segment__in=gone).delete()
    Product.objects.filter(segment__in=gone).delete()
    SegmentFlow.objects.filter(models.Q(source__in=gone) | models.Q(target__in=gone)).delete()
    gone.filter(is_leaf=True).delete()
    gone.delete()


def _products(one: ChainMap, ids: dict[str, int], maps: Sequence[ChainMap]) -> None:
    aliases = {name: words for other in maps for leaf in other.leaves for name, words in leaf.products.items()}
    rows = [
        Product(segment_id=ids[leaf.code], name=name, aliases=list(aliases.get(name, ())), shared_reason=reason)
        for leaf in one.leaves
        for name, reason in [*((name, "") for name in leaf.products), *leaf.shared.items()]
    ]
    kept = {(row.segment_id, row.name) for row in rows}
    stored = Product.objects.filter(segment__chain__code=one.code).values_list("pk", "segment_id", "name")
    Product.objects.filter(pk__in=[pk for pk, segment, name in stored if (segment, name) not in kept]).delete()
    _upsert(rows, ["segment", "name"])


def _flows(one: ChainMap, ids: dict[str, int], maps: Sequence[ChainMap]) -> None:
    rows = [
        SegmentFlow(source_id=ids[f.source], target_id=ids[f.target], via=f.via, weight=f.weight, note=f.note)
        for f in one.flows
    ]
    kept = {(row.source_id, row.target_id, row.via) for row in rows}
    stored = SegmentFlow.objects.filter(source__chain__code=one.code).values_list("pk", "source_id", "target_id", "via")
    # A file may declare flows that start in another chain, so a stored flow goes only when no map declares it.
    declared = kept | {
        (ids[f.source], ids[f.target], f.via)
        for other in maps
        for f in other.flows
        if f.source in ids and f.target in ids
    }
    SegmentFlow.objects.filter(pk__in=[pk for pk, *key in stored if tuple(key) not in declared]).delete()
    _upsert(rows, ["source", "target", "via"])
