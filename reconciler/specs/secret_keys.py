"""The keys of facts that spec files give a value from the process's environment, in effect or not."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from reconciler.core.model.references import referenced
from reconciler.core.model.value import Json, is_list
from reconciler.errors import SpecError
from reconciler.reading import KeyPath, find_files, read_file
from reconciler.specs.addresses import fact_of


def secret_keys(entries: Iterable[str], *, root: Path) -> frozenset[str]:
    """
    Give the keys of facts of which any file, overlay or not, writes a value with `${env:NAME}`, at any depth.

    What wins over such a value, and whether anybody has it, does not matter. Entries that lead nowhere hold none.
    Raises `SpecError` for what cannot be read: it may hold some.
    """
    found = find_files(tuple(dict.fromkeys(entries)), root=root)
    problems = [] if found.all_seen else [*found.problems]
    keys: set[str] = set()
    for file in found.files:
        reading = read_file(file.path, name=file.name)
        problems += reading.problems
        for document in reading.documents if reading.may_refer else ():
            keys.update(_keys(document.value, ()))
    if problems:
        raise SpecError(tuple(problems))
    return frozenset(keys)


def _keys(value: Json, path: KeyPath) -> Iterator[str]:
    """Give the keys of facts at a path, or below it, that are read from the environment."""
    fact = fact_of(path)
    if fact is not None:
        if any(one.from_environment for one in referenced(value)):
            yield str(fact[-1]).replace("$${", "${")
        return
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _keys(below, (*path, key))
    elif is_list(value):
        for index, below in enumerate(value):
            yield from _keys(below, (*path, index))
