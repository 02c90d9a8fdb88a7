"""
Overlays: patches of declarations, for one environment.

A patch has the shape of what it patches. Its keys replace the declared ones; `facts`, `seed_facts`, `metadata` and
`labels` are patched key by key, `users` by phone number, `scopes` by name. A later patch overrides an earlier one.

Overlays are applied before references are filled in: a value that was replaced needs no variable and no secret.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from msgspec import Struct
from pydantic import ConfigDict, Field

from reconciler.core.model.desired import IDENTITY_KEYS
from reconciler.core.model.nearest import is_typo
from reconciler.core.model.value import Json
from reconciler.reading import KeyPath, Nearest, Node, Strict, check, joined, listing, mapping
from reconciler.specs.declarations import DeclaredName, declarations
from reconciler.specs.phone_numbers import plain_number
from reconciler.specs.problems import FACTS, Problems, spec_address
from reconciler.specs.references import References, resolve
from reconciler.specs.schema import SpecDocument
from reconciler.specs.texts import Name

Target: TypeAlias = tuple[str, str]
"""What a patch is for: the section and the name of a declaration."""

OPTIONAL = "optional"
_IDENTITIES: Mapping[str, tuple[str, ...]] = {
    "scopes": ("persona_id", "agent_number"),
    "contacts": IDENTITY_KEYS,
    "memories": ("memory_id",),
}


def check_unmatched(entry: Node, target: Target, references: References, problems: Problems) -> None:
    """
    Validate an entry that matches no declaration: as if it patched a declaration that has only an identity.

    Its references are not in effect, so an undefined variable is no problem.
    """
    section, name = target
    parts = {key: _stripped(below) if key == "scopes" else below for key, below in entry.entries() if key != OPTIONAL}
    if not parts.keys() & set(_IDENTITIES[section]):
        parts[_IDENTITIES[section][0]] = Node("declared-elsewhere", entry.lines, entry.mark)
    whole = mapping(entry, {section: mapping(entry, {name: mapping(entry, parts)})})
    declarations(resolve(whole, references.unread, Problems()), problems)


def _stripped(scopes: Node) -> Node:
    if not isinstance(scopes.value, dict):
        return scopes
    memories = {
        name: mapping(node, {key: below for key, below in node.entries() if key != OPTIONAL})
        if isinstance(node.value, dict)
        else node
        for name, node in scopes.entries()
    }
    return mapping(scopes, memories)


_MOST_DECLARED = 10
"""The most declarations of one name that are patched: all but one are mistakes, and each takes time for all patches."""

_IDENTITY = frozenset((*IDENTITY_KEYS, "persona_id", "agent_number"))
_MESSAGE = "this overlay entry matches no declaration"
_CURE = "declare it in a spec file; `optional: true` in the entry skips it if nothing matches"


class _Entry(Strict):
    """The keys of an overlay entry that are no part of a declaration; the rest is checked after patching."""

    model_config = ConfigDict(extra="allow")

    optional: bool = Field(default=False, description="skip the entry if it matches no declaration")


class _OverlayDocument(Strict):
    scopes: dict[Name, _Entry] = Field(default_factory=dict)
    contacts: dict[Name, _Entry] = Field(default_factory=dict)
    memories: dict[Name, _Entry] = Field(default_factory=dict)


class Patch(Struct, frozen=True):
    """One entry of an overlay."""

    target: Target
    node: Node

    @property
    def is_optional(self) -> bool:
        """Return whether nothing need be declared that the patch matches."""
        return _is_optional(self.node)


def patches_of(document: Node, problems: Problems) -> Iterator[Patch]:
    """Yield the entries of an overlay's document; report what is wrong with them as entries."""
    checked = check(_OverlayDocument, document, address=spec_address)
    problems.take(checked.problems)
    wrong = {path[:2] for path in checked.wrong} | {path[:1] for path in checked.wrong if len(path) == 1}
    for section, entries in document.entries():
        if section in SpecDocument.model_fields and (section,) not in wrong:
            for name, node in entries.entries():
                if (section, name) not in wrong:
                    yield Patch((section, name), _without_typos(node, (section, name), problems))


