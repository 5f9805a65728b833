"""Reads of places."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from lianpu.places.addresses import Resolver
from lianpu.places.gazetteer import PlaceRow
from lianpu.places.models import Place
from lianpu.register import rights


def place_by_code(code: str) -> Place:
    """The place with this code; ``Place.DoesNotExist`` otherwise."""
    return Place.objects.get(code=code)


def own_place(user: Any, among: "QuerySet[Place] | None" = None) -> Place | None:
    """The place (of those ``among``) in which a person works; None where their rights are limited to none."""
    own: Place | None = rights.own_place(user, Place.objects.all() if among is None else among)
    return own


def match_places(texts: Iterable[str]) -> Mapping[str, int]:
    """Places by code, full name, or a name or short name that only one place bears."""
    wanted = set(texts)
    found: dict[str, int] = {}
    by_name: dict[str, set[int]] = {}
    rows = Place.objects.filter(
        Q(code__in=wanted) | Q(full_name__in=wanted) | Q(name__in=wanted) | Q(short_name__in=wanted)
    )
    for pk, code, full_name, name, short_name in rows.values_list("pk", "code", "full_name", "name", "short_name"):
        for word in (name, short_name):
            by_name.setdefault(word, set()).add(pk)
        found[code] = found[full_name] = pk
    unique = {word: next(iter(pks)) for word, pks in by_name.items() if len(pks) == 1}
    known = unique | found
    return {text: known[text] for text in wanted if text in known}


def place_named(text: str) -> Place | None:
    """The place with this code or full name, or with a name that only one place bears."""
    found = match_places([text])
    return Place.objects.get(pk=found[text]) if text in found else None


def inside(prefix: str = "place", zone: str = "zone") -> "PlaceFilter":
    """A list filter by place code that takes in everything below the place, and zones."""
    return PlaceFilter(prefix, zone)


class PlaceFilter:
    """Callable filter by code or name: ``620100`` and 兰州 reach all districts; a zone reaches the firms of the zone."""

    def __init__(self, prefix: str, zone: str) -> None:
        self.prefix, self.zone = prefix, zone

    def __call__(self, text: str) -> Q:
        # Ids first: a path in a join would make the database look through every firm.
        named = Q(name__in=text.split(",")) | Q(short_name__in=text.split(",")) | Q(full_name__in=text.split(","))
        codes = [*text.split(","), *Place.objects.filter(named).values_list("code", flat=True)]
        within = reduce(or_, (Q(path__contains=f"/{code}/") for code in codes))
        places = list(Place.objects.filter(within).values_list("pk", "code", "kind"))
        found = Q(**{f"{self.prefix}__in": [pk for pk, _, _ in places]})
        if self.zone:
            zones = [pk for pk, code, kind in places if kind == Place.Kind.ZONE and code in codes]
            found |= Q(**{f"{self.zone}__in": zones})
        return found


def place_names(pks: Iterable[int]) -> Mapping[int, str]:
    """Place → its name."""
    return dict(Place.objects.filter(pk__in=list(pks)).values_list("pk", "name"))


def lineage_of(place: Place) -> list[Place]:
    """The place and those above it, up to the nation."""
    codes = [code for code in place.path.split("/") if code]
    held = {one.code: one for one in Place.objects.filter(code__in=codes)}
    return [held[code] for code in reversed(codes) if code in held]


def most_common_city(pks: Iterable[int]) -> Place | None:
    """The city in which most of the places (ids, as often as they occur) lie; None for no place."""
    counted = Counter(pks)
    cities: Counter[str] = Counter()
    for pk, path in Place.objects.filter(pk__in=counted).values_list("pk", "path"):
        cities["/".join(path.split("/")[:4]) + "/"] += counted[pk]  # "/nation/province/city/"
    return Place.objects.filter(path=cities.most_common(1)[0][0]).first() if cities else None


def ids_by_code() -> Mapping[str, int]:
    """Every place's id by code."""
    return dict(Place.objects.values_list("code", "pk"))


def place_paths() -> Mapping[str, set[str]]:
    """Names and short names of places within the nation → the paths of the places that bear them."""
    found: dict[str, set[str]] = {}
    rows = Place.objects.exclude(kind=Place.Kind.NATION)
    for name, short_name, path in rows.values_list("name", "short_name", "path"):
        for word in (name, short_name):
            found.setdefault(word, set()).add(path)
    return found


def address_resolver() -> Resolver:
    """Resolves addresses to the codes of the stored places (some 40 ms to build, against a second from the gazetteer)."""
    rows: Iterable[Any] = Place.objects.values_list(
        "code", "name", "short_name", "kind", "parent__code", "longitude", "latitude"
    )
    return Resolver(PlaceRow(*row) for row in rows)
