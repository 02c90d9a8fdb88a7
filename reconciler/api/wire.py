"""
The `data` of the API's answers → values, pure.

Unknown fields are ignored and missing ones have defaults, since the samples of the reference differ among themselves.
Each function takes what was asked, and raises `OtherRecordError` for an answer about something else.
"""

from collections.abc import Mapping
from functools import lru_cache
from sys import intern
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reconciler.core.matching import (
    Asked,
    check_contact,
    check_contact_id,
    check_listed_once,
    check_memory,
    check_memory_id,
    check_scope,
    check_user,
    is_same_id,
)
from reconciler.core.model.desired import AgentNumber, Persona, ScopeKey
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import Json, comparable
from reconciler.core.remote import ContactPage, ContactRecord, Context, Record, UserPage
from reconciler.errors import ApiUnavailableError, EmptyAnswerError


class _Body(BaseModel):
    # errors without their input, which may hold what the account knows of people
    model_config = ConfigDict(coerce_numbers_to_str=True, hide_input_in_errors=True, defer_build=True)


class _ContextBody(_Body):
    contact_id: str | None = None
    summary: str | None = None
    contactFacts: dict[str, Any] | None = None  # noqa: N815  the API's own name
    recentMessages: list[Any] | None = None  # noqa: N815  the API's own name
    entities: list[Any] | None = None
    openItems: list[Any] | None = None  # noqa: N815  the API's own name


class _ScopedBody(_Body):
    contact_id: str | None = None
    persona_id: str | None = None
    agent_number: str | None = None


class _FactsBody(_ScopedBody):
    id: str | None = None
    facts: dict[str, Any] | None = None


class _RecordBody(_FactsBody):
    id: str


class _CreatedBody(_Body):
    memory: _RecordBody
    created: bool = False


class _UserBody(_Body):
    metadata: Any = None
    summary: str | None = None
    external_memory_key: Any = None


class _WrittenUserBody(_Body):
    memory_id: str | None = None
    phone_number: str | None = None


class _ListedUserBody(_UserBody, _WrittenUserBody):
    phone_number: str


class _PaginationBody(_Body):
    total: int | None = None
    has_more: bool | None = None


class _UsersBody(_Body):
    memory_id: str | None = None
    users: Annotated[list[_ListedUserBody], Field(fail_fast=True)]
    pagination: _PaginationBody | None = None


class _IdentifierBody(_Body):
    identifier_type: str
    identifier_value: str
    contact_id: str | None = None


class _ContactBody(_Body):
    id: str
    org_id: str | None = None
    name: str | None = None
    metadata: dict[str, Any] | None = None
    identifiers: Annotated[list[_IdentifierBody], Field(fail_fast=True)] | None = None
    memories: Annotated[list[_RecordBody], Field(fail_fast=True)] | None = None


class _ResolvedBody(_Body):
    contact: _ContactBody
    created: bool = False


class _ContactsBody(_Body):
    data: Annotated[list[_ContactBody], Field(fail_fast=True)]
    pagination: _PaginationBody | None = None


_Model = TypeVar("_Model", bound=_Body)

NO_CONTEXT = Context(facts={}, is_empty=True, contact_known=False)


def context_from(data: Json, asked: Asked) -> Context:
    """Read the answer of the context call; `data: null` is an empty context."""
    body = _parse(_ContextBody, {} if data is None else data)
    check_contact_id(asked, body.contact_id)
    parts = (body.summary, body.contactFacts, body.recentMessages, body.entities, body.openItems)
    return Context(facts=comparable(body.contactFacts or {}), is_empty=not any(parts), contact_known=True)


def record_from(data: Json, asked: Asked) -> Record | None:
    """Read a contact memory; None for `data: null`."""
    return None if data is None else _checked_record(_parse(_RecordBody, data), asked)


def created_from(data: Json, asked: Asked) -> tuple[Record, bool]:
    """Read the answer of the get-or-create call: the record, and whether it is new."""
    body = _parse(_CreatedBody, _not_empty(data))
    return _checked_record(body.memory, asked), body.created


def facts_from(data: Json, asked: Asked) -> Mapping[str, Json] | None:
    """Read the facts that a memory holds after a write; None where the answer does not show them."""
    if data is None:
        return None
    body = _parse(_FactsBody, data)
    check_memory_id(asked, body.id)
    check_contact_id(asked, body.contact_id)
    check_scope(asked, _scope_key(body))
    return None if body.facts is None else comparable(body.facts)


def users_from(data: Json, asked: Asked) -> UserPage:
    """Read a page of a memory's users; raises where one is listed twice with different texts."""
    body = _parse(_UsersBody, data)
    check_memory_id(asked, body.memory_id)
    users: dict[str, LiveUser] = {}
    for user in body.users:
        check_memory_id(asked, user.memory_id)
        live = _user(user)
        check_listed_once(asked, users.setdefault(user.phone_number, live), live)
    has_more = bool(body.users) and body.pagination is not None and body.pagination.has_more is True
    return UserPage(users, has_more=has_more)


