"""Work that follows the change records, so that forms, imports, merges, commands and raw SQL are caught alike and no
context has to announce its writes to those above it.

A follower has a name. It reads the records after the last one that it has dealt with, does its work, and says in the same
transaction how far it came: after a crash the next call goes on from there::

    with transaction.atomic():
        bound = followers.present("placing")
        done = followers.reached("placing")
        ...
        followers.reach("placing", bound, basis=version)
"""

from datetime import timedelta

from django.db import connection, models

from lianpu.register.models import Change, Follower


def reached(name: str) -> Follower | None:
    """How far this follower has come; None where it has never begun."""
    return Follower.objects.filter(name=name).first()


def reach(name: str, change: int, *, basis: str = "") -> None:
    """Say that everything up to the record ``change`` is dealt with, from ``basis``."""
    Follower.objects.update_or_create(name=name, defaults={"change": change, "basis": basis})


def present(name: str) -> int:
    """The id up to which no change record can still appear, at least that which this follower has reached."""
    done = reached(name)
    return settled(Change, done.change if done else 0, "at")


def settled(model: type[models.Model], start: int, moment: str = "") -> int:
    """The id up to which no row can still appear in ``model``'s table.

    SQLite has one writer at a time. In PostgreSQL a transaction that is still open may hold lower ids than those that are
    seen: then only what was written (``moment``) before the oldest such transaction began is settled, else nothing new.
    """
    top = model._default_manager.aggregate(top=models.Max("pk"))["top"] or 0
    if connection.vendor == "sqlite":
        return int(top)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(a.xact_start), min(a.xact_start) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.locktype = 'relation' AND l.relation = %s::regclass AND l.mode = 'RowExclusiveLock' "
            "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND pid <> pg_backend_pid()",
            [model._meta.db_table],
        )
        writers, known, oldest = cursor.fetchone()
    if not writers:
        return int(top)
    if known < writers or not moment:  # another role's sessions do not tell when they began
        return start
    before = {"pk__gt": start, "pk__lte": top, f"{moment}__lt": oldest - timedelta(seconds=1)}
    return int(model._default_manager.filter(**before).aggregate(top=models.Max("pk"))["top"] or start)
