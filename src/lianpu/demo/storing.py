"""Writing the sample's ledger, its promotion and the published figures into the registers, in bulk."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from lianpu.chains.maps import ChainMap
from lianpu.chains.models import Chain, Segment
from lianpu.demo.city import SampleFirm
from lianpu.demo.ledger import SampleProject, progress_words, sample_projects
from lianpu.demo.promotion import SampleLead, sample_leads
from lianpu.demo.words import stream, table
from lianpu.enterprises.models import Enterprise
from lianpu.monitoring.models import PublishedFigure
from lianpu.places.queries import ids_by_code
from lianpu.projects.identity import project_key
from lianpu.projects.models import Capacity, FactorNeed, MonthlyReport, Problem, Project, ProjectYear, TaskForce
from lianpu.projects.services import refresh
from lianpu.promotion.deriving import stage_of
from lianpu.promotion.models import FundsArrival, Lead, LeadTalk, PromotionTarget
from lianpu.register.bulk import insert
from lianpu.scenarios.models import Scenario

CITY = "620100"
SOURCE = "兰州市2022年初公布的工业经济情况"


def store_actions(maps: Sequence[ChainMap], firms: Sequence[SampleFirm]) -> dict[str, int]:
    """Leads, then the projects of which some were leads, and where each project stands; counts by register."""
    leads = sample_leads(maps)
    projects = sample_projects(maps, firms, leads)
    refers = _References()
    counts = _store_projects(projects, refers) | _store_leads(leads, projects, refers)
    _store_scenario(projects, leads, refers)
    refresh()
    return counts | {"published_figures": store_published()}


class _References:
    """Ids of what rows refer to, by code."""

    def __init__(self) -> None:
        self.places = ids_by_code()
        self.segments = dict(Segment.objects.values_list("code", "pk"))
        self.chains = dict(Chain.objects.values_list("code", "pk"))
        self.firms = dict(Enterprise.objects.filter(is_sample=True).values_list("uscc", "pk"))

    def on(self, district: str, zone: str | None, segment: str) -> dict[str, Any]:
        """Where something stands: in which district and zone, on which chain and segment."""
        return {
            "place_id": self.places[district],
            "zone_id": self.places[zone] if zone else None,
            "chain_id": self.chains[segment.partition("-")[0]],
            "segment_id": self.segments[segment],
        }


def _store_projects(projects: Sequence[SampleProject], refers: _References) -> dict[str, int]:
    plan = table("ledger")
    year = plan["year"]
    insert(
        TaskForce,
        [
            {"name": one["name"], "leader": one["leader"], "lead_unit": one["unit"], "is_sample": True}
            for one in plan["task_forces"]
        ],
    )
    teams = dict(TaskForce.objects.filter(is_sample=True).values_list("name", "pk"))
    team_of = {chain: teams[one["name"]] for one in plan["task_forces"] for chain in one["chains"]}
    leader_of = {chain: one["leader"] for one in plan["task_forces"] for chain in one["chains"]}
    insert(Project, [_project(one, refers, team_of, leader_of) for one in projects])
    ids = dict(Project.objects.filter(is_sample=True).values_list("code", "pk"))
    insert(
        ProjectYear,
        [
            {
                "project_id": ids[one.code],
                "year": year,
                "list_class": one.list_class,
                "plan_10k_cny": one.plan or None,
                "invested_before_10k_cny": one.before,
            }
            for one in projects
        ],
    )
    reports = [
        {
            "project_id": ids[one.code],
            "month": f"{year}-{month:02}",
            "done_month_10k_cny": one.months[month - 1],
            "done_ytd_10k_cny": sum(one.months[:month]),
            "physical_progress": progress_words(one, month),
        }
        for one in projects
        for month in range(1, len(one.months) + 1)
    ]
    insert(MonthlyReport, reports)
    insert(
        Capacity,
        [
            {
                "project_id": ids[one.code],
                "product": one.capacity[0],
                "quantity": one.capacity[1],
                "unit": one.capacity[2],
            }
            for one in projects
            if one.capacity
        ],
    )
    needs, outputs = _plans(projects, ids)
    insert(FactorNeed, needs)
    insert(Capacity, outputs)
    insert(Problem, [_problem(one, ids[one.code], plan) for one in projects if one.problem is not None])
    return {"projects": len(projects), "monthly_reports": len(reports)}


def _plans(projects: Sequence[SampleProject], ids: dict[str, int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the projects that are still to come need (land, energy …) and will make a year; every eighth does not say."""
    needs, outputs = [], []
    for one in projects:
        chance = stream("plans", one.code)
        if one.is_done or chance.random() < 0.125:
            continue
        output = round(one.total * chance.uniform(0.7, 1.6))
        wanted = {
            "energy_tce": output * chance.uniform(0.04, 0.4),
            "water_m3": output * chance.uniform(2, 15),
            "capital_10k_cny": one.total - one.before - sum(one.months),
            "jobs": one.total / chance.uniform(90, 220),
        }
        if one.nature in ("new", "extension"):
            wanted["land_mu"] = one.total / chance.uniform(260, 520)
        needs += [
            {
                "project_id": ids[one.code],
                "kind": kind,
                "needed": (amount := max(round(value), 1)),
                "secured": round(amount * chance.choice((0, 0, 0.4, 0.7, 1))),
            }
            for kind, value in wanted.items()
        ]
        outputs.append(
            {
                "project_id": ids[one.code],
                "product": "达产年产值",
                "quantity": output,
                "unit": "万元",
                "output_10k_cny": output,
            }
        )
    return needs, outputs


