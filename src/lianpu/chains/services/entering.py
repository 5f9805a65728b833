"""Which segments a place will come to have: a model taught on the founding years of a reference, kept beside it."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from lianpu.chains.models import DiagnosisRun, Reference
from lianpu.chains.queries import FILLING_CONFIDENCE, firm_frame, flow_frame, segment_frame
from lianpu.places.models import Place

if TYPE_CHECKING:
    import polars as pl

    from lianpu.analysis.diagnosis import Likelihood
    from lianpu.analysis.entry import EntryModel

SPAN = 5
"""Years in which what is absent may come; the sentences of findings name it."""
LEAST_FIRMS = 20
"""Firms of a place that stand on segments before those years; with fewer, what it lacks says nothing."""
_LAST = 0.995  # of the dated firms are founded by the last year that is taught: dates beyond are slips or a year begun


def model_file(reference_file: Path) -> Path:
    """Where the model of a reference lies."""
    return reference_file.with_suffix(".entry")


def teach(placed: "pl.DataFrame", file: Path, source_hash: str) -> Mapping[str, Any]:
    """Teach a model on the ``placed`` firms of a reference (segment, role, confidence, province, city, year), keep it
    beside the reference's ``file``, and return its figures; without a version, and with why, where none can be taught.

    A city has a segment by a year when a firm that fills it was founded by then; what came is founded in the ``SPAN``
    years after.
    """
    import hashlib

    import polars as pl

    from lianpu.analysis.entry import METHOD, EntryModel, held_back

    segments = segment_frame()
    filling = _filling(placed, segments)
    years = filling["year"].drop_nulls() if "year" in filling.columns else pl.Series(dtype=pl.Int32)
    if years.is_empty():
        return {"why": _("对照库没有注册日期")}
    last = int(years.quantile(_LAST, "lower") or 0)
    first = last - SPAN
    stood, came = filling.filter(pl.col("year") <= first), filling.filter(pl.col("year").is_between(first + 1, last))
    enough = stood.group_by("place").len().filter(pl.col("len") >= LEAST_FIRMS)["place"]
    before, after = (_counts(rows.filter(pl.col("place").is_in(enough.implode()))) for rows in (stood, came))
    places = filling.select("place", parent="province").unique().sort("place")
    groups = segments.select(segment="code", group="parent")
    flows = flow_frame().select("source", "target", "weight")
    try:
        checked = held_back(before, after, places=places, segments=groups, flows=flows)
        model = EntryModel.fit(before, after, places=places, segments=groups, flows=flows)
    except ValueError as refused:
        return {"why": _("%(from)s年前有 %(firms)s 家以上挂链企业的地区只有 %(n)s 个，不足以学习（%(error)s）") % {
            "from": first + 1, "firms": LEAST_FIRMS, "n": len(enough), "error": refused,
        }}  # fmt: skip
    model.save(model_file(file))
    taught = f"{METHOD} {source_hash} {first} {sorted(zip(segments['code'], segments['parent'], strict=True))}"
    return {
        "version": hashlib.sha256(taught.encode()).hexdigest()[:12],
        "method": METHOD,
        "from": first,
        "to": last,
        "places": len(enough),
        "segments": len(model.segments),
        "largest": stood.group_by("place").len()["len"].max(),
        "usual": checked.entered,
        "pairs": checked.pairs,
        "told": checked.told,
        "auc": checked.auc,
    }


def likelihood_of(
    held: Reference | None, placed: "pl.DataFrame | None", place: Place, firms: "pl.DataFrame"
) -> "Likelihood | None":
    """Probability that ``place``, with these ``firms`` (of :func:`~lianpu.chains.queries.firm_frame`), comes to have
    what it lacks; None where the reference ``held`` has no model, or the place no firm on a segment.

    ``placed``: the firms of the reference, of whom those of the same province tell how broad the region is.
    """
    from lianpu.analysis.diagnosis import Likelihood

    told = _told(held, placed, place, firms, "score")
    return None if held is None or told is None else Likelihood(told, held.entry_figures["usual"])


def entry_of(run: DiagnosisRun) -> "pl.DataFrame | None":
    """Probability of every segment that the place of a diagnosis lacks now, with what each part adds to the logit:
    (segment, probability, base, prevalence, breadth, related, structure); None where there is no model."""
    from lianpu.chains.services.references import reference_frame

    if run.reference is None:
        return None
    firms = firm_frame(run.place, samples=bool(run.versions.get("sample")))
    told = _told(run.reference, reference_frame(run.reference), run.place, firms, "explain")
    return None if told is None else told.drop("place")


def _told(
    held: Reference | None, placed: "pl.DataFrame | None", place: Place, firms: "pl.DataFrame", how: str
) -> "pl.DataFrame | None":
    import polars as pl

    if held is None or placed is None or not held.entry_version:
        return None
    file = model_file(Path(held.file))
    if not file.is_file():
        return None
    segments = segment_frame()
    here = _counts(_filling(firms.with_columns(province=pl.lit(""), city=pl.lit(place.code)), segments))
    if here.is_empty():
        return None
    province, names = _home(place)
    nearby = placed.filter(pl.col("province").str.starts_with(province)) if province else placed.clear()
    nearby = _filling(nearby, segments)
    itself = pl.col("city").is_in(names)
    # A full register has several times the firms of a sample: its counts are brought down to what taught the model.
    known = nearby.filter(itself).height if place.kind == Place.Kind.CITY else 0
    most = known if known >= LEAST_FIRMS else held.entry_figures["largest"]
    here = here.with_columns(value=pl.col("value") * min(1.0, most / float(here["value"].sum())))
    now = pl.concat([here, _counts(nearby.filter(~itself))])
    around = now.select("place").unique().with_columns(parent=pl.lit("home"))
    model = _model(str(file))
    frame: pl.DataFrame = getattr(model, how)(now, places=around)
    return frame.filter(pl.col("place") == place.code)


@lru_cache(maxsize=2)
def _model(file: str) -> "EntryModel":
    from lianpu.analysis.entry import EntryModel

    return EntryModel.load(file)


def _filling(placed: "pl.DataFrame", segments: "pl.DataFrame") -> "pl.DataFrame":
    """Placements that fill their segment, as the diagnosis counts them, with the place: province and city."""
    import polars as pl

    filled_by = segments.select(segment="code", filled_by="filled_by")
    sure = placed.filter(pl.col("confidence") >= FILLING_CONFIDENCE)
    return sure.join(filled_by, on="segment").filter(pl.col("role") == pl.col("filled_by")).with_columns(
        place=pl.col("province") + pl.col("city")
    )  # fmt: skip


def _counts(rows: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    counted = rows.group_by("place", "segment").agg(value=pl.len().cast(pl.Float64))
    return counted.sort("place", "segment")


def _home(place: Place) -> tuple[str, list[str]]:
    """The two characters by which the province of a place is told from every other, and the names of its city."""
    codes = [code for code in place.path.split("/") if code]
    above = {one.kind: one for one in Place.objects.filter(code__in=codes)}
    province, city = above.get(Place.Kind.PROVINCE), above.get(Place.Kind.CITY)
    return (province.name[:2] if province else ""), ([city.name, city.short_name] if city else [])
