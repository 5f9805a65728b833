"""A diagnosis: frames out of the registers, through the analysis, findings back in with run and evidence."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils.translation import gettext

from lianpu.chains.models import Chain, DiagnosisRun, Finding, Reference, Robustness, Segment, SegmentState
from lianpu.chains.queries import (
    FILLING_CONFIDENCE,
    firm_frame,
    flow_frame,
    latest_run,
    only_samples,
    runs_counting,
    segment_frame,
)
from lianpu.chains.services.entering import likelihood_of
from lianpu.chains.services.references import counted, reference_frame, reference_in_use
from lianpu.chains.wording import steadiness
from lianpu.places.models import Place
from lianpu.register import jobs, rights
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.models import Job
from lianpu.register.rights import SYSTEM

if TYPE_CHECKING:
    import polars as pl

    from lianpu.analysis.diagnosis import Diagnosis, Rules

RENEW = "renew"


def diagnose_place(
    *,
    user: Any,
    place: Place,
    reference: Reference | None = None,
    rules: "Rules | None" = None,
    renews: DiagnosisRun | None = None,
) -> DiagnosisRun:
    """Diagnose every chain of ``place`` and make the result the one in force; a renewal takes the place of the last one."""
    from dataclasses import asdict

    from lianpu.analysis.diagnosis import Rules, diagnose

    rights.demand(user, registry["diagnosis-runs"], rights.ADD)
    waiting = Job.objects.filter(name=RENEW, state=Job.State.WAITING, arguments__place=place.code)
    counted_now = list(waiting.values_list("pk", flat=True)) if renews is None else []
    rules = rules or Rules(min_confidence=FILLING_CONFIDENCE)
    # One real firm entered into the sample city must not turn a renewal into a diagnosis of that firm alone.
    samples = only_samples(place) if renews is None else bool(renews.versions.get("sample"))
    segments, flows, firms = segment_frame(), flow_frame(), firm_frame(place, samples=samples)
    held = reference or reference_in_use()
    placed = reference_frame(held) if held is not None else None
    compared = counted(placed, segments, rules.min_confidence)
    likelihood = likelihood_of(held, placed, place, firms)
    result = diagnose(segments, flows, firms, compared, place.code, rules=rules, likelihood=likelihood)
    versions = {
        "sample": samples,
        "maps": dict(Chain.objects.values_list("code", "map_version")),
        "reference": held.source_hash[:12] if held else "",
        "reference_model": held.model_version if held else "",
        "entry": _entry_facts(held) if likelihood is not None else {},
    }
    with acting(user, reason="诊断", source="diagnosis"):
        if renews is not None:
            DiagnosisRun.objects.filter(place=place, is_renewal=True).delete()
        DiagnosisRun.objects.filter(place=place, is_latest=True).update(is_latest=False)
        run = DiagnosisRun.objects.create(
            place=place,
            reference=held,
            by=getattr(user, "username", ""),
            rules=asdict(rules),
            versions=versions,
            firms=firms["firm"].n_unique(),
            is_renewal=renews is not None,
            figures={row.pop("chain"): row for row in result.chains.drop("place").to_dicts()},
        )
        _store(run, result, segments)
        waiting.filter(pk__in=counted_now).delete()  # what waited to be counted is counted, unless this had failed
    return run


def _store(run: DiagnosisRun, result: "Diagnosis", segments: "pl.DataFrame") -> None:
    from lianpu.analysis.diagnosis import explain, sensitivity

    ids = dict(Segment.objects.values_list("code", "pk"))
    chains = dict(Chain.objects.values_list("code", "pk"))
    names = dict(segments.select("code", "name").iter_rows())
    weights = _review_weights(result, segments)
    SegmentState.objects.bulk_create(
        [
            SegmentState(
                run=run,
                segment_id=ids[row["segment"]],
                state=row["state"],
                firms=row["n"],
                above_scale=row["n_above_scale"],
                other_firms=row["n_other"],
                unsure_firms=row["n_unsure"],
                expected=row["expected"],
                lq=row["lq"],
                lq_low=row["lq_low"],
                lq_high=row["lq_high"],
                hhi=row["hhi"],
                sure=row["sure"],
                basis=row["basis"],
                review_weight=weights[row["segment"]],
            )
            for row in result.states.iter_rows(named=True)
        ],
        batch_size=1000,
    )
    word = run.reference.name if run.reference else "对照"
    ranges = sensitivity(result.findings).select("best", "worst", "flips", "turns").iter_rows(named=True)
    Finding.objects.bulk_create(
        [
            Finding(
                run=run,
                chain_id=chains[row["chain"]],
                segment_id=ids[row["segment"]],
                place=run.place,
                kind=row["kind"],
                state=row["state"],
                rank=row["rank"],
                score=round(row["score"], 4),
                parts=row["parts"],
                reasons=row["reasons"],
                evidence=row["evidence"],
                explanation=explain(row, names, reference=word),
                sure=row["sure"],
                robustness=Robustness.FRAGILE if moved["flips"] else Robustness.ROBUST,
                best_rank=moved["best"],
                worst_rank=moved["worst"],
                turns=moved["turns"],
                steadiness=steadiness(row["kind"], row["rank"], moved["best"], moved["worst"], moved["turns"]),
            )
            for row, moved in zip(result.findings.iter_rows(named=True), ranges, strict=True)
        ],
        batch_size=1000,
    )


def _entry_facts(held: Reference | None) -> dict[str, Any]:
    """What the page of a finding says of the model of entry it rests on."""
    figures = held.entry_figures if held else {}
    return {name: figures[name] for name in ("version", "usual", "from", "to", "places", "auc")}


def _review_weights(result: "Diagnosis", segments: "pl.DataFrame") -> dict[str, float]:
    """Importance × (1 + score of the best finding) of every segment; see docs/methods/review.md."""
    import polars as pl

    best = result.findings.group_by("segment").agg(pl.col("score").max())
    joined = segments.select("code", "importance").join(best, left_on="code", right_on="segment", how="left")
    return {code: importance * (1 + (score or 0.0)) for code, importance, score in joined.iter_rows()}


def renew_later(firms: Iterable[int]) -> None:
    """Have the diagnoses in force that count any of these firms (ids) renewed, once what is being written is committed."""
    for run in runs_counting(firms):
        renew_soon(run.place)


def renew_soon(place: Place) -> None:
    """Have the diagnosis in force of ``place`` renewed, once what is being written is committed.

    One job a place waits at a time: what is decided before it begins, it counts. It is held until the decision is
    committed, so that it cannot begin in between; one that runs already may have read too early, so another one follows.
    """
    waiting = Job.objects.filter(name=RENEW, state=Job.State.WAITING, arguments__place=place.code)
    if waiting.select_for_update().first() is None:
        title = gettext("更新诊断：%s") % place.full_name
        # Whoever may decide on a firm need not be allowed to start diagnoses: the system renews those that exist.
        jobs.start(RENEW, user=rights.SYSTEM, title=title, place=place.code)


def renew(*, place: Place) -> DiagnosisRun | None:
    """Renew the diagnosis in force of ``place``; None where it has none."""
    with _one_at_a_time(place):
        run = latest_run(place)
        return None if run is None else diagnose_place(user=SYSTEM, place=place, reference=run.reference, renews=run)


@contextmanager
def _one_at_a_time(place: Place) -> Iterator[None]:
    """Of two renewals of a place the later reads what the other was to count.

    On SQLite the one worker sees to that; a transaction around the reading would only keep people from deciding.
    """
    if not connection.features.has_select_for_update:
        yield
        return
    with transaction.atomic():
        Place.objects.select_for_update().get(pk=place.pk)
        yield


def renewals_of(firm: int) -> list[Job]:
    """What waits or runs to make the diagnoses follow what was decided on a firm (id)."""
    codes = [run.place.code for run in runs_counting([firm])]
    return list(Job.objects.filter(name=RENEW, arguments__place__in=codes).exclude(state__in=Job.OVER))
