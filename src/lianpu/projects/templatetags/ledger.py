"""How the ledger's pages show amounts."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def amount(value: Decimal | float | None, places: int = 2) -> str:
    """An amount grouped by thousands, without idle zeros; empty for none."""
    if value is None:
        return ""
    whole, _, rest = f"{value:,.{places}f}".partition(".")
    rest = rest.rstrip("0")
    return f"{whole}.{rest}" if rest else whole


@register.filter
def plain(value: Decimal | None) -> str:
    """An amount as one would type it: no grouping, no idle zeros."""
    return "" if value is None else f"{value.normalize():f}"
