"""Verbs on accounts: make, give and take roles, lock out and let in. Each: permission → checks → write → records.

An administrator of accounts raises nobody's rights unseen: not his own at all, nothing of a superuser's, every act is a
line of the account log and, for accounts, grants and roles, a change record besides. One who may give roles always stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.utils import reset
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from lianpu.chains.queries import match_chains
from lianpu.enterprises.queries import match_enterprises
from lianpu.places.queries import match_places
from lianpu.register import rights, tokens
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.models import Account, Grant, Role
from lianpu.site.accounts.passwords import made_password
from lianpu.site.accounts.queries import ACCOUNTS, ACTIONS, guardians
from lianpu.site.accounts.recording import What, record


def note_account(user: Any, *, detail: str = "", by: str = "", address: str = "", **kept: Any) -> Account:
    """Keep an account's own row beside Django's user, and log that it was made."""
    account, _made = Account.objects.update_or_create(user=user, defaults=kept)
    record(What.CREATED, user.get_username(), by=by, address=address, detail=detail)
    return account


def end_sessions_of(user: Any, *, keep: str = "") -> int:
    """Sign ``user`` out everywhere but in the session ``keep``; returns from how many places."""
    sessions = list(UserSession.objects.filter(user=user).exclude(session_key=keep))
    for session in sessions:
        session.end()
    return len(sessions)


@contextmanager
def _administering(user: Any, person: Any, *, reason: str) -> Iterator[str]:
    """One transaction of an administrator's act on ``person``; gives the administrator's name for the log."""
    rights.demand(user, registry[ACCOUNTS], rights.ADMINISTER)
    if person is not None and person.pk == user.pk:
        raise PermissionDenied(_("不能对自己的账号做此操作，请由另一位安全管理员办理。"))
    if person is not None and person.is_superuser and not user.is_superuser:
        raise PermissionDenied(_("这是系统管理员的账号，只能由系统管理员或命令行办理。"))
    with acting(user, reason=reason, source="screen" if user.pk else "command"):
        list(Role.objects.select_for_update())  # one act at a time: two who each take the other's role would leave none
        before = guardians().exists()
        yield user.get_username()
        if before and not guardians().exists():
            raise ValidationError(_("这样就没有人能授权了：请先把安全管理员的角色授予另一人。"))


def create_account(
    *, user: Any, username: str, name: str = "", organisation: str = "", note: str = "", superuser: bool = False,
    password: str = "",
) -> tuple[Any, str]:  # fmt: skip
    """Make an account; returns it and its first password: the one given, else one made up, to be changed at once.

    Raises ``ValidationError`` where the name is taken (in whatever case) or the password breaks the rules.
    """
    people = get_user_model()
    if superuser and not user.is_superuser:
        raise PermissionDenied(_("系统管理员只能由系统管理员或命令行建立。"))
    if people._default_manager.filter(username__iexact=username.strip()).exists():
        raise ValidationError({"username": [_("用户“%(name)s”已存在，请换一个用户名。") % {"name": username}]})
    person = people(username=username.strip(), first_name=name.strip(), is_superuser=superuser, is_staff=superuser)
    secret = password or made_password()
    person.set_password(secret)
    person.full_clean()
    if password:
        validate_password(password, person)
    with _administering(user, None, reason=_("新建账号")) as by:
        person.save()
        note_account(
            person, by=by, organisation=organisation.strip(), note=note.strip(), must_change_password=not password
        )
    return person, secret


def reset_password(*, user: Any, person: Any, password: str = "") -> str:
    """Give ``person`` a new password, which he must change; his sessions and tokens end. Returns the password."""
    secret = password or made_password()
    if password:
        validate_password(password, person)
    with _administering(user, person, reason=_("重置密码")) as by:
        person.set_password(secret)
        person.save(update_fields=["password"])
        Account.objects.update_or_create(user=person, defaults={"must_change_password": True})
        end_sessions_of(person)
        for token in tokens.in_force(person):
            tokens.revoke(user=rights.SYSTEM, token=token)
        reset(username=person.get_username().lower())
        record(What.PASSWORD_RESET, person.get_username(), by=by)
    return secret


def reset_second_step(*, user: Any, person: Any) -> None:
    """Take the second step away from somebody who lost his device; where it is compulsory he sets it up anew."""
    with _administering(user, person, reason=_("关闭两步验证")) as by:
        Authenticator.objects.filter(user=person).delete()
        end_sessions_of(person)
        record(What.SECOND_STEP_OFF, person.get_username(), by=by)


def set_active(*, user: Any, person: Any, active: bool) -> None:
    """Close an account, which signs it out everywhere, or open it again. Its rows and records stay."""
    if person.is_active == active:
        return
    with _administering(user, person, reason=_("启用账号") if active else _("停用账号")) as by:
        person.is_active = active
        person.save(update_fields=["is_active"])
        if not active:
            end_sessions_of(person)
        record(What.ENABLED if active else What.DISABLED, person.get_username(), by=by)


def unlock(*, user: Any, person: Any) -> int:
    """Lift the locks of an account; returns how many records of failure were dropped."""
    with _administering(user, person, reason=_("解锁")) as by:
        dropped = reset(username=person.get_username().lower())
        record(What.UNLOCKED, person.get_username(), by=by)
    return int(dropped)


def end_sessions(*, user: Any, person: Any) -> int:
    """Sign somebody out everywhere; returns from how many places."""
    with _administering(user, person, reason=_("强制退出")) as by:
        ended = end_sessions_of(person)
        record(What.SESSIONS_ENDED, person.get_username(), by=by, detail=_("会话 %(count)s 个") % {"count": ended})
    return ended


def _limits(place: str, chain: str, enterprise: str) -> dict[str, Any]:
    """The limits of a grant from what a person types (code or name of each); faults by field."""
    faults: dict[str, list[str]] = {}
    limits: dict[str, Any] = {}
    for word, name, slug, match, limit, field in (
        (place, "place", "places", match_places, "place_path", "path"),
        (chain, "chain", "chains", match_chains, "chain_code", "code"),
        (enterprise, "enterprise", "enterprises", match_enterprises, "enterprise_uscc", "uscc"),
    ):
        limits[limit] = ""
        if text := word.strip():
            found = match([text])
            if text in found:
                row = registry[slug].model._default_manager.values_list(field, flat=True)
                limits[limit] = row.get(pk=found[text])
            else:
                faults[name] = [_("登记簿中没有“%(word)s”。") % {"word": text}]
    if faults:
        raise ValidationError(faults)
    return limits


def give_role(
    *, user: Any, person: Any, role: Role, place: str = "", chain: str = "", enterprise: str = "", reason: str = ""
) -> Grant:
    """Give ``person`` a role, within a place (code), a chain (code) or a firm (USCC) where one is named."""
    limits = _limits(place, chain, enterprise)
    with _administering(user, person, reason=reason or _("授权")) as by:
        grant, made = Grant.objects.get_or_create(user=person, role=role, **limits)
        if made:
            where = " ".join(word for word in (place, chain, enterprise) if word)
            record(What.GRANTED, person.get_username(), by=by, detail=f"{role.name} {where}".strip())
    return grant


def take_role(*, user: Any, grant: Grant, reason: str = "") -> None:
    """Take one grant back."""
    person = grant.user
    with _administering(user, person, reason=reason or _("收回授权")) as by:
        grant.delete()
        record(What.REVOKED, person.get_username(), by=by, detail=str(grant.role))


def change_role(
    *, user: Any, role: Role, actions: Mapping[str, Sequence[str]], clears: Sequence[str], reason: str = ""
) -> None:
    """Set what a role may do and see. Nobody changes a role that he holds himself."""
    if Grant.objects.filter(user_id=user.pk, role=role).exists():
        raise PermissionDenied(_("您自己持有此角色，不能修改它；请由另一位安全管理员办理。"))
    if unknown := {word for words in actions.values() for word in words} - {"*", *ACTIONS}:
        raise ValidationError(_("没有这样的操作：%(words)s") % {"words": "、".join(sorted(unknown))})
    with _administering(user, None, reason=reason or _("修改角色")) as by:
        role.actions = {slug: list(words) for slug, words in actions.items() if words}
        role.clears = list(clears)
        role.save(update_fields=["actions", "clears"])
        record(What.ROLE_CHANGED, role.code, by=by, detail=role.name)
