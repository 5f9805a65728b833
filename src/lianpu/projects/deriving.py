"""What follows from a line of a sheet: which project it is, whose, where, and whether its figures can be."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q

from lianpu.chains.queries import chains_of_segments
from lianpu.enterprises.identity import check_uscc, name_key
from lianpu.enterprises.queries import match_enterprises, places_of
from lianpu.places.queries import address_resolver, ids_by_code
from lianpu.projects.identity import PREFIX, fresh_code, names_of, national_key, numbers_in, project_key
from lianpu.projects.models import UPGRADES, DispatchRound, DueReport, MonthlyReport, Project, ProjectYear, Submission
from lianpu.register.importing import PlannedRow, batches

_YEARS = re.compile(r"(20\d\d|19\d\d)\s*年?\s*(?:[-—–~～至到]+\s*(20\d\d|19\d\d)\s*年?)?")
ROUNDING = Decimal(1)  # 万元: sheets that round the month and the sum apart may differ by so much
RENAMED = 60.0  # likeness of names, of 100, from which on an owner's project is taken to be renamed
RENAME = "同一建设单位、名称相近，按更名认定"
_NOTHING = Decimal(0)
BATCH = 2000


def said(amount: Decimal) -> str:
    """An amount without idle zeros."""
    return f"{amount.normalize():f}"


# -- the ledger --------------------------------------------------------------------------------
def derive_projects(rows: Sequence[PlannedRow]) -> None:
    """Number, owner on the register, place, years, upgrades; refuses a silent change of the total."""
    for row in rows:
        _plain(row)
    known = _recognise(rows)
    _owners(rows)
    _locate([row for row in rows if not row.faults])
    _chains(rows)
    for row, stored in zip(rows, known, strict=True):
        _settle(row, stored)
        _in_order(row, stored)


def _plain(row: PlannedRow) -> None:
    values = row.values
    if "name" in values:
        values["name_key"] = project_key(values["name"])
    if values.get("national_code"):
        values["national_code"] = national_key(values["national_code"]) or values["national_code"]
    if values.get("owner_uscc"):
        checked = check_uscc(values["owner_uscc"])
        if checked.ok:
            values["owner_uscc"] = checked.code
        else:
            reason, _, remedy = checked.message.partition("：")
            row.fault("建设单位信用代码", values["owner_uscc"], reason, remedy or "请对照营业执照核对")
    if years := values.pop("years", None):
        match = _YEARS.search(str(years))
        if match:
            values.setdefault("start_year", int(match[1]))
            values.setdefault("end_year", int(match[2] or match[1]))
        else:
            row.fault("建设年限", years, "不是建设年限", "请按 2024-2026 填写")
    if words := values.pop("upgrades", None):
        text = "".join(words) if isinstance(words, list) else str(words)
        for flag, word in UPGRADES.items():
            values.setdefault(flag, word[:2] in text)


class _Stored:
    """The stored projects that the rows of a file may mean, by every way of naming them."""

    FIELDS = ("code", "name", "former_names", "owner_name", "owner_uscc", "national_code", "total_10k_cny", "pk")
    DATES = ("plan_start", "plan_finish", "actual_start", "actual_finish")

    def __init__(self, rows: Sequence[PlannedRow]) -> None:
        wanted: dict[str, set[Any]] = {name: set() for name in ("code", "national_code", "name_key", "pk")}
        for row in rows:
            if row.pk is not None:
                wanted["pk"].add(row.pk)
            for name, values in wanted.items():
                if row.values.get(name):
                    values.add(row.values[name])
        found: dict[int, dict[str, Any]] = {}
        for name, values in wanted.items():
            for batch in batches(sorted(values), BATCH):
                for one in Project.objects.filter(**{f"{name}__in": batch}).values(*self.FIELDS, *self.DATES):
                    found[one["pk"]] = one
        for one in Project.objects.exclude(former_names=[]).values(*self.FIELDS, *self.DATES):
            if any(project_key(name) in wanted["name_key"] for name in one["former_names"]):
                found[one["pk"]] = one
        self.by_pk = found
        self.by_code = {one["code"]: one for one in found.values()}
        self.by_national = {one["national_code"]: one for one in found.values() if one["national_code"]}
        self.by_name = names_of((one["code"], one["name"], one["former_names"]) for one in found.values())

    def named(self, row: PlannedRow) -> dict[str, Any] | None:
        """By name and owner: the owner's code or name must not differ; without an owner the name must be nobody else's."""
        bearers = [self.by_code[code] for code in sorted(self.by_name.get(row.values.get("name_key", ""), ()))]
        uscc, owner = row.values.get("owner_uscc"), name_key(row.values.get("owner_name"))
        if not uscc and not owner:
            return bearers[0] if len(bearers) == 1 else None
        same = [
            one
            for one in bearers
            if (uscc and one["owner_uscc"] == uscc)
            or (owner and name_key(one["owner_name"]) == owner)
            or not (one["owner_name"] or one["owner_uscc"])
        ]
        return same[0] if len(same) == 1 else None


def _recognise(rows: Sequence[PlannedRow]) -> "list[Mapping[str, Any] | None]":
    """Fill ``code`` of every row that a file or form brings; gives the stored project of each, None for new ones."""
    stored = _Stored(rows)
    fresh: list[PlannedRow] = []
    for row in rows:
        values = row.values
        if row.pk is not None:  # a form or the API changes some cells of this very row
            if str(values.get("code", PREFIX)).startswith(PREFIX):
                values.pop("code", None)  # a number of ours changes only into one that an office writes
            _renamed(row, stored.by_pk.get(row.pk))
            continue
        by_national = stored.by_national.get(values.get("national_code", ""))
        named = stored.named(row) if values.get("name_key") else None
        if values.get("code"):
            if by_national and by_national["code"] != values["code"]:
                row.fault(
                    "项目代码",
                    values["national_code"],
                    f"已为台账{by_national['code']}“{by_national['name']}”所用",
                    "请核对是否同一项目",
                )
        elif by_national is None and named is None:
            if values.get("name"):
                owner = values.get("owner_uscc") or values.get("owner_name") or ""
                values["code"] = fresh_code(values["name"], owner, values.get("national_code", ""))
                fresh.append(row)
        else:
            values["code"] = (by_national or named or {})["code"]
    _follow_renames(fresh, rows, stored)
    for row in rows:
        if row.pk is None:
            _renamed(row, stored.by_code.get(row.values.get("code", "")))
    return [
        stored.by_pk.get(row.pk) if row.pk is not None else stored.by_code.get(row.values.get("code", ""))
        for row in rows
    ]


def _follow_renames(fresh: Sequence[PlannedRow], rows: Sequence[PlannedRow], stored: _Stored) -> None:
    """A row that seems new, but whose owner has just one project of a like name that the file does not name otherwise, is
    that project under a new name: a correction, which the sender sees and may reject. Names that differ in a number or a
    phase (一期, 二期) are of different projects."""
    owners = {str(row.values[word]) for row in fresh for word in ("owner_uscc", "owner_name") if row.values.get(word)}
    if not owners:
        return
    from rapidfuzz import fuzz

    of_owner: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for batch in batches(sorted(owners), BATCH):
        known = Project.objects.filter(Q(owner_uscc__in=batch) | Q(owner_name__in=batch))
        for one in known.values(*_Stored.FIELDS, *_Stored.DATES):
            for word in {one["owner_uscc"], one["owner_name"]} - {""}:
                of_owner[word].append(one)
    taken = {row.values.get("code") for row in rows}
    for row in fresh:
        name = row.values["name"]
        own = row.values.get("owner_uscc") or row.values.get("owner_name") or ""
        like = [
            one
            for one in of_owner.get(own, [])
            if one["code"] not in taken
            and fuzz.ratio(project_key(one["name"]), project_key(name)) >= RENAMED
            and numbers_in(one["name"]) == numbers_in(name)
        ]
        if len(like) == 1 and row.correct("name", like[0]["name"], name, RENAME):
            taken.add(like[0]["code"])
            stored.by_code[like[0]["code"]] = like[0]
            row.values["code"] = like[0]["code"]


def _renamed(row: PlannedRow, before: Mapping[str, Any] | None) -> None:
    """A known project under another name: a former name stays former, a new one makes the present one former."""
    name = row.values.get("name")
    if before is None or not name or project_key(before["name"]) == project_key(name):
        return
    if project_key(name) in {project_key(one) for one in before["former_names"]}:
        row.add_note(f"“{name}”是“{before['name']}”的曾用名，名称不改")
        del row.values["name"], row.values["name_key"]
        return
    row.add_note(f"项目更名：原名“{before['name']}”记入曾用名")
    row.values["former_names"] = [*row.values.get("former_names", before["former_names"]), before["name"]]


def _owners(rows: Sequence[PlannedRow]) -> None:
    """The owner where such a firm is on the register; a project may have one that is not."""
    texts = {str(row.values[word]) for row in rows for word in ("owner_uscc", "owner_name") if row.values.get(word)}
    known = match_enterprises(texts)
    for row in rows:
        if "owner_uscc" in row.values or "owner_name" in row.values:
            by_code, by_name = (known.get(str(row.values.get(word))) for word in ("owner_uscc", "owner_name"))
            row.values["owner"] = by_code if row.values.get("owner_uscc") else by_name


def _locate(rows: Sequence[PlannedRow]) -> None:
    """Place and zone from the address, else from the owner's, where the sheet names none and the project is new to us."""
    rows = [row for row in rows if row.pk is None]  # who edits a row sees the place and sets it
    codes = [row.values.get("code") for row in rows]
    placed = Project.objects.filter(place__isnull=False)
    settled = {
        code for batch in batches(codes, BATCH) for code in placed.filter(code__in=batch).values_list("code", flat=True)
    }
    open_rows = [r for r in rows if r.values.get("place") is None and r.values.get("code") not in settled]
    with_address = [r for r in open_rows if r.values.get("address")]
    if with_address:
        ids = ids_by_code()
        resolved = address_resolver().resolve_many([r.values["address"] for r in with_address])
        for row, found in zip(with_address, resolved, strict=True):
            if found.code is not None:
                row.values["place"] = ids.get(found.code)
            if found.zone is not None and row.values.get("zone") is None:
                row.values["zone"] = ids.get(found.zone)
    lost = [r for r in open_rows if r.values.get("place") is None and r.values.get("owner")]
    where = places_of({r.values["owner"] for r in lost})
    for row in lost:
        place, zone = where.get(row.values["owner"], (None, None))
        if place is not None:
            row.values["place"] = place
            row.values.setdefault("zone", zone)


