"""Evidence of a placement, marked in the text it rests on."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from lianpu.chains.models import Chain
from lianpu.chains.wording import PART_NAMES
from lianpu.register.language import spoken

register = template.Library()


@register.filter
def highlighted(text: str, spans: Iterable[Mapping[str, Any]]) -> SafeString:
    """``text`` with every span marked; spans are (start, end, activity), overlapping ones are cut."""
    parts: list[tuple[SafeString]] = []
    at = 0
    for span in sorted(spans, key=lambda one: (one["start"], -one["end"])):
        start, end = max(span["start"], at), span["end"]
        if start >= end or end > len(text):
            continue
        marked = format_html(
            '<mark class="evidence" data-activity="{}">{}</mark>', span.get("activity", ""), text[start:end]
        )
        parts += [(format_html("{}", text[at:start]),), (marked,)]
        at = end
    parts.append((format_html("{}", text[at:]),))
    return format_html_join("", "{}", parts)


@register.filter
def part_label(part: Mapping[str, Any]) -> str:
    """The word for a score part, in the reader's language."""
    return spoken(PART_NAMES.get(str(part["name"]), str(part["name"])))


@register.filter
def chain_name(chain: Chain) -> str:
    """The name of a chain; its English one, where it has one, for those who read English."""
    return chain.name_en if get_language() == "en" and chain.name_en else chain.name
