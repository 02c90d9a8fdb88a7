"""A mapping of columns, prepared: what stands at each place of a contact, and the columns that it is made of."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.desired import IDENTITY_KEYS
from reconciler.core.model.references import escaped
from reconciler.core.model.value import Json
from reconciler.errors import Source
from reconciler.reading import KeyPath, Node
from reconciler.specs.problems import FACTS
from reconciler.specs.row_cells import CONSTANT, Cells, cells_in
from reconciler.specs.row_names import Naming
from reconciler.specs.row_numbers import phone_region_of

NAME_AT = 0
"""The slot of what names a contact."""

_IDS = frozenset(("contact_id", "external_id", "external_memory_key"))
_IDENTIFYING = _IDS | {"email", "phone_number"}


class Slot(Struct, frozen=True):
    """
    A place of the mapping: its column, or None for a constant, and its place in the spec.

    `path` is the path of its value within the contact.
    """

    column: str | None
    source: Source
    path: KeyPath


class Condition(Struct, frozen=True):
    """The value that a column must have for a memory to be declared; an empty text means an empty cell."""

    slot: Slot
    expected: Json


class Leaf(Struct, frozen=True):
    """
    One value: that of cells, or a constant; `fact` is its key where it is a fact.

    `plain` is the column of a value that is one cell as it is, which most are. One that `is_whole` needs all its cells.
    One that `is_id` is refused where a spreadsheet rounded it. A number or boolean of JSON is text where `is_label`.
    """

    at: int
    cells: Cells | None
    constant: Json
    fact: str | None
    is_number: bool
    plain: str | None = None
    is_whole: bool = False
    is_id: bool = False
    is_label: bool = False


class Branch(Struct, frozen=True):
    """A mapping at a slot, dropped where it is empty and `may_drop`; only in rows that meet the conditions."""

    parts: tuple[tuple[str, "TemplatePart"], ...]
    may_drop: bool
    conditions: tuple[Condition, ...] = ()
    at: int = NAME_AT


class UserTemplates(Struct, frozen=True):
    """A list of users, each dropped in rows in which all of its columns are empty."""

    users: tuple[Branch, ...]


TemplatePart: TypeAlias = Leaf | Branch | UserTemplates


class PreparedMapping:
    """
    The mapping of a `contacts_from` entry, its columns found once and not for each row.

    Constants are escaped where the entry `is_resolved`: its references are already filled in. The scopes that are
    `left_out` are skipped; `memories` counts the others.
    """

    def __init__(self, entry: Node, *, is_resolved: bool, left_out: AbstractSet[str]) -> None:
        parts = dict(entry.entries())
        self.slots: list[Slot] = []
        self.conditions: list[Condition] = []
        self.leaves: list[Leaf] = []
        self.memories = 0
        self.region = phone_region_of(parts.get("phone_region"))
        self._is_resolved = is_resolved
        self._left_out = left_out
        self.naming = self._naming(parts)
        if self.region.column:
            self.slots.append(Slot(self.region.column, parts["phone_region"].source, ()))
        self.contact = self._branch(parts["contact"], (), may_drop=False)

    def _naming(self, parts: Mapping[str, Node]) -> Naming:
        """Return what names rows; its first column, or that of the identifier, is the place of the contact."""
        contact = dict(parts["contact"].entries())
        kinds = [kind for kind in IDENTITY_KEYS if kind in contact]
        found = {kind: cells_in(contact[kind]) for kind in kinds}
        identifiers = [(kind, cells) for kind, cells in found.items() if cells is not None]
        named_by = parts.get("named_by")
        nodes = () if named_by is None else tuple(named_by.items()) or (named_by,)
        columns = [(node, cells) for node in nodes if (cells := cells_in(node)) is not None]
        for node, cells in columns:
            self.slots += (Slot(column, node.source, ()) for column in cells.columns)
        if not columns:
            node, first = contact[kinds[0]], found[kinds[0]]
            self.slots.append(Slot(first.columns[0] if first else None, node.source, ()))
        plain = columns[0][1].plain if len(columns) == 1 else None
        return Naming(tuple(cells for _, cells in columns), tuple(identifiers), self.region.or_as_written, plain)

    def _branch(self, node: Node, path: KeyPath, *, may_drop: bool) -> Branch:
        parts = tuple((key, self._part(below, (*path, key))) for key, below in node.entries() if key != "where")
        where = dict(node.entries()).get("where")
        conditions = tuple(
            Condition(Slot(column, below.key_source, path), below.value)
            for column, below in (where.entries() if where else ())
        )
        self.conditions += conditions
        return Branch(parts, may_drop, conditions)

    def _part(self, node: Node, path: KeyPath) -> TemplatePart:
        match path[-1]:
            case "facts" | "seed_facts" | "metadata" | "labels" as section:
                is_fact = section in FACTS
                entries = ((key, below, key if is_fact else None) for key, below in node.entries())
                leaves = ((key, self._leaf(below, (*path, key), fact=fact)) for key, below, fact in entries)
                return Branch(tuple(leaves), may_drop=True)
            case "scopes":
                known = ((name, below) for name, below in node.entries() if name not in self._left_out)
                memories = ((name, self._branch(below, (*path, name), may_drop=False)) for name, below in known)
                contact = Branch(tuple(memories), may_drop=False)
                self.memories += len(contact.parts)
                return contact
            case "users":
                users = (self._user(below, (*path, index)) for index, below in enumerate(node.items()))
                return UserTemplates(tuple(users))
            case _:
                return self._leaf(node, path)

    def _user(self, node: Node, path: KeyPath) -> Branch:
        leaves = {key: self._leaf(below, (*path, key)) for key, below in node.entries()}
        return Branch(tuple(leaves.items()), may_drop=False, at=leaves["phone_number"].at)

    def _leaf(self, node: Node, path: KeyPath, *, fact: str | None = None) -> Leaf:
        leaf = self._made_leaf(node, path, fact)
        self.leaves.append(leaf)
        return leaf

    def _made_leaf(self, node: Node, path: KeyPath, fact: str | None) -> Leaf:
        at, cells = len(self.slots), cells_in(node)
        if cells is not None:
            self.slots += (Slot(column, node.source, path) for column in cells.columns)
            is_label = path[0] == "labels"
            key = path[-1] if fact is None and path[0] != "metadata" and not is_label else None
            return Leaf(
                at,
                cells,
                None,
                fact,
                is_number=key == "phone_number",
                plain=cells.plain,
                is_whole=key in _IDENTIFYING,
                is_id=key in _IDS,
                is_label=is_label,
            )
        self.slots.append(Slot(None, node.source, path))
        constant: Json = node.value[CONSTANT] if isinstance(node.value, dict) else None
        return Leaf(at, None, escaped(constant) if self._is_resolved else constant, fact, is_number=False)
