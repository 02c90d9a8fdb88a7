"""
HTTP answers → their data, or an error of ours; pure.

The API documents several shapes of errors, and errors under status 200 (envelope `{"data", "errors"}`, a `status` of
"error" with a `message`, a bare `error`). Proxies answer in HTML, or not at all. `errors` decides first, the status
second.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar

from msgspec import Struct

from reconciler.core.model.masking import SHORTEST_SECRET
from reconciler.core.model.text import shortened, visible
from reconciler.core.model.value import InexactNumber, Json, live_number
from reconciler.errors import (
    WEAK_KEY,
    WRONG_KEY,
    ApiError,
    ApiRejectedError,
    ApiUnavailableError,
    RouteAbsentError,
)

_WORD = (
    "ACCESS|ACCOUNT|ADD|AGENT|ALREADY|API|AUTH|BAD|BODY|CALL|CONFLICT|CONTACT|CREATE|DELETE|DENIED|DISABLED|DUPLICATE|"
    "ENABLE|ERROR|EXCEEDED|EXISTS|FACTS|FAILED|FAILURE|FORBIDDEN|FOUND|ID|IN|INBOUND|INTERNAL|INVALID|KEY|LARGE|LIMIT|"
    "MANY|MEMORY|METHOD|MISSING|NOT|NUMBERS?|ORGANIZATION|PARAMETER|PAYLOAD|PERMISSION|PERSONA|PHONE|RATE|REMOVE|"
    "REQUESTS?|REQUIRED|RESOURCE|ROUTE|SERVER|SERVICE|TIMEOUT|TOO|UNAUTHORIZED|UNAVAILABLE|UNKNOWN|UPDATE|USE|USER|"
    "VALIDATION"
)
_CODE = rf"(?:{_WORD})(?:_(?:{_WORD}))*"
"""The words of the documented codes, and others like them: any other code may hold a value, and is not shown."""

_TEXT_LIMIT = 200
_LONGEST_WHOLE = 640  # digits that Python turns into a number, however it was set up
_THROTTLED_CODES = {"TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED", "RATE LIMIT EXCEEDED"}
_KEY_CODES = {"AUTH_FAILURE", "UNAUTHORIZED"}
_NOT_OFFERED = {HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED}
_SERVER_CODES = {"INTERNAL_ERROR"}
_ADD_USER_REFUSED = "MEMORY_ADD_USER_ERROR"
_NOT_ABOUT_THE_USER = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}

_Nothing = TypeVar("_Nothing")


class ThrottledError(ApiUnavailableError):
    """
    The API asks to wait. `retry_after` is in seconds, None where the answer has none.

    A request refused by a limit (429) did nothing; one refused by a busy server (503) may have been carried out.
    """

    def __init__(
        self, summary: str, *, retry_after: float | None, code: str = "", may_have_happened: bool = False
    ) -> None:
        super().__init__(summary, may_have_happened=may_have_happened, code=code)
        self.retry_after = retry_after


class ApiAnswer(Struct, frozen=True):
    """
    An HTTP answer, read whole; `retry_after` and `date` are headers as text.

    `received_at` is the time by this machine's clock, for an answer that has no date.
    """

    status: int
    body: bytes
    retry_after: str | None
    received_at: datetime
    date: str | None = None

    @property
    def is_empty_success(self) -> bool:
        """Return whether it is a success without a body."""
        return self.status < HTTPStatus.MULTIPLE_CHOICES and not self.body.strip()


class Answered(Struct, frozen=True):
    """The body of a good answer, and of how many bytes it was."""

    body: Mapping[str, Json]
    size: int


class _RefusalBody(Struct, frozen=True):
    code: str
    message: str


def body_of(answer: ApiAnswer, *, hide: str) -> Mapping[str, Json]:
    """
    Return the body of a good answer, which has `data`; raises `ApiRejectedError` or `ApiUnavailableError`.

    `hide` is the API key, which is cut out of errors. A body that is not documented never gets into an error, since it
    may hold personal data.
    """
    body = _json_of(answer)
    refusal = _refusal_in(body)
    if refusal is None and answer.status < HTTPStatus.MULTIPLE_CHOICES and isinstance(body, dict) and "data" in body:
        return body
    raise _error(answer, _hidden(refusal, hide) if refusal else None)


def is_add_user_refusal(error: ApiError) -> bool:
    """Return whether the API refused the user, and neither the key nor the pace."""
    if error.code != _ADD_USER_REFUSED or isinstance(error, ThrottledError):
        return False
    return not isinstance(error, ApiRejectedError) or error.status not in _NOT_ABOUT_THE_USER


def unless_absent(error: ApiRejectedError, nothing: _Nothing) -> _Nothing:
    """Return `nothing` for the API's own "not found"; the 404 of a route that is not there has no code."""
    if error.code == "NOT_FOUND" or (error.status == HTTPStatus.NOT_FOUND and error.code):
        return nothing
    raise error


def _hidden(refusal: _RefusalBody, key: str) -> _RefusalBody:
    """Return the refusal without the key; a short key is no secret, and could be part of any word."""
    if len(key) < SHORTEST_SECRET:
        return refusal
    return _RefusalBody(refusal.code.replace(key, "***"), refusal.message.replace(key, "***"))


