"""Pairing: suppliers and buyers of one place, and firms elsewhere that could fill a gap; every rank explained by parts.

``docs/methods/pairing.md`` has the questions, formulas, parameters, validation and limits.
"""

from lianpu.analysis.pairing.groups import groups
from lianpu.analysis.pairing.local import PairRules, explain_pair, pairs
from lianpu.analysis.pairing.targets import Reference, TargetRules, explain_target, targets

__all__ = ["PairRules", "Reference", "TargetRules", "explain_pair", "explain_target", "groups", "pairs", "targets"]
