"""Name contacts and scopes in an export: unique slugs of live names, and identifiers."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, TypeVar, assert_never

from msgspec import Struct

from reconciler.core.export.left_out import Accepts
from reconciler.core.model.address import contact_name, slug, with_suffix
from reconciler.core.model.desired import AgentNumber, IdentifierKind, Persona, ScopeKey, identifier_key
from reconciler.core.model.phone_numbers import e164_of
from reconciler.core.remote import ContactRecord

IdentifyBy: TypeAlias = Literal["contact_id"] | IdentifierKind


class Identified(Struct, frozen=True):
    """The declared identity of a contact; `fell_back` where that is not the kind that was asked for."""

    kind: IdentifyBy
    value: str
    fell_back: bool


class Identifying:
    """Chooses how contacts are identified, with regard to all contacts of the account."""

    def __init__(self, listed: Iterable[ContactRecord], by: IdentifyBy, accepts: Accepts) -> None:
        self._by = by
        self._accepts = accepts
        shown = ({identifier_key(*item) for item in contact.identifiers or ()} for contact in listed)
        self._owners = Counter(key for keys in shown for key in keys)

    def of(self, contact: ContactRecord) -> Identified | None:
        """Return the identity of a contact; None where specs refuse its id."""
        if self._by != "contact_id" and (value := self._identifier(contact, self._by)):
            return Identified(self._by, value, fell_back=False)
        if not self._accepts("contact_id", contact.contact_id):
            return None
        return Identified("contact_id", contact.contact_id, fell_back=self._by != "contact_id")

    def _identifier(self, contact: ContactRecord, kind: IdentifierKind) -> str | None:
        """Return a contact's only identifier of a kind; None where there are several, since any may be removed."""
        match {value for live, value in contact.identifiers or () if live == kind}:
            case values if len(values) == 1:
                value = values.pop()
                usable = self._accepts(kind, value) and self._owners[identifier_key(kind, value)] == 1
                return (e164_of(value) if kind == "phone_number" else value) if usable else None
            case _:
                return None


_ID_SHOWN = 8
_Key = TypeVar("_Key")


def contact_names(
    contacts: Iterable[ContactRecord], identities: Mapping[str, Identified], taken: Iterable[str] = ()
) -> Mapping[str, str]:
    """
    Return a name for each contact, by its id: from its live name, else from what the specs know it by.

    Where several contacts have one name, each gets the end of its id. So a name never passes on to another contact.
    """
    ordered = sorted(contacts, key=lambda contact: contact.contact_id)
    wanted = {contact.contact_id: _contact_slug(contact, identities.get(contact.contact_id)) for contact in ordered}
    others = {name.casefold() for name in taken}
    times = Counter(wanted.values())
    shared = {name for name, number in times.items() if number > 1 or name in others}
    names = {key: _with_id(name, key) if name in shared else name for key, name in wanted.items()}
    return _unique(names, others)


def scope_names(scope_keys: Iterable[ScopeKey], taken: Iterable[str] = ()) -> Mapping[ScopeKey, str]:
    """Return a name for each scope: the persona's id, or the digits of the line."""
    ordered = sorted(set(scope_keys), key=lambda scope_key: sorted(scope_key.fields.items()))
    return _unique({scope_key: _scope_slug(scope_key) for scope_key in ordered}, taken)


def _contact_slug(contact: ContactRecord, identified: Identified | None) -> str:
    name = contact.profile.get("name")
    if isinstance(name, str) and (of_name := contact_name(name)):
        return of_name
    if identified is not None and identified.kind != "contact_id" and (known := contact_name(identified.value)):
        return known
    return f"contact-{slug(contact.contact_id[:_ID_SHOWN])}".rstrip("-")


def _with_id(name: str, contact_id: str) -> str:
    end = slug(contact_id)[-_ID_SHOWN:].strip("-")
    return with_suffix(name, f"-{end}") if end else name


def _scope_slug(scope_key: ScopeKey) -> str:
    match scope_key:
        case Persona(persona_id=persona_id):
            return slug(persona_id) or "persona"
        case AgentNumber(agent_number=agent_number):
            return f"line-{slug(agent_number)}"
        case _:
            assert_never(scope_key)


def _unique(wanted: Mapping[_Key, str], others: Iterable[str]) -> dict[_Key, str]:
    """Return a unique name for each key: the wanted one, or else the first free one of `NAME-2`, `NAME-3` and so on."""
    taken = set(others)
    names: dict[_Key, str] = {}
    numbers: dict[str, int] = {}
    for key, name in wanted.items():
        chosen = name
        while chosen in taken:
            numbers[name] = numbers.get(name, 1) + 1
            suffix = f"-{numbers[name]}"
            chosen = with_suffix(name, suffix)
        taken.add(chosen)
        names[key] = chosen
    return names
