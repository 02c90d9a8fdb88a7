"""The small defects that can be planted in a module: where, and what stands there then."""

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SWAPPED: Mapping[type[ast.AST], type[ast.cmpop | ast.boolop | ast.operator]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}
_OTHER_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
_OF_TEXT = {"strip", "lstrip", "rstrip", "lower", "upper", "casefold", "replace", "translate", "removeprefix"}
"""Methods of a text that return another: left out, the text stays as it is."""

_CAN_DO_WITHOUT = {"get", "pop", "split", "rsplit", "min", "max", "next", "round", "enumerate", "sum"}
"""What can be called with one argument less."""

_CHANGE_NOTHING = {"encoding", "strict", "slots", "frozen"}
"""Keywords that no test on this machine sees: checks of what cannot be, and the encoding that is the machine's, too."""


@dataclass(frozen=True)
class Defect:
    """Bytes of a file, from `start` to `end`, and the text that takes their place."""

    file: Path
    line: int
    start: int
    end: int
    before: str
    after: str

    def __str__(self) -> str:
        before, after = (" ".join(text.split())[:70] for text in (self.before, self.after))
        return f"{self.file}:{self.line}: {before}  becomes  {after}"

    def planted_in(self, source: bytes) -> bytes:
        return source[: self.start] + self.after.encode() + source[self.end :]


def defects_in(file: Path, source: str) -> list[Defect]:
    """Return each small defect of a module, in the order of their places."""
    text = source.encode()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    changes = (change for part in _parts(ast.parse(source)) for change in _changes(part))
    for node, after in changes:
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        found.append(Defect(file, node.lineno, start, end, text[start:end].decode(), after))
    return sorted(found, key=lambda one: (one.start, one.end, one.after))


Change = tuple[ast.expr | ast.stmt, str]


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield each part of a module that can do something: no types, and nothing that only types need."""
    yield node
    for name, value in ast.iter_fields(node):
        parts = value if isinstance(value, list) else [value]
        if name not in {"annotation", "returns"} and not _is_beside_the_point(node):
            for part in parts:
                if isinstance(part, ast.AST):
                    yield from _parts(part)


def _is_beside_the_point(node: ast.AST) -> bool:
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Call(func=ast.Name(id="dataclass" | "assert_never")):
            return True
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return True
        case ast.keyword(arg=name):
            return name in _CHANGE_NOTHING
        case _:
            return False


def _changes(node: ast.AST) -> Iterator[Change]:
    yield from _of_operators(node)
    yield from _of_conditions(node)
    yield from _of_values(node)
    yield from _of_flow(node)
    yield from _of_calls(node)
    yield from _of_collections(node)


def _of_operators(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(left, ops, others):
            for place, op in enumerate(ops):
                if other := _SWAPPED.get(type(op)):
                    yield node, _text(ast.Compare(left, [*ops[:place], other(), *ops[place + 1 :]], others))  # type: ignore[list-item]
        case ast.BoolOp(op=op, values=values):
            yield node, _text(ast.BoolOp(_SWAPPED[type(op)](), values))  # type: ignore[arg-type]
            for rest in _without_one(values):
                yield node, _text(rest[0] if len(rest) == 1 else ast.BoolOp(op, rest))
        case ast.BinOp(op=op) if type(op) in _SWAPPED:
            yield node, _text(ast.BinOp(node.left, _SWAPPED[type(op)](), node.right))  # type: ignore[arg-type]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, _text(operand)
        case _:
            pass


def _of_conditions(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) if not _is_beside_the_point(node):
            yield test, "True"
            yield test, "False"
        case ast.comprehension(ifs=tests):
            yield from ((test, "True") for test in tests)
        case ast.match_case(guard=ast.expr() as test):
            yield test, "True"
        case _:
            pass


def _of_values(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Constant(value=bool() as flag):
            yield node, str(not flag)
        case ast.Constant(value=int() as number):
            yield node, str(number + 1)
            if number:
                yield node, str(number - 1)
        case ast.Name(id=name, ctx=ast.Load()) if name in _OTHER_NAMES:
            yield node, _OTHER_NAMES[name]
        case ast.Subscript(value=value, slice=ast.Slice(), ctx=ast.Load()):
            yield node, _text(value)
        case _:
            pass


def _of_flow(node: ast.AST) -> Iterator[Change]:
    """Leave a statement out, let an exception pass that was caught, or end a loop after its first round."""
    match node:
        case ast.Expr(value=ast.Call() | ast.Await() | ast.Yield() | ast.YieldFrom() as done):
            if not _is_beside_the_point(done):
                yield node, "pass"
        case ast.Raise() | ast.AugAssign() | ast.Break() | ast.Continue() | ast.Delete():
            yield node, "pass"
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield node, "pass"
        case ast.ExceptHandler(type=ast.Tuple(elts=caught) as types):
            yield from ((types, _text(ast.Tuple(rest, ast.Load()))) for rest in _without_one(caught))
        case ast.For(body=[*_, ast.Expr() | ast.Assign() | ast.AugAssign() as last]):
            yield last, f"{ast.unparse(last)}; break"
        case _:
            pass


def _of_calls(node: ast.AST) -> Iterator[Change]:
    """Leave out an argument, or the call around its one argument."""
    match node:
        case ast.Call(func, args, keywords) if not _is_beside_the_point(node):
            for dropped in keywords:
                if dropped.arg not in _CHANGE_NOTHING:
                    yield node, _text(ast.Call(func, args, [one for one in keywords if one is not dropped]))
        case _:
            return
    match func, args:
        case ast.Attribute(value=text, attr=name), _ if name in _OF_TEXT:
            yield node, _text(text)
        case ast.Name(id=name), [only] if name.islower() and not keywords and not hasattr(builtins, name):
            if not isinstance(only, ast.Starred):
                yield node, _text(only)
        case ((ast.Name(id=name) | ast.Attribute(attr=name)), [_, _, *_]) if name in _CAN_DO_WITHOUT:
            yield node, _text(ast.Call(func, args[:-1], keywords))
        case _:
            pass


def _of_collections(node: ast.AST) -> Iterator[Change]:
    """Leave out an item of a collection of like things, or an entry of a mapping."""
    match node:
        case ast.Set(elts=[_, _, *_] as items):
            yield from ((node, _text(ast.Set(rest))) for rest in _without_one(items))
        case ast.Tuple(elts=[_, _, *_] as items, ctx=ast.Load()) | ast.List(elts=[_, _, *_] as items, ctx=ast.Load()):
            if all(isinstance(item, ast.Constant | ast.Starred) for item in items):
                yield from ((node, _text(type(node)(rest, ast.Load()))) for rest in _without_one(items))
        case ast.Dict(keys=keys, values=values) if len(keys) > 1:
            for place in range(len(keys)):
                rest = ast.Dict([*keys[:place], *keys[place + 1 :]], [*values[:place], *values[place + 1 :]])
                yield node, _text(rest)
        case _:
            pass


def _without_one(items: Sequence[ast.expr]) -> Iterator[list[ast.expr]]:
    for place in range(len(items)):
        yield [*items[:place], *items[place + 1 :]]


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"
