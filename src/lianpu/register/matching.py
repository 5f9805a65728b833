"""Recognising the rows that cells refer to: exactly, as people decided before, else by likeness.

A text that is neither matched nor decided is looked up among its likes: the one that stands out is taken as a correction
that the sender sees and may reject; what is unsure becomes a question. A person answers it once ("this one", "none of
them"), and the answer holds for every later file: sending the same file again asks nothing.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

from lianpu.register import rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.faults import BadValueError
from lianpu.register.history import acting
from lianpu.register.kinds import Reference, plain
from lianpu.register.models import MatchDecision

if TYPE_CHECKING:
    from lianpu.register.importing import PlannedRow

BATCH = 2000
CLEAR = 0.03  # by this the best proposal must stand out to be taken without asking
SHOWN = 5  # proposals a question shows
LIKENED = 300_000  # rows of a register that a form looks through for what is like a text
LONGEST = 200  # of a text that can be decided on
BY_LIKENESS = "按名称相似认定"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A row that a text may mean: its id and name, how likely (0..1), and what differs, in words."""

    id: int
    label: str
    score: float
    why: str = ""


@dataclass(frozen=True)
class Question:
    """A text of a reference column that a person must decide on, the lines that hold it, and what it may mean."""

    column: BoundColumn
    text: str
    lines: Sequence[int]
    proposals: Sequence[Proposal]


def text_key(text: str) -> str:
    """A text reduced for recognising it again: half width, capitals, no blanks."""
    return re.sub(r"\s+", "", plain(text)).upper()


def target_of(column: BoundColumn) -> Register | None:
    """The register that a reference column points into."""
    related = column.field.related_model if isinstance(column.field, models.ForeignKey) else None
    return registry.by_model.get(related._meta.label_lower) if related is not None else None


# -- recognising -------------------------------------------------------------------------------
def recognise(register: Register, column: BoundColumn, texts: Iterable[str]) -> dict[str, int | None]:
    """Rows that the texts mean exactly or as decided before; None = decided that there is none, absent = unknown."""
    found: dict[str, int | None] = {}
    wanted = sorted(set(texts))
    if column.column.match is not None:
        for start in range(0, len(wanted), BATCH):
            found.update(column.column.match(wanted[start : start + BATCH]))
    return decided(register, column, [text for text in wanted if text not in found]) | found


def decided(register: Register, column: BoundColumn, texts: Sequence[str]) -> dict[str, int | None]:
    """What people decided on texts: in this column, else undisputed in any column that points into the same register.

    A decision for a row that is gone no longer counts.
    """
    target = target_of(column)
    if target is None or not texts:
        return {}
    by_key: dict[str, list[str]] = {}
    for text in texts:
        by_key.setdefault(text_key(text), []).append(text)
    here: dict[str, int | None] = {}
    elsewhere: dict[str, set[int]] = {}
    keys = list(by_key)
    for start in range(0, len(keys), BATCH):
        rows = MatchDecision.objects.filter(target_register=target.slug, text_key__in=keys[start : start + BATCH])
        for slug, name, key, pk in rows.values_list("register", "column", "text_key", "target"):
            if (slug, name) == (register.slug, column.name):
                here[key] = pk
            elif pk is not None:
                elsewhere.setdefault(key, set()).add(pk)
    agreed: dict[str, int | None] = {key: next(iter(pks)) for key, pks in elsewhere.items() if len(pks) == 1}
    answers = agreed | here
    there = _existing(target, {pk for pk in answers.values() if pk is not None})
    return {text: pk for key, pk in answers.items() if pk is None or pk in there for text in by_key[key]}


def confirmed(target: str) -> list[tuple[str, int]]:
    """Texts that people said to mean a row of the register with the slug ``target``, with the row's id."""
    rows = MatchDecision.objects.filter(target_register=target, target__isnull=False)
    return [(text, pk) for text, pk in rows.values_list("text", "target") if pk is not None]


def _existing(target: Register, pks: Iterable[int]) -> set[int]:
    return set(target.model._default_manager.filter(pk__in=list(pks)).values_list("pk", flat=True))


def propose(column: BoundColumn, texts: Iterable[str], user: Any) -> dict[str, Sequence[Proposal]]:
    """What texts may mean, best first. Rows that ``user`` may not see are left out, and so is whatever they outdo."""
    wanted, target = sorted(text for text in set(texts) if len(text_key(text)) <= LONGEST), target_of(column)
    if column.column.propose is None or target is None or not wanted:
        return {}
    found = column.column.propose(wanted)
    pks = {one.id for proposals in found.values() for one in proposals}
    seen = set(
        rights.restrict(target.model._default_manager.filter(pk__in=pks), target, user).values_list("pk", flat=True)
    )
    kept: dict[str, Sequence[Proposal]] = {}
    for text, proposals in found.items():
        visible = [one for one in proposals if one.id in seen]
        if visible and visible[0] is not proposals[0]:  # a better one is hidden: nothing may be taken for granted
            visible = [
                Proposal(one.id, one.label, min(one.score, column.column.automatic - CLEAR), one.why) for one in visible
            ]
        if visible:
            kept[text] = visible
    return kept


def stands_out(column: BoundColumn, proposals: Sequence[Proposal]) -> bool:
    """Whether the best proposal is sure enough to be taken without asking."""
    rival = proposals[1].score if len(proposals) > 1 else 0.0
    return proposals[0].score >= column.column.automatic and proposals[0].score - rival >= CLEAR


