"""What people say of where firms stand: confirmed, rejected, on another segment, on none of ours; and taken back.

A decision is for good: re-placing leaves it alone (:mod:`lianpu.chains.services.placing`). Each verb is one act of the
change record, so that taking it back is undoing that act. The diagnoses that count the firm follow in a job, which
nobody waits for.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lianpu.chains.models import OutsideFirm, Placement, Role, Segment
from lianpu.chains.services.diagnosing import renew_later
from lianpu.chains.services.placing import suggestion_for
from lianpu.enterprises.models import Enterprise
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting, changes_of
from lianpu.register.language import declared
from lianpu.register.models import Change
from lianpu.register.services import ConflictError, versions_of
from lianpu.register.undo import reasons, revert

SOURCE = "review"
Decision = Placement.Decision


def decide(
    *,
    user: Any,
    placement: Placement,
    state: str,
    role: str = "",
    reason: str = "",
    source: str = "screen",
    expected_version: int | None = None,
) -> int:
    """Confirm (in ``role``, where it is another than the model's), reject or reopen a placement; the number of the act.

    Raises ``ConflictError`` where the row has changed since ``expected_version`` (see ``register.services``).
    """
    rights.demand(user, registry["placements"], rights.CHANGE, placement)
    state = Decision(state)
    with acting(user, reason=reason or f"挂链{declared(state.label)}", source=source) as act:
        if expected_version is not None:
            _as_seen(user, {placement.pk: expected_version})
        placement.refresh_from_db()
        if state == Decision.SUGGESTED:
            _reopen(placement)
        else:
            _settle(placement, state, user)
        if role and state == Decision.CONFIRMED:
            placement.role = Role(role)
        placement.save()
        if state == Decision.CONFIRMED:
            OutsideFirm.objects.filter(enterprise=placement.enterprise).delete()
        renew_later([placement.enterprise_id])
    return act


def _settle(placement: Placement, state: str, user: Any) -> None:
    if placement.state == Decision.SUGGESTED:
        placement.model_confidence = placement.confidence
    # A confirmed firm is certain, so that the lists' own filter finds just the firms that a diagnosis counts.
    placement.confidence = 1.0 if state == Decision.CONFIRMED else placement.model_confidence or 0.0
    placement.state, placement.decided_by, placement.decided_at = state, user.get_username(), timezone.now()


def _reopen(placement: Placement) -> None:
    """As sure, and in the role, that the model says now; 0 where it would not propose the segment."""
    said = suggestion_for(placement)
    placement.confidence = said.confidence if said else 0.0
    placement.role = said.role if said else placement.role
    placement.model_confidence = placement.decided_at = None
    placement.state, placement.decided_by = Decision.SUGGESTED, ""


def choose(
    *,
    user: Any,
    enterprise: Enterprise,
    segment: Segment,
    role: str = "",
    instead_of: Placement | None = None,
    expected_version: int | None = None,
    source: str = SOURCE,
) -> int:
    """Put a firm on a leaf segment by a person's word, whether the model proposed it or not; the number of the act.

    ``instead_of`` is rejected in the same act. Raises ``ConflictError`` like :func:`decide`.
    """
    if not segment.is_leaf:
        raise ValidationError(_("企业挂在末级环节上，“%s”是分组。") % segment)
    if instead_of is not None and instead_of.segment_id == segment.pk:
        instead_of = None
    with acting(user, reason=f"改挂到{segment}", source=source) as act:
        if instead_of is not None:
            decide(
                user=user, placement=instead_of, state=Decision.REJECTED, source=source, expected_version=expected_version
            )  # fmt: skip
        held = Placement.objects.filter(enterprise=enterprise, segment=segment).first()
        if held is not None:
            decide(user=user, placement=held, state=Decision.CONFIRMED, role=role, source=source)
        else:
            made = Placement(enterprise=enterprise, segment=segment, role=Role(role or segment.filled_by), rank=0)
            _settle(made, Decision.CONFIRMED, user)
            made.model_confidence = None  # the model never proposed it
            made.save()
            rights.demand(user, registry["placements"], rights.CHANGE, made)
            OutsideFirm.objects.filter(enterprise=enterprise).delete()
            renew_later([enterprise.pk])
    return act


def put_outside(
    *, user: Any, enterprise: Enterprise, seen: Mapping[int, int] | None = None, reason: str = "", source: str = SOURCE
) -> int:
    """Say that a firm is on none of our segments: what the model proposes is rejected, and nothing is proposed again.

    ``seen`` holds the firm's placements with their versions as the person saw them. Raises ``ConflictError`` where they
    are others by now, and ``ValidationError`` where a placement is confirmed, which must be rejected first.
    """
    register = registry["placements"]
    with acting(user, reason=reason or "核定为链外企业", source=source) as act:
        held = Placement.objects.filter(enterprise=enterprise)
        if seen is not None:
            ids = set(rights.restrict(held, register, user).values_list("pk", flat=True))
            if ids != set(seen):
                raise ConflictError(0, [])
            _as_seen(user, seen)
        if held.filter(state=Decision.CONFIRMED).exists():
            raise ValidationError(_("这家企业有已确认的环节。请先否定它，再核定为链外企业。"))
        proposed = held.filter(state=Decision.SUGGESTED)
        if proposed.count() != rights.restrict(proposed, register, user, rights.CHANGE).count():
            raise PermissionDenied(_("这家企业有的环节不在您的范围内，不能核定为链外企业。"))
        said = {"decided_by": user.get_username(), "decided_at": timezone.now()}
        proposed.update(state=Decision.REJECTED, model_confidence=models.F("confidence"), **said)
        row, _made = OutsideFirm.objects.update_or_create(enterprise=enterprise, defaults=said | {"why": reason[:200]})
        rights.demand(user, registry["outside-firms"], rights.CHANGE, row)
        renew_later([enterprise.pk])
    return act


def take_back(*, user: Any, act: int) -> list[Enterprise]:
    """Undo a decision of one's own, by the number of its act; the firms it was on.

    Raises ``PermissionDenied`` where the act is somebody else's or no decision, ``ValidationError`` where something has
    been changed since.
    """
    rights.demand(user, registry["placements"], rights.CHANGE)
    changes = Change.objects.filter(act=act, user=user.get_username(), source=SOURCE)
    if not changes.exists():
        raise PermissionDenied(_("只能撤回自己的核定。"))
    images = [change.after or change.before or {} for change in changes]
    ids = [image["enterprise_id"] for image in images if "enterprise_id" in image]
    firms = list(Enterprise.objects.filter(pk__in=ids))
    with transaction.atomic():
        undone = revert(changes, user=user, reason="撤回核定", trusted=True)
        if undone.kept:
            raise ValidationError(_("此后已有别的改动，没有撤回：%s") % "；".join(reasons(undone)))
        renew_later(firm.pk for firm in firms)
    return firms


def _as_seen(user: Any, seen: Mapping[int, int]) -> None:
    """Hold the placements until the transaction ends, and see that nobody has changed them since."""
    register = registry["placements"]
    list(Placement.objects.select_for_update().filter(pk__in=seen).order_by("pk").values_list("pk"))
    now = versions_of(register, list(seen))
    for pk, version in seen.items():
        if now[pk] != version:
            since = changes_of(register, pk, rights.visible(user, register.bound))
            raise ConflictError(now[pk], [one for one in since if one[0].pk > version])


def place_by_hand(*, user: Any, enterprise: int, segment: int, said: str, reason: str = "") -> bool:
    """Put a firm (id) on a segment (id) for sure, because of something outside its business scope that ``said`` names,
    such as a project that produces. What a person decided stays; returns whether anything was written."""
    rights.demand(user, registry["placements"], rights.CHANGE)
    firm = Enterprise.objects.select_related("place", "zone").get(pk=enterprise)
    held = Placement.objects.filter(enterprise=firm, segment=segment).first()
    if held is not None and held.state != Decision.SUGGESTED:
        return False
    role = Segment.objects.values_list("filled_by", flat=True).get(pk=segment)
    placed = held or Placement(enterprise=firm, segment_id=segment, confidence=0.0)
    placed.role = role
    span = {"source": "project", "start": 0, "end": len(said), "text": said, "activity": role}
    placed.evidence = [*placed.evidence, span]
    with acting(user, reason=reason or "人工挂链", source="placement"):
        _settle(placed, Decision.CONFIRMED, user)
        placed.model_confidence = placed.model_confidence if held is not None else None
        placed.save()
        OutsideFirm.objects.filter(enterprise=firm).delete()
        renew_later([firm.pk])
    return True
