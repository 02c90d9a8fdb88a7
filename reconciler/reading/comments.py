"""Comments: what stands behind `#` in a text of YAML, found without knowing what the text means."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from yaml import events

from reconciler.reading.parser import PARSER, Parser

_BLOCK_STYLES = ("|", ">")


def comments(text: str, *, parser: Parser = PARSER) -> list[str]:
    """Give all comments of a text that can be parsed, in their order, without the spaces at their ends."""
    edges = [0, *(edge for span in _scalars(text, parser) for edge in span), len(text)]
    gaps = [text[start:end] for start, end in list(pairwise(edges))[::2]]
    return [found for gap in gaps for line in gap.splitlines() if (found := _comment(line))]


def _scalars(text: str, parser: Parser) -> Iterator[tuple[int, int]]:
    """Give where scalars start and end; the first line of a block scalar holds none of it, but may hold a comment."""
    stream: Iterator[Any] = iter(parser(text).get_event, None)
    for event in stream:
        if type(event) is events.ScalarEvent:
            start: int = event.start_mark.index  # type: ignore[union-attr] # what is parsed has marks
            end: int = event.end_mark.index  # type: ignore[union-attr] # see above
            in_block = event.style in _BLOCK_STYLES
            yield (text.index("\n", start, end) if in_block and "\n" in text[start:end] else start), end


def _comment(line: str) -> str:
    at = 0 if line.startswith("#") else line.find(" #") if " #" in line else line.find("\t#")
    return line[at:].strip() if at >= 0 else ""
