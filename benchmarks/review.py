"""The review desk over many open placements: what a key press costs the machine.

Claim: the next firm of 100,000 open placements is found in ≤ 300 ms on SQLite and PostgreSQL; beside it, the same order
computed by reading every placement and sorting in Python. Run: ``python benchmarks/review.py [--placements 100000]
[--database postgresql://…]``. The database named must be the benchmark's own: it is filled.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

BUDGET_MS, REPEATS = 300, 5
CITY = "620100"


def fill(count: int) -> Any:
    """``count`` open placements of count / 2 invented firms in one city, diagnosed; the city's district officer."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    from lianpu.chains.models import Placement, Segment
    from lianpu.chains.services import diagnose_place, load_maps
    from lianpu.enterprises.identity import make_uscc
    from lianpu.enterprises.models import Enterprise
    from lianpu.places.models import Place
    from lianpu.places.queries import place_by_code
    from lianpu.places.services import load_gazetteer
    from lianpu.register.history import acting
    from lianpu.register.models import Grant, Role
    from lianpu.register.rights import SYSTEM

    call_command("migrate", verbosity=0)
    load_gazetteer(user=SYSTEM)
    load_maps(user=SYSTEM)
    rng = np.random.default_rng(4)
    districts = list(Place.objects.filter(parent__code=CITY).exclude(kind="zone"))
    leaves = list(Segment.objects.filter(is_leaf=True))
    with acting(SYSTEM, source="benchmark"):
        firms = [
            Enterprise(
                uscc=make_uscc("620102", n),
                name=f"示例{n}号有限公司",
                name_key=f"示例{n}号",
                place=districts[n % len(districts)],
                scope="电解铝、铝型材、水泥、机械设备的生产、销售；货物进出口；五金交电批发零售；道路普通货物运输。",
                is_sample=True,
            )
            for n in range(count // 2)
        ]
        Enterprise.objects.bulk_create(firms, batch_size=2000)
        span = {"start": 0, "end": 3, "text": "电解铝", "activity": "makes", "source": "scope"}
        at = rng.zipf(1.3, (len(firms), 2)).clip(max=len(leaves)) - 1
        sure = rng.uniform(0.2, 0.9, (len(firms), 2)).round(4)
        Placement.objects.bulk_create(
            [
                Placement(
                    enterprise=firm,
                    segment=leaves[(at[n, k] + k * 97 + n % 7) % len(leaves)],
                    role="makes" if (n + k) % 4 else "trades",
                    rank=k + 1,
                    confidence=sure[n, k],
                    evidence=[span] * 3,
                )
                for n, firm in enumerate(firms)
                for k in range(2)
            ],
            batch_size=2000,
            ignore_conflicts=True,
        )
    diagnose_place(user=SYSTEM, place=place_by_code(CITY))
    boss = get_user_model().objects.create_superuser("bench-boss")
    role = Role.objects.create(
        code="bench", name="bench", actions={"*": ["view"], "placements": ["change"], "outside-firms": ["change"]}
    )
    officer = get_user_model().objects.create(username="bench-officer")
    Grant.objects.create(user=officer, role=role, place_path=districts[0].path)
    return boss, officer


def timed(ask: Callable[[], Any]) -> tuple[float, float]:
    """Median milliseconds by the clock, and of this process's own work (on SQLite all of it)."""
    ask()
    spent, worked = [], []
    for _ in range(REPEATS):
        start, began = time.perf_counter(), time.process_time()
        ask()
        spent.append((time.perf_counter() - start) * 1000)
        worked.append((time.process_time() - began) * 1000)
    return statistics.median(spent), statistics.median(worked)


def by_reading(queue: Any) -> int:
    """The peer: every open placement read, weighed and sorted in Python."""
    from lianpu.chains.models import SegmentState

    states = {s.segment_id: s for s in SegmentState.objects.filter(run=queue.run)}

    def priority(row: Any) -> float:
        fills, state = row.role == row.segment.filled_by, states[row.segment_id]
        others = max(state.firms - (fills and row.confidence >= 0.5), 0)
        return (1 - abs(2 * row.confidence - 1)) * (1 if fills else 0.2) * state.review_weight / (1 + others)

    return max(queue.rows.select_related("segment"), key=lambda row: (priority(row), -row.pk)).enterprise_id


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--placements", type=int, default=100_000)
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    home = tempfile.TemporaryDirectory()
    os.environ |= {"LIANPU_HOME": home.name, "DJANGO_SETTINGS_MODULE": "lianpu.site.settings"}
    if asked.database:
        os.environ["LIANPU_DATABASE"] = asked.database
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client
    from django.test.utils import setup_test_environment

    setup_test_environment()
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    boss, officer = fill(asked.placements)
    from lianpu.chains import review_queue
    from lianpu.chains.models import Placement
    from lianpu.chains.review_queue import Asked, Queue
    from lianpu.chains.services import decide

    def fresh(user: Any, **said: str) -> Any:
        return Queue(type(user).objects.get(pk=user.pk), Asked(**said))

    print(f"{Placement.objects.count()} open placements, {settings.DATABASES['default']['ENGINE'].rsplit('.')[-1]}")
    queue = fresh(boss)
    passed = queue.next(count=200)
    assert passed[0] == by_reading(queue)
    rows = {
        "next firm, whole city": lambda: fresh(boss).next(),
        "next firm, 200 passed": lambda: fresh(boss).next(passed),
        "next firm, one district's officer": lambda: fresh(officer).next(),
        "next firm, one chain": lambda: fresh(boss, chain="SH").next(),
        "count of what is left": lambda: fresh(boss).left,
        "offers for 轮毂": lambda: review_queue.offers(boss, "轮毂"),
        "offers for snsl": lambda: review_queue.offers(boss, "snsl"),
    }
    for words, ask in rows.items():
        median, worked = timed(ask)
        print(f"{words:36} {median:8.1f} ms  worked {worked:8.1f} ms  {'ok' if median <= BUDGET_MS else 'OVER'}")
    peer, _ = timed(lambda: by_reading(fresh(boss)))
    ours, _ = timed(rows["next firm, whole city"])
    print(f"{'read and sorted in Python':36} {peer:8.1f} ms  ratio {peer / ours:.1f}")

    settings.LIANPU_JOBS = "worker"  # as on a running site: the diagnosis follows elsewhere
    client = Client()
    client.force_login(boss)
    open_rows = iter(Placement.objects.filter(state="suggested").order_by("pk")[: REPEATS + 1])
    median, worked = timed(lambda: decide(user=boss, placement=next(open_rows), state="confirmed", source="review"))
    print(f"{'a decision, written':36} {median:8.1f} ms  worked {worked:8.1f}")
    for words, path in {"page /review/": "/review/", "answer /review/next/": "/review/next/"}.items():
        median, worked = timed(lambda path=path: client.get(path))
        print(f"{words:36} {median:8.1f} ms  worked {worked:8.1f}")


if __name__ == "__main__":
    main()
