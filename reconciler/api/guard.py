"""
The calls that a client may send: two lists, without any call that removes.

`POST /v1/memory/contact` and `POST /v1/contacts/resolve` get or create, so they are writes. `POST /v1/contacts/find`
and `POST /v1/memory/{memory_id}/user` only look, so they are reads.
"""

import re

from msgspec import Struct

from reconciler.errors import ForbiddenCallError

_ID = r"[^/?#]+"


class Allowed(Struct, frozen=True):
    """The method and path pairs that a client lets through, as `METHOD path` patterns."""

    patterns: tuple[str, ...]

    def check(self, method: str, path: str) -> None:
        """Raise `ForbiddenCallError` unless the call is on the list; `path` is without the query."""
        call = f"{method} {path}"
        if not any(re.fullmatch(pattern, call) for pattern in self.patterns):
            raise ForbiddenCallError(f"{call} is not a call that this client may send; nothing was sent")


READS = Allowed(
    (
        r"GET /v1/memory/context",
        rf"GET /v1/memory/contact/{_ID}",
        rf"GET /v1/memory/{_ID}",
        rf"POST /v1/memory/{_ID}/user",
        r"GET /v1/contacts",
        rf"GET /v1/contacts/{_ID}",
        r"POST /v1/contacts/find",
    )
)

READS_AND_WRITES = Allowed(
    (
        *READS.patterns,
        r"POST /v1/contacts/resolve",
        rf"PATCH /v1/contacts/{_ID}",
        r"POST /v1/memory/contact",
        rf"PATCH /v1/memory/contact/{_ID}/facts",
        rf"POST /v1/memory/{_ID}/add-user",
        rf"POST /v1/memory/{_ID}/user/update",
    )
)
