"""A fault: what is wrong with one value of one row, and what to do about it."""

from dataclasses import asdict, dataclass


class BadValueError(Exception):
    """A cell cannot be taken as it stands: why, and the remedy, in the user's words.

    ``proposal`` is what the cell may have meant, for a person to accept; it is never taken by itself.
    """

    def __init__(self, reason: str, remedy: str, proposal: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.proposal = proposal


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a file: ``line`` is the line of the file (1 = first), ``column`` its head."""

    line: int
    column: str
    value: str
    reason: str
    remedy: str
    proposal: str = ""  # what the cell may have meant, as one would type it

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def __str__(self) -> str:
        where = f"第{self.line}行" + (f"「{self.column}」" if self.column else "")
        shown = f"值“{self.value[:40]}”：" if self.value else ""
        return f"{where}{shown}{self.reason}；{self.remedy}"
