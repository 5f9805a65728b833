"""What follows from a line about an enterprise: right code, match key, place, zone, capital in 万元."""

from collections.abc import Mapping, Sequence

from lianpu.enterprises.capital import parse_capital
from lianpu.enterprises.identity import UsccCheck, check_uscc, name_key
from lianpu.enterprises.queries import addresses_of_placed, merged_codes, names_by_code, other_names
from lianpu.places.queries import address_resolver, ids_by_code
from lianpu.register.importing import PlannedRow

LOOK_ALIKE_LETTERS = "形近字改正"
MERGED = "该企业已并入"


def derive(rows: Sequence[PlannedRow]) -> None:
    """Check codes, fill match keys, resolve places from addresses and amounts from capital texts; a wrong code is a fault."""
    _settle_codes(rows)
    _follow_mergers(rows)
    for row in rows:
        values = row.values
        if "name" in values:
            values["name_key"] = name_key(values["name"])
        if "capital_text" in values and "capital_10k_cny" not in values:
            capital = parse_capital(values["capital_text"])
            if capital.cny_10k is not None:
                values["capital_10k_cny"] = round(capital.cny_10k, 4)
            if capital.doubt:
                row.add_note(capital.doubt)
    _locate([row for row in rows if row.values.get("place") is None and not row.faults])


def _settle_codes(rows: Sequence[PlannedRow]) -> None:
    """Write codes in their right form. A wrong one is a fault, unless look-alike letters lead to one code for sure, or to
    that of a registered firm of the row's own name: then the right one is a correction that the sender sees."""
    wrong: list[tuple[PlannedRow, UsccCheck]] = []
    for row in rows:
        if "uscc" in row.values:
            checked = check_uscc(row.values["uscc"])
            if checked.ok:
                row.values["uscc"] = checked.code
            else:
                wrong.append((row, checked))
    names = names_by_code({code for _, checked in wrong for code in checked.proposals})
    for row, checked in wrong:
        written, own = row.values["uscc"], name_key(row.values.get("name"))
        of_its_name = [code for code in checked.proposals if own and names.get(code) == own]
        sure = checked.proposals[0] if checked.sure and checked.proposals[0] not in names else ""
        right = of_its_name[0] if len(of_its_name) == 1 else sure
        if right and row.correct("uscc", written, right, LOOK_ALIKE_LETTERS):
            row.values["uscc"] = right
            continue
        reason, _, remedy = checked.message.partition("：")
        row.fault("统一社会信用代码", written, reason, remedy or "请对照营业执照核对")


def _follow_mergers(rows: Sequence[PlannedRow]) -> None:
    """A line about a firm that was merged is about the one it has become; its former name does not come back with it."""
    now = merged_codes({str(row.values["uscc"]) for row in rows if row.values.get("uscc")})
    if not now:
        return
    former = other_names(set(now.values()))
    for row in rows:
        old = str(row.values.get("uscc", ""))
        if old not in now:
            continue
        if not row.correct("uscc", old, now[old], MERGED):
            row.fault("统一社会信用代码", old, "该企业已并入另一家", f"请填现在的代码 {now[old]}，或先拆分")
            continue
        row.values["uscc"] = now[old]
        if name_key(row.values.get("name")) in former.get(now[old], ()):
            del row.values["name"]


def _locate(rows: Sequence[PlannedRow]) -> None:
    """Place and zone from the address. Where the firm has a place and its address is the same as before, the place stays:
    it follows from that address already, or a person has set it right."""
    settled = addresses_of_placed({str(row.values.get("uscc")) for row in rows})
    located = [
        row
        for row in rows
        if any(row.values.get(word) for word in ("address", "province", "city")) and not _same_address(row, settled)
    ]
    if not located:
        return
    addresses, provinces, cities = (
        [row.values.get(word) for row in located] for word in ("address", "province", "city")
    )
    regions = [str(row.values.get("uscc") or "")[2:8] or None for row in located]
    ids = ids_by_code()
    resolved = address_resolver().resolve_many(addresses, provinces, cities, regions)
    for row, found in zip(located, resolved, strict=True):
        if found.code is not None:
            row.values["place"] = ids.get(found.code)
        if found.zone is not None and row.values.get("zone") is None:
            row.values["zone"] = ids.get(found.zone)


def _same_address(row: PlannedRow, settled: Mapping[str, str]) -> bool:
    before = settled.get(str(row.values.get("uscc")))
    return before is not None and row.values.get("address", before) == before


def derive_names(rows: Sequence[PlannedRow]) -> None:
    """Match keys of other names."""
    for row in rows:
        if "name" in row.values:
            row.values["name_key"] = name_key(row.values["name"])
