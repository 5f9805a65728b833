"""What follows from a line about an enterprise: right code, match key, place, zone, capital in 万元."""

from collections.abc import Sequence

from lianpu.enterprises.capital import parse_capital
from lianpu.enterprises.identity import check_uscc, name_key
from lianpu.places.queries import address_resolver, ids_by_code
from lianpu.register.importing import PlannedRow


def derive(rows: Sequence[PlannedRow]) -> None:
    """Check codes, fill match keys, resolve places from addresses and amounts from capital texts; a wrong code is a fault."""
    for row in rows:
        values = row.values
        if "uscc" in values:
            checked = check_uscc(values["uscc"])
            if checked.ok:
                values["uscc"] = checked.code
            else:
                reason, _, remedy = checked.message.partition("：")
                row.fault("统一社会信用代码", values["uscc"], reason, remedy or "请对照营业执照核对")
        if "name" in values:
            values["name_key"] = name_key(values["name"])
        if "capital_text" in values and "capital_10k_cny" not in values:
            capital = parse_capital(values["capital_text"])
            if capital.cny_10k is not None:
                values["capital_10k_cny"] = round(capital.cny_10k, 4)
            row.note = "；".join(part for part in (row.note, capital.doubt) if part)
    _locate([row for row in rows if row.values.get("place") is None and not row.faults])


def _locate(rows: Sequence[PlannedRow]) -> None:
    located = [row for row in rows if any(row.values.get(word) for word in ("address", "province", "city"))]
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


def derive_names(rows: Sequence[PlannedRow]) -> None:
    """Match keys of other names."""
    for row in rows:
        if "name" in row.values:
            row.values["name_key"] = name_key(row.values["name"])
