"""Import: read → map → coerce → derive → match → plan → commit, all set-wise, nothing half-written.

``planning`` says what a file would do, ``committing`` does it in one transaction, ``store`` keeps what became of every
line, ``result`` writes the workbooks for the sender, ``desk`` leads a file from upload to undo.
"""

from lianpu.register.importing.committing import ALL_OR_NOTHING, GOOD_ROWS, OvertakenError, commit
from lianpu.register.importing.mapping import RESULT_HEADS, Instructions, MissingColumnsError, known_heads, words_of
from lianpu.register.importing.planning import (
    CHANGED,
    DUPLICATE,
    FAULTY,
    NEW,
    OUTCOME_WORDS,
    SAME,
    Correction,
    Plan,
    PlannedRow,
    Progress,
    RefusedError,
    batches,
    make_plan,
    plan_sheet,
    silent,
)
from lianpu.register.importing.result import write_faulty, write_result
from lianpu.register.importing.store import outcome_counts, summary_of

__all__ = [
    "ALL_OR_NOTHING",
    "CHANGED",
    "DUPLICATE",
    "FAULTY",
    "GOOD_ROWS",
    "NEW",
    "OUTCOME_WORDS",
    "RESULT_HEADS",
    "SAME",
    "Correction",
    "Instructions",
    "MissingColumnsError",
    "OvertakenError",
    "Plan",
    "PlannedRow",
    "Progress",
    "RefusedError",
    "batches",
    "commit",
    "known_heads",
    "make_plan",
    "outcome_counts",
    "plan_sheet",
    "silent",
    "summary_of",
    "words_of",
    "write_faulty",
    "write_result",
]
