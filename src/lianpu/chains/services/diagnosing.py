"""A diagnosis: frames out of the registers, through the analysis, findings back in with run and evidence."""

from typing import TYPE_CHECKING, Any

from lianpu.chains.models import Chain, DiagnosisRun, Finding, Reference, Segment, SegmentState
from lianpu.chains.queries import FILLING_CONFIDENCE, firm_frame, flow_frame, only_samples, segment_frame
from lianpu.chains.services.references import reference_frame, reference_in_use
from lianpu.enterprises.models import Enterprise
from lianpu.places.models import Place
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.history import acting

if TYPE_CHECKING:
    import polars as pl

    from lianpu.analysis.diagnosis import Diagnosis, Rules


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

    import polars as pl

    from lianpu.analysis import coverage
    from lianpu.analysis.diagnosis import Rules, diagnose

    rights.demand(user, registry["diagnosis-runs"], rights.ADD)
    rules = rules or Rules(min_confidence=FILLING_CONFIDENCE)
    # One real firm entered into the sample city must not turn a renewal into a diagnosis of that firm alone.
    samples = only_samples(place) if renews is None else bool(renews.versions.get("sample"))
    segments, flows, firms = segment_frame(), flow_frame(), firm_frame(place, samples=samples)
    held = reference or reference_in_use()
    if held is None:
        compared = coverage.Reference(pl.DataFrame(schema={"segment": pl.String, "count": pl.Int64}), 0)
    else:
        known = reference_frame(held).filter(pl.col("segment").is_in(segments["code"].implode()))
        compared = coverage.Reference.of(known, segments, min_confidence=rules.min_confidence)
    result = diagnose(segments, flows, firms, compared, place.code, rules=rules)
    versions = {
        "sample": samples,
        "maps": dict(Chain.objects.values_list("code", "map_version")),
        "reference": held.source_hash[:12] if held else "",
        "reference_model": held.model_version if held else "",
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
    return run


def _store(run: DiagnosisRun, result: "Diagnosis", segments: "pl.DataFrame") -> None:
    from lianpu.analysis.diagnosis import explain

    ids = dict(Segment.objects.values_list("code", "pk"))
    chains = dict(Chain.objects.values_list("code", "pk"))
    names = dict(segments.select("code", "name").iter_rows())
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
            )
            for row in result.states.iter_rows(named=True)
        ],
        batch_size=1000,
    )
    word = run.reference.name if run.reference else "对照"
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
            )
            for row in result.findings.iter_rows(named=True)
        ],
        batch_size=1000,
    )


def rediagnose(*, enterprise: Enterprise) -> list[DiagnosisRun]:
    """Renew the diagnoses in force that count this firm (a decision on one firm changes them)."""
    from lianpu.register.rights import SYSTEM

    codes = [code for code in enterprise.place.path.split("/") if code] if enterprise.place else []
    if enterprise.zone:
        codes.append(enterprise.zone.code)
    stale = DiagnosisRun.objects.filter(is_latest=True, place__code__in=codes).select_related("place", "reference")
    # Whoever may decide on a firm need not be allowed to start diagnoses: the system renews those that exist.
    return [diagnose_place(user=SYSTEM, place=run.place, reference=run.reference, renews=run) for run in stale]
