"""ruamel.yaml's round trip, with every plain scalar kept as it is written; what it means is not decided there."""

from functools import cache
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

_TEXT = "tag:yaml.org,2002:str"
_WORDS = {"bool": "true or false", "int": "a number", "float": "a number", "timestamp": "a date", "null": "nothing"}
_NO_FOLDING = 2**31 - 1

RoundTripError = YAMLError


class _TextResolver(VersionedResolver):
    """Takes every plain scalar for text, so that none is written in another way than it was."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:  # noqa: ANN401  as ruamel has it
        """Give the tag of a value."""
        if kind is ScalarNode and implicit[0]:
            return Tag(suffix=_TEXT)
        return super().resolve(kind, value, implicit)


def load(text: str) -> Any:  # noqa: ANN401  whatever ruamel reads
    """Read a document; raises `RoundTripError`."""
    return _round_trip().load(text)


def dump(document: Any) -> str:  # noqa: ANN401  see above
    """Write a document; raises `RoundTripError`."""
    stream = StringIO()
    _round_trip().dump(document, stream)
    return stream.getvalue()


def _round_trip() -> YAML:
    made = YAML(typ="rt", pure=True)
    made.Resolver = _TextResolver
    made.preserve_quotes = True
    made.width = _NO_FOLDING
    made.brace_single_entry_mapping_in_flow_sequence = True
    made.indent(mapping=2, sequence=4, offset=2)
    return made


class OtherReaders:
    """What readers of YAML 1.1 and of YAML 1.2 take a plain scalar for."""

    def __init__(self) -> None:
        self._resolvers = [VersionedResolver(version=version, loader=YAML()) for version in ((1, 1), (1, 2))]
        self._known: dict[str, bool] = {}

    def agree_on_text(self, text: str) -> bool:
        """Say whether all of them take it for text."""
        if text not in self._known:
            tags = {str(one.resolve(ScalarNode, text, (True, False))) for one in self._resolvers}
            self._known[text] = tags == {_TEXT}
        return self._known[text]

    def taken_for(self, text: str) -> str | None:
        """Say what some of them take it for, unless all take it for text."""
        if self.agree_on_text(text):
            return None
        tags = (str(one.resolve(ScalarNode, text, (True, False))) for one in self._resolvers)
        other = next(tag for tag in tags if tag != _TEXT)
        return _WORDS.get(other.rpartition(":")[2], "no text")


@cache
def other_readers() -> OtherReaders:
    """Give the readers, made once: their tables are large."""
    return OtherReaders()
