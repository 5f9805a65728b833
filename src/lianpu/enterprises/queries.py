"""Reads of enterprises."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from lianpu.enterprises.identity import name_key, normalise_uscc
from lianpu.enterprises.models import Enterprise, EnterpriseFigure, EnterpriseName

# 规模以上工业企业：年主营业务收入 2000 万元及以上 (domain rule since 2011).
ABOVE_SCALE_10K_CNY = Decimal(2000)


def match_enterprises(texts: Iterable[str]) -> Mapping[str, int]:
    """Firms by USCC, else by name, former name or alias where only one firm bears it."""
    by_code: dict[str, list[str]] = {}
    by_key: dict[str, list[str]] = {}
    for text in set(texts):
        by_code.setdefault(normalise_uscc(text), []).append(text)
        by_key.setdefault(name_key(text), []).append(text)
    coded = Enterprise.objects.filter(uscc__in=by_code).values_list("uscc", "pk")
    found = {text: pk for code, pk in coded for text in by_code[code]}
    bearers: dict[str, set[int]] = {}
    for model, field in ((Enterprise, "pk"), (EnterpriseName, "enterprise_id")):
        for key, pk in model._default_manager.filter(name_key__in=by_key).values_list("name_key", field):
            bearers.setdefault(key, set()).add(pk)
    for key, pks in bearers.items():
        if len(pks) == 1:
            for text in by_key[key]:
                found.setdefault(text, next(iter(pks)))
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


def with_revenue(rows: "QuerySet[Enterprise]") -> "QuerySet[Any]":
    """Adds ``revenue_10k_cny``: the latest yearly main-business revenue on file, or None."""
    latest = EnterpriseFigure.objects.filter(
        enterprise=OuterRef("pk"), indicator=EnterpriseFigure.Indicator.REVENUE, period__regex=r"^\d{4}$"
    ).order_by("-period")
    return rows.annotate(revenue_10k_cny=Subquery(latest.values("value")[:1]))
