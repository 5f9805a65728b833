"""Undoing: the inverse of any set of change records, written set-wise and recorded in turn.

An import, a bulk edit, a merge, a deletion or a single change is a set of records; undoing one puts back what those
records altered, and only that. What was changed again since, what others have come to depend on, and what the person
may not write is kept and told. An undo leaves records like any other writing, so an undo can be undone.

The records of each row are folded, newest first, into what becomes of the row; the values then go from the records'
images to the tables inside the database, one statement for all rows that take the same columns back.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.jobs import Outcome, Progress, job
from lianpu.register.models import Change
from lianpu.register.models.notes import Pinned
from lianpu.register.rowsets import (
    among,
    held_before,
    images_of,
    pointing_at,
    present_images,
    records,
    remove,
    rows_before,
    select,
)
from lianpu.register.triggers import Image, Model, recorded

BATCH = 2000  # rows whose images are held at a time


@dataclass(frozen=True)
class Kept:
    """A change that was not undone, and why."""

    change: Change
    why: str


@dataclass(frozen=True)
class Reverted:
    """How many changes were undone, those that were not, and the act that the undo itself is."""

    done: int
    kept: list[Kept]
    act: int


def revert(
    changes: "models.QuerySet[Change]",
    *,
    user: Any,
    reason: str = "",
    source: str = "undo",
    trusted: bool = False,
    removes_with: str = rights.DELETE,
) -> Reverted:
    """Undo ``changes`` in one transaction (one act) as ``user``; ``trusted`` where the caller has seen to the rights.

    ``removes_with`` is the right that taking back a new row asks for: less than deletion where the row is the person's own.

    A new row is deleted if it is still as it was made and nothing depends on it; a changed row gets its altered fields
    back if they still hold what the change gave them; a deleted row comes back under its id if its key is free and
    what it refers to is there. Raises ``ValidationError`` where a register asks for a reason and none is given.
    """
    found = list(changes.order_by("-pk").values_list("pk", "model", "row"))
    named = {registry.by_model[label] for _pk, label, _row in found if label in registry.by_model}
    if not reason.strip() and any(register.reason_required for register in named):
        raise ValidationError({"reason": [_("请说明变更原因")]})
    undoing = _Undoing(rights.SYSTEM if trusted else user, removes_with)
    try:
        with acting(user, reason=reason.strip() or _("撤销"), source=source) as act:
            undoing.plan(found)
            undoing.settle()
            undoing.write()
    except IntegrityError as refused:  # a rule of the database beyond keys and references
        raise ValidationError(_("未撤销：撤销后的数据不合规则（%s）。") % refused) from refused
    return undoing.outcome(act)


@job("undo-act", title=_lazy("撤销"), restartable=True)
def undo_act(progress: Progress, *, user: Any, act: int, reason: str) -> Outcome:
    """Undo all that was done together under the number ``act``."""
    with transaction.atomic():
        undone = revert(Change.objects.filter(act=act), user=user, reason=reason)
        for line in reasons(undone):
            progress.log(line)
        return progress.finish(Outcome(told(undone), url=f"{reverse('register:changes')}?act={undone.act}"))


def told(undone: Reverted) -> str:
    """An undo in one sentence."""
    words = _("已撤销%(done)s项变更。") % {"done": undone.done}
    return (
        words + _("%(kept)s项保持原样：") % {"kept": len(undone.kept)} + "；".join(reasons(undone)[:5])
        if undone.kept
        else words
    )


def reasons(undone: Reverted) -> list[str]:
    """Why changes were kept, each reason with how many it holds for, the commonest first."""
    return [f"{why}（{count}）" for why, count in Counter(one.why for one in undone.kept).most_common()]


@dataclass(slots=True)
class _Row:
    """What becomes of one row: the changes taken back, and for each column the change whose image gives its value."""

    model: Model
    pk: int
    there: bool  # before the undo
    changes: list[int] = field(default_factory=list)
    stays: bool = True  # after it
    image_from: int = 0  # of a row that comes back: the deletion that holds it
    sources: dict[str, int] = field(default_factory=dict)
    watched: Image = field(default_factory=dict)  # coming values of columns that refer to rows or must be unique

    @property
    def goes(self) -> bool:
        return self.there and not self.stays

    @property
    def comes(self) -> bool:
        return self.stays and not self.there


class _Undoing:
    def __init__(self, user: Any, removes_with: str) -> None:
        self.user, self.removes_with = user, removes_with
        self.rows: dict[tuple[Model, int], _Row] = {}
        self.kept: dict[int, str] = {}

    # -- what to do ----------------------------------------------------------------------------
    def plan(self, found: Sequence[tuple[int, str, int]]) -> None:
        """Fold the changes (id, model, row; newest first) into what becomes of each row."""
        models_by_label = recorded()
        rows: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for pk, label, row in found:
            if label in models_by_label:
                rows[label][row].append(pk)
            else:
                self.kept[pk] = _("系统中已没有这一登记簿")
        for label, by_row in rows.items():
            numbers = list(by_row)
            for start in range(0, len(numbers), BATCH):
                self._plan_batch(models_by_label[label], {row: by_row[row] for row in numbers[start : start + BATCH]})
            self._demand(models_by_label[label])

    def _plan_batch(self, model: Model, changes: Mapping[int, Sequence[int]]) -> None:
        present = {pk: _parted(now) for pk, now in present_images(model, changes, locked=True).items()}
        wanted = [pk for pks in changes.values() for pk in pks]
        images = {pk: (how, _parted(old), _parted(new)) for pk, (how, old, new) in images_of(wanted).items()}
        facts = _facts(model)
        for row, pks in changes.items():
            made = self._fold(facts, row, present.get(row), [(pk, *images[pk]) for pk in pks])
            if made.changes:
                self.rows[model, row] = made

    def _fold(
        self,
        facts: "_Facts",
        pk: int,
        now: Image | None,
        changes: Sequence[tuple[int, str, Image, Image]],
    ) -> _Row:
        made = _Row(facts.model, pk, there=now is not None)
        then = None if now is None else dict(now)
        for change, action, before, after in changes:
            altered = [c for c in facts.columns if c in before and c in after and before[c] != after[c]]
            altered += [c for c in _own(before, after) if before.get(c) != after.get(c)]
            if why := _objection(facts, action, then, before, after, altered):
                self.kept[change] = why
                continue
            made.changes.append(change)
            if then is None:  # a deletion, for nothing else is taken back on a row that is gone
                then, made.image_from = dict(before), change
                made.sources = dict.fromkeys(facts.columns, change)
            elif action == "insert":
                then, made.sources = None, {}
            else:
                for column in altered:
                    then[column] = before.get(column)
                    made.sources[column] = change
        made.stays = then is not None
        if then is not None:
            if now is None:
                made.sources = {c: source for c, source in made.sources.items() if source != made.image_from}
            else:
                made.sources = {c: source for c, source in made.sources.items() if then.get(c) != now.get(c)}
            if now is None or facts.watched & made.sources.keys():
                made.watched = {c: then.get(c) for c in facts.watched}
        return made

    def _demand(self, model: Model) -> None:
        """Keep what the person may not take back."""
        mine = [row for row in self.rows.values() if row.model is model]
        hidden = _hidden_columns(self.user, model)
        for row in mine:
            if row.there and row.stays and hidden & row.sources.keys():
                self._keep(row, _("涉及您无权查看的列"))
        for action, rows in (
            (self.removes_with, [row for row in mine if row.goes]),
            (rights.CHANGE, [row for row in mine if row.there and row.stays]),
        ):
            allowed = _reachable(self.user, model, [row.pk for row in rows], action)
            for row in rows:
                if row.pk not in allowed:
                    self._keep(row, _no_right(rights.DELETE if row.goes else action))

    def _keep(self, row: _Row, why: str) -> None:
        if self.rows.pop((row.model, row.pk), None):
            self.kept |= dict.fromkeys(row.changes, why)

    # -- what stands against it ----------------------------------------------------------------
    def settle(self) -> None:
        """Keep rows that would leave a reference without its row or a key twice, until none is left."""
        before = -1
        while before != len(self.rows):
            before = len(self.rows)
            for model in {row.model for row in self.rows.values()}:
                self._keep_what_is_depended_on(model)
                self._keep_what_would_dangle(model)
                self._keep_what_is_taken(model)

    def _of(self, model: Model) -> list[_Row]:
        return [row for row in self.rows.values() if row.model is model]

    def _keep_what_is_depended_on(self, model: Model) -> None:
        going = {row.pk: row for row in self._of(model) if row.goes}
        if not going:
            return
        dependants: Counter[tuple[int, str]] = Counter()
        for key in pointing_at(model):
            other, column = key.model, str(key.column)
            for pk, target in select(other, ["id", column], column, going):
                planned = self.rows.get((other, pk))
                leaves = planned and (planned.goes or planned.watched.get(column, target) != target)
                if not leaves:
                    dependants[target, str(other._meta.verbose_name)] += 1
        for (pk, title), count in dependants.items():
            self._keep(going[pk], _("有%(count)s条“%(title)s”依赖于此行") % {"count": count, "title": title})

    def _keep_what_would_dangle(self, model: Model) -> None:
        rows = [row for row in self._of(model) if row.watched]
        for key in _facts(model).references:
            target: Any = key.related_model
            wanted = {row.watched[key.column] for row in rows if row.watched.get(key.column) is not None}
            there = {pk for (pk,) in select(target, ["id"], "id", wanted)}
            for row in rows:
                pk = row.watched.get(key.column)
                planned = self.rows.get((target, pk)) if pk is not None else None
                if pk is not None and not (planned.stays if planned else pk in there):
                    title = target._meta.verbose_name
                    self._keep(row, _("它所指的“%(title)s”第%(pk)s号已不在") % {"title": title, "pk": pk})

    def _keep_what_is_taken(self, model: Model) -> None:
        for key in _facts(model).keys:
            coming: dict[tuple[Any, ...], _Row] = {}
            for row in sorted(self._of(model), key=lambda one: one.changes[0], reverse=True):
                # A key with a blank in it is no key to the database.
                wanted = _key(row.watched, key) if row.watched else None
                if wanted is not None and coming.setdefault(wanted, row) is not row:
                    self._keep(row, _("编码或名称已被另一行占用"))
            if not coming:
                continue
            lead = {wanted[0] for wanted in coming}
            for pk, held in _holders(model, key, lead):
                taker, holder = coming.get(held), self.rows.get((model, pk))
                if taker is None or taker.pk == pk or (holder and holder.goes):
                    continue
                # Updates come before what comes back, so a key that one of them gives up is free for it.
                if not (holder and taker.comes and holder.watched and _key(holder.watched, key) != held):
                    self._keep(taker, _("编码或名称已被第%(pk)s号占用") % {"pk": pk})

    # -- doing it ------------------------------------------------------------------------------
    def write(self) -> None:
        """Write until everything lies where the person may write; what lay outside is taken back and kept."""
        while self.rows:
            with transaction.atomic():
                self._write()
                outside = self._outside()
                if not outside:
                    return
                transaction.set_rollback(True)
            for row in outside:
                self._keep(row, _no_right(rights.ADD if row.comes else rights.CHANGE))
            self.settle()

    def _write(self) -> None:
        """Deletions free keys for updates, updates for what comes back; references are checked at the very end."""
        by_model: dict[Model, list[_Row]] = defaultdict(list)
        for row in self.rows.values():
            by_model[row.model].append(row)
        for model, rows in by_model.items():
            remove(model, [row.pk for row in rows if row.goes])
        for model, rows in by_model.items():
            _put_back(model, [row for row in rows if row.there and row.stays])
        for model, rows in by_model.items():
            coming = [row for row in rows if row.comes]
            _bring_back(model, [row.image_from for row in coming])
            _put_back(model, coming)

    def _outside(self) -> list[_Row]:
        found = []
        for model in {row.model for row in self.rows.values()}:
            for action, rows in (
                (rights.ADD, [row for row in self._of(model) if row.comes]),
                (rights.CHANGE, [row for row in self._of(model) if row.there and row.stays]),
            ):
                allowed = _reachable(self.user, model, [row.pk for row in rows], action)
                found += [row for row in rows if row.pk not in allowed]
        return found

    def outcome(self, act: int) -> Reverted:
        kept = Change.objects.defer("before", "after").in_bulk(list(self.kept))
        return Reverted(
            sum(len(row.changes) for row in self.rows.values()),
            [Kept(kept[pk], why) for pk, why in sorted(self.kept.items(), reverse=True)],
            act,
        )


# -- what a model says of its columns ----------------------------------------------------------
@dataclass(frozen=True)
class _Facts:
    model: Model
    columns: Sequence[str]  # all but the id
    references: "Sequence[models.ForeignKey[Any, Any]]"
    keys: "Sequence[Sequence[models.Field[Any, Any]]]"
    watched: frozenset[str]

    def label(self, column: str) -> str:
        if column.startswith(OWN):
            register, name = registry.by_model.get(self.model._meta.label_lower), column.removeprefix(OWN)
            return register.by_name[name].label if register and name in register.by_name else name
        return str(next(f.verbose_name for f in self.model._meta.concrete_fields if f.column == column))


@cache
def _facts(model: Model) -> _Facts:
    meta = model._meta
    fields = [f for f in meta.concrete_fields if not f.primary_key]
    references = [f for f in fields if isinstance(f, models.ForeignKey)]
    named = [[f.name] for f in fields if f.unique]
    named += [list(names) for names in (*meta.unique_together, *(c.fields for c in meta.total_unique_constraints))]
    keys = [[meta.get_field(name) for name in names] for names in named]
    watched = {str(f.column) for f in references} | {str(f.column) for key in keys for f in key}  # type: ignore[union-attr]
    return _Facts(model, [str(f.column) for f in fields], references, keys, frozenset(watched))  # type: ignore[arg-type]


def _objection(
    facts: _Facts, action: str, then: Image | None, before: Image, after: Image, altered: Iterable[str]
) -> str:
    """Why a change cannot be taken back on a row that looks like ``then``; empty where it can."""
    if action == "delete":
        return "" if then is None else _("此行已经恢复")
    if then is None:
        return _("此行已被删除")
    if action == "insert":
        since = [c for c in facts.columns if c in after and then.get(c) != after[c]]
        since += [c for c in _own(then, after) if then.get(c) != after.get(c)]
    else:
        since = [c for c in altered if then.get(c) not in (after.get(c), before.get(c))]
    return _("此后又改过：%s") % "、".join(map(facts.label, since)) if since else ""


OWN = "extra."
"""Before the name of a column of an office's own in a parted image: each is taken back by itself."""
_PLAIN = re.compile(r"\w+", re.ASCII)


