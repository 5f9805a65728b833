"""Two languages, one truth: texts are declared in Chinese, and only what a page shows is translated.

Files, change records, the API and everything that is stored keep the declared words, whoever is reading; a head that an
English reader exports is a head that the next import knows.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext, override


def declared(text: str | Promise) -> str:
    """The text as it was declared, whatever language the reader has chosen."""
    with override(None):
        return str(text)


def spoken(text: object) -> str:
    """A declared text in the reader's language; what has no translation (names, places) stays as it is."""
    said = "" if text is None else str(text)
    return gettext(said) if said else ""
