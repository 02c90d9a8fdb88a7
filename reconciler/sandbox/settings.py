"""The switches of the sandbox. Each unknown of the API's documentation that matters to a client is one of them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Revision: TypeAlias = Literal["D", "L"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    How the sandbox behaves. Every default is what the seeds say, or else the documentation of their time (D).

    Attributes:
        key: The only accepted API key; None accepts any key that is not empty.
        accept_bearer: Also accept ``Bearer KEY``. The documentation sends the raw key.
        role: The role of the key's owner in the organisation (L): a viewer may not write.
        seeds_only: Only the five calls of the seeds exist.
        rate_limit: So many requests in so many seconds on ``/v1/memory/*`` (L: 100 in 900); None is no limit.
        limit_body: The body of a 429 (U15): plain text, the envelope, or status and message.
        retry_after: The ``Retry-After`` header of a 429 (U15): none, in seconds, or as a date.
        latency: Seconds that every request takes at least.
        empty_context: The context where there is no record (U1, U2): the empty object, a null, or, for a contact that
            is unknown, `NOT_FOUND` (L).
        create_status: The HTTP status of an answer that created something (not stated; L shows 201 for some).
        patch_answer: The answer to new facts: the full record, or as short as the sample of S3.
        nested_merge: How a nested fact is merged (U7): replaced as a whole, or deep.
        add_user_error_status: The HTTP status of a refused add-user (U14, U19).
        absent_user: The answer for a user that a memory does not hold (U20).
        user_metadata: A user's metadata in the listing of a memory: a string (D) or an object (L).
        revision: The names of errors and the shapes of answers: D, or L where it differs.
        numbers: Phone numbers are compared as they are, or brought to E.164 first (U5).
        require_contact: A memory can be created only for a known contact (U3); else its contact becomes known.

    """

    key: str | None = None
    accept_bearer: bool = False
    role: Literal["admin", "owner", "operator", "viewer"] = "admin"
    seeds_only: bool = False
    rate_limit: tuple[int, float] | None = None
    limit_body: Literal["text", "envelope", "status"] = "text"
    retry_after: Literal["none", "seconds", "date"] = "seconds"
    latency: float = 0.0
    empty_context: Literal["object", "null", "not_found"] = "object"
    create_status: Literal[200, 201] = 200
    patch_answer: Literal["full", "trimmed"] = "full"
    nested_merge: Literal["shallow", "deep"] = "shallow"
    add_user_error_status: Literal[400, 409, 500] = 400
    absent_user: Literal["error", "null", "empty"] = "error"
    user_metadata: Literal["string", "object"] = "string"
    revision: Revision = "D"
    numbers: Literal["exact", "normalising"] = "exact"
    require_contact: bool = False


DEFAULTS = Settings()