def _chains(rows: Sequence[PlannedRow]) -> None:
    """The chain of the segment; a segment of another chain than the one named is a fault."""
    of = chains_of_segments({r.values["segment"] for r in rows if r.values.get("segment")})
    for row in rows:
        if chain := of.get(row.values.get("segment", 0)):
            if row.values.get("chain") not in (None, chain):
                row.fault("主要环节", "", "环节不属于所填的产业链", "请核对产业链与环节")
            row.values["chain"] = chain


def _settle(row: PlannedRow, stored: Mapping[str, Any] | None) -> None:
    total = row.values.get("total_10k_cny")
    if total is not None and total < 0:
        row.fault("总投资", total, "总投资不能为负", "请核对金额与单位")
    if stored is None or total is None or stored["total_10k_cny"] in (None, total):
        return
    row.fault(
        "总投资",
        said(total),
        f"台账总投资为{said(stored['total_10k_cny'])}万元",
        "如确有调整，请在项目页登记总投资调整并说明原因",
    )


def _in_order(row: PlannedRow, stored: Mapping[str, Any] | None) -> None:
    held = dict(stored or {}) | row.values
    for first, last, label in (
        ("plan_start", "plan_finish", "计划竣工"),
        ("actual_start", "actual_finish", "实际竣工"),
        ("start_year", "end_year", "建设止年"),
    ):
        start, end = held.get(first), held.get(last)
        if start and end and start > end and (first in row.values or last in row.values):
            row.fault(label, end, f"早于开始（{start}）", "请核对起止时间")


