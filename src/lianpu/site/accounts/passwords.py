"""Rules of passwords beyond Django's own: kinds of characters, no password of late again, and how old one may grow."""

import secrets
import string
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from lianpu.register.models import Account, PastPassword

# Without what is easily misread when it is passed on by voice or on paper.
LETTERS = "".join(sorted(set(string.ascii_letters + string.digits) - set("0Oo1lI")))


def kinds_in(password: str) -> int:
    """How many of the four kinds of characters a password has: capitals, small letters, digits, all else."""
    tests = (str.isupper, str.islower, str.isdigit, lambda letter: not letter.isalnum())
    return sum(any(test(letter) for letter in password) for test in tests)


class KindsValidator:
    """At least ``LIANPU_PASSWORD_KINDS`` kinds of characters."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's protocol
        if kinds_in(password) < settings.LIANPU_PASSWORD_KINDS:
            raise ValidationError(self.get_help_text(), code="password_kinds")

    def get_help_text(self) -> str:
        return _("密码须含大写字母、小写字母、数字、其他符号中的至少%(kinds)s类。") % {
            "kinds": settings.LIANPU_PASSWORD_KINDS
        }


class ReuseValidator:
    """None of the last ``LIANPU_PASSWORD_HISTORY`` passwords. Django tells it when a password was changed."""

    def validate(self, password: str, user: Any = None) -> None:
        if user is None or user.pk is None:
            return
        kept = PastPassword.objects.filter(user=user).values_list("encoded", flat=True)
        used = list(kept[: settings.LIANPU_PASSWORD_HISTORY])
        if settings.LIANPU_PASSWORD_HISTORY and user.has_usable_password():
            used.append(user.password)
        if any(check_password(password, encoded) for encoded in dict.fromkeys(used)):
            raise ValidationError(self.get_help_text(), code="password_reused")

    def get_help_text(self) -> str:
        return _("不能与最近%(count)s个密码相同。") % {"count": settings.LIANPU_PASSWORD_HISTORY}

    def password_changed(self, password: str, user: Any) -> None:  # noqa: ARG002 - Django's protocol
        """Remember the new password's hash and its day; no new one is due any more."""
        PastPassword.objects.create(user=user, encoded=user.password)
        keep = PastPassword.objects.filter(user=user).values_list("pk", flat=True)[: settings.LIANPU_PASSWORD_HISTORY]
        PastPassword.objects.filter(user=user).exclude(pk__in=list(keep)).delete()
        now = {"password_at": timezone.now(), "must_change_password": False}
        Account.objects.update_or_create(user=user, defaults=now)


def password_is_due(user: Any) -> bool:
    """Whether the user must choose a new password before anything else: it was given to him, or is too old."""
    if not user.has_usable_password():
        return False
    account: Account | None = getattr(user, "account", None)
    if account is None:
        return False
    days = settings.LIANPU_PASSWORD_DAYS
    old = bool(days and account.password_at and account.password_at < timezone.now() - timedelta(days=days))
    return account.must_change_password or old


def made_password() -> str:
    """A random password that the rules accept: 16 letters and digits in groups, good for one first sign-in."""
    while True:
        groups = ["".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4)]
        if kinds_in(password := "-".join(groups)) == 4:
            return password
