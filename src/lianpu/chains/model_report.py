"""What there is to see of a trained model: its figures, what it was taught, and what changed when it came into use."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from lianpu.chains.models import PlacementModel, Segment
from lianpu.chains.services.training import MOVED, TOLERANCE, changes_of, in_use, labels_of
from lianpu.enterprises.models import Enterprise
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.exporting import write_table
from lianpu.register.language import declared

if TYPE_CHECKING:
    import polars as pl

KINDS = {"appeared": _("新出现"), "vanished": _("撤去"), "changed": _("可信度改变")}
HEADS = ("变化", "企业", "统一社会信用代码", "所在地", "产业链", "环节", "角色", "原可信度", "现可信度")
SHOWN = 200
FIGURES = (
    ("accuracy", _("与核定一致"), _("已核定的挂链与链外企业中，模型判断与人一致的比例（可信度 0.5 为界）")),
    ("first", _("首选正确"), _("有已确认环节的企业中，模型的首选就是其中之一的比例")),
    ("none", _("认出链外"), _("链外企业中，模型没有把它挂到任何环节（可信度达 0.5）的比例")),
    ("brier", _("均方误差"), _("可信度与核定结果之差的平方的均值，越小越好")),
    ("ece", _("校准误差"), _("各档可信度与实际正确比例之差的加权均值，越小越好")),
)


@dataclass(frozen=True)
class Figure:
    """One figure of the new model beside that of the one that was in use."""

    label: str
    help: str
    new: float | None
    used: float | None


def taught(word: str) -> "Any":
    """Filter of a list by the model that was taught by its rows: by the versions named."""
    return PlacementModel.objects.filter(model_version__in=word.split(","))


def placements_taught(text: str) -> Q:
    """Placements that a model was taught."""
    ids = [pk for model in taught(text) for pk in labels_of(model)["placement"].drop_nulls().to_list()]
    return Q(pk__in=ids)


def outside_taught(text: str) -> Q:
    """Firms outside that a model was taught."""
    codes = [code for model in taught(text) for code in _outside(labels_of(model))]
    return Q(enterprise__uscc__in=codes)


def _outside(labels: "pl.DataFrame") -> list[str]:
    import polars as pl

    found: list[str] = labels.filter(pl.col("code").is_null())["firm"].to_list()
    return found


def panel(user: Any, model: PlacementModel) -> Mapping[str, Any]:
    """Figures, reliability by band and the ways to the rows, for the page of a model."""
    new, used = model.figures.get("new", {}), model.figures.get("used", {})
    register = registry["placement-models"]
    held = in_use()
    return {
        "model": model,
        "figures": [Figure(label, told, new.get(name), used.get(name)) for name, label, told in FIGURES],
        "decisions": new.get("decisions", 0),
        "against": model.figures.get("against") or "",
        "bands": [_band(new, used, at) for at in range(10) if _at(new, at) or _at(used, at)],
        "tolerance": TOLERANCE,
        "changes": [(kind, label, model.changes.get(kind, 0)) for kind, label in KINDS.items()],
        "changed": bool(model.changes) or changes_of(model) is not None,
        "moved": MOVED,
        "taught_url": registry["placements"].url() + "?" + urlencode({"f.taught": model.model_version}),
        "outside_url": registry["outside-firms"].url() + "?" + urlencode({"f.taught": model.model_version}),
        "may_use": rights.may(user, register, rights.CHANGE, model) and model.state == PlacementModel.State.KEPT,
        "may_leave": rights.may(user, register, rights.CHANGE, model) and held == model,
        "stale": model.state == PlacementModel.State.IN_USE and held is None,
    }


def _at(figures: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    bands = figures.get("bands", ())
    return next((band for band in bands if round(band["low"] * 10) == number), {})


def _band(new: Mapping[str, Any], used: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A line of the table and a point of each curve: x is what was said, y what was right, in a square of 200."""
    line: dict[str, Any] = {"label": f"{number / 10:.1f}–{(number + 1) / 10:.1f}"}
    for name, figures in (("new", new), ("used", used)):
        if band := _at(figures, number):
            place = {"x": round(20 + 200 * band["said"], 1), "y": round(210 - 200 * band["right"], 1)}
            line[name] = {**band, **place, "size": round(2 + min(band["count"], 400) ** 0.5 / 2, 1)}
    return line


