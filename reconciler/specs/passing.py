"""
What a shard passes over while the specs are read: contacts and rows of other shards, which are only counted.

A contact is passed over where its identifier is certain. One with references in its identifier, or that an overlay
names, is loaded, as is one whose identifier is wrong. Whether it belongs to the shard is decided later.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.desired import IDENTITY_KEYS, Elsewhere, id_key, identifier_key
from reconciler.core.model.references import OPENING, meant_key
from reconciler.core.model.selection import Shard
from reconciler.core.model.text import Secret
from reconciler.core.model.value import Json
from reconciler.reading import SpecFile
from reconciler.reading.row_formats import Row
from reconciler.specs.declarations import DeclaredScope
from reconciler.specs.phone_numbers import plain_number
from reconciler.specs.problems import FACTS
from reconciler.specs.references import References
from reconciler.specs.row_cells import CellError
from reconciler.specs.row_names import before_hash, without_hash
from reconciler.specs.row_template import Template

_MOST_KINDS = 10_000
"""The most kinds of rows that are held before they are counted."""

_Kind: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""The columns whose cells are filled, and the cells that decide."""


class Tally:
    """Counts of contacts that were passed over: their memories by scope, and the facts that these get from them."""

    def __init__(self) -> None:
        self.by_scope: Counter[str] = Counter()
        self.by_fact: Counter[tuple[str, str]] = Counter()

    def add(self, contact: Mapping[str, Json], times: int = 1) -> None:
        """Count a contact as a document declares it."""
        own = _keys(contact)
        scopes = contact.get("scopes")
        for scope, memory in scopes.items() if isinstance(scopes, dict) else ():
            self.by_scope[scope] += times
            for key in own | _keys(memory):
                self.by_fact[scope, key] += times

    def take(self, other: "Tally") -> None:
        """Add what another has counted."""
        self.by_scope.update(other.by_scope)
        self.by_fact.update(other.by_fact)

    def memories(self, scopes: Iterable[DeclaredScope]) -> int:
        """Return the number of memories in declared scopes."""
        return sum(self.by_scope[scope.name] for scope in scopes)

    def keys(self, scopes: Iterable[DeclaredScope]) -> Mapping[str, int]:
        """Return how many memories have each fact, those that they get from declared scopes included."""
        shared = {scope.name: {fact.key for fact in scope.facts} for scope in scopes}
        found: Counter[str] = Counter()
        for scope, keys in shared.items():
            found.update(dict.fromkeys(keys, self.by_scope[scope]))
        for (scope, key), times in self.by_fact.items():
            if scope in shared and key not in shared[scope]:
                found[key] += times
        return {key: times for key, times in found.items() if times}


def _keys(layer: Json) -> AbstractSet[str]:
    """Return the keys of the facts of a contact, or of a memory of it, as a document declares it."""
    layers = (layer.get(section) for section in FACTS) if isinstance(layer, dict) else ()
    return {meant_key(key) for one in layers if isinstance(one, dict) for key in one}


class Passing:
    """
    Decides what is passed over for a shard, and counts it. It skips contacts of YAML files.

    `patched` are the names of contacts that overlays name.
    """

    def __init__(self, shard: Shard, patched: AbstractSet[str]) -> None:
        self.tally = Tally()
        self.patched = patched
        self._shard = shard
        self._file = Tally()

    def is_elsewhere(self, contact: Mapping[str, Json]) -> bool:
        """Return whether a contact certainly belongs to another shard."""
        key = _key(contact)
        return key is not None and not self._shard.holds(key)

    def elsewhere(
        self, scopes: Sequence[DeclaredScope], files: Sequence[SpecFile], references: References
    ) -> Elsewhere:
        """Return what was passed over, with what all files hold and what references in them may stand for."""
        return Elsewhere(self.tally.memories(scopes), self.tally.keys(scopes), _content(files, references))

    def begin(self) -> None:
        """Begin a file anew."""
        self._file = Tally()

    def end(self) -> None:
        """Keep what was counted in the file."""
        self.tally.take(self._file)
        self._file = Tally()

    def skips(self, section: str | None, name: str | None, value: Json) -> bool:
        """Return whether an entry of a document is a contact of another shard, and count it."""
        if section != "contacts" or not isinstance(value, dict) or name is None or name in self.patched:
            return False
        if not self.is_elsewhere(value):
            return False
        self._file.add(value)
        return True


def _content(files: Sequence[SpecFile], references: References) -> Json:
    """Return a value that changes with the content of each file, and with what references may stand for."""
    environ = references.environ
    secrets = {name: environ(name) if environ else None for name in sorted(references.secrets)}
    return {
        "files": [[file.name, _digest(file)] for file in files],
        "variables": {name: variable.value for name, variable in references.variables.items()},
        "secrets": {name: Secret(value) if value else None for name, value in secrets.items()},
    }


def _digest(file: SpecFile) -> str:
    """Return a digest of a file, empty where it cannot be read, which is reported where its content is needed."""
    try:
        with file.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""


_KINDS = frozenset(IDENTITY_KEYS)


def _key(contact: Mapping[str, Json]) -> tuple[str, str] | None:
    """Return what a contact that a document declares is compared by; None where that is not certain."""
    kinds = [key for key in contact if key in _KINDS]
    if len(kinds) != 1:
        return None
    written = contact[kinds[0]]
    text = plain_number(written) if kinds[0] == "phone_number" else written
    if not isinstance(text, str) or not text or OPENING in text:
        return None
    return ("contact_id", id_key(text)) if kinds[0] == "contact_id" else identifier_key(kinds[0], text)


class _Counted(Struct):
    """The first row of a kind, and the number of its rows."""

    first: Row
    times: int = 0


class RowPassing:
    """
    The rows of one data file, of which a shard keeps its own; `passed` counts the others.

    Rows are of one kind if the same cells are filled, and the cells that decide what a row declares are equal. Of each
    kind, one row is looked at.
    """

    def __init__(self, passing: Passing, template: Template) -> None:
        self.passed = 0
        self._passing = passing
        self._template = template
        self._deciding = tuple(template.deciding)
        self._kinds: dict[_Kind, _Counted] = {}
        self._names = array("q")
        self._patched = passing.patched | {without_hash(name) for name in passing.patched}

    def own(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield the rows that are not passed over."""
        for row in rows:
            if not self._passes(row):
                yield row
        self._count_kinds()

    def names_among(self, hashes: AbstractSet[int]) -> AbstractSet[int]:
        """Return the hashes that belong to names of rows passed over."""
        return set(hashes).intersection(self._names)

    def _passes(self, row: Row) -> bool:
        if not self._passing.is_elsewhere(self._template.identifiers(row)):
            return False
        try:
            name = self._template.naming.base(row)
        except CellError:
            return False  # it is reported where the row is read
        if name is None or (self._patched and {name, before_hash(name)} & self._patched):
            return False
        self.passed += 1
        self._names.append(hash(name))
        self._add(row)
        return True

    def _add(self, row: Row) -> None:
        filled = tuple([column for column, cell in row.cells.items() if cell is not None and cell != ""])
        kind = filled, tuple([repr(row.cell(column)) for column in self._deciding]) if self._deciding else ()
        known = self._kinds.get(kind)
        if known is None:
            if len(self._kinds) >= _MOST_KINDS:
                self._count_kinds()
            known = self._kinds[kind] = _Counted(row)
        known.times += 1

    def _count_kinds(self) -> None:
        for kind in self._kinds.values():
            self._passing.tally.add(self._template.contact(kind.first), kind.times)
        self._kinds.clear()
