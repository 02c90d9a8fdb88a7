"""
The models of a spec file: its keys, with their descriptions and checks.

Models only check. What is declared is read from the document, because pydantic makes plain text of a secret.
"""

from typing import Annotated, Self, cast

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from reconciler.core.model.catalogue import NUMBERS, FactKey, FactType, broken_rule
from reconciler.core.model.desired import IDENTITY_KEYS
from reconciler.core.model.masking import compose, named
from reconciler.core.model.rules import RuleKind, RuleLevel
from reconciler.core.model.value import Json
from reconciler.errors import Source
from reconciler.reading import REFUSED, AccountId, Id, Strict, number_meant, wrong
from reconciler.specs.row_schema import ContactsFrom
from reconciler.specs.texts import Choice, Day, Email, ExternalKey, FactName, LabelKey, Name, Pattern, PhoneNumber

Facts = dict[str, object]


def _exactly_one(*keys: str) -> ConfigDict:
    """Express in the JSON Schema what a validator checks: exactly one of the keys is written."""
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in keys]})


class Layer(Strict):
    """A layer of facts; the place where it is written decides who gets them."""

    facts: Facts = Field(
        default_factory=dict,
        description="facts that are enforced: added when missing, updated when different, never removed",
    )
    seed_facts: Facts = Field(
        default_factory=dict, description="facts that are seeded: added when missing, never overwritten"
    )


class UserSpec(Strict):
    """A memory user; only the keys that are written are managed."""

    phone_number: PhoneNumber = Field(
        description="the user's phone number with its country code, kept as E.164; the memory knows the user by it"
    )
    metadata: str = Field(default="", description="what is known about the user, as one text")
    summary: str = Field(default="", description="the summary of the user's earlier calls")
    external_memory_key: ExternalKey = Field(
        default="", description="the key of this user's memory in another system; only sent when the user is added"
    )


class ScopeSpec(Layer):
    """Who remembers: a persona or an agent's phone number. Facts here hold for every contact in the scope."""

    model_config = _exactly_one("persona_id", "agent_number")

    persona_id: Id = Field(default="", description="the id of the persona that remembers")
    agent_number: PhoneNumber = Field(
        default="", description="the agent's phone number with its country code, kept as E.164"
    )

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

    model_config = _exactly_one(*IDENTITY_KEYS)

    contact_id: AccountId = Field(default="", description="the contact's id, as the account gives it")
    external_id: Id = Field(default="", description="the contact's id in another system, the same in every environment")
    phone_number: PhoneNumber = Field(
        default="", description="the contact's phone number with its country code, kept as E.164"
    )
    email: Email = Field(default="", description="the contact's email address")
    labels: dict[LabelKey, str] = Field(
        default_factory=dict, description="texts to choose contacts by (--label), never sent to the account"
    )
    name: str = Field(default="", description="the contact's name as the account keeps it")
    metadata: Facts = Field(default_factory=dict, description="the contact's metadata, merged key by key")
    scopes: dict[Name, MemorySpec] = Field(
        default_factory=dict, description="the scopes in which this contact should have a memory, by the scope's name"
    )

    @model_validator(mode="after")
    def _one_identifier(self) -> Self:
        written = sorted(self.model_fields_set & set(IDENTITY_KEYS))
        if not written:
            raise wrong(
                "a contact needs contact_id, external_id, phone_number or email",
                cure="add one of the four: it says who is remembered",
            )
        if len(written) > 1:
            raise wrong(
                f"a contact is identified by one key, not by {' and '.join(written)}",
                cure="keep one; the account holds the others",
            )
        return self


class ExistingMemorySpec(Strict):
    """A memory that exists already, by its id, for its users."""

    memory_id: AccountId = Field(description="the memory's id, as the account gives it")
    users: list[UserSpec] = Field(default_factory=list, description="the users of this memory")


def _different(values: list[object]) -> list[object]:
    if not values:
        raise wrong("an enum without values would allow none", cure="list them, or remove it")
    found: set[tuple[bool, object]] = set()
    for value in values:
        if value is not REFUSED and (isinstance(value, bool), value) in found:
            raise wrong(compose("{} is listed twice", named(value)), cure="keep one of the two")
        found.add((isinstance(value, bool), value))
    return values


