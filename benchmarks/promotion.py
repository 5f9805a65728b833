"""Funnel and ranking of 20,000 leads with their money and talks: whole answer of the site, by Django's test client.

Claim: median ≤ 500 ms a page on SQLite and PostgreSQL, and a constant number of queries. Run: ``python
benchmarks/promotion.py [--leads 20000] [--home FOLDER] [--database postgresql://…]``. The database named must be the
benchmark's own: it is filled; one that is filled is used again.
"""

import argparse
import datetime as dt
import os
import statistics
import sys
import tempfile
import time
from random import Random
from typing import Any

BUDGET_MS, REPEATS = 500, 7
CASES = (
    ("funnel by unit, one year", "/promotion/?period=2023&by=unit"),
    ("funnel by unit, all", "/promotion/?by=unit"),
    ("funnel by district, all", "/promotion/?by=place"),
    ("funnel by chain, all", "/promotion/?by=chain"),
    ("ranking to August", "/promotion/ranking/?period=2023-08"),
    ("ranking of a year", "/promotion/ranking/?period=2023"),
    ("stale leads", "/promotion/stale/"),
    ("list of leads", "/leads/"),
)


def fill(count: int) -> None:
    """Invented leads of three years in the city's districts and on every chain; the same on every run."""
    from lianpu.chains.models import Segment
    from lianpu.places.models import Place
    from lianpu.promotion.deriving import DATES, stage_of
    from lianpu.promotion.models import FundsArrival, Lead, LeadTalk, PromotionTarget
    from lianpu.register.bulk import insert

    chance = Random(20_000)
    places = list(Place.objects.filter(parent__code="620100", kind="district").values_list("pk", flat=True))
    segments = list(Segment.objects.filter(is_leaf=True).values_list("pk", "chain"))
    units = [f"示例单位{n}" for n in range(40)]
    rows = []
    for number in range(count):
        day, dates = dt.date(2021, 1, 1) + dt.timedelta(days=chance.randrange(1000)), {}
        names = [name for stage, name in DATES.items() if stage != "arrived"][: chance.randint(1, 8)]
        for name in names:
            dates[name] = day
            day += dt.timedelta(days=chance.randint(1, 60))
        segment, chain = chance.choice(segments)
        rows.append(
            {
                "code": f"B{number}",
                "name": f"示例招商{number}",
                "name_key": f"示例招商{number}",
                "place_id": chance.choice(places),
                "segment_id": segment,
                "chain_id": chain,
                "unit": chance.choice(units),
                "origin": chance.choice(("provinces", "provinces", "abroad")),
                "intended_10k_cny": chance.randint(500, 90_000),
                "signed_10k_cny": chance.randint(500, 90_000) if "signed_on" in dates else None,
                "stage": stage_of(dates),
                "is_sample": True,
                **dates,
            }
        )
    insert(Lead, rows)
    signed = dict(Lead.objects.filter(signed_on__isnull=False).values_list("pk", "signed_on"))
    insert(
        FundsArrival,
        [
            {
                "lead_id": pk,
                "month": f"{min(on.year + step // 12, 2023)}-{(on.month + step - 1) % 12 + 1:02}",
                "origin": "local" if chance.random() < 0.1 else "provinces",
                "amount_10k_cny": chance.randint(1, 3000),
            }
            for pk, on in signed.items()
            for step in range(chance.randint(0, 5))
        ],
    )
    leads = list(Lead.objects.values_list("pk", "found_on"))
    insert(
        LeadTalk,
        [
            {"lead_id": pk, "on": on + dt.timedelta(days=30 * n), "subject": f"跟进{n}"}
            for pk, on in leads
            for n in range(2)
        ],
    )
    insert(
        PromotionTarget,
        [
            {"year": year, "unit": unit, "arrived_10k_cny": 500_000, "signed_count": 80, "signed_10k_cny": 2_000_000}
            for year in (2021, 2022, 2023)
            for unit in units
        ],
    )


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--leads", type=int, default=20_000)
    options.add_argument("--home", default="")
    options.add_argument("--database", default="")
    asked = options.parse_args()
    os.environ["LIANPU_HOME"] = asked.home or tempfile.mkdtemp(prefix="lianpu-bench-")
    if asked.database:
        os.environ["LIANPU_DATABASE"] = asked.database
    os.environ["DJANGO_SETTINGS_MODULE"] = "lianpu.site.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from lianpu.cli.console import Console
    from lianpu.cli.setup import make_ready
    from lianpu.promotion.models import FundsArrival, Lead

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    make_ready(Console(True))
    if not Lead.objects.exists():
        fill(asked.leads)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    user: Any = get_user_model()._default_manager.filter(is_superuser=True).first()
    user = user or get_user_model()._default_manager.create_superuser("bench")  # type: ignore[attr-defined]
    client = Client()
    client.force_login(user)
    print(f"{connection.vendor}: {Lead.objects.count():,} leads, {FundsArrival.objects.count():,} arrivals")
    slow = 0
    for words, url in CASES:
        client.get(url)
        times, asked_queries = [], 0
        for _ in range(REPEATS):
            with CaptureQueriesContext(connection) as queries:
                start, began = time.perf_counter(), time.process_time()
                answer = client.get(url)
                times.append((time.perf_counter() - start, time.process_time() - began))
            asked_queries = len(queries)
            assert answer.status_code == 200, (url, answer.status_code)
        wall, process = (statistics.median(one[n] for one in times) * 1000 for n in (0, 1))
        slow += wall > BUDGET_MS
        print(f"{words:28} {wall:7.0f} ms ({process:.0f} ms of this process), {asked_queries} queries")
    print("within" if not slow else f"{slow} cases beyond", f"{BUDGET_MS} ms")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
