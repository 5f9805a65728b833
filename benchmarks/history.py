"""Change records: undoing, sealing, checking, the log and the registers as of a day, on an empty database of its own.

Claims: 100,000 changes undone in seconds; 50,000 records sealed or checked a second; a page of the log of all records in
tenths of a second; lists as of a day at most a few times as slow as today's, however much was changed since (beside
putting everything back in a transaction that is undone).

Run: ``python benchmarks/history.py [--rows 200000] [--database postgresql://…]``.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable
from typing import Any

PAGES: tuple[dict[str, str], ...] = (
    {},
    {"sort": "-capital_10k_cny"},
    {"f.status": "suspended"},
    {"f.place": "620103", "sort": "founded"},
    {"q": "企业99"},
)
LOGS: tuple[dict[str, str], ...] = (
    {},
    {"register": "enterprises"},
    {"user": "李某"},
    {"run": "1"},
    {"q": "没有这样的原因"},
    {"source": "undo"},
)


def timed(what: str, count: int, act: Callable[[], Any]) -> Any:
    """Do it and print seconds of the clock, of this process, and how many of ``count`` a second of the clock."""
    began, own = time.perf_counter(), time.process_time()
    given = act()
    seconds, own = time.perf_counter() - began, time.process_time() - own
    print(f"  {what:34} {seconds:8.3f} s (this process {own:.3f}) {count / seconds:12,.0f} /s", flush=True)
    return given


def fill(rows: int) -> None:
    """Invented enterprises in twenty places, as one import."""
    from lianpu.enterprises.models import Enterprise
    from lianpu.places.models import Place
    from lianpu.register import bulk
    from lianpu.register.history import acting

    places = [
        Place.objects.create(code=str(620100 + n), name=f"地{n}", full_name=f"地{n}", kind="city", path=f"/{n}/")
        for n in range(20)
    ]
    with acting("王某", reason="年报", source="import", run=1):
        for start in range(0, rows, 50_000):
            firms = [
                {
                    "uscc": f"{n:018d}",
                    "name": f"示例企业{n}有限公司",
                    "name_key": f"示例企业{n}",
                    "place_id": places[n % 20].pk,
                    "capital_10k_cny": n % 1000 + 0.5,
                    "founded": f"20{n % 20 + 2:02d}-01-01",
                    "scope": "电解铝、铝锭的生产、销售；" * 8,
                }
                for n in range(start, min(start + 50_000, rows))
            ]
            bulk.insert(Enterprise, firms)


def pages() -> list[int]:
    """Milliseconds of each list page, with its count and sums."""
    from lianpu.register.declare import registry
    from lianpu.register.listing import Listing
    from lianpu.register.rights import SYSTEM

    found = []
    for params in PAGES:
        began = time.perf_counter()
        listing = Listing(registry["enterprises"], SYSTEM, params)
        _ = listing.page_rows, listing.count, listing.totals
        found.append(round((time.perf_counter() - began) * 1000))
    return found


def look_back(changed: int) -> None:
    """Change rows, look back by views and by putting back, then undo for good."""
    from django.db import transaction

    from lianpu.enterprises.models import Enterprise
    from lianpu.register.history import acting
    from lianpu.register.models import Change
    from lianpu.register.rights import SYSTEM
    from lianpu.register.timetravel import as_of
    from lianpu.register.undo import revert

    first = Change.objects.latest("pk").pk + 1
    picked = random.Random(changed).sample(list(Enterprise.objects.values_list("pk", flat=True)), changed)
    with acting("李某", reason="停产") as act:
        for start in range(0, changed, 2000):
            firms = Enterprise.objects.filter(pk__in=picked[start : start + 2000])
            firms.update(status="suspended", capital_10k_cny=5)
    print(f"{changed:,} rows changed since; milliseconds of {len(PAGES)} pages")
    began = time.perf_counter()
    with as_of(first):
        entered = time.perf_counter() - began
        print(f"  by views: enter {entered * 1000:,.0f}, pages {pages()}")
    with transaction.atomic():
        began = time.perf_counter()
        revert(Change.objects.filter(act=act), user=SYSTEM)
        print(f"  by putting back: enter {(time.perf_counter() - began) * 1000:,.0f}, pages {pages()}")
        transaction.set_rollback(True)
    timed("undo", changed, lambda: revert(Change.objects.filter(act=act), user=SYSTEM))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
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

        from lianpu.register import audit
        from lianpu.register.changelog import ChangeLog
        from lianpu.register.models import Change
        from lianpu.register.rights import SYSTEM

        call_command("migrate", verbosity=0)
        print(f"{connection.vendor}, {asked.rows:,} enterprises")
        timed("store, one block sealed", asked.rows, lambda: fill(asked.rows))
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        pages()
        print(f"pages now, milliseconds: {pages()}")
        for changed in (100, 5_000, 50_000):
            look_back(min(changed, asked.rows))
        count = Change.objects.count()
        timed("seal", count, audit.seal)
        report = timed("check the chain", count, lambda: audit.verify(rows=False))
        timed("check the chain and all rows", count, audit.verify)
        if not report.sound:
            raise SystemExit("the chain is broken")
        ChangeLog(SYSTEM, {}).entries  # noqa: B018 — what a process does once
        for params in LOGS:
            timed(f"log {params}", 1, lambda params=params: ChangeLog(SYSTEM, params).entries)


if __name__ == "__main__":
    main()
