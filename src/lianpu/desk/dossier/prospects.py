"""What may become of the chain, as both forms of the dossier tell it: whom to bring together, kept scenarios, its sectors,
what is near to it.

Each part is there where its data are: scenarios that somebody kept, an input–output table, a reference that names the place.
"""

from dataclasses import dataclass, field
from typing import Any

from lianpu.chains.models import Chain, DiagnosisRun, Finding, SegmentState, State
from lianpu.chains.queries import segments_by_io_sector
from lianpu.desk.pairing import pairs_of
from lianpu.desk.scenario.outcome import outcome_of
from lianpu.places.models import Place
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.papers.tables import CENTRE, NUMBER, Column
from lianpu.register.reading import UnreadableError
from lianpu.scenarios.queries import io_table_in_use, kept_scenarios, picked, read_io_table, reference_cells

TOLD = 3  # scenarios computed anew for the book
NEAR = 8
PAIRED = 8  # segments to strengthen
PAIRS = 3  # of each of them
LEAST_FIRMS = 30  # of a place of the reference

PAIR_COLUMNS = [
    Column("环节", 4.4), Column("供方", 7.2), Column("需方", 7.2), Column("需方环节", 4.4), Column("得分", 1.8, NUMBER),
]  # fmt: skip
SCENARIO_COLUMNS = [
    Column("情景", 4.6), Column("项目数", 1.6, CENTRE), Column("本链环节的变化", 7.2), Column("本链不再成立的结论", 5.0),
    Column("理由", 4.4), Column("保存", 2.6, CENTRE),
]  # fmt: skip
SECTOR_COLUMNS = [
    Column("部门", 6.0), Column("本链环节数", 2.4, CENTRE), Column("影响力系数", 2.6, NUMBER), Column("感应度系数", 2.6, NUMBER),
    Column("抽去的损失（%）", 3.0, NUMBER), Column("关键部门", 2.4, CENTRE),
]  # fmt: skip
NEAR_COLUMNS = [Column("缺失环节", 8.0), Column("邻近密度", 3.0, NUMBER), Column("复杂度", 3.0, NUMBER)]


@dataclass(frozen=True)
class Prospects:
    """Tables of the section, each empty where its data are not there; ``notes`` says what each rests on."""

    pairs: list[list[str]] = field(default_factory=list)
    scenarios: list[list[str]] = field(default_factory=list)
    sectors: list[list[str]] = field(default_factory=list)
    near: list[list[str]] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> list[tuple[str, str, list[Column], list[list[str]]]]:
        """(title, note, columns, rows) of the parts that have any."""
        every = [
            ("本地供需配对", self.notes.get("pairs", ""), PAIR_COLUMNS, self.pairs),
            ("情景推演", self.notes.get("scenarios", ""), SCENARIO_COLUMNS, self.scenarios),
            ("所涉部门的投入产出关联", self.notes.get("sectors", ""), SECTOR_COLUMNS, self.sectors),
            ("缺失环节的邻近程度", self.notes.get("near", ""), NEAR_COLUMNS, self.near),
        ]
        return [part for part in every if part[3]]


def prospects_of(user: Any, run: DiagnosisRun, chain: Chain) -> Prospects:
    """What the book says of the chain's future, within the user's reach."""
    notes: dict[str, str] = {}
    return Prospects(
        _pairs(user, run, chain, notes),
        _scenarios(user, run, chain, notes),
        _sectors(user, chain, notes),
        _near(user, run, chain, notes),
        notes,
    )


def marked(name: str, is_sample: bool) -> str:
    """A name that says where it is invented."""
    return f"{name}（示例）" if is_sample and "示例" not in name else name


def _pairs(user: Any, run: DiagnosisRun, chain: Chain, notes: dict[str, str]) -> list[list[str]]:
    """Local suppliers and buyers of the segments to strengthen, of firms that the user may take away."""
    if not rights.may(user, registry["placements"], rights.EXPORT):
        return []
    told = rights.restrict(Finding.objects.filter(run=run, chain=chain), registry["findings"], user)
    thin = told.filter(kind=Finding.Kind.STRENGTHEN).select_related("segment").order_by("rank")[:PAIRED]
    register, samples = registry["enterprises"], bool(run.versions.get("sample"))
    takeable = rights.restrict(register.base(), register, user, rights.EXPORT)
    rows = []
    for segment in (one.segment for one in thin):
        found = pairs_of(user, segment, run.place, samples=samples, top=4 * PAIRS)
        firms = {firm.pk for one in found for firm in (one.supplier, one.buyer)}
        may = set(takeable.filter(pk__in=firms).values_list("pk", flat=True))
        held = [one for one in found if {one.supplier.pk, one.buyer.pk} <= may][:PAIRS]
        rows += [
            [
                segment.name,
                marked(one.supplier.name, one.supplier.is_sample),
                marked(one.buyer.name, one.buyer.is_sample),
                one.segment.name,
                f"{one.score:.2f}",
            ]
            for one in held
        ]
    notes["pairs"] = (
        f"强链位次在前的{PAIRED}个环节，本地供方与需要它的本地企业，每个环节至多{PAIRS}对；得分由依存、距离、挂链把握、规模相称构成，逐项依据见供需配对页。"
    )
    return rows


