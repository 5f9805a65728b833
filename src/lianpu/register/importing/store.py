"""What would become, or became, of every line: kept in one file beside the sent one, and read a page at a time.

The file holds one JSON text a line, then the place and the fate of each (so that a page of any filter is found
without reading the rest), then where that index begins. It is replaced as a whole, never changed.
"""

import datetime as dt
import json
import os
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import models

from lianpu.register.declare import BoundColumn
from lianpu.register.importing.mapping import Opened
from lianpu.register.importing.planning import (
    BATCH,
    CHANGED,
    DUPLICATE,
    FAULTY,
    NEW,
    SAME,
    Correction,
    Plan,
    PlannedRow,
    batches,
)
from lianpu.register.kinds import Reference
from lianpu.register.reading import SKIPPED_WORDS

FILE = "lines"
PAGE = 100
CORRECTED = "corrected"
CELL = 80  # characters of a cell that a page shows
LISTED = 500  # skipped lines that a page lists

_CODES = {outcome: code for code, outcome in enumerate((NEW, CHANGED, SAME, DUPLICATE, FAULTY), start=1)}
_CORRECTED = 8  # beside the outcome, in the same byte


@dataclass(frozen=True, slots=True)
class KeptLine:
    """One line of the file as a page shows it; ``faults`` as (column, value, reason, remedy)."""

    line: int
    outcome: str
    cells: Sequence[str]
    faults: Sequence[tuple[str, str, str, str]]
    changes: Sequence[tuple[str, str, str]]  # column's label and unit, before, after
    note: str
    corrections: Sequence[tuple[str, str, str, str]]  # column's name, old, new, why


