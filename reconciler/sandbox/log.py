"""What was asked of the sandbox, so that a test can prove that a plan only reads."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """
    One request. Never holds a header, and so never a key.

    Attributes:
        method: As sent.
        path: Decoded, without the query.
        query: Decoded.
        body: The parsed JSON, or the text that is none; None where nothing was sent.
        status: What it was answered with; None where the connection was dropped, or the caller left.
        mutates: Whether the route may write; by the documentation, not by the method: some reads are POSTs.
        committed: Whether anything was in fact written.

    """

    method: str
    path: str
    query: Mapping[str, str]
    body: object
    status: int | None
    mutates: bool
    committed: bool
