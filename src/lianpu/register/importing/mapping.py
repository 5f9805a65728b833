"""Which column of the register each head of a file means."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lianpu.register.declare import BoundColumn, Register
from lianpu.register.models import SenderMap
from lianpu.register.reading import Sheet, UnreadableError, clean_head, read, tops

RESULT_HEADS = ("结果", "原因", "改正办法")
"""Heads that this system adds to what it sends back; never data."""


GUESSED = 2
"""Fewer texts than this in a line are a title, not heads."""


@dataclass(frozen=True)
class Instructions:
    """What the sender said about a file: which sheet, what its heads mean, what of it to take."""

    sheet: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)  # head → column's name, "" to leave it out
    hidden: bool | None = None
    rejected: frozenset[str] = frozenset()
    sender: str = ""


NOTHING_SAID = Instructions()


@dataclass(frozen=True)
class Opened:
    """The sheet of a file and what is known of its heads: ``meaning`` maps a head to a column's name or ""."""

    sheet: Sheet
    heads_key: str  # by which the meaning is remembered for the sender
    meaning: Mapping[str, str]
    with_hidden: bool = True

    @property
    def named_sheet(self) -> str:
        """The sheet's name where the file is a workbook."""
        return self.sheet.sheet_name if self.sheet.choices else ""


class MissingColumnsError(UnreadableError):
    """Columns that the register needs are not among the heads: the sender may point them out."""

    def __init__(self, labels: Sequence[str], opened: Opened, columns: Sequence[BoundColumn | None]) -> None:
        name = opened.sheet.path.name
        super().__init__(f"{name} 缺少必需的列：{'、'.join(labels)}。请指出它们是哪一列，或补上后再报送。")
        self.opened, self.columns = opened, columns


def words_of(column: BoundColumn) -> list[str]:
    """What a head may say to mean the column, the surest first."""
    return [column.label, column.name, *column.column.aliases]


def known_heads(columns: Iterable[BoundColumn]) -> dict[str, BoundColumn]:
    """Cleaned head → column, over labels, names and aliases; a label or name goes before another column's alias."""
    editable = [column for column in columns if column.column.editable]
    found: dict[str, BoundColumn] = {}
    for part in (slice(2), slice(2, None)):
        for column in editable:
            for word in words_of(column)[part]:
                found.setdefault(clean_head(word)[0], column)
    return found


def open_sheet(register: Register, path: Path, known: Mapping[str, BoundColumn], told: Instructions) -> Opened:
    """The sheet of the file, its head found by every word that the register or this sender uses, as told or as
    remembered from when this sender sent the same heads before."""
    words = frozenset({*known, *told.mapping, *remembered_heads(register, told.sender)})
    try:
        sheet = read(path, words, sheet=told.sheet)
    except UnreadableError:
        # None of the words is there; a line that looks like heads lets the sender say what they mean.
        words = guessed_heads(path, told.sheet)
        if not words:
            raise
        sheet = read(path, words, sheet=told.sheet)
    key = fingerprint(sheet.heads)
    before = remembered(register, told.sender, key)
    hidden = told.hidden if told.hidden is not None else before.hidden if before is not None else None
    with_hidden = hidden is not False
    if not with_hidden and (sheet.hidden_columns or sheet.hidden_lines):
        choices = sheet.choices
        sheet = read(path, words, sheet=sheet.sheet_name, with_hidden=False)
        sheet.choices = choices
    return Opened(sheet, key, {**(before.mapping if before is not None else {}), **told.mapping}, with_hidden)


def map_heads(register: Register, opened: Opened, known: Mapping[str, BoundColumn]) -> list[BoundColumn | None]:
    """The column each head means, or None: what a person said goes before what the head says.

    Where two heads name one column, what was said goes first, then label before name before the first alias …
    Raises ``MissingColumnsError``.
    """
    heads, said = opened.sheet.heads, opened.meaning
    allowed = {column.name: column for column in known.values()}
    chosen: dict[str, tuple[int, int]] = {}
    for at, head in enumerate(heads):
        column = allowed.get(said[head]) if head in said else known.get(head)
        if column is None or head in RESULT_HEADS:
            continue
        rank = -1 if head in said else [clean_head(word)[0] for word in words_of(column)].index(head)
        if column.name not in chosen or rank < chosen[column.name][0]:
            chosen[column.name] = (rank, at)
    found: list[BoundColumn | None] = [None] * len(heads)
    for name, (_, at) in chosen.items():
        found[at] = allowed[name]
    if missing := [c.label for c in register.bound if c.column.required and c.name not in chosen]:
        raise MissingColumnsError(missing, opened, found)
    return found


def fingerprint(heads: Iterable[str]) -> str:
    """One mark for a set of heads in whatever order, without those that this system adds."""
    said = sorted({head for head in heads if head} - set(RESULT_HEADS))
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def remembered_heads(register: Register, sender: str) -> set[str]:
    """Every head that this sender's columns have been explained by."""
    maps = SenderMap.objects.filter(register=register.slug, sender=sender).values_list("mapping", flat=True)
    return {head for mapping in maps for head in mapping}


def remembered(register: Register, sender: str, heads_key: str) -> SenderMap | None:
    """What this sender's person said when the same heads came before."""
    return SenderMap.objects.filter(register=register.slug, sender=sender, heads=heads_key).first()


def guessed_heads(path: Path, sheet: str | None) -> frozenset[str]:
    """The words of the first line that looks like heads where none is known: several different texts, no numbers."""
    for lines in tops(path, sheet):
        for line in lines:
            words = [clean_head(cell)[0] for cell in line if cell not in (None, "")]
            texts = [word for word in words if word and not word.replace(".", "").replace("-", "").isdigit()]
            if len(texts) >= GUESSED and len(set(texts)) == len(words):
                return frozenset(texts)
    return frozenset()
