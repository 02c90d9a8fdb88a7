"""Provenance: which file, line, layer, overlay and variable gave each declared value, and what it won over."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.documents.comparison import hidden_addresses, stated
from reconciler.core.model.address import fact_address, is_within, keyed_address, user_address
from reconciler.core.model.catalogue import sensitive_keys
from reconciler.core.model.desired import IDENTIFIER_KINDS, ContactMemory, Desired, Fact
from reconciler.core.model.references import Variable, referenced
from reconciler.core.model.value import Json, is_list
from reconciler.errors import InputError, Source
from reconciler.reading import KeyPath, Node, did_you_mean, find_files, read_file
from reconciler.specs.addresses import FACTS
from reconciler.specs.loading import Loaded, find_overlays, load_specs, read_patches
from reconciler.specs.problems import Findings
from reconciler.specs.references import References, filled
from reconciler.specs.rows.sources import documents, row_sources

Layer: TypeAlias = Literal["scope", "contact", "contact in scope", "memory"]

_IDENTITY = ("contact_id", *IDENTIFIER_KINDS, "persona_id", "agent_number", "memory_id")
_SEEDS = re.compile(r"^((?:contacts|scopes)\.[^.\[]+(?:\.scopes\.[^.\[]+)?)\.seed_facts(?=[.\[]|$)")
_LAYER = re.compile(r"(scopes(?=\.)|contacts(?=\.[^.\[]+\.facts(?:[.\[]|$)))\.([^.\[]+)")
"""What stands at a scope, or at a contact for all its scopes."""


class Given(Struct, frozen=True):
    """One place that says a value, as it is written there: `key` is where below its layer, such as `facts.plan`."""

    written: Json
    key: str
    layer: Layer
    is_overlay: bool
    source: Source
    variables: tuple[Variable, ...]


class Explained(Struct, frozen=True):
    """
    A declared value and all places that say it, the one that counts last; secrets are not read.

    Of what a scope or a contact declares for memories, `memories` are those that get it; None of all else.
    """

    address: str
    value: Json
    given: tuple[Given, ...]
    is_sensitive: bool
    memories: tuple[str, ...] | None = None


class Specs(Struct, frozen=True):
    """Where an environment's specs are, and what their references stand for."""

    root: Path
    entries: Sequence[str]
    overlays: Sequence[str]
    references: References
    fact_keys_of: Sequence[str] = ()

    def load(self) -> Loaded:
        """Load them, and read no secret; raises `SpecError`."""
        return load_specs(
            self.entries,
            root=self.root,
            overlays=self.overlays,
            references=self.references.unread,
            fact_keys_of=self.fact_keys_of,
        )


class _Said(Struct, frozen=True):
    """What one file says of something, which is an overlay or not."""

    node: Node
    layer: Layer
    is_overlay: bool


def explain(specs: Specs, address: str) -> tuple[Explained, ...]:
    """Explain all values at an address and below it; raises `SpecError`, and `InputError` where it names nothing."""
    desired = specs.load().desired
    wanted = _SEEDS.sub(r"\1.facts", address)
    explaining = _Explaining(specs)
    layer = _LAYER.match(wanted)
    found = _of_layer(desired, explaining, layer[1], layer[2]) if layer else _of_values(desired, explaining, wanted)
    at = tuple(one for one in found if is_within(one.address, wanted))
    at = at or tuple(one for one in found if wanted in _nested(one.address, one.value))
    if not at:
        known = [*stated(desired), *(f"scopes.{scope}" for scope in desired.scopes)]
        raise InputError(f"{address} names nothing that is declared; {did_you_mean(address, known)}".rstrip("; "))
    return at


def _of_values(desired: Desired, explaining: "_Explaining", address: str) -> list[Explained]:
    """Explain what is declared of one contact or memory, layers merged."""
    sensitive = hidden_addresses(desired)
    places = dict(explaining.all(address))
    values = {name: one.value for name, one in stated(desired).items() if name in places}
    return [Explained(name, value, tuple(places[name]), name in sensitive) for name, value in values.items()]


