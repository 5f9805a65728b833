"""The verbs of chains: load maps, place firms, decide, keep references, diagnose."""

from lianpu.chains.services.diagnosing import diagnose_place, rediagnose
from lianpu.chains.services.loading import load_maps
from lianpu.chains.services.placing import current_placer, decide, place_enterprises
from lianpu.chains.services.references import load_reference, reference_in_use

__all__ = [
    "current_placer",
    "decide",
    "diagnose_place",
    "load_maps",
    "load_reference",
    "place_enterprises",
    "rediagnose",
    "reference_in_use",
]
