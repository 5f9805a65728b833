"""Ledger of 20,000 invented projects with 36 months each: pages by Django's test client, bulletin, lights.

Claims: ledger page ≤ 300 ms and dispatch board ≤ 500 ms (median, server time), bulletin in Word and Excel ≤ 10 s each, on
SQLite and PostgreSQL. Run: ``python benchmarks/ledger.py [--projects 20000] [--months 36] [--home FOLDER] [--database
postgresql://…]``. The database named must be the benchmark's own: it is filled. One filled before is used again.
"""

import argparse
import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
from lists import clients, timed

PAGE_MS, BOARD_MS, BULLETIN_S = 300, 500, 10
FIRST_YEAR = 2022
# (what is asked for, address, who asks, budget in ms)
CASES = (
    ("ledger, first page", "/projects/", "administrator", PAGE_MS),
    ("ledger, officer of one city", "/projects/", "officer", PAGE_MS),
    ("ledger, red lights", "/projects/?f.light=红灯", "administrator", PAGE_MS),
    ("ledger, chain, tier, stage", "/projects/?f.chain=SH&f.tier=市列&f.stage=在建", "administrator", PAGE_MS),
    ("ledger, furthest behind first", "/projects/?sort=lead", "administrator", PAGE_MS),
    ("ledger, listed in 2024 and upgraded", "/projects/?f.listed=2024&f.upgrade=*", "administrator", PAGE_MS),
    ("ledger, search", "/projects/?q=铜箔", "administrator", PAGE_MS),
    ("ledger, last page", "/projects/?page=400", "administrator", PAGE_MS),
    ("months of one month", "/monthly-reports/?f.month=2024-12", "administrator", PAGE_MS),
    ("board by district", "/dispatch/?month=2024-12", "administrator", BOARD_MS),
    ("board by leader", "/dispatch/?month=2024-12&by=leader", "administrator", BOARD_MS),
    ("board by chain, ratio rules", "/dispatch/?month=2024-06&by=chain&rules=ratio", "administrator", BOARD_MS),
    ("board, officer of one city", "/dispatch/?month=2024-12", "officer", BOARD_MS),
    ("rows behind a figure", "/dispatch/rows/?month=2024-12&figure=red", "administrator", BOARD_MS),
)
PRODUCTS = [
    "铜箔",
    "铝锭",
    "丁腈橡胶",
    "石墨电极",
    "疫苗",
    "中药饮片",
    "变压器",
    "氢燃料电池",
    "数据中心",
    "水泥",
    "装配式构件",
    "特种钢",
]


