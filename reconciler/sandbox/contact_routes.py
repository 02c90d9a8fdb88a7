"""Contacts (D, "Contacts"): listing, finding, resolving and updating them."""

from dataclasses import replace
from fnmatch import fnmatchcase

from reconciler.sandbox.answers import (
    CONTACT_ABSENT,
    IDENTIFIER_REQUIRED,
    Answer,
    RequestRefusedError,
    bad_request,
    embedded_memory,
    json_answer,
    success,
)
from reconciler.sandbox.request import Call, asked_page, created_status, mapping, misreported, scope_of, text
from reconciler.sandbox.settings import ListingQuirks
from reconciler.sandbox.values import JsonObject

_IDENTIFIERS = ("phone_number", "email", "external_id")


def listing(call: Call) -> Answer:
    """`GET /v1/contacts` (D): a page of contacts with all their memories; `pagination` stands beside `data`."""
    quirks, total = call.settings.listing, call.store.contacts.count()
    asked = asked_page(call.query, largest=quirks.largest_page)
    stated = asked if quirks.offset != "ignored" else replace(asked, offset=0)
    start = stated.offset if quirks.offset == "obeyed" else 0
    page = call.store.contacts.page(limit=asked.limit, offset=start)
    shown = [_listed(contact, quirks) for contact in _full(call, page)]
    pagination = misreported(stated.pagination(held=len(page), total=total), quirks, total=total)
    return json_answer({"data": shown, "pagination": pagination, "errors": None})


def get(call: Call) -> Answer:
    """`GET /v1/contacts/{contact_id}` (D)."""
    return success(_full_one(call, _contact(call)))


def find(call: Call) -> Answer:
    """`POST /v1/contacts/find` (D): reads, although it is a POST; null without an error where there is none."""
    contact = call.store.contacts.find(_identifiers(call))
    return success(None if contact is None else _full_one(call, contact))


def resolve(call: Call) -> Answer:
    """`POST /v1/contacts/resolve` (D): find or create; a contact that is found stays as it is (U16)."""
    identifiers = _identifiers(call)
    name, metadata = text(call.body, "name"), mapping(call.body, "metadata")
    found = call.store.contacts.find(identifiers)
    contact = found or call.store.contacts.insert({"name": name, "metadata": metadata or {}})
    if found is None:
        for kind, value in identifiers.items():
            call.store.identifiers.put(str(contact["id"]), kind=kind, value=value)
    _create_memory(call, str(contact["id"]))
    shown = _full_one(call, contact) if call.settings.revision == "L" else contact
    status = 200 if found is not None else created_status(call.settings)
    return success({"contact": shown, "created": found is None}, status=status)


def update(call: Call) -> Answer:
    """`PATCH /v1/contacts/{contact_id}` (D): metadata is merged; an address replaces the one of its kind (U18)."""
    given = {kind: value for kind in ("email", "external_id") if (value := text(call.body, kind)) is not None}
    name, metadata = text(call.body, "name"), mapping(call.body, "metadata") or {}
    contact = _contact(call)
    known = contact["metadata"] if isinstance(contact["metadata"], dict) else {}
    for kind, value in given.items():
        _give(call, kind=kind, value=value)
    call.store.contacts.update(call.ids["contact_id"], name=name or contact["name"], metadata={**known, **metadata})
    return success(_contact(call))


def _full(call: Call, contacts: list[JsonObject]) -> list[JsonObject]:
    """Return contacts with their identifiers and memories."""
    ids = [str(contact["id"]) for contact in contacts]
    identifiers = _by_contact(call.store.identifiers.of_contacts(ids))
    memories = _by_contact(call.store.memories.of_contacts(ids))
    extra: JsonObject = {"crm_syncs": []} if call.settings.revision == "L" else {}
    return [
        {
            **contact,
            "identifiers": identifiers.get(contact["id"], []),
            "memories": [embedded_memory(memory) for memory in memories.get(contact["id"], [])],
            **extra,
        }
        for contact in contacts
    ]


def _listed(contact: JsonObject, quirks: ListingQuirks) -> JsonObject:
    if not fnmatchcase(str(contact["id"]), quirks.without_memories):
        return contact
    return {field: value for field, value in contact.items() if field != "memories"}


def _full_one(call: Call, contact: JsonObject) -> JsonObject:
    return _full(call, [contact])[0]


def _by_contact(records: list[JsonObject]) -> dict[object, list[JsonObject]]:
    groups: dict[object, list[JsonObject]] = {}
    for record in records:
        groups.setdefault(record["contact_id"], []).append(record)
    return groups


def _contact(call: Call) -> JsonObject:
    contact = call.store.contacts.get(call.ids["contact_id"])
    if contact is None:
        raise RequestRefusedError(CONTACT_ABSENT)
    return contact


def _identifiers(call: Call) -> dict[str, str]:
    given = {kind: value for kind in _IDENTIFIERS if (value := text(call.body, kind)) is not None}
    if not given:
        raise RequestRefusedError(IDENTIFIER_REQUIRED)
    if "phone_number" in given:
        given["phone_number"] = call.number(given["phone_number"])
    return given


def _give(call: Call, *, kind: str, value: str) -> None:
    if call.store.identifiers.owner(kind=kind, value=value) not in {None, call.ids["contact_id"]}:
        raise RequestRefusedError(bad_request(f"{kind} belongs to another contact"))
    call.store.identifiers.put(call.ids["contact_id"], kind=kind, value=value)


def _create_memory(call: Call, contact_id: str) -> None:
    # In D, a resolve also creates the memory of the contact; L has dropped these two fields.
    scope = scope_of(call, {**call.body, "contact_id": contact_id})
    if call.settings.revision == "D" and scope is not None and call.store.memories.find(scope) is None:
        call.store.memories.create(scope)
