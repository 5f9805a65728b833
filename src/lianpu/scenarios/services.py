"""The verbs of scenarios: load an input–output table, keep a scenario."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from lianpu.chains.queries import segments_by_io_sector
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.services import save_row
from lianpu.scenarios.io_files import frame_of, read_io_file
from lianpu.scenarios.models import IoTable, Scenario

if TYPE_CHECKING:
    from lianpu.analysis.linkage import Table


def load_io_table(*, user: Any, path: Path, name: str = "", unit: str = "万元") -> IoTable:
    """Keep the input–output table of a file beside the database; one of the same name is replaced."""
    table, labels = read_io_file(path, unit)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return keep_io_table(user=user, name=name or path.stem, table=table, labels=labels, source_hash=digest)


def keep_io_table(
    *,
    user: Any,
    name: str,
    table: "Table",
    labels: Mapping[str, str],
    source_hash: str,
    is_sample: bool = False,
) -> IoTable:
    """Store a table (万元) with the names of its sectors."""
    rights.demand(user, registry["io-tables"], rights.ADD)
    folder = Path(settings.LIANPU_HOME) / "io-tables"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:12]}.parquet"
    frame_of(table, labels).write_parquet(file)
    held = segments_by_io_sector()
    matched = sum(len(held.get(code, ())) for code in table.names)
    with acting(user, reason="载入投入产出表", source="command"):
        kept, _ = IoTable.objects.update_or_create(
            name=name[:60],
            defaults={
                "file": str(file),
                "sectors": len(table),
                "matched": matched,
                "source_hash": source_hash,
                "is_sample": is_sample,
            },
        )
    return kept


def keep_scenario(
    *,
    user: Any,
    name: str,
    place: Any,
    projects: Sequence[Any],
    leads: Sequence[Any],
    why: str,
    origin: str = Scenario.Origin.PICKED,
    shown: Mapping[str, Any] | None = None,
) -> Scenario:
    """Keep a scenario under a name; one of the same name within the person's reach is written anew.

    It belongs to the chain of its projects where all are of one. Raises ``ValidationError`` where nothing is picked or no
    reason is given, and ``PermissionDenied``.
    """
    if not projects and not leads:
        raise ValidationError("请先选定项目，再保存情景。")
    if not why.strip():
        raise ValidationError("请写明为何推演这个情景。")
    register = registry["scenarios"]
    held = Scenario.objects.filter(name=name.strip()).first()
    rights.demand(user, register, rights.CHANGE if held else rights.ADD, held)
    chains = {one.chain_id for one in [*projects, *leads]}
    chain = next(iter([*projects, *leads])).chain if len(chains) == 1 else None
    cells = {
        "name": name.strip(),
        "place": place.code,
        "chain": chain.code if chain else "",
        "projects": "；".join(one.code for one in projects),
        "leads": "；".join(one.code for one in leads),
        "origin": str(Scenario.Origin(origin).label),
        "why": why.strip(),
    }
    with acting(user, reason=why.strip()[:200]):
        row = save_row(register=register, user=user, values=cells, row=held, reason=why.strip()[:200])
        assert isinstance(row, Scenario)
        row.by, row.at, row.shown = user.get_username(), timezone.now(), dict(shown or {})
        row.is_sample = any(one.is_sample for one in [*projects, *leads])
        row.save(update_fields=["by", "at", "shown", "is_sample"])
    return row
