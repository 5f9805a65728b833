"""The sample's project ledger 示例: 274 projects of 2021, calibrated to the published figures; see data/ledger.yaml."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from lianpu.chains.maps import ChainMap, SegmentRow
from lianpu.demo.city import ABOVE_10K, SampleFirm
from lianpu.demo.promotion import SampleLead
from lianpu.demo.words import stream, table

DONE = ("completed", "in_production", "design_output")


@dataclass(frozen=True)
class SampleProject:
    """One project before it enters the registers; amounts in whole 万元, ``months``: done in each month from January."""

    code: str
    name: str
    owner: str
    uscc: str
    district: str
    zone: str | None
    segment: str
    field: str
    nature: str
    kinds: tuple[str, ...]
    stage: str
    tier: str
    list_class: str
    total: int
    plan: int
    before: int
    plan_start: dt.date
    actual_start: dt.date | None
    plan_finish: dt.date
    actual_finish: dt.date | None
    months: tuple[int, ...]
    capacity: tuple[str, int, str] | None = None
    problem: int | None = None
    lead: str = ""  # code of the lead that it was

    @property
    def is_done(self) -> bool:
        return self.stage in DONE

    @property
    def year_end_share(self) -> float:
        return sum(self.months) / self.plan if self.plan else 0.0


@dataclass(frozen=True)
class _Draft:
    """What a project is before its time and money are drawn."""

    name: str
    owner: str
    uscc: str
    district: str
    zone: str | None
    segment: str
    field: str = "工业"
    nature: str = "renewal"
    kinds: tuple[str, ...] = ()
    total: int = 0
    plan: int = 0
    capacity: tuple[str, int, str] | None = None
    lead: str = ""
    begun: dt.date | None = None


def sample_projects(
    maps: Sequence[ChainMap], firms: Sequence[SampleFirm], leads: Sequence[SampleLead]
) -> list[SampleProject]:
    """The year's list. Upgrades first; within each part the completed, then those being built, then those not begun."""
    plan, chance = table("ledger"), stream("ledger")
    counts = plan["counts"]
    leaves = {leaf.code: leaf for one in maps for leaf in one.leaves}
    able = [
        firm
        for firm in firms
        if firm.intents and leaves[firm.intents[0][0]].filled_by == "makes" and _revenue(firm) >= ABOVE_10K
    ]
    named = {firm.name: firm for firm in firms[: len(table("published"))]}
    upgraders = [*named.values(), *chance.sample(able[len(named) :], counts["upgrade_firms"] - len(named))]
    others = [firm for firm in able if firm not in upgraders]
    digital = [firm for firm in firms if firm.intents and firm.intents[0][0].startswith("DX")]
    names = _Names()
    upgrades = list(_upgrades(chance, plan, named, upgraders, leaves, names))
    builds = list(_builds(chance, plan, named, others, digital, leads, leaves, names))
    done, both = counts["upgrades_completed"], counts["both_completed"]
    waiting = counts["followed_up"] - counts["carried_out"] - counts["upgrades_waiting"]
    key_builds = counts["key_completed"] - both
    states = [
        *["key_done"] * both,
        *["done"] * (done - both),
        *["building"] * (len(upgrades) - done - counts["upgrades_waiting"]),
        *["waiting"] * counts["upgrades_waiting"],
        *["key_done"] * key_builds,
        *["building"] * (len(builds) - key_builds - waiting),
        *["waiting"] * waiting,
    ]
    drafts = zip([*upgrades, *builds], states, strict=True)
    made = [_project(chance, number, draft, state, plan) for number, (draft, state) in enumerate(drafts, start=1)]
    return [_with_problem(chance, one, plan) for one in made]


def _revenue(firm: SampleFirm) -> int:
    return next((value for what, year, value in firm.figures if what == "revenue_10k_cny" and year == "2021"), 0)


