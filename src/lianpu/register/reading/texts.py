"""csv as offices write it: its encoding (BOM → strict UTF-8 → GB18030), its delimiter, its quotes.

GB18030 accepts nearly any bytes, so it comes last. The file streams: only the rows stay in memory.
"""

import codecs
import csv
import itertools
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from lianpu.register.reading.limits import MAX_QUOTE_REPAIRS, MAX_ROWS, UnreadableError, too_large

# A spreadsheet runs a text cell that begins so; our csv files shield such texts with an apostrophe.
RUNS = ("=", "+", "-", "@", "\t", "\r")
DELIMITER_LINES = 15
_BLOCK = 1 << 20
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(data: bytes) -> tuple[str, str]:
    """Text and encoding of a csv file's bytes."""
    encoding = _encoding([data])
    return data.decode(encoding, errors="replace"), encoding


def encoding_of(path: Path) -> str:
    """The encoding of a text file, which is read through once or twice in small blocks."""
    return _encoding(_Blocks(path))


class _Blocks:
    """A file's bytes in blocks, as often as they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                yield block


def _encoding(blocks: "list[bytes] | _Blocks") -> str:
    first = next(iter(blocks), b"")
    for mark, encoding in _BOMS:
        if first.startswith(mark):
            return encoding
    for encoding in ("utf-8", "gb18030"):
        try:
            for _ in codecs.iterdecode(blocks, encoding):
                pass
        except UnicodeDecodeError:
            continue
        return encoding
    # A few broken bytes must not hide the good lines: those lines are reported as faulty.
    broken = {
        encoding: sum(text.count("�") for text in codecs.iterdecode(blocks, encoding, errors="replace"))
        for encoding in ("utf-8", "gb18030")
    }
    return min(broken, key=lambda encoding: broken[encoding])


def csv_rows(path: Path, encoding: str) -> Iterator[tuple[int, list[object]]]:
    """Line number and cells of every record, shields taken off."""
    _check_lines(path, encoding)
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        top = list(itertools.islice(stream, DELIMITER_LINES))
        delimiter = max((",", "\t", ";"), key="".join(top).count)
        yield from _records(path.name, _Lines(itertools.chain(top, stream)), delimiter)


def _check_lines(path: Path, encoding: str) -> None:
    """Refuse at once what has too many lines; where there are quotes a record may span lines, and is counted later."""
    if encoding != "utf-16":
        lines = 0
        for block in _Blocks(path):
            if b'"' in block:
                return
            lines += block.count(b"\n")
        if lines > MAX_ROWS + DELIMITER_LINES:
            raise too_large(path.name, f"有{lines:,}行，超过{MAX_ROWS:,}行的上限")


class _Lines:
    """Lines of a file that remember which of them the record in hand took, and take them back."""

    def __init__(self, stream: Iterator[str]) -> None:
        self.stream = stream
        self.returned: deque[str] = deque()
        self.taken: list[str] = []
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.returned:
            line = self.returned.popleft()
        else:
            try:
                line = next(self.stream)
            except StopIteration:
                self.ended = True
                raise
        self.taken.append(line)
        return line

    def take_back(self) -> str:
        """The record's first line alone; its other lines will come again."""
        first, *others = self.taken
        self.returned.extendleft(reversed(others))
        self.taken, self.ended = [first], False
        return first


def _records(name: str, lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[object]]]:
    """Records one by one. Where quotes do not pair, a line stands for itself instead of swallowing the next ones."""
    line, repairs = 1, 0
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.taken = []
        try:
            row: list[object] = [*next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            if len(lines.taken) <= 1:
                raise _unpaired(name, line) from error
            sound = False
        else:
            sound = len(lines.taken) == 1 or (not lines.ended and _well_quoted(lines.taken, delimiter))
        if not sound:
            repairs += 1
            if repairs > MAX_QUOTE_REPAIRS:
                raise _unpaired(name, line)
            row = _alone(name, lines.take_back(), delimiter, line)
        taken = lines.taken
        if "'" in (taken[0] if len(taken) == 1 else "".join(taken)):
            row = [unshield(cell) for cell in row]
        yield line, row
        line += len(taken)


def _alone(name: str, text: str, delimiter: str, line: int) -> list[object]:
    try:
        return [*next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])]
    except csv.Error as error:
        raise _unpaired(name, line) from error


def _well_quoted(lines: list[str], delimiter: str) -> bool:
    try:
        return len(list(csv.reader(lines, delimiter=delimiter, strict=True))) == 1
    except csv.Error:
        return False


def _unpaired(name: str, line: int) -> UnreadableError:
    return UnreadableError(f"{name} 从第{line}行起无法读取：多半是引号没有成对，请改正后重新报送。")


def unshield(cell: object) -> object:
    """A csv cell without the apostrophe by which ``exporting.shield`` made it harmless."""
    if isinstance(cell, str) and cell.startswith("'") and cell.lstrip("'").startswith(RUNS):
        return cell[1:]
    return cell