def user_from(data: Json, asked: Asked) -> LiveUser | None:
    """Read one user; None for `data: null` and for an empty object, which an absent user may be answered with."""
    entry_from({"user": data}, asked)
    return _user(_parse(_UserBody, data)) if data else None


def entry_from(data: Json, asked: Asked) -> Mapping[str, Json]:
    """Read the texts of a user that the answer to a write shows."""
    answer = _not_empty(data)
    user = answer.get("user") if isinstance(answer, dict) else None
    if not isinstance(user, dict):
        return {}
    body = _parse(_WrittenUserBody, user)
    check_memory_id(asked, body.memory_id)
    check_user(asked, body.phone_number)
    return {key: text for key, text in user.items() if isinstance(text, str)}


def contact_from(data: Json, asked: Asked) -> ContactRecord | None:
    """Read a contact; None for `data: null`, as `POST /v1/contacts/find` answers where there is none."""
    return None if data is None else _checked_contact(_parse(_ContactBody, data), asked)


def resolved_from(data: Json, asked: Asked) -> tuple[ContactRecord, bool]:
    """Read the answer of the find-or-create call: the contact, and whether it is new."""
    body = _parse(_ResolvedBody, _not_empty(data))
    return _checked_contact(body.contact, asked), body.created


def contacts_from(body: Json, size: int) -> ContactPage:
    """
    Read a page of contacts; `pagination` stands beside `data`, so this takes the whole body, which had `size` bytes.

    The request names nobody, so each contact is checked later, where one is looked for.
    """
    page = _parse(_ContactsBody, body)
    pagination = page.pagination or _PaginationBody()
    return ContactPage(tuple(map(_contact, page.data)), pagination.total, pagination.has_more, size)


def _checked_record(body: _RecordBody, asked: Asked) -> Record:
    record = _record(body)
    check_memory(asked, record)
    return record


def _checked_contact(body: _ContactBody, asked: Asked) -> ContactRecord:
    contact = _contact(body)
    check_contact(asked, contact)
    return contact


def _not_empty(data: Json) -> Json:
    """Return the data of the answer to a write; raises `EmptyAnswerError` where there is none."""
    if data is None:
        raise EmptyAnswerError
    return data


def _record(body: _RecordBody, owner: str = "") -> Record:
    """Read a memory; the id of the contact that shows it is not held twice."""
    contact_id = owner if body.contact_id == owner else body.contact_id or ""
    return Record(body.id, contact_id, _scope_key(body), comparable(body.facts or {}))


def _contact(body: _ContactBody) -> ContactRecord:
    return ContactRecord(
        contact_id=body.id,
        profile=_profile(body),
        identifiers=_identifiers(body),
        memories=None if body.memories is None else tuple(_record(one, body.id) for one in body.memories),
        organization=body.org_id and intern(body.org_id),
    )


def _identifiers(body: _ContactBody) -> tuple[tuple[str, str], ...] | None:
    """Return a contact's identifiers, without those that name another contact."""
    if body.identifiers is None:
        return None
    own = (item for item in body.identifiers if not item.contact_id or is_same_id(item.contact_id, body.id))
    return tuple((intern(item.identifier_type), item.identifier_value) for item in own)


def _profile(body: _ContactBody) -> Mapping[str, Json]:
    """Return a contact's name and metadata, as far as they are set; null is not set."""
    metadata = None if body.metadata is None else comparable(body.metadata)
    fields: dict[str, Json] = {"name": body.name, "metadata": metadata}
    return {key: value for key, value in fields.items() if value is not None}


def _user(body: _UserBody) -> LiveUser:
    """Read a user; metadata that is not text, as newer documentation lists it, cannot be compared."""
    is_text = body.metadata is None or isinstance(body.metadata, str)
    key = body.external_memory_key if isinstance(body.external_memory_key, str) else None
    return LiveUser(body.metadata if is_text else None, body.summary, is_text, key)


_persona = lru_cache(Persona)  # many memories are of few


def _scope_key(body: _ScopedBody) -> ScopeKey | None:
    if body.persona_id is not None:
        return _persona(body.persona_id)
    return None if body.agent_number is None else AgentNumber(body.agent_number)


def _parse(model: type[_Model], data: Json) -> _Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, item["loc"])) or "data" for item in error.errors()}))
        undocumented = ApiUnavailableError(
            f"the answer is not what the API's documentation describes (look at {places})", may_have_happened=True
        )
        undocumented.is_final = True
        raise undocumented from error
