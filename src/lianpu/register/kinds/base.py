"""What all kinds share: blank cells, plain text, and the contract of a kind."""

import unicodedata
from dataclasses import dataclass
from typing import Any, ClassVar

# Cells that say "nothing" in words.
NOTHING = frozenset(
    {"", "N/A", "n/a", "NA", "null", "NULL", "None", "nan", "NaN", "-", "--", "－", "—", "——", "/", "／", "无", "暂无"}
)


def plain(value: object) -> str:
    """The text of a cell: full-width forms folded, outer blanks gone, ``12.0`` read as ``12``."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFKC", str(value)).strip()


@dataclass(frozen=True)
class Kind:
    """Base of all kinds; ``name`` is what the data dictionary and the API call it."""

    name: str = "text"
    nothing: ClassVar[frozenset[str]] = NOTHING
    reads_loosely: ClassVar[bool] = False  # whether ``reading`` ever has something to say

    def parse(self, cell: object) -> Any:
        """The value of a cell that is not blank; ``BadValueError`` with reason and remedy where there is none."""
        raise NotImplementedError

    def under(self, head_unit: str) -> "Kind":  # noqa: ARG002
        """This kind for cells under a head that names a unit, "" where it names none."""
        return self

    def reading(self, cell: object) -> str:  # noqa: ARG002
        """How a cell was taken where it says less than its value, or says it otherwise; "" where it is plain.

        Only asked of cells that ``parse`` takes. The words name the rule, not the cell, so that a preview can count them.
        """
        return ""

    def blank(self, cell: object) -> bool:
        """Whether a cell holds nothing, in whichever words."""
        return cell is None or (isinstance(cell, str) and cell.strip() in self.nothing)

    def show(self, value: Any) -> str:
        """Text for people."""
        return "" if value is None else str(value)

    def write(self, value: Any) -> Any:
        """Value for a spreadsheet cell, such that ``parse(write(v)) == v``."""
        return value
