"""The cells of one row, as pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from lianpu.register.declare import BoundColumn, registry


@dataclass(frozen=True)
class Cell:
    """One value of one row as the page shows it; ``url`` leads to the row it refers to."""

    column: BoundColumn
    value: Any
    text: str
    url: str = ""

    @property
    def shown(self) -> str:
        """The text in the reader's language."""
        return self.column.shown(self.text)


def cells(columns: Sequence[BoundColumn], row: Any) -> list[Cell]:
    """The cells of ``columns`` for one row, references linked to their own pages."""
    found = []
    for column in columns:
        value = row
        for part in column.path.split("__"):
            value = getattr(value, part, None)
            if value is None:
                break
        found.append(Cell(column, value, column.kind.show(value), _url_of(column, row)))
    return found


def _url_of(column: BoundColumn, row: Any) -> str:
    if not isinstance(column.field, models.ForeignKey):
        return ""
    target = registry.by_model.get(column.field.related_model._meta.label_lower)
    pk = getattr(row, column.field.attname)
    return target.url("detail", pk) if target is not None and pk is not None else ""
