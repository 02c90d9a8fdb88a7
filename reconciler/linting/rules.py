"""Advice on valid specs, offline: keys of facts that are deprecated, unused, due for a review, or likely typos."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.documents.explanation import Advice, LintRule
from reconciler.core.model.address import keyed_address
from reconciler.core.model.catalogue import Catalogue, sensitive_keys
from reconciler.core.model.desired import Desired
from reconciler.core.model.nearest import distinguished, looks, similar_keys, twins
from reconciler.core.model.references import Variable, meant_key, referenced
from reconciler.core.model.text import quoted, shortened
from reconciler.errors import Source
from reconciler.linting.tables import TableReader, number_advice
from reconciler.reading import (
    KeyPath,
    Node,
    Numeral,
    ParsedFile,
    SpecFile,
    find_files,
    plain_value,
    read_file,
)
from reconciler.reading.places import value_offset
from reconciler.reading.quoting import taken_for, texts_before_comments, unquoted_texts, unused_anchors
from reconciler.specs.assembly import ADD_SCOPES, NO_SCOPE
from reconciler.specs.loading import Specs
from reconciler.specs.problems import FACTS, fact_of, spec_address
from reconciler.specs.spec_files import find_overlays


class Mention(Struct, frozen=True):
    """A place that gives a fact a value."""

    key: str
    address: str
    source: Source


class Mentions(Struct, frozen=True):
    """
    Facts by key, in the order of the files; the scopes that are declared, and those that contacts are in.

    `idle` are the places of contacts, by address, that have facts and are in no scope.
    """

    facts: Mapping[str, Sequence[Mention]]
    idle: Mapping[str, Source]
    scopes: Mapping[str, Source]
    scopes_in_use: frozenset[str]


def mentions_of(documents: Sequence[Node], patches: Sequence[Node]) -> Mentions:
    """Return what documents and their patches name."""
    facts: dict[str, list[Mention]] = {}
    everything = [*documents, *patches]
    for document in everything:
        for mention in _facts(document):
            facts.setdefault(mention.key, []).append(mention)
    scopes = {name: node.key_source for document in documents for name, node in _entries(document, "scopes")}
    in_use = (
        scope
        for document in everything
        for _, contact in _contacts(document)
        for scope, _ in _entries(contact, "scopes")
    )
    idle = {
        spec_address(path): contact.key_source
        for document in documents
        for path, contact in _contacts(document)
        if any(_layers(contact, path)) and not any(_entries(contact, "scopes"))
    }
    return Mentions(facts, idle, scopes, frozenset(in_use))


def _facts(document: Node) -> Iterator[Mention]:
    """Return the facts of scopes, of contacts and what makes them, and of the scopes of those."""
    for name, scope in _entries(document, "scopes"):
        yield from _layers(scope, ("scopes", name))
    for path, contact in _contacts(document):
        yield from _layers(contact, path)
        for name, memory in _entries(contact, "scopes"):
            yield from _layers(memory, (*path, "scopes", name))


def _contacts(document: Node) -> Iterator[tuple[KeyPath, Node]]:
    """Yield the contacts that a document declares, and those that it makes of rows, each with its path."""
    for name, contact in _entries(document, "contacts"):
        yield ("contacts", name), contact
    section = dict(document.entries()).get("contacts_from")
    for index, entry in enumerate(section.items() if section else ()):
        made = dict(entry.entries()).get("contact")
        if made:
            yield ("contacts_from", index, "contact"), made


def _layers(node: Node, owner: KeyPath) -> Iterator[Mention]:
    for section in sorted(FACTS):
        for key, below in _entries(node, section):
            yield Mention(meant_key(key), spec_address((*owner, section, key)), below.key_source)


def _entries(node: Node, key: str) -> Iterator[tuple[str, Node]]:
    for name, below in node.entries():
        if name == key:
            yield from below.entries()


def advice(rule: LintRule, source: Source, address: str, message: str, cure: str) -> Advice:
    """Return advice about a place."""
    return Advice(source.file, source.line, source.column, address, rule, message, cure)


def fact_key_advice(catalogue: Catalogue, mentions: Mentions, today: date) -> Iterator[Advice]:
    """Compare the catalogue with the facts that there are, and with the calendar."""
    for key in catalogue.values():
        found = mentions.facts.get(key.name, ())
        address = keyed_address("fact_keys", key.name)
        if key.deprecated:
            message, cure = "this key is deprecated", shortened(key.deprecated, _LONGEST_CURE)
            yield from (advice("deprecated_key", one.source, one.address, message, cure) for one in found)
        elif not found:
            message, cure = "no fact has this key", "remove it, or leave it for facts to come"
            yield advice("unused_fact_key", key.source, address, message, cure)
        if found and key.review_by is not None and today > date.fromisoformat(key.review_by):
            places = "one place" if len(found) == 1 else f"{len(found):,} places"
            message = f"its facts, in {places}, were to be reviewed by {key.review_by}"
            yield advice("review_due", key.source, address, message, "look at them again, and write the next day")


def near_duplicate_advice(mentions: Mentions) -> Iterator[Advice]:
    """Advise on the rarer one of two keys, of which one looks like a typo."""
    counts = {key: len(found) for key, found in mentions.facts.items()}
    for key, others in similar_keys(counts, counts).items():
        better = [other for other in others if (-counts[other], other) < (-counts[key], key)]
        for mention in mentions.facts[key] if better else ():
            shown, *names = distinguished([key, *sorted(better)])
            is_twin = all(looks(key) == looks(other) for other in better)
            doubt = f"this key, {shown}, looks the same as" if is_twin else "this key is one typo away from"
            message = f"{doubt} {' and '.join(names)}"
            cure = "write one of them everywhere, or declare both under fact_keys"
            yield advice("near_duplicate", mention.source, mention.address, message, cure)


def twin_advice(catalogue: Catalogue) -> Iterator[Advice]:
    """Advise on the later one of two declared keys that look the same."""
    alike = twins(catalogue, catalogue)
    for name in sorted(alike):
        shown, *others = distinguished([name, *sorted(alike[name])])
        if name > min(alike[name]):
            address = keyed_address("fact_keys", name)
            message = f"this key, {shown}, looks the same as {' and '.join(others)}"
            yield advice("near_duplicate", catalogue[name].source, address, message, "keep one of them")


_SHOWN = 40
_LONGEST_CURE = 200
_CURE = "put it in quotes; `reconciler fmt` does"
_COMMENT_CURE = "put the whole text in quotes, or write a blank behind the #"
_ANCHOR_CURE = "put the text in quotes if & belongs to it, or remove the anchor"
_NUMERAL_CURE = "put it in quotes, as `reconciler fmt` does; if a number is meant, give its key a type under fact_keys"


def look_alike_advice(
    file: ParsedFile, hidden: Collection[str] | None, numbers: Collection[str] = ()
) -> Iterator[Advice]:
    """
    Yield advice on each look-alike of a readable file. Texts of `hidden` facts are not quoted; None hides all texts.

    In a fact whose key is one of the `numbers`, 3.10 is a number for this tool, too.
    """
    for path, text, node, is_key in unquoted_texts(file):
        is_numeral = isinstance(plain_value(text), Numeral) and not is_key
        if is_numeral and _is_number(path, numbers):
            continue
        if other := taken_for(text):
            fact = _hidden_fact(path, hidden) if hidden is not None and (not is_key or fact_of(path) != path) else None
            shown = (
                "this sensitive value"
                if fact
                else "this live text"
                if hidden is None
                else quoted(shortened(text, _SHOWN))
            )
            message = f"{shown} is text here, without quotes, and {other} for other readers of YAML"
            source = node.key_source if is_key else node.source
            address = spec_address(fact or path)
            cure = _NUMERAL_CURE if is_numeral and fact_of(path) == path else _CURE
            yield advice("look_alike", source, address, message, cure)


def cut_text_advice(file: ParsedFile, hidden: Collection[str] | None) -> Iterator[Advice]:
    """Yield advice on texts of which YAML takes a part for a comment or an anchor; see `look_alike_advice`."""
    text = file.data.decode("utf-8-sig")
    comments, anchors = dict(texts_before_comments(text)), dict(unused_anchors(text))
    for path, node in _values(file) if comments or anchors else ():
        offset = value_offset(node.mark)
        is_shown = hidden is not None and _hidden_fact(path, hidden) is None
        address = spec_address(path)
        if offset in comments and isinstance(node.value, str):
            comment = quoted(shortened(comments.pop(offset), _SHOWN)) if is_shown else "what follows"
            message = f"YAML takes {comment} for a comment, so that it is no part of this text"
            yield advice("cut_text", node.source, address, message, _COMMENT_CURE)
        if offset in anchors:
            name = quoted(f"&{anchors.pop(offset)}") if is_shown else "what begins with &"
            message = f"YAML takes {name} for an anchor, and no alias refers to it"
            yield advice("unused_anchor", node.source, address, message, _ANCHOR_CURE)


def _values(file: ParsedFile) -> Iterator[tuple[KeyPath, Node]]:
    for document in file.documents:
        yield from _values_below(document, ())


def _values_below(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    yield path, node
    for key, below in node.entries():
        yield from _values_below(below, (*path, key))
    for index, below in enumerate(node.items()):
        yield from _values_below(below, (*path, index))


def numeral_variable_advice(variables: Iterable[Variable]) -> Iterator[Advice]:
    """Yield advice on variables that are text and look like numbers, such as 3.10."""
    for variable in variables:
        if isinstance(variable.value, Numeral):
            message = f"{quoted(variable.value)} is text here, without quotes, and a number for other readers of YAML"
            yield advice("look_alike", variable.source, f"variables.{variable.name}", message, _CURE)


def _is_number(path: KeyPath, numbers: Collection[str]) -> bool:
    """Return whether a number is meant at a path: in a fact with such a key, or in the key's entry of the catalogue."""
    fact = path[:2] if path[:1] == ("fact_keys",) else fact_of(path)
    return bool(fact) and meant_key(str((fact or ("",))[-1])) in numbers


