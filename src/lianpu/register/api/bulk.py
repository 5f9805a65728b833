"""Many rows at once by a program: an import like any other, with number, result file and undo."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from ninja import Status

from lianpu.register import importing
from lianpu.register.api.schemas import plain
from lianpu.register.declare import Register
from lianpu.register.exporting import write_csv
from lianpu.register.reading import Sheet, UnreadableError

FILE_NAME = "接口报送.csv"


def take_rows(
    register: Register, rows: Sequence[Mapping[str, Any]], *, user: Any, mode: str, reason: str, is_trial: bool
) -> Status[Any]:
    """Plan and (unless ``is_trial``) commit rows given as column → cell; a column left out or null is left as it is."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells: list[Sequence[object]] = [[row.get(name) for name in names] for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        with path.open("wb") as out:  # what was sent, kept with the run as a file would be
            write_csv(out, names, [[_written(cell) for cell in line] for line in cells])
        sheet = Sheet(path, "csv", names, [""] * len(names), cells, list(range(1, len(rows) + 1)))
        try:
            plan = importing.plan_sheet(register, sheet, user)
            run = None
            if not is_trial:
                home = Path(settings.LIANPU_HOME) / "imports"
                run = importing.commit(plan, user=user, mode=mode, reason=reason, result_folder=home)
        except (UnreadableError, importing.RefusedError) as refused:
            return Status(422, {"detail": str(refused), "faults": {}})
    return Status(200, _answer(plan, run.pk if run is not None else None))


def _written(cell: Any) -> Any:
    return "；".join(map(str, cell)) if isinstance(cell, list) else cell


def _answer(plan: importing.Plan, number: int | None) -> dict[str, Any]:
    ids = _new_ids(plan) if number is not None else {}
    return {
        "import_number": number,
        "counts": dict(plan.counts),
        "rows": [
            {
                "line": row.line,
                "outcome": row.outcome,
                "id": row.pk or ids.get(_key(plan.register, row)),
                "changes": {name: [plain(old), plain(new)] for name, (old, new) in row.changes.items()},
                "faults": [fault.as_dict() for fault in row.faults],
                "note": row.note,
            }
            for row in plan.rows
        ],
    }


def _key(register: Register, row: importing.PlannedRow) -> tuple[Any, ...]:
    return tuple(row.values.get(name) for name in register.key)


def _new_ids(plan: importing.Plan) -> dict[tuple[Any, ...], int]:
    """Ids that the rows just written were given, by their keys."""
    register = plan.register
    new = [row for row in plan.rows if row.outcome in (importing.NEW, importing.DUPLICATE)]
    attnames = [register.model._meta.get_field(name).attname for name in register.key]  # type: ignore[union-attr]
    found: dict[tuple[Any, ...], int] = {}
    for batch in importing.batches([_key(register, row)[0] for row in new], 2000):
        stored = register.model._default_manager.filter(**{f"{register.key[0]}__in": batch})
        found |= {tuple(key): pk for pk, *key in stored.values_list("pk", *attnames)}
    return found
