"""The verbs of chains: load maps, place firms, decide, keep references, diagnose."""

from lianpu.chains.services.diagnosing import diagnose_place, renew
from lianpu.chains.services.entering import entry_of
from lianpu.chains.services.incremental import place_changed
from lianpu.chains.services.loading import load_maps
from lianpu.chains.services.placing import current_placer, place_enterprises
from lianpu.chains.services.references import load_reference, reference_in_use
from lianpu.chains.services.reviewing import choose, decide, place_by_hand, put_outside, take_back
from lianpu.chains.services.training import train, use

__all__ = [
    "choose",
    "current_placer",
    "decide",
    "diagnose_place",
    "entry_of",
    "load_maps",
    "load_reference",
    "place_by_hand",
    "place_changed",
    "place_enterprises",
    "put_outside",
    "reference_in_use",
    "renew",
    "take_back",
    "train",
    "use",
]