def _scenarios(user: Any, run: DiagnosisRun, chain: Chain, notes: dict[str, str]) -> list[list[str]]:
    if not rights.may(user, registry["scenarios"], rights.VIEW):
        return []
    kept = list(kept_scenarios(user, chain)[: TOLD + 1])
    rows = []
    for one in kept[:TOLD]:
        chosen = picked(user, run.place, one.projects, one.leads)
        outcome = outcome_of(user, run, chosen)
        moved = [change for change in outcome.segments if change.segment.chain_id == chain.pk]
        gone = [found for found in outcome.answered if found.chain.pk == chain.pk]
        lost = f"（另有{len(chosen.unknown)}个已不可选）" if chosen.unknown else ""
        rows.append(
            [
                marked(one.name, one.is_sample),
                f"{len(chosen)}{lost}",
                "；".join(f"{c.segment.name}{c.told[0][2]}→{c.told[1][2]}" for c in moved) or "无",
                "；".join(f"{found.kind_word}{found.segment.name}" for found in gone) or "无",
                one.why,
                f"{one.by} {one.at:%Y-%m-%d}",
            ]
        )
    more = "；此处列最近的三个，其余见情景登记" if len(kept) > TOLD else ""
    notes["scenarios"] = f"假定所选项目投产、其余不变，按诊断第{run.pk}号的规则重算，不改动登记{more}。"
    return rows


def _sectors(user: Any, chain: Chain, notes: dict[str, str]) -> list[list[str]]:
    import polars as pl

    from lianpu.analysis.linkage import extraction_loss, linkages

    stored = io_table_in_use() if rights.may(user, registry["io-tables"], rights.VIEW) else None
    if stored is None:
        return []
    try:
        table, labels = read_io_table(stored)
    except UnreadableError:
        return []
    counts = {sector: sum(one.chain_id == chain.pk for one in held) for sector, held in segments_by_io_sector().items()}
    told = linkages(table.Z, table.x, table.names).with_columns(
        loss=pl.Series(extraction_loss(table.Z, table.x) / table.x.sum())
    )
    rows = sorted(
        (r for r in told.iter_rows(named=True) if counts.get(r["sector"])), key=lambda r: -counts[r["sector"]]
    )
    mark = "（示例）" if stored.is_sample and "示例" not in stored.name else ""
    notes["sectors"] = (
        f"据“{stored.name}{mark}”：系数大于1即高于各部门平均；抽去的损失是短期上限，衡量依赖程度，不是预测；一个环节只是其部门的一部分。"
    )
    return [
        [
            labels[row["sector"]],
            str(counts[row["sector"]]),
            f"{row['backward']:.2f}",
            f"{row['forward']:.2f}",
            f"{100 * row['loss']:.1f}",
            "是" if row["key"] else "",
        ]
        for row in rows
    ]


def _near(user: Any, run: DiagnosisRun, chain: Chain, notes: dict[str, str]) -> list[list[str]]:
    from lianpu.analysis.complexity import complexity

    stored = run.reference
    if stored is None or not rights.may(user, registry["references"], rights.VIEW):
        return []
    states = SegmentState.objects.filter(run=run, segment__chain=chain, state=State.MISSING)
    seen = rights.restrict(states, registry["segment-states"], user)
    missing = set(seen.order_by().values_list("segment__code", flat=True))
    for level, words in (("city", _named(run.place)), ("province", _named(run.place.parent))):
        try:
            cells, names = reference_cells(stored, level, LEAST_FIRMS)
        except UnreadableError:
            return []
        here = next((word for word in words if word in set(cells["place"])), None)
        if here is None or cells["place"].n_unique() < 3:
            continue
        found = complexity(cells).cells
        rows = found.filter((found["place"] == here) & found["activity"].is_in(sorted(missing))).drop_nulls("density")
        rows = rows.sort("density", "activity", descending=[True, False]).head(NEAR)
        mark = "（示例）" if stored.is_sample and "示例" not in stored.name else ""
        notes["near"] = (
            f"据“{stored.name}{mark}”各{'城市' if level == 'city' else '省份'}的企业分布，以{here}计：密度越高，所需能力与当地已有优势越近；复杂度越高，能做的地方越少越全。"
        )
        return [
            [names[row["activity"]], f"{row['density']:.2f}", f"{row['pci']:.2f}"] for row in rows.iter_rows(named=True)
        ]
    return []


def _named(place: Place | None) -> list[str]:
    """Names under which a reference may know a place; 兰州 and 兰州市, 甘肃 and 甘肃省."""
    return [word for word in (place.name, place.short_name) if word] if place is not None else []
