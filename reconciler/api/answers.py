"""
What an HTTP answer means, pure: its data, or an error of ours.

The API documents several shapes of errors, and errors under status 200 (envelope `{"data", "errors"}`, a `status` of
"error" with a `message`, a bare `error`). Proxies answer in HTML, or not at all. `errors` decides first, the status
second.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from reconciler.core.text import shortened, visible
from reconciler.core.value import Json
from reconciler.errors import ApiError, ApiRejectedError, ApiUnavailableError

_TEXT_LIMIT = 200
_THROTTLED_CODES = {"TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED", "RATE LIMIT EXCEEDED"}
_KEY_CODES = {"AUTH_FAILURE", "UNAUTHORIZED"}
_SERVER_CODES = {"INTERNAL_ERROR"}


class ThrottledError(ApiUnavailableError):
    """The API asks to wait; nothing was done. `retry_after` is in seconds, None where the API did not say."""

    def __init__(self, summary: str, *, retry_after: float | None, code: str = "") -> None:
        super().__init__(summary, may_have_happened=False, code=code)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole: `retry_after` is the header as text, `received_at` the time to reckon a date from."""

    status: int
    body: bytes
    retry_after: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class _Refusal:
    code: str
    message: str


def data_of(answer: Answer, *, hide: str) -> Json:
    """
    Give the `data` of a good answer; raises `ApiRejectedError`, `ApiUnavailableError` or `ThrottledError`.

    `hide` is the API key: should the API repeat it in an error, it is not passed on.
    """
    body = _json_of(answer)
    refusal = _refusal_in(body)
    if refusal is None and answer.status < HTTPStatus.MULTIPLE_CHOICES and isinstance(body, dict) and "data" in body:
        data: Json = body["data"]
        return data
    refusal = refusal or _Refusal("", _text_of(answer))
    raise _error(answer, _Refusal(refusal.code, refusal.message.replace(hide, "***")))


def _json_of(answer: Answer) -> Json:
    """Parse the body; None for what is not JSON, which `data_of` tells from null by the text."""
    try:
        parsed: Json = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return parsed


def _refusal_in(body: Json) -> _Refusal | None:
    """Find what an answer gives as its error, in each of the documented shapes."""
    if not isinstance(body, dict):
        return None
    listed = body.get("errors") or body.get("error")
    if listed:
        return _first(listed, fallback=str(body.get("message") or ""))
    if body.get("status") == "error":
        return _Refusal("", str(body.get("message") or "no message"))
    return None


def _first(listed: Json, *, fallback: str) -> _Refusal:
    item = listed[0] if isinstance(listed, list) else listed
    if isinstance(item, dict):
        return _Refusal(str(item.get("error") or item.get("code") or ""), str(item.get("message") or fallback))
    return _Refusal("", str(item) if not fallback else f"{fallback} ({item})")


def _error(answer: Answer, refusal: _Refusal) -> ApiError:
    code, summary = refusal.code, _summary(answer.status, refusal)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or code.upper() in _THROTTLED_CODES:
        return ThrottledError(summary, retry_after=_seconds(answer), code=code)
    status = HTTPStatus.UNAUTHORIZED if code in _KEY_CODES else answer.status
    if _is_refusal(status, code):
        return ApiRejectedError(summary + _advice(status, code), status=status, code=code)
    return ApiUnavailableError(summary, may_have_happened=True, code=code)


def _advice(status: int, code: str) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return "; is the API key right?"
    if status == HTTPStatus.FORBIDDEN:
        return "; writing needs a key whose organisation role is admin, owner or operator"
    return "" if code else "; is the URL of the API right?"


def _is_refusal(status: int, code: str) -> bool:
    """Say whether the answer is the API's own no, which asking again does not change."""
    if code in _SERVER_CODES or status == HTTPStatus.REQUEST_TIMEOUT:
        return False
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return bool(code)
    return status < HTTPStatus.INTERNAL_SERVER_ERROR


def _summary(status: int, refusal: _Refusal) -> str:
    said = ": ".join(part for part in (refusal.code, refusal.message) if part)
    return f"the API answered {status}" + (f", {shortened(visible(said), _TEXT_LIMIT)}" if said else "")


def _text_of(answer: Answer) -> str:
    """Give the start of a body that is not the documented JSON, in one line."""
    text = " ".join(answer.body.decode("utf-8", errors="replace").split())
    return f"not the documented JSON: {text}" if text else "with an empty body"


def _seconds(answer: Answer) -> float | None:
    """Read `Retry-After`: seconds, or a date; None for neither."""
    text = (answer.retry_after or "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - answer.received_at).total_seconds())
    except (ValueError, TypeError):
        return None
