"""
Undo files: what `apply --save-undo` writes and `undo` reads.

An undo file has two documents: a header with the account and with what cannot be restored, and the former values as a
spec.

It is not checked against the catalogue, since a rollback must not fail for a rule that was added later.
"""

import os
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field

from reconciler.core.export.undo import Undo
from reconciler.core.model.address import fact_address, user_address
from reconciler.core.model.desired import Contact, ContactMemory, Desired, Fact, Memory, User
from reconciler.core.model.references import escaped
from reconciler.core.model.text import Secret, as_secret, visible
from reconciler.core.model.value import Json
from reconciler.errors import InputError, Source, SpecError
from reconciler.reading import ParsedFile, Strict, check, read_bytes, read_file
from reconciler.reading.writing import written
from reconciler.specs.assembly import assemble
from reconciler.specs.declarations import declarations
from reconciler.specs.problems import UNDO, Problems, is_undo, spec_address
from reconciler.specs.references import NO_REFERENCES, resolve

_ABOUT = (
    "Written by `reconciler apply --save-undo`: what the account held before.",
    "To bring it back: `reconciler undo FILE`, with this file. It is no spec: keep it out of the specs.",
    "These values are about real people. Keep them no longer than you need them.",
)
_DOCUMENTS = 2
_UNNAMED = "the undo file"


class UndoHeader(Strict):
    """
    Whom an undo file is for, and what it does not bring back.

    `account` is a digest of the API's URL, keyed with the API key. `cannot_restore` gives the reasons by operation and
    place. What was added `stays`. Values at the addresses of `secrets` are shown to nobody.
    """

    environment: str = Field(min_length=1)
    api: str = Field(min_length=1)
    account: str = Field(min_length=1)
    cannot_restore: dict[str, dict[str, str]] = Field(default_factory=dict)
    stays: list[str] = Field(default_factory=list)
    secrets: list[str] = Field(default_factory=list)


class _HeaderDocument(Strict):
    undo: UndoHeader


class SavedUndo(Struct, frozen=True):
    """An undo file that was read."""

    header: UndoHeader
    desired: Desired


def undo_text(undo: Undo, *, environment: str, api: str, account: str) -> str:
    """Return the text of an undo file; raises `SpecError` where it could not be read again."""
    header: dict[str, Json] = {"environment": environment, "api": api, "account": account}
    header |= {"cannot_restore": _lost(undo)} if undo.lost else {}
    header |= {"stays": [visible(address) for address in undo.stays]} if undo.stays else {}
    header |= {"secrets": [visible(address) for address in undo.secrets]} if undo.secrets else {}
    values: dict[str, Json] = {"live_values": True}
    values |= {section: escaped(entries) for section, entries in undo.document.items()}
    text = written({UNDO: header}, comments=_ABOUT) + "---\n" + written(values)
    _saved(read_bytes(text.encode(), file=_UNNAMED, address=spec_address), _UNNAMED)
    return text


def load_undo(file: Path) -> SavedUndo:
    """Read an undo file; raises `InputError` for anything else, and `SpecError` for one that somebody broke."""
    if not os.path.lexists(file):
        raise InputError(
            f"cannot read {file}: no such file; `reconciler apply --save-undo FILE` writes one before its first write, "
            "and none where it is refused"
        )
    parsed = read_file(file, name=str(file), address=spec_address)
    if not parsed.problems and not is_undo(parsed):
        raise InputError(f"{file} is no undo file; `reconciler apply --save-undo FILE` writes one")
    return _saved(parsed, str(file))


def _lost(undo: Undo) -> dict[str, Json]:
    """Return why values are not brought back, by operation and place."""
    operations = dict.fromkeys(one.operation for one in undo.lost)
    return {
        visible(operation): {visible(one.place): one.reason for one in undo.lost if one.operation == operation}
        for operation in operations
    }


def _saved(parsed: ParsedFile, file: str) -> SavedUndo:
    """Check and read an undo file; raise `SpecError` with all its problems, which quote none of its values."""
    problems = Problems()
    problems.withhold(file)
    problems.take(parsed.problems)
    header, desired = None, None
    if len(parsed.documents) == _DOCUMENTS:
        checked = check(_HeaderDocument, parsed.documents[0])
        problems.take(checked.problems)
        header = checked.model.undo if checked.model else None
        declared = declarations(resolve(parsed.documents[1], NO_REFERENCES, problems), problems)
        desired = assemble([declared], problems, is_complete=parsed.is_complete)
    elif not parsed.problems:
        message = "an undo file has two documents: `undo`, and the values"
        problems.add(Source(file, 1, 1), "", message=message, cure="take it as it was written")
    if header is None or desired is None or problems.found:
        raise SpecError(problems.found)
    return SavedUndo(header, _with_secrets(desired, frozenset(header.secrets)))


def _with_secrets(desired: Desired, secrets: frozenset[str]) -> Desired:
    """Return declarations in which the values at these addresses are secrets."""

    def hidden(fact: Fact, address: str) -> Fact:
        return replace(fact, value=as_secret(fact.value)) if visible(address) in secrets else fact

    def of_contact(contact: Contact) -> Contact:
        profile = tuple(hidden(fact, f"{contact.address}.{fact.key}") for fact in contact.profile)
        return replace(contact, profile=profile)

    def of_users(owner: Memory) -> tuple[User, ...]:
        return tuple(of_user(user, user_address(owner.address, user.phone_number)) for user in owner.users)

    def of_user(user: User, address: str) -> User:
        texts = {key: getattr(user, key) for key in ("metadata", "summary") if f"{address}.{key}" in secrets}
        return replace(user, **{key: Secret(text) for key, text in texts.items() if text is not None})

    def of_memory(memory: ContactMemory) -> ContactMemory:
        facts = tuple(hidden(fact, fact_address(memory.address, fact.key)) for fact in memory.facts)
        return replace(memory, contact=of_contact(memory.contact), facts=facts, users=of_users(memory))

    return replace(
        desired,
        contacts=tuple(map(of_contact, desired.contacts)),
        contact_memories=tuple(map(of_memory, desired.contact_memories)),
        existing_memories=tuple(replace(one, users=of_users(one)) for one in desired.existing_memories),
    )
