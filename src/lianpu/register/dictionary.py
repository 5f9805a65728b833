"""The data dictionary: what every register holds, told by its declaration; as a page, a workbook and a document."""

import io
from collections.abc import Iterable, Sequence

from lianpu.register.declare import BoundColumn, Register
from lianpu.register.kinds import Number
from lianpu.register.sheets import Book, Head

HEADS = ("列", "字段", "类型", "单位", "必填", "来源", "也认作", "选项", "敏感类别", "说明")
WIDTHS = (14, 18, 22, 14, 8, 6, 14, 30, 40, 10, 40)  # of the register and the heads
KIND_WORDS = {
    "text": "文字",
    "number": "数值",
    "real": "实数",
    "integer": "整数",
    "date": "日期",
    "month": "月份",
    "period": "期间",
    "moment": "时刻",
    "flag": "是否",
    "choice": "选项",
    "reference": "引用",
    "words": "词语表",
    "json": "结构",
}

ORIGINS = ADDED, READ_ONLY_ONCE, TYPED, FOLLOWING = ("自定义", "只在导入时读取", "填报", "由其他内容得出")


def origin(column: BoundColumn) -> str:
    """Where a column's values come from."""
    if column.is_custom:
        return ADDED
    if column.column.source_only:
        return READ_ONLY_ONCE
    return TYPED if column.column.editable else FOLLOWING


def line(column: BoundColumn) -> tuple[str, ...]:
    """One column as the texts under :data:`HEADS`."""
    kind = column.kind
    name = KIND_WORDS.get(kind.name, kind.name)
    if isinstance(kind, Number) and kind.places:
        name += f"（{kind.places}位小数）"
    return (
        column.label,
        column.name,
        name,
        column.column.unit,
        "是" if column.column.required else "",
        origin(column),
        "、".join(column.column.aliases),
        "、".join(getattr(kind, "labels", {}).values()),
        column.column.sensitivity,
        column.column.help,
    )


def key_words(register: Register) -> str:
    """By what columns a returning row is recognised, in words."""
    labels = {column.name: column.label for column in register.declared}
    return "＋".join(labels.get(name, name) for name in register.key)


def scope_words(register: Register) -> str:
    """What limits who sees which rows, in words."""
    words = {"place": "地区", "zone": "功能区", "chain": "产业链", "enterprise": "企业"}
    return "、".join(word for name, word in words.items() if getattr(register.scope, name)) or "不分范围"


def workbook(listed: Iterable[tuple[Register, Sequence[BoundColumn]]]) -> bytes:
    """One sheet over all registers, first column the register: it can be filtered."""
    out, wrapped = io.BytesIO(), {"text_wrap": True, "valign": "top"}
    with Book(out) as book:
        heads = [Head(*told, wrapped) for told in zip(("登记簿", *HEADS), WIDTHS, strict=True)]
        rows = ((register.title, *line(column)) for register, columns in listed for column in columns)
        book.add_list(book.sheet("数据字典"), heads, rows, frozen=2)
    return out.getvalue()


def markdown(registers: Iterable[Register]) -> str:
    """The declared columns of every register as a document; what an office adds is on its own page."""
    parts = [
        "# 数据字典",
        "每个登记簿收哪些列、认哪些列名、是什么类型。由 `lianpu dictionary --markdown` 从登记簿的声明生成，请勿手改。",
    ]
    for register in registers:
        parts.append(f"## {register.title}（{register.slug}）")
        if register.note:
            parts.append(register.note)
        facts = [
            f"认行依据：{key_words(register)}",
            f"范围：{scope_words(register)}",
            "内容：填报、导入" if register.imports else "内容：系统计算",
            "变更记录：有" if register.history else "变更记录：一次写成，不再改动",
        ]
        parts.append("；".join(facts) + "。")
        rows = [HEADS, tuple("---" for _ in HEADS), *map(line, register.declared)]
        parts.append("\n".join("| " + " | ".join(_cell(text) for text in row) + " |" for row in rows))
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
