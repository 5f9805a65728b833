"""Frames behind a comparison: the firms of the place within the reader's reach, and those of the reference by city."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q

from lianpu.chains.models import DiagnosisRun, Placement, Role
from lianpu.chains.models import Reference as StoredReference
from lianpu.chains.queries import FILLING_CONFIDENCE
from lianpu.chains.services.references import counted, reference_frame
from lianpu.places.models import Place
from lianpu.places.queries import inside, lineage_of
from lianpu.register import rights
from lianpu.register.declare import registry

if TYPE_CHECKING:
    import polars as pl

    from lianpu.analysis.coverage import Reference

LEAST_FIRMS = 30
"""Firms on the chains from which a city of the reference is offered as a peer."""
# Their "cities" are districts: the municipality itself is the city.
MUNICIPALITIES = ("北京", "天津", "上海", "重庆")


@dataclass(frozen=True)
class City:
    """A city of the reference that has makers: ``firms`` of it fill a segment, ``makers`` of these make something."""

    key: str
    province: str
    city: str
    firms: int
    makers: int


@dataclass(frozen=True)
class Known:
    """A reference made ready: ``placed`` (place, firm, segment, role, confidence), firms that fill or research with enough
    confidence; ``mix`` (place, segment, n, base) of maker segments; counts of the whole."""

    placed: "pl.DataFrame"
    mix: "pl.DataFrame"
    cities: dict[str, City]
    whole: "Reference"


def known_of(user: Any, run: DiagnosisRun, segments: "pl.DataFrame") -> Known | None:
    """The run's reference on these segments, made once for its file; None where there is no readable one or
    the user may not see references."""
    stored = run.reference
    if stored is None or not rights.may(user, registry["references"], rights.VIEW):
        return None
    if not Path(stored.file).is_file():
        return None
    return _known(stored.pk, stored.file, tuple(segments.select("code", "filled_by").iter_rows()))


@lru_cache(maxsize=3)
def _known(pk: int, _file: str, asked: tuple[tuple[str, str], ...]) -> Known:
    import polars as pl

    segments = pl.DataFrame(asked, schema={"code": pl.String, "filled_by": pl.String}, orient="row")
    every = reference_frame(StoredReference.objects.get(pk=pk))
    rows = every.filter(pl.col("confidence") >= FILLING_CONFIDENCE)
    rows = rows.join(segments.rename({"code": "segment"}), on="segment")
    province = pl.col("province").fill_null("").str.strip_suffix("市")
    city = pl.col("city").fill_null("")
    single = province.is_in(MUNICIPALITIES)
    fills = pl.col("role") == pl.col("filled_by")
    rows = (
        rows.filter(fills | (pl.col("role") == "researches"))
        .filter(single | (city != ""))
        .with_columns(
            city=pl.when(single).then(pl.lit("")).otherwise(city),
            place=pl.when(single).then(province).otherwise(pl.concat_str(pl.col("province").fill_null(""), city)),
            fills=fills,
        )
    )
    filling = rows.filter("fills")
    makes = pl.col("filled_by") == "makes"
    base = filling.group_by("place").agg(
        pl.col("province").first(),
        pl.col("city").first(),
        base=pl.col("firm").n_unique().cast(pl.Int64),
        makers=pl.col("firm").filter(makes).n_unique().cast(pl.Int64),
    )
    mix = filling.filter(makes).group_by("place", "segment").agg(n=pl.col("firm").n_unique().cast(pl.Int64))
    cities = {
        place: City(place, province, city, firms, makers)
        for place, province, city, firms, makers in base.sort("place").iter_rows()
        if makers
    }
    placed = rows.select("place", "firm", "segment", "role", "confidence")
    return Known(
        placed, mix.join(base.select("place", "base"), on="place"), cities, counted(every, segments, FILLING_CONFIDENCE)
    )


def firms_of(user: Any, place: Place, *, samples: bool, codes: Sequence[str]) -> "pl.DataFrame":
    """Firms of the place that fill or research one of the segments, within the user's reach, with the day they were
    founded: firm, segment, role, confidence, founded."""
    import polars as pl

    counted = Q(role=F("segment__filled_by")) | Q(role=Role.RESEARCHES)
    rows = Placement.objects.filter(counted, confidence__gte=FILLING_CONFIDENCE, enterprise__is_sample=samples)
    rows = rows.filter(inside("enterprise__place", "enterprise__zone")(place.code))
    rows = rights.restrict(rows.exclude(state=Placement.Decision.REJECTED), registry["placements"], user).order_by()
    values = list(rows.values_list("enterprise_id", "segment__code", "role", "confidence", "enterprise__founded"))
    schema = {"firm": pl.Int64, "segment": pl.String, "role": pl.String, "confidence": pl.Float64, "founded": pl.Date}
    frame = pl.DataFrame(values, schema=schema, orient="row")
    return frame.filter(pl.col("segment").is_in(pl.Series(codes, dtype=pl.String).implode()))


def visible_segments(user: Any, frame: "pl.DataFrame") -> tuple["pl.DataFrame", bool]:
    """Segments of ``frame`` that the user may see, and whether these are all of them."""
    import polars as pl

    register = registry["segments"]
    reach = rights.reach_of(user, register)
    if reach is not None and not reach:
        return frame, True
    seen = list(rights.restrict(register.model._default_manager.all(), register, user).values_list("code", flat=True))
    return frame.filter(pl.col("code").is_in(pl.Series(seen, dtype=pl.String).implode())), False


def home_names(place: Place) -> set[str]:
    """Names of the place and of the cities that it lies in, as references write them."""
    above = [one for one in lineage_of(place) if one.kind not in (Place.Kind.NATION, Place.Kind.PROVINCE)]
    return {word for one in above for word in (one.name, one.short_name) if word}


def anchor_of(firms: "pl.DataFrame") -> dt.date | None:
    """The last day on which a firm was founded: from it, not from today, a year is counted back in data of the past."""
    latest = firms["founded"].max()
    return latest if isinstance(latest, dt.date) else None
