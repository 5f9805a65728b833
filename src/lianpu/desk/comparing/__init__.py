"""Health of the chains of a place, beside cities of the reference and beside itself at an earlier date.

Read for the acting user: only placements and segments within reach go into the analysis, so every number is that of the
list which it opens to. Peers come from the reference of the diagnosis, which anybody may read who may read references.
"""

from lianpu.desk.comparing.facts import City
from lianpu.desk.comparing.result import Comparison, compare
from lianpu.desk.comparing.tables import figure_table, segment_table

__all__ = ["City", "Comparison", "compare", "figure_table", "segment_table"]
