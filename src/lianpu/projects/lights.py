"""The light rules in force, the figures they read, and their grounds in words."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from django.conf import settings
from django.utils.translation import gettext

from lianpu.analysis import lights
from lianpu.analysis.lights import Rules, rounded, rules_of

if TYPE_CHECKING:
    import polars as pl

SHIPPED = Path(__file__).parent / "data" / "lights.yaml"
OWN = "lights.yaml"  # in LIANPU_HOME: a city's own sets, the first of them in force


@dataclass(frozen=True)
class RuleSet:
    """A named set of rules; ``digest`` tells whether a light was computed by just these."""

    key: str
    rules: Rules
    digest: str

    @property
    def name(self) -> str:
        return self.rules.name


class BadRulesError(ValueError):
    """A file of light rules that cannot be used; the message says where and why."""


def rule_sets() -> Sequence[RuleSet]:
    """Every set that can be chosen: the city's own before the shipped ones. Raises ``BadRulesError``."""
    own = Path(settings.LIANPU_HOME) / OWN
    stamp = own.stat().st_mtime_ns if own.is_file() else 0
    return (*(_read(own, stamp) if stamp else ()), *_read(SHIPPED, 0))


def rules_in_force(key: str = "") -> RuleSet:
    """The set with this key, else the first; an unknown key is the first too."""
    sets = rule_sets()
    return next((one for one in sets if one.key == key), sets[0])


@cache
def _read(path: Path, stamp: int) -> tuple[RuleSet, ...]:  # noqa: ARG001 — a changed file is another entry
    text = path.read_text(encoding="utf-8")
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as bad:
        raise BadRulesError(f"{path.name} 不是 YAML：{bad}") from bad
    found = []
    for number, one in enumerate(said if isinstance(said, list) else [said], start=1):
        if not isinstance(one, dict):
            raise BadRulesError(f"{path.name} 第{number}组不是规则")
        body = {name: value for name, value in one.items() if name != "key"}
        digest = hashlib.sha256(yaml.safe_dump(body, allow_unicode=True).encode()).hexdigest()[:12]
        try:
            found.append(RuleSet(str(one.get("key", number)), rules_of(body), digest))
        except ValueError as bad:
            raise BadRulesError(f"{path.name} 第{number}组有误：{bad}") from bad
    return tuple(found)


def months_between(first: Any, month: str) -> Any:
    """Months from the month of the date column ``first`` to ``month`` (2024-03); null where there is no date."""
    import polars as pl

    return (
        int(month[:4]) * 12 + int(month[5:]) - (pl.col(first).dt.year() * 12 + pl.col(first).dt.month().cast(pl.Int32))
    )


def facts(listed: "pl.DataFrame", month: str) -> "pl.DataFrame":
    """What the rules read, of the projects of :func:`lianpu.projects.frames.listed` with their months joined on."""
    import polars as pl

    start, registered = months_between("actual_start", month), months_between("stat_on", month)
    return listed.select(
        "project",
        plan=pl.col("plan_cny") / 1e4,
        done_ytd=pl.col("done_ytd_cny") / 1e4,
        is_new_start=pl.col("list_class") == "new_start",
        months_since_planned_start=months_between("plan_start", month).cast(pl.Int64),
        months_since_start=pl.when(start >= 0).then(start).cast(pl.Int64),
        is_in_statistics=pl.col("in_stat_lib") & (pl.col("stat_on").is_null() | (registered >= 0)),
        total=pl.col("total_cny") / 1e4,
        is_excused="is_excused",
        funds_planned="funds_planned",
        funds_paid="funds_paid",
    )


@dataclass(frozen=True)
class Ground:
    """What one rule says of a project, and why, in words."""

    rule: str
    light: str
    words: str


RULE_NAMES = {"progress": "进度", "start": "开工", "registration": "纳统", "funds": "资金支付"}


def grounds(judged: Mapping[str, Any], known: Mapping[str, Any]) -> list[Ground]:
    """The rules that apply to a project, the worst first; ``judged`` and ``known`` are its rows of evaluation and facts."""
    words = {
        "progress": _progress_words(judged),
        "start": f"计划开工已过{max(known['months_since_planned_start'] or 0, 0)}个月，"
        + ("已开工" if known["months_since_start"] is not None else "未开工"),
        "registration": f"开工{known['months_since_start'] or 0}个月，"
        + ("已入库纳统" if known["is_in_statistics"] else "未入库纳统"),
        "funds": f"计划{known['funds_planned']:g}万元，已支付{known['funds_paid']:g}万元",
    }
    found = [Ground(rule, judged[rule], words[rule]) for rule in RULE_NAMES if judged[rule] != lights.NONE]
    return sorted(found, key=lambda one: -lights.ORDER.index(one.light))


def _progress_words(judged: Mapping[str, Any]) -> str:
    if judged["completion"] is None:
        return ""
    done, schedule, lead = percent(judged["completion"]), percent(judged["schedule"]), points(judged["lead"])
    where = f"超前{lead}" if lead >= 0 else f"落后{-lead}"
    return f"完成年度计划{done}%，序时{schedule}%，{where}个百分点"


def percent(share: float) -> Decimal:
    """A share in percent with one decimal, half up; the ninth decimal absorbs what binary numbers lack."""
    return points(share * 100)


def points(value: float) -> Decimal:
    """Percentage points with one decimal, half up."""
    shown = rounded(round(value, 9))
    assert shown is not None
    return shown


def light_word(light: str) -> str:
    """The light's name in the reader's language."""
    return {"red": gettext("红灯"), "yellow": gettext("黄灯"), "green": gettext("绿灯")}.get(light, gettext("不亮灯"))
