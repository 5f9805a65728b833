"""How the index keeps up: it is filled once, row by row in batches, and then follows the change records, so that forms,
imports, commands and raw SQL are caught alike and none of them waits for it. The worker calls :func:`keep_up` every few
seconds; what it has not come to is looked at by every search, straight from the change records (:func:`waiting`).

Every batch is one transaction that also says how far it came, on the condition that nobody else was quicker: after a
crash the next call goes on from there, and two at once do no harm.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianpu.register import jobs
from lianpu.register.declare import Register
from lianpu.register.followers import settled
from lianpu.register.models import Change, Job, SearchCursor, SearchIndex
from lianpu.register.rights import SYSTEM
from lianpu.register.search import store
from lianpu.register.search.rows import entries, searched_registers, shape_of

BATCH = 1000
WAITING_LIMIT = 3000  # changes that a search looks at by itself; beyond them it says that the index lags
JOB = "search-index"

Progress = Callable[[int, int, str], None]


def silent(_done: int, _total: int, _words: str) -> None:
    """No progress shown."""


def keep_up(progress: Progress = silent) -> int:
    """Bring the index up to the present; the number of rows read."""
    present = set(connection.introspection.table_names())
    for register in searched_registers():
        _prepare(register, store.table_of(register) in present)
    read = _follow(progress)
    for register in searched_registers():
        read += _fill(register, progress)
    return read


def rebuild(registers: Iterable[Register] = ()) -> None:
    """Forget the index (of some registers); the next :func:`keep_up` makes it anew."""
    slugs = [register.slug for register in registers or searched_registers()]
    SearchIndex.objects.filter(register__in=slugs).delete()


def _prepare(register: Register, is_there: bool) -> None:
    """See that the register has an index of the right shape, at first an empty one."""
    state = SearchIndex.objects.filter(register=register.slug).first()
    if state is None or _is_outworn(register, state) or not is_there:
        with transaction.atomic():
            if state is not None:
                state.delete()
            fresh = {"shape": shape_of(register)}
            if SearchIndex.objects.get_or_create(register=register.slug, defaults=fresh)[1]:
                store.make(register)


def _is_outworn(register: Register, state: SearchIndex) -> bool:
    """Whether the index was made for other columns, or is full of entries of former texts."""
    return state.shape != shape_of(register) or state.stale > max(10 * BATCH, state.rows // 4)


def _fill(register: Register, progress: Progress) -> int:
    """Enter the rows that lie beyond ``filled``: all of them at first, later those of registers without history."""
    state = SearchIndex.objects.get(register=register.slug)
    if state.is_complete and register.history:
        return 0
    rows, read = register.model._default_manager.order_by("pk"), 0
    if state.is_complete:
        rows = rows.filter(pk__lte=settled(register.model, state.filled))
        if not rows.filter(pk__gt=state.filled).exists():
            return 0  # looked at before anything is locked
    total = 0 if state.is_complete else rows.count()
    while True:
        with transaction.atomic():
            # Held before the rows are read, so that no newer text, entered meanwhile by a change, is overwritten.
            held = SearchIndex.objects.select_for_update().filter(pk=state.pk, filled=state.filled).first()
            if held is None:
                return read  # another process has done it
            found = entries(register, rows.filter(pk__gt=state.filled)[:BATCH])
            if not found:
                break
            held.filled, held.rows, held.writes = max(found), held.rows + len(found), held.writes + 1
            held.save()
            store.put(register, found, held.writes)
        state = held
        read += len(found)
        progress(read, total, gettext("索引“%(title)s”") % {"title": register.title})
    if not state.is_complete:
        progress(0, 0, gettext("整理索引“%(title)s”") % {"title": register.title})
        store.finish(register)
        SearchIndex.objects.filter(pk=state.pk).update(is_complete=True)
    return read


def _follow(progress: Progress) -> int:
    """Enter, batch by batch, the rows that the change records after the cursor name."""
    cursor, _made = SearchCursor.objects.get_or_create(pk=1)
    if not SearchIndex.objects.filter(Q(is_complete=True) | Q(filled__gt=0)).exists():
        # The filling to come reads everything that is settled by now.
        SearchCursor.objects.filter(pk=1, change=cursor.change).update(change=settled(Change, cursor.change, "at"))
        return 0
    by_label = {register.label: register for register in searched_registers()}
    bound, done, read = settled(Change, cursor.change, "at"), cursor.change, 0
    total = Change.objects.filter(pk__gt=done).count()
    following = Change.objects.order_by("pk").values_list("pk", "model", "row", "action")
    while batch := list(following.filter(pk__gt=done)[:BATCH]):
        done = batch[-1][0]
        changed: dict[str, set[int]] = defaultdict(set)
        new: dict[str, set[int]] = defaultdict(set)
        for _pk, label, row, action in batch:
            changed[label].add(row)
            if action == "insert":
                new[label].add(row)
        found = {
            label: entries(register, register.model._default_manager.filter(pk__in=changed[label]))
            for label, register in by_label.items()
            if label in changed
        }
        with transaction.atomic():
            reached = min(done, max(bound, cursor.change))
            if not SearchCursor.objects.filter(pk=1, change=cursor.change).update(change=reached):
                return read  # another process has done it
            for label, rows in found.items():
                _enter(by_label[label], rows, changed[label] - rows.keys(), new[label])
        cursor.change = reached
        read += len(batch)
        progress(read, total, gettext("索引变更"))
    return read


def _enter(register: Register, rows: Mapping[int, Iterable[str]], gone: set[int], new: set[int]) -> None:
    """Enter changed rows, some of them ``new``, and forget those that are gone."""
    held = SearchIndex.objects.filter(register=register.slug)
    held.update(
        writes=F("writes") + 1,
        rows=Greatest(F("rows") + len(rows.keys() & new) - len(gone - new), 0),
        stale=F("stale") + (0 if store.forgets() else len((rows.keys() | gone) - new)),
    )
    store.drop(register, gone)
    store.put(register, rows, held.get().writes)


# -- what it has not come to -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """What changed after the index was last brought up: rows by register's label, unless there are too many."""

    rows: Mapping[str, set[int]]
    lags: bool
    """More changes than :data:`WAITING_LIMIT`: ``rows`` holds only some of them."""


