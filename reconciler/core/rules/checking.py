"""
Check an expression before any value comes by: its variables, fields, functions and types, and what it can cost.

What facts hold is known as far as the catalogue says; the rest is `any`, which fits everywhere.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from reconciler.core.model.nearest import did_you_mean
from reconciler.core.model.text import quoted
from reconciler.core.rules.engine import Program, compiled
from reconciler.core.rules.operators import (
    article,
    check_choice,
    common,
    fit,
    ordered,
    reckoned,
    size_of_pattern,
    text_of,
)
from reconciler.core.rules.syntax import (
    MACROS,
    Call,
    Index,
    Items,
    Literal,
    Macro,
    Name,
    Node,
    Operator,
    RuleError,
    Select,
    parse,
)
from reconciler.core.rules.types import ANY, BOOL, DOUBLE, INT, NULL, NUMBERS, STRING, Type, list_of

MOST_NESTED = 2
"""A question about each item may hold another one, and that none: the time of each multiplies that of the others."""

_TEXT_OF_STEP = 200
_STEPS_OF_CALL = 100
_STEPS_OF_PATTERN = 40
"""What a pattern takes for each of its own steps, where a text has at most so many characters."""

_LITERALS = {"int": INT, "double": DOUBLE, "true": BOOL, "false": BOOL, "null": NULL}
_ON_TEXT = frozenset(("contains", "startsWith", "endsWith"))
_CONVERSIONS = {"int": INT, "double": DOUBLE, "string": STRING}
_CONVERTED = frozenset(("any", "string", *NUMBERS))
_SIZED = frozenset(("any", "string", "list", "map"))
_FOR_NULL = "has(facts.plan) asks whether there is one"
_FOR_LISTS = {"list": "x in y looks into a list", "map": "x in y looks into a map"}
_FUNCTIONS = ("all", "exists", "exists_one", "has", "matches", "size", *sorted(_ON_TEXT), *_CONVERSIONS)


class Read(Struct, frozen=True):
    """A variable that an expression reads: one of its keys, or all of it; `has` and `in` do not read the value."""

    variable: str
    key: str | None = None
    needs_value: bool = True


class Checked(Struct, frozen=True):
    """What is known of an expression: what it reads, what it costs, and its program."""

    reads: frozenset[Read]
    cost: "Cost"
    program: Program


class Cost(Struct):
    """
    What an expression can cost.

    `nodes` are its steps, `nested` is how many questions about each item lie in one another, and `pattern` are the
    steps of its patterns. Its longest list has `listed` items, and `sums` are how many times texts or lists are added.
    """

    nodes: int = 0
    nested: int = 0
    pattern: int = 0
    listed: int = 1
    sums: int = 0

    def steps(self, *, largest: int, longest: int = 0) -> int:
        """Return the most steps of one judgement, by the largest list or map and the longest text of what is read."""
        largest = max(self.listed, largest) * (1 + self.sums)
        texts = (1 + longest // _TEXT_OF_STEP) * (1 + self.sums)
        times: int = largest**self.nested
        return (self.nodes + self.pattern * texts) * times


def check(expression: str, variables: Mapping[str, Type]) -> Checked:
    """Check that an expression is true or false for all that the variables can be; raises `RuleError`."""
    tree = parse(expression)
    checker = _Checker(variables)
    found = checker.type_of(tree, {})
    if found.name not in {"any", "bool"}:
        raise RuleError(f"this is {article(found)}, and true or false is expected", "compare it, as in x == y")
    try:
        program = compiled(tree, checker.texts)
    except ValueError:
        raise RuleError("this cannot be read as CEL", "write it in a simpler way") from None
    return Checked(frozenset(checker.reads), checker.cost, program)


def _chosen(one: Type, other: Type) -> Type:
    if not fit(one, other):
        raise RuleError(f"this is {article(one)} or {article(other)}", "let both sides of : be of one type")
    return common((one, other))


class _Checker:
    """A walk through a tree, with the types of the variables."""

    def __init__(self, variables: Mapping[str, Type]) -> None:
        self.reads: set[Read] = set()
        self.texts: set[Node] = set()
        self.cost = Cost()
        self._variables = variables
        self._depth = 0

    def type_of(self, node: Node, bound: Mapping[str, Type]) -> Type:  # noqa: PLR0911  one line a kind of node
        """Return the type of an expression; `bound` are the variables of the macros around it."""
        self.cost.nodes += 1
        match node:
            case Literal(kind="text"):
                text_of(node)
                return STRING
            case Literal(kind=kind):
                return _LITERALS[kind]
            case Name(name=name):
                return self._variable(name, bound)
            case Select(target=target, field=field):
                return self._field(self._read(target, field, bound), field)
            case Index(target=target, index=index):
                return self._index(target, index, bound)
            case Items(items=items):
                self.cost.listed = max(self.cost.listed, len(items))
                return list_of(common([self.type_of(item, bound) for item in items]))
            case Macro():
                return self._macro(node, bound)
            case Call():
                return self._call(node, bound)
            case Operator():
                return self._operator(node, bound)

    def _variable(self, name: str, bound: Mapping[str, Type]) -> Type:
        if name in bound:
            return bound[name]
        self.reads.add(Read(name))
        return self._known(name, bound)

    def _known(self, name: str, bound: Mapping[str, Type]) -> Type:
        if name in self._variables:
            return self._variables[name]
        raise RuleError(f"unknown variable {quoted(name)}", did_you_mean(name, {*self._variables, *bound}))

    def _read(self, target: Node, key: str, bound: Mapping[str, Type], *, needs_value: bool = True) -> Type:
        """Return the type of what holds a key, and note that only this key of it is read."""
        if not isinstance(target, Name) or target.name in bound:
            return self.type_of(target, bound)
        self.reads.add(Read(target.name, key, needs_value))
        return self._known(target.name, bound)

    def _field(self, owner: Type, key: str) -> Type:
        if owner.name == "any":
            return ANY
        if owner.name != "map":
            raise RuleError(f"{article(owner)} has no {quoted(key)}", "only maps have fields")
        if owner.fields and key not in owner.fields:
            raise RuleError(f"there is no {quoted(key)} here", did_you_mean(key, owner.fields))
        return owner.fields[key] if owner.fields else owner.item or ANY

    def _index(self, target: Node, index: Node, bound: Mapping[str, Type]) -> Type:
        if isinstance(index, Literal) and index.kind == "text":
            key = text_of(index)
            return self._field(self._read(target, key, bound), key)
        owner, at = self.type_of(target, bound), self.type_of(index, bound)
        expected = {"list": INT, "map": STRING}.get(owner.name, ANY)
        if owner.name not in {"any", "list", "map"}:
            raise RuleError(f"{article(owner)} has no items", "only lists and maps have")
        if not fit(expected, at):
            raise RuleError(f"{article(owner)} is indexed with {article(expected)}, not {article(at)}")
        return ANY if owner.fields else owner.item or ANY

    def _macro(self, node: Macro, bound: Mapping[str, Type]) -> Type:
        target = self.type_of(node.target, bound)
        items = {"any": ANY, "map": STRING, "list": target.item or ANY}
        if target.name not in items:
            raise RuleError(f"{node.name} asks about each item, and {article(target)} has none")
        self._depth += 1
        self.cost.nested = max(self.cost.nested, self._depth)
        if self._depth > MOST_NESTED:
            raise RuleError(f"more than {MOST_NESTED} of all, exists and exists_one lie in one another", "use fewer")
        self._expect_bool(self.type_of(node.body, {**bound, node.variable: items[target.name]}), node.name)
        self._depth -= 1
        return BOOL

    def _call(self, node: Call, bound: Mapping[str, Type]) -> Type:
        if node.name == "has":
            return self._has(node, bound)
        if node.name in _CONVERSIONS or node.name == "size":
            return self._about_one(node, bound)
        if node.name in _ON_TEXT or node.name == "matches":
            if node.target is None:
                raise RuleError(f"{node.name} is written behind a text", f"write x.{node.name}(y)")
            for one in self._arguments(node, 2, bound):
                if not fit(STRING, one):
                    raise RuleError(f"{node.name} takes strings, not {article(one)}", _FOR_LISTS.get(one.name, ""))
            if node.name == "matches":
                self.cost.nodes += _STEPS_OF_CALL
                self.cost.pattern += _STEPS_OF_PATTERN * size_of_pattern(*node.arguments)
            return BOOL
        if node.name in MACROS:
            raise RuleError(f"{node.name} is written behind a list or a map", f"write x.{node.name}(one, …)")
        known = "map and filter are not offered: they build lists" if node.name in {"map", "filter"} else ""
        raise RuleError(f"unknown function {quoted(node.name)}", known or did_you_mean(node.name, _FUNCTIONS))

    def _about_one(self, node: Call, bound: Mapping[str, Type]) -> Type:
        (own,) = self._arguments(node, 1, bound)
        if own.name not in (_SIZED if node.name == "size" else _CONVERTED):
            raise RuleError(f"{node.name} does not take {article(own)}")
        if node.name == "size" and own.name in {"any", "string"}:
            self.cost.nodes += _STEPS_OF_CALL
            self.texts.add(node.given[0])
        return _CONVERSIONS.get(node.name, INT)

    def _arguments(self, node: Call, count: int, bound: Mapping[str, Type]) -> list[Type]:
        given = len(node.given)
        if given != count:
            raise RuleError(f"{node.name} takes {count} {'value' if count == 1 else 'values'}, not {given}")
        return [self.type_of(one, bound) for one in node.given]

    def _has(self, node: Call, bound: Mapping[str, Type]) -> Type:
        (asked,) = node.arguments if len(node.arguments) == 1 and node.target is None else (None,)
        if not isinstance(asked, Select):
            raise RuleError("has asks for a field", 'write has(facts.plan), or "plan" in facts')
        self._field(self._read(asked.target, asked.field, bound, needs_value=False), asked.field)
        return BOOL

    def _operator(self, node: Operator, bound: Mapping[str, Type]) -> Type:
        if node.sign == "in":
            return self._in(node, bound)
        sides = [self.type_of(side, bound) for side in node.sides]
        match node.sign:
            case "!x" | "&&" | "||":
                for side in sides:
                    self._expect_bool(side, node.sign.removesuffix("x"))
                return BOOL
            case "==" | "!=":
                self._check_equality(node, sides)
                return BOOL
            case "<" | "<=" | ">" | ">=":
                return ordered(node.sign, *sides)
            case "?:":
                self._expect_bool(sides[0], "?")
                return _chosen(*sides[1:])
            case sign:
                self.cost.sums += sign == "+" and not NUMBERS.issuperset(side.name for side in sides)
                return reckoned(sign.removesuffix("x"), sides)

    def _in(self, node: Operator, bound: Mapping[str, Type]) -> Type:
        item, holder = node.sides
        own = self.type_of(item, bound)
        if isinstance(item, Literal) and item.kind == "text":
            held = self._read(holder, text_of(item), bound, needs_value=False)
            if held.name == "map":
                self._field(held, text_of(item))
        else:
            held = self.type_of(holder, bound)
        if held.name not in {"any", "list", "map"}:
            cure = "x.contains(y) looks for a part of a text" if held.name == "string" else ""
            raise RuleError(f"in looks into a list or a map, not into {article(held)}", cure)
        expected = STRING if held.name == "map" else held.item or ANY
        if not fit(expected, own):
            raise RuleError(f"{article(own)} is never in {article(held)}")
        for one in holder.items if isinstance(holder, Items) else ():
            check_choice(own, one)
        return BOOL

    def _check_equality(self, node: Operator, sides: Sequence[Type]) -> None:
        left, right = sides
        if not fit(left, right):
            raise RuleError(f"{article(left)} never equals {article(right)}", _FOR_NULL if NULL in sides else "")
        check_choice(left, node.sides[1])
        check_choice(right, node.sides[0])

    def _expect_bool(self, found: Type, of: str) -> None:
        if found.name not in {"any", "bool"}:
            raise RuleError(f"{of} takes true or false, not {article(found)}", "compare it, as in x == y")
