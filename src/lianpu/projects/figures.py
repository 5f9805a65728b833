"""The published figures that the ledger computes; the lists behind them are filtered by the lenses of the ledger."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q

from lianpu.places.queries import inside
from lianpu.projects.models import Stage, Tier
from lianpu.projects.queries import DONE, FIELDS, UPGRADE, completed_in, in_year
from lianpu.register import rights
from lianpu.register.declare import Lens, registry
from lianpu.register.figures import Asked, Computed, figure
from lianpu.register.kinds import Flag

BEGUN = (Stage.STARTED, Stage.BUILDING, *DONE)
INDUSTRIAL = Q(field__in=FIELDS)


def _industrial_as(text: str) -> Q:
    """Projects of industry and informatisation (是), or of other fields (否)."""
    return INDUSTRIAL if Flag().parse(text) else ~INDUSTRIAL


registry.lens("projects", Lens("industrial", "工业和信息化", _industrial_as))


def _listed(asked: Asked) -> Any:
    """Projects on the year's list, within the person's reach."""
    rows = rights.restrict(registry["projects"].base(), registry["projects"], asked.user).order_by()
    rows = rows.filter(in_year(asked.year))
    return rows.filter(inside()(asked.place)) if asked.place else rows


def _counted(rows: Any, asked: Asked, lenses: Mapping[str, str]) -> Computed:
    said = {"listed": str(asked.year), **lenses, "place": asked.place}
    url = f"{registry['projects'].url()}?{urlencode({f'f.{name}': text for name, text in said.items() if text})}"
    count = rows.count()
    return Computed(count, count, url)


def _industrial(asked: Asked) -> tuple[Any, dict[str, str]]:
    return _listed(asked).filter(INDUSTRIAL), {"industrial": "是"}


@figure("projects_followed_up", "跟踪推进工业和信息化项目", "个")
def followed_up(asked: Asked) -> Computed:
    """Industry and informatisation projects on the year's list."""
    rows, lenses = _industrial(asked)
    return _counted(rows, asked, lenses)


@figure("projects_carried_out", "实施工业和信息化项目", "个")
def carried_out(asked: Asked) -> Computed:
    """Of the projects followed up those whose works have begun: the report gives no definition, this is ours."""
    rows, lenses = _industrial(asked)
    return _counted(rows.filter(stage__in=BEGUN), asked, lenses | {"stage": ",".join(BEGUN)})


@figure("key_projects_completed", "基本建成重点项目", "个")
def key_completed(asked: Asked) -> Computed:
    """Of the projects followed up those on the list of some tier and completed in the year."""
    rows, lenses = _industrial(asked)
    kept = rows.filter(completed_in(asked.year)).exclude(tier="")
    return _counted(kept, asked, lenses | {"tier": ",".join(Tier), "finished": str(asked.year)})


@figure("upgrade_projects", "三化改造项目", "个")
def upgrades(asked: Asked) -> Computed:
    """Listed projects that carry an upgrade kind."""
    return _counted(_listed(asked).filter(UPGRADE), asked, {"upgrade": "*"})


@figure("upgrade_projects_completed", "完成三化改造项目", "个")
def upgrades_completed(asked: Asked) -> Computed:
    """Upgrade projects completed in the year."""
    rows = _listed(asked).filter(UPGRADE & completed_in(asked.year))
    return _counted(rows, asked, {"upgrade": "*", "finished": str(asked.year)})


@figure("upgrade_firms", "指导三化改造的重点企业", "户")
def upgrade_firms(asked: Asked) -> Computed:
    """Owners of the upgrade projects; the rows are those projects."""
    rows = _listed(asked).filter(UPGRADE)
    made = _counted(rows, asked, {"upgrade": "*"})
    return Computed(rows.values("owner_uscc", "owner_name").distinct().count(), made.rows, made.url)
