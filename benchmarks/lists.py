"""List page of the enterprises over a million invented rows: whole answer of the site, by Django's test client.

Claim: median ≤ 300 ms in each case below and the same number of queries whatever the number of rows, on SQLite and
PostgreSQL, with the search's index and ``--without-index``. Run: ``python benchmarks/lists.py [--rows 1000000] [--home FOLDER]
[--database postgresql://…]``. The database
named must be the benchmark's own: it is filled. A folder or database filled before is used again.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

BUDGET_MS, REPEATS, BATCH = 300, 7, 20_000
CITY = "620100"  # 兰州市

# (what is asked for, query string, who asks)
CASES = (
    ("first page, all rows", "", "administrator"),
    ("first page, one city's officer", "", "officer"),
    ("place = one city", f"f.place={CITY}", "administrator"),
    ("place = one province", "f.place=440000", "administrator"),
    ("place = one district, officer", "f.place=620102", "officer"),
    (
        "place and founded from, latest first",
        f"f.place={CITY}&f.founded.from=2015-01-01&sort=-founded",
        "administrator",
    ),
    ("sorted by founded, latest first", "sort=-founded", "administrator"),
    ("sorted by capital, largest first", "sort=-capital_10k_cny", "administrator"),
    ("sorted by name", "sort=name", "administrator"),
    ("sorted by place", "sort=place", "administrator"),
    ("sorted by capital, officer", "sort=-capital_10k_cny", "officer"),
    ("search 铝业", "q=铝业", "administrator"),
    ("search 有限公司 (every row)", "q=有限公司", "administrator"),
    ("search two words", "q=铝业+兰州", "administrator"),
    ("search of what is nowhere", "q=独角兽", "administrator"),
    ("search of a code", "q=91620102", "administrator"),
    ("search of a rare name", "q=城关区隆盛泰铝业", "administrator"),
    ("search of letters", "q=ABC", "administrator"),
    ("search 铝业, officer", "q=铝业", "officer"),
    ("search 铝业, largest first", "q=铝业&sort=-capital_10k_cny", "administrator"),
    ("page 2,000", "page=2000", "administrator"),
    ("page 2,000 sorted by capital", "page=2000&sort=capital_10k_cny", "administrator"),
    ("page 2,000 sorted by founded", "page=2000&sort=-founded", "administrator"),
)
WORDS = "华兴隆盛泰和瑞丰金宏祥顺达昌源恒安永康益民联创新远东方正中天海河山川嘉美"
TRADES = (
    "铝业 商贸 建材 科技 实业 机械 化工 食品 农业发展 物流 服装 电子 信息技术 装饰工程 建筑安装 矿业 生物 医药 能源 环保 "
    "酒店管理 餐饮 广告传媒 教育咨询 汽车销售 房地产开发 投资 文化 旅游 水泥 钢铁 纺织 塑料 包装 印刷 家具 电力设备 仪器 种业 畜牧"
)
ROUND_SUMS = (3.0, 10.0, 30.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
PHRASES = (
    "铝型材的生产、加工、销售 建筑材料的批发零售 机械设备及零配件的制造与维修 农副产品收购与初加工 软件开发与技术服务 "
    "货物及技术进出口（国家禁止的除外） 道路普通货物运输 化工产品（不含危险化学品）销售 房屋建筑工程施工 "
    "企业管理咨询服务 电线电缆的生产 日用百货零售 预包装食品销售（凭许可证经营） 中药材种植 仓储服务 五金交电批发"
)


def invented(count: int, places: dict[str, tuple[int, str]], rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Enterprises spread over the districts as unequally as real ones; ``places``: code → (id, name) of districts."""
    import datetime as dt

    trades, activities = TRADES.split(), PHRASES.split()
    codes = list(places)
    weight = rng.zipf(1.4, len(codes)).clip(max=60).astype(float)
    at = rng.choice(len(codes), count, p=weight / weight.sum())
    days = rng.integers(0, 17_000, count)
    # Half of all firms register one of few round sums.
    capital = np.where(rng.random(count) < 0.5, rng.choice(ROUND_SUMS, count), np.round(rng.lognormal(5, 2, count), 2))
    trade, phrases = rng.integers(0, len(trades), count), rng.integers(0, len(activities), (count, 6))
    words, without = rng.integers(0, len(WORDS), (count, 3)), rng.random(count) < 0.23
    for i in range(count):
        code = codes[at[i]]
        pk, place = places[code]
        middle = "".join(WORDS[j] for j in words[i]) + ("ABC" if i % 10_000 == 0 else "")
        name = f"{place}{middle}{trades[trade[i]]}有限公司"
        yield {
            "uscc": f"91{code}{i:010d}",
            "name": name,
            "name_key": name,
            "place_id": pk,
            "address": f"{place}人民路{i % 997}号",
            "founded": dt.date(1978, 1, 1) + dt.timedelta(days=int(days[i])),
            "kind": "有限责任公司",
            "capital_text": "" if without[i] else f"{capital[i]}万元人民币",
            "capital_10k_cny": None if without[i] else capital[i],
            "scope": "；".join(activities[j] for j in phrases[i]),
        }


