"""The cuts and weights of a diagnosis, and the rule that gives each segment its state."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

KINDS = ("fill", "extend", "strengthen")
STATES = ("missing", "weak", "balanced", "strong")
STAGES = ("upstream", "midstream", "downstream", "support")

_GAP_PARTS = ("need", "supply", "anchor", "kin", "position", "shortfall")
PARTS: Mapping[str, tuple[str, ...]] = {
    "fill": _GAP_PARTS,
    "extend": _GAP_PARTS,
    "strengthen": ("need", "position", "weakness", "shortfall", "thin"),
}
"""The score parts of each kind of finding, each 0..1; what they measure stands in ``findings.py``."""
_INFORMED_PARTS = ("need", "supply", "anchor", "likely", "position", "shortfall")
INFORMED: Mapping[str, tuple[str, ...]] = {"fill": _INFORMED_PARTS, "extend": _INFORMED_PARTS}
"""The parts of a gap whose probability of entry is known: it stands where ``kin`` else guesses at it."""


def _weights() -> dict[str, dict[str, float]]:
    return {
        "fill": {"need": 0.30, "supply": 0.10, "anchor": 0.15, "kin": 0.05, "position": 0.20, "shortfall": 0.20},
        "extend": {"need": 0.10, "supply": 0.10, "anchor": 0.25, "kin": 0.10, "position": 0.25, "shortfall": 0.20},
        "strengthen": {"need": 0.25, "position": 0.25, "weakness": 0.15, "shortfall": 0.30, "thin": 0.05},
    }


def _informed() -> dict[str, dict[str, float]]:
    return {
        "fill": {"need": 0.30, "supply": 0.10, "anchor": 0.10, "likely": 0.10, "position": 0.20, "shortfall": 0.20},
        "extend": {"need": 0.10, "supply": 0.05, "anchor": 0.20, "likely": 0.25, "position": 0.20, "shortfall": 0.20},
    }


@dataclass(frozen=True)
class Rules:
    """Parameters of a diagnosis; stored with the run. Every one may be changed, none is a legal rule."""

    weak_below: float = 0.8
    """Location quotient under which a present segment is weak."""
    strong_from: float = 1.25
    """Location quotient from which a segment is strong (with an above-scale firm, where that is known)."""
    min_confidence: float = 0.5
    """Placements under it are not counted, but told as awaiting review."""
    level: float = 0.9
    """Two-sided level of the interval that tells sure states from unsure ones."""
    thin_hhi: float = 0.6
    """HHI by scale from which a segment that is not strong hangs on too few firms."""
    link_weight: float = 2.0
    """Weight from which a flow makes a neighbour for fill and extend: 2 is important, 1 only helpful."""
    critical_weight: float = 4.0
    """Summed weight of flows to present users from which "much depends on it" (a flow one cannot do without has 3)."""
    half_weight: float = 3.0
    """Summed weight w of flows at which a part w / (w + half_weight) reaches one half."""
    presence: Mapping[str, float] = field(default_factory=lambda: {"weak": 0.5, "balanced": 0.8, "strong": 1.0})
    """How much a neighbour in each state counts as present; a missing one counts 0."""
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=_weights)
    """Weight of every score part for each kind; they sum to 1, so that scores lie in 0..1."""
    informed: Mapping[str, Mapping[str, float]] = field(default_factory=_informed)
    """The same for gaps whose probability of entry is known."""
    evidence_firms: int = 5
    """How many firms a segment a finding names, largest first; all are reached through the segment."""

    def __post_init__(self) -> None:
        if not 0 < self.weak_below <= self.strong_from:
            raise ValueError(f"cuts must be 0 < weak_below ≤ strong_from, not {self.weak_below}, {self.strong_from}")
        for name in ("min_confidence", "thin_hhi"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in 0..1, not {getattr(self, name)}")
        if not 0 < self.level < 1:
            raise ValueError(f"level must lie between 0 and 1, not {self.level}")
        if min(self.half_weight, self.link_weight, self.critical_weight) <= 0 or self.evidence_firms < 1:
            raise ValueError("half_weight, link_weight and critical_weight must be > 0 and evidence_firms ≥ 1")
        if set(self.presence) != set(STATES[1:]) or not all(0 < value <= 1 for value in self.presence.values()):
            raise ValueError("presence needs a number in 0..1 (not 0) for weak, balanced and strong")
        for name, parts in (("weights", PARTS), ("informed", INFORMED)):
            for kind, wanted in parts.items():
                given = getattr(self, name).get(kind, {})
                if set(given) != set(wanted) or min(given.values()) < 0 or abs(sum(given.values()) - 1) > 1e-9:
                    raise ValueError(f"{name} of {kind} must be ≥ 0, sum to 1 and be given for {', '.join(wanted)}")


def segment_states(cells: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """``cells`` of :func:`~lianpu.analysis.coverage.coverage` with (state, basis, sure) added.

    missing: no firm fills it. weak: no above-scale firm, or LQ < ``weak_below``. strong: LQ ≥ ``strong_from`` and an
    above-scale firm. balanced: what remains. A condition whose figure is unknown is left out, and ``basis`` names the
    conditions that were used: ``lq+scale``, ``lq``, ``scale`` or ``presence``.

    ``sure`` tells that the state is not a play of small numbers: of missing and weak that the whole interval of the
    quotient lies under 1 (or that there is surely no above-scale firm), of strong that it lies over 1, of balanced
    that it lies between the cuts.
    """
    lq, low, high, above = (pl.col(column) for column in ("lq", "lq_low", "lq_high", "n_above_scale"))
    has_lq, has_scale = lq.is_not_null(), above.is_not_null()
    none_large = (above == 0).fill_null(False)
    below, over = (lq < rules.weak_below).fill_null(False), (lq >= rules.strong_from).fill_null(False)
    missing = pl.col("n") == 0
    surely_below = (high < 1).fill_null(False)
    return cells.with_columns(
        state=pl.when(missing)
        .then(pl.lit("missing"))
        .when(none_large | below)
        .then(pl.lit("weak"))
        .when(over)
        .then(pl.lit("strong"))
        .otherwise(pl.lit("balanced")),
        basis=pl.when(has_lq & has_scale)
        .then(pl.lit("lq+scale"))
        .when(has_lq)
        .then(pl.lit("lq"))
        .when(has_scale & ~missing)
        .then(pl.lit("scale"))
        .otherwise(pl.lit("presence")),
    ).with_columns(
        sure=pl.when(pl.col("state") == "missing")
        .then(surely_below)
        .when(pl.col("state") == "weak")
        .then(none_large | surely_below)
        .when(pl.col("state") == "strong")
        .then((low > 1).fill_null(False))
        .otherwise((low.ge(rules.weak_below) & high.lt(rules.strong_from)).fill_null(False)),
    )
