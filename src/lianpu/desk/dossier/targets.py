"""Firms elsewhere that do what is missing here: the promotion target list, from the reference the diagnosis used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lianpu.chains.models import DiagnosisRun
from lianpu.chains.services.references import reference_frame
from lianpu.places.models import Place
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.reading import UnreadableError

if TYPE_CHECKING:
    import polars as pl

LISTED = 10
"""Target firms a segment at most."""
A_PROVINCE = 3
"""Of these from one province at most, so that a list is more than one province's directory."""
# Branches and one-person shops do not move; only bodies that can invest are targets.
_CAN_INVEST = r"公司$"
_CANNOT = r"分公司|门市|经营部|营业部|办事处|分厂"
_LARGE = r"股份有限公司|集团"


@dataclass(frozen=True)
class Wanted:
    """A missing segment: the role that fills it and the words that name its products."""

    filled_by: str
    words: list[str]


@dataclass(frozen=True)
class Target:
    """A firm elsewhere; ``why`` are the facts that put it on the list."""

    name: str
    uscc: str
    province: str
    city: str
    confidence: float
    why: str


@dataclass(frozen=True)
class Market:
    """Who does it elsewhere: their number in the reference, the provinces with most, and the best fitting ones."""

    firms: int
    provinces: list[tuple[str, int]]
    targets: list[Target] = field(default_factory=list)


def markets_of(*, user: Any, run: DiagnosisRun, wanted: Mapping[str, Wanted]) -> dict[str, Market]:
    """Segment code → market, for segments of ``wanted`` that anybody elsewhere fills; empty without a readable reference.

    Fit = confidence of the placement + 0.3 if the name holds a product of the segment + 0.1 for a joint-stock firm or
    group + 0.2 / number of segments the firm fills. The parts are told with each firm.
    """
    if run.reference is None or not wanted or not rights.may(user, registry["references"], rights.VIEW):
        return {}
    try:
        frame = reference_frame(run.reference)
    except UnreadableError:
        return {}
    import polars as pl

    sure = frame.filter(pl.col("confidence") >= run.rules.get("min_confidence", 0.5))
    breadth = sure.group_by("firm").agg(pl.col("segment").n_unique().alias("breadth"))
    filled_by = pl.DataFrame(
        {"segment": list(wanted), "role": [one.filled_by for one in wanted.values()]},
        schema={"segment": pl.String, "role": pl.String},
    )
    makers = _elsewhere(sure.join(filled_by, on=["segment", "role"], how="inner"), run.place)
    makers = makers.join(breadth, on="firm", how="left").unique(["firm", "segment"], maintain_order=True)
    chosen = {
        str(code): _best(rows, wanted[str(code)].words)
        for (code,), rows in makers.partition_by("segment", as_dict=True, maintain_order=True).items()
    }
    local = _local_codes(run.place, [code for rows in chosen.values() for code in rows["uscc"].to_list() if code])
    return {code: _market(rows, makers.filter(pl.col("segment") == code), local, run) for code, rows in chosen.items()}


def _elsewhere(frame: "pl.DataFrame", place: Place) -> "pl.DataFrame":
    """Without the firms of the place's own city (of its province, where the place is one)."""
    import polars as pl

    home = place.parent if place.kind in (Place.Kind.DISTRICT, Place.Kind.ZONE) and place.parent else place
    column = "province" if home.kind == Place.Kind.PROVINCE else "city"
    return frame.filter(~pl.col(column).fill_null("").is_in([home.name, home.short_name or home.name]))


def _best(rows: "pl.DataFrame", words: list[str]) -> "pl.DataFrame":
    """The best fitting firms of one segment, few from each province."""
    import polars as pl

    telling = sorted({word for word in words if len(word) >= 2})
    name = pl.col("name")
    return (
        rows.filter(name.str.contains(_CAN_INVEST) & ~name.str.contains(_CANNOT))
        .unique("name", keep="first", maintain_order=True)
        .with_columns(
            named=name.str.contains_any(telling) if telling else pl.lit(False),
            large=name.str.contains(_LARGE),
        )
        .with_columns(
            fit=pl.col("confidence") + 0.3 * pl.col("named") + 0.1 * pl.col("large") + 0.2 / pl.col("breadth")
        )
        .sort("fit", "name", descending=[True, False])
        .filter(pl.col("name").cum_count().over("province") <= A_PROVINCE)
        .head(LISTED * 2)
    )


def _market(rows: "pl.DataFrame", makers: "pl.DataFrame", local: set[str], run: DiagnosisRun) -> Market:
    import polars as pl

    held = (
        makers.filter(pl.col("province").fill_null("") != "")
        .group_by("province")
        .agg(pl.col("firm").n_unique().alias("n"))
    )
    sample = run.reference is not None and run.reference.is_sample
    targets = [
        Target(
            row["name"] + ("（示例）" if sample and "示例" not in row["name"] else ""),
            row["uscc"] or "",
            row["province"] or "",
            row["city"] or "",
            row["confidence"],
            _why(row),
        )
        for row in rows.iter_rows(named=True)
        if row["uscc"] not in local
    ]
    provinces = held.sort("n", "province", descending=[True, False]).head(3)
    return Market(makers["firm"].n_unique(), list(provinces.iter_rows()), targets[:LISTED])


def _why(row: Mapping[str, Any]) -> str:
    facts = ["名称即含该产品"] if row["named"] else []
    facts.append("专做此环节" if row["breadth"] == 1 else f"涉及{row['breadth']}个环节")
    if row["large"]:
        facts.append("股份制或集团企业")
    return "、".join(facts)


def _local_codes(place: Place, codes: list[str]) -> set[str]:
    """Which of these firms the register already has in the place (a reference may name them elsewhere or nowhere)."""
    here = registry["enterprises"].base().filter(uscc__in=codes, place__path__startswith=place.path)
    return set(here.order_by().values_list("uscc", flat=True))
