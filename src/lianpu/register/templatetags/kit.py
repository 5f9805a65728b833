"""Small reads that the kit's own templates need."""

from collections.abc import Mapping
from typing import Any

from django import template

from lianpu.register.dictionary import KIND_WORDS
from lianpu.register.language import spoken

register = template.Library()


@register.filter
def item(mapping: Mapping[str, Any], key: str) -> Any:
    """What ``mapping`` holds under ``key``; empty text where it holds nothing."""
    return mapping.get(key, "")


@register.filter
def kind_word(name: str) -> str:
    """The word for the name of a kind of value, in the reader's language."""
    return spoken(KIND_WORDS.get(name, name))


register.filter("spoken", spoken)
