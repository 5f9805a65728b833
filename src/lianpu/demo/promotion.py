"""The sample's investment promotion 示例: 92 leads of 2021, calibrated to the published figures; see data/promotion.yaml."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from lianpu.chains.maps import ChainMap, SegmentRow
from lianpu.demo.plan import levels
from lianpu.demo.words import DISTRICTS, ZONES, draw, stream, table

STAGES = ("found_on", "talked_on", "intended_on", "signed_on", "registered_on", "started_on", "producing_on")
OFFICES = {"新区": "兰州新区商务和文旅局", "高新": "高新区招商局", "经开": "经开区招商局"}
COUNTIES = ("永登", "榆中", "皋兰")
ZONE_DISTRICT = {"新区": "永登", "高新": "城关", "经开": "安宁"}


@dataclass(frozen=True)
class SampleLead:
    """One lead before it enters the register; amounts in whole 万元, ``funds``: (month, origin, amount)."""

    code: str
    name: str
    field: str
    segment: str
    district: str
    zone: str | None
    unit: str
    counterpart: str
    origin: str
    origin_place: str
    intended: int
    gap_kind: str
    dates: dict[str, dt.date]
    signed: int | None = None
    withdrawn_why: str = ""
    withdrawn_on: dt.date | None = None
    funds: tuple[tuple[str, str, int], ...] = ()
    talks: tuple[tuple[dt.date, str], ...] = ()


def sample_leads(maps: Sequence[ChainMap]) -> list[SampleLead]:
    """The leads: those that are signed first (of them those begun first), then those still on their way."""
    plan, chance = table("promotion"), stream("promotion")
    counts, held = plan["counts"], levels(maps)
    leaves = [leaf for one in maps for leaf in one.leaves if leaf.filled_by == "makes"]
    gaps = {
        name: [
            leaf for leaf in leaves if leaf.chain in words["chains"] and held.get(leaf.code) in (None, "weak", "single")
        ]
        for name, words in plan["fields"].items()
    }
    by_code = {leaf.code: leaf for one in maps for leaf in one.leaves}
    taken: set[str] = set()
    fields = list(plan["fields"])
    drawn = counts["drawn_up"] - len(plan["named"])
    made = []
    for number in range(1, drawn + 1):
        name = fields[number % len(fields)]
        made.append(_drawn(chance, number, name, chance.choice(gaps[name]), held, taken))
    # The report says of the two it names that they are signed: so they stand last among the signed, without a further step.
    named = [
        _lead(chance, drawn + number, row["name"], row["field"], by_code[row["segment"]], "", row["zone"])
        for number, row in enumerate(plan["named"], start=1)
    ]
    made[counts["signed"] - len(named) : counts["signed"] - len(named)] = named
    signed = _signed(chance, made[: counts["signed"]], counts, plan)
    return [*signed, *_open(chance, made[counts["signed"] :], counts["withdrawn"], plan)]


def _drawn(
    chance: Random, number: int, name: str, leaf: SegmentRow, held: dict[str, str], taken: set[str]
) -> SampleLead:
    works = table("promotion")["fields"][name]["works"]
    said = next(text for text in _names(chance, leaf, works) if text not in taken)
    taken.add(said)
    return _lead(chance, number, said, name, leaf, "strengthen" if leaf.code in held else "fill", "")


def _names(chance: Random, leaf: SegmentRow, works: Sequence[str]) -> Iterator[str]:
    goods = list(leaf.products) or [leaf.name]
    yield f"{chance.choice(goods)}{chance.choice(works)}项目"
    for good in goods:
        for work in works:
            yield f"{good}{work}项目"
    number = 2
    while True:
        yield f"{leaf.name}{works[0]}项目（{number}期）"
        number += 1


def _lead(
    chance: Random, number: int, name: str, field_name: str, leaf: SegmentRow, gap_kind: str, where: str
) -> SampleLead:
    plan = table("promotion")
    where = where or draw(chance, plan["receiving"])
    district = where if where in DISTRICTS else ZONE_DISTRICT[where]
    unit = OFFICES.get(where) or f"{where}{'县' if where in COUNTIES else '区'}招商局"
    abroad = chance.random() < 0.08
    home = draw(chance, plan["abroad"] if abroad else plan["origins"])
    found = dt.date(plan["year"], 1, 4) + dt.timedelta(days=chance.randrange(0, 200))
    return SampleLead(
        code=f"ZS{plan['year']}-{number:03}",
        name=name,
        field=field_name,
        segment=leaf.code,
        district=DISTRICTS[district],
        zone=ZONES.get(where),
        unit=unit,
        counterpart=f"示例{home}{chance.choice(plan['brands'])}{'投资' if abroad else '集团'}有限公司",
        origin="abroad" if abroad else "provinces",
        origin_place=home,
        intended=round(min(chance.lognormvariate(9.9, 0.8), 160_000) / 100) * 100,
        gap_kind=gap_kind,
        dates={"found_on": found},
    )


def _later(chance: Random, lead: SampleLead, upto: int) -> SampleLead:
    """The lead with the first ``upto`` stages after the first word dated, all within the year."""
    end = dt.date(table("promotion")["year"], 12, 24)
    day, dates = lead.dates["found_on"], dict(lead.dates)
    for left, name in zip(range(upto, 0, -1), STAGES[1:], strict=False):
        room = (end - day).days // (left + 1)
        day += dt.timedelta(days=chance.randint(max(room // 3, 1), max(room * 4 // 5, 2)))
        dates[name] = day
    return replace(lead, dates=dates)


def _shared(chance: Random, total: int, parts: int, spread: float) -> list[int]:
    """``parts`` positive whole numbers that add up to ``total``."""
    weights = [chance.lognormvariate(0, spread) for _ in range(parts)]
    found = [max(round(total * one / sum(weights)), 1) for one in weights]
    found[found.index(max(found))] += total - sum(found)
    return found


def _signed(
    chance: Random, leads: Sequence[SampleLead], counts: dict[str, int], plan: dict[str, Any]
) -> list[SampleLead]:
    amounts = _shared(chance, plan["signed_10k_cny"], len(leads), 0.7)
    paid = counts["registered"]  # money comes to those whose firm is registered
    arrived = _shared(chance, plan["arrived_10k_cny"], paid, 0.6)
    local = _shared(chance, plan["local_10k_cny"], 6, 0.3)
    made = []
    for place, (lead, amount) in enumerate(zip(leads, amounts, strict=True)):
        upto = 6 if place < counts["producing"] else 5 if place < counts["started"] else 4 if place < paid else 3
        one = _later(chance, lead, upto)
        dates = dict(one.dates)
        if place < counts["land"]:
            dates["land_on"] = dates["registered_on"] + dt.timedelta(days=chance.randint(0, 6))
        funds: list[tuple[str, str, int]] = []
        if place < paid:
            first = dates["registered_on"].month
            months = range(first, min(first + chance.randint(0, 3), 12) + 1)
            parts = _shared(chance, arrived[place], len(months), 0.3)
            funds = [(f"{plan['year']}-{m:02}", one.origin, n) for m, n in zip(months, parts, strict=True)]
            if place < len(local):
                funds.append((f"{plan['year']}-12", "local", local[place]))
            dates["arrived_on"] = dates["registered_on"]
        made.append(
            replace(one, dates=dates, signed=amount, intended=amount, funds=tuple(funds), talks=_talks(chance, one))
        )
    return made


def _open(chance: Random, leads: Sequence[SampleLead], withdrawn: int, plan: dict[str, Any]) -> list[SampleLead]:
    made = []
    for place, lead in enumerate(leads):
        one = _later(chance, lead, place % 3)
        if place < withdrawn:
            last = max(one.dates.values())
            one = replace(
                one,
                withdrawn_why=plan["withdrawn"][place % len(plan["withdrawn"])],
                withdrawn_on=min(last + dt.timedelta(days=40), dt.date(plan["year"], 12, 28)),
            )
        made.append(replace(one, talks=_talks(chance, one)))
    return made


def _talks(chance: Random, lead: SampleLead) -> tuple[tuple[dt.date, str], ...]:
    """Talks between the first word and the last stage; with most that are still on their way one at the end of the year."""
    first, last = lead.dates["found_on"], max(lead.dates.values())
    words = chance.sample(table("promotion")["talks"], chance.randint(1, 4))
    span = (last - first).days
    days = [first + dt.timedelta(days=chance.randint(0, span)) for _ in words]
    if chance.random() < 0.75 and not lead.withdrawn_on:
        days[-1] = max(dt.date(table("promotion")["year"], 12, chance.randint(6, 28)), last)
    return tuple(sorted(zip(days, words, strict=True)))
