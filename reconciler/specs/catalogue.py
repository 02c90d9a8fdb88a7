"""
Check facts against the catalogue: keys that it does not list, and values that break its rules.

Layers are checked, not memories. So each value is checked once, at its own place: those of rows while these are read,
all others after all files are read.
"""

import os
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from reconciler.core.model.address import is_within
from reconciler.core.model.catalogue import NUMBERS, TYPE_NAMES, Catalogue, FactKey, broken_rule
from reconciler.core.model.desired import Fact
from reconciler.core.model.masking import compose, named
from reconciler.core.model.references import meant_key
from reconciler.core.model.text import UnreadSecret, quoted, shortened
from reconciler.core.model.value import Json
from reconciler.errors import Problem, Source
from reconciler.reading import (
    REFUSED,
    KeyPath,
    Nearest,
    Node,
    Numeral,
    SpecFile,
    Words,
    find_files,
    mistyped,
    numeral_value,
    read_file,
)
from reconciler.reading.document import Room
from reconciler.specs.declarations import Declarations, Invalid, declarations
from reconciler.specs.layers import Facts
from reconciler.specs.problems import Problems, spec_address, spec_documents
from reconciler.specs.references import References, resolve
from reconciler.specs.schema import SpecDocument

_LONGEST_PATTERN = 80

_SECTION = "fact_keys"
_OTHERS = frozenset(SpecDocument.model_fields) - {_SECTION}


def catalogues(  # noqa: PLR0913  as many as loading has
    entries: Sequence[str],
    *,
    root: Path,
    besides: Sequence[SpecFile],
    references: References,
    problems: Problems,
    room: Room,
) -> Iterator[Declarations]:
    """
    Yield the keys of facts that entries declare; skip files that are read `besides`, and read no secret.

    It is a problem if a file cannot be read or holds an unknown section, since it may declare which facts are
    sensitive. So is an entry that finds nothing. Only if no entry finds any file, there is no catalogue to lose, and no
    problem.
    """
    if not entries:
        return
    known, found = {os.path.realpath(file.path) for file in besides}, find_files(entries, root=root)
    if found.files or not found.is_complete:
        problems.take(found.problems)
    for file in found.files:
        if os.path.realpath(file.path) not in known:
            parsed = read_file(file.path, name=file.name, address=spec_address, room=room)
            for document in spec_documents(parsed, file, problems):
                if not _is_silent(document.value):
                    yield _catalogue(document, references.unread, problems)


def number_keys(document: Node) -> Iterator[str]:
    """Yield the keys of facts that a document types as numbers, whether it is valid or not."""
    keys = dict(document.entries()).get(_SECTION)
    for name, key in keys.entries() if keys else ():
        if isinstance(key.value, dict) and key.value.get("type") in NUMBERS:
            yield meant_key(name)


def _is_silent(document: Json) -> bool:
    """Return whether a document has only other sections, so that it declares no keys of facts."""
    return isinstance(document, dict) and _OTHERS.issuperset(document)


def _catalogue(document: Node, references: References, problems: Problems) -> Declarations:
    aside = Problems()
    own = declarations(resolve(document, references, aside), aside)
    others = tuple(spec_address((section,)) for section in _OTHERS)
    problems.take(one for one in aside.found if not any(is_within(one.address, section) for section in others))
    names = tuple(name for name in own.names if name.section == _SECTION)
    return Declarations(names, Invalid(), own.fact_keys, (), (), ())


_MOST_LISTED = 8


class FactRules:
    """
    What the catalogue says of facts, where there is one; `declared` are the documents with the names of its keys.

    Unless the reading `is_complete`, a key may be declared in what could not be read. Then none is called undeclared.
    """

    def __init__(self, declared: Iterable[Declarations], catalogue: Catalogue, *, is_complete: bool) -> None:
        self.catalogue = catalogue
        self._known = {one.name for document in declared for one in document.names if one.section == "fact_keys"}
        self._is_complete = is_complete
        self._nearest = Nearest(self._known)
        self._choices = cache(lambda name: Nearest(one for one in catalogue[name].enum if isinstance(one, str)))

    def check(self, declared: Declarations, problems: Problems) -> int:
        """Note the facts that do not fit the catalogue; return how many there are."""
        found = 0
        for layer in declared.layers() if self._known else ():
            for fact in layer.facts:
                if words := self._words(fact):
                    found += 1
                    path = (*layer.owner, "facts", fact.key)
                    problems.add(fact.source, path, message=words.message, cure=words.cure)
        return found

    def _words(self, fact: Fact) -> Words | None:
        if fact.key in self._known:
            return _words(self.catalogue.get(fact.key), fact.value, self._choices)
        if not self._is_complete:
            return None
        cure = self._nearest.did_you_mean(fact.key) or "declare it under fact_keys, in any spec file"
        return Words("this key is not among the fact_keys", cure)


