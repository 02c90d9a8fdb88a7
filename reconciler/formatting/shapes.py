"""The order in which keys stand; what people name themselves (contacts, scopes, facts) stays in their order."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct, field

_ANY = "*"


class Shape(Struct, frozen=True):
    """A mapping's keys in their order, and the shapes of what stands below them; `*` is any key or item."""

    keys: tuple[str, ...] = ()
    below: Mapping[str, "Shape"] = field(default_factory=lambda: MappingProxyType({}))

    def at(self, key: str | int) -> "Shape":
        """Give the shape of what stands under a key, or of an item of a list."""
        return self.below.get(str(key)) or self.below.get(_ANY) or _FREE

    def sorted(self, keys: Iterable[str]) -> list[str]:
        """Sort keys; those that are not known stay in their order, behind the others."""
        rank = {key: index for index, key in enumerate(self.keys)}
        return sorted(keys, key=lambda key: rank.get(key, len(rank)))


def _each(shape: Shape) -> Shape:
    return Shape((), {_ANY: shape})


_FREE = Shape()
_USER = Shape(("phone_number", "metadata", "summary", "external_memory_key"))
_MEMORY = Shape(("facts", "seed_facts", "users"), {"users": _each(_USER)})
_IDENTIFIERS = ("contact_id", "external_id", "phone_number", "email")
_CONTACT = Shape((*_IDENTIFIERS, "name", "metadata", "facts", "seed_facts", "scopes"), {"scopes": _each(_MEMORY)})
_SCOPE = Shape(("persona_id", "agent_number", "facts", "seed_facts"))
_ROW_MEMORY = Shape(("where", *_MEMORY.keys), _MEMORY.below)
_ROW_CONTACT = Shape(_CONTACT.keys, {"scopes": _each(_ROW_MEMORY)})
_ROWS = Shape(("file", "delimiter", "named_by", "contact"), {"contact": _ROW_CONTACT})
_EXISTING = Shape(("memory_id", "users"), {"users": _each(_USER)})

_FACT_KEY = Shape(("type", "enum", "pattern", "max_length", "description", "sensitive", "deprecated", "review_by"))

SPECS = Shape(
    ("live_values", "fact_keys", "scopes", "contacts", "contacts_from", "memories"),
    {
        "fact_keys": _each(_FACT_KEY),
        "scopes": _each(_SCOPE),
        "contacts": _each(_CONTACT),
        "contacts_from": _each(_ROWS),
        "memories": _each(_EXISTING),
    },
)
_ENVIRONMENT = Shape(
    (
        "api",
        "api_key_env",
        "expect_account",
        "specs",
        "overlays",
        "variables",
        "rate_limit",
        "concurrency",
        "reader",
        "guards",
    ),
    {
        "expect_account": Shape(("contact_id", "organization", "digest")),
        "guards": Shape(("max_changes", "max_update_share", "max_new_keys")),
    },
)
PROJECT = Shape(
    ("version", "specs", "variables", "default_environment", "environments"), {"environments": _each(_ENVIRONMENT)}
)
