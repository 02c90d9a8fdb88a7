"""A request of the sandbox: how it is read, and the checks before every route: key, role and rate limit."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import NoReturn, assert_never
from urllib.parse import parse_qsl, quote, unquote

from starlette.types import Receive
from starlette.types import Scope as AsgiScope

from reconciler.sandbox.answers import (
    FORBIDDEN,
    TEXT_TYPE,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    Answer,
    Failure,
    RequestRefusedError,
    bad_request,
    json_answer,
    refusal,
)
from reconciler.sandbox.settings import ListingQuirks, Settings
from reconciler.sandbox.store import Store
from reconciler.sandbox.values import JsonObject, Scope, in_form

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """
    One request as it came in.

    `segments` are the parts of the path between slashes, each decoded after the split: an id may contain ``%2F``.
    `body` is the parsed JSON, or the text that could not be parsed, or None where nothing was sent.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    query: dict[str, str]
    authorization: str
    body: object
    problem: str | None


async def read_request(scope: AsgiScope, receive: Receive) -> Incoming:
    """Read a whole request."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    body, problem = parse_body(await _body(receive), content_type=headers.get("content-type", ""))
    return Incoming(
        method=scope["method"],
        path=scope["path"],
        segments=tuple(unquote(part) for part in raw_path.decode("latin-1").removeprefix("/").split("/")),
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        authorization=headers.get("authorization", "").strip(),
        body=body,
        problem=problem,
    )


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


def parse_body(raw: bytes, *, content_type: str) -> tuple[object, str | None]:
    """Return the parsed body, and what is wrong with it."""
    if not raw:
        return None, None
    if not content_type.lower().startswith("application/json"):
        return raw.decode("utf-8", "replace"), "Content-Type must be application/json"
    try:
        value: object = json.loads(raw, parse_constant=_refuse_number, parse_float=_finite)
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace"), "Invalid JSON body"
    return value, None


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def body_object(incoming: Incoming) -> dict[str, object]:
    """Return the body, which must be an object; a missing one counts as empty."""
    if incoming.problem is not None:
        raise RequestRefusedError(bad_request(incoming.problem))
    if incoming.body is None:
        return {}
    if not isinstance(incoming.body, dict):
        raise RequestRefusedError(bad_request("Request body must be a JSON object"))
    return incoming.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that has passed the gate; `ids` are the variable parts of its path."""

    store: Store
    settings: Settings
    ids: Mapping[str, str]
    query: Mapping[str, str]
    body: JsonObject

    def number(self, number: str) -> str:
        """Return a phone number as this sandbox compares it (U5)."""
        return in_form(number, self.settings.numbers)


def text(fields: Mapping[str, object], name: str) -> str | None:
    """Return a field that must be a string; None where it is missing, null or empty."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise RequestRefusedError(bad_request(f"{name} must be a string"))
    return value


def required_text(fields: Mapping[str, object], name: str, *, otherwise: Failure) -> str:
    """Return a field that must be a string and not empty."""
    value = text(fields, name)
    if value is None:
        raise RequestRefusedError(otherwise)
    return value


def mapping(fields: Mapping[str, object], name: str) -> JsonObject | None:
    """Return a field that must be an object; None where it is missing or null."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise RequestRefusedError(bad_request(f"{name} must be an object"))
    return value


def scope_of(call: Call, fields: Mapping[str, object]) -> Scope | None:
    """Return the contact and who remembers it; with both a persona and a number, the persona counts (U4)."""
    contact_id = required_text(fields, "contact_id", otherwise=bad_request("contact_id is required"))
    persona_id, agent_number = text(fields, "persona_id"), text(fields, "agent_number")
    if persona_id is not None:
        return Scope(contact_id=contact_id, persona_id=persona_id, agent_number=None)
    if agent_number is not None:
        return Scope(contact_id=contact_id, persona_id=None, agent_number=call.number(agent_number))
    return None


def created_status(settings: Settings) -> int:
    """Return the HTTP status of an answer that created a contact or a store (L: 201)."""
    return 201 if settings.revision == "L" else settings.create_status


def whole_number(query: Mapping[str, str], name: str, *, default: int) -> int:
    """Return a count from the query; anything but a whole number counts as not given."""
    value = query.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < len(str(10**9)) else default


def trimmed(value: object) -> object:
    """Return a value with all texts in it trimmed."""
    if isinstance(value, dict):
        return {key: trimmed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trimmed(item) for item in value]
    return value.strip() if isinstance(value, str) else value


_DEFAULT_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """The part of a list that a request asks for."""

    limit: int
    offset: int

    def pagination(self, *, held: int, total: int) -> JsonObject:
        """Describe this page, which holds so many of the total (D contacts, L memory-memory-id)."""
        return {
            "total": total,
            "limit": self.limit,
            "offset": self.offset,
            "has_more": self.offset + held < total,
        }


def asked_page(query: Mapping[str, str], *, largest: int | None = None) -> ListPage:
    """Return the page that the query asks for; a size that is zero or no number counts as not given."""
    limit = whole_number(query, "limit", default=_DEFAULT_PAGE) or _DEFAULT_PAGE
    return ListPage(
        limit=limit if largest is None else min(limit, largest), offset=whole_number(query, "offset", default=0)
    )


def misreported(pagination: JsonObject, quirks: ListingQuirks, *, total: int) -> JsonObject:
    """Return a `pagination` that is wrong in the way that the switches ask for."""
    stated = {**pagination, "total": max(0, total + quirks.total_error)}
    return stated if quirks.has_more == "honest" else {**stated, "has_more": quirks.has_more == "always"}
