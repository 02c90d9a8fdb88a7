"""A request in its parts, for the gate, the faults, the log and the routes."""

import json
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl, quote, unquote

from starlette.types import Receive, Scope

from reconciler.sandbox.answers import RequestRefusedError, bad_request


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


async def read_request(scope: Scope, receive: Receive) -> Incoming:
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
