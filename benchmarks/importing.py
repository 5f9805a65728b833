"""Import of enterprise files: reading, validation, matching, change records, result file; every file twice.

Claim: ≥ 5,000 rows/s into SQLite and PostgreSQL, less than 2 GB for 200,000 rows, no change on the second import. Beside
it, in the same run and on the same rows: how fast the ways that Django offers store them, change records included.

Run: ``python benchmarks/importing.py FILE … [--database postgresql://…]``. The database named must be empty and the
benchmark's own.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BUDGET, ROW_BY_ROW, PEER_ROWS, REPEATS = 5_000, 1_000, 10_000, 3
Values = Mapping[str, Any]


@contextmanager
def stopwatch() -> Iterator[Callable[[], tuple[float, float]]]:
    """Seconds of the clock and of this process (without the database server's) since entering."""
    began, own = time.perf_counter(), time.process_time()
    yield lambda: (time.perf_counter() - began, time.process_time() - own)


def whole_import(path: Path, results: Path) -> tuple[float, Any]:
    """Import a file and say how it went; rows/s and the plan."""
    from lianpu.enterprises.models import Enterprise
    from lianpu.register import importing
    from lianpu.register.declare import registry
    from lianpu.register.rights import SYSTEM

    before = Enterprise.objects.count()
    with stopwatch() as taken:
        plan = importing.make_plan(registry["enterprises"], path, SYSTEM)
        planned, _ = taken()
        run = importing.commit(plan, user=SYSTEM, result_folder=results)
        seconds, own = taken()
        importing.write_result(run, plan.sheet)
        handed, _ = taken()
    if Enterprise.objects.count() != before + run.created:
        raise SystemExit(f"{path.name}: {run.created} said to be new, but {Enterprise.objects.count() - before} are")
    print(
        f"{path.name}: read {run.read:,}, new {run.created:,}, changed {run.changed:,}, same {run.same:,}, "
        f"faulty {run.faulty:,} in {seconds:.2f} s (plan {planned:.2f}, this process {own:.2f}; result file {handed - seconds:.2f} more): "
        f"{run.read / seconds:,.0f} rows/s, {run.read / own:,.0f} a second of this process",
        flush=True,
    )
    return run.read / seconds, plan


def ways(rows: Sequence[Values]) -> Iterator[tuple[str, int, Callable[[], object]]]:
    """Ways to store the rows: name, how many are stored, the call."""
    from lianpu.enterprises.models import Enterprise
    from lianpu.register import bulk

    some = rows[:ROW_BY_ROW]

    def one_by_one(*, checked: bool) -> None:
        for row in some:
            firm = Enterprise(**row)
            if checked:
                firm.full_clean()
            firm.save()

    yield "bulk.insert", len(rows), lambda: bulk.insert(Enterprise, rows)
    yield (
        "bulk_create, batches of 2,000",
        len(rows),
        lambda: Enterprise.objects.bulk_create([Enterprise(**row) for row in rows], batch_size=2000),
    )
    yield "save() row by row", len(some), lambda: one_by_one(checked=False)
    yield "full_clean() and save() row by row", len(some), lambda: one_by_one(checked=True)


def peers(plan: Any, rate: float) -> None:
    """The same rows by each way, each undone; the whole import's ``rate`` beside them."""
    from django.db import transaction

    from lianpu.enterprises.models import Enterprise
    from lianpu.register.history import acting
    from lianpu.register.rights import SYSTEM

    fields = {f.name: f.attname for f in Enterprise._meta.concrete_fields}
    rows = [
        {fields[name]: value for name, value in row.values.items() if name in fields}
        for row in plan.rows
        if not row.faults
    ][:PEER_ROWS]
    first = 0.0
    print(f"storing {len(rows):,} of these rows with change records, nothing else done (best of {REPEATS}):")
    for name, count, store in ways(rows):
        times = []
        for _ in range(REPEATS):
            with acting(SYSTEM):
                Enterprise.objects.all().delete()
                with stopwatch() as taken:
                    store()
                    times.append(taken()[0])
                transaction.set_rollback(True)
        speed = count / min(times)
        first = first or speed
        said = f"{first / speed:5.1f} × slower than bulk.insert" if speed != first else ""
        whole = f"; the whole import: {rate / speed:.1f} × this" if count == ROW_BY_ROW else ""
        print(f"  {name:36} {speed:9,.0f} rows/s {said}{whole}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database (default: SQLite)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "LIANPU_HOME": home,
            "LIANPU_DATABASE": asked.database,
            "DJANGO_SETTINGS_MODULE": "lianpu.site.settings",
        }
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from lianpu.enterprises.models import Enterprise
        from lianpu.places.services import load_gazetteer
        from lianpu.register.rights import SYSTEM

        call_command("migrate", verbosity=0)
        if Enterprise.objects.exists():
            sys.exit("the database holds enterprises: name an empty one")
        load_gazetteer(user=SYSTEM)
        print(f"{connection.vendor}; budget {BUDGET:,} rows/s")
        rates = []
        for at, path in enumerate(asked.files):
            rate, plan = whole_import(path, Path(home))
            rates.append(rate)
            if not at:
                peers(plan, rate)
            whole_import(path, Path(home))
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    slow = [path.name for path, rate in zip(asked.files, rates, strict=True) if rate < BUDGET]
    sys.exit(f"below the budget: {', '.join(slow)}" if slow else 0)


if __name__ == "__main__":
    main()
