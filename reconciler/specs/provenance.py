"""Provenance: which file, line, layer, overlay and variable gave each declared value, and what it replaced."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.documents.comparison import declared_values, hidden_addresses
from reconciler.core.model.address import fact_address, is_within, keyed_address, user_address
from reconciler.core.model.catalogue import sensitive_keys
from reconciler.core.model.desired import IDENTITY_KEYS, Desired
from reconciler.core.model.references import Variable, meant_key, referenced
from reconciler.core.model.value import Json, is_list
from reconciler.errors import InputError, Source
from reconciler.reading import Nearest, Node
from reconciler.specs.loading import Recorder, Specs
from reconciler.specs.phone_numbers import plain_number
from reconciler.specs.problems import FACTS
from reconciler.specs.references import References

SourceLayer: TypeAlias = Literal["scope", "contact", "contact in scope", "memory"]

_IDENTITY = (*IDENTITY_KEYS, "persona_id", "agent_number", "memory_id")
_SEEDS = re.compile(r"^((?:contacts|scopes)\.[^.\[]+(?:\.scopes\.[^.\[]+)?)\.seed_facts(?=[.\[]|$)")
_LAYER = re.compile(r"(scopes(?=\.)|contacts(?=\.[^.\[]+\.facts(?:[.\[]|$)))\.([^.\[]+)")
"""An address of a scope, or of the facts that a contact declares for all its scopes."""
_NAME = re.compile(r"[^.\[]+")
_SECTIONS = frozenset(("contacts", "memories", "scopes"))
"""What an address begins with; the bare name of a contact is its address, too."""


class Given(Struct, frozen=True):
    """One place that gives a value, as it is written there; `key` is the path below its layer, such as `facts.plan`."""

    written: Json
    key: str
    layer: SourceLayer
    is_overlay: bool
    source: Source
    variables: tuple[Variable, ...]


class Explained(Struct, frozen=True):
    """
    A declared value and all places that give it, the one that counts last; secrets are not read.

    For a fact of a scope or a contact, `memories` are those that get it; None for anything else.
    """

    address: str
    value: Json
    given: tuple[Given, ...]
    is_sensitive: bool
    memories: tuple[str, ...] | None = None


class _DeclaredPart(Struct, frozen=True):
    """What one file declares about something; the file may be an overlay."""

    node: Node
    layer: SourceLayer
    is_overlay: bool


_Places: TypeAlias = Iterable[tuple[str, Given]]


def explain(specs: Specs, address: str) -> tuple[Explained, ...]:
    """Explain all values at an address and below it; raise `SpecError`, and `InputError` where it names nothing."""
    wanted = _SEEDS.sub(r"\1.facts", address if address.partition(".")[0] in _SECTIONS else f"contacts.{address}")
    section, _, rest = wanted.partition(".")
    name = found[0] if (found := _NAME.match(rest)) else ""
    recorder = Recorder(contact=name)
    desired = specs.load(recorder).desired
    explaining = _Explaining(recorder, specs.references)
    if _LAYER.match(wanted):
        values = _of_layer(desired, recorder, explaining, section, name)
    else:
        values = _of_values(desired, explaining.places(section, name))
    at = tuple(one for one in values if is_within(one.address, wanted))
    at = at or tuple(one for one in values if wanted in _nested(one.address, one.value))
    if not at:
        known = [*declared_values(desired), *(f"scopes.{scope}" for scope in desired.scopes)]
        # all addresses of a section begin alike, so that is left out
        inside = Nearest(one.partition(".")[2] for one in known if one.startswith(f"{section}."))
        nearest = inside.nearest(rest)
        cure = f'did you mean "{section}.{nearest}"?' if nearest else inside.did_you_mean(rest)
        raise InputError(f"{address} names nothing that is declared; {cure}".rstrip("; "))
    return at


class Deciding(Struct, frozen=True):
    """By address, the place that decided each value, and the first place that declares each contact and memory."""

    values: Mapping[str, Given]
    first: Mapping[str, Given]


def deciding(recorder: Recorder, references: References, units: Iterable[str]) -> Deciding:
    """Return what decided contacts, `contacts.NAME`, and memories, `memories.NAME`."""
    explaining = _Explaining(recorder, references)
    values: dict[str, Given] = {}
    first: dict[str, Given] = {}
    for unit in units:
        section, _, name = unit.partition(".")
        values.update(explaining.places(section, name))
        for address, given in explaining.declarations(section, name):
            first.setdefault(address, given)
    return Deciding(values, first)


def _of_values(desired: Desired, places: _Places) -> list[Explained]:
    """Explain what is declared of one contact or memory, layers merged."""
    sensitive = hidden_addresses(desired)
    chains = _chains(places)
    values = {name: one.value for name, one in declared_values(desired).items() if name in chains}
    return [Explained(name, value, chains[name], name in sensitive) for name, value in values.items()]


def _of_layer(
    desired: Desired, recorder: Recorder, explaining: "_Explaining", section: str, name: str
) -> list[Explained]:
    """Explain what a scope declares, or a contact for all its scopes, and which memories get it."""
    memories = [one for one in desired.contact_memories if name == (one.scope, one.contact.name)[section == "contacts"]]
    layers = (layer for one in recorder.declared for layer in one.layers() if layer.owner == (section, name))
    facts = {fact_address(f"{section}.{name}", fact.key): fact for layer in layers for fact in layer.facts}
    keys = [scope.key for one in recorder.declared for scope in one.scopes if scope.name == name]
    hidden = sensitive_keys(desired.catalogue)
    found: list[Explained] = []
    for address, given in _chains(explaining.layer(section, name)).items():
        fact = facts.get(address)
        value = fact.value if fact else keys[0].fields
        got = (one.address for one in memories if not fact or any(each is fact for each in one.facts))
        is_sensitive = desired.live_values or bool(fact and fact.key in hidden)
        found.append(Explained(address, value, given, is_sensitive, tuple(got)))
    return found


def _nested(address: str, value: Json) -> Iterator[str]:
    """Yield the addresses of all that a value holds."""
    entries: Iterable[tuple[str, Json]] = ()
    if isinstance(value, dict):
        entries = ((keyed_address(address, key), item) for key, item in value.items())
    elif is_list(value):
        entries = ((f"{address}[{index}]", item) for index, item in enumerate(value))
    for place, item in entries:
        yield place
        yield from _nested(place, item)


class _Explaining:
    """The recorded documents and patches, from which the places of values are taken in the order of precedence."""

    def __init__(self, recorder: Recorder, references: References) -> None:
        self._references = references
        self._declared: dict[tuple[str, str], list[Node]] = {}
        for section, node in (entry for one in recorder.documents for entry in one.entries()):
            for name, declared in node.entries() if section in _SECTIONS and isinstance(node.value, dict) else ():
                self._declared.setdefault((section, name), []).append(declared)
        self._patches: dict[tuple[str, str], list[Node]] = {}
        for patch in recorder.patches:
            self._patches.setdefault(patch.target, []).append(patch.node)

    def places(self, section: str, name: str) -> _Places:
        """Yield the places that declare a contact with its memories, or an existing memory, with their addresses."""
        if section == "memories":
            parts = self._parts("memory", section, name)
            yield from self._identity(f"memories.{name}", parts)
            yield from self._users(f"memories.{name}", parts)
        elif section == "contacts":
            yield from self._contact(name)

    def declarations(self, section: str, name: str) -> _Places:
        """Yield the places that declare a contact or an existing memory, and each of the contact's memories."""
        own = self._parts("memory" if section == "memories" else "contact", section, name)
        for part in own:
            yield f"{section}.{name}", self._given(name, part.node, part)
        for scope, node, part in _below(own, "scopes"):
            yield f"{section}.{name}.scopes.{scope}", self._given(scope, node, part)

    def layer(self, section: str, name: str) -> _Places:
        """Yield the places that declare a scope, or the facts of a contact for all its scopes."""
        parts = self._parts("scope" if section == "scopes" else "contact", section, name)
        yield from self._identity(f"{section}.{name}", parts) if section == "scopes" else ()
        yield from self._facts(f"{section}.{name}", parts)

    def _contact(self, name: str) -> _Places:
        address = f"contacts.{name}"
        own = self._parts("contact", "contacts", name)
        yield from self._identity(address, own)
        for key, node, part in _entries(own, ("name",)):
            yield f"{address}.{key}", self._given(key, node, part)
        for section in ("labels", "metadata"):
            for key, node, part in _below(own, section):
                yield keyed_address(f"{address}.{section}", meant_key(key)), self._given(f"{section}.{key}", node, part)
        for scope in {scope: None for scope, _, _ in _below(own, "scopes")}:
            yield from self._memory(f"{address}.scopes.{scope}", scope, own)

    def _memory(self, address: str, scope: str, own: Sequence[_DeclaredPart]) -> _Places:
        of_scope = self._parts("scope", "scopes", scope)
        nodes = ((node, part) for key, node, part in _below(own, "scopes") if key == scope)
        inner = [_DeclaredPart(node, "contact in scope", part.is_overlay) for node, part in nodes]
        yield from self._identity(address, of_scope)
        yield from self._facts(address, [*of_scope, *own, *inner])
        yield from self._users(address, inner)

    def _facts(self, owner: str, parts: Sequence[_DeclaredPart]) -> _Places:
        for section, facts, part in _entries(parts, tuple(FACTS)):
            for key, node in facts.entries():
                yield fact_address(owner, meant_key(key)), self._given(f"{section}.{key}", node, part)

    def _users(self, memory: str, parts: Sequence[_DeclaredPart]) -> _Places:
        for _, users, part in _entries(parts, ("users",)):
            for entries in (dict(user.entries()) for user in users.items()):
                address = user_address(memory, str(plain_number(self._references.plain(entries["phone_number"].value))))
                for key, node in entries.items():
                    place = address if key == "phone_number" else f"{address}.{key}"
                    yield place, self._given(f"users.{key}", node, part)

    def _identity(self, address: str, parts: Sequence[_DeclaredPart]) -> _Places:
        return ((address, self._given(key, node, part)) for key, node, part in _entries(parts, _IDENTITY))

    def _parts(self, layer: SourceLayer, section: str, name: str) -> list[_DeclaredPart]:
        """Return what declares something and what patches it, in the order in which it applies."""
        return [
            *(_DeclaredPart(node, layer, is_overlay=False) for node in self._declared.get((section, name), ())),
            *(_DeclaredPart(node, layer, is_overlay=True) for node in self._patches.get((section, name), ())),
        ]

    def _given(self, key: str, node: Node, part: _DeclaredPart) -> Given:
        variables: Mapping[str, Variable] = self._references.variables
        names = dict.fromkeys(one.name for one in referenced(node.value) if not one.from_environment)
        used = tuple(variables[name] for name in names if name in variables)
        return Given(node.value, key, part.layer, part.is_overlay, node.key_source, used)


def _chains(places: _Places) -> dict[str, tuple[Given, ...]]:
    """Collect places by address, in their order."""
    chains: dict[str, list[Given]] = {}
    for address, given in places:
        chains.setdefault(address, []).append(given)
    return {address: tuple(chain) for address, chain in chains.items()}


def _entries(parts: Iterable[_DeclaredPart], keys: Sequence[str]) -> Iterator[tuple[str, Node, _DeclaredPart]]:
    for part in parts:
        yield from ((key, node, part) for key, node in part.node.entries() if key in keys)


def _below(parts: Iterable[_DeclaredPart], section: str) -> Iterator[tuple[str, Node, _DeclaredPart]]:
    for _, mapping, part in _entries(parts, (section,)):
        yield from ((key, node, part) for key, node in mapping.entries())
