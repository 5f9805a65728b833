"""The chains' long work: placing firms, diagnosing a place."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianpu.chains.models import PlacementModel
from lianpu.chains.services import diagnose_place, place_changed, place_enterprises, renew, train, use
from lianpu.chains.services.diagnosing import RENEW
from lianpu.chains.services.incremental import is_behind, is_quick
from lianpu.places.queries import place_by_code
from lianpu.register.declare import registry
from lianpu.register.jobs import Outcome, Progress, every, job, start
from lianpu.register.models import Job
from lianpu.register.rights import SYSTEM

PLACE_CHANGED = "place-changed"


@job("place", title=_("挂链"), restartable=True)
def place(progress: Progress, *, user: Any) -> Outcome:
    """(Re)place every firm within the person's reach."""
    with transaction.atomic():
        counts = place_enterprises(user=user, progress=progress)
        words = (
            gettext("企业%(firms)s家，挂上产业链%(placed)s家；新增%(created)s，变更%(changed)s，撤去%(gone)s。")
            % counts
        )
        return progress.finish(Outcome(words, url=registry["placements"].url()))


@job(PLACE_CHANGED, title=_("重挂变动企业"), restartable=True)
def place_what_changed(progress: Progress, *, user: Any) -> Outcome:  # noqa: ARG001 — the system's own work
    """Place anew the firms that changes of firms or chain maps can concern."""
    with transaction.atomic():
        counts = place_changed(progress=progress)
        words = gettext("重挂企业%(firms)s家；新增%(created)s，变更%(changed)s，撤去%(gone)s。") % counts
        return progress.finish(Outcome(words, url=registry["placements"].url()))


@every(30, PLACE_CHANGED)
def look_for_changes() -> None:
    """Place a few changed firms at once; have a job do it where there are many, or where a map has changed."""
    held = Q(state__in=(Job.State.WAITING, Job.State.RUNNING))
    failed = Q(state=Job.State.FAILED, ended_at__gt=timezone.now() - timedelta(minutes=10))
    if not is_behind() or Job.objects.filter(held | failed, name=PLACE_CHANGED).exists():
        return
    if is_quick():
        place_changed()
    else:
        start(PLACE_CHANGED, user=SYSTEM)


@job("diagnose", title=_("挂链并诊断"), restartable=True)
def diagnose(progress: Progress, *, user: Any, place: str) -> Outcome:
    """Place the firms anew and diagnose all chains of ``place``, given by its code."""
    where = place_by_code(place)
    with transaction.atomic():
        counts = place_enterprises(user=user, progress=progress)
        progress.log(gettext("挂链：新增%(created)s，变更%(changed)s，撤去%(gone)s") % counts)
        progress(0, 0, gettext("诊断"))
        run = diagnose_place(user=user, place=where)
        words = gettext("%(place)s：%(run)s，挂链企业%(firms)s家。") % {"place": where, "run": run, "firms": run.firms}
        return progress.finish(Outcome(words, url=registry["diagnosis-runs"].url("detail", run.pk)))


@job(RENEW, title=_("更新诊断"), restartable=True)
def renew_diagnosis(progress: Progress, *, user: Any, place: str) -> Outcome:  # noqa: ARG001 — the system's own work
    """Renew the diagnosis in force of ``place`` (by code), because people have decided on firms."""
    where = place_by_code(place)
    progress(0, 0, gettext("诊断"))
    run = renew(place=where)
    if run is None:
        return Outcome(gettext("%s已没有诊断。") % where)
    words = gettext("%(place)s：%(run)s，挂链企业%(firms)s家。") % {"place": where, "run": run, "firms": run.firms}
    return Outcome(words, url=registry["diagnosis-runs"].url("detail", run.pk))


@job("placement-train", title=_("训练挂链模型"), restartable=True)
def train_model(progress: Progress, *, user: Any) -> Outcome:
    """Train a model on what people decided; it comes into use where it is no worse than the one in use."""
    model = train(user=user, progress=progress)
    figures = {"model": model, "new": f"{model.accuracy:.1%}", "used": f"{model.accuracy_used:.1%}"}
    if model.state == PlacementModel.State.REFUSED:
        words = gettext("%(model)s 未启用：准确率 %(new)s，在用模型 %(used)s。") % figures
    else:
        words = gettext("%(model)s 已启用：准确率 %(new)s，原模型 %(used)s。") % figures
    return Outcome(words, url=registry["placement-models"].url("detail", model.pk))


@job("placement-use", title=_("切换挂链模型"), restartable=True)
def use_model(progress: Progress, *, user: Any, model: int | None) -> Outcome:
    """Put a trained model in use, or (None) the one that comes with the maps, and place all firms by it."""
    with transaction.atomic():
        chosen = PlacementModel.objects.get(pk=model) if model is not None else None
        changed = use(user=user, model=chosen, progress=progress)
        words = gettext("已改用%(model)s，%(changed)s 条挂链有变化。") % {
            "model": chosen or gettext("随图谱的模型"),
            "changed": changed.height,
        }
        register = registry["placement-models"]
        return progress.finish(Outcome(words, url=register.url("detail", chosen.pk) if chosen else register.url()))
