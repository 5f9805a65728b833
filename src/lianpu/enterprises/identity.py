"""Who a firm is: its unified social credit code (USCC), its name for matching, and whether it is a branch.

USCC (GB 32100-2015): registration department (1), kind of organisation (1), division code of the registration authority
(6), organisation code (8 and a check character by GB 11714), check character (ISO 7064 MOD 31 over powers of 3). The
alphabet leaves out I, O, S, V, Z. python-stdnum computes the check character; the words for what is wrong are ours.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import product
from typing import Literal

from stdnum.cn import uscc as gb32100

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LOOK_ALIKES = ("0ODQ", "1IL7", "2Z", "5S", "6G", "8B3", "UVY", "KX", "MN")
LOOK_ALIKE = {c: [o for o in group if o != c and o in ALPHABET] for group in LOOK_ALIKES for c in group}
SEPARATORS = "-‐‑‒–—−_.'\"`"
SAMPLE_MARK = "DEM"
WEIGHTS_GB11714 = (3, 7, 9, 10, 5, 8, 4, 2)

Reason = Literal["", "empty", "old_number", "length_13", "length", "character", "head", "check_digit"]
MESSAGES: dict[Reason, str] = {
    "": "",
    "empty": "没有统一社会信用代码：请补填 18 位代码",
    "old_number": "是 15 位的工商注册号，不是统一社会信用代码：请换成营业执照上的 18 位代码",
    "length_13": "是 13 位的旧注册号，不是统一社会信用代码：请换成营业执照上的 18 位代码",
    "length": "应为 18 位，现为 {length} 位：请对照营业执照核对",
    "character": "含有代码中不会出现的字符“{odd}”：请对照营业执照核对",
    "head": "前 8 位应为数字（登记部门、机构类别和行政区划），现为“{head}”：请对照营业执照核对",
    "check_digit": "校验码不符，至少有一位写错：请对照营业执照核对",
}


@dataclass(frozen=True, slots=True)
class UsccCheck:
    """The normalised code, what is wrong with it ("" when nothing is) in a word and in Chinese, and likely right codes.

    ``sure``: the one proposal replaces nothing but letters that stand where no code has them (O, I, Z, S; letters among
    the eight digits of the head). A wrong check character alone is weaker evidence: where the error is no look-alike,
    chance makes some other look-alike right in most codes.
    """

    code: str
    reason: Reason
    message: str
    proposals: tuple[str, ...] = ()
    sure: bool = False

    @property
    def ok(self) -> bool:
        return not self.reason

    @property
    def region(self) -> str:
        """Division code of the registration authority, "" when the code is wrong."""
        return self.code[2:8] if self.ok else ""


def normalise_uscc(text: str | None) -> str:
    """Half-width capitals without blanks, hyphens and invisible characters: '９１６２ 0102-…x' → '91620102…X'."""
    if text and text.isascii() and text.isalnum():
        return text.upper()
    wide = unicodedata.normalize("NFKC", text or "").upper()
    kept = "".join(c for c in wide if not (c.isspace() or c in SEPARATORS or _invisible(c)))
    return unicodedata.normalize("NFKC", kept)


def check_uscc(text: str | None) -> UsccCheck:
    """Check a code as written; a wrong one comes with the reason, a remedy, and the look-alike codes that would be right."""
    code = normalise_uscc(text)
    reason = _what_is_wrong(code)
    if not reason:
        return UsccCheck(code, "", "")
    odd = "".join(dict.fromkeys(c for c in code if c not in ALPHABET))
    message = MESSAGES[reason].format(length=len(code), odd=odd, head=code[:8])
    proposals = tuple(propose(code))
    if proposals:
        message += f"；形近字改正后可能是 {' 或 '.join(proposals)}"
    impossible = _impossible(code)
    sure = len(proposals) == 1 and {i for i, c in enumerate(code) if c != proposals[0][i]} == impossible
    return UsccCheck(code, reason, message, proposals, sure)


def _impossible(code: str) -> set[int]:
    """Where characters stand that no code has there."""
    return {i for i, c in enumerate(code) if c not in ALPHABET or (i < 8 and not c.isdecimal())}


def _what_is_wrong(code: str) -> Reason:
    if not code:
        return "empty"
    if len(code) == 15 and code.isdigit():
        return "old_number"
    if len(code) == 13 and code.isdigit():
        return "length_13"
    if len(code) != 18:
        return "length"
    if any(c not in ALPHABET for c in code):
        return "character"
    if not code[:8].isdecimal():
        return "head"
    return "" if gb32100.is_valid(code) else "check_digit"


def propose(text: str | None) -> list[str]:
    """Valid codes that the text may have been before letters were mistaken for others (O/0, I/1, Z/2, S/5, B/8 …).

    Letters that no code has are replaced, and letters among the eight digits of the head; beyond these at most one more
    character is taken for its look-alike. A right code proposes nothing. At most ten, fewest changes first.
    """
    code = normalise_uscc(text)
    if len(code) != 18 or gb32100.is_valid(code):
        return []
    must = _impossible(code)
    if len(must) > 4 or any(code[i] not in LOOK_ALIKE for i in must):
        return []
    choices = [LOOK_ALIKE[c] if i in must else c for i, c in enumerate(code)]
    repaired = ["".join(letters) for letters in product(*choices)]
    found = [c for c in repaired if gb32100.is_valid(c)]
    if not found:
        once_more = (
            candidate[:i] + other + candidate[i + 1 :]
            for candidate in repaired
            for i in range(18)
            if i not in must
            for other in LOOK_ALIKE.get(candidate[i], ())
        )
        found = [c for c in once_more if gb32100.is_valid(c)]
    return list(dict.fromkeys(found))[:10]


def make_uscc(region: str, serial: int) -> str:
    """A code with a right check character for an invented firm, which no real firm can have.

    ``region`` is a six-digit division code, ``serial`` 0–99,999. Two locks keep it apart from real codes: the organisation
    code begins with DEM, and its own check character (GB 11714, which this check of GB 32100 does not look at) is
    wrong on purpose.
    """
    if not re.fullmatch(r"\d{6}", region) or not 0 <= serial <= 99_999:
        raise ValueError(f"region must have six digits and serial lie in 0..99999: {region!r}, {serial!r}")
    body = f"{SAMPLE_MARK}{serial:05d}"
    right = _organisation_check(body)
    wrong = "0" if right == "X" else str((int(right) + 1) % 10)
    code = f"91{region}{body}{wrong}"
    return code + str(gb32100.calc_check_digit(code))


def is_sample_uscc(code: str) -> bool:
    """Whether a code was made by `make_uscc`."""
    code = normalise_uscc(code)
    return gb32100.is_valid(code) and code[8:11] == SAMPLE_MARK and code[16] != _organisation_check(code[8:16])


def _organisation_check(body: str) -> str:
    """Check character of an organisation code of eight characters (GB 11714-1997: MOD 11, letters count from A = 10)."""
    rest = 11 - sum(w * int(c, 36) for w, c in zip(WEIGHTS_GB11714, body, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────────

BRACKETS = str.maketrans("【〔［〈《「『﹝〖】〕］〉》」』﹞〗[]<>{}", "(((((((((" + ")))))))))" + "()()()")
DROPPED = re.compile(r"[\s·•・‧．.。,，、'\"“”‘’`\-—–_━]+")

COMPANY = r"(?:公司|集团|银行|合作社|供销社|信用社|联社|联合社)(?:\([^()]*\))?"
LIMITED = r"有限(?:责任)?公司(?:\([^()]*\))?"
# offices that the law lets nobody open but as part of another body
DEPENDENT = "(?:分|支)(?:公司|局|行)|分支机构|分理处|储蓄所|办事处|代表处|联络处|代办[所处点]"
PREMISES = (
    f"{DEPENDENT}|(?:分|支)(?:店|厂|部|社|场|所|院|中心)|营业[部厅所处室点]|门市部?|[^总]店|经营[部处]|经销[部处]|批发部|[营行]销部|销售部|服务部|"
    "项目部|加油站|加气站|邮政所|邮电所|供电所|供应站|收购站|购销站|服务站|报刊亭|信用社"
)
OWN_PREMISES = re.compile(rf"(?P<parent>.+{COMPANY}).*?(?:{PREMISES})(?:\([^()]*\))?$")
# whatever follows the legal form of a limited company is one of its premises (…有限公司黄沙窝直销点)
AFTER_FORM = re.compile(rf"(?P<parent>.+{LIMITED})[^()（）]{{2,}}(?:\([^()]*\))?$")
DEPENDENT_END = re.compile(rf"(?:{DEPENDENT})(?:\([^()]*\))?$")


def name_key(name: str | None) -> str:
    """The name reduced for matching: two names of one firm give one key.

    Half width, capitals, every kind of bracket as (), without blanks, dots, quotes, dashes and invisible characters (1,411
    registry names hold a NUL). 有限责任公司 counts as 有限公司: the law knows one form, people write either, and among
    211,797 real firms only one pair differs by that alone. 股份有限公司 is another form and stays.
    """
    wide = unicodedata.normalize("NFKC", name or "").upper().translate(BRACKETS)
    visible = "".join(c for c in wide if not _invisible(c))
    return unicodedata.normalize("NFKC", DROPPED.sub("", visible)).replace("有限责任公司", "有限公司")


def branch_parent(name: str | None) -> str | None:
    """The company whose branch this is by its name (甲有限公司兰州分公司 → 甲有限公司), half width; None for a firm of its own,
    and where the name leaves the company out (城关加油站, 某某北京代表处)."""
    plain = unicodedata.normalize("NFKC", name or "").strip()
    branch = OWN_PREMISES.fullmatch(plain) or AFTER_FORM.fullmatch(plain)
    return branch["parent"] if branch else None


def is_branch(name: str | None) -> bool:
    """Whether the name is that of a dependent branch: of a named company, or an office that nobody opens on its own."""
    return branch_parent(name) is not None or bool(
        DEPENDENT_END.search(unicodedata.normalize("NFKC", name or "").strip())
    )


def _invisible(c: str) -> bool:
    return unicodedata.category(c) in ("Cc", "Cf")
