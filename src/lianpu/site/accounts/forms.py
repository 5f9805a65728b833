"""The forms of signing in: allauth's own, with our field names and one lock for both steps."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from axes.handlers.proxy import AxesProxyHandler


class SignInForm(LoginForm):  # type: ignore[misc] # allauth is untyped
    """Its first field is called ``username``, as browsers and scripts know it."""

    def add_prefix(self, field_name: str) -> str:
        return "username" if field_name == "login" else field_name


class _Locked:
    """No code is looked at while the account is locked for the address."""

    user: Any

    def clean_code(self) -> str:
        if not AxesProxyHandler.is_allowed(context.request, {"username": self.user.get_username()}):
            context.request.axes_locked_out = True
            context.request.axes_credentials = {"username": self.user.get_username()}
            raise get_adapter().validation_error("too_many_login_attempts")
        return str(super().clean_code())  # type: ignore[misc]


class CodeForm(_Locked, AuthenticateForm):  # type: ignore[misc]
    pass


class CodeAgainForm(_Locked, ReauthenticateForm):  # type: ignore[misc]
    pass
