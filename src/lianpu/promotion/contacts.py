"""Cells in which an office, a person and a telephone number are glued together."""

import re
import unicodedata
from typing import NamedTuple

_PHONE = re.compile(r"(?<!\d)(1[3-9]\d{9}|0\d{2,3}[-\s]?\d{7,8}|\d{7,8})(?!\d)")
_ENDS = "公司|集团|厂|院|所|局|委|办|中心|政府|协会|商会|银行|合作社|基金|部|处|科"
_OFFICE = re.compile(rf"\S*(?:{_ENDS})(?:\([^()]*\))?(?=\s|$|[\u4e00-\u9fff]{{2,4}}(?:\s|$))")
_BETWEEN = re.compile(r"[\s:：,，、;；/\n]+")


class Contact(NamedTuple):
    """What a glued cell says; "" for what it lacks."""

    office: str
    person: str
    phone: str


def contact_of(text: str) -> Contact:
    """``某某集团有限公司 张三13900000000`` → office, person, phone. Further numbers stay with the first, after a blank."""
    plain = unicodedata.normalize("NFKC", text).strip()
    phones = _PHONE.findall(plain)
    rest = _BETWEEN.sub(" ", _PHONE.sub(" ", plain)).strip()
    office = match[0] if (match := _OFFICE.match(rest)) else ""
    person = rest[len(office) :].strip(" ()（）")
    return Contact(office, person, " ".join(re.sub(r"\s", "-", one) for one in phones))
