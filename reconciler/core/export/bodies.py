"""What an export declares of one contact, before it is decided where that stands: at a scope, in a table or a file."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.export.left_out import LeftOut
from reconciler.core.model.value import Json, same


class Layers(Struct, frozen=True):
    """Facts by key, as specs declare them: enforced or seeded."""

    facts: Mapping[str, Json] = {}
    seed_facts: Mapping[str, Json] = {}

    @property
    def document(self) -> dict[str, Json]:
        """Return the layers as a spec writes them; those without facts are left out."""
        layers = {"facts": self.facts, "seed_facts": self.seed_facts}
        return {name: facts for name, facts in layers.items() if facts}

    def without(self, inherited: "Layers") -> "Layers":
        """Return what is left where other layers give the same already."""
        return Layers(_others(self.facts, inherited.facts), _others(self.seed_facts, inherited.seed_facts))

    def common(self, other: "Layers") -> "Layers":
        """Return what is the same in both."""
        return Layers(_alike(self.facts, other.facts), _alike(self.seed_facts, other.seed_facts))

    def common_with_live(self, live: Mapping[str, Json]) -> "Layers":
        """Return what a live memory holds, too."""
        return Layers(_alike(self.facts, live), _alike(self.seed_facts, live))

    def __bool__(self) -> bool:
        """Return whether there are any facts."""
        return bool(self.facts or self.seed_facts)


class MemoryBody(Struct, frozen=True):
    """The declaration of a memory."""

    layers: Layers
    users: Sequence[Mapping[str, Json]] = ()

    @property
    def document(self) -> Json:
        """Return the declaration as a spec writes it."""
        return {**self.layers.document, **({"users": self.users} if self.users else {})}


class ContactBody(Struct, frozen=True):
    """
    The declaration of a contact: its name in the specs, its identity, its profile, and its memories by scope.

    `left_out` is what the account holds and the declaration does not.
    """

    name: str
    identity: Mapping[str, str]
    profile: Mapping[str, Json]
    memories: Mapping[str, MemoryBody]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def document(self) -> Json:
        """Return the declaration as a spec writes it."""
        scopes = {scope: memory.document for scope, memory in self.memories.items()}
        return {**self.identity, **self.profile, **({"scopes": scopes} if scopes else {})}

    def without(self, inherited: Mapping[str, Layers]) -> "ContactBody":
        """Return the declaration without the facts that its scopes give."""
        memories = {
            scope: replace(memory, layers=memory.layers.without(inherited[scope])) if scope in inherited else memory
            for scope, memory in self.memories.items()
        }
        return replace(self, memories=memories)


def _alike(facts: Mapping[str, Json], others: Mapping[str, Json]) -> Mapping[str, Json]:
    return {key: value for key, value in facts.items() if key in others and same(value, others[key])}


def _others(facts: Mapping[str, Json], others: Mapping[str, Json]) -> Mapping[str, Json]:
    return {key: value for key, value in facts.items() if key not in others or not same(value, others[key])}
