"""The desk's long work: a chain's book."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianpu.chains.queries import chain_named
from lianpu.desk.dossier import write_dossier
from lianpu.places.queries import place_by_code
from lianpu.register.jobs import Outcome, Progress, job


@job("dossier", title=_("产业链档案"), restartable=True)
def dossier(progress: Progress, *, user: Any, chain: str, place: str, form: str) -> Outcome:
    """Write the book of a chain in a place, both given by code, as a docx or xlsx file to take away."""
    of, where = chain_named(chain), place_by_code(place)
    progress(0, 0, gettext("写档案"))
    file = progress.folder / f"{where.name}{of.name}产业链档案.{form}"
    file.write_bytes(write_dossier(user=user, chain=of, place=where, form=form))
    return Outcome(gettext("档案已写好。"), file=file.name)
