"""The sample's input–output table 示例: invented, so that a scenario can show what new output draws.

Sector i sells to sector j as much as the flows between their segments on the chain maps weigh, and everybody buys power,
trade, transport, finance and services; final demand is drawn, output follows from it (x = (I − A)⁻¹ f).
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lianpu.chains.maps import ChainMap
from lianpu.demo.words import stream, table

if TYPE_CHECKING:
    from lianpu.analysis.linkage import Table


def sample_io_table(maps: Sequence[ChainMap]) -> "tuple[str, Table, dict[str, str], str]":
    """Name, table (万元), names of sectors by code, fingerprint."""
    import numpy as np

    from lianpu.analysis.linkage import Table

    plan, chance = table("io"), stream("io")
    told = {code: text.rpartition(" ") for code, text in plan["sectors"].items()}
    names = {code: name for code, (name, _, _) in told.items()}
    at = {code: i for i, code in enumerate(names)}
    sector = {leaf.code: leaf.io_sector for one in maps for leaf in one.leaves}
    weights = np.full((len(at), len(at)), 0.05)
    for one in maps:
        for flow in one.flows:
            seller, buyer = sector.get(flow.source, ""), sector.get(flow.target, "")
            if seller in at and buyer in at:
                weights[at[seller], at[buyer]] += flow.weight
    weights /= np.maximum(weights.sum(0), 1) / 20  # a sector with many flows on the maps is no heavier buyer for it
    for code, weight in plan["everyone"].items():
        weights[at[code]] += weight
    shares = np.array([float(share) for _, _, share in told.values()])
    coefficients = weights / weights.sum(0) * shares
    demand = np.array([chance.lognormvariate(16.5, 0.7) for _ in at])
    output = np.linalg.solve(np.eye(len(at)) - coefficients, demand).round()
    made = Table.of((coefficients * output).round(), output, list(names))
    return str(plan["name"]), made, names, hashlib.sha256(made.Z.tobytes()).hexdigest()
