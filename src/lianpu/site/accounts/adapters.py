"""How allauth behaves in this house: nobody registers himself; an identity provider's people come in without a right."""

import base64
import hashlib
import os
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from lianpu.register.history import acting
from lianpu.site.accounts.recording import What, address_of, record


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth is untyped
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("用户名或密码不对，请核对后重试。"),
        "enter_current_password": _("当前密码不对。"),
        "incorrect_password": _("密码不对。"),
        "incorrect_code": _("验证码不对。"),
        "too_many_login_attempts": _("失败次数过多，请稍后再试。"),
        "account_inactive": _("此账号已停用。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's protocol
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or "0.0.0.0"  # noqa: S104 - says "unknown", nothing listens there

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return "/account/"

    def set_password(self, user: Any, password: str) -> None:
        with acting(user, reason=str(_("修改密码"))):
            super().set_password(user, password)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """allauth greets at every step; the page that follows says enough."""


class SecondStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of the second step are kept encrypted with the installation's key, which is not in the database."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("验证码不对。"),
        "cannot_delete_authenticator": _("您的角色必须使用两步验证，不能关闭。"),
    }

    @property
    def _box(self) -> Fernet:
        key = hashlib.sha256(b"lianpu second step" + settings.SECRET_KEY.encode()).digest()
        return Fernet(base64.urlsafe_b64encode(key))

    def encrypt(self, text: str) -> str:
        return self._box.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; under another installation's key, one that no application knows, so that no code fits."""
        try:
            return self._box.decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(os.urandom(20)).decode()

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        from lianpu.site.accounts.queries import must_have_second_step

        return not must_have_second_step(authenticator.user)


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """People whom the city's identity provider vouches for: found by their number there, else made, without grants."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002
        return bool(settings.OIDC_ISSUER)

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002
        return True

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """Chinese names have no blank to part them at: the whole name is one field, as everywhere here."""
        user = super().populate_user(request, sociallogin, data)
        user.first_name, user.last_name = str(data.get("name") or user.first_name)[:150], ""
        user.email = ""
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """A local account of the same name is only taken over where the installation says that the names are the same
        people (``LIANPU_OIDC_MATCH``), and never one that may do everything."""
        sociallogin.email_addresses = []
        if sociallogin.is_existing:
            return
        username = sociallogin.user.username
        local = get_user_model()._default_manager.filter(username__iexact=username or "").first()
        if local is not None and settings.OIDC_MATCH and not local.is_superuser:
            sociallogin.connect(request, local)
        elif local is not None:
            record(What.FAILED, username, address=address_of(request), detail="统一身份认证：同名的本地账号已存在")
            raise ImmediateHttpResponse(render(request, "socialaccount/taken.html", {"username": username}, status=403))

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        from lianpu.site.accounts.services import note_account

        with acting(sociallogin.user, reason="统一身份认证首次登录"):
            user = super().save_user(request, sociallogin, form)
            note_account(user, detail="统一身份认证首次登录", address=address_of(request))
        return user
