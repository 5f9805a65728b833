"""How a project is recognised again: by ledger number, national code, else name and owner, also under a former name."""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lianpu.enterprises.identity import name_key
from lianpu.projects.models import Project
from lianpu.register.matching import Proposal

PREFIX = "XM-"
LIKE = 0.6  # under this likeness a name is not worth a person's time
SHOWN = 5
_NUMBERS = re.compile(r"\d+(?:\.\d+)?|[一二三四五六七八九十](?=[期号标批]|阶段)")
_NOT_CODE = re.compile(r"[^0-9A-Z]")


def project_key(name: str | None) -> str:
    """A project's name reduced for recognising it again: half width, capitals, no blanks or punctuation."""
    text = unicodedata.normalize("NFKC", name or "").upper()
    return "".join(c for c in text if c.isalnum())[:200]


def numbers_in(name: str) -> tuple[str, ...]:
    """Numbers and phases in a name, by which projects of one owner differ: 年产10万吨 … 二期."""
    text = unicodedata.normalize("NFKC", name)
    return tuple(sorted(_NUMBERS.findall(text)))


def national_key(code: str | None) -> str:
    """A code of the national approval platform without dashes and blanks; "" for what is none (fewer than 12 digits)."""
    text = _NOT_CODE.sub("", unicodedata.normalize("NFKC", code or "").upper())
    return text if sum(c.isdigit() for c in text) >= 12 else ""


def fresh_code(name: str, owner: str, national: str = "") -> str:
    """The ledger number of a project that has none: the same for the same project, whoever sends it first.

    50 bits of a digest, so that two of 20,000 projects meet once in five million ledgers.
    """
    said = national_key(national) or f"{project_key(name)}|{name_key(owner)}"
    return PREFIX + base64.b32encode(hashlib.sha256(said.encode()).digest())[:10].decode()


def names_of(projects: Iterable[tuple[Any, str, Sequence[str]]]) -> Mapping[str, set[Any]]:
    """Key of every present and former name → what bears it; ``projects``: (what, name, former names)."""
    found: dict[str, set[Any]] = {}
    for what, name, former in projects:
        for one in (name, *former):
            found.setdefault(project_key(one), set()).add(what)
    return found


def match_projects(texts: Iterable[str]) -> Mapping[str, int]:
    """Projects by ledger number or national code, else by a present or former name that only one project bears."""
    wanted = set(texts)
    by_national: dict[str, list[str]] = {}
    by_name: dict[str, list[str]] = {}
    for text in wanted:
        by_name.setdefault(project_key(text), []).append(text)
        if (national := national_key(text)) and not any("\u4e00" <= c <= "\u9fff" for c in text):
            by_national.setdefault(national, []).append(text)
    found: dict[str, int] = dict(Project.objects.filter(code__in=wanted).values_list("code", "pk"))
    for code, pk in Project.objects.filter(national_code__in=by_national).values_list("national_code", "pk"):
        for text in by_national[code]:
            found.setdefault(text, pk)
    bearers: dict[str, set[int]] = {}
    for key, pk in Project.objects.filter(name_key__in=by_name).values_list("name_key", "pk"):
        bearers.setdefault(key, set()).add(pk)
    for former, pk in Project.objects.exclude(former_names=[]).values_list("former_names", "pk"):
        for name in former:
            if project_key(name) in by_name:
                bearers.setdefault(project_key(name), set()).add(pk)
    for key, pks in bearers.items():
        if len(pks) == 1:
            for text in by_name[key]:
                found.setdefault(text, next(iter(pks)))
    return found


def propose_projects(texts: Iterable[str]) -> Mapping[str, Sequence[Proposal]]:
    """Projects whose name is like the text, best first: a person says which one was renamed."""
    from rapidfuzz import fuzz, process

    known = list(Project.objects.values_list("pk", "name", "name_key", "owner_name"))
    keys = [key for _, _, key, _ in known]
    found = {}
    for text in set(texts):
        best = process.extract(project_key(text), keys, scorer=fuzz.ratio, limit=SHOWN, score_cutoff=LIKE * 100)
        if best:
            found[text] = [
                Proposal(known[at][0], f"{known[at][1]}（{known[at][3]}）", round(score / 100, 3), "名称相近")
                for _, score, at in best
            ]
    return found