def projects(
    count: int, places: list[int], segments: list[tuple[int, int]], rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    for i in range(count):
        segment, chain = segments[int(rng.integers(len(segments)))]
        start = dt.date(FIRST_YEAR + int(rng.integers(3)), 1 + int(rng.integers(12)), 1)
        name = f"示例{PRODUCTS[i % len(PRODUCTS)]}项目{i}"
        yield {
            "code": f"BM-{i:06}",
            "name": name,
            "name_key": name,
            "owner_name": f"示例{i // 3}有限公司",
            "place_id": places[int(rng.integers(len(places)))],
            "chain_id": chain,
            "segment_id": segment,
            "total_10k_cny": Decimal(int(rng.integers(1000, 200_000))),
            "stage": ("building", "building", "completed", "started")[i % 4],
            "tier": ("province", "city", "county", "")[i % 4],
            "high_end": i % 5 == 0,
            "smart": i % 7 == 0,
            "field": "工业",
            "leader": f"领导{i % 25}",
            "plan_start": start,
            "actual_start": start if i % 9 else None,
            "in_stat_lib": bool(i % 6),
            "is_sample": True,
        }


def fill(count: int, months: int) -> None:
    """Rows without change records: the triggers are taken off the tables for the time of filling."""
    from django.core.management import call_command
    from django.db import connection, transaction

    from lianpu.chains.models import Segment
    from lianpu.chains.services import load_maps
    from lianpu.places.models import Place
    from lianpu.places.services import load_gazetteer
    from lianpu.projects.models import MonthlyReport, Project, ProjectYear
    from lianpu.projects.services import refresh
    from lianpu.register import bulk
    from lianpu.register.history import install_triggers
    from lianpu.register.rights import SYSTEM

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if held := Project.objects.count():
        if held != count:
            sys.exit(f"the database holds {held:,} projects: name an empty one or pass --projects {held}")
        return
    load_gazetteer(user=SYSTEM)
    load_maps(user=SYSTEM)
    models = (Project, ProjectYear, MonthlyReport)
    with connection.cursor() as cursor:
        for model in models:
            table = model._meta.db_table
            end = "" if connection.vendor == "sqlite" else f' ON "{table}"'
            for event in ("insert", "update", "delete"):
                cursor.execute(f'DROP TRIGGER IF EXISTS "{table}_{event}"{end}')
    places = list(Place.objects.filter(kind="district", parent__parent__code="620000").values_list("pk", flat=True))
    segments = list(Segment.objects.filter(is_leaf=True).values_list("pk", "chain_id"))
    rng = np.random.default_rng(20240601)
    with transaction.atomic():
        bulk.insert(Project, list(projects(count, places, segments, rng)))
        rows = list(Project.objects.order_by("pk").values_list("pk", "total_10k_cny"))
        years = -(-months // 12)
        pace = rng.lognormal(-0.2, 0.5, count)
        for year in range(FIRST_YEAR, FIRST_YEAR + years):
            plans = [(pk, (total / 4).quantize(Decimal(1))) for pk, total in rows]
            bulk.insert(
                ProjectYear,
                [
                    {"project_id": pk, "year": year, "plan_10k_cny": plan,
                     "list_class": ("new_start", "continuing", "continuing", "reserve")[i % 4]}
                    for i, (pk, plan) in enumerate(plans)
                ],
            )  # fmt: skip
            done = dict.fromkeys((pk for pk, _ in rows), Decimal(0))
            for month in range(1, min(12, months - 12 * (year - FIRST_YEAR)) + 1):
                reports = []
                for i, (pk, plan) in enumerate(plans):
                    if month == 12 and i % 50 == 0:
                        continue  # has not reported the latest month
                    amount = Decimal(round(float(plan) / 12 * pace[i], 2))
                    done[pk] += amount
                    reports.append(
                        {"project_id": pk, "month": f"{year}-{month:02}", "done_month_10k_cny": amount,
                         "done_ytd_10k_cny": done[pk], "physical_progress": "主体施工"}
                    )  # fmt: skip
                bulk.insert(MonthlyReport, reports)
    install_triggers()
    started = time.perf_counter()
    refresh()
    print(f"lights of all projects, with since when: {time.perf_counter() - started:.1f} s")
    if connection.vendor == "postgresql":  # what its own housekeeping does within minutes; SQLite has none
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def bulletins() -> int:
    """Seconds of each form; how many are over the budget."""
    from lianpu.projects.board import Board
    from lianpu.projects.papers.bulletin import document
    from lianpu.projects.papers.facts import Bulletin
    from lianpu.projects.papers.workbook import workbook
    from lianpu.register.rights import SYSTEM

    over = 0
    for form, write in (("Word", document), ("Excel", workbook)):
        started, before = time.perf_counter(), time.process_time()
        size = len(write(Bulletin(Board(SYSTEM, "2024-12"))))
        took, own = time.perf_counter() - started, time.process_time() - before
        over += took > BULLETIN_S
        print(
            f"bulletin, {form:30} {took:6.1f} s (processor {own:4.1f}) {size // 1024:,} KB  {BULLETIN_S / took:4.1f} × inside"
        )
    return over


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--home", help="folder of the benchmark's own installation (default: a temporary one)")
    parser.add_argument("--database", default="", help="URL of the benchmark's own PostgreSQL database")
    parser.add_argument("--explain", action="store_true", help="print the statements of each case")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ |= {
            "LIANPU_HOME": asked.home or temporary,
            "LIANPU_DATABASE": asked.database,
            "DJANGO_SETTINGS_MODULE": "lianpu.site.settings",
        }
        import django

        django.setup()
        from django.db import connection

        fill(asked.projects, asked.months)
        by_name = clients()
        print(f"{asked.projects:,} projects × {asked.months} months, {connection.vendor}")
        over = 0
        for label, address, who, budget in CASES:
            took, own, statements = timed(lambda: by_name[who].get(address))  # noqa: B023
            median = float(np.median(took))
            over += median > budget
            times = f"{median:6.0f} ms (worst {max(took):5.0f}, processor {own:4.0f})"
            print(f"{label:38} {times}  {len(statements)} queries  {budget / median:5.1f} × inside", flush=True)
            if asked.explain:
                print(*(f"    {sql}" for sql in statements), sep="\n")
        over += bulletins()
    sys.exit(f"{over} cases over the budget" if over else 0)


if __name__ == "__main__":
    main()
