"""The body of an answer: read within a bound, unpacked, and refused where parsing it would take too much memory."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias
from zlib import MAX_WBITS, decompressobj
from zlib import error as ZlibError  # noqa: N812  it is one

from reconciler.api.client.endpoint import Received
from reconciler.errors import ApiUnavailableError

_PLAIN = {"", "identity"}
_GZIP = MAX_WBITS | 16  # with gzip's head and sum
_LIGHT, _MOST_WEIGHT, _OF_A_VALUE = 1_900_000, 300_000_000, 210
"""Bytes: a body up to which none is weighed, the most memory that parsing one may take, and that of one value."""
_WIDE = ((4, rb"[\xf0-\xf4]"), (2, rb"[\xc4-\xef]"))


TakeTurn: TypeAlias = Callable[[], Awaitable[Callable[[], None]]]
"""Wait for the turn, and return what ends it."""


async def read_within(most_bytes: int, take_turn: TakeTurn, parts: AsyncIterator[bytes]) -> bytes:
    """
    Return a body that comes in parts; raises `ApiUnavailableError` for one that is too large.

    Large bodies that come at the same time take turns, so that not all of them are held at once.
    """
    read, size, end_turn = [], 0, None
    try:
        async for part in parts:
            size += len(part)
            if size > most_bytes:
                raise _too_large(most_bytes)
            if size > _LIGHT and end_turn is None:
                end_turn = await take_turn()
            read.append(part)
        return b"".join(read)
    finally:
        if end_turn is not None:
            end_turn()


def unpacked(received: Received, most_bytes: int) -> bytes:
    """Return the unpacked body of an answer; raises `ApiUnavailableError` for one that is too large or damaged."""
    encoding = received.headers.get("content-encoding", "").strip().lower()
    if encoding in _PLAIN or not received.body:
        return received.body
    if encoding != "gzip":
        raise _unreadable("is packed in a way that was not asked for")
    unpacking = decompressobj(_GZIP)
    try:
        body = unpacking.decompress(received.body, most_bytes + 1)
    except ZlibError as error:
        raise _damaged() from error
    if len(body) > most_bytes:
        raise _too_large(most_bytes)
    if not unpacking.eof or unpacking.unused_data:  # cut off, or followed by what nobody asked for
        raise _damaged()
    return body


def checked(body: bytes) -> bytes:
    """Return a body; raises `ApiUnavailableError` for one that takes too much memory to be read."""
    if len(body) > _LIGHT and _weight(body) > _MOST_WEIGHT:
        raise _unreadable(f"would take more than {_MOST_WEIGHT // 10**6} MB of memory")
    return body


def _weight(body: bytes) -> int:
    """
    Return about how many bytes of memory it takes to read a body of JSON: more than it has, never much less.

    Each value is an object. A text takes as many bytes a character as its widest one, once as a whole, once in parts.
    """
    values = sum(map(body.count, (b",", b"[", b"{")))
    whole = next((wide for wide, letters in _WIDE if re.search(letters, body)), 1)
    escaped = 5 if b"\\u" in body else 0  # the escape is short, and may stand for a wide character
    return values * _OF_A_VALUE + len(body) * (1 + whole + max(whole, escaped))


def _damaged() -> ApiUnavailableError:
    """Return the error for an answer that broke on its way, like one that ends too early; another may be whole."""
    return ApiUnavailableError("the answer is packed, and damaged", may_have_happened=True)


def _too_large(most_bytes: int) -> ApiUnavailableError:
    return _unreadable(f"is larger than {most_bytes // 2**20} MiB")


def _unreadable(why: str) -> ApiUnavailableError:
    """Return the error for an answer that is not read; another one would be no better."""
    error = ApiUnavailableError(f"the answer {why}, so it was not read", may_have_happened=True)
    error.is_final = True
    return error