class FactKeySpec(Strict):
    """A key that facts may have. Once there is any, keys that are not declared here are errors."""

    type: FactType | None = Field(default=None, description="what kind of value its facts have")
    enum: Annotated[list[Choice], AfterValidator(_different)] = Field(
        default_factory=list,
        description="the values that its facts may have",
        json_schema_extra={"minItems": 1},
    )
    pattern: Pattern | None = Field(
        default=None, description="a regular expression that the whole text of its facts matches"
    )
    max_length: int | None = Field(default=None, ge=1, description="how many characters its facts may have")
    description: str = Field(default="", description="what its facts are for, shown if a value breaks a rule")
    sensitive: bool = Field(
        default=False, description="show its values on the operator's own terminal alone, whoever declared them"
    )
    deprecated: str = Field(default="", description='why not to use it any more, and what to do: "use plan"')
    review_by: Day | None = Field(
        default=None, description="the day by which its facts should be reviewed; `lint` reports it"
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        """Refuse rules that no value can keep."""
        key = self.as_key("", Source(""))
        rules = [rule for rule in ("pattern", "max_length") if getattr(self, rule) is not None]
        if rules and self.type not in (None, "string"):
            rule = rules[0]
            raise wrong(f"{rule} is for text, and the type is {self.type}", cure=f"remove {rule}, or the type")
        if key.holds_numbers and key.enum:
            _different(list(key.enum))  # 1 and 1.0 are different texts, and one number
        for value in key.enum:
            rule_broken = broken_rule(key, value)
            if rule_broken and value is not REFUSED:
                raise wrong(
                    compose("enum allows {}, which breaks {}", named(value), rule_broken), cure="change one of the two"
                )
        return self

    @property
    def _choices(self) -> list[object]:
        return list(map(number_meant, self.enum)) if self.type in NUMBERS else self.enum

    def as_key(self, name: str, source: Source) -> FactKey:
        """Return the key of the catalogue that is declared under a name, at a place."""
        return FactKey(
            name=name,
            source=source,
            type=self.type,
            enum=tuple(cast("list[Json]", self._choices)),
            pattern=self.pattern,
            max_length=self.max_length,
            description=self.description,
            sensitive=self.sensitive,
            deprecated=self.deprecated,
            review_by=self.review_by,
        )


LONGEST_MESSAGE = 300
_EXPRESSION = "an expression in CEL that is true or false (`reconciler help rules` lists its variables)"


def _some_text(text: str) -> str:
    if not text.strip():
        raise wrong("this is empty", cure="write it, or remove the key")
    return text


class RuleSpec(Strict):
    """What must hold, or nothing is applied. Rules are not filled in, and no overlay changes them."""

    kind: RuleKind = Field(alias="for", description="what the rule is about, each by itself")
    where: Annotated[str, AfterValidator(_some_text)] = Field(
        default="", description=f"which of them the rule is about: {_EXPRESSION}; without it, all of them"
    )
    require: Annotated[str, AfterValidator(_some_text)] = Field(description=f"what must hold: {_EXPRESSION}")
    message: Annotated[str, AfterValidator(_some_text)] = Field(
        max_length=LONGEST_MESSAGE, description="why it must hold, shown as it is where it does not"
    )
    level: RuleLevel = Field(default="refuse", description="refuse to apply, or warn alone")


class SpecDocument(Strict):
    """A document of declarations; what it declares may be spread over any number of documents and files."""

    fact_keys: dict[FactName, FactKeySpec] = Field(
        default_factory=dict, description="the keys that facts may have; once there is any, others are errors"
    )
    scopes: dict[Name, ScopeSpec] = Field(default_factory=dict, description="who remembers, by name")
    contacts: dict[Name, ContactSpec] = Field(default_factory=dict, description="who is remembered, by name")
    contacts_from: list[ContactsFrom] = Field(
        default_factory=list, description="data files (CSV, JSON Lines, YAML) of which each row declares a contact"
    )
    memories: dict[Name, ExistingMemorySpec] = Field(
        default_factory=dict, description="memories that exist already, by name, declared for their users"
    )
    rules: dict[Name, RuleSpec] = Field(
        default_factory=dict, description="what must hold of contacts, memories and changes, by name"
    )
    live_values: bool = Field(
        default=False,
        description="these values came from an account, as those of an undo file: shown as live values are, and "
        "not checked against fact_keys",
    )
