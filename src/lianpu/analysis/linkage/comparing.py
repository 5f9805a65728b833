"""Tables of different years or makes on one footing: aggregation, concordance, comparison, decomposition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from lianpu.analysis.linkage.measures import extraction_loss, linkages
from lianpu.analysis.linkage.table import Table


def aggregate(table: Table, into: Mapping[str, str], order: Sequence[str] | None = None) -> Table:
    """The table with its sectors summed into common ones, ``into`` {sector name: common name}.

    ``order`` gives the common sectors and their order, else the order of first appearance. ``ValueError`` names
    sectors without a common one; common sectors that nothing goes into have no output.
    """
    lost = [name for name in table.names if name not in into]
    if lost:
        raise ValueError(f"对照表缺 {len(lost)} 个部门：{'、'.join(lost[:5])}")
    common = list(order) if order is not None else list(dict.fromkeys(into[name] for name in table.names))
    at = {name: i for i, name in enumerate(common)}
    strange = {into[name] for name in table.names} - set(at)
    if strange:
        raise ValueError(f"对照表里的合并部门不在给定的顺序中：{'、'.join(sorted(strange)[:5])}")
    member = np.zeros((len(common), len(table)))
    member[[at[into[name]] for name in table.names], np.arange(len(table))] = 1.0
    return Table.of(member @ table.Z @ member.T, member @ table.x, common)


def compare(tables: Mapping[str, Table]) -> pl.DataFrame:
    """Structure of several tables of the *same* sectors side by side; one row a sector and table.

    table, sector, output_share, backward, forward, ghosh_forward, key, key_ghosh, loss_share (output lost by
    extraction over all output). All are shares or ratios, so currencies, prices and units need not agree; a change in
    relative prices still shows as a change of structure.
    """
    names = {table.names for table in tables.values()}
    if len(names) != 1:
        raise ValueError("各表的部门不一致：请先用 aggregate 归并到同一套部门")
    parts = []
    for label, table in tables.items():
        parts.append(
            linkages(table.Z, table.x, table.names).select(
                pl.lit(label).alias("table"),
                "sector",
                pl.Series("output_share", table.x / table.x.sum()),
                *("backward", "forward", "ghosh_forward", "key", "key_ghosh"),
                pl.Series("loss_share", extraction_loss(table.Z, table.x) / table.x.sum()),
            )
        )
    return pl.concat(parts)


def decompose(before: Table, after: Table) -> pl.DataFrame:
    """Growth of every sector's output, split into technology (ΔL) and final demand (Δf).

    Mean of the two polar forms (Dietzenbacher and Los 1998): technology ½ ΔL (f₀ + f₁), demand ½ (L₀ + L₁) Δf; the two
    sum to the growth of output. Both tables in the same prices, or price changes are read as technology.
    """
    if before.names != after.names:
        raise ValueError("两张表的部门不一致：请先用 aggregate 归并到同一套部门")
    technology = (after.leontief - before.leontief) @ (before.demand + after.demand) / 2
    demand = (before.leontief + after.leontief) @ (after.demand - before.demand) / 2
    return pl.DataFrame(
        {
            "sector": after.names,
            "before": before.x,
            "after": after.x,
            "growth": after.x - before.x,
            "technology": technology,
            "demand": demand,
        }
    )


# --- chain segments and the sectors they belong to --------------------------------------------------------------


@dataclass(frozen=True)
class Concordance:
    """Chain segments on the sectors of a table, and how well the two cover each other.

    * ``sectors``: sector, output, output_share, segments (how many belong to it)
    * ``unplaced``: segments whose sector is empty or not in the table
    * ``groups``: {group: positions of the sectors that its segments belong to}, for ``extraction_loss(groups=…)``
    """

    sectors: pl.DataFrame
    unplaced: pl.DataFrame
    groups: dict[str, list[int]]

    @property
    def covered_output_share(self) -> float:
        """Share of all output made by sectors to which at least one segment belongs: an upper bound of what the maps
        reach, since a segment is a part of its sector."""
        return float(self.sectors.filter(pl.col("segments") > 0)["output_share"].sum())


def concordance(segments: pl.DataFrame, table: Table) -> Concordance:
    """Report on segments (segment, io_sector, and a group such as chain) against ``table``, named by sector code."""
    missing = [column for column in ("segment", "io_sector", "group") if column not in segments.columns]
    if missing:
        raise ValueError(f"环节表缺少列 {'、'.join(missing)}")
    code = segments["io_sector"].cast(pl.String)
    known = code.is_in(list(table.names)).fill_null(False)
    placed = segments.select("group", sector=code).filter(known)
    held = dict(placed["sector"].value_counts().iter_rows())
    at = {name: i for i, name in enumerate(table.names)}
    groups: dict[str, set[int]] = {str(group): set() for group in segments["group"].unique(maintain_order=True)}
    for group, sector in placed.iter_rows():
        groups[str(group)].add(at[sector])
    sectors = pl.DataFrame(
        {
            "sector": table.names,
            "output": table.x,
            "output_share": table.x / table.x.sum(),
            "segments": [held.get(name, 0) for name in table.names],
        }
    )
    return Concordance(sectors, segments.filter(~known), {group: sorted(found) for group, found in groups.items()})
