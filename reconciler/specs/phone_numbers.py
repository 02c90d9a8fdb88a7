"""Where specs and overlays hold phone numbers, and what `fmt` makes of those that are loosely written."""

import json
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from reconciler.core.model.calling_codes import is_e164
from reconciler.core.model.references import OPENING
from reconciler.core.model.value import Json
from reconciler.reading import Node
from reconciler.reading.places import Edit, value_offset
from reconciler.specs.row_cells import CONSTANT

_NUMBER: Final = "a phone number"
_ANY: Final = "*"

_Shape: TypeAlias = "str | dict[str, _Shape] | list[_Shape]"
"""A number, keys (or any key) with what stands below them, or a list of one shape."""

_USERS: _Shape = {"users": [{"phone_number": _NUMBER}]}
_IN_ROWS: _Shape = {CONSTANT: _NUMBER}
_NUMBERS: _Shape = {
    "scopes": {_ANY: {"agent_number": _NUMBER}},
    "contacts": {_ANY: {"phone_number": _NUMBER, "scopes": {_ANY: _USERS}}},
    "contacts_from": [
        {"contact": {"phone_number": _IN_ROWS, "scopes": {_ANY: {"users": [{"phone_number": _IN_ROWS}]}}}}
    ],
    "memories": {_ANY: _USERS},
}


def in_e164(document: Node) -> Node:
    """Return a document with its phone numbers in E.164; what is no number stays, for the check to report."""
    value = _converted(document.value, _NUMBERS)
    return document if value is document.value else Node(value, document.lines, document.mark)


def plain_number(value: Json) -> Json:
    """Return a phone number in E.164, and any other value as it is."""
    if not isinstance(value, str) or is_e164(value) or OPENING in value:
        return value
    from reconciler.core.model.phone_numbers import e164_of  # noqa: PLC0415  only what is loosely written needs it

    return e164_of(value)


def _converted(value: Json, shape: _Shape) -> Json:
    """Convert the numbers of a value; what has none to convert is shared and not copied."""
    if isinstance(shape, str):
        return plain_number(value)
    if isinstance(shape, dict):
        return _converted_mapping(value, shape) if isinstance(value, dict) else value
    if not isinstance(value, list):
        return value
    items = [_converted(item, shape[0]) for item in value]
    return value if all(new is item for new, item in zip(items, value, strict=True)) else items


def _converted_mapping(value: dict[str, Json], shape: dict[str, _Shape]) -> Json:
    changed = {}
    below_any = shape.get(_ANY)
    for key in value if below_any else shape:
        if key in value:
            old = value[key]
            new = _converted(old, below_any or shape[key])
            if new is not old:
                changed[key] = new
    return {**value, **changed} if changed else value


def number_edits(text: str, documents: Sequence[Node]) -> Iterator[Edit]:
    """
    Yield the edits that write loosely written numbers of documents, read from a text, in E.164 and in quotes.

    A number with an anchor stays: what refers to it may mean the text as it is written.
    """
    from reconciler.reading.quoting import lone_scalars  # noqa: PLC0415  for `fmt` alone

    nodes = (node for document in documents for node in _numbers(document, _NUMBERS))
    numbers = ((node, plain_number(node.value)) for node in nodes)
    loose = {value_offset(node.mark): number for node, number in numbers if number != node.value}
    spans = lone_scalars(text) if loose else {}
    for start, number in loose.items():
        if start in spans:
            yield Edit(start, spans[start], json.dumps(number))


def _numbers(node: Node, shape: _Shape) -> Iterator[Node]:
    """Yield the nodes of a document at which phone numbers stand."""
    if isinstance(shape, str):
        yield node
    elif isinstance(shape, dict):
        for key, below in node.entries():
            if inner := shape.get(_ANY) or shape.get(key):
                yield from _numbers(below, inner)
    else:
        for below in node.items():
            yield from _numbers(below, shape[0])
