"""Where every project stands: computed from the months by the rules in force, and kept for lists to sort and filter by.

Verbs that change a project's figures renew its standing at once; what comes by file, form or interface is followed from the
change records by :func:`keep_up`, which a worker calls every few seconds.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from lianpu.projects.frames import CNY, FEW, listed, with_month
from lianpu.projects.lights import RuleSet, facts, grounds, percent, points, rules_in_force
from lianpu.projects.models import DispatchRound, MonthlyReport, ProjectStanding, ProjectYear
from lianpu.register import bulk
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM

if TYPE_CHECKING:
    pass

FOLLOWED = ("projects.project", "projects.projectyear", "projects.monthlyreport", "projects.funding")
WHY_LENGTH = 300


def current_month(today: dt.date | None = None) -> str:
    """The month that projects are judged by: the latest whose round is over or past its due date, else the latest that
    anybody reported; "" where nothing is known."""
    day = today or timezone.localdate()
    over = DispatchRound.objects.filter(Q(is_closed=True) | Q(due__lt=day)).aggregate(last=Max("month"))["last"]
    if over is None and not DispatchRound.objects.exists():
        over = MonthlyReport.objects.aggregate(last=Max("month"))["last"]
    return over or ""


def refresh(projects: Iterable[int] | None = None, *, today: dt.date | None = None) -> int:
    """Compute standings anew, of all projects or of some; returns how many differ from what was kept."""
    month = current_month(today)
    last_change = Change.objects.aggregate(last=Max("pk"))["last"] or 0
    ids = None if projects is None else sorted(set(projects))
    kept = ProjectStanding.objects.all() if ids is None else ProjectStanding.objects.filter(project__in=ids)
    fresh = _standings(month, rules_in_force(), ids) if month else []
    for row in fresh:
        row["as_of_change"] = last_change
    with transaction.atomic():
        before = {row["project_id"]: row for row in kept.values()}
        changed = [row for row in fresh if _differs(row, before.get(row["project_id"]))]
        gone = before.keys() - {row["project_id"] for row in fresh}
        stale = [*gone, *(row["project_id"] for row in changed if row["project_id"] in before)]
        for start in range(0, len(stale), FEW):
            ProjectStanding.objects.filter(project__in=stale[start : start + FEW]).delete()
        bulk.insert(ProjectStanding, changed)
        if not changed:  # one row is enough to say how far the change records have been looked at
            first = ProjectStanding.objects.order_by("pk").values("pk")[:1]
            ProjectStanding.objects.filter(pk__in=first).update(as_of_change=last_change)
    return len(changed) + len(gone)


def _differs(row: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    return before is None or any(before[name] != value for name, value in row.items() if name != "as_of_change")


def _standings(month: str, rule_set: RuleSet, ids: Sequence[int] | None) -> list[dict[str, Any]]:
    import polars as pl

    from lianpu.analysis.lights import evaluate, since

    rows = None if ids is None else ProjectYear.objects.filter(project__in=ids)
    known = listed(SYSTEM, int(month[:4]), rows)
    if known.is_empty():
        return []
    rules, funds = rule_set.rules, rule_set.rules.funds is not None
    history: list[pl.DataFrame] = []
    now = read = judged = known
    for number in range(1, int(month[5:]) + 1):
        at = f"{month[:5]}{number:02}"
        now = with_month(known, at, funds=funds)
        read = facts(now, at)
        judged = evaluate(read, rules, number)
        history.append(judged.select("project", "light", month=pl.lit(at)))
    begun = dict(since(pl.concat(history)).iter_rows())
    made = zip(now.iter_rows(named=True), judged.iter_rows(named=True), read.iter_rows(named=True), strict=True)
    return [_standing(month, rule_set, begun, *rows) for rows in made]


def _standing(
    month: str,
    rule_set: RuleSet,
    begun: Mapping[int, str],
    now: Mapping[str, Any],
    judged: Mapping[str, Any],
    read: Mapping[str, Any],
) -> dict[str, Any]:
    told = grounds(judged, read)
    worst = [one.words for one in told if one.light == judged["light"] and one.light in ("red", "yellow")]
    done = now["done_ytd_cny"]
    return {
        "project_id": now["project"],
        "month": month,
        "reported_month": now["reported"] or "",
        "list_class": now["list_class"],
        "plan_10k_cny": _10k(now["plan_cny"]),
        "done_month_10k_cny": _10k(now["done_month_cny"]),
        "done_ytd_10k_cny": _10k(done),
        "done_total_10k_cny": _10k((now["before_cny"] or 0) + (done or 0)),
        "completion_pct": None if judged["completion"] is None else percent(judged["completion"]),
        "lead_points": None if judged["lead"] is None else points(judged["lead"]),
        "light": judged["light"],
        "since": begun[now["project"]],
        "grounds": [asdict(one) for one in told],
        "why": "；".join(worst)[:WHY_LENGTH],
        "rules": rule_set.digest,
    }


def _10k(cny: int | None) -> Decimal | None:
    return None if cny is None else (Decimal(cny) / CNY).quantize(Decimal("0.0001"))


def keep_up(today: dt.date | None = None) -> int:
    """Bring the standings up to the present: all of them where the month or the rules have changed, else those of the
    projects that were changed since; returns how many differ."""
    state = ProjectStanding.objects.aggregate(month=Max("month"), cursor=Max("as_of_change"), rules=Max("rules"))
    if state["month"] != (current_month(today) or None) or state["rules"] not in (None, rules_in_force().digest):
        return refresh(today=today)
    changed = Change.objects.filter(model__in=FOLLOWED, pk__gt=state["cursor"] or 0)
    touched: set[int] = set()
    for model, row, before, after in changed.order_by("pk").values_list("model", "row", "before", "after"):
        held = after or before or {}
        touched.add(row if model == "projects.project" else int(held["project_id"]))
        if len(touched) > FEW:
            return refresh(today=today)
    return refresh(touched, today=today) if touched else 0
