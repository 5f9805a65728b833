"""How a lead is recognised again: by number, else by name and counterpart."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lianpu.enterprises.identity import name_key
from lianpu.projects.identity import project_key
from lianpu.promotion.models import Lead
from lianpu.register.matching import Proposal

PREFIX = "ZS-"
LIKE = 60.0  # under this likeness, in percent, a name is not worth a person's time
SHOWN = 5


def lead_key(name: str | None) -> str:
    """A lead's name reduced as that of a project is."""
    return project_key(name)


def fresh_code(name: str, counterpart: str) -> str:
    """The number of a lead that has none: the same for the same lead, whoever sends it first (50 bits of a digest)."""
    said = f"{lead_key(name)}|{name_key(counterpart)}"
    return PREFIX + base64.b32encode(hashlib.sha256(said.encode()).digest())[:10].decode()


def match_leads(texts: Iterable[str]) -> Mapping[str, int]:
    """Leads by number, else by a name that only one lead bears."""
    wanted = set(texts)
    found: dict[str, int] = {}
    keys: dict[str, list[str]] = {}
    for text in wanted:
        keys.setdefault(lead_key(text), []).append(text)
    bearers: dict[str, set[int]] = {}
    for pk, key in Lead.objects.filter(name_key__in=keys).values_list("pk", "name_key"):
        bearers.setdefault(key, set()).add(pk)
    for key, pks in bearers.items():
        if len(pks) == 1:
            found.update(dict.fromkeys(keys[key], next(iter(pks))))
    return found | dict(Lead.objects.filter(code__in=wanted).values_list("code", "pk"))


def propose_leads(texts: Iterable[str]) -> Mapping[str, Sequence[Proposal]]:
    """Leads whose name is like the text, best first: a person says which is meant."""
    from rapidfuzz import fuzz, process

    known: list[tuple[Any, ...]] = list(Lead.objects.values_list("pk", "name", "name_key", "counterpart"))
    keys = [key for _, _, key, _ in known]
    found = {}
    for text in set(texts):
        best = process.extract(lead_key(text), keys, scorer=fuzz.ratio, limit=SHOWN, score_cutoff=LIKE)
        if best:
            found[text] = [
                Proposal(known[at][0], f"{known[at][1]}（{known[at][3]}）", round(score / 100, 3), "名称相近")
                for _, score, at in best
            ]
    return found
