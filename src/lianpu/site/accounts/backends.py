"""Who a session belongs to, read with his account in one statement, for every request looks at both."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth import get_user_model


class AccountBackend(AuthenticationBackend):  # type: ignore[misc] # allauth is untyped
    def get_user(self, user_id: Any) -> Any:
        person = get_user_model()._default_manager.select_related("account").filter(pk=user_id).first()
        return person if person is not None and self.user_can_authenticate(person) else None
