"""Large exports, as a job with a file to take away."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from lianpu.register import exporting, rights
from lianpu.register.declare import registry
from lianpu.register.jobs import Outcome, Progress, job
from lianpu.register.listing import Listing

EXPORT = "export"


@job(EXPORT, title=_("导出"), restartable=True)
def take_out(progress: Progress, *, user: Any, register: str, form: str, params: dict[str, str]) -> Outcome:
    """The list as asked for by ``params``, as a file of ``form``."""
    declared = registry[register]
    rights.demand(user, declared, rights.EXPORT)
    listing = Listing(declared, user, params)
    rows = rights.restrict(listing.rows, declared, user, rights.EXPORT)
    if listing.errors:
        raise ValidationError(list(listing.errors))
    name = f"{declared.title}.{form}"
    with (progress.folder / name).open("wb") as out:
        exporting.export_to(out, declared, rows, exporting.exportable(listing.columns), form, progress)
    return Outcome(say("已导出“%(title)s”") % {"title": declared.shown_title}, file=name)
