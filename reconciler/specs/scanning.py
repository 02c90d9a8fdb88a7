"""Look into files without loading them: declared addresses, keys of secret facts, and JSON that looks like specs."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from reconciler.core.model.address import fact_address
from reconciler.core.model.references import OPENING, referenced
from reconciler.core.model.value import Json
from reconciler.errors import Problem, SpecError
from reconciler.reading import Node, SpecFile, find_files, read_file
from reconciler.reading.row_formats import Row
from reconciler.specs.problems import FACTS, facts_in
from reconciler.specs.row_cells import CellError
from reconciler.specs.row_names import shared_names
from reconciler.specs.row_source import RowSource, row_sources

_MOST_BYTES = 65_536
_LIKE_SPECS = re.compile(rb'"(?:contacts|contacts_from|fact_keys|memories|rules|scopes)"\s*:\s*[{\[]')
_OURS = b'"format_version"'
"""What the documents of this tool hold, such as a saved plan."""


def unread_specs(files: Iterable[SpecFile]) -> Iterator[Problem]:
    """Yield a warning for each of the files that looks like specs; one that cannot be read does not."""
    for file in files:
        if _looks_like_specs(file):
            cure = "give it the ending .yaml, since YAML takes JSON as it is, or move it out of the folder"
            yield Problem(file.name, 0, 0, "", "this file looks like specs and is not read: its ending is .json", cure)


def _looks_like_specs(file: SpecFile) -> bool:
    try:
        with file.path.open("rb") as stream:
            start = stream.read(_MOST_BYTES)
    except OSError:
        return False
    return _OURS not in start and _LIKE_SPECS.search(start) is not None


def secret_keys(entries: Iterable[str], *, root: Path) -> frozenset[str]:
    """
    Return the keys of facts that any spec file or overlay gives a value with `${env:NAME}`, at any depth.

    It does not matter whether that value is overridden or unused. Entries that find no file have none. Raise
    `SpecError` for a file that cannot be read, since it may have some.
    """
    found = find_files(tuple(dict.fromkeys(entries)), root=root)
    problems = [] if found.is_complete else [*found.problems]
    keys: set[str] = set()
    for file in found.files:
        parsed = read_file(file.path, name=file.name)
        problems += parsed.problems
        for document in parsed.documents if parsed.has_references else ():
            facts = facts_in(document.value)
            keys.update(key for key, value in facts if any(one.from_environment for one in referenced(value)))
    if problems:
        raise SpecError(tuple(problems))
    return frozenset(keys)


_MOST_ROWS = 1000
"""At most so many rows of data files are read, since somebody waits for the completion."""


def declared_rules(entries: Sequence[str], *, root: Path) -> tuple[str, ...]:
    """Return the names of the rules that spec files declare, sorted; nothing is checked."""
    return tuple(sorted({name for node, _ in _nodes(entries, root) for name, _ in _entries(node.value, "rules")}))


def declared_addresses(entries: Sequence[str], *, root: Path) -> tuple[str, ...]:
    """Return the addresses of contacts, their scopes and facts, and of memories, sorted; nothing is checked."""
    documents = _documents(entries, root)
    scopes = {name: list(_facts(body)) for document in documents for name, body in _entries(document, "scopes")}
    found = {
        address
        for document in documents
        for name, body in _entries(document, "contacts")
        for address in _contact(f"contacts.{name}", body, scopes)
    }
    found.update(f"memories.{name}" for document in documents for name, _ in _entries(document, "memories"))
    return tuple(sorted(found))


def declared_labels(entries: Sequence[str], *, root: Path) -> tuple[tuple[str, str], ...]:
    """Return the keys and values of labels, sorted; nothing is checked, and references are left out."""
    contacts = (body for document in _documents(entries, root) for _, body in _entries(document, "contacts"))
    labels = (label for body in contacts for label in _entries(body, "labels"))
    return tuple(sorted({(key, text) for key, text in labels if isinstance(text, str) and OPENING not in text}))


def _documents(entries: Sequence[str], root: Path) -> list[Json]:
    """Return the documents of spec files, and those of the rows that they name."""
    read = list(_nodes(entries, root))
    rows = (row for node, file in read for source in row_sources(node, file, node) for row in _rows(source))
    return [*(node.value for node, _ in read), *islice(rows, _MOST_ROWS)]


def _nodes(entries: Sequence[str], root: Path) -> Iterator[tuple[Node, SpecFile]]:
    """Yield the documents of spec files, each with its file."""
    for file in find_files(entries, root=root).files:
        for node in read_file(file.path, name=file.name).documents:
            yield node, file


def _rows(source: RowSource) -> Iterator[Json]:
    """Yield the document of each row as a spec would write it; skip rows that are wrong."""
    template = source.template(is_resolved=False)
    try:
        rows = [row for row in islice(source.rows(), _MOST_ROWS) if isinstance(row, Row)]
    except (OSError, ValueError):
        return
    shared = shared_names(template.naming.named(rows, _MOST_ROWS))
    for row in rows:
        with suppress(CellError):
            if name := template.naming.name(row, shared):
                yield template.document(row, name)[0].value


def _contact(address: str, body: Json, scopes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield address
    shared = list(_facts(body))
    for scope, memory in _entries(body, "scopes"):
        yield f"{address}.scopes.{scope}"
        for key in (*scopes.get(scope, ()), *shared, *_facts(memory)):
            yield fact_address(f"{address}.scopes.{scope}", key)


def _facts(body: Json) -> Iterator[str]:
    for layer in FACTS:
        yield from (key for key, _ in _entries(body, layer))


def _entries(body: Json, key: str) -> Sequence[tuple[str, Json]]:
    entries = body.get(key) if isinstance(body, dict) else None
    return tuple(entries.items()) if isinstance(entries, dict) else ()
