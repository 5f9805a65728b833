"""What calamine does not tell of an xlsx: hidden rows and columns, formulas never computed, honest sizes.

The parts are unpacked block by block and searched, not parsed: a sheet of a hundred megabytes costs a third of
a second, in a thread beside calamine's own work. Runs in the limited process.
"""

import copy
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath
from typing import IO
from xml.etree import ElementTree

from lianpu.register.reading.limits import MAX_COLUMNS, MAX_PARTS, MAX_UNPACKED_BYTES

_BLOCK = 1 << 20
_LONGEST_ROW = 8 << 20
_MAX_CATALOGUE = 16 << 20
_MOST_FORMULAS = 10_000  # listed; whoever has more need not be told of each
_READ_PARTS = (".xml", ".rels", ".bin")  # what a reader of cells unpacks; pictures stay packed
_DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, KeyError, ValueError, OSError)


class BadPartsError(Exception):
    """The zip is not what it says it is; the message is for the sender, without the file's name."""


@dataclass
class Markup:
    """What stands in a sheet's XML beside its cells; rows and columns counted from 0."""

    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    uncomputed: list[tuple[int, int]] = field(default_factory=list)  # formulas without a stored value


def check_parts(package: zipfile.ZipFile) -> None:
    """Refuse by what the zip declares of itself."""
    parts = package.infolist()
    if len(parts) > MAX_PARTS:
        raise BadPartsError(f"内有{len(parts):,}个部件，不像正常的表格。请另存为新的 xlsx 后再报送。")
    if any(part.flag_bits & 1 for part in parts):
        raise BadPartsError("设有打开密码，请先取消密码后再报送。")
    if (unpacked := sum(part.file_size for part in parts if part.filename.endswith(_READ_PARTS))) > MAX_UNPACKED_BYTES:
        raise BadPartsError(
            f"解压后有{unpacked >> 20:,}MB，超过{MAX_UNPACKED_BYTES >> 20:,}MB 的上限。请只保留需要的数据后再报送。"
        )


def survey_parts(package: zipfile.ZipFile) -> dict[str, Markup]:
    """The markup of every sheet, by the sheet's name. Raises BadPartsError.

    A part that unpacks to more than it declares is made to harm; calamine looks at the other parts in the same way.
    """
    try:
        return {
            name: _survey(_unpacked(package, package.getinfo(member)))
            for name, member in _sheet_members(package).items()
            if member in package.NameToInfo
        }
    except _DAMAGED as error:
        raise BadPartsError("已损坏或没有传完整，请重新发送；若仍不行，请另存为新的 xlsx 后再报送。") from error


def _unpacked(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part's bytes in blocks, as far as they really go: zipfile by itself would stop at the declared size."""
    free = copy.copy(part)
    free.file_size = MAX_UNPACKED_BYTES
    free.CRC = None  # type: ignore[assignment] # calamine looks at it
    size = 0
    with package.open(free) as stream:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > part.file_size:
                raise BadPartsError("的压缩内容与其声明的大小不符，不予打开。请另存为新的 xlsx 后再报送。")
            yield block


def _sheet_members(package: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → its member of the zip; empty where the workbook keeps no such list (xlsb, ods)."""
    names = set(package.namelist())
    workbook, relations = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if not {workbook, relations} <= names:
        return {}
    targets = {
        relation.get("Id"): str(PurePosixPath("xl", relation.get("Target", ""))).lstrip("/")
        for relation in _catalogue(package.open(relations)).findall(".//{*}Relationship")
    }
    found = {}
    for sheet in _catalogue(package.open(workbook)).findall(".//{*}sheet"):
        identity = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), None)
        if member := targets.get(identity):
            found[sheet.get("name", "")] = member
    return found


def _catalogue(stream: IO[bytes]) -> ElementTree.Element:
    # expat bounds the growth of entities by itself; the process has its bounds besides.
    try:
        return ElementTree.fromstring(stream.read(_MAX_CATALOGUE))  # noqa: S314
    except ElementTree.ParseError as error:
        raise zipfile.BadZipFile(str(error)) from error


def _survey(blocks: Iterator[bytes]) -> Markup:
    markup = Markup()
    rest = next(blocks, b"")
    root = re.search(rb"<(\w+:)?worksheet\b", rest)
    p = root[1] or b"" if root else b""
    row = re.compile(rb"<" + p + rb"row\b([^>]*)>")
    column = re.compile(rb"<" + p + rb"col\b([^>]*)>")
    # <f> with nothing or an empty <v> before the cell ends; a text result may well be empty (t="str").
    formula = re.compile(
        rb"<%sf\b(?:[^>]*/>|[^>]*>[^<]*</%sf>)\s*(?:<%sv\s*/>|<%sv></%sv>)?\s*</%sc>" % (p, p, p, p, p, p)
    )
    row_end, cell, formula_mark = b"</" + p + b"row>", b"<" + p + b"c ", b"<" + p + b"f"
    while rest:
        block = next(blocks, b"")
        data = rest + block
        cut = data.rfind(row_end) if block else len(data)
        if cut < 0 and len(data) < _LONGEST_ROW:
            rest = data
            continue
        cut = len(data) if cut < 0 else cut
        data, rest = data[:cut], data[cut:] if block else b""
        if b"hidden" in data:
            for attributes in column.findall(data):
                if _is_hidden(attributes) and (first := _number(attributes, b"min")):
                    last = min(_number(attributes, b"max"), first + MAX_COLUMNS)
                    markup.hidden_columns.extend(range(first - 1, last))
            markup.hidden_rows.extend(
                number - 1 for found in row.findall(data) if _is_hidden(found) and (number := _number(found, b"r"))
            )
        if b"f" in data and formula_mark in data:  # the single letter is found ten times as fast, and mostly absent
            for found in islice(formula.finditer(data), _MOST_FORMULAS - len(markup.uncomputed)):
                start = data.rfind(cell, 0, found.start())
                attributes = data[start : data.find(b">", start)]
                place = re.search(rb'\sr=["\']([A-Z]{1,3})(\d{1,7})["\']', attributes)
                if place and not re.search(rb't=["\']str["\']', attributes):
                    markup.uncomputed.append((int(place[2]) - 1, _column(place[1])))
    return markup


def _is_hidden(attributes: bytes) -> bool:
    return re.search(rb'\bhidden=["\'](?:1|true)["\']', attributes) is not None


def _number(attributes: bytes, name: bytes) -> int:
    found = re.search(rb"\b" + name + rb'=["\'](\d{1,7})["\']', attributes)
    return int(found[1]) if found else 0


def _column(letters: bytes) -> int:
    """Place of a column from 0: A → 0, AA → 26."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - ord("A") + 1
    return place - 1
