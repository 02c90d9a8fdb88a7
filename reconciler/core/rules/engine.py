"""The library that compiles and evaluates expressions (`common-expression-language`), and what its errors mean."""

from collections.abc import Mapping
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Protocol, cast


class Program(Protocol):
    """A compiled expression."""

    def execute(self, context: object) -> object:
        """Return the value of the expression."""


class _Context(Protocol):
    def add_variable(self, name: str, value: object) -> None:
        """Convert a value; raises `ValueError` for one that is no JSON."""


class _Library(Protocol):
    def compile(self, expression: str) -> Program:
        """Return the program of an expression; raises `ValueError`."""

    def Context(self) -> "_Context":  # noqa: N802  the library's name
        """Return a place for variables."""


@cache
def _library() -> _Library:
    """Load the library's extension alone: its package also imports a command line, which takes a third of a second."""
    package = find_spec("cel")
    spec = PathFinder.find_spec("cel.cel", package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("No module named 'cel'; install common-expression-language")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("_Library", module)


def compiled(expression: str) -> Program:
    """Return the program of an expression; raises `ValueError`, whose text may quote the expression."""
    return _library().compile(expression)


class Variables:
    """
    The variables of programs, converted once for all of them.

    A conversion takes longer than most programs, so what stays the same from one judgement to the next is kept.
    """

    def __init__(self) -> None:
        self._context = _library().Context()
        self._held: dict[str, object] = {}

    def hold(self, values: Mapping[str, object]) -> frozenset[str]:
        """Set the variables; return those that cannot be set, since they hold a text that is no Unicode."""
        return frozenset(name for name, value in values.items() if not self._set(name, value))

    def _set(self, name: str, value: object) -> bool:
        held = self._held.pop(name, None)
        if held is value is not None or (type(held) is type(value) is str and held == value):
            self._held[name] = value
            return True
        try:
            self._context.add_variable(name, value)
        except ValueError:
            return False
        self._held[name] = value
        return True

    def value(self, program: Program) -> object:
        """Return the value of a program; raises what the library raises."""
        return program.execute(self._context)


def evaluated(expression: str) -> object:
    """Return the value of an expression without variables; raises what the library raises."""
    return Variables().value(compiled(expression))


def why_not(error: Exception) -> str:
    """Return why an expression has no value for some variables; the library's own text may quote these."""
    match error:
        case KeyError():
            return "a key that it reads is missing"
        case IndexError():
            return "a list that it reads is too short"
        case ArithmeticError():
            return "a number becomes too large, or is divided by zero"
        case _:
            return "a value is of another type than it expects"