def _project(
    one: SampleProject, refers: _References, team_of: dict[str, int], leader_of: dict[str, str]
) -> dict[str, Any]:
    chain = one.segment.partition("-")[0]
    begun = one.actual_start
    # A month or so after the start, as the rules of statistics want; now and then it was forgotten.
    registered = begun + dt.timedelta(days=20 + int(one.code[-2:]) % 25) if begun and int(one.code[-3:]) % 30 else None
    return {
        **refers.on(one.district, one.zone, one.segment),
        "code": one.code,
        "name": one.name,
        "name_key": project_key(one.name),
        "owner_name": one.owner,
        "owner_uscc": one.uscc,
        "owner_id": refers.firms.get(one.uscc),
        "nature": one.nature,
        "field": one.field,
        "start_year": one.plan_start.year,
        "end_year": one.plan_finish.year,
        "total_10k_cny": one.total,
        "stage": one.stage,
        "tier": one.tier,
        **dict.fromkeys(one.kinds, True),
        "plan_start": one.plan_start,
        "actual_start": begun,
        "plan_finish": one.plan_finish,
        "actual_finish": one.actual_finish,
        "production_on": one.actual_finish if one.stage in ("in_production", "design_output") else None,
        "in_stat_lib": registered is not None,
        "stat_on": registered,
        "leader": leader_of[chain],
        "duty_unit": f"{'园区' if one.zone else '县区'}工信部门",
        "task_force_id": team_of[chain],
        "reports_by": "zone" if one.zone else "place",
        "is_sample": True,
    }


def _problem(one: SampleProject, project: int, plan: dict[str, Any]) -> dict[str, Any]:
    kind, title, owner = plan["problems"][one.problem or 0]
    chance = stream("problem", one.code)
    raised = dt.date(plan["year"], chance.randint(5, 11), chance.randint(1, 28))
    return {
        "project_id": project,
        "title": title,
        "kind": kind,
        "level": chance.choice(("county", "county", "city")),
        "state": chance.choice(("open", "handling", "handling")),
        "owner": owner,
        "raised_on": raised,
        "due": raised + dt.timedelta(days=60),
    }


