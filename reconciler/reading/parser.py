"""The text of a YAML file → the events of its parser → documents: libyaml, or the one in Python, ten times slower."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml
from yaml import events

from reconciler.errors import Problem
from reconciler.reading.builder import Builder, Skip, UnreadableError
from reconciler.reading.places import Addressing, Lines, Node

Parser: TypeAlias = "type[yaml.CSafeLoader | PythonParser]"

_PAIR = r"(?<!\\)(?P<before>(?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_QUESTION = r"\?(?=\S)"
_SURROGATE = "[\ud800-\udfff]"


class PythonParser(yaml.SafeLoader):
    """The parser in Python, as strict as libyaml about escapes."""

    def get_event(self) -> events.Event | None:
        """Return the next event, or nothing at the end."""
        try:
            event: events.Event | None = super().get_event()  # type: ignore[no-untyped-call] # the stubs leave it out
        except ValueError as error:
            raise yaml.MarkedYAMLError("in a quoted scalar", None, str(error), self.get_mark()) from error
        if isinstance(event, events.ScalarEvent) and re.search(_SURROGATE, event.value):
            raise yaml.MarkedYAMLError("in a quoted scalar", None, "half a character", self.get_mark())
        return event


PARSER: Parser = getattr(yaml, "CSafeLoader", PythonParser)


def parsed(text: str, parser: Parser = PARSER) -> Iterator[Any]:
    r"""
    Return the events of a text; raises `yaml.MarkedYAMLError`.

    YAML contains JSON, whose writers escape an emoji as two halves (`\ud83d\ude00`). Both parsers refuse these, so they
    are given other characters of the same length, for which the emoji stands in the events.
    """
    return _with_pairs(text, parser) if "\\u" in text and re.search(_PAIR, text) else iter(parser(text).get_event, None)


def _with_pairs(text: str, parser: Parser) -> Iterator[events.Event]:
    lowered = text.lower()
    letter = next(letter for letter in map(chr, range(0xE000, 0xF900)) if not _stands_in(letter, lowered))
    escape = f"\\u{ord(letter):04x}" * 2
    replaced = re.sub(_PAIR, lambda pair: pair["before"] + escape, text)
    stream: Iterator[Any] = iter(parser(replaced).get_event, None)
    for event in stream:
        if isinstance(event, events.ScalarEvent):
            written = text[event.start_mark.index : event.end_mark.index]  # type: ignore[union-attr] # parsed: has marks
            pairs = [pair[0][len(pair["before"]) :] for pair in re.finditer(_PAIR, written)]
            is_quoted = event.style == '"'  # in other quotes, an escape is what it says
            for pair in pairs:
                was, meant = (letter * 2, json.loads(f'"{pair}"')) if is_quoted else (escape, pair)
                event.value = event.value.replace(was, meant, 1)
        yield event


def _stands_in(letter: str, lowered: str) -> bool:
    """Return whether a letter occurs in a text, as itself or as an escape; the last letter is always used."""
    return letter < "\uf8ff" and (letter in lowered or f"{ord(letter):04x}" in lowered)


def misread_questions(text: str) -> frozenset[int]:
    """
    Return where something follows a question mark at once.

    Between brackets both parsers take the mark for the sign of a key, and leave it out: `[?new]` is `[{new: null}]`.
    In YAML 1.2 the mark is the start of the text, as it is everywhere else.
    """
    return frozenset(found.end() for found in re.finditer(_QUESTION, text)) if "?" in text else frozenset()


def is_nesting_limit(error: yaml.MarkedYAMLError) -> bool:
    """
    Return whether libyaml gave up because of its own limit of nesting, which it has since 0.2.6.

    Its scanner runs ahead of its events, so it gives up before the events show a depth that we would refuse. The parser
    in Python has no such limit, and shows them.
    """
    return "maximum nesting depth" in (error.problem or "")


def read_events(
    text: str, lines: Lines, address: Addressing, *, parser: "Parser | None", skip: Skip | None
) -> tuple[tuple[Node, ...], tuple[Problem, ...], bool]:
    """Return the documents of a text, the problems in it, and whether it was read to its end."""
    if skip:
        skip.begin()
    builder = Builder(lines, address, misread=misread_questions(text), skip=skip)
    last: tuple[Problem, ...] = ()
    try:
        builder.take(parsed(text, parser or PARSER))
    except UnreadableError as error:
        last = (error.problem,)
    except yaml.MarkedYAMLError as error:
        if parser is not PythonParser and is_nesting_limit(error):
            return read_events(text, lines, address, parser=PythonParser, skip=skip)
        from reconciler.reading.syntax import syntax_problem  # noqa: PLC0415  only what is wrong needs it

        last = (syntax_problem(error, text, lines),)
    return builder.documents, (*builder.problems, *last), not last
