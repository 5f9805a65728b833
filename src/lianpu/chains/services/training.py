"""Models learned from what people decided: trained, judged beside the one in use, switched to only where they are no worse.

A trained model is a file under ``models/`` with the labels it was taught and what changed when it came into use beside
it, and a row of the register. What the labels are and how models are judged is told in ``docs/methods/training.md``.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lianpu.chains.models import OutsideFirm, Placement, PlacementModel, Segment
from lianpu.chains.queries import taxonomy_frames
from lianpu.chains.services.placing import TOP_K, maps_digest, models_folder, place_enterprises
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.importing import silent

if TYPE_CHECKING:
    import polars as pl

    from lianpu.analysis.placement.judging import Decisions, Figures

LEAST_FIRMS = 30
"""Fewer firms with a label teach nothing that could be judged."""
TOLERANCE = 0.01
"""By how much the accuracy of a new model may be below that of the one in use."""
MOVED = 0.1
"""From this change of confidence on a placement is told as changed."""

Progress = Callable[[int, int, str], None]
State = PlacementModel.State


def labels(*, samples: bool) -> "pl.DataFrame":
    """What people said for certain: firm (USCC), name, scope, code (null: on none of ours), placement (its id, or null)."""
    import polars as pl

    confirmed = Placement.objects.filter(state=Placement.Decision.CONFIRMED, enterprise__is_sample=samples)
    rows: list[tuple[Any, ...]] = list(
        confirmed.order_by("enterprise__uscc", "segment__code").values_list(
            "enterprise__uscc", "enterprise__name", "enterprise__scope", "segment__code", "pk"
        )
    )
    placed = {row[0] for row in rows}
    outside = OutsideFirm.objects.filter(enterprise__is_sample=samples).order_by("enterprise__uscc")
    said = outside.values_list("enterprise__uscc", "enterprise__name", "enterprise__scope")
    rows += [(*row, None, None) for row in said if row[0] not in placed]
    schema = {"firm": pl.String, "name": pl.String, "scope": pl.String, "code": pl.String, "placement": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def decisions(taught: "pl.DataFrame", *, samples: bool) -> "Decisions":
    """Everything that people decided, to judge models by: confirmed and rejected pairs, and firms outside (whose
    rejected pairs are not counted once more)."""
    import polars as pl

    from lianpu.analysis.placement.judging import Decisions

    outside = taught.filter(pl.col("code").is_null()).select("firm")
    decided = Placement.objects.exclude(state=Placement.Decision.SUGGESTED).filter(enterprise__is_sample=samples)
    rows = decided.order_by("enterprise__uscc", "segment__code").values_list(
        "enterprise__uscc", "enterprise__name", "enterprise__scope", "segment__code", "state"
    )
    schema = {"firm": pl.String, "name": pl.String, "scope": pl.String, "code": pl.String, "state": pl.String}
    pairs = pl.DataFrame(list(rows), schema=schema, orient="row").join(outside, on="firm", how="anti")
    known = ["firm", "name", "scope"]
    firms = pl.concat([pairs.select(known), taught.select(known)]).unique("firm", keep="first", maintain_order=True)
    right = pairs.select("firm", "code", right=pl.col("state") == Placement.Decision.CONFIRMED)
    return Decisions(firms.sort("firm"), right, outside)


def of_samples() -> bool:
    """Whether the labels are those of invented firms: where no real firm has been decided on."""
    real = Placement.objects.filter(state=Placement.Decision.CONFIRMED, enterprise__is_sample=False)
    return not (real.exists() or OutsideFirm.objects.filter(enterprise__is_sample=False).exists())


def train(*, user: Any, progress: Progress = silent) -> PlacementModel:
    """Fit a model to all that people decided, judge it, and put it in use where it is no worse than the one in use.

    Returns its row, whose state says which of the two. Raises ``ValidationError`` where there is too little to learn
    from, or nothing new.
    """
    import polars as pl

    from lianpu.analysis.placement import Placer
    from lianpu.analysis.placement.judging import judge, out_of_fold

    rights.demand(user, registry["placement-models"], rights.ADD)
    samples = of_samples()
    taught = labels(samples=samples)
    if (known := taught["firm"].n_unique()) < LEAST_FIRMS:
        words = _("只有 %(known)d 家企业有核定，至少要 %(least)d 家才能训练。请先在核定台多核定一些。")
        raise ValidationError(words % {"known": known, "least": LEAST_FIRMS})
    taxonomy, products = taxonomy_frames()
    progress(0, 0, _("训练"))
    placer = Placer.fit(taxonomy, products, taught.select("name", "scope", "code"))
    if (held := PlacementModel.objects.filter(model_version=placer.version).first()) is not None:
        raise ValidationError(_("没有新的核定可学：所得与 %s 相同。") % held)
    decided = decisions(taught, samples=samples)
    used = in_use()
    progress(0, 0, _("交叉检验新模型"))
    fresh = judge(out_of_fold(taxonomy, products, taught, decided.firms, TOP_K), decided)
    progress(0, 0, _("交叉检验在用模型"))
    earlier = labels_of(used) if used is not None else taught.clear()
    present = judge(out_of_fold(taxonomy, products, earlier, decided.firms, TOP_K), decided)
    file = models_folder() / f"placer-{placer.version}.zip"
    file.parent.mkdir(parents=True, exist_ok=True)
    placer.save(file)
    taught.write_parquet(_beside(file, "labels"))
    with acting(user, reason="训练挂链模型", source="training"):
        model = PlacementModel.objects.create(
            model_version=placer.version,
            file=file.name,
            trained_at=timezone.now(),
            trained_by=user.get_username(),
            firms=known,
            labels=taught.filter(pl.col("code").is_not_null()).height,
            outside=decided.outside.height,
            is_sample=samples,
            maps=maps_digest(taxonomy, products),
            figures={"new": _told(fresh), "used": _told(present), "against": used.model_version if used else ""},
            accuracy=fresh.accuracy,
            accuracy_used=present.accuracy,
            state=State.KEPT if fresh.accuracy >= present.accuracy - TOLERANCE else State.REFUSED,
        )
        if model.state == State.KEPT:
            use(user=user, model=model, progress=progress)
    return model


def use(*, user: Any, model: PlacementModel | None, progress: Progress = silent) -> "pl.DataFrame":
    """Put a trained model in use, or the one that comes with the maps (None), and place all firms by it.

    Returns what changed (see :func:`lianpu.analysis.placement.judging.differences`, with ids of firms and segments),
    which is kept beside the model. Raises ``ValidationError`` where the model was refused or is of other maps.
    """
    from lianpu.analysis.placement.judging import differences

    register = registry["placement-models"]
    rights.demand(user, register, rights.CHANGE, model)
    if model is not None and model.state == State.REFUSED:
        raise ValidationError(_("%s 检验时不如在用的模型，不能使用。请再多核定一些后重新训练。") % model)
    if model is not None and model.maps != maps_digest(*taxonomy_frames()):
        raise ValidationError(_("%s 是按另一版图谱训练的，不能使用。请重新训练。") % model)
    if model is not None and not (models_folder() / model.file).is_file():
        raise ValidationError(_("%s 的文件已不在，请重新训练。") % model)
    with transaction.atomic(), acting(user, reason="切换挂链模型", source="training"):
        before = suggested()
        PlacementModel.objects.filter(state=State.IN_USE).update(state=State.KEPT)
        if model is not None:
            model.state = State.IN_USE
            model.save(update_fields=["state"])
        place_enterprises(user=user, progress=progress)
        changed = differences(before, suggested(), MOVED)
        if model is not None:
            changed.write_parquet(_beside(models_folder() / model.file, "changes"))
            model.changes = dict(Counter(changed["kind"].to_list()))
            model.save(update_fields=["changes"])
    return changed


def in_use() -> PlacementModel | None:
    """The trained model in use, where it is one of the present maps."""
    held = PlacementModel.objects.filter(state=State.IN_USE).first()
    return held if held is not None and held.maps == maps_digest(*taxonomy_frames()) else None


def suggested() -> "pl.DataFrame":
    """What the model proposes as it stands: firm and segment (ids), role, confidence."""
    import polars as pl

    rows = Placement.objects.filter(state=Placement.Decision.SUGGESTED).order_by()
    schema = {"firm": pl.Int64, "segment": pl.Int64, "role": pl.String, "confidence": pl.Float64}
    return pl.DataFrame(
        list(rows.values_list("enterprise", "segment", "role", "confidence")), schema=schema, orient="row"
    )


def labels_of(model: PlacementModel) -> "pl.DataFrame":
    """What a model was taught, as :func:`labels` gave it; empty where the file is gone or of segments that are."""
    import polars as pl

    place = _beside(models_folder() / model.file, "labels")
    if not place.is_file():
        return labels(samples=model.is_sample).clear()
    known = list(Segment.objects.filter(is_leaf=True).values_list("code", flat=True))
    return pl.read_parquet(place).filter(pl.col("code").is_null() | pl.col("code").is_in(known))


def changes_of(model: PlacementModel) -> "pl.DataFrame | None":
    """What changed when a model last came into use; None where it never did."""
    import polars as pl

    place = _beside(models_folder() / model.file, "changes")
    return pl.read_parquet(place) if place.is_file() else None


def _beside(file: Path, what: str) -> Path:
    return file.with_suffix(f".{what}.parquet")


def _told(figures: "Figures") -> dict[str, Any]:
    return asdict(figures)
