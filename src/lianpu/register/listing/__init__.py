"""A list: query string → rows, the same for the page, the export and the API.

``?q=words&sort=-founded&page=2&size=50&cols=name,place&f.place=620102&f.founded.from=1990`` — a filter is

- ``f.<column>=<text>``: equals, or contains for text; choices by comma; ``-`` blank, ``!-`` not blank
- ``f.<column>.not=<text>``: the rows that ``f.<column>=<text>`` leaves out
- ``f.<column>.from`` / ``.to``: numbers and dates
- ``at.<column>=<value>``: exactly this value: the id of the row that a reference points at, a year or month of a date
- ``since=<day>``: rows with a change recorded on that day or later
- ``asof=<day>``: the rows as they were at the end of that day, where the caller goes back (:func:`looking_back`)

``group=<column>,<column>`` counts the rows by one or two columns (:mod:`lianpu.register.grouping`). Parameters that are
unknown or unreadable are said, never silently dropped.
"""

from lianpu.register.listing.cells import Cell, cells
from lianpu.register.listing.conditions import BLANK, FILLED, target_of
from lianpu.register.listing.listing import (
    ASOF,
    CHANGED_AT,
    COUNT_CAP,
    MANY_HITS,
    PLAIN_PARAMS,
    SIZES,
    Badge,
    Header,
    Listing,
    Total,
    looking_back,
    params_of,
)

__all__ = [
    "ASOF",
    "BLANK",
    "CHANGED_AT",
    "COUNT_CAP",
    "FILLED",
    "MANY_HITS",
    "PLAIN_PARAMS",
    "SIZES",
    "Badge",
    "Cell",
    "Header",
    "Listing",
    "Total",
    "cells",
    "looking_back",
    "params_of",
    "target_of",
]
