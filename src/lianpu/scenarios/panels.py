"""What scenarios add to other lists: the rows of just those projects that were chosen, so that every sum opens to them."""

from django.db.models import Q
from django.utils.translation import gettext_noop as _

from lianpu.register.declare import Lens, registry

CHOSEN = "chosen"

for slug, path in (("projects", "code"), ("factor-needs", "project__code"), ("capacities", "project__code"), ("leads", "code")):  # fmt: skip
    registry.lens(
        slug,
        Lens(CHOSEN, _("所选编号"), lambda text, path=path: Q(**{f"{path}__in": text.split(",")})),  # type: ignore[misc]
    )
