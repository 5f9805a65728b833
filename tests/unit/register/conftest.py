"""The city of the matrix of rights: rows of every register, and people with every duty."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from lianpu.demo.services import load_roles
from lianpu.register.models import Account, AccountEvent, Grant, Role
from lianpu.register.rights import SYSTEM
from rights_rule import PEOPLE, World


@pytest.fixture(scope="module")
def whole_world(small_city: Any) -> World:
    """Eight firms in five districts and one zone, with names, figures and placements on two chains; the rest beside."""
    from lianpu.chains.models import (
        Chain,
        DiagnosisRun,
        Finding,
        OutsideFirm,
        Placement,
        PlacementModel,
        Product,
        Reference,
        SegmentFlow,
        SegmentState,
    )
    from lianpu.enterprises.models import EnterpriseFigure, EnterpriseMerge, EnterpriseName
    from lianpu.places.models import Place
    from lianpu.projects.models import DispatchRound, MonthlyReport, Project, Submission
    from lianpu.promotion.models import FundsArrival, Lead
    from lianpu.scenarios.models import Scenario

    asked = DispatchRound.objects.create(month="2024-03", due=timezone.localdate())
    made, gazetteer, two_chains, firms = World(), small_city.places, small_city.segments, small_city.firms
    segments = [one for one in two_chains.values() if one.is_leaf]
    for number, (letter, firm) in enumerate(firms.items()):
        made.add("enterprises", firm, letter)
        alias = EnterpriseName.objects.create(enterprise=firm, name=f"别名{letter}", name_key=letter, kind="alias")
        made.add("enterprise-names", alias, letter)
        value = {"indicator": "tax_10k_cny", "period": "2021", "value": 7770 + number}
        made.add("enterprise-figures", EnterpriseFigure.objects.create(enterprise=firm, **value), letter)
        gone = {
            "old_id": 9000 + number,
            "old_uscc": f"OLD{number}",
            "old_name": f"并入{letter}的",
            "by": "某",
            "act": 0,
        }
        merged = EnterpriseMerge.objects.create(into=firm, at=timezone.now(), **gone)
        made.add("enterprise-merges", merged, letter)
        project = Project.objects.create(
            code=f"P{number}", name=f"项目{letter}", name_key=f"项目{letter}", owner=firm, owner_name=firm.name,
            place=firm.place, zone=firm.zone, chain=segments[number % len(segments)].chain,
        )  # fmt: skip
        made.add("projects", project, letter, project.chain.code)
        done = {"month": "2024-03", "done_month_10k_cny": 1, "done_ytd_10k_cny": 3}
        made.add("monthly-reports", MonthlyReport.objects.create(project=project, **done), letter, project.chain.code)
        part = Submission.objects.create(round=asked, place=firm.place, enterprise=firm, unit=firm.name)
        made.add("submissions", part, letter)
        outside = OutsideFirm.objects.create(enterprise=firm, decided_by="某", decided_at=timezone.now())
        made.add("outside-firms", outside, letter)
        lead = Lead.objects.create(
            code=f"L{number}", name=f"招引{letter}", name_key=f"招引{letter}", found_on="2024-01-05", unit=f"单位{letter}",
            place=firm.place, zone=firm.zone, chain=segments[number % len(segments)].chain,
        )  # fmt: skip
        made.add("leads", lead, letter, lead.chain.code)
        came = FundsArrival.objects.create(lead=lead, month="2024-03", origin="abroad", amount_10k_cny=5)
        made.add("funds-arrivals", came, letter, lead.chain.code)
        if firm.zone is None:  # a scenario has one place, so a zone's is not the district's as well
            supposed = Scenario.objects.create(name=f"情景{letter}", place=lead.place, chain=lead.chain, why="推演")
            made.add("scenarios", supposed, letter, lead.chain.code)
        for segment in (segments[number % len(segments)], segments[(number + 4) % len(segments)]):
            placed = Placement.objects.create(enterprise=firm, segment=segment, role="makes", confidence=0.9)
            made.add("placements", placed, letter, segment.chain.code)
    for segment in two_chains.values():
        made.add("segments", segment, chain=segment.chain.code)
    for product in Product.objects.select_related("segment__chain"):
        made.add("products", product, chain=product.segment.chain.code)
    for flow in SegmentFlow.objects.select_related("source__chain"):
        made.add("segment-flows", flow, chain=flow.source.chain.code)
    for slug, model in (("places", Place), ("chains", Chain)):
        for row in model.objects.all():
            made.add(slug, row)
    reference = Reference.objects.create(name="对照", file="x", rows=1, placed=1, source_hash="0", model_version="1")
    made.add("references", reference)
    figures = {"firms": 1, "labels": 1, "outside": 0, "accuracy": 0.9, "accuracy_used": 0.8}
    trained = PlacementModel.objects.create(
        model_version="1", file="x", state="kept", trained_at=timezone.now(), trained_by="某", maps="0", **figures
    )
    made.add("placement-models", trained)
    run = made.add("diagnosis-runs", DiagnosisRun.objects.create(place=gazetteer["620100"], by="某", is_latest=False))
    for segment in segments:
        chain = segment.chain.code
        state = SegmentState.objects.create(run=run, segment=segment, state="weak", firms=1, basis="lq")
        made.add("segment-states", state, chain=chain)
        finding = Finding.objects.create(
            run=run, chain=segment.chain, segment=segment, place=run.place, kind="fill", state="weak", rank=1, score=0.5,
            explanation="须补", evidence={},
        )  # fmt: skip
        made.add("findings", finding, chain=chain)
    return made


@pytest.fixture
def world(whole_world: World, everyone: dict[str, int], db: None) -> World:
    """Rows of the test's own; what is written goes back to where every test of the module begins."""
    return whole_world.copied()


@pytest.fixture
def people(everyone: dict[str, int], monkeypatch: Any) -> dict[str, int]:
    """Ids of the people by name."""
    # No line for the tests' sign-ins.
    monkeypatch.setattr("lianpu.site.accounts.recording.record", lambda *_, **__: None)
    return everyone


@pytest.fixture(scope="module")
def everyone(whole_world: World, small_city: Any) -> dict[str, int]:
    """Ids of the people by name, with the roles that an installation starts with."""
    gazetteer, firms = small_city.places, small_city.firms
    load_roles(user=SYSTEM)
    Role.objects.create(code="no-figures", name="不见数字的经办", actions={"*": ["*"]}, clears=[])
    roles = {role.name: role for role in Role.objects.all()}
    places = {place.name: place.path for place in gazetteer.values()}
    places["功能区"] = firms["庚"].zone.path
    made: dict[str, int] = {}
    for name, held in PEOPLE.items():
        user = get_user_model().objects.create(
            username=name, is_active=name != "已停用", is_superuser=name == "系统管理员"
        )
        Account.objects.create(user=user)
        made[name] = user.pk
        for one in held:
            Grant.objects.create(
                user=user,
                role=roles[one.duty],
                place_path=places[one.place] if one.place else "",
                chain_code=one.chain,
                enterprise_uscc=firms[one.firm].uscc if one.firm else "",
            )
    AccountEvent.objects.create(username="某", what="failed")
    for slug, model in (("accounts", Account), ("roles", Role), ("grants", Grant), ("account-log", AccountEvent)):
        for row in model._default_manager.all():
            whole_world.add(slug, row)
    return made