def _json_of(answer: ApiAnswer) -> Json:
    """Parse the body; return None for anything but JSON."""
    try:
        text = answer.body.decode(json.detect_encoding(answer.body), "surrogatepass")
    except UnicodeDecodeError:
        return None
    for decoder in _DECODERS:
        try:
            parsed: Json = decoder.decode(text)
        except RecursionError:
            return None
        except ValueError:
            continue
        return parsed
    return None


def _whole_number(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST_WHOLE else InexactNumber(text)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODERS = tuple(
    json.JSONDecoder(parse_constant=_refuse_constant, parse_float=live_number, parse_int=parse_int)
    for parse_int in (None, _whole_number)
)
"""The second is slower, and for numbers of more digits than Python parses."""


def _refusal_in(body: Json) -> _RefusalBody | None:
    """Return the error in an answer, in any of the documented shapes."""
    if not isinstance(body, dict):
        return None
    listed = body.get("errors") or body.get("error")
    if listed:
        return _first(listed, fallback=str(body.get("message") or ""))
    if body.get("status") == "error":
        return _RefusalBody("", str(body.get("message") or "no message"))
    return None


def _first(listed: Json, *, fallback: str) -> _RefusalBody:
    item = listed[0] if isinstance(listed, list) else listed
    if isinstance(item, dict):
        return _RefusalBody(str(item.get("error") or item.get("code") or ""), str(item.get("message") or fallback))
    return _RefusalBody("", str(item) if not fallback else f"{fallback} ({item})")


def _error(answer: ApiAnswer, refusal: _RefusalBody | None) -> ApiError:
    error = _kind_of_error(answer, refusal)
    error.said = shortened(visible(refusal.message), _TEXT_LIMIT) if refusal else ""
    return error


def _kind_of_error(answer: ApiAnswer, refusal: _RefusalBody | None) -> ApiError:
    code, summary = refusal.code if refusal else "", _summary(answer, refusal)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or _is_throttling(refusal):
        return ThrottledError(summary, retry_after=_seconds(answer), code=code)
    if _is_busy(answer, code):
        return ThrottledError(summary, retry_after=_seconds(answer), code=code, may_have_happened=True)
    status = HTTPStatus.UNAUTHORIZED if code in _KEY_CODES else answer.status
    if not _is_refusal(status, refusal):
        return ApiUnavailableError(summary, may_have_happened=True, code=code)
    kind = RouteAbsentError if _is_absent_route(status, code) else ApiRejectedError
    return kind(summary + _advice(status, refusal), status=status, code=code)


def _is_throttling(refusal: _RefusalBody | None) -> bool:
    """Return whether an answer means "too many" by its code, or by its message where it has no code."""
    return refusal is not None and (refusal.code or refusal.message).upper() in _THROTTLED_CODES


def _is_busy(answer: ApiAnswer, code: str) -> bool:
    """Return whether the server, or one before it, cannot answer now (503), with a time when it can."""
    is_unavailable = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    return is_unavailable and _seconds(answer) is not None and code != _ADD_USER_REFUSED


def _is_refusal(status: int, refusal: _RefusalBody | None) -> bool:
    """Return whether the API refused, which asking again does not change."""
    is_fault = status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if is_fault or (refusal and refusal.code in _SERVER_CODES):
        return False
    return status >= HTTPStatus.MULTIPLE_CHOICES or refusal is not None


def _is_absent_route(status: int, code: str) -> bool:
    """Return whether the account does not offer the call: a 404 without a code is the server's, not the API's."""
    return status in _NOT_OFFERED or (status == HTTPStatus.NOT_FOUND and not code)


def _advice(status: int, refusal: _RefusalBody | None) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return f"; {WRONG_KEY}"
    if status == HTTPStatus.FORBIDDEN:
        return f"; {WEAK_KEY}"
    return "" if refusal else "; is the URL of the API right?"


def _summary(answer: ApiAnswer, refusal: _RefusalBody | None) -> str:
    if refusal is None and (answer.status == HTTPStatus.TOO_MANY_REQUESTS or _is_busy(answer, "")):
        return f"the API asks to wait ({answer.status})"
    if refusal is None:
        return f"the API answered {answer.status} with {len(answer.body):,} bytes that are not the documented JSON"
    code = f", {refusal.code}" if re.fullmatch(_CODE, refusal.code) else ""
    return f"the API answered {answer.status}{code}"


def _seconds(answer: ApiAnswer) -> float | None:
    """
    Read `Retry-After`, which is seconds or a date; None for neither.

    A date has no fractions, so it may be up to a second early. It is compared with the answer's own date, since the
    clock of this machine may be wrong.
    """
    text = (answer.retry_after or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    until, now = _moment(text), _moment(answer.date or "") or answer.received_at
    return max(0.0, (until - now).total_seconds() + 1) if until else None


def _moment(text: str) -> datetime | None:
    """Read a date of HTTP, which is always in UTC; None for anything else."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  few answers need one read

    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
