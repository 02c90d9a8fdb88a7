"""Paths in a spec file → addresses as plans and receipts write them, and the facts among the paths."""

from collections.abc import Iterator

from reconciler.core.model.address import fact_address, user_address
from reconciler.core.model.references import meant_key
from reconciler.core.model.value import Json, is_list
from reconciler.reading import KeyPath, dotted

FACTS = frozenset(("facts", "seed_facts"))


def spec_address(path: KeyPath, document: Json = None) -> str:
    """
    Return the address of what a path points to.

    A fact has one address, whichever layer declares it. A user has the address of the phone number in the document.
    """
    owner, rest = split(path)
    match rest:
        case (str(section), str(key), *deeper) if section in FACTS:
            return fact_address(dotted(owner), key) + _below(*deeper)
        case ("users", int(index), *deeper):
            phone_number = _found(document, (*owner, "users", index, "phone_number"))
            known = isinstance(phone_number, str) and phone_number
            return user_address(dotted(owner), known) + _below(*deeper) if known else dotted(path)
        case _:
            return dotted(path)


def fact_of(path: KeyPath) -> KeyPath | None:
    """Return the part of a path that points to a fact, declared or made of rows; None if it points to no fact."""
    owner = len(split(path)[0])
    if path[:1] == ("contacts_from",):
        owner = 5 if path[3:4] == ("scopes",) else 3
    is_fact = len(path) > owner + 1 and path[owner] in FACTS
    return path[: owner + 2] if is_fact else None


def split(path: KeyPath) -> tuple[KeyPath, KeyPath]:
    """Split a path behind the name of its declaration: a contact may be called `facts`, so its name is not examined."""
    owner = 4 if path[:1] == ("contacts",) and path[2:3] == ("scopes",) else 2
    return path[:owner], path[owner:]


def facts_in(value: Json, path: KeyPath = ()) -> Iterator[tuple[str, Json]]:
    """Yield the key and the value of each fact of a document, and of each that it makes of rows, as written."""
    if fact := fact_of(path):
        yield meant_key(str(fact[-1])), value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from facts_in(below, (*path, key))
    elif is_list(value):
        for index, below in enumerate(value):
            yield from facts_in(below, (*path, index))


def _below(*steps: str | int) -> str:
    written = dotted(steps)
    return f".{written}" if written and not written.startswith("[") else written


def _found(document: Json, path: KeyPath) -> Json:
    for step in path:
        match document:
            case dict() if step in document:
                document = document[str(step)]
            case list() if isinstance(step, int):
                document = document[step]
            case _:
                return None
    return document
