"""Keys in their order, and quotes for text that some reader of YAML would take for something else."""

from collections.abc import Collection
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, PlainScalarString, SingleQuotedScalarString

from reconciler.formatting.roundtrip import other_readers
from reconciler.formatting.shapes import Shape
from reconciler.reading import Numeral, plain_value


class Quoting:
    """
    Quotes the text of a document in place, and orders its mappings on the way.

    Below a key that is one of the `numbers` a number is meant, so 3.10 stays without quotes there.
    """

    def __init__(self, numbers: Collection[str] = ()) -> None:
        self._readers = other_readers()
        self._numbers = numbers
        self._seen: dict[int, Any] = {}

    def settle(self, node: Any, shape: Shape, *, is_number: bool = False) -> Any:  # noqa: ANN401  whatever ruamel reads
        """Give what stands in the place of a value: itself, or the same text with quotes; an alias stays one."""
        if id(node) not in self._seen:
            self._seen[id(node)] = node, self._settled(node, shape, is_number=is_number)
        return self._seen[id(node)][1]

    def _settled(self, node: Any, shape: Shape, *, is_number: bool) -> Any:  # noqa: ANN401  see above
        if isinstance(node, CommentedMap):
            self._settle_mapping(node, shape, is_number=is_number)
        elif isinstance(node, CommentedSeq):
            for index, item in enumerate(node):
                node[index] = self.settle(item, shape.at(index), is_number=is_number)
        elif isinstance(node, str):
            found = plain_value(str(node))
            return self._quoted(node, is_text=isinstance(found, str) and not (is_number and isinstance(found, Numeral)))
        return node

    def _settle_mapping(self, node: CommentedMap, shape: Shape, *, is_number: bool) -> None:
        """Put every entry in anew: a mapping keeps the key that it has, quotes or not."""
        in_order = shape.sorted(node)
        keys = {key: key for key in node}
        entries = [
            (
                self._quoted(keys[key], is_text=True),
                self.settle(node[key], shape.at(key), is_number=is_number or key in self._numbers),
            )
            for key in in_order
        ]
        for key in in_order:
            del node[key]
        for key, value in entries:
            node[key] = value

    def _quoted(self, node: str, *, is_text: bool) -> str:
        text = str(node)
        if type(node) in {str, PlainScalarString}:
            needed = is_text and not self._readers.agree_on_text(text)
        else:
            needed = isinstance(node, SingleQuotedScalarString) and not {'"', "\\"} & set(text)
        return _double_quoted(node, text) if needed else node


def _double_quoted(node: str, text: str) -> str:
    anchor = getattr(node, "anchor", None)
    name = anchor.value if anchor is not None else None
    made: str = DoubleQuotedScalarString(text, anchor=name)
    return made