def _store_leads(leads: Sequence[SampleLead], projects: Sequence[SampleProject], refers: _References) -> dict[str, int]:
    plan = table("promotion")
    became = {one.lead: one.code for one in projects if one.lead}
    projects_by_code = dict(Project.objects.filter(code__in=became.values()).values_list("code", "pk"))
    insert(
        Lead,
        [
            {
                **refers.on(one.district, one.zone, one.segment),
                "code": one.code,
                "name": one.name,
                "name_key": project_key(one.name),
                "counterpart": one.counterpart,
                "origin": one.origin,
                "origin_place": one.origin_place,
                "gap_place_id": refers.places[CITY] if one.gap_kind else None,
                "gap_kind": one.gap_kind,
                "field": one.field,
                "intended_10k_cny": one.intended,
                "signed_10k_cny": one.signed,
                "unit": one.unit,
                "stage": stage_of(one.dates),
                **one.dates,
                "withdrawn_on": one.withdrawn_on,
                "withdrawn_why": one.withdrawn_why,
                "project_id": projects_by_code.get(became.get(one.code, "")),
                "is_sample": True,
            }
            for one in leads
        ],
    )
    ids = dict(Lead.objects.filter(is_sample=True).values_list("code", "pk"))
    funds = [
        {"lead_id": ids[one.code], "month": month, "origin": origin, "amount_10k_cny": amount}
        for one in leads
        for month, origin, amount in one.funds
    ]
    insert(FundsArrival, funds)
    talks = {(ids[one.code], day, subject) for one in leads for day, subject in one.talks}
    insert(LeadTalk, [{"lead_id": lead, "on": day, "subject": subject} for lead, day, subject in sorted(talks)])
    insert(
        PromotionTarget,
        [
            {
                "year": plan["year"],
                "unit": unit,
                "arrived_10k_cny": arrived,
                "abroad_10k_cny": abroad or None,
                "signed_count": count,
                "signed_10k_cny": signed,
                "is_sample": True,
            }
            for unit, (arrived, abroad, count, signed) in plan["targets"].items()
        ],
    )
    return {"leads": len(leads), "funds_arrivals": len(funds)}


def _store_scenario(projects: Sequence[SampleProject], leads: Sequence[SampleLead], refers: _References) -> None:
    """One kept scenario: leads that have become projects, and three signed ones, all reach production."""
    became = {one.lead for one in projects if one.lead}
    signed = [
        one.code
        for one in leads
        if one.code not in became
        and "signed_on" in one.dates
        and "producing_on" not in one.dates
        and not one.withdrawn_on
    ]
    insert(
        Scenario,
        [
            {
                "name": "示例情景：补链招商项目投产",
                "place_id": refers.places[CITY],
                "projects": [one.code for one in projects if one.lead][:3],
                "leads": signed[:3],
                "why": "示例：看在建与已签约的补链项目投产后还缺什么",
                "by": "示例",
                "is_sample": True,
            }
        ],
    )


def store_published() -> int:
    """The published figures of the report; how many there are."""
    rows = [
        {
            "figure": one["id"],
            "year": table("ledger")["year"],
            "name": one["name"],
            "value": str(one["value"]),
            "unit": one["unit"],
            "period": one["period"],
            "source": SOURCE,
            "is_sample": True,
        }
        for one in table("figures")
    ]
    insert(PublishedFigure, rows)
    return len(rows)


def remove_actions() -> None:
    """Take the sample's ledger, promotion and published figures away; real rows that point at them let go of them."""
    Lead.objects.filter(project__is_sample=True).update(project=None)
    Lead.objects.filter(is_sample=True).delete()
    PromotionTarget.objects.filter(is_sample=True).delete()
    PublishedFigure.objects.filter(is_sample=True).delete()
    samples = Project.objects.filter(is_sample=True)
    samples.delete()
    Project.objects.filter(task_force__is_sample=True).update(task_force=None)
    TaskForce.objects.filter(is_sample=True).delete()
    Project.objects.filter(owner__is_sample=True).update(owner=None)
