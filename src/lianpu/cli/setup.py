"""From nothing to a usable site, and quickly past what is already there."""

from typing import Any

from lianpu.cli.console import Console

SAMPLE_PLACE = "620100"


def make_ready(console: Console) -> None:
    """Tables, places, chain maps and roles; each step does nothing when it is done already."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from lianpu.chains.services import load_maps
    from lianpu.demo.services import load_roles
    from lianpu.places.services import load_gazetteer
    from lianpu.register.rights import SYSTEM

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        console.say("建立数据库 …")
        call_command("migrate", verbosity=0, interactive=False)
    if written := load_gazetteer(user=SYSTEM):
        console.say(f"载入行政区划 {written} 个")
    if loaded := load_maps(user=SYSTEM):
        console.say(f"载入产业链图谱：{'、'.join(loaded)}")
    load_roles(user=SYSTEM)


def load_sample_city(console: Console) -> dict[str, Any]:
    """The sample city 示例, placed and diagnosed, when the register of enterprises is still empty."""
    from lianpu.chains.services import diagnose_place, place_enterprises
    from lianpu.demo.services import load_sample
    from lianpu.enterprises.models import Enterprise
    from lianpu.places.queries import place_by_code
    from lianpu.register.rights import SYSTEM

    if Enterprise.objects.exists():
        return {"sample": "已有企业，未再载入示例"}
    console.say("载入示例城市（虚构数据，均标“示例”）…")
    counts: dict[str, Any] = dict(load_sample(user=SYSTEM, progress=console.progress))
    counts |= place_enterprises(user=SYSTEM, progress=console.progress)
    console.close_bar()
    run = diagnose_place(user=SYSTEM, place=place_by_code(SAMPLE_PLACE))
    return {"sample": counts, "run": run.pk}


def prepare_boundaries() -> None:
    """Boundary files for the maps, made once a version, so that nobody's first page waits for them."""
    from django.conf import settings

    from lianpu.places.gazetteer import prepare

    prepare(settings.LIANPU_HOME / "places")


def collect_static() -> None:
    """Hashed and compressed front-end files, made once a version of them."""
    from pathlib import Path

    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    root = Path(settings.STATIC_ROOT)
    stamp = root / "stamp"
    found = [(name, storage.path(name)) for finder in get_finders() for name, storage in finder.list([])]
    now = "\n".join(f"{name} {Path(path).stat().st_mtime_ns}" for name, path in sorted(found))
    if stamp.is_file() and stamp.read_text() == now:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(now)


def print_findings(console: Console) -> None:
    """The three strongest findings of every chain of the latest diagnosis."""
    from lianpu.chains.models import DiagnosisRun
    from lianpu.chains.queries import findings_of

    run = DiagnosisRun.objects.filter(is_latest=True).select_related("place", "reference").first()
    if run is None:
        return
    console.say(f"\n{run.place} · 各链最要紧的三条（诊断第{run.pk}号，对照：{run.reference or '无'}）")
    chain = None
    for finding in findings_of(run, top=3):
        if finding.chain != chain:
            chain = finding.chain
            console.say(f"\n【{chain}】")
        console.say(f"  {finding.rank}. {finding.explanation}")


def print_accounts(console: Console, address: str) -> None:
    """Where to go and who to be."""
    from lianpu.demo.services import sample_accounts

    console.say(f"\n链谱：{address}")
    for username, password, words in sample_accounts():
        console.say(f"  {username} / {password}　{words}（示例账号）")