def waiting() -> Waiting:
    cursor = SearchCursor.objects.filter(pk=1).values_list("change", flat=True).first() or 0
    found = list(Change.objects.filter(pk__gt=cursor).values_list("model", "row").order_by("pk")[: WAITING_LIMIT + 1])
    rows: dict[str, set[int]] = defaultdict(set)
    for label, row in found:
        rows[label].add(row)
    return Waiting(rows, len(found) > WAITING_LIMIT)


def indexes() -> dict[str, SearchIndex]:
    """The indexes that are of the present shape and completely filled, by register."""
    shapes = {register.slug: shape_of(register) for register in searched_registers()}
    held = SearchIndex.objects.filter(is_complete=True)
    return {state.register: state for state in held if state.shape == shapes.get(state.register)}


def sizes() -> list[tuple[str, int, int]]:
    """Title, rows and bytes of every index."""
    held = SearchIndex.objects.in_bulk(field_name="register")
    return [
        (register.title, held[register.slug].rows, store.size(register))
        for register in searched_registers()
        if register.slug in held
    ]


# -- the worker's part -------------------------------------------------------------------------------------------


@jobs.every(10, JOB)
def tick() -> None:
    """Follow a few changes at once; have a job follow many, or fill."""
    ready = {state.register: state for state in SearchIndex.objects.all()}
    sound = [
        (state := ready.get(one.slug)) is not None and state.is_complete and not _is_outworn(one, state)
        for one in searched_registers()
    ]
    if not all(sound) or waiting().lags:
        under_way = Q(state__in=(Job.State.WAITING, Job.State.RUNNING))
        failed = Q(state=Job.State.FAILED, ended_at__gt=timezone.now() - timedelta(minutes=10))
        if not Job.objects.filter(under_way | failed, name=JOB).exists():
            jobs.start(JOB, user=SYSTEM)
    else:
        keep_up()


@jobs.job(JOB, title=_("更新搜索索引"), restartable=True)
def index(progress: jobs.Progress, *, user: Any) -> jobs.Outcome:  # noqa: ARG001 — every job is told whose it is
    read = keep_up(progress)
    return jobs.Outcome(gettext("已读入 %(rows)d 行。") % {"rows": read})
