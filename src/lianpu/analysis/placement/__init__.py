"""Placement 挂链: which segments of a chain a firm fills, read from its business scope and name.

>>> placer = Placer.fit(taxonomy, products, labelled)   # frames; labelled may be None
>>> placed = placer.place(frame, top_k=3)                # (name, scope) → row, rank, code, role, score, evidence

The method, its grammar and its validation are in ``docs/methods/placement.md``.
"""

from lianpu.analysis.placement.clauses import Part, parse
from lianpu.analysis.placement.placer import Placer, naming, place_many

__all__ = ["Part", "Placer", "naming", "parse", "place_many"]