def with_numbers(declared: Iterable[Declarations], catalogue: Catalogue) -> Iterator[Declarations]:
    """Yield declarations in which texts such as 3.10 are numbers, in facts that have to be numbers."""
    keys = frozenset(key.name for key in catalogue.values() if key.holds_numbers)
    for one in declared:
        texts = (isinstance(fact.value, Numeral) and fact.key in keys for layer in one.layers() for fact in layer.facts)
        yield _with_numbers(one, keys) if keys and not one.live_values and any(texts) else one


def _with_numbers(declared: Declarations, keys: Container[str]) -> Declarations:
    def meant(facts: Facts) -> Facts:
        return tuple(
            replace(fact, value=numeral_value(fact.value))
            if isinstance(fact.value, Numeral) and fact.key in keys
            else fact
            for fact in facts
        )

    return replace(
        declared,
        invalid=replace(
            declared.invalid,
            layers=tuple(replace(layer, facts=meant(layer.facts)) for layer in declared.invalid.layers),
        ),
        scopes=tuple(replace(scope, facts=meant(scope.facts)) for scope in declared.scopes),
        contacts=tuple(
            replace(
                contact,
                facts=meant(contact.facts),
                memories=tuple(replace(memory, facts=meant(memory.facts)) for memory in contact.memories),
            )
            for contact in declared.contacts
        ),
    )


def deprecated_uses(declared: Sequence[Declarations], catalogue: Catalogue) -> tuple[Problem, ...]:
    """Warn of each deprecated key that facts have, at the first of them."""
    deprecated = {key.name for key in catalogue.values() if key.deprecated}
    if not deprecated:
        return ()
    layers = (layer for document in declared for layer in document.layers())
    used = ((layer.owner, fact) for layer in layers for fact in layer.facts if fact.key in deprecated)
    found: dict[str, list[tuple[KeyPath, Source]]] = {}
    for owner, fact in used:
        found.setdefault(fact.key, []).append(((*owner, "facts", fact.key), fact.source))
    return tuple(_deprecation(catalogue[key], *places[0], more=len(places) - 1) for key, places in found.items())


def _deprecation(key: FactKey, path: KeyPath, source: Source, *, more: int) -> Problem:
    elsewhere = f" (also in {more:,} other {'place' if more == 1 else 'places'})" if more else ""
    message = f"this key is deprecated{elsewhere}"
    return source.problem(spec_address(path), message, key.deprecated)


def _words(key: FactKey | None, value: Json, choices: Callable[[str], Nearest]) -> Words | None:
    """Return which rule of a key a value breaks; of a secret that was not read nothing is known but that it is text."""
    if key is None or value is None or value is REFUSED:
        return None
    broken = broken_rule(key, value)
    if broken is None or (isinstance(value, UnreadSecret) and broken != "type"):
        return None
    match broken:
        case "type":
            assert key.expected_type is not None  # noqa: S101  a value of any type breaks no rule about types
            return mistyped(TYPE_NAMES[key.expected_type], value)
        case "enum":
            nearest = _nearest(key, value, choices)
            return Words(compose("{} is expected, not {}", _choices(key.enum), named(value)), nearest)
        case "pattern":
            pattern = shortened(key.pattern or "", _LONGEST_PATTERN)
            return Words(compose("{} does not match {}", named(value), pattern), _rule(key))
        case "max_length":
            return Words(f"text of at most {key.longest:,} characters is expected, not more", _rule(key))


def _choices(values: Sequence[Json]) -> str:
    shown = [quoted(value) if isinstance(value, str) else named(value).shown for value in values[:_MOST_LISTED]]
    more = [f"{len(values) - _MOST_LISTED:,} more"] if len(values) > _MOST_LISTED else []
    return f"one of {', '.join([*shown, *more])}"


def _nearest(key: FactKey, value: Json, choices: Callable[[str], Nearest]) -> str:
    is_open = type(value) is str and not key.sensitive  # a secret is of a type of its own
    nearest = choices(key.name).did_you_mean(str(value)) if is_open else ""
    return nearest if nearest.startswith("did you mean") else _rule(key)


def _rule(key: FactKey) -> str:
    about = f", {key.description}" if key.description else ""
    return f"the rule is at {key.source}{about}"
