"""The switches of the sandbox. Each unknown of the API's documentation that matters to a client is one of them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

ApiRevision: TypeAlias = Literal["D", "L"]
Numbers: TypeAlias = Literal["exact", "normalising", "bare", "spaced", "zeros"]
Role: TypeAlias = Literal["admin", "owner", "operator", "viewer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingQuirks:
    """
    How `GET /v1/contacts` misbehaves; by default not at all. What changes while it is read: see `faults.Meanwhile`.

    Attributes:
        largest_page: The most contacts on a page, whatever is asked for; `pagination.limit` says so.
        offset: Obeyed; ignored, so that every page is the first; or echoed: ignored as well, although `pagination`
            looks as if it had been obeyed.
        total_error: How far `pagination.total` is off.
        has_more: Right, always true, or always false.
        without_memories: A pattern for the ids of contacts that are listed without the field `memories`, in which
            ``*`` stands for anything; empty is none. Other calls show their memories.

    """

    largest_page: int = 200
    offset: Literal["obeyed", "ignored", "echoed"] = "obeyed"
    total_error: int = 0
    has_more: Literal["honest", "always", "never"] = "honest"
    without_memories: str = ""


HONEST = ListingQuirks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    How the sandbox behaves. Every default is that of the seeds, or else that of the documentation of their time (D).

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
        create_status: The HTTP status of an answer that created something (not stated). Where L states it, for a
            contact and a store, L counts: 201.
        patch_answer: The answer to new facts: the full record, or as short as the sample of S3.
        nested_merge: How a nested fact is merged (U7): replaced as a whole, or deep.
        add_user_error_status: The HTTP status of a refused add-user (U14, U19); None is 400, and 500 in L.
        absent_user: The answer for a user that a memory does not hold (U20).
        user_metadata: A user's metadata in the listing of a memory: a string (D) or an object (L); None is by the
            revision.
        revision: The errors and the shapes of answers: D, or L where it differs. The role, the limit and the context of
            an unknown contact have switches of their own.
        numbers: Phone numbers are kept, shown and compared as they are, or in one form (U5): E.164, or the same digits
            bare, spaced with brackets and hyphens, or after two zeros.
        texts: Texts that are written are kept as they are, or trimmed (weak: no page says so).
        require_contact: A memory can be created only for a known contact (U3); else its contact becomes known.
        listing: How the listing of contacts misbehaves.
        log_limit: How many requests the log keeps, the newest; None is all, which a sandbox that serves for long cannot
            afford.

    """

    key: str | None = None
    accept_bearer: bool = False
    role: Role = "admin"
    seeds_only: bool = False
    rate_limit: tuple[int, float] | None = None
    limit_body: Literal["text", "envelope", "status"] = "text"
    retry_after: Literal["none", "seconds", "date"] = "seconds"
    latency: float = 0.0
    empty_context: Literal["object", "null", "not_found"] = "object"
    create_status: Literal[200, 201] = 200
    patch_answer: Literal["full", "trimmed"] = "full"
    nested_merge: Literal["shallow", "deep"] = "shallow"
    add_user_error_status: Literal[400, 409, 500] | None = None
    absent_user: Literal["error", "null", "empty"] = "error"
    user_metadata: Literal["string", "object"] | None = None
    revision: ApiRevision = "D"
    numbers: Numbers = "exact"
    texts: Literal["exact", "trimmed"] = "exact"
    require_contact: bool = False
    listing: ListingQuirks = HONEST
    log_limit: int | None = None


DEFAULTS = Settings()
