"""
The text of an expression → its tree: the part of CEL that rules are written in.

The library that evaluates expressions shows neither their trees nor their types, so they are parsed here once more.
What is refused here is never evaluated; what is accepted here is written out again for the library.
"""

import re
from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.text import quoted, shortened

LONGEST = 2_000
"""The most characters of an expression."""

_DEEPEST = 40
"""The most expressions that may lie in one another; nobody could read a rule with more."""

_LOGIC = {"&&", "||"}
"""Operators of which a chain may be grouped in any way."""

_WORDS = frozenset(("true", "false", "null", "in"))
MACROS = frozenset(("all", "exists", "exists_one"))
_MOST_SHOWN = 40
_TOKEN = re.compile(
    r"""
    (?P<space> \s+ | //[^\n]* )
  | (?P<text> [rR](?:"[^"\n]*"|'[^'\n]*') | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
  | (?P<double> \d+\.\d+(?:[eE][+-]?\d+)? | \d+[eE][+-]?\d+ | \.\d+(?:[eE][+-]?\d+)? )
  | (?P<int> 0[xX][0-9a-fA-F]+ | \d+ )
  | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
  | (?P<sign> && | \|\| | == | != | <= | >= | [<>!?:.,()\[\]+\-*/%] )
    """,
    re.VERBOSE,
)
_CLOSED = "close the text with the quote that opens it"
_CURES = {"=": "compare with ==", '"': _CLOSED, "'": _CLOSED}
"""What to do about a character that begins nothing."""

_STRENGTH = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3),
    **dict.fromkeys("+-", 4),
    **dict.fromkeys("*/%", 5),
}
"""How strongly a sign binds what is at its sides."""


class RuleError(Exception):
    """An expression cannot be used: what is wrong, and what would be right."""

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


class Literal(Struct, frozen=True):
    """A number, a text, `true`, `false` or `null`, as it is written."""

    kind: str
    text: str


class Name(Struct, frozen=True):
    """A variable."""

    name: str


class Select(Struct, frozen=True):
    """A field, `target.field`."""

    target: "Node"
    field: str


class Index(Struct, frozen=True):
    """An item, `target[index]`."""

    target: "Node"
    index: "Node"


class Call(Struct, frozen=True):
    """A function, `name(arguments)` or `target.name(arguments)`."""

    name: str
    target: "Node | None"
    arguments: "tuple[Node, ...]"

    @property
    def given(self) -> "tuple[Node, ...]":
        """Return what the function is asked of, wherever it stands."""
        return (*([self.target] if self.target else []), *self.arguments)


class Macro(Struct, frozen=True):
    """A question about each item, `target.all(variable, body)`."""

    name: str
    target: "Node"
    variable: str
    body: "Node"


class Operator(Struct, frozen=True):
    """Signs with what is at their sides: `!x`, `x + y`, `x ? y : z`."""

    sign: str
    sides: "tuple[Node, ...]"


class Items(Struct, frozen=True):
    """A list, `[x, y]`."""

    items: "tuple[Node, ...]"


Node: TypeAlias = Literal | Name | Select | Index | Call | Macro | Operator | Items


def parts_of(node: Node) -> tuple[Node, ...]:
    """Return what an expression is directly made of."""
    match node:
        case Select(target=target):
            return (target,)
        case Index(target=target, index=index):
            return (target, index)
        case Call():
            return node.given
        case Macro(target=target, body=body):
            return (target, body)
        case Operator(sides=parts) | Items(items=parts):
            return parts
        case _:
            return ()


class _Token(Struct, frozen=True):
    kind: str
    text: str


def parse(text: str) -> Node:
    """Return the tree of an expression; raises `RuleError`."""
    if len(text) > LONGEST:
        raise RuleError(f"an expression may have {LONGEST:,} characters, and this one has {len(text):,}", "shorten it")
    parser = _Parser(_tokens(text))
    tree = parser.whole()
    _check_depth(tree)
    return tree


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            shown = quoted(shortened(text[at:], _MOST_SHOWN))
            cure = _CURES.get(text[at], "see `reconciler help rules` for what there is")
            raise RuleError(f"{shown} cannot be read", cure)
        at = token.end()
        if token[0].startswith("//") and not text[at:].strip():
            raise RuleError(
                "this comment takes all that follows, as YAML folds lines into one", "write it above, with #"
            )
        if token.lastgroup and token.lastgroup != "space":
            found.append(_Token(token.lastgroup, token[0]))
    return [*found, _Token("end", "")]


def _check_depth(tree: Node) -> None:
    level = [tree]
    for _ in range(_DEEPEST):
        level = [part for node in level for part in parts_of(node)]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> RuleError:
    return RuleError(f"more than {_DEEPEST} expressions lie in one another", "make two rules of it")


def _balanced(sign: str, sides: Sequence[Node]) -> Node:
    """Return a chain of one operator as a tree that is no deeper than it must be."""
    if len(sides) == 1:
        return sides[0]
    half = len(sides) // 2
    return Operator(sign, (_balanced(sign, sides[:half]), _balanced(sign, sides[half:])))


class _Parser:
    """A walk through the tokens; each method reads one kind of expression."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._open = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._next.kind != "end":
            raise self._unexpected("an operator such as && or ==")
        return node

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *signs: str) -> str:
        """Take the next token if it is one of these; empty if it is not."""
        token = self._next
        if token.kind in {"sign", "name"} and token.text in signs:
            self._at += 1
            return token.text
        return ""

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected(f'"{sign}"')

    def _unexpected(self, expected: str) -> RuleError:
        token = self._next
        found = quoted(shortened(token.text, _MOST_SHOWN)) if token.text else "the end of the expression"
        return RuleError(f"{expected} is expected, not {found}")

    def _expression(self) -> Node:
        self._open += 1
        if self._open > _DEEPEST:
            raise _too_deep()
        node = self._binary(1)
        if self._take("?"):
            chosen = self._binary(1)
            self._expect(":")
            node = Operator("?:", (node, chosen, self._expression()))
        self._open -= 1
        return node

    def _binary(self, weakest: int) -> Node:
        left = self._unary()
        while True:
            strength = _STRENGTH.get(self._next.text, 0) if self._next.kind in {"sign", "name"} else 0
            if strength < weakest:
                return left
            sign = self._take(self._next.text)
            sides = [left, self._binary(strength + 1)]
            while sign in _LOGIC and self._take(sign):
                sides.append(self._binary(strength + 1))
            left = _balanced(sign, sides)

    def _unary(self) -> Node:
        times, sign = 0, self._take("!", "-")
        while sign and (times == 0 or self._take(sign)):
            times += 1
        node = self._member()
        for _ in range(times):
            node = Operator(f"{sign}x", (node,))
        return node

    def _member(self) -> Node:
        node = self._primary()
        while sign := self._take(".", "["):
            if sign == "[":
                node = Index(node, self._expression())
                self._expect("]")
                continue
            name = self._name()
            node = self._method(node, name) if self._take("(") else Select(node, name)
        return node

    def _name(self) -> str:
        token = self._next
        if token.kind != "name":
            raise self._unexpected("a name")
        if token.text in _WORDS:
            raise RuleError(f"{quoted(token.text)} is no name", f'as a key of a map, write x["{token.text}"]')
        self._at += 1
        return token.text

    def _method(self, target: Node, name: str) -> Node:
        if name not in MACROS:
            return Call(name, target, self._list(")"))
        variable = self._name()
        self._expect(",")
        body = self._expression()
        self._expect(")")
        return Macro(name, target, variable, body)

    def _list(self, closing: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._take(closing):
            if found:
                self._expect(",")
            found.append(self._expression())
        return tuple(found)

    def _primary(self) -> Node:
        token = self._next
        if token.kind in {"text", "double", "int"}:
            self._at += 1
            return Literal(token.kind, token.text)
        if self._take("("):
            node = self._expression()
            self._expect(")")
            return node
        if self._take("["):
            return Items(self._list("]"))
        if token.kind == "name" and token.text != "in":
            return self._named()
        raise self._unexpected("a value")

    def _named(self) -> Node:
        if word := self._take("true", "false", "null"):
            return Literal(word, word)
        name = self._name()
        return Call(name, None, self._list(")")) if self._take("(") else Name(name)
