"""Seals: a chain of hashes over the change records, so that tampering with them shows.

A seal covers the records after the last of the seal before it. Each record's digest is the SHA-256 of its columns as
a JSON array in UTF-8, in the order of ``_COLUMNS``, images and moments as the texts the database holds; the seal's
hash is the SHA-256 of the hash before it, its own moment and the digests in the order of ids. Whoever can write to
the database could compute a whole new chain, so the newest hash belongs somewhere else too: :func:`verify` takes such
a hash and says whether the chain still runs through it.

An act seals what it left as soon as it has been committed, if it is little and nobody else is writing; workers seal
the rest. On PostgreSQL ids may be committed out of order, so the upper end is chosen while no writer is at work.
See docs/methods/audit.md.
"""

import datetime as dt
import hashlib
import json
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from django.db import OperationalError, connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lianpu.register.jobs.declare import every
from lianpu.register.models import Change, Seal
from lianpu.register.rowsets import images_of, present_images
from lianpu.register.triggers import Image, Model, image, recorded

BLOCK = 1000  # ids under one seal, at most
DUTY = 200_000  # records that a worker seals in one go
PATIENCE = 20  # milliseconds for which the sealing after an act waits for other writers
RESPITE = 1.0  # seconds between two sealings after acts of one process
BEGINNING = "0" * 64
_PRINT = struct.Struct(">q8s")
_due = [0.0]
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_COLUMNS = ("id", "at", "model", "row", "action", "before", "after", "user", "reason", "source", "run", "act")


# -- sealing -----------------------------------------------------------------------------------
def seal(*, limit: int | None = None, patient: bool = True) -> int:
    """Seal the records that are settled, oldest first, at most ``limit``; says how many were sealed.

    Not ``patient``, it raises ``OperationalError`` where others are writing.
    """
    with _impatience(patient):
        upper, sealed = _settled(patient), 0
        while (limit is None or sealed < limit) and (count := _seal_block(upper)):
            sealed += count
    return sealed


def seal_soon() -> None:
    """After an act: seal what it left. Not while somebody else is writing nor within ``RESPITE`` of the last time, lest
    many small acts pay for it; a later act or a worker does it then."""
    if time.monotonic() < _due[0]:
        return
    with suppress(OperationalError):
        seal(limit=BLOCK, patient=False)
    _due[0] = time.monotonic() + RESPITE


@every(60, "seal")
def duty() -> None:
    """The periodic duty of workers."""
    seal(limit=DUTY)


@contextmanager
def _impatience(patient: bool) -> Iterator[None]:
    """SQLite: do not wait for another writer."""
    if patient or connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        usual = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")


def _settled(patient: bool) -> int:
    """The highest id below which no record can appear any more."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Waits for those who write and lets nobody begin: ids that are given out are committed or void then.
            if not patient:
                cursor.execute(f"SET LOCAL lock_timeout = {PATIENCE}")
            cursor.execute("LOCK TABLE register_change IN SHARE MODE")
        return Change.objects.aggregate(last=models.Max("pk"))["last"] or 0


def _seal_block(upper: int) -> int:
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE register_seal IN SHARE ROW EXCLUSIVE MODE")
        head = Seal.objects.order_by("-pk").only("last", "hash").first()
        last = head.last if head else 0
        first = Change.objects.filter(pk__gt=last, pk__lte=upper).aggregate(first=models.Min("pk"))["first"]
        if first is None:
            return 0
        digests = list(_digests(last, min(upper, first + BLOCK - 1)))
        previous, now = head.hash if head else BEGINNING, timezone.now()
        Seal.objects.create(
            last=digests[-1][0],
            count=len(digests),
            prints=b"".join(_PRINT.pack(pk, digest[:8]) for pk, digest in digests),
            previous=previous,
            hash=_link(previous, now, [digest for _pk, digest in digests]),
            at=now,
        )
    return len(digests)


def _digests(after: int, upper: int) -> Iterator[tuple[int, bytes]]:
    """Id and digest of the records with ``after`` < id ≤ ``upper``, in order."""
    if connection.vendor == "sqlite":
        texts = {"at": "at || ''"}  # else the driver makes a moment of it
    else:
        texts = {"at": "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"}
        texts |= {name: f"{name}::text" for name in ("before", "after")}
    columns = ", ".join(texts.get(name, f'"{name}"') for name in _COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM register_change WHERE id > %s AND id <= %s ORDER BY id", [after, upper])
        for record in cursor.fetchall():
            yield record[0], hashlib.sha256(_encode(record).encode()).digest()


def _link(previous: str, at: dt.datetime, digests: list[bytes]) -> str:
    made = hashlib.sha256(bytes.fromhex(previous))
    made.update(at.astimezone(dt.UTC).isoformat().encode())
    for digest in digests:
        made.update(digest)
    return made.hexdigest()


# -- verifying ---------------------------------------------------------------------------------
ALTERED, REMOVED, INSERTED, BROKEN, MISSING, ROW = "altered", "removed", "inserted", "broken", "missing", "row"


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was left: its kind, and a sentence that names the place."""

    kind: str
    words: str


