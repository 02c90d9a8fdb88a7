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


class _Library(Protocol):
    def compile(self, expression: str) -> Program:
        """Return the program of an expression; raises `ValueError`."""

    def Context(self, variables: Mapping[str, object]) -> object:  # noqa: N802  the library's name
        """Return variables, converted once for all programs; raises `ValueError` for a value that is no JSON."""


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


def context_of(variables: Mapping[str, object]) -> object:
    """Return variables, converted once for all programs; raises `ValueError` where one holds no Unicode text."""
    return _library().Context(variables)


def evaluated(expression: str) -> object:
    """Return the value of an expression without variables; raises what the library raises."""
    return compiled(expression).execute(context_of({}))


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
