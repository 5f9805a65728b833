"""The verbs of investment promotion: gaps become leads, leads go forward or are withdrawn, money comes, leads become projects."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from lianpu.enterprises.identity import name_key
from lianpu.places.queries import place_paths
from lianpu.promotion.deriving import DATES, label_of, origin_of, out_of_order, stage_of
from lianpu.promotion.identity import fresh_code, lead_key
from lianpu.promotion.models import COUNTED, FundsArrival, Lead, Origin, Stage
from lianpu.promotion.queries import answers, leads_with
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.services import save_row


def lead_from_finding(*, user: Any, finding: Any, unit: str = "", on: dt.date | None = None) -> tuple[Lead, bool]:
    """A lead for a finding's gap, and whether it is new: one that answers the gap and is not withdrawn stays the one."""
    rights.demand(user, registry["findings"], rights.VIEW, finding)
    rights.demand(user, registry["leads"], rights.ADD)
    held = Lead.objects.filter(answers(finding), withdrawn_on__isnull=True).order_by("pk").first()
    if held is not None:
        return held, False
    kind = Lead.GapKind(finding.kind)
    name = f"{kind.label}：{finding.segment.name}（{finding.place.name}）"
    taken = Lead.objects.filter(answers(finding)).count()  # earlier ones, all withdrawn
    facts = {
        "chain_id": finding.chain_id,
        "segment_id": finding.segment_id,
        "gap_place_id": finding.place_id,
        "gap_kind": kind,
        "place_id": finding.place_id,
        "content": finding.sentence,
        "unit": unit,
        "found_on": on or timezone.localdate(),
    }
    return _opened(user, name, taken, facts, reason=f"由诊断结论{finding.pk}列为招商线索"), True


def lead_from_target(
    *,
    user: Any,
    segment: Any,
    place: Any,
    counterpart: str,
    counterpart_uscc: str = "",
    province: str = "",
    finding: Any = None,
    content: str = "",
    is_sample: bool = False,
    unit: str = "",
    on: dt.date | None = None,
) -> tuple[Lead, bool]:
    """A lead for winning a firm elsewhere for a segment of a place, and whether it is new: one for the same firm, segment
    and place that is not withdrawn stays the one.

    ``province``: where the firm is, which tells the origin of its money; ``finding``: the gap it would fill, if any.
    """
    rights.demand(user, registry["segments"], rights.VIEW, segment)
    rights.demand(user, registry["leads"], rights.ADD)
    if finding is not None:
        rights.demand(user, registry["findings"], rights.VIEW, finding)
    earlier = leads_with(segment, place).get(name_key(counterpart), [])
    if held := [lead for lead in earlier if not lead.withdrawn_on]:
        return held[0], False
    facts = {
        "counterpart": counterpart,
        "counterpart_uscc": counterpart_uscc,
        "origin_place": province,
        "origin": origin_of(province, place_paths()) if province else "",
        "chain_id": segment.chain_id,
        "segment": segment,
        "gap_place_id": finding.place_id if finding else None,
        "gap_kind": finding.kind if finding else "",
        "place": place,
        "content": content,
        "is_sample": is_sample,
        "unit": unit,
        "found_on": on or timezone.localdate(),
    }
    name = f"{counterpart}：{segment.name}（{place.name}）"
    return _opened(user, name, len(earlier), facts, reason="由招商目标转为招商线索"), True


def _opened(user: Any, name: str, taken: int, facts: Mapping[str, Any], *, reason: str) -> Lead:
    """A new lead; where ``taken`` earlier ones of this name were withdrawn, it says the how manieth it is."""
    again = f"{name}第{taken + 1}次" if taken else name
    with acting(user, reason=reason):
        code = fresh_code(again, facts.get("counterpart", ""))
        made = Lead.objects.create(code=code, name=again, name_key=lead_key(again), **facts)
        rights.demand(user, registry["leads"], rights.ADD, made)
    return made


def leads_from_findings(
    *, user: Any, findings: Iterable[Any], unit: str = "", on: dt.date | None = None
) -> tuple[list[Lead], int]:
    """Leads for many findings in one act, and how many of them are new."""
    with acting(user, reason="由诊断结论列为招商线索"):
        made = [lead_from_finding(user=user, finding=one, unit=unit, on=on) for one in findings]
    return [lead for lead, _ in made], sum(new for _, new in made)


def advance(
    *,
    user: Any,
    lead: Lead,
    stage: str,
    on: dt.date,
    signed_10k_cny: Decimal | None = None,
    reason: str = "",
) -> Lead:
    """Date a stage of a lead, which only goes forward; signing brings the signed amount.

    Raises ``ValidationError`` where the lead is withdrawn, the stage is dated already, or the day is before that of an
    earlier stage or still to come.
    """
    register = registry["leads"]
    rights.demand(user, register, rights.CHANGE, lead)
    with acting(user, reason=reason or f"推进到{Stage(stage).label}"):
        held = Lead.objects.select_for_update().get(pk=lead.pk)
        name = DATES[Stage(stage)]
        if held.withdrawn_on:
            raise ValidationError("该项目已撤回；恢复后才能推进。")
        if getattr(held, name):
            raise ValidationError(f"{label_of(name)}已登记为{getattr(held, name)}；登记有误请在编辑页更正。")
        dates = {one: getattr(held, one) for one in (*DATES.values(), "land_on", "withdrawn_on")} | {name: on}
        if wrong := out_of_order(dates, timezone.localdate()):
            raise ValidationError([f"{label_of(column)}{why}；{remedy}" for column, why, remedy in wrong])
        if _before(held.stage, stage) is False and Stage(stage) != Stage.ARRIVED:
            raise ValidationError(f"项目已到{held.get_stage_display()}，不能再退到{Stage(stage).label}。")
        setattr(held, name, on)
        if signed_10k_cny is not None:
            if signed_10k_cny < 0:
                raise ValidationError("签约额不能为负。")
            held.signed_10k_cny = signed_10k_cny
        held.stage = stage_of(dates)
        held.save()
    return held


