"""Answering a writing request once: with an ``Idempotency-Key`` the same request has its effect a single time.

The answer is kept in the transaction that writes, so a server that dies in between has done neither. A second request
with the key waits for the first, then gets its answer; another request under the same key is refused.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Status
from ninja.errors import HttpError

from lianpu.register.models import KeptAnswer
from lianpu.register.tokens import ANSWERS_KEPT

KEY_LIMIT = 200


class _KnownError(Exception):
    """Somebody was here before with this key."""


def once(request: HttpRequest, work: Callable[[], Status[Any]]) -> Any:
    """What ``work`` answers, or what it answered when this very request came before.

    Refusals (422, 409 …) write nothing and are not kept: the mended request may use the key again.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return work()
    if len(key) > KEY_LIMIT:
        raise HttpError(422, f"Idempotency-Key 过长（上限{KEY_LIMIT}个字符）")
    said = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    asked = hashlib.sha256(said).hexdigest()
    try:
        with transaction.atomic():
            kept = _reserve(request.user, key, asked)
            answer = work()
            if answer.status_code >= 400:
                transaction.set_rollback(True)
                return answer
            kept.status, kept.body = answer.status_code, json.dumps(answer.value, ensure_ascii=False, default=str)
            kept.save(update_fields=["status", "body"])
            return answer
    except _KnownError:
        return _again(request.user, key, asked)


def _reserve(user: Any, key: str, asked: str) -> KeptAnswer:
    KeptAnswer.objects.filter(user=user, key=key, at__lt=timezone.now() - ANSWERS_KEPT).delete()
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(user=user, key=key, asked=asked)
    except IntegrityError as known:
        raise _KnownError from known


def _again(user: Any, key: str, asked: str) -> HttpResponse:
    kept = KeptAnswer.objects.get(user=user, key=key)
    if kept.asked != asked:
        raise HttpError(422, "这个 Idempotency-Key 已用于另一个请求，请换一个。")
    headers = {"Idempotent-Replay": "true"}
    return HttpResponse(kept.body, status=kept.status or 200, content_type="application/json", headers=headers)
