"""Jobs: whatever may take over two seconds. They survive a closed browser and a restarted server.

A context declares its jobs in ``<context>/jobs.py``, which is found like its registers::

    @job("place", title=_("挂链"), restartable=True)
    def place(progress: Progress, *, user: Any, place: int) -> Outcome:
        with transaction.atomic():
            counts = place_enterprises(user=user, …, progress=progress)
            return progress.finish(Outcome(_("挂链 %d 家") % counts["placed"], url="/placements/"))

and a view starts them::

    started = jobs.start("place", user=request.user, place=7)   # arguments are JSON; a row of the open transaction
    jobs.wait(started)                                          # short work needs no second page
    return redirect(jobs.after(started))                        # where the result is, else the job's page

The function runs as the person who asked, loaded anew (``rights.SYSTEM`` for what the system asked for), in the
person's language. ``finish`` inside the job's own transaction makes its effects and its end one: a worker that dies
before leaves nothing, and after it the job is not done again. See docs/decisions/0005-jobs.md.
"""

from lianpu.register.jobs.declare import Cancelled, JobFunction, Outcome, declared_jobs, every, job
from lianpu.register.jobs.live import Live, folder_of, workers
from lianpu.register.jobs.progress import Progress
from lianpu.register.jobs.queue import (
    after,
    ahead_of,
    cancel,
    look,
    notices,
    oversees,
    result_file,
    retry,
    see,
    start,
    visible_to,
    wait,
)

__all__ = [
    "Cancelled",
    "JobFunction",
    "Live",
    "Outcome",
    "Progress",
    "after",
    "ahead_of",
    "cancel",
    "declared_jobs",
    "every",
    "folder_of",
    "job",
    "look",
    "notices",
    "oversees",
    "result_file",
    "retry",
    "see",
    "start",
    "visible_to",
    "wait",
    "workers",
]
