"""Kinds of text: as it stands, yes or no, one of some words, another row, several words, structured evidence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from lianpu.register.faults import BadValueError
from lianpu.register.kinds.base import NOTHING, Kind, plain

# Characters that no keyboard types; PostgreSQL refuses NUL, and workbooks cannot hold the others.
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Text(Kind):
    """Text as it stands, for names and scopes are quoted from papers: only outer blanks and control characters go."""

    name: str = "text"
    max_length: int | None = None

    def parse(self, cell: object) -> str:
        text = cell if isinstance(cell, str) else plain(cell)
        text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
        if "�" in text:
            raise BadValueError("文字已损坏（含替换字符�）", "请用正确的编码重新导出该行")
        if self.max_length and len(text) > self.max_length:
            raise BadValueError(f"文字过长（{len(text)}字，上限{self.max_length}字）", "请删减后重新报送")
        return text


_YES = frozenset(["是", "有", "对", "已", "已完成", "√", "✓", "✔", "☑", "✅", "■", "y", "yes", "t", "true", "1"])
_NO = frozenset(
    [
        "否",
        "无",
        "没有",
        "不是",
        "未",
        "尚未",
        "未完成",
        "×",
        "✗",
        "✘",
        "✕",
        "✖",
        "❌",
        "☐",
        "□",
        "n",
        "no",
        "f",
        "false",
        "0",
    ]
)


@dataclass(frozen=True)
class Flag(Kind):
    """Yes or no, in words or as a mark."""

    name: str = "flag"
    nothing: ClassVar[frozenset[str]] = NOTHING - {"无"}  # here it is an answer

    def parse(self, cell: object) -> bool:
        if isinstance(cell, bool):
            return cell
        text = plain(cell).lower()
        if text in _YES:
            return True
        if text in _NO:
            return False
        raise BadValueError("不是“是/否”", "请填写“是”或“否”")

    def show(self, value: Any) -> str:
        return "" if value is None else "是" if value else "否"

    def write(self, value: Any) -> Any:
        return self.show(value)


@dataclass(frozen=True)
class Choice(Kind):
    """One of named values: ``labels`` maps the stored value (as text; ``whole``: stored as a number) to its word."""

    name: str = "choice"
    labels: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False

    def parse(self, cell: object) -> Any:
        text = plain(cell)
        for value, label in self.labels.items():
            if text in (value, plain(label)):
                return int(value) if self.whole else value
        raise BadValueError("不在选项之内", f"请填写：{'、'.join(self.labels.values())}")

    def show(self, value: Any) -> str:
        return "" if value is None else str(self.labels.get(str(value), value))

    def write(self, value: Any) -> Any:
        return self.show(value)


@dataclass(frozen=True)
class Reference(Kind):
    """Another row, named in cells by its code or name; the register's ``match`` finds it set-wise."""

    name: str = "reference"

    def parse(self, cell: object) -> str:
        return plain(cell)


@dataclass(frozen=True)
class Words(Kind):
    """A list of short texts in one cell, parted by ； ; | or line breaks, else by 、 (which then may not stand in a word)."""

    name: str = "words"

    def parse(self, cell: object) -> list[str]:
        if isinstance(cell, list):
            return [str(item) for item in cell]
        text = str(cell)
        parts = re.split(r"[；;|\n]" if re.search(r"[；;|\n]", text) else "、", text)
        return [part.strip() for part in parts if part.strip()]

    def show(self, value: Any) -> str:
        words = [str(item) for item in value or []]
        return "".join(f"{word}；" for word in words) if any("、" in word for word in words) else "、".join(words)

    def write(self, value: Any) -> Any:
        return self.show(value)


@dataclass(frozen=True)
class Json(Kind):
    """Structured evidence; shown on its own page, never typed by hand."""

    name: str = "json"

    def parse(self, cell: object) -> Any:  # noqa: ARG002
        raise BadValueError("此列由系统计算", "请删去此列")