def _parted(image: Image) -> Image:
    """The image with a column of its own for everything under ``extra``."""
    held = image.get("extra")
    if not isinstance(held, dict) or not all(_PLAIN.fullmatch(name) for name in held):
        return image
    return {c: v for c, v in image.items() if c != "extra"} | {OWN + name: value for name, value in held.items()}


def _own(*images: Image) -> list[str]:
    """The columns of an office's own that any of the parted images holds."""
    return sorted({c for image in images for c in image if c.startswith(OWN)})


def _key(image: Image, key: "Sequence[models.Field[Any, Any]]") -> tuple[Any, ...] | None:
    """The values of a key; None where one is blank, for then the database takes it for no key."""
    values = tuple(image.get(str(f.column)) for f in key)
    return None if None in values else tuple(f.to_python(v) for f, v in zip(key, values, strict=True))


def _holders(
    model: Model, key: "Sequence[models.Field[Any, Any]]", lead: Iterable[Any]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Rows (id, key) whose key begins with one of ``lead``."""
    values = list(lead)
    for start in range(0, len(values), BATCH):
        rows = model._default_manager.filter(**{f"{key[0].name}__in": values[start : start + BATCH]})
        for pk, *held in rows.values_list("pk", *(f.attname for f in key)).order_by():
            yield pk, tuple(held)


# -- rights ------------------------------------------------------------------------------------
def _no_right(action: str) -> str:
    words = {rights.DELETE: _("删除"), rights.CHANGE: _("修改"), rights.ADD: _("新增")}
    return _("您没有%s此行的权限") % words[action]


def _hidden_columns(user: Any, model: Model) -> set[str]:
    register = registry.by_model.get(model._meta.label_lower)
    if register is None:
        return set()
    seen = {c.name for c in rights.visible(user, register.bound)}
    unseen = [c for c in register.bound if c.name not in seen]
    columns = {str(c.field.column) for c in unseen if c.field is not None}
    return columns | {OWN + c.name for c in unseen if c.is_custom}


def _reachable(user: Any, model: Model, ids: Sequence[int], action: str) -> set[int]:
    """Those of the present rows ``ids`` on which ``user`` may do ``action``; notes go by the row they hang on."""
    register = registry.by_model.get(model._meta.label_lower)
    if user.is_superuser:
        return set(ids)
    if register is None:
        if not issubclass(model, Pinned):
            return set()
        pinned = select(model, ["id", "register", "row"], "id", ids)
        by_slug: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for pk, slug, row in pinned:
            by_slug[slug][row].add(pk)
        return {
            pk
            for slug, rows in by_slug.items()
            if slug in registry.by_slug
            for row in _reachable(user, registry[slug].model, list(rows), rights.CHANGE)
            for pk in rows[row]
        }
    reach = rights.reach_of(user, register, action)
    if reach is None:
        return set()
    found: set[int] = set(ids) if not reach else set()
    for start in range(0, len(ids) if reach else 0, BATCH):
        rows = model._default_manager.filter(reach, pk__in=ids[start : start + BATCH])
        found.update(rows.values_list("pk", flat=True))
    return found


# -- statements --------------------------------------------------------------------------------
def _put_back(model: Model, rows: Iterable[_Row]) -> None:
    """Give columns the values of the images of changes; one statement for all rows that take the same columns back."""
    together: dict[frozenset[str], list[int]] = defaultdict(list)
    for row in rows:
        by_source: dict[int, set[str]] = defaultdict(set)
        for column, source in row.sources.items():
            by_source[source].add(column)
        for source, columns in by_source.items():
            together[frozenset(columns)].append(source)
    for names, sources in together.items():
        fields = [f for f in model._meta.concrete_fields if f.column in names]
        given = ", ".join(f'"{f.column}" = {held_before(f)}' for f in fields)
        if own := [name.removeprefix(OWN) for name in sorted(names) if name.startswith(OWN)]:
            given += f'{", " if given else ""}"extra" = {_own_before(model, own)}'
        within, params = among("c.id", sources)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {_quoted(model)} SET {given} FROM {records(model)} "
                f"WHERE {_quoted(model)}.id = c.row AND {within}",
                params,
            )


def _own_before(model: Model, names: Iterable[str]) -> str:
    """SQL for a row's ``extra`` in which the columns ``names`` are as before the change ``c``: held, or not there."""
    made = f'{_quoted(model)}."extra"'
    for name in names:
        if connection.vendor == "sqlite":  # a null in a patch takes the key away
            made = f"json_patch({made}, json_object('{name}', json(c.before -> '$.extra.{name}')))"
        else:
            held = f"c.before -> 'extra' -> '{name}'"
            made = f"({made} - '{name}') || jsonb_strip_nulls(jsonb_build_object('{name}', {held}))"
    return made


def _bring_back(model: Model, deletions: Sequence[int]) -> None:
    """Insert rows from the images of their deletions, under their ids."""
    if deletions:
        names = ", ".join(f'"{one.column}"' for one in model._meta.concrete_fields)
        before, params = rows_before(model)
        within, ids = among("c.id", deletions)
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {_quoted(model)} ({names}) {before} WHERE {within}", [*params, *ids])


def _quoted(model: Model) -> str:
    return connection.ops.quote_name(model._meta.db_table)
