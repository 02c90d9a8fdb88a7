"""Questions: asked on a terminal, answered by options before, and by defaults where nobody can be asked."""

import re
import sys
from collections.abc import Mapping, Sequence

import click
from msgspec import Struct

_BARE_NUMBER = re.compile(r"[\d\s().-]*\d[\d\s().-]*")


def can_ask() -> bool:
    """Say whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


class Wizard(Struct, frozen=True):
    """
    Gives answers; `given` are those of options.

    An answer that cannot stand in a file is refused when it is an option, and asked for again otherwise.
    """

    given: Mapping[str, str | None]
    asks: bool

    def text(self, key: str, question: str, *, default: str) -> str:
        """Give a text that can stand at a key."""
        given = self.given.get(key)
        if given is not None:
            return _checked(key, given)
        return self._ask(key, question, default)

    def scope(self, question: str, *, default: str) -> tuple[str, str]:
        """Give the key and the value of who remembers: a persona, or an agent by its number."""
        keys = [key for key in ("persona_id", "agent_number") if self.given.get(key) is not None]
        if len(keys) > 1:
            raise click.UsageError("--persona-id or --agent-number, not both: a scope is one of the two")
        if keys:
            return keys[0], self.text(keys[0], question, default=default)
        value = self._ask("scope", question, default)
        return _scope_key(value), value

    def choice(self, key: str, question: str, choices: Sequence[str]) -> str:
        """Give one of some choices; the first is the default."""
        given = self.given.get(key)
        if given is not None or not self.asks:
            return given or choices[0]
        answer: str = click.prompt(question, default=choices[0], type=click.Choice(choices), err=True)
        return answer

    def _ask(self, key: str, question: str, default: str) -> str:
        if not self.asks:
            return default
        answer: str = click.prompt(question, default=default, value_proc=lambda text: _checked(key, text), err=True)
        return answer


def _scope_key(value: str) -> str:
    return "agent_number" if value.startswith("+") else "persona_id"


def _checked(key: str, text: str) -> str:
    from reconciler.starting import problem_with

    if key == "scope" and _BARE_NUMBER.fullmatch(text):
        raise click.UsageError('a number alone may be either; write an agent\'s number as "+14155550100"')
    problem = problem_with(_scope_key(text) if key == "scope" else key, text)
    if problem:
        raise click.UsageError(problem)
    return text