def _before(now: str, then: str) -> bool:
    order = list(Stage)
    return order.index(Stage(now)) < order.index(Stage(then))


def withdraw(*, user: Any, lead: Lead, why: str, on: dt.date | None = None) -> Lead:
    """Give a lead up at the stage where it stands, with the reason."""
    rights.demand(user, registry["leads"], rights.CHANGE, lead)
    if not why.strip():
        raise ValidationError("请说明撤回原因。")
    with acting(user, reason=why.strip()):
        held = Lead.objects.select_for_update().get(pk=lead.pk)
        if held.withdrawn_on:
            raise ValidationError(f"该项目已于{held.withdrawn_on}撤回。")
        held.withdrawn_on, held.withdrawn_why = on or timezone.localdate(), why.strip()[:200]
        held.save(update_fields=["withdrawn_on", "withdrawn_why"])
    return held


def resume(*, user: Any, lead: Lead, reason: str) -> Lead:
    """Take a withdrawal back: the lead stands where it stood."""
    rights.demand(user, registry["leads"], rights.CHANGE, lead)
    if not reason.strip():
        raise ValidationError("请说明恢复原因。")
    with acting(user, reason=reason.strip()):
        held = Lead.objects.select_for_update().get(pk=lead.pk)
        held.withdrawn_on, held.withdrawn_why = None, ""
        held.save(update_fields=["withdrawn_on", "withdrawn_why"])
    return held


def record_funds(
    *, user: Any, lead: Lead, month: str, origin: str, amount_10k_cny: Decimal, note: str = "", reason: str = ""
) -> FundsArrival:
    """Record the money of one origin that came in a month; a second time corrects the first.

    The first money that counts (from other provinces or abroad) dates the lead's stage 到位.
    """
    rights.demand(user, registry["leads"], rights.VIEW, lead)
    register = registry["funds-arrivals"]
    before = FundsArrival.objects.filter(lead=lead, month=month, origin=origin).first()
    cells = {"lead": lead.code, "month": month, "origin": Origin(origin).label, "amount_10k_cny": amount_10k_cny}
    with acting(user, reason=reason or f"{month}到位资金"):
        made = save_row(
            register=register, user=user, values=cells | {"note": note}, row=before, reason=reason or f"{month}到位资金"
        )
        assert isinstance(made, FundsArrival)
        held = Lead.objects.select_for_update().get(pk=lead.pk)
        if held.arrived_on is None and origin in COUNTED and amount_10k_cny > 0 and held.signed_on:
            held.arrived_on = max(dt.date.fromisoformat(f"{made.month}-01"), held.signed_on)
            held.stage = stage_of({name: getattr(held, name) for name in DATES.values()})
            held.save(update_fields=["arrived_on", "stage"])
    return made


def become_project(*, user: Any, lead: Lead, stage: str = "", reason: str = "") -> Any:
    """A signed lead becomes a project of the ledger, with its facts; lead and project name each other from then on.

    The project starts at 前期, or at 开工 where works have begun. What the lead answers on a chain map the project
    answers too. Raises ``ValidationError`` where the lead is unsigned, withdrawn, or a project already.
    """
    rights.demand(user, registry["leads"], rights.CHANGE, lead)
    why = reason or f"招商项目{lead.code}签约落地"
    with acting(user, reason=why):
        held = Lead.objects.select_for_update().get(pk=lead.pk)
        if held.project_id is not None:
            raise ValidationError("该招商项目已转为台账项目。")
        if held.withdrawn_on or not held.signed_on:
            raise ValidationError("签约之后、未撤回的招商项目才能转为台账项目。")
        cells: dict[str, object] = {
            "name": held.name,
            "owner_name": held.counterpart,
            "owner_uscc": held.counterpart_uscc,
            "place": held.place.code if held.place else "",
            "zone": held.zone.code if held.zone else "",
            "chain": held.chain.code if held.chain else "",
            "segment": held.segment.code if held.segment else "",
            "field": held.field,
            "scope": held.content,
            "total_10k_cny": held.signed_10k_cny,
            "stage": stage or ("开工" if held.started_on else "前期"),
            "actual_start": held.started_on,
            "production_on": held.producing_on,
            "duty_unit": held.unit,
            "duty_person": held.person,
            "duty_phone": held.phone,
            "is_sample": "是" if held.is_sample else "",
        }
        cells = {name: cell for name, cell in cells.items() if cell not in (None, "")}
        made: Any = save_row(register=registry["projects"], user=user, values=cells, reason=why)
        held.project = made
        held.save(update_fields=["project"])
        if (
            held.gap_kind
            and held.segment
            and held.gap_place
            and rights.may(user, registry["project-answers"], rights.ADD)
        ):
            said = {
                "project": made.code,
                "segment": held.segment.code,
                "place": held.gap_place.code,
                "kind": held.get_gap_kind_display(),
            }
            save_row(register=registry["project-answers"], user=user, values=said, reason=why)
    lead.project = made
    return made