# -- years and months --------------------------------------------------------------------------
def open_month() -> str:
    """The month of the one dispatch round that is open; "" where there is none, or several."""
    months = list(DispatchRound.objects.filter(is_closed=False).values_list("month", flat=True)[:2])
    return months[0] if len(months) == 1 else ""


def derive_years(rows: Sequence[PlannedRow]) -> None:
    """The year of the open round where a sheet names none; amounts are not negative."""
    new = [row for row in rows if row.pk is None and row.values.get("project")]
    month = open_month() if any(not row.values.get("year") for row in new) else ""
    for row in new:
        if not row.values.get("year"):
            if month:
                row.values["year"] = int(month[:4])
            else:
                row.fault("年度", "", "没有写明年度", "请加一列“年度”，或先发起调度")
    for row in rows:
        if row.values.get("year") and not 1990 <= row.values["year"] <= 2100:
            row.fault("年度", row.values["year"], "不是年度", "请按 2024 填写")
        for name, label in (("plan_10k_cny", "本年计划投资"), ("invested_before_10k_cny", "截至上年底累计完成投资")):
            if (row.values.get(name) or 0) < 0:
                row.fault(label, row.values[name], "不能为负", "请核对金额")


def derive_reports(rows: Sequence[PlannedRow]) -> None:
    """Month of the open round; the sum of the year from the month or the month from the sum; what cannot be is a fault."""
    new = [row for row in rows if row.pk is None and row.values.get("project")]
    month = open_month() if any(not row.values.get("month") for row in new) else ""
    for row in new:
        if not row.values.get("month"):
            if month:
                row.values["month"] = month
            else:
                row.fault("月份", "", "没有写明月份", "请加一列“月份”，或先发起当月调度")
    changed = MonthlyReport.objects.filter(pk__in=[row.pk for row in rows if row.pk is not None])
    keys = {pk: (project, month) for pk, project, month in changed.values_list("pk", "project", "month")}
    at = {id(row): (row.values["project"], row.values["month"]) for row in new if not row.faults}
    at |= {
        id(row): (row.values.get("project", keys[row.pk][0]), row.values.get("month", keys[row.pk][1]))
        for row in rows
        if row.pk in keys
    }
    sound = sorted((row for row in rows if id(row) in at), key=lambda row: at[id(row)][1])
    held = Months({project for project, _ in at.values()}, {month[:4] for _, month in at.values()})
    for row in sound:
        held.take(row, *at[id(row)])
    for row in sound:
        held.look_ahead(row, *at[id(row)])


