"""The YAML parser: libyaml, or where it is absent the one in Python, ten times slower. Only their events are used."""

import re
from typing import TypeAlias

import yaml
from yaml import events

Parser: TypeAlias = "type[yaml.CSafeLoader | PythonParser]"

_SURROGATE = re.compile("[\ud800-\udfff]")


class PythonParser(yaml.SafeLoader):
    """The parser in Python, made as strict as libyaml about what a backslash leads to."""

    def get_event(self) -> events.Event | None:
        """Give the next event, or nothing at the end."""
        try:
            event: events.Event | None = super().get_event()  # type: ignore[no-untyped-call] # the stubs leave it out
        except ValueError as error:
            raise yaml.MarkedYAMLError("in a quoted scalar", None, str(error), self.get_mark()) from error
        if isinstance(event, events.ScalarEvent) and _SURROGATE.search(event.value):
            raise yaml.MarkedYAMLError("in a quoted scalar", None, "half a character", self.get_mark())
        return event


PARSER: Parser = getattr(yaml, "CSafeLoader", PythonParser)


def is_nesting_limit(error: yaml.MarkedYAMLError) -> bool:
    """
    Return whether libyaml gave up because of its own limit of nesting, which it has since 0.2.6.

    Its scanner runs ahead of its events, so it gives up before the events show a depth that we would refuse. The parser
    in Python has no such limit, and shows them.
    """
    return "maximum nesting depth" in (error.problem or "")
