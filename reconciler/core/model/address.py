"""Names of what specs declare, made of any text where they have to be, and the addresses that are made of names."""

import re
from typing import Protocol
from unicodedata import normalize

from reconciler.core.model.text import quoted

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
LONGEST_NAME = 63

_IS_NAME = re.compile(NAME).fullmatch
_OTHER = re.compile("[^a-z0-9]+")
_LETTER = re.compile("[a-z]")
_DEVICE = re.compile(r"con|prn|aux|nul|(?:com|lpt)\d")
"""Names that are no files on Windows, whatever their ending."""

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
"""What stands for letters that have no accent to drop."""


def is_name(text: str) -> bool:
    """Return whether a text is a name as it stands."""
    return len(text) <= LONGEST_NAME and _IS_NAME(text) is not None


def slug(text: str) -> str:
    """Return the text in lower-case ASCII letters and digits with hyphens between; empty where it has none of them."""
    letters = text.lower()
    if not letters.isascii():
        letters = normalize("NFKD", letters.translate(_LETTERS)).encode("ascii", "ignore").decode().lower()
    return _OTHER.sub("-", letters)[: LONGEST_NAME + 1].strip("-")[:LONGEST_NAME].rstrip("-")


def contact_name(text: str) -> str:
    """
    Return the name of a contact that is made of a text; empty where it has no letters or digits.

    It is not of digits alone, which are dates and numbers to many, and good for a file.
    """
    name = slug(text)
    is_good = not name or (_LETTER.search(name) and not _DEVICE.fullmatch(name))
    return name if is_good else f"contact-{name}"[:LONGEST_NAME].rstrip("-")


def with_suffix(name: str, suffix: str) -> str:
    """Return a name with a suffix behind it, cut short where both together are too long."""
    return name[: LONGEST_NAME - len(suffix)].rstrip("-") + suffix


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
