"""
The keys of a spec file, with what each is for. The facts themselves are checked in `facts`, at any depth.

Models only check: pydantic copies texts, and a secret would become plain text. What is declared is read from the
document.
"""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from reconciler.core.desired import IDENTIFIER_KINDS
from reconciler.reading import Strict, wrong
from reconciler.specs.texts import Email, Id, Name, PhoneNumber

Facts = dict[str, object]


def _exactly_one(*keys: str) -> ConfigDict:
    """Say in the JSON Schema what a validator checks: exactly one of the keys is written."""
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in keys]})


class Layer(Strict):
    """A layer of facts; what they are for depends on where they stand."""

    facts: Facts = Field(
        default_factory=dict,
        description="facts that are kept: added when missing, updated when different, never removed",
    )
    seed_facts: Facts = Field(
        default_factory=dict, description="facts that are planted: added when missing, never overwritten"
    )


class UserSpec(Strict):
    """A memory user; only the keys that are written are managed."""

    phone_number: PhoneNumber = Field(description="the user's phone number in E.164, by which the memory knows them")
    metadata: str = Field(default="", description="what is known about the user, as one text")
    summary: str = Field(default="", description="the summary of the user's earlier calls")
    external_memory_key: str = Field(default="", description="the key of this user's memory in another system")


class ScopeSpec(Layer):
    """Who remembers: a persona or an agent's phone number. Facts here hold for every contact in the scope."""

    model_config = _exactly_one("persona_id", "agent_number")

    persona_id: Id = Field(default="", description="the id of the persona that remembers")
    agent_number: PhoneNumber = Field(default="", description="the agent's phone number in E.164")

    @model_validator(mode="after")
    def _one_identifier(self) -> Self:
        written = self.model_fields_set & {"persona_id", "agent_number"}
        if not written:
            raise wrong("a scope needs persona_id or agent_number", cure="add one of the two: it says who remembers")
        if len(written) > 1:
            raise wrong("a scope has persona_id or agent_number, not both", cure="keep one, or declare two scopes")
        return self


class MemorySpec(Layer):
    """The memory of a contact in a scope. Facts here hold in this scope only."""

    users: list[UserSpec] = Field(default_factory=list, description="the users of this memory")


class ContactSpec(Layer):
    """A contact, known by exactly one of four things. Facts here hold in each of the contact's scopes."""

    model_config = _exactly_one("contact_id", *IDENTIFIER_KINDS)

    contact_id: Id = Field(default="", description="the contact's id, as the account gives it")
    external_id: Id = Field(default="", description="the contact's id in another system, the same in every environment")
    phone_number: PhoneNumber = Field(default="", description="the contact's phone number in E.164")
    email: Email = Field(default="", description="the contact's email address")
    name: str = Field(default="", description="the contact's name as the account keeps it")
    metadata: Facts = Field(default_factory=dict, description="the contact's metadata, merged key by key")
    scopes: dict[Name, MemorySpec] = Field(
        default_factory=dict, description="the scopes in which this contact should have a memory, by the scope's name"
    )

    @model_validator(mode="after")
    def _one_identifier(self) -> Self:
        written = sorted(self.model_fields_set & {"contact_id", *IDENTIFIER_KINDS})
        if not written:
            raise wrong(
                "a contact needs contact_id, external_id, phone_number or email",
                cure="add one of the four: it says who is remembered",
            )
        if len(written) > 1:
            raise wrong(
                f"a contact is known by one thing, not by {' and '.join(written)}",
                cure="keep one; the account knows the others",
            )
        return self


class ExistingMemorySpec(Strict):
    """A memory that exists already, by its id, for its users."""

    memory_id: Id = Field(description="the memory's id, as the account gives it")
    users: list[UserSpec] = Field(default_factory=list, description="the users of this memory")


class SpecDocument(Strict):
    """A document of declarations; what it declares may be spread over any number of documents and files."""

    scopes: dict[Name, ScopeSpec] = Field(default_factory=dict, description="who remembers, by name")
    contacts: dict[Name, ContactSpec] = Field(default_factory=dict, description="who is remembered, by name")
    memories: dict[Name, ExistingMemorySpec] = Field(
        default_factory=dict, description="memories that exist already, by name, declared for their users"
    )
