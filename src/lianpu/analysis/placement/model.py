"""Text model learned from firms whose place is known."""

from __future__ import annotations


class TextModel:
    """Placeholder while the lexical path is measured."""
