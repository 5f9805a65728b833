"""Whoever tampers with the change records, or with rows behind their back, is found out."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection

from lianpu.cli.main import main
from lianpu.enterprises.models import Enterprise
from lianpu.places.models import Place
from lianpu.register import audit
from lianpu.register.history import acting
from lianpu.register.models import Change, Seal


def sql(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(params))


@pytest.fixture
def chain(firms: Mapping[str, Enterprise], monkeypatch: Any) -> list[int]:
    """Ids of the records, under many small seals."""
    monkeypatch.setattr(audit, "BLOCK", 7)
    with acting("王某", reason="核实"):
        Enterprise.objects.update(kind="有限责任公司")
    assert audit.seal() == Change.objects.count()
    return list(Change.objects.order_by("pk").values_list("pk", flat=True))


def kinds() -> list[str]:
    return [problem.kind for problem in audit.verify().problems]


def test_what_nobody_touched_is_sound(chain: list[int]) -> None:
    report = audit.verify()
    assert report.sound, report.problems
    assert (report.records, report.unsealed) == (len(chain), 0)
    assert report.seals >= len(chain) // 7
    assert report.head == Seal.objects.latest("pk").hash
    Place.objects.filter(code="620102").update(note="改")
    assert audit.verify().unsealed == 1
    assert audit.seal() == 1
    assert audit.seal() == 0
    assert audit.verify(expect=report.head).sound


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2020-01-01 00:00:00"),
        ("model", "places.place"),
        ("row", 4711),
        ("action", "delete"),
        ("before", "{}"),
        ("after", "{}"),
        ("user", "李某"),
        ("reason", ""),
        ("source", "api"),
        ("run", 7),
        ("act", 7),
    ],
)
def test_an_altered_record_is_named(chain: list[int], column: str, value: Any) -> None:
    which = chain[-3]
    sql(f'UPDATE register_change SET "{column}" = %s WHERE id = %s', value, which)
    problems = audit.verify(rows=False).problems
    assert [problem.kind for problem in problems] == [audit.ALTERED]
    assert f"第{which}号" in problems[0].words


def test_a_removed_record_is_named(chain: list[int]) -> None:
    which = random.choice(chain)
    sql("DELETE FROM register_change WHERE id = %s", which)
    problems = audit.verify(rows=False).problems
    assert [problem.kind for problem in problems] == [audit.REMOVED]
    assert f"第{which}号" in problems[0].words


def test_an_inserted_record_is_named(chain: list[int]) -> None:
    sql("DELETE FROM register_seal")
    gap = chain[4]
    held = Change.objects.get(pk=gap)
    held.delete()
    audit.seal()
    held.pk = gap
    held.save(force_insert=True)
    problems = audit.verify(rows=False).problems
    assert [problem.kind for problem in problems] == [audit.INSERTED]
    assert f"第{gap}号" in problems[0].words


def test_a_touched_or_missing_seal_is_named(chain: list[int]) -> None:
    second, third = Seal.objects.order_by("pk")[1:3]
    head = Seal.objects.latest("pk").hash
    sql("UPDATE register_seal SET at = %s WHERE id = %s", "2020-01-01 00:00:00", second.pk)
    assert kinds() == [audit.BROKEN]
    sql("DELETE FROM register_seal WHERE id = %s", second.pk)
    problems = audit.verify().problems
    assert [problem.kind for problem in problems] == [audit.MISSING]
    assert f"第{third.pk}号之前" in problems[0].words
    sql("DELETE FROM register_seal WHERE id > %s", third.pk)
    assert audit.MISSING in [problem.kind for problem in audit.verify(expect=head).problems]


def test_a_chain_made_anew_does_not_run_through_the_hash_noted_down(chain: list[int]) -> None:
    noted = audit.verify().head
    sql("UPDATE register_change SET reason = '' WHERE id = %s", chain[-1])
    sql("DELETE FROM register_seal")
    audit.seal()
    assert audit.verify().sound
    assert [one.kind for one in audit.verify(expect=noted).problems] == [audit.MISSING]


def test_rows_changed_behind_the_triggers_are_named(chain: list[int], firms: Mapping[str, Enterprise]) -> None:
    table = Enterprise._meta.db_table
    if connection.vendor == "sqlite":
        for event in ("insert", "update", "delete"):
            sql(f'DROP TRIGGER "{table}_{event}"')
    else:
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    Enterprise.objects.filter(pk=firms["甲"].pk).update(address="别处", capital_10k_cny="1.5")
    Enterprise.objects.filter(pk=firms["辛"].pk).delete()
    fresh = Enterprise.objects.create(uscc="X", name="无记录", name_key="无记录")
    words = {problem.words for problem in audit.verify().problems}
    assert words == {
        f"“企业”第{firms['甲'].pk}号的注册地址、注册资本与最后一次变更记录不符",
        f"“企业”第{firms['辛'].pk}号不见了，却没有删除记录",
        f"“企业”第{fresh.pk}号没有新增记录",
    }
    assert not audit.verify(rows=False).problems


@pytest.mark.django_db(transaction=True)
def test_an_act_is_sealed_once_it_is_committed_if_another_was_not_just_before(monkeypatch: Any) -> None:
    monkeypatch.setattr(audit, "_due", [0.0])
    audit.seal()
    before = audit.verify().records
    with acting("王某"):
        Place.objects.create(code="1", name="甲", full_name="甲", path="/1/", kind="city")
        assert audit.verify().unsealed == 1
    report = audit.verify()
    assert (report.records, report.unsealed) == (before + 1, 0)
    with acting("王某"):
        Place.objects.update(name="乙")
    monkeypatch.setattr(audit, "_due", [0.0])
    with acting("王某"):
        Place.objects.update(name="丙")
    assert audit.verify().records == before + 3


def test_commands_tell_and_answer(chain: list[int]) -> None:
    run = CliRunner().invoke
    sound = run(main, ["audit", "verify", "--json"])
    assert sound.exit_code == 0, sound.output
    answer = json.loads(sound.stdout)
    assert (answer["sound"], answer["records"]) == (True, len(chain))
    assert run(main, ["audit", "verify", "--expect", answer["head"]]).exit_code == 0
    assert run(main, ["audit", "verify", "--expect", "0f" * 32]).exit_code == 1
    assert json.loads(run(main, ["audit", "seal", "--json"]).stdout)["sealed"] == 0
    log = run(main, ["audit", "log", "--filter", "register=enterprises", "--filter", "user=王某"])
    assert log.exit_code == 0, log.output
    assert "核实" in log.stdout
    assert "企业类型：（空） → 有限责任公司" in log.stdout
    sql("UPDATE register_change SET reason = '' WHERE id = %s", chain[-1])
    broken = run(main, ["audit", "verify"])
    assert broken.exit_code == 1
    assert f"变更记录第{chain[-1]}号被改写" in broken.stdout
