"""The firms of the sample city 示例: invented, the same on every run, and the few real names of the published report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from lianpu.chains.maps import ChainMap, SegmentRow
from lianpu.demo import writing
from lianpu.demo.plan import CITY_FIRMS, SegmentPlan, city_plan, nation_counts
from lianpu.demo.words import DISTRICTS, ZONES, by_prefix, draw, stream, table
from lianpu.enterprises.identity import make_uscc

LAST_DAY = date(2021, 12, 31)
ABOVE_10K = 2_000
LABEL = "示例：除企业名称外均为虚构"
_FORMS = "有限公司82 有限责任公司13 股份有限公司5"
_KINDS = {
    "有限公司": "有限责任公司(自然人投资或控股)",
    "有限责任公司": "有限责任公司(自然人独资)",
    "股份有限公司": "股份有限公司(非上市、自然人投资或控股)",
    "厂": "个人独资企业",
}
_INDUSTRIAL_IO = frozenset(f"{n:02d}" for n in range(2, 27))


@dataclass(frozen=True, slots=True)
class SampleFirm:
    """One firm before it enters the registers.

    ``intents`` are the (segment, role) that its scope was written for; they serve to measure placement and go into no
    register. ``figures`` are (indicator, period, value): revenue in 万元, staff in persons. ``names``: (name, kind).
    """

    uscc: str
    name: str
    district: str
    zone: str | None
    address: str
    founded: date
    kind: str
    industry: str
    capital: int
    capital_text: str
    scope: str
    figures: tuple[tuple[str, str, int], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    intents: tuple[tuple[str, str], ...] = ()


def sample_city(maps: Sequence[ChainMap]) -> list[SampleFirm]:
    """Some 5,000 firms: those of the published report first, then segment by segment, then those outside every chain."""
    plans = city_plan(maps, nation_counts(maps))
    taken: set[str] = set()
    numbers = iter(range(1, 100_000))
    firms = list(_published({leaf.code: leaf for one in maps for leaf in one.leaves}, numbers))
    there = [code for firm in firms for code, _ in firm.intents]
    neighbours = _Neighbours(maps, plans)
    for plan in plans:
        known = there.count(plan.leaf.code)
        for place in range(plan.firms - known):
            firms.append(_chain_firm(plan, place, place < plan.above - known, neighbours, taken, numbers))
    outside = stream("outside")
    while len(firms) < CITY_FIRMS:
        firms.append(_outside_firm(outside, taken, numbers))
    return firms


class _Neighbours:
    """Segments of the same group or chain whose goods a firm makes or sells besides its own, and who owns which word."""

    def __init__(self, maps: Sequence[ChainMap], plans: Sequence[SegmentPlan]) -> None:
        goods = [plan for plan in plans if plan.leaf.filled_by == "makes"]
        self.group: dict[str, list[SegmentRow]] = {}
        self.chain: dict[str, list[SegmentRow]] = {}
        self.owned = writing.owners(maps)
        for plan in goods:
            if plan.level in ("strong", "balanced"):
                self.group.setdefault(plan.leaf.parent, []).append(plan.leaf)
            self.chain.setdefault(plan.leaf.chain, []).append(plan.leaf)

    def kin(self, chance: Random, leaf: SegmentRow) -> SegmentRow | None:
        others = [one for one in self.group.get(leaf.parent, ()) if one.code != leaf.code]
        return chance.choice(others) if others else None

    def goods(self, chance: Random, leaf: SegmentRow) -> SegmentRow | None:
        others = [one for one in self.chain.get(leaf.chain, ()) if one.code != leaf.code]
        return chance.choice(others) if others else None


def _chain_firm(
    plan: SegmentPlan, place: int, above: bool, neighbours: _Neighbours, taken: set[str], numbers: Iterator[int]
) -> SampleFirm:
    leaf, chance = plan.leaf, stream("firm", plan.leaf.code, place)
    # the statistics know every industrial firm, of the others only some
    known = (leaf.io_sector in _INDUSTRIAL_IO and leaf.filled_by == "makes") or chance.random() < 0.12
    above = above and known
    products = writing.products_of(chance, leaf)
    parts, intents = writing.clauses(chance, leaf.filled_by, products), [(leaf.code, leaf.filled_by)]
    if (
        leaf.filled_by == "makes"
        and plan.level != "single"
        and chance.random() < 0.12
        and (kin := neighbours.kin(chance, leaf))
    ):
        parts += writing.clauses(chance, "makes", writing.products_of(chance, kin, 1, 3))
        intents.append((kin.code, "makes"))
    if chance.random() < (0.6 if leaf.filled_by == "trades" else 0.15) and (other := neighbours.goods(chance, leaf)):
        parts.append(writing.sold(chance, writing.products_of(chance, other, 1, 3)))
    if chance.random() < 0.35:
        parts.append(writing.general_goods(chance))
    home = draw(chance, by_prefix(table("profile")["homes"], leaf.code))
    form = "厂" if leaf.filled_by == "makes" and not above and chance.random() < 0.06 else draw(chance, _FORMS)
    name = writing.firm_name(chance, taken, writing.word_of_trade(chance, leaf, products, neighbours.owned), form, home)
    figures = _figures(chance, above) if known else ()
    industry = chance.choice([code for code in leaf.gbt4754 if len(code) == 4] or [leaf.gbt4754[0]])
    return _registered(
        chance,
        next(numbers),
        name,
        form,
        home,
        industry,
        above,
        writing.scope(chance, parts),
        figures=figures,
        intents=tuple(intents),
    )


def _outside_firm(chance: Random, taken: set[str], numbers: Iterator[int]) -> SampleFirm:
    kinds = table("outside")
    kind = chance.choices(kinds, [one["share"] for one in kinds])[0]
    parts = ["、".join(_pick_most(chance, kind["scope"]))] if kind["scope"] else []
    if not parts or chance.random() < 0.2:
        parts.append(writing.general_goods(chance, 2, 5))
    form, home = draw(chance, _FORMS), draw(chance, table("profile")["homes"][""])
    name = writing.firm_name(chance, taken, chance.choice(kind["trade"].split()), form, home)
    return _registered(chance, next(numbers), name, form, home, kind["industry"], False, writing.scope(chance, parts))


def _pick_most(chance: Random, words: Sequence[str]) -> list[str]:
    kept = [word for word in words[1:] if chance.random() < 0.7]
    return [words[0], *kept]


def _registered(
    chance: Random,
    number: int,
    name: str,
    form: str,
    home: str,
    industry: str,
    above: bool,
    scope: str,
    *,
    figures: tuple[tuple[str, str, int], ...] = (),
    intents: tuple[tuple[str, str], ...] = (),
) -> SampleFirm:
    text, district, zone = writing.address(chance, home)
    amounts = (
        (1000, 2000, 3000, 5000, 8000, 12000, 20000)
        if above
        else (10, 30, 50, 100, 100, 200, 300, 500, 500, 1000, 2000)
    )
    capital = chance.choice(amounts)
    capital_text = f"{capital:,}(万元人民币)" if chance.random() < 0.7 else f"{capital}万元人民币"
    # More firms are young than old; the large ones have had time to grow.
    age = chance.betavariate(1.6, 2.2) if above else chance.betavariate(1.2, 3.2)
    founded = LAST_DAY - timedelta(days=round(40 + age * 12_000))
    return SampleFirm(
        make_uscc(district, number), name, district, zone, text, founded, _KINDS[form], industry, capital, capital_text, scope,
        figures=figures, intents=intents,
    )  # fmt: skip


def _figures(chance: Random, above: bool) -> tuple[tuple[str, str, int], ...]:
    """Revenue of 2020 and 2021 (万元) and staff of 2021; only the later year decides whether a firm is above-scale."""
    if above:
        revenue = round(ABOVE_10K * (1.05 + chance.lognormvariate(0.9, 1.0)))
    else:
        revenue = min(ABOVE_10K - 50, round(chance.lognormvariate(5.8, 0.9)) + 20)
    before = round(revenue / chance.uniform(0.92, 1.25))
    staff = max(3, round(revenue / chance.uniform(40, 140)))
    return (("revenue_10k_cny", "2020", before), ("revenue_10k_cny", "2021", revenue), ("staff", "2021", staff))


def _published(leaves: dict[str, SegmentRow], numbers: Iterator[int]) -> Iterator[SampleFirm]:
    for row in table("published"):
        chance = stream("published", row["name"])
        parts = [f"{'、'.join(row['products'][code])}的生产、销售" for code in row["segments"]]
        district, zone = DISTRICTS[row["district"]], ZONES.get(row.get("zone", ""))
        revenue = row["revenue"]
        yield SampleFirm(
            make_uscc(district, next(numbers)),
            row["name"],
            district,
            zone,
            row["address"],
            row["founded"],
            "其他有限责任公司",
            row["industry"],
            row["capital"],
            f"{row['capital']:,}(万元人民币)",
            f"{'；'.join(parts)}。【{LABEL}】",
            figures=(
                ("revenue_10k_cny", "2020", round(revenue / chance.uniform(1.0, 1.2))),
                ("revenue_10k_cny", "2021", revenue),
                ("staff", "2021", round(revenue / chance.uniform(80, 160))),
            ),
            names=tuple(row["names"].items()),
            intents=tuple((code, leaves[code].filled_by) for code in row["segments"]),
        )
