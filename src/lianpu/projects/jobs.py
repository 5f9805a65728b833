"""What workers do for the ledger: keep the standings, push what is overdue, remind who has not reported."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianpu.projects.board import Board
from lianpu.projects.lights import rules_in_force
from lianpu.projects.models import Submission
from lianpu.projects.papers.facts import Bulletin
from lianpu.projects.services import escalate_overdue, keep_up, remind_when_due, settle_production
from lianpu.register.jobs import Outcome, Progress, every, job


@every(20, "project-standings")
def standings() -> None:
    """Bring the standings up to the present."""
    keep_up()


@every(3600, "project-problems")
def problems() -> None:
    """Bring overdue problems up a level."""
    escalate_overdue()


@every(3600, "dispatch-reminders")
def reminders() -> None:
    """Remind the units of open rounds, once a day."""
    remind_when_due()


@job("dispatch-reminder", title=_("催报提醒"), restartable=True)
def dispatch_reminder(progress: Progress, *, user: Any, submission: int) -> Outcome:  # noqa: ARG001
    """A notice in the bell: the unit's part is due; it leads to the sheet."""
    part = Submission.objects.select_related("round").get(pk=submission)
    words = gettext("%(unit)s的%(month)s进度尚未报送，%(due)s截止。") % {
        "unit": part.unit,
        "month": part.round.month,
        "due": f"{part.round.due:%Y-%m-%d}",
    }
    return Outcome(words, url=reverse("projects:sheet", args=[part.pk]))


@job("bulletin", title=_("投资月报"), restartable=True)
def bulletin(progress: Progress, *, user: Any, month: str, rules: str, form: str) -> Outcome:
    """Write the month's bulletin as docx or xlsx, of the projects within the person's reach."""
    progress(0, 1, gettext("汇总"))
    facts = Bulletin(Board(user, month, rules_in_force(rules)))
    if form == "docx":
        from lianpu.projects.papers.bulletin import document as write
    else:
        from lianpu.projects.papers.workbook import workbook as write
    name = f"{facts.title}{month}.{form}"
    (progress.folder / name).write_bytes(write(facts))
    return Outcome(gettext("已生成：%(name)s") % {"name": name}, file=name)


@every(60, "project-production")
def production() -> None:
    """Owners of projects in production stand on the segments of their projects."""
    settle_production()
