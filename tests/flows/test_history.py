"""What is one act is done or not done, whenever its process is killed; readers of the past stand in nobody's way."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from jobs_app.house import House, house
from lianpu.enterprises import merging
from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise, EnterpriseFigure, EnterpriseMerge, EnterpriseName
from lianpu.register import audit
from lianpu.register.declare import registry
from lianpu.register.deleting import delete_row
from lianpu.register.history import acting
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM
from lianpu.register.timetravel import as_of
from lianpu.register.undo import revert


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with django_db_blocker.unblock(), house(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def pair(built: House, django_db_blocker: Any) -> Iterator[tuple[Enterprise, Enterprise]]:
    """Two firms with figures of the same years, in a database that outlives whoever writes to it."""
    with django_db_blocker.unblock():
        Enterprise.objects.all().delete()
        firms = [
            Enterprise.objects.create(uscc=make_uscc("620102", n), name=f"示例{n}", name_key=f"示例{n}") for n in (1, 2)
        ]
        for firm, year in ((firms[0], 2020), (firms[1], 2020), (firms[1], 2021)):
            EnterpriseFigure.objects.create(enterprise=firm, indicator="staff", period=str(year), value=firm.pk)
        yield firms[0], firms[1]


def everything() -> list[Any]:
    models = (Enterprise, EnterpriseFigure, EnterpriseName, EnterpriseMerge)
    return [list(model.objects.order_by("pk").values()) for model in models] + [Change.objects.count()]


def killed_at(statement: int, act: Callable[[], Any]) -> bool:
    """Run ``act`` in a process of its own that is killed before its n-th statement; False where it came to its end."""
    connections.close_all()
    child = os.fork()
    if not child:
        seen = 0

        def count(execute: Any, *words: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == statement:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(*words)

        try:
            with connection.execute_wrapper(count):
                act()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def assert_all_or_nothing(act: Callable[[], Any]) -> None:
    """Killed before each of its statements in turn, the act leaves everything as it was, or is done."""
    before, statement = everything(), 1
    while killed_at(statement, act):
        # Once it is committed, what follows is its seal.
        done = everything() != before
        assert not done or Change.objects.latest("pk").act == Change.objects.filter(act__isnull=False).latest("pk").act
        if done:
            break
        statement += 1
    assert everything() != before, "the act never came to its end"
    assert statement > 5
    assert audit.verify().sound


def test_a_merger_is_done_or_not_done(pair: tuple[Enterprise, Enterprise]) -> None:
    keep, other = pair
    assert_all_or_nothing(lambda: merging.merge(user=SYSTEM, keep=keep, others=[other], reason="同一家"))
    assert EnterpriseMerge.objects.get().old_id == other.pk
    assert set(EnterpriseFigure.objects.values_list("enterprise", "period")) == {(keep.pk, "2020"), (keep.pk, "2021")}
    assert_all_or_nothing(lambda: merging.split(user=SYSTEM, merger=EnterpriseMerge.objects.get()))
    assert Enterprise.objects.count() == 2
    assert EnterpriseFigure.objects.filter(enterprise=other).count() == 2


def test_a_deletion_and_its_undoing_are_done_or_not_done(pair: tuple[Enterprise, Enterprise]) -> None:
    _, other = pair
    before = everything()[:-1]
    register = registry["enterprises"]
    assert_all_or_nothing(lambda: delete_row(register=register, user=SYSTEM, row=other, with_dependants=True))
    assert EnterpriseFigure.objects.count() == 1
    act = Change.objects.latest("pk").act
    assert_all_or_nothing(lambda: revert(Change.objects.filter(act=act), user=SYSTEM))
    assert everything()[:-1] == before


def test_readers_of_the_past_neither_wait_nor_are_waited_for(pair: tuple[Enterprise, Enterprise]) -> None:
    firm, _ = pair
    time.sleep(0.01)
    moment = timezone.now()
    time.sleep(0.01)
    Enterprise.objects.filter(pk=firm.pk).update(name="后来的名称")
    other = connection.copy()
    try:
        with as_of(moment):
            assert Enterprise.objects.get(pk=firm.pk).name == firm.name
            with other.cursor() as cursor:
                cursor.execute("UPDATE enterprises_enterprise SET name = 'x' WHERE id = %s", [firm.pk])
            assert Enterprise.objects.get(pk=firm.pk).name == firm.name
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("UPDATE enterprises_enterprise SET name = 'y' WHERE id = %s", [firm.pk])
            with as_of(moment):
                assert Enterprise.objects.get(pk=firm.pk).name == firm.name
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert Enterprise.objects.get(pk=firm.pk).name == "x"


def test_sealing_gives_way_to_who_is_writing(pair: tuple[Enterprise, Enterprise], monkeypatch: Any) -> None:
    monkeypatch.setattr(audit, "RESPITE", 0)
    monkeypatch.setattr(audit, "_due", [0.0])
    audit.seal()
    firm, _ = pair
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if other.vendor == "sqlite" else "BEGIN")
            cursor.execute("UPDATE enterprises_enterprise SET name = 'x' WHERE id = %s", [firm.pk])
            start = time.monotonic()
            audit.seal_soon()
            assert time.monotonic() - start < 5, "it does not wait for the other, who may write for minutes"
            assert audit.verify(rows=False).unsealed == 0
            cursor.execute("COMMIT")
        assert audit.verify().unsealed == 1
        with acting("王某"):
            Enterprise.objects.filter(pk=firm.pk).update(name="z")
        assert audit.verify().unsealed == 0
        assert audit.verify().sound
    finally:
        other.close()
