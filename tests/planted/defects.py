"""The small defects that can be planted in a module: where, and what stands there then."""

import ast
from collections.abc import Iterator, Mapping
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
    changes = (change for part in ast.walk(ast.parse(source)) for change in _changes(part))
    for node, after in changes:
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        found.append(Defect(file, node.lineno, start, end, text[start:end].decode(), after))
    return sorted(found, key=lambda one: (one.start, one.end, one.after))


Change = tuple[ast.expr | ast.stmt, str]


def _changes(node: ast.AST) -> Iterator[Change]:
    yield from _of_operators(node)
    yield from _of_conditions(node)
    yield from _of_values(node)
    yield from _left_out(node)


def _of_operators(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _SWAPPED:
            yield node, _text(ast.Compare(node.left, [_SWAPPED[type(op)]()], node.comparators))  # type: ignore[list-item]
        case ast.BoolOp(op=op, values=values):
            yield node, _text(ast.BoolOp(_SWAPPED[type(op)](), values))  # type: ignore[arg-type]
            yield node, _text(values[0])
        case ast.BinOp(op=op) if type(op) in _SWAPPED:
            yield node, _text(ast.BinOp(node.left, _SWAPPED[type(op)](), node.right))  # type: ignore[arg-type]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, _text(operand)
        case _:
            pass


def _of_conditions(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) if ast.unparse(test) != "TYPE_CHECKING":
            yield test, "True"
            yield test, "False"
        case ast.comprehension(ifs=[test, *_]):
            yield test, "True"
        case _:
            pass


def _of_values(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Constant(value=bool() as flag):
            yield node, str(not flag)
        case ast.Constant(value=int() as number):
            yield node, str(number + 1)
        case ast.Name(id=name, ctx=ast.Load()) if name in _OTHER_NAMES:
            yield node, _OTHER_NAMES[name]
        case _:
            pass


def _left_out(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Call(func=func, args=args, keywords=keywords):
            for dropped in keywords:
                yield node, _text(ast.Call(func, args, [one for one in keywords if one is not dropped]))
        case ast.Set(elts=[_, _, *_] as items):
            for item in items:
                yield node, _text(ast.Set([one for one in items if one is not item]))
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Raise(exc=ast.expr()) | ast.AugAssign():
            yield node, "pass"
        case _:
            pass


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"
