"""Addresses: the names by which plans, receipts, errors and `--target` speak of things."""

import re
from typing import Protocol

from reconciler.core.model.text import quoted

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


def contact_address(contact: str) -> str:
    """Return `contacts.NAME`."""
    return f"contacts.{contact}"


def memory_address(contact: str, scope: str) -> str:
    """Return `contacts.NAME.scopes.SCOPE`, the memory of a contact in a scope."""
    return f"contacts.{contact}.scopes.{scope}"


def existing_address(name: str) -> str:
    """Return `memories.NAME`, a memory that is declared by its id."""
    return f"memories.{name}"


def fact_address(memory: str, key: str) -> str:
    """Return `MEMORY.facts.KEY`; a key that is not one plain word is in brackets and quotes."""
    return keyed_address(f"{memory}.facts", key)


def keyed_address(owner: str, key: str) -> str:
    """Return `OWNER.KEY`, or `OWNER["KEY"]` for a key that is not one plain word."""
    return f"{owner}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{owner}[{quoted(key)}]"


def user_address(memory: str, phone_number: str) -> str:
    """Return `MEMORY.users["+1…"]`."""
    return f"{memory}.users[{quoted(phone_number)}]"


def memory_of(address: str) -> str:
    """Return the address of the memory that a user belongs to; any other address as it is."""
    return address.partition(".users[")[0]


def is_within(address: str, owner: str) -> bool:
    """Return whether an address is that of `owner`, or of something below it."""
    return address == owner or address.startswith((f"{owner}.", f"{owner}["))


def unit_of(address: str) -> str:
    """Return the address of the contact, or of the memory declared by its id, that an address belongs to."""
    return ".".join(address.split(".")[:2]).partition("[")[0]


class Addressed(Protocol):
    """An operation in any form: its type and its address identify it."""

    @property
    def type(self) -> str:
        """Return the kind of operation."""
        ...

    @property
    def address(self) -> str:
        """Return the address of what it changes."""
        ...


def operation_key(operation: Addressed) -> tuple[str, str]:
    """Return what identifies an operation in a plan."""
    return operation.type, operation.address
