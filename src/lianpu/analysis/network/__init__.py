"""Product and segment graph: cleaned, lifted to segments, its layers and cut points, and what falls with what.

``docs/methods/network.md`` has the questions, formulas, parameters and figures.
"""

from lianpu.analysis.network.cascade import (
    Substitution,
    Supply,
    cascade,
    criticality,
    fall_of_each,
    shares,
    single_points,
)
from lianpu.analysis.network.cleaning import Cleaned, agreement, clean, edge_key
from lianpu.analysis.network.lifting import InputOutput, Lift, dependence, product_evidence, segments_of
from lianpu.analysis.network.structure import Graph, betweenness, bridges, cut_points, dominators, layers

__all__ = [
    "Cleaned",
    "Graph",
    "InputOutput",
    "Lift",
    "Substitution",
    "Supply",
    "agreement",
    "betweenness",
    "bridges",
    "cascade",
    "clean",
    "criticality",
    "cut_points",
    "dependence",
    "dominators",
    "edge_key",
    "fall_of_each",
    "layers",
    "product_evidence",
    "segments_of",
    "shares",
    "single_points",
]