def _hidden_fact(path: KeyPath, hidden: Collection[str]) -> KeyPath | None:
    """Return the hidden fact in which a path ends; what lies below it, keys included, is a part of its value."""
    fact = fact_of(path)
    return fact if fact and meant_key(str(fact[-1])) in hidden else None


def unused_variable_advice(variables: Iterable[Variable], used: Iterable[Iterable[Variable]]) -> Iterator[Advice]:
    """Yield advice on variables that are not among those that are `used`, which are asked for as far as needed."""
    unused = {variable.source: variable for variable in variables}
    for variable in chain.from_iterable(used) if unused else ():
        unused.pop(variable.source, None)
        if not unused:
            break
    for variable in unused.values():
        message, cure = "no spec refers to this variable", "remove it, or write ${name} where it is meant"
        yield advice("unused_variable", variable.source, f"variables.{variable.name}", message, cure)


def used_variables(specs: Specs) -> list[Variable]:
    """Return the variables of an environment that its specs refer to."""
    known = specs.references.variables
    files = (*find_files(specs.entries, root=specs.root).files, *find_overlays(specs.overlays, root=specs.root).files)
    names = {
        one.name for node in _documents(_parsed(files)) for one in referenced(node.value) if not one.from_environment
    }
    return [known[name] for name in names if name in known]