def _of_layer(desired: Desired, explaining: "_Explaining", section: str, name: str) -> list[Explained]:
    """Explain what a scope, or a contact for all its scopes, declares: itself, and which memories get it."""
    memories = [one for one in desired.contact_memories if name == (one.scope, one.contact.name)[section == "contacts"]]
    hidden = sensitive_keys(desired.catalogue)
    found: list[Explained] = []
    for address, given in explaining.layer(section, name):
        last = given[-1]
        _, dot, key = last.key.partition(".")
        got = [one.address for one in memories if not dot or _gets(one, meant(key), last)]
        merged = [fact.value for one in memories for fact in one.facts if dot and _is_from(fact, meant(key), last)]
        value = merged[0] if merged else explaining.filled(last.written if dot else {last.key: last.written})
        found.append(Explained(address, value, tuple(given), desired.live_values or meant(key) in hidden, tuple(got)))
    return found


def _gets(memory: ContactMemory, key: str, given: Given) -> bool:
    """Return whether a memory has a fact from this place; one cell may be the value of several."""
    return any(_is_from(fact, key, given) for fact in memory.facts)


def _is_from(fact: Fact, key: str, given: Given) -> bool:
    return fact.key == key and fact.source == given.source


def _nested(address: str, value: Json) -> Iterator[str]:
    """Return the addresses of all that a value holds."""
    entries: Iterable[tuple[str, Json]] = ()
    if isinstance(value, dict):
        entries = ((keyed_address(address, key), item) for key, item in value.items())
    elif is_list(value):
        entries = ((f"{address}[{index}]", item) for index, item in enumerate(value))
    for place, item in entries:
        yield place
        yield from _nested(place, item)


