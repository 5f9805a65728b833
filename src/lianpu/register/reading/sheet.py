"""What reading gives: cells under one head, and everything of the file that was not taken as a row."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Kinds of what is skipped.
TITLE, GROUP, REPEATED_HEAD, TOTAL, NOTE = "title", "group", "repeated_head", "total", "note"
HIDDEN, HIDDEN_COLUMN, OTHER_TABLE, FORMULA = "hidden", "hidden_column", "other_table", "formula"
SKIPPED_WORDS = {
    TITLE: "表头以上",
    GROUP: "分组行",
    REPEATED_HEAD: "重复的表头",
    TOTAL: "合计行",
    NOTE: "表下说明",
    HIDDEN: "隐藏行",
    HIDDEN_COLUMN: "隐藏列",
    OTHER_TABLE: "同一工作表上的另一张表",
    FORMULA: "没有计算结果的公式，按空白读取",
}


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something of the file that is no row of the table: ``line`` is the file's, ``kind`` one of SKIPPED_WORDS."""

    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"第{self.line}行（{SKIPPED_WORDS[self.kind]}）：{self.text}"


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """One sheet of a file, for choosing: ``score`` is how many known heads it bears, ``rows`` how many lines below them."""

    name: str
    rows: int
    columns: int
    heads: list[str]
    hidden: bool
    score: int


@dataclass
class Sheet:
    """Cells under one head. ``lines[i]`` is the file's line number of ``rows[i]``, ``groups[i]`` the group it stands in.

    Also made from memory, where there is no file: give ``path`` the name to show, and heads, units, rows and lines.
    """

    path: Path
    form: str  # xlsx | xls | xlsb | ods | csv | parquet
    heads: list[str]
    units: list[str]
    rows: list[Sequence[object]]
    lines: list[int]
    above: list[Sequence[object]] = field(default_factory=list)  # title and head lines, kept for the result file
    encoding: str = ""
    sheet_name: str = ""
    skipped: list[Skipped] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)  # places in ``heads``
    hidden_lines: list[int] = field(default_factory=list)  # as in ``lines``
    choices: list[SheetInfo] = field(default_factory=list)  # all sheets of the workbook, this one among them

    def __post_init__(self) -> None:
        if len(self.groups) != len(self.rows):
            self.groups = [""] * len(self.rows)

    @property
    def file_hash(self) -> str:
        """SHA-256 of the file; of heads and cells where the sheet was made from memory."""
        digest = hashlib.sha256()
        if self.path.is_file():
            with self.path.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        else:
            for row in (self.heads, *self.rows):
                digest.update(json.dumps(list(row), ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()