@dataclass(frozen=True)
class Page:
    """One page of lines and how many there are in all."""

    lines: list[KeptLine] = field(default_factory=list)
    count: int = 0
    number: int = 1

    @property
    def pages(self) -> int:
        return max(-(-self.count // PAGE), 1)


def keep(plan: Plan, folder: Path) -> None:
    """Write what becomes of the plan's lines into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    places = [at for at, column in enumerate(plan.columns) if column is not None]
    labels = _Labels(plan)
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    offsets, codes, here = array("Q"), bytearray(), 0
    draft = folder / f"{FILE}.new"
    with draft.open("wb") as out:
        for row in plan.rows:
            body = [
                row.line,
                row.outcome,
                [text_of(row.cells[at]) if at < len(row.cells) else "" for at in places],
                [(f.column, f.value, f.reason, f.remedy) for f in row.faults],
                labels.changes(row) if row.outcome == CHANGED else (),
                row.note,
                [(c.column, c.old, c.new, c.why) for c in row.corrections],
            ]
            offsets.append(here)
            codes.append(_CODES[row.outcome] | (_CORRECTED if row.corrections else 0))
            here += out.write(encode(body).encode("utf-8", "replace") + b"\n")
        out.write(bytes(codes))
        offsets.tofile(out)
        array("Q", [here, len(codes)]).tofile(out)
    os.replace(draft, folder / FILE)


def page(folder: Path, outcome: str = "", number: int = 1) -> Page:
    """One page of the kept lines: all, those of one outcome, or those with a correction."""
    place = folder / FILE
    if not place.is_file():
        return Page()
    with place.open("rb") as stream:
        codes, offsets = _index(stream)
        mask, wanted = (_CORRECTED, _CORRECTED) if outcome == CORRECTED else (7, _CODES.get(outcome, 0))
        found = [at for at, code in enumerate(codes) if code & mask == wanted] if wanted else range(len(codes))
        number = min(max(number, 1), max(-(-len(found) // PAGE), 1))
        lines = []
        for at in found[(number - 1) * PAGE : number * PAGE]:
            stream.seek(offsets[at])
            lines.append(KeptLine(*json.loads(stream.readline())))
    return Page(lines, len(found), number)


def lines(folder: Path) -> Iterator[KeptLine]:
    """Every kept line, in the order of the file."""
    with (folder / FILE).open("rb") as stream:
        codes, _ = _index(stream)
        stream.seek(0)
        for _ in codes:
            yield KeptLine(*json.loads(stream.readline()))


def _index(stream: Any) -> "tuple[bytes, array[int]]":
    stream.seek(-16, os.SEEK_END)
    begins, count = array("Q", stream.read(16))
    stream.seek(begins)
    codes, offsets = stream.read(count), array("Q")
    offsets.fromfile(stream, count)
    return codes, offsets


def summary_of_sheet(opened: Opened, columns: Sequence[BoundColumn | None]) -> dict[str, Any]:
    """What the pages say of a sheet as it was read, as JSON: heads and what they mean, what is hidden or no row."""
    sheet = opened.sheet
    taken = [(at, column) for at, column in enumerate(columns) if column is not None]
    heads = zip(sheet.heads, columns, strict=True)
    return {
        "heads": list(sheet.heads),
        "heads_key": opened.heads_key,
        "with_hidden": opened.with_hidden,
        "mapping": {head: column.name if column else "" for head, column in heads if head},
        "columns": [column.label for _, column in taken],
        "places": [at for at, _ in taken],
        "sheets": [[one.name, max(one.rows, 0), one.score] for one in sheet.choices],
        "hidden_columns": [sheet.heads[at] or str(at + 1) for at in sheet.hidden_columns],
        "hidden_lines": len(sheet.hidden_lines),
        "skipped_count": len(sheet.skipped),
        "skipped": [[one.line, SKIPPED_WORDS[one.kind], one.text] for one in sheet.skipped[:LISTED]],
    }


def summary_of(plan: Plan) -> dict[str, Any]:
    """What the pages say of a plan as a whole, as JSON."""
    names = plan.register.by_name
    kinds: dict[str, list[Correction]] = {}
    for one in plan.corrections:
        kinds.setdefault(one.kind, []).append(one)
    return summary_of_sheet(plan.opened, plan.columns) | {
        "ignored": plan.ignored_heads,
        "corrections": [
            {
                "kind": kind,
                "column": names[found[0].column].label if found[0].column in names else found[0].column,
                "why": found[0].why,
                "count": len(found),
                "examples": [[one.line, one.old, one.new] for one in found[:5]],
            }
            for kind, found in kinds.items()
        ],
        "readings": [
            {
                "column": names[one.column].label,
                "how": one.how,
                "count": one.count,
                "line": one.line,
                "value": one.value,
            }
            for one in plan.readings
        ],
        "questions": [
            {
                "column": one.column.name,
                "label": one.column.label,
                "text": one.text,
                "lines": list(one.lines[:10]),
                "count": len(one.lines),
                "proposals": [[p.id, p.label, round(p.score * 100), p.why] for p in one.proposals],
            }
            for one in plan.questions[:LISTED]
        ],
    }


def summary_again(before: Mapping[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """``now`` with what a later look at the same file no longer shows: its other sheets, and what was hidden."""
    more = len(before.get("sheets", [])) > len(now["sheets"])
    kept: tuple[str, ...] = ("sheets",) if more else ()
    if not now["with_hidden"] and "hidden_lines" in before:
        kept += ("hidden_columns", "hidden_lines")
    return {**before, **now, **{word: before[word] for word in kept}}


def text_of(cell: object) -> str:
    """A cell as a page shows it."""
    if isinstance(cell, str):
        return cell[:CELL]
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime) and not (cell.hour or cell.minute or cell.second):
        return str(cell.date())
    return str(cell)[:CELL]


class _Labels:
    """Words for the values before and after a change; references by what shows them, looked up set-wise."""

    def __init__(self, plan: Plan) -> None:
        self.columns = plan.register.by_name
        self.named: dict[str, dict[Any, str]] = {}
        changed = [row for row in plan.rows if row.outcome == CHANGED]
        for column in plan.register.bound:
            if isinstance(column.kind, Reference) and isinstance(column.field, models.ForeignKey):
                ids = {v for row in changed for v in row.changes.get(column.name, ()) if v is not None}
                self.named[column.name] = _named(column, sorted(ids))

    def changes(self, row: PlannedRow) -> list[tuple[str, str, str]]:
        """Derived fields without a column of their own are nothing to a reader."""
        return [
            (self.columns[name].head, self._word(name, old), self._word(name, new))
            for name, (old, new) in row.changes.items()
            if name in self.columns
        ]

    def _word(self, name: str, value: Any) -> str:
        if name in self.named:
            return self.named[name].get(value, "" if value is None else str(value))
        column = self.columns[name]
        if column.is_custom and value is not None:
            value = column.kind.parse(value)  # kept as text
        return column.kind.show(value)[:CELL]


def _named(column: BoundColumn, ids: list[Any]) -> dict[Any, str]:
    """Ids → what the column shows for them."""
    target: Any = column.field.related_model  # type: ignore[union-attr]
    path = column.path.removeprefix(f"{column.name}__")
    if path == column.path:
        path = "pk"
    found: dict[Any, str] = {}
    for batch in batches(ids, BATCH):
        found.update(target._default_manager.filter(pk__in=batch).values_list("pk", path))
    return {pk: str(text) for pk, text in found.items()}


def outcome_counts(plan: Plan) -> dict[str, int]:
    """Counts of a plan as :class:`ImportRun` keeps them."""
    counts: Counter[str] = plan.counts
    return {
        "read": len(plan.rows),
        "created": counts[NEW],
        "changed": counts[CHANGED],
        "same": counts[SAME],
        "duplicate": counts[DUPLICATE],
        "faulty": counts[FAULTY],
        "asked": len(plan.questions),
    }
