"""From the lines of one sheet to the rows of its table: what else stands among them is told apart and listed.

Offices put titles above the head, group rows (产业类, 不予调度), totals and repeated heads between the rows, notes
and signatures below, a second table at the right. A row is taken for one of these only on a plain sign, for a row
skipped by mistake is worse than a row that the import refuses.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lianpu.register.reading import sheet as kinds
from lianpu.register.reading.heads import EMPTY, Head, clean_head, find_head, unit_above
from lianpu.register.reading.limits import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, UnreadableError, too_large
from lianpu.register.reading.opening import TOP_LINES, RawSheet
from lianpu.register.reading.sheet import Sheet, Skipped

SAMPLE_LINES = 200  # below the head: which columns are blank, which hold numbers
_TOTAL = re.compile(
    r"^[（(]?[一二三四五六七八九十\d]*[）)]?[、.．]?(?:本页|本表|全[国省市县区]|以上|项目|企业)?(?:合计|小计|总计|共计)(?:[：:（(].*)?$"
)
_CHINESE_NUMBER = re.compile(r"^[（(]?[一二三四五六七八九十]{1,3}[）)]?[、.．]?$")
_CHINESE_NUMBERED = re.compile(r"^(?:[一二三四五六七八九十]{1,3}[、.．]|[（(][一二三四五六七八九十]{1,3}[）)]).")
_NUMBERINGS = (  # of group rows, the highest level first
    re.compile(r"^第?[一二三四五六七八九十]{1,3}(?:[、.．]|部分|类|$)"),
    re.compile(r"^[（(][一二三四五六七八九十]{1,3}[）)]"),
    re.compile(r"^\d{1,3}[、.．]"),
    re.compile(r"^[（(]\d{1,3}[）)]"),
)
_NOTE = re.compile(
    r"^[*＊※]?(?:注|备注|附注|说明|注意|(?:填表|填报|指标)说明|(?:数据|资料)来源)\s*[\d一二三四五]?[：:、.．]"
)
_SIGNED = re.compile(
    r"^(?:填表|填报|制表|制|经办|审核|复核|审批|负责|联系|报送|统计|单位|部门|分管|主管)?"
    r"(?:人|负责人|领导|电话|单位|日期|时间|盖章|签字)(?:[（(].{1,6}[）)])?[：:]"
)
_LABELLED = re.compile(r"^[^：:]{1,12}[：:].")
_SERIAL = frozenset({"序号", "编号", "序", "项次", "号", "No", "NO", "No.", "NO.", "no"})
_ORDINALS = ("甲", "乙", "丙", "丁")
_CODE = re.compile(r"^(?:[A-Z]{1,4}\d{0,4}|\d{1,4}|[-—－]+)$")
_CHINESE = frozenset("一二三四五六七八九十（(")
_LONGEST_TEXT = 200

Numbered = Iterator[tuple[int, Sequence[object]]]


def arrange(
    path: Path,
    form: str,
    raw: RawSheet,
    numbered: Numbered,
    known: frozenset[str],
    *,
    with_hidden: bool = True,
    encoding: str = "",
) -> Sheet:
    """The table on a sheet. ``numbered`` gives line (from 1) and cells; ``known`` are the heads by which it is found."""
    top = list(itertools.islice(numbered, TOP_LINES))
    head = find_head([row for _, row in top], raw.merges, known)
    if head is None:
        raise no_head(path, known)
    sample = [*top[head.last + 1 :], *itertools.islice(numbered, SAMPLE_LINES)]
    return _Arrangement(path, raw, head, top[: head.last + 1], sample, known, form == "csv").sheet(
        form, itertools.chain(sample, numbered), with_hidden, encoding
    )


def no_head(path: Path, known: frozenset[str], where: str = "") -> UnreadableError:
    return UnreadableError(
        f"{path.name} {where}的前{TOP_LINES}行里找不到表头，请保留列名一行（例如“{'、'.join(sorted(known)[:3])}”）。"
    )


def squeeze(cell: object) -> str:
    return "".join(str(cell).split())


def blank(cell: object) -> bool:
    return cell in EMPTY or (isinstance(cell, str) and cell.isspace())


class _Arrangement:
    """One sheet's table while it is being read. Columns keep their places in the file: what is no part of the table
    has blank heads."""

    def __init__(
        self,
        path: Path,
        raw: RawSheet,
        head: Head,
        above: list[tuple[int, Sequence[object]]],
        sample: list[tuple[int, Sequence[object]]],
        known: frozenset[str],
        ragged: bool,
    ) -> None:
        self.path, self.raw, self.head, self.above, self.known = path, raw, head, above, known
        self.ragged = ragged  # lines may differ in length
        self.skipped = [
            Skipped(line, kinds.TITLE, _text(row)) for line, row in above[: head.first] if not all(map(blank, row))
        ]
        self.head_line = above[head.last][0]
        self.start, self.stop, self.width = self._columns([row for _, row in sample])
        if self.width > MAX_COLUMNS:
            raise too_large(path.name, f"有{self.width:,}列，超过{MAX_COLUMNS:,}列的上限")
        self.heads = [head.heads[at] if self.start <= at < self.stop else "" for at in range(self.width)]
        self.units = self._units([row for _, row in sample])
        self.judge = _Judge(self, sample)

    def _columns(self, sample: Sequence[Sequence[object]]) -> tuple[int, int, int]:
        """From and to which column the table goes, and how many columns the sheet has that hold anything.

        What stands beside the table, past a blank column, is another one.
        """
        heads = self.head.heads
        if self.ragged:  # in a csv, what stands beyond the head is a line's fault, not a column
            heads = heads[: len(self.above[self.head.last][1])]
        used = [bool(name) for name in heads]
        for top, left, bottom, right in self.raw.merges:  # a head over several columns holds them together
            if self.head.first <= bottom and top <= self.head.last and any(used[left : right + 1]):
                used[left : right + 1] = [True] * len(used[left : right + 1])
        for row in sample:
            for at, cell in enumerate(row[: len(used)]):
                if not used[at] and not blank(cell):
                    used[at] = True
        parts: list[tuple[int, int]] = []
        for is_used, run in itertools.groupby(range(len(used)), key=used.__getitem__):
            if is_used:
                places = list(run)
                parts.append((places[0], places[-1] + 1))
        words = {part: self.known.intersection(heads[slice(*part)]) for part in parts}
        best = max(parts, key=lambda part: len(words[part]))
        # A blank column may also divide one table: its other part then brings heads of its own.
        kept, names = [best], set(words[best])
        for part in parts:
            if part != best and words[part] and names.isdisjoint(words[part]):
                kept.append(part)
                names |= words[part]
        start, stop = min(part[0] for part in kept), max(part[1] for part in kept)
        for left, right in parts:
            if right <= start or left >= stop:
                named = "、".join(head for head in heads[left:right] if head) or "没有表头"
                text = f"{column_letters(left)}列至{column_letters(right - 1)}列（{named}），未读取"
                self.skipped.append(Skipped(self.head_line, kinds.OTHER_TABLE, text[:_LONGEST_TEXT]))
        return start, stop, parts[-1][1]

    def _units(self, sample: Sequence[Sequence[object]]) -> list[str]:
        """Units of the columns; a money unit above the head is that of every column of numbers without its own."""
        common = unit_above(row for _, row in self.above[: self.head.first])
        units = [unit if head else "" for head, unit in zip(self.heads, self.head.units, strict=False)]
        for at, head in enumerate(self.heads) if common else ():
            if (
                head
                and head not in _SERIAL
                and not units[at]
                and any(at < len(row) and _numeric(row[at]) for row in sample)
            ):
                units[at] = common
        return units

    def sheet(self, form: str, below: Numbered, with_hidden: bool, encoding: str) -> Sheet:
        found = _Rows()
        self._take(self._below(below, with_hidden), found)
        heads, units = self.heads, self.units
        hidden = [at for at in sorted(set(self.raw.hidden_columns)) if self.start <= at < self.stop]
        hidden_rows = set(self.raw.hidden_rows)
        if not with_hidden:
            self.skipped += [
                Skipped(self.head_line, kinds.HIDDEN_COLUMN, f"{column_letters(at)}列 {heads[at]}") for at in hidden
            ]
            heads = ["" if at in hidden else head for at, head in enumerate(heads)]
            units = ["" if at in hidden else unit for at, unit in enumerate(units)]
        return Sheet(
            self.path,
            form,
            heads,
            units,
            found.rows,
            found.lines,
            [row for _, row in self.above],
            encoding,
            self.raw.name,
            sorted([*self.skipped, *self._uncomputed(found.lines)], key=lambda one: one.line),
            found.groups,
            hidden,
            [line for line in found.lines if line - 1 in hidden_rows] if hidden_rows else [],
        )

    def _below(self, below: Numbered, with_hidden: bool) -> Numbered:
        """The lines below the head, without blank columns at the end, merged ranges filled downwards."""
        width, fill = self.width, _Filling(self.raw, self.start, self.stop)
        hidden = set() if with_hidden else set(self.raw.hidden_rows)
        for line, row in below:
            # A line of a csv that gained a field stays as it is, so that it is seen to be faulty.
            cells = row[:width] if len(row) > width and not (self.ragged and any(row[width:])) else row
            if fill.pending:
                cells = fill(line - 1, cells)
            if hidden and line - 1 in hidden:
                if not all(map(blank, cells)):
                    self.skipped.append(Skipped(line, kinds.HIDDEN, _text(cells)))
            else:
                yield line, cells

    def _take(self, below: Numbered, found: "_Rows") -> None:
        """Sort the lines into rows and what is none."""
        judge, group, cells = self.judge, _Groups(), 0
        whole, table = self.stop - self.start == self.width, slice(self.start, self.stop)
        sparse = (judge.width + 1) // 2 if judge.width > 2 else judge.width
        leads = judge.leads
        for line, row in below:
            part = row if whole else row[table]
            size = len(part)
            blanks = part.count("") + part.count(None)
            if blanks == size:
                continue
            one, two, three = part[:3] if size > 2 else (*part, "", "")[:3]
            if (
                blanks >= sparse
                or line == judge.first_line
                or (one.__class__ is str and ("计" in one or one.isspace() or one in leads or one[:1] in _CHINESE))
                or (two.__class__ is str and ("计" in two or two in leads or (two and two in (one, three))))
                or (three.__class__ is str and "计" in three)
            ):
                verdict = judge(line, part)
                if verdict is not None:
                    kind, text = verdict
                    if kind == kinds.GROUP:
                        group.enter(line, text)
                    if kind:
                        self.skipped.append(Skipped(line, kind, text[:_LONGEST_TEXT]))
                    if kind == kinds.OTHER_TABLE:
                        break
                    continue
            found.rows.append(row)
            found.lines.append(line)
            found.groups.append(group.text)
            group.used = True
            cells += len(row)
            if len(found.rows) > MAX_ROWS:
                raise too_large(self.path.name, f"超过{MAX_ROWS:,}行的上限")
            if cells > MAX_CELLS:
                raise too_large(self.path.name, f"超过{MAX_CELLS:,}个单元格的上限")
        if not group.used:  # no row stands under it: the last lines are notes
            self.skipped = [
                Skipped(one.line, kinds.NOTE, one.text) if one.kind == kinds.GROUP and one.line >= group.line else one
                for one in self.skipped
            ]

    def _uncomputed(self, lines: Sequence[int]) -> Iterator[Skipped]:
        """Formulas of the table that no program has computed: their cells are blank."""
        taken = set(lines) if self.raw.uncomputed else set()
        for row, cells in itertools.groupby(self.raw.uncomputed, key=lambda cell: cell[0]):
            places = [column for _, column in cells if self.start <= column < self.stop]
            if row + 1 in taken and places:
                names = [self.heads[at] or f"{column_letters(at)}列" for at in places]
                yield Skipped(row + 1, kinds.FORMULA, "、".join(names)[:_LONGEST_TEXT])


@dataclass
class _Rows:
    rows: list[Sequence[object]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


class _Groups:
    """The group rows above a row, outer ones first: 一、产业类 / （一）新材料."""

    def __init__(self) -> None:
        self.levels: dict[int, str] = {}
        self.text = ""
        self.used, self.line = True, 0

    def enter(self, line: int, text: str) -> None:
        level = next((at for at, numbering in enumerate(_NUMBERINGS) if numbering.match(text)), -1)
        self.levels = {at: word for at, word in self.levels.items() if at < level} | {level: text}
        self.text = " / ".join(self.levels.values())
        if self.used:
            self.used, self.line = False, line


class _Filling:
    """Values of ranges merged over several rows, given to each of these rows."""

    def __init__(self, raw: RawSheet, start: int, stop: int) -> None:
        self.pending: dict[int, list[tuple[int, int]]] = {}
        for top, left, bottom, _ in raw.merges:
            if bottom > top and start <= left < stop:
                self.pending.setdefault(top, []).append((left, bottom))
        self.active: dict[int, tuple[int, object]] = {}

    def __call__(self, at: int, row: Sequence[object]) -> Sequence[object]:
        if self.active:
            self.active = {column: held for column, held in self.active.items() if held[0] >= at}
            # A row with nothing of its own stays blank.
            if self.active and not all(map(blank, row)):
                cells = list(row)
                for column, (_, value) in self.active.items():
                    if cells[column] in EMPTY:
                        cells[column] = value
                row = cells
        for column, bottom in self.pending.get(at, ()):
            if column < len(row):
                self.active[column] = (bottom, row[column])
        return row


class _Judge:
    """Tells what a line is if it is no row of the table: its kind and text; ``None`` for a row, kind "" for blank."""

    def __init__(self, table: _Arrangement, sample: list[tuple[int, Sequence[object]]]) -> None:
        self.known = table.known
        self.first_line = table.head_line + 1
        self.heads = table.heads[table.start : table.stop]
        self.width = len(self.heads)
        raw_heads = [row[table.start : table.stop] for _, row in table.above[table.head.first :]]
        self.words = [
            {head, *(clean_head(row[at])[0] for row in raw_heads if at < len(row))} - {""}
            for at, head in enumerate(self.heads)
        ]
        # What the first cells of this or another table's head say, word for word.
        self.leads = {cell for row in raw_heads for cell in row[:2] if isinstance(cell, str) and cell} | self.known
        self.serial = next((at for at, head in enumerate(self.heads[:2]) if head in _SERIAL), -1)
        self.numbered = self.serial >= 0 and any(
            table.start + self.serial < len(row) and _numeric(row[table.start + self.serial]) for _, row in sample
        )
        self.wide: dict[int, list[tuple[int, int]]] = {}
        for top, left, bottom, right in table.raw.merges:
            # Over cells of several heads: a row merged as its head is merged is an ordinary row.
            span = self.heads[max(left - table.start, 0) : max(right - table.start + 1, 0)]
            if top == bottom and sum(map(bool, span)) > 1:
                self.wide.setdefault(top, []).append((left - table.start, right - table.start))
        self.noting = False

    def __call__(self, line: int, row: Sequence[object]) -> tuple[str, str] | None:
        filled = [(at, cell) for at, cell in enumerate(row) if not blank(cell)]
        if not filled:
            return "", ""
        noting, self.noting = self.noting, False
        if verdict := self._head(line, filled):
            return verdict
        first, cell = filled[0]
        lead = squeeze(cell)
        rest = [squeeze(cell) for _, cell in filled[1:]]
        # The first text of the row, past its number.
        named = rest[0] if rest and first == self.serial and _numeric(cell) else lead
        if _TOTAL.match(named):
            return kinds.TOTAL, _text(row)
        if not isinstance(cell, str):
            return None
        few = 2 * len(filled) <= self.width + 1
        if few and (_NOTE.match(lead) or _SIGNED.match(lead)):
            self.noting = True
            return kinds.NOTE, _text(row)
        if lead.endswith(("：", ":")) and len(rest) > 1 and len(set(rest)) == 1:
            return kinds.NOTE, _text(row)  # a label and its text over all other columns
        alone = not rest and self.width > 1
        if noting and alone and self.width > 2:
            self.noting = True
            return kinds.NOTE, lead
        merged = any(left <= first <= right for left, right in self.wide.get(line - 1, ()))
        repeated = bool(rest) and self.width > 2 and len(filled) == self.width and set(rest) == {lead}
        in_serial = self.numbered and first == self.serial and not _numeric(cell)
        if repeated or (alone and (merged or in_serial or _CHINESE_NUMBERED.match(lead))):
            labelled = _LABELLED.match(lead) and not _CHINESE_NUMBERED.match(lead)
            return (kinds.NOTE if labelled else kinds.GROUP), " ".join(str(cell).split())
        if in_serial and _CHINESE_NUMBER.match(lead):
            texts = [squeeze(cell) for _, cell in filled[1:] if not _numeric(cell)]
            if len(texts) == 1:
                mark = lead if lead.endswith(("）", ")")) else f"{lead.rstrip('、.．')}、"
                return kinds.GROUP, mark + texts[0]
        return None

    def _head(self, line: int, filled: Sequence[tuple[int, object]]) -> tuple[str, str] | None:
        """A head once more, the head of another table, or the line of numbers that stands under some heads."""
        texts = [(at, clean_head(cell)[0]) for at, cell in filled]
        shown = "、".join(text for _, text in texts)
        most = max(2, 0.6 * len(texts))
        same = sum(at < self.width and text in self.words[at] for at, text in texts)
        if same >= most or (same == len(texts) == len([head for head in self.heads if head])):
            return kinds.REPEATED_HEAD, shown
        if sum(text in self.known for _, text in texts) >= most:
            return kinds.OTHER_TABLE, f"{shown}；从第{line}行起表头不同，未读取"
        if line == self.first_line and len(texts) > 2:
            codes = [text for _, text in texts if _CODE.match(text.removesuffix(".0")) or text in _ORDINALS]
            numbers = [int(float(text)) for text in codes if text.replace(".0", "").isdecimal()]
            running = len(numbers) > 2 and numbers == list(range(1, len(numbers) + 1))
            headed = any(text in self.known or text in _ORDINALS for _, text in texts)
            if len(codes) >= 0.8 * len(texts) and (headed or (running and len(codes) == len(texts))):
                return kinds.REPEATED_HEAD, shown
        return None


def _numeric(cell: object) -> bool:
    if isinstance(cell, str):
        text = cell.strip().replace(",", "")
        return bool(text) and text.replace(".", "", 1).removeprefix("-").isdecimal()
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _text(row: Iterable[object]) -> str:
    """The cells of a line that say something, each once."""
    said = dict.fromkeys(
        str(int(cell)) if isinstance(cell, float) and cell.is_integer() else " ".join(str(cell).split())
        for cell in row
        if not blank(cell)
    )
    return " ".join(said)[:_LONGEST_TEXT]


def column_letters(at: int) -> str:
    """What a spreadsheet calls column ``at`` (from 0): A, B, … Z, AA."""
    letters, number = "", at + 1
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
