"""The comparison page and the health panel on the installation at hand: time and statements, first and warm.

    LIANPU_HOME=… python benchmarks/comparing.py [--place 620100] [--rounds 5] [--user admin]

Load a reference and diagnose first (`lianpu reference load`, `lianpu diagnose`). "First" is a process that has read nothing
yet; "warm" the median over the chains. The budget is one second a page.
"""

import argparse
import os
import statistics
import time


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--place", default="620100")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--user", default="admin", help="who reads")
    options = arguments.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianpu.site.settings")
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from lianpu.chains.models import Chain
    from lianpu.chains.queries import latest_run
    from lianpu.places.queries import place_by_code

    run = latest_run(place_by_code(options.place))
    if run is None or run.reference is None:
        raise SystemExit("Diagnose the place against a reference first: lianpu reference load FILE, lianpu diagnose")
    print(f"{run.place}: {run.firms:,} firms on chains; reference {run.reference}: {run.reference.placed:,}")
    client = Client(headers={"host": "localhost"})
    client.force_login(get_user_model().objects.get(username=options.user))

    def timed(address: str) -> tuple[float, float, int]:
        wall, busy = time.perf_counter(), time.process_time()
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status_code}")
        return time.perf_counter() - wall, time.process_time() - busy, len(asked)

    codes = list(Chain.objects.values_list("code", flat=True))
    pages = {
        "all chains": [f"/compare/?place={options.place}"],
        "one chain": [f"/compare/?place={options.place}&chain={code}" for code in codes],
        "one chain and its past": [f"/compare/?place={options.place}&chain={code}&before=2016-01-01" for code in codes],
        "health panel": [f"/desk/{code}/health/?place={options.place}" for code in codes],
    }
    wall, busy, asked = timed(pages["all chains"][0])
    print(f"{'first page':24s} {wall:6.2f} s, processor {busy:6.2f} s, {asked} statements")
    for name, addresses in pages.items():
        found = [timed(address) for _ in range(options.rounds) for address in addresses]
        wall, busy = (statistics.median(one[i] for one in found) for i in (0, 1))
        worst = max(one[0] for one in found)
        statements = {one[2] for one in found}
        print(
            f"{name:24s} {wall:6.2f} s, processor {busy:6.2f} s, slowest {worst:.2f} s, {sorted(statements)} statements"
        )


if __name__ == "__main__":
    main()
