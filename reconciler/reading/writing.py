"""
Plain data → YAML that is read back as the same data, by this tool and by others.

Only text that looks like plain words is written without quotes. Text that other readers might take for a number, a date
or a boolean is quoted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import yaml
from yaml import events

from reconciler.core.model.text import visible
from reconciler.core.model.value import Json, digits, is_list, same
from reconciler.reading.document import read_bytes
from reconciler.reading.parser import parsed
from reconciler.reading.scalars import NO_KEYS, plain_value

_WORDS = re.compile(r"[^\W\d_][\w.'/@()&,+-]*(?: [\w.'/@()&,+-]+)*")
_WORDS_OF_OTHERS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"))
"""What some readers of YAML take for something else than text, in whatever case."""

_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\U([0-9A-F]{8})")
"""How libyaml writes characters beyond U+FFFF, such as emoji. It puts text with a backslash in double quotes."""

_NO_FOLDING = 2**31 - 1
_TAG = "tag:yaml.org,2002:"

Dumper: TypeAlias = "type[yaml.CSafeDumper | yaml.SafeDumper]"
DUMPER: Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class UnfaithfulError(ValueError):
    """A document would not be read back as it is: it holds something that specs cannot express."""


def written(document: Mapping[str, Json], *, comments: Sequence[str] = (), dumper: Dumper = DUMPER) -> str:
    """Write a document below its comments, one a line; raises `UnfaithfulError` unless it reads back the same."""
    above = "".join(f"# {visible(line)}".rstrip() + "\n" for line in comments)
    body: str = yaml.serialize(_node(document), Dumper=dumper, allow_unicode=True, width=_NO_FOLDING)
    text = above + _with_indented_lists(_ESCAPED.sub(lambda found: found[1] + chr(int(found[2], 16)), body))
    if not _reads_back(text, document):
        raise UnfaithfulError("a document cannot be written as YAML")
    return text


def _reads_back(text: str, document: Json) -> bool:
    reading = read_bytes(text.encode("utf-8", "surrogatepass"), file="")
    return not reading.problems and len(reading.documents) == 1 and same(reading.documents[0].value, document)


def _with_indented_lists(body: str) -> str:
    """Indent lists below their key or dash; libyaml writes them level with a key."""
    lines = body.split("\n")
    for first, last, column in sorted(_lists(body), key=lambda one: one[2], reverse=True):
        for at in range(first, last):
            lines[at] = f"{lines[at][:column]}  {lines[at][column:]}"
    return "\n".join(lines)


def _lists(body: str) -> Iterator[tuple[int, int, int]]:
    """Return the first line of each list, the line behind it, and the column of its dashes."""
    opened: list[tuple[int, int]] = []
    for event in parsed(body):
        if isinstance(event, events.SequenceStartEvent):
            opened.append((event.start_mark.line, event.start_mark.column))  # type: ignore[union-attr] # parsed: has marks
        elif isinstance(event, events.SequenceEndEvent):
            first, column = opened.pop()
            yield first, event.start_mark.line, column  # type: ignore[union-attr] # see above


def _node(value: Json) -> yaml.Node:
    """Return a value as the parser would see it, every time a new one, so that nothing becomes an anchor."""
    if isinstance(value, dict):
        entries = [(_node(key), _node(item)) for key, item in value.items()]
        return yaml.MappingNode(f"{_TAG}map", entries, flow_style=False)
    if is_list(value):
        return yaml.SequenceNode(f"{_TAG}seq", [_node(item) for item in value], flow_style=False)
    return _scalar(value)


def _scalar(value: Json) -> yaml.Node:
    match value:
        case str():
            return yaml.ScalarNode(f"{_TAG}str", str(value), style=None if is_plain(value) else '"')
        case bool():
            return yaml.ScalarNode(f"{_TAG}bool", "true" if value else "false")
        case int():
            return yaml.ScalarNode(f"{_TAG}int", str(value))
        case float():
            text = digits(value)  # whole ones are written as such: 1.0 would be text
            return yaml.ScalarNode(f"{_TAG}{'float' if '.' in text else 'int'}", text)
        case _:
            return yaml.ScalarNode(f"{_TAG}null", "null")


def is_plain(text: str) -> bool:
    """Return whether all readers take a text without quotes for the text that it is."""
    return (
        _WORDS.fullmatch(text) is not None
        and text.casefold() not in _WORDS_OF_OTHERS
        and plain_value(text) == text
        and text not in NO_KEYS
    )
