"""What follows from a line of a sheet: which lead it is, how far it has come, from where its money is, who talks for it."""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone

from lianpu.chains.queries import chains_of_segments
from lianpu.enterprises.identity import check_uscc, name_key
from lianpu.places.queries import place_paths
from lianpu.promotion.contacts import contact_of
from lianpu.promotion.identity import PREFIX, fresh_code, lead_key
from lianpu.promotion.models import Lead, Origin, Stage
from lianpu.register.importing import PlannedRow, batches

BATCH = 2000
DATES: Mapping[str, str] = {
    Stage.LEAD: "found_on",
    Stage.TALK: "talked_on",
    Stage.INTENT: "intended_on",
    Stage.SIGNED: "signed_on",
    Stage.REGISTERED: "registered_on",
    Stage.STARTED: "started_on",
    Stage.ARRIVED: "arrived_on",
    Stage.PRODUCING: "producing_on",
    Stage.FULL_OUTPUT: "full_output_on",
}
"""The column that dates each stage, in the order of the funnel."""
# Money and land come before, during or after the works: they follow only the signing.
_IN_ORDER = [name for stage, name in DATES.items() if stage != Stage.ARRIVED]
_AFTER_SIGNING = ("arrived_on", "land_on")
_KEPT = (*DATES.values(), "land_on", "withdrawn_on", "withdrawn_why")
_FIELDS = ("pk", "code", "name", "counterpart", "origin", "signed_10k_cny", *_KEPT)
HOME_PROVINCE = "620000"
_ABROAD = [
    "境外",
    "国外",
    "香港",
    "澳门",
    "台湾",
    "德国",
    "法国",
    "英国",
    "意大利",
    "西班牙",
    "荷兰",
    "瑞士",
    "瑞典",
    "丹麦",
    "比利时",
    "俄罗斯",
    "白俄罗斯",
    "土耳其",
    "日本",
    "韩国",
    "新加坡",
    "马来西亚",
    "泰国",
    "越南",
    "印度",
    "巴基斯坦",
    "哈萨克斯坦",
    "乌兹别克斯坦",
    "沙特",
    "阿联酋",
    "以色列",
    "美国",
    "加拿大",
    "墨西哥",
    "巴西",
    "智利",
    "澳大利亚",
    "新西兰",
    "南非",
    "维尔京",
    "开曼",
]
_PROVINCES = [
    "北京",
    "天津",
    "河北",
    "山西",
    "内蒙古",
    "辽宁",
    "吉林",
    "黑龙江",
    "上海",
    "江苏",
    "浙江",
    "安徽",
    "福建",
    "江西",
    "山东",
    "河南",
    "湖北",
    "湖南",
    "广东",
    "广西",
    "海南",
    "重庆",
    "四川",
    "贵州",
    "云南",
    "西藏",
    "陕西",
    "青海",
    "宁夏",
    "新疆",
]


def plain(amount: Decimal) -> str:
    """An amount without idle zeros."""
    return f"{amount.normalize():f}"


