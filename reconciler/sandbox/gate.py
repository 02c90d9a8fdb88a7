"""The checks before every route, in this order: the key, the role, the rate limit."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import assert_never

from reconciler.sandbox.answers import (
    FORBIDDEN,
    TEXT_TYPE,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    Answer,
    RequestRefusedError,
    json_answer,
    refusal,
)
from reconciler.sandbox.settings import Settings

_BEARER = "bearer "


def check_key(authorization: str, settings: Settings) -> None:
    """Refuse a wrong key; the raw key is right (S0 to S4), ``Bearer KEY`` only if the switch allows it."""
    key = authorization
    if key.lower().startswith(_BEARER):
        key = key[len(_BEARER) :].strip() if settings.accept_bearer else ""
    if not key or settings.key not in {None, key}:
        raise RequestRefusedError(UNAUTHORIZED)


def check_role(settings: Settings, *, mutates: bool) -> None:
    """Refuse a write of a viewer (L: it needs the role of an admin, an owner or an operator)."""
    if mutates and settings.role == "viewer":
        raise RequestRefusedError(FORBIDDEN)


@dataclass(slots=True)
class _KeyWindow:
    ends: float
    used: int = 0


class Limiter:
    """A fixed window for each key, over all of `/v1/memory` (L); whether it counts by key is not stated (U15)."""

    def __init__(self, settings: Settings, *, monotonic: Callable[[], float], moment: Callable[[], datetime]) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._moment = moment
        self._windows: dict[str, _KeyWindow] = {}

    def refuse(self, *, authorization: str, segments: tuple[str, ...]) -> Answer | None:
        """Return the 429 for a request beyond the limit; None for any other."""
        limit = self._settings.rate_limit
        if limit is None or segments[:2] != ("v1", "memory"):
            return None
        count, seconds = limit
        now = self._monotonic()
        window = self._windows.get(authorization)
        if window is None or now >= window.ends:
            window = self._windows[authorization] = _KeyWindow(ends=now + seconds)
        window.used += 1
        return self._too_many(window.ends - now) if window.used > count else None

    def _too_many(self, wait: float) -> Answer:
        match self._settings.limit_body:
            case "text":
                body, kind = b"Too many requests, please try again later.", TEXT_TYPE
            case "envelope":
                body, kind = refusal(TOO_MANY_REQUESTS).body, refusal(TOO_MANY_REQUESTS).content_type
            case "status":
                shape = json_answer({"status": "error", "message": TOO_MANY_REQUESTS.message})
                body, kind = shape.body, shape.content_type
            case style:
                assert_never(style)
        return Answer(status=429, body=body, content_type=kind, headers=self._retry_after(wait))

    def _retry_after(self, wait: float) -> tuple[tuple[str, str], ...]:
        match self._settings.retry_after:
            case "none":
                return ()
            case "seconds":
                return (("retry-after", str(math.ceil(wait))),)
            case "date":
                moment = self._moment() + timedelta(seconds=math.ceil(wait))
                return (("retry-after", format_datetime(moment, usegmt=True)),)
            case style:
                assert_never(style)
