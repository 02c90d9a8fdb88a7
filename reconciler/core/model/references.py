"""References in the values of specs: `${name}`, `${env:NAME}`, and `$${` for a literal `${`, as they are written."""

import re
from collections.abc import Collection, Iterator
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.masking import compose, label, quote
from reconciler.core.model.text import Secret, shortened, with_references
from reconciler.core.model.value import Json, is_list
from reconciler.errors import Source

OPENING = "${"
ESCAPE = "$${"
_TOKEN = re.compile(r"\$\$\{|\$\{[^}]*\}?")
_VARIABLE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
_ENVIRONMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ENVIRONMENT_PREFIX = "env:"
_NEARLY_ENVIRONMENT = re.compile(r"\s*env\s*[:.]\s*([A-Za-z_][A-Za-z0-9_]*)\s*", re.IGNORECASE)
_SHOWN = 40
_LITERAL = "write $${ for a literal ${"

Scalar: TypeAlias = str | int | float | bool
"""The values that a variable can have."""


class Variable(Struct, frozen=True):
    """A variable of an environment, with the place where it is defined."""

    name: str
    value: Scalar
    source: Source


class Reference(Struct, frozen=True):
    """A reference to a variable, or to a variable of the process's environment."""

    name: str
    from_environment: bool

    def __str__(self) -> str:
        """Return the reference as it is written."""
        return f"${{{_ENVIRONMENT_PREFIX if self.from_environment else ''}{self.name}}}"


class Malformed(Struct, frozen=True):
    """Text that starts like a reference and is none: what is wrong, and what would be right."""

    message: str
    cure: str


ReferencePart: TypeAlias = str | Reference | Malformed


def holds_key(name: str, key_variables: Collection[str]) -> bool:
    """Return whether an environment variable is one with a key; case is ignored, since Windows ignores it."""
    return name.upper() in {one.upper() for one in key_variables}


def is_variable_name(text: str) -> bool:
    """Return whether a variable can have this name."""
    return _VARIABLE.fullmatch(text) is not None


def parse(text: str) -> tuple[ReferencePart, ...]:
    """Split a text into literal texts, references and malformed references, in order."""
    return tuple(_parts(text))


def referenced(value: Json) -> Iterator[Reference]:
    """Return all references in a value, at any depth."""
    if isinstance(value, str):
        yield from (part for part in parse(value) if isinstance(part, Reference)) if OPENING in value else ()
    elif isinstance(value, dict):
        for item in value.values():
            yield from referenced(item)
    elif is_list(value):
        for item in value:
            yield from referenced(item)


def escaped(value: Json) -> Json:
    """
    Return a value, keys included, as a spec has to write it for its texts to be literal.

    A secret is returned unchanged, at every depth: nothing is filled in there.
    """
    if isinstance(value, str):
        return value.replace(OPENING, ESCAPE) if OPENING in value and not isinstance(value, Secret) else value
    if isinstance(value, dict):
        return {key.replace(OPENING, ESCAPE): escaped(item) for key, item in value.items()}
    return [escaped(item) for item in value] if is_list(value) else value


def meant_key(key: str) -> str:
    """Return a key of a fact as it is meant, of one that a spec writes: the reverse of `escaped`."""
    return key.replace(ESCAPE, OPENING)


def as_written(value: Json) -> Json:
    """Return a value as a spec would write it: secrets that were not read as their references, texts as `escaped`."""
    return with_references(escaped(value))


def _parts(text: str) -> Iterator[ReferencePart]:
    literal: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        literal.append(text[end : token.start()])
        end = token.end()
        if token[0] == ESCAPE:
            literal.append(OPENING)
            continue
        if before := "".join(literal):
            yield before
        literal.clear()
        yield _reference(token[0])
    literal.append(text[end:])
    if rest := "".join(literal):
        yield rest


def _reference(written: str) -> Reference | Malformed:
    shown = quote(shortened(written, _SHOWN))
    if not written.endswith("}"):
        return Malformed(compose("{} is a reference that is not closed", shown), f'close it with "}}", or {_LITERAL}')
    name = written[len(OPENING) : -1]
    if name.startswith(_ENVIRONMENT_PREFIX) and _ENVIRONMENT.fullmatch(name[len(_ENVIRONMENT_PREFIX) :]):
        return Reference(name[len(_ENVIRONMENT_PREFIX) :], from_environment=True)
    if is_variable_name(name):
        return Reference(name, from_environment=False)
    if nearly := _NEARLY_ENVIRONMENT.fullmatch(name):
        return Malformed(
            compose("{} is not a reference", shown), compose("did you mean ${{env:{}}}?", label(nearly[1]))
        )
    if is_variable_name(name.strip()):
        return Malformed(compose("{} is not a reference", shown), compose("did you mean ${{{}}}?", label(name.strip())))
    return Malformed(compose("{} is not a reference", shown), f"write ${{name}} or ${{env:NAME}}, or {_LITERAL}")
