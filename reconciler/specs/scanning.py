"""Look into spec files without loading them: the addresses for completion, and the keys of facts that are secrets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from reconciler.core.model.address import fact_address
from reconciler.core.model.references import referenced
from reconciler.core.model.value import Json
from reconciler.errors import SpecError
from reconciler.reading import find_files, read_file
from reconciler.reading.row_formats import Row
from reconciler.specs.problems import facts_in
from reconciler.specs.row_cells import CellError
from reconciler.specs.row_reading import RowSource, row_sources


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


_LAYERS = ("facts", "seed_facts")
_MOST_ROWS = 1000
"""At most so many rows of data files are read, since somebody waits for the completion."""


def declared_addresses(entries: Sequence[str], *, root: Path) -> tuple[str, ...]:
    """Return the addresses of contacts, their scopes and facts, and of memories, sorted; nothing is checked."""
    read = [
        (node, file)
        for file in find_files(entries, root=root).files
        for node in read_file(file.path, name=file.name).documents
    ]
    rows = (row for node, file in read for source in row_sources(node, file, node) for row in _rows(source))
    documents = [*(node.value for node, _ in read), *islice(rows, _MOST_ROWS)]
    scopes = {name: list(_facts(body)) for document in documents for name, body in _entries(document, "scopes")}
    found = {
        address
        for document in documents
        for name, body in _entries(document, "contacts")
        for address in _contact(f"contacts.{name}", body, scopes)
    }
    found.update(f"memories.{name}" for document in documents for name, _ in _entries(document, "memories"))
    return tuple(sorted(found))


def _rows(source: RowSource) -> Iterator[Json]:
    """Yield the document of each row as a spec would write it; skip rows that are wrong."""
    template = source.template(is_resolved=False)
    try:
        rows = [row for row in islice(source.rows(), _MOST_ROWS) if isinstance(row, Row)]
    except (OSError, ValueError):
        return
    shared = template.naming.shared(rows)
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
    for layer in _LAYERS:
        yield from (key for key, _ in _entries(body, layer))


def _entries(body: Json, key: str) -> Sequence[tuple[str, Json]]:
    entries = body.get(key) if isinstance(body, dict) else None
    return tuple(entries.items()) if isinstance(entries, dict) else ()
