"""What happens if demand or supply changes. Every account of a scenario is computed anew from one state of output.

The accounts of a state are flows, output, final demand and value added; rows and columns both add up to output,
x = Z 1 + f and x = 1' Z + v. A scenario is a state, so two of them can be subtracted and nothing is left over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from lianpu.analysis.linkage.table import Floats, Table, listed


@dataclass(frozen=True)
class Accounts:
    """One state: ``Z`` (n, n), ``x``, ``demand`` and ``value_added`` (n,), all in the unit of the table."""

    names: tuple[str, ...]
    Z: Floats
    x: Floats
    demand: Floats
    value_added: Floats

    def imbalance(self) -> float:
        """Largest gap in x = Z 1 + f and x = 1' Z + v, relative to the largest output; rounding only."""
        rows = self.x - self.Z.sum(1) - self.demand
        columns = self.x - self.Z.sum(0) - self.value_added
        return float(max(np.abs(rows).max(), np.abs(columns).max()) / max(self.x.max(), 1e-300))

    def against(self, base: "Accounts") -> pl.DataFrame:
        """One row a sector: output, demand and value added before and now, and their change."""
        columns: dict[str, object] = {"sector": self.names}
        for name, mine, theirs in (
            ("output", self.x, base.x),
            ("demand", self.demand, base.demand),
            ("value_added", self.value_added, base.value_added),
        ):
            columns |= {f"{name}_before": theirs, name: mine, f"{name}_change": mine - theirs}
        return pl.DataFrame(columns)


def accounts(Z: npt.ArrayLike, x: npt.ArrayLike, names: Sequence[object] | None = None) -> Accounts:  # noqa: N803
    """The state of the table itself. What is sold to a sector without output stands under final demand."""
    table = Table.of(Z, x, names)
    return _state(table, table.coefficients, table.x)


def demand_shock(
    Z: npt.ArrayLike,  # noqa: N803
    x: npt.ArrayLike,
    change: npt.ArrayLike | Mapping[str | int, float],
    names: Sequence[object] | None = None,
) -> Accounts:
    """Final demand changes by ``change`` (n,) or {sector: change}; technology stays: x' = L (f + change).

    ``ValueError`` where some output would be negative: then more demand is taken away than there is.
    """
    table = Table.of(Z, x, names)
    wanted = table.demand + _vector(table, change)
    return _state(table, table.coefficients, _possible(table, np.linalg.solve(table.balance(), wanted)))


def supply_shock(
    Z: npt.ArrayLike,  # noqa: N803
    x: npt.ArrayLike,
    output: Mapping[str | int, float],
    names: Sequence[object] | None = None,
) -> Accounts:
    """The output of some sectors is set, {sector: new output}; the others follow (mixed model, Miller and Blair ch. 14).

    Final demand of the other sectors and technology stay. The sectors that are set deliver to the others what these
    need; what is left, or lacking, shows in their final demand: where it falls below 0 (below imports already in it),
    the difference has to come from outside or the others cannot produce that much.
    """
    table = Table.of(Z, x, names)
    if not output:
        raise ValueError("请至少给出一个部门的新产出")
    fixed = table.positions(list(output))
    given = np.array(list(output.values()), np.float64)
    if len(set(fixed.tolist())) != len(fixed) or not np.isfinite(given).all() or (given < 0).any():
        raise ValueError("新产出应每个部门一个、不为负")
    if (table.silent[fixed] & (given > 0)).any():
        raise ValueError(f"没有产出的部门没有投入系数，不能设定产出：{listed(table.silent, table.names)}")
    free = np.setdiff1d(np.arange(len(table)), fixed)
    matrix = table.balance()
    settled = np.empty(len(table))
    settled[fixed] = given
    asked = table.demand[free] - matrix[np.ix_(free, fixed)] @ given
    settled[free] = np.linalg.solve(matrix[np.ix_(free, free)], asked)
    return _state(table, table.coefficients, _possible(table, settled))


def value_added_shock(
    Z: npt.ArrayLike,  # noqa: N803
    x: npt.ArrayLike,
    change: npt.ArrayLike | Mapping[str | int, float],
    names: Sequence[object] | None = None,
) -> Accounts:
    """Primary inputs change and push output through fixed *allocation* coefficients (Ghosh): x' = (v + change)' G.

    Every buyer takes what it is offered, with whatever other inputs: not plausible for quantities (Oosterhaven 1988);
    read it as where a shortage arrives, or as prices (Dietzenbacher 1997).
    """
    table = Table.of(Z, x, names)
    allocation = table.allocation
    pushed = table.x - allocation.T @ table.x + _vector(table, change)
    settled = _possible(table, np.linalg.solve(np.eye(len(table)) - allocation.T, pushed))
    flows = allocation * settled[:, None]
    return Accounts(table.names, flows, settled, settled - flows.sum(1), settled - flows.sum(0))


def _state(table: Table, coefficients: Floats, settled: Floats) -> Accounts:
    flows = coefficients * settled
    return Accounts(table.names, flows, settled, settled - flows.sum(1), settled - flows.sum(0))


def _vector(table: Table, change: npt.ArrayLike | Mapping[str | int, float]) -> Floats:
    if isinstance(change, Mapping):
        vector = np.zeros(len(table))
        np.add.at(vector, table.positions(list(change)), np.array(list(change.values()), np.float64))
    else:
        vector = np.asarray(change, np.float64)
    if vector.shape != (len(table),) or not np.isfinite(vector).all():
        raise ValueError(f"变动量应为 {len(table)} 个有限的数，或“部门: 变动”的对照")
    return vector


def _possible(table: Table, settled: npt.NDArray[np.floating]) -> Floats:
    """``settled`` without rounding below zero; refused where an output is really negative."""
    negative = settled < -1e-9 * max(float(table.x.max()), 1e-300)
    if negative.any():
        raise ValueError(f"变动过大，产出将为负：{listed(negative, table.names)}")
    return np.asarray(np.maximum(settled, 0.0), np.float64)
