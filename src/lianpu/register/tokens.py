"""Tokens for programs: made once, shown once, revoked at any time; and how long what programs were answered is kept."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.utils import timezone

from lianpu.register.declare import registry
from lianpu.register.jobs import every
from lianpu.register.models import ApiToken, KeptAnswer

PREFIX = "lianpu_"  # by which a leaked token is recognised
DAYS_LIMIT = 366
HELD_LIMIT = 20
ANSWERS_KEPT = timedelta(hours=48)
USED_EVERY = timedelta(minutes=1)  # how exactly the last use is noted


def make(
    *, user: Any, name: str, days: int | None = 90, is_readonly: bool = False, registers: Sequence[str] = ()
) -> tuple[ApiToken, str]:
    """A new token of ``user`` and its secret, which is not kept. Raises ``ValidationError``."""
    if not name.strip():
        raise ValidationError({"name": ["请写明用途，例如：园区月报系统"]})
    if days is not None and not 0 < days <= DAYS_LIMIT:
        raise ValidationError({"days": [f"有效期应为1至{DAYS_LIMIT}天"]})
    if unknown := set(registers) - registry.by_slug.keys():
        raise ValidationError({"registers": [f"没有这些登记簿：{'、'.join(sorted(unknown))}"]})
    if in_force(user).count() >= HELD_LIMIT:
        raise ValidationError({"name": [f"一人至多{HELD_LIMIT}个有效令牌，请先撤销不用的"]})
    secret = PREFIX + secrets.token_urlsafe(32)
    made = ApiToken.objects.create(
        user=user,
        name=name.strip()[:80],
        digest=_digest(secret),
        start=secret[len(PREFIX) :][:4],
        is_readonly=is_readonly,
        registers=sorted(set(registers)),
        expires_at=None if days is None else timezone.now() + timedelta(days=days),
    )
    return made, secret


def in_force(user: Any) -> Any:
    """The user's tokens that still let in."""
    now = timezone.now()
    return ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), user=user, revoked_at=None)


def revoke(*, user: Any, token: ApiToken) -> None:
    """End a token of one's own (a superuser: anybody's)."""
    if token.user_id != user.pk and not user.is_superuser:
        raise PermissionDenied("只能撤销自己的令牌。")
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def recognise(secret: str) -> ApiToken | None:
    """The token in force with this secret, of an active user; its use is noted."""
    found = ApiToken.objects.select_related("user").filter(digest=_digest(secret), revoked_at=None).first()
    now = timezone.now()
    if found is None or not found.user.is_active or (found.expires_at is not None and found.expires_at <= now):
        return None
    if found.used_at is None or now - found.used_at > USED_EVERY:
        ApiToken.objects.filter(pk=found.pk).update(used_at=now)
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@every(3600, "answers-clean")
def forget_answers() -> None:
    """Drop kept answers past their time."""
    KeptAnswer.objects.filter(at__lt=timezone.now() - ANSWERS_KEPT).delete()
