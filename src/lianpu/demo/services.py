"""Bringing the sample city 示例 into the registers, with its reference and its accounts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q

from lianpu.chains.maps import shipped
from lianpu.chains.models import DiagnosisRun, Placement, Reference
from lianpu.chains.services.references import keep_reference
from lianpu.demo import reference
from lianpu.demo.city import SampleFirm, sample_city
from lianpu.demo.io_table import sample_io_table
from lianpu.demo.roles import ROLES
from lianpu.demo.storing import remove_actions, store_actions
from lianpu.demo.words import DISTRICTS, ZONES
from lianpu.enterprises.identity import name_key
from lianpu.enterprises.models import Enterprise, EnterpriseFigure, EnterpriseName
from lianpu.places.queries import ids_by_code, place_by_code
from lianpu.projects.models import Project, TaskForce
from lianpu.register.bulk import insert
from lianpu.register.history import acting
from lianpu.register.importing import silent
from lianpu.register.models import Account, Grant, Role
from lianpu.scenarios.models import IoTable, Scenario
from lianpu.scenarios.services import keep_io_table

Progress = Callable[[int, int, str], None]

_COUNTED = (
    "enterprises", "names", "figures", "reference", "accounts",
    "projects", "monthly_reports", "leads", "funds_arrivals", "published_figures",
)  # fmt: skip
PASSWORD = "lianpu-sample-2021"  # noqa: S105 - printed on purpose: the accounts exist only beside invented data
_ACCOUNTS = (
    ("admin", "bureau-admin", "局管理员：全市全部登记簿，可做一切"),
    ("security", "security-admin", "安全管理员：只管账号与授权，不见业务数据"),
    ("auditor", "auditor", "审计员：看一切记录与登记簿，不改任何内容"),
    ("sh-office", "chain-office", "石油化工链长办：看全市，核定石油化工的挂链"),
    ("xigu", "district-office", "西固区经办：只见、只管本区企业"),
    ("xinqu", "zone-office", "兰州新区经办：只见、只管新区企业"),
    ("firm", "enterprise", "企业用户：只见本企业"),
    ("reader", "reader", "查阅人员：只看，不见企业经营数据"),
)


def load_sample(*, user: Any, progress: Progress = silent) -> dict[str, int]:
    """Load the sample city into an empty register of enterprises; returns what was written.

    Counts: enterprises, names, figures, reference (firms of the sample nation), accounts, projects, monthly_reports, leads,
    funds_arrivals, published_figures. A city that is loaded already
    gives zeros. Raises ``ValidationError`` where the register holds firms that are no sample: real and invented firms
    must not mix in one diagnosis.
    """
    _installing(user)
    counts = dict.fromkeys(_COUNTED, 0)
    if Enterprise.objects.filter(is_sample=False).exists():
        raise ValidationError("企业登记簿中已有真实企业，不能载入示例城市。如需演示，请另设 LIANPU_HOME 建一个空库。")
    if Enterprise.objects.exists():
        return counts
    progress(0, 3, "载入示例")
    maps = shipped()
    firms = sample_city(maps)
    progress(1, 3, "载入示例")
    with acting(user, reason="载入示例城市", source="command"):
        counts |= _store(firms)
        counts |= store_actions(maps, firms)
        counts["accounts"] = load_accounts(user=user)
        progress(2, 3, "载入示例")
        held, placements, fingerprint = reference.reference_frames(maps)
        keep_reference(
            user=user,
            name=reference.NAME,
            firms=held,
            placements=placements,
            source_hash=fingerprint,
            model_version=reference.MODEL,
            is_sample=True,
        )
        counts["reference"] = held.height
        title, table, labels, printed = sample_io_table(maps)
        keep_io_table(user=user, name=title, table=table, labels=labels, source_hash=printed, is_sample=True)
    progress(3, 3, "载入示例")
    return counts


def _installing(user: Any) -> None:
    if not user.is_superuser:
        raise PermissionDenied("示例城市连同账号只能由系统管理员或命令行载入。")


def _store(firms: Sequence[SampleFirm]) -> dict[str, int]:
    places = ids_by_code()
    insert(
        Enterprise,
        [
            {
                "uscc": firm.uscc,
                "name": firm.name,
                "name_key": name_key(firm.name),
                "place_id": places[firm.district],
                "zone_id": places[firm.zone] if firm.zone else None,
                "address": firm.address,
                "founded": firm.founded,
                "kind": firm.kind,
                "industry_code": firm.industry,
                "capital_text": firm.capital_text,
                "capital_10k_cny": firm.capital,
                "scope": firm.scope,
                "is_sample": True,
            }
            for firm in firms
        ],
    )
    ids = dict(Enterprise.objects.values_list("uscc", "pk"))
    names = [
        {"enterprise_id": ids[firm.uscc], "name": name, "name_key": name_key(name), "kind": kind}
        for firm in firms
        for name, kind in firm.names
    ]
    figures = [
        {"enterprise_id": ids[firm.uscc], "indicator": indicator, "period": period, "value": value}
        for firm in firms
        for indicator, period, value in firm.figures
    ]
    insert(EnterpriseName, names)
    insert(EnterpriseFigure, figures)
    return {"enterprises": len(firms), "names": len(names), "figures": len(figures)}


def load_accounts(*, user: Any) -> int:
    """Make the roles and the sample accounts that are not there yet; returns how many accounts were made.

    An account of the same name that somebody made stays as it is. Only beside the sample city: raises
    ``ValidationError`` where there is no sample firm.
    """
    _installing(user)
    limits = _limits()
    load_roles(user=user)
    roles = dict(Role.objects.values_list("code", "pk"))
    people = get_user_model()
    wanted = [name for name, _, _ in _ACCOUNTS]
    present = set(people._default_manager.filter(username__in=wanted).values_list("username", flat=True))
    secret = make_password(PASSWORD)  # hashed once: it takes longer than all the rest, and is the same for all
    made = 0
    with acting(user, reason="载入示例账号", source="command"):
        for username, role, words in _ACCOUNTS:
            if username in present:
                continue
            name, _, note = words.partition("：")
            person = people._default_manager.create(username=username, password=secret, first_name=name)
            Account.objects.create(user=person, organisation="示例单位", note=note, is_sample=True)
            Grant.objects.create(user=person, role_id=roles[role], **limits.get(username, {}))
            made += 1
    return made


def load_roles(*, user: Any) -> int:
    """Make the roles that are not there yet; what somebody changed in a role stays. Returns how many were made."""
    _installing(user)
    present = set(Role.objects.values_list("code", flat=True))
    missing = [row for row in ROLES if row.code not in present]
    if missing:
        with acting(user, reason="建立初始角色", source="command"):
            for row in missing:
                Role.objects.create(code=row.code, name=row.name, actions=dict(row.actions), clears=row.clears)
    return len(missing)


def _limits() -> dict[str, dict[str, str]]:
    """Whose rows each account sees; the firm is the first sample firm of 西固 with figures that no report names."""
    firm = Enterprise.objects.filter(
        is_sample=True, place__code=DISTRICTS["西固"], names__isnull=True, figures__isnull=False
    ).order_by("pk").first()  # fmt: skip
    if firm is None:
        raise ValidationError("示例账号只随示例城市建立：登记簿中没有示例企业，请先载入示例城市。")
    return {
        "sh-office": {"chain_code": "SH"},
        "xigu": {"place_path": place_by_code(DISTRICTS["西固"]).path},
        "xinqu": {"place_path": place_by_code(ZONES["新区"]).path},
        "firm": {"enterprise_uscc": firm.uscc},
    }


def sample_accounts() -> list[tuple[str, str, str]]:
    """(user name, password, words) of the sample accounts that this installation has."""
    held = set(Account.objects.filter(is_sample=True).values_list("user__username", flat=True))
    return [(name, PASSWORD, words) for name, _, words in _ACCOUNTS if name in held]


def remove_sample(*, user: Any) -> dict[str, int]:
    """Take the sample city, its reference and its accounts away; what real users entered stays.

    The diagnoses that compared with the sample go too. Change records of the removal remain, like all others.
    """
    _installing(user)
    with acting(user, reason="移除示例城市", source="command"):
        remove_actions()
        samples = Enterprise.objects.filter(is_sample=True)
        counts = {"enterprises": samples.count()}
        DiagnosisRun.objects.filter(Q(reference__is_sample=True) | Q(versions__sample=True)).delete()
        Project.objects.filter(is_sample=True).delete()
        TaskForce.objects.filter(is_sample=True, projects=None).delete()
        Project.objects.filter(owner__in=samples).update(owner=None)  # entered by users; the name of the owner stays
        Placement.objects.filter(enterprise__in=samples).delete()
        EnterpriseFigure.objects.filter(enterprise__in=samples).delete()
        EnterpriseName.objects.filter(enterprise__in=samples).delete()
        samples.delete()
        Scenario.objects.filter(is_sample=True).delete()
        for kept in (Reference, IoTable):
            for held in kept.objects.filter(is_sample=True):
                Path(held.file).unlink(missing_ok=True)
                held.delete()
        people = get_user_model()._default_manager.filter(account__is_sample=True)
        counts["accounts"] = people.count()
        people.delete()
    return counts