class Months:
    """The stored months of some projects in some years, overlaid with those of a file as it is read in the order of time."""

    def __init__(self, projects: Iterable[int], years: Iterable[str]) -> None:
        ids, wanted = sorted(projects), sorted(years)
        self.done: dict[tuple[int, str], tuple[Decimal, Decimal, Decimal]] = {}
        self.totals: dict[int, Decimal | None] = {}
        self.before: dict[tuple[int, int], Decimal] = {}
        self.closed: set[tuple[int, str]] = set()
        fields = ("done_month_10k_cny", "done_ytd_10k_cny", "adjustment_10k_cny")
        for batch in batches(ids, BATCH):
            months = MonthlyReport.objects.filter(
                project__in=batch, month__gte=f"{wanted[0]}-01", month__lte=f"{wanted[-1]}-12"
            )
            for project, month, *amounts in months.values_list("project", "month", *fields):
                self.done[project, month] = (amounts[0], amounts[1], amounts[2])
            self.totals.update(Project.objects.filter(pk__in=batch).values_list("pk", "total_10k_cny"))
            listed = ProjectYear.objects.filter(project__in=batch, year__in=[int(year) for year in wanted])
            for project, year, before in listed.values_list("project", "year", "invested_before_10k_cny"):
                self.before[project, year] = before
            sent = (Submission.State.SUBMITTED, Submission.State.ACCEPTED)
            dues = DueReport.objects.filter(project__in=batch, submission__state__in=sent)
            self.closed.update(dues.values_list("project", "round__month"))
        self.stored = dict(self.done)
        self.said: dict[tuple[int, str], PlannedRow] = {}

    def previous(self, project: int, month: str) -> tuple[str, Decimal]:
        """The latest reported month before ``month`` in its year, and its sum; ("", 0) where there is none."""
        for number in range(int(month[5:]) - 1, 0, -1):
            earlier = f"{month[:5]}{number:02}"
            if (project, earlier) in self.done:
                return earlier, self.done[project, earlier][1]
        return "", _NOTHING

    def take(self, row: PlannedRow, project: int, month_text: str) -> None:
        """Complete one row and hold it against what is known."""
        values, at = row.values, (project, month_text)
        stored = self.stored.get(at)
        month, ytd = values.get("done_month_10k_cny"), values.get("done_ytd_10k_cny")
        adjustment = values.get("adjustment_10k_cny")
        if adjustment is None:
            adjustment = stored[2] if stored else _NOTHING
        _, before = self.previous(*at)
        if month is None and ytd is None:
            if stored is None:
                row.fault("本月完成投资", "", "本月完成与本年累计都没有填", "请至少填一项，没有投资的填 0")
                return
            month, ytd = stored[0], stored[1]
        elif month is None and ytd is not None:
            month = ytd - before - adjustment
        elif ytd is None and month is not None:
            ytd = before + month + adjustment
        assert month is not None
        assert ytd is not None
        values["done_month_10k_cny"], values["done_ytd_10k_cny"] = month, ytd
        if stored != (month, ytd, adjustment):
            self._check(row, at, month, adjustment)
            month = values["done_month_10k_cny"]
        if not row.faults:
            self.done[at] = (month, ytd, adjustment)
            self.said[at] = row

    def _check(self, row: PlannedRow, at: tuple[int, str], month: Decimal, adjustment: Decimal) -> None:
        """Whether a month that is new or changed follows from the one before, and stays within the total."""
        ytd: Decimal = row.values["done_ytd_10k_cny"]
        earlier, before = self.previous(*at)
        wanted = before + month + adjustment
        gap = int(at[1][5:]) - 1 - int(earlier[5:] or 0)
        odd = ytd - wanted
        if gap and odd >= 0 and month >= 0:
            if odd:
                row.add_note(f"当年有{gap}个月没有填报，累计中另有{said(odd)}万元未分月")
        elif odd and abs(odd) <= ROUNDING and month + odd >= 0:
            row.add_note(f"本月与累计四舍五入差{said(odd)}万元，以累计为准")
            row.values["done_month_10k_cny"] = month + odd
        elif month < 0 or odd < 0:
            row.fault(
                "本年累计完成投资",
                said(ytd),
                f"累计比应有的少：{earlier or '年初'}累计{said(before)} + 本月{said(max(month, _NOTHING))}万元",
                "请改正本月或累计；核减以前月份的，请填“核减核增”并说明",
            )
        elif odd:
            row.fault(
                "本年累计完成投资",
                said(ytd),
                f"应为{said(wanted)}万元（{earlier or '年初'}累计{said(before)} + 本月{said(month)}）",
                "请改正本月或累计；核增以前月份的，请填“核减核增”并说明",
            )
        total = self.totals.get(at[0])
        over = self.before.get((at[0], int(at[1][:4])), _NOTHING) + ytd - total if total is not None else _NOTHING
        if not row.faults and over > 0:
            row.fault(
                "本年累计完成投资",
                said(ytd),
                f"自开工累计超过总投资{said(over)}万元",
                "请核对；总投资确有变动的，先登记总投资调整",
            )
        if at in self.closed and not row.faults:
            row.fault("月份", at[1], "该项目当月已报送或已审定", "请先由调度部门退回再改")

    def look_ahead(self, row: PlannedRow, project: int, month: str) -> None:
        """A month that is changed under a later one that is stored: the later sum would no longer follow."""
        at = (project, month)
        if row.faults or at not in self.stored or self.stored[at][1] == self.done[at][1]:
            return
        for number in range(int(at[1][5:]) + 1, 13):
            later = (at[0], f"{at[1][:5]}{number:02}")
            if later in self.done:
                if later not in self.said:
                    row.fault(
                        "月份", at[1], f"{later[1]}已按原累计填报", "请把以后各月一并更正，或在最近一月填“核减核增”"
                    )
                return
