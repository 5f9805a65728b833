"""Kinds of value: how a cell is understood, shown and written.

A kind turns whatever stands in a cell (text, number, date, blank) into a Python value or raises
:class:`BadValueError` with a reason and a remedy. Blank cells become ``None`` before a kind sees them.
"""

from lianpu.register.kinds.base import NOTHING, Kind, plain
from lianpu.register.kinds.dates import Date, Moment, Month, Period
from lianpu.register.kinds.numbers import UNIT_IN_YUAN, Integer, Number, Real
from lianpu.register.kinds.words import Choice, Flag, Json, Reference, Text, Words

__all__ = [
    "NOTHING",
    "UNIT_IN_YUAN",
    "Choice",
    "Date",
    "Flag",
    "Integer",
    "Json",
    "Kind",
    "Moment",
    "Month",
    "Number",
    "Period",
    "Real",
    "Reference",
    "Text",
    "Words",
    "plain",
]
