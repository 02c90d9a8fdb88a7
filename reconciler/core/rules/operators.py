"""What operators and functions of expressions take."""

from collections.abc import Sequence

from reconciler.core.model.nearest import did_you_mean
from reconciler.core.model.patterns import PatternError, check_pattern
from reconciler.core.model.text import quoted
from reconciler.core.rules.engine import evaluated
from reconciler.core.rules.syntax import Literal, Node, RuleError
from reconciler.core.rules.types import ANY, BOOL, NULL, NUMBERS, Type

_MIXED = "double(x) makes a double of an int, int(x) an int of a double"


def article(found: Type) -> str:
    """Return a type as a sentence names it: `an int`, `a list(string)`."""
    return f"an {found}" if found.name in {"any", "int"} else str(found) if found == NULL else f"a {found}"


def text_of(node: Literal) -> str:
    """Return the text that a literal stands for; raises `RuleError` where it stands for none."""
    try:
        value = evaluated(node)
    except ValueError:
        cure = r'write \\ for a backslash, or r"…", where it needs none'
        raise RuleError(f"{quoted(node.text)} is no text: a backslash begins what is no escape", cure) from None
    return value if isinstance(value, str) else ""


def fit(one: Type, other: Type) -> bool:
    """Return whether two values can be equal, as far as their types tell."""
    if "any" in {one.name, other.name} or NUMBERS.issuperset({one.name, other.name}):
        return True
    return one.name == other.name and (one.item is None or other.item is None or fit(one.item, other.item))


def common(types: Sequence[Type]) -> Type:
    """Return the type that values have in common."""
    return types[0] if types and all(one.name == types[0].name for one in types) else ANY


def ordered(sign: str, left: Type, right: Type) -> Type:
    """Return the type of a comparison; raises `RuleError` where one is neither smaller nor larger than the other."""
    is_ordered = fit(left, right) and {left.name, right.name} <= {"any", "string", *NUMBERS}
    if not is_ordered:
        raise RuleError(f"{sign} does not compare {article(left)} with {article(right)}")
    return BOOL


def reckoned(sign: str, sides: Sequence[Type]) -> Type:
    """Return the type of a sum, a difference and the like; texts and lists can only be added."""
    known = [side for side in sides if side != ANY]
    names = {side.name for side in known}
    if "number" in names and len(sides) > 1:
        raise RuleError(f"{sign} takes two of one type, and a number is an int or a double", "write double(x)")
    taken = {"+": {"int", "double", "string", "list"}, "%": {"int"}}.get(sign, NUMBERS)
    is_mixed = len(names) > 1
    if not names <= taken or is_mixed:
        raise RuleError(f"{sign} does not take {' and '.join(map(article, sides))}", _MIXED if is_mixed else "")
    return known[0] if len(known) == len(sides) else ANY


def check_choice(of: Type, node: Node) -> None:
    """Raise `RuleError` where something that has few values is compared with another text."""
    if of.choices and isinstance(node, Literal) and node.kind == "text" and text_of(node) not in of.choices:
        raise RuleError(f"this is never {quoted(text_of(node))}", did_you_mean(text_of(node), of.choices))


def size_of_pattern(node: Node) -> int:
    """Return how many steps a pattern has; raises `RuleError` for one that is none, is computed, or is too large."""
    if not isinstance(node, Literal) or node.kind != "text":
        raise RuleError("matches takes a pattern that is written out", 'write x.matches("…")')
    pattern = text_of(node)
    try:
        return check_pattern(pattern)
    except PatternError as error:
        raise RuleError(f"{quoted(pattern)} cannot be a pattern: {error.reason}", error.cure) from None