@dataclass
class Report:
    """What a check of the chain and of the registers found; ``head`` is the newest hash."""

    seals: int = 0
    records: int = 0
    unsealed: int = 0
    rows: int = 0
    head: str = BEGINNING
    problems: list[Problem] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.problems


def verify(
    *, expect: str = "", rows: bool = True, progress: Callable[[int, int, str], None] = lambda *_: None
) -> Report:
    """Compute every seal anew, and compare every register's rows with their latest record.

    ``expect`` is a hash noted down earlier through which the chain must run.
    """
    report, last, met = Report(), 0, not expect or expect == BEGINNING
    total = Seal.objects.count()
    for one in Seal.objects.order_by("pk").iterator(chunk_size=50):
        last = _check(one, report, last)
        met = met or one.hash == expect
        progress(report.seals, total, _("核对封存"))
    report.unsealed = Change.objects.filter(pk__gt=last).count()
    if not met:
        report.problems.append(Problem(MISSING, _("链中没有所给的链值 %s：封存被截断或改写过") % expect))
    if rows:
        for label, model in recorded().items():
            progress(0, 0, _("比对“%s”") % model._meta.verbose_name)
            report.rows += model._default_manager.count()
            report.problems += _strayed(label, model)
    return report


def _check(one: Seal, report: Report, last: int) -> int:
    """Check one seal on top of those before it; the id up to which records are accounted for."""
    prints = dict(_PRINT.iter_unpack(bytes(one.prints)))
    if one.previous != report.head:
        report.problems.append(Problem(MISSING, _("封存第%s号之前有封存被移除或改写") % one.pk))
        last = max(last, min(prints, default=one.last) - 1)
    digests = dict(_digests(last, one.last))
    found = [
        Problem(kind, words % {"record": pk, "seal": one.pk})
        for pk in sorted(prints.keys() | digests.keys())
        for kind, words in [_difference(prints.get(pk), digests.get(pk))]
        if kind
    ]
    sound = _link(one.previous, one.at, list(digests.values())) == one.hash and one.count == len(prints)
    if not sound and not found:
        found = [Problem(BROKEN, _("封存第%s号本身被改写") % one.pk)]
    report.problems += found
    report.seals, report.records, report.head = report.seals + 1, report.records + len(digests), one.hash
    return max(last, one.last)


def _difference(sealed: bytes | None, present: bytes | None) -> tuple[str, str]:
    if present is None:
        return REMOVED, _("变更记录第%(record)s号被删除（封存第%(seal)s号）")
    if sealed is None:
        return INSERTED, _("变更记录第%(record)s号是事后插入的（封存第%(seal)s号）")
    return (ALTERED, _("变更记录第%(record)s号被改写（封存第%(seal)s号）")) if sealed != present[:8] else ("", "")


def _strayed(label: str, model: Model) -> Iterator[Problem]:
    """Rows that are not what their latest record says: changed behind the triggers' back."""
    table, title = connection.ops.quote_name(model._meta.db_table), str(model._meta.verbose_name)
    latest = "SELECT max(id) FROM register_change WHERE model = %s AND row = t.id"
    differs = "c.after <> " + image(model, "t").replace("%", "%%")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id, c.id FROM {table} t LEFT JOIN register_change c ON c.id = ({latest}) "
            f"WHERE c.id IS NULL OR c.after IS NULL OR {differs} ORDER BY t.id",
            [label],
        )
        odd = cursor.fetchall()
        cursor.execute(
            f"SELECT c.row FROM (SELECT row, max(id) AS id FROM register_change WHERE model = %s GROUP BY row) l "
            f"JOIN register_change c ON c.id = l.id WHERE c.action <> 'delete' "
            f"AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.id = c.row) ORDER BY c.row",
            [label],
        )
        gone = [row for (row,) in cursor.fetchall()]
    for row in gone:
        yield Problem(ROW, _("“%(title)s”第%(row)s号不见了，却没有删除记录") % {"title": title, "row": row})
    for start in range(0, len(odd), BLOCK):
        some = odd[start : start + BLOCK]
        present = present_images(model, [row for row, _change in some])
        records = images_of([change for _row, change in some if change])
        for row, change in some:
            after = records[change][2] if change else {}
            if not after:
                yield Problem(ROW, _("“%(title)s”第%(row)s号没有新增记录") % {"title": title, "row": row})
            elif columns := _unlike(model, present.get(row, {}), after):
                words = _("“%(title)s”第%(row)s号的%(columns)s与最后一次变更记录不符")
                yield Problem(ROW, words % {"title": title, "row": row, "columns": "、".join(columns)})


def _unlike(model: Model, present: Image, after: Image) -> list[str]:
    """Columns that both images hold and that differ; a column newer than the record says nothing."""
    found = []
    for one in model._meta.concrete_fields:
        name = str(one.column)
        if name in present and name in after and present[name] != after[name]:
            # PostgreSQL writes moments in the time zone of whoever wrote.
            moments = isinstance(one, models.DateTimeField) and present[name] and after[name]
            if not moments or dt.datetime.fromisoformat(present[name]) != dt.datetime.fromisoformat(after[name]):
                found.append(str(one.verbose_name))
    return found