def fill(rows: int, make: Callable[..., Iterator[dict[str, Any]]] = invented) -> None:
    """Rows without change records: the triggers are taken off the table for the time of filling."""
    from django.core.management import call_command
    from django.db import connection, transaction

    from lianpu.enterprises.models import Enterprise
    from lianpu.places.models import Place
    from lianpu.places.services import load_gazetteer
    from lianpu.register import bulk
    from lianpu.register.history import install_triggers
    from lianpu.register.importing import batches
    from lianpu.register.rights import SYSTEM

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if held := Enterprise.objects.count():
        if held != rows:
            sys.exit(f"the database holds {held:,} enterprises: name an empty one or pass --rows {held}")
        return
    load_gazetteer(user=SYSTEM)
    table = Enterprise._meta.db_table
    with connection.cursor() as cursor:
        end = "" if connection.vendor == "sqlite" else f' ON "{table}"'
        for event in ("insert", "update", "delete"):
            cursor.execute(f'DROP TRIGGER IF EXISTS "{table}_{event}"{end}')
    districts = Place.objects.filter(kind="district").values_list("code", "pk", "name")
    made = make(rows, {code: (pk, name) for code, pk, name in districts}, np.random.default_rng(20240601))
    with transaction.atomic():
        for batch in batches(made, BATCH):
            bulk.insert(Enterprise, batch)
    install_triggers()
    if connection.vendor == "postgresql":  # what its own housekeeping does within minutes; SQLite has none
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def index(without: bool) -> None:
    """The index of the search, which a site's worker makes by itself; or none."""
    from lianpu.register import search

    if without:
        search.rebuild()
        return
    started = time.perf_counter()
    if read := search.keep_up():
        print(f"index of the search: {read:,} rows in {time.perf_counter() - started:,.0f} s")


def clients() -> dict[str, Any]:
    """A client signed in as administrator and one as an officer who sees one city."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    from lianpu.places.models import Place
    from lianpu.register.models import Grant, Role

    users = get_user_model().objects
    role, _ = Role.objects.get_or_create(code="reader", defaults={"name": "查阅", "actions": {"*": ["view"]}})
    administrator, _ = users.get_or_create(username="administrator", defaults={"is_superuser": True})
    officer, _ = users.get_or_create(username="officer")
    Grant.objects.get_or_create(user=officer, role=role, place_path=Place.objects.get(code=CITY).path)
    signed_in = {user.get_username(): Client() for user in (administrator, officer)}
    for user in (administrator, officer):
        signed_in[user.get_username()].force_login(user)
    return signed_in


def timed(ask: Callable[[], Any]) -> tuple[list[float], float, list[str]]:
    """Milliseconds of each repeat after one unmeasured, median of this process's own, and the statements of one page."""
    from django.db import connection

    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer = ask()
    if answer.status_code != 200:
        raise SystemExit(f"status {answer.status_code}: {answer.content[:300]!r}")
    took, own = [], []
    for _ in range(REPEATS):
        started, before = time.perf_counter(), time.process_time()
        ask()
        took.append(1000 * (time.perf_counter() - started))
        own.append(1000 * (time.process_time() - before))
    return took, statistics.median(own), statements


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--home", help="folder of the benchmark's own installation (default: a temporary one)")
    parser.add_argument(
        "--database", default="", help="URL of the benchmark's own PostgreSQL database (default: SQLite)"
    )
    parser.add_argument(
        "--without-index", action="store_true", help="as in the minutes before the search's index is first made"
    )
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

        fill(asked.rows)
        by_name = clients()
        index(asked.without_index)
        print(f"{asked.rows:,} rows, {connection.vendor}, {REPEATS} repeats; budget {BUDGET_MS} ms")
        over = 0
        for label, query, who in CASES:
            took, own, statements = timed(lambda: by_name[who].get(f"/enterprises/?{query}"))  # noqa: B023
            median = statistics.median(took)
            over += median > BUDGET_MS
            times = f"{median:6.0f} ms (worst {max(took):5.0f}, processor {own:4.0f})"
            print(f"{label:38} {times}  {len(statements)} queries  {BUDGET_MS / median:5.1f} × inside", flush=True)
            if asked.explain:
                print(*(f"    {sql}" for sql in statements), sep="\n")
    sys.exit(f"{over} cases over the budget" if over else 0)


if __name__ == "__main__":
    main()