def resolve(
    register: Register, columns: Iterable[BoundColumn | None], rows: Sequence["PlannedRow"], user: Any
) -> list[Question]:
    """Turn the texts of reference columns into ids, set-wise; what stays open is a fault, and a question where rows are like it."""
    questions: list[Question] = []
    for column in columns:
        if column is not None and isinstance(column.kind, Reference):
            questions += _resolve(register, column, rows, user)
    return questions


def _resolve(register: Register, column: BoundColumn, rows: Sequence["PlannedRow"], user: Any) -> list[Question]:
    bearers: dict[str, list[PlannedRow]] = {}
    for row in rows:
        if (text := row.values.get(column.name)) is not None:
            bearers.setdefault(text, []).append(row)
    known = recognise(register, column, bearers)
    proposed = propose(column, [text for text in bearers if text not in known], user)
    questions = []
    for text, its_rows in bearers.items():
        answer, proposals = known.get(text), proposed.get(text, ())
        if answer is None and proposals and stands_out(column, proposals):
            best = proposals[0]
            wanted = [row.correct(column.name, text, best.label, BY_LIKENESS) for row in its_rows]
            answer = best.id if all(wanted) else None
        if answer is not None:
            for row in its_rows:
                row.values[column.name] = answer
            continue
        reason, remedy = _unknown(column, text in known, proposals)
        for row in its_rows:
            row.fault(column.label, text, reason, remedy)
        if proposals:
            questions.append(Question(column, text, [row.line for row in its_rows], proposals[:SHOWN]))
    return questions


def _unknown(column: BoundColumn, nobody: bool, proposals: Sequence[Proposal]) -> tuple[str, str]:
    if nobody:
        return f"已认定登记簿中没有这个{column.label}", "若确为新增，请先登记；认定有误的，请撤销该认定"
    if proposals:
        return f"找不到完全相同的{column.label}，有相近的", f"请认定：{_listed(proposals)}，或都不是"
    return f"找不到这个{column.label}", "请填写其代码或全称；若确为新增，请先登记"


def _listed(proposals: Sequence[Proposal]) -> str:
    return "、".join(f"{one.label}（{one.score:.0%}）" for one in proposals[:SHOWN])


def find_one(register: Register, column: BoundColumn, text: str, user: Any) -> int:
    """The row that one typed text means, exactly or as decided before; ``BadValueError`` where there is none, with the rows
    that ``user`` may see and that are like it, as an import would ask about them."""
    known, target = recognise(register, column, [text]), target_of(column)
    answer = known.get(text)
    if answer is not None:
        return answer
    is_open = text not in known and target is not None and is_looked_through(target)
    proposals = propose(column, [text], user).get(text, ()) if is_open else ()
    if proposals:
        raise BadValueError(f"找不到完全相同的{column.label}，有相近的", f"请核对后填写其一：{_listed(proposals)}")
    raise BadValueError(f"找不到这个{column.label}", "请填写其代码或全称")


def is_looked_through(register: Register) -> bool:
    """Whether a form looks through the register for what is like a text: a large one would take seconds."""
    return register.model._default_manager.order_by()[: LIKENED + 1].count() <= LIKENED


# -- decisions ---------------------------------------------------------------------------------
def decide(
    *,
    user: Any,
    register: Register,
    column: str,
    text: str,
    target: int | None,
    reason: str = "",
    source: str = "screen",
) -> MatchDecision:
    """Remember that ``text`` in ``column`` means the row with the id ``target``, or (None) no row at all.

    Raises ``PermissionDenied`` unless ``user`` may import into ``register`` and see the row, ``ValidationError`` where
    the column refers to nothing or the text cannot be recognised again.
    """
    rights.demand(user, register, rights.IMPORT)
    bound = register.by_name.get(column)
    points_into = target_of(bound) if bound is not None and bound.column.match is not None else None
    key = text_key(text)
    if points_into is None:
        raise ValidationError(f"“{register.title}”没有可认定的列“{column}”。")
    if not 0 < len(key) <= LONGEST or len(text) > LONGEST:
        raise ValidationError(f"文字为空或超过{LONGEST}字，无法记住。")
    if target is not None:
        row = points_into.model._default_manager.filter(pk=target).first()
        if row is None:
            raise ValidationError(f"“{points_into.title}”中已没有第{target}号。")
        rights.demand(user, points_into, rights.VIEW, row)
    said = {
        "text": plain(text),
        "target_register": points_into.slug,
        "target": target,
        "by": user.get_username(),
        "reason": reason,
    }
    with acting(user, reason=reason or f"认定“{text}”", source=source):
        decision, _ = MatchDecision.objects.update_or_create(
            register=register.slug, column=column, text_key=key, defaults=said
        )
    return decision


def forget(*, user: Any, decision: MatchDecision, reason: str = "", source: str = "screen") -> None:
    """Take a decision back: the text is asked about again. Raises ``PermissionDenied`` as :func:`decide`."""
    rights.demand(user, registry[decision.register], rights.IMPORT)
    with acting(user, reason=reason or f"撤销认定“{decision.text}”", source=source):
        decision.delete()


# -- look-alikes -------------------------------------------------------------------------------
def flag_look_alikes(register: Register, rows: Sequence["PlannedRow"], user: Any) -> int:
    """Note on new rows which stored row they may be once more; returns on how many."""
    found = register.look_alikes(rows)
    pks = {one.id for one in found.values()}
    mine = rights.restrict(register.model._default_manager.filter(pk__in=pks), register, user)
    seen = set(mine.values_list("pk", flat=True))
    flagged = 0
    for row in rows:
        alike: Proposal | None = found.get(row.line)
        if alike is not None and alike.id in seen:
            row.add_note(f"疑似重复：与已有的“{alike.label}”（第{alike.id}号）{alike.why}，请核对")
            flagged += 1
    return flagged
