"""An address as the registry writes it → the place it lies in.

Registry addresses begin with the place names and repeat, shorten or leave out any of them: 甘肃省兰州市城关区…, 永登县河桥镇…,
兰州西固金沟乡…, 兰州市城关区兰州市城关区高新雁南路…, 红城某村. The head is read name by name from the left, each name having to
agree with what was read before; the province and city columns decide between places of one name (城关区, 鼓楼区) and take
over where the address says nothing. A short name (西固) counts only where no street, town or building is named after it
(西固东路, 北京饭店). Former kinds (华亭县, now 华亭市) are understood by rule, former names (安西县, 宣武区) by `data/aliases.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from lianpu.places.gazetteer import Kind, PlaceRow, zones

ALIASES_FILE = Path(__file__).parent / "data" / "aliases.yaml"

Basis = Literal["address", "column", "registration"]
Span = tuple[int, int, str]

# how a name stands for a place, best first
FULL, FORMER, SHORT = 0, 1, 2

# what follows a short name that is not meant as the place: a street, a town, a building, another kind of place
NAMED_AFTER = re.compile(
    "[东西南北中上下前后内外新老]{0,2}[一二三四五六七八九十0-9０-９]{0,2}"
    "(?:路|街|大街|道|大道|巷|胡同|弄|里|坊|门|桥|镇|乡|村|屯|庄|堡|寨|社区|居委|街道|办事处|大厦|商厦|大楼|商城|商场|市场|广场|宾馆|"
    "饭店|酒店|招待所|公寓|花园|花苑|小区|大学|学院|中学|小学|医院|公司|集团|厂|站|车站|国际|机场|港|码头|口|河|江|山|湖|湾|水库|"
    "公路|高速|铁路|农场|林场|牧场|矿|分|驻)"
)
FILLER = re.compile(r"(?:中国|市辖区|市直|[\s,，.。、:：;；()（）\[\]【】·\-—_/]|注册地址)+")
DISTRICT_NAME_ENDS = re.compile("[区县市旗]")
UNSPOKEN_LEVELS = ("市市辖区", "市辖县", "直辖县级行政区划", "各区")
CITY_KINDS = ("市", "地区", "州", "盟")
DISTRICT_KINDS = ("区", "县", "市")


class Resolution(NamedTuple):
    """Where an address lies.

    ``code`` and ``level`` (province, city, district) of the narrowest place known, or None; ``zone`` the functional zone
    named; ``spans`` the (start, end, code) read in the address as given; ``basis`` what the narrowest level rests on;
    ``conflict`` that the address names another city than the city column.
    """

    code: str | None
    level: Kind | None
    zone: str | None
    spans: tuple[Span, ...]
    basis: Basis | None
    conflict: bool


class Meaning(NamedTuple):
    """The places that a name means at one point of an address, how it stands for them, and whether it only repeats."""

    codes: tuple[str, ...]
    rank: int
    again: bool


NOWHERE = Resolution(None, None, None, (), None, False)


@cache
def aliases() -> Mapping[str, tuple[str, ...]]:
    """Former and other names of places → the codes of what they are today."""
    import yaml

    by_province: dict[str, dict[str, str]] = yaml.safe_load(ALIASES_FILE.read_text(encoding="utf-8"))
    found: dict[str, tuple[str, ...]] = {}
    for names in by_province.values():
        for name, codes in names.items():
            found[name] = (*found.get(name, ()), *codes.split())
    return found


class Resolver:
    """Resolves addresses against a set of places. Built once (some 20 ms), then only remembers columns and names seen."""

    def __init__(self, places: Iterable[PlaceRow]) -> None:
        rows = [p for p in places if p.kind in ("province", "city", "district")]
        self._kind: dict[str, Kind] = {p.code: p.kind for p in rows}
        parents = {p.code: p.parent for p in rows}
        self._line = {p.code: self._ancestry(p.code, parents) for p in rows}
        names: dict[str, dict[str, int]] = {}
        for p in rows:
            for name, rank in _names_of(p):
                known = names.setdefault(name, {})
                known[p.code] = min(rank, known.get(p.code, rank))
        for name, codes in aliases().items():
            for code in codes:
                if code in self._kind:
                    names.setdefault(name, {}).setdefault(code, FORMER)
        self._names = {name: list(codes.items()) for name, codes in names.items()}
        self._by_start: dict[str, list[str]] = {}
        for name in sorted(names, key=len, reverse=True):
            self._by_start.setdefault(name[:2], []).append(name)
        self._zones = [(z, {z.place.name, *z.spellings, *z.towns}) for z in zones()]
        self._zoned_cities = {z.place.parent for z, _ in self._zones}
        self._columns: dict[tuple[str | None, str | None], str | None] = {}
        self._meanings: dict[tuple[str, tuple[str, ...], str | None], Meaning] = {}

    @staticmethod
    def _ancestry(code: str, parents: Mapping[str, str | None]) -> frozenset[str]:
        line = [code]
        while (parent := parents.get(line[-1])) in parents and parent:
            line.append(parent)
        return frozenset(line)

    # ── one address ──────────────────────────────────────────────────────────────────────────────────────────────

    def resolve(
        self, address: str | None, province: str | None = None, city: str | None = None, region: str | None = None
    ) -> Resolution:
        """The place of one address; ``province`` and ``city`` as the registry's columns name them (甘肃, 兰州), or codes.

        ``region`` is the division code of the registration authority (characters 3–8 of a USCC): it names the district
        when the address and the columns reach only the city around it.
        """
        column = self.column_place(province, city)
        if not address:
            return self._settle("", column, None, (), region)
        compact = "".join(address.split())
        code, spans = self._read_head(compact, column)
        if code is not None and self._kind[code] == "city":
            code, spans = self._look_further(compact, code, spans)
        elif code is None and column is not None and self._kind[column] == "city":
            found, more = self._look_further(compact, column, spans)
            code, spans = (found, more) if found != column else (code, spans)
        if len(compact) != len(address):
            spans = _spans_with_blanks(address, spans)
        return self._settle(compact, column, code, spans, region)

    def resolve_many(
        self,
        addresses: Sequence[str | None],
        provinces: Sequence[str | None] | None = None,
        cities: Sequence[str | None] | None = None,
        regions: Sequence[str | None] | None = None,
    ) -> list[Resolution]:
        """`resolve` for whole columns of one length; a column may be left out."""
        nothing: list[None] = [None] * len(addresses)
        columns = zip(addresses, provinces or nothing, cities or nothing, regions or nothing, strict=True)
        return [self.resolve(*row) for row in columns]

    def column_place(self, province: str | None, city: str | None) -> str | None:
        """The place that the province and city columns name together: the city or district, else the province."""
        key = (province, city)
        if key not in self._columns:
            self._columns[key] = self._column_place(province, city)
        return self._columns[key]

    def _column_place(self, province: str | None, city: str | None) -> str | None:
        within = self._named(province, ("province",), None)
        # 市辖区, 县: the municipality's own words for its parts say no more than the province
        return self._named(city, ("city",), within) or self._named(city, ("district", "province"), within) or within

    def _named(self, name: str | None, kinds: Sequence[str], within: str | None) -> str | None:
        """The one place of these kinds that a column's text names."""
        if not name:
            return None
        name = name.strip()
        if self._kind.get(name) in kinds:
            return name
        found = [
            (rank, code)
            for code, rank in self._names.get(name, ())
            if self._kind[code] in kinds and (within is None or within in self._line[code])
        ]
        best = [code for rank, code in found if rank == min(found)[0]]
        return best[0] if len(best) == 1 else None

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_head(self, text: str, column: str | None) -> tuple[str | None, tuple[Span, ...]]:
        """Names from the left, each agreeing with those before; stops at a district or at the first other word."""
        at = 0
        read: tuple[str, ...] = ()
        spans: list[Span] = []
        while True:
            hit = self._name_at(text, at, read, column)
            if hit is None and text.startswith("市中区", at - 1) and read:
                at -= 1  # 内江市中区: one 市 for two names
                hit = self._name_at(text, at, read, column)
            if hit is None:
                filler = FILLER.match(text, at)
                if filler is None:
                    break
                at = filler.end()
                continue
            name, meaning = hit
            spans.append((at, at + len(name), meaning.codes[0]))
            at += len(name)
            if not meaning.again:
                read = meaning.codes
                if len(read) == 1 and self._kind[read[0]] == "district":
                    break
        return self._one_of(read, column), tuple(spans)

    def _name_at(self, text: str, at: int, read: tuple[str, ...], column: str | None) -> tuple[str, Meaning] | None:
        """The longest name at a position that means a place in agreement with what was read, and its meaning."""
        for name in self._by_start.get(text[at : at + 2], ()):
            if not text.startswith(name, at):
                continue
            key = (name, read, column)
            if key not in self._meanings:
                self._meanings[key] = self._agreeing(name, read, column)
            meaning = self._meanings[key]
            if not meaning.codes:
                continue
            end = at + len(name)
            named_after_it = meaning.rank == SHORT and NAMED_AFTER.match(text, end)
            if not named_after_it or self._name_at(text, end, meaning.codes, column):
                return name, meaning
        return None

    def _agreeing(self, name: str, read: tuple[str, ...], column: str | None) -> Meaning:
        """What a name means after others: the places in, around or equal to what was read; of these those of the column;
        of these the best named."""
        line, found = self._line, self._names[name]
        if read:
            found = [c for c in found if any(k in line[c[0]] or c[0] in line[k] for k in read)]
        elif column is not None:
            found = [c for c in found if self._believable(c, column)]
        if column is not None:
            near = [c for c in found if column in line[c[0]] or c[0] in line[column]]
            found = near or [c for c in found if c[0][:2] == column[:2]] or found
        best = min((rank for _, rank in found), default=FULL)
        codes = tuple(code for code, rank in found if rank == best)
        return Meaning(codes, best, all(any(code in line[known] for known in read) for code in codes))

    def _believable(self, candidate: tuple[str, int], column: str) -> bool:
        """Whether a first name may be meant, given the columns: a firm lies in the province that registered it, unless the
        address says another province or city in full."""
        code, rank = candidate
        if column in self._line[code] or code in self._line[column]:
            return True
        return rank == FULL and (code[:2] == column[:2] or self._kind[code] != "district")

    def _one_of(self, codes: tuple[str, ...], column: str | None) -> str | None:
        """One place for several read: the one around the others (白银 = city and district), or the column's, or none."""
        if len(codes) > 1:
            around = [c for c in codes if all(c in self._line[other] for other in codes)]
            near = [c for c in codes if column is not None and column in self._line[c]]
            codes = tuple(around or near)
        return codes[0] if len(codes) == 1 else None

    def _look_further(self, text: str, city: str, spans: tuple[Span, ...]) -> tuple[str, tuple[Span, ...]]:
        """A district of the city named in full further on (兰州市中山路1号（城关区）); names of two characters do not count."""
        start = spans[-1][1] if spans else 0
        for end in DISTRICT_NAME_ENDS.finditer(text, start):
            for begin in range(max(start, end.end() - 12), end.end() - 2):
                for code, rank in self._names.get(text[begin : end.end()], ()):
                    if rank != SHORT and self._kind[code] == "district" and city in self._line[code]:
                        return code, (*spans, (begin, end.end(), code))
        return city, spans

    # ── deciding ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _settle(
        self, text: str, column: str | None, read: str | None, spans: tuple[Span, ...], region: str | None
    ) -> Resolution:
        code = read
        basis: Basis = "address"
        conflict = False
        if code is None or (column is not None and code in self._line[column] and code != column):
            code, basis = column, "column"
        elif column is not None and self._kind[column] != "province":
            conflict = code not in self._line[column] and column not in self._line[code]
        if code is None:
            return NOWHERE
        if region is not None and region != code and code in self._line.get(region, ()):
            code, basis = region, "registration"
        zone = self._zone(text, code) if text else None
        return Resolution(code, self._kind[code], zone, spans, basis, conflict)

    def _zone(self, text: str, code: str) -> str | None:
        city = code[:4] + "00"
        if city not in self._zoned_cities:
            return None
        for zone, words in self._zones:
            if zone.place.parent == city and any(word in text for word in words):
                return zone.place.code
        return None


def _names_of(place: PlaceRow) -> Iterable[tuple[str, int]]:
    """The names of a place with how each stands for it. A short name of one character (文县) is none."""
    if place.kind == "city" and place.name.endswith(UNSPOKEN_LEVELS):
        return
    yield place.name, FULL
    if len(place.short_name) < 2:
        return
    yield place.short_name, SHORT
    if place.kind == "city":
        yield from ((place.short_name + kind, FORMER) for kind in CITY_KINDS)
        yield place.name.removesuffix("自治州"), FORMER
    elif place.kind == "district":
        yield from ((place.short_name + kind, FORMER) for kind in DISTRICT_KINDS)


def _spans_with_blanks(address: str, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Spans of the address without blanks, moved to the address as given."""
    kept = [i for i, c in enumerate(address) if not c.isspace()]
    return tuple((kept[start], kept[end - 1] + 1, code) for start, end, code in spans)