def lint(specs: Specs, today: date, used: Iterable[Iterable[Variable]]) -> tuple[Advice, ...]:
    """
    Return all advice on an environment's specs, sorted by place; raise `SpecError` if they are invalid.

    The variables that are `used` are those of this environment, and then of the project's others.
    """
    tables = TableReader()
    loaded = specs.load(tables)
    hidden = None if loaded.desired.live_values else sensitive_keys(loaded.desired.catalogue)
    declaring = find_files(specs.entries, root=specs.root).files
    patching = find_overlays(specs.overlays, root=specs.root).files
    declared, patches = _parsed(declaring), _parsed(patching)
    mentions = mentions_of(_documents(declared), _documents(patches))
    catalogue = loaded.desired.catalogue
    found = chain(
        _advice(mentions, catalogue, today, {file.name for file in declaring}),
        _look_alikes((*declared, *patches), loaded.desired, specs.references.variables.values()),
        (one for file in (*declared, *patches) for one in cut_text_advice(file, hidden)),
        tables.advice(hidden),
        number_advice(loaded.desired),
        unused_variable_advice(specs.references.variables.values(), used),
    )
    return tuple(sorted(set(_first(found))))


_MOST = 1_000
"""The most places of one file that are named for each rule; the others are counted at the first place."""


def _first(found: Iterable[Advice]) -> Iterator[Advice]:
    counts: Counter[tuple[str, LintRule]] = Counter()
    first: dict[tuple[str, LintRule], Advice] = {}
    for one in found:
        counts[one.file, one.rule] += 1
        first.setdefault((one.file, one.rule), one)
        if counts[one.file, one.rule] <= _MOST:
            yield one
    for where, count in counts.items():
        if count > _MOST:
            places = "place of this file is" if count == _MOST + 1 else "places of this file are"
            message = f"{count - _MOST:,} more {places} like those that are named"
            yield replace(first[where], message=message, cure="fix these, and run it again")


def _parsed(files: Iterable[SpecFile]) -> list[ParsedFile]:
    return [read_file(file.path, name=file.name) for file in files]


def _documents(files: Iterable[ParsedFile]) -> list[Node]:
    return [node for file in files for node in file.documents]


def _advice(mentions: Mentions, catalogue: Catalogue, today: date, files: Collection[str]) -> Iterator[Advice]:
    if catalogue:
        own = {name: key for name, key in catalogue.items() if key.source.file in files}
        yield from fact_key_advice(own, mentions, today)
        yield from twin_advice(own)
    else:
        yield from near_duplicate_advice(mentions)
    for name, source in mentions.scopes.items():
        if name not in mentions.scopes_in_use:
            message, cure = "no contact is in this scope", "remove it, or name it in a contact's scopes"
            yield advice("unused_scope", source, f"scopes.{name}", message, cure)
    for address, source in mentions.idle.items():
        yield advice("idle_facts", source, address, NO_SCOPE, ADD_SCOPES)


def _look_alikes(files: Iterable[ParsedFile], desired: Desired, variables: Iterable[Variable]) -> Iterator[Advice]:
    hidden = None if desired.live_values else sensitive_keys(desired.catalogue)
    numbers = frozenset(key.name for key in desired.catalogue.values() if key.holds_numbers)
    for file in files:
        yield from look_alike_advice(file, hidden, numbers)
    yield from numeral_variable_advice(variables)
