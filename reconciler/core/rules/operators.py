"""What operators and functions of expressions take, and what patterns cost."""

import re
from collections.abc import Sequence

from reconciler.core.model.nearest import did_you_mean
from reconciler.core.model.text import quoted
from reconciler.core.rules.engine import evaluated
from reconciler.core.rules.syntax import Literal, Node, RuleError
from reconciler.core.rules.types import ANY, BOOL, NULL, NUMBER, NUMBERS, Type

_LONGEST_PATTERN = 200
_MOST_REPEATED = 1_000
_STEPS_OF_CLASS = 3_000
_STEPS_OF_CHARACTER = 20
"""What a class such as `\\w`, and any other character, takes to compile at each judgement, in steps."""

_COUNT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_CLASS = re.compile(r"\\[dDwWsSpPbB]|\[:|\(\?[a-z]*i")
_MIXED = "double(x) makes a double of an int, int(x) an int of a double"


def article(found: Type) -> str:
    """Return a type as a sentence names it: `an int`, `a list(string)`."""
    return f"an {found}" if found.name in {"any", "int"} else str(found) if found == NULL else f"a {found}"


def text_of(node: Literal) -> str:
    """Return the text that a literal stands for; raises `RuleError` where it stands for none."""
    try:
        value = evaluated(node.text)
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
    taken = {*NUMBERS, "string", "list"} if sign == "+" else NUMBERS
    is_mixed = len(names - {"number"}) > 1 or (names & NUMBERS and names - NUMBERS)
    if not names <= taken or is_mixed:
        raise RuleError(f"{sign} does not take {' and '.join(map(article, sides))}", _MIXED if is_mixed else "")
    return NUMBER if "number" in names else known[0] if len(known) == len(sides) else ANY


def check_choice(of: Type, node: Node) -> None:
    """Raise `RuleError` where something that has few values is compared with another text."""
    if of.choices and isinstance(node, Literal) and node.kind == "text" and text_of(node) not in of.choices:
        raise RuleError(f"this is never {quoted(text_of(node))}", did_you_mean(text_of(node), of.choices))


_MOST_PATTERN_STEPS = 1_000_000
"""About a tenth of a second."""


def steps_of_pattern(node: Node) -> int:
    """Return what a pattern costs; raises `RuleError` for one that is none, is computed, or costs too much."""
    if not isinstance(node, Literal) or node.kind != "text":
        raise RuleError("matches takes a pattern that is written out", 'write x.matches("…")')
    pattern = text_of(node)
    repeated = 1
    for least, most in _COUNT.findall(pattern):
        repeated *= max(1, int(least), int(most or 0))
    if len(pattern) > _LONGEST_PATTERN or repeated > _MOST_REPEATED:
        raise RuleError(f"{quoted(pattern)} is too long a pattern, or repeats too often", "make it simpler")
    steps = repeated * (len(_CLASS.findall(pattern)) * _STEPS_OF_CLASS + len(pattern) * _STEPS_OF_CHARACTER)
    if steps > _MOST_PATTERN_STEPS:
        raise RuleError(f"{quoted(pattern)} takes too long to judge by", "repeat less, or write [0-9] in place of \\d")
    try:
        evaluated(f'"".matches({node.text})')
    except RuntimeError:
        raise RuleError(f"{quoted(pattern)} is not a regular expression (RE2)", "see `reconciler help rules`") from None
    return steps
