"""Look-alikes: texts without quotes that other readers of YAML take for something else."""

from collections.abc import Collection, Iterable, Iterator

from reconciler.core.documents.explanation import Advice
from reconciler.core.model.references import Variable
from reconciler.core.model.text import quoted, shortened
from reconciler.linting.saying import advice
from reconciler.reading import KeyPath, Numeral, SpecFile, plain_value, taken_for, unquoted_texts
from reconciler.specs.addresses import fact_of, spec_address

_SHOWN = 40
_CURE = "put it in quotes; `reconciler fmt` does"
_NUMERAL_CURE = "put it in quotes, as `reconciler fmt` does; if a number is meant, give its key a type under fact_keys"


def look_alike_advice(
    file: SpecFile, hidden: Collection[str] | None, numbers: Collection[str] = ()
) -> Iterator[Advice]:
    """
    Give each look-alike of a sound file; texts of `hidden` facts are not quoted, none at all where it is None.

    Where the key of a fact is one of the `numbers`, 3.10 is the number that other readers take it for.
    """
    for path, text, node, is_key in unquoted_texts(file.path, name=file.name):
        is_numeral = isinstance(plain_value(text), Numeral) and not is_key
        if is_numeral and _is_number(path, numbers):
            continue
        if other := taken_for(text):
            fact = _hidden_fact(path, hidden) if hidden is not None and (not is_key or fact_of(path) != path) else None
            told = (
                "this sensitive value"
                if fact
                else "this live text"
                if hidden is None
                else quoted(shortened(text, _SHOWN))
            )
            message = f"{told} is text here, without quotes, and {other} for other readers of YAML"
            source = node.key_source if is_key else node.source
            address = spec_address(fact or path)
            cure = _NUMERAL_CURE if is_numeral and fact_of(path) == path else _CURE
            yield advice("look_alike", source, address, message, cure)


def numeral_variable_advice(variables: Iterable[Variable]) -> Iterator[Advice]:
    """Return advice about variables that read as numbers and are text, such as 3.10."""
    for variable in variables:
        if isinstance(variable.value, Numeral):
            message = f"{quoted(variable.value)} is text here, without quotes, and a number for other readers of YAML"
            yield advice("look_alike", variable.source, f"variables.{variable.name}", message, _CURE)


def _is_number(path: KeyPath, numbers: Collection[str]) -> bool:
    """Return whether a number is meant at a path: in a fact of such a key, or in what the catalogue says of it."""
    fact = path[:2] if path[:1] == ("fact_keys",) else fact_of(path)
    return bool(fact) and str((fact or ("",))[-1]).replace("$${", "${") in numbers


def _hidden_fact(path: KeyPath, hidden: Collection[str]) -> KeyPath | None:
    """Give the hidden fact in which a path ends; what lies below it, keys included, is a part of its value."""
    fact = fact_of(path)
    return fact if fact and str(fact[-1]).replace("$${", "${") in hidden else None
