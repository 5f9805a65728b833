"""Input–output analysis: linkages, extraction of sectors and chains, scenarios, comparison over time.

Arrays and frames in, arrays and frames out. ``Z`` (n, n) are the flows between sectors, row = seller, column = buyer,
and ``x`` (n,) is gross output; both in one unit of value, as numpy arrays or anything numpy reads as numbers. Formulas,
sources and limits are in ``docs/methods/linkage.md``.
"""

from lianpu.analysis.linkage.china import china_table, to_common
from lianpu.analysis.linkage.comparing import Concordance, aggregate, compare, concordance, decompose
from lianpu.analysis.linkage.measures import extraction_loss, extraction_profile, ghosh, leontief, linkages
from lianpu.analysis.linkage.scenarios import Accounts, accounts, demand_shock, supply_shock, value_added_shock
from lianpu.analysis.linkage.table import Table

__all__ = [
    "Accounts",
    "Concordance",
    "Table",
    "accounts",
    "aggregate",
    "china_table",
    "compare",
    "concordance",
    "decompose",
    "demand_shock",
    "extraction_loss",
    "extraction_profile",
    "ghosh",
    "leontief",
    "linkages",
    "supply_shock",
    "to_common",
    "value_added_shock",
]
