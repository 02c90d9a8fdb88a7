"""Look-alikes: texts without quotes that other readers of YAML take for something else."""

from collections.abc import Collection, Iterator

from reconciler.core.advice import Advice
from reconciler.core.text import quoted, shortened
from reconciler.formatting import taken_for
from reconciler.linting.saying import advice
from reconciler.reading import KeyPath, SpecFile, unquoted_texts
from reconciler.specs.addresses import fact_of, spec_address

_SHOWN = 40


def look_alike_advice(file: SpecFile, hidden: Collection[str] | None) -> Iterator[Advice]:
    """Give each look-alike of a sound file; texts of `hidden` facts are not quoted, none at all where it is None."""
    for path, text, node, is_key in unquoted_texts(file.path, name=file.name):
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
            yield advice("look_alike", source, address, message, "put it in quotes; `reconciler fmt` does")


def _hidden_fact(path: KeyPath, hidden: Collection[str]) -> KeyPath | None:
    """Give the hidden fact in which a path ends; what lies below it, keys included, is a part of its value."""
    fact = fact_of(path)
    return fact if fact and str(fact[-1]).replace("$${", "${") in hidden else None