class _Explaining:
    """The documents of an environment, asked what they say of something."""

    def __init__(self, specs: Specs) -> None:
        findings = Findings()
        self._references = specs.references
        files = find_files(specs.entries, root=specs.root).files
        read = [(node, file) for file in files for node in read_file(file.path, name=file.name).documents]
        self._documents = [node for node, _ in read]
        self._rows = [source for node, file in read for source in row_sources(node, file)]
        overlays = find_overlays(specs.overlays, root=specs.root).files
        self._patches = list(read_patches(overlays, findings))

    def all(self, address: str) -> Iterator[tuple[str, list[Given]]]:
        """Return what is said of the declaration that an address begins with, by address."""
        section, _, rest = address.partition(".")
        name = rest.partition(".")[0].partition("[")[0]
        if section == "memories":
            said = self._said("memory", section, name)
            yield f"memories.{name}", list(self._identity(said))
            yield from self._users(f"memories.{name}", said)
        elif section == "contacts":
            yield from self._contact(name)

    def layer(self, section: str, name: str) -> Iterator[tuple[str, list[Given]]]:
        """Return what is said of a scope, or of a contact for all its scopes, by address."""
        said = self._said("scope" if section == "scopes" else "contact", section, name)
        if section == "scopes" and (identity := list(self._identity(said))):
            yield f"{section}.{name}", identity
        yield from _grouped(self._facts(f"{section}.{name}", said))

    def filled(self, written: Json) -> Json:
        """Return the value that is meant by what is written."""
        return filled(written, self._references.variables)

    def _contact(self, name: str) -> Iterator[tuple[str, list[Given]]]:
        own = self._said("contact", "contacts", name)
        yield f"contacts.{name}", list(self._identity(own))
        for key, node, said in _entries(own, ("name",)):
            yield from _grouped([(f"contacts.{name}.{key}", self._given(key, node, said))])
        metadata = [
            (
                keyed_address(f"contacts.{name}.metadata", meant(key)),
                self._given(f"metadata.{key}", node, said),
            )
            for _, mapping, said in _entries(own, ("metadata",))
            for key, node in mapping.entries()
        ]
        yield from _grouped(metadata)
        scopes = {scope: None for _, mapping, _ in _entries(own, ("scopes",)) for scope, _ in mapping.entries()}
        for scope in scopes:
            yield from self._memory(name, scope, own)

    def _memory(self, name: str, scope: str, own: Sequence[_Said]) -> Iterator[tuple[str, list[Given]]]:
        memory = f"contacts.{name}.scopes.{scope}"
        of_scope = self._said("scope", "scopes", scope)
        inner = [
            _Said(node, "contact in scope", said.is_overlay)
            for _, mapping, said in _entries(own, ("scopes",))
            for key, node in mapping.entries()
            if key == scope
        ]
        yield memory, list(self._identity(of_scope))
        yield from _grouped(self._facts(memory, [*of_scope, *own, *inner]))
        yield from self._users(memory, inner)

    def _facts(self, owner: str, said: Sequence[_Said]) -> list[tuple[str, Given]]:
        return [
            (fact_address(owner, meant(key)), self._given(f"{section}.{key}", node, one))
            for section, mapping, one in _entries(said, tuple(sorted(FACTS)))
            for key, node in mapping.entries()
        ]

    def _users(self, memory: str, said: Sequence[_Said]) -> Iterator[tuple[str, list[Given]]]:
        found: list[tuple[str, Given]] = []
        for _, users, one in _entries(said, ("users",)):
            for user in users.items():
                parts = dict(user.entries())
                number = self._references.plain(parts["phone_number"].value)
                address = user_address(memory, str(number))
                for key, node in parts.items():
                    place = address if key == "phone_number" else f"{address}.{key}"
                    found.append((place, self._given(f"users.{key}", node, one)))
        yield from _grouped(found)

    def _identity(self, said: Sequence[_Said]) -> Iterator[Given]:
        for key, node, one in _entries(said, _IDENTITY):
            yield self._given(key, node, one)

    def _said(self, layer: Layer, *path: str) -> list[_Said]:
        """Return what declares something and what patches it, in the order in which it applies."""
        everywhere = [*self._documents, *self._rows_of(path)]
        declared = [found for document in everywhere for found in _at(document, path)]
        patches = [patch.node for patch in self._patches if patch.target == path]
        return [
            *(_Said(node, layer, is_overlay=False) for node in declared),
            *(_Said(node, layer, is_overlay=True) for node in patches),
        ]

    def _rows_of(self, path: KeyPath) -> Iterator[Node]:
        for source in self._rows if path[:1] == ("contacts",) else ():
            for _, document in documents(source, wanted=str(path[1])):
                yield document

    def _given(self, key: str, node: Node, said: _Said) -> Given:
        names = dict.fromkeys(one.name for one in referenced(node.value) if not one.from_environment)
        variables = tuple(self._references.variables[name] for name in names if name in self._references.variables)
        return Given(node.value, key, said.layer, said.is_overlay, node.key_source, variables)


def meant(key: str) -> str:
    """Return a key that is written in a spec as what it means."""
    return key.replace("$${", "${")


def _grouped(found: Sequence[tuple[str, Given]]) -> Iterator[tuple[str, list[Given]]]:
    grouped: dict[str, list[Given]] = {}
    for address, given in found:
        grouped.setdefault(address, []).append(given)
    yield from grouped.items()


def _entries(said: Sequence[_Said], keys: Sequence[str]) -> Iterator[tuple[str, Node, _Said]]:
    for one in said:
        for key, node in one.node.entries():
            if key in keys:
                yield key, node, one


def _at(document: Node, path: KeyPath) -> Iterator[Node]:
    node = document
    for step in path:
        if not isinstance(node.value, dict) or str(step) not in node.value:
            return
        node = node.at((str(step),))
    yield node
