"""Which registered firms a text may mean when neither its code nor its name is found exactly.

All names of the register — present, former, other, and texts that people said to mean a firm — are read once for a whole
file; ``candidates`` finds those that share the texts' rarest letters, ``similarity`` judges the differences. Method,
figures and limits: ``docs/methods/matching.md``.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from lianpu.enterprises.identity import check_uscc, name_key
from lianpu.enterprises.models import Enterprise, EnterpriseName
from lianpu.enterprises.similarity import Gazetteer, Likeness, Name, compare, fold, parse
from lianpu.places.queries import place_paths
from lianpu.register.matching import CLEAR, SHOWN, Proposal, confirmed

if TYPE_CHECKING:
    from lianpu.enterprises.candidates import Names
    from lianpu.register.importing import PlannedRow

AUTOMATIC = 0.9  # at least 99 % of the best candidates from here on are right; measured: 99.8 %
ASKED = 0.72  # below, one candidate in three is right at best: not worth a person's time
COMMON = (
    1_500  # a core whose rarest pair of letters stands in more than one of so many names tells no firm from another
)
MANY = 2_000  # new rows of a file up to which each is compared with the whole register
BATCH = 2_000
_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])")


def propose_enterprises(texts: Iterable[str]) -> Mapping[str, Sequence[Proposal]]:
    """Firms that texts may mean, best first: those whose code stands in the text, else those with a like name."""
    wanted = sorted(set(texts))
    by_code = _coded(wanted)
    named = {text: likes for text, likes in _likes([t for t in wanted if t not in by_code]).items() if likes}
    pks = {pk for likes in named.values() for pk, _ in likes} | set(by_code.values())
    labels = {
        pk: f"{name} {uscc}"
        for batch in _batches(sorted(pks))
        for pk, name, uscc in Enterprise.objects.filter(pk__in=batch).values_list("pk", "name", "uscc")
    }
    found = {text: [Proposal(pk, labels[pk], 0.99, "文中写有其代码")] for text, pk in by_code.items()}
    for text, likes in named.items():
        found[text] = [
            Proposal(pk, labels[pk], like.score, "；".join(like.differences)) for pk, like in likes if pk in labels
        ]
    return found


def look_alikes(rows: "Sequence[PlannedRow]") -> Mapping[int, Proposal]:
    """Stored firms that new rows may be once more under another code: of the same name, and in a file of no more than
    ``MANY`` new rows also of a name so like that it would be taken for the same."""
    if not rows or not Enterprise.objects.exists():
        return {}
    keys = {str(row.values["name_key"]) for row in rows if row.values.get("name_key")}
    bearers = dict(_bearers(keys))
    found = {
        row.line: Proposal(*bearers[key], 1.0, "名称相同而代码不同")
        for row in rows
        if (key := row.values.get("name_key")) in bearers
    }
    if len(rows) > MANY:
        return found
    texts = {str(row.values["name"]): row.line for row in rows if row.line not in found and row.values.get("name")}
    for text, proposals in propose_enterprises(texts).items():
        best, rival = proposals[0], proposals[1].score if len(proposals) > 1 else 0.0
        if best.score >= AUTOMATIC and best.score - rival >= CLEAR:
            found[texts[text]] = Proposal(best.id, best.label, best.score, f"名称相近（{best.why}）而代码不同")
    return found


def _bearers(keys: Iterable[str]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Key → id and label of a firm that bears the name."""
    for batch in _batches(sorted(keys)):
        others = EnterpriseName.objects.filter(name_key__in=batch)
        for key, pk, name, uscc in others.values_list(
            "name_key", "enterprise_id", "enterprise__name", "enterprise__uscc"
        ):
            yield key, (pk, f"{name} {uscc}")
        for key, pk, name, uscc in Enterprise.objects.filter(name_key__in=batch).values_list(
            "name_key", "pk", "name", "uscc"
        ):
            yield key, (pk, f"{name} {uscc}")


def _coded(texts: Sequence[str]) -> dict[str, int]:
    """Firms by the one code that stands inside a text, among other words."""
    codes: dict[str, str] = {}
    for text in texts:
        inside = {c for c in _CODE.findall(unicodedata.normalize("NFKC", text).upper()) if check_uscc(c).ok}
        if len(inside) == 1:
            codes[text] = inside.pop()
    stored: dict[str, int] = {}
    for batch in _batches(sorted(set(codes.values()))):
        stored.update(Enterprise.objects.filter(uscc__in=batch).values_list("uscc", "pk"))
    return {text: stored[code] for text, code in codes.items() if code in stored}


def _likes(texts: Sequence[str]) -> dict[str, list[tuple[int, Likeness]]]:
    """Firms (ids) whose names are like the texts, best first."""
    if not texts:
        return {}
    names, owners = _all_names()
    return rank(texts, names, owners, Gazetteer(place_paths()))


def rank(
    texts: Sequence[str], names: "Names", owners: Sequence[int], gazetteer: Gazetteer
) -> dict[str, list[tuple[int, Likeness]]]:
    """For each text the owners of like names, best first; ``owners[i]`` is the firm that ``names[i]`` belongs to."""
    keys = [fold(text) for text in texts]
    parsed: dict[str, Name] = {}

    def parts(key: str) -> Name:
        if key not in parsed:
            parsed[key] = parse(key, gazetteer)
        return parsed[key]

    found = {}
    for text, key, near in zip(texts, keys, names.near(keys), strict=True):
        written = parts(key)
        telling = names.rarest(written.stem) <= max(3, len(names) // COMMON)
        best: dict[int, Likeness] = {}
        for at in near:
            like = compare(written, parts(names[at]), gazetteer, telling=telling)
            if like.score >= ASKED and like.score > best.get(owners[at], Likeness(0.0)).score:
                best[owners[at]] = like
        found[text] = sorted(best.items(), key=lambda one: (-one[1].score, one[0]))[:SHOWN]
    return found


def _all_names() -> "tuple[Names, Sequence[int]]":
    """Every name of the register, and to which firm (id) each belongs."""
    from array import array

    from lianpu.enterprises.candidates import Names

    owners = array("q")

    def read() -> Iterator[list[str]]:
        sources: list[QuerySet[Any, tuple[Any, ...]]] = [
            Enterprise.objects.order_by().values_list("pk", "name_key"),
            EnterpriseName.objects.order_by().values_list("enterprise_id", "name_key"),
        ]
        for source in sources:
            for batch in _batches(source.iterator(20_000), 20_000):
                owners.extend(pk for pk, _ in batch)
                yield [key for _, key in batch]
        said = confirmed("enterprises")
        owners.extend(pk for _, pk in said)
        yield [name_key(text) for text, _ in said]

    return Names(read()), owners


def _batches(items: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    from itertools import islice

    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch
