"""
The library that compiles and evaluates expressions (`common-expression-language`), and what its errors mean.

It gets the tree that was checked, written out again: what is evaluated is what was checked. Two functions are ours:
its patterns are compiled at each call, and are no RE2; its sizes of texts are those of their UTF-8.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache, lru_cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Protocol, cast

from reconciler.core.model.patterns import finds
from reconciler.core.rules.syntax import Call, Index, Items, Literal, Macro, Name, Node, Operator, Select

MISSING_KEY = "a key that it reads is missing"
"""Why an expression has no value for what does not have the key."""

_PROGRAMS_REMEMBERED = 1_000


class Program(Protocol):
    """A compiled expression."""

    def execute(self, context: object) -> object:
        """Return the value of the expression."""


class _Context(Protocol):
    def add_variable(self, name: str, value: object) -> None:
        """Convert a value; raises `ValueError` for one that is no JSON."""

    def add_function(self, name: str, function: Callable[..., object]) -> None:
        """Offer a function under a name that the library does not have."""


class _Library(Protocol):
    def compile(self, expression: str) -> Program:
        """Return the program of an expression; raises `ValueError`."""

    def Context(self) -> "_Context":  # noqa: N802  the library's name
        """Return a place for variables."""


@cache
def library() -> _Library:
    """Load the library's extension alone: its package also imports a command line, which takes a third of a second."""
    package = find_spec("cel")
    spec = PathFinder.find_spec("cel.cel", package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("No module named 'cel'; install common-expression-language")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("_Library", module)


def compiled(tree: Node, texts: Collection[Node] = ()) -> Program:
    """
    Return the program of an expression; raises `ValueError`, whose text may quote the expression.

    `texts` are what `size` is asked of that may be texts.
    """
    return _program(_written(tree, texts))


@lru_cache(_PROGRAMS_REMEMBERED)
def _program(expression: str) -> Program:
    """Compile an expression, which takes most of the time of its check, and is asked for again to judge."""
    return library().compile(expression)


_FINDS, _LENGTH = "pattern_is_in", "length_of_text"


def _written(node: Node, texts: Collection[Node]) -> str:  # noqa: PLR0911  one line a kind of node
    """Return an expression as text, with a pair of parentheses around each operator."""

    def of(part: Node) -> str:
        return _written(part, texts)

    match node:
        case Literal(text=text) | Name(name=text):
            return text
        case Select(target=target, field=name):
            return f"{of(target)}.{name}"
        case Index(target=target, index=index):
            return f"{of(target)}[{of(index)}]"
        case Items(items=items):
            return f"[{', '.join(map(of, items))}]"
        case Macro(name=name, target=target, variable=variable, body=body):
            return f"{of(target)}.{name}({variable}, {of(body)})"
        case Operator(sign=sign, sides=sides):
            return _operator(sign, *map(of, sides))
        case Call():
            return _call(node, texts)


def _operator(sign: str, first: str, *others: str) -> str:
    if sign == "?:":
        return f"({first} ? {' : '.join(others)})"
    return f"({first} {sign} {others[0]})" if others else f"({sign.removesuffix('x')}{first})"


def _call(node: Call, texts: Collection[Node]) -> str:
    target, *others = (_written(one, texts) for one in node.given)
    match node.name:
        case "matches":
            return f'{_FINDS}({target} + "", {", ".join(others)})'
        case "size" if node.given[0] in texts:
            return f"(type({target}) == type('') ? {_LENGTH}({target}) : size({target}))"
        case name if node.target:
            return f"{target}.{name}({', '.join(others)})"
        case name:
            return f"{name}({', '.join((target, *others))})"


class Variables:
    """
    The variables of programs, converted once for all of them.

    A conversion takes longer than most programs, so what stays the same from one judgement to the next is kept.
    """

    def __init__(self) -> None:
        self._context = library().Context()
        self._context.add_function(_FINDS, lambda text, pattern: finds(pattern, text))
        self._context.add_function(_LENGTH, len)
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


def evaluated(expression: Node) -> object:
    """Return the value of an expression without variables; raises what the library raises."""
    return Variables().value(compiled(expression))


def why_not(error: Exception) -> str:
    """Return why an expression has no value for some variables; the library's own text may quote these."""
    match error:
        case KeyError():
            return MISSING_KEY
        case IndexError():
            return "a list that it reads is too short"
        case ArithmeticError():
            return "a number becomes too large, or is divided by zero"
        case _:
            return "a value is of another type than it expects"
