"""Texts without quotes: where they stand, for whoever wonders what other readers of YAML make of them."""

from collections.abc import Container, Iterator
from pathlib import Path

from yaml import events

from reconciler.reading.document import read_bytes
from reconciler.reading.parser import parsed
from reconciler.reading.paths import KeyPath
from reconciler.reading.places import Node, key_offset, value_offset
from reconciler.reading.text import decoded

_SCALARS: frozenset[type] = frozenset((events.ScalarEvent,))


def unquoted_texts(path: Path, *, name: str) -> Iterator[tuple[KeyPath, str, Node, bool]]:
    """
    Give each text without quotes of a sound file: its path, itself, its node, and whether it is a key there.

    What our own reading takes for a number or a boolean is no text, and left out.
    """
    data = path.read_bytes()
    offsets = frozenset(_offsets(data, name))
    for document in read_bytes(data, file=name).documents:
        yield from _texts(document, (), offsets)


def _offsets(data: bytes, name: str) -> Iterator[int]:
    text = decoded(data, file=name)
    assert isinstance(text, str)  # noqa: S101  the file was read before
    for event in parsed(text):
        if type(event) in _SCALARS and not event.style and not event.tag:
            yield event.start_mark.index


def _texts(node: Node, path: KeyPath, offsets: Container[int]) -> Iterator[tuple[KeyPath, str, Node, bool]]:
    if isinstance(node.value, str) and value_offset(node.mark) in offsets:
        yield path, node.value, node, False
    for key, below in node.entries():
        if key_offset(below.mark) in offsets:
            yield (*path, key), key, below, True
        yield from _texts(below, (*path, key), offsets)
    for index, below in enumerate(node.items()):
        yield from _texts(below, (*path, index), offsets)