# -- what changed ------------------------------------------------------------------------------
def changed_rows(user: Any, model: PlacementModel, params: Mapping[str, str]) -> "pl.DataFrame":
    """What changed with a model, as far as the person sees its firms and segments: kind, id, firm, uscc, place, chain,
    segment, role, before, after; narrowed by ``kind`` and ``chain``."""
    import polars as pl

    told = changes_of(model)
    known = {"kind": pl.String, "firm": pl.Int64, "segment": pl.Int64, "role": pl.String}
    if told is None:
        told = pl.DataFrame(schema=known | {"before": pl.Float64, "after": pl.Float64})
    if (kind := params.get("kind", "")) in KINDS:
        told = told.filter(pl.col("kind") == kind)
    segments = rights.restrict(Segment.objects.all(), registry["segments"], user)
    if chain := params.get("chain", ""):
        segments = segments.filter(chain__code=chain)
    named = segments.values_list("pk", "name", "chain__name", "chain__code")
    leaves = pl.DataFrame(
        list(named),
        schema={"segment": pl.Int64, "segment_name": pl.String, "chain": pl.String, "chain_code": pl.String},
        orient="row",
    )
    told = told.join(leaves, on="segment", how="inner")
    ids = told["firm"].unique().to_list()
    firms: list[tuple[Any, ...]] = []
    reach = rights.restrict(Enterprise.objects.all(), registry["enterprises"], user)
    for start in range(0, len(ids), 5000):
        part = reach.filter(pk__in=ids[start : start + 5000])
        firms += part.values_list("pk", "name", "uscc", "place__full_name")
    held = pl.DataFrame(
        firms,
        schema={"firm": pl.Int64, "name": pl.String, "uscc": pl.String, "place": pl.String},
        orient="row",
    )
    rank = (pl.col("after").fill_null(0.0) - pl.col("before").fill_null(0.0)).abs()
    return told.join(held, on="firm", how="inner").sort(rank, "firm", "segment", descending=[True, False, False])


def by_chain(rows: "pl.DataFrame") -> list[dict[str, Any]]:
    """Counts of each kind by chain."""
    import polars as pl

    counts = [(pl.col("kind") == kind).sum().alias(kind) for kind in KINDS]
    return rows.group_by("chain_code", "chain").agg(*counts).sort("chain_code").to_dicts()


def file_of(rows: "pl.DataFrame", form: str) -> bytes:
    """The rows as csv or xlsx."""
    from lianpu.chains.models import Role

    table = [
        (
            KINDS[row["kind"]],
            row["name"],
            row["uscc"],
            row["place"],
            row["chain"],
            row["segment_name"],
            declared(Role(row["role"]).label),
            row["before"],
            row["after"],
        )
        for row in rows.iter_rows(named=True)
    ]
    out = io.BytesIO()
    write_table(out, "变化", HEADS, table, form)
    return out.getvalue()


def words_of(model: PlacementModel) -> list[str]:
    """A model in lines for a terminal."""
    new, used = model.figures.get("new", {}), model.figures.get("used", {})
    lines = [
        gettext("%(model)s：%(state)s；所学企业 %(firms)d 家（挂链 %(labels)d 条，链外 %(outside)d 家）")
        % {
            "model": model,
            "state": model.get_state_display(),
            "firms": model.firms,
            "labels": model.labels,
            "outside": model.outside,
        }
    ]
    for name, label, _help in FIGURES:
        told = [f"{value:.3f}" if (value := figures.get(name)) is not None else "—" for figures in (new, used)]
        lines.append(f"  {gettext(label)}：{told[0]}（{gettext('在用')} {told[1]}）")
    return lines