class Overlays:
    """The patches of an environment, in the order in which they apply."""

    def __init__(self, patches: Iterable[Patch], references: References, problems: Problems) -> None:
        self._references = references
        self._problems = problems
        self._by_target: dict[Target, list[Patch]] = {}
        self._found_in: Counter[Target] = Counter()
        for patch in patches:
            self._by_target.setdefault(patch.target, []).append(patch)

    def apply(self, document: Node) -> Node:
        """Return a document with all patches of its declarations; the same object if there are none."""
        found = tuple(self._found(document)) if self._by_target else ()
        if not found:
            return document
        document, *nodes = joined([document, *(patch.node for patch in found)])
        patched: dict[Target, list[Node]] = {}
        for patch, node in zip(found, nodes, strict=True):
            patched.setdefault(patch.target, []).append(node)
        return self._document(document, patched)

    def report_unmatched(self, names: Iterable[DeclaredName]) -> None:
        """Note each patch that matches none of the names that are declared."""
        if not self._by_target:
            return
        declared = {(one.section, one.name) for one in names}
        known = {
            section: Nearest(name for at, name in declared if at == section)
            for section in {section for section, _ in self._by_target}
        }
        for target, patches in self._by_target.items():
            for patch in patches if target not in declared else ():
                if not patch.is_optional:
                    _report(patch.node, target, known[target[0]], self._problems)
                check_unmatched(patch.node, target, self._references, self._problems)

    def _found(self, document: Node) -> Iterator[Patch]:
        for section in SpecDocument.model_fields:
            names = document.value.get(section) if isinstance(document.value, dict) else None
            for target in ((section, name) for name in names) if isinstance(names, dict) else ():
                if patches := self._by_target.get(target):
                    self._found_in[target] += 1
                    yield from patches if self._found_in[target] <= _MOST_DECLARED else ()

    def _document(self, document: Node, patched: Mapping[Target, Sequence[Node]]) -> Node:
        sections = dict(document.entries())
        for section, entries in sections.items():
            named = dict(entries.entries())
            touched = [name for name in named if (section, name) in patched]
            for name in touched:
                for patch in patched[section, name]:
                    named[name] = self._entry(named[name], patch, (section, name))
            sections[section] = mapping(entries, named) if touched else entries
        return mapping(document, sections)

    def _entry(self, declared: Node, patch: Node, path: KeyPath) -> Node:
        """Return a declaration, or a contact's memory in a scope, with a patch of it."""
        if not isinstance(declared.value, dict):
            return declared  # it is reported at its own place
        if not isinstance(patch.value, dict):
            return patch  # the same
        given = {key: node for key, node in patch.entries() if key != OPTIONAL}
        dropped = _IDENTITY if _IDENTITY & given.keys() else frozenset[str]()
        parts = {key: node for key, node in declared.entries() if key not in dropped}
        _drop_changed_policies(parts, given)
        for key, node in given.items():
            parts[key] = self._part(parts[key], node, (*path, key)) if key in parts else node
        return mapping(declared, parts)

    def _part(self, declared: Node, patch: Node, path: KeyPath) -> Node:
        match path[-1]:
            case "facts" | "seed_facts" | "metadata" | "labels" if _are(dict, declared, patch):
                return mapping(declared, {**dict(declared.entries()), **dict(patch.entries())})
            case "scopes" if _are(dict, declared, patch):
                return self._memories(declared, patch, path)
            case "users" if _are(list, declared, patch):
                return self._users(declared, patch)
            case _:
                return patch

    def _memories(self, declared: Node, patch: Node, path: KeyPath) -> Node:
        memories = dict(declared.entries())
        for scope, written in patch.entries():
            node = _without_typos(written, (*path, scope), self._problems)
            self._check_optional(node, (*path, scope))
            if scope in memories:
                memories[scope] = self._entry(memories[scope], node, (*path, scope))
                continue
            if not _is_optional(node):
                _report(node, (*path, scope), Nearest(memories), self._problems)
            whole = mapping(node, {"scopes": mapping(node, {scope: node})})
            check_unmatched(whole, (str(path[0]), str(path[1])), self._references, self._problems)
        return mapping(declared, memories)

    def _check_optional(self, node: Node, path: KeyPath) -> None:
        for key, flag in node.entries():
            if key == OPTIONAL and not isinstance(flag.value, bool):
                self._problems.add(flag.source, (*path, key), message="true or false is expected", cure="write true")

    def _users(self, declared: Node, patch: Node) -> Node:
        """Patch users by phone number. A user that is new, or in the patch twice, is added at the end."""
        users = list(declared.items())
        at = {number: index for index, user in enumerate(users) if (number := self._number(user)) is not None}
        for user in patch.items():
            index = at.pop(number, None) if (number := self._number(user)) is not None else None
            if index is None:
                users.append(user)
            else:
                users[index] = mapping(user, {**dict(users[index].entries()), **dict(user.entries())})
        return listing(declared, users)

    def _number(self, user: Node) -> str | None:
        value: Json = user.value.get("phone_number") if isinstance(user.value, dict) else None
        number = plain_number(self._references.plain(value))
        return number if isinstance(number, str) else None


def _drop_changed_policies(parts: dict[str, Node], given: Mapping[str, Node]) -> None:
    """Drop declared enforced facts that the patch seeds, and declared seeded facts that it enforces."""
    keys = {section: _keys(given, section) for section in FACTS}
    for section, other in (("facts", "seed_facts"), ("seed_facts", "facts")):
        changed = keys[other] - keys[section]
        if changed & _keys(parts, section):
            remaining = {key: node for key, node in parts[section].entries() if key not in changed}
            parts[section] = mapping(parts[section], remaining)


def _keys(parts: Mapping[str, Node], section: str) -> AbstractSet[str]:
    value = parts[section].value if section in parts else None
    return value.keys() if isinstance(value, dict) else set()


def _are(kind: type[dict[str, Json] | list[Json]], *nodes: Node) -> bool:
    return all(isinstance(node.value, kind) for node in nodes)


def _is_optional(node: Node) -> bool:
    return isinstance(node.value, dict) and node.value.get(OPTIONAL) is True


def _without_typos(entry: Node, path: KeyPath, problems: Problems) -> Node:
    """Return an entry without keys that seem to mean `optional`, which are reported."""
    typos = {key: node.key_source for key, node in entry.entries() if is_typo(key, OPTIONAL)}
    for key, source in typos.items():
        problems.add(source, (*path, key), message="unknown key", cure=f'did you mean "{OPTIONAL}"?')
    return mapping(entry, {key: node for key, node in entry.entries() if key not in typos}) if typos else entry


def _report(node: Node, path: KeyPath, known: Nearest, problems: Problems) -> None:
    problems.add(node.key_source, path, message=_MESSAGE, cure=known.did_you_mean(str(path[-1])) or _CURE)
