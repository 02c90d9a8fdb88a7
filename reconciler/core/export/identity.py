"""By what an exported contact is known: its id, or an identifier that no other contact has."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.desired import IdentifierKind, identifier_key
from reconciler.core.export.expressible import Accepts
from reconciler.core.remote import ContactRecord

IdentifyBy: TypeAlias = Literal["contact_id"] | IdentifierKind


class Identified(Struct, frozen=True):
    """What a spec says a contact is known by; `fell_back` where that is not what was asked for."""

    kind: IdentifyBy
    value: str
    fell_back: bool


class Identifying:
    """Chooses what contacts are known by, with all contacts of the account in view."""

    def __init__(self, listed: Iterable[ContactRecord], by: IdentifyBy, accepts: Accepts) -> None:
        self._by = by
        self._accepts = accepts
        shown = ({identifier_key(*item) for item in contact.identifiers or ()} for contact in listed)
        self._owners = Counter(key for keys in shown for key in keys)

    def of(self, contact: ContactRecord) -> Identified | None:
        """Give what a contact is known by; None where specs refuse its id."""
        if self._by != "contact_id" and (value := self._identifier(contact, self._by)):
            return Identified(self._by, value, fell_back=False)
        if not self._accepts("contact_id", contact.contact_id):
            return None
        return Identified("contact_id", contact.contact_id, fell_back=self._by != "contact_id")

    def _identifier(self, contact: ContactRecord, kind: IdentifierKind) -> str | None:
        """Give a contact's only identifier of a kind: of several, which one stays is not known."""
        match {value for live, value in contact.identifiers or () if live == kind}:
            case values if len(values) == 1:
                value = values.pop()
                usable = self._accepts(kind, value) and self._owners[identifier_key(kind, value)] == 1
                return value if usable else None
            case _:
                return None
