"""
JSON of the API ↔ values, pure: the requests of the five calls, and what their answers mean.

Fields are those of the API reference; unknown ones are passed over and missing ones defaulted, since the samples of
the reference differ among themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from reconciler.core.desired import AgentNumber, Persona, ScopeKey, User
from reconciler.core.remote import Context, Record
from reconciler.core.value import Json
from reconciler.errors import ApiUnavailableError


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `path` is percent-encoded, query included; `repeatable` where sending it twice does no harm."""

    method: str
    path: str
    body: Mapping[str, Json] | None
    repeatable: bool = True


def context_request(contact_id: str, scope_key: ScopeKey) -> Request:
    """Ask for the facts of a contact in a scope (`GET /v1/memory/context`)."""
    query = urlencode({"contact_id": contact_id, **scope_key.fields}, quote_via=quote)
    return Request("GET", f"/v1/memory/context?{query}", None)


def memory_request(memory_id: str) -> Request:
    """Ask for a contact memory by its id (`GET /v1/memory/contact/{memory_id}`)."""
    return Request("GET", f"/v1/memory/contact/{_segment(memory_id)}", None)


def create_memory_request(contact_id: str, scope_key: ScopeKey) -> Request:
    """Get or create a memory (`POST /v1/memory/contact`); a second call gives the record of the first."""
    return Request("POST", "/v1/memory/contact", {"contact_id": contact_id, **scope_key.fields})


def write_facts_request(memory_id: str, facts: Mapping[str, Json]) -> Request:
    """Merge facts into a memory (`PATCH /v1/memory/contact/{memory_id}/facts`); no key is deleted."""
    return Request("PATCH", f"/v1/memory/contact/{_segment(memory_id)}/facts", {"facts": facts})


def add_user_request(memory_id: str, user: User) -> Request:
    """Add a user (`POST /v1/memory/{memory_id}/add-user`), which errors for a number that is already there."""
    fields = {
        "phone_number": user.phone_number,
        "metadata": user.metadata,
        "summary": user.summary,
        "external_memory_key": user.external_memory_key,
    }
    declared = {name: text for name, text in fields.items() if text is not None}
    return Request("POST", f"/v1/memory/{_segment(memory_id)}/add-user", declared, repeatable=False)


def _segment(identifier: str) -> str:
    return quote(identifier, safe="")


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class _ContextBody(_Body):
    summary: str | None = None
    contactFacts: dict[str, Any] | None = None  # noqa: N815  the API's own name
    recentMessages: list[Any] | None = None  # noqa: N815  the API's own name
    entities: list[Any] | None = None
    openItems: list[Any] | None = None  # noqa: N815  the API's own name


class _RecordBody(_Body):
    id: str
    contact_id: str = ""
    persona_id: str | None = None
    agent_number: str | None = None
    facts: dict[str, Any] | None = None


class _CreatedBody(_Body):
    memory: _RecordBody
    created: bool = True


class _FactsBody(_Body):
    facts: dict[str, Any] | None = None


_Model = TypeVar("_Model", bound=_Body)

UNKNOWN_CONTACT = Context(facts={}, is_empty=True, contact_known=False)


def context_from(data: Json) -> Context:
    """Read the answer of the context call; `data: null` is an empty context."""
    body = _parse(_ContextBody, {} if data is None else data)
    parts = (body.summary, body.contactFacts, body.recentMessages, body.entities, body.openItems)
    return Context(facts=body.contactFacts or {}, is_empty=not any(parts), contact_known=True)


def record_from(data: Json) -> Record | None:
    """Read a contact memory; None for `data: null`."""
    return None if data is None else _record(_parse(_RecordBody, data))


def created_from(data: Json) -> tuple[Record, bool]:
    """Read the answer of the get-or-create call: the record, and whether it is new."""
    body = _parse(_CreatedBody, data)
    return _record(body.memory), body.created


def facts_from(data: Json) -> Mapping[str, Json] | None:
    """Read the facts that a memory holds after a write; None where the answer does not tell."""
    return None if data is None else _parse(_FactsBody, data).facts


def _record(body: _RecordBody) -> Record:
    return Record(body.id, body.contact_id, _scope_key(body), body.facts or {})


def _scope_key(body: _RecordBody) -> ScopeKey | None:
    if body.persona_id is not None:
        return Persona(body.persona_id)
    return None if body.agent_number is None else AgentNumber(body.agent_number)


def _parse(model: type[_Model], data: Json) -> _Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, item["loc"])) or "data" for item in error.errors()}))
        raise ApiUnavailableError(
            f"the answer is not what the API's documentation describes (look at {places})", may_have_happened=True
        ) from error
