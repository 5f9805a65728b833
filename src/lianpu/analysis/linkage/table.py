"""An input–output table: checked once, with its coefficients, final demand and Leontief inverse."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lianpu.analysis.linkage.inverse import diagonal_and_sums, inverse

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PRODUCTIVE = 1 - 1e-9  # a column sum of the Leontief inverse is at least 1 in every economy that can work


@dataclass(frozen=True)
class Table:
    """Flows ``Z`` (n, n; row = seller, column = buyer) and gross output ``x`` (n,), in one unit of value.

    Final demand is what is left of output: f = x − A x, with whatever error or import column the source has. A sector
    without output (``silent``) has no coefficients: its column of A and its row of the allocation coefficients are 0,
    and what the table says others sold to it counts as final demand. Make one with :meth:`of`.
    """

    Z: Floats
    x: Floats
    names: tuple[str, ...]

    @classmethod
    def of(cls, Z: npt.ArrayLike, x: npt.ArrayLike, names: Sequence[object] | None = None) -> "Table":  # noqa: N803
        """Whatever numpy can read as numbers; ``ValueError`` says what is wrong with it."""
        flows, output = _numbers(Z, "Z（中间流量）"), _numbers(x, "x（总产出）").ravel()
        if flows.ndim != 2 or flows.shape[0] != flows.shape[1]:
            raise ValueError(f"Z（中间流量）应为 n×n 的方阵，现为 {'×'.join(map(str, flows.shape))}")
        if not len(flows):
            raise ValueError("投入产出表是空的：至少要有一个部门")
        if len(output) != len(flows):
            raise ValueError(f"x（总产出）有 {len(output)} 个数，而 Z 有 {len(flows)} 个部门：两者应一致")
        if (output < 0).any():
            raise ValueError(f"总产出不能为负：第 {listed(output < 0)} 个部门（从 0 数起）")
        labels = tuple(map(str, range(len(flows)))) if names is None else tuple(map(str, names))
        if len(labels) != len(flows) or len(set(labels)) != len(labels):
            raise ValueError(f"部门名应有 {len(flows)} 个且互不相同，现有 {len(labels)} 个、{len(set(labels))} 个不同")
        return cls(flows, output, labels)

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def silent(self) -> Bools:
        """Sectors without output."""
        return np.asarray(self.x == 0)

    @cached_property
    def coefficients(self) -> Floats:
        """A, aᵢⱼ = zᵢⱼ / xⱼ (direct requirements, 直接消耗系数); the column of a silent sector is 0."""
        return np.asarray(self.Z * self._per_output)

    @cached_property
    def allocation(self) -> Floats:
        """H, hᵢⱼ = zᵢⱼ / xᵢ (allocation coefficients, 直接分配系数); row and column of a silent sector are 0."""
        return np.asarray(self.Z * self._per_output[:, None] * ~self.silent)

    @cached_property
    def demand(self) -> Floats:
        """Final demand f = x − A x."""
        return np.asarray(self.x - self.coefficients @ self.x)

    def balance(self) -> Floats:
        """I − A, the matrix of (I − A) x = f; made anew at each call, for the caller to use up."""
        matrix = np.multiply(self.Z, -self._per_output)
        matrix[np.diag_indices(len(self))] += 1.0
        return matrix

    @cached_property
    def leontief(self) -> Floats:
        """L = (I − A)⁻¹ (total requirements, 完全需求系数)."""
        with _singular_told():
            found = inverse(self.balance())
        self._check_productive(found.sum(0))
        return found

    @cached_property
    def diagonal_and_multipliers(self) -> tuple[Floats, Floats]:
        """The diagonal and the column sums of the Leontief inverse; cheaper than the inverse."""
        if "leontief" in self.__dict__:
            return self.leontief.diagonal(), self.leontief.sum(0)
        with _singular_told():
            diagonal, sums = diagonal_and_sums(self.balance())
        self._check_productive(sums)
        return diagonal, sums

    @cached_property
    def _per_output(self) -> Floats:
        return np.divide(1.0, self.x, out=np.zeros_like(self.x), where=self.x > 0)

    def _check_productive(self, multipliers: Floats) -> None:
        """Hawkins–Simon: with A ≥ 0, L ≥ 0 exists just when every column sum of (I − A)⁻¹ is at least 1."""
        if not np.isfinite(multipliers).all() or ((multipliers < PRODUCTIVE).any() and (self.Z >= 0).all()):
            heavy = self.coefficients.sum(0) >= 1
            raise ValueError(
                f"投入产出表不可行：投入超过产出，经济无法自我维持（霍金斯—西蒙条件不成立）。"
                f"请核对中间投入合计不小于总产出的部门：{listed(heavy, self.names)}"
            )

    def positions(self, sectors: Sequence[object]) -> npt.NDArray[np.int64]:
        """Where the sectors stand, each given by its position (whole number) or its name."""
        at = {name: i for i, name in enumerate(self.names)}
        found = []
        for sector in sectors:
            if isinstance(sector, int | np.integer) and not isinstance(sector, bool):
                if not -len(self) <= sector < len(self):
                    raise ValueError(f"没有第 {sector} 个部门：共 {len(self)} 个，从 0 数起")
                found.append(int(sector) % len(self))
            elif str(sector) in at:
                found.append(at[str(sector)])
            else:
                raise ValueError(f"没有部门“{sector}”")
        return np.array(found, np.int64)


@contextmanager
def _singular_told() -> Iterator[None]:
    """Turns numpy's word for a singular matrix into ours."""
    try:
        yield
    except np.linalg.LinAlgError as error:
        raise ValueError("投入产出表不可行：I − A 不可逆，有部门组的投入恰等于其产出") from error


def _numbers(given: npt.ArrayLike, what: str) -> Floats:
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what}应全是数字，且各行等长：{error}") from error
    if not np.isfinite(values.sum()):  # one pass; a sum is finite when all are, short of overflow
        raise ValueError(f"{what}有 {np.count_nonzero(~np.isfinite(values))} 处空值或无穷大：请先补全")
    return values


def listed(which: Bools, names: Sequence[str] | None = None) -> str:
    """The first few of the marked, for a message."""
    found = np.flatnonzero(which)
    shown = "、".join(str(i) if names is None else names[i] for i in found[:5])
    return f"{shown} 等 {len(found)} 个" if len(found) > 5 else shown or "（无）"
