"""Which segments of its chains a place lacks, which to extend to, which to strengthen — and why.

``diagnose`` turns placements, chain maps and a reference into states of segments, findings (fill 补链, extend 延链,
strengthen 强链) with named score parts and evidence, and figures per chain. ``explain`` words a finding in Chinese,
``sensitivity`` tells which ranks hang on the choice of weights. Rules and their grounds: ``docs/methods/diagnosis.md``.
"""

from lianpu.analysis.diagnosis.findings import Likelihood
from lianpu.analysis.diagnosis.rules import INFORMED, KINDS, PARTS, Rules, segment_states
from lianpu.analysis.diagnosis.run import Diagnosis, diagnose, diagnose_many
from lianpu.analysis.diagnosis.sensitivity import CHANGE, TOP, sensitivity
from lianpu.analysis.diagnosis.wording import explain

__all__ = [
    "CHANGE",
    "INFORMED",
    "KINDS",
    "PARTS",
    "TOP",
    "Diagnosis",
    "Likelihood",
    "Rules",
    "diagnose",
    "diagnose_many",
    "explain",
    "segment_states",
    "sensitivity",
]
