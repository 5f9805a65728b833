"""Search: one box over all registers, and the quick part of every long list.

::

    found = search(user, "兰州 铝合")            # every word in a column that the user may see; letters also as pinyin
    found.groups[0].hits[0].title
    ids(register, ["铝合"], 20_000, columns)   # for a list's ``q``: the same substrings, for a million rows in milliseconds

Declaring it is ``Column("name", search="A")``: A for names and codes, B for other names, C for long texts. The index
follows the change records by itself (:mod:`lianpu.register.search.following`) and only ever proposes rows: the rows'
present texts, read within the user's rights, decide. See docs/methods/search.md.
"""

from lianpu.register.search.finding import Group, Hit, Piece, Results, Seen, Target, ids, search
from lianpu.register.search.following import keep_up, rebuild, sizes, waiting
from lianpu.register.search.judging import contains, stands_in

__all__ = [
    "Group",
    "Hit",
    "Piece",
    "Results",
    "Seen",
    "Target",
    "contains",
    "ids",
    "keep_up",
    "rebuild",
    "search",
    "sizes",
    "stands_in",
    "waiting",
]