def label_of(name: str) -> str:
    """How a column of leads is headed."""
    return str(Lead._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def stage_of(dates: Mapping[str, Any]) -> Stage:
    """The furthest stage that is dated."""
    return [stage for stage in Stage if stage is Stage.LEAD or dates.get(DATES[stage])][-1]


def out_of_order(dates: Mapping[str, Any], today: dt.date) -> list[tuple[str, str, str]]:
    """What cannot be of a lead's dates: (column, why, what to do), of each column at most one."""
    wrong: dict[str, tuple[str, str, str]] = {}
    remedy = "请核对各阶段时间"
    held = [name for name in _IN_ORDER if dates.get(name)]
    for before, after in itertools.pairwise(held):
        if dates[after] < dates[before]:
            wrong[after] = (after, f"早于{label_of(before)}（{dates[before]}）", remedy)
    for name in _AFTER_SIGNING:
        if dates.get(name) and dates.get("signed_on") and dates[name] < dates["signed_on"]:
            wrong[name] = (name, f"早于签约时间（{dates['signed_on']}）", remedy)
    for name in (*DATES.values(), "land_on", "withdrawn_on"):
        if dates.get(name) and dates[name] > today:
            wrong[name] = (name, f"晚于今天（{today}）", "未到的阶段请留空，到了再填")
    return list(wrong.values())


# -- leads -------------------------------------------------------------------------------------
def derive_leads(rows: Sequence[PlannedRow]) -> None:
    """Number, origin, contact, chain, stage; refuses dates that go backwards and a withdrawal without a reason."""
    for row in rows:
        _plain(row)
    known = _recognise(rows)
    _origins(rows)
    _chains(rows)
    today = timezone.localdate()
    for row, stored in zip(rows, known, strict=True):
        _stages(row, stored or {}, today)


def _plain(row: PlannedRow) -> None:
    values = row.values
    if "name" in values:
        values["name_key"] = lead_key(values["name"])
    if values.get("counterpart_uscc"):
        checked = check_uscc(values["counterpart_uscc"])
        if checked.ok:
            values["counterpart_uscc"] = checked.code
        else:
            reason, _, remedy = checked.message.partition("：")
            row.fault("投资方信用代码", values["counterpart_uscc"], reason, remedy or "请对照营业执照核对")
    for glued, (office, person, phone) in {
        "contact": ("counterpart", "contact_person", "contact_phone"),
        "duty": ("unit", "person", "phone"),
    }.items():
        if text := values.pop(glued, None):
            said = contact_of(str(text))
            for name, found in ((office, said.office), (person, said.person), (phone, said.phone)):
                if found and not values.get(name):
                    values[name] = found
    for name in ("intended_10k_cny", "signed_10k_cny"):
        if (values.get(name) or Decimal(0)) < 0:
            row.fault(label_of(name), plain(values[name]), "金额不能为负", "请核对金额与单位")


def _recognise(rows: Sequence[PlannedRow]) -> "list[Mapping[str, Any] | None]":
    """Fill ``code`` of every row that a file or form brings; gives the stored lead of each, None for new ones."""
    by_pk = _stored("pk", {row.pk for row in rows if row.pk is not None})
    by_code = _stored("code", {row.values["code"] for row in rows if row.values.get("code")})
    bearers: dict[str, list[dict[str, Any]]] = {}
    for one in _stored("name_key", {row.values["name_key"] for row in rows if row.values.get("name_key")}).values():
        bearers.setdefault(lead_key(one["name"]), []).append(one)
    codes = {one["code"]: one for one in by_code.values()}
    found: list[Mapping[str, Any] | None] = []
    for row in rows:
        values = row.values
        if row.pk is not None:  # a form or the API changes some cells of this very row
            if str(values.get("code", PREFIX)).startswith(PREFIX):
                values.pop("code", None)  # a number of ours changes only into one that an office writes
            found.append(by_pk.get(row.pk))
            continue
        if not values.get("code") and values.get("name"):
            same = _named(bearers.get(values["name_key"], []), values.get("counterpart"))
            values["code"] = same["code"] if same else fresh_code(values["name"], values.get("counterpart") or "")
            found.append(same)
        else:
            found.append(codes.get(values.get("code", "")))
        if (held := found[-1]) and lead_key(held["name"]) == values.get("name_key"):
            values["name"] = held["name"]  # the same name written otherwise is no other name
    return found


def _stored(name: str, wanted: "set[Any]") -> dict[int, dict[str, Any]]:
    rows = (
        one
        for batch in batches(sorted(wanted), BATCH)
        for one in Lead.objects.filter(**{f"{name}__in": batch}).values(*_FIELDS)
    )
    return {one["pk"]: one for one in rows}


def _named(bearers: Sequence[dict[str, Any]], counterpart: str | None) -> dict[str, Any] | None:
    """The one lead of the name whose counterpart does not differ; None where there are several, or none."""
    wanted = name_key(counterpart)
    same = [one for one in bearers if not wanted or not one["counterpart"] or name_key(one["counterpart"]) == wanted]
    return same[0] if len(same) == 1 else None


def origin_of(said: str, paths: Mapping[str, set[str]]) -> str:
    """Whether money from a place of this name is from another province, from abroad or from the province; "" = unknown.

    ``paths``: names of places → their paths, as :func:`lianpu.places.queries.place_paths` gives them.
    """
    if said.startswith(tuple(_ABROAD)):
        return Origin.ABROAD
    if said.startswith(tuple(_PROVINCES)):
        return Origin.PROVINCES
    where = {path.split("/")[2] for path in paths.get(said, ()) if path.count("/") > 2}
    if len(where) != 1:
        return ""
    return Origin.LOCAL if where == {HOME_PROVINCE} else Origin.PROVINCES


def _origins(rows: Sequence[PlannedRow]) -> None:
    """Where money is from, by the name of the place it is from."""
    open_rows = [row for row in rows if row.values.get("origin_place") and not row.values.get("origin")]
    if not open_rows:
        return
    paths = place_paths()
    for row in open_rows:
        if origin := origin_of(str(row.values["origin_place"]), paths):
            row.values["origin"] = origin


def _chains(rows: Sequence[PlannedRow]) -> None:
    """The chain of the segment; a segment of another chain than the one named is a fault."""
    of = chains_of_segments({row.values["segment"] for row in rows if row.values.get("segment")})
    for row in rows:
        if chain := of.get(row.values.get("segment", 0)):
            if row.values.get("chain") not in (None, chain):
                row.fault("所在环节", "", "环节不属于所填的产业链", "请核对产业链与环节")
            row.values["chain"] = chain


def _stages(row: PlannedRow, stored: Mapping[str, Any], today: dt.date) -> None:
    values = row.values
    said, said_on = values.pop("stage_said", None), values.pop("stage_on", None)
    held = {**stored, **values}
    if said:
        stage = Stage(said)
        if said_on and not values.get(DATES[stage]):  # a column of its own says it better
            values[DATES[stage]] = held[DATES[stage]] = said_on
        elif not held.get(DATES[stage]):
            row.fault(
                "进展阶段", stage.label, f"没有写明{label_of(DATES[stage])}", "请填写该阶段的时间，或加一列“进展时间”"
            )
    if not held.get("found_on"):
        told = [held[name] for name in DATES.values() if held.get(name)]
        values["found_on"] = held["found_on"] = min([*told, today])
    for name, why, remedy in out_of_order(held, today):
        if name in values:
            row.fault(label_of(name), values[name], why, remedy)
    if held.get("withdrawn_on") and not held.get("withdrawn_why"):
        row.fault("撤回原因", "", "撤回须说明原因", "请填写撤回原因")
    if held.get("signed_10k_cny") is not None and stage_of(held) in (Stage.LEAD, Stage.TALK, Stage.INTENT):
        row.fault(
            "签约额", plain(held["signed_10k_cny"]), "填了签约额而没有签约时间", "请填写签约时间；未签约的填“拟投资额”"
        )
    values["stage"] = stage_of(held)


# -- funds and talks ---------------------------------------------------------------------------
def derive_funds(rows: Sequence[PlannedRow]) -> None:
    """Money of which nobody says whence it comes is from where the lead's is."""
    new = [row for row in rows if row.pk is None and row.values.get("lead")]
    origins: dict[int, str] = {}
    for batch in batches(sorted({row.values["lead"] for row in new if not row.values.get("origin")}), BATCH):
        origins.update(Lead.objects.filter(pk__in=batch).values_list("pk", "origin"))
    for row in new:
        if not row.values.get("origin"):
            if origin := origins.get(row.values["lead"]):
                row.values["origin"] = origin
            else:
                row.fault(
                    "资金来源地", "", "没有写明资金来自省外、境外还是省内", "请加一列“资金来源地”，或在招商项目中填写"
                )
    for row in rows:
        if (row.values.get("amount_10k_cny") or Decimal(0)) < 0:
            row.fault("本月到位资金", plain(row.values["amount_10k_cny"]), "不能为负", "请核对金额")
