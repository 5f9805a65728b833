"""From a finding to a lead, through the funnel, to a project of the ledger."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from lianpu.promotion import services
from lianpu.promotion.models import Lead, Stage
from lianpu.promotion.queries import pursued_findings
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant

pytestmark = pytest.mark.django_db
DAY = dt.date(2024, 3, 5)


@pytest.fixture
def finding(gazetteer: Mapping[str, Any], two_chains: Mapping[str, Any]) -> Any:
    """The city lacks 氧化铝."""
    from lianpu.chains.models import DiagnosisRun, Finding

    run = DiagnosisRun.objects.create(place=gazetteer["620100"], by="某")
    segment = two_chains["LV-1101"]
    return Finding.objects.create(
        run=run, chain=segment.chain, segment=segment, place=run.place, kind="fill", state="missing", rank=1, score=0.5,
        explanation="补链：无企业生产氧化铝。", evidence={},
    )  # fmt: skip


def test_a_gap_becomes_a_lead_once(finding: Any) -> None:
    lead, new = services.lead_from_finding(user=SYSTEM, finding=finding, unit="市商务局", on=DAY)
    assert new
    assert (lead.segment.code, lead.gap_place.name, lead.gap_kind) == ("LV-1101", "兰州市", "fill")
    assert (lead.name, lead.content, lead.found_on) == ("补链：氧化铝（兰州市）", "无企业生产氧化铝。", DAY)
    assert pursued_findings([finding]) == {finding.pk}
    again, new = services.leads_from_findings(user=SYSTEM, findings=[finding, finding])
    assert (again, new) == ([lead, lead], 0)


def test_a_lead_outlives_the_diagnosis_that_first_said_so(finding: Any) -> None:
    lead, _ = services.lead_from_finding(user=SYSTEM, finding=finding)
    finding.run.delete()
    newer = type(finding)(segment=lead.segment, chain=lead.chain, place=lead.gap_place, kind="fill", pk=99)
    assert pursued_findings([newer]) == {99}


def test_a_target_brings_counterpart_and_origin_and_is_one_lead_however_its_name_is_written(finding: Any) -> None:
    asked = {"user": SYSTEM, "segment": finding.segment, "place": finding.place, "finding": finding}
    lead, new = services.lead_from_target(
        **asked, counterpart="某某铝业有限公司", counterpart_uscc="91310000000000001X", province="上海市", on=DAY
    )
    assert new
    assert (lead.counterpart, lead.counterpart_uscc, lead.origin, lead.origin_place) == (
        "某某铝业有限公司", "91310000000000001X", "provinces", "上海市",
    )  # fmt: skip
    assert (lead.chain.code, lead.gap_kind, lead.gap_place, lead.found_on) == ("LV", "fill", finding.place, DAY)
    assert services.lead_from_target(**asked, counterpart="某某铝业有限责任公司") == (lead, False)
    other, new = services.lead_from_target(**asked, counterpart="另一铝业有限公司", province="无此地")
    assert (new, other.origin) == (True, "")


def test_a_gap_given_up_may_be_taken_up_again(finding: Any) -> None:
    first, _ = services.lead_from_finding(user=SYSTEM, finding=finding, on=DAY)
    services.withdraw(user=SYSTEM, lead=first, why="对方改投他处", on=DAY)
    assert pursued_findings([finding]) == set()
    second, new = services.lead_from_finding(user=SYSTEM, finding=finding, on=DAY)
    assert new
    assert second.code != first.code


def test_stages_only_go_forward(leads: Mapping[str, Lead]) -> None:
    lead = leads["L1"]
    lead = services.advance(user=SYSTEM, lead=lead, stage="talk", on=dt.date(2024, 2, 1))
    lead = services.advance(user=SYSTEM, lead=lead, stage="signed", on=DAY, signed_10k_cny=Decimal(500))
    assert (lead.stage, lead.signed_10k_cny) == (Stage.SIGNED, 500)
    assert Change.objects.latest("pk").reason == "推进到签约"
    for stage, on, why in (
        ("talk", DAY, "已登记"),
        ("intent", dt.date(2024, 2, 10), "不能再退"),
        ("registered", dt.date(2024, 3, 4), "早于签约时间"),
        ("started", dt.date(2999, 1, 1), "晚于今天"),
    ):
        with pytest.raises(ValidationError, match=why):
            services.advance(user=SYSTEM, lead=lead, stage=stage, on=on)
    lead = services.withdraw(user=SYSTEM, lead=lead, why="合同解除")
    with pytest.raises(ValidationError, match="已撤回"):
        services.advance(user=SYSTEM, lead=lead, stage="registered", on=DAY)
    lead = services.resume(user=SYSTEM, lead=lead, reason="恢复谈判")
    assert services.advance(user=SYSTEM, lead=lead, stage="registered", on=DAY).stage == Stage.REGISTERED


def test_a_withdrawal_says_why(leads: Mapping[str, Lead]) -> None:
    with pytest.raises(ValidationError, match="原因"):
        services.withdraw(user=SYSTEM, lead=leads["L1"], why=" ")


def test_the_first_money_from_outside_dates_the_arrival(leads: Mapping[str, Lead]) -> None:
    lead = services.advance(user=SYSTEM, lead=leads["L1"], stage="signed", on=DAY, signed_10k_cny=Decimal(500))
    money = {"user": SYSTEM, "lead": lead}
    services.record_funds(**money, month="2024-03", origin="local", amount_10k_cny=Decimal(9))
    lead.refresh_from_db()
    assert lead.arrived_on is None, "money of the province does not count"
    services.record_funds(**money, month="2024-03", origin="abroad", amount_10k_cny=Decimal(30))
    services.record_funds(**money, month="2024-03", origin="abroad", amount_10k_cny=Decimal(31))
    lead.refresh_from_db()
    assert (lead.arrived_on, lead.stage) == (DAY, Stage.ARRIVED), "not before the day of the signing"
    assert [(one.origin, one.amount_10k_cny) for one in lead.funds.order_by("pk")] == [("local", 9), ("abroad", 31)]


def test_a_signed_lead_becomes_a_project_with_its_facts(
    leads: Mapping[str, Lead], gazetteer: Mapping[str, Any]
) -> None:
    lead = leads["L2"]
    with pytest.raises(ValidationError, match="签约之后"):
        services.become_project(user=SYSTEM, lead=lead)
    Lead.objects.filter(pk=lead.pk).update(
        gap_place=gazetteer["620100"], gap_kind="extend", content="年产十万吨", started_on=dt.date(2024, 6, 1)
    )
    services.advance(user=SYSTEM, lead=lead, stage="signed", on=DAY, signed_10k_cny=Decimal("12000.5"))
    project = services.become_project(user=SYSTEM, lead=lead)
    assert (project.name, project.owner_name, project.scope) == (lead.name, lead.counterpart, "年产十万吨")
    assert (project.place, project.segment, project.total_10k_cny) == (lead.place, lead.segment, Decimal("12000.5"))
    assert (project.stage, project.actual_start) == ("started", dt.date(2024, 6, 1))
    assert [(one.segment, one.place.code, one.kind) for one in project.answers.all()] == [
        (lead.segment, "620100", "extend")
    ]
    assert list(project.leads.all()) == [lead]
    with pytest.raises(ValidationError, match="已转为"):
        services.become_project(user=SYSTEM, lead=lead)


def test_who_may_only_look_moves_nothing(leads: Mapping[str, Lead], finding: Any) -> None:
    reader = grant("reader", {"*": ["view"]})
    lead = leads["L1"]
    for verb in (
        lambda: services.lead_from_finding(user=reader, finding=finding),
        lambda: services.advance(user=reader, lead=lead, stage="talk", on=DAY),
        lambda: services.withdraw(user=reader, lead=lead, why="不成"),
        lambda: services.record_funds(
            user=reader, lead=lead, month="2024-03", origin="abroad", amount_10k_cny=Decimal(1)
        ),
        lambda: services.become_project(user=reader, lead=lead),
    ):
        with pytest.raises(PermissionDenied):
            verb()
