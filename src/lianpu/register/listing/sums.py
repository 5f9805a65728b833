"""Sums that add up to the last digit on both databases."""

from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.db.models import Aggregate, Sum

from lianpu.register.declare import BoundColumn
from lianpu.register.kinds import Number

_PART = 10**9


class _TwoParts(Aggregate):
    """SQLite keeps decimals as binary floating point, whose sums drift: the last decimal is made the unit, and whole
    numbers are summed, in two parts because one could overflow. The answer is the text ``high:low``."""

    function = "SUM"
    output_field = models.TextField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # noqa: ARG002
        sql, params = compiler.compile(self.source_expressions[0])
        whole = f"CAST(ROUND(({sql}) * {self.extra['scale']}) AS INTEGER)"
        return f"SUM({whole} / {_PART}) || ':' || SUM({whole} % {_PART})", [*params, *params]


def _scale(column: BoundColumn) -> int | None:
    """Decimals to be summed exactly by ourselves; None where the database does so."""
    if connection.vendor != "sqlite":
        return None
    if isinstance(column.field, models.DecimalField):
        return column.field.decimal_places
    return column.kind.places if column.is_custom and type(column.kind) is Number else None


def sum_of(column: BoundColumn) -> Aggregate:
    """The expression whose answer :func:`summed` reads."""
    places = _scale(column)
    return Sum(column.path) if places is None else _TwoParts(column.path, scale=10**places)


def summed(column: BoundColumn, answer: Any) -> Any:
    """The sum of a column (None: no row has a value) from the database's answer to :func:`sum_of`."""
    places = _scale(column)
    if answer is None or places is None:
        return answer
    high, low = answer.split(":")
    return Decimal(int(high) * _PART + int(low)).scaleb(-places)