class _Names:
    """Names of projects, none twice."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def fresh(self, name: str) -> str:
        said, number = f"{name}项目", 2
        while said in self.taken:
            said, number = f"{name}项目（{number}期）", number + 1
        self.taken.add(said)
        return said


def _short(firm: SampleFirm) -> str:
    for end in ("股份有限公司", "有限责任公司", "有限公司"):
        if firm.name.endswith(end):
            return firm.name.removesuffix(end)
    return firm.name


def _of(firm: SampleFirm, segment: str, **facts: Any) -> _Draft:
    return _Draft(owner=firm.name, uscc=firm.uscc, district=firm.district, zone=firm.zone, segment=segment, **facts)


def _listed(rows: Sequence[dict[str, Any]], named: dict[str, SampleFirm]) -> Iterator[_Draft]:
    """Projects that the report names."""
    for row in rows:
        yield _of(
            named[row["owner"]],
            row["segment"],
            name=row["name"],
            nature=row.get("nature", "new"),
            kinds=tuple(row.get("kinds", ())),
            total=row["total"],
            plan=row["plan"],
            capacity=tuple(row["capacity"]),
        )


def _upgrades(
    chance: Random,
    plan: dict[str, Any],
    named: dict[str, SampleFirm],
    firms: Sequence[SampleFirm],
    leaves: dict[str, SegmentRow],
    names: _Names,
) -> Iterator[_Draft]:
    """Every firm has one at least, the rest fall to some of them."""
    made = list(_listed(plan["named_upgrades"], named))
    served = {one.owner for one in made}
    want = [firm for firm in firms if firm.name not in served]
    more = plan["counts"]["upgrades"] - len(made) - len(want)
    want += chance.choices(firms, [min(_revenue(firm), 60_000) + 4_000 for firm in firms], k=more)
    chance.shuffle(want)
    yield from made
    for firm in want:
        kinds = tuple(chance.sample(list(plan["upgrade_works"]), chance.choices((1, 2), (7, 3))[0]))
        segment = firm.intents[0][0]
        work = chance.choice(plan["upgrade_works"][kinds[0]])
        good = chance.choice(list(leaves[segment].products) or [leaves[segment].name])
        yield _of(firm, segment, name=names.fresh(f"{_short(firm)}{good}{work}"), kinds=kinds)


def _builds(
    chance: Random,
    plan: dict[str, Any],
    named: dict[str, SampleFirm],
    firms: Sequence[SampleFirm],
    digital: Sequence[SampleFirm],
    leads: Sequence[SampleLead],
    leaves: dict[str, SegmentRow],
    names: _Names,
) -> Iterator[_Draft]:
    """New plants and informatisation; among those being built the leads that have become projects."""
    counts, sign = plan["counts"], table("promotion")["counts"]["converted"]
    size = counts["followed_up"] - counts["upgrades"]
    done = counts["key_completed"] - counts["both_completed"]
    made = list(_listed(plan["named_key"], named))
    plain = [
        _new(chance, chance.choice(firms), leaves, plan, names)
        for _ in range(size - len(made) - sign - counts["informatisation"])
    ]
    data = [_informed(chance, chance.choice(digital), plan, names) for _ in range(counts["informatisation"])]
    rest = [*plain, *data]
    chance.shuffle(rest)
    begun = [lead for lead in leads if "started_on" in lead.dates and "producing_on" not in lead.dates][:sign]
    won = [
        _Draft(
            name=names.fresh(lead.name.removesuffix("项目")),
            owner=lead.counterpart,
            uscc="",
            district=lead.district,
            zone=lead.zone,
            segment=lead.segment,
            nature="new",
            total=lead.signed or 0,
            lead=lead.code,
            begun=lead.dates["started_on"],
        )
        for lead in begun
    ]
    head = done - len(made)
    yield from (*made, *rest[:head], *won, *rest[head:])


def _new(
    chance: Random, firm: SampleFirm, leaves: dict[str, SegmentRow], plan: dict[str, Any], names: _Names
) -> _Draft:
    segment = firm.intents[0][0]
    goods = list(leaves[segment].products) or [leaves[segment].name]
    name = names.fresh(f"{_short(firm)}{chance.choice(goods)}{chance.choice(plan['new_works'])}")
    return _of(firm, segment, name=name, nature=chance.choice(("new", "new", "extension")))


def _informed(chance: Random, firm: SampleFirm, plan: dict[str, Any], names: _Names) -> _Draft:
    name = names.fresh(f"{_short(firm)}{chance.choice(plan['information_works'])}")
    return _of(firm, firm.intents[0][0], name=name, nature="purchase", field="信息化")


def _day(chance: Random, year: int, first: int, last: int) -> dt.date:
    return dt.date(year, chance.randint(first, last), chance.randint(1, 28))


def _project(chance: Random, number: int, draft: _Draft, state: str, plan: dict[str, Any]) -> SampleProject:
    """Time, money and months of one project."""
    year = plan["year"]
    total = draft.total or round(min(chance.lognormvariate(8.3 if draft.kinds else 9.0, 0.9), 180_000)) + 600
    planned = draft.plan or max(round(total * chance.uniform(0.25, 0.6)), 100)
    finished = state in ("done", "key_done")
    fresh = bool(draft.lead) or (chance.random() < (0.3 if finished else 0.45))
    finish = _day(chance, year, 6, 12) if finished else None
    begun: dt.date | None = None
    if draft.begun:
        begun = draft.begun
    elif state != "waiting":
        begun = _day(chance, year, 3, 6 if finished else 9) if fresh else _day(chance, year - 1, 3, 11)
    listed = "new_start" if fresh else "continuing"
    if state == "waiting":
        listed = chance.choice(("reserve", "reserve", "new_start"))
    months = _months(chance, planned, begun, finish, year, plan["season"])
    before = 0 if fresh or state == "waiting" else round(total * chance.uniform(0.1, 0.35))
    if listed == "reserve":
        planned = 0  # what is only prepared has no investment planned for the year
    total = max(total, before + sum(months))
    stage = (
        "completed"
        if draft.capacity
        else chance.choice(DONE)
        if finished
        else "building"
        if state == "building"
        else chance.choice(("reserve", "preparatory"))
    )
    tier = (
        ""
        if state == "done"
        else "province"
        if draft.capacity
        else chance.choices(("province", "city", "county"), (15, 40, 45))[0]
    )
    start = begun or _day(chance, year, 5, 10)
    return SampleProject(
        code=f"{year}-{number:03}",
        name=draft.name,
        owner=draft.owner,
        uscc=draft.uscc,
        district=draft.district,
        zone=draft.zone,
        segment=draft.segment,
        field=draft.field,
        nature=draft.nature,
        kinds=draft.kinds,
        stage=stage,
        tier=tier,
        list_class=listed,
        total=total,
        plan=planned,
        before=before,
        plan_start=start.replace(day=1),
        actual_start=begun,
        plan_finish=finish or dt.date(year + chance.randint(1, 2), chance.randint(3, 12), 1),
        actual_finish=finish,
        months=months,
        capacity=draft.capacity,
        lead=draft.lead,
    )


def _months(
    chance: Random, planned: int, begun: dt.date | None, finish: dt.date | None, year: int, season: Sequence[int]
) -> tuple[int, ...]:
    """Done in each month of the year: most come near their plan, some lag, a few lie far behind; () for what has not begun."""
    if begun is None:
        return ()
    reach = chance.uniform(0.98, 1.12)
    if finish is None:
        reach = chance.choices(
            (chance.uniform(0.92, 1.08), chance.uniform(0.72, 0.88), chance.uniform(0.3, 0.66)), (83, 11, 6)
        )[0]
    first = begun.month if begun.year == year else 1
    last = finish.month if finish else 12
    base = season[first - 2] if first > 1 else 0
    span = max(season[last - 1] - base, 1)
    target, done, found = round(planned * reach), 0, [0] * (first - 1)
    for month in range(first, 13):
        upto = min((season[month - 1] - base) / span, 1.0)
        wobble = chance.uniform(0.93, 1.0) if month < last else 1.0
        now = max(round(target * upto * wobble), done)
        found.append(now - done)
        done = now
    return tuple(found)


def _with_problem(chance: Random, one: SampleProject, plan: dict[str, Any]) -> SampleProject:
    """Projects that lag mostly say why."""
    lags = one.stage == "building" and one.year_end_share < 0.9
    if (lags and chance.random() < 0.8) or (not one.months and chance.random() < 0.4):
        return replace(one, problem=chance.randrange(len(plan["problems"])))
    return one


def progress_words(one: SampleProject, month: int) -> str:
    """The state of the works after a month (1–12)."""
    words = table("ledger")["progress"]
    if one.actual_finish and month >= one.actual_finish.month:
        return str(words[-1])
    done = (one.before + sum(one.months[:month])) / one.total if one.total else 0
    return str(words[min(int(done * (len(words) - 1)), len(words) - 2)])
