"""What a route gets: a request that passed the gate, its fields, and the page that it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.sandbox.answers import Failure, RequestRefusedError, bad_request
from reconciler.sandbox.settings import ListingQuirks, Settings
from reconciler.sandbox.store import Store
from reconciler.sandbox.values import JsonObject, Scope, in_form


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
