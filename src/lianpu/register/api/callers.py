"""Who calls: a program by its token, or a page of ours by its session (then with the CSRF token)."""

from typing import Any

from django.http import HttpRequest
from ninja.errors import AuthenticationError, AuthorizationError
from ninja.security import HttpBearer, SessionAuth

from lianpu.register import tokens

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class ByToken(HttpBearer):
    """``Authorization: Bearer lianpu_…``"""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        found = tokens.recognise(token)
        if found is None:
            raise AuthenticationError(message="令牌无效、已过期或已撤销，请在“我的令牌”重新生成。")
        if found.is_readonly and request.method not in READING:
            raise AuthorizationError(message="此令牌只读，不能写入。")
        slug = request.path.removeprefix("/api/").partition("/")[0]
        if found.registers and slug not in found.registers:
            raise AuthorizationError(message=f"此令牌不能用于“{slug}”，只限：{'、'.join(found.registers)}。")
        request.user = found.user
        return found.user


by_session = SessionAuth()
"""The browser's own session; writing asks for the CSRF token too."""
