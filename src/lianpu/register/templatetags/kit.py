"""Small reads that the kit's own templates need."""

from collections.abc import Mapping
from typing import Any

from django import template

from lianpu.register.language import spoken

register = template.Library()

KIND_WORDS = {
    "text": "文字",
    "number": "数值",
    "real": "实数",
    "integer": "整数",
    "date": "日期",
    "moment": "时刻",
    "flag": "是否",
    "choice": "选项",
    "reference": "引用",
    "words": "词语表",
    "json": "结构",
}


@register.filter
def item(mapping: Mapping[str, Any], key: str) -> Any:
    """What ``mapping`` holds under ``key``; empty text where it holds nothing."""
    return mapping.get(key, "")


@register.filter
def kind_word(name: str) -> str:
    """The word for the name of a kind of value, in the reader's language."""
    return spoken(KIND_WORDS.get(name, name))


register.filter("spoken", spoken)
