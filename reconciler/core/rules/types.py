"""The types of expressions, and the variables that the rules of each kind have."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

from reconciler.core.model.catalogue import Catalogue, FactType
from reconciler.core.model.desired import IDENTITY_KEYS
from reconciler.core.model.rules import RuleKind

TypeName: TypeAlias = Literal["any", "bool", "int", "double", "number", "string", "null", "list", "map"]


class Type(Struct, frozen=True):
    """
    The type of a value in an expression; of a list or a map, `item` is the type of what is in it.

    A map with `fields` has these keys and no others. `choices` are all texts that a string can be; empty for any.
    """

    name: TypeName
    item: "Type | None" = None
    fields: "Mapping[str, Type]" = field(default_factory=dict)
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the type as the guide writes it."""
        match self.name, self.item:
            case "list", Type() as item:
                return f"list({item})"
            case "map", Type() as item:
                return f"map(string, {item})"
            case name, _:
                return name


ANY, NULL, BOOL, STRING = Type("any"), Type("null"), Type("bool"), Type("string")
INT, DOUBLE, NUMBER = Type("int"), Type("double"), Type("number")
NUMBERS = frozenset(("int", "double", "number"))
_VALUES = Type("map", ANY)
_TEXTS = Type("map", STRING)


def list_of(item: Type) -> Type:
    """Return the type of a list."""
    return Type("list", item)


def _record(**fields: Type) -> Type:
    return Type("map", ANY, fields)


_USER = _record(phone_number=STRING, metadata=STRING, summary=STRING, external_memory_key=STRING)
_TOTALS = _record(
    changes=INT,
    contacts_to_create=INT,
    contacts_to_update=INT,
    memories_to_create=INT,
    facts_to_add=INT,
    facts_to_update=INT,
    users_to_add=INT,
    users_to_update=INT,
    new_keys=list_of(STRING),
)
_OPERATIONS = ("create_contact", "update_contact", "create_memory", "write_facts", "add_user", "update_user")
_EVERYWHERE = {"environment": STRING, "contact": STRING, "labels": _TEXTS}

_FACT_TYPES: Mapping[FactType, Type] = {
    "string": STRING,
    "number": NUMBER,
    "integer": INT,
    "boolean": BOOL,
    "list": list_of(ANY),
    "mapping": _VALUES,
}


def variables_of(kind: RuleKind, catalogue: Catalogue) -> Mapping[str, Type]:
    """Return the variables of a kind of rule; where there is a catalogue, its keys are all that facts have."""
    facts = Type("map", ANY, {key.name: _FACT_TYPES[key.type] if key.type else ANY for key in catalogue.values()})
    match kind:
        case "contact":
            memory = _record(facts=facts, seed_facts=facts)
            identity = dict.fromkeys(IDENTITY_KEYS, STRING)
            own = {**identity, "name": STRING, "metadata": _VALUES, "scopes": Type("map", memory)}
        case "memory":
            own = {"scope": STRING, "facts": facts, "seed_facts": facts, "users": list_of(_USER)}
        case "change":
            own = {
                "action": Type("string", choices=("add", "update")),
                "operation": Type("string", choices=_OPERATIONS),
                "layer": Type("string", choices=("enforced", "seeded")),
                "certain": BOOL,
                "address": STRING,
                "key": STRING,
                "path": list_of(STRING),
                "before": ANY,
                "after": ANY,
                "scope": STRING,
                "totals": _TOTALS,
            }
    return {**_EVERYWHERE, **own}


FOR_ALL = frozenset(("environment", "totals"))
"""The variables that are the same for all changes of a plan: a rule that reads no other is judged once."""
