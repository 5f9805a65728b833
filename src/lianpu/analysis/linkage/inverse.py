"""The inverse of I − A, and its diagonal and column sums alone, by blocks.

Input–output matrices are M-matrices: nothing off the diagonal of I − A is positive. Where the column sums of A stay
below one, which is what value added > 0 means, I − A is also diagonally dominant, so elimination needs no pivots and
every Schur complement is of the same kind. Halving the matrix again and again then does nearly all the work in matrix
products, which run two to three times faster than LAPACK's triangular steps. Without dominance LAPACK does it.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAF = 64  # below this LAPACK's call is cheaper than more halving


def inverse(matrix: Floats) -> Floats:
    """L = M⁻¹ (n, n) for M = I − A, which is overwritten; ``numpy.linalg.LinAlgError`` where M is singular."""
    if not _dominant(matrix):
        return np.asarray(np.linalg.inv(matrix), np.float64)
    _invert(matrix)
    return matrix


def diagonal_and_sums(matrix: Floats) -> tuple[Floats, Floats]:
    """The diagonal of L = M⁻¹ and its column sums, (n,) each, for three quarters of the work; M is overwritten."""
    if len(matrix) > LEAF and _dominant(matrix):
        return _diagonal_and_sums(matrix)
    whole = inverse(matrix)
    return whole.diagonal().copy(), whole.sum(0)


def _dominant(matrix: Floats) -> bool:
    """A ≥ 0 with column sums < 1: no entry off the diagonal is positive, every column sum is."""
    if not (matrix.sum(0) > 0).all():
        return False
    return bool(np.count_nonzero(matrix > 0) == np.count_nonzero(matrix.diagonal() > 0))


def _quarters(matrix: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    half = len(matrix) // 2
    return matrix[:half, :half], matrix[:half, half:], matrix[half:, :half], matrix[half:, half:]


def _invert(matrix: Floats) -> None:
    """[[P, Q], [R, S]]⁻¹ in place, by the inverse of P and that of its Schur complement S − R P⁻¹ Q."""
    if len(matrix) <= LEAF:
        matrix[:] = np.linalg.inv(matrix)
        return
    p, q, r, s = _quarters(matrix)
    _invert(p)
    right, left = p @ q, r @ p
    s -= r @ right
    _invert(s)
    np.matmul(s, left, out=r)
    p += right @ r
    np.matmul(right, s, out=q)
    np.negative(q, out=q)
    np.negative(r, out=r)


def _diagonal_and_sums(matrix: Floats) -> tuple[Floats, Floats]:
    """As :func:`_invert`, but of the last halving only what the diagonal and the sums need."""
    p, q, r, s = _quarters(matrix)
    _invert(p)
    right, left = p @ q, r @ p
    s -= r @ right
    _invert(s)
    corner = np.matmul(s, left, out=r)
    above = right.sum(0)
    diagonal = np.concatenate([p.diagonal() + np.einsum("ij,ji->i", right, corner), s.diagonal()])
    sums = np.concatenate([p.sum(0) + above @ corner - corner.sum(0), s.sum(0) - above @ s])
    return diagonal, sums
