"""Reads of enterprises."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery

from lianpu.enterprises.identity import name_key, normalise_uscc
from lianpu.enterprises.models import Enterprise, EnterpriseFigure, EnterpriseMerge, EnterpriseName
from lianpu.register.declare import registry
from lianpu.register.rights import restrict

# 规模以上工业企业：年主营业务收入 2000 万元及以上 (domain rule since 2011).
ABOVE_SCALE_10K_CNY = Decimal(2000)


def match_enterprises(texts: Iterable[str]) -> Mapping[str, int]:
    """Firms by USCC, also of one that was merged into them, else by name, former name or alias where only one bears it."""
    by_code: dict[str, list[str]] = {}
    by_key: dict[str, list[str]] = {}
    for text in set(texts):
        by_code.setdefault(normalise_uscc(text), []).append(text)
        by_key.setdefault(name_key(text), []).append(text)
    coded = Enterprise.objects.filter(uscc__in=by_code).values_list("uscc", "pk")
    merged = EnterpriseMerge.objects.filter(old_uscc__in=by_code).values_list("old_uscc", "into")
    found = {text: pk for code, pk in [*merged, *coded] for text in by_code[code]}
    bearers: dict[str, set[int]] = {}
    for model, field in ((Enterprise, "pk"), (EnterpriseName, "enterprise_id")):
        for key, pk in model._default_manager.filter(name_key__in=by_key).values_list("name_key", field):
            bearers.setdefault(key, set()).add(pk)
    for key, pks in bearers.items():
        if len(pks) == 1:
            for text in by_key[key]:
                found.setdefault(text, next(iter(pks)))
    return found


def same_names(user: Any) -> "QuerySet[Any, str]":
    """Keys of names that more than one firm in the person's reach bears."""
    rows = restrict(Enterprise.objects.all(), registry.of(Enterprise), user).exclude(name_key="").order_by()
    shared: QuerySet[Any, Any] = rows.values("name_key").annotate(count=Count("pk")).filter(count__gt=1)
    return shared.order_by("name_key").values_list("name_key", flat=True)


def now_of(old_id: int) -> int | None:
    """Id of the firm that a merged one has become; None for an id that was never merged."""
    return EnterpriseMerge.objects.filter(old_id=old_id).values_list("into", flat=True).first()


def resolve(said: int | str) -> "Enterprise | None":
    """The firm that an id or code means, or has come to mean by a merger."""
    if isinstance(said, int):
        found = Enterprise.objects.filter(pk=said).first() or Enterprise.objects.filter(merged__old_id=said).first()
    else:
        code = normalise_uscc(said)
        found = Enterprise.objects.filter(uscc=code).first() or Enterprise.objects.filter(merged__old_uscc=code).first()
    return found


def merged_codes(codes: Iterable[str]) -> Mapping[str, str]:
    """Codes of merged firms → the code that the firm bears now."""
    found: dict[str, str] = {}
    wanted = sorted(codes) if EnterpriseMerge.objects.exists() else []
    for start in range(0, len(wanted), 2000):
        rows = EnterpriseMerge.objects.filter(old_uscc__in=wanted[start : start + 2000])
        found.update(rows.values_list("old_uscc", "into__uscc"))
    return found


def other_names(codes: Iterable[str]) -> Mapping[str, set[str]]:
    """USCC → keys of the firm's other names."""
    found: dict[str, set[str]] = {}
    wanted = sorted(codes)
    for start in range(0, len(wanted), 2000):
        rows = EnterpriseName.objects.filter(enterprise__uscc__in=wanted[start : start + 2000])
        for code, key in rows.values_list("enterprise__uscc", "name_key"):
            found.setdefault(code, set()).add(key)
    return found


def names_by_code(codes: Iterable[str]) -> Mapping[str, str]:
    """USCC → key of the name, of the firms that are registered."""
    return dict(_of_codes(codes, Enterprise.objects.all(), "name_key"))


def addresses_of_placed(codes: Iterable[str]) -> Mapping[str, str]:
    """USCC → address, of the registered firms that have a place."""
    return dict(_of_codes(codes, Enterprise.objects.filter(place__isnull=False), "address"))


def _of_codes(codes: Iterable[str], firms: "QuerySet[Enterprise]", field: str) -> Iterator[tuple[str, str]]:
    wanted = sorted(codes)
    for start in range(0, len(wanted), 2000):
        yield from firms.filter(uscc__in=wanted[start : start + 2000]).values_list("uscc", field)


def places_of(pks: Iterable[int]) -> Mapping[int, tuple[int | None, int | None]]:
    """Firm → its place and zone."""
    rows = Enterprise.objects.filter(pk__in=list(pks)).values_list("pk", "place", "zone")
    return {pk: (place, zone) for pk, place, zone in rows}


def with_revenue(rows: "QuerySet[Enterprise]") -> "QuerySet[Any]":
    """Adds ``revenue_10k_cny``: the latest yearly main-business revenue on file, or None."""
    latest = EnterpriseFigure.objects.filter(
        enterprise=OuterRef("pk"), indicator=EnterpriseFigure.Indicator.REVENUE, period__regex=r"^\d{4}$"
    ).order_by("-period")
    return rows.annotate(revenue_10k_cny=Subquery(latest.values("value")[:1]))
