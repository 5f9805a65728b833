"""What a file is, by its content: names and their endings lie."""

import mmap
import zipfile
from pathlib import Path

from lianpu.register.reading.limits import MAX_BYTES, MAX_WORKBOOK_BYTES, UnreadableError, too_large

# Endings of the names of files that may be tables; what a file is, its content says.
FORMS = frozenset({"xlsx", "xlsm", "xlsb", "xls", "et", "ods", "csv", "txt", "tsv", "parquet"})
WORKBOOKS = frozenset({"xlsx", "xlsb", "xls", "ods"})
SAVE_AS = "请用 WPS 或 Excel 打开后另存为 xlsx 再报送"
# First bytes of what offices send by mistake → what it is, and the remedy.
_OTHERS = (
    (b"%PDF", "PDF 文档", "请报送原来的表格（xlsx 或 csv）"),
    (b"\x89PNG", "图片", "请报送原来的表格（xlsx 或 csv）"),
    (b"\xff\xd8\xff", "图片", "请报送原来的表格（xlsx 或 csv）"),
    (b"GIF8", "图片", "请报送原来的表格（xlsx 或 csv）"),
    (b"Rar!", "压缩包", "请先解压，再报送其中的表格"),
    (b"7z\xbc\xaf\x27\x1c", "压缩包", "请先解压，再报送其中的表格"),
    (b"\x1f\x8b", "压缩包", "请先解压，再报送其中的表格"),
    (b"{\\rtf", "RTF 文档", "请把其中的表格复制到 xlsx 再报送"),
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table", b"<head", b"<meta", b"<style", b"<div", b"<body")
_WORD_REMEDY = "请把其中的表格复制到 xlsx 再报送"


def form_of(path: Path) -> str:
    """xlsx, xlsb, xls, ods, parquet or csv (any text). Raises UnreadableError with a remedy for everything else."""
    if not path.is_file():
        raise UnreadableError(f"找不到文件 {path}，请检查路径。")
    size = path.stat().st_size
    if size == 0:
        raise UnreadableError(f"{path.name} 是空文件，请重新导出后再报送。")
    if size > MAX_BYTES:
        raise too_large(path.name, f"有{size >> 20}MB，超过{MAX_BYTES >> 20}MB 的上限")
    with path.open("rb") as stream:
        first = stream.read(4096)
    form = _form(path, first)
    if form in WORKBOOKS and size > MAX_WORKBOOK_BYTES:
        raise too_large(path.name, f"有{size >> 20}MB，超过工作簿{MAX_WORKBOOK_BYTES >> 20}MB 的上限")
    return form


def _form(path: Path, first: bytes) -> str:
    if first.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(path)
    if first.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _compound(path)
    if first.startswith(b"PAR1"):
        return "parquet"
    for magic, what, remedy in _OTHERS:
        if first.startswith(magic):
            raise UnreadableError(f"{path.name} 是{what}，不是表格。{remedy}。")
    if first.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_MARKUP):
        raise UnreadableError(f"{path.name} 实为网页或 XML 文件，只是以表格命名。{SAVE_AS}。")
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        raise UnreadableError(f"{path.name} 不是可读的 parquet 文件，请重新导出后再报送。")
    if suffix not in {".csv", ".txt", ".tsv"} and b"\0" in first and not first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError(f"不认识 {path.name} 的内容，或文件已损坏。{SAVE_AS}。")
    return "csv"


def _zipped(path: Path) -> str:
    """The form of a zip, by the parts it holds; only their names are looked at here."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        # The list of a zip's parts stands at its end; names stand in it unpacked.
        listed = data.find(b"PK\x01\x02")

        def holds(name: bytes) -> bool:
            return data.find(name, max(listed, 0)) >= 0

        if listed < 0 and not zipfile.is_zipfile(path):
            raise UnreadableError(f"{path.name} 已损坏或没有传完整，请重新发送；若仍不行，{SAVE_AS}。")
        if holds(b"xl/workbook.bin"):
            return "xlsx" if holds(b"xl/workbook.xml") else "xlsb"
        if holds(b"xl/"):
            return "xlsx"
        if holds(b"word/document.xml"):
            raise UnreadableError(f"{path.name} 是 Word 文档，不是表格。{_WORD_REMEDY}。")
        if holds(b"content.xml"):
            return "ods"
    raise UnreadableError(f"{path.name} 是压缩包，不是表格。请先解压，再报送其中的表格。")


def _compound(path: Path) -> str:
    """The form of an OLE container, by the streams it names."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:

        def holds(name: str) -> bool:
            return data.find(name.encode("utf-16-le")) >= 0

        if holds("EncryptedPackage"):
            raise locked(path.name)
        if holds("Workbook") or holds("Book"):
            return "xls"
        if holds("WordDocument"):
            raise UnreadableError(f"{path.name} 是 Word 文档，不是表格。{_WORD_REMEDY}。")
    raise UnreadableError(f"{path.name} 不是可读的工作簿，或已损坏。{SAVE_AS}。")


def locked(name: str) -> UnreadableError:
    return UnreadableError(f"{name} 设有打开密码，请先取消密码（另存时清空密码）后再报送。")
