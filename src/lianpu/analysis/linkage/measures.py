"""How sectors hang together: linkages, and what is lost when sectors go.

With A = Z / x by columns and L = (I − A)⁻¹, output is x = L f. All of it comes from one factorisation.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from lianpu.analysis.linkage.table import Floats, Table

Kind = Literal["whole", "buying", "selling"]


def leontief(Z: npt.ArrayLike, x: npt.ArrayLike, demand: npt.ArrayLike) -> Floats:  # noqa: N803
    """Output (n,) that a final ``demand`` (n,) asks for, x = L f; for several demands (n, k) the same by columns."""
    table = Table.of(Z, x)
    return np.asarray(np.linalg.solve(table.balance(), _side(table, demand, "最终需求")))


def ghosh(Z: npt.ArrayLike, x: npt.ArrayLike, value_added: npt.ArrayLike) -> Floats:  # noqa: N803
    """Output (n,) to which ``value_added`` (n,) pushes through fixed allocation coefficients, x' = v' (I − H)⁻¹."""
    table = Table.of(Z, x)
    matrix = np.eye(len(table)) - table.allocation
    return np.asarray(np.linalg.solve(matrix.T, _side(table, value_added, "初始投入")))


def linkages(
    Z: npt.ArrayLike,  # noqa: N803
    x: npt.ArrayLike,
    names: Sequence[object] | None = None,
    *,
    weights: npt.ArrayLike | None = None,
) -> pl.DataFrame:
    """Linkages of every sector; one row a sector in the order given, no NaN, no null.

    * sector (name, else position as text), output, silent (no output: linkages of one that deals with nobody)
    * multiplier: Σᵢ lᵢⱼ, output of all sectors asked for by one unit of final demand for j (产出乘数)
    * backward, forward (影响力系数, 感应度系数; Rasmussen 1956): column and row sums of L over their mean
    * ghosh_forward: row sums of the Ghosh inverse over their mean, the better forward measure (Jones 1976)
    * backward_spread, forward_spread: coefficient of variation of the column and the row of L; small means that many
      sectors share in it, large that a few do
    * key: backward and forward > 1; key_ghosh: backward and ghosh_forward > 1

    ``weights`` (n,) ≥ 0 make backward and forward those of L with column j weighted by wⱼ (means stay 1): with final
    demand as weights a sector counts by what is really asked of it, not one unit each. ghosh_forward is not weighted.
    """
    table = Table.of(Z, x, names)
    inverse = table.leontief
    columns, rows = inverse.sum(0), inverse.sum(1)
    backward, forward = (columns, rows) if weights is None else _weighted(inverse, table, weights)
    pushed = np.divide(inverse @ table.x, table.x, out=np.ones_like(table.x), where=~table.silent)
    backward, forward, pushed = (each / each.mean() for each in (backward, forward, pushed))
    return pl.DataFrame(
        {
            "sector": table.names,
            "output": table.x,
            "silent": table.silent,
            "multiplier": columns,
            "backward": backward,
            "forward": forward,
            "ghosh_forward": pushed,
            "backward_spread": _spread(inverse, 0),
            "forward_spread": _spread(inverse, 1),
            "key": (backward > 1) & (forward > 1),
            "key_ghosh": (backward > 1) & (pushed > 1),
        }
    )


def extraction_loss(
    Z: npt.ArrayLike,  # noqa: N803
    x: npt.ArrayLike,
    *,
    groups: Sequence[Sequence[int]] | None = None,
    kind: Kind = "whole",
) -> Floats:
    """Total output lost when sector j is extracted, its own included: (n,), for every j at once.

    ``kind`` "whole": row and column of A and the final demand of j go. "buying": only the column (j buys nothing here,
    all its inputs come from outside). "selling": only the row (nobody here uses j's product; its final demand stays).
    A sector without output loses nothing.

    ``groups`` (each a row of positions) extracts all sectors of a group together, such as those of a chain: (groups,).

    Closed form (Miller and Lahr 2001 give the problem, Sherman–Morrison–Woodbury the step), with c the column sums of
    L: whole cₖ' Lₖₖ⁻¹ xₖ, buying (cₖ − 1)' Lₖₖ⁻¹ xₖ, selling cₖ' Lₖₖ⁻¹ (xₖ − fₖ). It is what one solve a
    sector gives, to rounding.
    """
    table = Table.of(Z, x)
    if kind not in ("whole", "buying", "selling"):
        raise ValueError(f"kind 只能是 whole、buying 或 selling，不能是 {kind!r}")
    lost = table.x - table.demand if kind == "selling" else table.x
    if groups is None:
        diagonal, sums = table.diagonal_and_multipliers
        loss = (sums - 1 if kind == "buying" else sums) * lost / diagonal
        return np.where(table.silent, 0.0, loss)
    inverse = table.leontief
    sums = inverse.sum(0) - (kind == "buying")
    losses = []
    for group in groups:
        at = table.positions(group)
        if len(set(at.tolist())) != len(at):
            raise ValueError(f"同一组里部门重复：{list(group)}")
        at = at[~table.silent[at]]
        losses.append(sums[at] @ np.linalg.solve(inverse[np.ix_(at, at)], lost[at]))
    return np.array(losses, np.float64)


def extraction_profile(Z: npt.ArrayLike, x: npt.ArrayLike, sectors: Sequence[int] | None = None) -> Floats:  # noqa: N803
    """Who loses how much: (n, m), row i the output that i loses when the sector of the column is extracted whole.

    ``sectors`` by position, all when None. Column sums are :func:`extraction_loss`.
    """
    table = Table.of(Z, x)
    at = np.arange(len(table)) if sectors is None else table.positions(sectors)
    inverse = table.leontief
    return np.asarray(inverse[:, at] * (table.x[at] / inverse[at, at]))


def _side(table: Table, given: npt.ArrayLike, what: str) -> Floats:
    values = np.asarray(given, np.float64)
    if values.ndim not in (1, 2) or len(values) != len(table) or not np.isfinite(values).all():
        raise ValueError(
            f"{what}应为 {len(table)} 个有限的数（或 {len(table)}×k），现为 {'×'.join(map(str, values.shape))}"
        )
    return values


def _weighted(inverse: Floats, table: Table, weights: npt.ArrayLike) -> tuple[Floats, Floats]:
    weight = np.asarray(weights, np.float64)
    if weight.shape != (len(table),) or not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise ValueError(f"weights 应为 {len(table)} 个不小于 0 的数，且不全为 0")
    return inverse.sum(0) * weight, inverse @ weight


def _spread(inverse: Floats, axis: int) -> Floats:
    """Coefficient of variation (sample deviation over mean) along an axis; 0 for a single sector."""
    if len(inverse) < 2:
        return np.zeros(1)
    return np.asarray(inverse.std(axis, ddof=1) / inverse.mean(axis))
